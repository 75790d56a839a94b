"""The alternative draft: a short, civil letter in the same thread, written for a situation, that can go at once while the heated one waits.

It is put into `\\Drafts` unflagged and is sent only if the user declares it ready like any other draft. What only the user can know stands in it as a
blank, `[… like this]`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from pathlib import Path

from coolmail.calls.letters import Envelope, first_name, letter, signed
from coolmail.calls.rendering import Text, language_for, render_letter
from coolmail.calls.wording import day, either, slot_in_words
from coolmail.core.talk import Slot


class LetterKind(StrEnum):
    """What a letter is for."""

    CALL = "call"
    """Thanks, and the offer of a call."""
    ACKNOWLEDGE = "acknowledge"
    """Received; an answer comes by a day."""
    EXPLAIN = "explain"
    """What happened, after cooling down."""
    APOLOGISE = "apologise"
    """Own it: what happens next, by when, at whose cost."""
    EXPECTATIONS = "expectations"
    """Scope, price, what is billed."""
    DELEGATE = "delegate"
    """Changes go to the person who does the work."""
    HANDOFF = "handoff"
    """End the engagement civilly, with all the client needs to move on."""
    DISCUSSED = "discussed"
    """After the call: what was agreed."""
    INVITATION = "invitation"
    """With an invitation to a call."""


AT_ANY_TIME = tuple(kind for kind in LetterKind if kind not in (LetterKind.DISCUSSED, LetterKind.INVITATION))
"""Kinds that can be asked for; the others belong to a call."""

SOON = timedelta(days=3)
"""A call later than this is no answer: the client is told first that one is coming."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What a letter is written from.

    `phone` is where the user is reached, `number` where the client is, both as written for people; `by` is when the client hears more at the latest;
    `zone` is the user's; `language` that of the held mail (ISO 639-1), None if unknown; `templates` the folder of the user's own templates.
    """

    envelope: Envelope
    zone: tzinfo
    slots: Sequence[Slot] = ()
    phone: str | None = None
    number: str | None = None
    by: datetime | None = None
    language: str | None = None
    templates: Path | None = None
    talked_at: datetime | None = None
    """When the call took place, for the letter after it."""


def fitting_kind(situation: Situation) -> LetterKind:
    """Choose the letter that is put into Drafts unasked: a call; where none can be soon, that the mail was received and when an answer comes."""
    soon = any(slot.start - situation.envelope.date <= SOON for slot in situation.slots)
    reply = situation.envelope.in_reply_to is not None
    return LetterKind.ACKNOWLEDGE if reply and not soon and situation.by is not None else LetterKind.CALL


def write(kind: LetterKind, situation: Situation) -> Text:
    """Return what a letter says, by the user's template or the built-in one."""
    envelope = situation.envelope
    language = language_for(kind, situation.language, situation.templates)
    times = [slot_in_words(slot, language) for slot in situation.slots]
    recipient = envelope.to[0] if envelope.to else ("", "")
    return render_letter(
        kind,
        language,
        situation.templates,
        name=first_name(recipient[0]),
        address=recipient[1],
        sender=signed(envelope.sender),
        subject=envelope.subject,
        reply=envelope.in_reply_to is not None,
        slots=times,
        times=either(times, language),
        phone=situation.phone,
        number=situation.number,
        by=None if situation.by is None else day(situation.by, situation.zone, language),
        day=None if situation.talked_at is None else day(situation.talked_at, situation.zone, language),
    )


def compose_suggestion(text: str, situation: Situation, message_id: str) -> bytes:
    """Return the draft as an RFC 5322 message with CRLF line ends."""
    message = letter(situation.envelope, message_id)
    message.set_content(text, cte="quoted-printable")
    return message.as_bytes()
