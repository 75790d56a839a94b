"""A user's world in which the real daemon runs: a real IMAP server, a submission sink, a journal on disk, the tone model, a movable clock."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from coolmail.core.entry import Entry
from coolmail.core.settings import Account, HoldRules, Mailboxes, Server, Settings, Settle, WorkingHours
from coolmail.core.states import Decision, State
from coolmail.core.tone import Scale, ToneReport
from coolmail.daemon import service
from coolmail.journal import Journal
from coolmail.journal.store import can_be
from coolmail.mail.imap.session import ImapSession
from coolmail.mail.imap.values import Uid
from coolmail.mail.message import read_draft
from coolmail.tone.model import ToneModel
from tests.servers.smtp_sink import SmtpSink

ANNA = "anna@studio.example"
BOB = "bob@client.example"

CALM = "Hi Bob,\r\n\r\nThe new logo is attached, and the invoice follows on Friday as agreed.\r\n\r\nBest wishes\r\nAnna\r\n"
HEATED = (
    "Bob,\r\n\r\nAs I have now explained four times, the delay is entirely your own fault. You never read a single mail I send, "
    "and then you have the nerve to shout at me. Are you really too stupid to open an attachment?\r\n"
    "I am sick of your whining. Find another idiot who works for you.\r\n\r\nAnna\r\n"
)
SOFTENED = (
    "Hi Bob,\r\n\r\nI am sorry about the delay. I have now attached the mail with the attachment again. "
    "Could we talk tomorrow at ten? I think that is easier.\r\n\r\nBest wishes\r\nAnna\r\n"
)

_numbers = itertools.count(1)


def letter(
    body: str = CALM,
    *,
    subject: str = "Re: The new logo",
    to: str = f"Bob <{BOB}>",
    sender: str = f"Anna <{ANNA}>",
    in_reply_to: str | None = "<question@client.example>",
    message_id: str | None = "new",
    extra: str = "",
) -> bytes:
    """Return a message as a mail client saves it."""
    if message_id == "new":
        message_id = f"<draft{next(_numbers)}@studio.example>"
    lines = [f"From: {sender}", f"To: {to}", f"Subject: {subject}", "Date: Tue, 24 Nov 2026 10:00:00 +0100"]
    if message_id is not None:
        lines.append(f"Message-ID: {message_id}")
    if in_reply_to is not None:
        lines += [f"In-Reply-To: {in_reply_to}", f"References: {in_reply_to}"]
    lines += ["MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit"]
    return ("\r\n".join(lines) + "\r\n" + extra + "\r\n" + body).encode()


def question(subject: str = "The new logo", message_id: str = "<question@client.example>") -> bytes:
    """Return what the client wrote first."""
    sender, to = f"Bob <{BOB}>", f"Anna <{ANNA}>"
    return letter("Where is it?\r\n", subject=subject, to=to, sender=sender, in_reply_to=None, message_id=message_id)


class InProcessJudge:
    """The real tone model, in a thread of this process; the worker process has tests of its own."""

    def __init__(self, model: ToneModel) -> None:
        self._model = model
        self.levels = model.calibration.scale()

    async def ready(self) -> None:
        """Do nothing: it is loaded."""

    async def judge(self, texts: Sequence[str]) -> list[ToneReport]:
        """Judge in a thread."""
        return await asyncio.to_thread(self._model.judge, texts, self.levels)

    def scale(self) -> Scale:
        """Return the model's own, unless a test has others."""
        return self.levels


