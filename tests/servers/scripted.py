"""An IMAP server that says what a test tells it to: answers that real servers won't give on demand.

`answers` maps a command (`"LOGIN"`, `"UID MOVE"`) to the lines it is answered with, `{tag}` standing for the tag; what is not in it gets a plain
answer. A line starting with `!` is an act: `!close` hangs up, `!read` waits for one more line from the client, `!wait` until the test
sets `go_on`, `!quiet` says nothing more, `!tls` begins the handshake, `!raw ` sends the rest as it is. With `literal` in `answers`, literals
are not asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import TYPE_CHECKING, Self

from coolmail.core.settings import Secret, Server, Tls

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping, Sequence

_PLAIN: dict[str, tuple[str, ...]] = {
    "LOGOUT": ("* BYE see you", "{tag} OK done", "!close"),
    "SELECT": ("* 1 EXISTS", "* OK [UIDVALIDITY 7] x", "* OK [UIDNEXT 2] x", "{tag} OK [READ-WRITE] selected"),
    "EXAMINE": ("* 1 EXISTS", "* OK [UIDVALIDITY 7] x", "* OK [UIDNEXT 2] x", "{tag} OK [READ-ONLY] selected"),
    "UID SEARCH": ("* SEARCH", "{tag} OK done"),
    "IDLE": ("+ idling", "!read", "{tag} OK idled"),
    "STARTTLS": ("{tag} BAD no",),
}


class ScriptedServer:
    """Serves every connection by the same script and remembers what clients sent."""

    def __init__(
        self,
        answers: Mapping[str, Sequence[str]] | None = None,
        *,
        greeting: str = "* OK ready",
        capabilities: str = "IMAP4rev1 IDLE MOVE UIDPLUS AUTH=PLAIN SASL-IR",
        tls: ssl.SSLContext | None = None,
        implicit: bool = False,
    ) -> None:
        self.answers = {**_PLAIN, "CAPABILITY": (f"* CAPABILITY {capabilities}", "{tag} OK done"), **(answers or {})}
        self.greeting = greeting
        self.tls = tls
        self._implicit = implicit
        self.port = 0
        self.received: list[bytes] = []
        """Commands without their tags, literals joined in."""
        self.lines: list[bytes] = []
        """What `!read` read."""
        self.go_on = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def server(self, *, timeout: float = 5.0, tls: Tls = Tls.NONE, ca: str | None = None) -> Server:
        """Return how to reach it."""
        return Server("localhost", self.port, tls, "anna", Secret(password="secret"), tls_ca=ca, timeout=timeout)

    async def __aenter__(self) -> Self:
        """Start to listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls if self._implicit else None)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Hang up."""
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._say(writer, self.greeting)
            if not self.greeting.startswith("* BYE"):
                while await self._command(reader, writer):
                    pass
        writer.close()

    async def _say(self, writer: asyncio.StreamWriter, line: str) -> None:
        writer.write(line.encode("latin-1") + b"\r\n")
        await writer.drain()

    async def _command(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Read one command with its literals, answer it; False when the conversation is over."""
        line = await reader.readuntil(b"\r\n")
        command = line
        while literal := re.search(rb"\{(\d+)\}\r\n$", line):
            if "literal" in self.answers:
                break
            await self._say(writer, "+ go on")
            command += await reader.readexactly(int(literal[1]))
            line = await reader.readuntil(b"\r\n")
            command += line
        tag, _, rest = command.rstrip(b"\r\n").partition(b" ")
        self.received.append(rest)
        words = rest.upper().split()
        name = b" ".join(words[:2] if words[0] == b"UID" else words[:1]).decode()
        for answer in self.answers.get(name, ("{tag} OK done",)):
            if answer == "!close":
                return False
            if answer == "!quiet":
                await reader.read()
                return False
            if answer == "!read":
                self.lines.append((await reader.readuntil(b"\r\n")).rstrip(b"\r\n"))
            elif answer.startswith("!raw "):
                writer.write(answer.removeprefix("!raw ").replace("{tag}", tag.decode()).encode())
                await writer.drain()
            elif answer == "!wait":
                await self.go_on.wait()
            elif answer == "!tls":
                assert self.tls is not None
                await writer.start_tls(self.tls)
            else:
                await self._say(writer, answer.replace("{tag}", tag.decode()))
        return True
