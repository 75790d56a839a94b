"""The text of a message: which MIME parts the author wrote, decoded.

A walk over the raw parts, bounded in depth and number, that never descends into attached messages. The library's parser copies every
attachment line by line (seconds for 30 MB) and recurses as deep as a hostile attachment asks it to; here the time is that of a search for
the boundaries.
"""

from __future__ import annotations

import html as html_module
import re
from dataclasses import dataclass, field
from email.message import Message
from typing import TYPE_CHECKING

from coolmail.mail.decoding import READ_AT_MOST, to_text, transfer_decoded
from coolmail.mail.headers import Parts, split

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_DEPTH = 16
MAX_PARTS = 256
READ_TEXT_AT_MOST = 4_000_000
"""Bytes of one text part that are decoded."""


@dataclass(frozen=True, slots=True)
class Bodies:
    """What there is to read: `plain` and `html` say the same where both are there; `encrypted` names what hides the text."""

    plain: str | None = None
    html: str | None = None
    flowed: bool = False
    delsp: bool = False
    encrypted: str | None = None


def read_bodies(parts: Parts) -> Bodies:
    """Find and decode the text of a message."""
    walk = _Walk()
    blocks = list(walk.blocks(parts, "text/plain", 0))
    plain = _joined([block.plain for block in blocks])
    html = None
    if any(block.html is not None for block in blocks):
        html = "\n".join(block.html if block.html is not None else _as_html(block.plain) for block in blocks)
        if any(block.plain is None for block in blocks):
            plain = None
    encrypted = walk.encrypted
    if encrypted is None and any(_ARMOUR.search(text) for text in (plain, html) if text):
        encrypted = "PGP"
    flowed = plain is not None and all(block.flowed for block in blocks)
    return Bodies(plain, html, flowed, flowed and all(block.delsp for block in blocks), encrypted)


_ARMOUR = re.compile(r"(?:^|>)-----BEGIN PGP MESSAGE-----", re.MULTILINE)


@dataclass(slots=True)
class _Block:
    """A stretch of the message's text, in one form or in two that say the same."""

    plain: str | None = None
    html: str | None = None
    flowed: bool = False
    delsp: bool = False


def _joined(texts: list[str | None]) -> str | None:
    there = [text for text in texts if text is not None]
    return "\n".join(there) if there else None


def _as_html(text: str | None) -> str:
    return f"<div>{html_module.escape(text or '').replace(chr(10), '<br>')}</div>"


@dataclass(slots=True)
class _Walk:
    encrypted: str | None = None
    parts: int = field(default=0)

    def blocks(self, parts: Parts, default_type: str, depth: int) -> Iterator[_Block]:
        """The readable stretches of this part and those below it, in order."""
        self.parts += 1
        if depth > MAX_DEPTH or self.parts > MAX_PARTS:
            return
        head = content_headers(parts)
        kind = head.get_content_type() if "content-type" in head else default_type
        self._note_encryption(kind, head)
        if kind.startswith("multipart/"):
            inner_default = "message/rfc822" if kind == "multipart/digest" else "text/plain"
            inner = [
                list(self.blocks(split(parts.body[start:end]), inner_default, depth + 1))
                for start, end in child_spans(parts.body, parameter(head, "boundary"))
            ]
            if kind == "multipart/alternative":
                yield _alternative([block for blocks in inner for block in blocks])
            else:
                for blocks in inner:
                    yield from blocks
        elif kind in {"text/plain", "text/html"} and not (depth and is_attachment(head)):
            body = transfer_decoded(parts.body, str(head.get("content-transfer-encoding", "")))
            text = (
                to_text(body[:READ_TEXT_AT_MOST], parameter(head, "charset")).replace("\r\n", "\n").replace("\r", "\n")
            )
            if kind == "text/html":
                yield _Block(html=text)
            else:
                flowed = parameter(head, "format").lower() == "flowed"
                yield _Block(plain=text, flowed=flowed, delsp=parameter(head, "delsp").lower() == "yes")

    def _note_encryption(self, kind: str, head: Message) -> None:
        if kind in {"application/pkcs7-mime", "application/x-pkcs7-mime"}:
            # An opaque signature hides the text from us as well as encryption does.
            self.encrypted = "S/MIME"
        elif (
            kind in {"multipart/encrypted", "application/pgp-encrypted", "application/pgp"}
            or parameter(head, "x-action").lower() == "pgp-encrypted"
        ):
            self.encrypted = self.encrypted or "PGP"


def _alternative(blocks: list[_Block]) -> _Block:
    """One block of the last plain and the last HTML form: the last is the one its author likes best (RFC 2046 section 5.1.4)."""
    whole = _Block()
    for block in blocks:
        if block.plain is not None:
            whole.plain, whole.flowed, whole.delsp = block.plain, block.flowed, block.delsp
        if block.html is not None:
            whole.html = block.html
    return whole


def child_spans(body: bytes, boundary: str) -> Iterator[tuple[int, int]]:
    """Where the raw parts lie in the body of a multipart, as start and end: between the boundary lines, without what stands before and after them."""
    if not boundary:
        return
    mark = re.escape(boundary.encode("utf-8", errors="replace"))
    delimiter = re.compile(rb"(?:\A|\r\n|\n|\r)--" + mark + rb"(--)?[ \t]*(?=\r|\n|\Z)")
    start: int | None = None
    for match in delimiter.finditer(body):
        if start is not None:
            yield min(start + _first_ending(body, start), match.start()), match.start()
        if match[1]:
            return
        start = match.end()
    if start is not None:
        yield min(start + _first_ending(body, start), len(body)), len(body)


def _first_ending(body: bytes, start: int) -> int:
    return 2 if body.startswith(b"\r\n", start) else 1


def content_headers(parts: Parts) -> Message:
    """The Content-* fields of a part in the library's class, which knows their parameters (RFC 2045, RFC 2231)."""
    head = Message()
    for name in ("content-type", "content-disposition", "content-transfer-encoding"):
        found = parts.first(name)
        if found is not None:
            head[name] = to_text(found.value[:READ_AT_MOST]).replace("\r", " ").replace("\n", " ")
    return head


def parameter(head: Message, name: str) -> str:
    """A parameter of the content type, decoded; empty where there is none."""
    value = head.get_param(name, "")
    return (str(value[2]) if isinstance(value, tuple) else str(value)).strip()


def is_attachment(head: Message) -> bool:
    """Whether a part below the top is shown as a file rather than as text."""
    return head.get_content_disposition() == "attachment" or head.get_filename() is not None
