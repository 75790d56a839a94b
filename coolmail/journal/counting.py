"""Reading what `coolmail.core.stats` counts, a hundred thousand messages at once, without their content."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from coolmail.core.states import State
from coolmail.core.stats import Answer, Seen
from coolmail.core.tone import Level
from coolmail.journal.store import Journal
from coolmail.journal.tables import DeedRow, FeedbackRow, MessageRow, TalkRow, table_of

_MESSAGE, _DEED, _FEEDBACK, _TALK = (table_of(row).c for row in (MessageRow, DeedRow, FeedbackRow, TalkRow))


async def seen_since(journal: Journal, since: datetime) -> list[Seen]:
    """Return the messages that were taken since a moment, oldest first."""
    heat = func.json_extract(_MESSAGE.report, "$.heat")
    judged = func.json_extract(_MESSAGE.report, "$.judged")
    query = (
        select(
            _MESSAGE.id,
            _MESSAGE.taken_at,
            _MESSAGE.state,
            _MESSAGE.verdict,
            _MESSAGE.recipients,
            _MESSAGE.override,
            _MESSAGE.continues,
            heat,
            judged,
        )
        .where(_MESSAGE.taken_at >= since)
        .order_by(_MESSAGE.taken_at)
    )
    rows = await journal.file.rows(query)
    return [
        Seen(
            identifier,
            at,
            State(state),
            verdict == "hold",
            tuple(recipients),
            bool(override),
            continues,
            float(hot) if judged and hot is not None else None,
        )
        for identifier, at, state, verdict, recipients, override, continues, hot, judged in rows
    ]


async def edited_since(journal: Journal, since: datetime) -> set[str]:
    """Return the ids of messages whose text the user changed where they waited, and did not undo it."""
    query = select(_DEED.message).where(_DEED.act == "edit", _DEED.at >= since, _DEED.undone_at.is_(None))
    return {message for (message,) in await journal.file.rows(query) if message is not None}


async def answers_since(journal: Journal, since: datetime) -> list[Answer]:
    """Return the user's answers about the tone, oldest first."""
    query = select(_FEEDBACK.text_hash, _FEEDBACK.level, _FEEDBACK.answer).where(_FEEDBACK.at >= since)
    rows = await journal.file.rows(query.order_by(_FEEDBACK.id))
    return [Answer(text_hash, Level(level).held, answer == "wrong") for text_hash, level, answer in rows]


async def calls_since(journal: Journal, since: datetime) -> int:
    """Return how many calls took place."""
    query = select(func.count()).select_from(table_of(TalkRow)).where(_TALK.called_at >= since)
    return int(await journal.file.read(lambda connection: connection.execute(query).scalar_one()))
