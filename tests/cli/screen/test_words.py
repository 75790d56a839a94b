"""A message in one line: aligned whatever stands in it, and said in plain words."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from coolmail.cli.screen import words
from coolmail.cli.screen.letter import lay_out, pieces, plain
from coolmail.core.clean import clean
from coolmail.core.states import Decision, Stage, State
from coolmail.core.tone import Kind, Level, SentenceHeat, ToneReport
from tests.core.making import NOW, calm_report, hot_report, make_entry

ZONE = ZoneInfo("Europe/Copenhagen")
HOUR = timedelta(hours=1)

WILD = st.text(st.sampled_from("ab 見🙂é\u0301\u200b\u202e\x1b[\r\n\t👩\u200d🚀️‍") | st.characters(), max_size=80)


@given(WILD, WILD, st.integers(20, 250))
def test_every_row_has_the_same_width(subject: str, reader: str, width: int) -> None:
    """Columns align with wide characters, emoji, combining and invisible marks; the headings with them."""
    columns = words.Columns.within(width)
    usual = make_entry(report=hot_report(), hold_until=NOW + 23 * HOUR, state=State.HELD)
    wild = make_entry(
        report=hot_report(), hold_until=NOW + HOUR, state=State.HELD, subject=subject, recipients=(reader,)
    )
    lengths = {cell_len(words.row(entry, columns, NOW, ZONE).plain) for entry in (usual, wild)}
    assert lengths == {cell_len(words.headings(columns))}
    assert all(letter.isprintable() for letter in words.row(wild, columns, NOW, ZONE).plain if letter != "\u200d")


@given(WILD, st.integers(1, 60))
def test_fit_is_exact(text: str, width: int) -> None:
    """So many cells, no more and no less."""
    assert cell_len(words.fit(words.one_line(text), width)) == width


@given(st.lists(st.tuples(WILD, st.booleans()), max_size=8), st.integers(4, 120))
def test_no_word_of_a_letter_is_lost(parts: list[tuple[str, bool]], width: int) -> None:
    """Marked or not, wrapped or not: what the user wrote is all there, and no line is wider than there is room for."""
    text, sentences = "", []
    for part, hot in parts:
        if hot and part:
            sentences.append(SentenceHeat(part, len(text), len(text) + len(part), 0.9, (Kind.BLAME,)))
        text += part
    report = ToneReport(0.9, Level.HEATED, text, tuple(sentences), "en")
    assert "".join(piece.text for piece in pieces(report)).rstrip() == clean(text, lines=True).rstrip()
    shown = plain(text, width)
    assert "".join(shown.plain.split()) == "".join(clean(text, lines=True).split())
    assert all(cell_len(line) <= max(width, 4) for line in shown.plain.split("\n"))
    assert all(cell_len(line) <= max(width, 6) for line in lay_out(report, width).plain.split("\n"))


def test_the_kinds_stand_in_the_margin_of_their_sentence() -> None:
    """Beside its first line; every line with hot words has a mark."""
    lines = lay_out(hot_report(), 60).plain.split("\n")
    marked = [line for line in lines if "▌" in line]
    assert any("You never read" in line and "blame, anger" in line.partition("▌")[0] for line in marked)
    assert all("▌" in line for line in lines if "never" in line or "send you" in line)


GOING = [
    ({"state": State.HELD, "hold_until": NOW + 23 * HOUR}, "in 23 h", "it goes out Tue 25 Nov 12:00, in 23 h"),
    ({"state": State.HELD, "hold_until": NOW}, "any moment", "its deadline is here"),
    ({"state": State.HELD, "hold_until": NOW + HOUR, "frozen": True}, "keep one of two", "two versions"),
    ({"state": State.REVIEW}, "you decide", "it does not go out by itself"),
    ({"state": State.REVIEW, "stage": Stage.DATA}, "sent or not?", "look into Sent"),
    ({"state": State.FAILED}, "restore it", "coolmail restore h7k2"),
    ({"state": State.DUE}, "on its way", "it is on its way"),
    ({"state": State.DUE, "next_attempt_at": NOW + HOUR}, "retry in 1 h", "the next try is in"),
]


@pytest.mark.parametrize(("changes", "short", "long"), GOING)
def test_when_it_goes_out(changes: dict[str, object], short: str, long: str) -> None:
    """Every state has words of its own."""
    said = words.when(make_entry(**changes), NOW, ZONE)
    assert said.short == short
    assert long in said.long


@pytest.mark.parametrize("decision", Decision)
def test_every_decision_has_words(decision: Decision) -> None:
    """A message about which something was decided says what, until the daemon carried it out."""
    said = words.when(make_entry(state=State.HELD, decision=decision), NOW, ZONE)
    assert "the daemon carries it out" in said.long
    assert cell_len(said.short) <= 16


def test_with_on_expiry_ask_nobody_is_told_that_it_goes_out() -> None:
    """Then the user is asked at the deadline."""
    entry = make_entry(state=State.HELD, hold_until=NOW + HOUR)
    assert words.when(entry, NOW, ZONE, asks=True).long.startswith("you are asked")


def test_heat_needs_no_colour() -> None:
    """A bar and a word; what was not judged is not called calm."""
    assert words.heat(hot_report(0.7)).plain == "████░ heated"
    assert words.heat(calm_report(0.0)).plain == "░░░░░ calm"
    assert words.heat(None).plain == "not judged"
