"""Everything found for one call, from what was gathered: numbers, slots, points, and remarks on what is not known. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from phonenumbers import PhoneNumber

from coolmail.calls.holiday import calendar_of, days_off, holidays_only
from coolmail.calls.numbers import MOST, country_in, find_numbers, read_number, region_of, shown
from coolmail.calls.points import find_points
from coolmail.calls.slots import OFFICE, Busy, Side, find_slots
from coolmail.calls.whereabouts import client_zone, country_of_address, country_of_zone, named_zone
from coolmail.core.clean import shorten
from coolmail.core.settings import CallRules, WorkingHours
from coolmail.core.talk import Letter, Number, Preparation

if TYPE_CHECKING:
    from coolmail.calls.contacts import CardNumber


@dataclass(frozen=True, slots=True)
class Sources:
    """The client's numbers in address books, when the user is busy, and in words what could not be read."""

    numbers: tuple[CardNumber, ...] = ()
    busy: tuple[Busy, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Material:
    """What is known of one held message and its client.

    `letters` in any order; `booked` are the beginnings of calls that others are invited to; `deadline` is when the hold
    ends, `phone` the user's own number, `language` that of the held message.
    """

    client: str
    ours: tuple[str, ...]
    letters: tuple[Letter, ...]
    rules: CallRules
    hours: WorkingHours
    zone: tzinfo
    now: datetime
    deadline: datetime | None = None
    phone: str | None = None
    language: str | None = None
    booked: tuple[datetime, ...] = ()
    sources: Sources = Sources()
    remarks: tuple[str, ...] = ()


def find(material: Material) -> Preparation:
    """Return numbers and slots, best first, points, and what was not found."""
    rules, zone, now = material.rules, material.zone, material.now
    remarks = [*material.remarks, *material.sources.remarks]
    letters = sorted(
        (letter for letter in material.letters if letter.sender.casefold() == material.client.casefold()),
        key=lambda letter: (letter.date is not None, letter.date or now),
        reverse=True,
    )
    our_country = _our_country(material)
    country = _country(material, letters)
    numbers = _numbers(material, our_country, country, remarks)
    best = next((read_number(number.e164, None) for number in numbers), None)
    at_home = best is not None and country is not None and region_of(best) == country.partition("-")[0]
    where, why = _zone(material, best if at_home else None, country, letters)
    client = None
    years = range(now.year, (now + timedelta(days=40)).year + 1)
    ours_off = calendar_of(our_country, years) if our_country is not None else None
    if our_country is None:
        remarks.append(
            "Your country is not known, so public holidays are not left out; name it in the config as calls: {country: ...}."
        )
    elif ours_off is None:
        remarks.append(f"No public holidays are known for your country, {our_country}; is it right in the config?")
    if where is not None:
        theirs_off = calendar_of(country, years) if country is not None else None
        client = Side(where, OFFICE, days_off(theirs_off))
        if country is None:
            remarks.append("The client's country is not known, so public holidays there are not left out.")
        elif theirs_off is None:
            remarks.append(f"No public holidays are known for the client's country, {country}.")
    else:
        remarks.append("The client's time zone is not known; the times are yours only.")
    found = find_slots(
        now=now,
        hours=material.hours,
        zone=zone,
        off=holidays_only(ours_off),
        client=client,
        busy=(*material.sources.busy, *((start, start + rules.length) for start in material.booked)),
        deadline=material.deadline,
        length=rules.length,
        count=rules.count,
    )
    if why and where is not None and where.utcoffset(now) != zone.utcoffset(now.astimezone(zone)):
        remarks.append(f"The client's local time is taken from {why}.")
    points = find_points(
        material.letters, client=material.client, ours=material.ours, language=material.language, now=now
    )
    return Preparation(tuple(numbers), found.slots, points, (*remarks, *found.remarks))


def _of(pairs: Sequence[tuple[str, str]], address: str) -> str | None:
    """Return what the config says of an address: under the address itself, else under the nearest domain it belongs to."""
    table: Mapping[str, str] = dict(pairs)
    address = address.casefold()
    names = address.rpartition("@")[2].split(".")
    wanted = (address, *(".".join(names[cut:]) for cut in range(len(names))))
    return next((table[name] for name in wanted if name in table), None)


def _our_country(material: Material) -> str | None:
    if material.rules.country is not None:
        return material.rules.country
    number = read_number(material.phone or "", None)
    candidates = (
        region_of(number) if number is not None else None,
        country_of_zone(material.zone),
        *(country_of_address(address) for address in material.ours),
    )
    return next((country for country in candidates if country is not None), None)


def _country(material: Material, letters: Sequence[Letter]) -> str | None:
    """Return the client's country: from the config, else their numbers, else the domain of their address."""
    if (written := _of(material.rules.countries, material.client)) is not None:
        return written
    number = read_number(_of(material.rules.numbers, material.client) or "", None)
    return (
        (region_of(number) if number is not None else None)
        or country_in(letters, material.client)
        or country_of_address(material.client)
    )


def _numbers(material: Material, ours: str | None, theirs: str | None, remarks: list[str]) -> list[Number]:
    """Return the client's numbers, best first; numbers without country code are read as in their country, else as in the user's."""
    region = (theirs or ours or "").partition("-")[0] or None
    numbers: list[Number] = []
    if (written := _of(material.rules.numbers, material.client)) is not None:
        number = read_number(written, region)
        if number is None:
            remarks.append(
                f"The number {written!r} in your config cannot be read as a phone number; write it with its country code."
            )
        else:
            numbers.append(shown(number, "in your config"))
    for card in material.sources.numbers:
        if (number := read_number(card.text, region)) is None:
            remarks.append(
                f"The number {shorten(card.text, 40)!r} in your address book cannot be read as a phone number."
            )
        else:
            whose = f" ({card.name})" if card.name else ""
            numbers.append(shown(number, f"{'mobile, ' if card.mobile else ''}in your address book{whose}"))
    own = read_number(material.phone or "", (ours or "").partition("-")[0] or None)
    found = find_numbers(
        material.letters,
        client=material.client,
        ours=material.ours,
        own=() if own is None else (own,),
        region=region,
        guessed=theirs is None,
        now=material.now,
        zone=material.zone,
    )
    every: dict[str, Number] = {}
    for one in (*numbers, *found):
        every.setdefault(one.e164, one)
    if not every:
        remarks.append(
            "No phone number of the client was found; ask for it, or name it in the config as calls: {numbers: ...}."
        )
    return list(every.values())[:MOST]


def _zone(
    material: Material, number: PhoneNumber | None, country: str | None, letters: Sequence[Letter]
) -> tuple[tzinfo | None, str]:
    if (name := _of(material.rules.timezones, material.client)) is not None and (zone := named_zone(name)) is not None:
        return zone, "your config"
    plain = country.partition("-")[0] if country is not None else None
    return client_zone(number=number, country=plain, letters=letters, now=material.now)
