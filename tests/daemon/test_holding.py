"""Heated mail: held, told, released; and everything the user can do with it from a mail client."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from coolmail.core.settings import OnExpiry
from coolmail.core.states import Decision, State
from coolmail.mail.message import read_draft
from tests.daemon.world import BOB, HEATED, SOFTENED, World, letter, question, with_hold

OUTBOX, HELD, REVIEW, ANYWAY = "Coolmail/Outbox", "Coolmail/Held", "Coolmail/Review", "Coolmail/Send anyway"


async def held(world: World) -> None:
    """Bring a heated reply to where it is held and told."""
    await world.save("INBOX", question())
    await world.start()
    await world.save(OUTBOX, letter(HEATED), "\\Draft", "\\Seen")
    await world.reaches(State.HELD)

    async def told() -> bool:
        (entry,) = await world.journal.in_state(State.HELD)
        return entry.note_kind == "held"

    await world.until(told)


async def test_heated_mail_is_held_for_a_day_or_two(world: World) -> None:
    """Heated mail lies in Held, byte for byte, until 24 to 48 hours after it was taken; nothing was sent."""
    await held(world)
    (entry,) = await world.journal.in_state(State.HELD)
    assert entry.hold_until is not None
    assert timedelta(hours=24) <= entry.hold_until - entry.taken_at <= timedelta(hours=48, seconds=5)
    (raw,) = (await world.messages(HELD)).values()
    assert raw == await world.journal.raw(entry.id)
    assert world.sink.accepted == []


async def test_the_user_is_told_and_a_call_is_suggested(world: World) -> None:
    """A note in INBOX says why and until when; an unflagged call suggestion lies in Drafts, in the thread, and reads calm."""
    await held(world)
    notes = [raw for raw in (await world.messages("INBOX")).values() if b"Waiting until" in raw]
    assert len(notes) == 1
    assert b"multipart/alternative" in notes[0]
    (suggestion,) = (await world.messages("Drafts")).values()
    draft = read_draft(suggestion)
    assert [address for _, address in draft.to] == [BOB]
    assert draft.in_reply_to == "<question@client.example>"
    assert "\\Flagged" not in await world.flags("Drafts", "logo")
    (report,) = await world.judge.judge([draft.own_text.text])
    assert not report.level.held


async def test_at_the_deadline_it_is_sent(world: World) -> None:
    """At its deadline, and not before, held mail is sent and filed, and the note is taken away."""
    await held(world)
    (entry,) = await world.journal.in_state(State.HELD)
    assert entry.hold_until is not None
    world.skip(entry.hold_until - world.now() - timedelta(minutes=1))
    await world.swept()
    assert world.sink.accepted == []
    world.skip(timedelta(minutes=2))
    await world.reaches(State.FILED)
    assert len(world.sink.accepted) == 1
    assert await world.messages(HELD) == {}
    assert await world.subjects("INBOX") == ["The new logo"]


async def test_a_reminder_comes_before_the_deadline(world: World) -> None:
    """Two hours before the deadline the note is replaced by a reminder."""
    await held(world)
    (entry,) = await world.journal.in_state(State.HELD)
    assert entry.hold_until is not None
    world.skip(entry.hold_until - world.now() - timedelta(hours=1))

    async def reminded() -> bool:
        subjects = await world.subjects("INBOX")
        return len(subjects) == 2 and any(subject.startswith("Goes out") for subject in subjects)

    await world.until(reminded)


async def test_send_anyway_overrides(world: World) -> None:
    """A held message moved to Send anyway goes out at once."""
    await held(world)
    await world.drag(HELD, ANYWAY)
    await world.reaches(State.FILED)
    assert len(world.sink.accepted) == 1


async def test_deleting_cancels(world: World) -> None:
    """A held message deleted from Held is cancelled: never sent, its content kept in the journal, the note gone."""
    await held(world)
    await world.delete(HELD)
    entry = await world.reaches(State.CANCELLED)
    world.skip(timedelta(days=3))
    await world.swept()
    assert world.sink.accepted == []
    assert await world.journal.raw(entry.id) is not None
    assert await world.subjects("INBOX") == ["The new logo"]


async def test_restoring_a_cancelled_message_puts_it_into_review(world: World) -> None:
    """A cancelled message that the user wants back lies in Review, byte for byte, and is not sent by itself."""
    await held(world)
    await world.delete(HELD)
    entry = await world.reaches(State.CANCELLED)
    assert await world.decide(entry, Decision.RESTORE)
    await world.reaches(State.REVIEW)
    (raw,) = (await world.messages(REVIEW)).values()
    assert raw == await world.journal.raw(entry.id)
    world.skip(timedelta(days=3))
    await world.swept()
    assert world.sink.accepted == []


async def test_moving_to_drafts_withdraws(world: World) -> None:
    """A held message moved to Drafts is withdrawn and not taken again as it lies there."""
    await held(world)
    await world.drag(HELD, "Drafts")
    await world.reaches(State.WITHDRAWN)
    world.skip(timedelta(days=3))
    await world.swept()
    assert world.sink.accepted == []
    assert len(await world.messages("Drafts")) == 2


async def test_edited_to_calm_goes_out_at_once(world: World) -> None:
    """A withdrawn message that the user edits to a calm one and declares ready again goes out at once."""
    await held(world)
    await world.drag(HELD, "Drafts")
    await world.reaches(State.WITHDRAWN)
    await world.client.select("Drafts")
    for uid in await world.client.search("TEXT", "whining"):
        await world.client.expunge(uid)
    await world.save("Drafts", letter(SOFTENED), "\\Draft", "\\Flagged")
    await world.reaches(State.FILED)
    assert b"Could we talk tomorrow" in world.sink.accepted[0].content


async def test_still_heated_keeps_its_deadline(world: World) -> None:
    """A withdrawn message declared ready again, still heated, waits for the original deadline: it does not restart."""
    await held(world)
    (first,) = await world.journal.in_state(State.HELD)
    await world.drag(HELD, "Drafts")
    await world.reaches(State.WITHDRAWN)
    await world.client.select("Drafts")
    for uid in await world.client.search("TEXT", "whining"):
        await world.client.expunge(uid)
    world.skip(timedelta(hours=5))
    await world.save(OUTBOX, letter(HEATED + "PS: I mean it.\r\n"))
    second = await world.reaches(State.HELD)
    assert (second.hold_until, second.continues) == (first.hold_until, first.id)
    assert len(await world.messages("Drafts")) == 1, "a second call suggestion"


async def test_flagging_a_withdrawn_message_declares_it_ready_again(world: World) -> None:
    """A withdrawn message flagged as it lies goes on with its hold."""
    await held(world)
    (first,) = await world.journal.in_state(State.HELD)
    await world.drag(HELD, "Drafts")
    await world.reaches(State.WITHDRAWN)
    await world.client.select("Drafts")
    for uid in await world.client.search("TEXT", "whining"):
        await world.client.store(uid, add=("\\Flagged",))
    second = await world.reaches(State.HELD)
    assert second.hold_until == first.hold_until


@pytest.mark.parametrize(
    ("decision", "state", "sent"),
    [
        (Decision.RELEASE, State.FILED, 1),
        (Decision.CANCEL, State.CANCELLED, 0),
        (Decision.WITHDRAW, State.WITHDRAWN, 0),
    ],
)
async def test_decisions_of_the_command_line(world: World, decision: Decision, state: State, sent: int) -> None:
    """What the command line decides is carried out at once: the journal rings, long before the next poll."""
    world.settings = replace(world.settings, poll=timedelta(minutes=10))
    await held(world)
    (entry,) = await world.journal.in_state(State.HELD)
    assert await world.decide(entry, decision)
    await world.reaches(state, within=10.0)
    assert len(world.sink.accepted) == sent
    assert await world.messages(HELD) == {}
    assert len(await world.messages("Drafts")) == (2 if decision is Decision.WITHDRAW else 1)


async def test_on_expiry_ask_goes_to_review(world: World) -> None:
    """With `on_expiry: ask` the deadline brings the message to Review, not out."""
    with_hold(world, on_expiry=OnExpiry.ASK)
    await held(world)
    world.skip(timedelta(hours=49))
    await world.reaches(State.REVIEW)
    assert world.sink.accepted == []
    await world.swept(1)
    assert len(await world.messages(REVIEW)) == 1
    assert any(subject.startswith("Please decide") for subject in await world.subjects("INBOX"))


async def test_far_too_late_goes_to_review(world: World) -> None:
    """A deadline missed by more than `late_limit` is not a reason to send any more."""
    await held(world)
    await world.stop()
    world.skip(timedelta(hours=48 + 73))
    await world.start()
    await world.reaches(State.REVIEW)
    assert world.sink.accepted == []


async def test_the_client_wrote_again(world: World) -> None:
    """A held reply whose client wrote again in the thread goes to Review at its deadline, never out unseen."""
    await held(world)
    more = letter(
        "Never mind, found it!\r\n",
        subject="Re: The new logo",
        sender=f"Bob <{BOB}>",
        to="Anna <anna@studio.example>",
        message_id="<later@client.example>",
    )
    await world.save("INBOX", more)
    world.skip(timedelta(hours=49))
    entry = await world.reaches(State.REVIEW)
    assert "client wrote again" in entry.reasons[0]
    assert world.sink.accepted == []


async def test_the_user_answered_another_way(world: World) -> None:
    """A held reply to a mail that the user answered otherwise goes to Review at its deadline."""
    await held(world)
    await world.save("Sent", letter("Let us talk tomorrow, Bob.\r\n"), "\\Seen")
    world.skip(timedelta(hours=49))
    entry = await world.reaches(State.REVIEW)
    assert "another way" in entry.reasons[0]
    assert world.sink.accepted == []


async def test_sent_by_the_mail_client_supersedes(world: World) -> None:
    """If the mail client itself sent a version of the held message, ours is never sent."""
    await held(world)
    await world.save("Sent", letter(HEATED), "\\Seen")
    world.skip(timedelta(hours=49))
    await world.reaches(State.ELSEWHERE)
    assert world.sink.accepted == []
    assert await world.messages("Coolmail/Sending") == {}


async def test_two_versions_freeze_each_other(world: World) -> None:
    """A newer version in Drafts freezes the held one past its deadline, and is not taken itself, until the user keeps one."""
    await held(world)
    await world.save("Drafts", letter(HEATED.replace("idiot", "fool")), "\\Draft", "\\Flagged")

    async def frozen() -> bool:
        (entry,) = await world.journal.in_state(State.HELD)
        return entry.frozen and entry.note_kind == "frozen"

    await world.until(frozen)
    world.skip(timedelta(hours=49))
    await world.swept()
    assert world.sink.accepted == []
    await world.client.select("Drafts")
    for uid in await world.client.search("TEXT", "fool"):
        await world.client.expunge(uid)
    await world.reaches(State.FILED)
    assert len(world.sink.accepted) == 1
    assert b"idiot" in world.sink.accepted[0].content


async def test_keeping_the_newer_version(world: World) -> None:
    """If the user deletes the held version, the newer one that is declared ready goes on with the same hold."""
    await held(world)
    (first,) = await world.journal.in_state(State.HELD)
    await world.save("Drafts", letter(HEATED.replace("idiot", "fool")), "\\Draft", "\\Flagged")
    await world.swept(1)
    await world.delete(HELD)

    async def newer() -> bool:
        return any(entry.id != first.id for entry in await world.journal.in_state(State.HELD))

    await world.until(newer)
    (second,) = await world.journal.in_state(State.HELD)
    assert second.hold_until == first.hold_until
    assert b"fool" in (await world.journal.raw(second.id) or b"")


async def test_moving_held_mail_to_outbox_changes_nothing(world: World) -> None:
    """A held message moved to Outbox unchanged is put back: the hold goes on."""
    await held(world)
    await world.drag(HELD, OUTBOX)

    async def back() -> bool:
        return len(await world.messages(HELD)) == 1 and not await world.messages(OUTBOX)

    await world.until(back)
    assert world.sink.accepted == []
