"""From nothing to a connection that is encrypted, verified and logged in.

The order is the security: reach the server, encrypt, verify the certificate against the host's name, and only then let the password out. Without
TLS the password goes to this very machine or nowhere. What the server said in plain text before STARTTLS is forgotten (RFC 3501 section 6.2.1,
RFC 2595 section 2.1), and a server that claims the user is already logged in before encryption (PREAUTH) is not believed.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ipaddress
import re
import socket
import ssl
from typing import TYPE_CHECKING

from aioimaplib import aioimaplib

from coolmail.core.settings import Tls
from coolmail.mail.imap import names, parse
from coolmail.mail.imap.errors import ConnectionLost, ImapTimeout, LoginRefused, TlsRequired, UntrustedCertificate
from coolmail.mail.imap.protocol import HardenedProtocol
from coolmail.mail.imap.request import Request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from coolmail.core.settings import Server
    from coolmail.mail.imap.framing import Frame

UNACKNOWLEDGED_MS = 45_000
"""How long sent data may stay unacknowledged before the kernel gives the connection up."""
KEEPALIVE = {
    "TCP_KEEPIDLE": 20,
    "TCP_KEEPALIVE": 20,
    "TCP_KEEPINTVL": 10,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": UNACKNOWLEDGED_MS,
}
"""A peer that vanished is noticed within a minute, also while we only listen; TCP_KEEPALIVE is macOS's name for TCP_KEEPIDLE."""

_TEMPORARY = {"UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG"}


async def connect(server: Server, password: str, on_dirty: Callable[[], object] | None = None) -> HardenedProtocol:
    """Return a connection that is ready for commands.

    Raises `ConnectionLost`, `ImapTimeout`, `UntrustedCertificate`, `TlsRequired` or `LoginRefused`; then nothing stays open.
    """
    protocol = HardenedProtocol(server)
    try:
        async with _patience(server):
            await _reach(server, protocol)
            await protocol.greeted()
            if server.tls is Tls.STARTTLS:
                await _starttls(server, protocol)
            if protocol.state == aioimaplib.NONAUTH:
                await _log_in(server, protocol, password)
            if not protocol.capabilities:
                await _ask_capabilities(protocol)
    except BaseException:
        # Whatever ended it, cancellation included: the half-made connection must not stay behind.
        protocol.fail(ConnectionLost(f"The connection to {protocol.who} was given up."))
        raise
    protocol.changed.clear()
    protocol.on_dirty = on_dirty
    return protocol


@contextlib.asynccontextmanager
async def _patience(server: Server) -> AsyncIterator[None]:
    """Turn what sockets and TLS raise into errors that a user can act on."""
    where = f"{server.host}:{server.port} (login {server.username})"
    try:
        async with asyncio.timeout(server.timeout):
            yield
    except ssl.SSLCertVerificationError as error:
        raise UntrustedCertificate(
            f"The certificate of {where} can't be trusted: {error.verify_message}. Nothing was sent. Check the host name; if the server is "
            "yours and has its own authority, name its file in tls_ca."
        ) from error
    except ssl.SSLError as error:
        raise ConnectionLost(
            f"TLS with {where} failed: {error.reason or error}. Nothing was sent. Check that port and tls (implicit, starttls) belong together."
        ) from error
    except socket.gaierror as error:
        raise ConnectionLost(
            f"The host {server.host} is not known ({error.strerror}). coolmail tries again."
        ) from error
    except TimeoutError as error:
        if isinstance(error, ImapTimeout):
            raise
        raise ImapTimeout(f"{where} did not answer within {server.timeout:.0f} s. coolmail tries again.") from error
    except OSError as error:
        if isinstance(error, ConnectionLost):
            raise
        raise ConnectionLost(f"{where} can't be reached: {error.strerror or error}. coolmail tries again.") from error


def tls_context(server: Server) -> ssl.SSLContext:
    """Return a context that verifies chain and host name: against `tls_ca` alone if it is set, else the system's authorities."""
    try:
        return ssl.create_default_context(cafile=server.tls_ca)
    except (OSError, ssl.SSLError) as error:
        raise UntrustedCertificate(
            f"The file of authorities {server.tls_ca} (tls_ca of {server.host}) can't be used: {error}. Nothing was sent."
        ) from error


def is_loopback(host: str) -> bool:
    """Whether a name or address can only mean this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


async def _reach(server: Server, protocol: HardenedProtocol) -> None:
    context = tls_context(server) if server.tls is Tls.IMPLICIT else None
    if server.tls is Tls.NONE and not is_loopback(server.host):
        raise TlsRequired(
            f"{server.host} is not this machine, so the password of {server.username} may not go there without TLS: set tls."
        )
    name = server.host if context else None
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(
        lambda: protocol, server.host, server.port, ssl=context, server_hostname=name
    )
    if server.tls is Tls.NONE and not is_loopback(transport.get_extra_info("peername")[0]):
        raise TlsRequired(
            f"{server.host} does not lead to this machine, so the password of {server.username} was not sent: set tls."
        )
    keep_alive(transport.get_extra_info("socket"))


def keep_alive(connection: socket.socket) -> None:
    """Make the kernel notice a peer that is gone without a word (half-open connection)."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in KEEPALIVE.items():
        if (number := getattr(socket, option, None)) is not None:
            connection.setsockopt(socket.IPPROTO_TCP, number, value)


