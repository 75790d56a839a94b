"""What happens next with a message: the table of `next_step`, and what no table entry may ever say."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coolmail.core.entry import Entry, Place
from coolmail.core.settings import HoldRules, OnExpiry, QueueRules, WorkingHours
from coolmail.core.states import ACTIVE, FINISHED, LEGAL, Decision, Stage, State
from coolmail.core.steps import OURS, Do, Role, Rules, Sight, Step, next_step
from tests.core.making import NOW, make_entry

ZONE = ZoneInfo("Europe/Copenhagen")
HOUR = timedelta(hours=1)
NAMES = {
    Role.OUTBOX: "Coolmail/Outbox",
    Role.DRAFTS: "Drafts",
    Role.HELD: "Coolmail/Held",
    Role.SEND_ANYWAY: "Coolmail/Send anyway",
    Role.REVIEW: "Coolmail/Review",
    Role.SENDING: "Coolmail/Sending",
    Role.SENT: "Sent",
}
VALIDITY = dict.fromkeys(NAMES.values(), 1)
UNTIL = NOW + 24 * HOUR
"""Tuesday, 13:00 in Copenhagen: working time."""


def seen(*roles: Role, validity: dict[str, int] | None = None) -> Sight:
    """Return what a sweep saw: the message in these mailboxes."""
    return Sight({role: Place(NAMES[role], 1, 7) for role in roles}, VALIDITY if validity is None else validity)


def rules(**changes: Any) -> Rules:
    """Return the default rules, the holding ones changed as told."""
    return Rules(HoldRules(**changes), QueueRules(), ZONE)


def entry(state: State, **changes: Any) -> Entry:
    """Return an entry in a state, as the daemon leaves it there."""
    usual: dict[State, dict[str, Any]] = {
        State.TAKEN: {"claimed": True, "place": Place(NAMES[Role.SENDING], 1, 7)},
        State.SCORED: {"claimed": True, "place": Place(NAMES[Role.SENDING], 1, 7), "verdict": "send"},
        State.HELD: {
            "claimed": True,
            "place": Place(NAMES[Role.HELD], 1, 7),
            "verdict": "hold",
            "hold_until": UNTIL,
            "note_kind": "held",
        },
        State.DUE: {"claimed": True, "place": Place(NAMES[Role.SENDING], 1, 7), "verdict": "send"},
        State.REVIEW: {"claimed": True, "place": Place(NAMES[Role.REVIEW], 1, 7), "note_kind": "review"},
    }
    return make_entry(state=state, **{**usual.get(state, {"claimed": True}), **changes})


def ask(what: Entry, *roles: Role, at: datetime = NOW, **hold: Any) -> Step:
    """Return the next step for a message that lies in these mailboxes."""
    return next_step(what, seen(*roles), at, rules(**hold))


TABLE = [
    # taken, before the claim was seen to win
    ("unclaimed in Outbox", entry(State.TAKEN, claimed=False), [Role.OUTBOX], Do.CLAIM),
    ("unclaimed, moved to Drafts", entry(State.TAKEN, claimed=False), [Role.DRAFTS], Do.WITHDRAW),
    ("unclaimed in Sending", entry(State.TAKEN, claimed=False), [Role.SENDING], Do.WAIT),
    ("unclaimed, another computer held it", entry(State.TAKEN, claimed=False), [Role.HELD], Do.ELSEWHERE),
    ("unclaimed, another computer asks", entry(State.TAKEN, claimed=False), [Role.REVIEW], Do.ELSEWHERE),
    ("unclaimed and nowhere", entry(State.TAKEN, claimed=False), [], Do.ELSEWHERE),
    ("unclaimed and cancelled", entry(State.TAKEN, claimed=False, decision=Decision.CANCEL), [Role.OUTBOX], Do.CLAIM),
    # taken and claimed
    ("claimed", entry(State.TAKEN), [Role.SENDING], Do.SCORE),
    ("claimed, cancelled", entry(State.TAKEN, decision=Decision.CANCEL), [Role.SENDING], Do.CANCEL),
    ("claimed, withdrawn", entry(State.TAKEN, decision=Decision.WITHDRAW), [Role.SENDING], Do.WITHDRAW),
    ("claimed, moved to Drafts", entry(State.TAKEN), [Role.DRAFTS], Do.WITHDRAW),
    ("claimed, deleted", entry(State.TAKEN), [], Do.CANCEL),
    # scored
    ("calm", entry(State.SCORED), [Role.SENDING], Do.QUEUE),
    ("hot", entry(State.SCORED, verdict="hold"), [Role.SENDING], Do.HOLD),
    ("hot, in Held after a crash", entry(State.SCORED, verdict="hold"), [Role.HELD], Do.HOLD),
    ("hot, overridden", entry(State.SCORED, verdict="hold", override=True), [Role.SENDING], Do.QUEUE),
    ("to be asked about", entry(State.SCORED, verdict="review"), [Role.SENDING], Do.REVIEW),
    ("not judged", entry(State.SCORED, verdict=None), [Role.SENDING], Do.REVIEW),
    ("scored, cancelled", entry(State.SCORED, decision=Decision.CANCEL), [Role.SENDING], Do.CANCEL),
    ("scored, withdrawn", entry(State.SCORED, decision=Decision.WITHDRAW), [Role.SENDING], Do.WITHDRAW),
    ("scored, moved to Drafts", entry(State.SCORED), [Role.DRAFTS], Do.WITHDRAW),
    ("scored, deleted", entry(State.SCORED), [], Do.CANCEL),
    # held
    ("held", entry(State.HELD), [Role.HELD], Do.WAIT),
    ("held, not told yet", entry(State.HELD, note_kind=None), [Role.HELD], Do.TELL),
    ("held, was in review", entry(State.HELD, note_kind="review"), [Role.HELD], Do.TELL),
    ("held, thawed", entry(State.HELD, note_kind="frozen"), [Role.HELD], Do.TELL),
    ("held, frozen", entry(State.HELD, frozen=True), [Role.HELD], Do.TELL),
    ("held, frozen and told", entry(State.HELD, frozen=True, note_kind="frozen"), [Role.HELD], Do.WAIT),
    ("held, released", entry(State.HELD, decision=Decision.RELEASE), [Role.HELD], Do.QUEUE),
    ("held, cancelled", entry(State.HELD, decision=Decision.CANCEL), [Role.HELD], Do.CANCEL),
    ("held, withdrawn", entry(State.HELD, decision=Decision.WITHDRAW), [Role.HELD], Do.WITHDRAW),
    ("held, moved to Drafts", entry(State.HELD), [Role.DRAFTS], Do.WITHDRAW),
    ("held, moved to Outbox", entry(State.HELD), [Role.OUTBOX], Do.WITHDRAW),
    ("held, deleted", entry(State.HELD), [], Do.CANCEL),
    ("held, in Sent alone", entry(State.HELD), [Role.SENT], Do.CANCEL),
    ("held, moved to Send anyway", entry(State.HELD), [Role.SEND_ANYWAY], Do.QUEUE),
    ("held, copied to Send anyway", entry(State.HELD), [Role.HELD, Role.SEND_ANYWAY], Do.QUEUE),
    ("frozen, moved to Send anyway", entry(State.HELD, frozen=True), [Role.SEND_ANYWAY], Do.QUEUE),
    ("held, moved to Review", entry(State.HELD), [Role.REVIEW], Do.REVIEW),
    ("held, being released elsewhere", entry(State.HELD), [Role.SENDING], Do.WAIT),
    ("held, deadline unknown", entry(State.HELD, hold_until=None), [Role.HELD], Do.REVIEW),
    # due
    ("due", entry(State.DUE), [Role.SENDING], Do.SUBMIT),
    ("due, cancelled", entry(State.DUE, decision=Decision.CANCEL), [Role.SENDING], Do.CANCEL),
    ("due, withdrawn", entry(State.DUE, decision=Decision.WITHDRAW), [Role.SENDING], Do.WITHDRAW),
    ("due, moved to Drafts", entry(State.DUE), [Role.DRAFTS], Do.WITHDRAW),
    ("due, deleted", entry(State.DUE), [], Do.CANCEL),
    ("due, moved to Review", entry(State.DUE), [Role.REVIEW], Do.REVIEW),
    ("due, moved back to Held", entry(State.DUE), [Role.HELD], Do.QUEUE),
    ("due, in Send anyway", entry(State.DUE), [Role.SEND_ANYWAY], Do.QUEUE),
    # on its way and after
    ("attempt cut short", entry(State.SUBMITTING, stage=Stage.DATA), [Role.SENDING], Do.SETTLE),
    ("attempt cut short, cancelled", entry(State.SUBMITTING, decision=Decision.CANCEL), [], Do.SETTLE),
    ("submitted", entry(State.SUBMITTED), [Role.SENDING], Do.FILE),
    ("submitted, cancelled too late", entry(State.SUBMITTED, decision=Decision.CANCEL), [], Do.FILE),
    # review
    ("in review", entry(State.REVIEW), [Role.REVIEW], Do.WAIT),
    ("in review, not told", entry(State.REVIEW, note_kind="held"), [Role.REVIEW], Do.TELL),
    ("in review, not moved yet", entry(State.REVIEW), [Role.SENDING], Do.REVIEW),
    ("in review, released", entry(State.REVIEW, decision=Decision.RELEASE), [Role.REVIEW], Do.QUEUE),
    ("in review, again", entry(State.REVIEW, decision=Decision.RELEASE_AGAIN), [Role.REVIEW], Do.QUEUE),
    ("in review, was sent", entry(State.REVIEW, decision=Decision.WAS_SENT), [Role.REVIEW], Do.SETTLE),
    ("in review, cancelled", entry(State.REVIEW, decision=Decision.CANCEL), [Role.REVIEW], Do.CANCEL),
    ("in review, withdrawn", entry(State.REVIEW, decision=Decision.WITHDRAW), [Role.REVIEW], Do.WITHDRAW),
    ("in review, moved to Send anyway", entry(State.REVIEW), [Role.SEND_ANYWAY], Do.QUEUE),
    ("in review, moved to Drafts", entry(State.REVIEW), [Role.DRAFTS], Do.WITHDRAW),
    ("in review, moved to Outbox", entry(State.REVIEW), [Role.OUTBOX], Do.WITHDRAW),
    ("in review, deleted", entry(State.REVIEW), [], Do.CANCEL),
    # lost
    ("failed", entry(State.FAILED), [], Do.RESTORE),
    ("failed, cancelled", entry(State.FAILED, decision=Decision.CANCEL), [], Do.CANCEL),
]


@pytest.mark.parametrize(("what", "roles", "do"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_the_table(what: Entry, roles: list[Role], do: Do) -> None:
    """State, decision and place decide the step."""
    assert ask(what, *roles).do is do


@pytest.mark.parametrize("state", sorted(FINISHED))
def test_a_finished_message_is_left_alone(state: State) -> None:
    """Wherever it lies, whatever the clock."""
    assert next_step(entry(state), seen(Role.SENDING), NOW + 1000 * HOUR, rules()).do is Do.WAIT


# -- where the user put it outranks what was planned


@pytest.mark.parametrize("state", [State.SCORED, State.HELD, State.DUE, State.REVIEW])
def test_a_message_in_drafts_is_withdrawn_even_past_its_deadline(state: State) -> None:
    """The user's move outranks the plan."""
    step = ask(entry(state, verdict="hold", hold_until=UNTIL), Role.DRAFTS, at=UNTIL + HOUR)
    assert (step.do, step.role) == (Do.WITHDRAW, Role.DRAFTS)


