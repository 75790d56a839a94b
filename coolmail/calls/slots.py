"""Times for a call that suit both: in the user's working hours, in the client's day, on a working day of both countries, free, before the deadline.

Clock times are wall-clock times of a named zone, and lengths are real time, so a slot is at nine on the day the clocks change, too, and half an hour
long. What cannot all be had is given up in a fixed order, and a remark says so: first the client's office hours (9-17 becomes 8-20 their time), then
the deadline, at last the user's own working hours. A call is never proposed at night, on a day off, or on top of another appointment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from coolmail.core.settings import WorkingHours
from coolmail.core.talk import Slot

OFFICE = (9 * 60, 17 * 60)
"""Minutes since midnight between which anybody may be called."""
CIVIL = (8 * 60, 20 * 60)
"""Minutes since midnight between which anybody may be called at a pinch."""
AT_LAST = (7 * 60, 21 * 60)
"""Minutes since midnight outside of which nobody is called: half a world lies between the two."""
APART = (timedelta(hours=2), timedelta(hours=1), timedelta(minutes=30))
"""How far apart the slots of one day are: the first of these with which there are two."""
STEP = 30
"""Minutes from one possible beginning to the next."""
DAYS = 14
"""How many days ahead slots are looked for, from tomorrow on."""
PREFERRED = (10 * 60, 14 * 60)
"""Minutes since midnight of the user's day: where the first and the second call of a day would best be."""

EVERY_DAY = frozenset(range(1, 8))

Busy = tuple[datetime, datetime]
OffDay = Callable[[date], bool]
"""Whether a day is one on which somebody does not work."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: their zone, when they may be called (minutes since midnight, ISO weekdays), and the days on which they may not."""

    zone: tzinfo
    span: tuple[int, int]
    off: OffDay
    days: frozenset[int] = EVERY_DAY


@dataclass(frozen=True, slots=True)
class Found:
    """Slots in the order of time, and in words what had to be given up for them."""

    slots: tuple[Slot, ...]
    remarks: tuple[str, ...]


def find_slots(
    *,
    now: datetime,
    hours: WorkingHours,
    zone: tzinfo,
    off: OffDay,
    client: Side | None,
    busy: Iterable[Busy] = (),
    deadline: datetime | None = None,
    length: timedelta = timedelta(minutes=30),
    count: int = 3,
) -> Found:
    """Return up to `count` slots from tomorrow on, all before the `deadline` where at least two fit.

    `off` are the user's holidays; weekdays come from `hours`. `client` is None where nothing is known of them: then they are taken to live as
    most do, with office hours by the user's clock and a weekend. `client.span` is widened to `CIVIL` where nothing else fits.
    """
    ours = Side(zone, _within((hours.start, hours.end), CIVIL) or OFFICE, off, hours.days or EVERY_DAY)
    late = Side(zone, AT_LAST, off)
    office = client if client is not None else Side(zone, OFFICE, lambda day: day.isoweekday() > 5)
    wide, far = replace(office, span=CIVIL), replace(office, span=AT_LAST)
    taken = sorted((start.astimezone(UTC), end.astimezone(UTC)) for start, end in busy)

    def free(user: Side, other: Side) -> list[Slot]:
        return [
            slot if client is not None else replace(slot, theirs=None)
            for slot in _grid(now, user, other, length)
            if not any(start < slot.end and slot.start < end for start, end in taken)
        ]

    plans = [(ours, office), (ours, wide)]
    found: list[Slot] = []
    remarks: list[str] = []
    for plan, bound in [*((plan, deadline) for plan in plans), *((plan, None) for plan in plans), ((late, far), None)]:
        possible = [slot for slot in free(*plan) if bound is None or slot.end <= bound]
        chosen = _spread(possible, zone, count - len(found), found)
        if not chosen:
            continue
        if deadline is not None and any(slot.end > deadline for slot in chosen):
            remarks.append(
                "These times are after the held mail goes out; extend the hold if you want to talk first."
                if not found
                else "The later of these times are after the held mail goes out; extend the hold if you want to talk first."
            )
        if plan[0] is late:
            remarks.append(
                "No time lies in your working hours and in the client's day; these are outside your working hours."
            )
        found += chosen
        if len(found) >= min(2, count):
            break
    if not found:
        remarks.append(f"No free time was found within {DAYS} days in which you and the client could talk.")
    return Found(tuple(sorted(found, key=lambda slot: slot.start)), tuple(remarks))


def _within(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int] | None:
    start, end = max(one[0], other[0]), min(one[1], other[1])
    return (start, end) if start < end else None


def _grid(now: datetime, user: Side, other: Side, length: timedelta) -> Iterator[Slot]:
    """Yield every time at which both could talk, in order."""
    today = now.astimezone(user.zone).date()
    for ahead in range(1, DAYS + 1):
        day = today + timedelta(days=ahead)
        if day.isoweekday() not in user.days or user.off(day):
            continue
        for minute in range(user.span[0] + -user.span[0] % STEP, user.span[1], STEP):
            wall = datetime.combine(day, time(minute // 60, minute % 60), user.zone)
            start = wall.astimezone(UTC)
            local, end = start.astimezone(user.zone), (start + length).astimezone(user.zone)
            if (
                local.replace(tzinfo=None) != wall.replace(tzinfo=None)
                or wall.utcoffset() != wall.replace(fold=1).utcoffset()
            ):
                continue  # an hour that is skipped, or comes twice
            if not _fits(local, end, user.span):
                continue
            theirs, until = start.astimezone(other.zone), (start + length).astimezone(other.zone)
            if (
                theirs.isoweekday() not in other.days
                or other.off(theirs.date())
                or not _fits(theirs, until, other.span)
            ):
                continue
            yield Slot(local, end, theirs)


def _fits(start: datetime, end: datetime, span: tuple[int, int]) -> bool:
    if start.date() != end.date():
        return False
    return span[0] <= start.hour * 60 + start.minute and end.hour * 60 + end.minute <= span[1]


def _spread(possible: Sequence[Slot], zone: tzinfo, count: int, there: Sequence[Slot]) -> list[Slot]:
    """Choose slots that differ: on each day one near each of `PREFERRED`, earliest days first."""
    by_day: dict[date, list[Slot]] = {}
    for slot in possible:
        by_day.setdefault(slot.start.astimezone(zone).date(), []).append(slot)
    chosen: list[Slot] = []
    for apart in APART:
        chosen = []
        for slots in by_day.values():
            for minute in PREFERRED:
                others = (*chosen, *there)
                left = [slot for slot in slots if all(abs(slot.start - one.start) >= apart for one in others)]
                if left and len(chosen) < count:
                    chosen.append(min(left, key=lambda slot: abs(slot.start.hour * 60 + slot.start.minute - minute)))
        if len(chosen) + len(there) >= 2:
            break
    return chosen
