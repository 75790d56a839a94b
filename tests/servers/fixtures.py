"""The servers as pytest fixtures."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from coolmail.core.settings import Tls
from tests.servers import certificates, pymap_server, smtp_sink
from tests.servers import dovecot as dovecot_server
from tests.servers.certificates import Certificates
from tests.servers.dovecot import Dovecot, User
from tests.servers.proxy import FaultProxy
from tests.servers.pymap_server import Pymap
from tests.servers.radicale import Radicale
from tests.servers.smtp_sink import SmtpSink


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """A Dovecot for the whole session: separator `/`, no prefix, SPECIAL-USE Drafts, Sent and Trash."""
    yield from _dovecot(Dovecot)


@pytest.fixture(scope="session")
def dotted_dovecot() -> Iterator[Dovecot]:
    """A Dovecot as older providers set it up: separator `.`, everything below `INBOX.`."""
    yield from _dovecot(lambda: Dovecot(separator=".", prefix="INBOX."))


@pytest.fixture
def own_dovecot() -> Iterator[Dovecot]:
    """A Dovecot for one test, which may stop and restart it."""
    yield from _dovecot(Dovecot)


def _dovecot(make: Callable[[], Dovecot]) -> Iterator[Dovecot]:
    if reason := dovecot_server.unavailable():
        pytest.skip(reason)
    server = make()
    server.start()
    yield server
    server.remove()


@pytest.fixture
def user(dovecot: Dovecot) -> User:
    """A fresh user of the Dovecot, Maildir."""
    return dovecot.user()


@pytest.fixture(params=["maildir", "sdbox"])
def stored_user(request: pytest.FixtureRequest, dovecot: Dovecot) -> User:
    """A fresh user of the Dovecot, once per way of storing mail."""
    return dovecot.user(request.param)


@pytest_asyncio.fixture
async def pymap() -> AsyncIterator[Pymap]:
    """A fresh pymap in the test's event loop."""
    async with pymap_server.running() as server:
        yield server


@pytest_asyncio.fixture
async def proxy_to() -> AsyncIterator[Callable[[int], Awaitable[FaultProxy]]]:
    """Give a function that puts a fault proxy before a port."""
    async with AsyncExitStack() as stack:

        async def start(port: int) -> FaultProxy:
            return await stack.enter_async_context(FaultProxy(port))

        yield start


@pytest.fixture(scope="session")
def test_certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """An authority and a certificate for localhost."""
    return certificates.issue(tmp_path_factory.mktemp("tls"))


@pytest_asyncio.fixture(params=[Tls.IMPLICIT, Tls.STARTTLS], ids=str)
async def smtp_sink_tls(request: pytest.FixtureRequest, test_certificates: Certificates) -> AsyncIterator[SmtpSink]:
    """A submission server with TLS, once implicit, once by STARTTLS."""
    async with smtp_sink.running(request.param, test_certificates) as sink:
        yield sink


@pytest_asyncio.fixture
async def smtp(test_certificates: Certificates) -> AsyncIterator[SmtpSink]:
    """A submission server without TLS, on loopback."""
    async with smtp_sink.running(Tls.NONE, test_certificates) as sink:
        yield sink


@pytest.fixture(scope="session")
def radicale() -> Iterator[Radicale]:
    """A Radicale for the whole session."""
    server = Radicale()
    server.start()
    yield server
    server.remove()
