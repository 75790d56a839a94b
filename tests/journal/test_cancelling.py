"""A daemon that stops cancels whatever it is doing, also in the middle of a transaction."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

from coolmail.core.states import State
from coolmail.journal import Journal
from tests.core.making import NOW
from tests.journal.adding import add


async def test_cancelled_in_the_middle_of_an_operation(path: Path) -> None:
    """Cancelled at three hundred random moments: each ends as cancelled, none hangs, the journal works on and closes."""
    chance = random.Random(1)
    async with asyncio.timeout(60):
        async with Journal.open(path) as journal:

            async def work() -> None:
                while True:
                    await journal.set_account("work", "retrying", str(chance.random()), NOW)
                    await journal.active("work")

            for _ in range(100):
                tasks = [asyncio.create_task(work()) for _ in range(3)]
                begun, delay = time.perf_counter(), chance.uniform(0, 0.01)
                while time.perf_counter() - begun < delay:  # noqa: ASYNC110 - a moment, not an event
                    await asyncio.sleep(0)
                for task in tasks:
                    task.cancel()
                done, pending = await asyncio.wait(tasks, timeout=5)
                assert not pending
                assert all(task.cancelled() for task in done)
            assert await add(journal) in await journal.active("work")


async def test_a_commit_that_had_begun_is_made(path: Path) -> None:
    """A move that is cancelled has happened whole, with its event, or not at all."""
    async with Journal.open(path) as journal:
        for number in range(40):
            entry = await add(journal, number)
            task = asyncio.create_task(journal.move(entry.id, State.TAKEN, State.SCORED, now=NOW, what="scored"))
            for _ in range(number):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait({task})
            now = await journal.get(entry.id)
            assert now is not None
            events = [event.state for event in await journal.events(entry.id)]
            assert events == ([State.TAKEN, State.SCORED] if now.state is State.SCORED else [State.TAKEN])
