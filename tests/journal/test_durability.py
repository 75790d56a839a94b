"""The promises of the file: private, on the disk when it says so, one winner, and clear words when something is wrong with it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from coolmail.core.states import State
from coolmail.journal import (
    Journal,
    JournalCorruptError,
    JournalError,
    JournalLockedError,
    JournalUnwritableError,
    engine,
    migrate,
)
from coolmail.journal.errors import SAFE, translate
from coolmail.journal.rescue import set_aside
from coolmail.journal.tables import metadata
from tests.core.making import NOW
from tests.journal.adding import RAW, add, bring, try_add

ROOT = Path(__file__).parent.parent.parent


@contextlib.asynccontextmanager
async def program(name: str, path: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run one of the programs; it is killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.journal.programs", name, str(path),
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def line(process: asyncio.subprocess.Process) -> str:
    """Return the next line that the program said."""
    assert process.stdout is not None
    return (await process.stdout.readline()).decode().rstrip("\n")


async def go(*processes: asyncio.subprocess.Process) -> None:
    """Wait until all are ready, then start them at the same moment."""
    for process in processes:
        assert await line(process) == "ready"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"go\n")


def mode(path: Path) -> int:
    """Return the permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


# -- private and durable


async def test_the_file_and_its_folder_are_the_users_alone(journal: Journal, path: Path) -> None:
    """0600 for the file and its side files, 0700 for the folder, whatever the umask."""
    await add(journal)
    assert mode(path.parent) == 0o700
    files = {file.name: mode(file) for file in path.parent.glob("*")}
    assert set(files) == {"journal.sqlite3", "journal.sqlite3-wal", "journal.sqlite3-shm"}
    assert set(files.values()) == {0o600}


async def test_a_file_that_others_can_read_is_closed_to_them(path: Path) -> None:
    """A journal copied back from a backup, say."""
    async with Journal.open(path):
        pass
    await asyncio.to_thread(path.chmod, 0o644)
    async with Journal.open(path):
        assert mode(path) == 0o600


async def test_commits_reach_the_disk(journal: Journal) -> None:
    """Write-ahead log, fsync at every commit, deleted content overwritten."""
    names = ("journal_mode", "synchronous", "secure_delete")

    def ask(connection: Connection) -> list[object]:
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    assert await journal.file.write(ask) == ["wal", 2, 1]


async def test_a_killed_writer_loses_nothing_that_was_committed(path: Path) -> None:
    """Killed with SIGKILL in the middle of writing: every commit that was reported is there, the file is whole."""
    async with program("write", path) as writer:
        await go(writer)
        said = [await line(writer) for _ in range(40)]
        writer.send_signal(signal.SIGKILL)
        assert writer.stdout is not None
        said += (await writer.stdout.read()).decode().split("\n")[:-1]
    reported = dict(words.split() for words in said)
    order = [State.TAKEN, State.SCORED, State.HELD]
    assert engine.quick_check(path) is None
    async with Journal.open(path) as journal:
        for identifier, state in reported.items():
            entry = await journal.get(identifier)
            assert entry is not None
            assert order.index(entry.state) >= order.index(State(state))
            assert await journal.raw(identifier) == RAW
            assert [event.state for event in await journal.events(identifier)] == order[: order.index(entry.state) + 1]


# -- one winner


async def test_of_two_processes_exactly_one_wins_each_move(path: Path) -> None:
    """Two hundred races: every message is moved once, and has one event for it."""
    async with Journal.open(path) as journal:
        entries = [await add(journal, number) for number in range(200)]
        async with program("race", path) as one, program("race", path) as other:
            await go(one, other)
            first, second = json.loads(await line(one)), json.loads(await line(other))
        assert sorted(first + second) == sorted(entry.id for entry in entries)
        assert {len(await journal.events(entry.id)) for entry in entries} == {2}
        assert len(await journal.in_state(State.SCORED)) == 200


async def test_two_processes_may_create_it_at_the_same_moment(path: Path) -> None:
    """One makes the schema, the other waits for it."""
    async with program("begin", path) as one, program("begin", path) as other:
        await go(one, other)
        assert [await line(one), await line(other)] == ["done", "done"]
    async with Journal.open(path) as journal:
        assert len(await journal.active("work")) == 2


# -- the schema


async def test_the_migrations_lead_to_what_the_program_uses(journal: Journal) -> None:
    """Alembic finds no difference between the migrated file and the tables in the code."""
    options = {"compare_type": True, "compare_server_default": True}
    differences = await journal.file.read(
        lambda connection: compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
    )
    assert differences == []
    assert await journal.file.read(migrate.current) == migrate.newest()


async def test_the_unfinished_states_of_the_index_are_those_of_the_core(journal: Journal, path: Path) -> None:
    """SQL repeats the set of final states; the two must not drift apart."""
    with contextlib.closing(sqlite3.connect(path)) as raw:
        (sql,) = raw.execute("SELECT sql FROM sqlite_master WHERE name = 'uq_message_unfinished'").fetchone()
    assert "state NOT IN ('filed', 'withdrawn', 'cancelled', 'elsewhere')" in sql


