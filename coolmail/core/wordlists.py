"""The user's own lists of words: `allow:` (no heat by itself) and `watch_words:` (always held), matched as whole words.

Capitals and small letters are the same, "ß" and "SS" too, and so are composed and decomposed accents, straight and curly apostrophes; marks that
nobody sees do not count. A phrase may be broken over lines. A word is whole where no letter, digit or accent touches it, in any script.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from coolmail.core.clean import INVISIBLE
from coolmail.core.tone import ToneReport

PLACE_HOLDER = "X"
"""Stands for an allowed word before the model reads the text. Of eleven tried ("it", "this", "thing", nothing, dots, ...), the one that neither warms
calm mail nor cools hot mail."""

APOSTROPHES = dict.fromkeys(map(ord, "\u2019\u2018\u02bc\uff07\u0060\u00b4"), "'")


@dataclass(frozen=True, slots=True)
class _Folded:
    """A text in the form in which words are compared; `at[i]` is the offset in the original of folded character i, `at[-1]` its length."""

    text: str
    at: Sequence[int]


def _fold(text: str) -> _Folded:
    if text.isascii():
        return _Folded(text.lower().replace("`", "'"), range(len(text) + 1))
    seen: dict[str, str] = {}
    pieces, at = [], []
    for offset, letter in enumerate(text):
        if (folded := seen.get(letter)) is None:
            folded = seen[letter] = _fold_letter(letter)
        pieces.append(folded)
        at += [offset] * len(folded)
    return _Folded("".join(pieces), [*at, len(text)])


def _fold_letter(letter: str) -> str:
    if letter.isspace():
        return " "
    if ord(letter) in INVISIBLE:
        return ""
    folded = unicodedata.normalize("NFD", letter.translate(APOSTROPHES)).casefold()
    return unicodedata.normalize("NFD", folded)


def _pattern(words: Sequence[str]) -> re.Pattern[str] | None:
    """Return what finds any of the words in a folded text, longer ones first; what touches them is looked at afterwards.

    None if there is nothing to look for.
    """
    folded = sorted((_fold(word).text.split() for word in words), key=lambda parts: -sum(map(len, parts)))
    listed = [r"\s+".join(map(re.escape, parts)) for parts in folded if parts]
    return re.compile("|".join(listed)) if listed else None


def _touches(text: str, at: int, side: int) -> bool:
    """Whether the letters on both sides of offset `at` belong to one word; `side` is 0 where a match begins, -1 where it ends."""
    if not 0 < at < len(text):
        return False
    inside, outside = (text[at], text[at - 1]) if side == 0 else (text[at - 1], text[at])
    return _in_word(inside) and _in_word(outside)


def _in_word(letter: str) -> bool:
    return letter == "_" or unicodedata.category(letter)[0] in "LNM"


def is_word(word: str) -> bool:
    """Whether there is anything in a word to look for."""
    return bool(_fold(word).text.strip())


def find(text: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """Return (start, end) of each whole occurrence of one of the words, in order, without overlap."""
    return _spans(_fold(text), words) if words else []


def watched(text: str, words: Sequence[str]) -> tuple[str, ...]:
    """Return those of the words, as the user wrote them, that occur in a text."""
    folded = _fold(text) if words else None
    return tuple(word for word in words if folded is not None and _spans(folded, (word,)))


def _spans(folded: _Folded, words: Sequence[str]) -> list[tuple[int, int]]:
    pattern, spans, at = _pattern(words), [], 0
    while pattern is not None and (match := pattern.search(folded.text, at)):
        start, end = match.span()
        if _touches(folded.text, start, 0) or _touches(folded.text, end, -1):
            at = start + 1
            continue
        spans.append((folded.at[start], folded.at[end - 1] + 1))
        at = end
    return spans


@dataclass(frozen=True, slots=True)
class Neutral:
    """A text whose allowed words are replaced, ready for the model.

    `pieces` are pairs (offset in `text`, offset in `original`): where each placeholder begins, and where it ends, in turn.
    """

    text: str
    original: str
    pieces: tuple[tuple[int, int], ...]

    def back(self, report: ToneReport) -> ToneReport:
        """Return the report on `text` as one on the original: sentences cover the original's words."""
        sentences = []
        for sentence in report.sentences:
            start, end = self._offset(sentence.start), self._offset(sentence.end, end=True)
            sentences.append(replace(sentence, text=self.original[start:end], start=start, end=end))
        return replace(report, own_text=self.original, sentences=tuple(sentences))

    def _offset(self, at: int, *, end: bool = False) -> int:
        # The end of a sentence belongs to the piece of its last letter.
        place = bisect_right(self.pieces, (at - end, len(self.original))) - 1
        if place < 0:
            return at
        if end and place % 2 == 0:  # in a placeholder
            return self.pieces[place + 1][1]
        here, there = self.pieces[place]
        return there + at - here


def neutralised(text: str, allowed: Sequence[str]) -> Neutral:
    """Replace the allowed words of a text by a placeholder, so that they make no heat by themselves."""
    parts: list[str] = []
    pieces: list[tuple[int, int]] = []
    at = length = 0
    for start, end in find(text, allowed):
        parts += [text[at:start], PLACE_HOLDER]
        length += start - at
        pieces += [(length, start), (length + len(PLACE_HOLDER), end)]
        length += len(PLACE_HOLDER)
        at = end
    return Neutral("".join([*parts, text[at:]]), text, tuple(pieces))
