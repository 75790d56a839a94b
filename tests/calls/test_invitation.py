"""The invitation: an iTIP REQUEST that two other parsers read as it is meant, at the right moment in every zone."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTPUTF8
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
import vobject
from dateutil.tz import tzical
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from coolmail.calls.invitation import Invited, compose_invitation, invitation, vtimezone
from coolmail.core.talk import Slot
from coolmail.mail.message import read_draft
from tests.calls.test_suggestion import COPENHAGEN, situation, slots

UID = "0123.event.coolmail@studio.example"
(TEN,) = slots("2026-11-30T10:00")


def calendar(slot: Slot = TEN, sequence: int = 0, **changes: Any) -> bytes:
    """Return an invitation."""
    values = {"number": "+45 33 12 34 56", **changes}
    return invitation(situation(**values), slot, Invited(UID, sequence))


def event(raw: bytes) -> Any:
    """Return the only event, as icalendar reads it."""
    (found,) = Calendar.from_ical(raw).walk("VEVENT")
    return found


def mail(**changes: Any) -> EmailMessage:
    """Return the whole draft, parsed again from its bytes."""
    raw = compose_invitation("Hello Bo,\n", situation(**changes), TEN, Invited(UID), "<i1@studio.example>")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    message = message_from_bytes(raw, policy=SMTPUTF8)
    assert isinstance(message, EmailMessage)
    return message


# -- the calendar object


def test_what_rfc_5546_asks_of_a_request_is_there() -> None:
    """Section 3.2.2: METHOD, DTSTAMP, DTSTART, ORGANIZER, ATTENDEE, SEQUENCE, SUMMARY, UID, each once."""
    raw = calendar()
    read = Calendar.from_ical(raw)
    assert (read["METHOD"], read["VERSION"]) == ("REQUEST", "2.0")
    found = event(raw)
    assert found.errors == read.errors == []
    assert (found["UID"], found["SEQUENCE"], found["SUMMARY"]) == (UID, 0, "Call: The invoice")
    assert found["DTSTAMP"].dt == situation().envelope.date.astimezone(UTC)
    assert (found["DTSTART"].dt, found["DTEND"].dt) == (TEN.start, TEN.end)
    assert (found["ORGANIZER"], found["ORGANIZER"].params["CN"]) == ("mailto:anna@studio.example", "Anna Holm")
    assert found["ATTENDEE"] == "mailto:bo@shop.example"
    assert dict(found["ATTENDEE"].params) == {
        "CN": "Bo Berg",
        "PARTSTAT": "NEEDS-ACTION",
        "ROLE": "REQ-PARTICIPANT",
        "RSVP": "TRUE",
    }
    assert found["DESCRIPTION"] == "I will call you on +45 33 12 34 56."


def test_a_second_parser_reads_the_same() -> None:
    """vobject, which also validates what each component must have."""
    read = vobject.readOne(calendar().decode())
    read.validate(raiseException=True)
    assert read.method.value == "REQUEST"
    assert read.vevent.uid.value == UID
    assert read.vevent.dtstart.value.astimezone(UTC) == TEN.start.astimezone(UTC)
    assert read.vevent.organizer.value == "mailto:anna@studio.example"
    assert read.vevent.attendee.params["PARTSTAT"] == ["NEEDS-ACTION"]
    assert len(read.vtimezone_list) == 1


def test_lines_are_folded_and_end_in_crlf() -> None:
    """RFC 5545 section 3.1."""
    raw = calendar(
        to=[("Bo" * 60, f"{'b' * 60}@{'x' * 60}.example"), ("Åse", "åse@shop.example")], subject="Re: " + "ø" * 300
    )
    assert raw.endswith(b"END:VCALENDAR\r\n")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 75
    first, second = event(raw)["ATTENDEE"]
    assert first == f"mailto:{'b' * 60}@{'x' * 60}.example"
    assert (second, second.params["CN"]) == ("mailto:åse@shop.example", "Åse")


def test_a_call_that_is_moved_keeps_its_uid() -> None:
    """And counts up: the client's calendar moves the event instead of adding one."""
    assert [
        (event(calendar(sequence=number))["UID"], event(calendar(sequence=number))["SEQUENCE"]) for number in (0, 2)
    ] == [(UID, 0), (UID, 2)]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"language": "da"}, "Jeg ringer til dig på +45 33 12 34 56."),
        ({"number": None, "phone": "+45 12 34 56 78"}, "You reach me on +45 12 34 56 78."),
        ({"number": None, "phone": "+45 12 34 56 78", "language": "da"}, "Du kan ringe til mig på +45 12 34 56 78."),
        ({"number": None}, None),
    ],
)
def test_it_says_who_calls_whom(changes: dict[str, Any], said: str | None) -> None:
    """In the mail's language; nothing where no number is known."""
    assert event(calendar(**changes)).get("DESCRIPTION") == said


def test_it_is_named_in_danish_for_danish_mail() -> None:
    """Prefixes off."""
    assert event(calendar(language="da", subject="SV: Re: Fakturaen"))["SUMMARY"] == "Samtale: Fakturaen"


@pytest.mark.parametrize(
    "name", ['Bo "B" Berg', "Bo;Berg:x,y", "Bo\r\nATTENDEE:mailto:evil@x.example", "^'Bo", "\x00\u202eBo", "=?x?="]
)
def test_a_hostile_name_stays_a_parameter(name: str) -> None:
    """It adds no property and no address."""
    raw = calendar(to=[(name, "bo@shop.example")], subject=f"Re: {name}")
    found = event(raw)
    assert found["ATTENDEE"] == "mailto:bo@shop.example"
    assert not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", raw)
    assert vobject.readOne(raw.decode()).vevent.attendee.value == "mailto:bo@shop.example"


