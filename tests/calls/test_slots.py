"""Times for a call: working hours and holidays on both sides, free, before the deadline, and right when the clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coolmail.calls.holiday import calendar_of, days_off, holidays_only
from coolmail.calls.slots import AT_LAST, OFFICE, Found, Side, find_slots
from coolmail.core.settings import WorkingHours

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
THURSDAY = datetime(2026, 11, 26, 15, 0, tzinfo=UTC)


def never(_day: date) -> bool:
    """No day off."""
    return False


def find(now: datetime = THURSDAY, **changes: Any) -> Found:
    """Return slots for a user in Copenhagen who knows nothing of the client."""
    values: dict[str, Any] = {
        "now": now,
        "hours": WorkingHours(),
        "zone": COPENHAGEN,
        "off": never,
        "client": None,
        "deadline": None,
    }
    return find_slots(**{**values, **changes})


def starts(found: Found) -> list[str]:
    """Return when the slots begin, in the user's clock."""
    return [f"{slot.start:%a %d %H:%M}" for slot in found.slots]


def theirs(found: Found) -> list[str]:
    """Return when the slots begin, in the client's clock."""
    return [f"{slot.theirs:%a %d %H:%M}" for slot in found.slots if slot.theirs is not None]


def side(zone: str, country: str | None = None) -> Side:
    """Return a client of a place."""
    calendar = calendar_of(country, range(2025, 2029)) if country else None
    return Side(ZoneInfo(zone), OFFICE, days_off(calendar))


def danish(day: date) -> bool:
    """Whether a day is a public holiday in Denmark."""
    return holidays_only(calendar_of("DK", range(2025, 2029)))(day)


# -- the user's days


def test_two_on_the_next_working_day_and_one_after() -> None:
    """One in the morning, one in the afternoon; the weekend lies between."""
    found = find()
    assert starts(found) == ["Fri 27 10:00", "Fri 27 14:00", "Mon 30 10:00"]
    assert found.remarks == ()
    assert all(slot.end - slot.start == timedelta(minutes=30) for slot in found.slots)


def test_working_hours_bound_them() -> None:
    """A short day has its slots inside it."""
    found = find(hours=WorkingHours(13 * 60, 15 * 60, frozenset({3})))
    assert starts(found) == ["Wed 02 13:00", "Wed 09 13:00"]


@pytest.mark.parametrize("hours", [WorkingHours(22 * 60, 24 * 60), WorkingHours(0, 5 * 60)])
def test_who_works_at_night_calls_by_day(hours: WorkingHours) -> None:
    """Office hours then."""
    assert starts(find(hours=hours))[:2] == ["Fri 27 10:00", "Fri 27 14:00"]


def test_a_long_call_needs_its_time() -> None:
    """It ends within working hours, too."""
    found = find(length=timedelta(hours=4), hours=WorkingHours(9 * 60, 14 * 60))
    assert all(slot.end.hour * 60 + slot.end.minute <= 14 * 60 for slot in found.slots)
    assert starts(found)[0] == "Fri 27 10:00"


@pytest.mark.parametrize(
    ("now", "first"),
    [
        ("2026-12-23T10:00+01:00", "Mon 28 10:00"),  # Christmas Eve, two days of Christmas, Sunday
        ("2026-03-31T10:00+02:00", "Wed 01 10:00"),
        ("2026-04-01T10:00+02:00", "Tue 07 10:00"),  # Maundy Thursday, Good Friday, weekend, Easter Monday
        ("2026-05-13T10:00+02:00", "Fri 15 10:00"),  # Ascension Day
        ("2026-06-04T10:00+02:00", "Mon 08 10:00"),  # Constitution Day
        ("2026-12-30T10:00+01:00", "Mon 04 10:00"),
    ],
)
def test_danish_holidays_are_kept(now: str, first: str) -> None:
    """Read from the library, for years on end."""
    moment = datetime.fromisoformat(now)
    assert starts(find(moment, off=danish))[0] == first


def test_a_country_the_library_does_not_know_has_no_list() -> None:
    """None, not an error; a subdivision that is not one, too."""
    assert calendar_of("XX", range(2026, 2027)) is None
    assert calendar_of("DE-QQ", range(2026, 2027)) is None
    bavaria = calendar_of("DE-BY", range(2026, 2027))
    assert bavaria is not None
    assert date(2026, 1, 6) in bavaria


# -- the client's days


def test_the_clients_office_hours_are_kept() -> None:
    """Nine in New York is three in Copenhagen."""
    found = find(client=side("America/New_York", "US"), now=datetime(2026, 11, 30, 15, 0, tzinfo=UTC))
    assert starts(found)[0] == "Tue 01 15:00"
    assert theirs(found)[0] == "Tue 01 09:00"
    assert found.remarks == ()