@pytest.mark.parametrize("state", [State.SCORED, State.HELD, State.DUE, State.REVIEW])
def test_a_decision_to_cancel_outranks_the_deadline(state: State) -> None:
    """What the user decided on the command line outranks the plan, and says where to remove it."""
    what = entry(state, verdict="hold", hold_until=UNTIL, decision=Decision.CANCEL)
    step = ask(what, Role.SENDING, at=UNTIL + HOUR)
    assert (step.do, step.role) == (Do.CANCEL, Role.SENDING)


@pytest.mark.parametrize("decision", [Decision.CANCEL, Decision.WITHDRAW])
def test_a_stopping_decision_outranks_send_anyway(decision: Decision) -> None:
    """Of two contradicting acts the one that sends nothing wins."""
    step = ask(entry(State.HELD, decision=decision), Role.SEND_ANYWAY)
    assert step.do in (Do.CANCEL, Do.WITHDRAW)


def test_our_own_copy_outranks_a_copy_in_drafts() -> None:
    """A copy in Drafts beside ours is no withdrawal: the user copied, or edits another version."""
    assert ask(entry(State.HELD), Role.HELD, Role.DRAFTS).do is Do.WAIT


def test_send_anyway_says_where_it_lies_and_why() -> None:
    """The step names the mailbox to claim it from."""
    assert ask(entry(State.HELD), Role.SEND_ANYWAY) == Step(Do.QUEUE, Role.SEND_ANYWAY, "you moved it to Send anyway")


