"""What the user did with messages on the command line: kept so that it can be undone for a while, and counted.

A deed is noted after it was recorded: a crash between the two leaves it done and not undoable, never the other way round. Deeds hold no text of mail.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from coolmail.core.states import Decision, State
from coolmail.journal.store import Journal
from coolmail.journal.tables import DeedRow, EventRow, FeedbackRow, MessageRow, table_of
from coolmail.journal.whole import whole

_DEED, _MESSAGE, _FEEDBACK = (table_of(row).c for row in (DeedRow, MessageRow, FeedbackRow))


@dataclass(frozen=True, slots=True)
class Deed:
    """One act on one message: `act` is the command's name; `before` are plain values that undoing it needs."""

    message: str | None
    act: str
    at: datetime
    before: Mapping[str, Any]
    id: int
    undone_at: datetime | None = None


@whole
async def note(journal: Journal, message: str | None, act: str, *, now: datetime, **before: Any) -> None:
    """Remember a deed."""
    async with journal._transaction() as connection:
        await connection.execute(insert(DeedRow).values(message=message, act=act, at=now, before=before))


@whole
async def done_since(journal: Journal, since: datetime, message: str | None = None) -> list[Deed]:
    """Return what was done since a moment and not undone, newest first; with `message` only what was done with that one."""
    names = Deed.__dataclass_fields__
    where = [_DEED.at >= since, _DEED.undone_at.is_(None)]
    if message is not None:
        where.append(_DEED.message == message)
    query = select(*(_DEED[name] for name in names)).where(*where).order_by(_DEED.id.desc())
    async with journal._transaction(read_only=True) as connection:
        return [Deed(**dict(zip(names, row, strict=True))) for row in (await connection.execute(query)).all()]


@whole
async def mark_undone(journal: Journal, deed: Deed, *, now: datetime) -> None:
    """Remember that a deed was undone: it is undone once, and no longer counted."""
    async with journal._transaction() as connection:
        await connection.execute(update(DeedRow).where(_DEED.id == deed.id).values(undone_at=now))


@whole
async def take_back(journal: Journal, message: str, decision: Decision, *, now: datetime, what: str) -> bool:
    """Forget a decision that the daemon has not carried out yet; False if it has, or another was made since."""
    async with journal._transaction() as connection:
        done = await connection.execute(
            update(MessageRow)
            .where(_MESSAGE.id == message, _MESSAGE.decision == str(decision))
            .values(decision=None, updated_at=now)
            .returning(_MESSAGE.state)
        )
        row = done.first()
        if row is None:
            return False
        await connection.execute(insert(EventRow).values(message=message, at=now, state=row[0], what=what))
    return True


@whole
async def take_back_feedback(journal: Journal, text_hash: str, at: datetime) -> bool:
    """Forget one answer about a judgement; False if there is none of that moment."""
    async with journal._transaction() as connection:
        found = select(_FEEDBACK.id).where(_FEEDBACK.text_hash == text_hash, _FEEDBACK.at == at)
        row = (await connection.execute(found.order_by(_FEEDBACK.id.desc()).limit(1))).first()
        if row is None:
            return False
        await connection.execute(table_of(FeedbackRow).delete().where(_FEEDBACK.id == row[0]))
    return True


@whole
async def put_back_deadline(
    journal: Journal, message: str, was: datetime | None, now_is: datetime, *, now: datetime
) -> bool:
    """Give a held message its old deadline again, if it still has the one that was given to it."""
    async with journal._transaction() as connection:
        done = await connection.execute(
            update(MessageRow)
            .where(_MESSAGE.id == message, _MESSAGE.state == str(State.HELD), _MESSAGE.hold_until == now_is)
            .values(hold_until=was, updated_at=now, reminded_at=None, note_kind=None)
        )
        if done.rowcount != 1:
            return False
        what = "you took back that it waits longer"
        await connection.execute(insert(EventRow).values(message=message, at=now, state=str(State.HELD), what=what))
    return True