def test_the_clients_holidays_are_kept() -> None:
    """Thanksgiving is a working day in Denmark and none in the United States."""
    now = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
    assert starts(find(now, off=danish))[0] == "Thu 26 10:00"
    assert starts(find(now, off=danish, client=side("America/New_York", "US")))[0] == "Fri 27 15:00"


def test_the_clients_weekend_is_kept() -> None:
    """In Israel, Friday and Saturday; the user's Sunday is free by their own week."""
    assert starts(find(client=side("Asia/Jerusalem", "IL")))[0] == "Mon 30 10:00"


def test_a_client_of_no_known_country_has_saturdays_and_sundays_off() -> None:
    """Even where the user works."""
    every_day = WorkingHours(days=frozenset(range(1, 8)))
    found = find(now=THURSDAY + timedelta(days=1), hours=every_day, client=side("Europe/London"))
    assert starts(found)[0] == "Mon 30 10:00"


def test_far_zones_stretch_the_clients_day_first() -> None:
    """Nine to five in California begins after the Danish day: eight there is the last hour here."""
    found = find(hours=WorkingHours(9 * 60, 18 * 60), client=side("America/Los_Angeles", "US"))
    assert starts(found) == ["Fri 27 17:00", "Mon 30 17:00", "Tue 01 17:00"]
    assert theirs(found) == ["Fri 27 08:00", "Mon 30 08:00", "Tue 01 08:00"]
    assert found.remarks == ()


def test_half_a_world_away_working_hours_give_way_and_it_is_said() -> None:
    """Eight in the morning here is eight in the evening in Auckland."""
    found = find(client=side("Pacific/Auckland", "NZ"))
    assert found.slots
    assert "outside your working hours" in " ".join(found.remarks)
    for slot in found.slots:
        assert slot.theirs is not None
        assert AT_LAST[0] <= slot.start.hour * 60 < AT_LAST[1]
        assert AT_LAST[0] <= slot.theirs.hour * 60 < AT_LAST[1]


def test_a_client_of_whom_nothing_is_known_has_a_weekend() -> None:
    """Whatever days the user works."""
    found = find(hours=WorkingHours(days=frozenset(range(1, 8))), now=THURSDAY + timedelta(days=1))
    assert starts(found) == ["Mon 30 10:00", "Mon 30 14:00", "Tue 01 10:00"]


def test_who_works_at_weekends_only_calls_on_another_day_and_it_is_said() -> None:
    """The client's weekend is kept all the same."""
    found = find(hours=WorkingHours(days=frozenset({6, 7})))
    assert starts(found)[0] == "Fri 27 10:00"
    assert "outside your working hours" in found.remarks[0]


# -- free


def test_appointments_are_kept_clear() -> None:
    """A slot neither begins nor ends in one, but may touch it."""
    at = datetime(2026, 11, 27, 9, 30, tzinfo=COPENHAGEN)
    found = find(busy=[(at, at + timedelta(hours=1))])
    assert starts(found) == ["Fri 27 10:30", "Fri 27 14:00", "Mon 30 10:00"]
    for slot in found.slots:
        assert slot.end <= at or slot.start >= at + timedelta(hours=1)


def test_a_day_away_is_passed_over() -> None:
    """All day busy."""
    at = datetime(2026, 11, 27, 0, 0, tzinfo=COPENHAGEN)
    assert starts(find(busy=[(at, at + timedelta(days=1))]))[0] == "Mon 30 10:00"


def test_nothing_free_is_said() -> None:
    """No slot, and a sentence."""
    found = find(busy=[(THURSDAY, THURSDAY + timedelta(days=60))])
    assert found.slots == ()
    assert "No free time was found within 14 days" in found.remarks[0]


# -- the deadline


def test_slots_lie_before_the_deadline_where_they_can() -> None:
    """Three on one day rather than one after it."""
    deadline = datetime(2026, 11, 27, 16, 0, tzinfo=COPENHAGEN)
    found = find(deadline=deadline)
    assert len(found.slots) >= 2
    assert all(slot.end <= deadline for slot in found.slots)
    assert found.remarks == ()


def test_when_only_one_fits_a_later_one_is_added_and_said() -> None:
    """Two to choose from are worth a remark."""
    deadline = datetime(2026, 11, 27, 9, 45, tzinfo=COPENHAGEN)
    found = find(deadline=deadline)
    assert starts(found)[0] == "Fri 27 09:00"
    assert len(found.slots) >= 2
    assert found.remarks == (
        "The later of these times are after the held mail goes out; extend the hold if you want to talk first.",
    )


