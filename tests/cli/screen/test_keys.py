"""What the keys do: recorded in the journal as the plain commands record it, and nothing by accident."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from coolmail.calls.suggestion import AT_ANY_TIME
from coolmail.cli.screen.acting import KINDS
from coolmail.cli.screen.app import Review
from coolmail.cli.screen.asking import Choice, Line, Sure, TypedWord
from coolmail.core.entry import Entry
from coolmail.core.states import Decision, State
from coolmail.journal import Journal
from tests.cli.screen import shelf
from tests.cli.screen.conftest import Stage, settled
from tests.core.making import NOW

HOUR = timedelta(hours=1)


class Sitting:
    """A user before the screen."""

    def __init__(self, stage: Stage, app: Review, pilot: Pilot[None]) -> None:
        self.stage, self.app, self.pilot = stage, app, pilot

    async def press(self, *keys: str) -> None:
        """Press keys, and wait until each was answered."""
        for key in keys:
            await self.pilot.press(key)
            await self.pilot.pause()

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until a condition holds."""
        async with asyncio.timeout(150):
            while not condition():
                await self.pilot.pause(0.02)

    async def says(self, words: str) -> None:
        """Wait until the line below the list says something."""
        await self.until(lambda: words in self.app.said)

    @property
    def ids(self) -> list[str]:
        """The ids of the list, from above."""
        return [str(option.id) for option in self.app.waiting.query_one("#list", OptionList).options]

    async def choose(self, identifier: str) -> None:
        """Go to a message."""
        self.app.waiting.query_one("#list", OptionList).highlighted = self.ids.index(identifier)
        await self.pilot.pause()

    async def entry(self, identifier: str = "k7mw") -> Entry:
        """Return what the journal says now."""
        return await self.work(lambda journal: journal.get(identifier))

    async def work(self, work: Callable[[Journal], Awaitable[Entry | None]]) -> Entry:
        """Do something with the journal, as another program."""
        async with Journal.open(self.stage.desk.journal) as journal:
            found = await work(journal)
        assert found is not None
        return found


@asynccontextmanager
async def sitting(stage: Stage, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Sitting]:
    """Sit down before a bad week."""
    await shelf.fill(stage.desk.journal)
    app = stage.app()
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        user = Sitting(stage, app, pilot)
        await user.choose("k7mw")
        yield user


async def test_withdraw_is_recorded_at_once(stage: Stage) -> None:
    """It needs no question: nothing is lost by it."""
    async with sitting(stage) as user:
        await user.press("w")
        await user.says("k7mw goes back to Drafts")
        assert (await user.entry()).decision is Decision.WITHDRAW


@pytest.mark.parametrize("key", ["enter", "n", "escape", "q"])
async def test_cancel_needs_a_yes(stage: Stage, key: str) -> None:
    """Any other answer leaves things as they are, and the screen open."""
    async with sitting(stage) as user:
        await user.press("c", key)
        await user.says("k7mw stays as it is")
        assert (await user.entry()).decision is None
        await user.press("c", "y")
        await user.says("k7mw is cancelled")
        assert (await user.entry()).decision is Decision.CANCEL


async def test_releasing_something_heated_early_needs_the_word(stage: Stage) -> None:
    """A yes, an empty line, a wrong word do nothing; the word sends, and the reason is kept."""
    async with sitting(stage) as user:
        await user.press("r", *"y", "enter", "enter", *"yes", "enter")
        assert (await user.entry()).decision is None
        await user.press("escape")
        await user.says("k7mw stays as it is")
        await user.press("r", "shift+tab", *"deadline", "enter", *"SEND", "enter")
        await user.says("k7mw is released")
        assert (await user.entry()).decision is Decision.RELEASE
        async with Journal.open(stage.desk.journal) as journal:
            assert (await journal.events("k7mw"))[-1].what == "you released it: deadline"


async def test_at_its_deadline_a_yes_is_enough(stage: Stage) -> None:
    """The time for the second look is over."""
    async with sitting(stage) as user:
        user.stage.now = NOW + 30 * HOUR
        await user.press("r", "y")
        await user.says("k7mw is released")


async def test_sending_again_is_another_decision(stage: Stage) -> None:
    """Where it is not known whether it was sent, the question says so."""
    async with sitting(stage) as user:
        await user.choose("x8vy")
        await user.press("r", "y")
        await user.says("x8vy is released")
        assert (await user.entry("x8vy")).decision is Decision.RELEASE_AGAIN


