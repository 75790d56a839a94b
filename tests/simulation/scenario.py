"""A world without chance, for scenarios told step by step: what the campaign once found, kept as tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from coolmail.core.entry import Entry
from coolmail.core.settings import HoldRules, Settings, Settle
from coolmail.core.states import Decision, State
from coolmail.journal.store import can_be
from tests.simulation import books
from tests.simulation.letters import Version, from_client, write
from tests.simulation.machine import Machine
from tests.simulation.person import ANYWAY, HELD, OUTBOX, REVIEW, SENDING, edit_by_command
from tests.simulation.quick import quick
from tests.simulation.server import FLAGGED, body_of
from tests.simulation.world import ALWAYS, World


class Scenario(World):
    """A world in which only what the test says happens. `accepted` counts what the submission server took, by version."""

    def __init__(self, computers: int = 1, *, uidplus: bool = True, files_sent: bool = False) -> None:
        super().__init__(0, traced=True)
        self.server.uidplus, self.server.keywords = uidplus, True
        self.submission.trouble = self.model_trouble = 0.0
        self.submission.files_sent = self.submission.told = files_sent
        self.submission.prompt = 0.0
        self.account = replace(self.account, files_sent=files_sent)
        self.settings = Settings(
            (self.account,), hold=HoldRules(working_hours=ALWAYS), settle=Settle(timedelta(), timedelta()), poll=timedelta(days=20)
        )  # fmt: skip
        self.machines = [Machine(self, name) for name in "ABC"[:computers]]
        for machine in self.machines:
            machine.skew = timedelta(0)
            machine.run()

    @property
    def a(self) -> Machine:
        """The first computer."""
        return self.machines[0]

    @property
    def b(self) -> Machine:
        """The second computer."""
        return self.machines[1]

    # -- the user

    def save(
        self, mailbox: str, tone: str = "calm", *, letter: int = 0, number: int = 1, naming: str = "new", flagged: bool = False,
        token: bool = False, two: bool = False,
    ) -> Version:  # fmt: skip
        """Save a version of a letter; it is ready in Outbox, flagged, or by its subject."""
        version = write(letter, number, tone, naming, token=token, two=two, blind=False)
        self.put("INBOX", from_client(letter, 0))
        book = self.ledger.wrote(version)
        self.put(mailbox, version.raw, ("\\Draft", *((FLAGGED,) if flagged else ())))
        if mailbox == OUTBOX or flagged or token:
            self.ledger.declare(book)
        return version

    def uids(self, mailbox: str, version: Version) -> list[int]:
        """Return where a version lies in a mailbox."""
        return [stored.uid for _, stored in self.server.all(mailbox) if body_of(stored.raw) == body_of(version.raw)]

    def drag(self, version: Version, source: str, target: str) -> None:
        """Move a version."""
        for uid in self.uids(source, version):
            for step in self.server.moving(source, uid, target)[1]:
                step()

    def where(self, version: Version) -> set[str]:
        """Return the mailboxes in which a version lies, those marked for removal left out."""
        return {
            name
            for name, stored in self.server.all()
            if body_of(stored.raw) == body_of(version.raw) and "\\Deleted" not in stored.flags
        }

    def decide(self, machine: Machine, version: Version, decision: Decision) -> None:
        """Decide on the command line."""
        entry = self.entry(machine, version)
        assert machine.journal.decide_now(
            entry.id, decision, can_be(decision), now=machine.clock(), what=f"you: {decision}"
        )
        self.ledger.decided(machine.name, entry, decision)

    def edit(self, machine: Machine, version: Version, tone: str = "calm", *, send: bool = False) -> Version:
        """Edit what waits on a computer's command line; return the new version."""
        entry = self.entry(machine, version)
        token = b"//send" in version.raw
        new = write(version.letter, version.number + 100, tone, "edited", token=token, two=False, blind=False)
        edit_by_command(machine, entry, self.ledger.books[version], new, send=send)
        return new

    # -- the daemons

    def entry(self, machine: Machine, version: Version) -> Entry:
        """Return the newest entry of a version."""
        entries = machine.journal.entries.values()
        return [entry for entry in entries if entry.message_id == version.message_id][-1]

    def state(self, machine: Machine, version: Version) -> State:
        """Return its state."""
        return self.entry(machine, version).state

    def stop_at(self, machine: Machine, what: str) -> None:
        """Let a machine run until it stands at a point of this description."""
        while machine.run(0) is not None:
            if what in machine.stands_at:
                return
        raise AssertionError(f"{machine.name} never came to {what}:\n" + "\n".join((self.pace.trace or [])[-40:]))

    def sweep(self, *machines: Machine, times: int = 2) -> None:
        """Let machines sweep, from wherever they stand."""
        for _ in range(times):
            for machine in machines or self.machines:
                machine.run()

    def later(self, **span: float) -> None:
        """Let time pass."""
        self.pace.true += timedelta(**span).total_seconds()

    def accepted(self, version: Version) -> int:
        """Return how often the content was accepted for its first recipient."""
        return self.ledger.accepted[version.going_out, version.recipients[0], ""]

    def settle(self) -> None:
        """Let everything come to rest and check the books."""
        self.peace()
        books.check(self)


@contextmanager
def scenario(computers: int = 1, *, uidplus: bool = True, files_sent: bool = False) -> Iterator[Scenario]:
    """Make a scenario; at its end everything comes to rest and the books are checked.

    `files_sent`: the provider files what it accepts, is known to, and takes its time: until `pace.work_on`.
    """
    with quick():
        world = Scenario(computers, uidplus=uidplus, files_sent=files_sent)
        yield world
        world.settle()


__all__ = ["ANYWAY", "HELD", "OUTBOX", "REVIEW", "SENDING", "Scenario", "scenario"]
