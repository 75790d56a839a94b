"""The header section as bytes: taken apart and put together again without changing one of them.

The email package of the standard library reads headers well but writes its own idea of them, and a signed or a merely unusual message
must leave as the client wrote it (promise 4). So a message is split here into raw fields, each with its folded lines and its line
endings, and every edit is leaving out, replacing or adding whole fields: `bytes(split(raw)) == raw` for any bytes at all.

The header section ends at the first empty line, or before the first line that is neither a field nor the continuation of one, as
Postfix and Python's own parser have it; `Parts.damage` then names that line, because what stands below it (a Bcc, say) would go out as
text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:")
"""A field name may be followed by white space before the colon in obsolete syntax (RFC 5322 section 4.5.3): `Bcc : x` is a Bcc."""


@dataclass(frozen=True, slots=True)
class Field:
    """One header field: `name` in lower case, `raw` all its lines with their endings."""

    name: str
    raw: bytes

    @property
    def value(self) -> bytes:
        """What follows the colon, unfolded, without white space at the ends."""
        _, _, value = self.raw.partition(b":")
        return value.translate(_UNFOLD, b"\n").strip()


_UNFOLD = bytes.maketrans(b"\r", b" ")
_BARE_CR = re.compile(rb"\r+")


@dataclass(frozen=True, slots=True)
class Parts:
    """A message in four raw pieces; `bytes()` of it is the message."""

    mbox_from: bytes
    """An mbox separator (`From anna@studio.example Mon ...`) that stands before the headers, or nothing."""
    fields: tuple[Field, ...]
    separator: bytes
    """The empty line, or nothing where it is missing."""
    body: bytes

    def __bytes__(self) -> bytes:
        return b"".join((self.mbox_from, *(field.raw for field in self.fields), self.separator, self.body))

    @property
    def damage(self) -> bytes | None:
        """The line that stands where only a field or the empty line may, or None for a sound header section."""
        if self.separator or not self.body:
            return None
        return self.body[:200].splitlines()[0]

    def all(self, *names: str) -> Iterator[Field]:
        """The fields of these (lower-case) names, in their order."""
        return (field for field in self.fields if field.name in names)

    def first(self, name: str) -> Field | None:
        """The first field of this (lower-case) name."""
        return next(self.all(name), None)

    def without(self, unwanted: Callable[[Field], bool]) -> Parts:
        """The same message without the fields for which `unwanted` is true."""
        return replace(self, fields=tuple(field for field in self.fields if not unwanted(field)))

    def with_field(self, name: str, value: str) -> Parts:
        """The same message with a field more, at the end of the header section, in CRLF form."""
        field = Field(name.lower(), f"{name}: {value}\r\n".encode())
        fields = list(self.fields)
        if fields and not fields[-1].raw.endswith(b"\n"):
            fields[-1] = replace(fields[-1], raw=fields[-1].raw + b"\r\n")
        return replace(self, fields=(*fields, field))

    def with_replaced(self, old: Field, new: Field) -> Parts:
        """The same message with `new` in the place of the field object `old`."""
        return replace(self, fields=tuple(new if field is old else field for field in self.fields))


def split(raw: bytes) -> Parts:
    """Take a message apart. Any bytes are accepted, whatever their line endings."""
    ending = b"\n" if b"\n" in raw else b"\r"
    mbox_from = b""
    position = 0
    if raw.startswith((b"From ", b">From ")):
        position = _line_end(raw, 0, ending)
        mbox_from = raw[:position]
    fields: list[Field] = []
    start: int | None = None
    name = ""
    while position < len(raw):
        first = raw[position : position + 1]
        if start is not None and first in {b" ", b"\t"}:
            position = _line_end(raw, position, ending)
            continue
        if start is not None:
            fields.append(Field(name, raw[start:position]))
            start = None
        end = _line_end(raw, position, ending)
        match = _FIELD.match(raw, position, end)
        if match is None:
            if raw[position:end].strip(b"\r\n"):
                end = position
            return Parts(mbox_from, tuple(fields), raw[position:end], raw[end:])
        start, name = position, match[1].decode("ascii").lower()
        position = end
    if start is not None:
        fields.append(Field(name, raw[start:]))
    return Parts(mbox_from, tuple(fields), b"", b"")


def _line_end(raw: bytes, position: int, ending: bytes) -> int:
    """The position after the line that begins at `position`."""
    found = raw.find(ending, position)
    return len(raw) if found < 0 else found + 1


def crlf(text: bytes) -> bytes:
    """Any line endings as CRLF, the only form that SMTP carries (RFC 5321 section 2.3.8). Idempotent."""
    if b"\n" not in text:
        return text.replace(b"\r", b"\r\n")
    *lines, last = text.split(b"\n")
    whole = (line.rstrip(b"\r").replace(b"\r", b"\r\n") + b"\r\n" for line in lines)
    return b"".join((*whole, last.replace(b"\r", b"\r\n")))


def crlf_message(raw: bytes) -> Parts:
    """The message in CRLF form.

    In the body a bare CR becomes a line ending. In a header field it becomes a fold, because a line ending there would let what follows
    it pose as a field of its own (header injection), unless the whole message has bare CRs for line endings.
    """
    parts = split(raw)
    if b"\n" not in raw:
        return split(crlf(raw))
    fields = tuple(Field(field.name, _crlf_field(field.raw)) for field in parts.fields)
    return Parts(crlf(parts.mbox_from), fields, b"\r\n" if parts.separator else b"", crlf(parts.body))


def _crlf_field(raw: bytes) -> bytes:
    return b"\r\n".join(_BARE_CR.sub(b"\r\n ", line.rstrip(b"\r")) for line in raw.split(b"\n"))
