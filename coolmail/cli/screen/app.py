"""The review screen: it follows the journal, leads from screen to screen, and hands the keys that do something on to `acting`.

The screen changes nothing by itself: what can be done with a message is done by the same functions as the plain commands do it. Nothing is kept here
that the journal does not know, so the screen may be closed or killed at any moment.
"""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import App
from textual.binding import BindingType
from textual.css.query import NoMatches
from textual.widgets import Input

from coolmail.cli.life import lives
from coolmail.cli.screen import words
from coolmail.cli.screen.asking import Page
from coolmail.cli.screen.keys import ACTS, ALWAYS, help_page
from coolmail.cli.screen.listing import Waiting
from coolmail.cli.screen.reading import Reading
from coolmail.cli.screen.world import World
from coolmail.core.entry import Entry
from coolmail.core.errors import CoolmailError
from coolmail.core.settings import OnExpiry

if TYPE_CHECKING:
    from coolmail.journal import Journal

LOOK_EVERY = 0.5
"""Seconds between two looks at the journal."""

TICK_EVERY = 20.0
"""Seconds between two updates of the time left."""

OPEN_AGAIN = 5.0
"""Seconds after which a journal that could not be opened is tried again."""


ALOUD = "aloud"
"""The group of the worker that reads aloud."""


