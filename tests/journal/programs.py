"""Small programs that use a journal as another process does. Each says `ready`, waits for a line on standard input, and begins.

Run: python -m tests.journal.programs NAME PATH
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
from collections.abc import Awaitable
from pathlib import Path

from coolmail.core.states import State
from coolmail.journal import Journal, JournalError
from tests.core.making import NOW
from tests.journal.adding import add, bring


def say(*words: object) -> None:
    """Tell the test."""
    print(*words, flush=True)  # noqa: T201


async def race(path: Path) -> None:
    """Try to move every taken message to scored; say which were won."""
    async with Journal.open(path) as journal:
        entries = await journal.active("work")
        say("ready")
        await asyncio.to_thread(sys.stdin.readline)
        won = [
            entry.id
            for entry in entries
            if await journal.move(entry.id, State.TAKEN, State.SCORED, now=NOW, what=f"by {os.getpid()}")
        ]
    say(json.dumps(won))


async def begin(path: Path) -> None:
    """Open a journal that is not there yet, and add a message."""
    say("ready")
    await asyncio.to_thread(sys.stdin.readline)
    async with Journal.open(path) as journal:
        await add(journal, os.getpid())
    say("done")


async def write(path: Path) -> None:
    """Write for ever; say the id and the state after each commit."""
    async with Journal.open(path) as journal:
        say("ready")
        await asyncio.to_thread(sys.stdin.readline)
        for number in range(1_000_000):
            entry = await add(journal, number)
            say(entry.id, entry.state)
            for state in (State.SCORED, State.HELD):
                entry = await bring(journal, entry, state)
                say(entry.id, entry.state)


async def fill(path: Path) -> None:
    """Add a message that the limit on file sizes, standing for the disk, has no room for; then lift the limit and go on."""
    async with Journal.open(path) as journal:
        before = await add(journal, 1)
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
        say(*await _tried(add(journal, 2, raw=b"x" * 2_000_000)))
        say("kept", await journal.get(before.id) == before, len(await journal.active("work")))
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        say(*await _tried(add(journal, 2, raw=b"x" * 2_000_000)))


async def powerless(path: Path) -> None:
    """Open journals that an ordinary user may not write."""
    # Everything that is imported late is imported while it can be read: root's Python may be closed to others.
    await _open(path / "warm" / "journal")
    if os.getuid() == 0:
        os.setgid(65534)
        os.setuid(65534)
    for place in (path / "closed" / "new", path / "closed" / "journal", path / "open" / "journal"):
        say(*await _tried(_open(place)))


async def _open(path: Path) -> None:
    async with Journal.open(path) as journal:
        await add(journal, 9)


async def _tried(work: Awaitable[object]) -> tuple[str, str]:
    try:
        await work
    except JournalError as error:
        return type(error).__name__, str(error)
    return "done", ""


if __name__ == "__main__":
    asyncio.run(
        {"race": race, "begin": begin, "write": write, "fill": fill, "powerless": powerless}[sys.argv[1]](
            Path(sys.argv[2])
        )
    )
