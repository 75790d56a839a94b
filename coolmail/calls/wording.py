"""Moments in the words of the mail's language, in the reader's zone and the user's where they differ. Babel knows the names."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_datetime, format_skeleton, get_timezone_name
from babel.lists import format_list

from coolmail.core.talk import Slot


class Words(NamedTuple):
    """How a language puts day and time together (CLDR patterns), and what it calls the reader's own time."""

    day: str
    time: str
    at: str
    yours: str


WORDS = {
    "en": Words("EEEE d MMMM", "HH:mm", "at", "your time"),
    "da": Words("EEEE 'den' d. MMMM", "HH.mm", "kl.", "din tid"),
}
"""Reviewed by hand; other languages take CLDR's own patterns."""


def day(moment: datetime, zone: tzinfo, language: str) -> str:
    """Say a day in words: "Wednesday 26 November"."""
    local = moment.astimezone(zone)
    words = WORDS.get(language)
    if words is None:
        locale = _locale(language)
        return f"{format_datetime(local, 'EEEE', locale=locale)}, {format_skeleton('MMMMd', local, locale=locale)}"
    return format_datetime(local, words.day, locale=language)


def clock(moment: datetime, zone: tzinfo, language: str) -> str:
    """Say what the clock shows: "15:40"."""
    local = moment.astimezone(zone)
    words = WORDS.get(language)
    if words is None:
        return format_skeleton("Hm", local, locale=_locale(language))
    return format_datetime(local, words.time, locale=language)


def day_and_time(moment: datetime, zone: tzinfo, language: str) -> str:
    """Say a moment in words: "Wednesday 26 November at 15:40"."""
    between = f" {WORDS[language].at} " if language in WORDS else ", "
    return f"{day(moment, zone, language)}{between}{clock(moment, zone, language)}"


def zone_in_words(zone: tzinfo, moment: datetime, language: str) -> str:
    """Name a time zone: "Central European Time", or "UTC-5" for one that is an offset only."""
    if isinstance(zone, ZoneInfo) and "/" in zone.key and not zone.key.startswith("Etc/"):
        name = get_timezone_name(zone, "long", locale=_locale(language), zone_variant="generic")
        # CLDR writes names as they stand in a list; inside a Danish sentence "centraleuropæisk tid" is written small.
        return name[:1].lower() + name[1:] if language == "da" and name.endswith(" tid") else name
    return offset_in_words(moment.astimezone(zone).utcoffset() or timedelta())


def offset_in_words(offset: timedelta) -> str:
    """Say an offset from UTC: "UTC-5", "UTC+5:30"."""
    minutes = round(abs(offset).total_seconds() / 60)
    sign = "-" if offset < timedelta() else "+"
    return f"UTC{sign}{minutes // 60}" + (f":{minutes % 60:02}" if minutes % 60 else "") if minutes else "UTC"


def slot_in_words(slot: Slot, language: str) -> str:
    """Say when a call could begin, for its reader: their time first, the user's beside it where the clocks differ."""
    mine = slot.start.tzinfo
    theirs = slot.theirs
    if mine is None or theirs is None or theirs.tzinfo is None or theirs.utcoffset() == slot.start.utcoffset():
        return day_and_time(slot.start, mine or slot.start.astimezone().tzinfo or ZoneInfo("UTC"), language)
    yours = f" {WORDS[language].yours}" if language in WORDS else f" {zone_in_words(theirs.tzinfo, theirs, language)}"
    same_day = theirs.date() == slot.start.date()
    here = clock(slot.start, mine, language) if same_day else day_and_time(slot.start, mine, language)
    return (
        f"{day_and_time(theirs, theirs.tzinfo, language)}{yours} ({here} {zone_in_words(mine, slot.start, language)})"
    )


def slot_for_user(slot: Slot) -> str:
    """Say when a call could begin, for the user, in English: "Monday 30 November at 15:00 (09:00 their time)"."""
    mine = slot.start.tzinfo or ZoneInfo("UTC")
    theirs = slot.theirs
    said = day_and_time(slot.start, mine, "en")
    if theirs is None or theirs.tzinfo is None or theirs.utcoffset() == slot.start.utcoffset():
        return said
    there = clock if theirs.date() == slot.start.date() else day_and_time
    return f"{said} ({there(theirs, theirs.tzinfo, 'en')} their time)"


def either(choices: Sequence[str], language: str) -> str:
    """Join choices: "a or b", "a, b, or c"; empty where there are none."""
    return format_list(choices, style="or", locale=_locale(language)) if choices else ""


def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        return Locale("en")
