"""Letters of ours beside a held mail: they are nobody's newer version of it, and go out only if the user says so."""

from __future__ import annotations

from datetime import timedelta

from coolmail.core.our_ids import our_id
from coolmail.core.states import State
from coolmail.journal import Errand
from tests.daemon.test_errands import done
from tests.daemon.test_holding import OUTBOX, held
from tests.daemon.world import ANNA, HEATED, World, letter


async def put(world: World, role: str = "drafts") -> Errand:
    """Ask for a letter of ours whose words are, at worst, those of the held mail: only its Message-ID tells what it is."""
    (entry,) = await world.journal.in_state(State.HELD)
    message_id = our_id("explain", ANNA, entry.message_id, HEATED)
    raw = letter(HEATED, message_id=message_id)
    errand = await world.journal.ask(Errand(entry.id, "work", "explain", role, raw, message_id, world.now()))
    await done(world, errand)
    return errand


async def test_a_letter_of_ours_is_no_newer_version(world: World) -> None:
    """The held mail is not frozen, and goes out at its deadline; the letter stays where it is."""
    await held(world)
    await put(world)
    await world.swept()
    (entry,) = await world.journal.in_state(State.HELD)
    assert not entry.frozen
    assert entry.note_kind == "held"
    assert entry.hold_until is not None
    world.skip(entry.hold_until - world.now() + timedelta(minutes=1))
    await world.reaches(State.FILED)
    assert len(world.sink.accepted) == 1
    assert len(await world.messages("Drafts")) == 2


async def test_a_version_of_the_users_still_is_one(dovecot_world: World) -> None:
    """The same words under a Message-ID of the client's freeze both."""
    world = dovecot_world
    await held(world)
    await put(world)
    await world.save("Drafts", letter(HEATED), "\\Draft")

    async def frozen() -> bool:
        (entry,) = await world.journal.in_state(State.HELD)
        return entry.frozen

    await world.until(frozen)


async def test_deleting_the_held_mail_beside_a_letter_of_ours_cancels_it(dovecot_world: World) -> None:
    """It is not taken for a version that the user edits."""
    world = dovecot_world
    await held(world)
    await put(world)
    await world.delete("Coolmail/Held")
    await world.reaches(State.CANCELLED)


async def test_a_letter_of_ours_that_is_declared_ready_goes_its_own_way(dovecot_world: World) -> None:
    """Calm as ours are, it is sent at once; the held mail waits on."""
    world = dovecot_world
    await held(world)
    await world.drag("Drafts", OUTBOX)

    async def sent() -> bool:
        return len(world.sink.accepted) == 1

    await world.until(sent)
    (entry,) = await world.journal.in_state(State.HELD)
    assert not entry.frozen
