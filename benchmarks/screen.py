"""How soon the review screen shows its first rows: `python -m benchmarks.screen`.

`coolmail` is started in a terminal of 80 by 24 of its own, as a user starts it; the time ends when the subject of the first message is written to
that terminal. With 1,000 held and 100,000 historical messages in the journal, and with 20 held and nothing else; baseline: a Textual application of
one line. Medians of `ROUNDS` runs, of the time on the clock and of the processor time that the process had used by then.
"""

from __future__ import annotations

import os
import pty
import sqlite3
import struct
import subprocess
import sys
import tempfile
import termios
import time
from contextlib import closing
from fcntl import ioctl
from pathlib import Path

from benchmarks.cli import CONFIG, HELD, HISTORICAL, fill
from benchmarks.tables import Spent, about, environment, head, medians, ms, row

ROUNDS = 11
FEW = 20

BASELINE = """\
from textual.app import App
from textual.widgets import Static
class One(App):
    def compose(self):
        yield Static("The new logo, number 1")
One().run()
"""


def first_rows(command: list[str], wanted: bytes) -> Spent:
    """Return the seconds until a program has written this to its terminal, on the clock and on the processor."""
    control, terminal = pty.openpty()
    ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    began = time.perf_counter()
    env = environment(TERM="xterm-256color")
    process = subprocess.Popen(
        command, stdin=terminal, stdout=terminal, stderr=terminal, env=env, start_new_session=True
    )
    os.close(terminal)
    written = b""
    try:
        while wanted not in written:
            written += os.read(control, 65536)
        clock = time.perf_counter() - began
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        return clock, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    finally:
        process.kill()
        process.wait()
        os.close(control)


def measure(command: list[str], wanted: bytes = b"The new logo") -> Spent:
    """Return the medians."""
    return medians([first_rows(command, wanted) for _ in range(ROUNDS + 1)][1:])


def main() -> None:
    """Measure and print a table."""
    about("textual", note=f"medians of {ROUNDS}")
    head("first rows of the review screen", "clock", "processor", "allowed")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for each in ("many", "few"):
            (folder / f"{each}.yaml").write_text(CONFIG.format(journal=folder / f"{each}.sqlite3"))
            fill(folder / f"{each}.sqlite3")
        with closing(sqlite3.connect(folder / "few.sqlite3")) as connection, connection:
            connection.execute("DELETE FROM message WHERE source_uid > ?", (FEW,))
        coolmail = [sys.executable, "-m", "coolmail", "--config"]
        many, few = (measure([*coolmail, str(folder / f"{each}.yaml")]) for each in ("many", "few"))
        row(f"{HELD:,} held and {HISTORICAL:,} historical", *map(ms, many), "500 ms")
        row(f"{FEW} held", *map(ms, few), "500 ms")
        row("baseline: one line in Textual", *map(ms, measure([sys.executable, "-c", BASELINE])), "")


if __name__ == "__main__":
    main()
