"""Whether the daemon runs."""

from __future__ import annotations

import os
import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coolmail.journal.store import DaemonStatus

DEAD_AFTER = timedelta(seconds=15)
"""A daemon without a sign of life for so long is not running."""


def lives(status: DaemonStatus | None, now: datetime) -> bool:
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
