"""A simulated computer: a journal that lasts, a clock of its own, and a daemon process that can end at any await.

The process does what `coolmail.daemon.account.AccountService` does around the sweeps, without its tasks and timers: connect, prepare the mailboxes,
sweep, sleep; make mailboxes anew when one is missing; connect again after any `CoolmailError`. Everything else is the real code.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Container, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zlib import crc32

from coolmail.core.entry import Entry
from coolmail.core.errors import CoolmailError
from coolmail.core.states import IllegalMoveError, Stage, State
from coolmail.core.talk import Preparation
from coolmail.core.tone import Kind, Level, Scale, SentenceHeat, ToneReport
from coolmail.daemon.boxes import prepare
from coolmail.daemon.desk import Desk
from coolmail.daemon.doors import Doors
from coolmail.daemon.survey import Survey
from coolmail.daemon.sweep import Sweeper
from coolmail.mail.imap.errors import MailboxMissing
from coolmail.mail.submission import Accepted
from tests.simulation.journal import MemoryJournal
from tests.simulation.ledger import Attempt
from tests.simulation.pace import UNTIL_SLEEP, Fate, Stop
from tests.simulation.server import message_id_of
from tests.simulation.session import SimulatedSession

if TYPE_CHECKING:
    from tests.simulation.world import World

SLEEP = Stop("sleep")


class ModelMissingError(CoolmailError):
    """The tone model can't be loaded."""


class Judge:
    """A tone model that reads the tone from the words that the letters use for it, and that fails now and then."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def ready(self) -> None:
        """Fail now and then."""
        await self.world.pace.point("model ready")
        if self.world.chance(self.world.model_trouble):
            raise ModelMissingError("the model is missing")

    def scale(self) -> Scale:
        """Return the levels."""
        return Scale(heated=0.5)

    async def judge(self, texts: Sequence[str]) -> list[ToneReport]:
        """Return one report a text."""
        await self.world.pace.point("model judges")
        if self.world.chance(self.world.model_trouble):
            raise ModelMissingError("the model broke down")
        return [report_on(text) for text in texts]


def report_on(text: str) -> ToneReport:
    """Return the report on a text."""
    if "Dette brev" in text:
        return ToneReport(0.0, Level.CALM, text, judged=False, notice="its language is not known")
    if "your own fault" not in text:
        return ToneReport(0.1, Level.CALM, text, language="en")
    sentence = SentenceHeat(text, 0, len(text), 0.9, (Kind.BLAME,))
    return ToneReport(0.9, Level.HEATED, text, (sentence,), "en")


class Calls:
    """What prepares calls beside the sweeps: nothing is found for any, and for some only after the sweep that asks first."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.begun: set[str] = set()
        self.rings = False
        """Whether one becomes ready now, so that a sweep begins."""

    async def prepared(self, _: Desk, entry: Entry) -> Preparation | None:
        """Return that nothing was found."""
        await self.world.pace.point("what a call needs")
        late = crc32(f"{self.world.seed} {entry.message_id}".encode()) % 4 == 0
        if late and entry.id not in self.begun:
            self.begun.add(entry.id)
            self.rings = True
            return None
        return Preparation()

    def only(self, waiting: Container[str]) -> None:
        """Forget the others."""
        self.begun = {identifier for identifier in self.begun if identifier in waiting}


