"""Waiting for news from the selected mailbox: IDLE (RFC 2177), or NOOP now and then where the server has none.

A round ends when the server tells something, when another command wants the connection, or when its time is over; then DONE is sent, and its answer
has `protocol.DONE_PATIENCE` to come or the connection is closed. The round is a task of its own: a caller who is cancelled leaves at once, the round
is brought to its end behind it, and the connection stays usable. What it then learns is kept for the next round.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from coolmail.mail.imap.errors import ConnectionLost

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from coolmail.mail.imap.protocol import HardenedProtocol

LONGEST = 600.0
"""Seconds. Servers may hang up after 30 minutes (RFC 3501 section 5.4), routers forget connections much sooner."""

POLL = 30.0
"""Seconds between two NOOPs where there is no IDLE."""


async def wait_for_change(protocol: HardenedProtocol, timeout: float) -> bool:  # noqa: ASYNC109 - the round must end in order, not be cut
    """Return True when the mailbox has changed or may have, False after `timeout` seconds (at most `LONGEST`)."""
    timeout = min(timeout, LONGEST)
    if protocol.failure is None and protocol.changed.is_set():
        protocol.changed.clear()
        return True
    task = asyncio.create_task(_wait(protocol, timeout))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        protocol.tasks.add(task)
        task.add_done_callback(lambda done: _abandoned(protocol, done))
        protocol.changed.set()
        raise


def _abandoned(protocol: HardenedProtocol, task: asyncio.Task[bool]) -> None:
    protocol.tasks.discard(task)
    if not task.cancelled():
        task.exception()  # whoever uses the connection next is told
    protocol.changed.set()


async def _wait(protocol: HardenedProtocol, timeout: float) -> bool:  # noqa: ASYNC109
    if "IDLE" not in protocol.capabilities:
        return await _poll(protocol, timeout)
    idling = asyncio.create_task(protocol.idle())
    await _first(idling, protocol.wait_for_idle_response())
    if not idling.done():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await _first(idling, protocol.changed.wait())
        protocol.idle_done()
    try:
        response = await idling
    except asyncio.CancelledError:
        protocol.fail(ConnectionLost(f"The connection to {protocol.who} was closed while it waited."))
        raise
    if response.result != "OK":
        protocol.capabilities.discard("IDLE")
        return await _poll(protocol, timeout)
    return _news(protocol)


async def _poll(protocol: HardenedProtocol, timeout: float) -> bool:  # noqa: ASYNC109
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout
    while True:
        await protocol.simple_command("NOOP")
        left = deadline - loop.time()
        if protocol.changed.is_set() or left <= 0:
            return _news(protocol)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(POLL, left)):
                await protocol.changed.wait()


def _news(protocol: HardenedProtocol) -> bool:
    changed = protocol.changed.is_set()
    protocol.changed.clear()
    return changed


async def _first(idling: asyncio.Task[object], other: Coroutine[object, object, object]) -> None:
    """Wait until one of the two is done; the first is left alone, the other is ended."""
    waiting = asyncio.ensure_future(other)
    try:
        await asyncio.wait({idling, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
