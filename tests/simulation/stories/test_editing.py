"""Edited on the command line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coolmail.core.our_ids import our_id
from coolmail.core.states import Decision, State
from coolmail.journal import Errand
from tests.simulation.letters import ANNA, write
from tests.simulation.person import edit_by_command
from tests.simulation.scenario import ANYWAY, HELD, OUTBOX, REVIEW, scenario
from tests.simulation.server import message_id_of


def test_an_edit_in_the_moment_of_the_release_still_takes_its_place() -> None:
    """The old version was claimed for its release already: it goes back, and the new version goes out in its place."""
    with scenario() as world:
        old = world.save(OUTBOX, "hot")
        world.sweep()
        world.later(hours=49)
        world.stop_at(world.a, "A writes A1 due")
        new = world.edit(world.a, old)
        world.sweep(times=4)
        assert (world.accepted(old), world.accepted(new)) == (0, 1)
        assert world.where(old) == set()


def test_an_edit_of_what_the_user_moved_to_send_anyway_is_what_goes_out() -> None:
    """Edited, and the old version then dragged to Send anyway: the newest words are meant."""
    with scenario() as world:
        old = world.save(OUTBOX, "hot")
        world.sweep()
        new = world.edit(world.a, old)
        world.drag(old, HELD, ANYWAY)
        world.ledger.declare(world.ledger.books[old], override=True)
        world.sweep(times=4)
        assert (world.accepted(old), world.accepted(new)) == (0, 1)


@pytest.mark.parametrize(
    "moment", ["writes A1 edited", "has written A1 edited", "EXPUNGE Coolmail/Held", "writes errand"]
)
def test_a_crash_inside_an_edit_leaves_one_version(moment: str) -> None:
    """Between storing the new version, noting that it is there, and removing the old one: one lies in Held in the end, the new one."""
    with scenario() as world:
        old = world.save(OUTBOX, "hot")
        world.sweep()
        new = world.edit(world.a, old, "hot")
        world.stop_at(world.a, moment)
        world.a.crash()
        world.sweep(times=3)
        assert (world.where(old), world.where(new)) == (set(), {HELD})
        assert (
            [world.state(world.a, new)] == [entry.state for entry in world.a.journal.entries.values()] == [State.HELD]
        )


@pytest.mark.parametrize("moment", ["STORE +$CoolmailTaken", "writes A1 edited"])
def test_what_an_edit_has_stored_is_not_taken_for_unknown_mail(moment: str) -> None:
    """The computer died with the new version beside the old one, and the user takes the old one back: the new one lies in Drafts, too."""
    with scenario() as world:
        old = world.save(OUTBOX, "hot")
        world.sweep()
        new = world.edit(world.a, old, "hot")
        world.stop_at(world.a, moment)
        world.a.crash()
        world.drag(old, HELD, "Drafts")
        world.sweep(times=4)
        assert (world.where(old), world.where(new)) == ({"Drafts"}, {"Drafts"})
        assert len(world.a.journal.entries) == 1


def test_an_edited_version_that_the_client_saves_again_is_a_version() -> None:
    """Roundcube keeps the Message-ID, also one that `coolmail edit` gave: the hold is frozen until the user keeps one."""
    with scenario() as world:
        old = world.save(OUTBOX, "hot")
        world.sweep()
        new = world.edit(world.a, old, "hot")
        world.sweep()
        newer = world.save("Drafts", "hot", number=3, naming=new.message_id)
        world.later(hours=49)
        world.sweep()
        assert world.entry(world.a, new).frozen
        assert world.where(new) == {HELD}
        world.server.remove("Drafts", world.uids("Drafts", newer)[0])
        world.ledger.books[newer].removed = True


@pytest.mark.parametrize("keywords", [True, False])
def test_an_edit_that_came_too_late_is_not_ready_in_drafts(keywords: bool) -> None:
    """Its subject still says //send, as that of the version before did: it is not sent."""
    with scenario() as world:
        world.server.keywords = keywords
        old = world.save("Drafts", "hot", token=True)
        world.sweep()
        new = world.edit(world.a, old)
        world.drag(old, HELD, "Drafts")
        for _ in range(3):
            world.sweep()
            world.later(minutes=5)
        assert (world.where(new), world.accepted(new)) == ({"Drafts"}, 0)


