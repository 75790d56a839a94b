"""The demo's own servers, in this process, on loopback ports found free: pymap for IMAP, aiosmtpd for submission."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from argparse import Namespace
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from proxyprotocol.reader import ProxyProtocolReader
from pymap.backend.dict import DictBackend
from pymap.imap import IMAPServer


@dataclass(frozen=True, slots=True)
class Received:
    """A message that the submission server accepted."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes


@dataclass
class Servers:
    """Where the servers listen, the one user's name and password, and what was submitted."""

    username: str
    password: str
    imap_port: int = 0
    smtp_port: int = 0
    received: list[Received] = field(default_factory=list)


@contextlib.asynccontextmanager
async def embedded(username: str = "mia") -> AsyncIterator[Servers]:
    """Run both servers for one user with a password of the moment."""
    servers = Servers(username, secrets.token_urlsafe(12))
    async with _imap(servers), _smtp(servers):
        yield servers


@contextlib.asynccontextmanager
async def _imap(servers: Servers) -> AsyncIterator[None]:
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
        demo_user=servers.username,
        demo_password=servers.password,
        skip_services=[],
        passlib_cfg=None,
        insecure_login=True,
        reject_insecure_auth=False,
    )
    backend, config = await DictBackend.init(arguments, reject_insecure_auth=False)
    config.apply_context()
    async with contextlib.AsyncExitStack() as stack:
        await backend.start(stack)
        answer = ProxyProtocolReader(config.proxy_protocol).get_callback(IMAPServer(backend.login, config))
        connections: set[asyncio.Task[None]] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None  # noqa: S101 - a connection's callback runs in a task
            connections.add(task)
            task.add_done_callback(connections.discard)
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await answer(reader, writer)

        listening = await asyncio.start_server(serve, "127.0.0.1", 0)
        servers.imap_port = listening.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            listening.close()
            for connection in list(connections):
                connection.cancel()
            await asyncio.gather(*connections, return_exceptions=True)


@contextlib.asynccontextmanager
async def _smtp(servers: Servers) -> AsyncIterator[None]:
    class Sink:
        async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802, ARG002 - aiosmtpd's names
            content = envelope.original_content or b""
            servers.received.append(Received(envelope.mail_from or "", tuple(envelope.rcpt_tos), content))
            return f"250 2.0.0 accepted as {len(servers.received)}"

    def login(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:  # noqa: ARG001
        right = isinstance(data, LoginPassword) and (data.login, data.password) == (
            servers.username.encode(),
            servers.password.encode(),
        )
        return AuthResult(success=right, handled=right)

    loop = asyncio.get_running_loop()

    def connection() -> SMTP:
        return SMTP(
            Sink(),
            decode_data=False,
            enable_SMTPUTF8=True,
            data_size_limit=50_000_000,
            hostname="localhost",
            authenticator=login,
            auth_required=True,
            auth_require_tls=False,
            loop=loop,
        )

    listening = await loop.create_server(connection, "127.0.0.1", 0)
    servers.smtp_port = listening.sockets[0].getsockname()[1]
    try:
        yield
    finally:
        listening.close()
