"""Waiting for news."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from coolmail.core.settings import Server
from coolmail.mail.imap import ImapSession, Uid, idle
from tests.mail.imap.conftest import Open
from tests.mail.imap.letters import letter
from tests.servers.dovecot import User
from tests.servers.proxy import FaultProxy, hide
from tests.servers.scripted import ScriptedServer
from tests.servers.waiting import until

ProxyTo = Callable[[int], Awaitable[FaultProxy]]


async def test_idle_tells_of_new_mail(any_server: Server, open_session: Open) -> None:
    """A message stored by another client ends the wait."""
    session, other = await open_session(any_server), await open_session(any_server)
    await session.select("INBOX")
    waiting = asyncio.create_task(session.idle(30))
    await until(session.protocol._idle_event.is_set)
    await other.append("INBOX", letter())
    assert await waiting


async def test_idle_tells_of_flags_and_of_leaving(user: User, session: ImapSession, open_session: Open) -> None:
    """So do a flag and a move by another client."""
    user.fill("INBOX", [letter()])
    other = await open_session(user.server())
    await other.select("INBOX")
    await session.select("INBOX")
    for act in (lambda: other.store(Uid(1), add=("\\Flagged",)), lambda: other.move(Uid(1), "Sent")):
        waiting = asyncio.create_task(session.idle(30))
        await until(session.protocol._idle_event.is_set)
        await act()
        assert await waiting


async def test_idle_ends_in_peace_when_nothing_happens(any_session: ImapSession) -> None:
    """False after the time-out, and the connection works on."""
    await any_session.select("INBOX")
    assert await any_session.idle(0.05) is False
    assert await any_session.idle(0.05) is False
    await any_session.noop()


async def test_a_cancelled_idle_leaves_a_working_connection(any_session: ImapSession) -> None:
    """DONE is sent behind the caller's back; the next command waits for its answer."""
    await any_session.select("INBOX")
    waiting = asyncio.create_task(any_session.idle(30))
    await until(any_session.protocol._idle_event.is_set)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await until(lambda: not any_session.protocol.has_pending_idle_command())
    await any_session.noop()
    assert any_session.alive


async def test_what_a_cancelled_idle_missed_is_kept(user: User, session: ImapSession) -> None:
    """After a cancellation the next idle says "look" at once."""
    await session.select("INBOX")
    waiting = asyncio.create_task(session.idle(30))
    await until(session.protocol._idle_event.is_set)
    waiting.cancel()
    await asyncio.wait([waiting])
    await session.noop()
    async with asyncio.timeout(5):
        assert await session.idle(30)


async def test_another_command_ends_idle(session: ImapSession) -> None:
    """Whoever needs the connection gets it; the waiter is told to look."""
    await session.select("INBOX")
    waiting = asyncio.create_task(session.idle(30))
    await until(session.protocol._idle_event.is_set)
    async with asyncio.timeout(5):
        assert (await session.status("Drafts")).messages == 0
        assert await waiting


async def test_without_idle_the_server_is_asked_now_and_then(
    user: User, open_session: Open, proxy_to: ProxyTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NOOP stands in for IDLE, and brings the same news."""
    monkeypatch.setattr(idle, "POLL", 0.05)
    proxy = await proxy_to(user.dovecot.port)
    proxy.rewrite = hide("IDLE")
    session = await open_session(user.server(port=proxy.port))
    await session.select("INBOX")
    assert await session.idle(0.12) is False
    waiting = asyncio.create_task(session.idle(30))
    await until(lambda: sum(b"NOOP" in command for command in proxy.commands) > 4)
    with user.other_client() as other:
        other.append("INBOX", "", "", letter())
    assert await waiting
    assert not any(b"IDLE" in command for command in proxy.commands)


async def test_a_server_that_refuses_idle_is_polled(open_session: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """IDLE promised and refused: NOOP it is."""
    monkeypatch.setattr(idle, "POLL", 0.02)
    async with ScriptedServer({"IDLE": ("{tag} NO not today",)}) as server:
        session = await open_session(server.server())
        await session.select("INBOX")
        assert await session.idle(0.05) is False
        assert server.received.count(b"NOOP") >= 2


async def test_a_round_of_idle_is_at_most_ten_minutes(session: ImapSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the caller asks, IDLE is renewed long before servers and routers lose patience."""
    assert idle.LONGEST == 600
    monkeypatch.setattr(idle, "LONGEST", 0.05)
    await session.select("INBOX")
    async with asyncio.timeout(5):
        assert await session.idle(3600) is False


async def test_news_that_is_no_news_does_not_end_idle(open_session: Open) -> None:
    """A server that repeats the count at every IDLE does not keep us busy."""
    async with ScriptedServer({"IDLE": ("+ idling", "* 1 EXISTS", "* OK still here", "!read", "{tag} OK")}) as server:
        session = await open_session(server.server())
        await session.select("INBOX")
        assert await session.idle(0.1) is False
