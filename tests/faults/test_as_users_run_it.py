"""The daemon exactly as its user runs it: `python -m coolmail run`, with the tone model that comes with it in its worker process."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.faults.household import CALM_TEXT, HOT_TEXT, Household, household
from tests.servers.dovecot import Dovecot

HOLD = timedelta(seconds=4)

STOPS = 30

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to find the worker")


def worker_of(home: Household) -> int | None:
    """Return the process id of the daemon's tone worker."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if home.process is not None and int(fields[1]) == home.process.pid:
            return int(stat.parent.name)
    return None


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


KILLS: dict[str, Callable[[Household], object]] = {
    "while the model is loaded": worker_of,
    "while it is judged": lambda home: home.rows(),
    "while it is held": lambda home: any(row.state == "held" for row in home.rows()),
}


@needs_proc
@pytest.mark.parametrize("when", KILLS)
async def test_killed(dovecot: Dovecot, tmp_path: Path, when: str) -> None:
    """Killed at different times: its worker ends with it, and after the restart everything is sent once, in its time."""
    async with household(dovecot.user(), tmp_path, HOLD) as home:
        calm, hot = await home.save(CALM_TEXT, "The new logo"), await home.save(HOT_TEXT, "The last bill")
        home.start_by_command()
        await home.until(lambda: KILLS[when](home))
        worker = worker_of(home)
        home.signal(signal.SIGKILL)
        await home.dies()
        home.start_by_command()
        await home.settles()
        ended = await home.audit(hold=HOLD)
        assert set(ended) == {calm, hot}
        assert set(ended.values()) <= {"filed", "review"}
        if worker is not None:
            await home.until(lambda: not alive(worker))


@needs_proc
async def test_the_worker_is_killed(dovecot: Dovecot, tmp_path: Path) -> None:
    """A tone worker that the system kills (no memory left, say) is started again; nothing goes out unjudged."""
    async with household(dovecot.user(), tmp_path, HOLD) as home:
        home.start_by_command()
        hot = await home.save(HOT_TEXT, "The last bill")
        await home.until(lambda: worker_of(home))
        worker = worker_of(home)
        assert worker is not None
        os.kill(worker, signal.SIGKILL)
        await home.until(lambda: home.state_of(hot) == "held")
        await home.settles()
        assert await home.audit(hold=HOLD) == {hot: "filed"}


async def test_told_to_stop_at_any_moment(dovecot: Dovecot, tmp_path: Path) -> None:
    """SIGTERM at thirty random moments of its work: each time it ends with 0 and within seconds, in the end everything was sent once."""
    chance = random.Random(5)
    async with household(dovecot.user(), tmp_path, HOLD) as home:
        for number in range(STOPS):
            if number % 5 == 0:
                await home.save(HOT_TEXT if number % 10 else CALM_TEXT, f"number {number}")
            before = home.log.count("coolmail starts")
            home.start()
            await home.until(lambda before=before: home.log.count("coolmail starts") > before)  # type: ignore[misc]
            await asyncio.sleep(chance.uniform(0.0, 0.8))
            await home.ends_in_order()
        home.start()
        await home.settles()
        ended = await home.audit(hold=HOLD)
        assert set(ended.values()) <= {"filed", "review"}
