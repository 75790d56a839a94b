"""A TCP proxy that makes faults: between coolmail and a real server, it breaks the connection in the ways networks do."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import struct
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

_COMMAND = re.compile(rb"^[A-Za-z]+\d+ [A-Za-z]+.*?$|^(?:EHLO|MAIL|RCPT|DATA|QUIT|AUTH|STARTTLS)\b.*?$", re.MULTILINE)


class FaultProxy:
    """Forwards to `port` on loopback until told otherwise; the faults may be set at any time and hold for all connections.

    black_hole: both sides stay connected, nothing gets through any more (a half-open connection); set False again, what piled up flows.
    cut_client_after, cut_server_after: so many more octets from that side are let through, then the connection is reset.
    drop_reply: a reply that contains this pattern is not delivered, the connection is reset instead.
    cut_on_command: a command that contains this pattern is not delivered, the connection is reset instead.
    trickle: seconds between single octets from the server, of each piece the first `trickled`.  latency: seconds every piece is late.
    rewrite: what the server says is passed through this function, piece by piece.
    """

    def __init__(self, port: int) -> None:
        self.target = port
        self.port = 0
        self.commands: list[bytes] = []
        """The first line of every command that got through, in order."""
        self.connections = 0
        self.from_client = 0
        self.cut_client_after: int | None = None
        self.cut_server_after: int | None = None
        self.drop_reply: re.Pattern[bytes] | None = None
        self.cut_on_command: re.Pattern[bytes] | None = None
        self.trickle: float = 0
        self.trickled = 1_000_000
        self.latency: float = 0
        self.rewrite: Callable[[bytes], bytes] = bytes
        self._open = asyncio.Event()
        self._open.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        """Start to listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening and cut what is left."""
        assert self._server is not None
        self._server.close()
        self.reset()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def black_hole(self) -> bool:
        """Whether everything is swallowed."""
        return not self._open.is_set()

    @black_hole.setter
    def black_hole(self, swallow: bool) -> None:
        if swallow:
            self._open.clear()
        else:
            self._open.set()

    def reset(self) -> None:
        """Cut every connection with RST."""
        for writer in list(self._writers):
            with contextlib.suppress(OSError):
                raw = writer.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        self._writers.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        self._writers.add(writer)
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        self._writers.add(back)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(self._upstream(reader, back), self._downstream(there, writer))

    async def _upstream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await self._delay()
                if self.cut_on_command and self.cut_on_command.search(data):
                    return self.reset()
                if self.cut_client_after is not None:
                    if len(data) >= self.cut_client_after:
                        writer.write(data[: self.cut_client_after])
                        await writer.drain()
                        return self.reset()
                    self.cut_client_after -= len(data)
                self.from_client += len(data)
                self.commands += [line.rstrip(b"\r") for line in _COMMAND.findall(data)]
                writer.write(data)
                await writer.drain()
        writer.close()
        return None

    async def _downstream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tail = b""
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await self._delay()
                if self.drop_reply and self.drop_reply.search(tail + data):
                    return self.reset()
                tail = data[-200:]
                data = self.rewrite(data)
                if self.cut_server_after is not None:
                    if len(data) >= self.cut_server_after:
                        writer.write(data[: self.cut_server_after])
                        await writer.drain()
                        return self.reset()
                    self.cut_server_after -= len(data)
                single = min(len(data), self.trickled) if self.trickle else 0
                for start in range(single):
                    writer.write(data[start : start + 1])
                    await writer.drain()
                    await asyncio.sleep(self.trickle)
                writer.write(data[single:])
                await writer.drain()
        writer.close()
        return None

    async def _delay(self) -> None:
        await self._open.wait()
        if self.latency:
            await asyncio.sleep(self.latency)


def hide(*extensions: str) -> Callable[[bytes], bytes]:
    """Return a `rewrite` that makes a server look as if it lacked these extensions; without UIDPLUS, its response codes go too."""
    names = "|".join(re.escape(name) for name in extensions)
    capability = re.compile(rf" (?:{names})(?=[ \]\r])".encode())
    codes = re.compile(rb"\[(?:COPYUID|APPENDUID) [^\]]*\] ")

    def rewrite(data: bytes) -> bytes:
        if b"CAPABILITY" in data:
            data = capability.sub(b"", data)
        return codes.sub(b"", data) if "UIDPLUS" in extensions else data

    return rewrite
