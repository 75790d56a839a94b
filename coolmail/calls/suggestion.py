"""The alternative draft: a short, civil reply in the same thread that acknowledges the mail and proposes a call.

It is put into `\\Drafts` unflagged and is sent only if the user declares it ready like any other draft.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, time, timedelta, tzinfo
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from coolmail.calls.rendering import LANGUAGES, day_and_time, letter_policy, render
from coolmail.core.clean import clean
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
        start, end = CIVIL
    midnight = datetime.combine(day, time(), zone)
    quarters = [start + (end - start) * part // 8 for part in (1, 5)]
    return [midnight + timedelta(minutes=max(start, minute - minute % 30)) for minute in quarters]


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
    name = next(iter(clean(to[0][0]).split()), "").strip(",") if to else ""
    message = EmailMessage(policy=letter_policy(utf8=not all(address.isascii() for _, address in (sender, *to))))
    message["From"] = _address(*sender)
    message["To"] = [_address(*pair) for pair in to]
    message["Subject"] = " ".join(clean(subject).split())
    message["Date"] = format_datetime(now.astimezone(zone))
    message["Message-ID"] = message_id
    if in_reply_to is not None:
        message["In-Reply-To"] = in_reply_to
    if thread := list(references) or [known for known in (in_reply_to,) if known is not None]:
        message["References"] = " ".join(thread)
    text = render(
        f"suggestion.{chosen}.txt.j2",
        name=name,
        slots=times,
        phone=phone,
        sender=clean(sender[0]).strip() or sender[1].partition("@")[0],
    )
    message.set_content(text, cte="quoted-printable")
    return message.as_bytes()


def _address(name: str, address: str) -> Address:
    # Not `addr_spec=`, which refuses addresses that are in use, like `a..b@docomo.example` and those with letters beyond ASCII.
    local, _, domain = address.rpartition("@")
    if local.startswith('"'):
        # `Address` puts a local part into quotes by itself.
        local = re.sub(r"\\(.)", r"\1", local[1:-1])
    return Address(" ".join(clean(name).split()), local, domain)
