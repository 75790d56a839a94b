"""One message, several versions, one Message-ID."""

from __future__ import annotations

from tests.simulation.scenario import ANYWAY, HELD, OUTBOX, REVIEW, scenario


def test_the_version_that_lies_there_goes_out_or_none() -> None:
    """A client that keeps the Message-ID saves a new text: the old text from the journal is never sent in its place."""
    with scenario() as world:
        old = world.save(OUTBOX, "hot", naming="kept")
        world.sweep()
        assert world.where(old) == {HELD}
        new = world.save("Drafts", "calm", number=2, naming="kept")
        world.server.remove(HELD, world.uids(HELD, old)[0])
        world.ledger.books[old].removed = True
        world.drag(new, "Drafts", ANYWAY)
        world.ledger.declare(world.ledger.books[new], override=True)
        world.sweep()
        assert world.accepted(old) == 0
        assert world.where(new) == {REVIEW}


def test_a_new_version_moved_to_outbox_goes_on_with_the_hold() -> None:
    """Moved to Outbox it is declared ready anew, whatever its Message-ID: calm now, it goes out at once."""
    with scenario() as world:
        old = world.save(OUTBOX, "hot", naming="kept")
        world.sweep()
        world.server.remove(HELD, world.uids(HELD, old)[0])
        world.ledger.books[old].removed = True
        new = world.save(OUTBOX, "calm", number=2, naming="kept")
        world.sweep(times=3)
        assert world.accepted(old) == 0
        assert world.accepted(new) == 1


def test_a_draft_without_message_id_is_seen_as_another_version() -> None:
    """Drafts of mutt have none: the hold is frozen all the same, even before there is a suggestion."""
    with scenario() as world:
        held = world.save(OUTBOX, "hot", naming="none")
        world.stop_at(world.a, "A has written A1 held")
        world.a.crash()
        other = world.save("Drafts", "calm", number=2, naming="none")
        world.later(hours=49)
        world.sweep()
        assert world.where(held) == {HELD}
        assert world.entry(world.a, held).frozen
        world.server.remove("Drafts", world.uids("Drafts", other)[0])
        world.ledger.books[other].removed = True
