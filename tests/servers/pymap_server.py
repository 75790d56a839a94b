"""pymap inside the test's own event loop: a second IMAP server that shares no code with Dovecot. Lives and dies with one test."""

from __future__ import annotations

import asyncio
import contextlib
from argparse import Namespace
from dataclasses import dataclass
from typing import TYPE_CHECKING

from proxyprotocol.reader import ProxyProtocolReader
from pymap.backend.dict import DictBackend
from pymap.imap import IMAPServer

from coolmail.core.settings import Secret, Server, Tls

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@dataclass(frozen=True, slots=True)
class Pymap:
    """A running pymap and its one user, who has an INBOX and nothing else."""

    port: int
    username: str
    password: str

    def server(self, *, port: int | None = None, timeout: float = 20.0) -> Server:
        """Return how to reach it; `port` leads through a proxy."""
        secret = Secret(password=self.password)
        return Server("127.0.0.1", port or self.port, Tls.NONE, self.username, secret, timeout=timeout)


@contextlib.asynccontextmanager
async def running(username: str = "anna", password: str = "correct-horse") -> AsyncIterator[Pymap]:
    """Run a fresh, empty pymap."""
    arguments = Namespace(
        debug=False,
        host="127.0.0.1",
        port="0",
        cert=None,
        key=None,
        tls=False,
        proxy_protocol=None,
        inherited_sockets=None,
        demo_data=False,
        demo_user=username,
        demo_password=password,
        skip_services=[],
        passlib_cfg=None,
        insecure_login=True,
        reject_insecure_auth=False,
    )
    backend, config = await DictBackend.init(arguments, reject_insecure_auth=False)
    config.apply_context()
    async with contextlib.AsyncExitStack() as stack:
        await backend.start(stack)
        callback = ProxyProtocolReader(config.proxy_protocol).get_callback(IMAPServer(backend.login, config))
        connections: set[asyncio.Task[None]] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            connections.add(task)
            task.add_done_callback(connections.discard)
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await callback(reader, writer)

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        try:
            yield Pymap(server.sockets[0].getsockname()[1], username, password)
        finally:
            server.close()
            for connection in list(connections):
                connection.cancel()
            await asyncio.gather(*connections, return_exceptions=True)
