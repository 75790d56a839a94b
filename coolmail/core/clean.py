"""Text from mail made safe to show: it cannot move a cursor, hide, reverse or forge what stands around it."""

from __future__ import annotations

import unicodedata

INVISIBLE = {
    *range(0x200B, 0x2010),  # zero-width space, joiners, left-to-right and right-to-left marks
    *range(0x2028, 0x202F),  # line and paragraph separators, bidirectional embeddings and overrides
    *range(0x2060, 0x2070),  # word joiner, invisible operators, bidirectional isolates
    0x00AD, 0x061C, 0x180E, 0xFEFF,
    *range(0xFFF9, 0xFFFC),
    *range(0xE0000, 0xE0080),  # tags
}  # fmt: skip
JOINER = "\u200d"
"""Kept between emoji, where it makes one picture of several."""


def clean(text: str, *, lines: bool = False) -> str:
    """Return `text` without control characters and invisible marks; line ends and tabs become spaces unless `lines` are wanted."""
    if text.isprintable():  # no letter of any category that is removed below, and no line end: most text of most mail
        return text
    kept = []
    for at, letter in enumerate(text):
        if letter == "\n" or (letter == "\t" and lines):
            kept.append(letter if lines else " ")
        elif letter in "\r\t":
            kept.append("" if lines else " ")
        elif letter == JOINER and 0 < at < len(text) - 1 and _pictorial(text[at - 1]) and _pictorial(text[at + 1]):
            kept.append(letter)
        elif ord(letter) in INVISIBLE or unicodedata.category(letter) in {"Cc", "Cs", "Co", "Cn"}:
            continue
        else:
            kept.append(letter)
    return "".join(kept)


def _pictorial(letter: str) -> bool:
    return unicodedata.category(letter) in {"So", "Sk", "Mn"}


def shorten(text: str, width: int) -> str:
    """Return `text` on one line, cut at `width` characters with an ellipsis."""
    line = " ".join(clean(text).split())
    return line if len(line) <= width else line[: max(1, width - 1)].rstrip() + "…"