@dataclass
class World:
    """One account's world. Mailbox names as with the separator `/`."""

    settings: Settings
    journal_file: Path
    judge: InProcessJudge
    sink: SmtpSink
    client: ImapSession
    offset: timedelta = timedelta(0)
    daemon: asyncio.Task[None] | None = None
    journal: Journal = field(init=False)
    _open: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)

    # -- the daemon

    def now(self) -> datetime:
        """Return the world's clock."""
        return datetime.now(UTC) + self.offset

    async def start(self) -> None:
        """Start the daemon and wait until it is ready."""
        self.journal = await self._open.enter_async_context(Journal.open(self.journal_file))
        self.daemon = asyncio.create_task(service.run(self.settings, self.journal, self.judge, clock=self.now))
        await self.until(self._ready)

    async def _ready(self) -> bool:
        accounts = await self.journal.accounts()
        return len(accounts) == len(self.settings.accounts) and all(
            account.state != "connecting" for account in accounts
        )

    async def stop(self) -> None:
        """Stop the daemon in good order."""
        if self.daemon is not None:
            self.daemon.cancel()
            await asyncio.gather(self.daemon, return_exceptions=True)
            self.daemon = None
        await self._open.aclose()
        self._open = contextlib.AsyncExitStack()

    def skip(self, span: timedelta) -> None:
        """Let the wall clock jump."""
        self.offset += span

    async def until(self, condition: Callable[[], Awaitable[object]], within: float = 120.0) -> None:
        """Wait until a condition holds; on failure tell what the journal says."""
        try:
            async with asyncio.timeout(within):
                while not await condition():
                    if self.daemon is not None and self.daemon.done():
                        self.daemon.result()
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError("\n".join(["it did not happen; the journal says:", *await self.story()])) from None

    async def story(self) -> list[str]:
        """Return every event of every message."""
        return [
            f"{e.at:%T} {e.message} {e.state}: {e.what}"
            for m in await self.journal.recent()
            for e in await self.journal.events(m.id)
        ]

    async def reaches(self, state: State, subject: str = "logo", within: float = 120.0) -> Entry:
        """Wait until the newest message with this subject is in a state."""

        async def there() -> bool:
            return any(entry.state is state and subject in entry.subject for entry in await self.journal.recent())

        await self.until(there, within)
        return next(entry for entry in await self.journal.recent() if entry.state is state and subject in entry.subject)

    async def swept(self, times: int = 2) -> None:
        """Wait until the daemon has looked at everything again, seen by its reading of the journal's clock."""
        for _ in range(times):
            await asyncio.sleep(self.settings.poll.total_seconds() + 0.25)

    async def decide(self, entry: Entry, decision: Decision) -> bool:
        """Decide as the command line does."""
        return await self.journal.decide(entry.id, decision, can_be(decision), now=self.now(), what=f"you: {decision}")

    # -- the user's mail client

    async def save(self, mailbox: str, raw: bytes, *flags: str) -> None:
        """Save a message."""
        await self.client.append(mailbox, raw, flags=flags)

    async def messages(self, mailbox: str) -> dict[Uid, bytes]:
        """Return the messages of a mailbox."""
        selected = await self.client.select(mailbox)
        if not selected.exists:
            return {}
        found = {uid: await self.client.fetch(uid) for uid in await self.client.search("ALL")}
        return {uid: raw for uid, raw in found.items() if raw is not None}

    async def subjects(self, mailbox: str) -> list[str]:
        """Return the subjects in a mailbox."""
        return [read_draft(raw).subject for raw in (await self.messages(mailbox)).values()]

    async def flags(self, mailbox: str, subject: str) -> frozenset[str]:
        """Return the flags of the first message with this subject."""
        await self.client.select(mailbox)
        (uid, *_) = await self.client.search("SUBJECT", subject)
        return (await self.client.overview([uid]))[0].flags

    async def drag(self, source: str, target: str, subject: str = "logo") -> None:
        """Move the messages with this subject."""
        await self.client.select(source)
        for uid in await self.client.search("SUBJECT", subject):
            assert await self.client.move(uid, target) is not None

    async def delete(self, mailbox: str, subject: str = "logo") -> None:
        """Delete the messages with this subject for good."""
        await self.client.select(mailbox)
        for uid in await self.client.search("SUBJECT", subject):
            await self.client.expunge(uid)

    async def flag(self, mailbox: str, subject: str = "logo", add: str = "\\Flagged") -> None:
        """Flag the messages with this subject."""
        await self.client.select(mailbox)
        for uid in await self.client.search("SUBJECT", subject):
            await self.client.store(uid, add=(add,))


RULES = HoldRules(working_hours=WorkingHours(0, 24 * 60, frozenset(range(1, 8)), "UTC"))
"""The defaults, but every hour is a working hour, so that a test does not depend on the day it runs."""


def settings_for(imap: Server, smtp: Server, mailboxes: Mailboxes) -> Settings:
    """Return the settings of a world: defaults, but quick."""
    account = Account("work", ANNA, imap, smtp, mailboxes)
    quick = timedelta(seconds=0.3)
    return Settings((account,), hold=RULES, settle=Settle(quick, quick), poll=timedelta(seconds=0.5))


@contextlib.asynccontextmanager
async def world_on(
    imap: Server, sink: SmtpSink, model: ToneModel, folder: Path, mailboxes: Mailboxes
) -> AsyncIterator[World]:
    """Make a world on a mail server; the daemon is not started yet."""
    client = await ImapSession.open(imap, imap.secret.password or "")
    world = World(
        settings_for(imap, sink.server(), mailboxes), folder / "journal.sqlite3", InProcessJudge(model), sink, client
    )
    try:
        yield world
    finally:
        await world.stop()
        client.abort()


def with_hold(world: World, **changes: object) -> None:
    """Change the rules of holding before the daemon starts."""
    world.settings = replace(world.settings, hold=replace(world.settings.hold, **changes))  # type: ignore[arg-type]
