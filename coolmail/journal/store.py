"""The journal's public face: add, look up, move, decide.

The daemon and the command line use one file at the same time. What keeps them apart:

- A state changes only in `Journal.move`, as one UPDATE with the expected state (and, before submission, the absence of a stopping decision) in its
  WHERE clause. Of two that want to move the same message one gets True, the other False, and looks again.
- The command line changes no state. It writes a *decision* (`Journal.decide`), likewise only where the state still allows it; the daemon carries it
  out. So "cancel" and "submitting" exclude each other in the database itself.
- What it wants in a mailbox it leaves as an *errand* (`Journal.ask`). An edited version is one, and until it has taken its place the message cannot
  become due or be submitted: that is in the same WHERE clause.
"""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Select, Update, func, select, update

from coolmail.core.entry import Entry, Place
from coolmail.core.states import FINISHED, LEGAL, Decision, State, check_move
from coolmail.journal import engine as engines
from coolmail.journal import migrate, queries, requests
from coolmail.journal.errors import JournalCorruptError, JournalError, translate
from coolmail.journal.file import JournalFile
from coolmail.journal.queries import ENTRIES, EVENTS, IS_FINISHED, MESSAGE, MESSAGES, NEW_EVENT
from coolmail.journal.requests import ERRAND, Requests
from coolmail.journal.rows import to_columns, to_entry
from coolmail.journal.tables import MessageRow
from coolmail.journal.traces import AccountStatus, DaemonStatus, Traces

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""Letters of ids: none that is read as another."""

EVENT = EVENTS.c


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a message."""

    message: str
    at: datetime
    state: State
    what: str