async def test_a_journal_of_a_newer_version_is_refused_untouched(path: Path) -> None:
    """It says what happened and what to do."""
    async with Journal.open(path) as journal:
        await add(journal)
    with contextlib.closing(sqlite3.connect(path)) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
        raw.commit()
    with pytest.raises(JournalError, match=r"newer coolmail \(schema 9999\); nothing was changed"):
        async with Journal.open(path):
            pass
    with contextlib.closing(sqlite3.connect(path)) as raw:
        assert raw.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]
        assert raw.execute("SELECT count(*) FROM message").fetchone() == (1,)


def test_a_process_that_only_reads_can_read(path: Path) -> None:
    """The first thing that a fresh `coolmail held` does is to read entries that others wrote."""

    async def write() -> None:
        async with Journal.open(path) as journal:
            await add(journal)

    asyncio.run(write())
    code = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom coolmail.journal import Journal\n"
        "async def read():\n"
        "    async with Journal.open(Path(sys.argv[1])) as journal:\n"
        "        print([entry.subject for entry in await journal.active('work')])\n"
        "asyncio.run(read())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("['Re: The invoice']\n", "")


async def test_opening_again_changes_nothing(path: Path) -> None:
    """A journal that is up to date is only opened."""
    async with Journal.open(path) as journal:
        entry = await add(journal)
    async with Journal.open(path) as journal:
        assert await journal.get(entry.id) == entry


# -- damaged


def damage(path: Path, kind: str) -> None:
    """Damage a journal that is closed."""
    content = path.read_bytes()
    damaged = {
        "not a database": b"This is a shopping list.\n" * 400,
        "cut off": content[: len(content) // 2 + 100],
        "a page overwritten": content[:4096] + b"\xa5" * 8192 + content[12288:],
        "header overwritten": b"\0" * 100 + content[100:],
    }
    path.write_bytes(damaged[kind])


DAMAGES = ["not a database", "cut off", "a page overwritten", "header overwritten"]


@pytest.mark.parametrize("kind", DAMAGES)
async def test_a_damaged_journal_is_recognised(path: Path, kind: str) -> None:
    """In one line that says which file it is and that the mail is safe."""
    async with Journal.open(path) as journal:
        await add(journal)
    damage(path, kind)
    with pytest.raises(JournalCorruptError, match="is damaged") as error:
        async with Journal.open(path):
            pass
    assert str(path) in str(error.value)
    assert str(error.value).endswith(SAFE)
    assert "\n" not in str(error.value)


async def test_a_damaged_journal_is_kept_aside_and_a_new_one_begins(path: Path) -> None:
    """Renamed with its side files, never deleted."""
    async with Journal.open(path) as journal:
        await add(journal)
    damage(path, "not a database")
    path.with_name(path.name + "-wal").write_bytes(b"wal")
    kept = set_aside(path)
    assert kept.name.startswith("journal.sqlite3.damaged-")
    assert await asyncio.to_thread(kept.read_bytes) == b"This is a shopping list.\n" * 400
    assert kept.with_name(kept.name + "-wal").exists()
    async with Journal.open(path) as journal:
        assert await journal.recent() == []


def test_setting_aside_twice_in_a_second_keeps_both(path: Path) -> None:
    """The one kept first is not overwritten."""
    path.parent.mkdir()
    kept = []
    for content in ("first", "second"):
        path.write_text(content)
        kept.append(set_aside(path))
    assert [file.read_text() for file in kept] == ["first", "second"]


# -- unwritable, full, locked


def test_without_room_nothing_is_taken_and_nothing_changes(path: Path) -> None:
    """The disk has no room for a message: an error of our own, the books as before; with room again it goes on by itself."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.journal.programs", "fill", str(path)],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=110,
    )  # fmt: skip
    refused, kept, again = done.stdout.splitlines()
    assert refused.startswith("JournalUnwritableError ")
    assert SAFE in refused
    assert kept == "kept True 1"
    assert again.strip() == "done"


async def test_a_full_database_says_that_the_disk_is_full(journal: Journal) -> None:
    """SQLite's own word for it, translated."""
    entry = await add(journal)
    await journal.file.write(lambda connection: connection.exec_driver_sql("PRAGMA max_page_count = 40"))
    with pytest.raises(JournalUnwritableError, match="the disk is full"):
        await try_add(journal, 2, raw=b"x" * 1_000_000)
    assert [known.id for known in await journal.active("work")] == [entry.id]
    await journal.file.write(lambda connection: connection.exec_driver_sql("PRAGMA max_page_count = 100000"))
    assert await try_add(journal, 2, raw=b"x" * 1_000_000) is not None


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 400 kB, where the machine lets us have one."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(folder)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let us mount a small file system")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