async def test_extend(stage: Stage) -> None:
    """By a duration, counted from the deadline; what is not understood changes nothing."""
    async with sitting(stage) as user:
        await user.press("x", "enter")
        await user.says("k7mw waits 6 h longer")
        extended = NOW + 29 * HOUR + timedelta(minutes=40)
        assert (await user.entry()).hold_until == extended
        await user.press("x", *"soon", "enter")
        await user.says("Nothing was changed")
        assert user.app.refused
        assert (await user.entry()).hold_until == extended


async def test_suggest_asks_the_daemon_for_a_draft(stage: Stage) -> None:
    """Of the kind that was chosen; Esc asks for nothing."""
    async with sitting(stage) as user:
        await user.press("s", "escape", "s", "down", "enter")
        await user.says("a draft (acknowledge) goes into Drafts")
        async with Journal.open(stage.desk.journal) as journal:
            (errand,) = await journal.errands_about("k7mw")
        assert (errand.role, errand.kind) == ("drafts", "acknowledge")


async def test_talk_shows_what_is_needed_and_invites(stage: Stage) -> None:
    """Whom, what to say, when; Enter on a time makes an invitation in Drafts, Esc makes nothing."""
    async with sitting(stage) as user:
        await user.press("t")
        await user.until(lambda: isinstance(user.app.screen, Choice))
        await user.press("escape")
        await user.press("t")
        await user.until(lambda: isinstance(user.app.screen, Choice))
        await user.press("enter")
        await user.says("k7mw: an invitation for")
        async with Journal.open(stage.desk.journal) as journal:
            (errand,) = await journal.errands_about("k7mw")
        assert errand.role == "drafts"
        assert b"text/calendar" in errand.raw


async def test_a_call_that_took_place_is_noted_and_the_mail_cancelled(stage: Stage) -> None:
    """After a line for a note, which may stay empty; Esc there leaves everything as it is."""
    async with sitting(stage) as user:
        for answer in (["escape"], [*"fine", "enter"]):
            await user.press("t")
            await user.until(lambda: isinstance(user.app.screen, Choice))
            await user.press("end", "enter")
            await user.until(lambda: isinstance(user.app.screen, Line))
            assert (await user.entry()).decision is None
            await user.press(*answer)
        await user.says("the call is recorded. k7mw is cancelled")
        assert (await user.entry()).decision is Decision.CANCEL
        async with Journal.open(stage.desk.journal) as journal:
            talk = await journal.talk("k7mw")
        assert talk is not None
        assert talk.note == "fine"


def test_every_reply_that_can_be_asked_for_can_be_chosen() -> None:
    """The screen's words stand for all of them, in their order."""
    assert [kind for kind, _ in KINDS] == [str(kind) for kind in AT_ANY_TIME]


async def test_without_a_terminal_of_its_own_edit_says_what_to_do(stage: Stage) -> None:
    """Not every terminal can be lent to an editor."""
    async with sitting(stage) as user:
        await user.press("e")
        await user.says("In another window: coolmail edit k7mw")


@pytest.mark.parametrize(("keys", "answer"), [(["enter"], "right"), (["down", "enter"], "wrong")])
async def test_feedback_is_noted(stage: Stage, keys: list[str], answer: str) -> None:
    """The answer that was chosen; Esc notes nothing."""
    async with sitting(stage) as user:
        await user.press("f", "escape")
        await user.says("")
        await user.press("f", *keys)
        await user.says(f"noted that 0.97 boiling was {answer}")
        async with Journal.open(stage.desk.journal) as journal:
            assert [given.answer for given in await journal.feedback()] == [answer]


async def test_undo_asks_and_takes_back_the_last_thing_done(stage: Stage) -> None:
    """It names what it would undo; only a yes undoes, one thing after the other."""
    async with sitting(stage) as user:
        await user.press("x", "enter")
        await user.says("u undoes it")
        user.stage.now += timedelta(seconds=30)
        await user.press("w")
        await user.says("goes back to Drafts")
        await user.press("u", "n")
        await user.says("Everything stays as it is")
        assert (await user.entry()).decision is Decision.WITHDRAW
        await user.press("u", "y")
        await user.says("withdraw undone")
        await user.press("u", "y")
        await user.says("extend undone")
        entry = await user.entry()
        assert (entry.decision, entry.hold_until) == (None, shelf.WEEK["k7mw"]["hold_until"])
        await user.press("u")
        await user.says("Nothing was done in the last 10 min that can be undone")


