"""The daemon with points at which it can be made to die.

It is a process of its own that does what `coolmail run -c CONFIG` does, but

* every commit of the journal, every IMAP command and everything that submission says passes a named *point*. At the first point that fits a pattern,
  or with `#3` behind the pattern at the third, the process kills itself with SIGKILL; the points passed can be collected in a file;
* the tone model is a word: a text with `HOT_WORD` in it is hot. What is tested here is not what the model says.

The points are put around the product from outside; the product itself has no switch that could kill it. The process is forked from one that has
imported everything already, which saves most of its start. `python -m tests.faults.mortal run -c CONFIG` has the word for a tone and no points.

Points are named `journal|imap|smtp`, then `before`, `sent` (IMAP and SMTP: the words are with the system, no answer is read yet) or `after`, then
what happens: `journal after move due submitting`, `imap sent UID MOVE 1 "Coolmail/Sending"`, `smtp sent CONTENT`.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from aiosmtplib.protocol import SMTPProtocol
from sqlalchemy import Connection

import coolmail.tone
from coolmail.cli import running
from coolmail.cli.app import main
from coolmail.core.settings import Settings
from coolmail.core.tone import Kind, Level, Scale, SentenceHeat, ToneReport
from coolmail.daemon import editing
from coolmail.journal import Journal, engine
from coolmail.journal.file import JournalFile
from coolmail.mail import submission
from coolmail.mail.imap import session
from coolmail.mail.imap.protocol import HardenedProtocol
from coolmail.mail.imap.request import Request

HOT_WORD = "idiot"


@dataclass
class Fate:
    """Where this process dies; `left` is how often the pattern still has to fit."""

    pattern: re.Pattern[str] | None = None
    left: int = 1
    points: Path | None = None


_fate = Fate()


def reach(point: str) -> None:
    """Pass a point, or die at it."""
    if _fate.points is not None:
        with _fate.points.open("a") as file:
            file.write(point + "\n")
    if _fate.pattern is not None and _fate.pattern.search(point):
        _fate.left -= 1
        if _fate.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


# -- the journal

_writing: ContextVar[str | None] = ContextVar("writing", default=None)


def _write(where: Any, method: str) -> None:
    """Name the writes of one method of the journal, or of a function that writes into it."""
    original = getattr(where, method)

    async def named(self: Journal, *args: Any, **more: Any) -> Any:
        token = _writing.set(_what(method, args, more))
        try:
            return await original(self, *args, **more)
        finally:
            _writing.reset(token)

    setattr(where, method, named)


def _what(method: str, args: Sequence[Any], more: Mapping[str, Any]) -> str:
    told = {"stage", "note_kind", "claimed", "frozen", "override"}
    changes = [f"{name}={value}" if name in told else name for name, value in sorted(more.items()) if name != "now"]
    match method:
        case "add":
            return f"add {more.get('state', 'taken')}"
        case "move":
            return f"move {args[1]} {args[2]}"
        case "change":
            return f"change {args[1]} {' '.join(changes)}"
        case _:
            return method


def _journal() -> None:
    original = JournalFile.write

    async def write(self: JournalFile, work: Callable[[Connection], Any]) -> Any:
        what = _writing.get()

        def named(connection: Connection) -> Any:
            done = work(connection)
            if what:
                reach(f"journal before {what}")
            return done

        done = await original(self, named)
        if what:
            reach(f"journal after {what}")
        return done

    JournalFile.write = write  # type: ignore[method-assign]
    for method in ("add", "move", "change", "set_met", "set_talk", "finish"):
        _write(Journal, method)
    _write(editing, "replace")


# -- IMAP


def _said(command: Any) -> str:
    text = command.segments[0].decode("utf-8", "replace") if isinstance(command, Request) else str(command)
    return text.strip().partition(" ")[2]


def _imap() -> None:
    execute, transmit = HardenedProtocol.execute, HardenedProtocol._transmit

    async def named_execute(self: HardenedProtocol, command: Any, scrub: str | None = None) -> Any:
        reach(f"imap before {_said(command)}")
        response = await execute(self, command, scrub)
        reach(f"imap after {_said(command)}")
        return response

    async def named_transmit(self: HardenedProtocol, command: Any) -> None:
        await transmit(self, command)
        reach(f"imap sent {_said(command)}")

    HardenedProtocol.execute = named_execute  # type: ignore[method-assign]
    HardenedProtocol._transmit = named_transmit  # type: ignore[method-assign]


# -- submission


def _smtp() -> None:
    write, read = SMTPProtocol.write, SMTPProtocol.read_response
    last = "the greeting"

    def named_write(self: SMTPProtocol, data: bytes) -> None:
        nonlocal last
        verb = re.match(rb"(EHLO|HELO|AUTH|MAIL|RCPT|DATA|RSET|QUIT)\b[^\n]*\n\Z", data)
        last = verb[1].decode() if verb else "CONTENT" if data.endswith(b"\r\n.\r\n") else "an answer"
        reach(f"smtp before {last}")
        write(self, data)
        reach(f"smtp sent {last}")

    async def named_read(self: SMTPProtocol, timeout: float | None = None) -> Any:  # noqa: ASYNC109 - aiosmtplib's signature
        response = await read(self, timeout)
        reach(f"smtp after {last}")
        return response

    SMTPProtocol.write = named_write  # type: ignore[method-assign]
    SMTPProtocol.read_response = named_read  # type: ignore[method-assign]


# -- the tone


class WordJudge:
    """In the place of the tone worker: `HOT_WORD` is hot, all else is calm."""

    @classmethod
    def from_settings(cls, settings: Settings) -> WordJudge:
        """Make one; there is nothing to set."""
        return cls()

    async def __aenter__(self) -> WordJudge:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def ready(self) -> None:
        """Do nothing: it always is."""

    async def judge(self, texts: Sequence[str]) -> list[ToneReport]:
        """Look for the word."""
        return [self._judge(text) for text in texts]

    def scale(self) -> Scale:
        """Return the levels."""
        return Scale()

    @staticmethod
    def _judge(text: str) -> ToneReport:
        if not text.strip():
            return ToneReport(0.0, Level.CALM, text, judged=False, notice="there is nothing to judge")
        start = text.casefold().find(HOT_WORD)
        if start < 0:
            return ToneReport(0.05, Level.CALM, text, language="en")
        hot = SentenceHeat(text[start : start + len(HOT_WORD)], start, start + len(HOT_WORD), 0.97, (Kind.INSULT,))
        return ToneReport(0.97, Level.BOILING, text, (hot,), language="en")


def run(config: Path, said: Path, die_at: str | None, points: Path | None, patience: float | None) -> None:
    """Be the daemon, in a process that has nothing else to do; standard error goes to the file `said`."""
    file = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number in (1, 2):
        os.dup2(file, number)
    os.setsid()
    if die_at is not None:
        pattern, _, nth = die_at.partition("#")
        _fate.pattern, _fate.left = re.compile(pattern), int(nth or 1)
    _fate.points = points
    if patience is not None:
        # RFC 5321 asks for ten minutes, an APPEND gets five, a journal is tried again after half a minute: nobody waits for that here.
        submission.DATA_TIMEOUT = session.APPEND_PATIENCE = patience
        engine.BUSY_SECONDS = running.RETRY_JOURNAL = patience
    _journal()
    _imap()
    _smtp()
    coolmail.tone.ToneWorker = WordJudge  # type: ignore[misc,assignment]
    sys.argv = ["coolmail", "run", "-c", str(config)]
    main()


def process(
    config: Path, said: Path, *, die_at: str | None = None, points: Path | None = None, patience: float | None = None
) -> BaseProcess:
    """Return the process, not yet started. `patience` is how many seconds the long waits of the daemon last."""
    context = multiprocessing.get_context("forkserver")
    # What the command line imports only when it runs the daemon is imported beforehand, too.
    context.set_forkserver_preload(["tests.faults.mortal", "coolmail.daemon.service", "coolmail.journal.rescue"])
    return context.Process(target=run, args=(config, said, die_at, points, patience), daemon=True)


if __name__ == "__main__":
    coolmail.tone.ToneWorker = WordJudge  # type: ignore[misc,assignment]
    main()
