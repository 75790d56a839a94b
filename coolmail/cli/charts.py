"""Charts as inline SVG, drawn from plain values: no script, no font, no picture from elsewhere. All text is cleaned and escaped here."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from coolmail.core.clean import shorten
from coolmail.core.stats import Group

WIDTH, HEIGHT, LEFT, RIGHT, BOTTOM, TOP = 720, 230, 44, 16, 34, 14


def text(words: str, most: int = 60) -> str:
    """Return words from anywhere as text for HTML."""
    return escape(shorten(words, most))


def columns(groups: Sequence[Group], *, title: str, labels: int = 12) -> str:
    """Draw how many mails there were, and how many of them were held, as columns."""
    most = max((group.messages for group in groups), default=0) or 1
    step = (WIDTH - LEFT - RIGHT) / max(1, len(groups))
    parts = _grid(most)
    for number, group in enumerate(groups):
        x, width = LEFT + number * step + step * 0.14, step * 0.72
        for count, kind in ((group.messages, "all"), (group.held, "held")):
            if count:
                height = (HEIGHT - TOP - BOTTOM) * count / most
                parts.append(
                    f'<rect class="{kind}" x="{x:.1f}" y="{HEIGHT - BOTTOM - height:.1f}" width="{width:.1f}" height="{height:.1f}" rx="2"/>'
                )
    return _svg(title, HEIGHT, [*parts, *_names(groups, step, labels)])


def line(groups: Sequence[Group], *, title: str, labels: int = 8) -> str:
    """Draw mean heat, 0 to 1, as a line through its points; where nothing was written there is no point."""
    step = (WIDTH - LEFT - RIGHT) / max(1, len(groups))
    parts = [
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH}" y1="{_y(heat):.1f}" y2="{_y(heat):.1f}"/>'
        f'<text class="axis" x="{LEFT - 8}" y="{_y(heat) + 4:.1f}" text-anchor="end">{heat:.1f}</text>'
        for heat in (0.0, 0.5, 1.0)
    ]
    points = [
        (LEFT + (number + 0.5) * step, _y(group.heat), group)
        for number, group in enumerate(groups)
        if group.heat is not None
    ]
    path = " ".join(f"{'L' if number else 'M'}{x:.1f} {y:.1f}" for number, (x, y, _) in enumerate(points))
    parts.append(f'<path class="heat" d="{path}"/>' if len(points) > 1 else "")
    parts += [
        f'<circle class="heat" cx="{x:.1f}" cy="{y:.1f}" r="3.5"><title>{text(group.name)}: {group.heat:.2f}</title></circle>'
        for x, y, group in points
    ]
    return _svg(title, HEIGHT, [*parts, *_names(groups, step, labels)])


def bars(groups: Sequence[Group], *, title: str) -> str:
    """Draw a bar for each group, one below the other: mails, and the held ones among them."""
    most = max((group.messages for group in groups), default=0) or 1
    row, name = 26, 250
    parts = []
    for number, group in enumerate(groups):
        y = number * row + 6
        parts.append(f'<text class="name" x="{name - 10}" y="{y + 13}" text-anchor="end">{text(group.name, 34)}</text>')
        for count, kind in ((group.messages, "all"), (group.held, "held")):
            if count:
                parts.append(
                    f'<rect class="{kind}" x="{name}" y="{y}" width="{(WIDTH - name - 90) * count / most:.1f}" height="17" rx="2"/>'
                )
        x = name + (WIDTH - name - 90) * group.messages / most + 8
        parts.append(f'<text class="axis" x="{x:.1f}" y="{y + 13}">{group.held} of {group.messages}</text>')
    return _svg(title, len(groups) * row + 10, parts)


def _y(heat: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * heat


def _grid(most: int) -> list[str]:
    marks = sorted({0, most // 2, most}) if most > 1 else [0, 1]
    parts = []
    for mark in marks:
        y = HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * mark / most
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="axis" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{mark}</text>'
        )
    return parts


def _names(groups: Sequence[Group], step: float, labels: int) -> list[str]:
    every = max(1, -(-len(groups) // labels))
    return [
        f'<text class="axis" x="{LEFT + (number + 0.5) * step:.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{text(group.name)}</text>'
        for number, group in enumerate(groups)
        if number % every == 0 and LEFT + (number + 0.5) * step < WIDTH - 3.5 * len(group.name)
    ]


def _svg(title: str, height: int, parts: Sequence[str]) -> str:
    inside = "".join(parts)
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{text(title)}"><title>{text(title)}</title>{inside}</svg>'
