"""What the list and the letter have in common: a title line, a warning while the daemon is down, what was said last, the keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from rich.text import Text
from textual.app import ComposeResult
from textual.events import Resize
from textual.screen import Screen
from textual.widgets import Static

from coolmail.cli.screen import words
from coolmail.cli.screen.keys import Key, help_line

if TYPE_CHECKING:
    from coolmail.cli.screen.app import Review


class Framed(Screen[None]):
    """A screen with the frame; what stands inside is `body`."""

    @property
    def review(self) -> Review:
        """The application."""
        return cast("Review", self.app)

    def body(self) -> Iterable[object]:
        """Compose what stands inside."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """Compose the frame and its inside."""
        yield Static(id="title")
        yield Static(Text(words.DOWN), id="down")
        yield from self.body()  # type: ignore[misc]
        yield Static(id="said")
        yield Static(id="keys")

    def on_resize(self, _: Resize) -> None:
        """Lay everything out anew."""
        self.lay_out()

    def on_screen_resume(self) -> None:
        """Show what happened while another screen was in front."""
        self.lay_out()

    def lay_out(self) -> None:
        """Show the present state of things."""
        self.query_one("#title", Static).update(Text(self.title_line(), no_wrap=True, overflow="ellipsis"))
        self.query_one("#down").display = self.review.daemon is False
        said = self.query_one("#said", Static)
        said.update(Text(self.review.said))
        said.set_class(self.review.refused, "refused")
        said.display = bool(self.review.said)
        self.query_one("#keys", Static).update(help_line(self.keys, self.size.width - 2))

    @property
    def keys(self) -> tuple[Key, ...]:
        """The keys that do something now, for the help line."""
        raise NotImplementedError

    def title_line(self) -> str:
        """Return what the first line says."""
        raise NotImplementedError
