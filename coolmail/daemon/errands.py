"""Carrying out errands: messages that the command line asked to be put into a mailbox, each once, whatever crashes in between.

The message is looked for by its Message-ID before it is stored, so that a crash between APPEND and the journal's note of it leads to one copy. For
`Outbox` the way that a message takes from there is looked along, too: by the time of the second look it may have been taken already.
"""

from __future__ import annotations

from coolmail.core.steps import OURS, Role
from coolmail.daemon.desk import Desk, log
from coolmail.daemon.telling import append_once, copies
from coolmail.journal import Errand
from coolmail.journal.edits import EDITS
from coolmail.mail.imap.errors import CommandRefused, MailboxMissing

ONWARDS = (*OURS, Role.DRAFTS, Role.SENT)
"""Where a message may lie that was put into `Outbox`."""

FLAGS = ("\\Draft", "\\Seen")


async def run_errands(desk: Desk) -> None:
    """Carry out every unfinished errand of the account; one that the server refuses waits, with the reason, and does not keep back the others."""
    for errand in await desk.journal.errands(desk.account.name):
        key = f"errand {errand.id}"
        quiet = desk.quiet_until.get(key)
        if errand.id is None or errand.kind in EDITS or (quiet is not None and desk.clock() < quiet):
            continue
        try:
            outcome = await _carry_out(desk, errand)
        except MailboxMissing:
            raise
        except CommandRefused as error:
            # Over quota, most likely: the bytes stay in the journal and are stored when the server takes them.
            desk.quiet_until[key] = desk.clock() + desk.settings.poll
            said = f"the server did not store it, it is tried again: {error.text or error}"
            if said != errand.outcome:
                log.error("%s: %s about %s: %s", desk.account.name, errand.kind, errand.message, said)
                await desk.journal.postpone(errand.id, said)
            continue
        desk.quiet_until.pop(key, None)
        await desk.journal.finish(errand.id, outcome, now=desk.clock())
        log.info("%s: %s about %s: %s", desk.account.name, errand.kind, errand.message, outcome)


async def _carry_out(desk: Desk, errand: Errand) -> str:
    """Put one message where it belongs; return what became of it, in words for the user."""
    try:
        role = Role(errand.role)
        mailbox = desk.boxes[role]
    except (ValueError, KeyError):
        return f"not done: there is no mailbox {errand.role!r}; ask again"
    if role is Role.OUTBOX:
        if await desk.journal.known(desk.account.name, errand.message_id):
            return f"it was taken from {mailbox} already"
        for further in ONWARDS:
            if await copies(desk, desk.boxes[further], errand.message_id):
                return f"it lies in {desk.boxes[further]} already"
    await append_once(desk, mailbox, errand.message_id, errand.raw, flags=FLAGS)
    return f"put into {mailbox}"
