"""How soon the review screen shows its first rows: `python -m benchmarks.screen`.

`coolmail` is started in a terminal of 80 by 24 of its own, as a user starts it; the time ends when the subject of the first message is written to
that terminal. With 1,000 held and 100,000 historical messages in the journal, and with 20 held and nothing else; baseline: a Textual application of
one line. Medians of `ROUNDS` runs, of the time on the clock and of the processor time that the process had used by then.
"""

from __future__ import annotations

import os
import platform
import pty
import sqlite3
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from contextlib import closing
from fcntl import ioctl
from importlib.metadata import version
from pathlib import Path

from benchmarks.cli import CONFIG, HELD, HISTORICAL, fill

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


def first_rows(command: list[str], wanted: bytes) -> tuple[float, float]:
    """Return the seconds until a program has written this to its terminal, on the clock and on the processor."""
    control, terminal = pty.openpty()
    ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    began = time.perf_counter()
    env = {**os.environ, "TERM": "xterm-256color"}
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


def measure(command: list[str], wanted: bytes = b"The new logo") -> tuple[float, float]:
    """Return the medians."""
    found = [first_rows(command, wanted) for _ in range(ROUNDS)]
    return statistics.median(clock for clock, _ in found), statistics.median(processor for _, processor in found)


def main() -> None:
    """Measure and print a table."""
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, Textual {version('textual')}"
    )
    print(f"load {os.getloadavg()[0]:.1f}, medians of {ROUNDS}\n")
    print("| first rows of the review screen | clock | processor | allowed |\n| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for each in ("many", "few"):
            (folder / f"{each}.yaml").write_text(CONFIG.format(journal=folder / f"{each}.sqlite3"))
            fill(folder / f"{each}.sqlite3")
        with closing(sqlite3.connect(folder / "few.sqlite3")) as connection, connection:
            connection.execute("DELETE FROM message WHERE source_uid > ?", (FEW,))
        coolmail = [sys.executable, "-m", "coolmail", "--config"]
        _tell(f"{HELD:,} held and {HISTORICAL:,} historical", measure([*coolmail, str(folder / "many.yaml")]), "500 ms")
        _tell(f"{FEW} held", measure([*coolmail, str(folder / "few.yaml")]), "500 ms")
        _tell("baseline: one line in Textual", measure([sys.executable, "-c", BASELINE]), "")


def _tell(what: str, times: tuple[float, float], allowed: str) -> None:
    clock, processor = times
    print(f"| {what} | {clock * 1000:.0f} ms | {processor * 1000:.0f} ms | {allowed} |", flush=True)


if __name__ == "__main__":
    main()
