"""What the command line costs: `python -m benchmarks.cli`.

- *help*: `coolmail --help`, as a user starts it; baseline: `python -c "import typer"`.
- *held*: `coolmail held` with 1,000 held and 100,000 historical messages in the journal; baseline: the same with an empty journal.
- *show*, *history*, *stats* with the same journal, for comparison.

Each is a process of its own, run once and then `ROUNDS` times in turn; the table has medians of the time on the clock and of the processor time.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.tables import Spent, about, environment, head, medians, ms, row
from coolmail.core.tone import Kind, Level, SentenceHeat, ToneReport
from coolmail.journal import Journal
from coolmail.journal.rows import report_to_json

HELD, HISTORICAL, ROUNDS = 1_000, 100_000, 11

TEXT = "Bo,\n\nyou never read what I send you, and then you complain. Please look at page two of the offer.\n\nAnna"
REPORT = ToneReport(
    0.91,
    Level.HEATED,
    TEXT,
    (SentenceHeat(TEXT[5:52], 5, 52, 0.93, (Kind.BLAME,)), SentenceHeat(TEXT[53:98], 53, 98, 0.1)),
    "en",
)
CONFIG = """\
accounts:
  - name: work
    address: anna@studio.example
    imap: {{host: localhost, port: 1, tls: none, username: anna, password: x}}
    smtp: {{host: localhost, port: 1, tls: none, username: anna, password: x}}
journal: {journal}
"""


def fill(path: Path) -> None:
    """Put the messages into a journal, in one transaction: this is not what is measured."""

    async def make() -> None:
        async with Journal.open(path):
            pass

    asyncio.run(make())
    report, now = json.dumps(report_to_json(REPORT)), datetime.now(UTC).replace(tzinfo=None)
    with closing(sqlite3.connect(path)) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(message)")]
        rows = (_row(number, report, now) for number in range(HELD + HISTORICAL))
        marks = ", ".join(f":{name}" for name in columns)
        insert = f"INSERT INTO message ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - columns of our own table
        connection.executemany(insert, rows)
        connection.execute(
            "INSERT INTO event (message, at, state, what) SELECT id, taken_at, state, 'taken from Coolmail/Outbox' FROM message"
        )
        connection.commit()


def _row(number: int, report: str, now: datetime) -> dict[str, object]:
    held = number < HELD
    at = now - timedelta(minutes=5 * number)
    raw = f"From: anna@studio.example\r\nTo: c{number % 97}@client.example\r\nSubject: Re: logo {number}\r\n\r\n{TEXT}\r\n"
    nothing = dict.fromkeys(
        ("in_reply_to", "place_mailbox", "place_uidvalidity", "place_uid", "continues", "next_attempt_at", "first_attempt_at", "stage",
         "server_reply", "decision", "note_id", "note_kind", "suggestion_id", "reminded_at")
    )  # fmt: skip
    return nothing | {
        "id": f"m{number}",
        "account": "work",
        "message_id": f"<m{number}@studio.example>",
        "state": "held" if held else "filed",
        "taken_at": at.isoformat(" "),
        "updated_at": at.isoformat(" "),
        "subject": f"Re: The new logo, number {number}",
        "sender": "anna@studio.example",
        "recipients": json.dumps([f"c{number % 97}@client.example"]),
        "thread": "[]",
        "own_text": TEXT,
        "raw": raw.encode(),
        "source_mailbox": "Coolmail/Outbox",
        "source_uidvalidity": 1,
        "source_uid": number + 1,
        "claimed": 1,
        "override": 0,
        "report": report,
        "verdict": "hold",
        "reasons": '["blames the client"]',
        "hold_until": (now + timedelta(hours=30)).isoformat(" "),
        "frozen": 0,
        "attempts": 0,
        "refused": "[]",
        "accepted": "[]",
    }


def measure(*command: str) -> Spent:
    """Return the medians of what a command takes."""
    return medians([_once(command) for _ in range(ROUNDS + 1)][1:])


def _once(command: tuple[str, ...]) -> Spent:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment())
    clock, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure and print a table."""
    about("typer", "rich", "pydantic", "SQLAlchemy", note=f"SQLite {sqlite3.sqlite_version}, medians of {ROUNDS}")
    head("command", "clock", "processor", "baseline (clock)", "allowed")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for each in ("full", "empty"):
            (folder / f"{each}.yaml").write_text(CONFIG.format(journal=folder / f"{each}.sqlite3"))
        fill(folder / "full.sqlite3")
        coolmail = (sys.executable, "-m", "coolmail")
        full, empty = (("--config", str(folder / f"{each}.yaml")) for each in ("full", "empty"))
        typer, _ = measure(sys.executable, "-c", "import typer")
        row("`--help`", *map(ms, measure(*coolmail, "--help")), f"import of Typer {ms(typer)}", "150 ms")
        for command, allowed in (
            (("held",), "300 ms"),
            (("held", "--json"), "300 ms"),
            (("show", "m7"), ""),
            (("history",), ""),
            (("stats",), ""),
        ):
            few = command if command != ("show", "m7") else ("history",)
            base, _ = measure(*coolmail, *few, *empty)
            said = f"{'`history` with an ' if few != command else ''}empty journal {ms(base)}"
            row(f"`{' '.join(command)}`", *map(ms, measure(*coolmail, *command, *full)), said, allowed)


if __name__ == "__main__":
    main()
