"""Cutting the server's byte stream into whole responses. No recursion, no I/O.

A response is a line, or a line that announces a literal (`{5}` at its end), the literal's octets, and the rest of the line, and so on. Octets of a
literal are never looked at, so a message that contains `* 99 EXPUNGE` is just a message. The human-readable text of a status response may end with
something that looks like a literal; it is not one (RFC 3501 section 7.1).
"""

from __future__ import annotations

import re

Frame = tuple[bytes, ...]
"""One whole response without its line ends: text, literal, text, literal, ..., text. Its length is odd."""

LINE_LIMIT = 64 * 1024 * 1024
LITERAL_LIMIT = 512 * 1024 * 1024

_LITERAL = re.compile(rb"~?\{(\d{1,19})\+?\}$")
_STATUS = re.compile(rb"\* (?:OK|NO|BAD|BYE|PREAUTH)\b|[^*]", re.IGNORECASE)


class FramingError(ValueError):
    """The stream is not IMAP, or announces more than we are ready to hold."""


class Framer:
    """Takes bytes as they come, gives whole responses as they become complete."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._literal: bytearray | None = None
        self._missing = 0
        self._parts: list[bytes] = []

    @property
    def empty(self) -> bool:
        """Whether nothing is half-received."""
        return not (self._line or self._parts or self._literal is not None)

    def feed(self, data: bytes) -> list[Frame]:
        """Return the responses that `data` completes, in order; `FramingError` if the stream is beyond reading."""
        frames: list[Frame] = []
        position = 0
        while position < len(data):
            if self._literal is not None:
                position = self._take_literal(data, position)
                continue
            end = data.find(b"\n", position)
            if end < 0:
                self._line += data[position:]
                if len(self._line) > LINE_LIMIT:
                    raise FramingError("a line without end")
                break
            line = bytes(self._line) + data[position:end]
            self._line.clear()
            position = end + 1
            if (frame := self._take_line(line.removesuffix(b"\r"))) is not None:
                frames.append(frame)
        return frames

    def _take_literal(self, data: bytes, position: int) -> int:
        assert self._literal is not None  # noqa: S101 - for the type checker; feed() asked
        piece = data[position : position + self._missing]
        self._literal += piece
        self._missing -= len(piece)
        if not self._missing:
            self._parts.append(bytes(self._literal))
            self._literal = None
        return position + len(piece)

    def _take_line(self, line: bytes) -> Frame | None:
        """Return the finished response, or None when a literal follows or the line is empty."""
        announced = None if not self._parts and _STATUS.match(line) else _LITERAL.search(line)
        if announced:
            size = int(announced[1])
            if size > LITERAL_LIMIT:
                raise FramingError(f"a literal of {size} octets")
            self._parts.append(line)
            if size:
                self._literal, self._missing = bytearray(), size
            else:
                self._parts.append(b"")
            return None
        if not line and not self._parts:
            return None
        frame = (*self._parts, line)
        self._parts.clear()
        return frame
