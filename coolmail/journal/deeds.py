"""What the user did with messages on the command line: kept so that it can be undone for a while, and counted.

A deed is noted after it was recorded: a crash between the two leaves it done and not undoable, never the other way round. Deeds hold no text of mail.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from coolmail.core.states import Decision, State
from coolmail.journal.store import Journal
from coolmail.journal.tables import DeedRow, EventRow, FeedbackRow, MessageRow, table_of

DEEDS, MESSAGES, EVENTS, FEEDBACKS = (table_of(row) for row in (DeedRow, MessageRow, EventRow, FeedbackRow))
_DEED, _MESSAGE, _FEEDBACK = DEEDS.c, MESSAGES.c, FEEDBACKS.c


@dataclass(frozen=True, slots=True)
class Deed:
    """One act on one message: `act` is the command's name; `before` are plain values that undoing it needs."""

    message: str | None
    act: str
    at: datetime
    before: Mapping[str, Any]
    id: int
    undone_at: datetime | None = None


async def note(journal: Journal, message: str | None, act: str, *, now: datetime, **before: Any) -> None:
    """Remember a deed."""
    values = {"message": message, "act": act, "at": now, "before": before}
    await journal.file.write(lambda connection: connection.execute(insert(DEEDS), values))


async def done_since(journal: Journal, since: datetime, message: str | None = None) -> list[Deed]:
    """Return what was done since a moment and not undone, newest first; with `message` only what was done with that one."""
    names = Deed.__dataclass_fields__
    where = [_DEED.at >= since, _DEED.undone_at.is_(None)]
    if message is not None:
        where.append(_DEED.message == message)
    query = select(*(_DEED[name] for name in names)).where(*where).order_by(_DEED.id.desc())
    return [Deed(**dict(zip(names, row, strict=True))) for row in await journal.file.rows(query)]


async def mark_undone(journal: Journal, deed: Deed, *, now: datetime) -> None:
    """Remember that a deed was undone: it is undone once, and no longer counted."""
    query = update(DEEDS).where(_DEED.id == deed.id).values(undone_at=now)
    await journal.file.write(lambda connection: connection.execute(query))


async def take_back(journal: Journal, message: str, decision: Decision, *, now: datetime, what: str) -> bool:
    """Forget a decision that the daemon has not carried out yet; False if it has, or another was made since."""
    where = _MESSAGE.id == message, _MESSAGE.decision == str(decision)
    values = {"decision": None, "updated_at": now}

    def work(connection: Connection) -> bool:
        row = connection.execute(update(MESSAGES).where(*where).values(values).returning(_MESSAGE.state)).first()
        if row is None:
            return False
        connection.execute(insert(EVENTS), {"message": message, "at": now, "state": row[0], "what": what})
        return True

    return await journal.file.write(work)


async def take_back_feedback(journal: Journal, text_hash: str, at: datetime) -> bool:
    """Forget one answer about a judgement; False if there is none of that moment."""
    found = select(_FEEDBACK.id).where(_FEEDBACK.text_hash == text_hash, _FEEDBACK.at == at)
    latest = found.order_by(_FEEDBACK.id.desc()).limit(1).scalar_subquery()
    query = delete(FEEDBACKS).where(_FEEDBACK.id == latest)
    return await journal.file.write(lambda connection: connection.execute(query).rowcount == 1)


async def put_back_deadline(
    journal: Journal, message: str, was: datetime | None, now_is: datetime, *, now: datetime
) -> bool:
    """Give a held message its old deadline again, if it still has the one that was given to it."""
    where = _MESSAGE.id == message, _MESSAGE.state == str(State.HELD), _MESSAGE.hold_until == now_is
    values = {"hold_until": was, "updated_at": now, "reminded_at": None, "note_kind": None}
    what = "you took back that it waits longer"

    def work(connection: Connection) -> bool:
        if connection.execute(update(MESSAGES).where(*where).values(values)).rowcount != 1:
            return False
        connection.execute(insert(EVENTS), {"message": message, "at": now, "state": str(State.HELD), "what": what})
        return True

    return await journal.file.write(work)
