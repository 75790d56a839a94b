"""The door of the review screen: a glance at the journal, then the screen, and behind it the journal itself."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

import typer

from coolmail.cli.opening import settings_from
from coolmail.cli.output import err, errors_in_words, out
from coolmail.cli.screen.words import SHOWN
from coolmail.cli.screen.world import World
from coolmail.config import journal_path
from coolmail.daemon.zone import zone_of
from coolmail.journal.glance import glance

if TYPE_CHECKING:
    from typer.core import TyperGroup

    from coolmail.journal import Journal


def world(config: Path | None) -> World:
    """Return the world of this machine and this configuration; ends with a clear message where that cannot be read."""
    settings = settings_from(config)
    path = journal_path(settings)
    first = glance(path, *SHOWN)

    @asynccontextmanager
    async def open_journal() -> AsyncIterator[Journal]:
        # The libraries load in a thread, so that keys are answered meanwhile.
        store = await asyncio.to_thread(import_module, "coolmail.journal.store")
        async with store.Journal.open(path) as journal:
            yield journal

    return World(
        settings=settings,
        clock=lambda: datetime.now(UTC),
        zone=zone_of(settings),
        open_journal=open_journal,
        in_terminal=lambda arguments: _in_terminal(config, arguments),
        first=None if first is None else tuple(first),
        no_colour=bool(os.environ.get("NO_COLOR")),
    )


def _in_terminal(config: Path | None, arguments: Sequence[str]) -> int:
    """Run a command of this very coolmail in the terminal, and leave what it said there until Enter."""
    chosen = [] if config is None else ["--config", str(config)]
    # Ctrl-C is the editor's meanwhile; a handler of ours is not inherited, as ignoring would be.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        ended = subprocess.run([sys.executable, "-m", "coolmail", *arguments, *chosen], check=False).returncode
        with contextlib.suppress(EOFError):
            input("\nEnter goes back to the review. ")
    finally:
        signal.signal(signal.SIGINT, before)
    return ended


def open_review(config: Path | None, *, plain: bool) -> None:
    """Open the review that suits where it is called from.

    The screen in a terminal, plain lines where they are asked for or the terminal can do no more, and a mere list where nobody sits at it.
    """
    if not plain and not (sys.stdin.isatty() and sys.stdout.isatty()):
        from coolmail.cli.held import held  # noqa: PLC0415 - each way loads what it needs

        held(config)
    elif plain or os.environ.get("TERM", "dumb") == "dumb":
        _in_lines(config)
    else:
        here = world(config)
        from coolmail.cli.screen.app import Review  # noqa: PLC0415 - a mistake in the configuration is told before Textual loads

        for name in ("COLUMNS", "LINES"):
            os.environ.pop(
                name, None
            )  # a size told by a parent (readline exports one) would hold however the terminal is resized
        Review(here).run()


def _in_lines(config: Path | None) -> None:
    import readline  # noqa: F401, PLC0415 - lines can be edited and called back

    from coolmail.cli.screen.plain import Plain  # noqa: PLC0415

    out.no_color = err.no_color = True
    chosen = [] if config is None else ["--config", str(config)]

    def run(arguments: Sequence[str]) -> None:
        from coolmail.cli.app import app  # noqa: PLC0415 - the commands open this review

        command = cast("TyperGroup", typer.main.get_command(app))
        command.rich_markup_mode = None  # help and mistakes without frames
        with contextlib.suppress(SystemExit):  # it has said how it ended, and the review goes on
            command.main([*arguments, *chosen], prog_name="coolmail")

    def speak(words: str) -> None:
        out.print(words, markup=False, soft_wrap=True)

    with errors_in_words():
        Plain(world(config), speak, input, run).review()
