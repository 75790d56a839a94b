"""A list that needs no colour: the chosen line is pointed at."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widgets import OptionList

POINTER = "▸ "
"""Stands before the chosen row; the others are as far indented."""


class Rows(OptionList):
    """One line a choice."""

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        strip = super().render_line(y)
        chosen = self.scroll_offset.y + y == self.highlighted
        if chosen and self.app.no_color:
            strip = strip.apply_style(Style(reverse=True, bold=True))
        style = next(iter(strip)).style if strip.cell_length else None
        pointer = Segment(POINTER if chosen else " " * len(POINTER), style)
        return Strip.join([Strip([pointer]), strip.crop(0, strip.cell_length - len(POINTER))])
