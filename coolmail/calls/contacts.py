"""Phone numbers in vCards (RFC 6350, and the older 2.1 and 3.0 as phones export them). Pure; files and servers are read elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import vobject
from vobject.base import VObjectError

from coolmail.core.clean import shorten

_BEGIN = re.compile(r"^BEGIN:VCARD[ \t]*$", re.IGNORECASE | re.MULTILINE)
_END = re.compile(r"^END:VCARD[ \t]*$", re.IGNORECASE | re.MULTILINE)
_FOLD = re.compile(r"\r?\n[ \t]")
LONGEST_CARD = 2_000_000
"""Characters of one card, its picture included."""

NOT_VOICE = frozenset({"fax", "pager", "modem", "bbs", "pcs", "isdn", "video", "textphone"})
MOBILE = frozenset({"cell", "iphone", "mobile"})


class CardNumber(NamedTuple):
    """A number in a card: as it is written, whether it is called a mobile's, whether it is preferred, and whose card it is."""

    text: str
    mobile: bool
    preferred: bool
    name: str


def numbers_in_cards(text: str, client: str) -> list[CardNumber]:
    """Return the numbers in the cards that have this mail address, preferred ones and mobiles first. What is no card is passed over."""
    wanted = client.casefold()
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    found = [
        number
        for card in _cards(text)
        if len(card) <= LONGEST_CARD and wanted in _FOLD.sub("", card).casefold()
        for number in _numbers(card, wanted)
    ]
    return sorted(found, key=lambda number: (not number.preferred, not number.mobile))


def _cards(text: str) -> Iterator[str]:
    for piece in _BEGIN.split(text)[1:]:
        if end := _END.search(piece):
            yield f"BEGIN:VCARD{piece[: end.end()]}\n"


def _numbers(text: str, wanted: str) -> Iterator[CardNumber]:
    try:
        cards = list(vobject.readComponents(text, ignoreUnreadable=True, allowQP=True))
    except (VObjectError, ValueError, LookupError, AttributeError, TypeError, IndexError):
        return  # the library lets through what its own code meets in a broken card
    for card in cards:
        contents = getattr(card, "contents", {})
        if wanted not in {str(email.value).strip().casefold() for email in contents.get("email", ())}:
            continue
        name = shorten(str(contents["fn"][0].value), 60) if contents.get("fn") else ""
        for line in contents.get("tel", ()):
            kinds = _kinds(line)
            if not kinds & NOT_VOICE:
                value = re.sub(r"^tel:", "", str(line.value).strip(), flags=re.IGNORECASE)
                yield CardNumber(value, bool(kinds & MOBILE), "pref" in kinds, name)


def _kinds(line: Any) -> set[str]:
    """Return what a TEL line says of its number: `TYPE=CELL,VOICE`, `TYPE=CELL;TYPE=VOICE`, `;CELL;VOICE` (2.1), `PREF=1` (4.0)."""
    params: dict[str, list[str]] = getattr(line, "params", {})
    words = [*params.get("TYPE", ()), *(word for pair in getattr(line, "singletonparams", ()) for word in [pair])]
    kinds = {part.strip().casefold() for word in words for part in str(word).split(",")}
    return kinds | ({"pref"} if params.get("PREF") else set())
