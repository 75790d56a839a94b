"""Versions of one mail: which drafts and sent copies are the same letter at different hours.

A client gives a draft a new UID at every save and again at Send, and Thunderbird a new Message-ID as well, so nothing in the headers names
a letter for good. What stays is who writes to whom in answer to what, the subject, and most of the words. Where it is not sure, the answer
is yes: a sibling is shown to the user and asked about, a missed one may be sent twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from coolmail.core.subject import normalised_subject

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

__all__ = ["SIBLING_LIKENESS", "Letter", "likeness", "normalised_subject", "siblings"]

SIBLING_LIKENESS = 0.22
"""From here on two texts in one thread are versions of one letter. On the written cases in tests/core/test_siblings.py a softened rewrite
lies between 0.3 and 0.45, another reply in the same thread, or our own call proposal, below 0.1."""

_READ_WORDS = 4_000
"""Words of each text that are compared: a letter this long has shown by then what it is."""

_ALIGN_WORDS = 400
"""Up to this many words in both texts the order of words is looked at too; aligning takes time that grows with the square."""

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Letter:
    """What is needed to tell two versions of one mail. Addresses and Message-IDs as plain text; `date` as in its header, if any."""

    from_addr: str
    recipients: frozenset[str]
    in_reply_to: str | None
    subject: str
    own_text: str
    date: datetime | None = None


def likeness(a: str, b: str) -> float:
    """How much of the shorter text is in the longer one, 0..1, whatever was added, cut or moved around it.

    Pairs of neighbouring words are counted, or single words where there are few; in short texts stretches of words in the same order count
    as well, which a rewrite that changes every other word still has. Bounded: a few milliseconds for any input.
    """
    words_a, words_b = _words(a), _words(b)
    if not words_a or not words_b:
        return 1.0 if words_a == words_b else 0.0
    size = 1 if min(len(words_a), len(words_b)) < 4 else 2
    shingles_a, shingles_b = _shingles(words_a, size), _shingles(words_b, size)
    shared = len(shingles_a & shingles_b) / min(len(shingles_a), len(shingles_b))
    if size == 1 or max(len(words_a), len(words_b)) > _ALIGN_WORDS:
        return shared
    return max(shared, _aligned(words_a, words_b))


def _words(text: str) -> list[str]:
    return [match[0] for _, match in zip(range(_READ_WORDS), _WORD.finditer(text.casefold()), strict=False)]


def _shingles(words: list[str], size: int) -> set[tuple[str, ...]]:
    return set(zip(*(words[start:] for start in range(size)), strict=False))


def _aligned(words_a: list[str], words_b: list[str]) -> float:
    """The share of the shorter text that stands in the longer one in stretches of at least three words."""
    blocks = SequenceMatcher(None, words_a, words_b, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks if block.size >= 3) / min(len(words_a), len(words_b))


def siblings(a: Letter, b: Letter) -> bool:
    """Whether two letters are versions of one mail: same author, common recipients, same thread, same subject, much the same words.

    A version that has no recipients or no text yet fits any, because a client saves a letter before it is finished.
    """
    return (
        a.from_addr.casefold() == b.from_addr.casefold()
        and _meet(a.recipients, b.recipients)
        and a.in_reply_to == b.in_reply_to
        and normalised_subject(a.subject) == normalised_subject(b.subject)
        and (
            not a.own_text.strip()
            or not b.own_text.strip()
            or likeness(_matter(a.own_text), _matter(b.own_text)) >= SIBLING_LIKENESS
        )
    )


def _matter(text: str) -> str:
    """The text without its shortest lines: greeting, closing and name are alike in all letters to one client."""
    long_lines = [line for line in text.splitlines() if len(line.split(None, 5)) > 4]
    return "\n".join(long_lines) or text


def _meet(a: Iterable[str], b: Iterable[str]) -> bool:
    ours, theirs = ({address.casefold() for address in addresses} for addresses in (a, b))
    return not ours or not theirs or not ours.isdisjoint(theirs)
