"""The worlds in which the daemon is tested: each scenario on Dovecot and on pymap."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from coolmail.core.settings import Mailboxes
from coolmail.tone.model import ToneModel
from coolmail.tone.places import default_folder
from tests.daemon.world import World, world_on
from tests.servers import pymap_server
from tests.servers.dovecot import Dovecot
from tests.servers.smtp_sink import SmtpSink


@pytest.fixture(scope="session")
def tone_model() -> ToneModel:
    """The tone model that comes with coolmail, loaded once."""
    return ToneModel.load(default_folder())


@pytest_asyncio.fixture(params=["dovecot", "pymap"])
async def world(
    request: pytest.FixtureRequest, smtp: SmtpSink, tone_model: ToneModel, tmp_path: Path
) -> AsyncIterator[World]:
    """A world without a running daemon, once on each server."""
    if request.param == "dovecot":
        server: Dovecot = request.getfixturevalue("dovecot")
        async with world_on(server.user().server(), smtp, tone_model, tmp_path, Mailboxes()) as made:
            yield made
        return
    async with pymap_server.running() as pymap:
        names = Mailboxes(drafts="Drafts", sent="Sent")
        async with world_on(pymap.server(), smtp, tone_model, tmp_path, names) as made:
            for name in ("Drafts", "Sent"):
                await made.client.create(name)
            yield made


@pytest_asyncio.fixture
async def dovecot_world(
    dovecot: Dovecot, smtp: SmtpSink, tone_model: ToneModel, tmp_path: Path
) -> AsyncIterator[World]:
    """A world on Dovecot, without a running daemon."""
    async with world_on(dovecot.user().server(), smtp, tone_model, tmp_path, Mailboxes()) as made:
        yield made
