"""Submission: handing one message to the account's server (RFC 6409), and saying exactly how that ended.

What counts as what, for the queue behind:

- *Accepted*: the server answered the content with 250. Recipients that it refused (5xx) or put off (4xx) are named one by one.
- `SubmissionDeferredError`: temporary, and the server has certainly not accepted anything (4xx, no connection, connection lost before the content).
  Try again later.
- `SubmissionRefusedError`: permanent (5xx, all recipients refused, too large, a feature the server lacks). Trying again as it is won't help.
- `SubmissionLoginError`: the server does not accept the user's login. Nothing was sent; hammering may lock the account.
- `SubmissionAmbiguousError`: the connection was lost, or the reply did not come, after the content began. The server may have accepted it. Only a
  look into
  `\\Sent`, or the user, can tell.

The stage reached is reported through `on_stage` *before* each step, so that a caller who makes it durable knows after a crash which of these holds.
Content goes out byte for byte: `mail`/`rcpt`/`data` are used, never a re-serialised message object.
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import aiosmtplib
from aiosmtplib import SMTP

from coolmail.core.errors import CoolmailError
from coolmail.core.settings import Server, Tls
from coolmail.core.states import Stage

DATA_TIMEOUT = 600.0
"""Seconds to wait for the reply to the content: RFC 5321 section 4.5.3.2.6 asks for ten minutes."""

SAFE = "Nothing was sent."


class SubmissionError(CoolmailError):
    """Submission did not end in acceptance."""


class SubmissionDeferredError(SubmissionError):
    """Temporary; certainly not accepted."""


class SubmissionRefusedError(SubmissionError):
    """Permanent; certainly not accepted. `refused` names recipients and the server's words for each."""

    def __init__(self, text: str, refused: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(text)
        self.refused = tuple(refused)


class SubmissionLoginError(SubmissionError):
    """The server refused the login or cannot be trusted; nothing was sent."""


class SubmissionAmbiguousError(SubmissionError):
    """The server may have accepted the message; it must not be sent again blindly. `partial`: if so, then not for every recipient."""

    def __init__(self, text: str, *, partial: bool = False) -> None:
        super().__init__(text)
        self.partial = partial


@dataclass(frozen=True, slots=True)
class Accepted:
    """The server took responsibility for the message, for these recipients."""

    reply: str
    accepted: tuple[str, ...]
    refused: tuple[tuple[str, str], ...] = ()
    """Recipients refused for good (5xx), with the server's words."""
    deferred: tuple[tuple[str, str], ...] = ()
    """Recipients put off (4xx): they have to be tried again, and only they."""


async def _ignore(_stage: Stage) -> None:
    return None


async def try_login(server: Server, password: str) -> None:
    """Connect, protect the connection, log in and go, sending nothing. Raises a `SubmissionError`."""
    smtp = _client(server)
    try:
        await _connect(smtp, server, password)
    finally:
        smtp.close()


async def submit(
    server: Server,
    password: str,
    *,
    sender: str,
    recipients: Sequence[str],
    data: bytes,
    is_8bit: bool,
    needs_smtputf8: bool,
    on_stage: Callable[[Stage], Awaitable[None]] = _ignore,
) -> Accepted:
    """Submit `data` (a whole message with CRLF line ends, without Bcc); return what the server accepted or raise a `SubmissionError`."""
    smtp = _client(server)
    try:
        await _connect(smtp, server, password)
        options = _options(smtp, server, len(data), is_8bit=is_8bit, needs_smtputf8=needs_smtputf8)
        await on_stage(Stage.CONNECTED)
        return await _transact(smtp, server, sender, recipients, data, options, on_stage)
    finally:
        smtp.close()


def _client(server: Server) -> SMTP:
    return SMTP(
        hostname=server.host,
        port=server.port,
        use_tls=server.tls is Tls.IMPLICIT,
        start_tls=server.tls is Tls.STARTTLS,
        tls_context=None if server.tls is Tls.NONE else _tls(server),
        local_hostname="localhost.localdomain",
        timeout=server.timeout,
    )


def _tls(server: Server) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=server.tls_ca)
    except (OSError, ssl.SSLError) as error:
        raise SubmissionLoginError(
            f"the CA file {server.tls_ca} for {server.host} cannot be read: {error}. {SAFE}"
        ) from error


def _name(server: Server) -> str:
    return f"the submission server {server.host}:{server.port}"


async def _connect(smtp: SMTP, server: Server, password: str) -> None:
    """Connect, protect, log in."""
    try:
        await smtp.connect()
        await smtp.ehlo()
        await _login(smtp, server, password)
    except aiosmtplib.SMTPAuthenticationError as error:
        text = f"{_name(server)} does not accept the login of {server.username}: {_said(error)}. {SAFE}"
        if 400 <= error.code < 500:
            raise SubmissionDeferredError(text) from error
        raise SubmissionLoginError(f"{text} Mend the password, then `coolmail run` goes on by itself.") from error
    except (ssl.SSLCertVerificationError, aiosmtplib.SMTPConnectError) as error:
        cause = error if isinstance(error, ssl.SSLCertVerificationError) else error.__cause__
        if isinstance(cause, ssl.SSLCertVerificationError):
            raise SubmissionLoginError(
                f"{_name(server)} shows a certificate that cannot be trusted: {cause.verify_message}. {SAFE} "
                "If it is your own server, name its CA file as tls_ca."
            ) from error
        raise SubmissionDeferredError(f"{_name(server)} cannot be reached: {error}. {SAFE}") from error
    except aiosmtplib.SMTPResponseException as error:
        kind = SubmissionDeferredError if error.code < 500 else SubmissionRefusedError
        raise kind(f"{_name(server)} refused the session: {_said(error)}. {SAFE}") from error
    except aiosmtplib.SMTPException as error:
        if "AUTH" in str(error) or "STARTTLS" in str(error) or "authentication method" in str(error):
            raise SubmissionLoginError(
                f"{_name(server)}: {error} {SAFE} Check port and tls of smtp in the config."
            ) from error
        raise SubmissionDeferredError(f"{_name(server)} cannot be used: {error}. {SAFE}") from error
    except (OSError, ssl.SSLError) as error:
        raise SubmissionDeferredError(f"{_name(server)} cannot be reached: {error}. {SAFE}") from error


