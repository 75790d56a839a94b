"""Moved, by somebody or in part, at an odd moment."""

from __future__ import annotations

import pytest

from coolmail.core.states import State
from tests.simulation.scenario import ANYWAY, HELD, OUTBOX, REVIEW, SENDING, scenario


@pytest.mark.parametrize(("target", "sent"), [(ANYWAY, 1), (REVIEW, 0)])
def test_a_message_moved_between_scoring_and_holding_goes_where_the_user_put_it(target: str, sent: int) -> None:
    """It stood still for ever."""
    with scenario() as world:
        letter = world.save(OUTBOX, "hot")
        world.stop_at(world.a, "A has written A1 scored")
        world.a.crash()
        world.ledger.declare(world.ledger.books[letter], override=target == ANYWAY)
        world.ledger.books[letter].touched = True
        world.drag(letter, SENDING, target)
        world.sweep(times=3)
        assert world.accepted(letter) == sent


def test_a_release_cut_between_copy_and_removal_asks_after_a_while() -> None:
    """Copies in Send anyway and in Sending: neither is stuck, nothing goes out twice."""
    with scenario(uidplus=False) as world:
        letter = world.save(OUTBOX, "hot")
        world.sweep()
        world.drag(letter, HELD, ANYWAY)
        world.ledger.declare(world.ledger.books[letter], override=True)
        world.stop_at(world.a, "COPY Coolmail/Send anyway")
        world.a.run(0)
        world.a.run(0)
        world.a.crash()
        world.later(hours=60)
        world.sweep()
        world.later(minutes=20)
        world.sweep(times=4)
        assert world.accepted(letter) == 1


def test_what_cannot_be_put_back_is_failed_until_it_can() -> None:
    """Held is deleted, and Review is over its quota: only the journal has the message, says so, and puts it back when there is room."""
    with scenario() as world:
        held = world.save(OUTBOX, "hot")
        world.sweep()
        assert world.where(held) == {HELD}
        world.server.full.add(REVIEW)
        world.server.delete(HELD)
        world.deleted_mailboxes = True
        world.sweep()
        assert world.state(world.a, held) is State.FAILED
        assert world.where(held) == set()
        world.later(hours=50)
        world.sweep()
        assert world.state(world.a, held) is State.FAILED
        world.server.full.clear()
        world.later(minutes=2)
        world.sweep()
        assert world.state(world.a, held) is State.REVIEW
        assert world.where(held) == {REVIEW}
        assert world.accepted(held) == 0


def test_a_release_under_way_on_another_computer_is_left_alone() -> None:
    """The other computer sees the held message in Sending and keeps its hands off it for `stuck_after`."""
    with scenario(2) as world:
        letter = world.save(OUTBOX, "hot")
        world.sweep()
        world.later(hours=49)
        world.stop_at(world.a, "A has written A1 due")
        world.sweep(world.b)
        world.sweep(world.a)
        assert world.accepted(letter) == 1
        assert world.state(world.a, letter) is State.FILED
