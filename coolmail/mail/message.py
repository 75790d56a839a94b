"""Reading: what a draft says, as far as it can be read.

`read_draft` takes any bytes and raises nothing; what is wrong with them stands in `Draft.problems`, in sentences for the user. The bytes
themselves are never changed by reading; what goes out is made in `coolmail.mail.outgoing`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from coolmail.core.owntext import OwnText, own_text
from coolmail.mail import addresses
from coolmail.mail.bodies import read_bodies
from coolmail.mail.decoding import header_text, to_text
from coolmail.mail.headers import Parts, split
from coolmail.mail.private import wants_encryption

if TYPE_CHECKING:
    from coolmail.mail.addresses import Mailbox

READ_REFERENCES = 200


@dataclass(frozen=True, slots=True)
class Draft:
    """What a draft says.

    Addresses are (name, address), the address as written; `from_` is ("", "") where there is none. Message-IDs have their angle brackets.
    `date` is aware. `encrypted` is "PGP" or "S/MIME" where the text can't be read for that reason; the own text is then empty.
    `problems` are sentences for the user, empty for a sound draft.
    """

    message_id: str | None
    subject: str
    from_: tuple[str, str]
    to: tuple[tuple[str, str], ...]
    cc: tuple[tuple[str, str], ...]
    bcc: tuple[tuple[str, str], ...]
    in_reply_to: str | None
    references: tuple[str, ...]
    date: datetime | None
    own_text: OwnText
    encrypted: str | None
    problems: tuple[str, ...]

    @property
    def recipients(self) -> tuple[str, ...]:
        """All addresses it goes to, as written."""
        return tuple(address for _, address in (*self.to, *self.cc, *self.bcc))


def read_draft(raw: bytes) -> Draft:
    """Read a draft. Any bytes are accepted and nothing is raised."""
    parts = split(raw)
    problems = list(_header_problems(parts))
    from_, to, cc, bcc = (_mailboxes(parts, name, problems) for name in ("from", "to", "cc", "bcc"))
    if not from_:
        problems.append("It has no From address.")
    if not (to or cc or bcc):
        problems.append("It has no recipient.")
    bodies = read_bodies(parts)
    if bodies.encrypted:
        own = OwnText("", certain=True, notice=f"It is protected with {bodies.encrypted}, so its tone can't be judged.")
    else:
        own = own_text(bodies.plain, bodies.html, flowed=bodies.flowed, delsp=bodies.delsp)
    in_reply_to = _message_ids(parts, "in-reply-to")
    message_id = _message_ids(parts, "message-id")
    return Draft(
        message_id=message_id[0] if message_id else None,
        subject=_text(parts, "subject"),
        from_=(from_[0].name, from_[0].address) if from_ else ("", ""),
        to=tuple((name, address) for name, address in to),
        cc=tuple((name, address) for name, address in cc),
        bcc=tuple((name, address) for name, address in bcc),
        in_reply_to=in_reply_to[0] if in_reply_to else None,
        references=_message_ids(parts, "references"),
        date=_date(parts, problems),
        own_text=own,
        encrypted=bodies.encrypted,
        problems=tuple(problems),
    )


def _header_problems(parts: Parts) -> list[str]:
    problems = []
    if not parts.fields:
        problems.append("It has no headers, so it is not a mail message.")
    elif parts.damage is not None:
        problems.append(f"Its headers are damaged: the line “{header_text(parts.damage)[:60]}” is no header.")
    problems += [
        f"It has {count} {name} lines."
        for name in ("From", "Subject", "Message-ID", "Date")
        if (count := sum(1 for _ in parts.all(name.lower()))) > 1
    ]
    if any(b"\0" in field.raw for field in parts.fields):
        problems.append("Its headers hold NUL bytes, which mail servers refuse.")
    if any(parts.all("resent-to", "resent-cc", "resent-bcc")):
        problems.append("It redirects another message (Resent headers).")
    if wants_encryption(parts):
        problems.append("It is marked to be encrypted when it is sent, which only the mail client can do.")
    return problems


def _mailboxes(parts: Parts, name: str, problems: list[str]) -> list[Mailbox]:
    found: list[Mailbox] = []
    for field in parts.all(name):
        read = addresses.parse(field.value)
        found += read.mailboxes
        problems += [f"“{broken[:80]}” in {name.capitalize()} is not a mail address." for broken in read.broken[:5]]
    return found


def _text(parts: Parts, name: str) -> str:
    field = parts.first(name)
    return "" if field is None else header_text(field.value)


_MESSAGE_ID = re.compile(r"<[^<>\s]{1,900}>")


def _message_ids(parts: Parts, name: str) -> tuple[str, ...]:
    field = parts.first(name)
    if field is None:
        return ()
    value = to_text(field.value)
    found = _MESSAGE_ID.findall(value)[-READ_REFERENCES:]
    # Some clients forget the angle brackets.
    bare = value.split()
    return tuple(found) if found else tuple(f"<{word}>" for word in bare[:1] if re.fullmatch(r"[^<>]{1,900}", word))


def _date(parts: Parts, problems: list[str]) -> datetime | None:
    field = parts.first("date")
    if field is None or not field.value:
        return None
    try:
        date = parsedate_to_datetime(to_text(field.value[:200]))
    except (ValueError, TypeError, OverflowError, IndexError):
        problems.append("Its Date can't be read.")
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)
