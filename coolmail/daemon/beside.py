"""Calls are prepared beside the sweep: a calendar server that does not answer delays the note about a hold, and nothing else.

A sweep asks for what was found. Where that is not in the journal yet, a task looks for it, the sweep goes on, and the note waits, at most until the
deadline. The bell rings when it is there, and the next sweep writes note and suggestion as if it had been there at once. So nothing has to survive
a crash: what was found is in the journal, what was not is looked for again, and a note that was not written is still to be written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container

from coolmail.core.entry import Entry
from coolmail.core.talk import Preparation
from coolmail.daemon.desk import Desk, log
from coolmail.daemon.preparing import kept, prepare
from coolmail.journal import JournalError

AT_ONCE = 2
"""How many calls are prepared at once, for all accounts together: each is a process, and a connection to every server concerned."""

PATIENCE = 180.0
"""Seconds that a note waits for what a call needs, those included in which others have their turn."""

Task = asyncio.Task[Preparation]


class Beside:
    """Prepares the calls of one account; `turn` is shared by all, `ring` is called whenever one is ready."""

    def __init__(self, turn: asyncio.Semaphore, ring: Callable[[], None]) -> None:
        self._turn = turn
        self._ring = ring
        self._tasks: dict[str, Task] = {}
        self._leaving: set[Task] = set()

    async def prepared(self, desk: Desk, entry: Entry) -> Preparation | None:
        """Return what was found for a call instead of this message; None while it is being looked for.

        What cannot be found in time, or because of a fault of ours, is left out and a remark says so; a `JournalError` is raised here.
        """
        task = self._tasks.get(entry.id)
        if task is None:
            found = await kept(desk, entry)
            if found is None:
                self._tasks[entry.id] = task = asyncio.create_task(self._prepare(desk, entry))
                task.add_done_callback(lambda _: self._ring())
            return found
        if not task.done():
            return None
        del self._tasks[entry.id]
        return task.result()

    def only(self, waiting: Container[str]) -> None:
        """Give up what is looked for because of messages that are not in `waiting` (ids) any more."""
        for identifier in [each for each in self._tasks if each not in waiting]:
            task = self._tasks.pop(identifier)
            self._leaving.add(task)
            task.add_done_callback(self._left)
            task.cancel()

    async def stop(self) -> None:
        """Give up everything, and wait until connections and processes have ended."""
        self.only(())
        await asyncio.gather(*self._leaving, return_exceptions=True)

    def _left(self, task: Task) -> None:
        self._leaving.discard(task)
        if not task.cancelled():
            task.exception()  # nobody asks for it any more

    async def _prepare(self, desk: Desk, entry: Entry) -> Preparation:
        try:
            async with asyncio.timeout(PATIENCE), self._turn:
                return await prepare(desk, entry)
        except JournalError:
            raise
        except TimeoutError:
            why = f"it took longer than {PATIENCE:.0f} s"
            log.warning("%s: the call instead of %s was not prepared: %s", desk.account.name, entry.id, why)
        except Exception:
            why = "coolmail made a mistake, which its log tells"
            log.exception("%s: the call instead of %s could not be prepared", desk.account.name, entry.id)
        return Preparation(remarks=(f"Numbers and times for a call were not looked for to the end: {why}.",))