def test_a_suggestion_beside_an_edited_version_is_not_ready() -> None:
    """Edited before the suggestion was written; the subject that said //send is not that of the suggestion."""
    with scenario() as world:
        old = world.save("Drafts", "hot", token=True)
        world.stop_at(world.a, "A has written A1 held")
        world.a.crash()
        world.edit(world.a, old, "hot")
        for _ in range(3):
            world.sweep()
            world.later(minutes=5)
        assert len(world.a.journal.entries) == 1


@pytest.mark.parametrize("crash", [False, True])
def test_a_letter_that_an_errand_puts_into_drafts_freezes_nothing(crash: bool) -> None:
    """Even one of the very same words: it is put there once, and the held message goes on to its deadline."""
    with scenario() as world:
        held = world.save(OUTBOX, "hot")
        world.sweep()
        message_id = our_id("explain", ANNA, held.message_id)
        raw = held.raw.replace(held.message_id.encode(), message_id.encode())
        asked = Errand(world.entry(world.a, held).id, "work", "explain", "drafts", raw, message_id, world.a.clock())
        world.a.journal.ask_now(asked)
        if crash:
            world.stop_at(world.a, "writes errand")
            world.a.crash()
        world.sweep()
        assert len([stored for _, stored in world.server.all("Drafts") if stored.raw == raw]) == 1
        world.later(hours=49)
        world.sweep()
        assert world.accepted(held) == 1


@pytest.mark.parametrize("moment", [None, "writes A1 edited"])
def test_what_was_sent_by_the_users_word_is_the_version_before_an_edit(moment: str | None) -> None:
    """She edits it, then says that it was sent: nobody sent what she wrote last, so it is not filed as sent."""
    with scenario() as world:
        old = world.save(OUTBOX, "locked")
        world.sweep()
        new = world.edit(world.a, old)
        if moment is not None:
            world.stop_at(world.a, moment)
        world.decide(world.a, old, Decision.WAS_SENT)
        world.sweep(times=3)
        assert (world.where(old), world.where(new)) == ({"Sent"}, {"Drafts"})


def test_an_edit_that_has_to_wait_does_not_overtake_a_later_one() -> None:
    """Edited twice; the first edit could not be judged at first: what was written last is what takes the place in the end."""
    with scenario() as world:
        old = world.save(OUTBOX, "hot")
        world.sweep()
        first = world.edit(world.a, old, "hot")
        last = write(old.letter, 200, "calm", "edited", token=False, two=False, blind=False)
        edit_by_command(world.a, world.entry(world.a, old), world.ledger.books[first], last, send=False)
        fails = iter((True,))
        world.chance = lambda _: next(fails, False)
        world.sweep(times=3)
        assert (world.where(first), world.where(last)) == (set(), {HELD})


def test_the_note_of_the_version_before_is_not_removed_from_under_another_message() -> None:
    """Edited and put off by the server; then the client saves another text under the old Message-ID, which is asked about: that note stays."""
    with scenario() as world:
        world.settings = replace(world.settings, notes="remove")
        world.a.crash()
        old = world.save(OUTBOX, "locked")
        world.sweep()
        assert world.where(old) == {REVIEW}
        world.submission.answer = lambda: 0.5
        new = world.edit(world.a, old, send=True)
        world.sweep(times=3)
        assert world.state(world.a, new) is State.DUE
        other = world.save(OUTBOX, "locked", number=3, naming=old.message_id)
        world.sweep()
        assert world.where(other) == {REVIEW}
        world.submission.answer = lambda: 0.0
        world.later(hours=2)
        world.sweep()
        assert world.accepted(new) == 1
        note = world.entry(world.a, other).note_id
        assert [message_id_of(stored.raw) for _, stored in world.server.all("INBOX")].count(note) == 1
