"""What stands below a letter: signature, contact lines, "Sent from my phone", disclaimers, the footer of a mailing list.

Taken off from the end upwards, again and again until nothing more comes off, and only what is unmistakable: a hot sentence that goes
unjudged costs more than a signature that is judged.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from coolmail.core.phrases import (
    CLOSINGS,
    DISCLAIMER_MAIL,
    DISCLAIMER_PRIVATE,
    DISCLAIMER_READER,
    DISCLAIMER_STARTS,
    SENT_FROM,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SIGNATURE_LINES = 25
_SIGNATURE_CHARS = 1500
_CONTACT_LINES = 12
_ROUNDS = 6


def without_signoff(lines: Sequence[str]) -> list[str]:
    """The lines of one stretch of own text without what stands below the letter."""
    kept = _without_delimited(list(lines))
    for _ in range(_ROUNDS):
        before = len(_trim(kept))
        for take_off in (_sent_from, _disclaimer, _footer, _contact_block):
            kept = take_off(_trim(kept))
        if len(kept) == before:
            break
    return kept


def _trim(lines: list[str]) -> list[str]:
    end = len(lines)
    while end and not lines[end - 1].strip("\xa0 \t\u200b"):
        end -= 1
    return lines[:end]


def _without_delimited(lines: list[str]) -> list[str]:
    """Cut at "-- " (RFC 3676 section 4.3), the first that is followed by no more than a signature can be."""
    for index in range(max(0, len(lines) - _SIGNATURE_LINES * 3), len(lines)):
        line = lines[index]
        if line.rstrip("\xa0 ") == "--" and _fits_signature(lines[index + 1 :], exact=line in {"-- ", "--\xa0"}):
            return lines[:index]
    return lines


def _fits_signature(below: list[str], *, exact: bool) -> bool:
    if not exact:
        # A bare "--" may be a rule between paragraphs.
        below = _disclaimer(_trim(below))
        if _has_prose(below):
            return False
    written = [line for line in below if line.strip()]
    return len(written) <= _SIGNATURE_LINES and sum(map(len, written)) <= _SIGNATURE_CHARS


_SENT_FROM = re.compile(r"\W{0,3}(?:" + "|".join(sorted(map(re.escape, SENT_FROM), key=len, reverse=True)) + r")(?!\w)")
_DEVICE = re.compile(
    r"iphone|ipad|android|samsung|galaxy|blackberry|huawei|xiaomi|nokia|pixel|outlook|gmail|yahoo|proton|gmx|web\.de|mail app|"
    r"mobile|handy|telefon|mobil|smartphone|puhelin|luuri|telefono|téléphone|teléfono|telemóvel|celular|phone|apple|windows|https?:"
)


def _sent_from(lines: list[str]) -> list[str]:
    """Take off one last line such as "Sent from my iPhone": the phrase and a device, or the phrase alone without any punctuation."""
    if not lines or len(lines[-1]) > 120:
        return lines
    text = lines[-1].strip().casefold()
    is_phrase = _SENT_FROM.match(text) is not None or text.endswith((" gesendet", " gesendet."))
    if not is_phrase:
        return lines
    sentence = re.search(r"[,;!?]|\.\s", text.rstrip(".")) is not None
    if (_DEVICE.search(text) and not sentence) or (
        not sentence and len(text.split()) <= 8 and not text.endswith((".", "!", "?"))
    ):
        return lines[:-1]
    return lines


_MAIL = re.compile(DISCLAIMER_MAIL)
_PRIVATE = re.compile(DISCLAIMER_PRIVATE)
_READER = re.compile(DISCLAIMER_READER)


def _disclaimer(lines: list[str]) -> list[str]:
    """Take off the last paragraph if it is a disclaimer, with the rest of the disclaimer above it."""
    start = _paragraph_start(lines)
    text = " ".join(lines[start:])[:4000].strip(" \t*_-=#\xa0").casefold()
    if not text:
        return lines
    if text.startswith(tuple(DISCLAIMER_STARTS)):
        return lines[:start]
    if _is_disclaimer(text):
        return lines[:start]
    # The second paragraph of a disclaimer often has two of the marks; it goes only together with one above that has all three.
    if start and (_PRIVATE.search(text) or _READER.search(text)) and _MAIL.search(text):
        above = _trim(lines[:start])
        earlier = _paragraph_start(above)
        if _is_disclaimer(" ".join(above[earlier:])[:4000].casefold()):
            return above[:earlier]
    return lines


def _is_disclaimer(text: str) -> bool:
    """Whether the paragraph begins by speaking of "this e-mail" and has the two other marks as well."""
    mail = _MAIL.search(text)
    return (
        mail is not None
        and mail.start() <= 60
        and _PRIVATE.search(text) is not None
        and _READER.search(text) is not None
    )


def _paragraph_start(lines: list[str]) -> int:
    start = len(lines)
    while start and lines[start - 1].strip("\xa0 \t"):
        start -= 1
    return start


_RULE = re.compile(r"\s*[_=~*–—-]{5,}\s*")
_URL = re.compile(r"https?://\S+|www\.\S+", re.IGNORECASE)
_EMAIL = re.compile(r"[^\s@<>]{1,64}@[^\s@<>]{1,64}\.[a-z]{2,}", re.IGNORECASE)


def _footer(lines: list[str]) -> list[str]:
    """Take off what stands below a rule at the end, if it is short and has an address in it: a list's footer, a signature."""
    lowest = max(0, len(lines) - _SIGNATURE_LINES * 2)
    for index in range(len(lines) - 1, lowest - 1, -1):
        if _RULE.fullmatch(lines[index][:200]):
            below = [line for line in lines[index + 1 :] if line.strip()]
            if len(below) <= _SIGNATURE_LINES and (not below or (_has_address(below) and not _has_prose(below))):
                return lines[:index]
    return lines


