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
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Exists, delete, func, insert, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from coolmail.core.entry import Entry, Place
from coolmail.core.states import ACTIVE, FINISHED, LEGAL, Decision, State, check_move
from coolmail.journal import engine as engines
from coolmail.journal import migrate, requests
from coolmail.journal.errors import JournalCorruptError, JournalError, translate
from coolmail.journal.requests import ERRAND, Requests, edit_under_way
from coolmail.journal.rows import to_columns, to_entry
from coolmail.journal.tables import AccountRow, DaemonRow, EventRow, MessageRow, MetRow, table_of
from coolmail.journal.whole import to_its_end, whole

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""Letters of ids: none that is read as another."""

MESSAGE, EVENT, ACCOUNT, DAEMON, MET = (
    table_of(row).c for row in (MessageRow, EventRow, AccountRow, DaemonRow, MetRow)
)

COLUMNS = [column for column in MESSAGE if column.name != "raw"]
HAS_BYTES = MESSAGE.raw.is_not(None).label("has_bytes")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a message."""

    message: str
    at: datetime
    state: State
    what: str


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """How the daemon gets on with an account: `state` is one of connecting, ready, retrying, refused, stopped."""

    name: str
    state: str
    detail: str
    since: datetime


@dataclass(frozen=True, slots=True)
class DaemonStatus:
    """The daemon's sign of life."""

    pid: int
    started_at: datetime
    seen_at: datetime
    notice: str


