"""Moments in words: in the mail's language, in both zones where the clocks differ."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest

from coolmail.calls.wording import either, offset_in_words, slot_for_user, slot_in_words, zone_in_words
from coolmail.core.talk import Slot

COPENHAGEN, NEW_YORK, LONDON = (
    ZoneInfo(f"{name}") for name in ("Europe/Copenhagen", "America/New_York", "Europe/London")
)


def slot(local: str, theirs: tzinfo | None) -> Slot:
    """Return a slot at a time in Copenhagen."""
    start = datetime.fromisoformat(local).replace(tzinfo=COPENHAGEN)
    return Slot(start, start + timedelta(minutes=30), None if theirs is None else start.astimezone(theirs))


SAID = [
    ("en", "2026-11-30T15:00", None, "Monday 30 November at 15:00"),
    ("en", "2026-11-30T15:00", ZoneInfo("Europe/Berlin"), "Monday 30 November at 15:00"),
    ("en", "2026-11-30T15:00", NEW_YORK, "Monday 30 November at 09:00 your time (15:00 Central European Time)"),
    ("en", "2026-11-30T15:00", LONDON, "Monday 30 November at 14:00 your time (15:00 Central European Time)"),
    ("da", "2026-11-30T15:00", LONDON, "mandag den 30. november kl. 14.00 din tid (15.00 centraleuropæisk tid)"),
    # Where the days differ both are named.
    ("en", "2026-11-30T02:00", NEW_YORK, "Sunday 29 November at 20:00 your time (Monday 30 November at 02:00 Central European Time)"),
    # America moves its clocks a week after Europe: five hours apart instead of six.
    ("en", "2026-10-28T15:00", NEW_YORK, "Wednesday 28 October at 10:00 your time (15:00 Central European Time)"),
    ("en", "2026-11-04T15:00", NEW_YORK, "Wednesday 4 November at 09:00 your time (15:00 Central European Time)"),
    # An offset from a Date header has no name.
    ("en", "2026-11-30T15:00", timezone(timedelta(hours=5, minutes=30)), "Monday 30 November at 19:30 your time (15:00 Central European Time)"),
    # A language that only a user's own template speaks.
    ("de", "2026-11-30T15:00", LONDON, "Montag, 30. November, 14:00 Britische Zeit (15:00 Mitteleuropäische Zeit)"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "local", "theirs", "said"), SAID)
def test_a_slot_in_words(language: str, local: str, theirs: tzinfo | None, said: str) -> None:
    """Their time first, ours beside it."""
    assert slot_in_words(slot(local, theirs), language) == said


@pytest.mark.parametrize(
    ("zone", "named"),
    [
        (timezone(timedelta(hours=-5)), "UTC-5"),
        (timezone(timedelta(hours=5, minutes=45)), "UTC+5:45"),
        (ZoneInfo("UTC"), "UTC"),
        (ZoneInfo("Etc/GMT+5"), "UTC-5"),
        (ZoneInfo("Asia/Kolkata"), "India Time"),
    ],
)
def test_a_zone_without_a_place_is_an_offset(zone: tzinfo, named: str) -> None:
    """Nothing is named that is not known."""
    assert zone_in_words(zone, datetime(2026, 11, 30, tzinfo=COPENHAGEN), "en") == named


def test_offsets_are_written_short() -> None:
    """As people write them."""
    assert [offset_in_words(timedelta(minutes=minutes)) for minutes in (0, 60, -210)] == ["UTC", "UTC+1", "UTC-3:30"]


def test_choices_are_joined_in_the_language() -> None:
    """None, one, two, three."""
    assert [either(["a", "b", "c"][:count], "da") for count in range(4)] == ["", "a", "a eller b", "a, b eller c"]
    assert either(["a", "b"], "tlh-unknown") == "a or b"


FOR_USER = [
    ("2026-11-30T15:00", None, "Monday 30 November at 15:00"),
    ("2026-11-30T15:00", ZoneInfo("Europe/Berlin"), "Monday 30 November at 15:00"),
    ("2026-11-30T15:00", NEW_YORK, "Monday 30 November at 15:00 (09:00 their time)"),
    ("2026-11-30T02:00", NEW_YORK, "Monday 30 November at 02:00 (Sunday 29 November at 20:00 their time)"),
]


@pytest.mark.parametrize(("local", "theirs", "said"), FOR_USER)
def test_a_slot_for_the_user(local: str, theirs: tzinfo | None, said: str) -> None:
    """Our time first, theirs beside it."""
    assert slot_for_user(slot(local, theirs)) == said
