"""A session on the simulated server, with the public face of `coolmail.mail.imap.session.ImapSession` as far as the daemon uses it.

Each IMAP command passes a point before it takes effect; one that changes something also passes one between its effect and its reply, and MOVE passes
one between each two of its steps. A session sees a mailbox as it was when its last command ended: SEARCH and FETCH know no newer messages, as RFC 3501
section 7.4.1 allows and Dovecot does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from coolmail.mail.imap.errors import AppendUncertain, CommandRefused, ConnectionLost, MailboxMissing
from coolmail.mail.imap.values import Appended, MailboxInfo, Moved, Overview, Selected, Status, Uid
from tests.simulation.pace import Fate, Pace, Stop, Through
from tests.simulation.server import DELETED, Mailbox, MailServer, message_id_of


@lru_cache(maxsize=1000)
def _day(text: str) -> Any:
    return datetime.strptime(text, "%d-%b-%Y").date()  # noqa: DTZ007 - SEARCH knows days only


class SimulatedSession:
    """One logged-in connection."""

    def __init__(self, server: MailServer, pace: Pace, who: str) -> None:
        self.server, self.pace = server, pace
        self.protocol = SimpleNamespace(who=who)
        self.alive = True
        self.selected: Selected | None = None
        self.looked: dict[str, int] = {}
        """The step at which each mailbox was selected last."""
        self.remaining: list[Callable[[], object]] = []
        """What is left of the command under way."""
        self._box: Mailbox | None = None
        self._known: tuple[int, ...] = ()

    @property
    def capabilities(self) -> frozenset[str]:
        """What the server offers."""
        return frozenset({"IMAP4REV1", "SPECIAL-USE", *(("MOVE", "UIDPLUS") if self.server.uidplus else ())})

    # -- the connection

    def _ask(self, what: str, *, effect: bool = False) -> Awaitable[None]:
        if not self.alive:
            raise ConnectionLost(f"{self.protocol.who}: the connection is gone")
        point = self.pace.point(what, effect=effect)
        return point if isinstance(point, Through) else self._stand(point)

    async def _stand(self, stop: Stop) -> None:
        if await stop is Fate.LOST or not self.alive:
            self.lose()
            raise ConnectionLost(f"{self.protocol.who}: the connection was lost at {stop.what}")

    async def _do(self, what: str, *steps: Callable[[], object]) -> None:
        """Run a command that changes something."""
        self.remaining = list(steps)
        while self.remaining:
            await self._ask(what, effect=True)
            self.remaining.pop(0)()
        await self._ask(f"{what} done", effect=True)

    def lose(self) -> None:
        """Cut the connection; the server may still do what it was told."""
        self.alive = False
        steps, self.remaining = self.remaining, []
        self.pace.abandon(steps)

    def _sync(self) -> None:
        """Learn what is in the selected mailbox now."""
        self._known = tuple(self._box.messages) if self._box is not None else ()

    def _here(self) -> Mailbox:
        assert self._box is not None, "no mailbox is selected"
        return self._box

    def _lost_box(self) -> bool:
        return self.server.boxes.get(self._here().name) is not self._box

    # -- mailboxes

    async def select(self, name: str, *, readonly: bool = False) -> Selected:
        """Select a mailbox."""
        await self._ask(f"SELECT {name}")
        box = self.server.boxes.get(name)
        if box is None:
            self.selected = self._box = None
            raise MailboxMissing(f"{self.protocol.who}: there is no mailbox {name!r}")
        self._box = box
        self._sync()
        self.looked[name] = self.pace.step
        self.selected = box.answer(keywords=self.server.keywords)
        return self.selected

    async def status(self, name: str) -> Status:
        """Count a mailbox."""
        await self._ask(f"STATUS {name}")
        box = self.server.boxes.get(name)
        if box is None:
            raise MailboxMissing(f"{self.protocol.who}: there is no mailbox {name!r}")
        return Status(name, len(box.messages), box.uidnext, box.uidvalidity)

    async def list_mailboxes(self) -> list[MailboxInfo]:
        """Return all mailboxes."""
        await self._ask("LIST")
        return [MailboxInfo(box.name, box.attributes, "/") for box in self.server.boxes.values()]

    async def namespace_prefix(self) -> tuple[str, str | None]:
        """Return prefix and delimiter."""
        return "", "/"

    async def create(self, name: str) -> None:
        """Make a mailbox; fine if it exists."""
        await self._do(f"CREATE {name}", lambda: name in self.server.boxes or self.server.create(name))

    async def subscribe(self, name: str) -> None:
        """Subscribe."""

    # -- looking at messages

    async def noop(self) -> None:
        """Learn the news."""
        await self._ask("NOOP")
        self._sync()

    async def search(self, *criteria: str | bytes) -> list[Uid]:
        """UID SEARCH, with the criteria that the daemon uses."""
        await self._ask("SEARCH")
        box, known = self._here(), self._known
        match criteria:
            case ("ALL",):
                found = list(known)
            case ("SINCE", str(day)):
                found = [
                    uid for uid in known if uid in box.messages and box.messages[uid].internaldate.date() >= _day(day)
                ]
            case ("UID", str(numbers)):
                low, _, high = numbers.partition(":")
                found = [uid for uid in known if int(low) <= uid <= int(high)]
            case _:
                raise NotImplementedError(criteria)
        self._sync()
        return [Uid(uid) for uid in sorted(found)]

    async def search_message_id(self, message_id: str) -> list[Uid]:
        """Search as the real session does: NOOP, SEARCH, then a look at the headers of what was found."""
        await self.noop()
        await self._ask("SEARCH Message-ID")
        messages, wanted = self._here().messages, message_id.strip()
        found = [uid for uid in self._known if uid in messages and message_id_of(messages[uid].raw) == wanted]
        self._sync()
        if found:
            await self._ask("FETCH headers")
            found = [uid for uid in found if uid in messages]
            self._sync()
        return [Uid(uid) for uid in sorted(found)]

    async def overview(
        self, uids: Sequence[Uid] | None = None, *, since: Uid | None = None, fields: Sequence[str] = ()
    ) -> list[Overview]:
        """Return the overview of messages."""
        await self._ask("FETCH headers")
        messages = self._here().messages
        wanted = self._known if uids is None else uids
        found = [messages[uid].overview() for uid in sorted(wanted) if uid in messages and uid >= (since or 0)]
        self._sync()
        return found

    async def flags(self) -> dict[Uid, frozenset[str]]:
        """Return all flags."""
        await self._ask("FETCH flags")
        messages = self._here().messages
        found = {Uid(uid): messages[uid].flags for uid in self._known if uid in messages}
        self._sync()
        return found

    async def fetch(self, uid: Uid) -> bytes | None:
        """Return a message's bytes."""
        await self._ask("FETCH body")
        stored = self._here().messages.get(uid)
        self._sync()
        return None if stored is None else stored.raw

    # -- changing messages

    async def append(
        self, name: str, raw: bytes, *, flags: Iterable[str] = (), internaldate: datetime | None = None
    ) -> Appended:
        """Store a message."""
        landed: list[tuple[int, int]] = []
        wanted, date = frozenset(flags), internaldate or self.pace.now()

        def put() -> None:
            if name in self.server.boxes and name not in self.server.full:
                landed.append((self.server.boxes[name].uidvalidity, self.server.put(name, raw, wanted, date)))

        try:
            await self._do(f"APPEND {name} {message_id_of(raw)}", put)
        except ConnectionLost as error:
            if not landed and self.pace.rng.random() < 0.5:
                raise  # it was noticed before the whole message was on its way
            raise AppendUncertain("the connection was lost after the message was sent") from error
        if not landed and name in self.server.boxes:
            raise CommandRefused("over quota", code="OVERQUOTA")
        if not landed:
            raise MailboxMissing(f"{self.protocol.who}: there is no mailbox {name!r}")
        self._sync()
        if not self.server.uidplus:
            return Appended(None, None)
        return Appended(landed[0][0], Uid(landed[0][1]))

    async def store(self, uid: Uid, *, add: Iterable[str] = (), remove: Iterable[str] = ()) -> bool:
        """Add and remove flags, a command each."""
        there: list[bool] = []
        for sign, change in (("+", {"add": tuple(add)}), ("-", {"remove": tuple(remove)})):
            if flags := next(iter(change.values())):

                def do(change: dict[str, tuple[str, ...]] = change) -> None:
                    there.append(not self._lost_box() and self.server.flag(self._here().name, uid, **change))

                await self._do(f"STORE {sign}{' '.join(flags)}", do)
                if not there[-1]:
                    return False
        self._sync()
        return True

    async def move(self, uid: Uid, target: str) -> Moved | None:
        """Move a message; None if it was not there."""
        source = self._here().name
        if not self.server.uidplus:
            return await self._copy_and_mark(uid, source, target)
        if self._lost_box():
            return None
        landed, steps = self.server.moving(source, uid, target)
        if target not in self.server.boxes:
            await self._ask(f"MOVE to {target}")
            raise MailboxMissing(f"{self.protocol.who}: there is no mailbox {target!r}")
        await self._do(f"MOVE {source} {uid} to {target}", *steps)
        self._sync()
        return Moved(landed["uidvalidity"], Uid(landed["uid"])) if landed else None

    async def _copy_and_mark(self, uid: Uid, source: str, target: str) -> Moved | None:
        """Do what `coolmail.mail.imap.moving` does on a server without UIDPLUS: copy, find the copy, mark the original."""
        before = (await self.status(target)).uidnext
        raw = await self.fetch(uid)
        if raw is None:
            return None
        _, (look, copy, _) = self.server.moving(source, uid, target)
        await self._do(f"COPY {source} {uid} to {target}", look, copy)
        self._sync()
        if uid not in self._known:
            return None
        there = await self.select(target, readonly=True)
        copies = [found for found in await self.search_message_id(message_id_of(raw) or "") if found >= before]
        await self.select(source)
        if not copies:
            return None
        await self.expunge(uid)
        return Moved(there.uidvalidity, max(copies))

    async def expunge(self, uid: Uid) -> None:
        r"""Mark a message `\Deleted`, then expunge it where the server can expunge one message."""
        name, box = self._here().name, self._here()
        await self._do("STORE +\\Deleted", lambda: self._lost_box() or self.server.flag(name, uid, add=(DELETED,)))

        def remove() -> None:
            stored = box.messages.get(uid)
            if self.server.boxes.get(name) is box and stored is not None and DELETED in stored.flags:
                self.server.remove(name, uid)

        if self.server.uidplus:
            await self._do(f"EXPUNGE {name} {uid}", remove)
        self._sync()

    async def logout(self) -> None:
        """Say goodbye."""
        self.alive = False

    def abort(self) -> None:
        """Close the connection."""
        self.alive = False