class Journal(Requests, Traces):
    """An open journal. Use `async with Journal.open(path) as journal`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = JournalFile(path)
        # data_version compares what one connection saw before and sees now, so it needs a connection of its own.
        self._watch = sqlite3.connect(path, timeout=0.1)

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path) -> AsyncIterator[Self]:
        """Open, create or migrate the journal at `path`; raise a `JournalError` that says what is safe."""
        try:
            engines.make_private(path)
        except OSError as error:
            raise translate(error, path) from error
        # It reads the whole file, which a large journal on a slow disk makes seconds of.
        if wrong := await asyncio.to_thread(engines.quick_check, path):
            raise translate(ValueError(f"malformed: {wrong}"), path)
        journal = cls(path)
        try:
            await journal.file.write(journal._migrate)
            yield journal
        finally:
            journal._watch.close()
            await journal.file.close()

    def _migrate(self, connection: Connection) -> None:
        found = migrate.current(connection)
        if found == migrate.newest():
            return
        if found is not None and not migrate.known(found):
            raise JournalError(
                f"the journal {self.path} was written by a newer coolmail (schema {found}); nothing was changed. "
                "Install that version again, or name another journal in the config."
            )
        migrate.upgrade(connection)

    # -- messages

    async def add(
        self,
        *,
        account: str,
        message_id: str,
        raw: bytes,
        source: Place,
        subject: str,
        sender: str,
        recipients: Sequence[str],
        in_reply_to: str | None,
        references: Sequence[str],
        own_text: str,
        now: datetime,
        what: str,
        state: State = State.TAKEN,
        **more: Any,
    ) -> Entry | None:
        """Journal a message before anything is done to it. None if an unfinished message has the same Message-ID already."""
        values = to_columns(
            {
                "account": account,
                "message_id": message_id,
                "state": state,
                "taken_at": now,
                "updated_at": now,
                "subject": subject,
                "sender": sender,
                "recipients": recipients,
                "in_reply_to": in_reply_to,
                "references": references,
                "own_text": own_text,
                "raw": raw,
                "source": source,
                **more,
            }
        )

        def work(connection: Connection) -> Entry | None:
            twin = {"its_account": account, "its_message_id": message_id}
            if connection.execute(queries.UNFINISHED, twin).first() is not None:
                return None
            identifier = self._free_id(connection)
            connection.execute(queries.NEW_MESSAGE, _row(identifier, values))
            connection.execute(NEW_EVENT, {"message": identifier, "at": now, "state": str(state), "what": what})
            return to_entry(connection.execute(queries.ENTRY, {"its_id": identifier}).one())

        return await self.file.write(work)

    def _free_id(self, connection: Connection) -> str:
        for length in (4, 4, 4, 5, 6, 8):
            candidate = "".join(secrets.choice(ALPHABET) for _ in range(length))
            if connection.execute(queries.ID, {"its_id": candidate}).first() is None:
                return candidate
        raise JournalError(f"no free id in the journal {self.path}")

    async def _entries(self, query: Select[Any], **its: Any) -> list[Entry]:
        return [to_entry(row) for row in await self.file.rows(query, **its)]

    async def get(self, identifier: str) -> Entry | None:
        """Return the entry with exactly this id."""
        return next(iter(await self._entries(queries.ENTRY, its_id=identifier)), None)

    async def find(self, prefix: str, limit: int = 10) -> list[Entry]:
        """Return the entries whose id begins with `prefix`, unfinished ones first; an empty prefix names nothing."""
        if not prefix or any(letter not in ALPHABET for letter in prefix.lower()):
            return []
        query = ENTRIES.where(MESSAGE.id.startswith(prefix.lower())).order_by(MESSAGE.taken_at)
        return sorted(await self._entries(query.limit(limit)), key=lambda entry: entry.state in FINISHED)

    async def active(self, account: str) -> list[Entry]:
        """Return the unfinished entries of an account, oldest first."""
        return await self._entries(queries.ACTIVE_ENTRIES, its_account=account)

    async def in_state(self, *states: State) -> list[Entry]:
        """Return all entries in one of these states, by deadline, then age."""
        query = ENTRIES.where(MESSAGE.state.in_([str(state) for state in states]))
        return await self._entries(query.order_by(func.coalesce(MESSAGE.hold_until, MESSAGE.taken_at)))

    async def decided(self, account: str) -> list[Entry]:
        """Return the finished entries of an account about which the user decided something since (a restore)."""
        return await self._entries(queries.DECIDED_ENTRIES, its_account=account)

    async def known(self, account: str, message_id: str) -> list[Entry]:
        """Return every entry with this Message-ID, newest first."""
        return await self._entries(queries.KNOWN_ENTRIES, its_account=account, its_message_id=message_id)

    async def withdrawn(self, account: str, since: datetime) -> list[Entry]:
        """Return the entries withdrawn after `since`, newest first: a version declared ready again goes on with their hold."""
        return await self._entries(queries.WITHDRAWN_ENTRIES, its_account=account, since=since)

    async def recent(self, limit: int = 50, account: str | None = None) -> list[Entry]:
        """Return the newest entries in any state, newest first."""
        query = ENTRIES if account is None else ENTRIES.where(MESSAGE.account == account)
        return await self._entries(query.order_by(MESSAGE.updated_at.desc()).limit(limit))

    async def raw(self, identifier: str) -> bytes | None:
        """Return the bytes as taken; None once purged."""
        row = await self.file.first(queries.BYTES, its_id=identifier)
        return None if row is None else row[0]

    async def move(
        self,
        identifier: str,
        before: State,
        after: State,
        *,
        now: datetime,
        what: str,
        unless_stopped: bool = False,
        **changes: Any,
    ) -> bool:
        """Move a message from one state to another, if it is still in the first.

        False: it was not (another program was quicker), and nothing was changed. With `unless_stopped`, False also if the user has meanwhile decided
        to cancel or withdraw it, or edited it and the new version is not in its place yet. A finished message does not come back (False) while
        another with its Message-ID is unfinished. Raises `IllegalMoveError` for a move that no message may make.
        """
        check_move(before, after)
        query = queries.compare_and_set(unless_stopped=unless_stopped, unless_twin=before in FINISHED)
        values = {"state": str(after), "updated_at": now, **to_columns(changes)}
        return await self._set(query, identifier, before, values, what, after)

    async def change(
        self, identifier: str, state: State, *, now: datetime, what: str | None = None, **changes: Any
    ) -> bool:
        """Change fields of a message that is still in `state`; `what`, if given, becomes an event."""
        values = {"updated_at": now, **to_columns(changes)}
        return await self._set(queries.compare_and_set(), identifier, state, values, what, state)

    async def _set(
        self, query: Update, identifier: str, before: State, values: dict[str, Any], what: str | None, after: State
    ) -> bool:
        its = {"its_id": identifier, "its_state": str(before)}
        event = {"message": identifier, "at": values["updated_at"], "state": str(after), "what": what}

        def work(connection: Connection) -> bool:
            if connection.execute(query, {**values, **its}).rowcount != 1:
                return False
            if what is not None:
                connection.execute(NEW_EVENT, event)
            return True

        return await self.file.write(work)

    async def decide(
        self, identifier: str, decision: Decision, allowed: Iterable[State], *, now: datetime, what: str
    ) -> bool:
        """Record what the user decided, if the message is still in one of the `allowed` states."""
        where = [MESSAGE.id == identifier, MESSAGE.state.in_([str(state) for state in allowed])]
        if decision is Decision.RESTORE:
            where.append(~queries.unfinished_twin())
        query = update(MESSAGES).where(*where).values(decision=str(decision), updated_at=now).returning(MESSAGE.state)

        def work(connection: Connection) -> bool:
            row = connection.execute(query).first()
            if row is None:
                return False
            connection.execute(NEW_EVENT, {"message": identifier, "at": now, "state": row[0], "what": what})
            return True

        return await self.file.write(work)

    async def events(self, identifier: str) -> list[Event]:
        """Return everything that happened to a message, oldest first."""
        query = select(EVENT.at, EVENT.state, EVENT.what).where(EVENT.message == identifier).order_by(EVENT.id)
        return [Event(identifier, at, State(state), what) for at, state, what in await self.file.rows(query)]

    async def purge(self, before: datetime) -> int:
        """Remove the content of messages finished before a moment, from the disk too; their history stays. Returns how many."""
        where = IS_FINISHED, MESSAGE.updated_at < before, MESSAGE.raw.is_not(None)
        query = update(MESSAGES).where(*where).values(raw=None, own_text="", report=None)

        def work(connection: Connection) -> int:
            done = connection.execute(query)
            requests.purge(connection, before)
            return int(done.rowcount)

        purged = await self.file.write(work)
        await asyncio.to_thread(engines.empty_log, self.path)
        return purged

    async def attention(self, account: str) -> frozenset[tuple[str, str | None, datetime | None]]:
        """Return what the command line may have changed.

        These are id, decision and deadline of every message that still waits for something, and each unfinished errand.
        """
        asked = select(ERRAND.id, ERRAND.at).where(ERRAND.account == account, ERRAND.done_at.is_(None))

        def work(connection: Connection) -> frozenset[tuple[str, str | None, datetime | None]]:
            waiting = connection.execute(queries.ATTENTION, {"its_account": account}).all()
            errands = connection.execute(asked).all()
            return frozenset(tuple(row) for row in waiting) | {(f"errand {number}", None, at) for number, at in errands}

        return await self.file.read(work)

    def version(self) -> int:
        """Return a number that differs after any commit to the file, by whomever (SQLite's `data_version`); takes microseconds."""
        try:
            return int(self._watch.execute("PRAGMA data_version").fetchone()[0])
        except sqlite3.Error as error:
            raise translate(error, self.path) from error


def _row(identifier: str, columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return all columns of a new message; what was not given has its default."""
    row = MessageRow.model_validate({"id": identifier, "references": columns["thread"], **columns}).model_dump()
    return {"thread": row.pop("references"), **row}


def can_be(decision: Decision) -> frozenset[State]:
    """Return the states in which the user may decide so."""
    match decision:
        case Decision.RELEASE:
            return frozenset({State.HELD, State.REVIEW})
        case Decision.RELEASE_AGAIN | Decision.WAS_SENT:
            return frozenset({State.REVIEW})
        case Decision.CANCEL:
            return frozenset(before for before, after in LEGAL.items() if State.CANCELLED in after)
        case Decision.WITHDRAW:
            return frozenset(before for before, after in LEGAL.items() if State.WITHDRAWN in after)
        case Decision.RESTORE:
            return frozenset({State.CANCELLED, State.WITHDRAWN, State.FAILED})


__all__ = ["AccountStatus", "DaemonStatus", "Event", "Journal", "JournalCorruptError", "can_be"]
