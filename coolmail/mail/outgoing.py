"""What goes out: the user's own bytes, completed, without Bcc and the client's private notes (promise 4).

Everything here is an edit of whole raw header fields (`coolmail.mail.headers`); the body is never touched but for its line endings, which
SMTP carries as CRLF only, so that PGP and S/MIME signatures stay valid. Dot-stuffing is the SMTP library's.

The order is: `complete` once when a draft is taken (from then on its Message-ID is fixed), `envelope` and `outgoing` at each attempt to
submit, `filed` for the Sent copy.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from email.header import Header
from email.utils import format_datetime
from typing import TYPE_CHECKING

from coolmail.core.errors import CoolmailError
from coolmail.core.subject import READY, has_token, without_token
from coolmail.mail import addresses
from coolmail.mail.decoding import header_text
from coolmail.mail.headers import Field, Parts, crlf_message, split
from coolmail.mail.private import is_private, wants_encryption

if TYPE_CHECKING:
    from datetime import datetime

BLIND = frozenset({"bcc", "resent-bcc"})
RECIPIENT_FIELDS = ("to", "cc", "bcc")


class BadDraft(CoolmailError):  # noqa: N818 - it is the draft that is bad
    """A draft that can't be sent as it is; the text says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who sends and who gets a message (RFC 5321), domains in A-labels, each recipient once.

    `needs_smtputf8`: an address has letters beyond ASCII before the @, which only an SMTPUTF8 server takes (RFC 6531).
    `is_8bit`: what goes out has bytes beyond ASCII, so BODY=8BITMIME is to be asked for (RFC 6152).
    """

    sender: str
    recipients: tuple[str, ...]
    needs_smtputf8: bool
    is_8bit: bool


def complete(raw: bytes, *, message_id: str, date: datetime, subject_token: str | None = READY) -> bytes:
    """The message in CRLF form, with Message-ID and Date where it has none, its subject freed of the token that declared it ready.

    `message_id` with its angle brackets, `date` aware. Completing a complete message changes nothing.
    """
    parts = crlf_message(raw).without(lambda field: field.name in {"message-id", "date"} and not field.value)
    parts = Parts(b"", parts.fields, parts.separator, parts.body)
    if subject_token:
        subject = parts.first("subject")
        if subject is not None and has_token(header_text(subject.value), subject_token):
            parts = parts.with_replaced(subject, _without_token(subject, subject_token))
    if parts.first("date") is None:
        parts = parts.with_field("Date", format_datetime(date))
    if parts.first("message-id") is None:
        parts = parts.with_field("Message-ID", message_id)
    return bytes(parts)


def _without_token(subject: Field, token: str) -> Field:
    tail = subject.raw.rstrip()
    mark = re.escape(token.encode())
    kept = re.sub(rb"(?i)[ \t\r\n]*" + mark + rb"\Z", b"", tail[-_TAIL:])
    if kept == tail[-_TAIL:]:
        # Quoted-printable shows the token as it is, behind a space written as an underscore.
        kept = re.sub(rb"(?i)(\?q\?[^?]+?)(?:_|=20)+" + mark + rb"\?=\Z", rb"\1?=", kept)
    if kept != tail[-_TAIL:]:
        return Field(subject.name, tail[:-_TAIL] + kept + (b" " if kept.endswith(b":") else b"") + b"\r\n")
    # The token is encoded: this line alone is written anew.
    name, _, _ = subject.raw.partition(b":")
    text = without_token(header_text(subject.value), token)
    encoded = Header(text, "us-ascii" if text.isascii() else "utf-8", header_name="Subject").encode(linesep="\r\n")
    return Field(subject.name, name + b": " + encoded.encode("ascii", errors="replace") + b"\r\n")


_TAIL = 400
"""Bytes at the end of a subject in which the token is looked for; an encoded word has 75 (RFC 2047 section 2)."""


def stable_message_id(raw: bytes, address: str) -> str:
    """A Message-ID that depends on nothing but the content: two computers that take the same draft name it alike.

    `address` is the account's; its domain stands behind the @. Line endings do not count.
    """
    digest = hashlib.sha256(bytes(crlf_message(raw))).hexdigest()
    try:
        domain = addresses.wire(address).rpartition("@")[2]
    except ValueError:
        domain = "coolmail.invalid"
    return f"<{digest[:40]}.coolmail@{domain}>"


def outgoing(raw: bytes) -> bytes:
    """What goes to DATA: the message without its blind copies and private draft headers, all else byte for byte."""
    parts = _public(raw)
    return bytes(parts.without(lambda field: field.name in BLIND))


def filed(raw: bytes) -> bytes:
    """The copy for the Sent mailbox: what went out, and Bcc, because the user wants to know who got it."""
    return bytes(_public(raw))


def _public(raw: bytes) -> Parts:
    parts = split(raw)
    parts = Parts(b"", parts.fields, parts.separator, parts.body)
    return parts.without(is_private(parts.fields))


def envelope(raw: bytes, *, address: str) -> Envelope:
    """From whom to whom the message goes, read from its headers.

    `address` is the account's own, the sender where several are in From and none in Sender. Raises BadDraft where the message can't be
    sent as it is.
    """
    parts = split(raw)
    if parts.damage is not None:
        line = header_text(parts.damage)[:60]
        raise BadDraft(
            f"The headers of this draft are damaged: the line “{line}” is none, so what follows would go out as text. "
            "Open it in your mail client and save it again."
        )
    if any(parts.all("resent-to", "resent-cc", "resent-bcc")):
        raise BadDraft(
            "This draft redirects a message (it has Resent headers), so it is not clear to whom it goes. "
            "Redirect it from your mail client."
        )
    if wants_encryption(parts):
        raise BadDraft(
            "This draft is marked to be encrypted when it is sent, which only your mail client can do. Send it from there."
        )
    sender = _sender(parts, address)
    recipients = _recipients(parts)
    return Envelope(
        sender=sender,
        recipients=recipients,
        needs_smtputf8=not all(mailbox.isascii() for mailbox in (sender, *recipients)),
        is_8bit=not outgoing(raw).isascii(),
    )


def _sender(parts: Parts, address: str) -> str:
    if len(list(parts.all("from"))) > 1:
        raise BadDraft(
            "This draft has two From lines, so it is not clear who sends it. Save it again in your mail client."
        )
    authors = _addresses(parts, "from")
    if not authors:
        raise BadDraft("This draft has no From address. Choose the sender in your mail client and save it again.")
    if len(authors) == 1:
        return authors[0]
    # RFC 5322 section 3.6.2: several authors, one Sender.
    senders = _addresses(parts, "sender")
    return senders[0] if len(senders) == 1 else addresses.wire(address)


def _recipients(parts: Parts) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for recipient in _addresses(parts, *RECIPIENT_FIELDS):
        local, _, domain = recipient.rpartition("@")
        found.setdefault(f"{local}@{domain.lower()}", recipient)
    if not found:
        raise BadDraft("This draft has no recipient. Fill in To, Cc or Bcc.")
    return tuple(found.values())


def _addresses(parts: Parts, *names: str) -> list[str]:
    found: list[str] = []
    for field in parts.all(*names):
        read = addresses.parse(field.value)
        if read.broken:
            raise BadDraft(
                f"“{read.broken[0][:80]}” in {field.name.capitalize()} of this draft is not a mail address. Correct it and save again."
            )
        found += [addresses.wire(mailbox.address) for mailbox in read.mailboxes]
    return found
