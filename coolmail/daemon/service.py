"""The daemon: every account served side by side, each failing on its own; signs of life in the journal; a clean stop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from coolmail.core.settings import Settings
from coolmail.daemon.account import AccountService
from coolmail.daemon.beside import AT_ONCE
from coolmail.daemon.desk import Judge, log
from coolmail.daemon.notifying import Notifier
from coolmail.daemon.zone import zone_of
from coolmail.journal import Journal, JournalCorruptError, JournalError

SIGN_EVERY = 5.0
"""Seconds between two signs of life; `coolmail status` calls a daemon dead after three times that."""

JUMP = timedelta(hours=1)
"""A wall clock that moves this much more or less than the monotonic one is reported."""

PURGE_EVERY = 3600.0
"""Seconds between two purges, and from a start or a jump of the clock to the first."""

RESTART = 5.0
"""Seconds before a service that failed in a way nobody foresaw is started again."""


def utc_now() -> datetime:
    """Return the wall clock in UTC."""
    return datetime.now(UTC)


async def run(
    settings: Settings,
    journal: Journal,
    judge: Judge,
    *,
    clock: Callable[[], datetime] = utc_now,
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Serve all accounts until cancelled, or until the journal turns out to be damaged (`JournalCorruptError`)."""
    zone = zone_of(settings)
    turn = asyncio.Semaphore(AT_ONCE)
    notifier = Notifier(settings.notifications, monotonic)
    services = [
        AccountService(account, settings, journal, judge, clock, monotonic, zone, notifier, turn=turn)
        for account in settings.accounts
    ]
    started_at = clock()
    tasks = [asyncio.create_task(_supervised(service)) for service in services]
    tasks.append(asyncio.create_task(_signs_of_life(journal, settings, started_at, clock, monotonic)))
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(JournalError):
            for service in services:
                await journal.set_account(service.account.name, "stopped", "", clock())
            await journal.no_sign_of_life(os.getpid())


async def _supervised(service: AccountService) -> None:
    """Keep one account's service running, whatever happens to it."""
    while True:
        try:
            await service.serve()
        except JournalCorruptError:
            raise
        except Exception:
            log.exception(
                "%s: its service failed and is started again; your mail is safe where it lies", service.account.name
            )
            await asyncio.sleep(RESTART)


async def _signs_of_life(
    journal: Journal,
    settings: Settings,
    started_at: datetime,
    clock: Callable[[], datetime],
    monotonic: Callable[[], float],
) -> None:
    """Record that the daemon lives, notice jumps of the clock, and purge the content of mail that ended long ago."""
    notice, purged = "", monotonic()
    wall, steady = clock(), monotonic()
    while True:
        jump = (clock() - wall) - timedelta(seconds=monotonic() - steady)
        if abs(jump) > JUMP:
            notice = f"the clock jumped by {jump.total_seconds() / 3600:+.1f} h around {clock():%Y-%m-%d %H:%M} UTC; deadlines follow the wall clock"
            log.warning("%s", notice)
            purged = monotonic()  # what is old by a clock that may be wrong is not removed yet
        wall, steady = clock(), monotonic()
        try:
            await journal.sign_of_life(os.getpid(), started_at, clock(), notice)
            if steady - purged >= PURGE_EVERY:
                await journal.purge(clock() - settings.queue.keep)
                purged = steady
        except JournalCorruptError:
            raise
        except JournalError as error:
            log.error("%s", error)
        await asyncio.sleep(SIGN_EVERY)
