"""A submission server that keeps what it accepts and fails on demand: aiosmtpd in the test's own event loop."""

from __future__ import annotations

import asyncio
import contextlib
import warnings
from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from aiosmtpd.smtp import SMTP, AuthResult

from coolmail.core.settings import Secret, Server, Tls

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiosmtpd.smtp import Envelope, Session

    from tests.servers.certificates import Certificates


class Fault(Enum):
    """What may happen to a message whose data has been received."""

    DROP_BEFORE_STORE = auto()
    DROP_AFTER_STORE = auto()
    """Stored, and the connection is cut before the reply: the client can't know."""
    SLOW = auto()
    """Stored, and the reply waits until `SmtpSink.go_on` is set."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message as it arrived: envelope, exact bytes (CRLF lines, dots unstuffed), and how."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    mail_options: tuple[str, ...]
    recipient_options: tuple[str, ...]
    tls: bool
    login: str | None


@dataclass
class SmtpSink:
    """The sink's books and its switches; switches may be changed at any time.

    recipients: address -> reply that refuses or defers it (`"550 5.1.1 unknown"`, `"450 4.2.1 later"`).
    sender_reply, greeting_reply: a reply that refuses MAIL FROM, or the connection's EHLO.
    data: what happens to the next messages, one each: a reply (`"451 4.3.0 later"`, `"554 5.7.1 no"`) or a `Fault`.
    """

    port: int = 0
    tls: Tls = Tls.NONE
    ca: str | None = None
    username: str = "anna"
    password: str = "correct-horse"
    accepted: list[Accepted] = field(default_factory=list)
    sessions: int = 0
    data_received: int = 0
    """How many times a message's data was received, kept or not."""
    recipients: dict[str, str] = field(default_factory=dict)
    sender_reply: str | None = None
    greeting_reply: str | None = None
    data: deque[str | Fault] = field(default_factory=deque)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    def server(self, *, port: int | None = None, password: str | None = None, timeout: float = 20.0) -> Server:
        """Return how to reach it; `port` leads through a proxy."""
        secret = Secret(password=password or self.password)
        return Server("localhost", port or self.port, self.tls, self.username, secret, tls_ca=self.ca, timeout=timeout)

    async def wait_for(self, count: int) -> list[Accepted]:
        """Wait until so many messages were accepted."""
        async with self.arrived:
            await self.arrived.wait_for(lambda: len(self.accepted) >= count)
        return self.accepted


class _Handler:
    def __init__(self, sink: SmtpSink) -> None:
        self.sink = sink

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's names
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [self.sink.greeting_reply] if self.sink.greeting_reply else responses

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.sink.sender_reply:
            return self.sink.sender_reply
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 sender is fine"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if reply := self.sink.recipients.get(address):
            return reply
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 recipient is fine"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        sink = self.sink
        sink.data_received += 1
        fault = sink.data.popleft() if sink.data else None
        if isinstance(fault, str):
            return fault
        if fault is Fault.DROP_BEFORE_STORE:
            return _cut(server)
        content = envelope.original_content
        assert content is not None
        data: Any = session.auth_data
        login = data.login.decode() if data is not None else None
        encrypted = sink.tls is Tls.IMPLICIT or session.ssl is not None
        async with sink.arrived:
            sink.accepted.append(
                Accepted(
                    envelope.mail_from or "",
                    tuple(envelope.rcpt_tos),
                    content,
                    tuple(envelope.mail_options),
                    tuple(envelope.rcpt_options),
                    encrypted,
                    login,
                )
            )
            sink.arrived.notify_all()
        if fault is Fault.DROP_AFTER_STORE:
            return _cut(server)
        if fault is Fault.SLOW:
            await sink.go_on.wait()
        return f"250 2.0.0 kept as {len(sink.accepted)}"


def _cut(server: Any) -> str:
    server.transport.abort()
    return "421 4.3.0 cut"


@contextlib.asynccontextmanager
async def running(tls: Tls, files: Certificates, *, auth: bool = True) -> AsyncIterator[SmtpSink]:
    """Run a sink: implicit TLS, STARTTLS (required before AUTH) or neither; 8BITMIME, SMTPUTF8, SIZE and AUTH PLAIN LOGIN are offered."""
    sink = SmtpSink(tls=tls, ca=None if tls is Tls.NONE else str(files.ca))
    context = None if tls is Tls.NONE else files.server_context()
    loop = asyncio.get_running_loop()
    transports: list[asyncio.BaseTransport] = []

    def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        right = (data.login, data.password) == (sink.username.encode(), sink.password.encode())
        return AuthResult(success=right, handled=right, auth_data=data if right else None)

    class Connection(SMTP):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            sink.sessions += 1
            transports.append(transport)
            super().connection_made(transport)

    def connection() -> SMTP:
        with warnings.catch_warnings():
            # aiosmtpd warns of AUTH without TLS: it does not see implicit TLS, and this is loopback.
            warnings.simplefilter("ignore")
            return new_connection()

    def new_connection() -> SMTP:
        return Connection(
            _Handler(sink),
            enable_SMTPUTF8=True,
            decode_data=False,
            data_size_limit=50_000_000,
            hostname="sink.test",
            tls_context=context if tls is Tls.STARTTLS else None,
            require_starttls=tls is Tls.STARTTLS,
            authenticator=authenticate if auth else None,
            auth_required=auth,
            auth_require_tls=tls is Tls.STARTTLS,
            loop=loop,
        )

    listening = await loop.create_server(connection, "127.0.0.1", 0, ssl=context if tls is Tls.IMPLICIT else None)
    sink.port = listening.sockets[0].getsockname()[1]
    try:
        yield sink
    finally:
        sink.go_on.set()
        listening.close()
        for transport in transports:
            if isinstance(transport, asyncio.Transport) and not transport.is_closing():
                transport.abort()
