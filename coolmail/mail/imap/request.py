"""One command with literals in it.

aioimaplib's own commands are one line of text, and APPEND's literal hangs on the connection, where a second APPEND would overwrite it. Here the
literals belong to the command: it is cut into segments, the first is sent at once, each further one when the server says `+` (RFC 3501 section 7.5).
"""

from __future__ import annotations

from aioimaplib import aioimaplib


class Request(aioimaplib.Command):  # type: ignore[misc]  # aioimaplib ships no types
    """A command made of words; `bytes` words are sent as synchronising literals, `str` words as they are.

    `answers` are what the server's `+` challenges are answered with, in order (AUTHENTICATE). `patience` is how many seconds without any progress
    the command may last.
    """

    def __init__(
        self,
        name: str,
        tag: str,
        *words: str | bytes,
        prefix: str | None = None,
        answers: tuple[bytes, ...] = (),
        patience: float | None = None,
    ) -> None:
        # The base class refuses CR, LF and NUL in the words, which is what we want for all but literals.
        super().__init__(name, tag, *(word for word in words if isinstance(word, str)), prefix=prefix)
        self.patience = patience
        self.delivered = False
        """True from the moment the last octet is on its way: from then on the server may have done what it was asked."""
        line = b" ".join(part.encode() for part in (tag, prefix, name) if part)
        self.segments: list[bytes] = []
        for word in words:
            if isinstance(word, str):
                line += b" " + word.encode()
            else:
                self.segments.append(line + b" {%d}\r\n" % len(word))
                line = word
        self.segments.append(line + b"\r\n")
        self.segments += [answer + b"\r\n" for answer in answers]

    def __repr__(self) -> str:
        """Name the command and nothing of what it carries: words can be passwords, literals are mail."""
        return f"<{self.name} {self.tag}>"
