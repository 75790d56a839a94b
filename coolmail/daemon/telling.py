"""Telling the user: the note in INBOX and the call suggestion in Drafts, each once, whatever crashes in between."""

from __future__ import annotations

from coolmail.calls.note import Talked, compose_note
from coolmail.core.entry import Entry
from coolmail.core.settings import OnExpiry
from coolmail.core.states import State
from coolmail.core.steps import Role
from coolmail.core.talk import Preparation
from coolmail.daemon.composing import automatic
from coolmail.daemon.desk import Desk, log
from coolmail.mail.imap.values import Uid

INBOX = "INBOX"


async def tell(desk: Desk, entry: Entry, kind: str) -> None:
    """Put the note of this kind into INBOX in the place of the one before; with the first note of a hold, the call suggestion into Drafts.

    Nothing is done while what a call needs is still being looked for.
    """
    suggestion_id = entry.suggestion_id
    found = await _found(desk, entry) if kind in ("held", "reminder") else Preparation()
    if found is None:
        return
    if kind == "held" and suggestion_id is None:
        suggestion_id = await suggest(desk, entry, found)
    note_id = desk.note_message_id(entry, kind)
    note = compose_note(
        kind=kind,
        identifier=entry.id,
        address=desk.account.address,
        message_id=note_id,
        subject=entry.subject,
        recipients=entry.recipients,
        now=desk.clock(),
        zone=desk.zone,
        report=entry.report,
        reasons=entry.reasons,
        hold_until=entry.hold_until if entry.state is State.HELD else None,
        sends_at_deadline=desk.settings.hold.on_expiry is OnExpiry.SEND,
        mailboxes=desk.account.mailboxes,
        has_suggestion=suggestion_id is not None,
        found=found,
        talk=await _talked(desk, entry),
    )
    if entry.note_id == note_id and entry.note_kind is None:
        await _remove(desk, INBOX, note_id)  # it says something that is no longer so: the deadline was changed
    await append_once(desk, INBOX, note_id, note, flags=())
    if entry.note_id is not None and entry.note_id != note_id:
        await _remove(desk, INBOX, entry.note_id)
    now = desk.clock()
    more = {"reminded_at": now} if kind == "reminder" else {}
    await desk.journal.change(
        entry.id,
        entry.state,
        now=now,
        what=f"told you ({kind})",
        note_id=note_id,
        note_kind=kind,
        suggestion_id=suggestion_id,
        **more,
    )
    if desk.notify is not None:
        desk.notify(kind, entry)


async def _found(desk: Desk, entry: Entry) -> Preparation | None:
    if entry.hold_until is not None and entry.hold_until <= desk.clock():
        return Preparation()  # it goes out now: looking for a time to talk would keep it back
    return await desk.calls.prepared(desk, entry)


async def _talked(desk: Desk, entry: Entry) -> Talked:
    talk = await desk.journal.talk(entry.id)
    return Talked() if talk is None else Talked(talk.slot, talk.called_at)


async def tell_refused(desk: Desk, entry: Entry) -> None:
    """Tell the user that a message was sent, but not to everybody."""
    note_id = desk.note_message_id(entry, "refused")
    note = compose_note(
        kind="refused",
        identifier=entry.id,
        address=desk.account.address,
        message_id=note_id,
        subject=entry.subject,
        recipients=entry.recipients,
        now=desk.clock(),
        zone=desk.zone,
        reasons=[f"{address} was refused; the server said: {words}" for address, words in entry.refused],
        mailboxes=desk.account.mailboxes,
    )
    await append_once(desk, INBOX, note_id, note, flags=())
    if desk.notify is not None:
        desk.notify("refused", entry)


async def untell(desk: Desk, entry: Entry) -> None:
    """Take the note out of INBOX when its matter has ended, if the user wants it so."""
    if entry.note_id is not None and desk.settings.notes == "remove":
        await _remove(desk, INBOX, entry.note_id)


async def untell_old(desk: Desk, entry: Entry) -> None:
    """Take the note about a version whose place another has taken out of INBOX; the new one is told of by its own name.

    The old name may soon be that of the note about something else: clients keep a Message-ID from save to save, and what was withdrawn is restored.
    """
    if entry.note_id is not None and entry.note_kind is None:
        await _remove(desk, INBOX, entry.note_id)
        await desk.journal.change(entry.id, entry.state, now=entry.updated_at, note_id=None)


async def suggest(desk: Desk, entry: Entry, found: Preparation) -> str | None:
    """Put the call suggestion into Drafts, unflagged; return its Message-ID, None if there is nobody to write to."""
    now = desk.clock()
    raw = await desk.raw(entry)
    written = automatic(entry, raw, desk.account, desk.settings, found, now=now, zone=desk.zone)
    if written is None:
        return None
    if written.remark is not None:
        log.warning("%s: %s: %s", desk.account.name, entry.id, written.remark)
    await append_once(desk, desk.boxes[Role.DRAFTS], written.message_id, written.raw, flags=("\\Draft", "\\Seen"))
    return written.message_id


async def append_once(desk: Desk, mailbox: str, message_id: str, raw: bytes, *, flags: tuple[str, ...]) -> None:
    """Append a message of ours unless it is there already: after a crash, or because another computer was quicker."""
    if not (there := await copies(desk, mailbox, message_id)):
        await desk.session.append(mailbox, raw, flags=flags, internaldate=desk.clock())
        there = await copies(desk, mailbox, message_id)
    # Two computers may have found none at the same moment. Both keep the lowest UID.
    for uid in there[1:]:
        await desk.session.expunge(uid)


async def copies(desk: Desk, mailbox: str, message_id: str) -> list[Uid]:
    """Return where a message of ours lies, lowest UID first; one marked for removal is no longer there for its reader."""
    await desk.session.select(mailbox)
    uids = await desk.session.search_message_id(message_id)
    seen = await desk.session.overview(uids, fields=("Message-ID",)) if uids else []
    return [item.uid for item in seen if "\\Deleted" not in item.flags]


async def _remove(desk: Desk, mailbox: str, message_id: str) -> None:
    await desk.session.select(mailbox)
    for uid in await desk.session.search_message_id(message_id):
        await desk.session.expunge(Uid(uid))
