"""What the keys of the review screen do with a message: ask what has to be asked, act as the plain commands do, say what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Literal

from textual.app import SuspendNotSupported

from coolmail.cli import acts, talks
from coolmail.cli.acts import Act
from coolmail.cli.screen import calling, letter, words
from coolmail.cli.screen.asking import Choice, Line, Sure, TypedWord
from coolmail.core.durations import in_words
from coolmail.core.entry import Entry
from coolmail.core.errors import CoolmailError
from coolmail.core.moments import BadMomentError
from coolmail.core.states import Stage

if TYPE_CHECKING:
    from coolmail.cli.screen.app import Review
    from coolmail.journal import Journal
    from coolmail.journal.deeds import Deed

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


class Acting:
    """The acts, on the message that is chosen in a review."""

    def __init__(self, app: Review) -> None:
        self._app = app

    async def act(self, name: str) -> None:
        """Do what a key stands for (`keys.ACTS`)."""
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
        await acts_by_name[name]()

    async def _do(self, entry: Entry, act: Callable[[Journal, Entry], Awaitable[Act]]) -> None:
        """Do something with the message as it was shown, and say what came of it."""
        if self._app.journal is None:
            self._app.say(NOT_OPEN, refused=True)
            return
        try:
            came = await act(self._app.journal, entry)
        except CoolmailError as error:
            self._app.say(f"Nothing was changed: {error}", refused=True)
            return
        if came.done:
            await self._app.read_journal(self._app.journal)
        later = (
            ""
            if self._app.daemon is not False or not came.done
            else " The daemon is down: it is done at its next start."
        )
        undo = " u undoes it." if came.done else ""
        self._app.say(f"{came.said.rstrip('.')}.{undo}{later}", refused=not came.done)

    async def _release(self) -> None:
        """Send the message now, after a second look."""
        if (entry := self._app.chosen()) is None:
            return
        again = entry.stage is Stage.DATA
        readers = words.one_line(", ".join(entry.recipients[:5]))
        reason: str | None = ""
        if again:
            question = f"It is not known whether this was sent. Send it to {readers} again?"
            if not await self._app.push_screen_wait(Sure(question, "Look into Sent first: they may get it twice.")):
                reason = None
        elif acts.needs_second_look(entry, self._app.world.clock()):
            title = f"This is what {readers} will read:"
            reason = await self._app.push_screen_wait(TypedWord(title, letter.hot_sentences(entry.report), acts.WORD))
        elif not await self._app.push_screen_wait(Sure(f"Send this to {readers} now?", words.subject(entry))):
            reason = None
        if reason is None:
            self._app.say(f"{entry.id} stays as it is.")
            return
        why = reason
        now = self._app.world.clock
        await self._do(entry, lambda journal, it: acts.release(journal, it, now=now(), again=again, reason=why))

    async def _cancel(self) -> None:
        """Never send the message, if that is meant."""
        if (entry := self._app.chosen()) is None:
            return
        details = f"{words.subject(entry)}\nFor ten minutes u undoes it; later: coolmail restore {entry.id}"
        if not await self._app.push_screen_wait(Sure("Cancel this mail? It is then never sent.", details)):
            self._app.say(f"{entry.id} stays as it is.")
            return
        await self._do(entry, lambda journal, it: acts.cancel(journal, it, now=self._app.world.clock()))

    async def _withdraw(self) -> None:
        """Take the message back into Drafts."""
        if (entry := self._app.chosen()) is not None:
            await self._do(entry, lambda journal, it: acts.withdraw(journal, it, now=self._app.world.clock()))

    async def _extend(self) -> None:
        """Let the message wait longer."""
        if (entry := self._app.chosen()) is None:
            return
        world = self._app.world
        hint = "Like 6h or 1d, counted from its deadline; or tomorrow 9:00."
        text = await self._app.push_screen_wait(Line("Let it wait how much longer?", hint, "6h"))
        if text is None:
            self._app.say(f"{entry.id} stays as it is.")
            return
        try:
            until = acts.later(entry, text, world.clock(), world.zone, opening=world.opening)
        except BadMomentError as error:
            self._app.say(f"Nothing was changed: {error}", refused=True)
            return
        await self._do(entry, lambda journal, it: acts.extend(journal, it, until, now=world.clock()))

    async def _edit(self) -> None:
        """Change the message in the user's editor, which has the terminal for itself meanwhile."""
        if (entry := self._app.chosen()) is None:
            return
        try:
            with self._app.suspend():
                ended = self._app.world.in_terminal(["edit", entry.id])
        except SuspendNotSupported:
            self._app.say(
                f"An editor cannot be opened from here. In another window: coolmail edit {entry.id}", refused=True
            )
            return
        said = "was edited; its new version is read and takes its place" if ended == 0 else "was not changed"
        self._app.say(f"{entry.id} {said}.", refused=ended != 0)

    async def _call(self) -> None:
        """Show what is needed to talk; invite to a call, or note that it took place."""
        if (entry := self._app.chosen()) is None:
            return
        if self._app.journal is None:
            self._app.say(NOT_OPEN, refused=True)
            return
        try:
            about = await self._talking(self._app.journal, entry)
        except CoolmailError as error:
            self._app.say(str(error), refused=True)
            return
        found = about.found
        chosen = await self._app.push_screen_wait(Choice("Talk instead", calling.choices(found), calling.told(found)))
        if chosen is None:
            return
        if chosen != calling.CALLED:
            await self._do(entry, lambda journal, _: talks.invite(journal, about, found.slots[int(chosen)]))
            return
        hint = 'A note for yourself; it may stay empty. Enter cancels this mail and puts an "as discussed" draft into Drafts.'
        note = await self._app.push_screen_wait(Line("What was said?", hint, may_be_empty=True))
        if note is None:
            self._app.say(f"{entry.id} stays as it is.")
            return

        async def called(journal: Journal, it: Entry) -> Act:
            done = await talks.called(journal, about, note=note)
            return Act(it.id, all(act.done for act in done), ". ".join(act.said.rstrip(".") for act in done))

        await self._do(entry, called)

    async def _talking(self, journal: Journal, entry: Entry) -> talks.Talking:
        """Return what calls and letters about a message are made from."""
        await asyncio.to_thread(import_module, "coolmail.calls.suggestion")  # Babel takes its time to load
        world = self._app.world
        return await talks.talking(journal, world.settings, entry, now=world.clock(), zone=world.zone)

    async def _suggest(self) -> None:
        """Put another reply into Drafts."""
        if (entry := self._app.chosen()) is None:
            return
        kind = await self._app.push_screen_wait(Choice("Which reply shall lie in your Drafts, for you to edit?", KINDS))
        if kind is None:
            return

        async def suggest(journal: Journal, it: Entry) -> Act:
            about = await self._talking(journal, it)
            from coolmail.calls.suggestion import LetterKind  # noqa: PLC0415 - see `_talking`

            return await talks.suggest(journal, about, LetterKind(kind))

        await self._do(entry, suggest)

    async def _feedback(self) -> None:
        """Record whether the tone was read right."""
        if (entry := self._app.chosen()) is None:
            return
        answer = await self._app.push_screen_wait(Choice("Did coolmail read its tone right?", ANSWERS))
        if answer is not None:
            given: Literal["right", "wrong"] = "right" if answer == "right" else "wrong"
            await self._do(entry, lambda journal, it: acts.feedback(journal, it, given, now=self._app.world.clock()))

    async def _undo(self) -> None:
        """Undo what was done last, here or by a command, if that is what is meant."""
        if (journal := self._app.journal) is None:
            self._app.say(NOT_OPEN, refused=True)
            return
        from coolmail.cli.undo import UNDO_WITHIN, undo_one, undoable  # noqa: PLC0415 - it loads what an open journal has loaded

        try:
            found = await undoable(journal, self._app.world.clock())
            if not found:
                self._app.say(f"Nothing was done in the last {in_words(UNDO_WITHIN)} that can be undone.")
                return
            if not await self._app.push_screen_wait(Sure("Undo this?", await self._told(journal, found))):
                self._app.say("Everything stays as it is.")
                return
            done = [await undo_one(journal, deed, now=self._app.world.clock()) for deed in found]
            await self._app.read_journal(journal)
        except CoolmailError as error:
            self._app.say(f"Nothing was changed: {error}", refused=True)
            return
        self._app.say(". ".join(act.said for act in done) + ".", refused=not all(act.done for act in done))

    async def _told(self, journal: Journal, found: Sequence[Deed]) -> str:
        """Say what would be undone."""
        lines = []
        for deed in found:
            entry = await journal.get(deed.message or "")
            ago = in_words(self._app.world.clock() - deed.at)
            lines.append(f"{deed.act}, {ago} ago: {words.subject(entry) if entry is not None else deed.message}")
        return "\n".join(lines)
