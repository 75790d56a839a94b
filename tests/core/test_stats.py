"""What became of the mail: each figure counts what it says, and a mail counts once however often it was taken."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coolmail.core.states import State
from coolmail.core.stats import Answer, Seen, Stats, count
from tests.core.making import NOW

DAY = timedelta(days=1)
ONE = Seen("m1", NOW, State.FILED, False, ("bo@shop.example",), heat=0.1)
HELD = replace(ONE, id="h1", held=True, heat=0.9)


def of(*seen: Seen, answers: tuple[Answer, ...] = (), edited: tuple[str, ...] = (), called: int = 0) -> Stats:
    """Count in Copenhagen."""
    return count(seen, answers, edited=edited, called=called, zone=ZoneInfo("Europe/Copenhagen"))


def test_nothing() -> None:
    """All zero, 24 hours, no gap to fill."""
    found = of()
    assert (found.messages, found.held, found.over_time, found.clients, len(found.hours)) == (0, 0, (), (), 24)


@pytest.mark.parametrize(
    ("changes", "figure"),
    [
        ({}, "waited"),
        ({"override": True}, "overridden"),
        ({"state": State.CANCELLED}, "cancelled"),
        ({"state": State.HELD}, "waiting"),
        ({"state": State.REVIEW}, "waiting"),
    ],
)
def test_what_became_of_a_held_mail(changes: dict[str, object], figure: str) -> None:
    """One of these, and no other; mail that was not held counts in none."""
    names = ("waited", "overridden", "cancelled", "waiting")
    found = of(replace(HELD, **changes), replace(ONE, **changes))  # type: ignore[arg-type]
    assert [getattr(found, name) for name in names] == [int(name == figure) for name in names]
    assert (found.messages, found.held) == (2, 1)


def test_edited_where_it_waited_or_withdrawn_and_declared_ready_again() -> None:
    """Both are revised; the second is one mail, held though its new version is calm."""
    again = replace(ONE, id="m2", continues="h2")
    found = of(HELD, replace(HELD, id="h2", state=State.WITHDRAWN), again, edited=("h1",))
    assert (found.messages, found.held, found.revised) == (2, 2, 2)


def test_versions_that_continue_each_other_in_a_circle_end() -> None:
    """A damaged journal must not hang the command."""
    assert of(replace(ONE, id="a", continues="b"), replace(ONE, id="b", continues="a")).messages == 0


def test_the_last_answer_about_a_text_stands() -> None:
    """False alarms are held texts called harmless, missed ones sent texts called hot."""
    answers = (
        Answer("x", True, True),
        Answer("x", True, False),
        Answer("y", True, True),
        Answer("z", False, True),
    )
    found = of(answers=answers)
    assert (found.answers, found.false_alarms, found.missed) == (3, 1, 1)


def test_by_hour_in_the_users_zone() -> None:
    """Noon in UTC is one o'clock in Copenhagen in winter."""
    found = of(ONE, HELD)
    assert [(g.name, g.messages, g.held, g.heat) for g in found.hours if g.messages] == [("13", 2, 1, 0.5)]


def test_by_client_most_held_first() -> None:
    """An address is one whatever its case; what was never judged has no heat."""
    both = replace(HELD, id="h2", recipients=("BO@shop.example", "bo@shop.example", "cy@x.example"))
    found = of(replace(ONE, recipients=("al@x.example",), heat=None), both, HELD)
    assert [(g.name, g.messages, g.held) for g in found.clients] == [
        ("bo@shop.example", 2, 2),
        ("cy@x.example", 1, 1),
        ("al@x.example", 1, 0),
    ]
    assert found.clients[-1].heat is None


def test_over_time_without_gaps() -> None:
    """By day for a short time, by week (from Monday) for a longer one."""
    days = of(ONE, replace(ONE, id="m2", at=NOW + 3 * DAY)).over_time
    assert [(g.name, g.messages) for g in days] == [
        ("2025-11-24", 1),
        ("2025-11-25", 0),
        ("2025-11-26", 0),
        ("2025-11-27", 1),
    ]
    weeks = of(ONE, replace(ONE, id="m2", at=NOW + 45 * DAY)).over_time
    assert [g.name for g in weeks][:2] == ["2025-11-24", "2025-12-01"]
    assert [g.messages for g in weeks] == [1, 0, 0, 0, 0, 0, 1]


@given(st.lists(st.tuples(st.integers(0, 400), st.sampled_from(State), st.booleans(), st.booleans())))
def test_whatever_happened_the_figures_add_up(what: list[tuple[int, State, bool, bool]]) -> None:
    """Every mail is in one hour and in one day or week."""
    seen = [
        Seen(f"m{n}", NOW + timedelta(hours=7 * hours), state, held, ("bo@shop.example",), override)
        for n, (hours, state, held, override) in enumerate(what)
    ]
    found = count(seen, (), edited=(), called=0, zone=UTC)
    assert (
        sum(g.messages for g in found.hours) == sum(g.messages for g in found.over_time) == found.messages == len(what)
    )
    assert sum(g.held for g in found.hours) == found.held
    assert found.cancelled + found.waiting + found.waited <= found.held
