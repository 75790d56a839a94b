"""One account's service: connect, prepare the mailboxes, sweep whenever something may have changed, reconnect for ever.

One session does the work. Others, one a watched mailbox, stand in IDLE and only ring a bell; where the server refuses them, polling remains.
The journal rings the same bell when the command line decided something. Because every sweep looks at everything, a bell that is
lost costs time and nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from coolmail.config import PasswordError, find_password
from coolmail.core.errors import CoolmailError
from coolmail.core.settings import Account, Settings
from coolmail.core.steps import Role
from coolmail.daemon.beside import AT_ONCE, Beside
from coolmail.daemon.boxes import NoMailboxError, prepare
from coolmail.daemon.desk import Desk, Judge, log
from coolmail.daemon.doors import Doors
from coolmail.daemon.notifying import Notifier
from coolmail.daemon.survey import Survey
from coolmail.daemon.sweep import Sweeper
from coolmail.journal import Journal, JournalCorruptError, JournalError
from coolmail.mail import submission
from coolmail.mail.imap.errors import (
    ImapError,
    LoginRefused,
    MailboxMissing,
    TlsRequired,
    UntrustedCertificate,
)
from coolmail.mail.imap.session import ImapSession

IDLE_ON = (Role.OUTBOX, Role.DRAFTS, Role.SEND_ANYWAY, Role.HELD)
"""Mailboxes with a connection of their own that waits for news."""

JOURNAL_EVERY = 0.5
"""Seconds between two looks at the journal for what the command line decided."""

FIRST_WAIT, LONGEST_WAIT = 1.0, 300.0
"""Seconds before the first reconnect, and at most."""

LOGIN_WAITS = (60.0, 300.0, 900.0, 3600.0)
"""Seconds between logins after the server refused one: providers lock accounts after a handful of wrong passwords."""

Random = Callable[[], float]


def reconnect_wait(failures: int, chance: Random = random.random) -> float:
    """Return the seconds to wait after the given number of failures in a row: doubling, with jitter so that many clients don't return as one."""
    doubled = FIRST_WAIT * float(2 ** min(failures - 1, 12))
    return min(LONGEST_WAIT, doubled) * (0.5 + chance() / 2)


