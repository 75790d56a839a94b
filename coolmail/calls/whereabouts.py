"""Where the client is: country and time zone, from the config, their number, their address and the Date fields of their mails."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.core import get_global
from phonenumbers import SUPPORTED_REGIONS, PhoneNumber, timezone

from coolmail.core.talk import Letter

GENERIC = frozenset(
    {"ad", "ai", "as", "bz", "cc", "cd", "co", "dj", "fm", "ga", "gg", "gq", "im", "io", "la", "me", "ml"}
    | {"ms", "nu", "sc", "sh", "sr", "st", "su", "tf", "tk", "to", "tv", "vc", "ws"}
)
"""Country domains that are used all over the world, so that they tell no country (for the most part those that search engines treat so)."""
_UNCOMMON = {"uk": "GB"}
UNKNOWN_ZONE = "Etc/Unknown"


def country_of_address(address: str) -> str | None:
    """Return the country whose domain an address has, None where it has none or one that tells nothing."""
    top = address.rpartition(".")[2].strip().lower()
    if top in GENERIC:
        return None
    country = _UNCOMMON.get(top, top.upper())
    return country if country in SUPPORTED_REGIONS else None


def country_of_zone(zone: tzinfo) -> str | None:
    """Return the country that a time zone belongs to (CLDR), None for a bare offset."""
    key = getattr(zone, "key", "")
    name = get_global("zone_aliases").get(key, key)
    territory = get_global("zone_territories").get(name)
    return str(territory) if territory in SUPPORTED_REGIONS else None


def zones_of_country(country: str) -> list[ZoneInfo]:
    """Return the time zones of a country (CLDR)."""
    return [zone for name in get_global("territory_zones").get(country, ()) if (zone := named_zone(name))]


def named_zone(name: str) -> ZoneInfo | None:
    """Return a time zone by its IANA name, None if this computer does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def client_zone(
    *,
    number: PhoneNumber | None,
    country: str | None,
    letters: Sequence[Letter],
    now: datetime,
) -> tuple[tzinfo | None, str]:
    """Return the client's time zone and how it is known, (None, "") where it is not.

    `letters` are the client's own, newest first. A number or a country with several zones that differ is settled by the offset of the newest Date
    field, if one of them has it. An offset of zero proves nothing by itself: many servers write every date so.
    """
    offset = next((offset for letter in letters if (offset := _offset(letter)) is not None), None)
    if number is not None:
        names = [name for name in timezone.time_zones_for_number(number) if name != UNKNOWN_ZONE]
        zones = [zone for name in names if (zone := named_zone(name))]
        home = zones_of_country(country) if country is not None else []
        # A mobile number stands for its whole country, and here and there for islands and neighbours that share its code.
        zones = [zone for zone in zones if zone.key in {one.key for one in home}] or zones
        if found := _one(zones, offset, now):
            return found, "the country of their number"
    if country is not None and (found := _one(zones_of_country(country), offset, now)):
        return found, "their country"
    if offset:
        moment, span = offset
        return moment.tzinfo, f"{_hours(span)} in the dates of their mails"
    return None, ""


def _offset(letter: Letter) -> tuple[datetime, timedelta] | None:
    """Return when a letter was written and its offset from UTC, None where that tells nothing."""
    span = letter.date.utcoffset() if letter.date is not None else None
    return (letter.date, span) if letter.date is not None and span else None


def _one(zones: Sequence[ZoneInfo], offset: tuple[datetime, timedelta] | None, now: datetime) -> ZoneInfo | None:
    """Return the one zone that is meant: all agree over the coming weeks, or the first that had the given offset at the given moment."""
    if not zones:
        return None
    ahead = [now + timedelta(days=days) for days in range(0, 371, 7)]
    if len({tuple(zone.utcoffset(moment.astimezone(zone)) for moment in ahead) for zone in zones}) == 1:
        return zones[0]
    if offset is None:
        return None
    moment, span = offset
    return next((zone for zone in zones if moment.astimezone(zone).utcoffset() == span), None)


def _hours(span: timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    sign = "+" if minutes >= 0 else "-"
    return f"UTC{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
