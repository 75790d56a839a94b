"""`coolmail run`: the daemon in the foreground."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from coolmail.cli.opening import ConfigOption, settings_from
from coolmail.cli.output import errors_in_words, fail
from coolmail.config import journal_path
from coolmail.core.settings import Settings

RETRY_JOURNAL = 30.0
"""Seconds between two tries to open a journal that cannot be written."""

log = logging.getLogger("coolmail")


def run(
    config: ConfigOption = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")] = False,
) -> None:
    """Run the daemon in the foreground; Ctrl-C or SIGTERM stops it cleanly. Logs to standard error."""
    settings = settings_from(config)
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.WARNING,
        format="%(asctime)s %(levelname)-7s %(message)s",
        datefmt="%Y-%m-%d %H:%M:%S",
    )
    logging.getLogger("coolmail").setLevel(logging.DEBUG if verbose else logging.INFO)
    path = journal_path(settings)
    with errors_in_words(), only_one(path), contextlib.suppress(asyncio.CancelledError):
        asyncio.run(_serve(settings, path))


@contextlib.contextmanager
def only_one(journal: Path) -> Iterator[None]:
    """Hold the lock that keeps a second daemon from the same journal; the system frees it when the process ends, however it ends."""
    lock = journal.with_name(journal.name + ".lock")
    try:
        lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        fail(
            f"the folder of the journal, {lock.parent}, cannot be written: {error.strerror}. Nothing was taken, nothing was sent"
        )
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        fail(f"a daemon already works with the journal {journal}; `coolmail status` tells more")
    try:
        yield
    finally:
        os.close(handle)


async def _serve(settings: Settings, path: Path) -> None:
    """Serve until a signal comes; a journal that cannot be opened is tried again, because nothing may be taken or sent without one."""
    from coolmail.daemon import service  # noqa: PLC0415 - keeps `coolmail --help` quick
    from coolmail.journal import Journal, JournalCorruptError, JournalError  # noqa: PLC0415
    from coolmail.journal.rescue import set_aside  # noqa: PLC0415
    from coolmail.tone import ToneWorker  # noqa: PLC0415

    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - a coroutine always runs in a task
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, task.cancel)
    log.info(
        "coolmail starts with %s and the journal %s", ", ".join(account.name for account in settings.accounts), path
    )
    while True:
        try:
            async with Journal.open(path) as journal, ToneWorker.from_settings(settings) as judge:
                await service.run(settings, journal, judge)
        except JournalCorruptError as error:
            try:
                kept = set_aside(path)
            except OSError as refused:
                log.error("%s It cannot be kept aside (%s); tried again.", error, refused.strerror)  # noqa: TRY400
                await asyncio.sleep(RETRY_JOURNAL)
                continue
            log.error("%s It was kept as %s; a new one is built from what lies in the mailboxes.", error, kept)  # noqa: TRY400 - a sentence for the user
        except JournalError as error:
            log.error("%s Next try in %.0f s.", error, RETRY_JOURNAL)  # noqa: TRY400
            await asyncio.sleep(RETRY_JOURNAL)
        except asyncio.CancelledError:
            log.info("coolmail stops; what waits goes on at the next start")
            raise
