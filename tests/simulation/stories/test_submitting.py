"""Submitting: never a blind resend, never early."""

from __future__ import annotations

from datetime import timedelta

import pytest

from coolmail.core.states import Decision, State
from coolmail.daemon.survey import TRIED_KEYWORD
from tests.simulation.letters import Version
from tests.simulation.pace import Fate
from tests.simulation.scenario import ANYWAY, HELD, OUTBOX, REVIEW, SENDING, Scenario, scenario


def test_a_doubt_is_not_settled_by_a_plain_release() -> None:
    """The reply was lost, the message was accepted: `release` without --again sends nothing."""
    with scenario() as world:
        letter = world.save(OUTBOX)
        world.stop_at(world.a, "SMTP reply")
        world.a.run(fate=Fate.LOST)
        world.sweep()
        assert world.state(world.a, letter) is State.REVIEW
        world.decide(world.a, letter, Decision.RELEASE)
        world.sweep(times=3)
        assert (world.accepted(letter), world.where(letter)) == (1, {REVIEW})


def test_what_the_user_did_before_the_question_is_no_answer() -> None:
    """Moved to Send anyway while the attempt was under way, then the computer died: it asks first."""
    with scenario() as world:
        letter = world.save(OUTBOX)
        world.stop_at(world.a, "SMTP reply")
        world.drag(letter, SENDING, ANYWAY)
        world.a.crash()
        world.sweep(times=3)
        assert (world.accepted(letter), world.where(letter)) == (1, {REVIEW})


def test_a_doubt_stays_with_a_message_that_is_declared_ready_again() -> None:
    """Taken from Review to Outbox it is the same message; nobody knows more than before."""
    with scenario() as world:
        letter = world.save(OUTBOX)
        world.stop_at(world.a, "SMTP reply")
        world.a.run(fate=Fate.LOST)
        world.sweep()
        world.drag(letter, REVIEW, OUTBOX)
        world.sweep(times=3)
        assert (world.accepted(letter), world.where(letter)) == (1, {REVIEW})


def test_another_computer_does_not_send_what_one_has_tried() -> None:
    """Accepted, not filed, asleep; the other computer finds it, and a plain release there sends nothing."""
    with scenario(2) as world:
        letter = world.save(OUTBOX)
        world.stop_at(world.a, "A has written A1 submitted")
        world.sweep(world.b)
        world.later(minutes=20)
        world.sweep(world.b)
        assert world.where(letter) == {REVIEW}
        world.decide(world.b, letter, Decision.RELEASE)
        world.sweep(world.b, times=3)
        assert world.accepted(letter) == 1
        assert any(TRIED_KEYWORD in stored.flags for _, stored in world.server.all(REVIEW))


def test_a_laptop_that_sleeps_before_the_content_looks_again() -> None:
    """The last look was yesterday: the user has sent it from another computer since."""
    with scenario(2) as world:
        letter = world.save(OUTBOX)
        world.stop_at(world.a, "A has written A1 submitting")
        world.drag(letter, SENDING, OUTBOX)
        world.later(hours=28)
        world.sweep(world.b, times=3)
        assert world.accepted(letter) == 1
        world.sweep(world.a)
        assert world.accepted(letter) == 1


def test_a_recipient_who_has_it_does_not_get_it_again_after_a_withdrawal() -> None:
    """One recipient was put off, the message taken back and declared ready again: the user is asked, and it goes to the other one only."""
    with scenario() as world:
        letter = world.save(OUTBOX, two=True)
        answers = iter((0.0, 0.5))
        world.submission.answer = lambda: next(answers, 0.0)
        world.sweep()
        assert world.state(world.a, letter) is State.DUE
        world.drag(letter, SENDING, OUTBOX)
        world.sweep(times=3)
        assert world.where(letter) == {REVIEW, "Sent"}
        world.decide(world.a, letter, Decision.RELEASE_AGAIN)
        world.sweep(times=3)
        assert world.accepted(letter) == 1
        assert world.ledger.accepted[letter.going_out, letter.recipients[1], ""] == 1


def sent_to_one_of_two(world: Scenario) -> Version:
    """Both computers hold a letter to two, one of them sends it to one: the other recipient was put off."""
    letter = world.save(OUTBOX, "hot", two=True)
    world.sweep()
    assert [world.state(machine, letter) for machine in world.machines] == [State.HELD, State.HELD]
    world.drag(letter, HELD, ANYWAY)
    world.ledger.declare(world.ledger.books[letter], override=True)
    answers = iter((0.0, 0.5))
    world.submission.answer = lambda: next(answers, 0.0)
    world.sweep(world.a)
    assert world.state(world.a, letter) is State.DUE
    return letter


@pytest.mark.parametrize("by_command", [False, True])
def test_what_one_recipient_has_is_no_cancelled_mail_on_another_computer(by_command: bool) -> None:
    """Cancelled before the other recipient had it: Sent tells the other computer, whose journal must not bring it back as never sent."""
    with scenario(2) as world:
        letter = sent_to_one_of_two(world)
        if by_command:
            world.decide(world.a, letter, Decision.CANCEL)
        else:
            world.server.remove(SENDING, world.uids(SENDING, letter)[0])
            world.ledger.books[letter].removed = True
        world.sweep(times=1)
        assert (world.state(world.a, letter), world.state(world.b, letter)) == (State.CANCELLED, State.ELSEWHERE)
        assert world.where(letter) == {"Sent"}


