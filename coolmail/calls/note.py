"""The note to the user: why a mail waits, what makes it hot, when it goes out, what can be done. Plain text and HTML, nothing remote."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import NamedTuple

from coolmail.calls.rendering import render
from coolmail.calls.wording import day_and_time, slot_for_user
from coolmail.core.advice import advice
from coolmail.core.clean import clean, shorten
from coolmail.core.settings import Mailboxes
from coolmail.core.talk import Number, Preparation
from coolmail.core.tone import ToneReport

SAYS = {"opening": "Begin", "complaint": "They complain", "asked": "They ask", "promised": "Promised"}
"""How a talking point is introduced, by its kind."""


class Talked(NamedTuple):
    """What became of the call: for when it was invited, and when it took place (UTC); None: not (yet)."""

    slot: datetime | None = None
    called_at: datetime | None = None


NOT_YET = Talked()
NOTHING = Preparation()


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of the own text; `kinds` is empty for text that nobody needs to look at again."""

    text: str
    kinds: tuple[str, ...] = ()


def pieces(report: ToneReport) -> list[Piece]:
    """Cut the own text into runs at the borders of its hot sentences."""
    text, at, found = report.own_text, 0, []
    for sentence in report.hot:
        if sentence.start < at:
            continue
        if sentence.start > at:
            found.append(Piece(clean(text[at : sentence.start], lines=True)))
        kinds = tuple(kind.value for kind in sentence.kinds)
        found.append(Piece(clean(text[sentence.start : sentence.end], lines=True), kinds))
        at = sentence.end
    if at < len(text):
        found.append(Piece(clean(text[at:], lines=True)))
    return found


def compose_note(
    *,
    kind: str,
    identifier: str,
    address: str,
    message_id: str,
    subject: str,
    recipients: Sequence[str],
    now: datetime,
    zone: tzinfo,
    report: ToneReport | None = None,
    reasons: Sequence[str] = (),
    hold_until: datetime | None = None,
    sends_at_deadline: bool = True,
    mailboxes: Mailboxes,
    has_suggestion: bool = False,
    found: Preparation = NOTHING,
    talk: Talked = NOT_YET,
) -> bytes:
    """Return a note as an RFC 5322 message with CRLF line ends.

    `kind` is `held` (it waits), `reminder` (its deadline is near), `review` (a human must decide; `reasons` say why), `refused` (sent, but not to
    everybody) or `frozen` (another version lies in Drafts). Times are UTC; they are shown in `zone`. `found` is what was found for a call, and
    `talk` what became of it.
    """
    when = day_and_time(hold_until, zone, "en") if hold_until is not None else None
    title = shorten(subject, 80) or "(no subject)"
    headline = {
        "held": f"Waiting until {when}: {title}",
        "reminder": f"Goes out {when}: {title}" if sends_at_deadline else f"Decide before {when}: {title}",
        "review": f"Please decide: {title}",
        "refused": f"Not everybody got it: {title}",
        "frozen": f"Two versions, keep one: {title}",
    }[kind]
    hot = report.hot if report is not None else ()
    below = f"{mailboxes.parent}/" if mailboxes.parent else ""
    values = {
        "kind": kind,
        "id": identifier,
        "headline": headline,
        "subject": title,
        "recipients": ", ".join(clean(recipient) for recipient in recipients),
        "when": when,
        "zone": _zone_name(hold_until, zone),
        "sends_at_deadline": sends_at_deadline,
        "heat": None if report is None else f"{report.heat:.2f}",
        "level": None if report is None else report.level.value,
        "reasons": [clean(reason) for reason in reasons],
        "hot": [(shorten(sentence.text, 300), ", ".join(kind.value for kind in sentence.kinds)) for sentence in hot],
        "advice": list(advice(report)) if report is not None else [],
        "pieces": pieces(report) if report is not None else [],
        "held": below + mailboxes.held,
        "send_anyway": below + mailboxes.send_anyway,
        "review": below + mailboxes.review,
        "has_suggestion": has_suggestion,
        "numbers": [_number(number) for number in found.numbers],
        "slots": [slot_for_user(slot) for slot in found.slots],
        "points": [
            (SAYS.get(point.kind, point.kind), clean(point.text), clean(point.source)) for point in found.points
        ],
        "remarks": [clean(remark) for remark in found.remarks],
        "talked": _talked(talk, now, zone, identifier) if kind == "reminder" else None,
    }
    message = EmailMessage(policy=SMTP)
    message["From"] = f"coolmail <{address}>"
    message["To"] = address
    message["Subject"] = headline
    message["Date"] = format_datetime(now.astimezone(zone))
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(render("note.txt.j2", **values), cte="quoted-printable")
    message.add_alternative(render("note.html.j2", **values), subtype="html", cte="quoted-printable")
    return message.as_bytes()


def _number(number: Number) -> dict[str, str | None]:
    """Return a number as it is shown; `link` is what a `tel:` link takes (RFC 3966), None for anything that is no number."""
    return {
        "link": number.e164 if re.fullmatch(r"\+\d{3,15}", number.e164) else None,
        "international": clean(number.international),
        "national": clean(number.national),
        "found": clean(number.found),
    }


def _talked(talk: Talked, now: datetime, zone: tzinfo, identifier: str) -> str:
    """Say in a reminder whether the call took place."""
    if talk.called_at is not None:
        return f"You called {day_and_time(talk.called_at, zone, 'en')}. Is this mail still needed? If not, cancel it."
    done = f"If you have talked, `coolmail called {identifier}` notes it and cancels this mail."
    if talk.slot is not None and talk.slot <= now:
        return f"The call you invited to for {day_and_time(talk.slot, zone, 'en')} is not noted as done. {done}"
    if talk.slot is not None:
        return f"You invited to a call {day_and_time(talk.slot, zone, 'en')}. {done}"
    return f"The call that was suggested has not taken place, as far as coolmail knows. {done}"


def _zone_name(moment: datetime | None, zone: tzinfo) -> str:
    return "" if moment is None else moment.astimezone(zone).tzname() or ""
