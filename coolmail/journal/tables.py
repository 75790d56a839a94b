"""The tables. Their shape changes only together with a migration in `migrations/versions`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Column, DateTime, Index, LargeBinary, Table, text
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
SQLModel.metadata.naming_convention = NAMING


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC: aware outside, stored without offset. Refuses naive values, which would hide a time zone mistake."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        """Store as UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without zone was given to the journal")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        """Read as aware UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


def moment(*, nullable: bool = True, index: bool = False) -> Any:
    """Return a column for a moment in UTC."""
    return Field(default=None, sa_column=Column(UtcDateTime, nullable=nullable, index=index))


def json_list() -> Any:
    """Return a column for a list of plain values."""
    return Field(default_factory=list, sa_column=Column(JSON, nullable=False))


UNFINISHED = "state NOT IN ('filed', 'withdrawn', 'cancelled', 'elsewhere')"


class MessageRow(SQLModel, table=True):
    """One message; the columns are those of `coolmail.core.entry.Entry`, and `raw`, its bytes as taken (None once purged)."""

    __tablename__ = "message"
    __table_args__ = (
        Index(
            "uq_message_unfinished",
            "account",
            "message_id",
            unique=True,
            sqlite_where=text(UNFINISHED),
        ),
        Index("ix_message_state", "account", "state"),
        Index("ix_message_in_state", "state"),
    )

    id: str = Field(primary_key=True)
    account: str
    message_id: str
    state: str
    taken_at: datetime = moment(nullable=False, index=True)
    updated_at: datetime = moment(nullable=False, index=True)
    subject: str
    sender: str
    recipients: list[str] = json_list()
    in_reply_to: str | None = None
    references: list[str] = Field(default_factory=list, sa_column=Column("thread", JSON, nullable=False))
    own_text: str
    raw: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    source_mailbox: str
    source_uidvalidity: int
    source_uid: int
    claimed: bool = False
    place_mailbox: str | None = None
    place_uidvalidity: int | None = None
    place_uid: int | None = None
    override: bool = False
    report: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True), nullable=True))
    verdict: str | None = None
    reasons: list[str] = json_list()
    hold_until: datetime | None = moment()
    continues: str | None = None
    frozen: bool = False
    attempts: int = 0
    next_attempt_at: datetime | None = moment()
    first_attempt_at: datetime | None = moment()
    stage: str | None = None
    server_reply: str | None = None
    refused: list[list[str]] = json_list()
    accepted: list[str] = json_list()
    decision: str | None = None
    note_id: str | None = None
    note_kind: str | None = None
    suggestion_id: str | None = None
    reminded_at: datetime | None = moment()


class EventRow(SQLModel, table=True):
    """Something that happened to a message, in words for the user. Kept when the content is purged."""

    __tablename__ = "event"

    id: int | None = Field(default=None, primary_key=True)
    message: str = Field(foreign_key="message.id", index=True)
    at: datetime = moment(nullable=False)
    state: str
    what: str


class ErrandRow(SQLModel, table=True):
    """A message that the command line asks the daemon to put into a mailbox; unfinished while `done_at` is None."""

    __tablename__ = "errand"
    # An id is never given twice: a daemon that finishes an errand must not finish the newer one that took its place.
    __table_args__ = (Index("ix_errand_unfinished", "account", "done_at"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, primary_key=True)
    message: str = Field(foreign_key="message.id")
    account: str
    kind: str
    role: str
    raw: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    message_id: str
    at: datetime = moment(nullable=False)
    done_at: datetime | None = moment()
    outcome: str = ""


class FeedbackRow(SQLModel, table=True):
    """What the user said about one judgement of the tone. Holds no text."""

    __tablename__ = "feedback"

    id: int | None = Field(default=None, primary_key=True)
    message: str | None = Field(default=None, foreign_key="message.id")
    account: str | None = None
    at: datetime = moment(nullable=False)
    answer: str
    heat: float
    level: str
    text_hash: str


class TalkRow(SQLModel, table=True):
    """The call instead of a held message: what was found for it (None once purged), the moment invited for, whether it took place."""

    __tablename__ = "talk"

    message: str = Field(primary_key=True, foreign_key="message.id")
    found: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True), nullable=True))
    slot: datetime | None = moment()
    called_at: datetime | None = moment()
    note: str = ""


class DeedRow(SQLModel, table=True):
    """What the user did with a message on the command line, and what undoing it needs. Holds no text of mail."""

    __tablename__ = "deed"

    id: int | None = Field(default=None, primary_key=True)
    message: str | None = Field(default=None, foreign_key="message.id", index=True)
    act: str
    at: datetime = moment(nullable=False, index=True)
    before: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    undone_at: datetime | None = moment()


class MetRow(SQLModel, table=True):
    """The Drafts mailbox as coolmail first met it: drafts that looked ready already then are nobody's declaration and are never taken.

    `ignored` are pairs of UID and whether it was flagged (0 or 1): a draft is left alone as long as both stay so.
    """

    __tablename__ = "met"

    account: str = Field(primary_key=True)
    mailbox: str = Field(primary_key=True)
    uidvalidity: int = Field(primary_key=True)
    ignored: list[list[int]] = json_list()


class AccountRow(SQLModel, table=True):
    """How the daemon is getting on with one account, for `coolmail status`."""

    __tablename__ = "account"

    name: str = Field(primary_key=True)
    state: str
    detail: str = ""
    since: datetime = moment(nullable=False)


class DaemonRow(SQLModel, table=True):
    """The running daemon's sign of life; one row."""

    __tablename__ = "daemon"

    id: int = Field(default=1, primary_key=True)
    pid: int
    started_at: datetime = moment(nullable=False)
    seen_at: datetime = moment(nullable=False)
    notice: str = ""


def table_of(row: type[SQLModel]) -> Table:
    """Return the SQLAlchemy table behind a row class (SQLModel's own typing hides it)."""
    table: Table = row.__table__  # type: ignore[attr-defined]
    return table


metadata = SQLModel.metadata