class Machine:
    """One computer on which coolmail runs."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.journals = 0
        self.journal = self._new_journal()
        self.offset = timedelta(0)
        """By how much its wall clock is wrong for a while."""
        self.skew = timedelta(seconds=world.pace.rng.choice((0, 0, -100, 100)))
        """By how much it always differs from the servers' clocks."""
        self.clock_was_wrong = False
        self.session: SimulatedSession | None = None
        self.attempt: Attempt | None = None
        self.wake = world.pace.now()
        self.sweeps = self.sweep_began = 0
        self.asleep = True
        self.stands_at = ""
        self.calls = Calls(world)
        self._process: Coroutine[Stop, Fate | None, None] | None = None
        self._smtp: list[Callable[[], object]] = []

    def _new_journal(self) -> MemoryJournal:
        self.journals += 1
        name = self.name if self.journals == 1 else f"{self.name}{'abcdefghij'[self.journals % 10]}"
        journal = MemoryJournal(
            self.world.pace, name, lambda before, after: self.world.ledger.journalled(self.name, before, after)
        )
        journal.finished = self.world.ledger.errand_ended
        return journal

    def lose_journal(self) -> None:
        """Go on as a new computer: the process and all that only the journal knew are gone."""
        self.crash()
        self.world.pace.say(f"{self.name} loses its journal")
        self.world.ledger.journal_lost(self.name)
        self.journal = self._new_journal()

    def clock(self) -> datetime:
        """Return its wall clock."""
        return self.world.pace.now() + self.skew + self.offset

    def looked(self) -> dict[str, int]:
        """Return when its session last looked into each mailbox."""
        assert self.session is not None
        return self.session.looked

    # -- driving it

    def run(self, points: int = UNTIL_SLEEP, *, effects_only: bool = False, fate: Fate | None = None) -> str | None:
        """Let the process run for some points; return where it stands then, None if it sleeps."""
        pace = self.world.pace
        if self._process is None:
            self._process = self._live()
            fate = None
        pace.left, pace.effects_only = points, effects_only
        if self.asleep and fate is None:
            pace.say(f"{self.name} sweeps")
        self.asleep = False
        stop = self._process.send(fate)  # type: ignore[arg-type]
        pace.left, pace.effects_only = UNTIL_SLEEP, False
        self.asleep, self.stands_at = stop is SLEEP, stop.what
        if self.asleep:
            return None
        pace.say(f"{self.name} stands at: {stop.what}")
        return stop.what

    def crash(self) -> None:
        """End the process at once; only the journal and the servers remain."""
        self.world.pace.say(f"{self.name} crashes")
        if self._process is not None:
            self._process.close()
        self._process = None
        self.calls = Calls(self.world)
        self.asleep = True
        if self.session is not None:
            self.session.lose()
            self.session = None
        steps, self._smtp = self._smtp, []
        self.world.pace.abandon(steps)

    # -- what it does

    async def _live(self) -> None:
        while True:
            try:
                await self._connected()
            except IllegalMoveError:
                raise
            except CoolmailError as error:
                self.world.pace.say(f"{self.name} gives up its connection: {error}")
                if self.session is not None:
                    self.session.lose()
                self.wake = self.clock() + timedelta(seconds=5)
            await SLEEP

    async def _connected(self) -> None:
        world = self.world
        session = self.session = SimulatedSession(world.server, world.pace, self.name)
        desk = Desk(
            account=world.account,
            settings=world.settings,
            journal=self.journal,  # type: ignore[arg-type]
            session=session,  # type: ignore[arg-type]
            boxes=await prepare(session, world.account),  # type: ignore[arg-type]
            judge=Judge(world),
            submit=self._submit,
            calls=self.calls,
            clock=self.clock,
            zone=UTC,
        )
        sweeper = Sweeper(desk, Survey(session, desk.boxes), Doors(world.settings.settle, self._seconds), self._seconds)  # type: ignore[arg-type]
        await sweeper.meet()
        made_anew = False
        while True:
            try:
                self.sweep_began = world.pace.step
                self.calls.rings = False
                self.wake = await sweeper.sweep()
                if self.calls.rings:
                    self.wake = min(self.wake, self.clock() + timedelta(seconds=2))
            except MailboxMissing as error:
                if made_anew:
                    raise
                world.pace.say(f"{self.name}: {error}")
                desk.boxes = await prepare(session, world.account)  # type: ignore[arg-type]
                sweeper.survey = Survey(session, desk.boxes)  # type: ignore[arg-type]
                made_anew = True
                continue
            made_anew = False
            self.sweeps += 1
            await SLEEP

    def _seconds(self) -> float:
        return self.world.pace.true

    async def _submit(
        self, *, recipients: Sequence[str], data: bytes, on_stage: Callable[[Stage], Awaitable[None]], **_: Any
    ) -> Accepted:
        attempt = self.attempt
        assert attempt is not None, "submitted without an attempt in the journal"
        assert attempt.entry.message_id == message_id_of(data), "another message was submitted than the journal says"
        assert self.journal.entries[attempt.entry.id].state is State.SUBMITTING, "the journal does not say submitting"
        return await self.world.submission.submit(
            recipients=recipients,
            data=data,
            on_stage=on_stage,
            accept=lambda data, accepted: self.world.ledger.accept(attempt, data, accepted),
            working=self._smtp,
        )
