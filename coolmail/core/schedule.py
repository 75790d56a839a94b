"""When a held message may go: the length of the hold, and its place inside the user's working hours."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, tzinfo

from coolmail.core.settings import HoldRules, WorkingHours


def hold_length(heat: float, threshold: float, rules: HoldRules) -> timedelta:
    """Return how long a message of `heat` waits: `minimum` at the threshold, rising evenly to `maximum` at heat 1."""
    if threshold >= 1:
        return rules.maximum
    position = min(1.0, max(0.0, (heat - threshold) / (1 - threshold)))
    return rules.minimum + (rules.maximum - rules.minimum) * position


def is_working(moment: datetime, hours: WorkingHours, zone: tzinfo) -> bool:
    """Whether `moment` lies in the user's working hours."""
    local = moment.astimezone(zone)
    return local.isoweekday() in hours.days and hours.start <= local.hour * 60 + local.minute < hours.end


def _openings(around: datetime, hours: WorkingHours, zone: tzinfo, days: range) -> list[tuple[datetime, datetime]]:
    """Return the working spans (UTC) of the local days around a moment."""
    first = around.astimezone(zone).date()
    spans = []
    for offset in days:
        day = first + timedelta(days=offset)
        if day.isoweekday() in hours.days:
            midnight = datetime.combine(day, time(), zone)
            # Wall-clock arithmetic in the zone, so that a span starts at nine on the day the clocks change, too.
            start, end = midnight + timedelta(minutes=hours.start), midnight + timedelta(minutes=hours.end)
            spans.append((start.astimezone(UTC), end.astimezone(UTC)))
    return spans


def deadline(now: datetime, heat: float, threshold: float, rules: HoldRules, zone: tzinfo) -> datetime:
    """Return when the hold ends, in UTC.

    The wanted moment is `now` plus `hold_length`. If it falls outside working hours it is moved to the nearest working moment, later or earlier,
    that still lies between `minimum` and `maximum` from now; where there is none, the wanted moment stands.
    """
    wanted = now + hold_length(heat, threshold, rules)
    hours = rules.working_hours
    if is_working(wanted, hours, zone):
        return wanted
    earliest, latest = now + rules.minimum, now + rules.maximum
    candidates = []
    for start, end in _openings(wanted, hours, zone, range(-4, 5)):
        low, high = max(start, earliest), min(end - timedelta(minutes=1), latest)
        if low <= high:
            candidates.append(min(max(wanted, low), high))
    return min(candidates, key=lambda moment: abs(moment - wanted), default=wanted)


def next_working_moment(now: datetime, hours: WorkingHours, zone: tzinfo) -> datetime:
    """Return `now` if it is working time, else the start of the next working span (UTC)."""
    if is_working(now, hours, zone) or not hours.days:
        return now
    return min(start for start, _ in _openings(now, hours, zone, range(9)) if start > now)


def backoff(attempt: int, first: timedelta, last: timedelta) -> timedelta:
    """Return the wait after the given failed attempt (1, 2, ...): doubling from `first` up to `last`."""
    times: int = 2 ** min(attempt - 1, 30)
    return last if first >= last / times else first * times
