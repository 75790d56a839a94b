"""The journal: the SQLite record of every message, its states, and every event.

What the journal promises: a commit that returned is on the disk (WAL with `synchronous=FULL`), a state changes only by compare-and-set from the state
the caller believed in, and the content of an unfinished message is never removed. The file is the user's alone (mode 0600, folder 0700).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coolmail.journal.errors import JournalCorruptError, JournalError, JournalLockedError, JournalUnwritableError
    from coolmail.journal.requests import Errand, Feedback, Talk
    from coolmail.journal.store import Journal

_HOMES = {
    "JournalCorruptError": "errors",
    "JournalError": "errors",
    "JournalLockedError": "errors",
    "JournalUnwritableError": "errors",
    "Errand": "requests",
    "Feedback": "requests",
    "Talk": "requests",
    "Journal": "store",
}


def __getattr__(name: str) -> Any:
    """Load what is asked for, when it is: SQLAlchemy takes longer to load than a `glance` needs."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


__all__ = [
    "Errand",
    "Feedback",
    "Journal",
    "JournalCorruptError",
    "JournalError",
    "JournalLockedError",
    "JournalUnwritableError",
    "Talk",
]
