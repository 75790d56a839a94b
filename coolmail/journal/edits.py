"""Putting an edited version in the place of a message that waits, in one transaction.

The entry keeps its id, its deadline and its history; its bytes, its Message-ID and what was read from it become those of the new version. The errand
that asked for it takes over the old bytes, so that `diff` can show them and nothing is lost, and stays unfinished until the old copy is out of the
mailbox.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, insert, or_, select, update

from coolmail.core.entry import Entry, Place
from coolmail.core.states import Decision, Stage, State
from coolmail.core.tone import ToneReport
from coolmail.journal.requests import EDIT, EDIT_AND_SEND, EDITS, REPLACED, Errand
from coolmail.journal.rows import to_columns
from coolmail.journal.store import Journal
from coolmail.journal.tables import ErrandRow, EventRow, MessageRow, table_of

__all__ = [
    "EDIT",
    "EDITABLE",
    "EDITS",
    "EDIT_AND_SEND",
    "PLACED",
    "REPLACED",
    "pending",
    "replace",
    "replaced",
    "send_with",
]

PLACED = "the edited version waits in its place"
"""Outcome of a finished errand whose bytes are those of the old version."""

EDITABLE = (State.HELD, State.REVIEW)
"""States in which a message lies still and may be replaced."""

MESSAGES, ERRANDS, EVENTS = (table_of(row) for row in (MessageRow, ErrandRow, EventRow))
_MESSAGE, _ERRAND = MESSAGES.c, ERRANDS.c


async def replace(
    journal: Journal,
    errand: Errand,
    entry: Entry,
    *,
    now: datetime,
    what: str,
    place: Place,
    report: ToneReport,
    reasons: Sequence[str],
    **read: Any,
) -> bool:
    """Put the errand's bytes in the place of the entry's; False, and nothing changed, if the message has moved on since it was read.

    `place` is where the new version lies; `read` are the fields read from its header and its own text. A release that was recorded for the
    old version stands only if the errand asks for one, by its kind as it is now in the journal.
    """
    values = to_columns({"place": place, "report": report, "reasons": reasons, **read})
    where = (
        _MESSAGE.id == entry.id,
        _MESSAGE.state == str(entry.state),
        _MESSAGE.message_id == entry.message_id,
        or_(_MESSAGE.stage.is_(None), _MESSAGE.stage != str(Stage.DATA)),
        or_(_MESSAGE.decision.is_(None), _MESSAGE.decision != str(Decision.WAS_SENT)),
    )
    wanted = select(_ERRAND.kind).where(_ERRAND.id == errand.id, _ERRAND.done_at.is_(None))

    def work(connection: Connection) -> bool:
        old = connection.execute(select(_MESSAGE.raw, _MESSAGE.message_id).where(*where)).first()
        kind = connection.execute(wanted).scalar_one_or_none()
        if old is None or old[0] is None or kind is None:
            return False
        asked = str(Decision.RELEASE) if kind == EDIT_AND_SEND else None
        said = f"{what}; you released it" if asked else what
        connection.execute(
            update(MESSAGES)
            .where(*where)
            .values(
                raw=errand.raw,
                message_id=errand.message_id,
                updated_at=now,
                note_kind=None,
                # Whoever decided since that it must not go has the last word.
                decision=case(
                    (_MESSAGE.decision.is_(None), asked),
                    (_MESSAGE.decision == str(Decision.RELEASE), asked),
                    else_=_MESSAGE.decision,
                ),
                **values,
            )
        )
        replaced = {"raw": old[0], "message_id": old[1], "outcome": REPLACED}
        connection.execute(update(ERRANDS).where(_ERRAND.id == errand.id).values(replaced))
        connection.execute(insert(EVENTS), {"message": entry.id, "at": now, "state": str(entry.state), "what": said})
        return True

    return await journal.file.write(work)


async def pending(journal: Journal, message: str) -> Errand | None:
    """Return the newest edit of a message that has not taken its place yet; None if there is none."""
    asked = [errand for errand in await journal.errands_about(message) if errand.kind in EDITS]
    return next((errand for errand in reversed(asked) if errand.done_at is None and errand.outcome != REPLACED), None)


async def replaced(journal: Journal, message: str) -> list[Errand]:
    """Return the edits that took a message's place, oldest first; the bytes of each are those of the version before it."""
    asked = await journal.errands_about(message)
    return [errand for errand in asked if errand.kind in EDITS and errand.outcome in {REPLACED, PLACED}]


async def send_with(journal: Journal, message: str, *, send: bool) -> bool:
    """Let the edits of a message that have not taken its place yet release it when they do, or no longer; False if there is none."""
    where = (
        _ERRAND.message == message,
        _ERRAND.kind.in_(EDITS),
        _ERRAND.done_at.is_(None),
        _ERRAND.outcome != REPLACED,
    )
    query = update(ERRANDS).where(*where).values(kind=EDIT_AND_SEND if send else EDIT)
    return await journal.file.write(lambda connection: connection.execute(query).rowcount > 0)
