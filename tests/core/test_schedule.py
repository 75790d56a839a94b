"""When a held message may go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coolmail.core.schedule import backoff, deadline, hold_length, is_working, next_working_moment
from coolmail.core.settings import HoldRules, WorkingHours

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
RULES = HoldRules()
HOUR = timedelta(hours=1)
NINE_TO_FIVE = WorkingHours()


def at(text: str, zone: ZoneInfo = COPENHAGEN) -> datetime:
    """Return a wall-clock moment of the zone in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def local(moment: datetime, zone: ZoneInfo = COPENHAGEN) -> str:
    """Return what a clock on the wall shows."""
    return f"{moment.astimezone(zone):%a %Y-%m-%d %H:%M}"


# -- the length


def test_at_the_threshold_it_waits_the_minimum() -> None:
    """24 hours."""
    assert hold_length(0.6, 0.6, RULES) == 24 * HOUR


def test_at_heat_one_it_waits_the_maximum() -> None:
    """48 hours."""
    assert hold_length(1.0, 0.6, RULES) == 48 * HOUR


def test_halfway_up_it_waits_halfway_between() -> None:
    """The length rises evenly."""
    assert hold_length(0.8, 0.6, RULES) == pytest.approx(36 * HOUR, abs=timedelta(milliseconds=1))


@pytest.mark.parametrize(("heat", "threshold"), [(0.0, 0.6), (0.5, 0.6)])
def test_below_the_threshold_it_waits_no_less(heat: float, threshold: float) -> None:
    """A mail held for another reason waits the minimum."""
    assert hold_length(heat, threshold, RULES) == 24 * HOUR


def test_a_threshold_of_one_leaves_only_the_maximum() -> None:
    """No division by nothing."""
    assert hold_length(1.0, 1.0, RULES) == 48 * HOUR


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_the_hotter_the_longer(one: float, other: float, threshold: float) -> None:
    """Never the other way round."""
    low, high = sorted((one, other))
    assert hold_length(low, threshold, RULES) <= hold_length(high, threshold, RULES)


# -- the place


def test_inside_working_hours_the_wanted_moment_stands() -> None:
    """Monday 13:00 and 24 hours: Tuesday 13:00."""
    assert local(deadline(at("2025-11-24T13:00"), 0.6, 0.6, RULES, COPENHAGEN)) == "Tue 2025-11-25 13:00"


def test_a_deadline_at_night_moves_to_the_next_morning() -> None:
    """Monday 23:00 and 24 hours would be Tuesday 23:00; earlier than the minimum is not allowed, so Wednesday 09:00."""
    assert local(deadline(at("2025-11-24T23:00"), 0.6, 0.6, RULES, COPENHAGEN)) == "Wed 2025-11-26 09:00"


def test_a_deadline_at_night_moves_to_the_nearest_working_moment() -> None:
    """Monday 08:00, 36 hours: Tuesday 20:00 is three hours after closing and thirteen before opening."""
    assert local(deadline(at("2025-11-24T08:00"), 0.8, 0.6, RULES, COPENHAGEN)) == "Tue 2025-11-25 16:59"


def test_a_window_that_reaches_monday_ends_there() -> None:
    """Saturday 10:00: the wanted Sunday is free, Monday 09:00 lies within 48 hours."""
    assert local(deadline(at("2025-11-22T10:00"), 0.6, 0.6, RULES, COPENHAGEN)) == "Mon 2025-11-24 09:00"


def test_a_window_without_working_hours_keeps_the_wanted_moment() -> None:
    """Friday 10:00: 24 to 48 hours from then is all weekend."""
    assert local(deadline(at("2025-11-21T10:00"), 0.6, 0.6, RULES, COPENHAGEN)) == "Sat 2025-11-22 10:00"


def test_only_the_users_own_days_count() -> None:
    """Who works on Sundays alone gets Sunday."""
    rules = HoldRules(working_hours=WorkingHours(days=frozenset({7})))
    assert local(deadline(at("2025-11-22T08:00"), 0.6, 0.6, rules, COPENHAGEN)) == "Sun 2025-11-23 09:00"


def test_without_working_days_the_wanted_moment_stands() -> None:
    """Nothing to place it in."""
    rules = HoldRules(working_hours=WorkingHours(days=frozenset()))
    assert local(deadline(at("2025-11-24T23:00"), 0.6, 0.6, rules, COPENHAGEN)) == "Tue 2025-11-25 23:00"


def test_when_the_clocks_go_back_nine_is_still_nine() -> None:
    """Summer time ends on Sunday 2025-10-26: a hold over it ends at nine on Monday's wall clock, which is 08:00 UTC."""
    end = deadline(at("2025-10-25T20:00"), 0.8, 0.6, RULES, COPENHAGEN)
    assert local(end) == "Mon 2025-10-27 09:00"
    assert end.astimezone(UTC).hour == 8


def test_when_the_clocks_go_forward_nine_is_still_nine() -> None:
    """Summer time begins on Sunday 2026-03-29: nine on Monday is 07:00 UTC."""
    end = deadline(at("2026-03-28T20:00"), 0.8, 0.6, RULES, COPENHAGEN)
    assert local(end) == "Mon 2026-03-30 09:00"
    assert end.astimezone(UTC).hour == 7


