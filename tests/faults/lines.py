"""The lines to both servers, which break on demand, and a table of how they break."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import cast

from tests.faults.household import PATIENCE, Household
from tests.servers.proxy import FaultProxy

BRIEF = 6.0
"""Seconds that the daemon waits for its servers here: not long, and long enough for a machine that is busy with other things."""


class Nth:
    """Looks for a pattern like a compiled one, but finds it only the n-th time, and then never again. `then` is what happens at that moment.

    With `cut` the connections are reset at that moment: a command is not delivered, or a reply is lost. With `distinct` the same words, which a
    proxy may see twice, count once.
    """

    def __init__(
        self,
        pattern: bytes,
        nth: int = 1,
        *,
        cut: bool = True,
        distinct: bool = False,
        then: Callable[[], object] | None = None,
    ) -> None:
        self._pattern = re.compile(pattern, re.MULTILINE)
        self._left = nth
        self._cut = cut
        self._distinct = distinct
        self._seen: set[bytes] = set()
        self._then = then
        self.found = asyncio.Event()

    def search(self, data: bytes) -> bool:
        """Whether the line is to be cut now."""
        for match in () if self.found.is_set() else self._pattern.finditer(data):
            if self._distinct and match[0] in self._seen:
                continue
            self._seen.add(match[0])
            self._left -= 1
            if not self._left:
                self.found.set()
                if self._then is not None:
                    self._then()
                return self._cut
        return False


class Line(FaultProxy):
    """A fault proxy that can also change what the client says, and refuse all but so many connections."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.change: Callable[[bytes], bytes] = bytes
        self.most: int | None = None
        self.resets = 0
        self._here = 0

    def reset(self) -> None:
        """Cut every connection, and count."""
        self.resets += 1
        super().reset()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.most is not None and self._here >= self.most:
            writer.close()
            return
        self._here += 1
        try:
            await super()._serve(reader, writer)
        finally:
            self._here -= 1

    async def _upstream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        changing = _Changing(reader, lambda data: self.change(data))
        await super()._upstream(cast("asyncio.StreamReader", changing), writer)

    def on_command(self, nth: Nth) -> asyncio.Event:
        """Do something at a command; return the event that says that it happened."""
        self.cut_on_command = cast("re.Pattern[bytes]", nth)
        return nth.found

    def on_reply(self, nth: Nth) -> asyncio.Event:
        """Do something at a reply."""
        self.drop_reply = cast("re.Pattern[bytes]", nth)
        return nth.found

    def say_once(self, pattern: bytes, instead: bytes, times: int = 1) -> asyncio.Event:
        """Let the server say something else, so many times; the event says that it did."""
        done, left = asyncio.Event(), times

        def rewrite(data: bytes) -> bytes:
            nonlocal left
            if left and re.search(pattern, data):
                left -= 1
                if not left:
                    done.set()
                return re.sub(pattern, instead, data, count=1)
            return data

        self.rewrite = rewrite
        return done


class _Changing:
    """A reader whose words are changed on the way."""

    def __init__(self, reader: asyncio.StreamReader, change: Callable[[bytes], bytes]) -> None:
        self._reader = reader
        self._change = change

    async def read(self, size: int) -> bytes:
        """Read and change."""
        return self._change(await self._reader.read(size))


@dataclass
class Lines:
    """A household whose daemon reaches both servers through lines that break."""

    home: Household
    imap: Line
    smtp: Line

    async def daemon_is(self, state: str, within: float = PATIENCE) -> None:
        """Wait until the daemon says how it gets on with the account."""
        await self.home.until(lambda: self.home.accounts().get("work") == state, within)


@contextlib.asynccontextmanager
async def through_lines(home: Household) -> AsyncIterator[Lines]:
    """Put the lines between a household's daemon and its servers; nobody waits for long."""
    account = home.settings["accounts"][0]
    async with Line(account["imap"]["port"]) as imap, Line(account["smtp"]["port"]) as smtp:
        account["imap"] |= {"port": imap.port, "timeout": f"{BRIEF}s"}
        account["smtp"] |= {"port": smtp.port, "timeout": f"{BRIEF}s"}
        yield Lines(home, imap, smtp)


