"""What a person can do with a message, free of presentation: the commands and the review screen both do it through here.

Each act takes an open journal, the entry as it was shown, and the present moment in UTC. It records what is wanted; the daemon carries it out. What
came too late or cannot be done is no exception but an `Act` with `done` False, whose `said` tells why and what to do. `said` is one plain sentence
that is safe to print (escape it where markup is read).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

from coolmail.core.clean import shorten
from coolmail.core.durations import BadDurationError, in_words, parse_duration
from coolmail.core.errors import CoolmailError
from coolmail.core.moments import BadMomentError, parse_moment
from coolmail.core.our_ids import EDITED
from coolmail.core.states import FINISHED, Decision, Stage, State

if TYPE_CHECKING:
    from coolmail.core.entry import Entry
    from coolmail.journal import Journal
    from coolmail.journal.requests import Answer

WORD = "send"
"""What has to be typed to release something heated before its deadline."""

LONGEST_REASON = 300
"""Characters of a reason that are kept."""


class NoSuchMessageError(CoolmailError):
    """No message, or more than one, has an id that begins so."""


class CannotActError(CoolmailError):
    """What was wanted cannot be done with this message now; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Act:
    """What became of an act on one message; `more` are further plain values for `--json`."""

    id: str
    done: bool
    said: str
    more: Mapping[str, Any] = field(default_factory=dict)


async def find(journal: Journal, prefix: str) -> Entry:
    """Return the message with this id or unique beginning of one; raise `NoSuchMessageError` otherwise."""
    exact = await journal.get(prefix.lower())
    if exact is not None:
        return exact
    found = await journal.find(prefix)
    if not found:
        raise NoSuchMessageError(f"there is no message {prefix!r}; `coolmail held` and `coolmail history` list them")
    if len(found) > 1:
        raise NoSuchMessageError(f"{prefix!r} fits several messages: {', '.join(entry.id for entry in found)}")
    return found[0]


def needs_second_look(entry: Entry, now: datetime) -> bool:
    """Whether releasing a message needs a typed word: it was read as heated and its deadline is not there yet."""
    return (
        entry.report is not None
        and entry.report.judged
        and entry.report.level.held
        and entry.hold_until is not None
        and now < entry.hold_until
    )


async def release(journal: Journal, entry: Entry, *, now: datetime, again: bool = False, reason: str = "") -> Act:
    """Send a waiting message now. `again`: it is not known whether it was sent, and it is to be sent again. `reason` is kept in its log."""
    from coolmail.journal.edits import send_with  # noqa: PLC0415 - see `_can_be`

    why = shorten(reason, LONGEST_REASON)
    what = f"you released it: {why}" if why else "you released it"
    if entry.state in _can_be(Decision.RELEASE):
        await send_with(journal, entry.id, send=True)
    return await _decide(
        journal, entry, Decision.RELEASE_AGAIN if again else Decision.RELEASE, what, "is released", now, act="release"
    )


async def cancel(
    journal: Journal, entry: Entry, *, now: datetime, undoable: bool = True, what: str = "you cancelled it"
) -> Act:
    """Do not send a waiting message, ever; its content stays restorable for a while. `what` stands in its log."""
    act = "cancel" if undoable else None
    return await _decide(journal, entry, Decision.CANCEL, what, "is cancelled", now, act=act)


async def withdraw(journal: Journal, entry: Entry, *, now: datetime, undoable: bool = True) -> Act:
    """Take a waiting message back into Drafts."""
    act = "withdraw" if undoable else None
    return await _decide(journal, entry, Decision.WITHDRAW, "you took it back", "goes back to Drafts", now, act=act)


async def restore(journal: Journal, entry: Entry, *, now: datetime, undoable: bool = True) -> Act:
    """Bring back a cancelled or withdrawn message, into Review."""
    if entry.state in _can_be(Decision.RESTORE):
        if not entry.has_bytes:
            return Act(entry.id, False, f"the content of {entry.id} was removed after its time; it cannot be restored")
        if twin := await _waiting_twin(journal, entry):
            said = f"{entry.id} is the same mail as {twin.id}, which waits: decide on that one first"
            return Act(entry.id, False, said)
    act = "restore" if undoable else None
    return await _decide(journal, entry, Decision.RESTORE, "you wanted it back", "is put into Review", now, act=act)


