"""The alternative draft: a short, civil reply in the same thread that acknowledges the mail and proposes a call.

It is put into `\\Drafts` unflagged and is sent only if the user declares it ready like any other draft.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta, tzinfo
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from coolmail.calls.rendering import LANGUAGES, day_and_time, render
from coolmail.core.settings import WorkingHours

CIVIL = (9 * 60, 17 * 60)
"""Minutes since midnight between which a client may be called, whatever hours the user keeps."""


def slots(now: datetime, hours: WorkingHours, zone: tzinfo) -> list[datetime]:
    """Return two moments for a call on the user's next working day, one in the first and one in the second half, in the user's zone."""
    day = now.astimezone(zone).date() + timedelta(days=1)
    while hours.days and day.isoweekday() not in hours.days:
        day += timedelta(days=1)
    start, end = max(hours.start, CIVIL[0]), min(hours.end, CIVIL[1])
    if start >= end:
        start, end = hours.start, hours.end
    midnight = datetime.combine(day, time(), zone)
    quarters = [start + (end - start) * part // 8 for part in (1, 5)]
    return [midnight + timedelta(minutes=minute - minute % 30) for minute in quarters]


def compose_suggestion(
    *,
    sender: tuple[str, str],
    to: Sequence[tuple[str, str]],
    subject: str,
    in_reply_to: str | None,
    references: Sequence[str],
    message_id: str,
    phone: str | None,
    hours: WorkingHours,
    now: datetime,
    zone: tzinfo,
    language: str | None,
) -> bytes:
    """Return the draft as an RFC 5322 message with CRLF line ends. `sender` and `to` are (name, address) pairs."""
    chosen = language if language in LANGUAGES else LANGUAGES[0]
    times = [day_and_time(slot, zone, chosen) for slot in slots(now, hours, zone)]
    name = to[0][0].split()[0].strip(",") if to and to[0][0].strip() else ""
    message = EmailMessage(policy=SMTP)
    message["From"] = _address(*sender)
    message["To"] = [_address(*pair) for pair in to]
    message["Subject"] = " ".join(subject.split())
    message["Date"] = format_datetime(now.astimezone(zone))
    message["Message-ID"] = message_id
    if in_reply_to is not None:
        message["In-Reply-To"] = in_reply_to
    if references or in_reply_to:
        message["References"] = " ".join(references or (in_reply_to or "",))
    text = render(
        f"suggestion.{chosen}.txt.j2",
        name=name,
        slots=times,
        phone=phone,
        sender=sender[0] or sender[1].partition("@")[0],
    )
    message.set_content(text, cte="quoted-printable")
    return message.as_bytes()


def _address(name: str, address: str) -> Address:
    return Address(" ".join(name.split()), addr_spec=address)
