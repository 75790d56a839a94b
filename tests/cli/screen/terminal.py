"""A real terminal, in which a test types and reads: tmux, on a socket of its own."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 120.0
"""Seconds that anything may take on a machine that is busy with other things."""


def unavailable() -> str | None:
    """Return why there is no such terminal here, None if there is one."""
    missing = [name for name in ("tmux", "vi") if shutil.which(name) is None]
    return f"needs {' and '.join(missing)} (Debian: apt install tmux vim-tiny)" if missing else None


class Terminal:
    """A terminal of 80 by 24 in which one program runs."""

    def __init__(self, socket: Path) -> None:
        self._tmux = ["tmux", "-S", str(socket), "-f", os.devnull]
        self._status = socket.with_name(socket.name + "-status")

    def start(self, command: Sequence[str], **environment: str) -> None:
        """Start the program; what it leaves on the terminal stays after its end."""
        settings = " ".join(f"{name}={shlex.quote(value)}" for name, value in environment.items())
        self._status.unlink(missing_ok=True)
        line = f"env {settings} {shlex.join(command)}; echo $? > {shlex.quote(str(self._status))}"
        size = ["-x", "80", "-y", "24"]
        self._run("set-option", "-g", "remain-on-exit", "on", ";", "new-session", "-d", *size, line)

    def _run(self, *arguments: str) -> str:
        return subprocess.run([*self._tmux, *arguments], check=True, capture_output=True, text=True, timeout=30).stdout

    @property
    def text(self) -> str:
        """What stands on the terminal."""
        return self._run("capture-pane", "-p")

    def press(self, *keys: str) -> None:
        """Press keys, by tmux's names for them."""
        self._run("send-keys", *keys)

    def type(self, text: str) -> None:
        """Type text."""
        self._run("send-keys", "-l", text)

    def resize(self, width: int, height: int) -> None:
        """Give the terminal another size."""
        self._run("resize-window", "-x", str(width), "-y", str(height))

    @property
    def ended(self) -> int | None:
        """The exit status of the program, None while it runs. The shell writes it: tmux 3.3a now and then never learns that its child has ended."""
        said = self._status.read_text("utf-8") if self._status.exists() else ""
        return int(said) if said.endswith("\n") else None

    async def shows(self, *words: str, without: Sequence[str] = ()) -> str:
        """Wait until all these words stand on the terminal, and none of the others; return everything there."""
        return await self._until(
            lambda text: all(word in text for word in words) and not any(word in text for word in without),
            f"{words} without {without}",
        )

    async def ends(self) -> int:
        """Wait until the program has ended; return its exit status."""
        await self._until(lambda _: self.ended is not None, "the end")
        return self.ended or 0

    async def _until(self, condition: Callable[[str], bool], what: str) -> str:
        text = ""
        try:
            async with asyncio.timeout(PATIENCE):
                while not condition(text := await asyncio.to_thread(lambda: self.text)):  # noqa: ASYNC110 - a terminal tells nobody
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"the terminal did not show {what}; it shows:\n{text}") from None
        return text

    def close(self) -> None:
        """End it, and the program with it."""
        subprocess.run([*self._tmux, "kill-server"], check=False, capture_output=True, timeout=30)


@contextmanager
def terminal(folder: Path) -> Iterator[Terminal]:
    """Open a terminal; its socket lies in a folder."""
    opened = Terminal(folder / "tmux")
    try:
        yield opened
    finally:
        opened.close()


def coolmail(*arguments: str) -> list[str]:
    """Return the command line of this very coolmail."""
    return [sys.executable, "-m", "coolmail", *arguments]
