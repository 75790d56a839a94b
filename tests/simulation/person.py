"""The simulated user: what she does in her mail client and on the command line, and the client who writes to her.

Each act is one that a real client can make (`docs/decisions`, the measured behaviour of mail clients): a save gives a draft a new UID and mostly a new
Message-ID, flags do not survive it, a version edited in `Held` goes to Drafts, a mail sent from the client lands in Sent under a Message-ID of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from coolmail.core.entry import Entry
from coolmail.core.states import FINISHED, Decision, Stage, State
from coolmail.daemon.survey import TAKEN_KEYWORD
from coolmail.journal import Errand
from coolmail.journal.edits import EDIT, EDIT_AND_SEND, EDITABLE
from coolmail.journal.store import can_be
from tests.simulation.ledger import Book
from tests.simulation.letters import Version, from_client, write
from tests.simulation.server import DELETED, FLAGGED, Stored, message_id_of

if TYPE_CHECKING:
    from tests.simulation.machine import Machine
    from tests.simulation.world import World

OUTBOX, HELD, ANYWAY, REVIEW, SENDING = (
    f"Coolmail/{leaf}" for leaf in ("Outbox", "Held", "Send anyway", "Review", "Sending")
)
OURS = (SENDING, ANYWAY, HELD, REVIEW)


def edit_by_command(machine: Machine, entry: Entry, old: Book, version: Version, *, send: bool) -> None:
    """Ask for a new version in the place of the newest one of what waits, as `coolmail edit` does."""
    world = machine.world
    world.pace.say(
        f"USER edits {entry.id} on {machine.name}: {old.version} becomes {version}{' and is sent' if send else ''}"
    )
    book = world.ledger.wrote(version)
    old.touched = old.removed = book.touched = True
    world.ledger.declare(book, override=send or old.overridden)
    if send:
        world.ledger.cli_stops.pop((machine.name, entry.id), None)
    world.ledger.edited[machine.name, entry.id] = (version, world.pace.step)
    role = "held" if entry.state is State.HELD else "review"
    kind = EDIT_AND_SEND if send else EDIT
    machine.journal.ask_now(
        Errand(entry.id, entry.account, kind, role, version.raw, version.message_id, machine.clock())
    )


@dataclass
class Letter:
    """A letter as the user's client has it: how it names versions, and how many there are."""

    number: int
    naming: str
    two: bool
    blind: bool
    token: bool
    versions: int = 0
    tone: str = "calm"


