"""The ledger: what the user wished, what the submission server accepted, and whether the two agree with the promises.

A version of a letter is *declared* when the user says that it is ready, *stopped* when the user takes it back or deletes it while no copy of it lies
in one of our mailboxes and none is on its way into one, and *overridden* when the user wants it sent whatever its tone. What cannot be kept apart by
anybody, two acts at the same moment, is not judged: an act counts against an attempt only if it was over before the attempt's last look began.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from coolmail.core.entry import Entry
from coolmail.core.states import Decision, State
from coolmail.daemon.conversation import Moved
from coolmail.journal import Errand
from tests.simulation.letters import Version
from tests.simulation.server import DELETED, body_of

if TYPE_CHECKING:
    from tests.simulation.world import World

STOPPING = (Decision.CANCEL, Decision.WITHDRAW)


class BrokenPromiseError(AssertionError):
    """A promise was broken; the text says which, and how."""


@dataclass(slots=True)
class Book:
    """What is known of one version."""

    version: Version
    declared: bool = False
    touched: bool = False
    """Whether the user did anything to it after declaring it ready."""
    removed: bool = False
    """Whether the user deleted or replaced it."""
    overridden: bool = False
    settled: bool = False
    """Whether the user said that it was sent."""
    stopped: tuple[int, str] | None = None
    accepted: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt as it stood when the journal had `submitting`; `broken` says which promise an acceptance would break."""

    machine: str
    entry: Entry
    last_look: int
    broken: tuple[str, ...]


