"""Withdrawn and cancelled."""

from __future__ import annotations

from coolmail.core.states import Decision, State
from coolmail.daemon.survey import TAKEN_KEYWORD
from tests.simulation.scenario import HELD, OUTBOX, REVIEW, scenario
from tests.simulation.server import DELETED


def test_a_withdrawal_of_what_is_gone_comes_to_an_end() -> None:
    """`coolmail withdraw` after the user moved it to Drafts herself."""
    with scenario() as world:
        letter = world.save(OUTBOX, "hot")
        world.sweep()
        world.drag(letter, HELD, "Drafts")
        world.decide(world.a, letter, Decision.WITHDRAW)
        world.sweep()
        assert world.state(world.a, letter) is State.WITHDRAWN


def test_a_withdrawn_draft_whose_subject_says_send_is_left_alone_by_every_computer() -> None:
    """The token was heard once; the keyword on the message says so to computers that never saw it held."""
    with scenario(2) as world:
        letter = world.save("Drafts", "hot", token=True)
        world.sweep(world.a)
        world.decide(world.a, letter, Decision.WITHDRAW)
        world.sweep(world.a)
        assert world.where(letter) == {"Drafts"}
        world.sweep(times=3)
        assert world.where(letter) == {"Drafts"}
        (uid,) = world.uids("Drafts", letter)
        assert TAKEN_KEYWORD in world.server.boxes["Drafts"].messages[uid].flags


def test_a_cancel_reaches_what_the_user_moved_to_outbox_before() -> None:
    """The last word counts: what lies in Outbox again is removed, too."""
    with scenario() as world:
        letter = world.save(OUTBOX, "hot")
        world.sweep()
        world.drag(letter, HELD, OUTBOX)
        world.decide(world.a, letter, Decision.CANCEL)
        world.sweep(times=3)
        assert world.state(world.a, letter) is State.CANCELLED
        assert world.where(letter) == set()


def test_a_message_marked_deleted_is_deleted() -> None:
    """On a server without UIDPLUS what was moved away stays behind, marked: it is not moved again and again."""
    with scenario(uidplus=False) as world:
        letter = world.save(OUTBOX, "locked")
        world.sweep(times=4)
        copies = [stored for _, stored in world.server.all(REVIEW)]
        assert len(copies) == 1
        world.server.flag(REVIEW, copies[0].uid, add=(DELETED,))
        world.ledger.books[letter].touched = True
        world.sweep()
        assert world.state(world.a, letter) is State.CANCELLED


def test_a_second_copy_left_by_a_cut_move_is_not_held_anew_after_a_withdrawal() -> None:
    """Withdrawn is withdrawn, also where a server died between the two halves of a MOVE."""
    with scenario() as world:
        letter = world.save(OUTBOX, "hot")
        world.sweep()
        world.put(REVIEW, letter.raw, ("\\Draft",))
        world.decide(world.a, letter, Decision.WITHDRAW)
        world.sweep(times=3)
        assert world.where(letter) == {"Drafts"}


def test_a_withdrawn_draft_whose_subject_says_send_is_left_alone_without_keywords() -> None:
    """On a server that keeps no keywords the journal remembers which draft was withdrawn."""
    with scenario() as world:
        world.server.keywords = False
        letter = world.save("Drafts", "hot", token=True)
        world.sweep()
        assert world.where(letter) == {HELD}
        world.decide(world.a, letter, Decision.WITHDRAW)
        world.sweep(times=2)
        world.later(minutes=5)
        world.sweep(times=3)
        assert world.where(letter) == {"Drafts"}


def test_a_cancel_in_the_moment_of_submission_wins_or_is_refused() -> None:
    """The command line records it between the last look and the note that an attempt begins: no attempt begins."""
    with scenario() as world:
        letter = world.save(OUTBOX)
        world.stop_at(world.a, "A writes A1 submitting")
        world.decide(world.a, letter, Decision.CANCEL)
        world.sweep(times=3)
        assert world.accepted(letter) == 0
        assert world.state(world.a, letter) is State.CANCELLED
