"""The line to either server breaks in every way that lines do: sent exactly once, or the user is asked; and the daemon recovers by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest

from coolmail.core.settings import Tls
from tests.faults.household import CALM_TEXT, HOT_TEXT, household
from tests.faults.lines import FAULTS, Fault, through_lines
from tests.faults.side_by_side import SideBySide
from tests.servers.dovecot import Dovecot

HOLD = timedelta(seconds=3)

Told = SideBySide[Fault, dict[str, str]]


@pytest.fixture(scope="module")
def told(request: pytest.FixtureRequest, dovecot: Dovecot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The stories of all selected faults, told side by side."""
    selected = [
        item.callspec.params["fault"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.originalname == test_the_line_breaks.__name__
    ]

    async def tell(fault: Fault) -> dict[str, str]:
        async with (
            household(dovecot.user(), tmp_path_factory.mktemp("home"), HOLD, tls=Tls(fault.tls)) as home,
            through_lines(home) as lines,
        ):
            calm, hot = await home.save(CALM_TEXT, "The new logo"), await home.save(HOT_TEXT, "The last bill")
            breaking = asyncio.create_task(fault.set_up(lines))  # type: ignore[arg-type,var-annotated]
            await asyncio.sleep(0)  # it sets the trap before the daemon starts
            home.start(patience=3.0)
            async with asyncio.timeout(60):
                await breaking
            await home.settles(within=60)
            ended = await home.audit(hold=HOLD)
            return {"calm": ended[calm], "hot": ended[hot]}

    stories: Told = SideBySide(selected, tell)
    yield stories
    stories.close()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_line_breaks(fault: Fault, told: Told) -> None:
    """After the fault each message was sent exactly once, or lies in Review; Sent copies, notes and suggestions are there once."""
    assert told.end(fault) == {"calm": fault.calm, "hot": fault.hot}
