"""The pace: where simulated coroutines may be stopped, and what time it is.

Everything that would wait for the outside world in the real daemon passes a *point* here. A point normally lets the coroutine through at once; when
the pace has counted down it stops there, and whoever drives the coroutine decides what happens to it: it goes on, it loses its connection, its disk
is full, or its process is gone. Nothing runs by itself and nothing depends on real time, so a seed decides the whole run.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
"""When every run begins: a Monday."""

UNTIL_SLEEP = 1_000_000_000
"""Points to run when nothing is to happen before the coroutine sleeps."""


class Fate(Enum):
    """What meets a stopped coroutine; None is: nothing, it goes on."""

    LOST = auto()
    """Its connection to the mail server is cut."""
    DISK = auto()
    """Its journal can't be written."""


class Stop:
    """Where a coroutine stands still; awaiting it gives the `Fate`."""

    __slots__ = ("effect", "what")

    def __init__(self, what: str, *, effect: bool = False) -> None:
        self.what = what
        self.effect = effect

    def __await__(self) -> Generator[Stop, Fate | None, Fate | None]:
        return (yield self)


class Through:
    """A point that stops nobody."""

    __slots__ = ()

    def __await__(self, at_its_end: Iterator[None] = iter(())) -> Iterator[None]:  # noqa: B008 - an iterator at its end stays there
        return at_its_end


THROUGH = Through()


class Pace:
    """The run's only source of chance, its clock, and its counter of steps."""

    __slots__ = ("_moment", "effects_only", "late", "left", "pending", "rng", "step", "trace", "true")

    def __init__(self, seed: int, *, traced: bool = False) -> None:
        self.rng = random.Random(seed)
        self.true = 0.0
        """Seconds since the start, as a good clock tells."""
        self.step = 0
        """Points passed so far by anybody: the order of things."""
        self.left = UNTIL_SLEEP
        """Points until the running coroutine is stopped."""
        self.effects_only = False
        """Whether only points beside an outside effect are counted."""
        self.trace: list[str] | None = [] if traced else None
        self.pending: list[list[Callable[[], object]]] = []
        """Commands that a server still works on though nobody waits for them any more."""
        self.late = False
        """Whether a command took effect after its client had gone and looked again: nobody can tell then how many copies there will be."""
        self._moment = (0.0, START)

    def point(self, what: str, *, effect: bool = False) -> Stop | Through:
        """Return what to await at a point."""
        self.step += 1
        if effect or not self.effects_only:
            if self.left <= 0:
                return Stop(what, effect=effect)
            self.left -= 1
        return THROUGH

    def now(self) -> datetime:
        """Return the true time."""
        if self._moment[0] != self.true:
            self._moment = (self.true, START + timedelta(seconds=self.true))
        return self._moment[1]

    def say(self, words: str) -> None:
        """Add a line to the trace, if there is one."""
        if self.trace is not None:
            self.trace.append(f"{self.step:6} {self.now():%d %H:%M:%S} {words}")

    def abandon(self, steps: list[Callable[[], object]]) -> None:
        """Decide what becomes of a command whose client is gone: it never arrived, the server finishes it, or it finishes it later."""
        if not steps:
            return
        chance = self.rng.random()
        if chance < 0.45:
            self.say(f"   the server does it all the same ({len(steps)} steps)")
            for step in steps:
                step()
        elif chance < 0.6:
            self.say(f"   the server will do it later ({len(steps)} steps)")
            self.pending.append(list(steps))
            self.late = True

    def work_on(self, number: int | None = None) -> None:
        """Let a server do one step of an abandoned command (all of all of them without a number)."""
        while self.pending and number is None:
            self.work_on(0)
        if number is not None and self.pending:
            steps = self.pending[number]
            self.say("   a server does a step of an abandoned command")
            steps.pop(0)()
            if not steps:
                self.pending.remove(steps)
