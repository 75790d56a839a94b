"""The journal's errors, translated from SQLite's."""

from __future__ import annotations

import errno
from pathlib import Path

from coolmail.core.errors import CoolmailError


class JournalError(CoolmailError):
    """The journal could not be read or written. Nothing is taken and nothing sent while this lasts."""


class JournalLockedError(JournalError, TimeoutError):
    """Another program keeps the journal locked."""


class JournalUnwritableError(JournalError, OSError):
    """The disk is full or read-only, or the file may not be written."""


class JournalCorruptError(JournalError):
    """The file is not a whole SQLite database."""


SAFE = "Your mail is safe where it lies; nothing is taken and nothing is sent until this is mended."


def translate(error: BaseException, path: Path) -> JournalError:
    """Return the error of our family for what SQLite or the operating system said."""
    # The operating system's words without the path: a folder may be named "locked" or "full".
    said = str(getattr(error, "orig", None) or getattr(error, "strerror", None) or error)
    low = said.lower()
    if "locked" in low or "busy" in low:
        return JournalLockedError(f"the journal {path} is locked by another program. {SAFE}")
    if "malformed" in low or "not a database" in low or "corrupt" in low:
        return JournalCorruptError(f"the journal {path} is damaged ({said}). {SAFE}")
    full = "full" in low or getattr(error, "errno", None) == errno.ENOSPC
    if (
        full
        or "readonly" in low
        or "read-only" in low
        or "disk i/o" in low
        or "unable to open" in low
        or "permission" in low
        or "not permitted" in low
    ):
        what = "the disk is full" if full else said
        return JournalUnwritableError(f"the journal {path} cannot be written: {what}. {SAFE}")
    return JournalError(f"the journal {path} cannot be used: {said}. {SAFE}")
