"""What the command line leaves in the journal besides decisions: errands, feedback, and what belongs to a call.

An *errand* is a message that the daemon is asked to put into a mailbox. The command line never talks to the mail server: it writes the whole message
here, durably, and the daemon's next sweep puts it there, once, whatever crashes in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Exists, Select, bindparam, delete, insert, select, update

from coolmail.journal.file import JournalFile
from coolmail.journal.tables import ErrandRow, FeedbackRow, MessageRow, TalkRow, table_of

ERRANDS, FEEDBACKS, TALKS = (table_of(row) for row in (ErrandRow, FeedbackRow, TalkRow))
ERRAND, FEEDBACK, TALK, MESSAGE = ERRANDS.c, FEEDBACKS.c, TALKS.c, table_of(MessageRow).c

Answer = Literal["right", "wrong"]

EDIT = "edit"
"""Kind of an errand that replaces a waiting message; it goes on waiting."""
EDIT_AND_SEND = "edit and send"
"""Kind of an errand that replaces a waiting message and releases it."""
EDITS = (EDIT, EDIT_AND_SEND)

REPLACED = "the edited version waits in its place; the old copy is being removed"
"""Outcome, so far, of an edit whose bytes are those of the old version already."""


@dataclass(frozen=True, slots=True)
class Errand:
    """A message to be put into a mailbox.

    `message` is the id of the entry it is about, `kind` a word for the user (`call`, `edit`, ...), `role` the value of a `coolmail.core.steps.Role`
    (`drafts`, `outbox`, ...), `raw` a whole RFC 5322 message with CRLF line ends, and `message_id` the Message-ID in it, with its angle brackets:
    by it the daemon knows whether the message is there already, so two errands must not share one unless they are the same. `at` is when it was
    asked for, `done_at` when it was finished (None: not yet), `outcome` what became of it, or what keeps it.
    """

    message: str
    account: str
    kind: str
    role: str
    raw: bytes
    message_id: str
    at: datetime
    id: int | None = None
    """Given by the journal."""
    done_at: datetime | None = None
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Feedback:
    """The user's answer to one judgement: it was `right`, or it was `wrong`.

    `message` is None for a text that was only checked, `account` None where none is concerned. `heat` (0..1) and `level` are what the model had said.
    `text_hash` is the SHA-256 (hexadecimal) of the own text that was judged; the text itself is not kept.
    """

    message: str | None
    account: str | None
    at: datetime
    answer: Answer
    heat: float
    level: str
    text_hash: str


@dataclass(frozen=True, slots=True)
class Talk:
    """The call instead of one message.

    `found` is what was found for it, as plain JSON values (None: nothing yet, or purged); `slot` the moment that was invited for; `called_at` when
    the user said that the call took place; `note` what they noted about it.
    """

    message: str
    found: dict[str, Any] | None = None
    slot: datetime | None = None
    called_at: datetime | None = None
    note: str = ""


_ERRANDS: Select[Any] = select(*(ERRAND[name] for name in Errand.__dataclass_fields__)).order_by(ERRAND.id)
_ANSWERS: Select[Any] = select(*(FEEDBACK[name] for name in Feedback.__dataclass_fields__)).order_by(FEEDBACK.id)
# Asked at every sweep and for every message: putting a statement together costs more than answering it.
_UNFINISHED = _ERRANDS.where(ERRAND.account == bindparam("its_account"), ERRAND.done_at.is_(None))
_ITS_ANSWERS = _ANSWERS.where(FEEDBACK.account == bindparam("its_account"))


class Requests:
    """The part of `Journal` that holds errands, feedback and talks."""

    file: JournalFile

    async def ask(self, errand: Errand) -> Errand:
        """Record an errand for the daemon; return it with its id.

        An unfinished errand with the same account, role and Message-ID is replaced: the newer bytes are what the user wants.
        """
        values = {name: getattr(errand, name) for name in ("account", "role", "message_id")}
        same = [ERRAND[name] == value for name, value in values.items()]
        more = {name: getattr(errand, name) for name in ("message", "kind", "raw", "at", "done_at", "outcome")}

        def work(connection: Connection) -> int:
            connection.execute(delete(ERRANDS).where(*same, ERRAND.done_at.is_(None)))
            return int(connection.execute(insert(ERRANDS).values(**values, **more).returning(ERRAND.id)).scalar_one())

        return Errand(**values, **more, id=await self.file.write(work))

    async def errands(self, account: str) -> list[Errand]:
        """Return the unfinished errands of an account, oldest first."""
        return _errands(await self.file.rows(_UNFINISHED, its_account=account))

    async def errands_about(self, message: str) -> list[Errand]:
        """Return every errand about a message, finished or not, oldest first."""
        return _errands(await self.file.rows(_ERRANDS.where(ERRAND.message == message)))

    async def finish(self, errand_id: int, outcome: str, *, now: datetime) -> bool:
        """Record that an errand is finished, and how; False if it was finished before, or replaced by a newer one."""
        return await self._note(errand_id, outcome=outcome, done_at=now)

    async def postpone(self, errand_id: int, outcome: str) -> bool:
        """Record what keeps an errand, which is tried again; False if it was finished before, or replaced by a newer one."""
        return await self._note(errand_id, outcome=outcome)

    async def _note(self, errand_id: int, **values: Any) -> bool:
        query = update(ERRANDS).where(ERRAND.id == errand_id, ERRAND.done_at.is_(None)).values(values)
        return await self.file.write(lambda connection: connection.execute(query).rowcount == 1)

    async def give_feedback(
        self,
        *,
        message: str | None,
        account: str | None,
        answer: Answer,
        heat: float,
        level: str,
        text_hash: str,
        now: datetime,
    ) -> Feedback:
        """Record what the user says about a judgement. Nothing is overwritten: where two answers are about one `text_hash`, the later one stands."""
        feedback = Feedback(message, account, now, answer, heat, level, text_hash)
        values = {name: getattr(feedback, name) for name in Feedback.__dataclass_fields__}
        await self.file.write(lambda connection: connection.execute(insert(FEEDBACKS), values))
        return feedback

    async def feedback(self, account: str | None = None) -> list[Feedback]:
        """Return every answer about one account's mail, or with None every answer there is, oldest first."""
        if account is None:
            return [Feedback(*row) for row in await self.file.rows(_ANSWERS)]
        return [Feedback(*row) for row in await self.file.rows(_ITS_ANSWERS, its_account=account)]

    async def talk(self, message: str) -> Talk | None:
        """Return what belongs to the call instead of a message; None if nothing was prepared."""
        names = Talk.__dataclass_fields__
        query = select(*(TALK[name] for name in names)).where(TALK.message == message)
        row = await self.file.first(query)
        return None if row is None else Talk(*row)

    async def booked(self, after: datetime, *, other_than: str) -> list[datetime]:
        """Return the moments after one that were invited for because of other messages, in order; calls that took place already do not count."""
        where = TALK.slot > after, TALK.message != other_than, TALK.called_at.is_(None)
        return [slot for (slot,) in await self.file.rows(select(TALK.slot).where(*where).order_by(TALK.slot))]

    async def set_talk(self, message: str, **changes: Any) -> None:
        """Record fields of a `Talk`; those that are not named stay as they are."""

        def work(connection: Connection) -> None:
            done = connection.execute(update(TALKS).where(TALK.message == message).values(changes))
            if done.rowcount == 0:
                connection.execute(insert(TALKS), {"note": "", **changes, "message": message})

        await self.file.write(work)


def _errands(rows: Sequence[Any]) -> list[Errand]:
    return [Errand(**dict(zip(Errand.__dataclass_fields__, row, strict=True))) for row in rows]


def edit_under_way() -> Exists:
    """Return the condition that a message was edited and the new version has not taken its place yet."""
    where = ERRAND.message == MESSAGE.id, ERRAND.kind.in_(EDITS), ERRAND.done_at.is_(None), ERRAND.outcome != REPLACED
    return select(ERRAND.id).where(*where).exists()


def purge(connection: Connection, before: datetime) -> None:
    """Remove finished errands of before a moment, and what was found for calls about messages whose content is gone."""
    connection.execute(delete(ERRANDS).where(ERRAND.done_at < before))
    gone = select(MESSAGE.id).where(MESSAGE.raw.is_(None))
    connection.execute(update(TALKS).where(TALK.message.in_(gone)).values(found=None, note=""))
