"""Whether the conversation went on while a message waited: the client wrote again, or the user answered another way."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from coolmail.core.entry import Entry
from coolmail.core.siblings import normalised_subject, siblings
from coolmail.core.steps import Role
from coolmail.daemon.desk import Desk
from coolmail.daemon.survey import FIELDS
from coolmail.daemon.taking import letter, letter_of
from coolmail.daemon.telling import INBOX
from coolmail.mail.imap.values import Overview, Uid
from coolmail.mail.message import Draft, read_draft

SKEW = timedelta(minutes=2)
"""By how much the clocks of this computer and of the mail server may differ. What came that shortly before the message was taken is news, too."""


class Moved(StrEnum):
    """How a conversation moved on."""

    NOT = "not"
    CLIENT_WROTE = "the client wrote again in this conversation while it waited; read that first"
    USER_ANSWERED = "you answered in this conversation another way while it waited"
    SENT_ELSEWHERE = "you sent a version of it from your mail client"
    PERHAPS_SENT = "a version of it was sent from your mail client about when this one was taken; is this another mail?"


async def moved_on(desk: Desk, entry: Entry) -> Moved:
    """Look into `\\Sent` and INBOX for what came after the message was taken.

    A version of the message itself in `\\Sent` supersedes ours. Anything else in the thread means that a human must look before it goes out.
    """
    thread = {*entry.references, *((entry.in_reply_to,) if entry.in_reply_to else ())}
    ours = {address.casefold() for address in (desk.account.address, *desk.account.aliases)}
    readers = {address.casefold() for address in entry.recipients}
    answered, sent = False, []
    for overview, draft in await _since(desk, desk.boxes[Role.SENT], entry):
        if draft.message_id == entry.message_id:
            continue
        if await _is_version(desk, overview, draft, entry):
            sent.append(overview.internaldate)
            continue
        answered = answered or (_in_thread(draft, thread, entry) and not readers.isdisjoint(_lower(draft.recipients)))
    if sent and max(sent) >= await _earliest(desk, entry):
        return Moved.SENT_ELSEWHERE
    if sent and Moved.PERHAPS_SENT.value not in entry.reasons:  # asked once, the user has answered
        return Moved.PERHAPS_SENT
    for _, draft in await _since(desk, INBOX, entry):
        author = draft.from_[1].casefold()
        if draft.message_id in thread:
            continue  # what this message answers; INTERNALDATE knows seconds only, so it may seem to have come after
        if author not in ours and (_refers(draft, thread) or (author in readers and _same_subject(draft, entry))):
            return Moved.CLIENT_WROTE
    return Moved.USER_ANSWERED if answered else Moved.NOT


async def _earliest(desk: Desk, entry: Entry) -> datetime:
    """Return the moment, to the second and by the server's clock, from which a version in `\\Sent` is later than ours.

    Where our copy was stored later than it was taken, this computer's clock is behind the server's: only what came after that is later then.
    """
    taken = entry.taken_at.replace(microsecond=0)
    if entry.place is None or not await desk.select(entry.place):
        return taken
    stored = [each.internaldate for each in await desk.session.overview([Uid(entry.place.uid)])]
    return max([taken, *(moment + timedelta(seconds=1) for moment in stored if moment > taken)])


async def _since(desk: Desk, mailbox: str, entry: Entry) -> list[tuple[Overview, Draft]]:
    """Return what arrived in a mailbox after the message was taken. SEARCH knows days only, and in the server's zone: one more is asked for."""
    await desk.session.select(mailbox)
    await desk.session.noop()
    day = (entry.taken_at - timedelta(days=1)).strftime("%d-%b-%Y")
    uids = await desk.session.search("SINCE", day)
    found = await desk.session.overview(uids, fields=FIELDS) if uids else []
    return [
        (overview, read_draft(overview.header))
        for overview in found
        if overview.internaldate >= entry.taken_at.replace(microsecond=0) - SKEW
    ]


def _lower(addresses: tuple[str, ...]) -> set[str]:
    return {address.casefold() for address in addresses}


def _refers(draft: Draft, thread: set[str]) -> bool:
    return not thread.isdisjoint({*draft.references, *((draft.in_reply_to,) if draft.in_reply_to else ())})


def _same_subject(draft: Draft, entry: Entry) -> bool:
    subject = normalised_subject(entry.subject)
    return bool(subject) and normalised_subject(draft.subject) == subject


def _in_thread(draft: Draft, thread: set[str], entry: Entry) -> bool:
    return _refers(draft, thread) or _same_subject(draft, entry)


async def _is_version(desk: Desk, overview: Overview, draft: Draft, entry: Entry) -> bool:
    """Whether a message in the selected mailbox is a version of ours; the body is fetched only if the headers fit."""
    if draft.in_reply_to != entry.in_reply_to or not _same_subject(draft, entry):
        return False
    raw = await desk.session.fetch(overview.uid)
    return raw is not None and siblings(letter_of(entry), letter(read_draft(raw)))
