"""Filing: the copy in `\\Sent`, the `\\Answered` flag on the original, the draft removed. Every step may be repeated after a crash.

The Sent copy is made only if a search by Message-ID finds none, and not at all where the provider files by itself; of two that two computers made at
the same moment the lowest UID stays. Where there is no room for a copy the draft itself is moved there. Only when all is done the state is `filed`.
"""

from __future__ import annotations

from coolmail.core.entry import Entry
from coolmail.core.states import State
from coolmail.core.steps import Role
from coolmail.daemon.desk import Desk, log
from coolmail.daemon.telling import INBOX, tell_refused, untell
from coolmail.mail.imap.errors import CommandRefused
from coolmail.mail.imap.values import Uid
from coolmail.mail.outgoing import complete, filed


async def file(desk: Desk, entry: Entry) -> None:
    """File a submitted message."""
    if not desk.account.files_sent:
        await _copy_to_sent(desk, entry)
    await _flag_original(desk, entry)
    for role in (Role.SENDING, Role.SEND_ANYWAY, Role.HELD, Role.REVIEW):
        await desk.remove(role, entry)
    if entry.refused:
        await tell_refused(desk, entry)
    await untell(desk, entry)
    await desk.journal.move(
        entry.id, State.SUBMITTED, State.FILED, now=desk.clock(), what=f"filed in {desk.boxes[Role.SENT]}", place=None
    )


async def _copy_to_sent(desk: Desk, entry: Entry) -> None:
    """Make the Sent copy, unless a search by Message-ID finds one."""
    if await desk.find(Role.SENT, entry.message_id):
        return
    copy = filed(complete(await desk.raw(entry), message_id=entry.message_id, date=entry.taken_at))
    sent = desk.boxes[Role.SENT]
    try:
        stored = await desk.session.append(sent, copy, flags=("\\Seen",), internaldate=desk.clock())
        there = await desk.find(Role.SENT, entry.message_id)
        if stored.uid is not None and there and there[0].uid < stored.uid:
            # Another computer was told that it was sent and filed it at the same moment: the lowest UID stays.
            await desk.session.expunge(stored.uid)
    except CommandRefused as error:
        # Over quota, most likely. Moving the draft itself needs no room.
        log.warning(
            "%s: no room for a copy in %s (%s); the draft itself is moved there", desk.account.name, sent, error
        )
        for place in await desk.find(Role.SENDING, entry.message_id):
            await desk.session.move(Uid(place.uid), sent)
            break
        else:
            raise


async def _flag_original(desk: Desk, entry: Entry) -> None:
    """Flag the mail that was answered, if it is still in INBOX."""
    if entry.in_reply_to is None:
        return
    await desk.session.select(INBOX)
    for uid in await desk.session.search_message_id(entry.in_reply_to):
        await desk.session.store(uid, add=("\\Answered",))
