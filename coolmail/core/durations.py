"""Durations as people write them in a config or on the command line: `10s`, `15m`, `2h`, `1d`, `1h30m`."""

from __future__ import annotations

import re
from datetime import timedelta

from coolmail.core.errors import CoolmailError

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
PART = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)([smhdw])")
LONGEST = timedelta(days=3650)


class BadDurationError(CoolmailError, ValueError):
    """Not a duration such as `10s`, `2h` or `1d`."""


def parse_duration(text: str) -> timedelta:
    """Read a duration; raise `BadDurationError` that says how one is written."""
    compact = text.strip().lower().replace(" ", "")
    seconds, at = 0.0, 0
    while match := PART.match(compact, at):
        seconds += float(match[1]) * UNITS[match[2]]
        at = match.end()
    if not compact or at != len(compact):
        raise BadDurationError(f"{text!r} is not a duration; write it like 30s, 15m, 2h, 1d or 1h30m")
    if seconds > LONGEST.total_seconds():
        raise BadDurationError(f"{text!r} is longer than ten years")
    return timedelta(seconds=seconds)


def in_words(span: timedelta) -> str:
    """Say a duration the way a person would: `2 days`, `23 h 40 min`, `45 s`; negative spans count as zero."""
    seconds = max(0, round(span.total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} days {hours} h" if hours else f"{days} days"
