"""The statements that every message needs many times, put together once: building one costs more than SQLite takes to answer it.

What they are asked with has names of its own (`its_id`, ...), so that the columns of an UPDATE can be given beside them.
"""

from __future__ import annotations

from functools import cache

from sqlalchemy import Exists, Select, Update, bindparam, insert, or_, select, update

from coolmail.core.states import ACTIVE, FINISHED, Decision, State
from coolmail.journal.requests import edit_under_way
from coolmail.journal.tables import EventRow, MessageRow, table_of

MESSAGES, EVENTS = table_of(MessageRow), table_of(EventRow)
MESSAGE = MESSAGES.c

ENTRIES = select(*(column for column in MESSAGE if column.name != "raw"), MESSAGE.raw.is_not(None).label("has_bytes"))
"""What `coolmail.journal.rows.to_entry` reads; the bytes only if somebody asks for them."""

ITS_ID, ITS_ACCOUNT = MESSAGE.id == bindparam("its_id"), MESSAGE.account == bindparam("its_account")
IS_ACTIVE = MESSAGE.state.in_([str(state) for state in ACTIVE])
IS_FINISHED = MESSAGE.state.in_([str(state) for state in FINISHED])

ENTRY: Select[tuple[object, ...]] = ENTRIES.where(ITS_ID)
"""`its_id`."""
ACTIVE_ENTRIES: Select[tuple[object, ...]] = ENTRIES.where(ITS_ACCOUNT, IS_ACTIVE).order_by(MESSAGE.taken_at)
"""`its_account`."""
DECIDED_ENTRIES: Select[tuple[object, ...]] = ENTRIES.where(
    ITS_ACCOUNT, MESSAGE.decision.is_not(None), IS_FINISHED
).order_by(MESSAGE.taken_at)
"""`its_account`."""
KNOWN_ENTRIES: Select[tuple[object, ...]] = ENTRIES.where(
    ITS_ACCOUNT, MESSAGE.message_id == bindparam("its_message_id")
).order_by(MESSAGE.taken_at.desc())
"""`its_account`, `its_message_id`."""
WITHDRAWN_ENTRIES: Select[tuple[object, ...]] = ENTRIES.where(
    ITS_ACCOUNT, MESSAGE.state == str(State.WITHDRAWN), MESSAGE.updated_at >= bindparam("since")
).order_by(MESSAGE.updated_at.desc())
"""`its_account`, `since`."""
BYTES = select(MESSAGE.raw).where(ITS_ID)
"""`its_id`."""
ID = select(MESSAGE.id).where(ITS_ID)
"""`its_id`."""
UNFINISHED = select(MESSAGE.id).where(
    ITS_ACCOUNT, MESSAGE.message_id == bindparam("its_message_id"), MESSAGE.state.not_in([str(s) for s in FINISHED])
)
"""`its_account`, `its_message_id`."""
ATTENTION = select(MESSAGE.id, MESSAGE.decision, MESSAGE.hold_until).where(
    ITS_ACCOUNT, or_(IS_ACTIVE, MESSAGE.decision.is_not(None))
)
"""`its_account`."""

NEW_MESSAGE, NEW_EVENT = insert(MESSAGES), insert(EVENTS)


@cache
def compare_and_set(*, unless_stopped: bool = False, unless_twin: bool = False) -> Update:
    """Return the UPDATE of one message (`its_id`) that is still in a state (`its_state`), and on which nothing that stops it was decided.

    `unless_twin`: only if no other entry with its Message-ID is unfinished; only one may be (`uq_message_unfinished`).
    """
    where = [ITS_ID, MESSAGE.state == bindparam("its_state")]
    if unless_stopped:
        stopping = [str(Decision.CANCEL), str(Decision.WITHDRAW)]
        where += [or_(MESSAGE.decision.is_(None), MESSAGE.decision.not_in(stopping)), ~edit_under_way()]
    if unless_twin:
        where.append(~unfinished_twin())
    return update(MESSAGES).where(*where)


def unfinished_twin() -> Exists:
    """Return the condition that another entry with the same Message-ID is unfinished."""
    twin = MESSAGES.alias("twin")
    return (
        select(twin.c.id)
        .where(
            twin.c.account == MESSAGE.account,
            twin.c.message_id == MESSAGE.message_id,
            twin.c.id != MESSAGE.id,
            twin.c.state.not_in([str(state) for state in FINISHED]),
        )
        .exists()
    )
