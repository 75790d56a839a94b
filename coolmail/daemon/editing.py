"""Putting an edited version in the place of a message that waits in `Held` or `Review`.

Before a sweep looks at anything, each edit is brought as far as it goes: the new version is stored beside the old one (once: it is looked for by its
Message-ID first), judged, and takes the old one's place in the journal in one transaction; then the old copy is removed. A crash anywhere is
answered by the next sweep, and until an edit is finished the message it is about is not sent: `Journal.move` refuses to make it due in the same
UPDATE. If it was claimed for its release already, it goes back to where it was. What the user dragged to `Send anyway` is replaced there, and the
new version goes out. What came too late lies in Drafts, not ready, and the log says so. What is being stored or removed is not adopted as unknown
mail.
"""

from __future__ import annotations

from collections.abc import Iterable

from coolmail.core.advice import reasons
from coolmail.core.entry import Entry
from coolmail.core.errors import CoolmailError
from coolmail.core.states import Decision, Stage, State
from coolmail.core.steps import Role
from coolmail.core.subject import without_token
from coolmail.daemon.carrying import not_ready
from coolmail.daemon.desk import Desk, log
from coolmail.daemon.judging import judged
from coolmail.daemon.survey import TAKEN_KEYWORD
from coolmail.daemon.telling import append_once, untell_old
from coolmail.journal import Errand, JournalError
from coolmail.journal.edits import EDITABLE, EDITS, PLACED, REPLACED, replace
from coolmail.mail.imap.errors import AppendUncertain, ConnectionLost, MailboxMissing
from coolmail.mail.imap.values import Uid
from coolmail.mail.message import read_draft
from coolmail.mail.outgoing import complete

PLACES = (Role.HELD, Role.REVIEW, Role.SEND_ANYWAY)
"""Where a message lies while it waits for an edit."""

FLAGS = ("\\Draft", "\\Seen")


async def run_edits(desk: Desk, errands: Iterable[Errand]) -> frozenset[str]:
    """Carry out those of the account's unfinished errands that are edits.

    Returns the ids of messages that must not go on because their edit could not be finished.
    """
    waiting: set[str] = set()
    for errand in errands:
        # In the order in which they were written: an earlier edit that comes after a later one would take its place.
        if errand.kind not in EDITS or errand.id is None or errand.message in waiting:
            continue
        try:
            if not await _edit(desk, errand):
                waiting.add(errand.message)
        except (ConnectionLost, AppendUncertain, JournalError, MailboxMissing):
            raise
        except CoolmailError as error:
            waiting.add(errand.message)
            said = f"the edited version could not be put in its place yet, it is tried again: {error}"
            if errand.outcome not in {said, REPLACED}:
                log.error("%s: %s: %s", desk.account.name, errand.message, said)
                await desk.journal.postpone(errand.id, said)
    return frozenset(waiting)


def held_back(entry: Entry, waiting: frozenset[str]) -> bool:
    """Whether a message must not take its next step: its edit is under way, and the user has not stopped it altogether."""
    return entry.id in waiting and entry.decision not in (Decision.CANCEL, Decision.WITHDRAW)


async def _edit(desk: Desk, errand: Errand) -> bool:
    """Bring one edit as far as it goes; False if the message has to wait for it."""
    entry = await desk.journal.get(errand.message)
    if errand.outcome == REPLACED:
        await _remove_old(desk, errand)
        if entry is not None:
            await untell_old(desk, entry)
        await _finish(desk, errand, PLACED)
        return True
    was_sent = entry is not None and entry.decision is Decision.WAS_SENT
    if entry is None or entry.state not in EDITABLE or entry.stage is Stage.DATA or was_sent:
        await _too_late(desk, errand, entry)
        return True
    role = await _where(desk, entry)
    if role is None:
        return True  # the user moved it: the sweep finds out where to, and the next one what to do with the edit
    new = read_draft(errand.raw)
    report, _ = await judged(desk, new.own_text.text)
    await append_once(desk, desk.boxes[role], errand.message_id, errand.raw, flags=FLAGS)
    there = await desk.find(role, errand.message_id)
    if not there:
        return False
    await desk.mark(there[0], TAKEN_KEYWORD)
    await replace(
        desk.journal,
        errand,
        entry,
        now=desk.clock(),
        what=_what(entry, report.heat if report.judged else None),
        place=there[0],
        report=report,
        reasons=reasons(report) if entry.state is State.HELD else entry.reasons,
        subject=without_token(new.subject),
        sender=new.from_[1],
        recipients=new.recipients,
        in_reply_to=new.in_reply_to,
        references=new.references,
        own_text=new.own_text.text,
    )
    again = next((each for each in await desk.journal.errands_about(entry.id) if each.id == errand.id), None)
    return again is not None and again.outcome == REPLACED and await _edit(desk, again)


async def _where(desk: Desk, entry: Entry) -> Role | None:
    """Return the mailbox in which a message waits, or from which the user wants it sent; None if it lies in neither."""
    for role in (Role.HELD if entry.state is State.HELD else Role.REVIEW, Role.SEND_ANYWAY):
        if await desk.find(role, entry.message_id):
            return role
    return None


def _what(entry: Entry, heat: float | None) -> str:
    before = f"{entry.report.heat:.2f}" if entry.report is not None and entry.report.judged else "not judged"
    return f"you edited it: heat was {before}, is {f'{heat:.2f}' if heat is not None else 'not judged'}"


async def _remove_old(desk: Desk, errand: Errand) -> None:
    """Remove the old version, whose bytes the errand holds, wherever it still lies; another version under the same Message-ID stays."""
    old = complete(errand.raw, message_id=errand.message_id, date=errand.at)
    for role in PLACES:
        for place in await desk.find(role, errand.message_id, marked=True):
            raw = await desk.session.fetch(Uid(place.uid)) if await desk.select(place) else None
            if raw is not None and complete(raw, message_id=errand.message_id, date=errand.at) == old:
                await desk.session.expunge(Uid(place.uid))


async def _too_late(desk: Desk, errand: Errand, entry: Entry | None) -> None:
    """Put an edited version that came too late into Drafts, where its author finds it; it is not ready there."""
    for role in PLACES:
        # It was stored already when the connection broke, and the message moved on before the next look.
        for place in await desk.find(role, errand.message_id, marked=True):
            if await desk.select(place):
                await desk.session.expunge(Uid(place.uid))
    await append_once(desk, desk.boxes[Role.DRAFTS], errand.message_id, errand.raw, flags=FLAGS)
    for place in await desk.find(Role.DRAFTS, errand.message_id):
        await not_ready(desk, place)  # its subject may still say //send, which was said of the version before
    state = entry.state.value if entry is not None else "gone"
    said = f"your edit came too late, the message is {state}; what you wrote lies in {desk.boxes[Role.DRAFTS]}"
    if entry is not None:
        await desk.journal.change(entry.id, entry.state, now=entry.updated_at, what=said)
    await _finish(desk, errand, said)


async def _finish(desk: Desk, errand: Errand, outcome: str) -> None:
    if errand.id is not None:
        await desk.journal.finish(errand.id, outcome, now=desk.clock())
        log.info("%s: %s: %s", desk.account.name, errand.message, outcome)
