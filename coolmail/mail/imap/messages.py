"""Looking at messages: their overview, their bytes, and who carries a given Message-ID."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING

from coolmail.mail.imap import names, parse, replies
from coolmail.mail.imap.values import Overview, Uid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from coolmail.mail.imap.session import ImapSession

FIELDS = ("Message-ID", "Date", "From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Subject", "In-Reply-To", "References")
BATCH = 100

_FIELD_NAME = re.compile(r"[!-9;-~]+")
_BRACKETED = re.compile(r"<[^<>]+>")
_PLAIN = re.compile(r"[!#-\[\]-~]+")


def uid_set(uids: Iterable[int]) -> str:
    """Return UIDs as a set, runs joined: 1, 2, 3, 7 gives `1:3,7`."""
    runs = []
    for _, run in groupby(enumerate(sorted(set(uids))), lambda pair: pair[1] - pair[0]):
        numbers = [number for _, number in run]
        runs.append(str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]}:{numbers[-1]}")
    return ",".join(runs)


def _batches(uids: Iterable[int]) -> Iterator[str]:
    ordered = sorted(set(uids))
    for start in range(0, len(ordered), BATCH):
        yield uid_set(ordered[start : start + BATCH])


async def section(session: ImapSession, uid: Uid, item: str) -> bytes | None:
    """Return one body section of a message, None if the message is gone."""
    response = await session.protocol.uid("FETCH", str(uid), f"(UID {item})")
    if replies.gone(response):
        return None
    for frame in session.ok(response, f"reading message {uid}"):
        found = parse.fetched(frame)
        if found and found.uid == uid and found.sections:
            return found.sections[0]
    return None


async def overview(
    session: ImapSession, uids: Sequence[Uid] | None, since: Uid | None, fields: Sequence[str]
) -> list[Overview]:
    """Return the overview of messages in batches, so that no answer is huge."""
    if uids is None:
        # `n:*` always contains the last message, even when its UID is lower than n (RFC 3501 section 9, seq-range).
        uids = await session.search("ALL") if since is None else await session.search("UID", f"{since}:*")
    if since is not None:
        uids = [uid for uid in uids if uid >= since]
    if not all(_FIELD_NAME.fullmatch(field) for field in fields):
        raise ValueError("not a header field's name")
    wanted = " ".join(str(names.word(field)) for field in fields)
    found: dict[Uid, Overview] = {}
    for batch in _batches(uids):
        response = await session.protocol.uid(
            "FETCH", batch, f"(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS ({wanted})])"
        )
        for frame in response.lines if replies.gone(response) else session.ok(response, "reading headers"):
            item = parse.fetched(frame)
            # Flags that changed meanwhile come as a FETCH of their own, without the rest.
            if (
                not item
                or item.uid is None
                or item.flags is None
                or item.internaldate is None
                or item.size is None
                or not item.sections
            ):
                continue
            uid = Uid(item.uid)
            found[uid] = Overview(uid, item.flags, item.internaldate, item.size, item.sections[0] or b"")
    return [found[uid] for uid in sorted(found)]


async def search_message_id(session: ImapSession, message_id: str) -> list[Uid]:
    """Search on the server, then compare here: SEARCH HEADER matches substrings, ignores case, and its quoting limits what can be asked."""
    await session.noop()  # a search sees what this session has been told of, and no more
    wanted = message_id.strip()
    askable = max(_PLAIN.findall(wanted.strip("<>")), key=len, default="")
    candidates = await session.search("HEADER", "Message-ID", askable)
    return [
        item.uid
        for item in await overview(session, candidates, None, ("Message-ID",))
        if wanted in message_ids(item.header)
    ]


def message_ids(header: bytes) -> list[str]:
    """Return what the Message-ID fields of a header block name: each `<id>` in them (an id without brackets gets some), then each whole value."""
    unfolded = re.sub(rb"\r?\n(?=[ \t])", b"", header)
    fields = re.findall(rb"^message-id[ \t]*:(.*)$", unfolded, re.IGNORECASE | re.MULTILINE)
    whole = [value.strip().decode("utf-8", "surrogateescape") for value in fields]
    named = [found for value in whole for found in _BRACKETED.findall(value) or [f"<{value}>"]]
    return named + whole
