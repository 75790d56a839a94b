"""What to do next with a message: decided here on plain data, done elsewhere.

A sweep looks at the mailboxes, compares with the journal, and asks `next_step` for every active entry. The answer is one step; after the daemon
did it the entry has moved and the question is asked again. Because the answer follows from the state and from where the message lies, and from
nothing that was only in memory, the same question after a crash gives the step that was interrupted, or the one after it.

Where the user put the message outranks what we planned: out of our hands into `\\Drafts` is *withdrawn*, gone is *cancelled*, in `Send anyway` is an
*override*. A message that vanished together with its mailbox was not cancelled by anybody: it is restored from the journal into `Review`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from coolmail.core.entry import Entry, Place
from coolmail.core.schedule import is_working, next_working_moment
from coolmail.core.settings import HoldRules, OnExpiry, QueueRules
from coolmail.core.states import Decision, Stage, State


class Role(StrEnum):
    """What a mailbox is for, whatever its name on the server."""

    OUTBOX = "outbox"
    DRAFTS = "drafts"
    HELD = "held"
    SEND_ANYWAY = "send-anyway"
    REVIEW = "review"
    SENDING = "sending"
    SENT = "sent"


class Do(StrEnum):
    """The steps. Each may be repeated after a crash."""

    WAIT = "wait"
    CLAIM = "claim"
    """Claim it from the mailbox it was taken from into `Sending`."""
    SCORE = "score"
    HOLD = "hold"
    """Claim it from `Sending` into `Held`."""
    QUEUE = "queue"
    """Claim it from where it lies into `Sending` and make it due."""
    SUBMIT = "submit"
    SETTLE = "settle"
    """An attempt was interrupted: find out what became of it."""
    FILE = "file"
    WITHDRAW = "withdraw"
    """Move it to `\\Drafts` (nothing to move if it lies there already)."""
    CANCEL = "cancel"
    """Remove it from our mailboxes (nothing to remove if it is gone already)."""
    REVIEW = "review"
    """Record that a human must decide, with a reason, and move it to `Review`."""
    RESTORE = "restore"
    """Put the journal's bytes into `Review`."""
    ELSEWHERE = "elsewhere"
    TELL = "tell"
    """Put the note that says how things stand into INBOX, in the place of the one before."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step; `role` is where the message lies, `reason` a sentence for the user, `at` when to look again (UTC)."""

    do: Do
    role: Role | None = None
    reason: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """Where one message was seen: its lowest UID in each mailbox, and the UIDVALIDITY of every mailbox looked at."""

    places: Mapping[Role, Place]
    validity: Mapping[str, int]
    stood: timedelta | None = None
    """How long its copy in `Sending` has been seen to lie there, on a clock that does not jump; None: not known."""

    def lost_its_mailbox(self, entry: Entry) -> bool:
        """Whether the mailbox in which the entry was last seen is gone or was made anew."""
        place = entry.place or entry.source
        return self.validity.get(place.mailbox) != place.uidvalidity


@dataclass(frozen=True, slots=True)
class Rules:
    """What the user decided about time, as far as a step depends on it."""

    hold: HoldRules
    queue: QueueRules
    zone: tzinfo


OURS = (Role.SENDING, Role.SEND_ANYWAY, Role.HELD, Role.REVIEW)
"""Our mailboxes in which a taken message can lie, strongest first."""

GONE = "it was deleted from its mailbox"

FILED_YET = timedelta(seconds=15)
"""How often to look whether the provider has filed what was sent."""


def next_step(entry: Entry, sight: Sight, now: datetime, rules: Rules) -> Step:
    """Return what to do next with an active entry."""
    match entry.state:
        case State.TAKEN:
            return _taken(entry, sight, now, rules)
        case State.SCORED:
            return _scored(entry, sight, now, rules)
        case State.HELD:
            return _held(entry, sight, now, rules)
        case State.DUE:
            return _due(entry, sight, now, rules)
        case State.SUBMITTING:
            return Step(Do.SETTLE)
        case State.SUBMITTED:
            return Step(Do.FILE, at=now + FILED_YET)
        case State.REVIEW:
            return _review(entry, sight)
        case State.FAILED:
            if entry.decision is Decision.CANCEL:
                return Step(Do.CANCEL, _where(sight), "you cancelled it")
            return Step(Do.RESTORE, reason="it was in none of its mailboxes")
        case _:
            return Step(Do.WAIT)


def _asked(entry: Entry, where: Role | None) -> Step | None:
    """Return the step for what the user decided on the command line, if it stops the message.

    What lies in none of our mailboxes cannot be taken back: where it lies, or that it is gone, says what became of it.
    """
    match entry.decision:
        case Decision.CANCEL:
            return Step(Do.CANCEL, where, "you cancelled it")
        case Decision.WITHDRAW if where is not None:
            return Step(Do.WITHDRAW, where, "you took it back to edit")
        case _:
            return None


