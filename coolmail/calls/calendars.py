"""When the user is busy, read from iCalendar data (RFC 5545). Pure; files and servers are read elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

import recurring_ical_events
from icalendar import Calendar, Component

from coolmail.calls.errors import SourceError
from coolmail.calls.slots import Busy

_BROKEN = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
"""What the libraries raise on broken data, besides their own errors, which are `ValueError`s."""

TOO_OFTEN = frozenset({"SECONDLY", "MINUTELY"})
"""Recurrences that no appointment has; reckoning them out takes minutes."""


class Appointments(NamedTuple):
    """When the user is busy, aware; how many series were passed over because they repeat every minute or more often, and how many cannot be read."""

    busy: tuple[Busy, ...]
    passed_over: int = 0
    unreadable: int = 0


def busy_in(raw: bytes | str, start: datetime, end: datetime, zone: tzinfo, ours: Iterable[str] = ()) -> Appointments:
    """Return the appointments between two moments that leave no time for a call.

    Not busy is what is cancelled, marked free (TRANSP, and Outlook's own field), or declined by one of `ours`. Whole days and times without a zone
    are the user's, in `zone`. Raises `SourceError` if it is no calendar.
    """
    text = raw if isinstance(raw, str) else raw.decode("utf-8", "replace")
    try:
        near = _near(text.replace("\r\n", "\n"), start, end)
        calendars = [part for part in Calendar.from_ical(near, multiple=True) if part.name == "VCALENDAR"]
    except _BROKEN as error:
        raise SourceError(f"it is no iCalendar data ({str(error)[:80]})") from error
    if not calendars:
        raise SourceError("it is no iCalendar data (no VCALENDAR in it)")
    mine = {address.casefold() for address in ours}
    busy: list[Busy] = []
    passed_over = unreadable = 0
    for calendar in calendars:
        for series in _series(calendar):
            try:
                if any(_too_often(event) for event in series):
                    passed_over += 1
                else:
                    busy += _spans(series, start, end, zone, mine)
            except _BROKEN:
                unreadable += 1
        for part in calendar.walk("VFREEBUSY"):
            busy += [span for span in _published(part, zone) if span[0] < end and start < span[1]]
    return Appointments(tuple(busy), passed_over, unreadable)


def _near(text: str, start: datetime, end: datetime) -> str:
    """Return a calendar without the single events that are certainly over or far away: years of them would take many seconds to read."""
    first, last = f"{start - timedelta(days=2):%Y%m%d}", f"{end + timedelta(days=2):%Y%m%d}"

    def kept(event: re.Match[str]) -> str:
        block = event[0]
        if _REPEATS.search(block) or len(times := _TIMES.findall(block)) != 2:
            return block
        return block if min(times) <= last and max(times) >= first else ""

    return _EVENT.sub(kept, text)


_EVENT = re.compile(r"^BEGIN:VEVENT\n(?:(?!(?:BEGIN|END):VEVENT).*\n)*+END:VEVENT\n", re.MULTILINE)
_REPEATS = re.compile(r"^(?:RRULE|RDATE|RECURRENCE-ID)[;:]", re.MULTILINE)
_TIMES = re.compile(r"^DT(?:START|END)[^:\n]*:(\d{8})", re.MULTILINE)
"""The days of DTSTART and DTEND, in whichever order they stand."""


def _series(calendar: Component) -> Iterable[list[Component]]:
    """Return the events by UID: a series and what was changed in it belong together, and one that is broken must not hide the others."""
    found: dict[str, list[Component]] = {}
    for number, event in enumerate(calendar.walk("VEVENT")):
        found.setdefault(str(event.get("UID", number)), []).append(event)
    return found.values()


def _spans(series: list[Component], start: datetime, end: datetime, zone: tzinfo, mine: set[str]) -> list[Busy]:
    alone = Calendar()
    alone.subcomponents = series
    spans = []
    for event in recurring_ical_events.of(alone, components=["VEVENT"]).between(start, end):
        if not _is_free(event, mine):
            span = _moment(event.start, zone), _moment(event.end, zone)
            if span[0] < span[1]:
                spans.append(span)
    return spans


def _too_often(event: Component) -> bool:
    rules = event.get("RRULE", [])
    for rule in rules if isinstance(rules, list) else [rules]:
        named = rule.get("FREQ", []) if hasattr(rule, "get") else []
        if {str(word).upper() for word in (named if isinstance(named, list) else [named])} & TOO_OFTEN:
            return True
    return False


def _is_free(event: Component, mine: set[str]) -> bool:
    if str(event.get("STATUS", "")).upper() == "CANCELLED" or str(event.get("TRANSP", "")).upper() == "TRANSPARENT":
        return True
    if str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).upper() == "FREE":
        return True
    attendees = event.get("ATTENDEE", [])
    for attendee in attendees if isinstance(attendees, list) else [attendees]:
        address = str(attendee).casefold().removeprefix("mailto:")
        if address in mine and str(getattr(attendee, "params", {}).get("PARTSTAT", "")).upper() == "DECLINED":
            return True
    return False


def _published(part: Component, zone: tzinfo) -> Iterator[Busy]:
    """Yield the busy times of a free/busy list (RFC 5545 section 3.6.4)."""
    lists = part.get("FREEBUSY", [])
    for periods in lists if isinstance(lists, list) else [lists]:
        if str(getattr(periods, "params", {}).get("FBTYPE", "BUSY")).upper() == "FREE":
            continue
        for period in getattr(periods, "dts", [periods]):
            value = getattr(period, "dt", period)
            try:
                start, end = value
                yield _moment(start, zone), _moment(end if isinstance(end, date) else start + end, zone)
            except _BROKEN:
                continue


def _moment(value: date, zone: tzinfo) -> datetime:
    if not isinstance(value, datetime):
        value = datetime.combine(value, time(), zone)
    return (value if value.tzinfo is not None else value.replace(tzinfo=zone)).astimezone(UTC)
