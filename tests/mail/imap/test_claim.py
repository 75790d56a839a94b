"""The claim: of several daemons exactly one has the message, whatever they do at the same moment.

The races are tight: everybody has looked, seen the message free, and waits at a gate; then all move at once. `COOLMAIL_RACES` sets how many
messages are raced for in each of them (300).
"""

from __future__ import annotations

import asyncio
import os
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from coolmail.mail.imap import (
    AppendUncertain,
    ConnectionLost,
    ImapSession,
    Moved,
    Uid,
    claim,
    claim_by_append,
    moving,
    reclaim,
)
from tests.mail.imap.conftest import Open
from tests.mail.imap.letters import letter, message_id
from tests.servers.dovecot import User
from tests.servers.proxy import FaultProxy, hide

ProxyTo = Callable[[int], Awaitable[FaultProxy]]
RACES = int(os.environ.get("COOLMAIL_RACES", "300"))


class Gate:
    """Opens when everybody stands before it."""

    def __init__(self, runners: int) -> None:
        self.missing = self.runners = runners
        self.opened = asyncio.Event()

    async def wait(self) -> None:
        """Stand before the gate until it opens."""
        self.missing -= 1
        if self.missing == 0:
            self.opened.set()
        await self.opened.wait()


def gated(session: ImapSession, method: str, gate: Gate) -> Callable[[], None]:
    """Make the next call of a method wait at the gate; returns what undoes it."""
    plain = getattr(session, method)

    async def wait_then(*args: Any, **kwargs: Any) -> Any:
        await gate.wait()
        return await plain(*args, **kwargs)

    setattr(session, method, wait_then)
    return lambda: delattr(session, method)


async def race(
    sessions: list[ImapSession], method: str, attempt: Callable[[ImapSession], Awaitable[Moved | None]]
) -> list[Moved | None]:
    """Let every session try, all of them stopped at the gate before `method`."""
    gate = Gate(len(sessions))
    undo = [gated(session, method, gate) for session in sessions]
    results = await asyncio.gather(*(attempt(session) for session in sessions))
    for put_back in undo:
        put_back()
    assert gate.opened.is_set(), "somebody did not reach the gate"
    return results


async def take(number: int, session: ImapSession) -> Moved | None:
    """Claim a letter."""
    return await claim(session, "Outbox", Uid(number), "Sending", message_id(number))


async def take_by_append(number: int, completed: bytes, session: ImapSession) -> Moved | None:
    """Claim a draft without Message-ID."""
    return await claim_by_append(
        session, "Outbox", Uid(number), "Sending", message_id(number), completed, flags=("\\Seen",)
    )


async def just_move(number: int, session: ImapSession) -> Moved | None:
    """Move a letter, which is no claim."""
    return await session.move(Uid(number), "Sending")


@pytest.mark.timeout(max(120, RACES))
@pytest.mark.parametrize("daemons", [2, 3])
async def test_a_race_has_exactly_one_winner(stored_user: User, open_session: Open, daemons: int) -> None:
    """Maildir and sdbox, two and three daemons: one winner each, and the target holds exactly the winners' copies."""
    stored_user.fill("Outbox", (letter(number) for number in range(1, RACES + 1)))
    sessions = [await open_session(stored_user.server()) for _ in range(daemons)]
    await sessions[0].create("Sending")
    winners: Counter[int] = Counter()
    won: dict[int, bytes] = {}
    for number in range(1, RACES + 1):
        results = await race(sessions, "move", partial(take, number))
        winners[sum(result is not None for result in results)] += 1
        won |= {result.uid: letter(number) for result in results if result}
    assert winners == {1: RACES}
    assert stored_user.contents("Sending") == won
    assert stored_user.contents("Outbox") == {}


async def test_the_race_is_a_real_one(user: User, open_session: Open) -> None:
    """MOVE alone lets several sessions win: without this, the other tests would prove nothing."""
    user.fill("Outbox", (letter(number) for number in range(1, 51)))
    sessions = [await open_session(user.server()) for _ in range(2)]
    await sessions[0].create("Sending")
    both = 0
    for number in range(1, 51):
        for session in sessions:
            await session.select("Outbox")
        results = await race(sessions, "move", partial(just_move, number))
        both += all(results)
    assert both > 0


