"""The note to the user: why a mail waits, what makes it hot, when it goes out, what can be done. Plain text and HTML, nothing remote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from coolmail.calls.rendering import render
from coolmail.calls.wording import day_and_time
from coolmail.core.advice import advice
from coolmail.core.clean import clean, shorten
from coolmail.core.settings import Mailboxes
from coolmail.core.tone import ToneReport


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
) -> bytes:
    """Return a note as an RFC 5322 message with CRLF line ends.

    `kind` is `held` (it waits), `reminder` (its deadline is near), `review` (a human must decide; `reasons` say why), `refused` (sent, but not to
    everybody) or `frozen` (another version lies in Drafts). Times are UTC; they are shown in `zone`.
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


def _zone_name(moment: datetime | None, zone: tzinfo) -> str:
    return "" if moment is None else moment.astimezone(zone).tzname() or ""
