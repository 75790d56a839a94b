r"""Changing messages: flags, MOVE and what stands in for it, EXPUNGE.

MOVE is used where the server also has UIDPLUS, so that COPYUID proves what happened and tells where the message landed. Elsewhere it is COPY, a look
at the copy, then `\Deleted` on the original; the original is never given up before the copy has been seen. EXPUNGE without UIDs would delete whatever
anyone marked `\Deleted`, so without UIDPLUS the original just stays marked: whoever scans a mailbox must pass over `\Deleted` messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coolmail.mail.imap import messages, names, parse, replies
from coolmail.mail.imap.errors import ImapError
from coolmail.mail.imap.values import Moved, Uid

if TYPE_CHECKING:
    from coolmail.mail.imap.framing import Frame
    from coolmail.mail.imap.session import ImapSession


async def store(session: ImapSession, uid: Uid, add: frozenset[str], remove: frozenset[str]) -> bool:
    """Add and remove flags; False if the message is gone. A server may say OK to a STORE that hit nothing, so the message is looked for."""
    seen = False
    for sign, flags in (("+", add), ("-", remove)):
        if not flags:
            continue
        response = await session.protocol.uid("STORE", str(uid), f"{sign}FLAGS", names.flag_list(sorted(flags)))
        if replies.gone(response):
            return False
        lines = session.ok(response, f"changing the flags of message {uid}")
        if "MODIFIED" in parse.codes(lines):
            return False
        seen = seen or _mentions(lines, uid)
    return seen or await _flags(session, uid) is not None


def _mentions(lines: list[Frame], uid: Uid) -> bool:
    return any(found.uid == uid for frame in lines if (found := parse.fetched(frame)))


async def _flags(session: ImapSession, uid: Uid) -> frozenset[str] | None:
    """Return the flags of a message, None if it is gone."""
    response = await session.protocol.uid("FETCH", str(uid), "(UID FLAGS)")
    if replies.gone(response):
        return None
    found = (parse.fetched(frame) for frame in session.ok(response, f"reading the flags of message {uid}"))
    return next((item.flags for item in found if item and item.uid == uid and item.flags is not None), None)


async def expunge(session: ImapSession, uid: Uid) -> None:
    r"""Mark the message `\Deleted` and expunge exactly it."""
    response = await session.protocol.uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Deleted)")
    if replies.gone(response):
        return
    session.ok(response, f"deleting message {uid}")
    if "UIDPLUS" in session.capabilities:
        session.ok(await session.protocol.uid("EXPUNGE", str(uid)), f"deleting message {uid}")


async def move(session: ImapSession, uid: Uid, target: str) -> Moved | None:
    """Move a message; None if nothing landed in the target."""
    if "UIDPLUS" not in session.capabilities:
        return await _move_unsupported(session, uid, target)
    verb = "MOVE" if "MOVE" in session.capabilities else "COPY"
    response = await session.protocol.uid(verb, str(uid), session.mailbox(target))
    landed = _landed(session, response, uid, target)
    if landed is not None and verb == "COPY":
        await expunge(session, uid)
    return landed


def _landed(session: ImapSession, response: Any, uid: Uid, target: str) -> Moved | None:
    """Return what COPYUID says of this message, whatever the tagged answer is: a copy that exists has to be known."""
    codes = parse.codes(response.lines)
    if "COPYUID" in codes:
        uidvalidity, copies = parse.copyuid(codes["COPYUID"])
        if uid in copies:
            return Moved(uidvalidity, Uid(copies[uid]))
    if replies.gone(response):
        return None
    if response.result != "OK" and codes.keys() & {"TRYCREATE", "NONEXISTENT"}:
        raise replies.missing(session.protocol.who, target, response)
    session.ok(response, f"moving message {uid} to {target!r}")
    return None


async def _move_unsupported(session: ImapSession, uid: Uid, target: str) -> Moved | None:
    """COPY, find the copy, mark the original.

    The copy is the highest new UID in the target with our Message-ID (or, without one, the same header and size). If another session copied the
    message too, both take the same copy for theirs, the higher one; so both lose the claim and a human decides, and never do both win it.
    """
    if session.selected is None:
        raise ImapError(f"{session.protocol.who}: no mailbox is selected.")
    source = session.selected.name
    before = (await session.status(target)).uidnext
    header = await messages.section(session, uid, "BODY.PEEK[HEADER]")
    if header is None:
        return None
    _landed(session, await session.protocol.uid("COPY", str(uid), session.mailbox(target)), uid, target)
    if await _flags(session, uid) is None:
        return None  # it went away meanwhile: what now lies in the target may be somebody else's copy

    there = await session.select(target, readonly=True)
    if message_id := next(iter(messages.message_ids(header)), None):
        copies = [found for found in await session.search_message_id(message_id) if found >= before]
    else:
        new = [found for found in await session.search("UID", f"{before}:*") if found >= before]
        copies = [found for found in new if await messages.section(session, found, "BODY.PEEK[HEADER]") == header]
    await session.select(source)
    if not copies:
        return None
    await expunge(session, uid)
    return Moved(there.uidvalidity, max(copies))