def _out_of_our_hands(entry: Entry, sight: Sight) -> Step | None:
    """Return the step for a message that lies in none of our mailboxes; None if it lies in one."""
    if any(role in sight.places for role in OURS):
        return None
    if Role.DRAFTS in sight.places:
        return Step(Do.WITHDRAW, Role.DRAFTS, "it was moved to Drafts")
    if Role.OUTBOX in sight.places:
        # It is declared ready anew, perhaps in another version of the same Message-ID; the same hold goes on with it.
        return Step(Do.WITHDRAW, Role.OUTBOX, "it was moved to Outbox")
    if sight.lost_its_mailbox(entry):
        return Step(Do.RESTORE, reason="the mailbox it lay in was deleted or made anew")
    return Step(Do.CANCEL, None, GONE)


def _taken(entry: Entry, sight: Sight, now: datetime, rules: Rules) -> Step:
    if entry.claimed:
        if stop := _asked(entry, Role.SENDING if Role.SENDING in sight.places else None):
            return stop
        if step := _out_of_our_hands(entry, sight):
            return step
        return Step(Do.SCORE)
    # Not claimed, as far as we know: a crash may have hidden our own win, or another computer won.
    if Role.SENDING in sight.places:
        return _not_ours(entry, sight, now, rules)
    if any(role in sight.places for role in OURS):
        return Step(Do.ELSEWHERE, reason="another computer took it")
    moved = entry.source not in sight.places.values()
    if moved and Role.DRAFTS in sight.places and sight.validity.get(entry.source.mailbox) == entry.source.uidvalidity:
        return Step(Do.WITHDRAW, Role.DRAFTS, "it was moved to Drafts")
    if Role.OUTBOX in sight.places or Role.DRAFTS in sight.places:
        return Step(Do.CLAIM)
    return Step(Do.ELSEWHERE, reason="it was moved or taken by another computer before this one had it")


def _scored(entry: Entry, sight: Sight, now: datetime, rules: Rules) -> Step:
    if stop := _asked(entry, _where(sight)):
        return stop
    if step := _out_of_our_hands(entry, sight):
        return step
    where = _where(sight)
    if where is Role.REVIEW:
        return Step(Do.REVIEW, where, "it was moved to Review")
    if where is Role.SEND_ANYWAY:
        return Step(Do.QUEUE, where, "you moved it to Send anyway")
    if where is Role.SENDING and sight.places[where] != entry.place:
        return _not_ours(entry, sight, now, rules)
    if entry.verdict == "hold" and not entry.override:
        return Step(Do.HOLD, where)
    if entry.verdict != "send" and not entry.override:
        return Step(Do.REVIEW, where, "; ".join(entry.reasons) or "its tone was not judged")
    return Step(Do.QUEUE, where)


def _stuck(since: datetime, sight: Sight, now: datetime, rules: Rules) -> datetime:
    """Return when a copy in `Sending` has stood still for too long: counted from a moment in the journal, but not from before it was seen there."""
    seen = since if sight.stood is None else max(since, now - sight.stood)
    return seen + rules.queue.stuck_after


def _not_ours(entry: Entry, sight: Sight, now: datetime, rules: Rules) -> Step:
    """A copy that we did not claim lies in `Sending`: another computer has it, or had it when it died."""
    stuck = _stuck(entry.updated_at, sight, now, rules)
    if now < stuck:
        return Step(Do.WAIT, Role.SENDING, at=stuck)
    return Step(
        Do.REVIEW,
        Role.SENDING,
        "it stood still in Sending: its sending was interrupted, here or on another computer, before it began",
    )


def _where(sight: Sight) -> Role | None:
    return next((role for role in OURS if role in sight.places), None)


def _held(entry: Entry, sight: Sight, now: datetime, rules: Rules) -> Step:
    if stop := _asked(entry, _where(sight)):
        return stop
    if step := _out_of_our_hands(entry, sight):
        return step
    if Role.SENDING in sight.places:
        return _interrupted(entry, sight, now, rules)
    if Role.SEND_ANYWAY in sight.places:
        return Step(Do.QUEUE, Role.SEND_ANYWAY, "you moved it to Send anyway")
    if Role.HELD not in sight.places:
        return Step(Do.REVIEW, Role.REVIEW, "it was moved to Review")
    if entry.decision is Decision.RELEASE:
        return Step(Do.QUEUE, Role.HELD, "you released it")
    told = entry.note_kind
    if entry.frozen:
        return Step(Do.WAIT, Role.HELD) if told == "frozen" else Step(Do.TELL, Role.HELD, "frozen")
    if told not in ("held", "reminder"):
        return _tell(entry, now, "held")
    return _waiting(entry, now, rules)


