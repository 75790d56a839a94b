"""The review screen: it follows the journal, and turns keys into acts (`coolmail.cli.acts`).

The screen changes nothing by itself: what can be done with a message is done by the same functions as the plain commands do it. Nothing is kept here
that the journal does not know, so the screen may be closed or killed at any moment.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from importlib import import_module
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import work
from textual.app import App, SuspendNotSupported
from textual.binding import BindingType
from textual.css.query import NoMatches
from textual.widgets import Input

from coolmail.cli import acts, talks
from coolmail.cli.acts import Act
from coolmail.cli.life import lives
from coolmail.cli.screen import calling, letter, words
from coolmail.cli.screen.asking import Choice, Line, Page, Sure, TypedWord
from coolmail.cli.screen.keys import ACTS, ALWAYS, help_page
from coolmail.cli.screen.listing import Waiting
from coolmail.cli.screen.reading import Reading
from coolmail.cli.screen.world import World
from coolmail.core.durations import in_words
from coolmail.core.entry import Entry
from coolmail.core.errors import CoolmailError
from coolmail.core.moments import BadMomentError
from coolmail.core.settings import OnExpiry
from coolmail.core.states import Stage

if TYPE_CHECKING:
    from coolmail.journal import Journal
    from coolmail.journal.deeds import Deed

LOOK_EVERY = 0.5
"""Seconds between two looks at the journal."""

TICK_EVERY = 20.0
"""Seconds between two updates of the time left."""

OPEN_AGAIN = 5.0
"""Seconds after which a journal that could not be opened is tried again."""


KINDS = (
    ("call", "call: offer to talk"),
    ("acknowledge", "acknowledge: received, an answer comes"),
    ("explain", "explain: what happened"),
    ("apologise", "apologise: own it and make good"),
    ("expectations", "expectations: scope and price"),
    ("delegate", "delegate: who does the changes"),
    ("handoff", "handoff: end it civilly"),
)
"""What a reply in Drafts can be for: the values of `coolmail.calls.suggestion.LetterKind` that fit at any time, and their words."""


ANSWERS = (("right", "right: it is hot"), ("wrong", "wrong: it is fine as it is"))
"""What can be said about a reading of tone."""

NOT_OPEN = "The journal is not open yet; nothing was changed."


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
                    await self._read(self.journal)
                    version = now
                elif ticks % int(TICK_EVERY / LOOK_EVERY) == 0:
                    self.daemon = lives(await self.journal.daemon(), self.world.clock())
                    self.lay_out()
            except CoolmailError as error:
                self.say(str(error), refused=True)
            ticks += 1
            await asyncio.sleep(LOOK_EVERY)

    async def _read(self, journal: Journal) -> None:
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
        self.say("")
        reading.turn_to(ids[at])
        self.look_around(ids[at])

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
        acts_by_name = {
            "release": self._release,
            "edit": self._edit,
            "withdraw": self._withdraw,
            "cancel": self._cancel,
            "extend": self._extend,
            "undo": self._undo,
            "call": self._call,
            "suggest": self._suggest,
            "feedback": self._feedback,
        }
        try:
            await acts_by_name[name]()
        finally:
            self._acting = False

    async def _act(self, entry: Entry, act: Callable[[Journal, Entry], Awaitable[Act]]) -> None:
        """Do something with the message as it was shown, and say what came of it."""
        if self.journal is None:
            self.say(NOT_OPEN, refused=True)
            return
        try:
            came = await act(self.journal, entry)
        except CoolmailError as error:
            self.say(f"Nothing was changed: {error}", refused=True)
            return
        if came.done:
            await self._read(self.journal)
        later = (
            "" if self.daemon is not False or not came.done else " The daemon is down: it is done at its next start."
        )
        undo = " u undoes it." if came.done else ""
        self.say(f"{came.said.rstrip('.')}.{undo}{later}", refused=not came.done)

    async def _release(self) -> None:
        """Send the message now, after a second look."""
        if (entry := self.chosen()) is None:
            return
        again = entry.stage is Stage.DATA
        readers = words.one_line(", ".join(entry.recipients[:5]))
        reason: str | None = ""
        if again:
            question = f"It is not known whether this was sent. Send it to {readers} again?"
            if not await self.push_screen_wait(Sure(question, "Look into Sent first: they may get it twice.")):
                reason = None
        elif acts.needs_second_look(entry, self.world.clock()):
            title = f"This is what {readers} will read:"
            reason = await self.push_screen_wait(TypedWord(title, letter.hot_sentences(entry.report), acts.WORD))
        elif not await self.push_screen_wait(Sure(f"Send this to {readers} now?", words.subject(entry))):
            reason = None
        if reason is None:
            self.say(f"{entry.id} stays as it is.")
            return
        why = reason
        now = self.world.clock
        await self._act(entry, lambda journal, it: acts.release(journal, it, now=now(), again=again, reason=why))

    async def _cancel(self) -> None:
        """Never send the message, if that is meant."""
        if (entry := self.chosen()) is None:
            return
        details = f"{words.subject(entry)}\nFor ten minutes u undoes it; later: coolmail restore {entry.id}"
        if not await self.push_screen_wait(Sure("Cancel this mail? It is then never sent.", details)):
            self.say(f"{entry.id} stays as it is.")
            return
        await self._act(entry, lambda journal, it: acts.cancel(journal, it, now=self.world.clock()))

    async def _withdraw(self) -> None:
        """Take the message back into Drafts."""
        if (entry := self.chosen()) is not None:
            await self._act(entry, lambda journal, it: acts.withdraw(journal, it, now=self.world.clock()))

    async def _extend(self) -> None:
        """Let the message wait longer."""
        if (entry := self.chosen()) is None:
            return
        world = self.world
        hint = "Like 6h or 1d, counted from its deadline; or tomorrow 9:00."
        text = await self.push_screen_wait(Line("Let it wait how much longer?", hint, "6h"))
        if text is None:
            self.say(f"{entry.id} stays as it is.")
            return
        try:
            until = acts.later(entry, text, world.clock(), world.zone, opening=world.opening)
        except BadMomentError as error:
            self.say(f"Nothing was changed: {error}", refused=True)
            return
        await self._act(entry, lambda journal, it: acts.extend(journal, it, until, now=world.clock()))

    async def _edit(self) -> None:
        """Change the message in the user's editor, which has the terminal for itself meanwhile."""
        if (entry := self.chosen()) is None:
            return
        try:
            with self.suspend():
                ended = self.world.in_terminal(["edit", entry.id])
        except SuspendNotSupported:
            self.say(f"An editor cannot be opened from here. In another window: coolmail edit {entry.id}", refused=True)
            return
        said = "was edited; its new version is read and takes its place" if ended == 0 else "was not changed"
        self.say(f"{entry.id} {said}.", refused=ended != 0)

    async def _call(self) -> None:
        """Show what is needed to talk; invite to a call, or note that it took place."""
        if (entry := self.chosen()) is None:
            return
        if self.journal is None:
            self.say(NOT_OPEN, refused=True)
            return
        try:
            about = await self._talking(self.journal, entry)
        except CoolmailError as error:
            self.say(str(error), refused=True)
            return
        found = about.found
        chosen = await self.push_screen_wait(Choice("Talk instead", calling.choices(found), calling.told(found)))
        if chosen is None:
            return
        if chosen != calling.CALLED:
            await self._act(entry, lambda journal, _: talks.invite(journal, about, found.slots[int(chosen)]))
            return
        hint = 'A note for yourself; it may stay empty. Enter cancels this mail and puts an "as discussed" draft into Drafts.'
        note = await self.push_screen_wait(Line("What was said?", hint, may_be_empty=True))
        if note is None:
            self.say(f"{entry.id} stays as it is.")
            return

        async def called(journal: Journal, it: Entry) -> Act:
            done = await talks.called(journal, about, note=note)
            return Act(it.id, all(act.done for act in done), ". ".join(act.said.rstrip(".") for act in done))

        await self._act(entry, called)

    async def _talking(self, journal: Journal, entry: Entry) -> talks.Talking:
        """Return what calls and letters about a message are made from."""
        await asyncio.to_thread(import_module, "coolmail.calls.suggestion")  # Babel takes its time to load
        world = self.world
        return await talks.talking(journal, world.settings, entry, now=world.clock(), zone=world.zone)

    async def _suggest(self) -> None:
        """Put another reply into Drafts."""
        if (entry := self.chosen()) is None:
            return
        kind = await self.push_screen_wait(Choice("Which reply shall lie in your Drafts, for you to edit?", KINDS))
        if kind is None:
            return

        async def suggest(journal: Journal, it: Entry) -> Act:
            about = await self._talking(journal, it)
            from coolmail.calls.suggestion import LetterKind  # noqa: PLC0415 - see `_talking`

            return await talks.suggest(journal, about, LetterKind(kind))

        await self._act(entry, suggest)

    async def _feedback(self) -> None:
        """Record whether the tone was read right."""
        if (entry := self.chosen()) is None:
            return
        answer = await self.push_screen_wait(Choice("Did coolmail read its tone right?", ANSWERS))
        if answer is not None:
            given: Literal["right", "wrong"] = "right" if answer == "right" else "wrong"
            await self._act(entry, lambda journal, it: acts.feedback(journal, it, given, now=self.world.clock()))

    async def _undo(self) -> None:
        """Undo what was done last, here or by a command, if that is what is meant."""
        if (journal := self.journal) is None:
            self.say(NOT_OPEN, refused=True)
            return
        from coolmail.cli.undo import UNDO_WITHIN, undo_one, undoable  # noqa: PLC0415 - it loads what an open journal has loaded

        try:
            found = await undoable(journal, self.world.clock())
            if not found:
                self.say(f"Nothing was done in the last {in_words(UNDO_WITHIN)} that can be undone.")
                return
            if not await self.push_screen_wait(Sure("Undo this?", await self._told(journal, found))):
                self.say("Everything stays as it is.")
                return
            done = [await undo_one(journal, deed, now=self.world.clock()) for deed in found]
            await self._read(journal)
        except CoolmailError as error:
            self.say(f"Nothing was changed: {error}", refused=True)
            return
        self.say(". ".join(act.said for act in done) + ".", refused=not all(act.done for act in done))

    async def _told(self, journal: Journal, found: Sequence[Deed]) -> str:
        """Say what would be undone."""
        lines = []
        for deed in found:
            entry = await journal.get(deed.message or "")
            ago = in_words(self.world.clock() - deed.at)
            lines.append(f"{deed.act}, {ago} ago: {words.subject(entry) if entry is not None else deed.message}")
        return "\n".join(lines)
