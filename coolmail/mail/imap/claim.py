r"""The claim: take a message out of a mailbox so that exactly one of several daemons has it.

MOVE is not a lock. Two sessions that move one message at the same moment mostly both get OK with COPYUID, and the target holds two copies
(measured on Dovecot, more than nine of ten tight races: docs/decisions/imap-library.md). What decides is what can be seen in the target: **the
copy with the lowest UID wins**. UIDs only grow, and a copy with a lower UID is already visible when a later one is made, so everyone who looks
sees the same winner, on any server.

The steps, and why each is there:

1. Look into the target first: note UIDNEXT, search the Message-ID. If it is there, somebody has it (or had it when he died): nothing is moved,
   None.
2. Check in the source that this UID still is this message and is not marked `\Deleted` (UIDVALIDITY may have changed, a rival on a server
   without UIDPLUS leaves his original marked).
3. Move. No COPYUID: it was gone, None.
4. Look again. Any copy between UIDNEXT of step 1 and ours came first: we lost, remove our own copy, None. Ours alone: we won.

A rival can be so fast that he has won, sent and filed before we look again; then his copy is no longer there to be seen. It must have come after
step 1 (or step 1 would have found it, or step 2 the source gone), so its UID lies between UIDNEXT and ours. If any UID in that gap is missing
now, the claim cannot be proven: our copy is left where it is, None. What is left in the target and belongs to nobody is moved to Review after
`stuck_after`.

A loser removes his copy only if the winner's has the same size. Clients such as Roundcube keep the Message-ID from save to save, so two claimed
messages of one Message-ID may be two versions; then both stay, and a human decides.

**When the reply is lost** (`ConnectionLost`, `ImapTimeout`, `AppendUncertain`) nobody knows whether the copy was made. Open a new session and
call `reclaim`: it only looks. Nothing in the target: if the message is still in the source, claim it again. Something in the target: it is ours
if no other daemon works on this account, which only the caller knows; where another may, leave it, it becomes stuck and goes to Review. Never
take a copy found this way for a proven claim: it may be a rival's who is sending it now.

After a claim the session has source or target selected, whichever came last: select before going on.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from coolmail.mail.imap import messages
from coolmail.mail.imap.errors import ImapError
from coolmail.mail.imap.values import Moved, Uid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from coolmail.mail.imap.session import ImapSession

log = logging.getLogger(__name__)


async def claim(session: ImapSession, source: str, uid: Uid, target: str, message_id: str) -> Moved | None:
    """Claim message `uid` of `source`, which carries this Message-ID, into `target`; None if it is not ours."""
    before = await _first_look(session, target, message_id)
    if before is None or not await _still_there(session, source, uid, message_id):
        return None
    ours = await session.move(uid, target)
    return ours if ours is not None and await _won(session, target, message_id, before, ours.uid) else None


async def claim_by_append(
    session: ImapSession,
    source: str,
    uid: Uid,
    target: str,
    message_id: str,
    raw: bytes,
    flags: Iterable[str] = (),
    still: Callable[[frozenset[str]], bool] = lambda _: True,
) -> Moved | None:
    """Claim a message that must be completed first: store the completed copy `raw` in `target`; the winner expunges the source.

    Unlike MOVE, APPEND does not care whether the source is still there. So it is looked at once more before it is expunged: if its user moved or
    deleted it meanwhile, or its flags do not satisfy `still`, the copy is removed again.

    The server dates the copy: by INTERNALDATE it is told later what came before it, and this computer's clock may be wrong.

    `message_id` must follow from the draft itself (say, a hash of its bytes), so that every claimant completes it alike: the tie-break compares it.
    """
    before = await _first_look(session, target, message_id)
    if before is None or not await _same_body(session, source, uid, raw, still):
        return None
    stored = await session.append(target, raw, flags=flags)
    there = await session.select(target)
    own = stored.uid
    if (
        own is None
    ):  # no UIDPLUS: the highest copy, so that two who see the same copies never both take the lowest for theirs
        copies = [found for found in await session.search_message_id(message_id) if found >= before]
        if not copies:
            raise ImapError(
                f"{session.protocol.who}: the message stored in {target!r} can't be found there. The original is untouched."
            )
        own = max(copies)
    if not await _won(session, target, message_id, before, own):
        return None
    if not await _same_body(session, source, uid, raw, still):
        await session.select(target)
        await session.expunge(own)
        return None
    await session.expunge(uid)
    return Moved(there.uidvalidity, own)


async def reclaim(session: ImapSession, target: str, message_id: str) -> Moved | None:
    """After a lost reply: return where the message lies in `target`, None if it is not there. Proves nothing about whose it is, see above."""
    there = await session.select(target)
    found = await _undeleted(session, message_id)
    return Moved(there.uidvalidity, found[0]) if found else None


async def _first_look(session: ImapSession, target: str, message_id: str) -> Uid | None:
    """Return the target's UIDNEXT, or None if a copy of the message is already there."""
    there = await session.select(target)
    uidnext = there.uidnext if there.uidnext is not None else (await session.status(target)).uidnext
    if taken := await _undeleted(session, message_id):
        log.info("%s: %s is already in %r (UID %d), left alone", session.protocol.who, message_id, target, taken[0])
        return None
    return Uid(uidnext)


async def _still_there(session: ImapSession, source: str, uid: Uid, message_id: str) -> bool:
    await session.select(source)
    found = await session.overview([uid], fields=("Message-ID",))
    return (
        bool(found)
        and message_id.strip() in messages.message_ids(found[0].header)
        and r"\Deleted" not in found[0].flags
    )


async def _same_body(
    session: ImapSession, source: str, uid: Uid, raw: bytes, still: Callable[[frozenset[str]], bool]
) -> bool:
    await session.select(source)
    seen = await session.overview([uid], fields=("Message-ID",))
    if not seen or r"\Deleted" in seen[0].flags or not still(seen[0].flags):
        return False
    draft = await session.fetch(uid)
    return draft is not None and _body(draft) == _body(raw)


def _body(raw: bytes) -> bytes:
    lines = re.sub(rb"\r?\n", b"\r\n", raw)
    return lines.partition(b"\r\n\r\n")[2].lstrip(b"\r\n")  # a draft without headers begins with its body


async def _undeleted(session: ImapSession, message_id: str) -> list[Uid]:
    copies = await session.search_message_id(message_id)
    return (
        [item.uid for item in await session.overview(copies, fields=("Message-ID",)) if r"\Deleted" not in item.flags]
        if copies
        else []
    )


async def _won(session: ImapSession, target: str, message_id: str, before: Uid, own: Uid) -> bool:
    """Look again and decide; the loser's copy is removed, an unprovable one left."""
    await session.select(target)
    earlier = [found for found in await session.search_message_id(message_id) if before <= found < own]
    if earlier:
        await _withdraw(session, own, earlier[0])
        return False
    if own > before:
        gap = [found for found in await session.search("UID", f"{before}:{own - 1}") if before <= found < own]
        if len(gap) < own - before:
            log.warning(
                "%s: the claim of %s can't be proven, UID %d of %r is left for review",
                session.protocol.who,
                message_id,
                own,
                target,
            )
            return False
    return True


async def _withdraw(session: ImapSession, own: Uid, winner: Uid) -> None:
    sizes = {item.uid: item.size for item in await session.overview([own, winner], fields=("Message-ID",))}
    if own in sizes and sizes[own] == sizes.get(winner):
        await session.expunge(own)
    elif own in sizes:
        log.warning("%s: UIDs %d and %d carry one Message-ID and differ; both stay", session.protocol.who, winner, own)
