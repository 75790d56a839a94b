"""Cut a mail into sentences, with offsets.

Mail is not prose: lower-case sentences, greetings and lists without a full stop, lines wrapped by hand at 72 columns.
So a blank line always ends a sentence; a line break does where the line was short enough that its author broke it on
purpose, or before a list item; and `.`, `!`, `?`, `…` do when a space follows, unless an abbreviation, an initial, a
number or a date says otherwise. One scan, time linear in the length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

WRAP = 50  # a line shorter than this, its next word included, was not wrapped by a mail program
LONGEST = 800  # characters; what has no end mark for longer is cut at a space
END = re.compile(r"(?<![.!?…。])[.!?…。]++[\"'”’»)\]]*+(?=\s|$)")
CLOSING = "\"'”’»)]"
BREAK = re.compile(r"\n\s*")
ITEM = re.compile(r"(?:[-*•–—·>]|\d{1,2}[.)]|[a-zA-Z][.)])\s")
NUMBER_AT_START = re.compile(r"\s*(?:\d{1,2}|[a-zA-Z])\.")
LAST_WORD = re.compile(r"[^\s(\[\"'“„«/]+$")
ABBREVIATIONS = frozenset(
    """
    mr mrs ms dr prof st jr inc ltd dept approx vs e.g i.e cf ext ref attn encl a.m p.m u.s u.k ca resp incl excl abt
    bzw z.b d.h u.a ggf inkl zzgl evtl hr fr bspw vgl geb mio mrd tsd f.eks bl.a dvs jf vedr mht pga m.m t.o.m t.d d.d
    mme mlle p.ex sig sra srta ud uds núm av avda dott ing avv sigg ecc
    bijv d.w.z o.a m.b.t i.v.m t.a.v dhr mevr mw np tzn ul godz pkt tj
    """.split()  # noqa: SIM905 - a list of words reads better as words
)
BEFORE_NUMBER = frozenset(
    """
    no nr nos art sec ch fig vol p pp pag pág tel kl str abs max min jan feb mar apr jun jul aug sep sept oct nov dec
    mon tue wed thu fri sat sun
    """.split()  # noqa: SIM905
)
"""Words that a dot shortens when a number follows, and that end a sentence otherwise ("I said no.")."""
MONTHS = re.compile(
    r"(?i)\s+(?:jan|feb|m[aä]r|apr|ma[ijy]|jun|jul|aug|sep|o[kc]t|nov|de[cz]|janv|f[eé]vr|avr|juin|juil|ao[uû]t|gen|mag|giu|lug|ago|set|ott|dic|ene|abr|out)"
)


def split(text: str) -> list[tuple[int, int]]:
    """Return (start, end) of each sentence, in order, without overlap; whatever lies outside them is white space."""
    spans: list[tuple[int, int]] = []
    for start, end in _blocks(text):
        at = start
        for cut in _ends(text, start, end):
            spans += _pieces(text, at, cut)
            at = cut
        spans += _pieces(text, at, end)
    return spans


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Cut at the line breaks that end a sentence."""
    start = line = 0
    for gap in BREAK.finditer(text):
        blank = text.count("\n", gap.start(), gap.end()) > 1
        next_word_end = gap.end()
        while next_word_end < min(len(text), gap.end() + WRAP) and not text[next_word_end].isspace():
            next_word_end += 1
        short = gap.start() - line + next_word_end - gap.end() + 1 < WRAP
        if blank or short or ITEM.match(text, gap.end()):
            yield start, gap.start()
            start = gap.end()
        line = gap.end()
    yield start, len(text)


def _ends(text: str, start: int, end: int) -> Iterator[int]:
    """Yield the offsets behind the end marks inside a block."""
    for mark in END.finditer(text, start, end):
        if mark.end() >= end:
            return
        if mark.group()[0] in ".…" and not _full_stop(text, start, mark):
            continue
        if mark.group()[-1] in CLOSING and _next(text, mark.end()).islower():
            continue  # "No way!" she said
        yield mark.end()


def _full_stop(text: str, start: int, mark: re.Match[str]) -> bool:
    """Whether this dot (or these dots) ends a sentence, which the words on both sides tell."""
    lower = _next(text, mark.end()).islower()
    if mark.group()[0] == "…" or mark.group().startswith(".."):
        return not lower
    if NUMBER_AT_START.fullmatch(text, start, mark.start() + 1):
        return False
    found = LAST_WORD.search(text, max(start, mark.start() - 40), mark.start())
    word = found.group().casefold() if found else ""
    if word in BEFORE_NUMBER:
        return not _next(text, mark.end()).isdigit()
    if word in ABBREVIATIONS or (len(word) == 1 and word.isalpha() and word != "i"):
        return False
    if word.isdigit():
        return not lower and not (len(word) <= 2 and MONTHS.match(text, mark.end()))
    return True


def _next(text: str, at: int) -> str:
    """Return the first character at or behind `at` that is not white space (within 80 characters), or an empty string."""
    return text[at : at + 80].lstrip()[:1]


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Trim a sentence, and cut one that goes on for too long at a space."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    while end - start > LONGEST:
        cut = text.rfind(" ", start + LONGEST // 2, start + LONGEST)
        cut = cut if cut > 0 else start + LONGEST
        yield from _pieces(text, start, cut)
        start = cut
        while start < end and text[start].isspace():
            start += 1
    if start < end:
        yield start, end
