"""What a journal says, read from outside with SQL of the tests' own while its daemon is at work on it."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Row:
    """What the journal says of one message."""

    id: str
    message_id: str
    state: str
    taken_at: datetime
    hold_until: datetime | None
    decision: str | None
    note_kind: str | None
    reasons: str


class Reading:
    """Reads the journal at `journal`; nothing is there to be read before its daemon has made it."""

    @property
    def journal(self) -> Path:
        """The journal's file."""
        raise NotImplementedError

    def rows(self) -> list[Row]:
        """Return what the journal says, oldest first; nothing while there is none."""
        query = "SELECT id, message_id, state, taken_at, hold_until, decision, note_kind, reasons FROM message ORDER BY taken_at"
        try:
            with contextlib.closing(sqlite3.connect(f"file:{self.journal}?mode=ro", uri=True, timeout=5)) as connection:
                found = connection.execute(query).fetchall()
        except sqlite3.Error:
            return []
        return [
            Row(*row[:3], _moment(row[3]) or datetime.min.replace(tzinfo=UTC), _moment(row[4]), *row[5:])
            for row in found
        ]

    def state_of(self, message_id: str) -> str | None:
        """Return the state of the newest entry of a message."""
        states = [row.state for row in self.rows() if row.message_id == message_id]
        return states[-1] if states else None

    def told(self, message_id: str) -> str | None:
        """Return what the user was told last about a message."""
        kinds = [row.note_kind for row in self.rows() if row.message_id == message_id]
        return kinds[-1] if kinds else None

    def events(self) -> list[str]:
        """Return everything that the journal says has happened."""
        try:
            with contextlib.closing(sqlite3.connect(f"file:{self.journal}?mode=ro", uri=True, timeout=5)) as connection:
                return [f"{at[11:23]} {message} {state}: {what}" for at, message, state, what in connection.execute(
                    "SELECT at, message, state, what FROM event ORDER BY id")]  # fmt: skip
        except sqlite3.Error as error:
            return [str(error)]

    def errands(self) -> list[tuple[str, str, str, bytes, bool]]:
        """Return kind, role, Message-ID and bytes of all that the command line asked for, and whether it is done."""
        query = "SELECT kind, role, message_id, raw, done_at IS NOT NULL FROM errand ORDER BY id"
        try:
            with contextlib.closing(sqlite3.connect(f"file:{self.journal}?mode=ro", uri=True, timeout=5)) as connection:
                return [(*row[:4], bool(row[4])) for row in connection.execute(query)]
        except sqlite3.Error:
            return [("", "", "", b"", False)]

    def accounts(self) -> dict[str, str]:
        """Return the state of the account, as the daemon wrote it."""
        try:
            with contextlib.closing(sqlite3.connect(f"file:{self.journal}?mode=ro", uri=True, timeout=5)) as connection:
                return {name: state for name, state in connection.execute("SELECT name, state FROM account")}  # noqa: C416
        except sqlite3.Error:
            return {}


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)
