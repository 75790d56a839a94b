"""`coolmail undo`: what was done in the last ten minutes, undone as far as that is still possible.

What the daemon has not carried out yet is simply forgotten. What it has is put right by the opposite act: a cancelled message comes back into Review,
one whose release is under way goes back to Drafts. What was sent was sent. `undoable` and `undo_one` are free of presentation.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from coolmail.cli import acts
from coolmail.cli.decide import YesOption, tell
from coolmail.cli.opening import ConfigOption, JsonOption, OptionalIdArgument, one
from coolmail.cli.output import safe
from coolmail.cli.questions import ask, somebody_there
from coolmail.core.durations import in_words
from coolmail.core.settings import Settings
from coolmail.core.states import Decision, State
from coolmail.journal import deeds, edits
from coolmail.mail.edited import renamed

if TYPE_CHECKING:
    from coolmail.core.entry import Entry
    from coolmail.journal import Errand, Journal
    from coolmail.journal.deeds import Deed

UNDO_WITHIN = timedelta(minutes=10)
"""How long what was done can be undone."""


def undo(
    ids: OptionalIdArgument = None, config: ConfigOption = None, as_json: JsonOption = False, yes: YesOption = False
) -> None:
    """Undo what you did in the last ten minutes: the last command, or the last thing done with each message that is named."""

    async def work(journal: Journal, settings: Settings) -> list[acts.Act]:  # noqa: ARG001
        now = datetime.now(UTC)
        if not ids:
            chosen = await undoable(journal, now)
            if not chosen:
                raise acts.CannotActError(f"nothing was done in the last {in_words(UNDO_WITHIN)} that can be undone")
            return [await _asked(journal, deed, now) for deed in chosen]
        entries = [await one(journal, prefix) for prefix in ids]
        done = []
        for entry in entries:
            found = await undoable(journal, now, entry.id)
            nothing = f"nothing was done with {entry.id} in the last {in_words(UNDO_WITHIN)} that can be undone"
            done.append(await undo_one(journal, found[0], now=now) if found else acts.Act(entry.id, False, nothing))
        return done

    async def _asked(journal: Journal, deed: Deed, now: datetime) -> acts.Act:
        """Undo one deed that was not named; somebody who sits there is asked whether it is the one that was meant."""
        identifier = deed.message or ""
        entry = await journal.get(identifier)
        what = f"Undo {deed.act} of {identifier}, '{safe(acts.subject_of(entry)) if entry else ''}', {in_words(now - deed.at)} ago?"
        if not yes and somebody_there() and not ask(what):
            return acts.Act(identifier, False, f"{identifier} stays as it is.")
        return await undo_one(journal, deed, now=now)

    tell(config, as_json, work)


async def undoable(journal: Journal, now: datetime, message: str | None = None) -> list[Deed]:
    """Return what was done last and is not undone: one deed with `message`, without it all that were done at one moment, by one command."""
    found = await deeds.done_since(journal, now - UNDO_WITHIN, message)
    return found[:1] if message is not None else [deed for deed in found if deed.at == found[0].at]


async def undo_one(journal: Journal, deed: Deed, *, now: datetime) -> acts.Act:
    """Undo one deed, as far as that is still possible."""
    entry = await journal.get(deed.message or "")
    if entry is None:
        return acts.Act(deed.message or "", False, f"the message {deed.message} is not known any more")
    try:
        match deed.act:
            case "edit":
                said = await _edit(journal, entry, deed, now)
            case "extend":
                said = await _extend(journal, entry, deed, now)
            case "feedback":
                said = await _feedback(journal, deed)
            case _:
                said = await _decision(journal, entry, deed, now)
    except acts.CannotActError as error:
        return acts.Act(entry.id, False, f"{deed.act} of {entry.id} cannot be undone: {error}")
    await deeds.mark_undone(journal, deed, now=now)
    return acts.Act(entry.id, True, f"{entry.id}: {deed.act} undone, {said}: {acts.subject_of(entry)}")


async def _decision(journal: Journal, entry: Entry, deed: Deed, now: datetime) -> str:
    decision = Decision(deed.before["decision"])
    if decision is Decision.RELEASE:
        await edits.send_with(journal, entry.id, send=False)
    if await deeds.take_back(journal, entry.id, decision, now=now, what=f"you took back: {deed.act}"):
        return "it is as before"
    entry = await journal.get(entry.id) or entry
    match decision, entry.state:
        case ((Decision.RELEASE | Decision.RELEASE_AGAIN), State.DUE):
            return _or_too_late(await acts.withdraw(journal, entry, now=now, undoable=False), "it goes back to Drafts")
        case ((Decision.CANCEL | Decision.WITHDRAW), (State.CANCELLED | State.WITHDRAWN)):
            return _or_too_late(await acts.restore(journal, entry, now=now, undoable=False), "it is put into Review")
        case Decision.RESTORE, State.REVIEW if deed.before["state"] == State.CANCELLED:
            return _or_too_late(await acts.cancel(journal, entry, now=now, undoable=False), "it is cancelled again")
        case Decision.RESTORE, State.REVIEW if deed.before["state"] == State.WITHDRAWN:
            return _or_too_late(await acts.withdraw(journal, entry, now=now, undoable=False), "it goes back to Drafts")
    raise acts.CannotActError(_state(entry))


def _or_too_late(act: acts.Act, said: str) -> str:
    if not act.done:
        raise acts.CannotActError(act.said)
    return said


def _state(entry: Entry) -> str:
    if entry.state in (State.SUBMITTING, State.SUBMITTED, State.FILED):
        return "it is too late, the server has it"
    return f"it is {entry.state.value} now"


async def _extend(journal: Journal, entry: Entry, deed: Deed, now: datetime) -> str:
    was = datetime.fromisoformat(deed.before["was"]) if deed.before["was"] else None
    if was is None or was <= now:
        raise acts.CannotActError(
            "its old deadline has passed, it would go out at once; `coolmail release` sends it if you mean that"
        )
    until = datetime.fromisoformat(deed.before["until"])
    if not await deeds.put_back_deadline(journal, entry.id, was, until, now=now):
        raise acts.CannotActError(f"it has another deadline by now, or is no longer held: {_state(entry)}")
    return "the old deadline stands"


async def _feedback(journal: Journal, deed: Deed) -> str:
    if not await deeds.take_back_feedback(journal, deed.before["text_hash"], datetime.fromisoformat(deed.before["at"])):
        raise acts.CannotActError("the answer is not there any more")
    return "the answer is forgotten"


async def _edit(journal: Journal, entry: Entry, deed: Deed, now: datetime) -> str:
    """Put the version of before in the place of the edited one: an edit like any other."""
    if await edits.send_with(journal, entry.id, send=False) or entry.decision is Decision.RELEASE:
        await deeds.take_back(journal, entry.id, Decision.RELEASE, now=now, what="you took back: edit")
    entry = await journal.get(entry.id) or entry
    if entry.state is State.DUE:
        act = await acts.withdraw(journal, entry, now=now, undoable=False)
        return _or_too_late(act, "it goes back to Drafts, as you edited it")
    asked = [errand for errand in await journal.errands_about(entry.id) if errand.kind in edits.EDITS]
    mine = next((errand for errand in asked if errand.id == deed.before["errand"]), None)
    old = await _before(journal, entry, asked, mine)
    if mine is None or old is None:
        raise acts.CannotActError("the version of before is not there any more")
    message_id = acts.edited_message_id(entry.sender)
    act = await acts.edit(
        journal,
        entry,
        renamed(old, message_id),
        message_id,
        begun_with=await acts.base(journal, entry),
        now=now,
        undoable=False,
    )
    return _or_too_late(act, "the version of before waits")


async def _before(journal: Journal, entry: Entry, asked: list[Errand], mine: Errand | None) -> bytes | None:
    """Return the bytes of the version that an edit replaced or is to replace."""
    if mine is None:
        return None
    if mine.outcome in {edits.REPLACED, edits.PLACED}:
        return mine.raw  # they were swapped when it took its place
    if mine.done_at is not None:
        return None
    earlier = [
        errand
        for errand in asked
        if errand.done_at is None and errand.outcome != edits.REPLACED and (errand.id or 0) < (mine.id or 0)
    ]
    return earlier[-1].raw if earlier else await journal.raw(entry.id)
