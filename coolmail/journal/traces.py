"""What the daemon leaves in the journal besides messages: signs of life, and the drafts that it found there when it came."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from coolmail.journal.file import JournalFile
from coolmail.journal.tables import AccountRow, DaemonRow, MetRow, table_of

ACCOUNTS, DAEMONS, METS = (table_of(row) for row in (AccountRow, DaemonRow, MetRow))
ACCOUNT, DAEMON, MET = ACCOUNTS.c, DAEMONS.c, METS.c


_MET = select(MET.ignored).where(
    MET.account == bindparam("its_account"),
    MET.mailbox == bindparam("its_mailbox"),
    MET.uidvalidity == bindparam("its_uidvalidity"),
)


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


class Traces:
    """The part of `Journal` that holds signs of life and what was met."""

    file: JournalFile

    async def met(self, account: str, mailbox: str, uidvalidity: int) -> frozenset[tuple[int, bool]] | None:
        """Return the drafts to leave alone, as UID and whether it is flagged; None if this mailbox was not met yet."""
        row = await self.file.first(_MET, its_account=account, its_mailbox=mailbox, its_uidvalidity=uidvalidity)
        return None if row is None else frozenset((uid, bool(flagged)) for uid, flagged in row[0])

    async def set_met(self, account: str, mailbox: str, uidvalidity: int, ignored: Iterable[tuple[int, bool]]) -> None:
        """Remember the drafts that are to be left alone in a Drafts mailbox."""
        where = MET.account == account, MET.mailbox == mailbox, MET.uidvalidity == uidvalidity
        values = {
            "account": account,
            "mailbox": mailbox,
            "uidvalidity": uidvalidity,
            "ignored": [[uid, int(flagged)] for uid, flagged in sorted(ignored)],
        }

        def work(connection: Connection) -> None:
            connection.execute(delete(METS).where(*where))
            connection.execute(insert(METS), values)

        await self.file.write(work)

    async def set_account(self, name: str, state: str, detail: str, now: datetime) -> None:
        """Record how the daemon gets on with an account."""

        def work(connection: Connection) -> None:
            row = connection.execute(select(ACCOUNT.state, ACCOUNT.detail).where(ACCOUNT.name == name)).first()
            values = {"state": state, "detail": detail}
            if row is None:
                connection.execute(insert(ACCOUNTS), {"name": name, "since": now, **values})
            elif tuple(row) != (state, detail):
                since = {} if row[0] == state else {"since": now}
                connection.execute(update(ACCOUNTS).where(ACCOUNT.name == name).values({**values, **since}))

        await self.file.write(work)

    async def accounts(self) -> list[AccountStatus]:
        """Return how the daemon got on with each account last."""
        rows = await self.file.rows(select(ACCOUNT.name, ACCOUNT.state, ACCOUNT.detail, ACCOUNT.since))
        return [AccountStatus(*row) for row in rows]

    async def sign_of_life(self, pid: int, started_at: datetime, now: datetime, notice: str = "") -> None:
        """Record that the daemon is alive."""
        values = {"id": 1, "pid": pid, "started_at": started_at, "seen_at": now, "notice": notice}

        def work(connection: Connection) -> None:
            connection.execute(delete(DAEMONS))
            connection.execute(insert(DAEMONS), values)

        await self.file.write(work)

    async def no_sign_of_life(self, pid: int) -> None:
        """Record that the daemon with this process id stopped in good order."""
        await self.file.write(lambda connection: connection.execute(delete(DAEMONS).where(DAEMON.pid == pid)))

    async def daemon(self) -> DaemonStatus | None:
        """Return the daemon's last sign of life; None after a clean stop."""
        row = await self.file.first(select(DAEMON.pid, DAEMON.started_at, DAEMON.seen_at, DAEMON.notice))
        return None if row is None else DaemonStatus(*row)
