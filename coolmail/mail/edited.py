"""A message that its author has edited, before it takes the place of the one that waits: its new Message-ID, and whether it is still sound.

An edited version has a Message-ID of its own, so that the two can be told apart in a mailbox. What the author may have broken in the raw message is
refused with a `CannotEditError`; what was wrong before stays as it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from coolmail.mail.bodies import MAX_DEPTH, MAX_PARTS, child_spans, content_headers, parameter, read_bodies
from coolmail.mail.headers import Field, Parts, crlf_message, split
from coolmail.mail.outgoing import BadDraft, envelope
from coolmail.mail.rewriting import CannotEditError

LARGEST = 100_000_000
"""Bytes of an edited message; no server takes more."""

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=\s]")
_SIGNED = re.compile(rb"^-----BEGIN PGP SIGNED MESSAGE-----", re.MULTILINE)


def renamed(raw: bytes, message_id: str) -> bytes:
    """Return the message in CRLF form under another Message-ID (given with its angle brackets)."""
    parts = crlf_message(raw)
    old = parts.first("message-id")
    parts = parts.without(lambda field: field.name == "message-id" and field is not old)
    if old is None:
        return bytes(parts.with_field("Message-ID", message_id))
    name = old.raw.partition(b":")[0].rstrip()
    return bytes(parts.with_replaced(old, Field("message-id", name + f": {message_id}\r\n".encode())))


def sound(raw: bytes, before: bytes, *, address: str) -> bytes:
    """Return an edited raw message in CRLF form; raise `CannotEditError` if the edit broke something that was whole in `before`.

    `address` is the account's own. Looked at are: headers, sender and recipients, the parts of every multipart, base64, and what a signature or
    encryption protects, which no edit can change without breaking it.
    """
    if len(raw) > LARGEST:
        raise CannotEditError(f"it would have more than {LARGEST // 1_000_000} MB, which no server takes")
    parts, old = crlf_message(raw), crlf_message(before)
    new = bytes(parts)
    if _protected(old) and parts.body != old.body:
        raise CannotEditError(
            "it is signed or encrypted, and its body was changed, which breaks that. Change its header only, or withdraw it and edit it "
            "in your mail client"
        )
    known = set(_faults(bytes(old), address))
    for fault in _faults(new, address):
        if fault not in known:
            raise CannotEditError(fault)
    return new


def _protected(parts: Parts) -> bool:
    kinds = {kind for kind, _ in _walk(parts, 0, [0])}
    return bool(kinds & {"multipart/signed"} or _SIGNED.search(parts.body) or read_bodies(parts).encrypted)


def _faults(raw: bytes, address: str) -> Iterator[str]:
    try:
        envelope(raw, address=address)
    except BadDraft as error:
        yield str(error)
    for _, fault in _walk(split(raw), 0, [0]):
        if fault is not None:
            yield fault


def _walk(parts: Parts, depth: int, count: list[int]) -> Iterator[tuple[str, str | None]]:
    """The content type of every part, and what is wrong with it."""
    count[0] += 1
    if depth > MAX_DEPTH or count[0] > MAX_PARTS:
        return
    head = content_headers(parts)
    kind = head.get_content_type()
    yield kind, None
    if not kind.startswith("multipart/"):
        encoding = str(head.get("content-transfer-encoding", "")).strip().lower()
        if encoding == "base64" and _NOT_BASE64.search(parts.body):
            yield kind, f"a part of it ({kind}) says that it is base64, and is not"
        return
    boundary = parameter(head, "boundary")
    spans = list(child_spans(parts.body, boundary))
    if not spans:
        yield (
            kind,
            f"none of its parts can be found any more: the line --{boundary[:80]} that stands before each is missing",
        )
    elif (
        re.search(
            rb"(?:\A|\n)--" + re.escape(boundary.encode("utf-8", "replace")) + rb"--[ \t]*(?:\r|\n|\Z)", parts.body
        )
        is None
    ):
        yield kind, f"the line --{boundary[:80]}-- at its end, which closes its parts, is missing"
    for start, end in spans:
        yield from _walk(split(parts.body[start:end]), depth + 1, count)
