"""Submitting: one last look, one attempt, and what became of it. Never a blind resend.

Before the connection opens, `submitting` with the attempt's number is on the disk, by a compare-and-set that fails if the user decided to cancel or
withdraw meanwhile. Before each step of the attempt the stage is on the disk, too. So after any crash the journal tells which of two cases it is:

- The stage is before the content: the server cannot have accepted anything. Trying again is safe.
- The stage is `data`: the server may have accepted it. `\\Sent` is searched for the Message-ID (some servers file it themselves); if that does not
  settle it, the user decides, told in plain words with the two commands that settle it.

A message that is handed over carries a keyword from then on. A computer that finds it on a message that it did not hand over itself asks the user.
And a doubt that is not settled stays with the Message-ID: the same message, taken back and declared ready again, is not sent again unasked.

The last look comes right before that compare-and-set: is our claimed copy still there and what the journal has, has the deadline passed on the wall
clock, is the Message-ID not in `\\Sent` already, did the conversation not move on? Whether the copy is still there is looked at once more before the
content is sent: connecting takes time, and a laptop may sleep in between.
"""

from __future__ import annotations

from typing import Any

from coolmail.core.entry import Entry, Place
from coolmail.core.errors import CoolmailError
from coolmail.core.schedule import backoff
from coolmail.core.states import Decision, Stage, State
from coolmail.core.steps import Role, too_early
from coolmail.daemon.conversation import Moved, moved_on
from coolmail.daemon.desk import Desk, log
from coolmail.daemon.survey import TRIED_KEYWORD
from coolmail.daemon.telling import untell
from coolmail.mail.imap.values import Uid
from coolmail.mail.outgoing import BadDraft, complete, envelope, outgoing
from coolmail.mail.submission import (
    Accepted,
    SubmissionAmbiguousError,
    SubmissionDeferredError,
    SubmissionLoginError,
    SubmissionRefusedError,
)


class TakenBackError(CoolmailError):
    """The message was taken out of `Sending` while the submission server was being asked."""


async def submit(desk: Desk, entry: Entry) -> None:
    """Make one attempt to submit a due message, after a last look."""
    if not await _last_look(desk, entry):
        return
    raw = await desk.raw(entry)
    try:
        to = envelope(raw, address=desk.account.address)
    except BadDraft as error:
        await review(desk, entry, State.DUE, str(error))
        return
    done = {*entry.accepted, *(address for address, _ in entry.refused)}
    recipients = [recipient for recipient in to.recipients if recipient not in done]
    if not recipients:
        reason = f"it was sent already, to everybody; coolmail release {entry.id} --again sends it again"
        await review(desk, entry, State.DUE, reason, stage=Stage.DATA)
        return
    data = outgoing(complete(raw, message_id=entry.message_id, date=entry.taken_at))
    now = desk.clock()
    if too_early(entry, now):
        return
    begun = await desk.journal.move(
        entry.id,
        State.DUE,
        State.SUBMITTING,
        now=now,
        what=f"attempt {entry.attempts + 1} to send it to {', '.join(recipients)}",
        unless_stopped=True,
        attempts=entry.attempts + 1,
        first_attempt_at=entry.first_attempt_at or now,
        stage=Stage.STARTING,
    )
    if not begun:
        return
    if not await _mark_tried(desk, entry):
        await _back(desk, entry)
        return

    async def on_stage(stage: Stage) -> None:
        if stage is Stage.RECIPIENTS and entry.place not in await desk.find(Role.SENDING, entry.message_id):
            raise TakenBackError(f"{entry.id} was taken out of Sending")
        await desk.journal.change(entry.id, State.SUBMITTING, now=desk.clock(), stage=stage)

    try:
        accepted = await desk.submit(
            sender=to.sender,
            recipients=recipients,
            data=data,
            is_8bit=to.is_8bit,
            needs_smtputf8=to.needs_smtputf8,
            on_stage=on_stage,
        )
    except TakenBackError:
        await _back(desk, entry)
    except (SubmissionDeferredError, SubmissionLoginError) as error:
        await _later(desk, entry, str(error), slow=isinstance(error, SubmissionLoginError))
    except SubmissionRefusedError as error:
        await review(desk, entry, State.SUBMITTING, str(error), refused=(*entry.refused, *error.refused), stage=None)
    except SubmissionAmbiguousError as error:
        await settle(desk, entry.id, str(error), whole=not error.partial)
    else:
        await _accepted(desk, entry, accepted)


