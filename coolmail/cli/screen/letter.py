"""A letter laid out for reading: its hot sentences underlined, their kinds in the margin, so that neither colour nor sharp eyes are needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console
from rich.style import Style
from rich.text import Text

from coolmail.cli.screen.words import HOT, fit
from coolmail.core.clean import clean
from coolmail.core.tone import SentenceHeat, ToneReport

MARK = "▌"
"""Stands beside every line with hot words."""

MARGIN_AT_MOST = 28
NARROWEST = 24
"""Cells that the text itself keeps; a margin that would leave less is dropped to the marks alone."""

MOST = 200_000
"""Characters of a text that are laid out; what comes after is said to be there."""

HOT_STYLE = Style.parse(f"bold underline {HOT}")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of the text; `hot` is its sentence, None where nothing is hot."""

    text: str
    hot: SentenceHeat | None


def pieces(report: ToneReport) -> Iterator[_Piece]:
    """Cut the own text into hot and other stretches, each cleaned."""
    text, at = report.own_text[:MOST], 0
    for sentence in sorted(report.hot, key=lambda hot: hot.start):
        if sentence.start < at or sentence.start >= len(text):
            continue
        yield _Piece(clean(text[at : sentence.start], lines=True), None)
        yield _Piece(clean(text[sentence.start : sentence.end], lines=True), sentence)
        at = max(at, sentence.end)
    yield _Piece(clean(text[at:], lines=True).rstrip(), None)


def lay_out(report: ToneReport, width: int) -> Text:
    """Return the own text in lines of at most `width` cells, with a margin where something is hot."""
    parts = list(pieces(report))
    hot = [part for part in parts if part.hot is not None]
    if not hot:
        return _joined(wrap(Text("".join(part.text for part in parts)), width))
    margin = min(MARGIN_AT_MOST, max(cell_len(", ".join(_kinds(part))) for part in hot))
    if width - margin - 3 < NARROWEST:
        margin = min(margin, max(cell_len(kind) for part in hot for kind in _kinds(part)))
    if width - margin - 3 < NARROWEST:
        margin = 0
    text = Text()
    for number, part in enumerate(parts):
        text.append(part.text, style=HOT_STYLE + Style(meta={"hot": number}) if part.hot is not None else None)
    return _joined(_with_margin(wrap(text, width - margin - (3 if margin else 2)), parts, margin))


def _with_margin(lines: Iterable[Text], parts: list[_Piece], margin: int) -> Iterator[Text]:
    waiting: list[str] = []
    begun: set[int] = set()
    for line in lines:
        numbers = [number for span in line.spans if (number := _hot(span.style)) is not None and span.start < span.end]
        for number in numbers:
            if number not in begun:
                begun.add(number)
                waiting += [kind for kind in _kinds(parts[number]) if kind not in waiting]
        yield _line(line, waiting, margin, marked=bool(numbers))
    while waiting and margin:
        yield _line(Text(), waiting, margin, marked=True)


def _line(line: Text, waiting: list[str], margin: int, *, marked: bool) -> Text:
    """Put as many of the waiting kinds beside a line as there is room for."""
    said = ""
    while waiting and cell_len(f"{said}, {waiting[0]}" if said else waiting[0]) <= margin:
        said = f"{said}, {waiting.pop(0)}" if said else waiting.pop(0)
    mark = MARK if marked else " "
    head = Text(f"{' ' * (margin - cell_len(said))}{said} " if margin else "", style="italic")
    return Text.assemble(head, (f"{mark} ", HOT), line)


def _hot(style: object) -> int | None:
    return style.meta.get("hot") if isinstance(style, Style) else None


def _kinds(part: _Piece) -> list[str]:
    return [kind.value for kind in part.hot.kinds] if part.hot is not None else []


def wrap(text: Text, width: int) -> list[Text]:
    """Return a text as lines of at most `width` cells, wide characters counted as two; the styles stay."""
    console = Console(width=max(4, width), force_terminal=False, legacy_windows=False)
    text.expand_tabs(4)
    lines = text.wrap(console, max(4, width))
    for line in lines:
        line.rstrip()
    return list(lines)


def plain(text: str, width: int, *, at_most: int | None = None) -> Text:
    """Return text from mail in clean lines of at most `width` cells; what is cut after `at_most` lines is said."""
    lines = wrap(Text(clean(text[:MOST], lines=True).strip("\n")), width)
    if at_most is not None and len(lines) > at_most:
        more = len(lines) - at_most + 1
        lines = [*lines[: at_most - 1], Text(fit(f"… {more} more lines", width).rstrip(), style="dim")]
    return _joined(lines)


def _joined(lines: Iterable[Text]) -> Text:
    joined = Text("\n", no_wrap=True).join(lines)
    joined.no_wrap = True
    return joined


def hot_sentences(report: ToneReport | None) -> list[tuple[str, str]]:
    """Return each hot sentence on one clean line, with its kinds in words."""
    if report is None:
        return []
    return [(" ".join(part.text.split()), ", ".join(_kinds(part))) for part in pieces(report) if part.hot is not None]
