"""An edited version takes the place of the message that waits: once, whatever crashes, and what comes too late is kept."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from coolmail.cli import acts
from coolmail.core.entry import Entry
from coolmail.core.states import Decision, State
from coolmail.core.tone import ToneReport
from coolmail.daemon import editing
from coolmail.journal import Errand, Journal
from coolmail.journal.edits import EDIT, PLACED, pending, replaced
from coolmail.mail.edited import renamed
from coolmail.mail.imap.errors import ConnectionLost
from coolmail.tone import ModelUnavailable
from tests.daemon.test_holding import ANYWAY, HELD, REVIEW, held
from tests.daemon.world import HEATED, SOFTENED, World

_numbers = itertools.count(1)


async def ask(world: World, entry: Entry, words: str = SOFTENED, *, send: bool = False) -> bytes:
    """Edit a waiting message as the command line does; return the bytes of the new version."""
    old = await acts.base(world.journal, entry)
    message_id = f"<edit{next(_numbers)}@studio.example>"
    head, _, _ = old.partition(b"\r\n\r\n")
    new = renamed(head + b"\r\n\r\n" + words.encode(), message_id)
    act = await acts.edit(world.journal, entry, new, message_id, begun_with=old, now=world.now(), send=send)
    assert act.done, act.said
    return new


async def the_held_one(world: World) -> Entry:
    """Bring a heated reply to where it is held; return its entry."""
    await held(world)
    (entry,) = await world.journal.in_state(State.HELD)
    return entry


async def finished(world: World) -> None:
    """Wait until no edit is under way, and the user was told how things stand."""

    async def done() -> bool:
        waiting = await world.journal.in_state(State.HELD)
        return not await world.journal.errands("work") and all(entry.note_kind is not None for entry in waiting)

    await world.until(done)


async def test_the_new_version_waits_in_the_place_of_the_old_one(world: World) -> None:
    """Byte for byte in Held, under the same id and with the same deadline, judged anew; the note is told anew; nothing is sent."""
    entry = await the_held_one(world)
    new = await ask(world, entry)
    await finished(world)
    (after,) = await world.journal.in_state(State.HELD)
    assert list((await world.messages(HELD)).values()) == [new]
    assert await world.journal.raw(entry.id) == new
    assert (after.id, after.hold_until, after.frozen) == (entry.id, entry.hold_until, False)
    assert after.report is not None
    assert not after.report.level.held
    notes = [raw for raw in (await world.messages("INBOX")).values() if b"Waiting until" in raw]
    assert len(notes) == 1
    assert world.sink.accepted == []
    (old,) = await replaced(world.journal, entry.id)
    assert old.outcome == PLACED
    assert HEATED.encode() in old.raw
    assert any("you edited it: heat was 0." in event.what for event in await world.journal.events(entry.id))


async def test_the_new_version_is_what_goes_out_at_the_deadline(dovecot_world: World) -> None:
    """Once."""
    world = dovecot_world
    entry = await the_held_one(world)
    await ask(world, entry)
    await finished(world)
    world.skip(timedelta(hours=49))
    await world.reaches(State.FILED)
    assert [b"Could we talk tomorrow" in sent.content for sent in world.sink.accepted] == [True]
    assert await world.messages(HELD) == {}


async def test_edit_and_send_sends_the_new_version(world: World) -> None:
    """At once, and the old one never."""
    entry = await the_held_one(world)
    await ask(world, entry, send=True)
    await world.reaches(State.FILED)
    assert len(world.sink.accepted) == 1
    assert b"Could we talk tomorrow" in world.sink.accepted[0].content
    assert await world.messages(HELD) == {}


async def test_several_edits_while_the_daemon_is_down_end_with_the_last(dovecot_world: World) -> None:
    """In their order; a deadline that passed meanwhile sends the last version, not the first."""
    world = dovecot_world
    entry = await the_held_one(world)
    await world.stop()
    world.skip(timedelta(hours=49))
    async with acts_on(world):
        await ask(world, entry, HEATED + "PS: I mean it.\r\n")
        await ask(world, entry)
    await world.start()
    await world.reaches(State.FILED)
    assert [b"Could we talk tomorrow" in sent.content for sent in world.sink.accepted] == [True]
    await finished(world)
    assert await world.messages(HELD) == {}


def acts_on(world: World) -> Any:
    """Open the journal of a world whose daemon is stopped."""

    class Opened:
        async def __aenter__(self) -> None:
            world.journal = await world._open.enter_async_context(Journal.open(world.journal_file))

        async def __aexit__(self, *_: object) -> None:
            await world._open.aclose()

    return Opened()


STEPS = ["append_once", "replace", "_remove_old", "_finish"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
async def test_a_crash_at_any_step_leaves_one_version(
    dovecot_world: World, monkeypatch: pytest.MonkeyPatch, step: str, before: bool
) -> None:
    """The connection is lost before or after each step; the next sweep goes on, and until then nothing is sent."""
    world = dovecot_world
    entry = await the_held_one(world)
    plain: Callable[..., Awaitable[Any]] = getattr(editing, step)
    cuts = []

    async def cut(*args: Any, **more: Any) -> Any:
        if not cuts and before:
            cuts.append(step)
            raise ConnectionLost("cut")
        outcome = await plain(*args, **more)
        if not cuts:
            cuts.append(step)
            raise ConnectionLost("cut")
        return outcome

    monkeypatch.setattr(editing, step, cut)
    world.skip(timedelta(hours=20))
    new = await ask(world, entry)
    await finished(world)
    assert cuts == [step]
    assert list((await world.messages(HELD)).values()) == [new]
    assert await world.journal.raw(entry.id) == new
    assert [found.id for found in await world.journal.recent()] == [entry.id]
    world.skip(timedelta(hours=29))
    await world.reaches(State.FILED)
    assert [b"Could we talk tomorrow" in sent.content for sent in world.sink.accepted] == [True]


async def test_what_comes_too_late_lies_in_drafts(dovecot_world: World) -> None:
    """It went out before the daemon saw the edit: the log says so, and what was written is no more lost than sent."""
    world = dovecot_world
    entry = await the_held_one(world)
    old = await acts.base(world.journal, entry)
    assert await world.decide(entry, Decision.RELEASE)
    await world.reaches(State.FILED)
    new = renamed(old.replace(HEATED.encode(), SOFTENED.encode()), "<late@studio.example>")
    await world.journal.ask(Errand(entry.id, "work", EDIT, "held", new, "<late@studio.example>", world.now()))
    await finished(world)
    assert new in (await world.messages("Drafts")).values()
    assert any("your edit came too late" in event.what for event in await world.journal.events(entry.id))
    await world.swept()
    assert len(world.sink.accepted) == 1


async def test_one_that_the_user_takes_back_at_the_same_time(dovecot_world: World) -> None:
    """Moved to Drafts with the mail client: withdrawn, and the edited version lies there, too."""
    world = dovecot_world
    entry = await the_held_one(world)
    await world.stop()
    async with acts_on(world):
        new = await ask(world, entry)
    await world.drag(HELD, "Drafts")
    await world.start()
    await world.reaches(State.WITHDRAWN)
    await finished(world)
    assert new in (await world.messages("Drafts")).values()
    assert await world.messages(HELD) == {}
    await world.swept()
    assert world.sink.accepted == []


async def test_cancelled_while_its_edit_waits(dovecot_world: World) -> None:
    """Neither version goes out; what was written lies in Drafts."""
    world = dovecot_world
    entry = await the_held_one(world)
    await world.stop()
    async with acts_on(world):
        new = await ask(world, entry, send=True)
        assert await world.decide(entry, Decision.CANCEL)
    await world.start()
    await finished(world)
    (after,) = [found for found in await world.journal.recent() if found.id == entry.id]
    assert after.state is State.CANCELLED
    assert world.sink.accepted == []
    assert await world.messages(HELD) == {}
    kept = [await world.journal.raw(entry.id), *(await world.messages("Drafts")).values()]
    assert new in kept


async def test_a_release_for_the_old_version_is_not_one_for_the_new(dovecot_world: World) -> None:
    """It was released first and edited then: it waits. Released after the edit, it goes."""
    world = dovecot_world
    entry = await the_held_one(world)
    await world.stop()
    async with acts_on(world):
        await ask(world, entry)
        assert await world.decide(entry, Decision.RELEASE)
    await world.start()
    await finished(world)
    (after,) = await world.journal.in_state(State.HELD)
    assert after.decision is None
    await world.stop()
    async with acts_on(world):
        await ask(world, after, SOFTENED + "PS: Thank you.\r\n")
        assert (await acts.release(world.journal, after, now=world.now())).done
    await world.start()
    await world.reaches(State.FILED)
    assert [b"PS: Thank you." in sent.content for sent in world.sink.accepted] == [True]


async def test_one_in_review_stays_there(dovecot_world: World) -> None:
    """Edited, it still needs a decision."""
    world = dovecot_world
    entry = await the_held_one(world)
    await world.drag(HELD, REVIEW)
    entry = await world.reaches(State.REVIEW)
    new = await ask(world, entry)
    await finished(world)
    assert list((await world.messages(REVIEW)).values()) == [new]
    world.skip(timedelta(hours=49))
    await world.swept()
    assert world.sink.accepted == []
    await world.drag(REVIEW, ANYWAY)
    await world.reaches(State.FILED)
    assert b"Could we talk tomorrow" in world.sink.accepted[0].content


async def test_nothing_goes_while_its_edit_cannot_be_judged(
    dovecot_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model is gone: neither the old version nor the new one goes out at the deadline; the journal says what keeps it."""
    world = dovecot_world
    entry = await the_held_one(world)
    plain, gone = world.judge.judge, [True]

    async def judge(texts: Sequence[str]) -> list[ToneReport]:
        if gone:
            raise ModelUnavailable("There is no tone model")
        return await plain(texts)

    monkeypatch.setattr(world.judge, "judge", judge)
    await ask(world, entry)
    world.skip(timedelta(hours=49))

    async def told() -> bool:
        edit = await pending(world.journal, entry.id)
        return edit is not None and "There is no tone model" in edit.outcome

    await world.until(told)
    await world.swept()
    assert world.sink.accepted == []
    gone.clear()
    await world.reaches(State.FILED)
    assert [b"Could we talk tomorrow" in sent.content for sent in world.sink.accepted] == [True]