def test_when_none_fits_later_ones_are_proposed_and_said() -> None:
    """Held on a Friday until Sunday."""
    friday = THURSDAY + timedelta(days=1)
    found = find(friday, deadline=friday + timedelta(hours=24))
    assert starts(found) == ["Mon 30 10:00", "Mon 30 14:00", "Tue 01 10:00"]
    assert found.remarks == (
        "These times are after the held mail goes out; extend the hold if you want to talk first.",
    )


# -- when the clocks change


@pytest.mark.parametrize(
    ("now", "offsets"),
    [
        ("2026-10-23T12:00+02:00", ["+01:00", "+01:00", "+01:00"]),  # Friday before winter time: Monday is in it
        ("2026-03-27T12:00+01:00", ["+02:00", "+02:00", "+02:00"]),
    ],
)
def test_slots_after_the_change_are_at_the_same_time_of_day(now: str, offsets: list[str]) -> None:
    """Ten is ten by the clock on the wall."""
    found = find(datetime.fromisoformat(now))
    assert [f"{slot.start:%H:%M}" for slot in found.slots] == ["10:00", "14:00", "10:00"]
    assert [slot.start.isoformat()[-6:] for slot in found.slots] == offsets


def test_between_the_changes_new_york_is_five_hours_away() -> None:
    """Europe leaves summer time a week before America: nine there is two here in that week, three before and after."""
    for now, hour in (("2026-10-21", 15), ("2026-10-26", 14), ("2026-11-02", 15)):
        found = find(datetime.fromisoformat(f"{now}T12:00+00:00"), client=side("America/New_York", "US"))
        first = found.slots[0]
        assert (first.start.hour, first.theirs.hour if first.theirs else None) == (hour, 9)


@pytest.mark.parametrize("day", ["2026-10-24", "2026-03-28"])
def test_an_hour_that_is_skipped_or_comes_twice_is_not_proposed(day: str) -> None:
    """In a zone whose clocks change by day that would be a riddle; here the whole night is working time to make sure."""
    whole = WorkingHours(0, 24 * 60, frozenset(range(1, 8)))
    now = datetime.fromisoformat(f"{day}T12:00+00:00")
    for slot in find(now, hours=whole, count=5).slots:
        assert slot.start.astimezone(UTC).astimezone(COPENHAGEN) == slot.start
        assert slot.end - slot.start == timedelta(minutes=30)


zones = st.sampled_from(
    [
        "Europe/Copenhagen",
        "America/New_York",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Pacific/Kiritimati",
        "America/St_Johns",
        "Africa/Cairo",
    ]
)
spans = st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(lambda span: span[0] < span[1])


@settings(max_examples=150, deadline=None)
@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31)),  # noqa: DTZ001 - naive on purpose, UTC is put in below
    zones,
    st.none() | zones,
    spans,
    st.sets(st.integers(1, 7), min_size=1).map(frozenset),
    st.lists(st.tuples(st.integers(0, 336), st.integers(1, 30)), max_size=4),
    st.integers(5, 240),
    st.integers(1, 5),
)
def test_whatever_the_world_slots_are_civil(
    now: datetime,
    zone: str,
    other: str | None,
    span: tuple[int, int],
    days: frozenset[int],
    busy: list[tuple[int, int]],
    minutes: int,
    count: int,
) -> None:
    """After today, in order, apart, on working days, free, and never at night on either side."""
    now = now.replace(tzinfo=UTC)
    taken = [(now + timedelta(hours=at), now + timedelta(hours=at + length)) for at, length in busy]
    found = find_slots(
        now=now,
        hours=WorkingHours(*span, days),
        zone=ZoneInfo(zone),
        off=never,
        client=None if other is None else side(other),
        busy=taken,
        length=timedelta(minutes=minutes),
        count=count,
    )
    assert len(found.slots) <= count
    assert found.slots or found.remarks
    assert list(found.slots) == sorted(found.slots, key=lambda slot: slot.start)
    for slot in found.slots:
        assert slot.start.date() > now.astimezone(ZoneInfo(zone)).date()
        assert slot.end.astimezone(UTC) - slot.start.astimezone(UTC) == timedelta(minutes=minutes)
        assert slot.start.isoweekday() in days or "outside your working hours" in " ".join(found.remarks)
        assert not any(start < slot.end and slot.start < end for start, end in taken)
        for local in (slot.start, slot.theirs):
            assert local is None or AT_LAST[0] <= local.hour * 60 + local.minute < AT_LAST[1]
        assert slot.theirs is None or (slot.theirs == slot.start and slot.theirs.isoweekday() < 6)
