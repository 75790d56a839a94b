"""The screen on a real journal, at a moment of the tests' own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from textual.pilot import Pilot
from textual.screen import ModalScreen

from coolmail.cli.screen.app import Review
from coolmail.cli.screen.world import World
from coolmail.config import load
from coolmail.core.entry import Entry
from coolmail.journal import Journal
from tests.cli.conftest import Desk
from tests.cli.screen import shelf
from tests.core.making import NOW


@dataclass
class Stage:
    """A journal, and a screen on it whose clock stands still unless it is moved."""

    desk: Desk
    now: datetime = NOW
    no_colour: bool = False

    def world(self, *, first: tuple[Entry, ...] | None = None, gate: asyncio.Event | None = None) -> World:
        """Return the screen's world; its journal opens when the gate does."""

        @asynccontextmanager
        async def open_journal() -> AsyncIterator[Journal]:
            if gate is not None:
                await gate.wait()
            async with Journal.open(self.desk.journal) as journal:
                yield journal

        return World(
            settings=load(self.desk.config),
            clock=lambda: self.now,
            zone=ZoneInfo("Europe/Copenhagen"),
            open_journal=open_journal,
            in_terminal=lambda arguments: pytest.fail(f"{arguments} needs a terminal"),
            first=first,
            no_colour=self.no_colour,
        )

    def app(self) -> Review:
        """Return a screen."""
        return Review(self.world())

    def put(self, identifier: str = "k7mw", number: int = 1, **more: Any) -> None:
        """Put one message into the journal."""
        self.desk.work(lambda journal: shelf.put(journal, identifier, number, **more))

    def fill(self) -> None:
        """Put a bad week into the journal."""
        asyncio.run(shelf.fill(self.desk.journal))

    async def sign_of_life(self) -> None:
        """Leave a sign of life of a running daemon: this very process."""
        async with Journal.open(self.desk.journal) as journal:
            await journal.sign_of_life(os.getpid(), self.now - timedelta(hours=2), self.now)


async def settled(pilot: Pilot[None]) -> None:
    """Wait until the screen shows what the journal has."""
    app = pilot.app
    assert isinstance(app, Review)
    async with asyncio.timeout(150):
        while (
            app.daemon is None
            or (app.reading is not None and app.reading.around.quoted is None)
            or (app._acting and not isinstance(app.screen, ModalScreen))
        ):
            await pilot.pause(0.02)
    await pilot.pause()


@pytest.fixture
def stage(desk: Desk) -> Stage:
    """An empty stage, a daemon running."""
    made = Stage(desk)
    asyncio.run(made.sign_of_life())
    return made


@pytest.fixture
def full(stage: Stage) -> Stage:
    """A stage with a bad week in its journal."""
    stage.fill()
    return stage
