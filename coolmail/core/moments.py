"""Moments as people write them on the command line: `tomorrow 9:00`, `fri 14:30`, `26 Nov`, `2026-11-26 09:00`.

Few forms, read strictly: a deadline that was guessed wrong sends a mail at the wrong hour, so what is not understood is refused with examples.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from coolmail.core.errors import CoolmailError

EXAMPLES = "write it like 6h, 1d, 17:30, tomorrow 9:00, friday 14:00, 26 Nov or 2026-11-26 09:00"

LONGEST_YEARS = 10

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WEEKDAYS = frozenset({*DAYS, *(day[:3] for day in DAYS), "tues", "thur", "thurs"})
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
)  # fmt: skip

_CLOCK = re.compile(r"(?:at )?(\d{1,2})(?:[:.](\d{2}))? ?(am|pm)?")
_ISO_T = re.compile(r"(?<=\d)t(?=\d)")
_ISO_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_NAMED_DAY = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th|\.)? ([a-z]{3,9})\.?(?: (\d{4}))?|([a-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?(?: (\d{4}))?"
)


class BadMomentError(CoolmailError, ValueError):
    """Not a moment such as `tomorrow 9:00`."""


def parse_moment(text: str, now: datetime, zone: tzinfo, *, opening: int = 9 * 60) -> datetime:
    """Return the moment that is meant, in UTC, always after `now`.

    `opening` are minutes since midnight: the time of a day that is named without one. A time without a day is the next such time; a weekday the next
    such day. Raises `BadMomentError` with examples, or saying that the moment is past.
    """
    words = _ISO_T.sub(" ", text[:200].casefold().replace(",", " ")).split()
    today = now.astimezone(zone).date()
    for cut in range(len(words), -1, -1):
        # The longest day first: what is left is the time.
        day_words, clock = " ".join(words[:cut]), " ".join(words[cut:])
        day = _day(day_words, today)
        minute = _minute(clock, opening, after_day=day is not None)
        if minute is not None and (day is not None or not day_words) and words:
            return _after(now, day, minute, zone, text, weekly=day_words.removeprefix("next ") in WEEKDAYS)
    raise BadMomentError(f"{text[:60]!r} is not a time that is understood; {EXAMPLES}")


def _day(words: str, today: date) -> date | None:
    if words == "today":
        return today
    if words in ("tomorrow", "tmr"):
        return today + timedelta(days=1)
    weekday = words.removeprefix("next ")
    if weekday in WEEKDAYS:
        number = next(number for number, day in enumerate(DAYS) if day.startswith(weekday[:3]))
        return today + timedelta(days=(number - today.weekday()) % 7)
    try:
        if found := _ISO_DAY.fullmatch(words):
            return date(int(found[1]), int(found[2]), int(found[3]))
        if found := _NAMED_DAY.fullmatch(words):
            day, name, year = (found[1], found[2], found[3]) if found[1] else (found[5], found[4], found[6])
            month = next((number for number, month in enumerate(MONTHS, 1) if month.startswith(name)), 0)
            if year:
                return date(int(year), month, int(day))
            this_year = date(today.year, month, int(day))
            return this_year if this_year >= today else date(today.year + 1, month, int(day))
    except ValueError:
        return None
    return None


def _minute(words: str, opening: int, *, after_day: bool) -> int | None:
    if not words:
        return opening
    if words == "noon":
        return 12 * 60
    found = _CLOCK.fullmatch(words)
    if found is None or (found[2] is None and found[3] is None and not after_day):
        return None  # a bare number says nothing by itself
    hour, minute = int(found[1]), int(found[2] or 0)
    if found[3]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found[3] == "pm" else 0)
    return hour * 60 + minute if hour < 24 and minute < 60 else None


def _after(now: datetime, day: date | None, minute: int, zone: tzinfo, text: str, *, weekly: bool) -> datetime:
    """Return the local day and minute in UTC, moved on by a day or a week where that is what was meant; refuse the past."""
    today = now.astimezone(zone).date()
    if day is not None and not 0 <= day.year - today.year <= LONGEST_YEARS:
        raise BadMomentError(f"{text[:60]!r} is {'past' if day < today else 'more than ten years away'}; {EXAMPLES}")
    moment = _at(day or today, minute, zone)
    if moment <= now and (day is None or weekly):
        moment = _at((day or today) + timedelta(days=7 if weekly else 1), minute, zone)
    if moment <= now:
        raise BadMomentError(f"{text[:60]!r} is past; {EXAMPLES}")
    return moment


def _at(day: date, minute: int, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(minute // 60, minute % 60), zone).astimezone(UTC)
