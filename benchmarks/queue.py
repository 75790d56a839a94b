"""What the queue costs: `python -m benchmarks.queue`.

Two figures, with a baseline run beside each:

- *restart*: from the daemon's start to the end of its first sweep, with 10,000 messages in the journal, 1,000 of them held on a real Dovecot;
  baseline: the same with an empty journal and empty mailboxes.
- *bookkeeping*: journal work of one message from taken to filed (every transition, fsync included), without network and model; baseline: as many
  bare SQLite commits of one small row, with the same pragmas.
"""

from __future__ import annotations

import asyncio
import os
import platform
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from coolmail.core.entry import Place
from coolmail.core.settings import Account, Mailboxes, Settings
from coolmail.core.states import Stage, State
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
    now = datetime.now(UTC)
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
            now=now,
            what="benchmark",
            state=State.HELD if held else State.FILED,
            claimed=True,
            place=place,
            report=REPORT,
            verdict="hold",
            hold_until=now + timedelta(hours=30),
            note_kind="held",
            note_id=f"<note{number}@studio.example>",
        )


async def first_sweep(journal: Journal, user: User) -> float:
    """Return the seconds from start to the end of the first sweep."""
    settings = Settings((Account("work", "anna@studio.example", user.server(), user.server(), Mailboxes()),))
    service = AccountService(
        settings.accounts[0], settings, journal, Silent(), lambda: datetime.now(UTC), time.monotonic, UTC
    )
    began = time.perf_counter()
    task = asyncio.create_task(service.serve())
    try:
        while not service.sweeps:
            await asyncio.sleep(0.005)
        return time.perf_counter() - began
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def restart(folder: Path, dovecot: Dovecot, *, full: bool) -> list[float]:
    """Measure the restart, full or empty."""
    user = dovecot.user()
    async with Journal.open(folder / f"{full}.sqlite3") as journal:
        await first_sweep(journal, user)  # makes the mailboxes
        if full:
            await fill(journal, user)
        return [await first_sweep(journal, user) for _ in range(ROUNDS)]


async def bookkeeping(folder: Path) -> float:
    """Return the seconds of journal work for one message."""
    times = []
    async with Journal.open(folder / "books.sqlite3") as journal:
        for number in range(30):
            now = datetime.now(UTC)
            began = time.perf_counter()
            entry = await journal.add(
                account="work", message_id=f"<{number}@x>", raw=letter(number), source=Place("Outbox", 1, number + 1), subject="Re: logo",
                sender="a@x.example", recipients=["b@y.example"], in_reply_to=None, references=[], own_text="", now=now, what="taken",
            )  # fmt: skip
            assert entry is not None
            await journal.change(entry.id, State.TAKEN, now=now, what="claimed", claimed=True)
            await journal.move(
                entry.id, State.TAKEN, State.SCORED, now=now, what="scored", report=REPORT, verdict="send"
            )
            await journal.move(entry.id, State.SCORED, State.DUE, now=now, what="due", unless_stopped=True)
            await journal.move(entry.id, State.DUE, State.SUBMITTING, now=now, what="attempt", unless_stopped=True)
            for stage in (Stage.CONNECTED, Stage.RECIPIENTS, Stage.DATA):
                await journal.change(entry.id, State.SUBMITTING, now=now, stage=stage)
            await journal.move(entry.id, State.SUBMITTING, State.SUBMITTED, now=now, what="accepted")
            await journal.move(entry.id, State.SUBMITTED, State.FILED, now=now, what="filed")
            times.append(time.perf_counter() - began)
    return statistics.median(times)


def bare_commits(folder: Path, count: int = 10) -> float:
    """Return the seconds of as many bare commits as a message's bookkeeping has."""
    connection = sqlite3.connect(folder / "bare.sqlite3", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE t (x TEXT)")
    times = []
    for _ in range(30):
        began = time.perf_counter()
        for _ in range(count):
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO t VALUES ('x')")
            connection.execute("COMMIT")
        times.append(time.perf_counter() - began)
    return statistics.median(times)


async def main() -> None:
    """Measure and print a table."""
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )
    versions = ", ".join(f"{package} {version(package)}" for package in ("SQLAlchemy", "aioimaplib", "aiosqlite"))
    print(f"{versions}, load {os.getloadavg()[0]:.1f}\n")
    print("| what | median | baseline | ratio |\n| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        books, bare = await bookkeeping(folder), bare_commits(folder)
        print(
            f"| bookkeeping of one message | {books * 1000:.1f} ms | ten bare commits {bare * 1000:.1f} ms | {books / bare:.1f} |"
        )
        if reason := unavailable():
            print(f"| restart | not measured: {reason} | | |")
            return
        dovecot = Dovecot()
        dovecot.start()
        try:
            full = statistics.median(await restart(folder, dovecot, full=True))
            empty = statistics.median(await restart(folder, dovecot, full=False))
        finally:
            dovecot.remove()
        print(f"| restart with {ROWS} rows, {HELD} held | {full:.2f} s | empty {empty:.2f} s | {full / empty:.1f} |")


if __name__ == "__main__":
    asyncio.run(main())
