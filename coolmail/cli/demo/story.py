"""The story of the demo: a web designer answers three clients. Every line that says that something happened was seen on the servers first."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from pathlib import Path

from rich.console import Console, Group
from rich.panel import Panel
from rich.text import Text

from coolmail.cli.demo.servers import Servers
from coolmail.cli.output import LEVEL_STYLE, bar
from coolmail.cli.review import marked
from coolmail.config import loads
from coolmail.core.errors import CoolmailError
from coolmail.core.states import State
from coolmail.core.tone import ToneReport
from coolmail.daemon import service
from coolmail.journal import Journal
from coolmail.mail.imap.session import ImapSession
from coolmail.mail.message import read_draft
from coolmail.tone import ToneWorker

PATIENCE = 25.0
"""Seconds that a step may take before the demo says that it did not happen."""

ME = "mia@pixelgarden.example"

CONFIG = """\
accounts:
  - name: studio
    address: mia@pixelgarden.example
    phone: "+45 70 12 34 56"
    imap: {{host: 127.0.0.1, port: {imap}, tls: none, username: mia, password: "{password}"}}
    smtp: {{host: 127.0.0.1, port: {smtp}, tls: none, username: mia, password: "{password}"}}
    mailboxes: {{drafts: Drafts, sent: Sent}}
settle: 1s
hold: {{minimum: 6s, maximum: 9s, remind_before: 0s, working_hours: {{hours: "0:00-24:00", days: [mon, tue, wed, thu, fri, sat, sun]}}}}
"""


class NotSeenError(CoolmailError):
    """A step of the story was not seen on the servers."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What a client wrote and what Mia answers."""

    client: tuple[str, str]
    subject: str
    asked: str
    answer: str


CALM = Letter(
    ("Ruth Okafor", "ruth@greenleaf.example"),
    "Colours on the start page",
    "Hi Mia, could the green be a little darker? And when do we see the next version?\r\n",
    "Hi Ruth,\r\n\r\nYes, of course. I have made the green two steps darker and put the new version on the preview page.\r\n"
    "You can expect the contact form by Thursday.\r\n\r\nBest wishes\r\nMia\r\n",
)
FIRM = Letter(
    ("Tom Birk", "tom@birk-cycles.example"),
    "Invoice 1042",
    "Mia, we will not pay for the extra pages, they were part of the deal.\r\n",
    "Dear Tom,\r\n\r\nThank you for your mail. I am sorry, but I cannot take the four extra pages off the invoice. The offer of 3 March\r\n"
    "covers six pages, and you confirmed the additional four on 12 April. The amount is due on 30 November.\r\n"
    "If you would like to pay in two instalments, that is fine with me.\r\n\r\nKind regards\r\nMia\r\n",
)
HEATED = Letter(
    ("Bob Hansen", "bob@hansen-windows.example"),
    "The web shop is STILL not online",
    "This is a joke. Three weeks late, and now the shop crashes on my phone. What am I paying you for?\r\n",
    "Bob,\r\n\r\nThe crash on your phone is fixed, the new version is online since this morning.\r\n"
    "As I have now explained four times, the shop is late because you never sent the product texts.\r\n"
    "Maybe if you read my mails before shouting at me we would have been finished weeks ago.\r\n"
    "Don't expect me to work one more weekend for somebody who treats people like this.\r\n\r\nMia\r\n",
)


