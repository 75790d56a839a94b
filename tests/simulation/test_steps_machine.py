"""The step table alone under every order of events: `hypothesis` plays the user, the clock, crashes and a rival, `next_step` decides.

The model is the smallest that can break a promise: one message, the mailboxes in which copies of it lie, its entry. A step is carried out in its two
halves, the effect on the mailboxes and the entry in the journal, and a crash may come between them.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from coolmail.core.entry import Entry, Place
from coolmail.core.settings import HoldRules, QueueRules
from coolmail.core.states import FINISHED, Decision, Stage, State, check_move
from coolmail.core.steps import OURS, Do, Role, Rules, Sight, Step, next_step, too_early
from coolmail.journal.store import can_be
from tests.core.making import NOW, make_entry
from tests.simulation.world import ALWAYS

NAMES = {role: role.value for role in Role}
RULES = Rules(HoldRules(working_hours=ALWAYS), QueueRules(), NOW.tzinfo)  # type: ignore[arg-type]
STOPPING = (Decision.CANCEL, Decision.WITHDRAW)

AFTER: dict[Do, State] = {
    Do.SCORE: State.SCORED, Do.HOLD: State.HELD, Do.QUEUE: State.DUE, Do.WITHDRAW: State.WITHDRAWN, Do.CANCEL: State.CANCELLED,
    Do.REVIEW: State.REVIEW, Do.RESTORE: State.REVIEW, Do.ELSEWHERE: State.ELSEWHERE,
}  # fmt: skip
INTO = {
    Do.CLAIM: Role.SENDING, Do.HOLD: Role.HELD, Do.QUEUE: Role.SENDING, Do.WITHDRAW: Role.DRAFTS, Do.REVIEW: Role.REVIEW,
    Do.RESTORE: Role.REVIEW,
}  # fmt: skip


class OneMessage(RuleBasedStateMachine):
    """One message on its way."""

    @initialize(hot=st.booleans())
    def take(self, hot: bool) -> None:
        """It lies in Outbox and is in the journal."""
        self.hot, self.now = hot, NOW
        self.places: dict[Role, Place] = {Role.OUTBOX: Place(NAMES[Role.OUTBOX], 1, 7)}
        self.validity = dict.fromkeys(NAMES.values(), 1)
        self.entry: Entry = make_entry(source=self.places[Role.OUTBOX])
        self.wished = False
        self.accepted = 0
        self.uid = 7

    def put(self, role: Role) -> Place:
        """Put a copy into a mailbox."""
        self.uid += 1
        self.places[role] = Place(NAMES[role], self.validity[NAMES[role]], self.uid)
        return self.places[role]

    def step(self) -> Step:
        """Ask what to do."""
        return next_step(self.entry, Sight(dict(self.places), self.validity), self.now, RULES)

    @precondition(lambda self: self.entry.state not in FINISHED)
    @rule(
        steps=st.sampled_from((1, 2, 6)),
        crash=st.sampled_from((None, None, "before the journal", "in the content")),
        accepts=st.booleans(),
    )
    def advance(self, steps: int, crash: str | None, accepts: bool) -> None:
        """Carry out some steps, of the last perhaps only the first half."""
        for left in reversed(range(steps)):
            if self.entry.state not in FINISHED:
                self.carry_out(None if left else crash, accepts)

    def carry_out(self, crash: str | None, accepts: bool) -> None:
        """Carry out one step."""
        step = self.step()
        if step.do is Do.SUBMIT:
            self.submit(crash, accepts)
            return
        place = None
        if step.do in INTO and step.role is not INTO[step.do]:
            if step.role is not None:
                self.places.pop(step.role, None)
            elif step.do is Do.CLAIM:
                self.places.pop(Role.OUTBOX, None)
            place = self.put(INTO[step.do])
        if step.do is Do.CANCEL:
            for role in OURS:
                self.places.pop(role, None)
        if step.do is Do.FILE:
            self.places = {Role.SENT: self.put(Role.SENT)}
        if crash is None:
            self.record(step, place)

    def record(self, step: Step, place: Place | None) -> None:
        """Write the second half."""
        changes: dict[str, object] = {} if place is None else {"place": place}
        match step.do:
            case Do.CLAIM:
                changes["claimed"] = True
            case Do.SCORE:
                verdict = "hold" if self.hot else "send"
                changes |= {"verdict": verdict, "hold_until": self.now + timedelta(hours=24) if self.hot else None}
            case Do.TELL:
                changes["note_kind"] = step.reason
            case Do.QUEUE:
                if self.entry.decision in STOPPING:
                    return  # the compare-and-set of the journal
                by_hand = step.role is Role.SEND_ANYWAY or self.entry.decision is not None
                changes |= {"override": self.entry.override or by_hand, "decision": None}
            case Do.SETTLE:
                self.settle()
                return
            case Do.FILE:
                self.move(State.FILED)
                return
            case Do.REVIEW | Do.RESTORE:
                changes |= {"claimed": True, "decision": None, "note_kind": None}
        self.move(AFTER.get(step.do, self.entry.state), **changes)

    def move(self, state: State, **changes: object) -> None:
        """Move the entry."""
        if state is not self.entry.state:
            check_move(self.entry.state, state)
        self.entry = replace(self.entry, state=state, updated_at=self.now, **changes)  # type: ignore[arg-type]

    def submit(self, crash: str | None, accepts: bool) -> None:
        """Make an attempt, after the last look that the daemon makes."""
        if (
            self.entry.place != self.places.get(Role.SENDING)
            or self.entry.decision in STOPPING
            or self.entry.stage is Stage.DATA
        ):
            self.move(State.REVIEW, decision=None, note_kind=None)
            return
        assert not too_early(self.entry, self.now)
        assert self.entry.verdict == "send" or self.entry.override or self.now >= (self.entry.hold_until or self.now)
        assert not self.hot or self.wished or self.now >= NOW + timedelta(hours=24), "early"
        self.move(State.SUBMITTING, stage=Stage.DATA if crash == "in the content" or accepts else Stage.CONNECTED)
        self.accepted += accepts
        if crash is None:
            self.move(State.SUBMITTED if accepts else State.DUE, stage=self.entry.stage if accepts else None)

    def settle(self) -> None:
        """Find out what became of an attempt."""
        if self.entry.state is State.REVIEW:
            self.move(State.SUBMITTED)
        elif self.entry.stage is Stage.DATA:
            self.move(State.REVIEW, note_kind=None)
        else:
            self.move(State.DUE, stage=None)

    @rule(into=st.sampled_from((Role.DRAFTS, Role.OUTBOX, Role.SEND_ANYWAY, Role.HELD, Role.REVIEW)), data=st.data())
    def the_user_moves_it(self, into: Role, data: st.DataObject) -> None:
        """Drag a copy into another mailbox."""
        if lying := sorted(set(self.places) & set(OURS)):
            source = data.draw(st.sampled_from(lying))
            asked = self.entry.state is not State.REVIEW or (source is Role.REVIEW and self.entry.note_kind == "review")
            if into is Role.SEND_ANYWAY and asked:
                self.wished = True
                self.entry = replace(self.entry, stage=None) if self.entry.state is State.REVIEW else self.entry
                self.accepted = 0 if self.entry.state is State.REVIEW else self.accepted
            self.places.pop(source)
            self.put(into)

    @rule()
    def the_user_deletes_it(self) -> None:
        """Delete every copy in our mailboxes."""
        self.places = {role: place for role, place in self.places.items() if role not in OURS}

    @rule(decision=st.sampled_from(sorted(Decision)))
    def the_user_decides(self, decision: Decision) -> None:
        """Decide on the command line, where that is allowed."""
        if self.entry.state in can_be(decision) and self.entry.state not in FINISHED:
            self.entry = replace(self.entry, decision=decision, updated_at=self.now)
            self.wished = self.wished or decision in (Decision.RELEASE, Decision.RELEASE_AGAIN)
            if decision is Decision.RELEASE_AGAIN:
                self.entry, self.accepted = replace(self.entry, stage=None), 0

    @rule(minutes=st.sampled_from((-600, -1, 1, 16, 600, 1440, 2000, 10000)))
    def time_passes(self, minutes: int) -> None:
        """The wall clock goes on, or jumps."""
        self.now += timedelta(minutes=minutes)

    @rule(role=st.sampled_from((Role.HELD, Role.SENDING, Role.REVIEW)))
    def a_mailbox_is_made_anew(self, role: Role) -> None:
        """Everything in it is gone, its UIDVALIDITY is another."""
        self.validity = {**self.validity, NAMES[role]: self.validity[NAMES[role]] + 1}
        self.places.pop(role, None)

    @invariant()
    def it_was_accepted_once_at_most(self) -> None:
        """Not twice, unless the user said again after being asked."""
        assert getattr(self, "accepted", 0) <= 1

    @invariant()
    def what_is_active_has_a_step(self) -> None:
        """No state and no place leave the daemon without an answer."""
        if hasattr(self, "entry"):
            assert isinstance(self.step(), Step)


TestOneMessage = OneMessage.TestCase
TestOneMessage.settings = settings(max_examples=600, stateful_step_count=30, deadline=None)
