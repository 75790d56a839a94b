"""Where the quoted mail begins: attribution lines, header blocks, separators. What is left are stretches of the author's own lines.

A quote that carries marks (`>`, a blockquote) is dropped wherever it stands, so answers between quotes stay. A quote without marks begins
at a header block ("From: ... Sent: ..."), at "-----Original Message-----" or at an attribution with date and address, and goes on to the
end, because nothing tells an answer inside it from the quote. Where even the beginning can't be told, `Split.doubt` says why.

Every line is looked at a fixed number of times and only lines of ordinary length are matched, so time grows with the size of the text only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from coolmail.core.lines import Mark
from coolmail.core.phrases import ADDRESSED, ATTRIBUTION_OPENERS, FORWARDED, HEADER_NAMES, ORIGINAL, WROTE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coolmail.core.lines import Line

_LONGEST = 500
"""Characters of a line that can still be a client's; longer ones are prose."""
_ATTRIBUTION_LINES = 4
_BLOCK_LINES = 14


@dataclass(frozen=True, slots=True)
class Split:
    """A letter taken apart.

    `stretches` are the author's lines between quotes, in order. `quoted`: there was a quote. `cut`: an unmarked quote was cut off at the
    end. `forwarded`: what was cut is a forwarded mail. `doubt`: why own and quoted text could not be told apart, or None.
    """

    stretches: tuple[tuple[str, ...], ...]
    quoted: bool
    cut: bool
    forwarded: bool
    doubt: str | None


def split_quotes(lines: Sequence[Line]) -> Split:
    """Take the quoted mail out of a letter."""
    stretches: list[list[str]] = [[]]
    quoted = cut = forwarded = False
    doubt: str | None = None
    at = 0
    while at < len(lines):
        line = lines[at]
        if line.quoted or line.mark is Mark.ATTRIBUTION:
            quoted = True
            stretches.append([])
            at += 1
        elif line.mark is Mark.SIGNATURE:
            at = _after_signature(lines, at, stretches)
        elif _is_wrapped_quote(lines, at):
            at += 1
        elif (end := _head_of_quote(lines, at)) is not None:
            _drop_rule(stretches[-1])
            quoted = True
            forwarded = forwarded or _phrase(line.text, FORWARDED)
            stretches.append([])
            if _next_is_quoted(lines, end):
                at = end
            else:
                cut = True
                break
        elif (attribution := _attribution(lines, at)) is not None:
            at = attribution.end
            if attribution.marked:
                quoted = True
                stretches.append([])
            elif attribution.sure:
                quoted = cut = True
                break
            else:
                doubt = doubt or "a line that may begin a quote"
                stretches[-1] += [each.text for each in lines[attribution.start : at]]
        else:
            if line.text and doubt is None and _unknown_block(lines, at):
                doubt = "lines that look like the head of a quoted mail"
            stretches[-1].append(line.text)
            at += 1
    own = tuple(tuple(stretch) for stretch in stretches if any(text.strip() for text in stretch))
    return Split(own, quoted=quoted, cut=cut, forwarded=forwarded, doubt=doubt)


def _after_signature(lines: Sequence[Line], at: int, stretches: list[list[str]]) -> int:
    """Skip a signature that the client marked, unless it is so long that somebody wrote his mail into it."""
    end = at
    while end < len(lines) and lines[end].mark is Mark.SIGNATURE:
        end += 1
    texts = [line.text for line in lines[at:end]]
    if sum(1 for text in texts if text.strip()) > 20 or sum(map(len, texts)) > 1200:
        stretches[-1] += texts
    return end


def _is_wrapped_quote(lines: Sequence[Line], at: int) -> bool:
    """Whether the line is the tail of a quoted line that a client broke without repeating the mark."""
    if not 0 < at < len(lines) - 1:
        return False
    before, text, after = lines[at - 1], lines[at].text.strip(), lines[at + 1]
    return before.quoted and after.quoted and len(before.text) >= 65 and 0 < len(text) <= 30 and text[0].islower()


def _next_is_quoted(lines: Sequence[Line], at: int) -> bool:
    for line in lines[at : at + 6]:
        if line.text.strip():
            return line.quoted
    return False


