"""Carrying out a step: the effect on the mailboxes first or the journal first, whichever can be repeated safely after a crash."""

from __future__ import annotations

from typing import Any

from coolmail.core.entry import Entry, Place
from coolmail.core.our_ids import is_ours
from coolmail.core.siblings import siblings
from coolmail.core.states import LEGAL, Decision, State
from coolmail.core.steps import OURS, Do, Role, Step
from coolmail.daemon import scoring, submitting
from coolmail.daemon.desk import Desk, log
from coolmail.daemon.filing import file, file_accepted
from coolmail.daemon.survey import TAKEN_KEYWORD, TRIED_KEYWORD, View
from coolmail.daemon.taking import claim_taken, letter, letter_of
from coolmail.daemon.telling import tell, untell
from coolmail.journal.edits import pending
from coolmail.mail.imap.claim import claim
from coolmail.mail.imap.errors import CommandRefused, MailboxMissing
from coolmail.mail.imap.values import Uid
from coolmail.mail.message import read_draft
from coolmail.mail.outgoing import complete, stable_message_id


async def carry_out(desk: Desk, entry: Entry, step: Step, view: View) -> None:
    """Do one step. What it leaves in the journal is the question for the next one."""
    match step.do:
        case Do.WAIT:
            pass
        case Do.CLAIM:
            await claim_taken(desk, entry)
        case Do.SCORE:
            await scoring.score(desk, entry)
        case Do.HOLD:
            await _hold(desk, entry, step)
        case Do.QUEUE:
            await _queue(desk, entry, step)
        case Do.SUBMIT:
            await submitting.submit(desk, entry)
        case Do.SETTLE:
            await submitting.settle(desk, entry.id)
        case Do.FILE:
            await file(desk, entry)
        case Do.TELL:
            await tell(desk, entry, step.reason or "held")
        case Do.WITHDRAW:
            await _withdraw(desk, entry, step, view)
        case Do.CANCEL:
            await _cancel(desk, entry, step, view)
        case Do.REVIEW:
            await _review(desk, entry, step)
        case Do.RESTORE:
            await restore(desk, entry, step.reason or "it was in none of its mailboxes")
        case Do.ELSEWHERE:
            await _elsewhere(desk, entry, step.reason or "it went out another way")


async def _elsewhere(desk: Desk, entry: Entry, reason: str) -> None:
    if entry.state is State.TAKEN:
        await _remove_original(desk, entry)
    await untell(desk, entry)
    await desk.journal.move(entry.id, entry.state, State.ELSEWHERE, now=desk.clock(), what=reason, reasons=(reason,))


async def _hold(desk: Desk, entry: Entry, step: Step) -> None:
    place = next(iter(await desk.find(Role.HELD, entry.message_id)), None)
    if step.role is not Role.HELD and place is None:
        source = entry.place
        if source is None:
            return
        won = await claim(desk.session, source.mailbox, Uid(source.uid), desk.boxes[Role.HELD], entry.message_id)
        if won is None:
            return
        place = Place(desk.boxes[Role.HELD], won.uidvalidity, won.uid)
    until = f"{entry.hold_until:%Y-%m-%d %H:%M} UTC" if entry.hold_until else "you decide"
    await desk.journal.move(
        entry.id, State.SCORED, State.HELD, now=desk.clock(), what=f"held until {until}", place=place
    )
    log.info("%s: %s is held until %s", desk.account.name, entry.id, until)


async def _queue(desk: Desk, entry: Entry, step: Step) -> None:
    """Claim a message into `Sending`, where it lies elsewhere, and make it due."""
    role = step.role
    if role is None:
        return
    if role is not Role.SENDING and await pending(desk.journal, entry.id) is not None:
        return  # it was edited since this sweep began: the next one puts the new version in its place first
    place = entry.place
    if role is not Role.SENDING:
        places = await desk.find(role, entry.message_id)
        if not places:
            return
        # A journal that takes nothing must not be found out after the message was moved: this write does no more than find out.
        if not await desk.journal.change(entry.id, entry.state, now=desk.clock()):
            return
        sending = desk.boxes[Role.SENDING]
        won = await claim(desk.session, places[0].mailbox, Uid(places[0].uid), sending, entry.message_id)
        if won is None:
            return
        place = Place(sending, won.uidvalidity, won.uid)
    by_hand = role is Role.SEND_ANYWAY or entry.decision in (Decision.RELEASE, Decision.RELEASE_AGAIN)
    more: dict[str, Any] = {}
    if entry.state is State.REVIEW and (role is Role.SEND_ANYWAY or entry.decision is Decision.RELEASE_AGAIN):
        # The user was asked whether to send it although it may have been sent, and has answered.
        if place is not None and await desk.select(place):
            await desk.session.store(Uid(place.uid), remove=(TRIED_KEYWORD,))
        more["stage"] = None
        if len(entry.accepted) >= len(entry.recipients):
            more["accepted"] = ()
    if entry.state is State.DUE:
        await desk.journal.change(
            entry.id, State.DUE, now=desk.clock(), place=place, override=entry.override or by_hand
        )
        return
    moved = await desk.journal.move(
        entry.id,
        entry.state,
        State.DUE,
        now=desk.clock(),
        what=step.reason or "ready to go",
        unless_stopped=True,
        place=place,
        override=entry.override or by_hand,
        next_attempt_at=None,
        first_attempt_at=None,
        decision=None,
        **more,
    )
    if not moved and role is not Role.SENDING and await pending(desk.journal, entry.id) is not None:
        await _move(
            desk, entry, Role.SENDING, role
        )  # edited while it was claimed: the new version takes its place where it was


