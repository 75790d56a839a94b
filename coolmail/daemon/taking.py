"""Taking: from a ready draft to a journalled, claimed message.

The order is the promise. The raw bytes are in the journal, on the disk, before the mailbox is touched; only then the message is claimed into
`Sending` (`coolmail.mail.imap.claim`: move it, then look; the lowest UID wins). Whoever loses closes its entry as `elsewhere`.

The user may act between the look that found a draft ready and the claim. The flags that came along with the claimed copy tell whether it was still
declared ready at that moment; if not, it is put back.

A claim proves that nobody else has the message *now*. It does not prove that nobody had it before: a computer that slept between looking and moving
wakes up with a copy of something long gone. So the winner also looks for the Message-ID further along the way, in `Held`, `Send anyway`, `Review` and
`\\Sent`, before it goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from coolmail.core.entry import Entry, Place
from coolmail.core.errors import CoolmailError
from coolmail.core.siblings import Letter, siblings
from coolmail.core.states import Stage, State
from coolmail.core.steps import Role
from coolmail.core.subject import without_token
from coolmail.daemon.desk import Desk, log
from coolmail.daemon.doors import says_ready
from coolmail.daemon.survey import TAKEN_KEYWORD, Seen
from coolmail.mail.imap.claim import claim, claim_by_append
from coolmail.mail.imap.values import Uid
from coolmail.mail.message import Draft, read_draft
from coolmail.mail.outgoing import complete, stable_message_id

REMEMBER_WITHDRAWN = timedelta(days=14)
"""How long a withdrawn message's hold can go on with a new version of it."""

ONWARD = (Role.HELD, Role.SEND_ANYWAY, Role.REVIEW, Role.SENT)
"""Where a message may be by now if somebody else took it first."""


class NotClaimedError(CoolmailError):
    """A draft is where it was, and no claim on it could be proven; it is tried again later."""


def letter(draft: Draft) -> Letter:
    """Return what is needed to recognise another version of a draft."""
    return Letter(
        draft.from_[1],
        frozenset(draft.recipients),
        draft.in_reply_to,
        draft.subject,
        draft.own_text.text,
        draft.date,
    )


def letter_of(entry: Entry) -> Letter:
    """Return the same of a message in the journal."""
    return Letter(
        entry.sender,
        frozenset(entry.recipients),
        entry.in_reply_to,
        entry.subject,
        entry.own_text,
        entry.taken_at,
    )


async def take(desk: Desk, seen: Seen) -> Entry | None:
    """Take a ready draft; None if it is gone, on its way already, or was taken by somebody else."""
    raw = await desk.session.fetch(Uid(seen.place.uid)) if await desk.select(seen.place) else None
    if raw is None:
        return None
    entry = await journal_draft(desk, seen, raw, what=f"taken from {seen.place.mailbox}")
    if entry is None:
        log.info("%s: a message in %s is on its way already and was left alone", desk.account.name, seen.place.mailbox)
        return None
    return await claim_taken(desk, entry)


async def adopt(desk: Desk, seen: Seen) -> Entry | None:
    """Journal a message that lies in one of our mailboxes and is in no journal of ours: a lost journal, a new computer, or the user put it there.

    In `Held` it is held anew from now: its INTERNALDATE is that of the draft and may be long past. In `Send anyway` the user's wish is plain. In
    `Sending` and `Review` a human decides.
    """
    raw = await desk.session.fetch(Uid(seen.place.uid)) if await desk.select(seen.place) else None
    if raw is None:
        return None
    what = f"found in {seen.place.mailbox}, unknown to this computer's journal"
    more: dict[str, Any] = {"claimed": True, "place": seen.place}
    match seen.role:
        case Role.HELD:
            more |= {"verdict": "hold"}
        case Role.SEND_ANYWAY:
            more |= {"override": True}
        case Role.SENDING:
            reason = "it stood still in Sending: its sending was interrupted, here or on another computer; look into Sent before you send it"
            more |= {"state": State.REVIEW, "reasons": (reason,)}
        case _:
            more |= {"state": State.REVIEW, "reasons": ("it was found in Review",)}
    return await journal_draft(desk, seen, raw, what=what, **more)


async def journal_draft(desk: Desk, seen: Seen, raw: bytes, *, what: str, **more: Any) -> Entry | None:
    """Put a message into the journal, durably; None if an unfinished one with its Message-ID is there."""
    draft = read_draft(raw)
    message_id = draft.message_id or stable_message_id(raw, desk.account.address)
    now = desk.clock()
    earlier = await _earlier_version(desk, draft, message_id)
    if earlier is not None:
        more |= {"continues": earlier.id, "hold_until": earlier.hold_until, "suggestion_id": earlier.suggestion_id}
    more |= _already_sent(seen, await desk.journal.known(desk.account.name, message_id))
    return await desk.journal.add(
        account=desk.account.name,
        message_id=message_id,
        raw=raw,
        source=seen.place,
        subject=without_token(draft.subject),
        sender=draft.from_[1],
        recipients=draft.recipients,
        in_reply_to=draft.in_reply_to,
        references=draft.references,
        own_text=draft.own_text.text,
        now=now,
        what=what,
        **more,
    )


