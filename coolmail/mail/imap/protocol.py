"""aioimaplib's connection, made safe for a program that runs for months.

aioimaplib knows the commands, their states and their tags. What it does with the server's answers, and with a connection that dies, is replaced here:

* Answers are cut by `framing.Framer`, without recursion, and only the `* ` at the start is taken off. `Response.lines` holds whole responses
  (frames); the last one is the tagged answer without its tag.
* One command at a time. Whatever the server says meanwhile belongs to that command's answer.
* Nobody waits for a dead connection: when it is lost, when the server says BYE, when the stream is unreadable, `fail` wakes whoever waits.
* A command that is cut short (time-out, cancellation) closes the connection. Its answer would still come, and a late `+` or tagged line could be
  taken for another command's. The time-out counts silence, so a slow but living transfer is not cut.
* News about the selected mailbox is never dropped: EXISTS, EXPUNGE, FETCH that nobody asked for set `changed`, whichever command they interrupt.
* Nothing that was sent or received is logged.
"""

from __future__ import annotations

import asyncio
import logging
import re
from typing import TYPE_CHECKING, Any

from aioimaplib import aioimaplib

from coolmail.mail.imap import parse
from coolmail.mail.imap.errors import ConnectionLost, ImapError, ImapTimeout, TlsRequired
from coolmail.mail.imap.framing import Framer, FramingError
from coolmail.mail.imap.request import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from coolmail.core.settings import Server
    from coolmail.mail.imap.framing import Frame

log = logging.getLogger(__name__)

CHUNK = 65536
DONE_PATIENCE = 30.0
_NEWS = re.compile(rb"(?:(\d{1,20}) (EXISTS|EXPUNGE|FETCH)|(VANISHED) (?!\(EARLIER\)))\b", re.IGNORECASE)
_SELECTING = ("SELECT", "EXAMINE")