async def _withdraw(desk: Desk, entry: Entry, step: Step, view: View) -> None:
    """Put a message back into `\\Drafts`, or see that the user did; one that went to Outbox again is taken anew from there."""
    place: Place | None = None
    await file_accepted(desk, entry)
    if step.role is Role.OUTBOX and entry.decision is Decision.WITHDRAW:
        place = await _move(desk, entry, Role.OUTBOX, Role.DRAFTS)
    elif step.role in (Role.DRAFTS, Role.OUTBOX):
        place = next(iter(await desk.find(step.role, entry.message_id)), None)
    elif step.role is not None:
        place = await _move(desk, entry, step.role, Role.DRAFTS)
        if place is None:
            return
    else:
        return
    if place is not None and place.mailbox == desk.boxes[Role.DRAFTS] and await _leave_alone(desk, entry, place):
        # What a move that was cut short left behind would be taken for a message that still waits.
        for role in OURS:
            await desk.remove(role, entry)
        await _quiet_originals(desk, entry, view)
    await untell(desk, entry)
    await desk.journal.move(
        entry.id,
        entry.state,
        State.WITHDRAWN,
        now=desk.clock(),
        what=step.reason or "withdrawn",
        place=place,
        decision=None,
        note_kind=None,
    )


async def _leave_alone(desk: Desk, entry: Entry, place: Place) -> bool:
    """Let a withdrawn draft, as it lies in Drafts, not be ready, whatever its flag and its subject say; False if it is another.

    A new version under the same Message-ID, saved there and perhaps declared ready, is not ours to touch.
    """
    if not await desk.is_at(place, entry):
        return False
    await not_ready(desk, place)
    return True


async def not_ready(desk: Desk, place: Place) -> None:
    """Let the draft at a place in Drafts not be ready, whatever its flag and its subject say now."""
    await desk.mark(place, TAKEN_KEYWORD)
    await desk.session.store(Uid(place.uid), add=("\\Draft",), remove=("\\Flagged",))
    ignored = await desk.journal.met(desk.account.name, place.mailbox, place.uidvalidity) or frozenset()
    await desk.journal.set_met(desk.account.name, place.mailbox, place.uidvalidity, {*ignored, (place.uid, False)})


async def _cancel(desk: Desk, entry: Entry, step: Step, view: View) -> None:
    """Remove a message from our mailboxes; or, where it is gone already, find out whether that meant cancelling."""
    if step.role is not None or entry.decision is Decision.CANCEL:
        await file_accepted(desk, entry)
        for role in (*OURS, Role.OUTBOX):
            await desk.remove(role, entry)
        for place in await desk.find(Role.DRAFTS, entry.message_id):
            await _leave_alone(desk, entry, place)
        await _quiet_originals(desk, entry, view)
    else:
        # A message that is being moved by the user may have escaped a look that goes from mailbox to mailbox: look again, twice.
        for _ in range(2):
            for role in (Role.DRAFTS, Role.OUTBOX, Role.SEND_ANYWAY, Role.REVIEW, Role.HELD, Role.SENDING):
                if await desk.find(role, entry.message_id):
                    return
        if not entry.accepted and await desk.find(Role.SENT, entry.message_id):
            await _close(desk, entry, State.ELSEWHERE, "it lies in Sent: it was sent from elsewhere")
            return
        await file_accepted(desk, entry)
        if await _newer_version(desk, entry, view):
            await _close(desk, entry, State.WITHDRAWN, "you are editing another version of it")
            return
    await _close(desk, entry, State.CANCELLED, step.reason or "cancelled")


async def _close(desk: Desk, entry: Entry, state: State, reason: str) -> None:
    await untell(desk, entry)
    await desk.journal.move(
        entry.id, entry.state, state, now=desk.clock(), what=reason, decision=None, place=None, note_kind=None
    )


async def _newer_version(desk: Desk, entry: Entry, view: View) -> bool:
    """Whether another version of the mail lies in Drafts or Outbox."""
    for seen in view.messages(Role.DRAFTS, Role.OUTBOX):
        if is_ours(seen.draft.message_id) or seen.deleted or seen.draft.in_reply_to != entry.in_reply_to:
            continue
        raw = await desk.session.fetch(Uid(seen.place.uid)) if await desk.select(seen.place) else None
        if raw is not None and siblings(letter_of(entry), letter(read_draft(raw))):
            return True
    return False