class Journal(Requests):
    """An open journal. Use `async with Journal.open(path) as journal`."""

    def __init__(self, engine: AsyncEngine, path: Path) -> None:
        self.path = path
        self._engine = engine
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
        if wrong := engines.quick_check(path):
            raise translate(ValueError(f"malformed: {wrong}"), path)
        engine = engines.make_engine(path)
        journal = cls(engine, path)
        try:
            await journal._migrate()
            yield journal
        finally:
            journal._watch.close()
            await to_its_end(engine.dispose())

    @whole
    async def _migrate(self) -> None:
        async with self._transaction() as connection:
            found = await connection.run_sync(migrate.current)
            if found == migrate.newest():
                return
            if found is not None and not migrate.known(found):
                raise JournalError(
                    f"the journal {self.path} was written by a newer coolmail (schema {found}); nothing was changed. "
                    "Install that version again, or name another journal in the config."
                )
            await connection.run_sync(migrate.upgrade)

    @asynccontextmanager
    async def _transaction(self, *, read_only: bool = False) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._engine.connect() as connection:
                if read_only:
                    await connection.execution_options(read_only=True)
                async with connection.begin():
                    yield connection
        except (SQLAlchemyError, OSError) as error:
            raise translate(error, self.path) from error

    # -- messages

    @whole
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
        identifier = await self._free_id()
        values = to_columns(
            {
                "id": identifier,
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
        row = MessageRow.model_validate(values)
        async with self._transaction() as connection:
            twin = select(MESSAGE.id).where(
                MESSAGE.account == account,
                MESSAGE.message_id == message_id,
                MESSAGE.state.not_in([str(state) for state in FINISHED]),
            )
            if (await connection.execute(twin)).first() is not None:
                return None
            await connection.execute(insert(MessageRow).values(_row_values(row)))
            await connection.execute(insert(EventRow).values(message=identifier, at=now, state=str(state), what=what))
        return await self.get(identifier)

    async def _free_id(self) -> str:
        async with self._transaction(read_only=True) as connection:
            for length in (4, 4, 4, 5, 6, 8):
                candidate = "".join(secrets.choice(ALPHABET) for _ in range(length))
                taken = await connection.execute(select(MESSAGE.id).where(MESSAGE.id == candidate))
                if taken.first() is None:
                    return candidate
        raise JournalError(f"no free id in the journal {self.path}")

    @whole
    async def _entries(self, *where: Any, order: Any = None, limit: int | None = None) -> list[Entry]:
        query = select(*COLUMNS, HAS_BYTES).where(*where).order_by(order if order is not None else MESSAGE.taken_at)
        async with self._transaction(read_only=True) as connection:
            rows = (await connection.execute(query.limit(limit))).all()
        return [to_entry(row) for row in rows]

    async def get(self, identifier: str) -> Entry | None:
        """Return the entry with exactly this id."""
        return next(iter(await self._entries(MESSAGE.id == identifier)), None)

    async def find(self, prefix: str, limit: int = 10) -> list[Entry]:
        """Return the entries whose id begins with `prefix`, unfinished ones first; an empty prefix names nothing."""
        if not prefix or any(letter not in ALPHABET for letter in prefix.lower()):
            return []
        found = await self._entries(MESSAGE.id.startswith(prefix.lower()), limit=limit)
        return sorted(found, key=lambda entry: entry.state in FINISHED)

    async def active(self, account: str) -> list[Entry]:
        """Return the unfinished entries of an account, oldest first."""
        return await self._entries(MESSAGE.account == account, MESSAGE.state.in_([str(state) for state in ACTIVE]))

    async def in_state(self, *states: State) -> list[Entry]:
        """Return all entries in one of these states, by deadline, then age."""
        return await self._entries(
            MESSAGE.state.in_([str(state) for state in states]),
            order=func.coalesce(MESSAGE.hold_until, MESSAGE.taken_at),
        )

    async def decided(self, account: str) -> list[Entry]:
        """Return the finished entries of an account about which the user decided something since (a restore)."""
        return await self._entries(
            MESSAGE.account == account,
            MESSAGE.decision.is_not(None),
            MESSAGE.state.in_([str(state) for state in FINISHED]),
        )

    async def known(self, account: str, message_id: str) -> list[Entry]:
        """Return every entry with this Message-ID, newest first."""
        return await self._entries(
            MESSAGE.account == account,
            MESSAGE.message_id == message_id,
            order=MESSAGE.taken_at.desc(),
        )

    async def withdrawn(self, account: str, since: datetime) -> list[Entry]:
        """Return the entries withdrawn after `since`, newest first: a version declared ready again goes on with their hold."""
        return await self._entries(
            MESSAGE.account == account,
            MESSAGE.state == str(State.WITHDRAWN),
            MESSAGE.updated_at >= since,
            order=MESSAGE.updated_at.desc(),
        )

    async def recent(self, limit: int = 50, account: str | None = None) -> list[Entry]:
        """Return the newest entries in any state, newest first."""
        where = () if account is None else (MESSAGE.account == account,)
        return await self._entries(*where, order=MESSAGE.updated_at.desc(), limit=limit)

    @whole
    async def raw(self, identifier: str) -> bytes | None:
        """Return the bytes as taken; None once purged."""
        async with self._transaction(read_only=True) as connection:
            row = (await connection.execute(select(MESSAGE.raw).where(MESSAGE.id == identifier))).first()
        return row[0] if row is not None else None

    @whole
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
        where = [MESSAGE.id == identifier, MESSAGE.state == str(before)]
        if unless_stopped:
            stopping = [str(Decision.CANCEL), str(Decision.WITHDRAW)]
            where += [or_(MESSAGE.decision.is_(None), MESSAGE.decision.not_in(stopping)), ~edit_under_way()]
        if before in FINISHED:
            where.append(~_unfinished_twin())
        values = {"state": str(after), "updated_at": now, **to_columns(changes)}
        async with self._transaction() as connection:
            done = await connection.execute(update(MessageRow).where(*where).values(**values))
            if done.rowcount != 1:
                return False
            await connection.execute(insert(EventRow).values(message=identifier, at=now, state=str(after), what=what))
        return True

    @whole
    async def change(
        self, identifier: str, state: State, *, now: datetime, what: str | None = None, **changes: Any
    ) -> bool:
        """Change fields of a message that is still in `state`; `what`, if given, becomes an event."""
        values = {"updated_at": now, **to_columns(changes)}
        async with self._transaction() as connection:
            done = await connection.execute(
                update(MessageRow).where(MESSAGE.id == identifier, MESSAGE.state == str(state)).values(**values)
            )
            if done.rowcount != 1:
                return False
            if what is not None:
                await connection.execute(
                    insert(EventRow).values(message=identifier, at=now, state=str(state), what=what)
                )
        return True

    @whole
    async def decide(
        self, identifier: str, decision: Decision, allowed: Iterable[State], *, now: datetime, what: str
    ) -> bool:
        """Record what the user decided, if the message is still in one of the `allowed` states."""
        where = [MESSAGE.id == identifier, MESSAGE.state.in_([str(state) for state in allowed])]
        if decision is Decision.RESTORE:
            where.append(~_unfinished_twin())
        async with self._transaction() as connection:
            done = await connection.execute(
                update(MessageRow).where(*where).values(decision=str(decision), updated_at=now).returning(MESSAGE.state)
            )
            row = done.first()
            if row is None:
                return False
            await connection.execute(insert(EventRow).values(message=identifier, at=now, state=row[0], what=what))
        return True

    @whole
    async def events(self, identifier: str) -> list[Event]:
        """Return everything that happened to a message, oldest first."""
        query = select(EVENT.at, EVENT.state, EVENT.what).where(EVENT.message == identifier)
        async with self._transaction(read_only=True) as connection:
            rows = (await connection.execute(query.order_by(EVENT.id))).all()
        return [Event(identifier, at, State(state), what) for at, state, what in rows]

    @whole
    async def purge(self, before: datetime) -> int:
        """Remove the content of messages finished before a moment, from the disk too; their history stays. Returns how many."""
        nothing: dict[str, Any] = {"raw": None, "own_text": "", "report": None}
        async with self._transaction() as connection:
            done = await connection.execute(
                update(MessageRow)
                .where(
                    MESSAGE.state.in_([str(state) for state in FINISHED]),
                    MESSAGE.updated_at < before,
                    MESSAGE.raw.is_not(None),
                )
                .values(**nothing)
            )
            await requests.purge(connection, before)
        await asyncio.to_thread(engines.empty_log, self.path)
        return int(done.rowcount)

    @whole
    async def attention(self, account: str) -> frozenset[tuple[str, str | None, datetime | None]]:
        """Return what the command line may have changed.

        These are id, decision and deadline of every message that still waits for something, and each unfinished errand.
        """
        query = select(MESSAGE.id, MESSAGE.decision, MESSAGE.hold_until).where(
            MESSAGE.account == account,
            or_(MESSAGE.state.in_([str(state) for state in ACTIVE]), MESSAGE.decision.is_not(None)),
        )
        asked = select(ERRAND.id, ERRAND.at).where(ERRAND.account == account, ERRAND.done_at.is_(None))
        async with self._transaction(read_only=True) as connection:
            waiting = frozenset(tuple(row) for row in (await connection.execute(query)).all())
            errands = (await connection.execute(asked)).all()
        return waiting | {(f"errand {identifier}", None, at) for identifier, at in errands}

    @whole
    async def met(self, account: str, mailbox: str, uidvalidity: int) -> frozenset[tuple[int, bool]] | None:
        """Return the drafts to leave alone, as UID and whether it is flagged; None if this mailbox was not met yet."""
        query = select(MET.ignored).where(
            MET.account == account, MET.mailbox == mailbox, MET.uidvalidity == uidvalidity
        )
        async with self._transaction(read_only=True) as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else frozenset((uid, bool(flagged)) for uid, flagged in row[0])

    @whole
    async def set_met(self, account: str, mailbox: str, uidvalidity: int, ignored: Iterable[tuple[int, bool]]) -> None:
        """Remember the drafts that are to be left alone in a Drafts mailbox."""
        key = (MET.account == account, MET.mailbox == mailbox, MET.uidvalidity == uidvalidity)
        async with self._transaction() as connection:
            await connection.execute(delete(MetRow).where(*key))
            await connection.execute(
                insert(MetRow).values(
                    account=account,
                    mailbox=mailbox,
                    uidvalidity=uidvalidity,
                    ignored=[[uid, int(flagged)] for uid, flagged in sorted(ignored)],
                )
            )

    # -- signs of life

    @whole
    async def set_account(self, name: str, state: str, detail: str, now: datetime) -> None:
        """Record how the daemon gets on with an account."""
        async with self._transaction() as connection:
            row = (await connection.execute(select(ACCOUNT.state, ACCOUNT.detail).where(ACCOUNT.name == name))).first()
            if row is None:
                await connection.execute(insert(AccountRow).values(name=name, state=state, detail=detail, since=now))
            elif tuple(row) != (state, detail):
                since = {} if row[0] == state else {"since": now}
                await connection.execute(
                    update(AccountRow).where(ACCOUNT.name == name).values(state=state, detail=detail, **since)
                )

    @whole
    async def accounts(self) -> list[AccountStatus]:
        """Return how the daemon got on with each account last."""
        async with self._transaction(read_only=True) as connection:
            rows = (await connection.execute(select(ACCOUNT.name, ACCOUNT.state, ACCOUNT.detail, ACCOUNT.since))).all()
        return [AccountStatus(*row) for row in rows]

    @whole
    async def sign_of_life(self, pid: int, started_at: datetime, now: datetime, notice: str = "") -> None:
        """Record that the daemon is alive."""
        async with self._transaction() as connection:
            await connection.execute(delete(DaemonRow))
            await connection.execute(
                insert(DaemonRow).values(id=1, pid=pid, started_at=started_at, seen_at=now, notice=notice)
            )

    @whole
    async def no_sign_of_life(self, pid: int) -> None:
        """Record that the daemon with this process id stopped in good order."""
        async with self._transaction() as connection:
            await connection.execute(delete(DaemonRow).where(DAEMON.pid == pid))

    @whole
    async def daemon(self) -> DaemonStatus | None:
        """Return the daemon's last sign of life; None after a clean stop."""
        async with self._transaction(read_only=True) as connection:
            query = select(DAEMON.pid, DAEMON.started_at, DAEMON.seen_at, DAEMON.notice)
            row = (await connection.execute(query)).first()
        return None if row is None else DaemonStatus(*row)

    def version(self) -> int:
        """Return a number that differs after any commit to the file, by whomever (SQLite's `data_version`); takes microseconds."""
        try:
            return int(self._watch.execute("PRAGMA data_version").fetchone()[0])
        except sqlite3.Error as error:
            raise translate(error, self.path) from error


def _unfinished_twin() -> Exists:
    """Whether another entry with the same Message-ID is unfinished; only one may be (`uq_message_unfinished`)."""
    twin = table_of(MessageRow).alias("twin")
    return (
        select(twin.c.id)
        .where(
            twin.c.account == MESSAGE.account,
            twin.c.message_id == MESSAGE.message_id,
            twin.c.id != MESSAGE.id,
            twin.c.state.not_in([str(state) for state in FINISHED]),
        )
        .exists()
    )


def _row_values(row: MessageRow) -> dict[str, Any]:
    return {("thread" if name == "references" else name): value for name, value in row.model_dump().items()}


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