class Review(App[None]):
    """The application."""

    CSS_PATH = "screen.tcss"
    TITLE = "coolmail"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        *((key.key, f"act('{key.action}')", key.word) for key in ACTS),
        *((key.key, key.action, key.word) for key in ALWAYS),
    ]
    SCREENS: ClassVar = {"waiting": Waiting}

    def __init__(self, world: World) -> None:
        super().__init__(ansi_color=True if world.no_colour else None)
        self.world = world
        self.entries: list[Entry] = list(world.first or ())
        self.known = world.first is not None
        self.daemon: bool | None = None
        self.said, self.refused = "", False
        self._acting = False
        self.journal: Journal | None = None
        self.opened = asyncio.Event()
        self._open = AsyncExitStack()

    @property
    def asks(self) -> bool:
        """Whether the user is asked at a deadline, instead of the message going out."""
        return self.world.settings.hold.on_expiry is OnExpiry.ASK

    # -- following the journal

    def on_mount(self) -> None:
        """Show the list, then open the journal behind it."""
        self.set_class(self.world.no_colour, "no-colour")
        self.push_screen("waiting")
        self.follow()

    async def on_unmount(self) -> None:
        """Close the journal."""
        self.journal = None
        await self._open.aclose()

    @work(group="follow")
    async def follow(self) -> None:
        """Open the journal and show every change of it, for as long as the screen is there."""
        while self.journal is None:
            try:
                self.journal = await self._open.enter_async_context(self.world.open_journal())
            except CoolmailError as error:
                self.say(str(error), refused=True)
                await asyncio.sleep(OPEN_AGAIN)
        self.opened.set()
        version, ticks = -1, 0
        while self.journal is not None:
            try:
                now = self.journal.version()
                if now != version:
                    await self.read_journal(self.journal)
                    version = now
                elif ticks % int(TICK_EVERY / LOOK_EVERY) == 0:
                    self.daemon = lives(await self.journal.daemon(), self.world.clock())
                    self.lay_out()
            except CoolmailError as error:
                self.say(str(error), refused=True)
            ticks += 1
            await asyncio.sleep(LOOK_EVERY)

    async def read_journal(self, journal: Journal) -> None:
        """Read what waits, and show it."""
        self.entries = await journal.in_state(*words.SHOWN)
        self.daemon = lives(await journal.daemon(), self.world.clock())
        self.known = True
        self.lay_out()

    def entry(self, identifier: str) -> Entry | None:
        """Return a message that waits; None once it does not."""
        return next((entry for entry in self.entries if entry.id == identifier), None)

    def lay_out(self) -> None:
        """Show the present state of things on every screen that is there."""
        for screen in self.screen_stack:
            if isinstance(screen, Waiting | Reading) and screen.is_mounted:
                with contextlib.suppress(NoMatches):  # it is being taken down
                    screen.lay_out()

    def say(self, sentence: str, *, refused: bool = False) -> None:
        """Say below the list what came of something."""
        self.said, self.refused = words.one_line(sentence), refused
        self.lay_out()

    # -- which message

    @property
    def waiting(self) -> Waiting:
        """The list."""
        return next(screen for screen in self.screen_stack if isinstance(screen, Waiting))

    @property
    def reading(self) -> Reading | None:
        """The open message."""
        return next((screen for screen in self.screen_stack if isinstance(screen, Reading)), None)

    def chosen(self) -> Entry | None:
        """Return the open message, or the one under the bar."""
        if (reading := self.reading) is not None:
            return reading.entry
        identifier = self.waiting.chosen
        return self.entry(identifier) if identifier is not None else None

    def read(self, identifier: str) -> None:
        """Open a message."""
        self.say("")
        self.push_screen(Reading(identifier))
        self.look_around(identifier)

    @work(group="around", exclusive=True)
    async def look_around(self, identifier: str) -> None:
        """Find the client's mail and the alternative draft, and show them when they are there."""
        entry = self.entry(identifier)
        await self.opened.wait()
        if entry is None or self.journal is None:
            return
        from coolmail.cli.screen.around import look_around  # noqa: PLC0415 - needed from the first message on, not for the list

        try:
            around = await look_around(self.journal, self.world.settings, entry, self.world.zone)
        except CoolmailError as error:
            self.say(str(error), refused=True)
            return
        if (reading := self.reading) is not None and reading.identifier == identifier:
            reading.around = around
            self.lay_out()

    async def action_back(self) -> None:
        """Go back to the list."""
        if self.reading is not None:
            self.hush()
            self.pop_screen()

    def action_next(self) -> None:
        """Read the next message."""
        self._turn(1)

    def action_previous(self) -> None:
        """Read the message before."""
        self._turn(-1)

    def _turn(self, by: int) -> None:
        if (reading := self.reading) is None:
            return
        ids = [entry.id for entry in self.waiting.entries]
        at = ids.index(reading.identifier) + by if reading.identifier in ids else 0
        if not 0 <= at < len(ids):
            self.say("That was the last one." if by > 0 else "This is the first one.")
            return
        self.hush()
        self.say("")
        reading.turn_to(ids[at])
        self.look_around(ids[at])

    def action_aloud(self) -> None:
        """Read the user's words in the open message aloud; a second time ends it."""
        if not self.hush() and (reading := self.reading) is not None and reading.entry is not None:
            self.read_aloud(reading.entry)

    @work(group=ALOUD)
    async def read_aloud(self, entry: Entry) -> None:
        """Read the user's words aloud, and say what came of it; the voice ends with this worker."""
        from coolmail.cli.speaking import read_along  # noqa: PLC0415 - rarely needed

        report = entry.report
        text = report.own_text if report is not None and report.own_text.strip() else entry.own_text
        if not text.strip():
            self.say("There are no words of yours to read aloud.", refused=True)
            return
        self.say("Reading your words aloud; a ends it.")
        trouble = await read_along(text, report.language if report is not None else None)
        self.say("" if trouble is None else f"It cannot be read aloud: {trouble}.", refused=trouble is not None)

    def hush(self) -> bool:
        """End the voice, if one speaks; return whether one did."""
        speaking = [worker for worker in self.workers if worker.group == ALOUD and not worker.is_finished]
        if speaking:
            self.workers.cancel_group(self, ALOUD)
            self.say("")
        return bool(speaking)

    def action_search(self) -> None:
        """Search the list."""
        self.waiting.search()

    def action_view(self) -> None:
        """Show another part of the list."""
        self.waiting.next_view()

    def action_help(self) -> None:
        """Show all keys."""
        self.push_screen(Page("Keys", help_page()))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Say whether an action may run now: a slash in a line of text is a slash."""
        return not (action == "search" and isinstance(self.focused, Input))

    # -- acts

    def action_act(self, name: str) -> None:
        """Begin to do something with the chosen message, unless something is being done: what is typed ahead of a question starts nothing."""
        if not self._acting:
            self._acting = True
            self._run_act(name)

    @work
    async def _run_act(self, name: str) -> None:
        from coolmail.cli.screen.acting import Acting  # noqa: PLC0415 - the first rows need nothing of it

        try:
            await Acting(self).act(name)
        finally:
            self._acting = False
