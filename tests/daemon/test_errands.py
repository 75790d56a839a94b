"""What the command line asks for lies in the mailbox a moment later, once."""

from __future__ import annotations

import pytest

from coolmail.core.states import State
from coolmail.daemon import errands
from coolmail.daemon.desk import Desk
from coolmail.journal import Errand
from coolmail.mail.imap.errors import CommandRefused, ConnectionLost
from tests.daemon.test_holding import OUTBOX, held
from tests.daemon.world import CALM, World, letter

TALK = "<talk@studio.example>"


async def ask(world: World, role: str = "drafts", subject: str = "Re: A talk") -> Errand:
    """Ask for a message to be put into a mailbox."""
    (entry,) = await world.journal.in_state(State.HELD)
    raw = letter(CALM, subject=subject, message_id=TALK)
    return await world.journal.ask(Errand(entry.id, "work", "call", role, raw, TALK, world.now()))


async def done(world: World, errand: Errand) -> str:
    """Wait until an errand is finished; return its outcome."""

    async def finished() -> bool:
        return not await world.journal.errands("work")

    await world.until(finished)
    return next(one.outcome for one in await world.journal.errands_about(errand.message) if one.id == errand.id)


async def test_a_draft_is_put_into_drafts(world: World) -> None:
    r"""Byte for byte, with \\Draft, not flagged: it goes out only if the user says so."""
    await held(world)
    errand = await ask(world)
    assert "Drafts" in await done(world, errand)
    assert errand.raw in (await world.messages("Drafts")).values()
    assert {"\\Draft", "\\Seen"} <= await world.flags("Drafts", "A talk")
    assert "\\Flagged" not in await world.flags("Drafts", "A talk")


async def test_one_that_is_there_already_is_not_put_there_again(dovecot_world: World) -> None:
    """As after a crash between storing it and noting so."""
    world = dovecot_world
    await held(world)
    await world.save("Drafts", letter(CALM, subject="Re: A talk", message_id=TALK), "\\Draft")
    await done(world, await ask(world))
    assert (await world.subjects("Drafts")).count("Re: A talk") == 1


async def test_one_for_outbox_goes_the_way_of_every_mail(dovecot_world: World) -> None:
    """And is not put there a second time once it was sent."""
    world = dovecot_world
    await held(world)
    await done(world, await ask(world, "outbox"))
    await world.reaches(State.FILED, "A talk")
    again = await ask(world, "outbox")
    assert "already" in await done(world, again)
    await world.swept()
    assert await world.messages(OUTBOX) == {}
    assert len(world.sink.accepted) == 1


async def test_a_crash_between_storing_and_noting_leaves_one_copy(
    dovecot_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection is lost right after the message was stored; the next sweep finds it there."""
    world = dovecot_world
    await held(world)
    plain, cuts = errands._carry_out, []

    async def cut(desk: Desk, errand: Errand) -> str:
        outcome = await plain(desk, errand)
        if not cuts:
            cuts.append(outcome)
            raise ConnectionLost("cut")
        return outcome

    monkeypatch.setattr(errands, "_carry_out", cut)
    await done(world, await ask(world))
    assert len(cuts) == 1
    assert (await world.subjects("Drafts")).count("Re: A talk") == 1


async def test_a_server_that_refuses_is_asked_again(dovecot_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over quota: the reason can be read, held mail goes on, and the message is stored when there is room."""
    world = dovecot_world
    await held(world)
    plain, full = errands._carry_out, [True]

    async def over_quota(desk: Desk, errand: Errand) -> str:
        if full:
            raise CommandRefused("no", code="OVERQUOTA", text="Quota exceeded")
        return await plain(desk, errand)

    monkeypatch.setattr(errands, "_carry_out", over_quota)
    await ask(world)

    async def told() -> bool:
        return any("Quota exceeded" in errand.outcome for errand in await world.journal.errands("work"))

    await world.until(told)
    full.clear()
    (errand,) = await world.journal.errands("work")
    assert "Drafts" in await done(world, errand)


async def test_an_unknown_mailbox_is_said_and_not_tried_for_ever(dovecot_world: World) -> None:
    """An errand of a program that knew more."""
    await held(dovecot_world)
    assert "no mailbox" in await done(dovecot_world, await ask(dovecot_world, "archive"))