# -- deleted or lost


@pytest.mark.parametrize("state", [State.TAKEN, State.SCORED, State.HELD, State.DUE, State.REVIEW])
def test_gone_from_its_mailbox_is_cancelled(state: State) -> None:
    """The mailbox is the same and the message is not in it: the user deleted it."""
    assert ask(entry(state)).do is Do.CANCEL


@pytest.mark.parametrize("state", [State.TAKEN, State.SCORED, State.HELD, State.DUE, State.REVIEW])
@pytest.mark.parametrize("change", ["another UIDVALIDITY", "no such mailbox"])
def test_gone_together_with_its_mailbox_is_restored(state: State, change: str) -> None:
    """A mailbox deleted or made anew cancels nothing: the journal's bytes come back, into Review."""
    what = entry(state)
    assert what.place is not None
    validity = dict(VALIDITY)
    if change == "no such mailbox":
        del validity[what.place.mailbox]
    else:
        validity[what.place.mailbox] = 2
    assert next_step(what, seen(validity=validity), NOW, rules()).do is Do.RESTORE


def test_the_place_before_any_move_is_the_source() -> None:
    """Where the entry has no place yet, the mailbox it was taken from is asked about."""
    what = entry(State.TAKEN, place=None)
    assert next_step(what, seen(validity={**VALIDITY, NAMES[Role.OUTBOX]: 2}), NOW, rules()).do is Do.RESTORE


