"""The user's address books and calendars, read for one call: files, CardDAV, CalDAV. What cannot be read is said and left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta, tzinfo

from coolmail.calls import dav
from coolmail.calls.calendars import busy_in
from coolmail.calls.contacts import CardNumber, numbers_in_cards
from coolmail.calls.errors import SourceError
from coolmail.calls.files import read_files
from coolmail.calls.finding import Sources
from coolmail.calls.slots import DAYS, Busy
from coolmail.core.clean import shorten
from coolmail.core.settings import CallRules


def read_sources(
    rules: CallRules,
    *,
    client: str,
    ours: Iterable[str],
    now: datetime,
    zone: tzinfo,
    passwords: Mapping[str, str],
) -> Sources:
    """Read everything that is configured. `passwords` are by the address (`Dav.url`); an account without one is passed over."""
    remarks: list[str] = []
    numbers = list(_numbers(rules, client, passwords, remarks))
    until = now + timedelta(days=DAYS + 2)
    busy = list(_busy(rules, now, until, zone, tuple(ours), passwords, remarks))
    return Sources(tuple(numbers), tuple(busy), tuple(remarks))


def _numbers(rules: CallRules, client: str, passwords: Mapping[str, str], remarks: list[str]) -> Iterator[CardNumber]:
    for path in rules.contacts:
        try:
            for _, raw in read_files(path, ".vcf"):
                yield from numbers_in_cards(_text(raw), client)
        except SourceError as error:
            remarks.append(_said("The address book", error))
    if rules.carddav is not None and (password := passwords.get(rules.carddav.url)) is not None:
        try:
            for _, card in dav.cards(rules.carddav, password, client):
                yield from numbers_in_cards(card, client)
        except SourceError as error:
            remarks.append(_said("The address book", error))


def _busy(
    rules: CallRules,
    start: datetime,
    end: datetime,
    zone: tzinfo,
    ours: tuple[str, ...],
    passwords: Mapping[str, str],
    remarks: list[str],
) -> Iterator[Busy]:
    for path in rules.calendars:
        try:
            for name, raw in read_files(path, ".ics"):
                yield from _appointments(name, raw, start, end, zone, ours, remarks)
        except SourceError as error:
            remarks.append(_said("The calendar", error))
    if rules.caldav is not None and (password := passwords.get(rules.caldav.url)) is not None:
        try:
            for name, data in dav.events(rules.caldav, password, start, end):
                yield from _appointments(name, data, start, end, zone, ours, remarks)
        except SourceError as error:
            remarks.append(_said("The calendar", error))


def _appointments(
    name: str, raw: bytes | str, start: datetime, end: datetime, zone: tzinfo, ours: tuple[str, ...], remarks: list[str]
) -> tuple[Busy, ...]:
    try:
        found = busy_in(raw, start, end, zone, ours)
    except SourceError as error:
        remarks.append(_said(f"The calendar {shorten(name, 60)}", error))
        return ()
    if found.passed_over:
        remarks.append(
            f"In the calendar {shorten(name, 60)} an appointment that repeats every minute or more often was passed over."
        )
    if found.unreadable:
        remarks.append(
            f"In the calendar {shorten(name, 60)} {found.unreadable} appointments could not be read; the times may not be free."
        )
    return found.busy


def _said(what: str, error: SourceError) -> str:
    return (
        f"{what} was not read, the times may not be free: {error}"
        if "calendar" in what
        else f"{what} was not read: {error}"
    )


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("windows-1252", "replace")
