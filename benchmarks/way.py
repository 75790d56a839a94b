"""What one calm message costs the daemon from Outbox to filed, outside the network and the model: measured by `benchmarks.queue`.

The daemon's own sweep takes it, scores it, makes it due, submits and files it, with the real journal on the disk. In the place of the network stands
the mail server of `tests.simulation`, in memory, and its time is not counted; in the place of the model a word, of the submission server a yes. What
is left is in two parts: the *bookkeeping*, which is every call that the daemon makes to the journal (ten commits, each with its fsync, and the
reading between them), and everything else: reading the message, its own text, deciding, completing what goes out.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Awaitable, Callable, Container, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.tables import Spent
from coolmail.core.entry import Entry
from coolmail.core.settings import Account, Mailboxes, Server, Settings, Settle, Tls
from coolmail.core.states import Stage, State
from coolmail.core.steps import Role
from coolmail.core.talk import Preparation
from coolmail.core.tone import Level, Scale, ToneReport
from coolmail.daemon.boxes import prepare
from coolmail.daemon.desk import Desk
from coolmail.daemon.doors import Doors
from coolmail.daemon.survey import Survey
from coolmail.daemon.sweep import Sweeper
from coolmail.journal import Journal
from coolmail.mail.submission import Accepted
from tests.simulation.pace import Pace
from tests.simulation.server import MailServer
from tests.simulation.session import SimulatedSession

MESSAGES = 40
FIRST = 5
"""How many of them only warm up."""


def now() -> Spent:
    """Return both clocks."""
    return time.perf_counter(), time.process_time()


def plus(one: Spent, other: Spent, sign: int = 1) -> Spent:
    """Return the sum, or with -1 the difference."""
    return one[0] + sign * other[0], one[1] + sign * other[1]


@dataclass
class Clocked:
    """Something whose coroutine functions are timed. Nothing else runs meanwhile, so what passes is theirs."""

    inner: Any
    spent: Spent = (0.0, 0.0)
    calls: dict[str, int] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.inner, name)
        if not inspect.iscoroutinefunction(found):
            return found

        async def timed(*args: Any, **more: Any) -> Any:
            began = now()
            try:
                return await found(*args, **more)
            finally:
                self.spent = plus(self.spent, plus(now(), began, -1))
                self.calls[name] = self.calls.get(name, 0) + 1

        return timed

    def begin(self) -> None:
        """Forget what was."""
        self.spent, self.calls = (0.0, 0.0), {}


class Word:
    """A judge to whom everything is calm."""

    async def ready(self) -> None:
        """Do nothing."""

    async def judge(self, texts: Sequence[str]) -> list[ToneReport]:
        """Find everything calm."""
        return [ToneReport(0.03, Level.CALM, text, language="en") for text in texts]

    def scale(self) -> Scale:
        """Return the levels."""
        return Scale(heated=0.8)


class NoCalls:
    """A calm message needs none."""

    async def prepared(self, _: Desk, entry: Entry) -> Preparation | None:
        """Fail."""
        raise AssertionError(entry)

    def only(self, waiting: Container[str]) -> None:
        """Do nothing."""


async def accept(*, recipients: Sequence[str], on_stage: Callable[[Stage], Awaitable[None]], **_: Any) -> Accepted:
    """Accept a message, with the stages that a submission passes."""
    for stage in (Stage.CONNECTED, Stage.RECIPIENTS, Stage.DATA):
        await on_stage(stage)
    return Accepted("250 2.0.0 queued", tuple(recipients))


async def on_its_way(folder: Path, letter: Callable[[int], bytes]) -> tuple[list[Spent], list[Spent], dict[str, int]]:
    """Return for each message what its bookkeeping cost and what everything else did, and how often the last one called what of the journal."""
    nowhere = Server("localhost", 1, Tls.NONE, "anna")
    account = Account("work", "anna@studio.example", nowhere, nowhere, Mailboxes())
    at_once = timedelta(0)
    settings = Settings((account,), settle=Settle(at_once, at_once))
    pace = Pace(1)
    server = MailServer(pace)
    books, others = [], []
    async with Journal.open(folder / "way.sqlite3") as opened:
        session, journal = Clocked(SimulatedSession(server, pace, "A")), Clocked(opened)
        boxes = await prepare(session, account)  # type: ignore[arg-type]
        desk = Desk(
            account, settings, journal, session, boxes, Word(), accept, NoCalls(), lambda: datetime.now(UTC), UTC,  # type: ignore[arg-type]
        )  # fmt: skip
        sweeper = Sweeper(desk, Survey(session, boxes), Doors(settings.settle, time.monotonic), time.monotonic)  # type: ignore[arg-type]
        await sweeper.meet()
        await sweeper.sweep()
        for number in range(MESSAGES):
            server.boxes[boxes[Role.SENT]].messages.clear()
            server.put(boxes[Role.OUTBOX], letter(number), ("\\Draft", "\\Seen"), datetime.now(UTC))
            session.begin()
            journal.begin()
            began = now()
            await sweeper.sweep()
            spent = plus(plus(now(), began, -1), session.spent, -1)
            assert len(await opened.in_state(State.FILED)) == number + 1
            books.append(journal.spent)
            others.append(plus(spent, journal.spent, -1))
    return books[FIRST:], others[FIRST:], journal.calls
