"""The journal: the SQLite record of every message, its states, and every event.

What the journal promises: a commit that returned is on the disk (WAL with `synchronous=FULL`), a state changes only by compare-and-set from the state
the caller believed in, and the content of an unfinished message is never removed. The file is the user's alone (mode 0600, folder 0700).
"""

from coolmail.journal.errors import JournalCorruptError, JournalError, JournalLockedError, JournalUnwritableError
from coolmail.journal.requests import Errand, Feedback, Talk
from coolmail.journal.store import Journal

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