def _has_address(lines: Iterable[str]) -> bool:
    return any(_URL.search(line[:500]) or _EMAIL.search(line[:500]) for line in lines)


def _has_prose(lines: Iterable[str]) -> bool:
    return any(len(line.split()) > 8 and line.rstrip()[-1:] in ".!?" for line in lines)


_DATE = re.compile(r"(?<!\d)\d{1,4}[./-]\d{1,2}[./-]\d{1,4}(?!\d)")
_PHONE = re.compile(r"\+?\(?\d[\d ()/.\-\xa0]{5,18}\d")
_LABELLED = re.compile(
    r"\W*(?:t|tel|tlf|tlf\.nr|telefon|telefono|teléfono|téléphone|phone|m|mob|mobil|mobile|mobiel|cell|fax|f|e|e-mail|email|mail|web|www|"
    r"skype|linkedin|cvr|vat|ust-id|org\.?nr|kvk|nip|p\.? ?iva|siret|y-tunnus|puh|gsm|direct|dir|office|internet)\.?\s*(?:nr|no)?\.?\s*[:.]?\s+\S",
    re.IGNORECASE,
)
_CLOSING = re.compile(r"\W*(?:" + "|".join(sorted(map(re.escape, CLOSINGS), key=len, reverse=True)) + r")\W*")


def _contact_block(lines: list[str]) -> list[str]:
    """Take off the contact lines at the end: paragraphs of short lines, no sentences, each with a phone, mail or web address in it.

    One such line is enough below a closing ("Best regards"), elsewhere there must be two. The closing and the name below it are the
    author's, and stay.
    """
    end = cut = len(lines)
    contacts = 0
    while end:
        start = _paragraph_start(lines[:end])
        closing = next((index for index in range(end - 1, start - 1, -1) if is_closing(lines[index])), None)
        block = lines[start if closing is None else closing + 1 : end]
        if len(block) > _CONTACT_LINES or not all(map(_is_block_line, block)):
            break
        found = sum(map(_is_contact, block))
        contacts += found
        if closing is None and not found:
            above = _trim(lines[:start])
            closing = len(above) - 1 if above and is_closing(above[-1]) else None
            if closing is None:
                break
        if closing is not None:
            return _to_name(lines, closing) if contacts else lines
        cut, end = start, len(_trim(lines[:start]))
    return lines[:cut] if contacts >= 2 else lines


def is_closing(line: str) -> bool:
    """Whether a line is nothing but a closing, like "Best regards,"."""
    return len(line) <= 60 and _CLOSING.fullmatch(line.casefold()) is not None


def _to_name(lines: list[str], closing: int) -> list[str]:
    """Everything to the closing and the first line below it, if that is a name."""
    for index in range(closing + 1, len(lines)):
        if lines[index].strip("\xa0 \t"):
            is_name = len(lines[index].split()) <= 5 and not _is_contact(lines[index])
            return lines[: index + 1] if is_name else lines[: closing + 1]
    return lines


_ABBREVIATED = (
    " inc.",
    " ltd.",
    " co.",
    " corp.",
    " ph.d.",
    " aps.",
    " s.r.l.",
    " s.p.a.",
    " s.l.",
    " s.a.",
    " o.o.",
    " dipl.-ing.",
)


def _is_block_line(line: str) -> bool:
    """Whether the line can stand between contact lines: a name, a title, a street. A sentence can't."""
    if _is_contact(line):
        return True
    text = line.strip("\xa0 \t*").casefold()
    if text.startswith(("ps", "p.s", "nb")) or len(text.split()) > 6:
        return False
    return text[-1:] not in {".", "?", "!", ":", ","} or text.endswith(_ABBREVIATED)


def _is_contact(line: str) -> bool:
    text = line.strip("\xa0 \t*")
    if len(text) > 90:
        return False
    rest = _PHONE.sub("", _DATE.sub("-", _EMAIL.sub("", _URL.sub("", text))))
    found = len(rest) < len(_DATE.sub("-", text))
    return (found and len(rest.split()) <= 4) or (
        _LABELLED.match(text) is not None and (found or len(text.split()) <= 4)
    )
