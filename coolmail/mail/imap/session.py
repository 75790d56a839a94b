"""A logged-in IMAP session: the face that the rest of coolmail talks to.

Names of mailboxes are Unicode, in the server's own separator. Message commands mean the mailbox that was selected last. A session serves one task at
a time; only `idle` may be interrupted by another command, it then returns True. What is returned is what the server said, checked: OK alone is never
taken for success, because servers say OK to a MOVE or STORE of a message that is gone.

Nothing here is repeated by itself. After `ConnectionLost` or `ImapTimeout` open a new session and look at what happened.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from aioimaplib import aioimaplib

from coolmail.mail.imap import connect, idle, messages, moving, names, parse, replies
from coolmail.mail.imap.errors import AppendUncertain, ConnectionLost, ImapError
from coolmail.mail.imap.request import Request
from coolmail.mail.imap.values import Appended, MailboxInfo, Moved, Overview, Selected, Status, Uid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from coolmail.core.settings import Server
    from coolmail.mail.imap.framing import Frame
    from coolmail.mail.imap.protocol import HardenedProtocol

log = logging.getLogger(__name__)

APPEND_PATIENCE = 300.0
"""Seconds without progress that storing a message may take, at least."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a mailbox looked like when it was last selected; if it looks different next time, something happened that nobody was told."""

    uidvalidity: int
    uidnext: int | None
    exists: int
    highestmodseq: int | None


