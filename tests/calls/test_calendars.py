"""When the user is busy: what counts as an appointment, recurrence, zones, the change of the clocks, and calendars that are none."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coolmail.calls import calendars
from coolmail.calls.calendars import busy_in
from coolmail.calls.errors import SourceError

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
START, END = datetime(2026, 10, 19, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)
ANNA = "anna@studio.example"


def calendar(*events: str) -> bytes:
    """Return a calendar of events, each given by its lines."""
    parts = "".join(
        f"BEGIN:VEVENT\r\nUID:{number}\r\nDTSTAMP:20260101T000000Z\r\n{event}\r\nEND:VEVENT\r\n"
        for number, event in enumerate(events)
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//\r\n{parts}END:VCALENDAR\r\n".encode()


def busy(*events: str) -> list[str]:
    """Return when the user is busy, in UTC."""
    spans = busy_in(calendar(*events), START, END, COPENHAGEN, (ANNA,)).busy
    return [f"{start:%d %H:%M}-{end:%d %H:%M}" for start, end in sorted(spans)]


ONCE = "DTSTART:20261020T080000Z\r\nDTEND:20261020T090000Z"


@pytest.mark.parametrize(
    ("event", "spans"),
    [
        (ONCE, ["20 08:00-20 09:00"]),
        ("DTSTART:20261020T080000Z\r\nDURATION:PT45M", ["20 08:00-20 08:45"]),
        (
            "DTSTART;TZID=Europe/Copenhagen:20261020T100000\r\nDTEND;TZID=Europe/Copenhagen:20261020T110000",
            ["20 08:00-20 09:00"],
        ),
        (
            "DTSTART;TZID=Romance Standard Time:20261020T100000\r\nDURATION:PT1H",
            ["20 08:00-20 09:00"],
        ),  # Outlook's name for it
        ("DTSTART:20261020T100000\r\nDURATION:PT1H", ["20 08:00-20 09:00"]),  # no zone: the user's
        ("DTSTART;TZID=Nowhere/Land:20261020T100000\r\nDURATION:PT1H", ["20 08:00-20 09:00"]),
        ("DTSTART;VALUE=DATE:20261020", ["19 22:00-20 22:00"]),  # all day, in the user's zone
        (
            "DTSTART;VALUE=DATE:20261024\r\nDTEND;VALUE=DATE:20261026",
            ["23 22:00-25 23:00"],
        ),  # 49 hours: the clocks change
        ("DTSTART:20261018T200000Z\r\nDTEND:20261019T030000Z", ["18 20:00-19 03:00"]),  # begun before
        ("DTSTART:20250101T080000Z\r\nDTEND:20250101T090000Z", []),
    ],
)
def test_an_appointment_is_busy(event: str, spans: list[str]) -> None:
    """In whatever way its time is written."""
    assert busy(event) == spans


@pytest.mark.parametrize(
    "line",
    [
        "STATUS:CANCELLED",
        "TRANSP:TRANSPARENT",
        "X-MICROSOFT-CDO-BUSYSTATUS:FREE",
        f"ATTENDEE;PARTSTAT=DECLINED:mailto:{ANNA}",
        f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:bo@client.example\r\nATTENDEE;PARTSTAT=DECLINED:MAILTO:{ANNA.upper()}",
    ],
)
def test_what_is_free_is_not_busy(line: str) -> None:
    """Cancelled, marked as free, declined."""
    assert busy(f"{ONCE}\r\n{line}") == []


@pytest.mark.parametrize(
    "line",
    [
        f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:{ANNA}",
        "ATTENDEE;PARTSTAT=DECLINED:mailto:bo@client.example",
        "STATUS:TENTATIVE",
        "TRANSP:OPAQUE",
    ],
)
def test_what_may_be_an_appointment_is_busy(line: str) -> None:
    """Another's refusal, a maybe."""
    assert busy(f"{ONCE}\r\n{line}") == ["20 08:00-20 09:00"]


def test_a_series_keeps_its_hour_when_the_clocks_change() -> None:
    """Ten by the wall is eight UTC before 25 October and nine after; one was moved, one was called off."""
    series = (
        "DTSTART;TZID=Europe/Copenhagen:20260907T100000\r\nDURATION:PT1H\r\nRRULE:FREQ=WEEKLY;BYDAY=MO,WE\r\n"
        "EXDATE;TZID=Europe/Copenhagen:20261021T100000"
    )
    assert busy(series) == ["19 08:00-19 09:00", "26 09:00-26 10:00", "28 09:00-28 10:00"]


def test_a_moved_occurrence_counts_where_it_is_now() -> None:
    """RECURRENCE-ID."""
    lines = calendar("DTSTART:20261019T080000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY;COUNT=2").decode()
    moved = (
        "BEGIN:VEVENT\r\nUID:0\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID:20261020T080000Z\r\nDTSTART:20261021T120000Z\r\nDURATION:PT1H\r\n"
        "END:VEVENT\r\nEND:VCALENDAR"
    )
    spans = busy_in(lines.replace("END:VCALENDAR", moved), START, END, COPENHAGEN).busy
    assert sorted(f"{start:%d %H}" for start, _ in spans) == ["19 08", "21 12"]