def _already_sent(seen: Seen, known: list[Entry]) -> dict[str, Any]:
    """Return what has to be remembered of earlier attempts with the same Message-ID: who has it, and whether somebody may have it."""
    accepted = tuple(dict.fromkeys(address for entry in known for address in entry.accepted))
    elsewhere = seen.tried and not any(entry.attempts for entry in known)
    doubtful = elsewhere or any(
        entry.stage is Stage.DATA and entry.state not in (State.SUBMITTED, State.FILED) for entry in known
    )
    return {"accepted": accepted, "stage": Stage.DATA if doubtful else None}


async def _earlier_version(desk: Desk, draft: Draft, message_id: str) -> Entry | None:
    """Return the withdrawn version of the same mail whose hold goes on with this one, if there is one."""
    now = desk.clock()
    this = letter(draft)
    for entry in await desk.journal.withdrawn(desk.account.name, now - REMEMBER_WITHDRAWN):
        if entry.hold_until is None or now - entry.hold_until > desk.settings.hold.late_limit:
            continue
        if entry.message_id == message_id or siblings(letter_of(entry), this):
            return entry
    return None


async def claim_taken(desk: Desk, entry: Entry) -> Entry | None:
    """Claim a journalled draft into `Sending`; None if somebody else has it (the entry is then closed as `elsewhere`)."""
    source, target = entry.source, desk.boxes[Role.SENDING]
    raw = await desk.raw(entry)
    draft = read_draft(raw)

    def still_ready(flags: frozenset[str]) -> bool:
        return source.mailbox != desk.boxes[Role.DRAFTS] or says_ready(draft.subject, flags)

    if draft.message_id is None:
        completed = complete(raw, message_id=entry.message_id, date=entry.taken_at)
        won = await claim_by_append(
            desk.session,
            source.mailbox,
            Uid(source.uid),
            target,
            entry.message_id,
            completed,
            flags=("\\Seen", "\\Draft"),
            still=still_ready,
        )
    else:
        won = await claim(desk.session, source.mailbox, Uid(source.uid), target, entry.message_id)
    if won is None:
        left = await desk.session.overview([Uid(source.uid)]) if await desk.select(source) else []
        if left and not still_ready(left[0].flags):
            await _not_ready(desk, entry, "it was no longer declared ready when it was to be taken")
            return None
        if left and "\\Deleted" not in left[0].flags and not await desk.find(Role.SENDING, entry.message_id):
            raise NotClaimedError(f"a draft in {source.mailbox} could not be claimed and was left where it is")
        reason = "another computer took it, or it was moved away before it could be taken"
        await desk.journal.move(entry.id, State.TAKEN, State.ELSEWHERE, now=desk.clock(), what=reason)
        return None
    place = Place(target, won.uidvalidity, won.uid)
    await desk.session.select(target)
    if draft.message_id is not None and not await _came_ready(desk, won.uid, still_ready):
        await desk.session.move(won.uid, source.mailbox)
        await _not_ready(desk, entry, "it was no longer declared ready when it was taken, and was put back")
        return None
    # A flag that goes along, or the token in its subject, would declare it ready again as soon as it is withdrawn to Drafts.
    await desk.mark(place, TAKEN_KEYWORD)
    await desk.session.store(won.uid, remove=("\\Flagged",))
    if await _went_on_without_us(desk, entry, place):
        return None
    await desk.journal.change(
        entry.id, State.TAKEN, now=desk.clock(), what=f"claimed into {target}", claimed=True, place=place
    )
    return replace(entry, claimed=True, place=place)


async def _not_ready(desk: Desk, entry: Entry, reason: str) -> None:
    await desk.journal.move(entry.id, State.TAKEN, State.WITHDRAWN, now=desk.clock(), what=reason, decision=None)


async def _came_ready(desk: Desk, uid: Uid, still_ready: Callable[[frozenset[str]], bool]) -> bool:
    """Whether the claimed copy in `Sending` was still declared ready when it was moved: a MOVE takes the flags of that moment along."""
    seen = await desk.session.overview([uid], fields=("Message-ID",))
    return not seen or still_ready(seen[0].flags)


async def _went_on_without_us(desk: Desk, entry: Entry, place: Place) -> bool:
    """Close or stop an entry whose Message-ID is further along the way already."""
    for role in ONWARD:
        found = await desk.find(role, entry.message_id)
        if not found:
            continue
        if role is Role.SENT:
            reason = "a mail with the same Message-ID lies in Sent already; sending it again needs your word"
        elif await desk.is_at(found[0], entry):
            if await desk.select(place):
                await desk.session.expunge(Uid(place.uid))
            reason = f"a copy of it lies in {desk.boxes[role]} already; this second copy was removed"
            await desk.journal.move(entry.id, State.TAKEN, State.ELSEWHERE, now=desk.clock(), what=reason)
            return True
        else:
            # Some clients keep the Message-ID when they save again.
            reason = f"another version of it lies in {desk.boxes[role]}; keep one of them and declare it ready again"
        await desk.journal.move(
            entry.id,
            State.TAKEN,
            State.REVIEW,
            now=desk.clock(),
            what=reason,
            reasons=(reason,),
            claimed=True,
            place=place,
        )
        return True
    return False
