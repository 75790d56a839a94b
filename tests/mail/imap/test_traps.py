"""The thirteen traps of aioimaplib (docs/decisions/imap-library.md): each would lose, double or hang; none does here."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable

import pytest

from coolmail.core.settings import Tls
from coolmail.mail.imap import (
    AppendUncertain,
    ConnectionLost,
    ImapSession,
    ImapTimeout,
    LoginRefused,
    MailboxMissing,
    Uid,
)
from coolmail.mail.imap import session as session_module
from coolmail.mail.imap.connect import connect
from coolmail.mail.imap.protocol import HardenedProtocol
from tests.mail.imap.conftest import Open
from tests.mail.imap.letters import letter, message_id
from tests.servers.dovecot import Dovecot, User
from tests.servers.proxy import FaultProxy
from tests.servers.scripted import ScriptedServer
from tests.servers.waiting import until

ProxyTo = Callable[[int], Awaitable[FaultProxy]]
AWKWARD_NAMES = ["Kladder æøå & Co", "a* b", 'say "hi"', "back\\slash", "(paren) {3}"]


async def test_trap_01_five_thousand_messages_in_one_answer(user: User, session: ImapSession) -> None:
    """The parser does not recurse: flags and overview of 5,000 messages come whole."""
    user.fill("Many", (letter(number) for number in range(5000)))
    await session.select("Many")
    flags = await session.flags()
    assert list(flags) == list(range(1, 5001))
    overview = await session.overview(fields=("Message-ID",))
    assert [item.uid for item in overview] == list(flags)
    assert message_id(4999).encode() in overview[-1].header


async def test_trap_01_a_burst_of_expunges_during_idle(user: User, session: ImapSession) -> None:
    """1,500 EXPUNGEs in one burst are news, not an accident."""
    user.fill("Burst", (letter(number) for number in range(1500)))
    await session.select("Burst")
    idling = asyncio.create_task(session.idle(60))
    await until(session.protocol._idle_event.is_set)
    with user.other_client("Burst") as other:
        other.store("1:*", "+FLAGS.SILENT", "\\Deleted")
        other.expunge()
    assert await idling
    while (await session.select("Burst")).exists:
        assert await session.idle(10)
    assert session.alive


@pytest.mark.parametrize("after", ["reset", "close"])
async def test_trap_02_a_connection_lost_in_idle_wakes_the_waiter(
    user: User, open_session: Open, proxy_to: ProxyTo, after: str
) -> None:
    """IDLE ends with an error at once, and so does whatever is asked next."""
    proxy = await proxy_to(user.dovecot.port)
    session = await open_session(user.server(port=proxy.port))
    await session.select("INBOX")
    idling = asyncio.create_task(session.idle(600))
    await until(session.protocol._idle_event.is_set)
    if after == "reset":
        proxy.reset()
    else:
        proxy.cut_server_after = 0
        with user.other_client() as other:
            other.append("INBOX", "", "", letter())
    async with asyncio.timeout(5):
        with pytest.raises(ConnectionLost, match="connects again"):
            await idling
        with pytest.raises(ConnectionLost):
            await session.idle(600)
    assert not session.alive


COMMANDS: dict[str, Callable[[ImapSession], Awaitable[object]]] = {
    "NOOP": lambda session: session.noop(),
    "LIST": lambda session: session.list_mailboxes(),
    "NAMESPACE": lambda session: session.namespace_prefix(),
    "CREATE": lambda session: session.create("Neu"),
    "SUBSCRIBE": lambda session: session.subscribe("INBOX"),
    "SELECT": lambda session: session.select("Drafts"),
    "EXAMINE": lambda session: session.select("Drafts", readonly=True),
    "STATUS": lambda session: session.status("Drafts"),
    "SEARCH": lambda session: session.search("ALL"),
    "FETCH": lambda session: session.fetch(Uid(1)),
    "STORE": lambda session: session.store(Uid(1), add=("\\Flagged",)),
    "MOVE": lambda session: session.move(Uid(1), "Sent"),
    "APPEND": lambda session: session.append("Sent", letter(2)),
    "EXPUNGE": lambda session: session.expunge(Uid(1)),
}


@pytest.mark.parametrize("command", COMMANDS)
async def test_trap_02_a_connection_lost_in_any_command_ends_it(
    user: User, open_session: Open, proxy_to: ProxyTo, command: str
) -> None:
    """Cut before the command arrives: the waiter gets ConnectionLost at once instead of a time-out."""
    user.fill("INBOX", [letter()])
    proxy = await proxy_to(user.dovecot.port)
    session = await open_session(user.server(port=proxy.port))
    await session.select("INBOX")
    proxy.cut_on_command = re.compile(command.encode())
    async with asyncio.timeout(5):
        with pytest.raises(ConnectionLost) as lost:
            await COMMANDS[command](session)
    assert not isinstance(lost.value, ImapTimeout)
    assert not session.alive


async def test_trap_02_a_server_that_stops_in_idle_is_noticed(
    user: User, open_session: Open, proxy_to: ProxyTo
) -> None:
    """BYE during IDLE is the end of the session, told in the server's words."""
    async with ScriptedServer({"IDLE": ("+ idling", "* BYE Server shutting down", "!quiet")}) as server:
        session = await open_session(server.server())
        await session.select("INBOX")
        async with asyncio.timeout(5):
            with pytest.raises(ConnectionLost, match="shutting down"):
                await session.idle(600)


