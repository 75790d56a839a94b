"""What the simulation found, each told as the shortest story that shows it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from coolmail.core.our_ids import our_id
from coolmail.core.states import Decision, State
from coolmail.daemon.survey import TAKEN_KEYWORD, TRIED_KEYWORD
from coolmail.journal import Errand
from tests.simulation.letters import ANNA
from tests.simulation.pace import Fate
from tests.simulation.scenario import ANYWAY, HELD, OUTBOX, REVIEW, SENDING, scenario
from tests.simulation.server import DELETED, FLAGGED

# -- one message, several versions, one Message-ID


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


# -- taking


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


# -- withdrawn and cancelled


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


# -- moved at an odd moment


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


# -- submitting


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
        assert world.where(letter) == {REVIEW}
        world.decide(world.a, letter, Decision.RELEASE_AGAIN)
        world.sweep(times=3)
        assert world.accepted(letter) == 1
        assert world.ledger.accepted[letter.going_out, letter.recipients[1], ""] == 1


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


# -- once


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


# -- edited on the command line


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


# -- the safeguards, each at the moment that it is there for


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


def test_what_was_sent_before_ours_was_written_does_not_end_ours_on_a_slow_clock() -> None:
    """The user sends one version from the mail client, writes another, and this computer's clock is behind the server's: the user is asked."""
    with scenario() as world:
        world.a.skew = timedelta(seconds=-100)
        sent = world.save("Drafts", "hot")
        world.put("Sent", sent.raw.replace(sent.message_id.encode(), b"<client@studio.example>"), ("\\Seen",))
        world.server.remove("Drafts", world.uids("Drafts", sent)[0])
        world.later(seconds=20)
        ours = world.save(OUTBOX, "calm", number=2)
        world.sweep(times=3)
        assert world.accepted(ours) == 0
        assert world.where(ours) == {REVIEW}