async def _last_look(desk: Desk, entry: Entry) -> bool:
    """Whether a due message may go out this moment; if not, what has to follow is done."""
    places = await desk.find(Role.SENDING, entry.message_id)
    if entry.place is None or entry.place not in places:
        if places:
            reason = "a copy that this computer did not claim lies in Sending; look into Sent before you send it"
            await review(desk, entry, State.DUE, reason)
        return False
    if entry.stage is Stage.DATA:
        reason = (
            "it is not known whether it was sent before. If you can find out: was it sent? coolmail resolve "
            f"{entry.id} --was-sent. Was it not? coolmail release {entry.id} --again"
        )
        await review(desk, entry, State.DUE, reason)
        return False
    if entry.attempts == 0 and await _was_tried(desk, entry.place):
        reason = (
            "it was handed to the server once before, here or on another computer, and may have been sent; ask the recipient, or look into Sent. "
            f"Was it not sent? coolmail release {entry.id} --again"
        )
        await review(desk, entry, State.DUE, reason)
        return False
    if not await desk.is_at(entry.place, entry):
        reason = (
            "another version of it, with the same Message-ID, lies there; move it to Drafts and declare it ready again"
        )
        await review(desk, entry, State.DUE, reason)
        return False
    if await desk.find(Role.DRAFTS, entry.message_id):
        # MOVE is no lock: a user who takes it back at the moment of its release leaves one copy there and one here.
        reason = "a copy of it lies in Drafts, too: perhaps you took it back at the moment at which it was to go out"
        await review(desk, entry, State.DUE, reason)
        return False
    if not entry.accepted and await desk.find(Role.SENT, entry.message_id):
        await _superseded(desk, entry, "it lies in Sent already: it was sent from elsewhere")
        return False
    match await moved_on(desk, entry):
        case Moved.SENT_ELSEWHERE as moved:
            await _superseded(desk, entry, moved.value)
            return False
        case Moved.PERHAPS_SENT as moved:
            await review(desk, entry, State.DUE, moved.value)
            return False
        case (Moved.CLIENT_WROTE | Moved.USER_ANSWERED) as moved if entry.verdict == "hold" and not entry.override:
            await review(desk, entry, State.DUE, moved.value)
            return False
        case _:
            return True


async def _mark_tried(desk: Desk, entry: Entry) -> bool:
    """Let other computers see, wherever the message goes from now on, that the submission server may have it; False if it is gone already."""
    return entry.place is not None and await desk.mark(entry.place, TRIED_KEYWORD)


async def _back(desk: Desk, entry: Entry) -> None:
    """Give up an attempt before the content; where the message lies now says what the user wants."""
    what = "it was taken out of Sending before the content was sent"
    await desk.journal.move(entry.id, State.SUBMITTING, State.DUE, now=desk.clock(), what=what, stage=None)


async def _was_tried(desk: Desk, place: Place) -> bool:
    if await desk.select(place) is None:
        return False
    seen = await desk.session.overview([Uid(place.uid)], fields=("Message-ID",))
    return bool(seen) and TRIED_KEYWORD.lower() in {flag.lower() for flag in seen[0].flags}


async def _superseded(desk: Desk, entry: Entry, reason: str) -> None:
    """Close an entry whose mail went out another way, and remove our copy of it: the journal keeps the bytes."""
    await desk.remove(Role.SENDING, entry)
    await untell(desk, entry)
    await desk.journal.move(entry.id, State.DUE, State.ELSEWHERE, now=desk.clock(), what=reason, reasons=(reason,))