_RULE = re.compile(r"[\s>]*[-_=*–—]{5,}\s*")


def _drop_rule(stretch: list[str]) -> None:
    """Take back empty lines and a rule that stand above a header block."""
    while stretch and (not stretch[-1].strip() or _RULE.fullmatch(stretch[-1][:_LONGEST])):
        stretch.pop()


def _head_of_quote(lines: Sequence[Line], at: int) -> int | None:
    """The line after a separator or header block that begins here, or None."""
    line = lines[at]
    if line.mark is Mark.CUT:
        return _header_block(lines, at + 1, sure=True) or at + 1
    if not line.text or len(line.text) > _LONGEST:
        return None
    if _phrase(line.text, ORIGINAL) or _phrase(line.text, FORWARDED):
        return _header_block(lines, at + 1, sure=True) or at + 1
    if _header_kind(line.text.strip()) not in _FIRST_KINDS or (
        at and _header_kind(lines[at - 1].text.strip()) in _FIRST_KINDS
    ):
        # If a block could begin here, it would have begun at the line above.
        return None
    return _header_block(lines, at, sure=_below_rule(lines, at))


def _below_rule(lines: Sequence[Line], at: int) -> bool:
    """Whether a line is drawn right above, be it by the client's markup or in characters."""
    for line in reversed(lines[max(0, at - 3) : at]):
        if line.mark is Mark.RULE or _RULE.fullmatch(line.text[:_LONGEST]):
            return True
        if line.text.strip("\xa0 "):
            return False
    return False


_DASHED = re.compile(r"\s*[-–—_*]{2,}\s*(?P<words>[^\n-]{4,80}?(?:-[^\n-]{1,20})?)\s*:?\s*[-–—_*]{2,}\s*")
_TITLED = re.compile(r"\s*(?P<words>\w[^\n:]{4,60}?)\s*:\s*")


def _phrase(text: str, phrases: frozenset[str]) -> bool:
    """Whether the line is one of the phrases between dashes, or one that announces a forwarded mail and ends with a colon (Apple Mail)."""
    if len(text) > 120:
        return False
    match = _DASHED.fullmatch(text)
    if match is None and phrases is FORWARDED:
        match = _TITLED.fullmatch(text)
    if match is None:
        return False
    words = match["words"].casefold()
    return any(phrase in words for phrase in phrases)


_HEADER = re.compile(r"[\s*_\u200e\u200f]*(?P<name>[^\W\d_][^:*\n]{0,24}?)[\s*_]*:[*_]*(?:[\s\xa0*]|$)(?P<value>.*)")


_FIRST_KINDS = frozenset({"from", "date", "subject"})


@lru_cache(maxsize=4096)
def _header_kind(text: str) -> str | None:
    # Long runs of lines are looked at once for every line they might begin at.
    match = _HEADER.match(text.replace("\xa0", " ")[:_LONGEST])
    return HEADER_NAMES.get(match["name"].strip().casefold()) if match else None


def _header_block(lines: Sequence[Line], at: int, *, sure: bool) -> int | None:
    """The line after a block of mail headers in any known language, or None.

    A block has From, and Subject or an address with it: "From: Copenhagen, To: Berlin, Date: 3 May" is an itinerary. Below a separator
    (`sure`) two headers are enough.
    """
    kinds: set[str] = set()
    address = False
    end: int | None = None
    misses = 0
    for index in range(at, min(at + _BLOCK_LINES, len(lines))):
        line = lines[index]
        text = line.text.strip()
        if not text:
            continue
        kind = _header_kind(text)
        if kind is not None:
            kinds.add(kind)
            address = address or "@" in text
            end, misses = index + 1, 0
        elif not kinds or misses == 2:
            break
        else:
            # A long To may go on in the next lines; more than two that are none end the block.
            misses += 1
            address = address or "@" in text
    if end is None or ("from" not in kinds and not sure):
        return None
    if len(kinds) >= 3 and ("subject" in kinds or address or sure):
        return end
    return end if len(kinds) >= 2 and sure else None


