"""From a command's answer to a value or an error."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from coolmail.mail.imap import parse
from coolmail.mail.imap.errors import CommandRefused, ImapError, MailboxMissing
from coolmail.mail.imap.values import Selected

if TYPE_CHECKING:
    from coolmail.mail.imap.framing import Frame

_EXISTS = re.compile(rb"(\d+) EXISTS\b", re.IGNORECASE)


def ok(who: str, response: Any, doing: str) -> list[Frame]:
    """Return the responses if the tagged answer is OK, else raise `CommandRefused` with the server's words."""
    lines: list[Frame] = response.lines
    if response.result == "OK":
        return lines
    code = parse.code(lines[-1])
    words = parse.text(lines[-1])
    raise CommandRefused(
        f"{who}: {doing} was refused: {code[0] + ': ' if code else ''}{words!r}. Nothing was changed.",
        code=code[0] if code else None,
        text=words,
    )


def missing(who: str, name: str, response: Any) -> MailboxMissing:
    """Return the error for a mailbox that does not exist."""
    code = parse.code(response.lines[-1])
    text = parse.text(response.lines[-1])
    return MailboxMissing(
        f"{who}: there is no mailbox {name!r} ({text!r}). Nothing was changed.",
        code=code[0] if code else None,
        text=text,
    )


def gone(response: Any) -> bool:
    """Whether the server refused because the message is no longer there (RFC 5530)."""
    return response.result == "NO" and "EXPUNGEISSUED" in parse.codes(response.lines)


def selected(name: str, lines: list[Frame]) -> Selected:
    """Return what SELECT or EXAMINE told; without UIDVALIDITY no UID could be relied on, so that is an error."""
    codes = parse.codes(lines)
    counts = [int(found[1]) for frame in lines if (found := _EXISTS.match(frame[0]))]
    uidvalidity = parse.number(codes.get("UIDVALIDITY"))
    if uidvalidity is None or not counts:
        raise ImapError(
            f"The server did not tell the state of the mailbox {name!r}, so messages in it can't be told apart."
        )
    return Selected(
        name=name,
        uidvalidity=uidvalidity,
        uidnext=parse.number(codes.get("UIDNEXT")),
        exists=counts[-1],
        highestmodseq=parse.number(codes.get("HIGHESTMODSEQ")),
        keywords=rb"\*" in codes.get("PERMANENTFLAGS", b""),
    )
