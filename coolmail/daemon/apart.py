"""Looking up in a process apart: what others wrote, and what other servers say, is read where it can do no harm.

Mails, vCards, calendars and DAV answers go through large libraries that nobody can stop half-way. They are read by `python -m coolmail.daemon.apart`,
which takes one `Lookup` on its standard input, writes the result as JSON, and is killed after its time. The daemon itself never waits for a calendar
server, and a calendar that takes minutes to reckon out costs a remark.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import pickle
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from coolmail.calls.finding import Material, find
from coolmail.calls.keeping import from_json, to_json
from coolmail.core.errors import CoolmailError
from coolmail.core.talk import Preparation
from coolmail.daemon.gathering import Mail, read_letter

LIMIT = 30.0
"""Seconds the process may take, its start included."""
MEMORY = 2 * 1024**3
"""Octets of address space it may use, where the system can limit that."""


class LookupFailedError(CoolmailError):
    """The process took too long, or ended without an answer."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """One question: what is known, raw mails still to be read, and the passwords of the DAV accounts by their address. `sources`: read those, too."""

    material: Material
    mails: tuple[Mail, ...] = ()
    passwords: Mapping[str, str] = field(default_factory=dict, repr=False)
    sources: bool = True

    @property
    def asks_sources(self) -> bool:
        """Whether there are address books or calendars to be read."""
        rules = self.material.rules
        return self.sources and bool(rules.contacts or rules.calendars or rules.carddav or rules.caldav)


def look_up(question: Lookup) -> Preparation:
    """Answer a question, here and now. Blocks for as long as servers and libraries like."""
    material = question.material
    letters = (*(read_letter(mail) for mail in question.mails), *material.letters)
    if question.asks_sources:
        from coolmail.calls.sources import read_sources  # noqa: PLC0415 - an HTTP library, for those who configured a server

        sources = read_sources(
            material.rules,
            client=material.client,
            ours=material.ours,
            now=material.now,
            zone=material.zone,
            passwords=question.passwords,
        )
        material = replace(material, sources=sources)
    return find(replace(material, letters=letters))


async def look_up_apart(question: Lookup) -> Preparation:
    """Answer a question in a process apart, within `LIMIT`. Raises `LookupFailedError`; cancelled, it kills the process."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON_CALDAV", "CALDAV"))
    }
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "coolmail.daemon.apart",
            str(math.ceil(LIMIT) + 5),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
            start_new_session=True,  # a Ctrl-C in the terminal is the daemon's to answer
        )
    except OSError as error:
        raise LookupFailedError(f"no process could be started: {error.strerror}") from error
    try:
        async with asyncio.timeout(LIMIT):
            out, err = await process.communicate(pickle.dumps(question))
    except TimeoutError:
        raise LookupFailedError(f"it took longer than {LIMIT:.0f} s") from None
    except OSError as error:
        raise LookupFailedError(str(error)) from error
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    found = from_json(_answer(out)) if process.returncode == 0 else None
    if found is None:
        last = err.decode("utf-8", "replace").strip().rpartition("\n")[2][:200]
        raise LookupFailedError(f"it failed ({last or f'exit status {process.returncode}'})")
    return found


def _answer(out: bytes) -> dict[str, Any] | None:
    with contextlib.suppress(ValueError):
        answer = json.loads(out)
        return answer if isinstance(answer, dict) else None
    return None


def main(arguments: list[str]) -> int:
    """Answer the question on standard input, within so many seconds: a daemon that was killed cannot end this process any more."""
    if hasattr(signal, "alarm"):
        signal.alarm(int(arguments[0]))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not end up in the answer
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415 - not on every system

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    question = pickle.load(sys.stdin.buffer)  # noqa: S301 - written by the daemon that started this process
    answers.write(json.dumps(to_json(look_up(question))).encode())
    answers.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
