"""Durations as people write them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coolmail.core.durations import BadDurationError, in_words, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10s", 10),
        ("15m", 900),
        ("2h", 7200),
        ("1d", 86400),
        ("1w", 604800),
        ("1h30m", 5400),
        ("1 h 30 m", 5400),
        (" 2H ", 7200),
        ("1.5h", 5400),
        ("0.5s", 0.5),
        ("0s", 0),
        ("30m1h", 5400),
        ("3650d", 315360000),
    ],
)
def test_what_is_a_duration(text: str, seconds: float) -> None:
    """Numbers with units, several of them, in any case."""
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "10",
        "s",
        "-1h",
        "+1h",
        "1x",
        "1h30",
        "h1",
        "1,5h",
        "1e3s",
        ".5h",
        "1h-30m",
        "inf s",
        "nan",
        "1 0",
        "2 days",
    ],
)
def test_what_is_none(text: str) -> None:
    """The error repeats the text and says how a duration is written."""
    with pytest.raises(BadDurationError, match="write it like 30s, 15m, 2h, 1d or 1h30m") as error:
        parse_duration(text)
    assert repr(text) in str(error.value)


@pytest.mark.parametrize("text", ["3651d", "999999999w", "999999999d" * 50])
def test_more_than_ten_years_is_a_mistake(text: str) -> None:
    """Nothing overflows, and it is said."""
    with pytest.raises(BadDurationError, match="longer than ten years"):
        parse_duration(text)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing else is raised."""
    try:
        span = parse_duration(text)
    except BadDurationError:
        return
    assert timedelta(0) <= span <= timedelta(days=3650)


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=-5), "0 s"),
        (timedelta(seconds=45), "45 s"),
        (timedelta(seconds=119), "119 s"),
        (timedelta(minutes=2), "2 min"),
        (timedelta(minutes=59, seconds=45), "1 h"),
        (timedelta(hours=23, minutes=40), "23 h 40 min"),
        (timedelta(hours=24), "24 h"),
        (timedelta(hours=47, minutes=59, seconds=40), "2 days"),
        (timedelta(hours=49), "2 days 1 h"),
        (timedelta(days=90), "90 days"),
    ],
)
def test_a_duration_in_words(span: timedelta, words: str) -> None:
    """As a person would say it; the past is nothing."""
    assert in_words(span) == words


@given(st.integers(0, 3650 * 24))
def test_whole_hours_survive_the_way_there_and_back(count: int) -> None:
    """What is shown for whole hours can be typed again."""
    words = in_words(timedelta(hours=count)).replace("days", "d").replace("min", "m")
    assert parse_duration(words) == timedelta(hours=count)
