"""Reading calendars and address books from disk: only regular files, only so much, and never a pipe or a device that keeps one waiting."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from coolmail.calls.errors import SourceError

LARGEST = 50_000_000
"""Bytes that are read below one path, all files together."""
MOST_FILES = 20_000


def read_files(path: str, ending: str) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of a file, or of every file with this ending in a folder and the folders in it. Raises `SourceError`."""
    place = Path(path)
    left, files = LARGEST, 0
    try:
        if not place.exists():
            raise SourceError(f"{path} is not there")
        for file in sorted(place.rglob(f"*{ending}")) if place.is_dir() else [place]:
            if not file.is_file():
                continue
            left -= file.stat().st_size
            files += 1
            if left < 0 or files > MOST_FILES:
                raise SourceError(f"{path} is too large: more than {LARGEST // 1_000_000} MB or {MOST_FILES} files")
            yield file.name, file.read_bytes()
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}") from error
    if files == 0:
        raise SourceError(f"{path} is no file and holds no {ending} files")
