"""Reading a text aloud with a speech program of this machine: who hears their own words in a flat voice no longer hears how they were meant.

The text goes to the program's standard input, never onto its command line, where other users of the machine could read it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable

from coolmail.core.clean import clean

LONGEST = 5_000
"""Characters that are read."""

PROGRAMS: dict[str, Callable[[str | None], list[str]]] = {
    "espeak-ng": lambda language: ["--stdin", "-p", "40", "-s", "150", *(["-v", language] if language else [])],
    "say": lambda _: ["-r", "160", "-f", "-"],
    "spd-say": lambda language: ["--wait", "--pipe-mode", *(["--language", language] if language else [])],
}
"""Speech programs, best first, with their arguments for a language (ISO 639-1)."""


NONE = "no speech program was found (Debian: apt install espeak-ng)"


def read_aloud(text: str, language: str | None) -> str | None:
    """Read a text aloud and wait until it is read; return None, or why it could not be heard. Ctrl-C ends the reading, and nothing else."""
    if (command := _command(language)) is None:
        return NONE
    try:
        done = subprocess.run(
            command, input=_spoken(text), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
        )
    except KeyboardInterrupt:
        return None
    except OSError as error:
        return _not_started(command, error)
    return _trouble(command, done.returncode, done.stderr)


async def read_along(text: str, language: str | None) -> str | None:
    """Do the same beside other things; the voice ends at once where this is cancelled."""
    import asyncio  # noqa: PLC0415 - the commands read aloud without it

    if (command := _command(language)) is None:
        return NONE
    pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=nothing, stderr=pipe)
    except OSError as error:
        return _not_started(command, error)
    try:
        _, said = await process.communicate(_spoken(text))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return _trouble(command, process.returncode or 0, said)


def _command(language: str | None) -> list[str] | None:
    """Return the command of the best speech program that is there."""
    name = next((name for name in PROGRAMS if shutil.which(name)), None)
    voice = language if language is not None and re.fullmatch(r"[a-z]{2,3}", language) else None
    return None if name is None else [name, *PROGRAMS[name](voice)]


def _spoken(text: str) -> bytes:
    return clean(text, lines=True)[:LONGEST].encode()


def _not_started(command: list[str], error: OSError) -> str:
    return f"{command[0]} cannot be started: {error.strerror}"


def _trouble(command: list[str], status: int, stderr: bytes) -> str | None:
    said = stderr.decode("utf-8", "replace").strip().splitlines()
    trouble = next((line for line in reversed(said) if line.lower().startswith("error")), None)
    if status or trouble:
        return f"{command[0]} could not read it: {clean(trouble or (said[-1] if said else f'exit status {status}'))}"
    return None
