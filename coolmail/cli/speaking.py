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


def read_aloud(text: str, language: str | None) -> str | None:
    """Read a text aloud and wait until it is read; return None, or why it could not be heard. Ctrl-C ends the reading, and nothing else."""
    name = next((name for name in PROGRAMS if shutil.which(name)), None)
    if name is None:
        return "no speech program was found (Debian: apt install espeak-ng)"
    plain = clean(text, lines=True)[:LONGEST]
    voice = language if language is not None and re.fullmatch(r"[a-z]{2,3}", language) else None
    try:
        done = subprocess.run(
            [name, *PROGRAMS[name](voice)],
            input=plain.encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
        )
    except KeyboardInterrupt:
        return None
    except OSError as error:
        return f"{name} cannot be started: {error.strerror}"
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    trouble = next((line for line in reversed(said) if line.lower().startswith("error")), None)
    if done.returncode or trouble:
        return f"{name} could not read it: {clean(trouble or (said[-1] if said else f'exit status {done.returncode}'))}"
    return None
