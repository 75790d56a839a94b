"""Sent once, told once, filed once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from coolmail.core.states import Decision, State
from tests.simulation.scenario import HELD, OUTBOX, REVIEW, SENDING, scenario


@pytest.mark.parametrize("files_sent", [False, True])
@pytest.mark.parametrize("naming", ["new", "none"])
def test_two_copies_in_outbox_are_one_letter(naming: str, files_sent: bool) -> None:
    """The client moved it twice; each computer finds one copy, and the provider has not filed the first when the second is looked at."""
    with scenario(2, files_sent=files_sent) as world:
        letter = world.save(OUTBOX, naming=naming)
        world.put(OUTBOX, letter.raw, ("\\Draft",))
        world.sweep(world.a, times=1)
        world.sweep(times=3)
        assert world.accepted(letter) == 1
        world.pace.work_on()
        for _ in range(3):
            world.later(minutes=1)
            world.sweep()
        assert world.accepted(letter) == 1


def test_a_letter_saved_twice_asks_nothing() -> None:
    """Saved twice, byte for byte, it is held as one letter, with no version beside it that it waits for, and goes out at its deadline."""
    with scenario() as world:
        letter = world.save(OUTBOX, "hot")
        world.put(OUTBOX, letter.raw, ("\\Draft",))
        world.sweep(times=3)
        assert world.where(letter) == {HELD}
        assert not world.entry(world.a, letter).frozen
        world.later(hours=49)
        world.sweep()
        assert world.accepted(letter) == 1
        assert [entry.state for entry in world.a.journal.entries.values()] == [State.FILED]


def test_another_text_of_the_same_message_id_is_no_copy() -> None:
    """A client that keeps the Message-ID saved two texts into Outbox: neither is removed for the other."""
    with scenario() as world:
        first = world.save(OUTBOX, "hot", naming="kept")
        second = world.save(OUTBOX, "hot", number=2, naming="kept")
        world.sweep(times=3)
        assert (world.where(first), world.where(second)) == ({HELD}, {OUTBOX})
        assert world.entry(world.a, first).frozen


def test_a_copy_that_stayed_in_drafts_keeps_the_letter_back() -> None:
    """Copied to Outbox instead of moved, or taken back at that moment: nobody can tell, so the user is asked, and the copy stays."""
    with scenario() as world:
        letter = world.save("Drafts")
        world.put(OUTBOX, letter.raw, ("\\Draft",))
        world.ledger.declare(world.ledger.books[letter])
        world.sweep(times=3)
        assert world.accepted(letter) == 0
        assert world.where(letter) == {"Drafts", REVIEW}


def test_a_second_copy_that_arrives_before_the_provider_has_filed_is_not_sent() -> None:
    """A slow MOVE of the user's ends after the letter was sent: our copy in Sending tells the other computer so, until Sent does."""
    with scenario(2, files_sent=True) as world:
        letter = world.save(OUTBOX)
        world.sweep(world.a)
        assert world.state(world.a, letter) is State.SUBMITTED
        assert world.where(letter) == {SENDING}
        world.put(OUTBOX, letter.raw, ("\\Draft",))
        world.sweep(world.b)
        world.pace.work_on()
        world.later(seconds=15)
        world.sweep(times=3)
        assert world.a.journal.entries["A1"].state is State.FILED
        assert world.accepted(letter) == 1
        assert world.where(letter) == {"Sent", REVIEW}


def test_a_provider_that_files_nothing_is_not_waited_for_for_long() -> None:
    """After a third of `stuck_after` the draft is put away: before another computer asks about it."""
    with scenario(2, files_sent=True) as world:
        world.submission.files_sent = False
        letter = world.save(OUTBOX)
        world.sweep(times=3)
        assert world.a.wake - world.a.clock() <= timedelta(seconds=15)
        world.later(seconds=299)
        world.sweep()
        assert (world.state(world.a, letter), world.where(letter)) == (State.SUBMITTED, {SENDING})
        world.later(seconds=1)
        world.sweep()
        assert (world.state(world.a, letter), world.where(letter)) == (State.FILED, set())


def test_two_computers_that_tell_at_the_same_moment_leave_one_note() -> None:
    """The one whose connection broke after its copy was stored removes it when it comes back."""
    with scenario(2) as world:
        letter = world.save(OUTBOX, "locked")
        world.stop_at(world.a, "APPEND INBOX")
        world.sweep(world.b)
        world.a.run(0)
        assert world.a.session is not None
        world.a.session.lose()
        world.sweep()
        assert len([stored for _, stored in world.server.all("INBOX") if b"review" in stored.raw]) == 1
        assert world.where(letter) == {REVIEW}


def test_two_computers_that_file_at_the_same_moment_leave_one_copy_in_sent() -> None:
    """One sent it, on the other the user said that it was sent."""
    with scenario(2) as world:
        letter = world.save(OUTBOX)
        world.stop_at(world.a, "APPEND Sent")
        world.sweep(world.b)
        world.later(minutes=20)
        world.sweep(world.b)
        world.decide(world.b, letter, Decision.WAS_SENT)
        world.sweep(world.b)
        world.sweep()
        assert len(world.uids("Sent", letter)) == 1
