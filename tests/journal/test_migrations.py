"""A journal of any version ever released opens as it was left: `released/` holds one of each schema, written by the program of that time.

Before a schema is changed, the one that was released is written down: `sqlite3 journal.sqlite3 .dump > tests/journal/released/VERSION.sql`.
"""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from coolmail.core.entry import Place
from coolmail.core.states import FINISHED, Decision, Stage, State
from coolmail.journal import Journal, JournalError, engine, migrate
from tests.core.making import NOW, hot_report
from tests.journal.adding import RAW, add

RELEASED = sorted((Path(__file__).parent / "released").glob("*.sql"))


def as_left(released: Path, path: Path) -> None:
    """Make the journal as the program of that time left it."""
    engine.make_private(path)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(released.read_text())


@pytest.mark.parametrize("released", RELEASED, ids=lambda path: path.stem)
async def test_a_journal_of_every_released_schema_opens_as_it_was_left(released: Path, path: Path) -> None:
    """Every message keeps its state, its content, its deadline, its doubts and its history; and it can be worked with."""
    as_left(released, path)
    async with Journal.open(path) as journal:
        entries = {entry.state: entry for entry in await journal.recent()}
        assert set(entries) == set(State)
        for number, state in enumerate(State):
            assert entries[state].message_id == f"<m{number}@studio.example>"
            assert await journal.raw(entries[state].id) == RAW
            assert [event.state for event in await journal.events(entries[state].id)] == [state]
        for state in (State.HELD, State.DUE, State.REVIEW):
            assert (entries[state].hold_until, entries[state].report) == (NOW + timedelta(hours=30), hot_report())
        assert entries[State.HELD].decision is Decision.RELEASE
        assert entries[State.HELD].place == Place("Coolmail/Held", 7, 3)
        doubtful = entries[State.SUBMITTING]
        assert (doubtful.stage, doubtful.attempts, doubtful.accepted) == (Stage.DATA, 2, ("bo@shop.example",))
        assert doubtful.refused == (("cy@shop.example", "550 no"),)
        assert await journal.met("work", "Drafts", 3) == frozenset({(4, True), (9, False)})
        assert [account.state for account in await journal.accounts()] == ["ready"]
        assert {entry.state for entry in await journal.active("work")} == set(State) - FINISHED
        assert await journal.move(entries[State.HELD].id, State.HELD, State.DUE, now=NOW, what="released")
        await add(journal, 99)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(migrate.newest(),)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_every_schema_before_the_newest_is_written_down() -> None:
    """Whoever adds a migration adds the journal that it has to migrate."""
    revisions = {script.revision for script in ScriptDirectory.from_config(migrate._config()).walk_revisions()}
    assert {path.stem for path in RELEASED} >= revisions - {migrate.newest()}


async def test_a_migration_that_fails_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one transaction with everything in it: the program of before still finds its journal."""
    as_left(RELEASED[0], path)
    upgrade = migrate.upgrade

    def breaking(*arguments: object) -> None:
        upgrade(*arguments)  # type: ignore[arg-type]
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(migrate, "upgrade", breaking)
    with pytest.raises(JournalError, match="the disk is full"):
        async with Journal.open(path):
            pass
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert "\n".join(connection.iterdump()) + "\n" == RELEASED[0].read_text()