async def test_what_is_typed_ahead_of_a_question_starts_nothing(stage: Stage) -> None:
    """Keys that come before the question is on the screen are dropped, not taken for other keys of the list."""
    async with sitting(stage) as user:
        for key in ("r", "s", "w", "c"):
            user.app.simulate_key(key)
        await user.until(lambda: isinstance(user.app.screen, TypedWord))
        await user.press("escape")
        await user.says("k7mw stays as it is")
        assert (await user.entry()).decision is None
        assert len(user.app.screen_stack) == 2


async def test_what_is_typed_after_the_slash_belongs_to_the_search(stage: Stage) -> None:
    """However fast it is typed; a slash in the search is a slash."""
    async with sitting(stage) as user:
        for key, letter in (("slash", "/"), ("w", "w"), ("c", "c"), ("slash", "/")):
            user.app.post_message(Key(key, letter))
        await user.until(lambda: user.app.waiting.query_one("#search", Input).value == "wc/")
        assert (await user.entry()).decision is None


async def test_what_is_typed_ahead_of_the_list_goes_to_the_list(stage: Stage) -> None:
    """Typed in one go, as one does who knows the keys: the search, Enter, and what is to be done with what was found."""
    async with sitting(stage) as user:
        for key, letter in (("slash", "/"), *((letter, letter) for letter in "brygge"), ("enter", "\r"), ("c", "c")):
            user.app.post_message(Key(key, letter))
        await user.until(lambda: isinstance(user.app.screen, Sure))
        assert user.app.chosen() == await user.entry("k7mw")
        assert user.app.waiting.query_one("#search", Input).value == "brygge"


async def test_what_has_moved_on_is_refused_in_words(stage: Stage) -> None:
    """The user decides on what is shown; the journal knows better."""
    async with sitting(stage) as user:
        await user.press("c")
        await user.work(_to_submitting)
        await user.press("y")
        await user.says("nothing was changed")
        assert user.app.refused
        assert (await user.entry()).decision is None


async def _to_submitting(journal: Journal) -> Entry | None:
    await journal.move("k7mw", State.HELD, State.DUE, now=NOW, what="")
    await journal.move("k7mw", State.DUE, State.SUBMITTING, now=NOW, what="")
    return await journal.get("k7mw")


async def test_the_list_follows_the_journal(stage: Stage) -> None:
    """What another program changes is shown; the bar stays on its message."""
    async with sitting(stage) as user:
        await user.work(lambda journal: _send(journal, "p3xa"))
        await user.until(lambda: "p3xa" not in user.ids)
        assert user.app.waiting.chosen == "k7mw"
        await user.work(_put_another)
        await user.until(lambda: "zzzz" in user.ids)
        assert user.app.waiting.chosen == "k7mw"


async def _send(journal: Journal, identifier: str) -> Entry | None:
    await journal.move(identifier, State.HELD, State.ELSEWHERE, now=NOW, what="")
    return await journal.get(identifier)


async def _put_another(journal: Journal) -> Entry | None:
    await shelf.put(
        journal, "zzzz", 99, subject="New", recipients=("x@y.example",), report=shelf.HEATED, hold_until=NOW
    )
    return await journal.get("zzzz")


async def test_a_letter_that_is_gone_says_so(stage: Stage) -> None:
    """It may go out while it is read; keys then do nothing."""
    async with sitting(stage) as user:
        await user.press("enter")
        await user.work(lambda journal: _send(journal, "k7mw"))
        await user.until(lambda: user.app.reading is not None and user.app.reading.entry is None)
        await user.press("r", "c", "w", "x")
        assert user.app.screen is user.app.reading
        assert "does not wait any more" in str(user.app.reading.query_one("#head", Static).content)
        await user.press("escape")
        assert user.app.reading is None


async def test_around_a_letter_stand_the_clients_mail_and_a_calmer_answer(stage: Stage) -> None:
    """The client's from what is quoted, its quote marks gone; the answer as it lies in Drafts."""
    async with sitting(stage, (120, 40)) as user:
        await user.press("enter")
        await settled(user.pilot)
        assert user.app.reading is not None
        quoted, instead = (str(user.app.reading.query_one(name, Static).content) for name in ("#quoted", "#instead"))
        assert "marie@brygge.example wrote" in quoted
        assert "│ this is the third time I ask." in quoted
        assert "Marie" in instead
        assert "Anna Berg" in instead


