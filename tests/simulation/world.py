"""One run: a scenario drawn from the seed, a time of chaos, a time of peace, and the books at the end."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from coolmail.core.settings import (
    Account,
    HoldRules,
    OnExpiry,
    QueueRules,
    Server,
    Settings,
    Settle,
    Tls,
    UnknownLanguage,
    WorkingHours,
)
from tests.simulation import books
from tests.simulation.ledger import BrokenPromiseError, Ledger
from tests.simulation.letters import ANNA, Version
from tests.simulation.machine import Machine
from tests.simulation.pace import UNTIL_SLEEP, Fate, Pace
from tests.simulation.person import HELD, OURS, OUTBOX, Person
from tests.simulation.server import MailServer, body_of
from tests.simulation.submission import SubmissionServer

NOWHERE = Server("mail.studio.example", 993, Tls.IMPLICIT, "anna")
ALWAYS = WorkingHours(0, 24 * 60, frozenset(range(1, 8)), "UTC")
OFFICE = WorkingHours(9 * 60, 17 * 60, frozenset(range(1, 6)), "UTC")
SETTLING_ROUNDS = 120


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended; `failure` is None if every promise was kept."""

    seed: int
    failure: str | None
    steps: int
    counts: dict[str, int]
    trace: list[str]


class World:
    """Everything in one run."""

    def __init__(self, seed: int, *, traced: bool = False) -> None:
        self.seed = seed
        self.pace = pace = Pace(seed, traced=traced)
        rng = pace.rng
        self.server = MailServer(pace)
        self.server.uidplus = not self.chance(0.1)
        self.server.keywords = not self.chance(0.1)
        files_sent, told = self.chance(0.2), self.chance(0.5)
        self.submission = SubmissionServer(pace, self.server, files_sent, told, rng.choice((0.0, 0.1, 0.3)))
        self.model_trouble = rng.choice((0.0, 0.0, 0.05))
        self.account = Account("work", ANNA, NOWHERE, NOWHERE, files_sent=files_sent and told)
        self.settings = self._settings()
        self.ledger = Ledger(self)
        self.machines = [Machine(self, name) for name in "ABC"[: self._computers()]]
        self.person = Person(self, rng.choice((1, 1, 2, 3)))
        self.deleted_mailboxes = False
        """Whether somebody deleted one of our mailboxes: what was claimed into it in that moment is in the journal alone."""
        self.faults = rng.choice((0.0, 0.3, 1.0, 1.0, 2.0))
        """How much goes wrong in this run; 0: only several people act at once."""

    def _computers(self) -> int:
        # Without keywords nothing in the mailbox tells one computer what another tried.
        if not self.server.keywords:
            return 1
        return self.pace.rng.choice((1, 1, 1, 2, 2, 2, 2, 2, 2, 3))

    def _settings(self) -> Settings:
        rng = self.pace.rng
        hold = HoldRules(
            on_expiry=OnExpiry.ASK if self.chance(0.1) else OnExpiry.SEND,
            unknown_language=rng.choice(tuple(UnknownLanguage)),
            working_hours=OFFICE if self.chance(0.3) else ALWAYS,
        )
        settle = Settle(timedelta(seconds=30), timedelta(seconds=10))
        return Settings(
            (self.account,), hold=hold, settle=settle, queue=QueueRules(), poll=timedelta(days=20),
            notes=rng.choice(("remove", "keep")),
        )  # fmt: skip

    # -- small services

    def chance(self, probability: float) -> bool:
        """Roll the dice."""
        return probability > 0 and self.pace.rng.random() < probability

    def machine(self, name: str) -> Machine:
        """Return a machine by name."""
        return next(machine for machine in self.machines if machine.name == name)

    def put(self, mailbox: str, raw: bytes, flags: Iterable[str] = ()) -> None:
        """Store a message as somebody else than coolmail does."""
        if mailbox not in self.server.boxes:
            self.server.create(mailbox)
        self.server.put(mailbox, raw, flags, self.pace.now())

    def nothing_left_of(self, version: Version, in_drafts: int) -> bool:
        """Whether no copy of a version lies in one of our mailboxes and none can be on its way into one."""
        body = body_of(version.raw)
        if any(body_of(stored.raw) == body for _, stored in self.server.all(OUTBOX, *OURS)):
            return False
        if sum(body_of(stored.raw) == body for _, stored in self.server.all("Drafts")) > in_drafts:
            return False
        if self.pace.pending or any(machine.session and machine.session.remaining for machine in self.machines):
            return False
        # A draft without Message-ID is claimed by storing a completed copy: from reading to storing it is on its way.
        return not any(
            entry.message_id == version.message_id
            and entry.state == "taken"
            and not entry.claimed
            and not machine.asleep
            for machine in self.machines
            for entry in machine.journal.entries.values()
        )

    # -- the run

    def chaos(self) -> None:
        """Let everything happen."""
        rng = self.pace.rng
        for machine in self.machines:
            if self.chance(0.7):
                machine.run()
        for _ in range(rng.choice((15, 30, 50))):
            dice = rng.random() * (10.0 + 2.0 * self.faults)
            if dice < 1.0 and len(self.machines) > 1:
                self._race()
            elif dice < 4.5:
                self._run(rng.choice(self.machines))
            elif dice < 6.5:
                self._time_passes()
            elif dice < 7.2 or (dice < 8 and self.person.unwritten):
                self.person.begin()
            elif dice < 8.8:
                self.person.act()
            elif dice < 9.2:
                self.person.decide()
            elif dice < 9.4:
                self.person.hears()
            elif dice < 10:
                self._server_works()
            else:
                self._fault(rng.choice(self.machines))

    def _run(self, machine: Machine) -> None:
        rng = self.pace.rng
        dice = rng.random()
        if dice < 0.5:
            machine.run()
        elif dice < 0.75:
            machine.run(rng.randrange(12), effects_only=True)
        else:
            machine.run(rng.randrange(120))

    def _race(self) -> None:
        """Let all computers work at the same moment, a few effects each in turn: they read the same and act on it side by side."""
        rng = self.pace.rng
        stride = rng.choice((0, 0, 1, 3))
        working = set(self.machines)
        self.pace.say("RACE")
        while working:
            machine = rng.choice(sorted(working, key=lambda each: each.name))
            if machine.run(rng.randint(0, stride), effects_only=True) is None:
                working.discard(machine)
            if self.chance(0.02):
                return

    def _server_works(self) -> None:
        if self.pace.pending:
            self.pace.work_on(self.pace.rng.randrange(len(self.pace.pending)))

    def _time_passes(self) -> None:
        rng = self.pace.rng
        dice = rng.random()
        if dice < 0.4:
            seconds = rng.choice((1, 11, 31, 45))
        elif dice < 0.6:
            seconds = rng.choice((61, 600, 905))
        elif dice < 0.9 and (deadlines := self._deadlines()):
            seconds = max(0.0, rng.choice(deadlines) + rng.choice((-1, 0, 1, 3600)))
        else:
            seconds = 3600 * rng.randrange(1, 40)
        if seconds > 60:
            self.pace.work_on()  # no server works on one command for longer
        self.pace.true += seconds
        self.pace.say(f"{seconds:.0f} seconds pass")

    def _deadlines(self) -> list[float]:
        return [
            (moment - machine.clock()).total_seconds()
            for machine in self.machines
            for entry in machine.journal.entries.values()
            if entry.state in ("held", "due")
            for moment in (entry.hold_until, entry.next_attempt_at)
            if moment is not None and moment > machine.clock()
        ]

    def _fault(self, machine: Machine) -> None:
        rng = self.pace.rng
        dice = rng.random()
        if dice < 0.8 and machine.asleep and self.chance(0.8):
            # A fault in its sleep teaches little: let it come somewhere into a sweep first.
            self._run(machine)
        if dice < 0.35:
            self._cut(machine)
        elif dice < 0.65:
            machine.crash()
        elif dice < 0.67 and self.server.keywords:
            machine.lose_journal()
        elif dice < 0.8:
            self.pace.say(f"{machine.name}: the disk is full")
            if not machine.asleep:
                machine.run(fate=Fate.DISK)
        elif dice < 0.9:
            machine.offset += timedelta(hours=rng.choice((-30, -2, 1, 26, 100)))
            machine.clock_was_wrong = True
            self.pace.say(f"{machine.name}: its clock is wrong by {machine.offset}")
        elif dice < 0.93:
            self.server.full ^= {rng.choice(("Sent", "Coolmail/Review"))}
            self.pace.say(f"full mailboxes: {self.server.full}")
        elif dice < 0.97:
            self._renumber(rng.choice((HELD, "Coolmail/Sending", "Drafts", "Coolmail/Outbox", "Coolmail/Review")))
        else:
            self._delete_mailbox(rng.choice((HELD, "Coolmail/Sending", "Coolmail/Review", "Coolmail/Send anyway")))

    def _cut(self, machine: Machine) -> None:
        self.pace.say(f"{machine.name}: the connection is cut")
        if machine.asleep or not machine.stands_at.startswith("SMTP"):
            if machine.session is not None:
                machine.session.lose()
            return
        machine.run(fate=Fate.LOST)

    def _renumber(self, name: str) -> None:
        if name in self.server.boxes:
            self.server.renumber(name)

    def _delete_mailbox(self, name: str) -> None:
        if name in self.server.boxes:
            for stored in self.server.boxes[name].messages.values():
                known = any(stored.raw in machine.journal.contents.values() for machine in self.machines)
                if not known and (book := self.ledger.book_of(stored.raw)) is not None:
                    book.removed = True
            self.server.delete(name)
            self.deleted_mailboxes = True

    def peace(self) -> None:
        """Let everything come to rest: no faults, no acts, right clocks, and time enough for every deadline."""
        pace = self.pace
        pace.say("PEACE")
        self.model_trouble = self.submission.trouble = 0.0
        self.server.full.clear()
        for machine in self.machines:
            machine.offset = timedelta(0)
        pace.work_on()
        quiet = 0
        for _ in range(SETTLING_ROUNDS):
            wake, before = None, self._standing()
            for machine in self.machines:
                machine.run()
                pace.work_on()
                due = machine.wake - machine.skew
                wake = due if wake is None else min(wake, due)
            assert wake is not None
            ahead = (wake - pace.now()).total_seconds()
            quiet = quiet + 1 if ahead > 15 * 86400 and self._standing() == before else 0
            if quiet > 2:
                return
            pace.true += min(max(ahead, 1.0), 6 * 3600.0) if quiet == 0 else 1200.0
        raise BrokenPromiseError(
            f"it does not come to rest: {[(machine.name, machine.wake) for machine in self.machines]}"
        )

    def _standing(self) -> list[object]:
        """Return what changes as long as anybody does anything."""
        return [
            *((box.name, box.uidvalidity, box.uidnext, len(box.messages)) for box in self.server.boxes.values()),
            *((entry.id, entry.state, entry.message_id) for m in self.machines for entry in m.journal.entries.values()),
            *(asked.id for machine in self.machines for asked in machine.journal.unfinished()),
        ]


def run(seed: int, *, traced: bool = False) -> Outcome:
    """Run one seed."""
    world = World(seed, traced=traced)
    failure = None
    try:
        world.chaos()
        world.peace()
        books.check(world)
    except BrokenPromiseError as error:
        failure = str(error)
    except Exception as error:
        if traced:
            pace_lines = "".join(traceback.format_exception(error)).splitlines()
            (world.pace.trace or []).extend(pace_lines)
        failure = f"unforeseen: {type(error).__name__}: {error}"
    return Outcome(seed, failure, world.pace.step, dict(world.ledger.counts), world.pace.trace or [])


__all__ = ["UNTIL_SLEEP", "Outcome", "World", "run"]
