"""The journal in memory behaves like the real one."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from coolmail.core.entry import Entry, Place
from coolmail.core.states import LEGAL, Decision, Stage, State
from coolmail.journal import Errand, Journal, edits
from coolmail.journal.edits import EDIT, EDIT_AND_SEND
from coolmail.journal.store import can_be
from tests.core.making import NOW, hot_report
from tests.simulation.journal import MemoryJournal
from tests.simulation.pace import Pace
from tests.simulation.quick import replace_version


@pytest_asyncio.fixture
async def real(tmp_path: Path) -> AsyncIterator[Journal]:
    """A journal in a file."""
    async with Journal.open(tmp_path / "journal.sqlite3") as journal:
        yield journal


class Pair:
    """Both journals, asked the same; ids are each journal's own."""

    def __init__(self, real: Journal, seed: int) -> None:
        self.rng = random.Random(seed)
        self.journals: tuple[Any, Any] = (real, MemoryJournal(Pace(seed), "M"))
        self.ids: list[tuple[str, str]] = []
        self.asked: list[tuple[Errand, Errand]] = []
        self.now = NOW

    async def both(self, method: str, *arguments: Any, pair: tuple[str, str] | None = None, **keywords: Any) -> Any:
        """Ask both, assert that they agree, return the answer."""
        answers = []
        for number, journal in enumerate(self.journals):
            named = () if pair is None else (pair[number],)
            answers.append(await getattr(journal, method)(*named, *arguments, **keywords))
        plain = [self._plain(answer, number) for number, answer in enumerate(answers)]
        assert plain[0] == plain[1], (method, arguments, keywords)
        return answers

    def _plain(self, answer: Any, number: int) -> Any:
        """Return an answer with ids replaced by their number."""
        if isinstance(answer, Entry):
            known = [pair[number] for pair in self.ids]
            return replace(answer, id=str(known.index(answer.id)) if answer.id in known else "new")
        if isinstance(answer, Errand):
            known = [pair[number] for pair in self.ids]
            return replace(answer, message=str(known.index(answer.message)), id=None)
        if isinstance(answer, list):
            return [self._plain(one, number) for one in answer]
        return answer

    def changes(self) -> dict[str, Any]:
        """Return some changed fields."""
        choice = self.rng.choice
        possible = {
            "claimed": choice((True, False)),
            "place": choice((None, Place("Coolmail/Held", 3, self.rng.randrange(9)))),
            "report": choice((hot_report(), None)),
            "verdict": choice(("hold", "send", None)),
            "reasons": choice(((), ["one"], ("one", "two"))),
            "hold_until": choice((None, self.now + timedelta(hours=24))),
            "decision": None,
            "stage": choice((None, *Stage)),
            "accepted": choice(((), ("a@b.example",))),
            "refused": choice(((), (("a@b.example", "550 no"),))),
            "note_kind": choice((None, "held")),
            "frozen": choice((True, False)),
        }
        return {name: possible[name] for name in self.rng.sample(sorted(possible), self.rng.randrange(4))}

    async def step(self) -> None:
        """Do one thing to both."""
        rng = self.rng
        self.now += timedelta(seconds=rng.randrange(1, 100))
        pair = rng.choice(self.ids) if self.ids else None
        if pair is None or rng.random() < 0.15:
            await self._add()
            return
        entry = await self.journals[1].get(pair[1])
        match rng.randrange(8):
            case 0 | 1 | 2:
                before = entry.state if rng.random() < 0.8 else rng.choice(list(State))
                if after := [state for state in State if state in LEGAL[before]]:
                    moved = {"now": self.now, "what": "moved", "unless_stopped": rng.random() < 0.5, **self.changes()}
                    await self.both("move", before, rng.choice(after), pair=pair, **moved)
            case 3:
                state = entry.state if rng.random() < 0.8 else rng.choice(list(State))
                await self.both("change", state, pair=pair, now=self.now, what="changed", **self.changes())
            case 4:
                decision = rng.choice(list(Decision))
                await self.both("decide", decision, can_be(decision), pair=pair, now=self.now, what="decided")
            case 5:
                await self._ask(pair)
            case 6 if self.asked:
                await self._goes_on(rng.choice(self.asked), rng.choice(("finish", "postpone", "replace")))
            case _:
                ignored = {(rng.randrange(9), rng.random() < 0.5) for _ in range(rng.randrange(3))}
                await self.both("set_met", "work", "Drafts", rng.randrange(3), ignored)

    async def _ask(self, pair: tuple[str, str]) -> None:
        """Ask for an edit, or for another message in a mailbox."""
        kind = self.rng.choice(("call", EDIT, EDIT_AND_SEND))
        number = self.rng.randrange(100, 105) if kind == "call" else 105 + len(self.asked)
        raw, message_id = b"Subject: %d\r\n\r\nEdited\r\n" % number, f"<m{number}@studio.example>"
        asked = [
            await journal.ask(Errand(identifier, "work", kind, "held", raw, message_id, self.now))
            for journal, identifier in zip(self.journals, pair, strict=True)
        ]
        self.asked.append((asked[0], asked[1]))

    async def _goes_on(self, asked: tuple[Errand, Errand], what: str) -> None:
        """Finish an errand, note what keeps it, or put its message in the place of the one that it is about."""
        answers = []
        for number, journal in enumerate(self.journals):
            identifier = asked[number].id
            if what == "replace":
                entry = await journal.get(asked[number].message)
                read = {
                    "place": Place("Coolmail/Held", 1, 50),
                    "report": hot_report(),
                    "reasons": ("hot",),
                    "subject": "edited",
                }
                put = edits.replace if number == 0 else replace_version
                answers.append(await put(journal, asked[number], entry, now=self.now, what="edited", **read))
            else:
                more = {"now": self.now} if what == "finish" else {}
                answers.append(await getattr(journal, what)(identifier, "done", **more))
        assert answers[0] == answers[1], (what, asked)

    async def _add(self) -> None:
        number = self.rng.randrange(4)
        added = await self.both(
            "add",
            account="work",
            message_id=f"<m{number}@studio.example>",
            raw=b"Subject: %d\r\n\r\nText\r\n" % number,
            source=Place("Coolmail/Outbox", 1, number),
            subject=str(number),
            sender="anna@studio.example",
            recipients=["bo@shop.example"],
            in_reply_to=None,
            references=(),
            own_text="Text",
            now=self.now,
            what="taken",
            **({"state": State.REVIEW, "reasons": ("found",)} if self.rng.random() < 0.3 else {}),
        )
        if added[0] is not None:
            self.ids.append((added[0].id, added[1].id))

    async def compare(self) -> None:
        """Compare everything that can be read."""
        for pair in self.ids:
            await self.both("get", pair=pair)
            await self.both("raw", pair=pair)
            await self.both("errands_about", pair=pair)
        for method, arguments in (
            ("active", ("work",)),
            ("decided", ("work",)),
            ("errands", ("work",)),
            ("known", ("work", "<m1@studio.example>")),
            ("withdrawn", ("work", NOW + timedelta(minutes=10))),
            ("recent", ()),
            ("active", ("another",)),
            ("met", ("work", "Drafts", 1)),
        ):
            await self.both(method, *arguments)


@pytest.mark.parametrize("seed", range(16))
async def test_both_journals_answer_alike(real: Journal, seed: int) -> None:
    """Whatever is done in whatever order, both allow the same moves and give back the same entries."""
    pair = Pair(real, seed)
    for number in range(60):
        await pair.step()
        if number % 20 == 19:
            await pair.compare()
    await pair.both("purge", NOW + timedelta(hours=1))
    await pair.compare()
