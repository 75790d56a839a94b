"""Reading what is inside the server's responses.

`values` turns a response into nested lists of byte strings (NIL is None), with quoted strings and literals read as what they stand for. On top of it
stand small functions, one for each kind of data that coolmail asks for. None of them trusts the server: what does not fit is left out or raises
`MalformedResponse`, never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from coolmail.mail.imap.errors import ImapError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coolmail.mail.imap.framing import Frame

Value = bytes | None | list["Value"]

_TOKEN = re.compile(
    rb"""
      "(?P<quoted>(?:[^"\\]|\\.)*)"
    | (?P<open>\()
    | (?P<close>\))
    | (?P<section>(?:BODY|BINARY)[A-Z.]*\[(?:"(?:[^"\\]|\\.)*"|[^\]"])*\](?:<\d+>)?)   # spaces and parentheses belong to it
    | (?P<atom>[^\s()"]+)
    | \s+
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_LITERAL = re.compile(rb"~?\{\d+\+?\}$")
_CODE = re.compile(rb"\[([^\s\]]+)(?: ([^\]]*))?\]")
_DATE = re.compile(rb" ?(\d{1,2})-([A-Za-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)")
_MONTHS = (b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec")
_SYSTEM_FLAGS = {
    f"\\{name}".lower(): f"\\{name}" for name in ("Seen", "Answered", "Flagged", "Deleted", "Draft", "Recent")
}


class MalformedResponse(ImapError):  # noqa: N818
    """A response that does not follow the grammar."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"The mail server's answer could not be read ({what}). Nothing more was done; coolmail tries again later."
        )


def values(frame: Frame) -> list[Value]:
    """Return the words of a response; parentheses become lists, literals and quoted strings bytes, NIL None."""
    top: list[Value] = []
    stack = [top]
    for number in range(0, len(frame), 2):
        text = frame[number]
        followed = number + 1 < len(frame)
        for token in _tokens(_LITERAL.sub(b"", text) if followed else text):
            match token.lastgroup:
                case "quoted":
                    stack[-1].append(re.sub(rb"\\(.)", rb"\1", token["quoted"], flags=re.DOTALL))
                case "open":
                    inner: list[Value] = []
                    stack[-1].append(inner)
                    stack.append(inner)
                case "close":
                    if len(stack) == 1:
                        raise MalformedResponse("a parenthesis too many")
                    stack.pop()
                case "section" | "atom" as kind:
                    stack[-1].append(None if token[kind].upper() == b"NIL" else token[kind])
        if followed:
            stack[-1].append(frame[number + 1])
    if len(stack) > 1:
        raise MalformedResponse("a parenthesis is missing")
    return top


def _tokens(text: bytes) -> Iterator[re.Match[bytes]]:
    position = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if not token:
            raise MalformedResponse("a quoted string without end")
        yield token
        position = token.end()


@dataclass(frozen=True, slots=True)
class Fetched:
    """The data items of one FETCH response; `sections` are its `BODY[...]` items in order (None: NIL)."""

    uid: int | None
    flags: frozenset[str] | None = None
    internaldate: datetime | None = None
    size: int | None = None
    sections: list[bytes | None] = field(default_factory=list)


def fetched(frame: Frame) -> Fetched | None:
    """Return the items of a FETCH response, None if the response is another."""
    if not re.match(rb"\d+ FETCH ", frame[0], re.IGNORECASE):
        return None
    words = values(frame)
    items = words[2] if len(words) > 2 else None
    if not isinstance(items, list):
        raise MalformedResponse("FETCH without a list")
    found: dict[bytes, Value] = {}
    sections: list[bytes | None] = []
    for name, value in zip(items[::2], items[1::2], strict=False):
        if not isinstance(name, bytes):
            raise MalformedResponse("FETCH item without a name")
        if name.upper().startswith((b"BODY[", b"BINARY[")):
            sections.append(value if isinstance(value, bytes) else None)
        else:
            found[name.upper()] = value
    date = found.get(b"INTERNALDATE")
    named = found.get(b"FLAGS")
    return Fetched(
        uid=number(found.get(b"UID")),
        flags=flags(named) if isinstance(named, list) else None,
        internaldate=internaldate(date) if isinstance(date, bytes) else None,
        size=number(found.get(b"RFC822.SIZE")),
        sections=sections,
    )


def number(value: Value) -> int | None:
    """Return a number, None where there is none."""
    return int(value) if isinstance(value, bytes) and value.isdigit() and len(value) < 21 else None


def flags(value: Iterable[Value]) -> frozenset[str]:
    """Return flags as text, system flags in the spelling of the RFC."""
    texts = (flag.decode("utf-8", "replace") for flag in value if isinstance(flag, bytes))
    return frozenset(_SYSTEM_FLAGS.get(text.lower(), text) for text in texts)


def internaldate(value: bytes) -> datetime:
    """Return an INTERNALDATE in UTC."""
    found = _DATE.fullmatch(value)
    month = found[2].lower() if found else b""
    if not found or month not in _MONTHS:
        raise MalformedResponse("not a date")
    day, year, hour, minute, second = (int(found[i]) for i in (1, 3, 4, 5, 6))
    offset = timedelta(hours=int(found[8]), minutes=int(found[9])) * (-1 if found[7] == b"-" else 1)
    try:
        # A leap second is legal on the wire and unknown to datetime.
        local = datetime(year, _MONTHS.index(month) + 1, day, hour, minute, min(second, 59), tzinfo=timezone(offset))
        return local.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise MalformedResponse("not a date") from error


@dataclass(frozen=True, slots=True)
class Listed:
    """One LIST or LSUB response; `wire` is the name as the server has it."""

    wire: bytes
    attributes: frozenset[str]
    delimiter: str | None


def listed(frame: Frame, kind: bytes = b"LIST") -> Listed | None:
    """Return the data of a LIST (or LSUB) response, None if the response is another."""
    if not frame[0].upper().startswith(kind + b" "):
        return None
    match values(frame):
        case [_, list() as attributes, (bytes() | None) as delimiter, (bytes() | None) as wire, *_]:
            names = frozenset(item.decode("ascii", "replace").lower() for item in attributes if isinstance(item, bytes))
            # A mailbox called NIL comes as an atom from careless servers.
            return Listed(
                b"NIL" if wire is None else wire, names, delimiter.decode("ascii", "replace") if delimiter else None
            )
        case _:
            raise MalformedResponse("LIST")


def namespace(frame: Frame) -> tuple[bytes, str | None] | None:
    """Return prefix and delimiter of the first personal namespace (RFC 2342), None if there is none or the response is another."""
    if not frame[0].upper().startswith(b"NAMESPACE "):
        return None
    match values(frame):
        case [_, [[bytes() as prefix, (bytes() | None) as delimiter, *_], *_], *_]:
            return prefix, delimiter.decode("ascii", "replace") if delimiter else None
        case _:
            return None


def status(frame: Frame) -> dict[str, int] | None:
    """Return the items of a STATUS response, None if the response is another."""
    if not frame[0].upper().startswith(b"STATUS "):
        return None
    match values(frame):
        case [_, _, list() as items, *_]:
            pairs = zip(items[::2], items[1::2], strict=False)
            return {
                k.decode("ascii", "replace").upper(): n
                for k, v in pairs
                if isinstance(k, bytes) and (n := number(v)) is not None
            }
        case _:
            raise MalformedResponse("STATUS")


def searched(frame: Frame) -> list[int]:
    """Return the numbers of a SEARCH (RFC 3501) or ESEARCH (RFC 4731) response; none if the response is another."""
    words = values(frame) if re.match(rb"E?SEARCH\b", frame[0], re.IGNORECASE) else []
    if words and isinstance(words[0], bytes) and words[0].upper() == b"ESEARCH":
        names = [w.upper() if isinstance(w, bytes) else b"" for w in words]
        sets = words[names.index(b"ALL") + 1] if b"ALL" in names else None
        return uid_set(sets) if isinstance(sets, bytes) else []
    return [n for word in words[1:] if (n := number(word)) is not None]


def uid_set(value: bytes) -> list[int]:
    """Return the numbers of a set such as `304,319:320`, in the order written."""
    numbers: list[int] = []
    for part in value.split(b","):
        first, colon, last = part.partition(b":")
        low, high = number(first), number(last if colon else first)
        if low is None or high is None:
            raise MalformedResponse("not a set of numbers")
        if abs(high - low) > 10_000_000:
            raise MalformedResponse("a set of numbers beyond reason")
        numbers += range(low, high + 1) if low <= high else range(low, high - 1, -1)
    return numbers


def code(frame: Frame) -> tuple[str, bytes] | None:
    """Return name (upper-case) and argument of the response code in a status response, with or without its OK, NO, BAD."""
    text = re.sub(rb"^(?:OK|NO|BAD|BYE|PREAUTH) ", b"", frame[0], count=1, flags=re.IGNORECASE)
    found = _CODE.match(text)
    return (found[1].decode("ascii", "replace").upper(), found[2] or b"") if found else None


def codes(frames: Iterable[Frame]) -> dict[str, bytes]:
    """Return all response codes of an answer by name; the first of a name counts."""
    found: dict[str, bytes] = {}
    for frame in frames:
        if pair := code(frame):
            found.setdefault(*pair)
    return found


def appenduid(argument: bytes) -> tuple[int, int]:
    """Return UIDVALIDITY and UID of an APPENDUID code (RFC 4315)."""
    match [number(word) for word in argument.split()]:
        case [int() as uidvalidity, int() as uid]:
            return uidvalidity, uid
        case _:
            raise MalformedResponse("APPENDUID")


def copyuid(argument: bytes) -> tuple[int, dict[int, int]]:
    """Return UIDVALIDITY of the target and {source UID: target UID} of a COPYUID code (RFC 4315)."""
    words = argument.split()
    uidvalidity = number(words[0]) if len(words) == 3 else None
    if uidvalidity is None:
        raise MalformedResponse("COPYUID")
    sources, targets = uid_set(words[1]), uid_set(words[2])
    if len(sources) != len(targets):
        raise MalformedResponse("COPYUID")
    return uidvalidity, dict(zip(sources, targets, strict=True))


def text(frame: Frame) -> str:
    """Return the human-readable words of a status response, without its code, on one line."""
    plain = re.sub(rb"^(?:(?:OK|NO|BAD|BYE|PREAUTH) )?(?:\[[^\]]*\] ?)?", b"", frame[0], flags=re.IGNORECASE)
    return " ".join(plain.decode("utf-8", "replace").split())[:300]