def test_a_new_uidvalidity_is_no_loss_while_the_message_is_seen() -> None:
    """Found again by Message-ID: the hold goes on."""
    validity = dict.fromkeys(NAMES.values(), 2)
    assert next_step(entry(State.HELD), seen(Role.HELD, validity=validity), NOW, rules()).do is Do.WAIT


# -- the hold


def test_a_held_message_waits_for_its_reminder_then_for_its_deadline() -> None:
    """The answer says when to look again."""
    assert ask(entry(State.HELD), Role.HELD).at == UNTIL - 2 * HOUR
    assert ask(entry(State.HELD, reminded_at=NOW), Role.HELD).at == UNTIL


def test_the_reminder_comes_remind_before_the_deadline() -> None:
    """Two hours before, not a second earlier."""
    moment = UNTIL - 2 * HOUR
    assert ask(entry(State.HELD), Role.HELD, at=moment - timedelta(seconds=1)).do is Do.WAIT
    assert ask(entry(State.HELD), Role.HELD, at=moment) == Step(Do.TELL, Role.HELD, "reminder", at=UNTIL)


def test_the_reminder_comes_once() -> None:
    """Reminded is reminded."""
    what = entry(State.HELD, note_kind="reminder", reminded_at=UNTIL - 2 * HOUR)
    assert ask(what, Role.HELD, at=UNTIL - HOUR).do is Do.WAIT