Break = Callable[[Lines], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that befalls the lines: `set_up` is called before the daemon starts and returns what mends it, which is awaited then."""

    name: str
    set_up: Callable[[Lines], Awaitable[None]]
    calm: str = "filed"
    hot: str = "filed"
    tls: str = "none"
    patience: float = BRIEF
    """Seconds that the longest waits of the daemon last: for the reply to the content, and for an APPEND."""


def cut_at(command: str, nth: int = 1, *, smtp: bool = False) -> Callable[[Lines], Awaitable[None]]:
    """Reset every connection in the place of delivering a command."""

    async def mend(lines: Lines) -> None:
        line = lines.smtp if smtp else lines.imap
        await line.on_command(Nth(command.encode(), nth)).wait()

    return mend


def lose_reply(reply: str, nth: int = 1, *, smtp: bool = False) -> Callable[[Lines], Awaitable[None]]:
    """Reset every connection in the place of delivering a reply: what was asked for has been done."""

    async def mend(lines: Lines) -> None:
        line = lines.smtp if smtp else lines.imap
        await line.on_reply(Nth(reply.encode(), nth, distinct=True)).wait()

    return mend


def swallow_from(command: str, nth: int = 1, *, smtp: bool = False) -> Callable[[Lines], Awaitable[None]]:
    """Let a command through and nothing after it: a half-open connection. It ends when the daemon has noticed."""

    async def mend(lines: Lines) -> None:
        line = lines.smtp if smtp else lines.imap

        def swallow() -> None:
            line.black_hole = True

        await line.on_command(Nth(command.encode(), nth, cut=False, then=swallow)).wait()
        noticed = lines.home.log.count
        await lines.home.until(lambda: noticed("silent for") or _gave_up(lines.home))
        line.black_hole = False

    return mend


def _gave_up(home: Household) -> bool:
    said = home.log
    return any(
        words in said
        for words in (
            "was silent for",
            "did not answer",
            "before the server confirmed it",
            "waits for another attempt",
            "goes to Review",
        )
    )


async def cut_inside_a_literal(lines: Lines) -> None:
    """End the connection in the middle of the message's text."""

    def cut() -> None:
        lines.imap.cut_server_after = 200

    await lines.imap.on_reply(Nth(rb"BODY\[\] \{\d+\}", cut=False, then=cut)).wait()
    await lines.home.until(lambda: lines.imap.resets)
    lines.imap.cut_server_after = None


async def cut_inside_the_content(lines: Lines) -> None:
    """End the connection in the middle of the message's text, on its way to the submission server."""

    def cut() -> None:
        lines.smtp.cut_client_after = 200

    await lines.smtp.on_reply(Nth(rb"^354 ", cut=False, then=cut)).wait()
    await lines.home.until(lambda: _gave_up(lines.home))
    lines.smtp.cut_client_after = None


async def one_octet_at_a_time(lines: Lines) -> None:
    """Deliver what the servers say octet by octet, for the whole story; the mailboxes are looked at when there is news, not every second."""
    lines.home.settings["poll"] = "30s"
    for server, line in (("imap", lines.imap), ("smtp", lines.smtp)):
        lines.home.settings["accounts"][0][server]["timeout"] = "60s"
        line.trickle, line.trickled = 0.0001, 40  # past the tag, the command's name and the length of a literal


async def late(lines: Lines) -> None:
    """Deliver everything late, for the whole story."""
    lines.imap.latency = lines.smtp.latency = 0.05


async def five_seconds(lines: Lines) -> None:
    """Deliver every piece five seconds late in both directions: while the calm message is submitted, then while the hot one is put into Held."""
    for server in ("imap", "smtp"):
        lines.home.settings["accounts"][0][server]["timeout"] = "60s"
    lines.smtp.latency = 5.0

    def slow() -> None:
        lines.imap.latency = 5.0

    holding = lines.imap.on_command(Nth(b'UID MOVE .*"Coolmail/Held"', cut=False, then=slow))
    await lines.home.until(lambda: lines.home.booked, 200)
    lines.smtp.latency = 0
    await holding.wait()
    await asyncio.sleep(20)
    lines.imap.latency = 0


async def later_than_anybody_waits(lines: Lines) -> None:
    """Deliver everything later than the daemon waits, until it has given up once."""
    lines.imap.latency = BRIEF + 1
    await lines.daemon_is("retrying")
    lines.imap.latency = 0


async def bye(lines: Lines) -> None:
    """Let the server say BYE in the middle of the work."""
    await lines.imap.say_once(rb"\* \d+ EXISTS\r\n", b"* BYE the server goes down for maintenance\r\n").wait()


async def unavailable(lines: Lines) -> None:
    """Let the server refuse the first logins because it is not well."""
    await lines.imap.say_once(
        rb"(\w+) OK (\[CAPABILITY [^\]]*\] )?Logged in",
        rb"\1 NO [UNAVAILABLE] Temporary authentication failure",
        times=2,
    ).wait()


async def over_quota(lines: Lines) -> None:
    """Let the server have no room for a Sent copy."""
    lines.imap.change = lambda data: data.replace(b'APPEND "Sent"', b'APPEND "Soon"')
    said = lines.imap.say_once(
        rb"NO \[TRYCREATE\][^\r]*", b"NO [OVERQUOTA] Quota exceeded (mailbox for user is full)", times=2
    )
    await said.wait()


async def imap_is_down(lines: Lines) -> None:
    """Let nobody answer on the server's port at first."""
    right, lines.imap.target = lines.imap.target, 1
    await lines.daemon_is("retrying")
    lines.imap.target = right


async def submission_is_down(lines: Lines) -> None:
    """Let nobody answer on the submission server's port at first."""
    right, lines.smtp.target = lines.smtp.target, 1
    await lines.home.until(lambda: "waits for another attempt" in lines.home.log)
    lines.smtp.target = right


async def submission_is_busy(lines: Lines) -> None:
    """Let the submission server greet with 421."""
    await lines.smtp.say_once(rb"^220 [^\r]*", b"421 4.3.2 too many connections").wait()


async def cut_in_the_handshake(lines: Lines) -> None:
    """Cut the first connection to each server in the middle of the TLS handshake."""
    for line in (lines.imap, lines.smtp):
        line.cut_server_after = 700
    await lines.daemon_is("retrying")
    lines.imap.cut_server_after = None
    await lines.home.until(lambda: "waits for another attempt" in lines.home.log)
    lines.smtp.cut_server_after = None


async def cut_inside_tls(lines: Lines) -> None:
    """Cut an encrypted connection in the middle of the work, again and again for a while."""
    lines.imap.cut_server_after = 9000
    for _ in range(3):
        await lines.home.until(
            lambda: lines.imap.cut_server_after is not None and lines.imap.cut_server_after < 9000, 30
        )
        before = lines.imap.connections
        await lines.home.until(lambda before=before: lines.imap.connections > before, 60)  # type: ignore[misc]
        lines.imap.cut_server_after = 9000
    lines.imap.cut_server_after = None


ASKED = {"calm": "review"}
COPIED, STORED = r"\[COPYUID [\d ]+\]", r"\[APPENDUID [\d ]+\]"

FAULTS = [
    Fault("five seconds of latency", five_seconds, patience=60.0),  # the longest story comes first
    *(
        Fault(f"reset in the place of {name}", cut_at(command, nth))
        for name, command, nth in (
            ("logging in", "AUTHENTICATE", 1),
            ("listing", "LIST ", 1),
            ("making a mailbox", "CREATE", 2),
            ("selecting", 'SELECT "Coolmail/Outbox"', 1),
            ("reading the draft", r"UID FETCH .*BODY.PEEK\[\]", 1),
            ("searching", "UID SEARCH HEADER", 1),
            ("claiming", 'UID MOVE .*"Coolmail/Sending"', 1),
            ("holding", 'UID MOVE .*"Coolmail/Held"', 1),
            ("suggesting a call", 'APPEND "Drafts"', 1),
            ("telling the user", 'APPEND "INBOX"', 1),
            ("releasing", 'UID MOVE .*"Coolmail/Sending"', 3),
            ("copying to Sent", 'APPEND "Sent"', 1),
            ("tidying up", "UID EXPUNGE", 1),
            ("a question whether it is there", "NOOP", 1),
        )
    ),
    # The claim was made, and the note of it was not.
    Fault("reset in the place of taking the flag off", cut_at("UID STORE"), **ASKED),
    Fault("reply lost after SELECT", lose_reply(r"\w+ OK \[READ-WRITE\] Select", 3)),
    Fault("reply lost after FETCH", lose_reply(r"\w+ OK Fetch completed", 3)),
    Fault("reply lost after SEARCH", lose_reply(r"\w+ OK Search completed")),
    Fault("reply lost after the claim's MOVE", lose_reply(COPIED, 1), **ASKED),
    Fault("reply lost after the hot one's claim", lose_reply(COPIED, 2), hot="review"),
    Fault("reply lost after the hold's MOVE", lose_reply(COPIED, 3)),
    Fault("reply lost after the release's MOVE", lose_reply(COPIED, 4), hot="review"),
    Fault("reply lost after the Sent copy's APPEND", lose_reply(STORED, 1)),
    Fault("reply lost after the suggestion's APPEND", lose_reply(STORED, 2)),
    Fault("reply lost after the note's APPEND", lose_reply(STORED, 3)),
    Fault("reply lost after EXPUNGE", lose_reply(r"\w+ OK Expunge completed")),
    Fault("black hole at SELECT", swallow_from('SELECT "Coolmail/Outbox"', 2)),
    Fault("black hole at FETCH", swallow_from(r"UID FETCH .*BODY.PEEK\[\]")),
    Fault("black hole at the claim", swallow_from('UID MOVE .*"Coolmail/Sending"'), **ASKED),
    Fault("black hole at the Sent copy's APPEND", swallow_from('APPEND "Sent"')),
    Fault("truncated inside a literal", cut_inside_a_literal),
    Fault("one octet at a time", one_octet_at_a_time, patience=60.0),
    Fault("latency", late),
    Fault("latency beyond all patience", later_than_anybody_waits),
    Fault("BYE", bye),
    Fault("UNAVAILABLE at login", unavailable),
    Fault("OVERQUOTA at the Sent copy", over_quota),
    Fault("IMAP server down", imap_is_down),
    Fault("TLS cut in the handshake", cut_in_the_handshake, tls="implicit"),
    Fault("STARTTLS cut in the handshake", cut_in_the_handshake, tls="starttls"),
    Fault("TLS cut in the work", cut_inside_tls, tls="implicit"),
    *(
        Fault(f"submission reset in the place of {command}", cut_at(f"^{command}", smtp=True))
        for command in ("EHLO", "AUTH", "MAIL", "RCPT")
    ),
    Fault("submission reset in the place of DATA", cut_at("^DATA", smtp=True), **ASKED),
    *(
        Fault(f"submission reply lost after {name}", lose_reply(reply, smtp=True))
        for name, reply in (
            ("connecting", "^220 "),
            ("EHLO", "^250-"),
            ("AUTH", "^235 "),
            ("MAIL", "^250 2.1.0"),
            ("RCPT", "^250 2.1.5"),
        )
    ),
    Fault("submission reply lost after DATA", lose_reply("^354 ", smtp=True), **ASKED),
    Fault("submission reply lost after the content", lose_reply("^250 2.0.0 kept", smtp=True), **ASKED),
    Fault("submission truncated inside the content", cut_inside_the_content, **ASKED),
    Fault("submission black hole at EHLO", swallow_from("^EHLO", smtp=True)),
    Fault("submission black hole at RCPT", swallow_from("^RCPT", smtp=True)),
    Fault("submission black hole at the content", swallow_from(r"\r\n\.\r\n", smtp=True), **ASKED),
    Fault("submission server down", submission_is_down),
    Fault("submission server busy", submission_is_busy),
]
