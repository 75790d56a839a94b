"""An invitation to a call: an iTIP REQUEST (RFC 5546) for one event (RFC 5545), carried by mail as RFC 6047 says.

The calendar stands in the letter twice: as an alternative of its text, where Google, Outlook and Apple look for it, and as a file, because mail
clients that let their user edit a draft keep files but drop alternatives that they do not show.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard, vCalAddress, vText

from coolmail.calls.letters import letter, signed
from coolmail.calls.suggestion import Situation
from coolmail.core.clean import clean, shorten
from coolmail.core.subject import bare_subject
from coolmail.core.talk import Slot

PRODUCT = "-//coolmail//coolmail//EN"
LONGEST_SUBJECT = 120


class Words(NamedTuple):
    """What an invitation says in one language."""

    summary: str
    i_call: str
    you_call: str
    by_phone: str


WORDS = {
    "en": Words("Call: {subject}", "I will call you on {number}.", "You reach me on {phone}.", "By phone"),
    "da": Words("Samtale: {subject}", "Jeg ringer til dig på {number}.", "Du kan ringe til mig på {phone}.", "Telefon"),
}


@dataclass(frozen=True, slots=True)
class Invited:
    """What an event is known by: `uid` stays the same when the call is moved, `sequence` then grows (RFC 5546 section 2.1.4)."""

    uid: str
    sequence: int = 0


def compose_invitation(text: str, situation: Situation, slot: Slot, event: Invited, message_id: str) -> bytes:
    """Return a draft with its text and the invitation, as an RFC 5322 message with CRLF line ends."""
    calendar = invitation(situation, slot, event)
    message = letter(situation.envelope, message_id)
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(
        calendar.decode(), subtype="calendar", charset="utf-8", cte="base64", params={"method": "REQUEST"}
    )
    message.add_attachment(calendar, maintype="application", subtype="ics", filename="invite.ics")
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        # The library would throw dice for the boundaries.
        part.set_boundary(f"=_{hashlib.sha256(f'{message_id} {number}'.encode()).hexdigest()[:32]}")
    return message.as_bytes()


def invitation(situation: Situation, slot: Slot, event: Invited) -> bytes:
    """Return the calendar object, CRLF line ends, lines folded at 75 octets."""
    envelope = situation.envelope
    words = WORDS.get(situation.language or "", WORDS["en"])
    calendar = Calendar()
    calendar.add("PRODID", PRODUCT)
    calendar.add("VERSION", "2.0")
    calendar.add("CALSCALE", "GREGORIAN")
    calendar.add("METHOD", "REQUEST")
    zone = slot.start.tzinfo
    named = isinstance(zone, ZoneInfo) and zone.key != "UTC"
    if zone is not None and named:
        calendar.add_component(vtimezone(zone, slot.start))
    start, end = (slot.start, slot.end) if named else (slot.start.astimezone(UTC), slot.end.astimezone(UTC))
    item = Event()
    item.add("UID", event.uid)
    item.add("DTSTAMP", envelope.date.astimezone(UTC))
    item.add("SEQUENCE", event.sequence)
    item.add("DTSTART", start)
    item.add("DTEND", end)
    subject = shorten(bare_subject(envelope.subject), LONGEST_SUBJECT) or signed(envelope.sender)
    item.add("SUMMARY", words.summary.format(subject=subject))
    if said := _whose_call(situation, words):
        item.add("DESCRIPTION", said)
    item.add("LOCATION", words.by_phone)
    item.add("STATUS", "CONFIRMED")
    item.add("TRANSP", "OPAQUE")
    item["ORGANIZER"] = _address(*envelope.sender)
    for name, address in envelope.to:
        attendee = _address(name, address)
        for parameter, value in (("ROLE", "REQ-PARTICIPANT"), ("PARTSTAT", "NEEDS-ACTION"), ("RSVP", "TRUE")):
            attendee.params[parameter] = vText(value)
        item.add("ATTENDEE", attendee, encode=False)
    calendar.add_component(item)
    return bytes(calendar.to_ical())


def _whose_call(situation: Situation, words: Words) -> str:
    if situation.number:
        return words.i_call.format(number=situation.number)
    return words.you_call.format(phone=situation.phone) if situation.phone else ""


def _address(name: str, address: str) -> vCalAddress:
    found = vCalAddress(f"mailto:{address}")
    # A parameter cannot hold a quotation mark (RFC 5545 section 3.2).
    if common := " ".join(clean(name).replace('"', "'").split()):
        found.params["CN"] = vText(common)
    return found


def vtimezone(zone: tzinfo, around: datetime) -> Timezone:
    """Return the VTIMEZONE of a named zone, true from before a moment until a year after it.

    Each change of the clocks is an observance of its own that begins at what the clocks showed before it (RFC 5545 section 3.6.5); icalendar's own
    generator gives what they show after it.
    """
    component = Timezone()
    component.add("TZID", str(zone))
    first = around - timedelta(days=400)
    changes = list(_changes(zone, first, around + timedelta(days=400)))
    if not any(moment <= around for moment in changes):
        component.add_component(_observance(zone, first, datetime(1970, 1, 1)))  # noqa: DTZ001 - local time
    for moment in changes:
        before = moment.astimezone(UTC) - timedelta(seconds=1)
        local = (moment + (before.astimezone(zone).utcoffset() or timedelta())).replace(tzinfo=None)
        component.add_component(_observance(zone, moment, local))
    return component


def _observance(zone: tzinfo, moment: datetime, local: datetime) -> TimezoneStandard | TimezoneDaylight:
    here = moment.astimezone(zone)
    before = (moment - timedelta(seconds=1)).astimezone(zone)
    observance = TimezoneDaylight() if here.dst() else TimezoneStandard()
    observance.add("DTSTART", local)
    observance.add("TZOFFSETFROM", before.utcoffset())
    observance.add("TZOFFSETTO", here.utcoffset())
    observance.add("TZNAME", here.tzname() or str(zone))
    return observance


def _changes(zone: tzinfo, first: datetime, last: datetime) -> Iterator[datetime]:
    """Return the moments (UTC) at which the offset of a zone changes, to the minute."""
    day = timedelta(days=1)
    at = first.astimezone(UTC).replace(second=0, microsecond=0)
    while at < last:
        if _offset(zone, at) != _offset(zone, at + day):
            low, high = at, at + day
            while high - low > timedelta(minutes=1):
                middle = low + timedelta(minutes=(high - low) // timedelta(minutes=1) // 2)
                low, high = (middle, high) if _offset(zone, middle) == _offset(zone, at) else (low, middle)
            yield high
        at += day


def _offset(zone: tzinfo, moment: datetime) -> timedelta | None:
    return moment.astimezone(zone).utcoffset()
