"""What to do with a journal that is damaged: keep it, begin anew, let the mailboxes tell what waits."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path


def set_aside(path: Path) -> Path:
    """Rename a damaged journal and its side files, never delete them; return its new path."""
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
    names = chain([f"{path.name}.damaged-{stamp}"], (f"{path.name}.damaged-{stamp}-{number}" for number in count(2)))
    kept = next(place for place in map(path.with_name, names) if not place.exists())
    for suffix in ("", "-wal", "-shm"):
        side = path.with_name(path.name + suffix)
        if side.exists():
            side.rename(kept.with_name(kept.name + suffix))
    return kept
