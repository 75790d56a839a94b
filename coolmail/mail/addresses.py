"""Mail addresses: address lists as RFC 5322 section 3.4 has them (groups, comments, quoted strings), and their form on the wire.

The library's parsers differ between Python 3.11, 3.12 and 3.13 in what they do with a broken list, and drop what they do not understand.
Who gets the mail is no place for that: this one takes a list apart the same way everywhere, in one pass, and hands back what it could
not read, so that somebody can be asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

import idna

from coolmail.mail.decoding import header_text, one_line, to_text


class Mailbox(NamedTuple):
    """One address: the name shown for it (may be empty) and `local@domain` as written, Unicode allowed."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class AddressList:
    """What an address field holds: the mailboxes that could be read, and the pieces that are no address."""

    mailboxes: tuple[Mailbox, ...] = ()
    broken: tuple[str, ...] = ()


_TOKEN = re.compile(
    r"""
    (?P<quoted>"(?:[^"\\]|\\.)*"?)
  | (?P<literal>\[[^\[\]<>,;"()]*\]?)
  | (?P<word>[^"(),:;<>\\\[\s]+)
  | (?P<space>\s+)
  | (?P<special>.)
    """,
    re.VERBOSE | re.DOTALL,
)


class _Entry:
    """One list item while it is being read."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.comment: list[str] = []
        self.angle: list[str] | None = None
        self.after: list[str] = []

    def add(self, text: str, *, inside: bool) -> None:
        if inside and self.angle is not None:
            self.angle.append(text)
        elif self.angle is None:
            self.text.append(text)
        else:
            self.after.append(text)

    @property
    def blank(self) -> bool:
        return self.angle is None and not "".join(self.text).strip()


def parse(value: bytes) -> AddressList:
    """Read the value of an address field (To, Cc, From, ...). Groups are flattened; an empty group is an empty list."""
    mailboxes: list[Mailbox] = []
    broken: list[str] = []
    entry = _Entry()
    inside = False
    in_group = False
    comments = 0

    def finish() -> None:
        nonlocal entry, inside
        if not entry.blank:
            mailbox = _mailbox(entry, closed=not inside)
            if mailbox is None:
                broken.append(one_line("".join((*entry.text, "<" * (entry.angle is not None), *(entry.angle or ())))))
            else:
                mailboxes.append(mailbox)
        entry, inside = _Entry(), False

    for match in _TOKEN.finditer(to_text(value)):
        piece, kind = match[0], match.lastgroup
        if comments:
            # A quoted pair cannot be told from a backslash here, which matters to nobody: a comment is not an address.
            comments += (piece == "(") - (piece == ")")
            if comments:
                entry.comment.append(piece)
        elif kind != "special":
            entry.add(" " if kind == "space" else piece, inside=inside)
        elif piece == "(":
            comments = 1
            # The last comment is the name in the old style, `fred@x.example (Fred)`.
            entry.comment.clear()
        elif piece == "<" and entry.angle is None:
            entry.angle, inside = [], True
        elif piece == ">" and inside:
            inside = False
        elif piece == ":" and not inside and not in_group and entry.angle is None and "@" not in "".join(entry.text):
            entry, in_group = _Entry(), True
        elif piece == ";" or (piece == "," and not inside):
            finish()
            in_group = in_group and piece != ";"
        else:
            entry.add(piece, inside=inside)
    finish()
    return AddressList(tuple(mailboxes), tuple(broken))


def _mailbox(entry: _Entry, *, closed: bool) -> Mailbox | None:
    text = "".join(entry.text).strip()
    if entry.angle is None:
        address, name = text, "".join(entry.comment)
    else:
        address, name = "".join(entry.angle).strip(), text
    if not closed or "".join(entry.after).strip() or not is_address(address):
        return None
    return Mailbox(_display(name), address)


def _display(name: str) -> str:
    unquoted = re.sub(r'"((?:[^"\\]|\\.)*)"?', lambda match: re.sub(r"\\(.)", r"\1", match[1]), name)
    return header_text(unquoted.encode("utf-8", errors="replace"))


_LOCAL = re.compile(r"[^\x00-\x20\x7f-\xa0\"(),:;<>@\[\]\\]+|\"(?:[^\"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*\"")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,62})", re.IGNORECASE)
_LITERAL = re.compile(r"\[(?:ipv6:)?[0-9a-f.:]{2,45}\]", re.IGNORECASE)


def is_address(address: str) -> bool:
    """Whether the text is one `local@domain` that SMTP can carry (RFC 5321 section 4.1.2, RFC 6531)."""
    try:
        wire(address)
    except ValueError:
        return False
    return True


def wire(address: str) -> str:
    """The address as it goes into the envelope: the domain in A-labels (RFC 5890), the local part untouched.

    Raises ValueError where it is no address.
    """
    local, at, domain = address.rpartition("@")
    if not at or len(local.encode("utf-8", errors="replace")) > 64 or not _LOCAL.fullmatch(local):
        raise ValueError(address)
    if _LITERAL.fullmatch(domain):
        return address
    if not domain.isascii():
        domain = idna.encode(domain, uts46=True).decode("ascii")
    if len(domain) > 253 or not all(_LABEL.fullmatch(label) for label in domain.split(".")):
        raise ValueError(address)
    return f"{local}@{domain}"
