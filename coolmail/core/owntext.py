"""Own text: what the author newly wrote, which alone is judged.

Removed are the quoted mail in any client's style (`coolmail.core.quotes`), forwarded mail, signatures, disclaimers and "Sent from my phone"
(`coolmail.core.signoff`). Answers between quotes stay. Where own and quoted text can't be told apart the whole is judged, and said to be.

Any text is taken, of any size, in less than 200 ms: what is longer than `READ_AT_MOST` is read from its beginning and its end.
docs/decisions/own-text.md says why no reply parser is used here, with figures.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coolmail.core.htmllines import from_html
from coolmail.core.lines import from_plain
from coolmail.core.quotes import Split, split_quotes
from coolmail.core.signoff import without_signoff

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from coolmail.core.lines import Line

READ_AT_MOST = 120_000
"""Characters that are read of a text, 20,000 words of plain text: two thirds at its beginning, one third at its end."""
_LINES_AT_MOST = 4_500

NOTHING_NEW = "Nothing newly written was found: the mail holds only quoted or forwarded text."
EMPTY = "The mail has no text."
LONG = "The mail is very long; only its beginning and its end were read."


@dataclass(frozen=True, slots=True)
class OwnText:
    """What the author newly wrote, as plain text with paragraphs; empty where nothing was.

    `certain` is False where own and quoted text could not be told apart, or not everything was read; `notice` says so, or why the text is
    empty, in a sentence for the user.
    """

    text: str
    certain: bool = True
    notice: str | None = None


def own_text(plain: str | None, html: str | None, *, flowed: bool = False, delsp: bool = False) -> OwnText:
    """Find what the author newly wrote.

    `plain` and `html` say the same where both are given; HTML is read then, because its quotes are marked, unless nothing can be seen in it.
    `flowed` and `delsp` are the parameters of the plain text (RFC 3676).
    """
    if html is not None:
        shortened = _DATA_URL.sub("", html) if "data:" in html else html
        found = _read(shortened, from_html, markup=True)
        if found.text or found.notice != EMPTY:
            return found
    if plain is not None:
        return _read(plain, lambda text: from_plain(text, flowed=flowed, delsp=delsp), markup=False)
    return OwnText("", notice=EMPTY)


_DATA_URL = re.compile(r"data:[a-z]{1,20}/[^\"'\s>]{200,}", re.IGNORECASE)
"""Pictures inside the HTML, megabytes of them, which say nothing here."""

_INVISIBLE = re.compile(r"[\u00ad\u200b\u200c\u2060\ufeff\x00]")


def _read(text: str, to_lines: Callable[[str], list[Line]], *, markup: bool) -> OwnText:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    head_size, tail_size = READ_AT_MOST * 2 // 3, READ_AT_MOST // 3
    if len(text) <= READ_AT_MOST:
        lines = tail = to_lines(text)
        if len(lines) <= _LINES_AT_MOST:
            return _told(lines, split_quotes(lines), None)
    else:
        end = text[-tail_size:]
        # The cut may have gone through a tag, or through a line, whose rest would not look quoted.
        begins = end.find(">" if markup else "\n", 0, tail_size // 2) + 1
        lines, tail = to_lines(text[:head_size]), to_lines(end[begins:])
    lines = lines[: _LINES_AT_MOST * 2 // 3]
    parted = split_quotes(lines)
    if parted.cut:
        # The quoted mail has begun and goes on to the end: what is left unread is quoted.
        return _told(lines, parted, None)
    lines += tail[-_LINES_AT_MOST // 3 :]
    return _told(lines, split_quotes(lines), LONG)


def _told(lines: list[Line], parted: Split, notice: str | None) -> OwnText:
    own = "\n\n".join(filter(None, (_tidy(without_signoff(stretch)) for stretch in parted.stretches)))
    if own:
        if parted.doubt:
            doubt = (
                f"The mail has {parted.doubt}; because it can't be told from the author's words, all of it was judged."
            )
            return OwnText(own, certain=False, notice=doubt)
        return OwnText(own, certain=notice is None, notice=notice)
    everything = _tidy([line.text for line in lines])
    if not everything:
        return OwnText("", notice=EMPTY)
    if parted.cut and not parted.forwarded:
        answers = "Nothing stands above the quoted mail, and answers inside it can't be told from it, so all of it was judged."
        return OwnText(_tidy(line.text for line in lines if not line.quoted), certain=False, notice=answers)
    return OwnText("", certain=notice is None, notice=notice or NOTHING_NEW)


def _tidy(lines: Iterable[str]) -> str:
    """The lines as text: invisible characters out, no-break spaces plain, one empty line between paragraphs."""
    text = _INVISIBLE.sub("", "\n".join(line.replace("\xa0", " ").rstrip() for line in lines))
    return _GAPS.sub("\n\n", text).strip()


_GAPS = re.compile(r"\n{3,}")