def _tell(entry: Entry, now: datetime, kind: str) -> Step:
    """A note may have to wait for what it tells of; the deadline does not wait for the note."""
    until = entry.hold_until
    return Step(Do.TELL, Role.HELD, kind, at=until if until is not None and now < until else None)


def _interrupted(entry: Entry, sight: Sight, now: datetime, rules: Rules) -> Step:
    """A held message lies in `Sending`, alone or beside another copy: our own release was cut short, or another computer is releasing it."""
    stuck = _stuck(max(entry.updated_at, entry.hold_until or entry.updated_at), sight, now, rules)
    if now < stuck:
        return Step(Do.WAIT, Role.SENDING, at=stuck)
    return Step(Do.REVIEW, Role.SENDING, "its release was interrupted, here or on another computer")


def _waiting(entry: Entry, now: datetime, rules: Rules) -> Step:
    until = entry.hold_until
    if until is None:
        return Step(Do.REVIEW, Role.HELD, "its deadline is not known")
    if now < until:
        remind = until - rules.hold.remind_before
        if entry.reminded_at is None and remind > entry.taken_at:
            if now >= remind:
                return _tell(entry, now, "reminder")
            return Step(Do.WAIT, Role.HELD, at=remind)
        return Step(Do.WAIT, Role.HELD, at=until)
    if now - until > rules.hold.late_limit:
        return Step(Do.REVIEW, Role.HELD, f"its deadline passed more than {_hours(rules.hold.late_limit)} hours ago")
    if rules.hold.on_expiry is OnExpiry.ASK:
        return Step(Do.REVIEW, Role.HELD, "its waiting time is over; you decide")
    # A machine that slept past the deadline sends late, but a mail planned for working hours still goes out inside them.
    hours = rules.hold.working_hours
    if is_working(until, hours, rules.zone) and not is_working(now, hours, rules.zone):
        return Step(Do.WAIT, Role.HELD, at=next_working_moment(now, hours, rules.zone))
    return Step(Do.QUEUE, Role.HELD, "its waiting time is over")


def _hours(span: timedelta) -> int:
    return int(span.total_seconds() // 3600)


def too_early(entry: Entry, now: datetime) -> bool:
    """Whether a message must not go out yet: it is held, the user did not override that, and its deadline is not there."""
    return entry.verdict == "hold" and not entry.override and entry.hold_until is not None and now < entry.hold_until


def _due(entry: Entry, sight: Sight, now: datetime, rules: Rules) -> Step:
    if stop := _asked(entry, _where(sight)):
        return stop
    if step := _out_of_our_hands(entry, sight):
        return step
    if Role.SENDING not in sight.places:
        where = _where(sight)
        if where is Role.REVIEW:
            return Step(Do.REVIEW, where, "it was moved to Review")
        return Step(Do.QUEUE, where)
    if entry.first_attempt_at is not None and now - entry.first_attempt_at > rules.queue.lifetime:
        said = f" The server's last words: {entry.server_reply}" if entry.server_reply else ""
        return Step(
            Do.REVIEW, Role.SENDING, f"the server would not take it for {_hours(rules.queue.lifetime)} hours.{said}"
        )
    if entry.next_attempt_at is not None and now < entry.next_attempt_at:
        return Step(Do.WAIT, Role.SENDING, at=entry.next_attempt_at)
    if too_early(entry, now):
        # The clock was set back between the release and the attempt.
        return Step(Do.WAIT, Role.SENDING, at=entry.hold_until)
    return Step(Do.SUBMIT, Role.SENDING)


def _review(entry: Entry, sight: Sight) -> Step:
    where = _where(sight)
    if stop := _asked(entry, where):
        return stop
    if entry.decision is Decision.WAS_SENT:
        return Step(Do.SETTLE, where, "you said that it was sent")
    if step := _out_of_our_hands(entry, sight):
        return step
    if where is Role.SEND_ANYWAY and entry.note_kind == "review":
        # Only once the user was asked it is an answer; before, it lies there for another reason.
        return Step(Do.QUEUE, where, "you moved it to Send anyway")
    if entry.decision is Decision.RELEASE and entry.stage is Stage.DATA:
        return Step(
            Do.REVIEW,
            where,
            f"it is not known whether it was sent, so it was not released: `coolmail release {entry.id} --again` sends it again, "
            f"`coolmail resolve {entry.id} --was-sent` files it as sent",
        )
    if entry.decision in (Decision.RELEASE, Decision.RELEASE_AGAIN):
        return Step(Do.QUEUE, where, "you released it")
    if Role.REVIEW not in sight.places:
        return Step(Do.REVIEW, where)
    if entry.note_kind != "review":
        return Step(Do.TELL, Role.REVIEW, "review")
    # Beside another copy, what a move that was cut short left behind has to go.
    return Step(Do.WAIT if where is Role.REVIEW else Do.REVIEW, where)
