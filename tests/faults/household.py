"""A user's household in which the daemon is a process of its own: Dovecot, a submission sink, a config file, a journal, and the books.

The daemon runs as its user runs it. The test process plays the user's mail client and the submission server, and at the end checks the books: every
message went out exactly once or waits in `Review`, none is lost, none went out early, none twice, nothing is told twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import yaml

from coolmail.cli import acts
from coolmail.core.settings import Tls
from coolmail.journal import Journal
from coolmail.journal.edits import EDITS
from tests.faults import mortal
from tests.faults.mortal import HOT_WORD
from tests.faults.reading import Reading
from tests.servers import smtp_sink
from tests.servers.dovecot import User
from tests.servers.smtp_sink import Accepted, SmtpSink

ROOT = Path(__file__).parent.parent.parent
OUTBOX, HELD, REVIEW, SENDING, ANYWAY = (
    f"Coolmail/{leaf}" for leaf in ("Outbox", "Held", "Review", "Sending", "Send anyway")
)
OURS = (OUTBOX, HELD, SENDING, ANYWAY, REVIEW)

CALM_TEXT = "Hi Bob,\r\n\r\nThe new logo is attached, and the invoice follows on Friday as agreed.\r\n\r\nBest wishes\r\nAnna\r\n"
HOT_TEXT = (
    f"Bob,\r\n\r\nYou never read a single mail I send. Find another {HOT_WORD} who works for you.\r\n\r\nAnna\r\n"
)

PATIENCE = 120.0
"""Seconds that anything may take: on a machine that is busy with other things a start alone may take half a minute."""

_numbers = itertools.count(1)


def mail(text: str, subject: str) -> tuple[str, bytes]:
    """Return a message as a client saves it, and its Message-ID."""
    message_id = f"<draft{next(_numbers)}.{os.getpid()}@studio.example>"
    head = (
        f"From: Anna <anna@studio.example>\r\nTo: Bob <bob@client.example>\r\nSubject: {subject}\r\n"
        f"Date: Tue, 24 Nov 2026 10:00:00 +0100\r\nMessage-ID: {message_id}\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    )
    return message_id, (head + text).encode()


class Book(list[Accepted]):
    """What the sink accepted, with the time at which it did."""

    def __init__(self) -> None:
        super().__init__()
        self.at: list[datetime] = []

    def append(self, accepted: Accepted) -> None:
        """Note the time, too."""
        self.at.append(datetime.now(UTC))
        super().append(accepted)


@dataclass
class Household(Reading):
    """One user, one daemon; `faults` are what the books say is wrong."""

    user: User
    sink: SmtpSink
    folder: Path
    settings: dict[str, Any]
    process: BaseProcess | subprocess.Popen[bytes] | None = None
    saved: dict[str, bytes] = field(default_factory=dict)
    saved_at: dict[str, datetime] = field(default_factory=dict)
    replaced: dict[str, bytes] = field(default_factory=dict)
    """What was saved, and edited since: it must neither go out nor be left anywhere."""
    edits: dict[str, str] = field(default_factory=dict)
    """The Message-ID of the old version by that of the new one, for each edit."""
    late: dict[str, bytes] = field(default_factory=dict)
    """New versions that came too late: they lie in Drafts and do not go out."""
    letters: set[str] = field(default_factory=set)
    """Message-IDs of what the command line put into Drafts."""
    booked: Book = field(default_factory=Book)
    may_be_early: set[str] = field(default_factory=set)
    """Message-IDs that the user sent before their time."""
    waits: set[str] = field(default_factory=set)
    """Message-IDs of calm versions that wait for the deadline of the hot ones whose place they took."""
    lost_journal: bool = False
    """Whether a journal was lost: what a Sent copy says is then news to the daemon, and the user is asked all the same."""

    @property
    def journal(self) -> Path:
        """The journal's file."""
        return self.folder / "state" / "journal.sqlite3"

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.folder / "config.yaml"

    @property
    def said(self) -> Path:
        """Where the standard error of this household's daemons is collected."""
        return self.folder / "stderr"

    @property
    def log(self) -> str:
        """What all daemons of this household said on standard error."""
        return self.said.read_text(errors="replace") if self.said.exists() else ""

    # -- the daemon

    def start(self, *, die_at: str | None = None, points: Path | None = None, patience: float | None = None) -> None:
        """Start the daemon, to die at a point if one is given; it need not be ready when this returns."""
        config = self._configure()
        self.process = mortal.process(config, self.said, die_at=die_at, points=points, patience=patience)
        self.process.start()

    def start_by_command(self, module: str = "coolmail", **environment: str) -> None:
        """Start `python -m coolmail run -c CONFIG`, or another module in its place, in a changed environment."""
        config = self._configure()
        with self.said.open("ab") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, "run", "-c", str(config)],
                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env={**os.environ, **environment},
            )  # fmt: skip

    def _configure(self) -> Path:
        self.config.write_text(yaml.safe_dump(self.settings))
        self.config.chmod(0o600)
        return self.config

    @property
    def status(self) -> int | None:
        """The exit status of the daemon, the negative number of the signal that killed it; None while it lives."""
        if isinstance(self.process, subprocess.Popen):
            return self.process.poll()
        return self.process.exitcode if self.process is not None else None

    async def dies(self, within: float = PATIENCE) -> int:
        """Wait until the daemon is dead; return its exit status."""
        await self.until(lambda: self.status is not None, within)
        assert self.status is not None
        return self.status

    def signal(self, number: int) -> None:
        """Send the daemon a signal, if it lives."""
        if self.process is not None and self.process.pid is not None and self.status is None:
            os.kill(self.process.pid, number)

    async def stop(self) -> None:
        """End the daemon, whatever it does."""
        if self.process is not None:
            self.process.kill()
            await self.dies()

    async def tool(self, *arguments: str) -> tuple[int, str]:
        """Run a coolmail command; return its exit status and what it said."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "coolmail", *arguments, "-c", str(self.config),
            cwd=ROOT, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await process.communicate()
        return process.returncode or 0, said.decode()

    async def edit(self, message_id: str, text: str, *, send: bool = True) -> str:
        """Edit a waiting message, as `coolmail edit` does; return the Message-ID of the new version, the books know only that now.

        Raises `acts.CannotActError` if it cannot be edited.
        """
        new_id, raw = mail(text, "Edited")
        async with Journal.open(self.journal) as journal:
            entry, *_ = await journal.known("work", message_id)
            begun_with = await acts.base(journal, entry)
            now = datetime.now(UTC)
            act = await acts.edit(journal, entry, raw, new_id, begun_with=begun_with, now=now, send=send)
        if not act.done:
            raise acts.CannotActError(act.said)
        self.edits[new_id] = message_id
        self.replaced[message_id] = self.saved.pop(message_id)
        self.saved[new_id], self.saved_at[new_id] = raw, self.saved_at[message_id]
        (self.may_be_early if send else self.waits).add(new_id)
        return new_id

    async def errands_end(self, within: float = PATIENCE) -> None:
        """Wait until all that the command line asked for is done, and enter it in the books."""
        asked: list[tuple[str, str, str, bytes, bool]] = []

        def ended() -> bool:
            asked[:] = self.errands()
            return all(done for *_, done in asked)

        await self.until(ended, within)
        known = {row.message_id for row in self.rows()}
        for new, old in self.edits.items():
            if new not in known and new in self.saved:
                self.late[new] = self.saved.pop(new)
                self.saved[old] = self.replaced.pop(old)
        for kind, role, message_id, raw, _ in asked:
            if kind in EDITS:
                continue
            if role == "outbox":
                self.saved[message_id], self.saved_at[message_id] = raw, datetime.min.replace(tzinfo=UTC)
            else:
                self.letters.add(message_id)

    # -- the user's mail client

    async def save(self, text: str, subject: str, mailbox: str = OUTBOX) -> str:
        """Save a message; return its Message-ID."""
        message_id, raw = mail(text, subject)
        self.saved[message_id] = raw
        self.saved_at[message_id] = datetime.now(UTC)
        await asyncio.to_thread(self.user.fill, mailbox, [raw], "\\Draft")
        return message_id

    async def contents(self, mailbox: str) -> list[bytes]:
        """Return what lies in a mailbox."""
        return list((await asyncio.to_thread(self.user.contents, mailbox)).values())

    async def ends_in_order(self) -> None:
        """Stop the daemon as `systemctl stop` does, and wait until it has ended."""
        self.signal(signal.SIGTERM)
        assert await self.dies() == 0, self.log

    async def delete(self, mailbox: str, message_id: str) -> bool:
        """Delete a message from a mailbox as a mail client does; False if it was not there."""

        def work() -> bool:
            with self.user.other_client() as client:
                if client.select(f'"{mailbox}"')[0] != "OK":
                    return False
                found = client.uid("SEARCH", "HEADER", "Message-ID", message_id)[1][0].split()
                gone = False
                for uid in found:
                    gone = client.uid("STORE", uid.decode(), "+FLAGS", "(\\Deleted)")[1] != [None] or gone
                    client.uid("EXPUNGE", uid.decode())
                return gone

        return await asyncio.to_thread(work)

    async def drag(self, source: str, target: str, message_id: str) -> bool:
        """Move a message as a mail client does; False if it was not there."""

        def work() -> bool:
            with self.user.other_client() as client:
                if client.select(f'"{source}"')[0] != "OK":
                    return False
                for uid in client.uid("SEARCH", "HEADER", "Message-ID", message_id)[1][0].split():
                    client.uid("MOVE", uid.decode(), f'"{target}"')
                    return client.response("COPYUID")[1] != [None]
                return False

        return await asyncio.to_thread(work)

    async def lies_in(self, message_id: str) -> list[str]:
        """Return the mailboxes in which a message lies."""
        boxes = (*OURS, "Drafts", "Sent")
        return [box for box in boxes for raw in await self.contents(box) if _message_id(raw) == message_id]

    # -- the books

    def accepted(self, message_id: str) -> list[tuple[datetime, bytes]]:
        """Return when and with what content the sink accepted a message."""
        wanted = f"\r\nMessage-ID: {message_id}\r\n".encode()
        return [
            (at, sent.content) for at, sent in zip(self.booked.at, self.booked, strict=True) if wanted in sent.content
        ]

    async def until(self, condition: Callable[[], object], within: float = PATIENCE) -> None:
        """Wait until a condition holds; on failure tell everything."""
        try:
            async with asyncio.timeout(within):
                while not condition():  # noqa: ASYNC110 - other processes tell nobody
                    await asyncio.sleep(0.03)
        except TimeoutError:
            raise AssertionError(self.story("it did not happen")) from None

    def story(self, what: str) -> str:
        """Return what is known, for whoever must find out why."""
        rows = [
            f"{row.id} {row.state} {row.message_id} {row.decision} {row.note_kind} {row.reasons}" for row in self.rows()
        ]
        return "\n".join([what, "rows:", *rows, "events:", *self.events(), "log:", self.log[-6000:]])

    def is_settled(self) -> bool:
        """Whether every saved message is in the journal and at rest: finished, or in Review and the user told."""
        rows = self.rows()
        return {row.message_id for row in rows} >= set(self.saved) and all(
            row.state in ("filed", "cancelled", "withdrawn", "elsewhere")
            or (row.state == "review" and row.note_kind == "review")
            for row in rows
        )

    async def settles(self, within: float = PATIENCE) -> None:
        """Wait until every message is at rest and every deadline has passed."""
        await self.until(self.is_settled, within)
        last = max((row.hold_until or row.taken_at for row in self.rows()), default=datetime.now(UTC))
        await self.until(lambda: datetime.now(UTC) > last + timedelta(seconds=0.5) and self.is_settled(), within)

    async def audit(self, *, hold: timedelta, cancelled: Iterable[str] = ()) -> dict[str, str]:
        """Check the books; return the final state of each message. Raises `AssertionError` that lists what is wrong."""
        wrong: list[str] = []
        boxes = {mailbox: await self.contents(mailbox) for mailbox in (*OURS, "INBOX", "Drafts", "Sent")}
        ended: dict[str, str] = {}
        for message_id, raw in self.saved.items():
            state = self.state_of(message_id) or "unknown"
            ended[message_id] = state
            wrong += [f"{message_id} ({state}): {fault}" for fault in self._faults(message_id, raw, state, boxes, hold)]
            if message_id in set(cancelled) and self.accepted(message_id):
                wrong.append(f"{message_id}: sent after it was cancelled")
        for message_id in self.replaced:
            left = [name for name, found in boxes.items() if message_id in map(_message_id, found)]
            if left or self.accepted(message_id):
                wrong.append(
                    f"{message_id}: edited, but accepted {len(self.accepted(message_id))} times, lying in {left}"
                )
        for message_id in (*self.late, *self.letters):
            lying = [name for name, found in boxes.items() for raw in found if _message_id(raw) == message_id]
            if lying != ["Drafts"] or self.accepted(message_id):
                wrong.append(
                    f"{message_id}: put into Drafts, but accepted {len(self.accepted(message_id))} times, lying in {lying}"
                )
        for mailbox in ("INBOX", "Drafts"):
            told = Counter(_message_id(raw) for raw in boxes[mailbox])
            wrong += [f"{mailbox} holds {name} {count} times" for name, count in told.items() if count > 1]
        suggestions = [raw for raw in boxes["Drafts"] if b".call.coolmail@" in raw]
        written = (*self.saved.values(), *self.replaced.values(), *self.late.values())
        hot = sum(HOT_WORD.encode() in raw for raw in written)
        if len(suggestions) > hot:
            wrong.append(f"{len(suggestions)} suggestions for {hot} hot messages")
        if "Traceback" in self.log:
            wrong.append("a traceback in the log")
        if wrong:
            where = {mailbox: [_message_id(raw) for raw in found] for mailbox, found in boxes.items() if found}
            raise AssertionError(self.story("\n".join([*wrong, f"mailboxes: {where}"])))
        return ended

    def _faults(
        self, message_id: str, raw: bytes, state: str, boxes: Mapping[str, list[bytes]], hold: timedelta
    ) -> Iterable[str]:
        sent = self.accepted(message_id)
        copies = {mailbox: sum(_message_id(found) == message_id for found in boxes[mailbox]) for mailbox in boxes}
        if any(content != raw for _, content in sent):
            yield "what was sent is not what was written"
        if any(found != raw for box in boxes.values() for found in box if _message_id(found) == message_id):
            yield "a copy in a mailbox is not what was written"
        waits = HOT_WORD.encode() in raw or message_id in self.waits
        held = waits and self.may_be_early.isdisjoint((message_id, self.edits.get(message_id)))
        if held and any(at < self.saved_at[message_id] + hold for at, _ in sent):
            yield "sent early"
        if len(sent) > 1:
            yield f"sent {len(sent)} times"
        match state:
            case "filed":
                if len(sent) != 1 or copies != {**dict.fromkeys(boxes, 0), "Sent": 1}:
                    yield f"filed, but accepted {len(sent)} times and lying in {+Counter(copies)}"
            case "review":
                in_sent = min(copies["Sent"], len(sent)) if self.lost_journal else 0
                if copies != {**dict.fromkeys(boxes, 0), REVIEW: 1, "Sent": in_sent}:
                    yield f"to be reviewed, but lying in {+Counter(copies)}"
            case "cancelled":
                if sent or any(copies.values()):
                    yield f"cancelled, but accepted {len(sent)} times and lying in {+Counter(copies)}"
            case "withdrawn":
                if sent or copies != {**dict.fromkeys(boxes, 0), "Drafts": 1}:
                    yield f"withdrawn, but accepted {len(sent)} times and lying in {+Counter(copies)}"
            case _:
                yield f"not at rest, lying in {+Counter(copies)}"


def _message_id(raw: bytes) -> str:
    found = re.search(rb"^Message-ID:\s+(\S+)", raw, re.MULTILINE | re.IGNORECASE)
    return found[1].decode() if found else ""


def settings_for(user: User, sink: SmtpSink, folder: Path, hold: timedelta) -> dict[str, Any]:
    """Return a configuration that is quick, and for which every hour is a working hour."""
    tls = {"tls": str(sink.tls), "timeout": "20s"} | ({"tls_ca": sink.ca} if sink.ca else {})
    imap_port = user.dovecot.tls_port if sink.tls is Tls.IMPLICIT else user.dovecot.port
    imap = {"host": "localhost", "port": imap_port, "username": user.name, "password": user.password}
    smtp = {"host": "localhost", "port": sink.port, "username": sink.username, "password": sink.password}
    whole_week = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    seconds = f"{hold.total_seconds():.3f}s"
    return {
        "accounts": [{"name": "work", "address": "anna@studio.example", "imap": imap | tls, "smtp": smtp | tls}],
        "hold": {
            "minimum": seconds,
            "maximum": seconds,
            "remind_before": f"{hold.total_seconds() / 2:.3f}s",
            "working_hours": {"hours": "0:00-24:00", "days": whole_week, "timezone": "UTC"},
        },
        "settle": "0.2s",
        "queue": {"first_retry": "1s", "last_retry": "2s", "stuck_after": "3s"},
        "poll": "1s",
        "notes": "keep",
        "journal": str(folder / "state" / "journal.sqlite3"),
    }


@contextlib.asynccontextmanager
async def household(user: User, folder: Path, hold: timedelta, *, tls: Tls = Tls.NONE) -> AsyncIterator[Household]:
    """Make a household; the daemon is not started yet, and ended at the end. `tls` is how both servers are spoken to."""
    async with smtp_sink.running(tls, user.dovecot.files) as sink:
        sink.accepted = booked = Book()
        home = Household(user, sink, folder, settings_for(user, sink, folder, hold), booked=booked)
        try:
            yield home
        finally:
            await home.stop()