@pytest.mark.parametrize("daemons", [2, 3])
async def test_a_race_by_append_has_exactly_one_winner(stored_user: User, open_session: Open, daemons: int) -> None:
    """Drafts without a Message-ID are claimed by storing the completed copy: one winner, one copy, the draft gone."""
    count = max(RACES // 10, 10)
    drafts = [f"Subject: draft {number}\r\n\r\nbody {number}\r\n".encode() for number in range(1, count + 1)]
    stored_user.fill("Outbox", drafts)
    sessions = [await open_session(stored_user.server()) for _ in range(daemons)]
    await sessions[0].create("Sending")
    for number, draft in enumerate(drafts, 1):
        completed = f"Message-ID: {message_id(number)}\r\n".encode() + draft
        results = await race(
            sessions,
            "append",
            partial(take_by_append, number, completed),
        )
        assert sum(result is not None for result in results) == 1
    copies = stored_user.contents("Sending")
    assert sorted(copies.values()) == sorted(
        f"Message-ID: {message_id(n)}\r\n".encode() + draft for n, draft in enumerate(drafts, 1)
    )
    assert stored_user.contents("Outbox") == {}


@pytest.mark.parametrize("lacking", [("MOVE",), ("MOVE", "UIDPLUS")], ids=["without MOVE", "without both"])
async def test_a_race_without_the_extensions_never_has_two_winners(
    user: User, open_session: Open, proxy_to: ProxyTo, lacking: tuple[str, ...]
) -> None:
    """Without UIDPLUS both may lose, which is safe; that both win may not happen."""
    count = 30
    user.fill("Outbox", (letter(number) for number in range(1, count + 1)))
    sessions = []
    for _ in range(2):
        proxy = await proxy_to(user.dovecot.port)
        proxy.rewrite = hide(*lacking)
        sessions.append(await open_session(user.server(port=proxy.port)))
    await sessions[0].create("Sending")
    winners: Counter[int] = Counter()
    for number in range(1, count + 1):
        results = await race(sessions, "move", partial(take, number))
        winners[sum(result is not None for result in results)] += 1
    assert winners.keys() <= {0, 1}
    assert set(user.contents("Sending").values()) == {letter(number) for number in range(1, count + 1)}


async def test_a_winner_who_has_already_sent_and_filed_is_not_overlooked(
    user: User, open_session: Open, proxy_to: ProxyTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rival won, sent and removed its copy before we look: our copy is not proven, and is left for a human."""
    user.fill("Outbox", [letter()])
    user.fill("Sending", [])
    fast, slow = [await open_session(user.server(port=(await without_move(user, proxy_to)).port)) for _ in range(2)]
    looked, fast_copied, slow_copied, filed = (asyncio.Event() for _ in range(4))
    plain = moving.expunge

    async def expunge(session: ImapSession, uid: Uid) -> None:
        # Without MOVE it is COPY, then EXPUNGE; in between, everybody waits for the worst moment.
        if session is fast and not fast_copied.is_set():
            fast_copied.set()
            await slow_copied.wait()
        elif session is slow and not slow_copied.is_set():
            slow_copied.set()
            await filed.wait()
        await plain(session, uid)

    async def move_after(event: asyncio.Event, session: ImapSession, uid: Uid, target: str) -> Moved | None:
        if session is slow:
            looked.set()
        await event.wait()
        return await ImapSession.move(session, uid, target)

    monkeypatch.setattr(moving, "expunge", expunge)
    monkeypatch.setattr(fast, "move", partial(move_after, looked, fast))
    monkeypatch.setattr(slow, "move", partial(move_after, fast_copied, slow))
    late = asyncio.create_task(claim(slow, "Outbox", Uid(1), "Sending", message_id()))
    first = await claim(fast, "Outbox", Uid(1), "Sending", message_id())
    assert first is not None
    assert len(user.contents("Sending")) == 2
    await fast.select("Sending")
    await fast.expunge(first.uid)
    filed.set()
    assert await late is None
    assert list(user.contents("Sending").values()) == [letter()]


async def without_move(user: User, proxy_to: ProxyTo) -> FaultProxy:
    """Return a proxy behind which Dovecot seems to lack MOVE."""
    proxy = await proxy_to(user.dovecot.port)
    proxy.rewrite = hide("MOVE")
    return proxy


async def test_a_claim_takes_the_message_and_tells_where_it_is(any_session: ImapSession) -> None:
    """Alone, a claim is a move."""
    await any_session.create("Outbox")
    await any_session.create("Sending")
    appended = await any_session.append("Outbox", letter())
    assert appended.uid is not None
    moved = await claim(any_session, "Outbox", appended.uid, "Sending", message_id())
    assert moved is not None
    await any_session.select("Sending")
    assert await any_session.fetch(moved.uid) == letter()


async def test_a_message_that_is_already_in_the_target_is_left_alone(user: User, session: ImapSession) -> None:
    """Somebody has it: nothing is moved, nothing is removed."""
    user.fill("Outbox", [letter()])
    user.fill("Sending", [letter()])
    assert await claim(session, "Outbox", Uid(1), "Sending", message_id()) is None
    assert (len(user.contents("Outbox")), len(user.contents("Sending"))) == (1, 1)


async def test_a_uid_that_is_another_message_now_is_left_alone(user: User, session: ImapSession) -> None:
    """The UID must still carry this Message-ID (UIDVALIDITY may have changed)."""
    user.fill("Outbox", [letter("stranger")])
    user.fill("Sending", [])
    assert await claim(session, "Outbox", Uid(1), "Sending", message_id()) is None
    assert len(user.contents("Outbox")) == 1


async def test_a_message_that_is_gone_cannot_be_claimed(user: User, session: ImapSession) -> None:
    """None, and nothing appears in the target."""
    user.fill("Outbox", [letter(1), letter(2)])
    user.fill("Sending", [])
    assert await claim(session, "Outbox", Uid(3), "Sending", message_id(3)) is None
    assert user.contents("Sending") == {}


async def test_a_message_marked_deleted_is_somebody_elses(user: User, session: ImapSession) -> None:
    r"""A rival without UIDPLUS leaves the original marked `\Deleted`."""
    user.fill("Outbox", [letter()], flags="\\Deleted")
    user.fill("Sending", [])
    assert await claim(session, "Outbox", Uid(1), "Sending", message_id()) is None
    assert len(user.contents("Outbox")) == 1


async def test_two_versions_of_one_message_id_both_stay(user: User, open_session: Open) -> None:
    """A loser whose copy differs from the winner's keeps it there: it may be the newer text."""
    old, new = letter(body=b"old\r\n"), letter(body=b"much newer\r\n")
    user.fill("Outbox", [old, new])
    sessions = [await open_session(user.server()) for _ in range(2)]
    await sessions[0].create("Sending")
    uids = {id(session): Uid(number) for number, session in enumerate(sessions, 1)}
    results = await race(sessions, "move", lambda s: claim(s, "Outbox", uids[id(s)], "Sending", message_id()))
    assert sum(result is not None for result in results) == 1
    assert sorted(user.contents("Sending").values()) == sorted([old, new])


async def test_a_draft_that_was_edited_meanwhile_is_not_claimed_by_append(user: User, session: ImapSession) -> None:
    """The completed copy must have the draft's body."""
    user.fill("Outbox", [b"Subject: x\r\n\r\nedited\r\n"])
    user.fill("Sending", [])
    raw = f"Message-ID: {message_id()}\r\nSubject: x\r\n\r\nas it was\r\n".encode()
    assert await claim_by_append(session, "Outbox", Uid(1), "Sending", message_id(), raw) is None
    assert user.contents("Sending") == {}
    assert len(user.contents("Outbox")) == 1


async def test_after_a_lost_reply_to_the_move_the_message_is_found(
    user: User, open_session: Open, proxy_to: ProxyTo
) -> None:
    """The move happened, its reply did not arrive: `reclaim` on a new session says where the message is."""
    user.fill("Outbox", [letter()])
    user.fill("Sending", [])
    proxy = await proxy_to(user.dovecot.port)
    session = await open_session(user.server(port=proxy.port))
    proxy.drop_reply = re.compile(rb"COPYUID")
    with pytest.raises(ConnectionLost):
        await claim(session, "Outbox", Uid(1), "Sending", message_id())
    again = await open_session(user.server())
    found = await reclaim(again, "Sending", message_id())
    assert found is not None
    assert user.contents("Sending")[found.uid] == letter()
    assert user.contents("Outbox") == {}


async def test_after_a_lost_connection_before_the_move_the_message_is_where_it_was(
    user: User, open_session: Open, proxy_to: ProxyTo
) -> None:
    """The move never arrived: `reclaim` finds nothing, and the claim may be made again."""
    user.fill("Outbox", [letter()])
    user.fill("Sending", [])
    proxy = await proxy_to(user.dovecot.port)
    session = await open_session(user.server(port=proxy.port))
    proxy.cut_on_command = re.compile(rb"MOVE")
    with pytest.raises(ConnectionLost):
        await claim(session, "Outbox", Uid(1), "Sending", message_id())
    again = await open_session(user.server())
    assert await reclaim(again, "Sending", message_id()) is None
    assert await claim(again, "Outbox", Uid(1), "Sending", message_id()) is not None


async def test_a_lost_reply_to_the_append_loses_nothing(user: User, open_session: Open, proxy_to: ProxyTo) -> None:
    """The completed copy is stored, the draft still there, and the error says that it is uncertain."""
    draft = b"Subject: x\r\n\r\nbody\r\n"
    user.fill("Outbox", [draft])
    user.fill("Sending", [])
    proxy = await proxy_to(user.dovecot.port)
    session = await open_session(user.server(port=proxy.port))
    proxy.drop_reply = re.compile(rb"APPENDUID")
    raw = f"Message-ID: {message_id()}\r\n".encode() + draft
    with pytest.raises(AppendUncertain):
        await claim_by_append(session, "Outbox", Uid(1), "Sending", message_id(), raw)
    again = await open_session(user.server())
    assert await reclaim(again, "Sending", message_id()) is not None
    assert list(user.contents("Outbox").values()) == [draft]
