"""The journal's disk is full, read-only, or takes nothing; the file is locked or damaged: nothing is taken, nothing sent, and it is said."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from tests.faults.household import CALM_TEXT, HELD, HOT_TEXT, OUTBOX, PATIENCE, Household, household
from tests.servers.dovecot import Dovecot

HOLD = timedelta(seconds=4)


@pytest_asyncio.fixture
async def home(dovecot: Dovecot, tmp_path: Path) -> AsyncIterator[Household]:
    """A household; its daemon is not started yet."""
    async with household(dovecot.user(), tmp_path, HOLD) as made:
        yield made


@pytest.fixture
def small_disk(home: Household) -> Iterator[Path]:
    """Give the journal's folder a disk of its own, of 600 kB."""
    folder = home.journal.parent
    folder.mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k,mode=0700", "tmpfs", str(folder)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let us mount a small file system")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def remount(folder: Path, option: str) -> None:
    """Change how a disk is mounted."""
    subprocess.run(["mount", "-o", f"remount,{option}", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Leave no room on a small disk; return the file that takes it."""
    blocker = folder / "blocker"
    with contextlib.suppress(OSError), blocker.open("wb", buffering=0) as file:
        while file.write(b"x" * 1024):
            pass
    return blocker


@contextlib.contextmanager
def locked(journal: Path, *statements: str) -> Iterator[None]:
    """Keep the journal locked, as a backup program might."""
    with contextlib.closing(sqlite3.connect(journal, isolation_level=None, timeout=10)) as connection:
        for statement in statements:
            connection.execute(statement)
        yield


async def is_held(home: Household) -> str:
    """Save a hot message and wait until it is held and the user was told."""
    hot = await home.save(HOT_TEXT, "The last bill")
    await home.until(lambda: home.told(hot) == "held")
    return hot


async def test_a_full_disk(home: Household, small_disk: Path) -> None:
    """What finds no room in the journal is not taken; it is said, and with room again all goes on by itself."""
    home.start(patience=1.0)
    hot = await is_held(home)
    blocker = fill(small_disk)
    big = await home.save(CALM_TEXT + "The whole invoice once more.\r\n" * 20_000, "The big logo")
    await home.until(lambda: "the disk is full" in home.log)
    assert "Your mail is safe where it lies; nothing is taken and nothing is sent until this is mended." in home.log
    assert len(await home.contents(OUTBOX)) == 1
    assert home.accepted(big) == []
    assert home.state_of(big) is None
    _, said = await home.tool("status")
    assert "disk is full" in said or "retrying" in said or "running" in said
    remount(small_disk, "size=8m")
    blocker.unlink()
    await home.settles()
    assert await home.audit(hold=HOLD) == {hot: "filed", big: "filed"}


async def test_a_read_only_disk_at_the_start(home: Household, small_disk: Path) -> None:
    """The daemon says which folder cannot be written and ends with 1; nothing was touched. When it can be written, it starts."""
    remount(small_disk, "ro")
    calm = await home.save(CALM_TEXT, "The new logo", "Drafts")
    home.start()
    assert await home.dies() == 1
    said = " ".join(home.log.split())
    assert "cannot be written: Read-only file system. Nothing was taken, nothing was sent" in said
    assert len(await home.contents("Drafts")) == 1
    status, said = await home.tool("status")
    assert status == 1
    assert "cannot be written" in " ".join(said.split())
    remount(small_disk, "rw")
    home.start()
    await home.until(lambda: home.accounts().get("work") == "ready")
    assert await home.drag("Drafts", OUTBOX, calm)
    await home.settles()
    assert await home.audit(hold=HOLD) == {calm: "filed"}


async def test_a_disk_that_takes_nothing_any_more(home: Household) -> None:
    """While no commit succeeds nothing is taken and nothing sent, deadlines or not; then it goes on by itself, late and once."""
    home.start(patience=1.0)
    hot = await is_held(home)
    assert home.process is not None
    assert home.process.pid is not None
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.prlimit(home.process.pid, resource.RLIMIT_FSIZE, (8_000, hard))
    calm = await home.save(CALM_TEXT, "The new logo")
    until = next(row.hold_until for row in home.rows() if row.message_id == hot)
    assert until is not None
    await home.until(lambda: datetime.now(UTC) > until + timedelta(seconds=2))
    assert "cannot be written" in home.log
    assert home.booked == []
    resource.prlimit(home.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
    await home.settles()
    assert await home.audit(hold=HOLD) == {hot: "filed", calm: "filed"}


async def test_locked_while_it_runs(home: Household) -> None:
    """A journal that another program keeps locked for long: it is said, nothing is taken or sent, and it goes on by itself."""
    home.start(patience=1.0)
    hot = await is_held(home)
    with locked(home.journal, "BEGIN IMMEDIATE"):
        calm = await home.save(CALM_TEXT, "The new logo")
        until = next(row.hold_until for row in home.rows() if row.message_id == hot)
        assert until is not None
        await home.until(lambda: datetime.now(UTC) > until + timedelta(seconds=2))
        await home.until(lambda: "is locked by another program" in home.log)
        assert home.booked == []
        assert len(await home.contents(OUTBOX)) == len(await home.contents(HELD)) == 1
    await home.settles()
    assert await home.audit(hold=HOLD) == {hot: "filed", calm: "filed"}


async def test_locked_at_the_start(home: Household) -> None:
    """The daemon waits for the other program, says so, and starts when the journal is free; the commands say it, too."""
    home.start()
    await home.until(lambda: home.accounts().get("work") == "ready")
    await home.stop()
    with locked(home.journal, "PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE"):
        calm = await home.save(CALM_TEXT, "The new logo")
        home.start(patience=1.0)
        await home.until(lambda: "is locked by another program" in home.log and "Next try in" in home.log)
        status, said = await home.tool("held")
        assert status == 1
        assert "locked by another program" in " ".join(said.split())
        assert home.booked == []
    await home.settles()
    assert await home.audit(hold=HOLD) == {calm: "filed"}


def damage(journal: Path, how: str) -> None:
    """Damage the file."""
    content = journal.read_bytes()
    journal.write_bytes(
        {
            "overwritten": content[:4096] + b"\xa5" * (len(content) - 4096),
            "cut off": content[: len(content) // 2 + 100],
            "something else": b"This is a shopping list.\n" * 400,
        }[how]
    )
    for suffix in ("-wal", "-shm"):
        journal.with_name(journal.name + suffix).unlink(missing_ok=True)


@pytest.mark.parametrize("how", ["overwritten", "cut off", "something else"])
async def test_damaged_at_the_start(home: Household, how: str) -> None:
    """A damaged journal is kept aside and built anew from the mailboxes: what waits is held anew from now, and sent once."""
    home.start()
    hot = await is_held(home)
    await home.ends_in_order()
    damage(home.journal, how)
    home.saved_at[hot] = datetime.now(UTC)
    home.start()
    await home.until(lambda: home.told(hot) == "held")
    assert "is damaged" in home.log
    assert "a new one is built from what lies in the mailboxes" in home.log
    kept = [path for path in home.journal.parent.iterdir() if ".damaged-" in path.name]
    assert kept
    assert home.accepted(hot) == []
    await home.settles()
    assert await home.audit(hold=HOLD) == {hot: "filed"}


async def test_damaged_while_it_runs(home: Household) -> None:
    """A journal that turns out to be damaged under the running daemon is kept aside, too, and nothing is sent early or twice."""
    home.start(patience=1.0)
    hot = await is_held(home)
    home.saved_at[hot] = datetime.now(UTC)
    size = home.journal.stat().st_size
    wal = home.journal.with_name(home.journal.name + "-wal")
    with home.journal.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (size - 4096))
    with wal.open("r+b") as file:
        file.seek(32)
        file.write(b"\xa5" * (wal.stat().st_size - 32))
    calm = await home.save(CALM_TEXT, "The new logo")
    await home.until(lambda: "a new one is built from what lies in the mailboxes" in home.log)
    await home.settles()
    assert await home.audit(hold=HOLD) == {hot: "filed", calm: "filed"}


LOST_AT = [
    pytest.param("^journal after add taken", id="journalled"),
    pytest.param('^imap after UID MOVE .*"Coolmail/Sending"', id="claimed"),
    pytest.param("^journal after move scored due", id="due"),
    pytest.param("^journal after change submitting stage=data", id="content begins"),
    pytest.param("^smtp after CONTENT", id="accepted"),
    pytest.param("^journal after move submitting submitted", id="noted as accepted"),
    pytest.param('^imap after APPEND "Sent"', id="copied to Sent"),
    pytest.param('^imap after UID MOVE .*"Coolmail/Held"', id="moved to Held"),
    pytest.param('^imap after UID MOVE .*"Coolmail/Sending"#3', id="claimed for release"),
    pytest.param("^smtp after CONTENT#2", id="the hot one accepted"),
]


@pytest.mark.parametrize("die_at", LOST_AT)
async def test_killed_and_the_journal_lost(home: Household, die_at: str) -> None:
    """Killed at the worst moments and the journal gone as well: still no message is lost, or sent twice, or early."""
    await home.save(CALM_TEXT, "The new logo")
    hot = await home.save(HOT_TEXT, "The last bill")
    home.start(die_at=die_at)
    assert await home.dies() == -signal.SIGKILL
    for row in home.rows():
        if row.state == "filed":  # its story has ended; no journal needs to know it any more
            assert len(home.accepted(row.message_id)) == 1
            del home.saved[row.message_id]
    damage(home.journal, "something else")
    home.lost_journal = True
    home.start()
    await home.settles()
    ended = await home.audit(hold=HOLD)
    assert set(ended.values()) <= {"filed", "review"}
    assert hot in ended
    assert max(len(home.accepted(message_id)) for message_id in ended) <= 1


async def test_two_daemons_on_one_journal(home: Household) -> None:
    """A second daemon on the same journal is refused in words; the first goes on."""
    home.start()
    await home.until(lambda: home.accounts().get("work") == "ready")
    status, said = await asyncio.wait_for(home.tool("run"), PATIENCE)
    assert status == 1
    assert "a daemon already works with the journal" in " ".join(said.split())
    calm = await home.save(CALM_TEXT, "The new logo")
    await home.settles()
    assert await home.audit(hold=HOLD) == {calm: "filed"}