def test_what_one_recipient_has_is_not_sent_anew_from_another_journal() -> None:
    """Taken back here, deleted, and restored on the other computer from its own journal, it is not sent to the first recipient again."""
    with scenario(2) as world:
        letter = sent_to_one_of_two(world)
        world.decide(world.a, letter, Decision.WITHDRAW)
        world.sweep(times=1)
        world.server.remove("Drafts", world.uids("Drafts", letter)[0])
        world.ledger.books[letter].removed = True
        world.decide(world.b, letter, Decision.RESTORE)
        world.sweep(world.b)
        assert world.where(letter) == {REVIEW, "Sent"}
        world.drag(letter, REVIEW, OUTBOX)
        world.sweep(times=3)
        assert world.accepted(letter) == 1
        assert len(world.uids("Sent", letter)) == 1


def test_a_copy_in_sent_of_what_one_recipient_has_settles_no_doubt_about_another() -> None:
    """The provider filed what it accepted for one recipient; of the attempt for the other the reply is lost: the user is asked."""
    with scenario() as world:
        world.submission.files_sent, world.submission.told = True, False
        letter = world.save(OUTBOX, two=True)
        answers = iter((0.0, 0.5))
        world.submission.answer = lambda: next(answers, 0.0)
        world.sweep()
        assert world.where(letter) == {SENDING, "Sent"}
        world.later(hours=1)
        world.stop_at(world.a, "SMTP content")
        world.a.run(fate=Fate.LOST)
        world.sweep()
        assert world.state(world.a, letter) is State.REVIEW


@pytest.mark.parametrize("crash", [False, True])
def test_a_copy_in_sent_does_not_say_who_has_it(crash: bool) -> None:
    """One of two recipients was put off, then the reply was lost, or the computer died; the provider has filed it: the user is asked."""
    with scenario() as world:
        world.submission.files_sent, world.submission.told = True, False
        letter = world.save(OUTBOX, two=True)
        answers = iter((0.0, 0.5))
        world.submission.answer = lambda: next(answers, 0.0)
        world.stop_at(world.a, "SMTP reply")
        if crash:
            world.a.crash()
        else:
            world.a.run(fate=Fate.LOST)
        world.sweep()
        assert (world.state(world.a, letter), world.where(letter)) == (State.REVIEW, {REVIEW, "Sent"})


def test_a_copy_in_sent_settles_the_doubt_where_nobody_was_put_off() -> None:
    """Both recipients were taken before the content, the reply was lost, the provider has filed it: it was sent, to both."""
    with scenario() as world:
        world.submission.files_sent, world.submission.told = True, False
        letter = world.save(OUTBOX, two=True)
        world.stop_at(world.a, "SMTP reply")
        world.a.run(fate=Fate.LOST)
        world.sweep()
        assert (world.state(world.a, letter), world.where(letter)) == (State.FILED, {"Sent"})


def test_a_clock_set_back_in_the_last_look_sends_nothing_early() -> None:
    """The deadline is compared once more where the attempt begins."""
    with scenario() as world:
        letter = world.save(OUTBOX, "hot")
        world.sweep()
        world.later(hours=49)
        world.stop_at(world.a, "A has written A1 due")
        world.a.offset = -timedelta(hours=10)
        world.a.clock_was_wrong = True
        world.sweep()
        assert world.accepted(letter) == 0


def test_a_clock_set_back_while_it_looks_for_the_last_time_sends_nothing_early() -> None:
    """The deadline had passed when the step was decided; it is compared once more right before the attempt begins."""
    with scenario() as world:
        letter = world.save(OUTBOX, "hot")
        world.sweep()
        world.later(hours=49)
        world.stop_at(world.a, "A has written A1 due")
        world.stop_at(world.a, "SELECT INBOX")
        world.a.offset = -timedelta(hours=40)
        world.a.clock_was_wrong = True
        world.sweep()
        assert world.accepted(letter) == 0


def test_clocks_that_differ_a_little_hide_no_answer_of_the_client() -> None:
    """The computer's clock is ahead of the server's when the client writes again at once."""
    with scenario() as world:
        world.a.skew = timedelta(seconds=100)
        letter = world.save(OUTBOX, "hot")
        world.sweep()
        world.person.letters[0].number = 0
        world.later(seconds=10)
        world.person.letters = world.person.letters[:1]
        world.person.hears()
        world.later(hours=49)
        world.sweep(times=3)
        assert world.where(letter) == {REVIEW}


@pytest.mark.parametrize("naming", ["new", "none"])
def test_what_was_sent_before_ours_was_written_does_not_end_ours_on_a_slow_clock(naming: str) -> None:
    """The user sends one version from the mail client, writes another, and this computer's clock is behind the server's: the user is asked.

    A draft without Message-ID is stored anew when it is taken, and the server says when (seed 218278 of d22409d).
    """
    with scenario() as world:
        world.a.skew = timedelta(seconds=-100)
        sent = world.save("Drafts", "hot")
        world.put("Sent", sent.raw.replace(sent.message_id.encode(), b"<client@studio.example>"), ("\\Seen",))
        world.server.remove("Drafts", world.uids("Drafts", sent)[0])
        world.later(seconds=20)
        ours = world.save(OUTBOX, "calm", number=2, naming=naming)
        world.sweep(times=3)
        assert world.accepted(ours) == 0
        assert world.where(ours) == {REVIEW}
