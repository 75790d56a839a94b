"""From nothing to a session: encryption first, then the password, then everything else."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from coolmail.core.settings import Tls
from coolmail.mail.imap import (
    ConnectionLost,
    ImapError,
    ImapSession,
    ImapTimeout,
    LoginRefused,
    TlsRequired,
    UntrustedCertificate,
)
from coolmail.mail.imap.connect import is_loopback
from tests.mail.imap.conftest import Open
from tests.mail.imap.letters import letter
from tests.servers import certificates
from tests.servers.certificates import Certificates
from tests.servers.dovecot import AWKWARD, Dovecot, User
from tests.servers.proxy import FaultProxy, hide
from tests.servers.pymap_server import Pymap
from tests.servers.scripted import ScriptedServer
from tests.servers.waiting import until

ProxyTo = Callable[[int], Awaitable[FaultProxy]]
PLAIN = "IMAP4rev1 AUTH=PLAIN SASL-IR"


@pytest.mark.parametrize("tls", list(Tls))
async def test_a_session_opens_with_each_kind_of_protection(user: User, open_session: Open, tls: Tls) -> None:
    """Implicit TLS, STARTTLS, and nothing (loopback only) all lead to a working session."""
    session = await open_session(user.server(tls))
    assert session.alive
    assert "IDLE" in session.capabilities
    assert (session.protocol.transport.get_extra_info("cipher") is None) == (tls is Tls.NONE)
    await session.noop()


@pytest.mark.parametrize("tls", [Tls.IMPLICIT, Tls.STARTTLS])
async def test_a_certificate_of_an_unknown_authority_is_refused(user: User, open_session: Open, tls: Tls) -> None:
    """Without tls_ca the throwaway authority is not trusted, and the password stays here."""
    with pytest.raises(UntrustedCertificate, match="tls_ca"):
        await open_session(replace(user.server(tls), tls_ca=None))
    assert f"Login: user=<{user.name}>" not in user.dovecot.log()


@pytest.mark.parametrize("tls", [Tls.IMPLICIT, Tls.STARTTLS])
async def test_a_certificate_for_another_host_is_refused(open_session: Open, tmp_path: Path, tls: Tls) -> None:
    """A trusted authority does not help a certificate that names another host."""
    files = certificates.issue(tmp_path, name="mail.elsewhere.test")
    script = {"STARTTLS": ("{tag} OK go", "!tls")}
    implicit = tls is Tls.IMPLICIT
    async with ScriptedServer(script, tls=files.server_context(), implicit=implicit) as server:
        with pytest.raises(UntrustedCertificate, match=r"(?i)host ?name"):
            await open_session(server.server(tls=tls, ca=str(files.ca)))
        assert not any(b"AUTHENTICATE" in command for command in server.received)


async def test_a_missing_ca_file_is_named(user: User, open_session: Open) -> None:
    """A wrong tls_ca is a clear error, not a traceback."""
    with pytest.raises(UntrustedCertificate, match=r"nowhere\.pem"):
        await open_session(replace(user.server(Tls.IMPLICIT), tls_ca="nowhere.pem"))


async def test_no_password_goes_anywhere_else_without_tls(open_session: Open, user: User) -> None:
    """`tls: none` is for this machine only."""
    with pytest.raises(TlsRequired, match="not this machine"):
        await open_session(replace(user.server(), host="imap.studio.test"))


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost.evil.test", False),
        ("10.0.0.1", False),
        ("127.0.0.1.evil.test", False),
    ],
)
def test_what_counts_as_this_machine(host: str, here: bool) -> None:
    """Only names and addresses that can't mean another machine."""
    assert is_loopback(host) is here


async def test_a_server_without_starttls_gets_no_password(open_session: Open) -> None:
    """Encryption that was asked for is not skipped because the server (or somebody between) says no."""
    async with ScriptedServer(capabilities=PLAIN) as server:
        with pytest.raises(TlsRequired, match="STARTTLS"):
            await open_session(server.server(tls=Tls.STARTTLS))
        assert server.received == [b"STARTTLS"]


async def test_logged_in_before_encryption_is_not_believed(open_session: Open) -> None:
    """PREAUTH before STARTTLS would keep the whole session in plain text."""
    async with ScriptedServer(greeting="* PREAUTH welcome back") as server:
        with pytest.raises(TlsRequired, match="attacker"):
            await open_session(server.server(tls=Tls.STARTTLS))
        assert server.received == []


