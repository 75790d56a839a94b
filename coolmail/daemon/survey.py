"""Looking at the mailboxes: what lies where, with only the news fetched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from coolmail.core.entry import Entry, Place
from coolmail.core.steps import Role, Sight
from coolmail.mail.imap.errors import MailboxMissing
from coolmail.mail.imap.session import ImapSession
from coolmail.mail.message import Draft, read_draft

FIELDS = ("MESSAGE-ID", "FROM", "TO", "CC", "BCC", "SUBJECT", "IN-REPLY-TO", "REFERENCES", "DATE")

TAKEN_KEYWORD = "$CoolmailTaken"
"""Set on a message once it was taken. In Drafts again it is withdrawn: what its subject said has been heard, on whatever computer. A new save of
it is a new message, without the keyword."""

TRIED_KEYWORD = "$CoolmailTried"
"""Set on a message before it is handed to the submission server: a computer that did not do so itself must not hand it over again unasked."""

WATCHED = (Role.OUTBOX, Role.DRAFTS, Role.HELD, Role.SEND_ANYWAY, Role.REVIEW, Role.SENDING)


@dataclass(frozen=True, slots=True)
class Seen:
    """A message as its headers and flags show it; the own text of `draft` is empty."""

    role: Role
    place: Place
    flags: frozenset[str]
    internaldate: datetime
    size: int
    draft: Draft

    @property
    def flagged(self) -> bool:
        """Whether the user starred it."""
        return "\\flagged" in {flag.lower() for flag in self.flags}

    @property
    def tried(self) -> bool:
        """Whether some computer has handed it to the submission server."""
        return TRIED_KEYWORD.lower() in {flag.lower() for flag in self.flags}

    @property
    def deleted(self) -> bool:
        """Whether it is marked for removal."""
        return "\\deleted" in {flag.lower() for flag in self.flags}


@dataclass(frozen=True, slots=True)
class View:
    """What lay in the mailboxes at one look."""

    boxes: Mapping[Role, Mapping[int, Seen]]
    validity: Mapping[str, int]

    def sight(self, entry: Entry) -> Sight:
        """Return where one message lies: its lowest UID in each mailbox.

        A draft that had no Message-ID when it was taken is known in its source mailbox by its UID alone. What is marked for removal is passed over:
        for its user it is deleted, and on a server without UIDPLUS this is how what was moved away stays behind.
        """
        places: dict[Role, Place] = {}
        for role, box in self.boxes.items():
            for seen in box.values():
                if seen.deleted:
                    continue
                known = seen.draft.message_id == entry.message_id
                unnamed = seen.draft.message_id is None and seen.place == entry.source
                if (known or unnamed) and (role not in places or seen.place.uid < places[role].uid):
                    places[role] = seen.place
        return Sight(places, self.validity)

    def messages(self, *roles: Role) -> Iterator[Seen]:
        """Return the messages in some mailboxes, oldest first in each."""
        for role in roles:
            for _, seen in sorted(self.boxes.get(role, {}).items()):
                yield seen


class Survey:
    """Keeps what was seen in each mailbox, so that a look costs one SELECT and one FETCH of flags, and headers only for new messages."""

    def __init__(self, session: ImapSession, boxes: Mapping[Role, str]) -> None:
        self._session = session
        self._boxes = boxes
        self._seen: dict[Role, dict[int, Seen]] = {}
        self._validity: dict[Role, int] = {}

    async def look(self, roles: Iterable[Role] = WATCHED) -> View:
        """Look at the mailboxes now. Raises `MailboxMissing` if one is gone."""
        validity = {}
        for role in roles:
            validity[self._boxes[role]] = await self._look_at(role)
        return View({role: dict(box) for role, box in self._seen.items()}, validity)

    async def _look_at(self, role: Role) -> int:
        name = self._boxes[role]
        selected = await self._session.select(name)
        if self._validity.get(role) != selected.uidvalidity:
            self._seen[role] = {}
            self._validity[role] = selected.uidvalidity
        flags = await self._session.flags() if selected.exists else {}
        known = self._seen[role]
        new = sorted(uid for uid in flags if int(uid) not in known)
        for overview in await self._session.overview(new, fields=FIELDS) if new else ():
            known[int(overview.uid)] = Seen(
                role,
                Place(name, selected.uidvalidity, int(overview.uid)),
                overview.flags,
                overview.internaldate,
                overview.size,
                read_draft(overview.header),
            )
        self._seen[role] = {
            int(uid): _with_flags(known[int(uid)], now) for uid, now in flags.items() if int(uid) in known
        }
        return selected.uidvalidity


def _with_flags(seen: Seen, flags: frozenset[str]) -> Seen:
    if seen.flags == flags:
        return seen
    return Seen(seen.role, seen.place, flags, seen.internaldate, seen.size, seen.draft)


__all__ = ["FIELDS", "WATCHED", "MailboxMissing", "Seen", "Survey", "View"]
