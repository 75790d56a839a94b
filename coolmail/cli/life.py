"""Whether the daemon runs."""

from __future__ import annotations

import os
import sys
from datetime import datetime, timedelta
from typing import Protocol

DEAD_AFTER = timedelta(seconds=15)
"""A daemon without a sign of life for so long is not running."""


class Sign(Protocol):
    """A daemon's sign of life, however it was read."""

    @property
    def pid(self) -> int:
        """Its process."""

    @property
    def seen_at(self) -> datetime:
        """When it gave it (UTC)."""


def lives(status: Sign | None, now: datetime) -> bool:
    """Whether this sign of life is one of a running daemon."""
    return status is not None and now - status.seen_at < DEAD_AFTER and _alive(status.pid)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return sys.platform != "win32"