def test_a_hold_shorter_than_remind_before_has_no_reminder() -> None:
    """It would come together with the note that it waits."""
    what = entry(State.HELD, hold_until=NOW + HOUR)
    assert ask(what, Role.HELD, at=NOW + HOUR / 2) == Step(Do.WAIT, Role.HELD, at=NOW + HOUR)


def test_at_the_deadline_it_goes_out() -> None:
    """Not a microsecond earlier."""
    assert ask(entry(State.HELD, reminded_at=NOW), Role.HELD, at=UNTIL - timedelta(microseconds=1)).do is Do.WAIT
    assert ask(entry(State.HELD), Role.HELD, at=UNTIL) == Step(Do.QUEUE, Role.HELD, "its waiting time is over")


def test_on_expiry_ask_goes_to_review() -> None:
    """The user decides at the deadline."""
    assert ask(entry(State.HELD), Role.HELD, at=UNTIL, on_expiry=OnExpiry.ASK).do is Do.REVIEW


def test_a_frozen_message_stays_past_its_deadline() -> None:
    """Two versions: nothing goes out until the user keeps one."""
    what = entry(State.HELD, frozen=True, note_kind="frozen")
    assert ask(what, Role.HELD, at=UNTIL + HOUR).do is Do.WAIT


def test_a_deadline_missed_by_up_to_late_limit_is_sent_late() -> None:
    """Exactly 72 hours is not more than 72 hours: Friday 13:00 in Copenhagen."""
    assert ask(entry(State.HELD), Role.HELD, at=UNTIL + 72 * HOUR).do is Do.QUEUE


def test_a_deadline_missed_by_more_goes_to_review() -> None:
    """It is old news by then; a human decides."""
    step = ask(entry(State.HELD), Role.HELD, at=UNTIL + 72 * HOUR + timedelta(seconds=1))
    assert step.do is Do.REVIEW
    assert step.reason == "its deadline passed more than 72 hours ago"


def test_a_mail_planned_for_working_hours_sent_late_waits_for_working_hours() -> None:
    """The laptop woke on Tuesday night: the mail goes on Wednesday at nine."""
    step = ask(entry(State.HELD), Role.HELD, at=UNTIL + 8 * HOUR)
    assert step.do is Do.WAIT
    assert step.at is not None
    assert step.at.astimezone(ZONE).isoformat() == "2025-11-26T09:00:00+01:00"
    assert ask(entry(State.HELD), Role.HELD, at=step.at).do is Do.QUEUE


def test_a_mail_planned_outside_working_hours_goes_when_planned() -> None:
    """Where no working hour fitted, the deadline itself stands."""
    night = UNTIL + 10 * HOUR
    assert ask(entry(State.HELD, hold_until=night), Role.HELD, at=night).do is Do.QUEUE


def test_a_clock_set_back_makes_a_held_message_wait_again() -> None:
    """Whatever happened before, only the wall clock now counts."""
    assert ask(entry(State.HELD, reminded_at=UNTIL), Role.HELD, at=NOW - 100 * HOUR).at == UNTIL


def test_a_clock_set_back_between_release_and_attempt_stops_the_attempt() -> None:
    """Released at its deadline, then the clock went back: it waits in Sending until the deadline comes again."""
    what = entry(State.DUE, verdict="hold", hold_until=UNTIL)
    assert ask(what, Role.SENDING, at=UNTIL - HOUR) == Step(Do.WAIT, Role.SENDING, at=UNTIL)
    assert ask(what, Role.SENDING, at=UNTIL).do is Do.SUBMIT


def test_an_overridden_message_does_not_wait_for_its_deadline() -> None:
    """Send anyway means now."""
    assert ask(entry(State.DUE, verdict="hold", hold_until=UNTIL, override=True), Role.SENDING).do is Do.SUBMIT


