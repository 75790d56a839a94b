"""A journal in memory with the face and the rules of `coolmail.journal.Journal`, for speed; `test_journal.py` holds the two side by side.

What is committed survives a crash, nothing else does: each write passes a point before and one after its commit, and the commit itself cannot be
interrupted. A write whose disk is full raises and changes nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from coolmail.core.entry import Entry, Place
from coolmail.core.states import FINISHED, Decision, Stage, State, check_move
from coolmail.journal import Errand, Feedback
from coolmail.journal.edits import EDIT_AND_SEND, EDITS, REPLACED
from coolmail.journal.errors import JournalUnwritableError
from tests.simulation.pace import Fate, Pace, Stop, Through

STOPPING = (Decision.CANCEL, Decision.WITHDRAW)


class MemoryJournal:
    """The journal of one simulated computer. `watch` is told of every entry before and after a commit."""

    def __init__(self, pace: Pace, name: str, watch: Callable[[Entry | None, Entry], None] | None = None) -> None:
        self.pace, self.name, self.watch = pace, name, watch
        self._reads = f"{name} reads"
        self.entries: dict[str, Entry] = {}
        self.contents: dict[str, bytes] = {}
        self.history: dict[str, list[str]] = {}
        self.asked: dict[int, Errand] = {}
        self.finished: Callable[[Errand], None] | None = None
        """Told of what became of each errand."""
        self._last_asked = 0
        self._met: dict[tuple[str, str, int], frozenset[tuple[int, bool]]] = {}

    async def _write(self, what: str) -> None:
        if await self.pace.point(f"{self.name} writes {what}", effect=True) is Fate.DISK:
            raise JournalUnwritableError("the disk is full")

    async def _written(self, what: str) -> None:
        await self.pace.point(f"{self.name} has written {what}", effect=True)

    def _read(self) -> Awaitable[None]:
        point = self.pace.point(self._reads)
        return point if isinstance(point, Through) else self._stand(point)

    async def _stand(self, stop: Stop) -> None:
        if await stop is Fate.DISK:
            raise JournalUnwritableError("the disk is broken")

    def _commit(self, entry: Entry, what: str | None, raw: bytes | None = None) -> None:
        before = self.entries.get(entry.id)
        self.entries[entry.id] = entry
        if raw is not None:
            self.contents[entry.id] = raw
        if what is not None:
            self.history.setdefault(entry.id, []).append(f"{entry.state}: {what}")
        if self.pace.trace is not None:
            old = f"{before.state} -> " if before is not None and before.state is not entry.state else ""
            changed = "" if before is None else ", ".join(_differences(before, entry))
            self.pace.say(f"   {self.name}: {entry.id} {entry.message_id} {old}{entry.state}: {what or ''} {changed}")
        if self.watch is not None:
            self.watch(before, entry)

    def _twin(self, account: str, message_id: str, but: str | None = None) -> bool:
        return any(
            entry.account == account
            and entry.message_id == message_id
            and entry.id != but
            and entry.state not in FINISHED
            for entry in self.entries.values()
        )

    # -- writing

    async def add(
        self, *, account: str, message_id: str, raw: bytes, source: Place, now: datetime, what: str,
        state: State = State.TAKEN, **fields: Any,
    ) -> Entry | None:  # fmt: skip
        """Add a message; None if an unfinished one has its Message-ID."""
        await self._write(f"a new message, {message_id}")
        if self._twin(account, message_id):
            return None
        identifier = f"{self.name}{len(self.entries) + 1}"
        entry = Entry(
            id=identifier, account=account, message_id=message_id, state=state, taken_at=now, updated_at=now,
            source=source, **_tuples(fields),
        )  # fmt: skip
        self._commit(entry, what, raw)
        await self._written(identifier)
        return entry

    async def move(
        self, identifier: str, before: State, after: State, *, now: datetime, what: str, unless_stopped: bool = False,
        **changes: Any,
    ) -> bool:  # fmt: skip
        """Compare and set the state."""
        check_move(before, after)
        await self._write(f"{identifier} {after}")
        entry = self.entries.get(identifier)
        if entry is None or entry.state is not before:
            return False
        if unless_stopped and (entry.decision in STOPPING or self.pending(identifier) is not None):
            return False
        if before in FINISHED and self._twin(entry.account, entry.message_id, entry.id):
            return False
        self._commit(replace(entry, state=after, updated_at=now, **_tuples(changes)), what)
        await self._written(f"{identifier} {after}")
        return True

    def change_now(
        self, identifier: str, state: State, *, now: datetime, what: str | None = None, **changes: Any
    ) -> bool:
        """Change fields at once, as another program does."""
        entry = self.entries.get(identifier)
        if entry is None or entry.state is not state:
            return False
        self._commit(replace(entry, updated_at=now, **_tuples(changes)), what)
        return True

    async def change(
        self, identifier: str, state: State, *, now: datetime, what: str | None = None, **changes: Any
    ) -> bool:
        """Change fields of a message that is still in a state."""
        await self._write(f"{identifier} {', '.join(changes)}")
        done = self.change_now(identifier, state, now=now, what=what, **changes)
        await self._written(identifier)
        return done

    def decide_now(
        self, identifier: str, decision: Decision, allowed: Iterable[State], *, now: datetime, what: str
    ) -> bool:
        """Record a decision at once, as another program does."""
        entry = self.entries.get(identifier)
        if entry is None or entry.state not in allowed:
            return False
        if decision is Decision.RESTORE and self._twin(entry.account, entry.message_id, entry.id):
            return False
        self._commit(replace(entry, decision=decision, updated_at=now), what)
        return True

    async def decide(
        self, identifier: str, decision: Decision, allowed: Iterable[State], *, now: datetime, what: str
    ) -> bool:
        """Record a decision."""
        await self._write(f"{identifier} {decision}")
        return self.decide_now(identifier, decision, allowed, now=now, what=what)

    async def set_met(self, account: str, mailbox: str, uidvalidity: int, ignored: Iterable[tuple[int, bool]]) -> None:
        """Remember the drafts to leave alone."""
        await self._write("met")
        self._met[account, mailbox, uidvalidity] = frozenset(ignored)
        await self._written("met")

    def ask_now(self, errand: Errand) -> Errand:
        """Record an errand at once, as another program does."""
        for number, asked in list(self.asked.items()):
            same = (asked.account, asked.role, asked.message_id) == (errand.account, errand.role, errand.message_id)
            if same and asked.done_at is None:
                del self.asked[number]
        self._last_asked += 1
        self.asked[self._last_asked] = recorded = replace(errand, id=self._last_asked)
        self.pace.say(f"   {self.name}: {errand.kind} about {errand.message}: {errand.message_id} for {errand.role}")
        return recorded

    def unfinished(self) -> list[Errand]:
        """Return what is still to be done."""
        return [asked for asked in self.asked.values() if asked.done_at is None]

    def pending(self, message: str) -> Errand | None:
        """Return the newest edit of a message that has not taken its place yet."""
        edits = [asked for asked in self.unfinished() if asked.message == message and asked.kind in EDITS]
        return next((asked for asked in reversed(edits) if asked.outcome != REPLACED), None)

    def send_with_now(self, message: str) -> None:
        """Let the edits of a message that have not taken its place yet release it when they do."""
        for asked in self.unfinished():
            if asked.message == message and asked.kind in EDITS and asked.outcome != REPLACED:
                self.asked[asked.id or 0] = replace(asked, kind=EDIT_AND_SEND)

    async def ask(self, errand: Errand) -> Errand:
        """Record an errand."""
        await self._write(f"{errand.kind} about {errand.message}")
        return self.ask_now(errand)

    async def finish(self, errand_id: int, outcome: str, *, now: datetime) -> bool:
        """Record that an errand is finished."""
        return await self._note(errand_id, outcome=outcome, done_at=now)

    async def postpone(self, errand_id: int, outcome: str) -> bool:
        """Record what keeps an errand."""
        return await self._note(errand_id, outcome=outcome)

    async def _note(self, errand_id: int, **changes: Any) -> bool:
        await self._write(f"errand {errand_id}")
        asked = self.asked.get(errand_id)
        if asked is None or asked.done_at is not None:
            return False
        self.asked[errand_id] = replace(asked, **changes)
        if self.finished is not None:
            self.finished(self.asked[errand_id])
        self.pace.say(f"   {self.name}: errand {errand_id}: {changes['outcome']}")
        await self._written(f"errand {errand_id}")
        return True

    async def replace_version(self, errand: Errand, entry: Entry, *, now: datetime, what: str, **read: Any) -> bool:
        """Do what `coolmail.journal.edits.replace` does."""
        await self._write(f"{entry.id} edited")
        there, asked = self.entries.get(entry.id), self.asked.get(errand.id or 0)
        if there is None or asked is None or asked.done_at is not None or entry.id not in self.contents:
            return False
        if (there.state, there.message_id) != (entry.state, entry.message_id) or there.stage is Stage.DATA:
            return False
        if there.decision is Decision.WAS_SENT:
            return False
        decision = there.decision
        if decision in (None, Decision.RELEASE):
            decision = Decision.RELEASE if asked.kind == EDIT_AND_SEND else None
        old = self.contents[entry.id]
        changed = replace(
            there, message_id=errand.message_id, updated_at=now, note_kind=None, decision=decision, **_tuples(read)
        )
        self._commit(changed, what, errand.raw)
        self.asked[asked.id or 0] = replace(asked, raw=old, message_id=there.message_id, outcome=REPLACED)
        await self._written(f"{entry.id} edited")
        return True

    # -- reading

    async def _some(
        self, wanted: Callable[[Entry], bool], key: Callable[[Entry], Any], *, reverse: bool = False
    ) -> list[Entry]:
        await self._read()
        return sorted(filter(wanted, self.entries.values()), key=key, reverse=reverse)

    async def get(self, identifier: str) -> Entry | None:
        """Return an entry."""
        await self._read()
        return self.entries.get(identifier)

    async def active(self, account: str) -> list[Entry]:
        """Return the unfinished entries, oldest first."""
        return await self._some(lambda e: e.account == account and e.state not in FINISHED, _taken_at)

    async def decided(self, account: str) -> list[Entry]:
        """Return the finished entries with a decision."""
        return await self._some(
            lambda e: e.account == account and e.decision is not None and e.state in FINISHED, _taken_at
        )

    async def talk(self, message: str) -> None:
        """Return that nothing was prepared for a call: nobody rings anybody here."""
        await self._read()

    async def errands(self, account: str) -> list[Errand]:
        """Return the unfinished errands, oldest first."""
        await self._read()
        return [asked for asked in self.asked.values() if asked.account == account and asked.done_at is None]

    async def errands_about(self, message: str) -> list[Errand]:
        """Return every errand about a message, oldest first."""
        await self._read()
        return [asked for asked in self.asked.values() if asked.message == message]

    async def feedback(self, account: str | None = None) -> list[Feedback]:
        """Return none: here nobody says whether a judgement was right."""
        return []

    async def known(self, account: str, message_id: str) -> list[Entry]:
        """Return the entries with this Message-ID, newest first."""
        return await self._some(lambda e: e.account == account and e.message_id == message_id, _taken_at, reverse=True)

    async def withdrawn(self, account: str, since: datetime) -> list[Entry]:
        """Return what was withdrawn, newest first."""
        return await self._some(
            lambda e: e.account == account and e.state is State.WITHDRAWN and e.updated_at >= since,
            _updated_at,
            reverse=True,
        )

    async def recent(self, limit: int = 50, account: str | None = None) -> list[Entry]:
        """Return the newest entries."""
        return (await self._some(lambda e: account in (None, e.account), _updated_at, reverse=True))[:limit]

    async def raw(self, identifier: str) -> bytes | None:
        """Return the bytes as taken."""
        await self._read()
        return self.contents.get(identifier)

    async def met(self, account: str, mailbox: str, uidvalidity: int) -> frozenset[tuple[int, bool]] | None:
        """Return the drafts to leave alone."""
        await self._read()
        return self._met.get((account, mailbox, uidvalidity))

    async def purge(self, before: datetime) -> int:
        """Remove the content of what ended long ago."""
        old = [
            entry
            for entry in self.entries.values()
            if entry.state in FINISHED and entry.updated_at < before and entry.has_bytes
        ]
        for entry in old:
            self.entries[entry.id] = replace(entry, has_bytes=False, own_text="", report=None)
            del self.contents[entry.id]
        self.asked = {
            number: asked for number, asked in self.asked.items() if asked.done_at is None or asked.done_at >= before
        }
        return len(old)


def _taken_at(entry: Entry) -> datetime:
    return entry.taken_at


def _updated_at(entry: Entry) -> datetime:
    return entry.updated_at


def _tuples(changes: dict[str, Any]) -> dict[str, Any]:
    """Return changes with lists as tuples, as the real journal gives them back."""
    return {
        name: tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
        for name, value in changes.items()
    }


def _differences(before: Entry, after: Entry) -> Iterable[str]:
    for name in Entry.__dataclass_fields__:
        old, new = getattr(before, name), getattr(after, name)
        if old != new and name not in ("state", "updated_at", "report", "reasons", "stage"):
            yield f"{name}={new:%d %H:%M:%S}" if isinstance(new, datetime) else f"{name}={new}"