async def resolve(journal: Journal, entry: Entry, *, now: datetime) -> Act:
    """Settle a message of which it is not known whether it was sent: it was."""
    return await _decide(
        journal, entry, Decision.WAS_SENT, "you said that it was sent", "is filed as sent", now, act="resolve"
    )


def later(entry: Entry, text: str, now: datetime, zone: tzinfo, *, opening: int = 9 * 60) -> datetime:
    """Return the new deadline (UTC) that `6h`, counted from the old one, or `tomorrow 9:00` means.

    A deadline that is past counts from now. `opening` is the start of the working day in minutes, for days named without a time. Raises
    `BadMomentError` for what is not understood, is past, or would make the message wait shorter.
    """
    until = max(entry.hold_until or now, now)
    try:
        span = parse_duration(text)
    except BadDurationError:
        moment = parse_moment(text, now, zone, opening=opening)
    else:
        moment = until + span
    if moment <= until:
        raise BadMomentError("a message can wait longer, not shorter; `coolmail release` sends it now")
    return moment


async def base(journal: Journal, entry: Entry) -> bytes:
    """Return the bytes that an edit of a message begins with: the newest version, whether it has taken its place yet or not.

    Raises `CannotActError` where the message cannot be edited now.
    """
    from coolmail.journal.edits import EDITABLE, pending  # noqa: PLC0415 - see `_can_be`

    entry = await journal.get(entry.id) or entry
    if entry.state not in EDITABLE:
        raise CannotActError(f"{entry.id} is {entry.state.value}; only what is held or in Review can be edited")
    if entry.stage is Stage.DATA:
        raise CannotActError(
            f"it is not known whether {entry.id} was sent, so it cannot be edited: `coolmail resolve {entry.id} --was-sent` or "
            f"`coolmail release {entry.id} --again` settle it"
        )
    if entry.decision is not None:
        said = f"you decided on {entry.id} already ({entry.decision.value}); `coolmail undo {entry.id}` takes that back"
        raise CannotActError(said)
    newest = await pending(journal, entry.id)
    raw = newest.raw if newest is not None else await journal.raw(entry.id)
    if raw is None:
        raise CannotActError(f"the content of {entry.id} was removed after its time; it cannot be edited")
    return raw


def edited_message_id(address: str) -> str:
    """Return a Message-ID for an edited version, never given before. `address` is its author's, and may be anything."""
    domain = address.rpartition("@")[2]
    plain = domain.isascii() and domain.replace(".", "").replace("-", "").isalnum()
    return f"<{secrets.token_hex(16)}.{EDITED}.coolmail@{domain if plain else 'coolmail.invalid'}>"


async def edit(
    journal: Journal,
    entry: Entry,
    raw: bytes,
    message_id: str,
    *,
    begun_with: bytes,
    now: datetime,
    send: bool = False,
    heat: tuple[float, float] | None = None,
    undoable: bool = True,
) -> Act:
    """Put an edited version in the place of a waiting message; with `send` it goes out as soon as it is there.

    `raw` is the whole message in CRLF form with this Message-ID, its own; `begun_with` the bytes that were edited: where the message has moved on
    since, or has been edited otherwise, nothing is changed. `heat` is how it read before and how it reads now, where both are known.
    """
    from coolmail.journal import Errand  # noqa: PLC0415 - see `_can_be`
    from coolmail.journal.edits import EDIT, EDIT_AND_SEND  # noqa: PLC0415

    try:
        if await base(journal, entry) != begun_with:
            return Act(entry.id, False, f"{entry.id} was edited otherwise meanwhile; nothing was changed")
    except CannotActError as error:
        return Act(entry.id, False, f"{error}; nothing was changed")
    kind = EDIT_AND_SEND if send else EDIT
    role = "held" if entry.state is State.HELD else "review"
    asked = await journal.ask(Errand(entry.id, entry.account, kind, role, raw, message_id, now))
    if undoable:
        await _note(journal, entry, "edit", now, errand=asked.id, heat=list(heat) if heat else None)
    said = "is sent in its new version" if send else "waits in its new version"
    return Act(entry.id, True, f"{entry.id} {said}: {subject_of(entry)}")


