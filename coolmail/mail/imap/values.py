"""What an IMAP session gives back, as plain values.

Names of mailboxes are Unicode, in the server's own separator. A UID means something only together with its mailbox's UIDVALIDITY.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NewType

if TYPE_CHECKING:
    from datetime import datetime

Uid = NewType("Uid", int)
"""The number of a message in its mailbox that never changes (RFC 3501 section 2.3.1.1); not its position."""


@dataclass(frozen=True, slots=True)
class MailboxInfo:
    r"""A mailbox as LIST tells it; attributes are lower-case, special use included (`\drafts`, `\noselect`, `\subscribed`)."""

    name: str
    attributes: frozenset[str]
    delimiter: str | None


@dataclass(frozen=True, slots=True)
class Selected:
    r"""The mailbox just selected; `keywords` is True where new keywords may be made (PERMANENTFLAGS has `\*`)."""

    name: str
    uidvalidity: int
    uidnext: int | None
    exists: int
    highestmodseq: int | None
    keywords: bool


@dataclass(frozen=True, slots=True)
class Status:
    """A mailbox looked at without selecting it."""

    name: str
    messages: int
    uidnext: int
    uidvalidity: int


@dataclass(frozen=True, slots=True)
class Overview:
    r"""A message without its body. `header`: the header fields that were asked for, CRLF lines, ending with an empty line.

    System flags are spelled as in RFC 3501 (`\Seen`), keywords as the server has them; `internaldate` is UTC; `size` in octets.
    """

    uid: Uid
    flags: frozenset[str]
    internaldate: datetime
    size: int
    header: bytes


@dataclass(frozen=True, slots=True)
class Appended:
    """Where APPEND stored the message; both None where the server does not say (no UIDPLUS)."""

    uidvalidity: int | None
    uid: Uid | None


@dataclass(frozen=True, slots=True)
class Moved:
    """Where the copy landed in the target mailbox."""

    uidvalidity: int
    uid: Uid