class Story:
    """Tells the story on a console while the real daemon does its work."""

    def __init__(self, servers: Servers, folder: Path, console: Console) -> None:
        self.servers = servers
        self.folder = folder
        self.console = console

    async def tell(self) -> None:
        """Tell all of it; raises `NotSeenError` if a step did not happen."""
        settings = loads(
            CONFIG.format(imap=self.servers.imap_port, smtp=self.servers.smtp_port, password=self.servers.password)
        )
        say = self.console.print
        say(
            "[bold]coolmail demo[/]: a web designer answers three clients. Everything below is seen on a real IMAP and SMTP server."
        )
        say(
            "[dim]A hold of 24 to 48 hours would be a long demo: here it is shortened to 6 to 9 seconds, and `settle` to 1 second.[/]\n"
        )
        self.client = await ImapSession.open(settings.accounts[0].imap, self.servers.password)
        for name in ("Drafts", "Sent"):
            await self.client.create(name)
        for letter in (CALM, FIRM, HEATED):
            await self.client.append("INBOX", self._from_client(letter))
        async with (
            Journal.open(self.folder / "journal.sqlite3") as self.journal,
            ToneWorker.from_settings(settings) as judge,
        ):
            await judge.ready()
            say("  [green]✓[/] the tone model is loaded, in a process of its own, from this machine")
            daemon = asyncio.create_task(service.run(settings, self.journal, judge))
            try:
                await self._until("the daemon is connected and has made its mailboxes", self._ready)
                await self._calm()
                await self._firm()
                await self._heated(judge)
            finally:
                daemon.cancel()
                await asyncio.gather(daemon, return_exceptions=True)
        await self._end()
        with contextlib.suppress(CoolmailError):
            await self.client.logout()

    # -- the three replies

    async def _calm(self) -> None:
        self._heading("1", "a calm reply, moved into Coolmail/Outbox", CALM)
        await self.client.append("Coolmail/Outbox", self._reply(CALM), flags=("\\Draft", "\\Seen"))
        await self._until("it was scored calm and sent at once", lambda: self._received(CALM))
        await self._until(
            "filed: a copy in Sent, the client's mail marked as answered, nothing left in Outbox",
            lambda: self._filed(CALM),
        )
        await self._show_heat(CALM)

    async def _firm(self) -> None:
        self._heading("2", "a firm but civil reply, flagged in Drafts", FIRM)
        await self.client.append("Drafts", self._reply(FIRM), flags=("\\Draft", "\\Seen", "\\Flagged"))
        await self._until("firm is not hostile: sent at once", lambda: self._received(FIRM))
        await self._until(
            "filed: a copy in Sent, the client's mail marked as answered, the draft gone", lambda: self._filed(FIRM)
        )
        await self._show_heat(FIRM)

    async def _heated(self, judge: ToneWorker) -> None:
        self._heading("3", "a reply in kind, moved into Coolmail/Outbox", HEATED)
        await self.client.append("Coolmail/Outbox", self._reply(HEATED), flags=("\\Draft", "\\Seen"))
        await self._until(
            "it was held: it lies in Coolmail/Held", lambda: self._lies_in("Coolmail/Held", HEATED.subject)
        )
        await self._until("a note in INBOX says why and until when", lambda: self._lies_in("INBOX", "Waiting until"))
        await self._until(
            "a reply that proposes a call lies in Drafts, for you to edit and send",
            lambda: self._lies_in("Drafts", HEATED.subject),
        )
        if self._received_from(HEATED):
            raise NotSeenError("the heated reply went out although it was to be held")
        await self._show_heat(HEATED)
        await self._show_suggestion(judge)
        self.console.print("  [dim]nobody touches it: the (shortened) deadline comes ...[/]")
        await self._until("the deadline came: sent, not a second before", lambda: self._received(HEATED))
        await self._until("filed in Sent, the note is taken away again", lambda: self._filed(HEATED))
        (entry,) = [entry for entry in await self.journal.recent() if HEATED.subject in entry.subject]
        sent_at = next(event.at for event in await self.journal.events(entry.id) if event.state is State.SUBMITTING)
        if entry.hold_until is None or sent_at < entry.hold_until:
            raise NotSeenError("the heated reply went out before its deadline")

    async def _end(self) -> None:
        self.console.print("\n[bold]What lies where now[/]")
        for mailbox in ("Sent", "Coolmail/Held", "Drafts", "Coolmail/Outbox"):
            subjects = await self._subjects(mailbox)
            self.console.print(f"  {mailbox:16} {', '.join(subjects) or '[dim]empty[/]'}")
        self.console.print(
            "\n[bold green]✓ Every step was seen on the servers.[/] Next: config.example.yaml, then `coolmail run`."
        )

    # -- telling

    def _heading(self, number: str, title: str, letter: Letter) -> None:
        self.console.print(f"\n[bold]{number}. {title}[/] [dim](to {letter.client[0]}: Re: {letter.subject})[/]")

    async def _show_heat(self, letter: Letter) -> None:
        for entry in await self.journal.recent():
            if letter.subject in entry.subject and entry.report is not None:
                self._print_report(entry.report, "; ".join(entry.reasons))

    def _print_report(self, report: ToneReport, reasons: str) -> None:
        heat = Text(
            f"heat {bar(report.heat)} {report.heat:.2f} {report.level.value}", style=LEVEL_STYLE[report.level.value]
        )
        parts = [marked(report), Text(""), heat, Text(reasons, style="dim")] if report.level.held else [heat]
        body = (
            Panel(Group(*parts), width=min(96, self.console.width), border_style="red")
            if report.level.held
            else Text.assemble("  ", heat)
        )
        self.console.print(body)

    async def _show_suggestion(self, judge: ToneWorker) -> None:
        await self.client.select("Drafts")
        for uid in await self.client.search("ALL"):
            raw = await self.client.fetch(uid)
            if raw is None:
                continue
            text = read_draft(raw).own_text.text.strip()
            (report,) = await judge.judge([text])
            if report.level.held:
                raise NotSeenError("the call suggestion itself reads as heated")
            self.console.print(
                Panel(
                    Text(text),
                    title="the call suggestion in Drafts",
                    width=min(96, self.console.width),
                    border_style="green",
                )
            )

    async def _until(self, what: str, seen: Callable[[], Awaitable[bool]]) -> None:
        """Wait until something was seen, then say so."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not await seen():  # noqa: ASYNC110 - what is waited for happens on a server
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise NotSeenError(f"not seen within {PATIENCE:.0f} s: {what}\n{await self._journal_says()}") from None
        self.console.print(f"  [green]✓[/] {what}")

    async def _journal_says(self) -> str:
        """Return the events of all messages, for whoever has to find out why a step did not happen."""
        events = [event for entry in await self.journal.recent() for event in await self.journal.events(entry.id)]
        accounts = [f"{account.name}: {account.state} {account.detail}" for account in await self.journal.accounts()]
        return "\n".join(
            [*accounts, *(f"{event.at:%H:%M:%S} {event.message} {event.state}: {event.what}" for event in events)]
        )

    # -- looking

    async def _ready(self) -> bool:
        names = {box.name for box in await self.client.list_mailboxes()}
        accounts = await self.journal.accounts()
        return "Coolmail/Send anyway" in names and bool(accounts) and accounts[0].state == "ready"

    def _received_from(self, letter: Letter) -> list[bytes]:
        """Return what the submission server got for this client; the text must be what Mia wrote, byte for byte."""
        found = [message.content for message in self.servers.received if letter.client[1] in message.recipients]
        return [content for content in found if content.endswith(b"\r\n\r\n" + letter.answer.encode())]

    async def _received(self, letter: Letter) -> bool:
        return len(self._received_from(letter)) == 1

    async def _filed(self, letter: Letter) -> bool:
        for mailbox in ("Coolmail/Outbox", "Coolmail/Sending", "Coolmail/Held"):
            if await self._subjects(mailbox):
                return False
        if any(subject.startswith("Waiting until") for subject in await self._subjects("INBOX")):
            return False
        await self.client.select("INBOX")
        original = await self.client.search("SUBJECT", letter.subject, "ANSWERED")
        return bool(original) and await self._lies_in("Sent", letter.subject)

    async def _lies_in(self, mailbox: str, subject: str) -> bool:
        return any(subject in found for found in await self._subjects(mailbox))

    async def _subjects(self, mailbox: str) -> list[str]:
        selected = await self.client.select(mailbox)
        if not selected.exists:
            return []
        return [read_draft(overview.header).subject for overview in await self.client.overview(fields=("SUBJECT",))]

    # -- writing

    def _from_client(self, letter: Letter) -> bytes:
        message = EmailMessage(policy=SMTP)
        message["From"] = f"{letter.client[0]} <{letter.client[1]}>"
        message["To"] = f"Mia <{ME}>"
        message["Subject"] = letter.subject
        message["Message-ID"] = f"<{letter.client[1].partition('@')[0]}.asks@{letter.client[1].rpartition('@')[2]}>"
        message["Date"] = format_datetime(datetime.now(UTC))
        message.set_content(letter.asked)
        return message.as_bytes()

    def _reply(self, letter: Letter) -> bytes:
        parent = f"<{letter.client[1].partition('@')[0]}.asks@{letter.client[1].rpartition('@')[2]}>"
        headers = [
            f"From: Mia <{ME}>",
            f"To: {letter.client[0]} <{letter.client[1]}>",
            f"Subject: Re: {letter.subject}",
            f"Message-ID: {make_msgid(domain='pixelgarden.example')}",
            f"Date: {format_datetime(datetime.now(UTC))}",
            f"In-Reply-To: {parent}",
            f"References: {parent}",
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8",
        ]
        return ("\r\n".join(headers) + "\r\n\r\n" + letter.answer).encode()
