"""Letters of ours to a client, as RFC 5322 drafts: the thread, the addresses, the header fields as clients understand them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime
from typing import Any

from coolmail.core.clean import clean

IDS = frozenset({"message-id", "in-reply-to", "references"})


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who writes to whom in which thread. `sender` and `to` are (name, address); Message-IDs have their angle brackets; `date` is aware."""

    sender: tuple[str, str]
    to: Sequence[tuple[str, str]]
    subject: str
    in_reply_to: str | None
    references: Sequence[str]
    date: datetime


class _LetterPolicy(EmailPolicy):
    """Folds fields of Message-IDs between the ids only.

    The library would write an id that is longer than a line, as Outlook's often are, as an encoded word, which no client reads as an id: the thread
    would break.
    """

    def fold_binary(self, name: str, value: Any) -> bytes:
        """Return a header field as octets."""
        if name.lower() not in IDS:
            return super().fold_binary(name, value)
        ids = [part for part in str(value).split() if part.isascii() and part.isprintable()]
        return f"{name}: {f'{self.linesep} '.join(ids)}{self.linesep}".encode("ascii")


def letter(envelope: Envelope, message_id: str) -> EmailMessage:
    """Return a draft that has every header field and no content yet; its policy writes CRLF line ends.

    Header fields are 7-bit unless an address needs more (RFC 6532).
    """
    beyond = not all(address.isascii() for _, address in (envelope.sender, *envelope.to))
    message = EmailMessage(policy=_LetterPolicy(linesep=SMTP.linesep, utf8=beyond))
    message["From"] = _address(*envelope.sender)
    message["To"] = [_address(*pair) for pair in envelope.to]
    message["Subject"] = " ".join(clean(envelope.subject).split())
    message["Date"] = format_datetime(envelope.date)
    message["Message-ID"] = message_id
    if envelope.in_reply_to is not None:
        message["In-Reply-To"] = envelope.in_reply_to
    if thread := list(envelope.references) or [known for known in (envelope.in_reply_to,) if known is not None]:
        message["References"] = " ".join(thread)
    return message


def first_name(name: str) -> str:
    """Return the word by which a person is greeted; empty where there is none."""
    words = clean(name).split()
    if not words or "@" in name:
        return ""
    if words[0].endswith(",") and len(words) == 2:  # Outlook's "Berg, Bo"
        return words[1].strip(",")
    return words[0].strip(",")


def signed(sender: tuple[str, str]) -> str:
    """Return what a letter is signed with."""
    return clean(sender[0]).strip() or sender[1].partition("@")[0]


def _address(name: str, address: str) -> Address:
    # Not `addr_spec=`, which refuses addresses that are in use, like `a..b@docomo.example` and those with letters beyond ASCII.
    local, _, domain = address.rpartition("@")
    if local.startswith('"'):
        # `Address` puts a local part into quotes by itself.
        local = re.sub(r"\\(.)", r"\1", local[1:-1])
    return Address(" ".join(clean(name).split()), local, domain)
