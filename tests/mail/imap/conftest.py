"""Sessions that end with the test, and the messages they play with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio

from coolmail.core.settings import Server
from coolmail.mail.imap import ImapSession
from tests.servers.dovecot import User
from tests.servers.pymap_server import Pymap

Open = Callable[..., Awaitable[ImapSession]]


@pytest_asyncio.fixture
async def open_session() -> AsyncIterator[Open]:
    """Give a function that opens a session with the password in the settings."""
    opened: list[ImapSession] = []

    async def start(server: Server, **options: Any) -> ImapSession:
        session = await ImapSession.open(server, server.secret.password or "", **options)
        opened.append(session)
        return session

    yield start
    for session in opened:
        session.abort()


@pytest_asyncio.fixture
async def session(user: User, open_session: Open) -> ImapSession:
    """A session with a fresh user of the Dovecot."""
    return await open_session(user.server())


@pytest.fixture(params=["dovecot", "pymap"])
def any_server(request: pytest.FixtureRequest) -> Server:
    """Each of the real servers in turn, with a fresh user."""
    if request.param == "dovecot":
        found: User = request.getfixturevalue("user")
        return found.server()
    pymap: Pymap = request.getfixturevalue("pymap")
    return pymap.server()


@pytest_asyncio.fixture
async def any_session(any_server: Server, open_session: Open) -> ImapSession:
    """A session with each of the real servers in turn."""
    return await open_session(any_server)
