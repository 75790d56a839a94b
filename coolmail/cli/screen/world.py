"""What the screen needs of the world around it, as one value: the clock, the journal, the plain commands. Tests bring their own."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from coolmail.cli.opening import DEAD_AFTER

if TYPE_CHECKING:
    from coolmail.core.entry import Entry
    from coolmail.core.settings import Settings
    from coolmail.journal import Journal
    from coolmail.journal.store import DaemonStatus

COMMAND_AT_MOST = 60.0
"""Seconds that a plain command may take."""


@dataclass(frozen=True, slots=True)
class Said:
    """How a plain command ended: whether it was done, and what it printed."""

    done: bool
    words: str


@dataclass(frozen=True, slots=True)
class World:
    """The outside of the screen.

    `clock` is UTC. `open_journal` opens the journal. `first` are the messages as a quick look found them, shown until the journal is open.
    `command` runs a plain command and returns what it printed; `in_terminal` runs one that needs the terminal for itself, like an editor. `alive`
    tells whether a process is there.
    """

    settings: Settings
    clock: Callable[[], datetime]
    zone: tzinfo
    open_journal: Callable[[], AbstractAsyncContextManager[Journal]]
    command: Callable[[Sequence[str]], Awaitable[Said]]
    in_terminal: Callable[[Sequence[str]], int]
    alive: Callable[[int], bool]
    first: tuple[Entry, ...] | None = None
    no_colour: bool = False

    def daemon_runs(self, status: DaemonStatus | None) -> bool:
        """Whether this sign of life is one of a running daemon."""
        return status is not None and self.clock() - status.seen_at < DEAD_AFTER and self.alive(status.pid)

    @property
    def opening(self) -> int:
        """When the user's working day begins, in minutes since midnight."""
        return self.settings.hold.working_hours.start


def command_line(config: Path | None, arguments: Sequence[str]) -> list[str]:
    """Return how a plain command of this very coolmail is started."""
    chosen = [] if config is None else ["--config", str(config)]
    return [sys.executable, "-m", "coolmail", *arguments, *chosen]


def commands(
    config: Path | None,
) -> tuple[Callable[[Sequence[str]], Awaitable[Said]], Callable[[Sequence[str]], int]]:
    """Return the two ways to run plain commands with a configuration: quietly, and with the terminal for themselves."""

    async def quietly(arguments: Sequence[str]) -> Said:
        process = await asyncio.create_subprocess_exec(
            *command_line(config, arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "NO_COLOR": "1", "COLUMNS": "70", "TERM": "dumb"},
        )
        try:
            async with asyncio.timeout(COMMAND_AT_MOST):
                printed, _ = await process.communicate()
        except TimeoutError:
            return Said(False, f"`coolmail {arguments[0]}` took too long and was stopped")
        finally:
            if process.returncode is None:
                process.kill()
        return Said(process.returncode == 0, printed.decode("utf-8", "replace").strip())

    def in_terminal(arguments: Sequence[str]) -> int:
        return subprocess.run(command_line(config, arguments), check=False).returncode

    return quietly, in_terminal


UNDO_WITHIN = timedelta(minutes=10)
"""How long what was done here can be taken back here."""
