"""Moments as people write them: what is understood, and what is refused rather than guessed."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coolmail.core.moments import BadMomentError, parse_moment

ZONE = ZoneInfo("Europe/Copenhagen")
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
"""A Tuesday, 13:00 in Copenhagen."""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tomorrow 9:00", "2026-11-25 09:00"),
        ("Tomorrow", "2026-11-25 08:30"),
        ("tomorrow at 9", "2026-11-25 09:00"),
        ("tomorrow 9am", "2026-11-25 09:00"),
        ("tomorrow 12 pm", "2026-11-25 12:00"),
        ("tomorrow noon", "2026-11-25 12:00"),
        ("today 17.30", "2026-11-24 17:30"),
        ("17:30", "2026-11-24 17:30"),
        ("9:00", "2026-11-25 09:00"),
        ("9pm", "2026-11-24 21:00"),
        ("friday", "2026-11-27 08:30"),
        ("FRI 14:00", "2026-11-27 14:00"),
        ("next thu 8", "2026-11-26 08:00"),
        ("tuesday 9:00", "2026-12-01 09:00"),
        ("tuesday 15:00", "2026-11-24 15:00"),
        ("26 Nov", "2026-11-26 08:30"),
        ("Nov 26 10:00", "2026-11-26 10:00"),
        ("26. november 2027 10:00", "2027-11-26 10:00"),
        ("3 jan, 10:00", "2027-01-03 10:00"),
        ("2026-11-26 09:00", "2026-11-26 09:00"),
        ("2026-11-26T09:00", "2026-11-26 09:00"),
        ("2027-03-29 09:00", "2027-03-29 09:00"),
    ],
)
def test_what_is_understood(text: str, expected: str) -> None:
    """In the user's zone, whatever the season there."""
    moment = parse_moment(text, NOW, ZONE, opening=8 * 60 + 30)
    assert f"{moment.astimezone(ZONE):%Y-%m-%d %H:%M}" == expected
    assert moment.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "text",
    ["", " ", "soon", "6", "tomorrow 25:00", "tomorrow 9:60", "13pm", "0 am", "31 feb", "2026-13-01", "30 fridays", "x" * 5000, "9:00 tomorrow x"],
)  # fmt: skip
def test_what_is_not_understood_is_refused(text: str) -> None:
    """With examples of what is."""
    with pytest.raises(
        BadMomentError, match=r"is not a time that is understood; write it like 6h, 1d, 17:30, tomorrow 9:00"
    ):
        parse_moment(text, NOW, ZONE)


@pytest.mark.parametrize("text", ["today 9:00", "2020-01-01", "2026-11-24 12:59", "0001-01-01"])
def test_the_past_is_refused(text: str) -> None:
    """A deadline in the past would send at once."""
    with pytest.raises(BadMomentError, match="is past"):
        parse_moment(text, NOW, ZONE)


def test_a_moment_years_away_is_a_slip() -> None:
    """Ten years, as for durations."""
    with pytest.raises(BadMomentError, match="ten years"):
        parse_moment("9999-12-31 23:59", NOW, ZONE)


@given(st.text())
def test_any_text_gives_a_later_moment_or_a_refusal(text: str) -> None:
    """Nothing else is raised and nothing earlier comes out."""
    with contextlib.suppress(BadMomentError):
        assert parse_moment(text, NOW, ZONE) > NOW