@dataclass(frozen=True, slots=True)
class _Attribution:
    start: int
    end: int
    marked: bool
    """A marked quote follows."""
    sure: bool
    """Date and address are there, so what follows is a quote even without marks."""


_WROTE = re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, WROTE)) + r")(?!\w)")
_ADDRESSED = re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, ADDRESSED)) + r")(?!\w)")
_OPENER = re.compile(
    r"\W*(?:\d|(?:" + "|".join(sorted(map(re.escape, ATTRIBUTION_OPENERS), key=len, reverse=True)) + r")(?!\w))"
)
_ADDRESS = re.compile(r"[^\s@<>]{1,64}@[^\s@<>]{1,64}")
_DATE = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)|(?<!\d)\d{1,2}[./-]\s?\d{1,2}[./-]\s?\d{2,4}(?!\d)")
_TIME = re.compile(r"(?<!\d)\d{1,2}[:.]\d{2}(?!\d)")
_COLON_END = re.compile(r"[\s*_]*[:：][\s*_]*$")


def _attribution(lines: Sequence[Line], at: int) -> _Attribution | None:
    """An attribution of up to four lines that begins at this line, or None."""
    first = lines[at].text
    if not first.strip() or len(first) > _LONGEST:
        return None
    joined = ""
    for end in range(at, min(at + _ATTRIBUTION_LINES, len(lines))):
        line = lines[end]
        if line.quoted or not line.text.strip() or len(line.text) > _LONGEST:
            return None
        joined = f"{joined} {line.text.strip()}".strip()
        if _COLON_END.search(line.text[-40:]) is None:
            continue
        break
    else:
        return None
    text = joined.replace("\xa0", " ").casefold()
    verb, address, date, time = _WROTE.search(text), _ADDRESS.search(text), _DATE.search(text), _TIME.search(text)
    if not (verb or (address and date)):
        return None
    begins = end == at or _OPENER.match(text) is not None or _begins_with_name(lines, at)
    if not begins or not (address or date or time or len(text) <= 60) or (end > at and _starts_later(lines, at, end)):
        return None
    marked = _next_is_quoted(lines, end + 1)
    sure = bool(verb and (address or (date and time)) and not _ADDRESSED.search(text))
    if not marked and not (address or (date and time)):
        return None
    return _Attribution(at, end + 1, marked=marked, sure=sure)


def _begins_with_name(lines: Sequence[Line], at: int) -> bool:
    """Whether the line opens a paragraph with "Anna Studio <anna@studio.example> wrote"; own words may stand above an attribution."""
    if at and not lines[at - 1].quoted and lines[at - 1].text.strip():
        return False
    text = lines[at].text.casefold()
    return _WROTE.search(text) is not None or _ADDRESS.search(text) is not None


def _starts_later(lines: Sequence[Line], at: int, end: int) -> bool:
    """Whether the attribution begins below this line, which is the author's: "On it! / On 3 March Anna wrote:"."""
    first = lines[at].text.casefold()
    if _DATE.search(first) or _TIME.search(first) or _ADDRESS.search(first) or _WROTE.search(first):
        return False
    below = [" ".join(line.text for line in lines[index : end + 1]).casefold() for index in range(at + 1, end + 1)]
    return any(
        _OPENER.match(text) and _WROTE.search(text) and (_DATE.search(text) or _TIME.search(text)) for text in below
    )


_FIELD_LIKE = re.compile(r"[\s*]*[^\W\d_][^:\n]{0,24}?\s*:\*?[\s\xa0]+\S")


def _unknown_block(lines: Sequence[Line], at: int) -> bool:
    """Whether three lines in a row look like headers in a language not in the tables: one has an address, one a time of day."""
    if len(lines[at].text) > _LONGEST or not _FIELD_LIKE.match(lines[at].text):
        return False
    block = [line.text for line in lines[at : at + 5] if line.text.strip()]
    fields = [text for text in block if len(text) <= _LONGEST and _FIELD_LIKE.match(text)]
    return (
        len(fields) >= 3
        and fields[0] == block[0]
        and any(_ADDRESS.search(text) for text in fields)
        and any(_TIME.search(text) and _DATE.search(text) for text in fields)
    )