class Ledger:
    """The books of one run."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.books: dict[Version, Book] = {}
        self.by_going_out: dict[bytes, Version] = {}
        self.by_body: dict[bytes, Version] = {}
        self.accepted: Counter[tuple[str | bytes, str, str]] = Counter()
        """How often each Message-ID was accepted for each recipient from each machine, and each content from any."""
        self.again: Counter[str] = Counter()
        """How often the user said to send a Message-ID again."""
        self.first_taken: dict[int, datetime] = {}
        """When a hot version of each letter was first taken, on the wall clock of who took it."""
        self.taken_at: dict[tuple[str, str], int] = {}
        """The step at which each machine's entry was journalled."""
        self.cli_stops: dict[tuple[str, str], int] = {}
        self.edited: dict[tuple[str, str], tuple[Version, int]] = {}
        """The newest version of each machine's entry that was edited on its command line, and at which step that was asked for."""
        self.client_sent: list[tuple[int, int]] = []
        """Letters that the user sent from the mail client, and the step at which they lay in Sent."""
        self.client_wrote: list[tuple[int, int]] = []
        """Letters whose reader wrote again, and when."""
        self.counts: Counter[str] = Counter()

    # -- what the user does

    def wrote(self, version: Version) -> Book:
        """Enter a version that was saved."""
        book = self.books.setdefault(version, Book(version))
        self.by_going_out[version.going_out] = version
        self.by_body[body_of(version.raw)] = version
        return book

    def book_of(self, raw: bytes) -> Book | None:
        """Return the book of a message by its body."""
        version = self.by_body.get(body_of(raw))
        return None if version is None else self.books[version]

    def declare(self, book: Book, *, override: bool = False) -> None:
        """The user wants it sent."""
        book.declared, book.stopped = True, None
        book.overridden = book.overridden or override
        if override:
            for version, _ in self.edited.values():  # what is to take its place is meant, too
                self.books[version].overridden |= version.letter == book.version.letter
        for key in [key for key in self.cli_stops if self._entry(key).message_id == book.version.message_id]:
            del self.cli_stops[key]

    def journal_lost(self, machine: str) -> None:
        """What a journal alone had is gone, by no fault of coolmail's; what lies in a mailbox must be found again."""
        world = self.world
        lying = {body_of(stored.raw) for _, stored in world.server.all()}
        for identifier, raw in world.machine(machine).journal.contents.items():
            self.cli_stops.pop((machine, identifier), None)
            book = self.book_of(raw)
            if book is not None:
                book.touched = True
                book.removed = book.removed or body_of(raw) not in lying
        for asked in world.machine(machine).journal.unfinished():
            if (book := self.book_of(asked.raw)) is not None:
                book.removed = book.removed or body_of(asked.raw) not in lying
        self.edited = {key: edit for key, edit in self.edited.items() if key[0] != machine}

    def landed(self, book: Book, *, override: bool) -> None:
        """What the user moved arrives only now: that is when she moved it, whatever she did meanwhile."""
        self.declare(book, override=override)

    def _entry(self, key: tuple[str, str]) -> Entry:
        return self.world.machine(key[0]).journal.entries[key[1]]

    def stop(self, book: Book, why: str, *, in_drafts: int = 0) -> None:
        """The user does not want it sent; it counts from now if nothing of it is left to send but copies just put into Drafts."""
        book.touched = True
        if self.world.nothing_left_of(book.version, in_drafts):
            book.stopped = (self.world.pace.step, why)

    def decided(self, machine: str, entry: Entry, decision: Decision) -> None:
        """The user decided on the command line."""
        book = self.book_of(self.world.machine(machine).journal.contents[entry.id])
        assert book is not None
        book.touched = True
        if decision is Decision.WAS_SENT:
            book.settled = True
        if decision in STOPPING:
            self.cli_stops[machine, entry.id] = self.world.pace.step
        elif decision in (Decision.RELEASE, Decision.RELEASE_AGAIN):
            self.declare(book, override=True)
            if decision is Decision.RELEASE_AGAIN:
                self.again[entry.message_id] += 1

    # -- what the daemons do

    def errand_ended(self, errand: Errand) -> None:
        """What was edited too late lies in Drafts and is not ready there."""
        if "came too late" in errand.outcome and (book := self.book_of(errand.raw)) is not None:
            book.declared = book.overridden = False

    def journalled(self, machine: str, before: Entry | None, after: Entry) -> None:
        """See a commit."""
        world = self.world
        key = (machine, after.id)
        if before is None:
            self.taken_at[key] = world.pace.step
            book = self.book_of(world.machine(machine).journal.contents[after.id])
            assert book is not None, f"a message that is no letter was journalled: {after}"
            if book.version.tone == "hot":
                self._held_from(book.version.letter, after.taken_at)
        elif after.state is State.SCORED and after.verdict == "hold" and before.state is not after.state:
            if book := self.book_of(world.machine(machine).journal.contents[after.id]):
                self._held_from(book.version.letter, after.updated_at)  # put into Held by hand, perhaps
        elif after.state in (State.CANCELLED, State.WITHDRAWN) and before.state is not after.state:
            if key in self.cli_stops and (book := self.book_of(world.machine(machine).journal.contents[after.id])):
                self.stop(book, f"{after.state} on the command line of {machine}", in_drafts=1)
        elif before.state is State.HELD and after.state is State.DUE and not after.override:
            self._released(machine, after)
        elif after.state is State.SUBMITTING and before.state is not after.state:
            self._begun(machine, before, after.updated_at)

    def _released(self, machine: str, entry: Entry) -> None:
        """A hold ends by itself only if no other version of the letter lay in Drafts or Outbox when the sweep began."""
        runner = self.world.machine(machine)
        if self.taken_at[machine, entry.id] > runner.sweep_began:
            return
        book = self.book_of(runner.journal.contents[entry.id])
        for name, stored in self.world.server.all("Drafts", "Coolmail/Outbox"):
            other = self.book_of(stored.raw)
            if (
                other is not None
                and book is not None
                and other.version.letter == book.version.letter
                and other is not book
                and stored.since < runner.sweep_began
                and DELETED not in stored.flags
            ):
                raise BrokenPromiseError(f"{book.version} is released though {other.version} lay in {name}")

    def _held_from(self, letter: int, moment: datetime) -> None:
        """A letter waits from the first moment that a version of it was to wait."""
        self.first_taken[letter] = min(self.first_taken.get(letter, moment), moment)

    def _begun(self, machine: str, entry: Entry, wall: datetime) -> None:
        """Note an attempt, and what it would break if it succeeded."""
        world, broken = self.world, []
        runner = world.machine(machine)
        book = self.book_of(runner.journal.contents[entry.id])
        assert book is not None
        version, looked = book.version, runner.looked()
        last_look = looked["Coolmail/Sending"]
        if entry.decision in STOPPING or (machine, entry.id) in self.cli_stops:
            broken.append("it was cancelled or withdrawn on the command line before")
        edit = self.edited.get((machine, entry.id))
        if edit is not None and edit[1] < last_look and runner.journal.pending(entry.id) is not None:
            broken.append(f"it was edited before: {edit[0]} was to take its place")
        # With its mailbox gone nobody can tell what the user moved away or deleted from what was lost; it comes back, and a release goes on.
        if book.stopped is not None and book.stopped[0] < last_look and not world.deleted_mailboxes:
            broken.append(f"it was stopped at step {book.stopped[0]} ({book.stopped[1]}), before the last look")
        if entry.verdict is None and not book.overridden:
            broken.append("its tone was not judged")
        if version.tone == "locked" and not book.overridden:
            broken.append("it is encrypted and nobody said to send it anyway")
        if not book.overridden and (version.tone == "hot" or entry.verdict == "hold"):
            if entry.hold_until is None or wall < entry.hold_until:
                broken.append(f"it is {wall} on its clock and its deadline is {entry.hold_until}")
            first = self.first_taken.get(version.letter)
            if first is not None and wall < first + world.settings.hold.minimum:
                broken.append(f"it is {wall} on its clock and it was taken at {first}")
            if world.settings.hold.on_expiry == "ask":
                broken.append("it was to be asked about at its deadline")
            if not runner.clock_was_wrong and any(
                letter == version.letter and self.taken_at[machine, entry.id] < at < looked["INBOX"]
                for letter, at in self.client_wrote
            ):
                broken.append("its reader wrote again before the last look")
        asked = Moved.PERHAPS_SENT.value in entry.reasons
        if not (entry.accepted or runner.clock_was_wrong or asked) and any(
            letter == version.letter and self.taken_at[machine, entry.id] < at < looked["Sent"]
            for letter, at in self.client_sent
        ):
            broken.append("the user had sent a version of it from the mail client before the last look")
        runner.attempt = Attempt(machine, entry, last_look, tuple(broken))

    def accept(self, attempt: Attempt, data: bytes, recipients: tuple[str, ...]) -> None:
        """Enter what the submission server accepted; raise `BrokenPromiseError` at once if it must not have."""
        self.world.pace.say(f"*** accepted from {attempt.machine}: {attempt.entry.id} for {', '.join(recipients)}")
        version = self.by_going_out.get(data)
        if version is None:
            raise BrokenPromiseError(f"altered: nobody wrote what went out:\n{data!r}")
        if attempt.broken:
            raise BrokenPromiseError(f"{version} went out though {'; '.join(attempt.broken)}")
        book = self.books[version]
        if not book.declared:
            raise BrokenPromiseError(f"{version} went out though nobody declared it ready")
        for recipient in recipients:
            if recipient not in version.recipients:
                raise BrokenPromiseError(f"{version} went to {recipient}")
            # A client may keep the Message-ID from save to save. One computer sends it once; another cannot know of an older version's end.
            for key in ((version.message_id, recipient, attempt.machine), (version.going_out, recipient, "")):
                self.accepted[key] += 1
                if self.accepted[key] > 1 + self.again[version.message_id]:
                    raise BrokenPromiseError(
                        f"twice: {version} was accepted {self.accepted[key]} times for {recipient}"
                    )
        book.accepted.update(recipients)
        self.counts["accepted"] += 1


def hours(span: timedelta) -> float:
    """Return hours."""
    return span.total_seconds() / 3600