async def test_reading_on(stage: Stage) -> None:
    """`n` and `p` turn to the neighbours, and stop at the ends."""
    async with sitting(stage) as user:
        order = user.ids
        await user.press("enter", "p")
        assert user.app.reading is not None
        assert user.app.reading.identifier == order[order.index("k7mw") - 1]
        await user.press(*"n" * len(order))
        assert user.app.reading.identifier == order[-1]
        await user.says("That was the last one")


async def test_search_and_view_narrow_the_list(stage: Stage) -> None:
    """Every word must occur, in readers, subject, words or level; Enter keeps the list, Esc ends the search."""
    async with sitting(stage) as user:
        await user.press("slash", *"boss BRYGGE", "enter")
        assert user.ids == ["k7mw"]
        await user.press("escape")
        assert len(user.ids) == len(shelf.WEEK)
        await user.press("v", "v")
        assert user.ids == ["m5tq", "x8vy"]
        await user.press("slash", *"fjord")
        assert user.ids == ["x8vy"]


async def test_a_search_in_vain_goes_on(stage: Stage) -> None:
    """Enter leads to no empty list: the words can be mended at once."""
    async with sitting(stage) as user:
        await user.press("slash", *"bryggex", "enter", "backspace", "enter")
        assert user.ids == ["k7mw"]
        assert user.app.focused is user.app.waiting.query_one("#list")


async def test_letters_are_letters_while_searching(stage: Stage) -> None:
    """No key decides anything there."""
    async with sitting(stage) as user:
        await user.press("slash", *"rwcxqv")
        assert user.app.said == ""
        assert user.app.is_running
        for identifier, values in shelf.WEEK.items():
            assert (await user.entry(identifier)).decision is values.get("decision")


@pytest.mark.parametrize("size", [(20, 6), (40, 12), (300, 80), (80, 24)])
async def test_it_resizes(stage: Stage, size: tuple[int, int]) -> None:
    """Whatever the size becomes, every message keeps one line, and no line is wider than the screen."""
    async with sitting(stage, (100, 30)) as user:
        await user.pilot.resize_terminal(*size)
        await user.pilot.pause()
        table = user.app.waiting.query_one("#list", OptionList)
        assert table.virtual_size.height == len(shelf.WEEK)
        assert all(line.cell_length <= size[0] for line in table.render_lines(table.region.reset_offset))
        await user.press("enter")
        await user.pilot.resize_terminal(80, 24)
        assert user.app.reading is not None


async def test_a_journal_that_cannot_be_opened_is_said_and_tried_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The screen stays; when the journal is there again, so are the messages."""
    monkeypatch.setattr("coolmail.cli.screen.app.OPEN_AGAIN", 0.05)
    folder = stage.desk.journal.parent
    await shelf.fill(stage.desk.journal)
    aside = folder.with_name("aside")
    folder.rename(aside)
    folder.write_text("in the way")
    app = stage.app()
    async with app.run_test() as pilot:
        user = Sitting(stage, app, pilot)
        await user.says("cannot be")
        await user.press("r", "w", "enter")
        folder.unlink()
        aside.rename(folder)
        await user.until(lambda: app.known)
        assert len(user.ids) == len(shelf.WEEK)


async def test_the_glance_is_shown_before_the_journal_is_open(stage: Stage) -> None:
    """First rows do not wait for the journal; deciding does."""
    await shelf.fill(stage.desk.journal)
    async with Journal.open(stage.desk.journal) as journal:
        entries = tuple(await journal.in_state(State.HELD))
    gate = asyncio.Event()
    app = Review(stage.world(first=entries, gate=gate))
    async with app.run_test() as pilot:
        user = Sitting(stage, app, pilot)
        await pilot.pause()
        assert "k7mw" in user.ids
        await user.choose("k7mw")
        await user.press("w")
        await user.says("not open yet; nothing was changed")
        gate.set()
        await settled(pilot)
        await user.press("w")
        await user.says("goes back to Drafts")


async def test_quitting_changes_nothing(stage: Stage) -> None:
    """`q` leaves."""
    async with sitting(stage) as user:
        before = await user.entry()
        await user.press("q")
        await user.until(lambda: not user.app.is_running)
        assert await user.entry() == before
