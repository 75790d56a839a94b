"""The states of a message in the journal, and which moves between them are legal.

    taken -> scored -> held -> due -> submitting -> submitted -> filed

with the side doors `withdrawn`, `cancelled`, `review`, `failed` and `elsewhere`. Everything that wants to move a message asks `check_move`; no
other place knows the table. Three properties hold and are tested: a final state has no way out but the two restorable ones into review;
`submitted` is reached only from `submitting` (the server said 250) or from `review` (the user said so); nothing leads from `cancelled` or
`withdrawn` to `due` without passing review.
"""

from __future__ import annotations

from enum import StrEnum

from coolmail.core.errors import CoolmailError


class State(StrEnum):
    """Where a message is on its way."""

    TAKEN = "taken"
    """Its bytes are in the journal; the claim on the mailbox is under way or done."""
    SCORED = "scored"
    """Tone and verdict are known."""
    HELD = "held"
    """It waits in the mailbox `Held` until its deadline or a decision."""
    DUE = "due"
    """It may go: claimed into `Sending`, next attempt at `next_attempt_at`."""
    SUBMITTING = "submitting"
    """An attempt is under way; after a crash the recorded stage tells what may have happened."""
    SUBMITTED = "submitted"
    """The server took responsibility for it (250)."""
    FILED = "filed"
    """Sent copy made, original flagged, draft removed: the end."""
    WITHDRAWN = "withdrawn"
    """The user took it back to edit; it lies in `\\Drafts`."""
    CANCELLED = "cancelled"
    """The user does not want it sent; its bytes stay restorable for a while."""
    REVIEW = "review"
    """A human must decide; it lies in `Review` with a reason."""
    FAILED = "failed"
    """It is in no mailbox, and the server has no room to put it back; only the journal has it until then."""
    ELSEWHERE = "elsewhere"
    """Another computer took it, or it went out another way."""


LEGAL: dict[State, frozenset[State]] = {
    State.TAKEN: frozenset(
        {State.SCORED, State.REVIEW, State.WITHDRAWN, State.CANCELLED, State.ELSEWHERE, State.FAILED}
    ),
    State.SCORED: frozenset(
        {State.HELD, State.DUE, State.REVIEW, State.WITHDRAWN, State.CANCELLED, State.ELSEWHERE, State.FAILED}
    ),
    State.HELD: frozenset({State.DUE, State.REVIEW, State.WITHDRAWN, State.CANCELLED, State.ELSEWHERE, State.FAILED}),
    State.DUE: frozenset(
        {State.SUBMITTING, State.REVIEW, State.WITHDRAWN, State.CANCELLED, State.ELSEWHERE, State.FAILED}
    ),
    State.SUBMITTING: frozenset({State.SUBMITTED, State.DUE, State.REVIEW}),
    State.SUBMITTED: frozenset({State.FILED}),
    State.FILED: frozenset(),
    State.WITHDRAWN: frozenset({State.REVIEW}),
    State.CANCELLED: frozenset({State.REVIEW}),
    State.REVIEW: frozenset(
        {State.DUE, State.HELD, State.SUBMITTED, State.WITHDRAWN, State.CANCELLED, State.ELSEWHERE, State.FAILED}
    ),
    State.FAILED: frozenset({State.REVIEW, State.CANCELLED}),
    State.ELSEWHERE: frozenset(),
}

FINISHED = frozenset({State.FILED, State.WITHDRAWN, State.CANCELLED, State.ELSEWHERE})
"""States in which coolmail does nothing more of its own accord."""

ACTIVE = frozenset(State) - FINISHED


class IllegalMoveError(CoolmailError):
    """A move between states that the table does not allow: a fault in coolmail, never in the mail."""


def check_move(before: State, after: State) -> None:
    """Raise `IllegalMoveError` unless a message may go from `before` to `after`."""
    if after not in LEGAL[before]:
        raise IllegalMoveError(f"a message cannot go from {before} to {after}")


class Stage(StrEnum):
    """How far a submission attempt came, made durable before each step; it decides whether a retry is safe."""

    STARTING = "starting"
    """Nothing was sent to the server yet."""
    CONNECTED = "connected"
    """Logged in; no recipient named."""
    RECIPIENTS = "recipients"
    """Recipients accepted, the content not yet begun."""
    DATA = "data"
    """The content may have been sent: from here on a lost reply is ambiguous."""

    @property
    def retry_is_safe(self) -> bool:
        """Whether the server cannot have accepted the message yet."""
        return self is not Stage.DATA


class Decision(StrEnum):
    """What the user decided on the command line, carried out by the daemon."""

    RELEASE = "release"
    RELEASE_AGAIN = "release-again"
    CANCEL = "cancel"
    WITHDRAW = "withdraw"
    WAS_SENT = "was-sent"
    RESTORE = "restore"
