"""Work on the journal's file that is never cut in the middle.

A cancellation that reaches SQLAlchemy's SQLite driver in the middle of an operation can leave it waiting for ever, and nobody knows then whether the
commit was made. An operation takes milliseconds, so it is brought to its end first; then the cancellation goes on its way.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


async def to_its_end(work: Coroutine[Any, Any, Result]) -> Result:
    """Do the work; a caller that is cancelled meanwhile is told so when the work has ended."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # nobody is left to be told
        raise


def whole(method: Callable[Arguments, Coroutine[Any, Any, Result]]) -> Callable[Arguments, Coroutine[Any, Any, Result]]:
    """Make a coroutine function one that is brought to its end."""

    @functools.wraps(method)
    async def brought_to_its_end(*args: Arguments.args, **more: Arguments.kwargs) -> Result:
        return await to_its_end(method(*args, **more))

    return brought_to_its_end
