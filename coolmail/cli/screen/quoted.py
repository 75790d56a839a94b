"""What the client wrote: the quoted mail inside the user's own answer, which is all that the journal has of it."""

from __future__ import annotations

from coolmail.core.htmllines import from_html
from coolmail.core.lines import Line, Mark, from_plain
from coolmail.core.quotes import split_quotes
from coolmail.mail.bodies import read_bodies
from coolmail.mail.headers import split

READ_AT_MOST = 60_000
"""Characters that are looked at: a screen shows a few dozen lines."""


def quoted_mail(raw: bytes) -> str:
    """Return the quoted text of a message, its quote marks removed; empty where it quotes nothing, or cannot be read."""
    bodies = read_bodies(split(raw))
    if bodies.encrypted is not None:
        return ""
    if bodies.html is not None and (found := _quoted(from_html(bodies.html[:READ_AT_MOST]))):
        return found
    if bodies.plain is not None:
        return _quoted(from_plain(bodies.plain[:READ_AT_MOST], flowed=bodies.flowed, delsp=bodies.delsp))
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