async def _login(smtp: SMTP, server: Server, password: str) -> None:
    """Log in with one mechanism. The library would try them all: a wrong password would count several times against a lockout."""
    username, secret = server.username.encode(), password.encode()
    if "plain" in smtp.supported_auth_methods:
        await smtp.auth_plain(username, secret)
    elif "login" in smtp.supported_auth_methods:
        await smtp.auth_login(username, secret)
    else:
        # CRAM-MD5, or the library's words for why none is possible.
        await smtp.login(username, secret)


def _said(error: aiosmtplib.SMTPResponseException) -> str:
    return f"{error.code} {' '.join(error.message.split())}"


def _options(smtp: SMTP, server: Server, size: int, *, is_8bit: bool, needs_smtputf8: bool) -> list[str]:
    """Return the MAIL parameters (RFC 1870, 6152, 6531), or refuse what the server could not take unaltered."""
    options = []
    if smtp.supports_extension("size"):
        limit = smtp.esmtp_extensions.get("size", "")
        if limit.isdigit() and 0 < int(limit) < size:
            raise SubmissionRefusedError(
                f"{_name(server)} takes messages up to {int(limit) / 1e6:.1f} MB, this one has {size / 1e6:.1f} MB. {SAFE}"
            )
        options.append(f"SIZE={size}")
    if is_8bit:
        if not smtp.supports_extension("8bitmime"):
            raise SubmissionRefusedError(
                f"{_name(server)} takes no 8-bit text, and coolmail does not re-encode what you wrote. {SAFE} "
                "Let your mail client use quoted-printable."
            )
        options.append("BODY=8BITMIME")
    if needs_smtputf8:
        if not smtp.supports_extension("smtputf8"):
            raise SubmissionRefusedError(f"{_name(server)} takes no addresses with letters beyond ASCII. {SAFE}")
        options.append("SMTPUTF8")
    return options


async def _transact(
    smtp: SMTP,
    server: Server,
    sender: str,
    recipients: Sequence[str],
    data: bytes,
    options: list[str],
    on_stage: Callable[[Stage], Awaitable[None]],
) -> Accepted:
    """Run one mail transaction."""
    encoding = "utf-8" if "SMTPUTF8" in options else "ascii"
    accepted: list[str] = []
    refused: list[tuple[str, str]] = []
    deferred: list[tuple[str, str]] = []
    try:
        await smtp.mail(sender, options=options, encoding=encoding)
        for recipient in recipients:
            try:
                await smtp.rcpt(recipient, encoding=encoding)
            except aiosmtplib.SMTPRecipientRefused as error:
                (deferred if error.code < 500 else refused).append((recipient, _said(error)))
            else:
                accepted.append(recipient)
    except aiosmtplib.SMTPResponseException as error:
        kind = SubmissionDeferredError if error.code < 500 else SubmissionRefusedError
        raise kind(f"{_name(server)} refused the sender {sender}: {_said(error)}. {SAFE}") from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise SubmissionDeferredError(f"{_name(server)} was lost before the content: {error}. {SAFE}") from error
    if not accepted:
        words = "; ".join(f"{recipient}: {said}" for recipient, said in (*refused, *deferred))
        if deferred:
            raise SubmissionDeferredError(f"{_name(server)} put off every recipient ({words}). {SAFE}")
        raise SubmissionRefusedError(f"{_name(server)} refused every recipient ({words}). {SAFE}", refused)
    partial = bool(refused or deferred)
    await on_stage(Stage.RECIPIENTS)
    await on_stage(Stage.DATA)
    try:
        reply = await smtp.data(data, timeout=max(DATA_TIMEOUT, server.timeout))
    except aiosmtplib.SMTPDataError as error:
        if error.code < 400:
            # Neither 250 nor a refusal (RFC 5321 section 4.2.1): the server broke the protocol, and nobody knows what it means.
            raise SubmissionAmbiguousError(
                f"{_name(server)} answered the content with {_said(error)}: it may or may not have been accepted.",
                partial=partial,
            ) from error
        kind = SubmissionDeferredError if error.code < 500 else SubmissionRefusedError
        raise kind(f"{_name(server)} refused the content: {_said(error)}. {SAFE}") from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise SubmissionAmbiguousError(
            f"{_name(server)} was lost while the content was on its way ({error}): it may or may not have been accepted.",
            partial=partial,
        ) from error
    return Accepted(f"{reply.code} {' '.join(reply.message.split())}", tuple(accepted), tuple(refused), tuple(deferred))