def test_free_busy_lists_are_read() -> None:
    """As calendar servers publish them."""
    raw = (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VFREEBUSY\r\nUID:f\r\nDTSTAMP:20260101T000000Z\r\n"
        "FREEBUSY:20261020T080000Z/PT1H,20261021T080000Z/20261021T100000Z\r\nFREEBUSY;FBTYPE=FREE:20261022T080000Z/PT1H\r\n"
        "FREEBUSY;FBTYPE=BUSY:20250101T080000Z/PT1H\r\nEND:VFREEBUSY\r\nEND:VCALENDAR\r\n"
    )
    spans = busy_in(raw, START, END, COPENHAGEN).busy
    assert [f"{start:%d %H}-{end:%d %H}" for start, end in spans] == ["20 08-20 09", "21 08-21 10"]


def test_several_calendars_in_one_file_are_read() -> None:
    """As exports hold them."""
    second = ONCE.replace("20261020", "20261021")
    assert len(busy_in(calendar(ONCE) + calendar(second), START, END, COPENHAGEN).busy) == 2


def test_years_of_past_events_are_not_read_one_by_one() -> None:
    """What is certainly over or far away never reaches the library; what may not be does."""
    alarm = "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nEND:VALARM"
    old = f"DTSTART:20251020T080000Z\r\nDTEND:20251020T090000Z\r\n{alarm}"
    later = "DTEND:20301020T090000Z\r\nDTSTART:20301020T080000Z"
    long = "DTEND:20301020T090000Z\r\nDTSTART:20251020T080000Z"
    open_ended = "DTSTART:20251020T080000Z\r\nDURATION:P900D"
    series = "DTSTART:20251020T080000Z\r\nDTEND:20251020T090000Z\r\nRRULE:FREQ=DAILY;COUNT=1"
    raw = calendar(old, later, long, open_ended, series, ONCE).decode().replace("\r\n", "\n")
    near = calendars._near(raw, START, END)
    assert [f"UID:{number}\n" in near for number in range(6)] == [False, False, True, True, True, True]
    assert len(busy_in(raw, START, END, COPENHAGEN).busy) == 3


def test_what_repeats_every_second_is_passed_over() -> None:
    """Half a million appointments are none; the others count."""
    found = busy_in(calendar("DTSTART:20260101T000000Z\r\nRRULE:FREQ=SECONDLY", ONCE), START, END, COPENHAGEN)
    assert len(found.busy) == 1
    assert found.passed_over == 1


@pytest.mark.parametrize(
    "event",
    [
        "DTSTART:tomorrow\r\nDTEND:later",
        "SUMMARY:no time at all",
        "DTSTART:20261020T080000Z\r\nDTEND:20261020T070000Z",
        "DTSTART:20261020T080000Z\r\nDTEND:20261020T080000Z",
        "DTSTART:20261020T080000Z\r\nRRULE:FREQ=SOMETIMES",
        "DTSTART;VALUE=DATE:20261020\r\nDTEND:20261021T080000Z",
        "DTSTART:99991231T235959Z\r\nDURATION:P9999W",
    ],
)
def test_a_broken_event_hides_no_other(event: str) -> None:
    """What can be read counts."""
    assert "22 08:00-22 09:00" in busy(event, ONCE.replace("20261020", "20261022"))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"hello",
        b"<html>Login</html>",
        b"BEGIN:VCARD\r\nEND:VCARD\r\n",
        b"\xff\xfe\x00",
        b"BEGIN:VCALENDAR\r\n",
        "x",
    ],
)
def test_what_is_no_calendar_is_said(raw: bytes | str) -> None:
    """A login page, an empty file, half a download."""
    with pytest.raises(SourceError, match="no iCalendar data"):
        busy_in(raw, START, END, COPENHAGEN)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                *(
                    "DTSTART:20261020T080000Z",
                    "DTEND:20261020T090000Z",
                    "DURATION:-P1D",
                    "DTSTART;TZID=x:1",
                    "RRULE:FREQ=DAILY",
                ),
                *(
                    "RRULE:FREQ=YEARLY;BYDAY=9MO",
                    "EXDATE:x",
                    "RDATE:20261021T080000Z",
                    "ATTENDEE:",
                    "TRANSP:",
                    "BEGIN:VALARM",
                ),
                *("END:VALARM", "RECURRENCE-ID:20261020T080000Z", "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
            ]
        )
        | st.text(max_size=15),
        max_size=8,
    )
)
def test_any_event_is_read(lines: list[str]) -> None:
    """It is busy, free, or the calendar is refused with a sentence; never another error."""
    try:
        found = busy_in(calendar("\r\n".join(lines)), START, END, COPENHAGEN)
    except SourceError:
        return
    for start, end in found.busy:
        assert start < end