class HardenedProtocol(aioimaplib.IMAP4ClientProtocol):  # type: ignore[misc]  # aioimaplib ships no types
    """One IMAP connection. Commands inherited from aioimaplib go through `execute`; mailbox names must come quoted and in modified UTF-7."""

    state: str
    capabilities: set[str]
    transport: asyncio.Transport

    def __init__(self, server: Server) -> None:
        super().__init__(asyncio.get_running_loop())
        self.server = server
        self.who = f"{server.host} (login {server.username})"
        self.failure: ImapError | None = None
        self.greeting: Frame | None = None
        self.changed = asyncio.Event()
        self.exists: int | None = None
        self.on_dirty: Callable[[], object] | None = None
        """Called when `changed` is set; must not block."""
        self._framer = Framer()
        self._turn = asyncio.Lock()
        self._greeted = asyncio.Event()
        self._go_ahead = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._plaintext_over = False
        self._patience = server.timeout
        self._last_progress = 0.0
        self._watchdog: asyncio.TimerHandle | None = None

    async def greeted(self) -> Frame:
        """Wait for the server's first line and return it; `ConnectionLost` if it is BYE."""
        await self._greeted.wait()
        if self.greeting is None:
            raise self._failed()
        return self.greeting

    # -- one command at a time -------------------------------------------------------------------------------------------------------------

    async def execute(self, command: Any, scrub: str | None = None) -> Any:  # noqa: ARG002 - aioimaplib's signature; nothing is logged
        """Send a command, wait for its tagged answer, return aioimaplib's `Response(result, lines)`, whatever the result is."""
        if self.has_pending_idle_command():
            self.changed.set()  # ends the IDLE, see idle.py
        async with self._turn:
            self._check(command.name)
            self.pending_sync_command = command
            self._go_ahead.clear()
            self._watch(getattr(command, "patience", None) or self.server.timeout)
            try:
                await self._transmit(command)
                await command.wait()
            except asyncio.CancelledError:
                if self.pending_sync_command is command:
                    self.fail(
                        ConnectionLost(f"The connection to {self.who} was closed because {command.name} was cut short.")
                    )
                raise
            finally:
                self._unwatch()
                self.pending_sync_command = None
                self._idle_event.clear()
            return command.response

    async def run(
        self, name: str, *words: str | bytes, prefix: str | None = None, patience: float | None = None
    ) -> Any:
        """Execute a command whose words may be literals."""
        return await self.execute(Request(name, self.new_tag(), *words, prefix=prefix, patience=patience))

    async def uid(self, command: str, *criteria: str, timeout: float | None = None) -> Any:  # noqa: ASYNC109 - aioimaplib's signature
        """Execute a UID command; aioimaplib would answer a dead connection with an error of its own."""
        self._check("UID")
        return await super().uid(command, *criteria, timeout=timeout)

    def _check(self, name: str) -> None:
        if self.failure is not None:
            raise self._failed()
        if self.state not in aioimaplib.Commands[name].valid_states:
            raise ImapError(f"{self.who}: {name} makes no sense in state {self.state}: no mailbox is selected.")

    async def _transmit(self, command: Any) -> None:
        segments = command.segments if isinstance(command, Request) else [f"{command}\r\n".encode()]
        for number, segment in enumerate(segments):
            if number:
                await self._go_ahead.wait()
                self._go_ahead.clear()
                if command is not self.pending_sync_command:  # refused before the literal was sent
                    return
            for start in range(0, len(segment), CHUNK):
                await self._writable.wait()
                if self.failure is not None:
                    return
                if isinstance(command, Request) and number == len(segments) - 1 and start + CHUNK >= len(segment):
                    command.delivered = True
                self.transport.write(segment[start : start + CHUNK])
                self._progress()

    def send(self, line: str, scrub: str | None = None) -> None:  # noqa: ARG002 - aioimaplib's signature; nothing is logged
        """Send one line."""
        self.transport.write(line.encode() + b"\r\n")

    def idle_done(self) -> None:
        """End IDLE; the server must answer soon."""
        if self.has_pending_idle_command() and self.failure is None:
            self.send("DONE")
            self._watch(min(self.server.timeout, DONE_PATIENCE))

    # -- what the server says --------------------------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Read what came, whole responses only."""
        self._progress()
        try:
            for frame in self._framer.feed(data):
                self._take(frame)
        except (FramingError, ValueError) as error:
            self.fail(
                ConnectionLost(f"{self.who} sent something that is not IMAP ({error}); the connection was closed.")
            )
        if self._plaintext_over and not self._framer.empty:
            self._injected()

    def _take(self, frame: Frame) -> None:
        if self.failure is not None:
            return
        if self._plaintext_over:
            self._injected()
        elif frame[0].startswith(b"* "):
            self._untagged((frame[0][2:], *frame[1:]))
        elif frame[0].startswith(b"+"):
            self._continue()
        else:
            self._tagged(frame[0])

    def _untagged(self, frame: Frame) -> None:
        command = self.pending_sync_command
        word = frame[0].partition(b" ")[0].upper()
        if word == b"BYE" and self.state != aioimaplib.LOGOUT and not (command and command.name == "LOGOUT"):
            self.fail(
                ConnectionLost(
                    f"{self.who} ended the connection: {parse.text(frame)!r}. coolmail connects again by itself."
                )
            )
            return
        if (code := parse.code(frame)) and word in (b"OK", b"NO", b"BAD") and code[0] == "ALERT":
            log.warning("%s says: %s", self.who, parse.text(frame))
        if self.greeting is None:
            self.greeting = frame
            self.state = aioimaplib.AUTH if word == b"PREAUTH" else aioimaplib.NONAUTH
            self._greeted.set()
            return
        self._notice(frame, command.name if command else "")
        if command is not None and command.name != "IDLE":
            command.append_to_resp(frame)

    def _notice(self, frame: Frame, name: str) -> None:
        """Set `changed` if the response says that the selected mailbox is not what we knew; data that we asked for is no news."""
        news = _NEWS.match(frame[0])
        if not news:
            return
        kind = (news[2] or news[3]).upper()
        count, before = int(news[1] or 0), self.exists
        if kind == b"EXISTS":
            self.exists = count
        elif kind == b"EXPUNGE":
            self.exists = before - 1 if before else None
        elif kind == b"VANISHED":
            self.exists = None
        asked = name in {"FETCH", "STORE"} and any(b"UID " in text.upper() for text in frame[::2])
        known = (kind == b"EXISTS" and count == before) or (kind == b"FETCH" and asked)
        if name not in _SELECTING and not known:
            self.mark_changed()

    def mark_changed(self) -> None:
        """Remember that the selected mailbox has to be looked at again, and tell whoever asked to be told."""
        self.changed.set()
        if self.on_dirty is not None:
            self.on_dirty()

    def _continue(self) -> None:
        command = self.pending_sync_command
        if command is None:
            return
        if command.name == "IDLE":
            self._unwatch()
            self._idle_event.set()
        elif isinstance(command, Request) and not command.delivered:
            self._go_ahead.set()
        elif command.name == "AUTHENTICATE":
            # XOAUTH2 explains a refusal in a challenge and waits for an empty answer before it says NO.
            self.transport.write(b"\r\n")

    def _tagged(self, line: bytes) -> None:
        command = self.pending_sync_command
        tag, _, rest = line.partition(b" ")
        result = rest.partition(b" ")[0]
        if command is None or tag != command.tag.encode() or result.upper() not in (b"OK", b"NO", b"BAD"):
            self.fail(ConnectionLost(f"{self.who} answered a question that was not asked; the connection was closed."))
            return
        self.pending_sync_command = None
        command.close((rest,), result.upper().decode())
        self._go_ahead.set()
        if command.name == "STARTTLS" and result.upper() == b"OK":
            self._plaintext_over = True
            self.transport.pause_reading()

    # -- STARTTLS --------------------------------------------------------------------------------------------------------------------------

    def _injected(self) -> None:
        # CVE-2011-0411 and its kin: what came in plain text before the handshake must never be read as if it came through TLS.
        self.fail(
            TlsRequired(
                f"{self.who} sent data before encryption began, as an attacker would; the password was not sent."
            )
        )

    def encrypted(self, transport: asyncio.Transport) -> None:
        """Go on over TLS, knowing nothing of what was said before (RFC 3501 section 6.2.1)."""
        self.transport = transport
        self._plaintext_over = False
        self._framer = Framer()
        self.capabilities = set()

    # -- the life of the connection --------------------------------------------------------------------------------------------------------

    def fail(self, error: ImapError) -> None:
        """End the connection for this reason and wake everyone who waits; the first reason counts."""
        if self.failure is None:
            self.failure = error
            self.state = aioimaplib.LOGOUT
            self._unwatch()
            command, self.pending_sync_command = self.pending_sync_command, None
            if command is not None and not command._event.is_set():  # aioimaplib has no public way to fail a command
                command._exception = self._failed()
                command._event.set()
            for waited_for in (self._greeted, self._go_ahead, self._writable, self._idle_event):
                waited_for.set()
            self.mark_changed()
        if self.transport is not None and not self.transport.is_closing():  # Python 3.11.2 can't abort what is closed
            self.transport.abort()

    def _failed(self) -> ImapError:
        """Return the reason as a new exception, because several waiters raise it."""
        return type(self.failure)(str(self.failure)) if self.failure else ImapError(f"{self.who}: not connected.")

    def connection_lost(self, exc: Exception | None) -> None:
        """Wake everyone who waits."""
        reason = f" ({exc})" if exc else ""
        self.fail(ConnectionLost(f"The connection to {self.who} was lost{reason}. coolmail connects again by itself."))

    def pause_writing(self) -> None:
        """The send buffer is full."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """The send buffer has room, which is progress."""
        self._progress()
        self._writable.set()

    def _watch(self, patience: float) -> None:
        self._unwatch()
        self._patience = patience
        self._progress()
        self._watchdog = self.loop.call_later(patience, self._check_progress)

    def _unwatch(self) -> None:
        if self._watchdog is not None:
            self._watchdog.cancel()
            self._watchdog = None

    def _progress(self) -> None:
        self._last_progress = self.loop.time()

    def _check_progress(self) -> None:
        left = self._last_progress + self._patience - self.loop.time()
        if left > 0:
            self._watchdog = self.loop.call_later(left, self._check_progress)
            return
        self._watchdog = None
        self.fail(
            ImapTimeout(
                f"{self.who} was silent for {self._patience:.0f} s; the connection was closed. coolmail connects again by itself."
            )
        )
