"""The list of what waits, by deadline."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Key as KeyPressed
from textual.visual import Visual
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from coolmail.cli.screen import words
from coolmail.cli.screen.frame import Framed
from coolmail.cli.screen.keys import HELP_LINE_LIST, LIST, SEARCHING, Key
from coolmail.cli.screen.rows import POINTER, Rows
from coolmail.core.entry import Entry

if TYPE_CHECKING:
    from textual.css.styles import RulesMap
    from textual.strip import Strip
    from textual.style import Style as VisualStyle
    from textual.visual import RenderOptions

NOT_FOUND = "Nothing like that waits. Esc ends the search, v changes the view."


EDGES = 5
"""Cells of a line that are no column: both edges, the pointer, the scroll bar."""


class Row(Visual):
    """A message as one line, laid out only when it comes into view: a thousand may wait."""

    def __init__(self, entry: Entry, columns: words.Columns, now: datetime, zone: tzinfo, *, asks: bool) -> None:
        self.entry, self._columns, self._now, self._zone, self._asks = entry, columns, now, zone, asks

    def render_strips(self, width: int, height: int | None, style: VisualStyle, options: RenderOptions) -> list[Strip]:
        """Draw the line, cut where there is no room."""
        line = words.row(self.entry, self._columns, self._now, self._zone, asks=self._asks)
        line.truncate(width, overflow="ellipsis")
        return Content.from_rich_text(line).render_strips(width, height, style, options)

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:  # noqa: ARG002
        """Return all cells that there are."""
        return container_width

    def get_height(self, rules: RulesMap, width: int) -> int:  # noqa: ARG002
        """Return one line."""
        return 1


class SearchLine(Input):
    """The line of the search. Enter ends it at once: what is typed ahead of the list goes to the list, not into the search."""

    def __init__(self, searched: Callable[[str], None]) -> None:
        super().__init__(id="search", placeholder="client, subject or words", compact=True)
        self._searched = searched

    async def _on_key(self, event: KeyPressed) -> None:
        if self.screen.focused is not self:
            self.app.post_message(KeyPressed(event.key, event.character))
        elif event.key == "enter":
            self._searched(self.value)
        else:
            await super()._on_key(event)
            return
        event.stop()
        event.prevent_default()


class Waiting(Framed):
    """The list."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # Before the list sees it: what is typed after the slash belongs to the search.
        Binding(key.key, f"app.{key.action}", key.word, priority=key.action == "search")
        for key in LIST
        if key.action != "open"
    ]

    def __init__(self) -> None:
        super().__init__(id="waiting")
        self._shown: tuple[words.Columns, datetime, list[Entry]] | None = None
        self._view, self._wanted = words.View.ALL, ""

    def body(self) -> Iterable[object]:
        """Compose the list below its headings."""
        yield SearchLine(self.go_to_found)
        yield Static(id="headings")
        yield Rows(id="list")
        yield Static(id="empty")

    def on_mount(self) -> None:
        """Begin at the list."""
        self.query_one("#search").display = False
        self.query_one("#list").focus()

    @property
    def keys(self) -> tuple[Key, ...]:
        """The keys that do something now."""
        if isinstance(self.focused, Input):
            return SEARCHING
        return HELP_LINE_LIST if self.entries else HELP_LINE_LIST[-2:]

    @property
    def entries(self) -> list[Entry]:
        """The messages of the chosen view."""
        return words.found(self.review.entries, self._view, self._wanted)

    @property
    def chosen(self) -> str | None:
        """The id of the message under the bar."""
        option = self.query_one("#list", OptionList).highlighted_option
        return option.id if option is not None else None

    def title_line(self) -> str:
        """Say how many wait, and what part of them is shown."""
        entries = self.review.entries
        said = f"coolmail   {words.count(entries)}"
        narrowed = [f"view: {self._view.value}"] if self._view is not words.View.ALL else []
        narrowed += [f"search: {words.one_line(self._wanted)}"] if self._wanted else []
        return f"{said}   ({', '.join(narrowed)})" if narrowed else said

    def lay_out(self) -> None:
        """Fill the list; the bar stays on its message, or else in its place."""
        super().lay_out()
        review, table = self.review, self.query_one("#list", OptionList)
        columns = words.Columns.within(self.size.width - EDGES)
        now, zone = review.world.clock(), review.world.zone
        entries = self.entries
        shown = (columns, now.replace(second=0, microsecond=0), entries)
        if shown != self._shown:
            self._fill(table, [Row(entry, columns, now, zone, asks=review.asks) for entry in entries])
            self._shown = shown
        self.query_one("#headings", Static).update(Text(" " * len(POINTER) + words.headings(columns), no_wrap=True))
        empty = self.query_one("#empty", Static)
        empty.update(Text(NOT_FOUND if review.entries else words.EMPTY if review.known else "Opening the journal …"))
        empty.display = not entries
        table.display = self.query_one("#headings").display = bool(entries)

    @staticmethod
    def _fill(table: OptionList, rows: list[Row]) -> None:
        option = table.highlighted_option
        place, chosen = table.highlighted, option.id if option is not None else None
        ids = [row.entry.id for row in rows]
        table.set_options(Option(row, id=row.entry.id) for row in rows)
        if chosen in ids:
            table.highlighted = ids.index(chosen)
        elif ids:
            table.highlighted = min(place or 0, len(ids) - 1)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Read the message."""
        if event.option_id is not None:
            self.review.read(event.option_id)

    def next_view(self) -> None:
        """Show another part of the messages."""
        self._view = self._view.next
        self.lay_out()

    def search(self) -> None:
        """Open the search line."""
        line = self.query_one("#search", Input)
        line.display = True
        self.set_focus(line)
        self.call_after_refresh(self.lay_out)

    def end_search(self) -> None:
        """Show everything of this view again."""
        line = self.query_one("#search", Input)
        line.value = self._wanted = ""
        line.display = False
        self.query_one("#list").focus()
        self.call_after_refresh(self.lay_out)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow the list while the words are typed."""
        self._wanted = event.value
        self.lay_out()

    def go_to_found(self, wanted: str) -> None:
        """Go to the list with what was found; stay in the search if nothing was."""
        self._wanted = wanted
        self.lay_out()
        if self.entries:
            self.set_focus(self.query_one("#list"))
            self.call_after_refresh(self.lay_out)

    def key_escape(self) -> None:
        """End the search."""
        if self._wanted or self.query_one("#search").display:
            self.end_search()
