"""An IMAP server's store in memory, by the rules of RFC 3501, 4315 and 6851.

UIDs only grow; UIDVALIDITY changes when a mailbox is made anew; a message keeps flags and INTERNALDATE when it is moved. MOVE is as measured on
Dovecot (`docs/decisions/imap-library.md`): it reads the message, makes the copy, removes the original, and between these another session may do the
same, so both get a copy and both are told that they moved it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from coolmail.mail.imap.values import Overview, Selected, Uid
from tests.simulation.pace import Pace

DELETED, FLAGGED = "\\Deleted", "\\Flagged"


@lru_cache(maxsize=100_000)
def header_of(raw: bytes) -> bytes:
    """Return a message's header fields with the empty line."""
    return raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"


@lru_cache(maxsize=100_000)
def body_of(raw: bytes) -> bytes:
    """Return a message's body."""
    return raw.partition(b"\r\n\r\n")[2]


@lru_cache(maxsize=100_000)
def message_id_of(raw: bytes) -> str | None:
    """Return the value of the Message-ID field."""
    found = re.search(rb"^message-id:[ \t]*(\S+)", header_of(raw), re.IGNORECASE | re.MULTILINE)
    return found[1].decode() if found else None


@dataclass(slots=True)
class Stored:
    """A message in a mailbox."""

    uid: int
    raw: bytes
    flags: frozenset[str]
    internaldate: datetime
    since: int
    """The step at which it came here."""
    _overview: Overview | None = None

    def overview(self) -> Overview:
        """Return what FETCH tells of it."""
        if self._overview is None:
            self._overview = Overview(Uid(self.uid), self.flags, self.internaldate, len(self.raw), header_of(self.raw))
        return self._overview

    def set_flags(self, flags: frozenset[str]) -> None:
        """Change its flags."""
        self.flags, self._overview = flags, None


@dataclass(slots=True)
class Mailbox:
    """A mailbox."""

    name: str
    uidvalidity: int
    uidnext: int = 1
    messages: dict[int, Stored] = field(default_factory=dict)
    attributes: frozenset[str] = frozenset()
    _answer: Selected | None = None

    def answer(self, *, keywords: bool) -> Selected:
        """Return what SELECT tells of it."""
        last, exists = self._answer, len(self.messages)
        if last is None or last.uidnext != self.uidnext or last.exists != exists or last.keywords != keywords:
            last = self._answer = Selected(self.name, self.uidvalidity, self.uidnext, exists, None, keywords)
        return last


class MailServer:
    """One account's mailboxes."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self.boxes: dict[str, Mailbox] = {}
        self._validity = 100
        self.uidplus = True
        """Whether it tells where an appended or moved message landed."""
        self.keywords = True
        """Whether it keeps flags of its clients' own."""
        self.full: set[str] = set()
        """Mailboxes that are over their quota."""
        for name, attributes in (
            ("INBOX", frozenset[str]()),
            ("Drafts", frozenset({"\\drafts"})),
            ("Sent", frozenset({"\\sent"})),
            ("Trash", frozenset({"\\trash"})),
        ):
            self.create(name).attributes = attributes

    def create(self, name: str) -> Mailbox:
        """Make a mailbox, with a UIDVALIDITY that no earlier one of this name had."""
        self._validity += 1
        self.boxes[name] = Mailbox(name, self._validity)
        return self.boxes[name]

    def renumber(self, name: str) -> None:
        """Make a mailbox anew with the same messages, as after a repair: new UIDVALIDITY, new UIDs."""
        old = self.boxes[name]
        new = self.create(name)
        new.attributes = old.attributes
        for stored in old.messages.values():
            self.put(name, stored.raw, stored.flags, stored.internaldate)
        old.messages.clear()
        self.pace.say(f"   {name} was renumbered")

    def delete(self, name: str) -> None:
        """Delete a mailbox with all that is in it."""
        self.boxes.pop(name).messages.clear()
        self.pace.say(f"   {name} was deleted")

    def put(self, name: str, raw: bytes, flags: Iterable[str], internaldate: datetime) -> int:
        """Store a message; return its UID."""
        box = self.boxes[name]
        uid = box.uidnext
        box.uidnext += 1
        box.messages[uid] = Stored(uid, raw, frozenset(flags), internaldate.replace(microsecond=0), self.pace.step)
        self.pace.say(f"   {name}: UID {uid} is {message_id_of(raw)}")
        return uid

    def remove(self, name: str, uid: int) -> None:
        """Expunge a message, if it is there."""
        box = self.boxes.get(name)
        if box is not None and box.messages.pop(uid, None) is not None:
            self.pace.say(f"   {name}: UID {uid} is gone")

    def flag(self, name: str, uid: int, add: Iterable[str] = (), remove: Iterable[str] = ()) -> bool:
        """Change a message's flags; False if it is gone."""
        stored = self.boxes[name].messages.get(uid) if name in self.boxes else None
        if stored is None:
            return False
        wanted = add if self.keywords else [flag for flag in add if not flag.startswith("$")]
        flags = stored.flags.union(wanted).difference(remove)
        if flags != stored.flags:
            stored.set_flags(flags)
            self.pace.say(f"   {name}: UID {uid} has {' '.join(sorted(flags)) or 'no flags'}")
        return True

    def moving(self, source: str, uid: int, target: str) -> tuple[dict[str, int], list[Callable[[], object]]]:
        """Return the steps of a MOVE, and where they will write the copy's UID (nothing if the message is not there when it is read)."""
        landed: dict[str, int] = {}
        read: list[Stored] = []

        box = self.boxes.get(source)

        def look() -> None:
            if box is not None and self.boxes.get(source) is box and uid in box.messages:
                read.append(box.messages[uid])

        def copy() -> None:
            if read and target in self.boxes:
                landed["uid"] = self.put(target, read[0].raw, read[0].flags, read[0].internaldate)
                landed["uidvalidity"] = self.boxes[target].uidvalidity

        def expunge() -> None:
            if landed and self.boxes.get(source) is box:
                self.remove(source, uid)

        return landed, [look, copy, expunge]

    def all(self, *names: str) -> Iterable[tuple[str, Stored]]:
        """Return the messages of some mailboxes (of all)."""
        for name in names or tuple(self.boxes):
            box = self.boxes.get(name)
            if box is not None:
                for stored in tuple(box.messages.values()):
                    yield name, stored