def test_a_held_message_in_sending_waits_stuck_after_its_deadline() -> None:
    """Another computer may be releasing it; only when that took too long is the user asked."""
    stuck = UNTIL + timedelta(minutes=15)
    assert ask(entry(State.HELD), Role.SENDING, at=UNTIL).at == stuck
    assert ask(entry(State.HELD), Role.SENDING, at=stuck).do is Do.REVIEW


def test_an_unclaimed_message_in_sending_waits_stuck_after() -> None:
    """Never sent by a computer that did not see itself win; after 15 minutes the user is asked."""
    what = entry(State.TAKEN, claimed=False)
    stuck = NOW + timedelta(minutes=15)
    assert ask(what, Role.SENDING).at == stuck
    assert ask(what, Role.SENDING, at=stuck).do is Do.REVIEW


# -- the queue


def test_the_next_attempt_waits_for_its_time() -> None:
    """Backoff is kept."""
    what = entry(State.DUE, next_attempt_at=NOW + HOUR, first_attempt_at=NOW)
    assert ask(what, Role.SENDING) == Step(Do.WAIT, Role.SENDING, at=NOW + HOUR)
    assert ask(what, Role.SENDING, at=NOW + HOUR).do is Do.SUBMIT


def test_after_the_queue_lifetime_a_human_decides() -> None:
    """The server's last words are in the reason."""
    what = entry(State.DUE, first_attempt_at=NOW, server_reply="451 4.7.1 greylisted")
    assert ask(what, Role.SENDING, at=NOW + 48 * HOUR).do is Do.SUBMIT
    step = ask(what, Role.SENDING, at=NOW + 48 * HOUR + timedelta(seconds=1))
    assert step.do is Do.REVIEW
    assert step.reason == "the server would not take it for 48 hours. The server's last words: 451 4.7.1 greylisted"


def test_an_interrupted_attempt_is_settled_whatever_the_user_decided() -> None:
    """Whether it was sent must be known before anything else can be done."""
    for decision in (None, *Decision):
        assert ask(entry(State.SUBMITTING, decision=decision), Role.SENDING).do is Do.SETTLE


# -- for any entry, any sight, any clock

moments = st.datetimes(NOW.replace(tzinfo=None) - timedelta(days=9), NOW.replace(tzinfo=None) + timedelta(days=9)).map(
    lambda moment: moment.replace(tzinfo=NOW.tzinfo)
)
maybe_moments = st.none() | moments
places = st.builds(Place, st.sampled_from(sorted(NAMES.values())), st.integers(1, 2), st.just(7))
entries = st.builds(
    make_entry,
    state=st.sampled_from(State),
    updated_at=moments,
    claimed=st.booleans(),
    place=st.none() | places,
    override=st.booleans(),
    verdict=st.sampled_from([None, "send", "hold", "review"]),
    hold_until=maybe_moments,
    frozen=st.booleans(),
    next_attempt_at=maybe_moments,
    first_attempt_at=maybe_moments,
    stage=st.none() | st.sampled_from(Stage),
    decision=st.none() | st.sampled_from(Decision),
    note_kind=st.sampled_from([None, "held", "reminder", "review", "frozen"]),
    reminded_at=maybe_moments,
)
sights = st.builds(
    Sight,
    st.dictionaries(st.sampled_from(Role), places, max_size=3),
    st.dictionaries(st.sampled_from(sorted(NAMES.values())), st.integers(1, 2)),
)
working = st.builds(
    WorkingHours, st.integers(0, 700), st.integers(701, 1440), st.frozensets(st.integers(1, 7), max_size=7)
)
any_rules = st.builds(
    Rules,
    st.builds(HoldRules, on_expiry=st.sampled_from(OnExpiry), working_hours=working),
    st.just(QueueRules()),
    st.just(ZONE),
)
many = settings(max_examples=200, deadline=None)

LEADS_TO = {
    Do.SCORE: State.SCORED,
    Do.HOLD: State.HELD,
    Do.SUBMIT: State.SUBMITTING,
    Do.FILE: State.FILED,
    Do.WITHDRAW: State.WITHDRAWN,
    Do.CANCEL: State.CANCELLED,
    Do.RESTORE: State.REVIEW,
    Do.ELSEWHERE: State.ELSEWHERE,
}