async def _starttls(server: Server, protocol: HardenedProtocol) -> None:
    if protocol.state != aioimaplib.NONAUTH:
        raise TlsRequired(
            f"{protocol.who} says the user is logged in before encryption, as an attacker would; the password was not sent."
        )
    response = await protocol.run("STARTTLS")
    if response.result != "OK":
        raise TlsRequired(
            f"{protocol.who} does not offer STARTTLS ({parse.text(response.lines[-1])}); the password was not sent. Try tls: implicit."
        )
    if protocol.failure is not None:  # something came with or after the OK
        await protocol.run("NOOP")
    loop = asyncio.get_running_loop()
    transport = await loop.start_tls(
        protocol.transport,
        protocol,
        tls_context(server),
        server_hostname=server.host,
        ssl_handshake_timeout=server.timeout,
    )
    if transport is None:
        raise ConnectionLost(f"{protocol.who} hung up during the TLS handshake.")
    protocol.encrypted(transport)


async def _ask_capabilities(protocol: HardenedProtocol) -> None:
    _learn_capabilities(protocol, (await protocol.run("CAPABILITY")).lines)


def _learn_capabilities(protocol: HardenedProtocol, lines: Iterable[Frame]) -> None:
    """Take the capabilities from CAPABILITY data or a [CAPABILITY ...] code."""
    for frame in lines:
        code = parse.code(frame)
        found = code[1] if code and code[0] == "CAPABILITY" else None
        if data := re.match(rb"CAPABILITY (.*)", frame[0], re.IGNORECASE):
            found = data[1]
        if found is not None:
            protocol.capabilities = {name.upper() for name in found.decode("ascii", "replace").split()}


async def _log_in(server: Server, protocol: HardenedProtocol, password: str) -> None:
    """Log in with AUTHENTICATE PLAIN, which carries any password, or with LOGIN where that is not offered."""
    if "\0" in server.username + password:
        raise LoginRefused(f"The password for {protocol.who} contains a NUL character, which IMAP can't carry.")
    await _ask_capabilities(protocol)
    offered = protocol.capabilities
    if "AUTH=PLAIN" in offered:
        request = _plain(protocol, server.username, password)
    elif "LOGINDISABLED" in offered:
        raise (TlsRequired if server.tls is Tls.NONE else LoginRefused)(
            f"{protocol.who} allows no login with a password{' without TLS: set tls' if server.tls is Tls.NONE else ''}. The password was not sent."
        )
    else:
        request = Request("LOGIN", protocol.new_tag(), *(_astring(word) for word in (server.username, password)))
    response = await protocol.execute(request)
    if response.result != "OK":
        raise _refused(protocol, response.lines)
    protocol.state = aioimaplib.AUTH
    protocol.capabilities = set()
    _learn_capabilities(protocol, response.lines)


def _astring(text: str) -> str | bytes:
    return names.quote(text) if names.can_quote(text) else text.encode()


def _plain(protocol: HardenedProtocol, user: str, password: str) -> Request:
    """Return AUTHENTICATE PLAIN (RFC 4616), with the initial response where the server takes one (RFC 4959)."""
    secret = base64.b64encode(f"\0{user}\0{password}".encode())
    if "SASL-IR" in protocol.capabilities:
        return Request("AUTHENTICATE", protocol.new_tag(), "PLAIN", secret.decode("ascii"))
    return Request("AUTHENTICATE", protocol.new_tag(), "PLAIN", answers=(secret,))


def _refused(protocol: HardenedProtocol, lines: list[Frame]) -> LoginRefused | TlsRequired:
    code = parse.code(lines[-1])
    name, text = (code[0] if code else None), parse.text(lines[-1])
    if name == "PRIVACYREQUIRED":
        return TlsRequired(f"{protocol.who} wants an encrypted connection: set tls. It said: {text!r}")
    # Gmail says it without a code of its own: "[ALERT] Too many simultaneous connections. (Failure)".
    if name in _TEMPORARY or "too many" in text.lower():
        return LoginRefused(
            f"{protocol.who} can't let anyone in at the moment: {text!r}. coolmail tries again later.",
            temporary=True,
            code=name,
        )
    return LoginRefused(
        f"{protocol.who} refused the login: {text!r}. Your mail is safe and nothing is sent meanwhile. Check user name and password; coolmail waits "
        "long before it tries again, because servers lock accounts after repeated failures.",
        code=name,
    )
