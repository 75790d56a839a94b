"""Filing: the copy in `\\Sent`, the `\\Answered` flag on the original, the draft removed. Every step may be repeated after a crash.

The Sent copy is made only if a search by Message-ID finds none, and not at all where the provider files by itself; of two that two computers made at
the same moment the lowest UID stays. Where there is no room for a copy the draft itself is moved there. Only when all is done the state is `filed`.

What was sent is public in one of two places at every moment: its claimed copy in `Sending` goes only when a copy lies in Sent. A provider that files
by itself may take a moment for it; if our copy went before, nothing would tell another computer that a second copy of the draft is not to be sent.
"""

from __future__ import annotations

from datetime import timedelta

from coolmail.core.entry import Entry
from coolmail.core.states import State
from coolmail.core.steps import Role
from coolmail.daemon.desk import Desk, log
from coolmail.daemon.telling import INBOX, tell_refused, untell
from coolmail.mail.imap.errors import CommandRefused
from coolmail.mail.imap.values import Uid
from coolmail.mail.outgoing import complete, filed


async def file(desk: Desk, entry: Entry) -> None:
    """File a submitted message; where the provider has still to file it, nothing is done yet."""
    if not desk.account.files_sent:
        await _copy_to_sent(desk, entry)
    elif not await _provider_filed(desk, entry):
        return
    await _flag_original(desk, entry)
    for role in (Role.SENDING, Role.SEND_ANYWAY, Role.HELD, Role.REVIEW):
        await desk.remove(role, entry)
    if entry.refused:
        await tell_refused(desk, entry)
    await untell(desk, entry)
    await desk.journal.move(
        entry.id, State.SUBMITTED, State.FILED, now=desk.clock(), what=f"filed in {desk.boxes[Role.SENT]}", place=None
    )


async def file_accepted(desk: Desk, entry: Entry) -> None:
    """Make the Sent copy of a message that ends before all its recipients have it: some have, and no other computer's journal says so."""
    if entry.accepted and not desk.account.files_sent:
        await _copy_to_sent(desk, entry)


async def _provider_filed(desk: Desk, entry: Entry) -> bool:
    """Whether the provider has filed it; not waited for so long that another computer takes our copy in `Sending` for stuck."""
    if await desk.find(Role.SENT, entry.message_id):
        return True
    waited = desk.clock() - entry.updated_at
    if timedelta(0) <= waited < desk.settings.queue.stuck_after / 3:  # below 0 the clock was set back
        return False
    log.warning("%s: the provider has not filed %s in %s", desk.account.name, entry.id, desk.boxes[Role.SENT])
    return True


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