async def _review(desk: Desk, entry: Entry, step: Step) -> None:
    """Record the decision to ask the user, then move the message: a message in `Review` is never sent by itself, one in `Sending` might be."""
    if entry.state is not State.REVIEW:
        if entry.state is State.TAKEN and not entry.claimed and step.role is Role.SENDING:
            await _remove_original(desk, entry)
        reason = step.reason or "please decide"
        moved = await desk.journal.move(
            entry.id,
            entry.state,
            State.REVIEW,
            now=desk.clock(),
            what=reason,
            reasons=(reason,),
            decision=None,
            claimed=True,
            note_kind=None,
        )
        if not moved:
            return
    elif step.reason is not None:
        await desk.journal.change(
            entry.id,
            State.REVIEW,
            now=desk.clock(),
            what=step.reason,
            reasons=(step.reason,),
            decision=None,
            note_kind=None,
        )
    if step.role is not None and step.role is not Role.REVIEW:
        place = await _move(desk, entry, step.role, Role.REVIEW)
        if place is not None and place != entry.place:
            await desk.journal.change(entry.id, State.REVIEW, now=desk.clock(), place=place)


async def _remove_original(desk: Desk, entry: Entry) -> None:
    """Remove what a claim that was cut short left behind: the original beside its copy. It would be taken a second time."""
    for role in OURS:
        copy = next(iter(await desk.find(role, entry.message_id)), None)
        if copy is not None and await desk.is_at(copy, entry) and await desk.is_at(entry.source, entry):
            await desk.session.expunge(Uid(entry.source.uid))


async def _quiet_originals(desk: Desk, entry: Entry, view: View) -> None:
    """Let no draft be ready that a message was once completed from: a claim that was cut short left it behind, without a Message-ID to know it by."""
    for seen in view.messages(Role.DRAFTS, Role.OUTBOX):
        if seen.draft.message_id is not None or seen.draft.in_reply_to != entry.in_reply_to:
            continue
        raw = await desk.session.fetch(Uid(seen.place.uid)) if await desk.select(seen.place) else None
        if raw is None or stable_message_id(raw, desk.account.address) != entry.message_id:
            continue
        if seen.role is Role.OUTBOX:
            await desk.session.expunge(Uid(seen.place.uid))
        else:
            await _leave_alone(desk, entry, seen.place)


async def _move(desk: Desk, entry: Entry, role: Role, target: Role) -> Place | None:
    """Move a message from one mailbox to another; return where it is then, None if it was not there."""
    there = await desk.find(target, entry.message_id)
    if there and await desk.is_at(there[0], entry):
        await desk.remove(role, entry)  # a move was cut short after its copy
        return there[0]
    for place in await desk.find(role, entry.message_id):
        moved = await desk.session.move(Uid(place.uid), desk.boxes[target])
        if moved is not None:
            return Place(desk.boxes[target], moved.uidvalidity, moved.uid)
    return next(iter(await desk.find(target, entry.message_id)), None)


async def restore(desk: Desk, entry: Entry, reason: str) -> None:
    """Put the journal's bytes into `Review`, once; a message for which the server has no room there is `failed` until it has.

    A withdrawn one that still lies in Drafts as it was is moved from there: beside a second copy it could not be sent.
    """
    place = next(iter(await desk.find(Role.REVIEW, entry.message_id)), None)
    if place is None and entry.state is State.WITHDRAWN:
        place = await _from_drafts(desk, entry)
    if place is None:
        raw = complete(await desk.raw(entry), message_id=entry.message_id, date=entry.taken_at)
        review = desk.boxes[Role.REVIEW]
        try:
            await desk.session.append(review, raw, flags=("\\Seen", "\\Draft"), internaldate=desk.clock())
        except MailboxMissing:
            raise
        except CommandRefused as error:
            await _fail(desk, entry, f"{reason}, and could not be put into {review}: {error}")
            raise
        place = next(iter(await desk.find(Role.REVIEW, entry.message_id)), None)
        if place is not None:
            await desk.mark(place, TAKEN_KEYWORD, *((TRIED_KEYWORD,) if entry.attempts else ()))
    changes: dict[str, Any] = {
        "reasons": (reason,),
        "place": place,
        "decision": None,
        "claimed": True,
        "note_kind": None,
    }
    if entry.state is State.REVIEW:
        await desk.journal.change(entry.id, State.REVIEW, now=desk.clock(), what=reason, **changes)
    else:
        await desk.journal.move(entry.id, entry.state, State.REVIEW, now=desk.clock(), what=reason, **changes)


async def _from_drafts(desk: Desk, entry: Entry) -> Place | None:
    """Move a withdrawn message from Drafts into `Review`; None if it does not lie there as it was withdrawn."""
    for draft in await desk.find(Role.DRAFTS, entry.message_id):
        if await desk.is_at(draft, entry):
            moved = await desk.session.move(Uid(draft.uid), desk.boxes[Role.REVIEW])
            if moved is not None:
                return Place(desk.boxes[Role.REVIEW], moved.uidvalidity, moved.uid)
    return None


async def _fail(desk: Desk, entry: Entry, reason: str) -> None:
    """Record that only the journal has a message; the next sweeps try again to put it back."""
    if State.FAILED in LEGAL[entry.state]:
        await desk.journal.move(
            entry.id, entry.state, State.FAILED, now=desk.clock(), what=reason, reasons=(reason,), place=None
        )
