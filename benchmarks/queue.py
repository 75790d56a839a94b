"""What the queue costs: `python -m benchmarks.queue`.

Figures with a baseline run beside each, by the clock and in processor time of this process (on a busy machine the clock says little):

- *restart*: from the daemon's start to the end of its first sweep, with 10,000 messages in the journal, 1,000 of them held on a real Dovecot;
  baseline: the same with an empty journal and empty mailboxes.
- *bookkeeping*: every call to the journal that the daemon makes for one calm message from Outbox to filed, fsync included; baseline: as many bare
  SQLite commits of one small row, with the same pragmas. Beside it everything else that the daemon does for the message outside network and model
  (`benchmarks.way`).
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.tables import Spent, about, head, medians, row
from benchmarks.way import now, on_its_way, plus
from coolmail.core.entry import Place
from coolmail.core.settings import Account, Mailboxes, Settings
from coolmail.core.states import State
from coolmail.core.tone import Level, Scale, ToneReport
from coolmail.daemon.account import AccountService
from coolmail.journal import Journal
from coolmail.mail.imap.session import ImapSession
from tests.servers.dovecot import Dovecot, User, unavailable

ROWS, HELD, ROUNDS = 10_000, 1_000, 3
REPORT = ToneReport(0.93, Level.HEATED, "You never read my mails.")


class Silent:
    """A judge that is never asked: nothing new is in these mailboxes."""

    async def ready(self) -> None:
        """Do nothing."""

    async def judge(self, texts: Sequence[str]) -> list[ToneReport]:
        """Fail: a held message is not judged again."""
        raise AssertionError(texts)

    def scale(self) -> Scale:
        """Return the levels."""
        return Scale(heated=0.8)


def letter(number: int) -> bytes:
    """Return a held reply."""
    head = f"From: anna@studio.example\r\nTo: c{number}@client.example\r\nSubject: Re: logo {number}\r\nMessage-ID: <held{number}@studio.example>\r\n"
    return (head + "\r\nYou never read my mails.\r\n").encode()


async def fill(journal: Journal, user: User) -> None:
    """Put 1,000 messages into Held and 10,000 into the journal."""
    user.fill("Coolmail/Held", [letter(number) for number in range(HELD)])
    session = await ImapSession.open(user.server(), user.password)
    selected = await session.select("Coolmail/Held")
    uids = await session.search("ALL")
    await session.logout()
    at = datetime.now(UTC)
    for number in range(ROWS):
        held = number < HELD
        place = Place("Coolmail/Held", selected.uidvalidity, uids[number]) if held else None
        await journal.add(
            account="work",
            message_id=f"<held{number}@studio.example>",
            raw=letter(number),
            source=Place("Coolmail/Outbox", 1, number + 1),
            subject=f"Re: logo {number}",
            sender="anna@studio.example",
            recipients=[f"c{number}@client.example"],
            in_reply_to=None,
            references=[],
            own_text="You never read my mails.",
            now=at,
            what="benchmark",
            state=State.HELD if held else State.FILED,
            claimed=True,
            place=place,
            report=REPORT,
            verdict="hold",
            hold_until=at + timedelta(hours=30),
            note_kind="held",
            note_id=f"<note{number}@studio.example>",
        )


def since(began: Spent) -> Spent:
    """Return what has been spent since a moment."""
    return plus(now(), began, -1)


async def first_sweep(journal: Journal, user: User) -> Spent:
    """Return what it takes from start to the end of the first sweep."""
    settings = Settings((Account("work", "anna@studio.example", user.server(), user.server(), Mailboxes()),))
    service = AccountService(
        settings.accounts[0], settings, journal, Silent(), lambda: datetime.now(UTC), time.monotonic, UTC
    )
    began = now()
    task = asyncio.create_task(service.serve())
    try:
        while not service.sweeps:
            await asyncio.sleep(0.005)
        return since(began)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def restart(folder: Path, dovecot: Dovecot, *, full: bool) -> list[Spent]:
    """Measure the restart, full or empty."""
    user = dovecot.user()
    async with Journal.open(folder / f"{full}.sqlite3") as journal:
        await first_sweep(journal, user)  # makes the mailboxes
        if full:
            await fill(journal, user)
        return [await first_sweep(journal, user) for _ in range(ROUNDS)]


def bare_commits(folder: Path, count: int = 10) -> Spent:
    """Return what as many bare commits as a message's bookkeeping has take."""
    connection = sqlite3.connect(folder / "bare.sqlite3", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE t (x TEXT)")
    times = []
    for _ in range(30):
        began = now()
        for _ in range(count):
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO t VALUES ('x')")
            connection.execute("COMMIT")
        times.append(since(began))
    return medians(times)


async def main() -> None:
    """Measure and print a table."""
    about("SQLAlchemy", "aioimaplib", note=f"SQLite {sqlite3.sqlite_version}")
    head("what", "clock", "processor", "baseline (clock, processor)", "allowed")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        books, others, calls = await on_its_way(folder, letter)
        bare = bare_commits(folder)
        what = f"bookkeeping of one message, {sum(calls.values())} calls to the journal"
        row(what, *in_ms(medians(books)), f"ten bare commits {', '.join(in_ms(bare))}", "10 ms")
        row("everything else about it: reading, deciding", *in_ms(medians(others)), "", "")
        if reason := unavailable():
            row("restart", f"not measured: {reason}", "", "", "")
            return
        dovecot = Dovecot()
        dovecot.start()
        try:
            full = medians(await restart(folder, dovecot, full=True))
            empty = medians(await restart(folder, dovecot, full=False))
        finally:
            dovecot.remove()
        row(f"restart with {ROWS} rows, {HELD} held", *in_ms(full), f"empty {', '.join(in_ms(empty))}", "5,000 ms")


def in_ms(spent: Spent) -> list[str]:
    """Return both figures in milliseconds, to a tenth: a message costs few of them."""
    return [f"{seconds * 1000:,.1f} ms" for seconds in spent]


if __name__ == "__main__":
    asyncio.run(main())
