"""Undoing what the daemon has carried out already: the message is back where its author can decide, whole, and goes out once or not at all."""

from __future__ import annotations

from datetime import timedelta

from coolmail.cli import acts
from coolmail.cli.undo import undo_one, undoable
from coolmail.core.entry import Entry
from coolmail.core.states import State
from tests.daemon.test_editing import ask, finished, the_held_one
from tests.daemon.test_holding import ANYWAY, HELD, REVIEW
from tests.daemon.world import BOB, HEATED, World


async def undo(world: World, entry: Entry) -> str:
    """Undo the last thing done with a message; return what is said."""
    (deed,) = await undoable(world.journal, world.now(), entry.id)
    act = await undo_one(world.journal, deed, now=world.now())
    assert act.done, act.said
    return act.said


async def test_a_cancelled_message_comes_back_into_review(world: World) -> None:
    """Byte for byte; it is not sent by itself."""
    entry = await the_held_one(world)
    raw = await world.journal.raw(entry.id)
    assert (await acts.cancel(world.journal, entry, now=world.now())).done
    await world.reaches(State.CANCELLED)
    assert "it is put into Review" in await undo(world, entry)
    await world.reaches(State.REVIEW)
    assert list((await world.messages(REVIEW)).values()) == [raw]
    world.skip(timedelta(hours=49))
    await world.swept()
    assert world.sink.accepted == []


async def test_a_withdrawn_message_comes_back_and_goes_out_once(dovecot_world: World) -> None:
    """It is taken out of Drafts again: a second copy there would be in the way of its sending."""
    world = dovecot_world
    entry = await the_held_one(world)
    assert (await acts.withdraw(world.journal, entry, now=world.now())).done
    await world.reaches(State.WITHDRAWN)
    await undo(world, entry)
    await world.reaches(State.REVIEW)

    async def told() -> bool:
        return any(one.note_kind == "review" for one in await world.journal.in_state(State.REVIEW))

    await world.until(told)
    assert not any(HEATED.encode() in raw for raw in (await world.messages("Drafts")).values())
    await world.drag(REVIEW, ANYWAY)
    await world.reaches(State.FILED)
    await world.swept()
    assert len(world.sink.accepted) == 1


async def test_a_release_whose_server_does_not_answer_is_stopped(dovecot_world: World) -> None:
    """It is due and tried again and again; undone, it lies in Drafts and is not tried any more."""
    world = dovecot_world
    world.sink.recipients[BOB] = "450 4.2.1 later"
    entry = await the_held_one(world)
    assert (await acts.release(world.journal, entry, now=world.now())).done

    async def tried() -> bool:
        return any(one.attempts for one in await world.journal.in_state(State.DUE))

    await world.until(tried)
    assert "it goes back to Drafts" in await undo(world, entry)
    await world.reaches(State.WITHDRAWN)
    world.sink.recipients.clear()
    world.skip(timedelta(hours=5))
    await world.swept()
    assert world.sink.accepted == []
    assert len(await world.messages("Drafts")) == 2


async def test_an_edit_that_took_its_place_is_undone(dovecot_world: World) -> None:
    """The old words wait under the old deadline; both versions were never there at once for long, and none went out."""
    world = dovecot_world
    entry = await the_held_one(world)
    await ask(world, entry)
    await finished(world)
    assert "the version of before waits" in await undo(world, entry)
    await finished(world)
    (raw,) = (await world.messages(HELD)).values()
    assert HEATED.encode() in raw
    (after,) = await world.journal.in_state(State.HELD)
    assert (after.id, after.hold_until) == (entry.id, entry.hold_until)
    assert after.report is not None
    assert after.report.level.held
    assert world.sink.accepted == []
