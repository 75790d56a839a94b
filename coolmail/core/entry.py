"""One message as the journal knows it, as a plain value that the pure core can decide on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from coolmail.core.states import Decision, Stage, State
from coolmail.core.tone import Level, ToneReport


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message lies: mailbox, UIDVALIDITY and UID (RFC 9051 section 2.3.1.1)."""

    mailbox: str
    uidvalidity: int
    uid: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A message in the journal. All times are UTC; None means not (yet) so."""

    id: str
    account: str
    message_id: str
    state: State
    taken_at: datetime
    updated_at: datetime
    subject: str
    sender: str
    recipients: tuple[str, ...]
    in_reply_to: str | None
    references: tuple[str, ...]
    own_text: str
    source: Place
    """Where it was taken from."""
    claimed: bool = False
    """Whether our claim on it was seen to win."""
    place: Place | None = None
    """Where it was last known to lie."""
    override: bool = False
    """The user said send anyway: the tone no longer holds it."""
    report: ToneReport | None = None
    verdict: str | None = None
    reasons: tuple[str, ...] = ()
    hold_until: datetime | None = None
    continues: str | None = None
    """The id of the withdrawn version whose hold goes on with this one."""
    frozen: bool = False
    """Another version of it lies in Drafts; nothing happens until the user keeps one."""
    attempts: int = 0
    next_attempt_at: datetime | None = None
    first_attempt_at: datetime | None = None
    stage: Stage | None = None
    server_reply: str | None = None
    refused: tuple[tuple[str, str], ...] = ()
    """Recipients the server refused, with its words."""
    accepted: tuple[str, ...] = ()
    """Recipients the server accepted."""
    decision: Decision | None = None
    note_id: str | None = None
    """Message-ID of our note in INBOX."""
    note_kind: str | None = None
    """What that note says (`held`, `reminder`, `review`, `frozen`); None: there is none."""
    suggestion_id: str | None = None
    """Message-ID of the call suggestion in Drafts."""
    reminded_at: datetime | None = None
    has_bytes: bool = True
    """False once retention removed the content."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a list says of an entry: a thousand of these are read in the time of a few hundred entries."""

    id: str
    account: str
    message_id: str
    state: State
    taken_at: datetime
    updated_at: datetime
    subject: str
    sender: str
    recipients: tuple[str, ...]
    heat: float | None
    level: Level | None
    judged: bool
    """Whether heat and level were read from its words; False, too, where there is no reading yet."""
    reasons: tuple[str, ...]
    hold_until: datetime | None
    next_attempt_at: datetime | None
    frozen: bool
    decision: Decision | None

    @classmethod
    def of(cls, entry: Entry) -> Line:
        """Return the line of an entry."""
        report = entry.report
        return cls(
            id=entry.id,
            account=entry.account,
            message_id=entry.message_id,
            state=entry.state,
            taken_at=entry.taken_at,
            updated_at=entry.updated_at,
            subject=entry.subject,
            sender=entry.sender,
            recipients=entry.recipients,
            heat=report.heat if report is not None else None,
            level=report.level if report is not None else None,
            judged=report is not None and report.judged,
            reasons=entry.reasons,
            hold_until=entry.hold_until,
            next_attempt_at=entry.next_attempt_at,
            frozen=entry.frozen,
            decision=entry.decision,
        )
