"""Composing letters to the client about a message in the journal: for the daemon, unasked, and for the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from coolmail.calls.invitation import Invited, compose_invitation
from coolmail.calls.letters import Envelope
from coolmail.calls.suggestion import LetterKind, Situation, compose_suggestion, fitting_kind, write
from coolmail.core.entry import Entry
from coolmail.core.our_ids import our_id
from coolmail.core.settings import Account, Settings
from coolmail.core.steps import Role
from coolmail.core.talk import Preparation, Slot
from coolmail.journal import Errand
from coolmail.mail.message import read_draft


def situation_of(
    entry: Entry, raw: bytes, account: Account, settings: Settings, found: Preparation, *, now: datetime, zone: tzinfo
) -> Situation | None:
    """Return what letters about a message are written from; None if it is addressed to nobody. `raw` are the bytes as taken."""
    draft = read_draft(raw)
    if not draft.to:
        return None
    return Situation(
        Envelope(
            sender=(draft.from_[0], draft.from_[1] or account.address),
            to=draft.to,
            subject=entry.subject,
            in_reply_to=draft.in_reply_to,
            references=draft.references,
            date=now.astimezone(zone),
        ),
        zone=zone,
        slots=found.slots,
        phone=account.phone,
        number=found.numbers[0].international if found.numbers else None,
        by=entry.hold_until if entry.hold_until is not None and entry.hold_until > now else None,
        language=entry.report.language if entry.report is not None else None,
        templates=None if settings.templates is None else Path(settings.templates),
    )


@dataclass(frozen=True, slots=True)
class Written:
    """A letter: its text, the whole draft with CRLF line ends, and a remark about the user's template, if there is one."""

    kind: LetterKind
    text: str
    raw: bytes
    message_id: str
    remark: str | None


def automatic(
    entry: Entry, raw: bytes, account: Account, settings: Settings, found: Preparation, *, now: datetime, zone: tzinfo
) -> Written | None:
    """Write the letter that is put into Drafts unasked; None if the message is addressed to nobody.

    Its Message-ID depends on what it stands beside alone: two computers that write it at the same moment must leave one.
    """
    situation = situation_of(entry, raw, account, settings, found, now=now, zone=zone)
    if situation is None:
        return None
    message_id = our_id("call", account.address, entry.message_id)
    return _written(fitting_kind(situation), situation, message_id)


def asked_for(entry: Entry, kind: LetterKind, situation: Situation, *, address: str) -> Written:
    """Write a letter that the user asked for. The same words have the same Message-ID."""
    text = write(kind, situation)
    message_id = our_id(kind.value, address, entry.message_id, text.text)
    return _written(kind, situation, message_id)


def _written(kind: LetterKind, situation: Situation, message_id: str) -> Written:
    text, remark = write(kind, situation)
    return Written(kind, text, compose_suggestion(text, situation, message_id), message_id, remark)


def invited(entry: Entry, situation: Situation, slot: Slot, earlier: Sequence[Errand], *, address: str) -> Written:
    """Write a letter with an invitation to a call at one time.

    All invitations about a message are to one event: each that differs from those before it (`earlier`, every errand about the message) moves it.
    """
    situation = replace(situation, slots=(slot,))
    text, remark = write(LetterKind.INVITATION, situation)
    moment = slot.start.astimezone(UTC).isoformat()
    before = list(dict.fromkeys(errand.message_id for errand in earlier if errand.kind == LetterKind.INVITATION.value))

    def known_as(sequence: int) -> str:
        return our_id(LetterKind.INVITATION.value, address, entry.message_id, text, moment, str(sequence))

    again = bool(before) and before[-1] == known_as(len(before) - 1)
    sequence = len(before) - 1 if again else len(before)
    message_id = known_as(sequence)
    event = Invited(our_id("event", address, entry.message_id).strip("<>"), sequence)
    raw = compose_invitation(text, situation, slot, event, message_id)
    return Written(LetterKind.INVITATION, text, raw, message_id, remark)


def errand_for(written: Written, entry: Entry, role: Role, *, now: datetime) -> Errand:
    """Return what asks the daemon to put a letter into a mailbox."""
    return Errand(entry.id, entry.account, written.kind.value, role.value, written.raw, written.message_id, now)