@pytest.mark.parametrize("injected", ["* CAPABILITY IMAP4rev1 AUTH=PLAIN EVIL\r\n", "* 1 EXI", "A1 OK fake\r\n"])
async def test_what_is_injected_before_the_handshake_is_rejected(
    open_session: Open, test_certificates: Certificates, injected: str
) -> None:
    """Plain text that arrives with the OK to STARTTLS must not be read as if it came through TLS (CVE-2011-0411)."""
    script = {"STARTTLS": ("!raw {tag} OK go\r\n" + injected, "!tls")}
    async with ScriptedServer(script, tls=test_certificates.server_context()) as server:
        with pytest.raises(TlsRequired, match="before encryption"):
            await open_session(server.server(tls=Tls.STARTTLS, ca=str(test_certificates.ca)))
        assert not any(b"AUTHENTICATE" in command for command in server.received)


async def test_capabilities_from_before_the_handshake_are_forgotten(
    open_session: Open, test_certificates: Certificates
) -> None:
    """What the greeting promised in plain text does not count afterwards."""
    script = {"STARTTLS": ("{tag} OK go", "!tls")}
    greeting = "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN FORGED] hi"
    async with ScriptedServer(
        script, greeting=greeting, capabilities=PLAIN, tls=test_certificates.server_context()
    ) as server:
        session = await open_session(server.server(tls=Tls.STARTTLS, ca=str(test_certificates.ca)))
        assert "FORGED" not in session.capabilities


async def test_a_plain_port_taken_for_tls_is_explained(user: User, open_session: Open) -> None:
    """The commonest mistake in a configuration gets a hint."""
    with pytest.raises(ConnectionLost, match="port and tls"):
        await open_session(replace(user.server(Tls.IMPLICIT), port=user.dovecot.port))


async def test_a_port_where_nobody_listens_is_a_lost_connection(user: User, open_session: Open) -> None:
    """A server that is down is something to try again."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectionLost, match="can't be reached"):
            await open_session(replace(user.server(), port=unused.getsockname()[1]))


async def test_a_host_that_does_not_exist_is_named(user: User, open_session: Open) -> None:
    """A misspelt host name is said to be unknown."""
    with pytest.raises(ConnectionLost, match=r"no-such-host\.invalid"):
        await open_session(replace(user.server(Tls.IMPLICIT), host="no-such-host.invalid"))


async def test_a_server_that_says_nothing_is_given_up(open_session: Open) -> None:
    """Connecting has the same time limit as everything else."""
    async with ScriptedServer() as server:
        server.greeting = "* OK ready"
        server.answers["CAPABILITY"] = ("!quiet",)
        with pytest.raises(ImapTimeout, match=r"did not answer|silent"):
            await open_session(server.server(timeout=0.3))


async def test_a_cancelled_connection_attempt_leaves_nothing_open(open_session: Open) -> None:
    """Stopping the daemon while it connects closes the half-made connection."""
    async with ScriptedServer({"CAPABILITY": ("!quiet",)}) as server:
        attempt = asyncio.ensure_future(open_session(server.server()))
        await until(lambda: server.received)
        attempt.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attempt
        await until(lambda: not server._tasks)


@pytest.mark.parametrize("name", AWKWARD)
async def test_passwords_of_every_kind_get_through(dovecot: Dovecot, open_session: Open, name: str) -> None:
    """Quotes, backslashes, blanks and letters beyond ASCII, by AUTHENTICATE PLAIN."""
    user = next(user for user in dovecot.awkward() if user.name == name)
    assert (await open_session(user.server(Tls.IMPLICIT))).alive


@pytest.mark.parametrize("name", AWKWARD)
async def test_passwords_of_every_kind_get_through_login(
    dovecot: Dovecot, open_session: Open, proxy_to: ProxyTo, name: str
) -> None:
    """The same by LOGIN, as quoted string or literal, where PLAIN is not offered."""
    user = next(user for user in dovecot.awkward() if user.name == name)
    proxy = await proxy_to(dovecot.port)
    proxy.rewrite = hide("AUTH=PLAIN")
    session = await open_session(user.server(port=proxy.port))
    assert session.alive
    assert any(b" LOGIN " in command for command in proxy.commands)


async def test_plain_works_without_initial_response(open_session: Open) -> None:
    """Where the server takes no initial response, it is sent when the server asks."""
    script = {"AUTHENTICATE": ("+ ", "!read", "{tag} OK in")}
    async with ScriptedServer(script, capabilities="IMAP4rev1 AUTH=PLAIN") as server:
        assert (await open_session(server.server())).alive
        assert server.received[1] == b"AUTHENTICATE PLAIN"
        assert server.lines == [b"AGFubmEAc2VjcmV0"]


async def test_pymap_lets_the_user_in_and_keeps_others_out(pymap: Pymap, open_session: Open) -> None:
    """The second real server agrees."""
    assert (await open_session(pymap.server())).alive
    with pytest.raises(LoginRefused):
        await ImapSession.open(pymap.server(), "wrong")


@pytest.mark.parametrize(
    ("answer", "temporary", "code"),
    [
        ("NO [AUTHENTICATIONFAILED] Invalid credentials", False, "AUTHENTICATIONFAILED"),
        ("NO wrong", False, None),
        ("NO [EXPIRED] password expired", False, "EXPIRED"),
        ("BAD no such mechanism", False, None),
        ("NO [UNAVAILABLE] Temporary authentication failure", True, "UNAVAILABLE"),
        ("NO [INUSE] locked by another session", True, "INUSE"),
        ("NO [ALERT] Too many simultaneous connections. (Failure)", True, "ALERT"),
    ],
)
async def test_a_refusal_for_good_is_told_from_one_for_now(
    open_session: Open, answer: str, temporary: bool, code: str | None
) -> None:
    """A server in trouble may be asked again soon, a wrong password not; the server's words and the login are shown."""
    async with ScriptedServer({"AUTHENTICATE": ("{tag} " + answer,)}) as server:
        with pytest.raises(LoginRefused, match="anna") as refused:
            await open_session(server.server())
    assert (refused.value.temporary, refused.value.code) == (temporary, code)
    assert answer.rsplit("] ", maxsplit=1)[-1].removeprefix("NO ").removeprefix("BAD ") in str(refused.value)