# -- the time zone


ZONES = [
    ("Europe/Copenhagen", "2026-11-30T10:00"),
    ("Europe/Copenhagen", "2026-07-01T10:00"),
    ("Europe/Copenhagen", "2026-10-26T09:00"),  # the day after the clocks went back
    ("Europe/Copenhagen", "2027-03-29T09:00"),  # the day after they went forward
    ("America/New_York", "2026-11-01T15:00"),
    ("America/Sao_Paulo", "2026-11-30T10:00"),  # no summer time any more
    ("Asia/Kolkata", "2026-11-30T10:00"),
    ("Australia/Lord_Howe", "2026-10-05T10:00"),  # half an hour
    ("Africa/Casablanca", "2026-02-20T10:00"),  # summer time pauses in Ramadan
    ("Europe/Dublin", "2026-11-30T10:00"),  # winter time is the exception there
]


@pytest.mark.parametrize(("zone", "local"), ZONES)
def test_two_readers_of_the_zone_agree_with_the_clock(zone: str, local: str) -> None:
    """A calendar that knows nothing but the VTIMEZONE finds the moment, that day and through the year after it."""
    here = ZoneInfo(zone)
    start = datetime.fromisoformat(local).replace(tzinfo=here)
    raw = calendar(Slot(start, start + timedelta(minutes=30)))
    text = raw.decode()
    component = text[text.index("BEGIN:VTIMEZONE") : text.index("END:VTIMEZONE") + len("END:VTIMEZONE\r\n")]
    others: list[tzinfo] = [
        tzical(io.StringIO(component)).get(zone),
        Calendar.from_ical(raw).walk("VTIMEZONE")[0].to_tz(),
    ]
    for other in others:
        for days in range(0, 365, 5):
            moment = (start + timedelta(days=days)).replace(tzinfo=None, hour=12)
            assert moment.replace(tzinfo=other).utcoffset() == moment.replace(tzinfo=here).utcoffset(), (other, moment)
    assert event(raw)["DTSTART"].params["TZID"] == zone


def test_the_clocks_change_at_the_moment_they_change() -> None:
    """An observance begins at what the clocks showed before it: at two in the morning in March, at three in October."""
    text = vtimezone(COPENHAGEN, TEN.start).to_ical().decode()
    begins = re.findall(r"BEGIN:(\w+)\r\nDTSTART:(\d+T\d+)", text)
    assert begins == [
        ("DAYLIGHT", "20260329T020000"),
        ("STANDARD", "20261025T030000"),
        ("DAYLIGHT", "20270328T020000"),
        ("STANDARD", "20271031T030000"),
    ]


@pytest.mark.parametrize("zone", [UTC, ZoneInfo("UTC"), timezone(timedelta(hours=1))])
def test_a_zone_without_a_name_is_written_in_utc(zone: tzinfo) -> None:
    """No VTIMEZONE that nobody would know."""
    start = TEN.start.astimezone(zone)
    raw = calendar(Slot(start, start + timedelta(minutes=30)))
    assert b"VTIMEZONE" not in raw
    assert b"DTSTART:20261130T090000Z" in raw


@given(st.sampled_from(sorted(name for name in available_timezones() if "/" in name)), st.integers(0, 10 * 365 * 48))
def test_every_zone_of_the_world(zone: str, half_hours: int) -> None:
    """The moment of the call survives the way through another program's reading of the zone."""
    start = (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=30 * half_hours)).astimezone(ZoneInfo(zone))
    component = vtimezone(ZoneInfo(zone), start).to_ical().decode()
    other = tzical(io.StringIO(component)).get(zone)
    assert start.replace(tzinfo=other).utcoffset() in {start.utcoffset(), start.replace(fold=1).utcoffset()}


# -- the mail around it


def test_the_parts_are_where_clients_look_for_them() -> None:
    """RFC 6047 section 2.4, and the file for clients that drop what they do not show."""
    message = mail()
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/calendar",
        "application/ics",
    ]
    part = next(part for part in message.walk() if part.get_content_type() == "text/calendar")
    assert part.get_param("method") == "REQUEST"
    assert part.get_content_charset() == "utf-8"
    file = next(message.iter_attachments())
    assert file.get_filename() == "invite.ics"
    assert part.get_payload(decode=True) == file.get_payload(decode=True)
    assert event(file.get_payload(decode=True))["UID"] == UID


def test_it_is_a_letter_in_the_thread() -> None:
    """Read by coolmail itself as any draft: its own text alone is judged."""
    draft = read_draft(
        compose_invitation("Hello Bo,\n\nLet us talk.\n", situation(), TEN, Invited(UID), "<i1@studio.example>")
    )
    assert (draft.subject, draft.in_reply_to, draft.message_id) == (
        "Re: The invoice",
        "<q2@shop.example>",
        "<i1@studio.example>",
    )
    assert draft.own_text.text == "Hello Bo,\n\nLet us talk."
    assert draft.problems == ()


def test_the_same_invitation_is_the_same_bytes() -> None:
    """Nothing in it is left to chance."""
    assert mail().as_bytes() == mail().as_bytes()