async def test_on_a_full_disk_nothing_is_taken(small_disk: Path) -> None:
    """A real file system without room: refused in words, unchanged, and going on when there is room."""
    async with Journal.open(small_disk / "journal.sqlite3") as journal:
        entry = await add(journal)
        blocker = small_disk / "blocker"
        with contextlib.suppress(OSError), blocker.open("wb", buffering=0) as file:
            while file.write(b"x" * 4096):
                pass
        with pytest.raises(JournalUnwritableError, match="the disk is full"):
            await try_add(journal, 2, raw=b"x" * 100_000)
        with pytest.raises(JournalUnwritableError):
            await bring(journal, entry, State.FILED, server_reply="x" * 50_000)
        blocker.unlink()
        found = await journal.get(entry.id)
        assert found is not None
        assert found.server_reply is None
        assert len(await journal.active("work")) == 1
        assert await try_add(journal, 2, raw=b"x" * 50_000) is not None


def test_without_permission_it_says_so() -> None:
    """A folder, a file, or only the folder around the file that may not be written: each the same kind of error."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("closed", "open"):
            asyncio.run(_make(folder / part / "journal"))
            (folder / part / "journal").chmod(0o444 if part == "closed" else 0o600)
            (folder / part).chmod(0o555)
        if os.getuid() == 0:
            os.chown(folder / "open" / "journal", 65534, 65534)
        folder.chmod(0o755)
        done = subprocess.run(
            [sys.executable, "-m", "tests.journal.programs", "powerless", name],
            cwd=ROOT, capture_output=True, text=True, check=True, timeout=110,
        )  # fmt: skip
        for part in ("closed", "open"):
            (folder / part).chmod(0o755)
    said = done.stdout.splitlines()
    assert len(said) == 3
    for words in said:
        assert words.startswith("JournalUnwritableError the journal ")
        assert words.endswith(SAFE)


async def _make(path: Path) -> None:
    async with Journal.open(path):
        pass


@contextlib.contextmanager
def lock(path: Path, *statements: str) -> Iterator[None]:
    """Keep the database locked by another process."""
    code = (
        "import sqlite3, sys\n"
        "connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "for statement in sys.argv[2:]: connection.execute(statement)\n"
        "print('locked', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path), *statements], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"locked\n"
        try:
            yield
        finally:
            process.communicate()


@pytest.mark.parametrize(
    "statements",
    [["BEGIN IMMEDIATE"], ["PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE"]],
    ids=["for writing", "altogether"],
)
async def test_a_journal_locked_by_another_program_is_not_opened(
    path: Path, monkeypatch: pytest.MonkeyPatch, statements: list[str]
) -> None:
    """After waiting for a while it says who is in the way."""
    async with Journal.open(path):
        pass
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.1)
    with lock(path, *statements), pytest.raises(JournalLockedError, match="locked by another program"):
        async with Journal.open(path):
            pass


async def test_a_write_that_finds_it_locked_changes_nothing_and_can_be_repeated(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading goes on meanwhile."""
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.1)
    async with Journal.open(path) as journal:
        entry = await add(journal)
        with lock(path, "BEGIN IMMEDIATE"):
            with pytest.raises(JournalLockedError):
                await journal.move(entry.id, State.TAKEN, State.SCORED, now=NOW, what="")
            assert await journal.get(entry.id) == entry
        assert await journal.move(entry.id, State.TAKEN, State.SCORED, now=NOW, what="")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (sqlite3.OperationalError("database is locked"), JournalLockedError),
        (sqlite3.OperationalError("database or disk is full"), JournalUnwritableError),
        (sqlite3.OperationalError("attempt to write a readonly database"), JournalUnwritableError),
        (sqlite3.OperationalError("disk I/O error"), JournalUnwritableError),
        (sqlite3.OperationalError("unable to open database file"), JournalUnwritableError),
        (sqlite3.DatabaseError("database disk image is malformed"), JournalCorruptError),
        (sqlite3.DatabaseError("file is not a database"), JournalCorruptError),
        (OSError(28, os.strerror(28)), JournalUnwritableError),
        (PermissionError(13, os.strerror(13), "/home/anna/locked/full/corrupt"), JournalUnwritableError),
        (PermissionError(1, os.strerror(1)), JournalUnwritableError),
        (OSError(30, os.strerror(30)), JournalUnwritableError),
        (NotADirectoryError(20, os.strerror(20), "/home/anna/locked/full/corrupt"), JournalError),
        (sqlite3.OperationalError("no such table: message"), JournalError),
    ],
)
def test_errors_are_told_apart_by_what_was_said_not_by_the_files_name(error: Exception, kind: type) -> None:
    """A folder named "locked" is not locked."""
    translated = translate(error, Path("/home/anna/locked/full/corrupt"))
    assert type(translated) is kind
    assert SAFE in str(translated)
