"""What the client wrote: the quoted mail inside the user's own answer, which is all that the journal has of it."""

from __future__ import annotations

import re

from coolmail.core.htmllines import from_html
from coolmail.core.lines import Line, Mark, from_plain
from coolmail.core.quotes import split_quotes
from coolmail.mail.bodies import read_bodies
from coolmail.mail.headers import split

READ_AT_MOST = 60_000
"""Characters that are looked at: a screen shows a few dozen lines."""


NARROWEST, WIDEST = 60, 100
"""Characters within which mail clients and people break lines of prose; what is broken shorter was meant so."""

APART = re.compile(r"\s|[-*+•–>|#]|\(?\w{1,3}[.)]\s")
"""How a line begins that does not go on with the one before: indented, a list, a quote, a table."""


def quoted_mail(raw: bytes) -> str:
    """Return the quoted text of a message, its quote marks removed; empty where it quotes nothing, or cannot be read."""
    bodies = read_bodies(split(raw))
    if bodies.encrypted is not None:
        return ""
    if bodies.html is not None and (found := _quoted(from_html(bodies.html[:READ_AT_MOST]))):
        return found
    if bodies.plain is not None:
        return reflowed(_quoted(from_plain(bodies.plain[:READ_AT_MOST], flowed=bodies.flowed, delsp=bodies.delsp)))
    return ""


def _quoted(lines: list[Line]) -> str:
    marked = [line.text for line in lines if line.quoted]
    if any(text.strip() for text in marked):
        return _tidy(marked)
    parted = split_quotes(lines)
    return _tidy(_below(lines, [text for stretch in parted.stretches for text in stretch])) if parted.cut else ""


def _below(lines: list[Line], own: list[str]) -> list[str]:
    """Return what stands below the author's last line: an unmarked quote goes on to the end of the mail."""
    waiting = iter(own)
    wanted, last = next(waiting, None), 0
    for number, line in enumerate(lines):
        if wanted is None:
            break
        if line.text == wanted:
            wanted, last = next(waiting, None), number + 1
    return [line.text for line in lines[last:] if line.mark is not Mark.SIGNATURE]


def _tidy(texts: list[str]) -> str:
    """Drop empty lines at both ends and more than one between."""
    kept: list[str] = []
    for text in (text.replace("\xa0", " ").rstrip() for text in texts):
        if text or (kept and kept[-1]):
            kept.append(text)
    return "\n".join(kept).strip("\n")


def reflowed(text: str) -> str:
    """Join lines of prose that were broken for their length: where the next word would not have fit in.

    How wide the writer's lines are is told by the longest of them. Short lines, lists, quotes, tables and what is indented stay as they are.
    """
    lines = text.split("\n")
    width = max((len(line) for line in lines if " " in line and len(line) <= WIDEST), default=0)
    if width < NARROWEST:
        return text
    joined, last = lines[:1], len(lines[0])
    for line in lines[1:]:
        word = line.partition(" ")[0]
        broken = max(last, len(word)) <= width < last + 1 + len(word)
        if broken and line and not APART.match(line) and not joined[-1].startswith((" ", "\t", "|", ">")):
            joined[-1] += f" {line}"
        else:
            joined.append(line)
        last = len(line)
    return "\n".join(joined)
