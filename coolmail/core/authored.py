"""What the author of a mail wrote, signature included, and what they quote.

Own text (`coolmail.core.owntext`) is what is judged and has no signature; here the signature is wanted: phone numbers stand in it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from coolmail.core.htmllines import from_html
from coolmail.core.lines import Line, Mark, from_plain
from coolmail.core.quotes import split_quotes
from coolmail.core.signoff import without_signoff

if TYPE_CHECKING:
    from collections.abc import Sequence

READ_AT_MOST = 200_000
"""Characters of a text that are read, from its beginning: the author's words stand above the quote."""
LINES_AT_MOST = 2_000

_DATA_URL = re.compile(r"data:[a-z]{1,20}/[^\"'\s>]{200,}", re.IGNORECASE)


class Authored(NamedTuple):
    """The author's lines, and those of the mails they quote (without quote marks), as text."""

    text: str
    quoted: str


def authored(plain: str | None, html: str | None, *, flowed: bool = False, delsp: bool = False) -> Authored:
    """Part a mail. `plain` and `html` say the same where both are given; HTML is read then, unless nothing can be seen in it."""
    lines: list[Line] = []
    if html is not None:
        lines = from_html(_DATA_URL.sub("", html)[:READ_AT_MOST])
    if plain is not None and not any(line.text.strip() for line in lines):
        text = plain.replace("\r\n", "\n").replace("\r", "\n")
        lines = from_plain(text[:READ_AT_MOST], flowed=flowed, delsp=delsp)
    lines = _with_delimiter(lines[:LINES_AT_MOST])
    stretches = split_quotes(lines).stretches
    theirs = {line for stretch in stretches for line in stretch}
    quoted = [line.text for line in lines if line.quoted or line.text not in theirs]
    return Authored("\n".join(line for stretch in stretches for line in stretch), "\n".join(quoted))


def _with_delimiter(lines: Sequence[Line]) -> list[Line]:
    """Return the lines with `-- ` where a client's markup says that the signature begins: as text it would be left out, or not be known for one."""
    found: list[Line] = []
    inside = False
    for line in lines:
        begins = line.mark is Mark.SIGNATURE and not line.quoted
        if begins and not inside:
            found.append(Line("-- "))
        inside = begins
        found.append(Line(line.text) if begins else line)
    return found


def signature_start(lines: Sequence[str]) -> int:
    """Return at which line the signature begins; the number of lines where there is none."""
    return len(without_signoff(lines))