async def test_trap_02_a_server_that_restarts_in_idle_is_noticed_and_found_again(
    own_dovecot: Dovecot, open_session: Open
) -> None:
    """A real server goes away during IDLE: the waiter knows at once, and a new session works as soon as the server is back."""
    user = own_dovecot.user()
    session = await open_session(user.server())
    await session.select("INBOX")
    idling = asyncio.create_task(session.idle(600))
    await until(session.protocol._idle_event.is_set)
    own_dovecot.stop()
    async with asyncio.timeout(5):
        with pytest.raises(ConnectionLost):
            await idling
    with pytest.raises(ConnectionLost, match="can't be reached"):
        await open_session(user.server())
    own_dovecot.start()
    assert (await (await open_session(user.server())).select("INBOX")).exists == 0


async def test_trap_02_many_waiters_are_all_woken(user: User, open_session: Open, proxy_to: ProxyTo) -> None:
    """Whoever queues for the connection is told too."""
    proxy = await proxy_to(user.dovecot.port)
    session = await open_session(user.server(port=proxy.port))
    proxy.black_hole = True
    waiting = [asyncio.create_task(session.noop()) for _ in range(5)]
    await until(lambda: session.protocol.pending_sync_command is not None)
    proxy.reset()
    async with asyncio.timeout(5):
        results = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(result, ConnectionLost) for result in results)


@pytest.mark.parametrize("name", AWKWARD_NAMES)
async def test_trap_03_names_that_look_like_protocol_come_back_whole(session: ImapSession, name: str) -> None:
    """Only the prefix of a response is taken off: `a* b` is not `ab`."""
    await session.create(name)
    assert name in [mailbox.name for mailbox in await session.list_mailboxes()]


async def test_trap_04_news_during_another_command_is_kept_for_idle(user: User, session: ImapSession) -> None:
    """EXISTS that comes with a search's answer is never repeated by the server; idle tells it."""
    await session.select("INBOX")
    with user.other_client() as other:
        other.append("INBOX", "", "", letter())
    while await session.search("ALL") == []:
        pass
    start = time.monotonic()
    assert await session.idle(60)
    assert time.monotonic() - start < 5
    assert not await session.idle(0.05)


async def test_trap_04_whoever_asked_to_be_told_is_told(user: User, open_session: Open) -> None:
    """`on_dirty` is called for news that comes outside IDLE."""
    told = asyncio.Event()
    session = await open_session(user.server(), on_dirty=told.set)
    await session.select("INBOX")
    assert not told.is_set()
    with user.other_client() as other:
        other.append("INBOX", "", "", letter())
    await session.noop()
    assert told.is_set()


async def test_trap_04_what_happened_while_another_mailbox_was_selected_is_news(
    user: User, session: ImapSession
) -> None:
    """A flag set, or a message come, while we looked elsewhere is told by the next idle after coming back."""
    user.fill("Drafts", [letter()])
    await session.select("Drafts")
    await session.select("Sent")
    with user.other_client("Drafts") as other:
        other.store("1", "+FLAGS", "\\Flagged")
    await session.select("Drafts")
    assert await session.idle(60)
    assert not await session.idle(0.05)


async def test_trap_04_our_own_questions_are_no_news(user: User, session: ImapSession) -> None:
    """FETCH and STORE of our own do not make idle return: that would be a busy loop."""
    user.fill("INBOX", [letter(number) for number in range(3)])
    await session.select("INBOX")
    await session.overview()
    await session.flags()
    assert await session.store(Uid(1), add=("\\Flagged", "$mine"))
    assert await session.fetch(Uid(2))
    assert not await session.idle(0.05)


