"""The books at the end of a run: where every letter is, and whether that is where a promise says it must be."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from coolmail.core.entry import Entry
from coolmail.core.states import FINISHED, State
from tests.simulation.ledger import Book, BrokenPromiseError
from tests.simulation.letters import Version
from tests.simulation.person import ANYWAY, HELD, OURS, OUTBOX, REVIEW, SENDING
from tests.simulation.server import DELETED, Stored, body_of, message_id_of

if TYPE_CHECKING:
    from tests.simulation.world import World

CLOSED = (State.CANCELLED, State.WITHDRAWN, State.ELSEWHERE)
Lying = dict[Version, list[tuple[str, Stored]]]


def check(world: World) -> None:
    """Raise `BrokenPromiseError` if anything is not as promised."""
    lying: Lying = defaultdict(list)
    for name, stored in world.server.all():
        if (book := world.ledger.book_of(stored.raw)) is not None:
            lying[book.version].append((name, stored))
    for version, book in world.ledger.books.items():
        _is_somewhere(world, book, lying[version])
        _is_finished(world, book, lying)
        _is_unaltered(version, lying[version])
    _entries_rest(world, lying)
    _reached_all(world)
    if not world.pace.late:
        _once(world)


def _entries(world: World, version: Version) -> list[tuple[str, Entry]]:
    body = body_of(version.raw)
    return [
        (machine.name, entry)
        for machine in world.machines
        for entry in machine.journal.entries.values()
        if body_of(machine.journal.contents[entry.id]) == body
    ]


def _is_somewhere(world: World, book: Book, places: list[tuple[str, Stored]]) -> None:
    """Nothing is lost: it was accepted, or it lies in a mailbox, or the user ended it and a journal has its bytes."""
    version, entries = book.version, _entries(world, book.version)
    states = [f"{name}: {entry.state}" for name, entry in entries]
    if book.accepted or places:
        world.ledger.counts["sent" if book.accepted else _kind(places)] += 1
        return
    if not entries:
        if not book.removed:
            raise BrokenPromiseError(f"lost: {version} is in no mailbox and in no journal")
        return
    went_out = any(
        other.accepted or other.settled
        for other in world.ledger.books.values()
        if other.version.letter == version.letter
    )
    if not (book.touched or book.removed or went_out or world.deleted_mailboxes):
        raise BrokenPromiseError(f"lost: nobody touched {version}, and it is in no mailbox; the journals say {states}")
    if not (book.settled or book.removed) and all(entry.state not in CLOSED for _, entry in entries):
        raise BrokenPromiseError(f"{version} is in no mailbox; the journals say {states}")
    world.ledger.counts["ended by the user"] += 1


def _kind(places: list[tuple[str, Stored]]) -> str:
    return f"in {places[0][0].removeprefix('Coolmail/')}"


def _is_finished(world: World, book: Book, lying: Lying) -> None:
    """Nothing stands still where it should move on, and the user was told of what waits for her."""
    version = book.version
    for name, stored in lying[version]:
        if DELETED in stored.flags:
            continue
        if name in (SENDING, ANYWAY):
            raise BrokenPromiseError(f"{version} is stuck in {name}")
        if name == REVIEW and not any(_asks(entry) for _, entry in _by_id(world, version.message_id)):
            raise BrokenPromiseError(f"{version} lies in Review and no journal asks the user about it")
        if name in (HELD, OUTBOX) and not _has_rival(version, stored, lying):
            raise BrokenPromiseError(f"{version} is stuck in {name}")


def _asks(entry: Entry) -> bool:
    return entry.state is State.REVIEW or (entry.state is State.HELD and entry.frozen)


def _by_id(world: World, message_id: str) -> list[tuple[str, Entry]]:
    return [
        (machine.name, entry)
        for machine in world.machines
        for entry in machine.journal.entries.values()
        if entry.message_id == message_id
    ]


def _has_rival(version: Version, stored: Stored, lying: Lying) -> bool:
    """Whether another version of a letter, or another copy, lies about: then the user must keep one."""
    return any(
        other.letter == version.letter and there is not stored and name in ("Drafts", OUTBOX, *OURS)
        for other, places in lying.items()
        for name, there in places
    )


def _is_unaltered(version: Version, places: list[tuple[str, Stored]]) -> None:
    for name, stored in places:
        if body_of(stored.raw) != body_of(version.raw):
            raise BrokenPromiseError(f"altered: {version} in {name}")


def _entries_rest(world: World, lying: Lying) -> None:
    """No journal is left in the middle of something, and what waits for the user has a note in INBOX."""
    notes = {message_id_of(stored.raw) for _, stored in world.server.all("INBOX") if DELETED not in stored.flags}
    for machine in world.machines:
        for entry in machine.journal.entries.values():
            if entry.state in (State.TAKEN, State.SCORED, State.DUE, State.SUBMITTING, State.SUBMITTED, State.FAILED):
                marked = any(
                    DELETED in stored.flags and message_id_of(stored.raw) == entry.message_id
                    for places in lying.values()
                    for _, stored in places
                )
                if not marked:
                    raise BrokenPromiseError(
                        f"{machine.name} is left with {entry.id} ({entry.message_id}) in {entry.state}"
                    )
            if entry.state is State.REVIEW and entry.note_id not in notes:
                raise BrokenPromiseError(f"{machine.name} asks about {entry.id} without a note")


def _reached_all(world: World) -> None:
    """What is filed was accepted for every recipient, or the user said so; of whom the server refused the user was told."""
    for machine in world.machines:
        for entry in machine.journal.entries.values():
            book = world.ledger.book_of(machine.journal.contents.get(entry.id, b""))
            if entry.state is not State.FILED or book is None or book.settled:
                continue
            # Who has an earlier version does not get the edited one as well.
            books = [each for each in world.ledger.books.values() if each.version.letter == book.version.letter]
            have = {address for each in books for address in each.accepted}
            missing = set(book.version.recipients) - have - {address for address, _ in entry.refused}
            if missing:
                raise BrokenPromiseError(
                    f"{book.version} is filed on {machine.name} and never went to {', '.join(missing)}"
                )


def _once(world: World) -> None:
    """One Sent copy, one note of a kind, one suggestion."""
    waiting = {
        told
        for machine in world.machines
        for entry in machine.journal.entries.values()
        if entry.state not in FINISHED
        for told in (entry.note_id, entry.suggestion_id)
    }
    for name, what in (("Sent", "the Sent copy of"), ("INBOX", "the note"), ("Drafts", "the suggestion")):
        found = Counter(
            message_id_of(stored.raw)
            for _, stored in world.server.all(name)
            if DELETED not in stored.flags and (name == "Sent" or "coolmail@" in (message_id_of(stored.raw) or ""))
        )
        for message_id, times in found.items():
            allowed = max(1, world.submission.filed[message_id]) if name == "Sent" else 1
            # Of a message that ended while a note was under way nobody looks for the note any more.
            if times > allowed and (name == "Sent" or message_id in waiting):
                raise BrokenPromiseError(f"{times} times: {what} {message_id}")
