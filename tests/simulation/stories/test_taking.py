"""Taking: what is ready is claimed, once."""

from __future__ import annotations

import pytest

from coolmail.core.states import Decision, State
from tests.simulation.scenario import HELD, OUTBOX, REVIEW, SENDING, scenario
from tests.simulation.server import FLAGGED


def test_a_draft_that_cannot_be_taken_keeps_nothing_else_back() -> None:
    """Two ready drafts, the first of a Message-ID that is on its way already: the second goes out."""
    with scenario() as world:
        waiting = world.save(OUTBOX, "locked", naming="kept")
        world.sweep()
        assert world.where(waiting) == {REVIEW}
        world.save("Drafts", "locked", number=2, naming="kept", flagged=True)
        second = world.save("Drafts", "calm", letter=1, flagged=True)
        world.sweep()
        assert world.accepted(second) == 1


def test_a_uid_means_nothing_in_a_mailbox_made_anew() -> None:
    """Between look and take Drafts is renumbered: the draft that has the UID now was never declared ready."""
    with scenario() as world:
        world.save("Drafts", "calm", letter=1)
        ready = world.save("Drafts", "calm", flagged=True)
        world.stop_at(world.a, "A reads")
        world.server.remove("Drafts", world.uids("Drafts", ready)[0])
        world.ledger.books[ready].removed = True
        unready = world.save("Drafts", "calm", letter=2)
        world.server.renumber("Drafts")
        assert world.uids("Drafts", unready) == [2]
        world.sweep()
        assert world.accepted(unready) == 0


@pytest.mark.parametrize("naming", ["new", "none"])
def test_a_flag_taken_away_in_the_last_moment_counts(naming: str) -> None:
    """The user unflags the draft after the look and before the claim: it stays a draft."""
    with scenario() as world:
        draft = world.save("Drafts", "calm", naming=naming, flagged=True)
        world.stop_at(world.a, "MOVE Drafts" if naming == "new" else "APPEND Coolmail/Sending")
        world.server.flag("Drafts", world.uids("Drafts", draft)[0], remove=(FLAGGED,))
        world.ledger.books[draft].touched = True
        world.sweep()
        assert world.where(draft) == {"Drafts"}
        assert world.state(world.a, draft) is State.WITHDRAWN


def test_a_draft_deleted_while_its_copy_is_made_is_not_sent() -> None:
    """A draft without Message-ID is claimed by storing a copy; the original is looked at again before the copy counts."""
    with scenario() as world:
        draft = world.save(OUTBOX, "calm", naming="none")
        world.stop_at(world.a, "APPEND Coolmail/Sending")
        world.server.remove(OUTBOX, world.uids(OUTBOX, draft)[0])
        world.ledger.books[draft].removed = True
        world.sweep()
        assert world.accepted(draft) == 0
        assert world.where(draft) == set()


def test_an_original_left_by_a_cut_claim_is_not_taken_after_a_cancel() -> None:
    """The claim stored its copy and died; the user cancels the copy; the original, still flagged, is not sent."""
    with scenario() as world:
        draft = world.save("Drafts", "calm", naming="none", flagged=True)
        world.stop_at(world.a, "APPEND Coolmail/Sending")
        world.a.run(0)
        world.a.crash()
        world.sweep()
        world.later(minutes=20)
        world.sweep()
        assert world.where(draft) == {REVIEW}
        world.decide(world.a, draft, Decision.CANCEL)
        world.sweep(times=3)
        assert world.accepted(draft) == 0


def test_two_computers_that_move_it_at_the_same_moment_send_it_once() -> None:
    """Both have looked, both move, both get a copy and an OK: the lower UID sends, however close the other one is behind."""
    with scenario(2) as world:
        letter = world.save(OUTBOX)
        for machine in world.machines:
            world.stop_at(machine, "MOVE Coolmail/Outbox")
        for machine in (world.a, world.b, world.a, world.b):
            machine.run(0)  # read, then copied; the originals are removed after that
        for machine in world.machines:
            while machine.run(0) is not None and machine.stands_at != "SMTP content":
                pass
        world.sweep()
        assert world.accepted(letter) == 1


def test_a_copy_of_what_is_held_already_is_removed() -> None:
    """A computer sleeps inside its MOVE; meanwhile the other one holds the mail, and `Sending`, with all that it could tell, is made anew."""
    with scenario(2) as world:
        letter = world.save(OUTBOX, "hot")
        world.stop_at(world.b, "MOVE Coolmail/Outbox")
        world.b.run(0)
        world.sweep(world.a)
        assert world.where(letter) == {HELD}
        world.server.renumber(SENDING)
        world.sweep(world.b)
        assert world.where(letter) == {HELD}
        assert world.state(world.b, letter) is not State.REVIEW