async def test_trap_05_a_timeout_closes_the_connection(user: User, open_session: Open, proxy_to: ProxyTo) -> None:
    """A late answer can't be taken for another command's, because there is no other command."""
    proxy = await proxy_to(user.dovecot.port)
    session = await open_session(user.server(port=proxy.port))
    session.protocol.server = user.server(port=proxy.port, timeout=0.3)  # only now: logging in may take longer
    proxy.black_hole = True
    with pytest.raises(ImapTimeout, match="silent"):
        await session.noop()
    proxy.black_hole = False
    assert not session.alive
    with pytest.raises(ConnectionLost):
        await session.noop()


async def test_trap_05_a_cancelled_command_closes_the_connection(
    user: User, open_session: Open, proxy_to: ProxyTo
) -> None:
    """The same after cancellation."""
    proxy = await proxy_to(user.dovecot.port)
    session = await open_session(user.server(port=proxy.port))
    proxy.black_hole = True
    asking = asyncio.create_task(session.noop())
    await until(lambda: session.protocol.pending_sync_command is not None)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert not session.alive


async def test_trap_05_a_late_go_ahead_is_not_taken_for_the_next_command(
    open_session: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """APPEND timed out while waiting for `+`: when it comes nobody is there, nothing of the message is sent, and a retry is safe."""
    monkeypatch.setattr(session_module, "APPEND_PATIENCE", 0.2)
    async with ScriptedServer({"literal": (), "APPEND": ("!wait", "+ go on", "!read")}) as server:
        session = await open_session(server.server())
        session.protocol.server = server.server(timeout=0.2)
        with pytest.raises(ImapTimeout):
            await session.append("Sent", letter())
        server.go_on.set()
        with pytest.raises(ConnectionLost):
            await session.append("Sent", letter())
        await until(lambda: not server._tasks)
        assert server.lines == []


async def test_trap_05_storing_a_message_may_take_five_minutes(
    user: User, session: ImapSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """APPEND has at least 300 s whatever the time-out of other commands is."""
    patience: list[float] = []
    watch = session.protocol._watch

    def noting(seconds: float) -> None:
        patience.append(seconds)
        watch(seconds)

    monkeypatch.setattr(session.protocol, "_watch", noting)
    await session.append("Sent", letter())
    assert patience == [300]


async def test_trap_06_a_lost_reply_to_append_is_uncertain(user: User, open_session: Open, proxy_to: ProxyTo) -> None:
    """The message is stored and the reply lost: the error says so, and a search finds exactly one."""
    proxy = await proxy_to(user.dovecot.port)
    session = await open_session(user.server(port=proxy.port))
    proxy.drop_reply = re.compile(rb"APPENDUID")
    with pytest.raises(AppendUncertain, match="may be stored"):
        await session.append("Sent", letter())
    again = await open_session(user.server())
    await again.select("Sent")
    assert await again.search_message_id(message_id()) == [1]


async def test_trap_06_a_connection_lost_before_the_last_octet_is_certain(
    user: User, open_session: Open, proxy_to: ProxyTo
) -> None:
    """Cut in the middle of the upload: nothing is stored, and the error is one that may be retried."""
    proxy = await proxy_to(user.dovecot.port)
    session = await open_session(user.server(port=proxy.port))
    proxy.cut_client_after = 200_000
    with pytest.raises(ConnectionLost):
        await session.append("Sent", letter(body=b"x" * 70 + b"\r\n" + b"y" * 20_000_000 + b"\r\n"))
    assert user.contents("Sent") == {}


@pytest.mark.parametrize("tls", [Tls.IMPLICIT, Tls.STARTTLS])
async def test_trap_07_a_lost_connection_is_told_over_tls_too(
    user: User, open_session: Open, proxy_to: ProxyTo, tls: Tls
) -> None:
    """The loss is told over TLS as well, which aioimaplib's IMAP4_SSL can't."""
    proxy = await proxy_to(user.dovecot.tls_port if tls is Tls.IMPLICIT else user.dovecot.port)
    told = asyncio.Event()
    session = await open_session(user.server(tls, port=proxy.port), on_dirty=told.set)
    proxy.reset()
    async with asyncio.timeout(5):
        await told.wait()
    assert not session.alive


async def test_trap_08_an_unanswered_done_is_a_dead_connection(
    user: User, open_session: Open, proxy_to: ProxyTo
) -> None:
    """A half-open connection swallows DONE; that is noticed within the time-out."""
    proxy = await proxy_to(user.dovecot.port)
    session = await open_session(user.server(port=proxy.port))
    await session.select("INBOX")
    idling = asyncio.create_task(session.idle(60))
    await until(session.protocol._idle_event.is_set)
    proxy.black_hole = True
    session.protocol.server = user.server(port=proxy.port, timeout=0.3)  # only now: logging in may take longer
    session.protocol.mark_changed()  # ends the round
    async with asyncio.timeout(5):
        with pytest.raises(ImapTimeout):
            await idling
    assert not session.alive


async def test_trap_09_ok_to_a_move_of_nothing_is_no_success(any_session: ImapSession) -> None:
    """Servers say OK when the message is not there; None is returned, because nothing landed anywhere."""
    await any_session.create("Held")
    await any_session.select("INBOX")
    assert await any_session.move(Uid(4711), "Held") is None


async def test_trap_09_ok_to_a_store_that_hit_nothing_is_no_success(any_session: ImapSession) -> None:
    """Likewise for flags."""
    await any_session.select("INBOX")
    assert await any_session.store(Uid(4711), add=("\\Flagged",)) is False


async def test_trap_09_a_store_answered_with_modified_did_not_happen(open_session: Open) -> None:
    """OK [MODIFIED 4] means that message 4 was left alone."""
    async with ScriptedServer(
        {"UID STORE": ("{tag} OK [MODIFIED 4] done",), "UID FETCH": ("* 1 FETCH (UID 4 FLAGS ())", "{tag} OK")}
    ) as server:
        session = await open_session(server.server())
        await session.select("INBOX")
        assert await session.store(Uid(4), add=("\\Flagged",)) is False


@pytest.mark.parametrize("name", AWKWARD_NAMES)
async def test_trap_10_names_beyond_ascii_work_in_every_command(any_session: ImapSession, name: str) -> None:
    """Quoted and in modified UTF-7: create, subscribe, select, status, append, move."""
    await any_session.create(name)
    await any_session.subscribe(name)
    await any_session.append(name, letter())
    selected = await any_session.select(name)
    assert (selected.name, selected.exists) == (name, 1)
    (uid,) = await any_session.search_message_id(message_id())
    await any_session.create(name + " 2")
    assert await any_session.move(uid, name + " 2")
    assert (await any_session.status(name + " 2")).messages == 1
    assert any(box.name == name and "\\subscribed" in box.attributes for box in await any_session.list_mailboxes())


async def test_trap_11_a_refused_oauth_token_is_an_answer(user: User, open_session: Open) -> None:
    """The challenge with the error is answered with an empty line; then the server says NO instead of waiting."""
    script = {"AUTHENTICATE": ("+ eyJzdGF0dXMiOiI0MDAifQ==", "!read", "{tag} NO [AUTHENTICATIONFAILED] token expired")}
    async with ScriptedServer(script, greeting="* OK ready", capabilities="IMAP4rev1 LOGINDISABLED") as server:
        protocol = HardenedProtocol(server.server())
        await asyncio.get_running_loop().create_connection(lambda: protocol, "127.0.0.1", server.port)
        async with asyncio.timeout(5):
            await protocol.greeted()
            response = await protocol.xoauth2("anna", "expired")
        assert response.result == "NO"
        assert server.lines == [b""]
        protocol.transport.abort()


async def test_trap_11_bye_as_a_greeting_is_a_refusal(open_session: Open) -> None:
    """A server that is full says so and is not waited for."""
    async with ScriptedServer(greeting="* BYE [UNAVAILABLE] Too many connections") as server:
        async with asyncio.timeout(5):
            with pytest.raises(ConnectionLost, match="Too many connections"):
                await connect(server.server(), "secret")


async def test_trap_12_a_bare_line_feed_is_stored_as_crlf(user: User, session: ImapSession) -> None:
    """Dovecot turns LF into CRLF: what comes back equals what was sent in CRLF form, not byte for byte."""
    raw = letter(body=b"one\ntwo\r\nthree\n")
    appended = await session.append("Drafts", raw)
    await session.select("Drafts")
    assert appended.uid is not None
    assert await session.fetch(appended.uid) == raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


async def test_trap_13_a_wrong_password_is_an_error(user: User) -> None:
    """NO to the login raises, names the login, and warns of lockout."""
    with pytest.raises(LoginRefused, match=r"user name and password.*lock") as refused:
        await ImapSession.open(user.server(), "wrong")
    assert not refused.value.temporary
    assert refused.value.code == "AUTHENTICATIONFAILED"


async def test_trap_13_every_refusal_is_an_error(any_session: ImapSession) -> None:
    """NO to any other command raises too."""
    with pytest.raises(MailboxMissing, match="nowhere"):
        await any_session.select("nowhere")
    with pytest.raises(MailboxMissing):
        await any_session.status("nowhere")
    with pytest.raises(MailboxMissing):
        await any_session.append("nowhere", letter())
    assert any_session.alive
