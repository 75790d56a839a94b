"""The desk: everything that work on one account's mail needs, for the life of one connection."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Protocol

from coolmail.core.entry import Entry, Place
from coolmail.core.our_ids import our_id
from coolmail.core.settings import Account, Settings
from coolmail.core.steps import Role, Rules
from coolmail.core.talk import Preparation
from coolmail.core.tone import Scale, ToneReport
from coolmail.journal import Journal
from coolmail.mail.imap.session import ImapSession
from coolmail.mail.imap.values import Selected, Uid
from coolmail.mail.outgoing import complete
from coolmail.mail.submission import Accepted

log = logging.getLogger("coolmail.daemon")


class Judge(Protocol):
    """The tone model, wherever it runs."""

    async def ready(self) -> None:
        """Raise a `CoolmailError` if nothing can be judged; mail then stays where it is."""

    async def judge(self, texts: Sequence[str]) -> list[ToneReport]:
        """Return one report a text."""

    def scale(self) -> Scale:
        """Return the levels as the model has them, before the user's answers are looked at."""


class Submit(Protocol):
    """`coolmail.mail.submission.submit` with server and password filled in."""

    def __call__(
        self,
        *,
        sender: str,
        recipients: Sequence[str],
        data: bytes,
        is_8bit: bool,
        needs_smtputf8: bool,
        on_stage: Callable[..., Awaitable[None]],
    ) -> Awaitable[Accepted]:
        """Return what the server accepted, or raise a `SubmissionError`."""


class Calls(Protocol):
    """What prepares calls beside the sweep (`coolmail.daemon.beside`)."""

    async def prepared(self, desk: Desk, entry: Entry) -> Preparation | None:
        """Return what was found for a call instead of a message; None while it is being looked for."""

    def only(self, waiting: Container[str]) -> None:
        """Give up what is looked for because of other messages than these."""


@dataclass
class Desk:
    """What work on one account needs. `boxes` are the mailboxes by role, under their names on the server."""

    account: Account
    settings: Settings
    journal: Journal
    session: ImapSession
    boxes: Mapping[Role, str]
    judge: Judge
    submit: Submit
    calls: Calls
    clock: Callable[[], datetime]
    zone: tzinfo
    quiet_until: dict[str, datetime] = field(default_factory=dict)
    """Entries whose last step failed, and when to try again."""
    another_session: Callable[[], Awaitable[ImapSession]] | None = None
    """Opens one more connection to the same account, for work that may be cut short; None: there is none to be had."""
    notify: Callable[[str, Entry], None] | None = None
    """Says on the desktop that a note of a kind about a message was written; returns at once and never fails."""

    @property
    def rules(self) -> Rules:
        """The rules that steps depend on."""
        return Rules(self.settings.hold, self.settings.queue, self.zone)

    def note_message_id(self, entry: Entry, kind: str) -> str:
        """Return the Message-ID of a note of ours about a message: the same on every computer, so that a note appears once."""
        return our_id(kind, self.account.address, entry.message_id)

    async def find(self, role: Role, message_id: str, *, marked: bool = False) -> list[Place]:
        r"""Return where a message lies in one mailbox, lowest UID first, seen fresh; with `marked` also copies that are marked `\Deleted`."""
        selected = await self.session.select(self.boxes[role])
        uids = await self.session.search_message_id(message_id)
        if uids and not marked:
            seen = await self.session.overview(uids, fields=("Message-ID",))
            uids = [item.uid for item in seen if "\\Deleted" not in item.flags]
        return [Place(self.boxes[role], selected.uidvalidity, uid) for uid in sorted(uids)]

    async def select(self, place: Place) -> Selected | None:
        """Select the mailbox of a place; None if it was made anew since, so that the UID means another message or none."""
        selected = await self.session.select(place.mailbox)
        return selected if selected.uidvalidity == place.uidvalidity else None

    async def mark(self, place: Place, *keywords: str) -> bool:
        """Set keywords on a message, where the server keeps keywords; False if the message is gone."""
        selected = await self.select(place)
        if selected is None:
            return False
        return not selected.keywords or await self.session.store(Uid(place.uid), add=keywords)

    async def is_at(self, place: Place, entry: Entry) -> bool:
        """Whether the message at a place is the one in the journal, and not another version that a client saved under the same Message-ID."""
        there = await self.session.fetch(Uid(place.uid)) if await self.select(place) else None
        if there is None:
            return False
        ours, theirs = (
            complete(raw, message_id=entry.message_id, date=entry.taken_at) for raw in (await self.raw(entry), there)
        )
        return ours == theirs

    async def remove(self, role: Role, entry: Entry) -> None:
        """Remove every copy of a message from one mailbox; another version under the same Message-ID stays."""
        for place in await self.find(role, entry.message_id, marked=True):
            if await self.is_at(place, entry):
                await self.session.expunge(Uid(place.uid))

    async def raw(self, entry: Entry) -> bytes:
        """Return the bytes as taken."""
        raw = await self.journal.raw(entry.id)
        if raw is None:
            raise LookupError(f"the content of {entry.id} is gone from the journal")
        return raw
