"""What a call instead of a reply needs: whom to ring, when, and what to say. Plain values; who finds them is `coolmail.calls`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Letter:
    """An earlier mail: what its author newly wrote, signature included, and what they quote, as plain text.

    `date` is when it arrived, aware, in the zone of its Date header, None where neither is known; `in_thread` says that it belongs to the
    conversation at hand. Text is as decoded from the mail: it is not safe to show before `coolmail.core.clean`.
    """

    sender: str
    date: datetime | None
    text: str
    quoted: str = ""
    in_thread: bool = False


@dataclass(frozen=True, slots=True)
class Number:
    """A phone number of the client. `e164` is what a `tel:` link takes (`+4533123456`); `found` says where it was found, in words for the user."""

    e164: str
    international: str
    national: str
    found: str


@dataclass(frozen=True, slots=True)
class Slot:
    """A proposed time for a call: its beginning and end, aware, in the user's zone, and the beginning in the client's zone where that is known."""

    start: datetime
    end: datetime
    theirs: datetime | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """Something to say: `kind` is `complaint`, `asked`, `promised` or `opening`; `text` their own words, or an opening; `source` where from."""

    kind: str
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Preparation:
    """Everything found for one call, best first; `remarks` say in words what was not found or not looked at, and why."""

    numbers: tuple[Number, ...] = ()
    slots: tuple[Slot, ...] = ()
    points: tuple[Point, ...] = ()
    remarks: tuple[str, ...] = ()
