"""The user's time zone."""

from __future__ import annotations

import contextlib
import os
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from coolmail.core.settings import Settings


def zone_of(settings: Settings) -> tzinfo:
    """Return the user's time zone: the configured one, else the machine's."""
    name = settings.hold.working_hours.timezone
    if name is not None:
        return ZoneInfo(name)
    link = os.path.realpath("/etc/localtime")
    with contextlib.suppress(KeyError, ValueError, OSError):
        # A named zone knows its future offsets; the bare offset that the system tells is only true until the clocks change.
        return ZoneInfo(os.environ.get("TZ") or link.rpartition("zoneinfo/")[2])
    return datetime.now(UTC).astimezone().tzinfo or UTC