async def extend(journal: Journal, entry: Entry, until: datetime, *, now: datetime) -> Act:
    """Let a held message wait until a later moment (UTC, from `later`); the reminder comes anew."""
    longer = in_words(until - max(entry.hold_until or now, now))
    changed = entry.state is State.HELD and await journal.change(
        entry.id,
        State.HELD,
        now=now,
        what=f"you let it wait {longer} longer",
        hold_until=until,
        reminded_at=None,
        note_kind=None,
    )
    if not changed:
        return Act(
            entry.id, False, f"{entry.id} is not held, it is {await _state(journal, entry)}: nothing was changed"
        )
    was = entry.hold_until.isoformat() if entry.hold_until is not None else None
    await _note(journal, entry, "extend", now, was=was, until=until.isoformat())
    return Act(entry.id, True, f"{entry.id} waits {longer} longer: {subject_of(entry)}")


async def feedback(journal: Journal, entry: Entry, answer: Answer, *, now: datetime) -> Act:
    """Record whether the tone of a message was read right. A later answer about the same text stands."""
    report = entry.report
    if report is None or not report.judged:
        return Act(entry.id, False, f"{entry.id} was not judged, or its content was removed after its time")
    text_hash = hashlib.sha256(report.own_text.encode("utf-8", "replace")).hexdigest()
    await journal.give_feedback(
        message=entry.id,
        account=entry.account,
        answer=answer,
        heat=report.heat,
        level=report.level.value,
        text_hash=text_hash,
        now=now,
    )
    await _note(journal, entry, "feedback", now, text_hash=text_hash, at=now.isoformat())
    read = f"{report.heat:.2f} {report.level.value}"
    return Act(entry.id, True, f"{entry.id}: noted that {read} was {answer}: {subject_of(entry)}")


async def _decide(
    journal: Journal, entry: Entry, decision: Decision, what: str, said: str, now: datetime, *, act: str | None
) -> Act:
    """Record one decision, where the state of the message still allows it, and the act that it was, so that it can be undone."""
    allowed = _can_be(decision)
    if entry.state not in allowed:
        return Act(entry.id, False, f"{entry.id} is {entry.state.value}; {_too_late(entry, decision)}")
    if not await journal.decide(entry.id, decision, allowed, now=now, what=what):
        said = f"{entry.id} has just moved on; nothing was changed. Look at it again: coolmail show {entry.id}"
        return Act(entry.id, False, said)
    if act is not None:
        await _note(journal, entry, act, now, decision=decision.value, state=entry.state.value)
    return Act(entry.id, True, f"{entry.id} {said}: {subject_of(entry)}")


async def _note(journal: Journal, entry: Entry, act: str, now: datetime, **before: Any) -> None:
    from coolmail.journal.deeds import note  # noqa: PLC0415 - see `_can_be`

    await note(journal, entry.id, act, now=now, **before)


def _can_be(decision: Decision) -> frozenset[State]:
    from coolmail.journal.store import can_be  # noqa: PLC0415 - the journal's libraries are loaded where a journal is open

    return can_be(decision)


async def _waiting_twin(journal: Journal, entry: Entry) -> Entry | None:
    known = await journal.known(entry.account, entry.message_id)
    return next((other for other in known if other.id != entry.id and other.state not in FINISHED), None)


async def _state(journal: Journal, entry: Entry) -> str:
    found = await journal.get(entry.id)
    return (found or entry).state.value


def subject_of(entry: Entry) -> str:
    """Return the subject on one line, safe to print."""
    return shorten(entry.subject, 120) or "(no subject)"


def _too_late(entry: Entry, decision: Decision) -> str:
    if entry.state is State.SUBMITTING:
        return "it is being sent this moment"
    if entry.state in (State.SUBMITTED, State.FILED):
        return "it is too late: the server has it"
    if decision in (Decision.RELEASE_AGAIN, Decision.WAS_SENT):
        return "this is for messages in Review only"
    if entry.state in FINISHED:
        return f"there is nothing to {decision.value}"
    return "wait until it is held"


__all__ = [
    "WORD",
    "Act",
    "BadMomentError",
    "CannotActError",
    "NoSuchMessageError",
    "base",
    "cancel",
    "edit",
    "edited_message_id",
    "extend",
    "feedback",
    "find",
    "later",
    "needs_second_look",
    "release",
    "resolve",
    "restore",
    "subject_of",
    "withdraw",
]