def test_the_minimum_is_real_hours_across_a_clock_change() -> None:
    """24 hours from Saturday 10:00 is Sunday 09:00 on the wall when an hour was gained, not Sunday 10:00."""
    rules = HoldRules(working_hours=WorkingHours(days=frozenset(range(1, 8))))
    end = deadline(at("2025-10-25T10:00"), 0.6, 0.6, rules, COPENHAGEN)
    assert local(end) == "Sun 2025-10-26 09:00"
    assert end - at("2025-10-25T10:00") == 24 * HOUR


zones = st.sampled_from(["Europe/Copenhagen", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"])
moments = st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1)).map(  # noqa: DTZ001 - the zone follows
    lambda moment: moment.replace(tzinfo=UTC)
)
hours = st.builds(
    WorkingHours, st.integers(0, 1200), st.integers(1201, 1440), st.frozensets(st.integers(1, 7), max_size=7)
)
short_hours = st.builds(
    lambda start, length, days: WorkingHours(start, start + length, days),
    st.integers(4 * 60, 1200),
    st.integers(1, 240),
    st.frozensets(st.integers(1, 7), min_size=1, max_size=7),
)


@settings(max_examples=150, deadline=None)
@given(
    moments,
    st.floats(0, 1),
    st.floats(0.01, 1),
    hours | short_hours,
    zones,
    st.timedeltas(timedelta(seconds=5), timedelta(days=4)),
    st.timedeltas(timedelta(0), timedelta(days=4)),
)
def test_the_deadline_lies_between_minimum_and_maximum(
    now: datetime, heat: float, threshold: float, working: WorkingHours, zone: str, minimum: timedelta, more: timedelta
) -> None:
    """Whatever the heat, the hours, the zone and the season."""
    rules = HoldRules(minimum=minimum, maximum=minimum + more, working_hours=working)
    end = deadline(now, heat, threshold, rules, ZoneInfo(zone))
    assert now + rules.minimum <= end <= now + rules.maximum


@settings(max_examples=150, deadline=None)
@given(moments, st.floats(0, 1), short_hours, zones)
def test_the_deadline_is_in_working_hours_if_any_lies_in_the_window(
    now: datetime, heat: float, working: WorkingHours, zone: str
) -> None:
    """Every quarter of an hour of the 24-48 h window was looked at: if one is working time, so is the deadline."""
    place = ZoneInfo(zone)
    end = deadline(now, heat, 0.5, HoldRules(working_hours=working), place)
    if not is_working(end, working, place):
        quarters = (now + 24 * HOUR + timedelta(minutes=15 * step) for step in range(97))
        assert not any(is_working(moment, working, place) for moment in quarters)


# -- working time


def test_working_time_begins_with_its_first_minute_and_ends_before_its_last() -> None:
    """09:00 is, 17:00 is not."""
    assert is_working(at("2025-11-24T09:00"), NINE_TO_FIVE, COPENHAGEN)
    assert is_working(at("2025-11-24T16:59"), NINE_TO_FIVE, COPENHAGEN)
    assert not is_working(at("2025-11-24T17:00"), NINE_TO_FIVE, COPENHAGEN)
    assert not is_working(at("2025-11-22T12:00"), NINE_TO_FIVE, COPENHAGEN)


def test_the_next_working_moment_after_friday_evening_is_monday_morning() -> None:
    """The weekend is skipped."""
    assert local(next_working_moment(at("2025-11-21T18:00"), NINE_TO_FIVE, COPENHAGEN)) == "Mon 2025-11-24 09:00"


def test_during_working_time_the_next_working_moment_is_now() -> None:
    """No waiting."""
    now = at("2025-11-24T12:34")
    assert next_working_moment(now, NINE_TO_FIVE, COPENHAGEN) == now


@settings(max_examples=150, deadline=None)
@given(moments, short_hours, zones)
def test_the_next_working_moment_is_working_time_within_eight_days(
    now: datetime, working: WorkingHours, zone: str
) -> None:
    """It is never in the past, and there always is one."""
    moment = next_working_moment(now, working, ZoneInfo(zone))
    assert is_working(moment, working, ZoneInfo(zone))
    assert now <= moment <= now + timedelta(days=8, hours=2)


# -- the queue


def test_backoff_doubles_from_the_first_to_the_last() -> None:
    """1, 2, 4 ... minutes, up to an hour."""
    waits = [backoff(attempt, timedelta(minutes=1), HOUR) for attempt in range(1, 9)]
    assert [wait.total_seconds() / 60 for wait in waits] == [1, 2, 4, 8, 16, 32, 60, 60]


@given(st.integers(1, 10**9), st.timedeltas(timedelta(seconds=1), timedelta(days=1)))
def test_backoff_never_overflows(attempt: int, first: timedelta) -> None:
    """Not after years either."""
    assert backoff(attempt, first, timedelta(days=1)) <= timedelta(days=1)