@many
@given(entries, sights, moments, any_rules)
def test_there_is_always_an_answer_and_it_can_be_carried_out(
    what: Entry, sight: Sight, now: datetime, law: Rules
) -> None:
    """Any state, place and clock give a step, and the move it leads to is legal (or the message is there already)."""
    step = next_step(what, sight, now, law)
    after = LEADS_TO.get(step.do)
    assert after is None or after is what.state or after in LEGAL[what.state]
    if step.do is Do.QUEUE:
        assert what.state is State.DUE or State.DUE in LEGAL[what.state]


@many
@given(entries, sights, moments, any_rules)
def test_only_a_due_message_that_lies_in_sending_is_submitted(
    what: Entry, sight: Sight, now: datetime, law: Rules
) -> None:
    """No state but due, no place but Sending, no stopping decision, no backoff left."""
    for candidate in (what, replace(what, state=State.DUE)):
        if next_step(candidate, sight, now, law).do is Do.SUBMIT:
            assert candidate.state is State.DUE
            assert Role.SENDING in sight.places
            assert candidate.decision not in (Decision.CANCEL, Decision.WITHDRAW)
            assert candidate.next_attempt_at is None or candidate.next_attempt_at <= now


@many
@given(entries, sights, moments, any_rules)
def test_a_held_mail_is_never_submitted_before_its_deadline(
    what: Entry, sight: Sight, now: datetime, law: Rules
) -> None:
    """Without an override the wall clock has passed the deadline."""
    due = replace(what, state=State.DUE, verdict="hold")
    if next_step(due, sight, now, law).do is Do.SUBMIT and not due.override:
        assert due.hold_until is None or now >= due.hold_until


@many
@given(entries, sights, moments, any_rules)
def test_a_held_mail_is_never_queued_before_its_deadline_without_an_act_of_the_user(
    what: Entry, sight: Sight, now: datetime, law: Rules
) -> None:
    """Only the deadline, a release or Send anyway lets it go."""
    held = replace(what, state=State.HELD)
    step = next_step(held, sight, now, law)
    if step.do is Do.QUEUE and step.role is not Role.SEND_ANYWAY and held.decision is not Decision.RELEASE:
        assert held.hold_until is not None
        assert held.hold_until <= now <= held.hold_until + law.hold.late_limit
        assert law.hold.on_expiry is OnExpiry.SEND
        assert not held.frozen


@many
@given(entries, sights, moments, any_rules)
def test_a_message_that_was_not_judged_is_never_sent_by_itself(
    what: Entry, sight: Sight, now: datetime, law: Rules
) -> None:
    """From scored it is queued with the verdict `send` or the user's override, and in no other case."""
    scored = replace(what, state=State.SCORED)
    step = next_step(scored, sight, now, law)
    if step.do is Do.QUEUE:
        assert scored.override or scored.verdict == "send" or step.role is Role.SEND_ANYWAY


@many
@given(entries.filter(lambda one: one.state in ACTIVE), sights, moments, any_rules)
def test_nothing_of_ours_is_cancelled_while_it_lies_in_our_mailboxes(
    what: Entry, sight: Sight, now: datetime, law: Rules
) -> None:
    """Cancelling needs a decision, or a message that is in none of our mailboxes and whose mailbox is whole."""
    if next_step(what, sight, now, law).do is Do.CANCEL and what.decision is not Decision.CANCEL:
        assert not any(role in sight.places for role in OURS)
        assert not sight.lost_its_mailbox(what)


@many
@given(entries, sights, moments, any_rules)
def test_a_wait_for_a_moment_waits_for_a_later_one(what: Entry, sight: Sight, now: datetime, law: Rules) -> None:
    """A step that says when to look again never names the past, which would be a busy loop."""
    step = next_step(what, sight, now, law)
    if step.do is Do.WAIT and step.at is not None:
        assert step.at > now