async def test_login_disabled_without_tls_asks_for_tls(open_session: Open) -> None:
    """LOGINDISABLED on an unencrypted connection means: use TLS. The password is not tried."""
    async with ScriptedServer(capabilities="IMAP4rev1 LOGINDISABLED") as server:
        with pytest.raises(TlsRequired, match="set tls"):
            await open_session(server.server())
        assert server.received == [b"CAPABILITY"]


async def test_neither_secrets_nor_mail_are_logged(
    user: User, open_session: Open, caplog: pytest.LogCaptureFixture
) -> None:
    """The most talkative log level shows no password and no line of a message."""
    caplog.set_level(logging.DEBUG)
    session = await open_session(user.server(Tls.STARTTLS))
    await session.append("Drafts", letter(body=b"a very private line\r\n"))
    await session.select("Drafts")
    (uid,) = await session.search_message_id("<1@letters.test>")
    assert await session.fetch(uid)
    await session.logout()
    said = caplog.text + "".join(map(repr, caplog.records))
    assert user.password not in said
    assert "private line" not in said
    assert "AHVzZX" not in said  # how base64 of the PLAIN secret begins


async def test_the_kernel_is_told_to_notice_a_dead_peer(session: ImapSession) -> None:
    """Keepalive within a minute and a limit for unacknowledged data are set on the socket."""
    raw = session.protocol.transport.get_extra_info("socket")
    assert raw.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        idle, interval, count = (
            raw.getsockopt(socket.IPPROTO_TCP, option)
            for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        )
        assert idle + interval * count <= 60
        assert raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) <= 60_000


async def test_a_session_opens_over_a_connection_that_trickles(
    user: User, open_session: Open, proxy_to: ProxyTo
) -> None:
    """One octet at a time is slow, not wrong."""
    proxy = await proxy_to(user.dovecot.port)
    proxy.trickle = 0.0001
    session = await open_session(user.server(port=proxy.port))
    assert [mailbox.name for mailbox in await session.list_mailboxes()]


async def test_an_alert_of_the_server_reaches_the_log(open_session: Open, caplog: pytest.LogCaptureFixture) -> None:
    """RFC 3501 section 7.1: alerts must be shown to the user."""
    async with ScriptedServer({"NOOP": ("* OK [ALERT] Going down at noon", "{tag} OK")}) as server:
        await (await open_session(server.server())).noop()
    assert re.search("Going down at noon", caplog.text)


async def test_a_refused_command_carries_code_and_words(open_session: Open) -> None:
    """The user reads what the server said."""
    async with ScriptedServer({"NOOP": ("{tag} NO [CONTACTADMIN] call us",)}) as server:
        session = await open_session(server.server())
        with pytest.raises(ImapError, match="call us"):
            await session.noop()
        assert session.alive
