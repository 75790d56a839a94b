"""Stories that mostly wait, told side by side in a thread, so that a table of them takes a minute and each is a test of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Future
from typing import Generic, TypeVar

Key = TypeVar("Key")
End = TypeVar("End")

AT_ONCE = 8


class SideBySide(Generic[Key, End]):
    """Tells `tell(key)` for every key, at most `at_once` at a time, in order; `end(key)` waits for one and returns, or raises, what it did."""

    def __init__(self, keys: Iterable[Key], tell: Callable[[Key], Awaitable[End]], at_once: int = AT_ONCE) -> None:
        self._futures: dict[Key, Future[End]] = {key: Future() for key in keys}
        self._tell = tell
        self._at_once = at_once
        self._stop: Callable[[], object] = lambda: None
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._all()), daemon=True)
        self._thread.start()

    def end(self, key: Key) -> End:
        """Return how a story ended."""
        return self._futures[key].result()

    def close(self) -> None:
        """Break off what is still being told."""
        self._started.wait()
        self._stop()
        self._thread.join()

    async def _all(self) -> None:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        self._stop = lambda: loop.call_soon_threadsafe(stop.set) if not loop.is_closed() else None
        self._started.set()
        turn = asyncio.Semaphore(self._at_once)
        tasks = [asyncio.create_task(self._one(key, turn)) for key in self._futures]
        stopping = asyncio.create_task(stop.wait())
        done = asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.wait({stopping, asyncio.ensure_future(done)}, return_when=asyncio.FIRST_COMPLETED)
        for task in (stopping, *tasks):
            task.cancel()
        await asyncio.gather(stopping, *tasks, return_exceptions=True)

    async def _one(self, key: Key, turn: asyncio.Semaphore) -> None:
        future = self._futures[key]
        try:
            async with turn:
                future.set_result(await self._tell(key))
        except asyncio.CancelledError:
            future.cancel()
            raise
        except BaseException as error:
            future.set_exception(error)