class Person:
    """The user."""

    def __init__(self, world: World, letters: int) -> None:
        self.world = world
        chance, choice = world.chance, world.pace.rng.choice
        self.letters = [
            Letter(
                number,
                choice(("new", "new", "kept", "none")),
                two=chance(0.2),
                blind=chance(0.15),
                token=chance(0.15 if world.server.keywords else 0.0),
                tone=choice(("hot", "hot", "hot", "calm", "calm", "odd", "locked")),
            )
            for number in range(letters)
        ]
        self.unwritten = list(self.letters)

    def _say(self, words: str) -> None:
        self.world.pace.say(f"USER {words}")

    # -- writing

    def begin(self) -> None:
        """Write the next letter and mostly declare it ready."""
        if not self.unwritten:
            return
        letter = self.unwritten.pop(0)
        self.world.put("INBOX", from_client(letter.number, 0))
        door = self.world.pace.rng.choice(("outbox", "outbox", "flag", "flag", "draft"))
        self._say(f"writes letter {letter.number} ({letter.tone}, {letter.naming}) by {door}")
        version = self._new_version(letter)
        if door == "outbox":
            self._save(version, OUTBOX)
            self.world.ledger.declare(self.world.ledger.books[version])
        else:
            self._save(version, "Drafts", *((FLAGGED,) if door == "flag" else ()))
            if door == "flag" or letter.token:
                self.world.ledger.declare(self.world.ledger.books[version])

    def _new_version(self, letter: Letter, tone: str | None = None, naming: str | None = None) -> Version:
        letter.versions += 1
        letter.tone = tone or letter.tone
        return write(
            letter.number, letter.versions, letter.tone, naming or letter.naming, token=letter.token, two=letter.two, blind=letter.blind
        )  # fmt: skip

    def _save(self, version: Version, mailbox: str, *flags: str) -> None:
        self.world.ledger.wrote(version)
        self.world.put(mailbox, version.raw, ("\\Draft", *flags))

    # -- acting on what lies somewhere

    def act(self) -> None:
        """Do something to a letter, where it lies."""
        world = self.world
        # What an edit under way is about to put there or to remove is left alone: that takes a moment.
        busy = {asked.message_id for machine in world.machines for asked in machine.journal.unfinished()}
        lying = [
            (name, stored, book)
            for name, stored in world.server.all("Drafts", OUTBOX, *OURS)
            if (book := world.ledger.book_of(stored.raw)) is not None and message_id_of(stored.raw) not in busy
        ]
        if not lying:
            return
        name, stored, book = world.pace.rng.choice(lying)
        match name:
            case "Drafts":
                acts = [
                    self._flag,
                    self._flag,
                    self._to_outbox,
                    self._to_outbox,
                    self._edit,
                    self._delete,
                    self._send_it,
                    self._unflag,
                ]
            case "Coolmail/Outbox":
                acts = [self._to_drafts, self._delete, self._mark_deleted, self._edit]
            case "Coolmail/Sending":
                acts = [self._to_drafts, self._delete, self._to_held]
            case "Coolmail/Send anyway":
                acts = [self._to_held, self._delete, self._to_drafts]
            case _:
                acts = [
                    self._to_drafts, self._to_drafts, self._anyway, self._anyway, self._to_outbox, self._to_review, self._delete,
                    self._delete, self._mark_deleted, self._edit_beside, self._send_it, self._to_held,
                ]  # fmt: skip
        act = world.pace.rng.choice(acts)
        self._say(f"{act.__name__.strip('_')}: {book.version} in {name} UID {stored.uid}")
        act(name, stored, book)

    def _move(self, name: str, stored: Stored, target: str) -> None:
        if name == target:
            return
        _, steps = self.world.server.moving(name, stored.uid, target)
        if self.world.chance(0.25):
            # At the same moment as others: the client has asked, the server works on it.
            steps[0]()

            def arrive() -> None:
                steps[1]()
                book = self.world.ledger.book_of(stored.raw)
                if book is None:
                    return
                ready = FLAGGED in stored.flags or self.letters[book.version.letter].token
                if target in (ANYWAY, HELD, OUTBOX) or (target == "Drafts" and ready):
                    self.world.ledger.landed(book, override=target == ANYWAY)

            self.world.pace.pending.append([arrive, steps[2]])
            return
        for step in steps:
            step()

    def _flag(self, name: str, stored: Stored, book: Book) -> None:
        self.world.server.flag(name, stored.uid, add=(FLAGGED,))
        self.world.ledger.declare(book)

    def _unflag(self, name: str, stored: Stored, book: Book) -> None:
        self.world.server.flag(name, stored.uid, remove=(FLAGGED,))
        book.touched = True

    def _to_outbox(self, name: str, stored: Stored, book: Book) -> None:
        book.touched = book.touched or name != "Drafts"
        self.world.ledger.declare(book)
        self._move(name, stored, OUTBOX)

    def _anyway(self, name: str, stored: Stored, book: Book) -> None:
        book.touched = True
        if name == REVIEW:
            # The user was asked whether it was sent, and this is the answer.
            self.world.ledger.again[book.version.message_id] += 1
        self.world.ledger.declare(book, override=True)
        self._move(name, stored, ANYWAY)

    def _to_held(self, name: str, stored: Stored, book: Book) -> None:
        book.touched = True
        book.stopped = None  # withdrawn once and restored, it is to wait again
        self._move(name, stored, HELD)

    def _to_review(self, name: str, stored: Stored, book: Book) -> None:
        self._move(name, stored, REVIEW)
        self.world.ledger.stop(book, "moved to Review")

    def _to_drafts(self, name: str, stored: Stored, book: Book) -> None:
        self._move(name, stored, "Drafts")
        token = self.letters[book.version.letter].token and TAKEN_KEYWORD not in stored.flags
        known = any(
            entry.message_id == book.version.message_id and entry.state not in FINISHED
            for machine in self.world.machines
            for entry in machine.journal.entries.values()
        )
        if FLAGGED in stored.flags or (token and (name == OUTBOX or not known)):
            book.touched = True  # it is as ready there as it was here
        else:
            self.world.ledger.stop(book, f"moved from {name} to Drafts", in_drafts=1)

    def _delete(self, name: str, stored: Stored, book: Book) -> None:
        self.world.server.remove(name, stored.uid)
        book.removed = True
        self.world.ledger.stop(book, f"deleted from {name}")

    def _mark_deleted(self, name: str, stored: Stored, book: Book) -> None:
        self.world.server.flag(name, stored.uid, add=(DELETED,))
        book.touched = book.removed = True

    def _edit(self, name: str, stored: Stored, book: Book) -> None:
        """Save a draft again: a new UID, mostly a new Message-ID, no flags; the old version goes."""
        self._edit_beside(name, stored, book)
        self.world.server.remove(name, stored.uid)
        book.removed = True
        self.world.ledger.stop(book, f"edited in {name}")

    def _edit_beside(self, name: str, stored: Stored, book: Book) -> None:
        """Edit what lies in one of our mailboxes: the new version goes to Drafts, the old one stays."""
        letter = self.letters[book.version.letter]
        book.touched = True
        naming = book.version.message_id if letter.naming == "kept" else None
        version = self._new_version(letter, self.world.pace.rng.choice(("hot", "calm", letter.tone)), naming)
        flagged = self.world.chance(0.3) or letter.token
        self._save(version, "Drafts", *((FLAGGED,) if flagged and not letter.token else ()))
        if flagged:
            self.world.ledger.declare(self.world.ledger.books[version])

    def _send_it(self, name: str, stored: Stored, book: Book) -> None:
        """Send it from the mail client: a copy under another Message-ID in Sent, a draft goes away."""
        letter = self.letters[book.version.letter]
        version = self._new_version(letter, naming="new")
        self.world.put("Sent", version.raw, ("\\Seen",))
        self.world.ledger.client_sent.append((letter.number, self.world.pace.step))
        for other in self.world.ledger.books.values():
            if other.version.letter == letter.number:
                other.touched = True
        if name == "Drafts":
            self.world.server.remove(name, stored.uid)
            book.removed = True
            self.world.ledger.stop(book, "sent from the mail client")

    def hears(self) -> None:
        """The client writes again."""
        letter = self.world.pace.rng.choice(self.letters)
        self.world.pace.say(f"CLIENT writes again about letter {letter.number}")
        self.world.put("INBOX", from_client(letter.number, self.world.pace.step))
        self.world.ledger.client_wrote.append((letter.number, self.world.pace.step))

    # -- the command line

    def decide(self) -> None:
        """Decide on a message on the command line of a machine."""
        world = self.world
        machine = world.pace.rng.choice(world.machines)
        if not machine.journal.entries:
            return
        entry = world.pace.rng.choice(list(machine.journal.entries.values()))
        fitting = [decision for decision in Decision if entry.state in can_be(decision)]
        if entry.state is State.HELD and world.chance(0.2):
            self._extend(machine.name, entry.id)
            return
        if entry.state in EDITABLE and world.chance(0.3):
            self._edit_by_command(machine, entry, send=world.chance(0.3))
            return
        if not fitting:
            return
        decision = world.pace.rng.choice(fitting)
        done = machine.journal.decide_now(
            entry.id, decision, can_be(decision), now=machine.clock(), what=f"you: {decision}"
        )
        self._say(f"decides on {machine.name}: {entry.id} {decision} ({'done' if done else 'refused'})")
        if done:
            world.ledger.decided(machine.name, entry, decision)
        if done and decision is Decision.RELEASE and (edit := machine.journal.pending(entry.id)) is not None:
            machine.journal.send_with_now(entry.id)
            self._declare_edit(edit)

    def _declare_edit(self, edit: Errand) -> None:
        book = self.world.ledger.book_of(edit.raw)
        assert book is not None
        self.world.ledger.declare(book, override=True)

    def _edit_by_command(self, machine: Machine, entry: Entry, *, send: bool) -> None:
        """Edit what waits, as `coolmail edit` does: the new version has a Message-ID of its own and takes the place of the newest one."""
        world, journal = self.world, machine.journal
        if entry.stage is Stage.DATA or entry.decision is not None:
            return
        newest = journal.pending(entry.id)
        old = world.ledger.book_of(newest.raw if newest is not None else journal.contents[entry.id])
        assert old is not None
        letter = self.letters[old.version.letter]
        version = self._new_version(letter, world.pace.rng.choice(("hot", "calm")), "edited")
        edit_by_command(machine, entry, old, version, send=send)

    def _extend(self, name: str, identifier: str) -> None:
        journal = self.world.machine(name).journal
        entry = journal.entries[identifier]
        now = self.world.machine(name).clock()
        until = max(entry.hold_until or now, now) + timedelta(hours=6)
        self._say(f"extends {identifier} on {name}")
        journal.change_now(identifier, State.HELD, now=now, what="extended", hold_until=until, reminded_at=None)