@dataclass
class AccountService:
    """Serves one account until cancelled. `clock` is UTC, `monotonic` in seconds."""

    account: Account
    settings: Settings
    journal: Journal
    judge: Judge
    clock: Callable[[], datetime]
    monotonic: Callable[[], float]
    zone: tzinfo
    notifier: Notifier | None = None
    bell: asyncio.Event = field(default_factory=asyncio.Event)
    turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    """Those who prepare a call take turns."""
    sweeps: int = 0
    """How often this account was swept, for tests and `status`."""
    calls: Beside = field(init=False)

    def __post_init__(self) -> None:
        self.calls = Beside(self.turn, self.bell.set)

    async def serve(self) -> None:
        """Serve the account for ever; every failure is recorded for `coolmail status`, waited out, and tried again.

        Only a damaged journal ends it (`JournalCorruptError`).
        """
        try:
            await self._serve()
        finally:
            await self.calls.stop()

    async def _serve(self) -> None:
        failures = refusals = 0
        while True:
            await self._say("connecting", "")
            started = self.monotonic()
            try:
                await self._connected()
            except (LoginRefused, UntrustedCertificate, TlsRequired, PasswordError, NoMailboxError) as error:
                if isinstance(error, LoginRefused) and error.temporary:
                    failures += 1
                    await self._wait("retrying", error, reconnect_wait(failures))
                    continue
                refusals += 1
                await self._wait("refused", error, LOGIN_WAITS[min(refusals, len(LOGIN_WAITS)) - 1])
            except JournalCorruptError:
                raise  # no trying again mends it
            except (CoolmailError, OSError) as error:
                if self.monotonic() - started > LONGEST_WAIT:
                    failures = 0
                failures, refusals = failures + 1, 0
                await self._wait("retrying", error, reconnect_wait(failures))

    async def _wait(self, state: str, error: BaseException, seconds: float) -> None:
        log.warning("%s: %s; next try in %.0f s", self.account.name, error, seconds)
        await self._say(state, str(error))
        await asyncio.sleep(seconds)

    async def _say(self, state: str, detail: str) -> None:
        with contextlib.suppress(JournalError):  # the supervisor reports a journal that cannot be written
            await self.journal.set_account(self.account.name, state, detail, self.clock())

    async def _connected(self) -> None:
        """Work on one connection until it ends."""
        password = await find_password(self.account.name, self.account.imap)
        session = await ImapSession.open(self.account.imap, password)
        session.protocol.on_dirty = lambda: self._ring_if_lost(session)
        try:
            boxes = await prepare(session, self.account)
            desk = Desk(
                account=self.account,
                settings=self.settings,
                journal=self.journal,
                session=session,
                boxes=boxes,
                judge=self.judge,
                submit=self._submit,
                calls=self.calls,
                clock=self.clock,
                zone=self.zone,
                another_session=lambda: ImapSession.open(self.account.imap, password),
                notify=None if self.notifier is None else self.notifier.notify,
            )
            sweeper = Sweeper(desk, Survey(session, boxes), Doors(self.settings.settle, self.monotonic), self.monotonic)
            await sweeper.meet()
            await self._say("ready", "")
            log.info(
                "%s: connected to %s, watching %s",
                self.account.name,
                self.account.imap.host,
                ", ".join(boxes[role] for role in IDLE_ON),
            )
            tasks = [asyncio.create_task(self._watch(boxes[role], password)) for role in IDLE_ON]
            tasks.append(asyncio.create_task(self._listen_to_journal()))
            try:
                await self._sweep_for_ever(sweeper)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            await session.logout()
        finally:
            session.abort()

    def _ring_if_lost(self, session: ImapSession) -> None:
        """Let a connection that dies while nothing is to be done be noticed at once, not at the next poll."""
        if not session.alive:
            self.bell.set()

    async def _sweep_for_ever(self, sweeper: Sweeper) -> None:
        desk, made_anew = sweeper.desk, False
        while True:
            self.bell.clear()
            try:
                wake = await sweeper.sweep()
            except MailboxMissing as error:
                if made_anew:
                    raise
                # Somebody deleted or renamed one of ours: make it anew; what lay in it is restored from the journal.
                log.warning("%s: %s It is made anew.", self.account.name, error)
                desk.boxes = await prepare(desk.session, self.account)
                sweeper.survey = Survey(desk.session, desk.boxes)
                made_anew = True
                continue
            made_anew = False
            self.sweeps += 1
            pause = min((wake - self.clock()).total_seconds(), self.settings.poll.total_seconds())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.05, pause)):
                    await self.bell.wait()

    async def _watch(self, mailbox: str, password: str) -> None:
        """Ring the bell whenever a mailbox changes. Trouble here is no trouble: polling goes on."""
        failures = 0
        while True:
            session = None
            try:
                session = await ImapSession.open(self.account.imap, password)
                await session.select(mailbox, readonly=True)
                self.bell.set()  # what came before this connection listened was told to nobody
                while True:
                    failures = 0
                    if await session.idle(540.0):
                        self.bell.set()
                    await session.select(mailbox, readonly=True)
            except (ImapError, OSError) as error:
                failures += 1
                log.debug("%s: watching %s ended: %s", self.account.name, mailbox, error)
                self.bell.set()
                # A server that allows few connections, or is going down: the working session will notice that for itself.
                await asyncio.sleep(max(5.0, reconnect_wait(failures + 3)))
            finally:
                if session is not None:
                    session.abort()

    async def _listen_to_journal(self) -> None:
        """Ring the bell when the command line decided something about this account."""
        version, known = self.journal.version(), await self.journal.attention(self.account.name)
        while True:
            await asyncio.sleep(JOURNAL_EVERY)
            with contextlib.suppress(JournalError):
                if (now := self.journal.version()) == version:
                    continue
                version, before = now, known
                known = await self.journal.attention(self.account.name)
                if known != before:
                    self.bell.set()

    async def _submit(self, **message: Any) -> submission.Accepted:
        """Submit a message to this account's server."""
        password = await find_password(self.account.name, self.account.smtp)
        return await submission.submit(self.account.smtp, password, **message)
