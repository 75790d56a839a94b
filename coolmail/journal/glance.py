"""A first glance at the journal with the standard library alone: what waits, before the journal itself is loaded and opened.

It only reads, and it creates, migrates and repairs nothing. Whoever acts on a message opens the `Journal`.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from coolmail.core.entry import Entry, Line
from coolmail.core.states import Decision, State
from coolmail.core.tone import Level
from coolmail.journal.rows import to_entry

LISTS = ("recipients", "thread", "reasons", "refused", "accepted")
MOMENTS = ("taken_at", "updated_at", "hold_until", "next_attempt_at", "first_attempt_at", "reminded_at")
FLAGS = ("claimed", "override", "frozen")


def glance(path: Path, *states: State) -> list[Entry] | None:
    """Return all entries in one of these states, by deadline, then age: what `Journal.in_state` returns.

    None where a glance is not enough: no file, another schema, a file that is locked or damaged. Opening the journal tells which.
    """
    try:
        with closing(_opened(path)) as connection:
            columns = [name for _, name, *_ in connection.execute("PRAGMA table_info(message)") if name != "raw"]
            query = (
                f"SELECT {', '.join(columns)}, raw IS NOT NULL AS has_bytes FROM message "  # noqa: S608 - names of our own columns
                f"WHERE state IN ({', '.join('?' * len(states))}) ORDER BY coalesce(hold_until, taken_at)"
            )
            names = (*columns, "has_bytes")
            found = connection.execute(query, [str(state) for state in states])
            return [_entry(dict(zip(names, row, strict=True))) for row in found]
    except (sqlite3.Error, ValueError, KeyError, TypeError):
        return None


def lines(path: Path, *states: State) -> list[Line] | None:
    """Return what lists say of the entries in one of these states, in the order of `glance`; None where it returns None."""
    query = (
        "SELECT id, account, message_id, state, taken_at, updated_at, subject, sender, recipients, json_extract(report, '$.heat'), "  # noqa: S608 - marks
        "json_extract(report, '$.level'), json_extract(report, '$.judged'), reasons, hold_until, next_attempt_at, frozen, decision "
        f"FROM message WHERE state IN ({', '.join('?' * len(states))}) ORDER BY coalesce(hold_until, taken_at)"
    )
    try:
        with closing(_opened(path)) as connection:
            return [_line(row) for row in connection.execute(query, [str(state) for state in states])]
    except (sqlite3.Error, ValueError, TypeError):
        return None


def ids_like(path: Path, beginning: str, most: int) -> list[tuple[str, str]]:
    """Return ids that begin so and the subjects of their messages: those that wait first, then the latest; with no beginning only those that wait.

    Empty where the journal cannot be read.
    """
    waits = "state IN ('held', 'review', 'due', 'failed')"
    where = "substr(id, 1, ?) = ?" if beginning else f"{waits} AND (? = 0 OR ?)"
    query = f"SELECT id, subject FROM message WHERE {where} ORDER BY {waits} DESC, updated_at DESC LIMIT ?"  # noqa: S608 - no words from outside
    try:
        with closing(_opened(path)) as connection:
            found = connection.execute(query, (len(beginning), beginning, most)).fetchall()
    except (sqlite3.Error, ValueError):
        return []
    return [(str(identifier), str(subject)) for identifier, subject in found]


@dataclass(frozen=True, slots=True)
class Sign:
    """A daemon's sign of life."""

    pid: int
    seen_at: datetime


def last_sign(path: Path) -> Sign | None:
    """Return the daemon's last sign of life; None after a clean stop, or where the journal cannot be read."""
    try:
        with closing(_opened(path)) as connection:
            row = connection.execute("SELECT pid, seen_at FROM daemon").fetchone()
        return None if row is None else Sign(row[0], _at(row[1]))
    except (sqlite3.Error, ValueError, TypeError):
        return None


def _opened(path: Path) -> sqlite3.Connection:
    """Open the file for reading only; whoever holds a lock on it is not waited for long."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=0.2)


def _entry(values: dict[str, Any]) -> Entry:
    for name in LISTS:
        values[name] = json.loads(text) if (text := values[name]) != "[]" else []
    for name in MOMENTS:
        values[name] = _moment(values[name])
    for name in FLAGS:
        values[name] = bool(values[name])
    if (text := values["report"]) is not None:
        values["report"] = json.loads(text)
    return to_entry(SimpleNamespace(**values))


def _line(row: tuple[Any, ...]) -> Line:
    (
        identifier,
        account,
        message_id,
        state,
        taken_at,
        updated_at,
        subject,
        sender,
        recipients,
        heat,
        level,
        judged,
        *rest,
    ) = row
    reasons, hold_until, next_attempt_at, frozen, decision = rest
    return Line(
        id=identifier,
        account=account,
        message_id=message_id,
        state=State(state),
        taken_at=_at(taken_at),
        updated_at=_at(updated_at),
        subject=subject,
        sender=sender,
        recipients=tuple(json.loads(recipients)),
        heat=heat,
        level=Level(level) if level is not None else None,
        judged=bool(judged),
        reasons=tuple(json.loads(reasons)),
        hold_until=_moment(hold_until),
        next_attempt_at=_moment(next_attempt_at),
        frozen=bool(frozen),
        decision=Decision(decision) if decision is not None else None,
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else _at(text)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
