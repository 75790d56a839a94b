"""One message: the client's mail above, the user's words with the hot ones marked, and beside them (below, on narrow screens) a calmer answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Static

from coolmail.cli.screen import letter, words
from coolmail.cli.screen.frame import Framed
from coolmail.cli.screen.keys import HELP_LINE_READING, READING, Key
from coolmail.core.advice import advice
from coolmail.core.entry import Entry

WIDE = 110
"""Cells from which there is room for a second column."""


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around a message: the client's quoted mail and the text of the alternative draft; None: not known yet."""

    quoted: str | None = None
    instead: str | None = None


class Reading(Framed):
    """The message with this id."""

    BINDINGS: ClassVar[list[BindingType]] = [(key.key, f"app.{key.action}", key.word) for key in READING]

    def __init__(self, identifier: str) -> None:
        super().__init__(id="reading")
        self.identifier = identifier
        self.around = Around()

    def body(self) -> Iterable[object]:
        """Compose the two columns."""
        with Horizontal(id="columns"):
            with VerticalScroll(id="letter", can_focus=True):
                yield Static(id="head")
                yield Static(id="quoted", classes="section")
                yield Static(id="own", classes="section")
                yield Static(id="better", classes="section")
                yield Static(id="instead-below", classes="section")
            with VerticalScroll(id="beside", can_focus=False):
                yield Static(id="instead")

    def on_mount(self) -> None:
        """Begin at the letter."""
        self.query_one("#letter").focus()

    @property
    def keys(self) -> tuple[Key, ...]:
        """The keys that do something now."""
        return HELP_LINE_READING if self.entry is not None else READING

    @property
    def entry(self) -> Entry | None:
        """The message; None once it does not wait any more."""
        return self.review.entry(self.identifier)

    def title_line(self) -> str:
        """Name the message."""
        entry = self.entry
        return (
            f"coolmail   {entry.id}   {words.subject(entry)}" if entry is not None else f"coolmail   {self.identifier}"
        )

    def turn_to(self, identifier: str) -> None:
        """Show another message from its beginning."""
        self.identifier, self.around = identifier, Around()
        self.query_one("#letter", VerticalScroll).scroll_home(animate=False)
        self.lay_out()

    def lay_out(self) -> None:
        """Lay the letter out for the present width."""
        super().lay_out()
        entry = self.entry
        wide = self.size.width >= WIDE and entry is not None and bool(self.around.instead)
        self.query_one("#beside").display = wide
        sections = ("quoted", "own", "better", "instead-below")
        if entry is None:
            self._put("head", Text("This message does not wait any more. Esc leads back to the list."))
            for name in (*sections, "instead"):
                self._put(name, None)
            return
        width = max(20, (self.size.width * 3 // 5 if wide else self.size.width) - 6)
        self._put("head", self._head(entry))
        self._put("quoted", self._quoted(entry, width))
        self._put("own", self._own(entry, width))
        self._put("better", _better(entry))
        self._put("instead-below", None if wide else self._instead(width))
        self._put("instead", self._instead(self.size.width - width - 13) if wide else None)

    def _put(self, name: str, text: Text | None) -> None:
        place = self.query_one(f"#{name}", Static)
        place.display = text is not None
        if text is not None:
            place.update(text)

    def _head(self, entry: Entry) -> Text:
        """Say to whom, how hot, until when, and why."""
        world = self.review.world
        going = words.when(entry, world.clock(), world.zone, asks=self.review.asks)
        text = Text()
        readers = words.one_line(", ".join(entry.recipients)) or "(nobody)"
        text.append(f"To {readers if len(readers) < 300 else readers[:300] + '…'}\n")
        heat = words.heat(entry.report)
        if entry.report is not None and entry.report.judged:
            heat.append(f" ({entry.report.heat:.2f})")
        heat.append("   ")
        text.append_text(heat)
        text.append(going.long[0].upper() + going.long[1:], style=going.style)
        if entry.reasons:
            why = words.one_line("; ".join(entry.reasons[:6]))
            text.append(f"\n{why[0].upper()}{why[1:]}", style="italic")
        return text

    def _quoted(self, entry: Entry, width: int) -> Text | None:
        if not self.around.quoted:
            return None
        lines = max(4, self.size.height // 4)
        client = words.one_line(entry.recipients[0]) if entry.recipients else "They"
        title = Text(f"{client} wrote\n", style="bold")
        text = letter.plain(self.around.quoted, width - 2, at_most=lines)
        return Text("\n").join([title[:-1], *(Text.assemble("│ ", line) for line in text.split("\n"))])

    def _own(self, entry: Entry, width: int) -> Text:
        report = entry.report
        if report is not None and report.own_text.strip():
            return Text.assemble(("You wrote\n", "bold"), letter.lay_out(report, width))
        said = report.notice if report is not None and report.notice else "There are no words of yours to show."
        own = (
            letter.plain(entry.own_text, width)
            if entry.own_text.strip()
            else Text(words.one_line(said), style="italic")
        )
        return Text.assemble(("You wrote\n", "bold"), own)

    def _instead(self, width: int) -> Text | None:
        if not self.around.instead:
            return None
        return Text.assemble(
            ("Instead: a calmer answer, in your Drafts\n", "bold"), letter.plain(self.around.instead, width)
        )


def _better(entry: Entry) -> Text | None:
    lines = advice(entry.report) if entry.report is not None else ()
    if not lines:
        return None
    return Text.assemble(("What works better", "bold"), *(f"\n- {line}" for line in lines))
