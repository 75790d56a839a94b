"""The review in plain lines: for screen readers, and for terminals that can do no more.

It draws nothing, moves no cursor, uses no colour, and speaks only when it was asked something. What is decided goes through the plain commands, with
their own questions. Numbers stay with their messages until the next list.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from coolmail.cli.life import lives
from coolmail.cli.screen import letter, words
from coolmail.cli.screen.keys import ACTS
from coolmail.cli.screen.world import World
from coolmail.core.advice import advice
from coolmail.core.clean import clean
from coolmail.core.entry import Entry
from coolmail.core.settings import OnExpiry

PROMPT = "coolmail> "
HELP = (
    ("list", "what waits, by deadline"),
    ("find WORDS", "the same, only where these words occur"),
    ("read 1, or 1", "read the first message"),
    ("next", "read the one after"),
)
ASKED = {
    "extend": "How much longer? Like 6h, 1d, or tomorrow 9:00. ",
    "feedback": "Was its tone read right? Type right or wrong. ",
}
"""What has to be known besides the message."""
LEAVE = ("quit", "leave; the daemon goes on")

Speak = Callable[[str], None]


@dataclass
class Plain:
    """A review in lines. `speak` says something, `ask` returns what was typed (EOFError: nobody is there), `run` runs a plain command."""

    world: World
    speak: Speak
    ask: Callable[[str], str]
    run: Callable[[Sequence[str]], None]
    _numbered: list[str] = field(default_factory=list)
    _reading: int = 0

    def review(self) -> None:
        """Answer until the user leaves."""
        self._list("")
        self.speak("Type a number to read, help for the commands, quit to leave.")
        while True:
            try:
                line = self.ask(PROMPT)
            except (EOFError, KeyboardInterrupt):
                return
            if line.strip() in {"q", "quit", "exit"}:
                return
            self._answer(line)

    def _answer(self, line: str) -> None:
        command, *rest = line.split() or [""]
        act = next((key for key in ACTS if command in (key.key, key.action, key.word)), None)
        if command.isdecimal() and not rest:
            self._read(command)
        elif act is not None:
            self._act(act.action, rest)
        elif command in ("", "list", "l"):
            self._list("")
        elif command in ("find", "/"):
            self._list(" ".join(rest))
        elif command == "read":
            self._read(rest[0] if rest else str(self._reading))
        elif command in ("next", "n"):
            self._read(str(self._reading + 1))
        elif command in ("help", "h", "?"):
            self._help()
        else:
            self.speak(f"{clean(command)} is no command here; help lists them.")

    def _help(self) -> None:
        acts = [(f"{key.action} 1", key.sentence) for key in ACTS]
        for what, sentence in (*HELP, *acts, LEAVE):
            self.speak(f"{what}: {sentence}")
        self.speak("The number of the message that was read last may be left out.")

    # -- showing

    def _list(self, wanted: str) -> None:
        entries, runs = asyncio.run(self._waiting())
        if not runs:
            self.speak(words.DOWN)
        found = words.found(entries, words.View.ALL, wanted)
        self._numbered, self._reading = [entry.id for entry in found], 0
        if not found:
            self.speak("Nothing like that waits." if entries else words.EMPTY)
            return
        self.speak(f"{words.count(entries)}." if not wanted else f"Found: {words.count(found)}.")
        for number, entry in enumerate(found, 1):
            self.speak(f"{number}: to {words.client(entry)}. {words.subject(entry)}. {self._state(entry)}")

    async def _waiting(self) -> tuple[list[Entry], bool]:
        async with self.world.open_journal() as journal:
            return await journal.in_state(*words.SHOWN), lives(await journal.daemon(), self.world.clock())

    def _state(self, entry: Entry) -> str:
        asks = self.world.settings.hold.on_expiry is OnExpiry.ASK
        going = words.when(entry, self.world.clock(), self.world.zone, asks=asks).long
        return f"{_heat(entry)}. {going[0].upper()}{going[1:]}."

    def _read(self, number: str) -> None:
        identifier = self._named(number)
        if identifier is None:
            return
        self._reading = int(number)
        asyncio.run(self._read_aloud(identifier))

    async def _read_aloud(self, identifier: str) -> None:
        from coolmail.cli.screen.around import look_around  # noqa: PLC0415 - not needed for the list

        async with self.world.open_journal() as journal:
            entry = await journal.get(identifier)
            if entry is None or entry.state not in words.SHOWN:
                self.speak("This message does not wait any more.")
                return
            around = await look_around(journal, self.world.settings, entry, self.world.zone)
        self.speak(
            f"{entry.id}. To {words.one_line(', '.join(entry.recipients)) or '(nobody)'}. {words.subject(entry)}."
        )
        self.speak(self._state(entry))
        if entry.reasons:
            self.speak(f"Why: {words.one_line('; '.join(entry.reasons))}.")
        if around.quoted:
            self.speak(
                f"\n{words.one_line(entry.recipients[0]) if entry.recipients else 'They'} wrote:\n{clean(around.quoted[: letter.MOST], lines=True)}"
            )
        self.speak(f"\nYou wrote:\n{_own(entry)}")
        if entry.report is not None and (better := advice(entry.report)):
            self.speak("\nWhat works better:\n" + "\n".join(better))
        if around.instead:
            self.speak(f"\nInstead, a calmer answer, in your Drafts:\n{clean(around.instead, lines=True)}")

    # -- deciding

    def _act(self, action: str, rest: list[str]) -> None:
        if action == "undo" and not rest:
            self.run(["undo"])
            return
        number = rest.pop(0) if rest and rest[0].isdecimal() else str(self._reading)
        identifier = self._named(number)
        if identifier is None:
            return
        if action in ASKED and not rest:
            try:
                rest = self.ask(ASKED[action]).split()
            except (EOFError, KeyboardInterrupt):
                rest = []
            if not rest:
                self.speak("It stays as it is.")
                return
        match action:
            case "extend":
                rest = [" ".join(rest)]
            case "suggest" if rest and not rest[0].startswith("-"):
                rest = ["--kind", *rest]
        self.run([action, identifier, *rest])

    def _named(self, number: str) -> str | None:
        if not number.isdecimal() or not 0 < int(number) <= len(self._numbered):
            self.speak(
                "Say which one: its number in the list."
                if number == "0"
                else f"There is no message {clean(number)} in the list of {len(self._numbered)}."
            )
            return None
        return self._numbered[int(number) - 1]


def _heat(entry: Entry) -> str:
    report = entry.report
    return (
        f"{report.level.value.capitalize()}, {report.heat:.2f}"
        if report is not None and report.judged
        else "Not judged"
    )


def _own(entry: Entry) -> str:
    """Return the user's words; what is hot stands between spoken marks."""
    report = entry.report
    if report is None or not report.own_text.strip():
        return clean(entry.own_text, lines=True).strip() or "(no words of yours to show)"
    return "".join(
        piece.text if piece.hot is None else f"[hot: {', '.join(piece.hot.kinds)}] {piece.text} [end]"
        for piece in letter.pieces(report)
    )
