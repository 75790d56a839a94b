"""A letter as lines with what is known of each: quoted or not, and the marks its client left. Plain text and HTML both end here."""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple


class Mark(Enum):
    """What a client's own markup says of a line."""

    NONE = auto()
    CUT = auto()
    """From here on it is the quoted mail, unmarked (Outlook's header block)."""
    RULE = auto()
    """A line drawn across the page."""
    ATTRIBUTION = auto()
    SIGNATURE = auto()


class Line(NamedTuple):
    """One line; `quoted` says it stands in a quote (`>` or a blockquote), `text` is without the quote marks."""

    text: str
    quoted: bool = False
    mark: Mark = Mark.NONE


def from_plain(text: str, *, flowed: bool = False, delsp: bool = False) -> list[Line]:
    """The lines of a plain text, paragraphs of format=flowed joined again (RFC 3676)."""
    lines = [_plain_line(line) for line in text.split("\n")]
    return _unflowed(lines, delsp=delsp) if flowed else lines


def _plain_line(line: str) -> Line:
    # Up to three spaces may come before the mark: space-stuffing, and clients that indent.
    bare = line.lstrip(" ")
    if bare.startswith(">") and len(line) - len(bare) <= 3:
        return Line(bare.lstrip("> \t\xa0").rstrip(), quoted=True)
    return Line(line)


def _unflowed(lines: list[Line], *, delsp: bool) -> list[Line]:
    joined: list[Line] = []
    pieces: list[str] = []
    for line in lines:
        # Space-stuffing (RFC 3676 section 4.4) hides behind the mark in quoted lines, which are dropped anyway.
        text = line.text if line.quoted else line.text.removeprefix(" ")
        if line.quoted or text == "-- ":
            joined += _paragraph(pieces)
            joined.append(Line(text, quoted=line.quoted))
        elif text.endswith(" "):
            pieces.append(text[:-1] if delsp else text)
        else:
            pieces.append(text)
            joined += _paragraph(pieces)
    return joined + _paragraph(pieces)


def _paragraph(pieces: list[str]) -> list[Line]:
    if not pieces:
        return []
    text = "".join(pieces)
    pieces.clear()
    return [Line(text)]