class ImapSession:
    """One logged-in connection to one account's server."""

    def __init__(self, protocol: HardenedProtocol) -> None:
        self.protocol = protocol
        self._wire: dict[str, str] = {}
        self._seen: dict[str, _Seen] = {}
        self._selected: Selected | None = None

    @classmethod
    async def open(cls, server: Server, password: str, *, on_dirty: Callable[[], object] | None = None) -> Self:
        """Connect, encrypt, verify, log in.

        `on_dirty` is called, in the event loop, whenever the selected mailbox turns out to have changed or the connection is lost; it must not block.
        """
        session = cls(await connect.connect(server, password, on_dirty))
        if "ID" in session.capabilities:  # RFC 2971; some providers let nobody select who has not said who they are
            await session.protocol.id(name="coolmail")
        if {"ENABLE", "CONDSTORE"} <= session.capabilities:  # RFC 7162: then SELECT tells HIGHESTMODSEQ, see `_Seen`
            await session.protocol.simple_command("ENABLE", "CONDSTORE")
        return session

    @property
    def capabilities(self) -> frozenset[str]:
        """What the server offers, upper-case."""
        return frozenset(self.protocol.capabilities)

    @property
    def alive(self) -> bool:
        """False once the connection has ended for whatever reason."""
        return self.protocol.failure is None and self.protocol.state != aioimaplib.LOGOUT

    @property
    def selected(self) -> Selected | None:
        """The mailbox selected last, as it was then."""
        return self._selected

    # -- mailboxes -------------------------------------------------------------------------------------------------------------------------

    async def namespace_prefix(self) -> tuple[str, str | None]:
        """Return prefix of the personal namespace (`INBOX.`, often empty) and the hierarchy delimiter."""
        if "NAMESPACE" in self.capabilities:
            for frame in self.ok(await self.protocol.namespace()):
                if found := parse.namespace(frame):
                    return names.decode(found[0]), found[1]
        for frame in self.ok(await self.protocol.simple_command("LIST", '""', '""')):
            if listed := parse.listed(frame):
                return "", listed.delimiter
        return "", None

    async def list_mailboxes(self) -> list[MailboxInfo]:
        """Return all mailboxes of the account."""
        offered = self.capabilities
        if "LIST-EXTENDED" in offered:
            wanted = "SPECIAL-USE SUBSCRIBED" if "SPECIAL-USE" in offered else "SUBSCRIBED"
            response = await self.protocol.simple_command("LIST", '""', f'"*" RETURN ({wanted})')
            if response.result == "OK":
                return self._mailboxes(response.lines, frozenset())
        plain = self.ok(await self.protocol.simple_command("LIST", '""', '"*"'))
        subscribed = self.ok(await self.protocol.simple_command("LSUB", '""', '"*"'))
        return self._mailboxes(
            plain, frozenset(found.wire for frame in subscribed if (found := parse.listed(frame, b"LSUB")))
        )

    def _mailboxes(self, lines: Iterable[Frame], subscribed: frozenset[bytes]) -> list[MailboxInfo]:
        mailboxes = []
        for frame in lines:
            if not (found := parse.listed(frame)):
                continue
            name = names.decode(found.wire)
            if not names.is_canonical(found.wire):
                self._wire[name] = found.wire.decode("utf-8", "surrogateescape")
            attributes = found.attributes | ({"\\subscribed"} if found.wire in subscribed else set())
            if "\\nonexistent" in attributes:
                attributes |= {"\\noselect"}  # RFC 5258 section 3
            mailboxes.append(MailboxInfo(name, attributes, found.delimiter))
        return mailboxes

    async def create(self, name: str) -> None:
        """Make a mailbox (and its parents); fine if it exists."""
        response = await self.protocol.simple_command("CREATE", self.mailbox(name))
        if response.result == "OK" or "ALREADYEXISTS" in parse.codes(response.lines) or await self.exists(name):
            return
        self.ok(response, f"making the mailbox {name!r}")

    async def exists(self, name: str) -> bool:
        """Whether there is a mailbox of this name that can be selected."""
        for frame in self.ok(await self.protocol.simple_command("LIST", '""', self.mailbox(name))):
            found = parse.listed(frame)  # the name is a pattern to LIST, so others may match
            if found and names.decode(found.wire) == name and not found.attributes & {"\\noselect", "\\nonexistent"}:
                return True
        return False

    async def subscribe(self, name: str) -> None:
        """Make the mailbox show up in mail clients."""
        self.ok(await self.protocol.simple_command("SUBSCRIBE", self.mailbox(name)), f"subscribing to {name!r}")

    async def select(self, name: str, *, readonly: bool = False) -> Selected:
        """Select a mailbox, always anew. If it changed since this session last selected it, the next `idle` says so."""
        self._selected, self.protocol.exists = None, None
        if readonly:
            response = await self.protocol.simple_command("EXAMINE", self.mailbox(name))
        else:
            response = await self.protocol.select(self.mailbox(name))
        if response.result != "OK":
            self.protocol.state = aioimaplib.AUTH  # a failed SELECT leaves nothing selected (RFC 3501 section 6.3.1)
            await self._raise_if_missing(name, response)
        self.ok(response, f"opening the mailbox {name!r}")
        self.protocol.state = aioimaplib.SELECTED
        selected = replies.selected(name, response.lines)
        self.protocol.exists = selected.exists
        now = _Seen(selected.uidvalidity, selected.uidnext, selected.exists, selected.highestmodseq)
        if self._seen.setdefault(name, now) != now:
            self.protocol.mark_changed()
        self._seen[name] = now
        self._selected = selected
        return selected

    async def status(self, name: str) -> Status:
        """Count a mailbox without selecting it."""
        response = await self.protocol.simple_command("STATUS", self.mailbox(name), "(MESSAGES UIDNEXT UIDVALIDITY)")
        if response.result != "OK":
            await self._raise_if_missing(name, response)
        for frame in self.ok(response, f"looking at the mailbox {name!r}"):
            if (items := parse.status(frame)) and {"MESSAGES", "UIDNEXT", "UIDVALIDITY"} <= items.keys():
                return Status(name, items["MESSAGES"], items["UIDNEXT"], items["UIDVALIDITY"])
        raise ImapError(f"{self.protocol.who} did not tell the state of {name!r}.")

    async def _raise_if_missing(self, name: str, response: aioimaplib.Response) -> None:
        # Many servers refuse without a code: then look.
        if "NONEXISTENT" in parse.codes(response.lines[-1:]) or not await self.exists(name):
            raise replies.missing(self.protocol.who, name, response)

    def mailbox(self, name: str) -> str:
        """Return a mailbox name as it goes into a command."""
        wire = self._wire.get(name) or names.encode(name)
        return '"' + wire.replace("\\", "\\\\").replace('"', '\\"') + '"'

    # -- looking at messages ---------------------------------------------------------------------------------------------------------------

    async def search(self, *criteria: str | bytes) -> list[Uid]:
        """UID SEARCH; each criterion is one word (`"KEYWORD", "$x"`), quoted or sent as a literal where it has to be. Sorted."""
        response = await self.protocol.run("SEARCH", *(names.word(word) for word in criteria), prefix="UID")
        return sorted({Uid(n) for frame in self.ok(response, "searching") for n in parse.searched(frame)})

    async def search_message_id(self, message_id: str) -> list[Uid]:
        """Return the messages whose Message-ID is exactly this, in a view that is fresh now, lowest UID first."""
        return await messages.search_message_id(self, message_id)

    async def overview(
        self, uids: Sequence[Uid] | None = None, *, since: Uid | None = None, fields: Sequence[str] = messages.FIELDS
    ) -> list[Overview]:
        """Return flags, date, size and header fields of these messages (all from UID `since` on; all), those that exist, by UID."""
        return await messages.overview(self, uids, since, fields)

    async def flags(self) -> dict[Uid, frozenset[str]]:
        """Return the flags of every message of the mailbox."""
        response = await self.protocol.uid("FETCH", "1:*", "(UID FLAGS)")
        found = (item for frame in self.ok(response, "reading flags") if (item := parse.fetched(frame)))
        return {Uid(item.uid): item.flags for item in found if item.uid is not None and item.flags is not None}

    async def fetch(self, uid: Uid, *, most: int | None = None) -> bytes | None:
        r"""Return the message, byte for byte, or its first `most` octets, without setting `\Seen`; None if it is gone."""
        return await messages.section(self, uid, "BODY.PEEK[]" if most is None else f"BODY.PEEK[]<0.{most}>")

    # -- changing messages -----------------------------------------------------------------------------------------------------------------

    async def append(
        self, name: str, raw: bytes, *, flags: Iterable[str] = (), internaldate: datetime | None = None
    ) -> Appended:
        """Store a message (CRLF lines; servers turn a bare LF into CRLF). `AppendUncertain` if the answer is lost."""
        words: list[str | bytes] = [self.mailbox(name), names.flag_list(list(flags))]
        if internaldate is not None:
            words.append(aioimaplib.time2internaldate(internaldate))
        patience = max(self.protocol.server.timeout, APPEND_PATIENCE)
        request = Request("APPEND", self.protocol.new_tag(), *words, bytes(raw), patience=patience)
        try:
            response = await self.protocol.execute(request)
        except ConnectionLost as error:
            if not request.delivered:
                raise
            raise AppendUncertain(
                f"{self.protocol.who}: the connection was lost after a message was sent to {name!r} and before the server confirmed it. It may be "
                "stored; coolmail looks for it before it stores it again."
            ) from error
        if response.result != "OK" and parse.codes(response.lines[-1:]).keys() & {"TRYCREATE", "NONEXISTENT"}:
            raise replies.missing(self.protocol.who, name, response)
        found = parse.codes(self.ok(response, f"storing a message in {name!r}")).get("APPENDUID")
        if found is None:
            return Appended(None, None)
        uidvalidity, uid = parse.appenduid(found)
        return Appended(uidvalidity, Uid(uid))

    async def store(self, uid: Uid, *, add: Iterable[str] = (), remove: Iterable[str] = ()) -> bool:
        """Add and remove flags; False if the message is gone."""
        return await moving.store(self, uid, frozenset(add), frozenset(remove))

    async def move(self, uid: Uid, target: str) -> Moved | None:
        """Move a message of the selected mailbox; None when it was not there. The proof is where it landed, never OK alone.

        That another session did not move it at the same moment is *not* proven: see `claim`.
        """
        return await moving.move(self, uid, target)

    async def expunge(self, uid: Uid) -> None:
        r"""Delete one message for good; fine if it is gone. Without UIDPLUS it is only marked `\Deleted`, so that nobody else's mail goes."""
        await moving.expunge(self, uid)

    # -- the connection --------------------------------------------------------------------------------------------------------------------

    async def idle(self, timeout: float) -> bool:  # noqa: ASYNC109 - see idle.py
        """Wait for news: True when the mailbox changed or may have, False after `timeout` seconds (at most 10 minutes)."""
        return await idle.wait_for_change(self.protocol, timeout)

    async def noop(self) -> None:
        """Let the server tell its news, and see that it is there."""
        self.ok(await self.protocol.simple_command("NOOP"))

    async def logout(self) -> None:
        """Say goodbye; the connection is closed whatever the server answers."""
        try:
            if self.alive:
                await self.protocol.logout()
        except ConnectionLost as error:
            log.debug("logout: %s", error)
        finally:
            self.abort()

    def abort(self) -> None:
        """Close the connection at once."""
        self.protocol.fail(ConnectionLost(f"The connection to {self.protocol.who} is closed."))

    def ok(self, response: aioimaplib.Response, doing: str = "asking") -> list[Frame]:
        """Return the responses of a command that went well; `CommandRefused` if it did not."""
        return replies.ok(self.protocol.who, response, doing)