async def _accepted(desk: Desk, entry: Entry, result: Accepted) -> None:
    accepted = (*entry.accepted, *result.accepted)
    refused = (*entry.refused, *result.refused)
    what = f"the server accepted it for {', '.join(result.accepted)}: {result.reply}"
    now = desk.clock()
    if result.deferred:
        waiting = "; ".join(f"{address}: {words}" for address, words in result.deferred)
        await desk.journal.move(
            entry.id,
            State.SUBMITTING,
            State.DUE,
            now=now,
            what=f"{what}. Put off: {waiting}",
            stage=None,
            accepted=accepted,
            refused=refused,
            server_reply=waiting,
            next_attempt_at=now
            + backoff(entry.attempts + 1, desk.settings.queue.first_retry, desk.settings.queue.last_retry),
        )
        return
    await desk.journal.move(
        entry.id,
        State.SUBMITTING,
        State.SUBMITTED,
        now=now,
        what=what,
        accepted=accepted,
        refused=refused,
        server_reply=result.reply,
        decision=None,
    )
    log.info("%s: %s was sent to %d recipients", desk.account.name, entry.id, len(accepted))


async def _later(desk: Desk, entry: Entry, said: str, *, slow: bool) -> None:
    """Put a message back into the queue. A refused login is tried rarely: hammering locks accounts."""
    now, queue = desk.clock(), desk.settings.queue
    wait = queue.last_retry if slow else backoff(entry.attempts + 1, queue.first_retry, queue.last_retry)
    await desk.journal.move(
        entry.id,
        State.SUBMITTING,
        State.DUE,
        now=now,
        what=said,
        server_reply=said,
        next_attempt_at=now + wait,
        stage=None,
    )
    log.warning("%s: %s waits for another attempt: %s", desk.account.name, entry.id, said)


async def settle(desk: Desk, identifier: str, said: str | None = None, *, whole: bool = False) -> None:
    """Find out what became of an attempt that was cut short, or whose reply was lost, or that the user says was made.

    `whole`: the server had refused or put off nobody, so that a copy in Sent means that everybody has it.
    """
    entry = await desk.journal.get(identifier)
    if entry is None:
        return
    now = desk.clock()
    if entry.state is State.REVIEW and entry.decision is Decision.WAS_SENT:
        await desk.journal.move(
            entry.id, State.REVIEW, State.SUBMITTED, now=now, what="you said that it was sent", decision=None
        )
        return
    if entry.state is not State.SUBMITTING:
        return
    if entry.stage is None or entry.stage.retry_is_safe:
        what = "the attempt was cut short before the content; it is safe to try again"
        await desk.journal.move(entry.id, State.SUBMITTING, State.DUE, now=now, what=what, stage=None)
        return
    # Where some recipients had it before, a copy in Sent says nothing of this attempt; and never for whom it was accepted.
    whole = whole or len(entry.recipients) == 1
    if whole and not entry.accepted and await desk.find(Role.SENT, entry.message_id):
        what = "the reply was lost, but the server filed it in Sent: it was sent"
        await desk.journal.move(
            entry.id, State.SUBMITTING, State.SUBMITTED, now=now, what=what, accepted=entry.recipients, decision=None
        )
        return
    reason = (
        f"{said or 'coolmail was stopped while the content was on its way to the server.'} It is not known whether it was sent. If you can find out "
        f"(ask the recipient, look at your provider's log): was it sent? coolmail resolve {entry.id} --was-sent. Was it not? "
        f"coolmail release {entry.id} --again"
    )
    await review(desk, entry, State.SUBMITTING, reason)


async def review(desk: Desk, entry: Entry, state: State, reason: str, **changes: Any) -> None:
    """Record that a human must decide; the next sweep moves the message into `Review` and tells the user."""
    await desk.journal.move(
        entry.id,
        state,
        State.REVIEW,
        now=desk.clock(),
        what=reason,
        reasons=(reason,),
        decision=None,
        note_kind=None,
        **changes,
    )
    log.warning("%s: %s goes to Review: %s", desk.account.name, entry.id, reason)
