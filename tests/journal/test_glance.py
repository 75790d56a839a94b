"""A glance sees what the journal sees, and touches nothing."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from coolmail.core.entry import Line, Place
from coolmail.core.states import Decision, Stage, State
from coolmail.journal import Journal
from coolmail.journal.glance import glance, lines
from tests.core.making import NOW, hot_report
from tests.journal.adding import add

HOUR = timedelta(hours=1)
SHOWN = (State.HELD, State.REVIEW)


async def test_a_glance_is_what_the_journal_says(journal: Journal) -> None:
    """Every field of an entry, in the same order."""
    await add(journal, 1, state=State.HELD, hold_until=NOW + 2 * HOUR)
    await add(
        journal,
        2,
        state=State.REVIEW,
        claimed=True,
        place=Place("Coolmail/Review", 9, 4),
        override=True,
        report=hot_report(),
        verdict="hold",
        reasons=("blames the reader (1 sentence)",),
        hold_until=NOW + HOUR + timedelta(microseconds=7),
        continues="abcd",
        frozen=True,
        attempts=3,
        next_attempt_at=NOW,
        first_attempt_at=NOW - HOUR,
        stage=Stage.DATA,
        server_reply="451 later",
        refused=(("no@shop.example", "550 unknown"),),
        accepted=("bo@shop.example",),
        decision=Decision.RELEASE,
        note_id="<n@x.example>",
        note_kind="held",
        suggestion_id="<c@x.example>",
        reminded_at=NOW,
    )
    await add(journal, 3, state=State.FILED)
    seen = glance(journal.path, *SHOWN)
    assert seen is not None
    assert len(seen) == 2
    assert seen == await journal.in_state(*SHOWN)
    assert lines(journal.path, *SHOWN) == [Line.of(entry) for entry in seen]


def test_where_there_is_no_journal_none_is_made(tmp_path: Path) -> None:
    """Making one is for the journal itself."""
    assert glance(tmp_path / "journal.sqlite3", State.HELD) is None
    assert lines(tmp_path / "journal.sqlite3", State.HELD) is None
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_journal_gives_no_answer(tmp_path: Path) -> None:
    """Another file, another schema: opening the journal tells what it is."""
    torn = tmp_path / "torn"
    torn.write_bytes(b"SQLite format 3\0" + b"\xff" * 4000)
    assert glance(torn, State.HELD) is None
    assert lines(torn, State.HELD) is None
    other = tmp_path / "other"
    with closing(sqlite3.connect(other)) as connection, connection:
        connection.execute("CREATE TABLE message (id TEXT, state TEXT, raw BLOB)")
    assert glance(other, State.HELD) is None
    assert lines(other, State.HELD) is None


def test_a_glance_loads_no_library() -> None:
    """That is what it is for."""
    code = (
        "import sys; import coolmail.journal.glance; "
        "sys.exit(', '.join({'sqlalchemy', 'sqlmodel', 'alembic', 'pydantic'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
