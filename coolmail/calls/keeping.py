"""What was found for a call as plain JSON values, the way the journal keeps it, and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from coolmail.core.talk import Number, Point, Preparation, Slot

VERSION = 1


def to_json(preparation: Preparation) -> dict[str, Any]:
    """Return a preparation as plain JSON values. Moments are ISO 8601 with their offset, and the name of their zone where it has one."""
    return {
        "version": VERSION,
        "numbers": [
            {"e164": one.e164, "international": one.international, "national": one.national, "found": one.found}
            for one in preparation.numbers
        ],
        "slots": [
            {
                "start": _moment(slot.start),
                "end": _moment(slot.end),
                "theirs": None if slot.theirs is None else _moment(slot.theirs),
            }
            for slot in preparation.slots
        ],
        "points": [{"kind": one.kind, "text": one.text, "source": one.source} for one in preparation.points],
        "remarks": list(preparation.remarks),
    }


def from_json(found: Mapping[str, Any] | None) -> Preparation | None:
    """Return the preparation that was kept; None if there is none or it cannot be read, so that it is made anew."""
    if found is None or found.get("version") != VERSION:
        return None
    try:
        return Preparation(
            numbers=tuple(Number(**one) for one in found["numbers"]),
            slots=tuple(
                Slot(_read(one["start"]), _read(one["end"]), None if one["theirs"] is None else _read(one["theirs"]))
                for one in found["slots"]
            ),
            points=tuple(Point(**one) for one in found["points"]),
            remarks=tuple(str(remark) for remark in found["remarks"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _moment(moment: datetime) -> list[str | None]:
    return [moment.isoformat(), _key(moment.tzinfo)]


def _key(zone: tzinfo | None) -> str | None:
    return zone.key if isinstance(zone, ZoneInfo) else None


def _read(value: list[str | None]) -> datetime:
    text, key = value
    moment = datetime.fromisoformat(str(text))
    if moment.tzinfo is None:
        raise ValueError("a moment without its offset")
    return moment.astimezone(ZoneInfo(key)) if key is not None else moment
