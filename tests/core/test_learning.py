"""What answers teach: how many are enough, how far the threshold goes, and what cancels what."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coolmail.core.learning import BY_CHANCE, Answer, by_chance, learn
from coolmail.core.tone import Level, Scale

SCALE = Scale(warm=0.3, heated=0.6, boiling=0.9)
_names = itertools.count()


def said(right: bool, *heats: float, text: str | None = None) -> list[Answer]:
    """Return one answer a heat to judgements that the model's own levels made; each about a text of its own, unless one is named."""
    return [Answer(text or f"t{next(_names)}", heat, heat >= SCALE.heated, right) for heat in heats]


def held_from(*answers: Sequence[Answer]) -> float:
    """Return where mail is held from after these answers."""
    return learn([each for some in answers for each in some], SCALE).scale.heated


ALARMS = (0.62, 0.65, 0.65, 0.7, 0.74)
MISSES = (0.58, 0.55, 0.5, 0.5, 0.47)


def test_without_answers_the_model_is_believed() -> None:
    """Its own levels are in force."""
    learned = learn([], SCALE)
    assert (learned.scale, learned.moved, learned.answers) == (SCALE, False, 0)


@pytest.mark.parametrize("count", range(5))
def test_fewer_than_five_answers_move_nothing(count: int) -> None:
    """Four times the same could be chance."""
    assert held_from(said(False, *ALARMS[:count])) == SCALE.heated
    assert held_from(said(False, *MISSES[:count])) == SCALE.heated


def test_five_false_alarms_raise_the_threshold_just_above_them() -> None:
    """Mail like these goes out from now on."""
    learned = learn(said(False, *ALARMS), SCALE)
    assert learned.scale == Scale(0.3, 0.75, 0.9)
    assert learned.scale.level(max(ALARMS)) is Level.WARM
    assert (learned.false_alarms, learned.missed, learned.out_of_reach) == (5, 0, 0)


def test_five_missed_ones_lower_it_just_below_them() -> None:
    """Mail like these is held from now on."""
    learned = learn(said(False, *MISSES), SCALE)
    assert learned.scale == Scale(0.3, 0.47, 0.9)
    assert (learned.false_alarms, learned.missed) == (0, 5)


def test_contrary_answers_cancel() -> None:
    """As many false alarms as missed ones say that the threshold is not what is wrong."""
    assert held_from(said(False, *ALARMS), said(False, *MISSES)) == SCALE.heated


def test_a_hold_that_was_right_speaks_against_raising() -> None:
    """Unless it is hotter than all that would be let go."""
    assert held_from(said(False, *ALARMS), said(True, 0.63)) == SCALE.heated
    assert held_from(said(False, *ALARMS), said(True, 0.8)) == 0.75


def test_mail_that_was_rightly_sent_speaks_against_lowering() -> None:
    """Unless it is colder than all that would be held."""
    assert held_from(said(False, *MISSES), said(True, 0.52)) == SCALE.heated
    assert held_from(said(False, *MISSES), said(True, 0.4)) == 0.47


def test_seven_against_one_are_enough() -> None:
    """One contrary answer asks for two more; six against one are not enough."""
    assert held_from(said(False, *ALARMS, 0.7), said(True, 0.63)) == SCALE.heated
    assert held_from(said(False, *ALARMS, 0.7, 0.7), said(True, 0.63)) == 0.75


def test_the_later_answer_about_one_text_stands() -> None:
    """Five answers to one text are one; a change of mind takes the first back."""
    assert held_from(said(False, *ALARMS, text="the same")) == SCALE.heated
    answers = said(False, *ALARMS)
    last = answers[-1]
    assert held_from(answers, [Answer(last.text_hash, last.heat, last.held, right=True)]) == SCALE.heated
    early = [Answer(last.text_hash, last.heat, last.held, right=True)]
    assert held_from(early, answers) == 0.75


def test_boiling_mail_is_held_and_cold_mail_is_sent_whatever_is_answered() -> None:
    """The bounds are the levels around the threshold."""
    learned = learn([*said(False, *[0.95] * 50), *said(False, *[0.1] * 50)], SCALE)
    assert learned.scale == SCALE
    assert learned.out_of_reach == 100
    assert held_from(said(False, *[0.899] * 20)) == SCALE.boiling
    assert held_from(said(False, *[0.3] * 20)) == SCALE.warm


def test_a_number_in_the_configuration_stays() -> None:
    """Answers are counted, and move nothing."""
    learned = learn(said(False, *ALARMS), SCALE, fixed=True)
    assert (learned.scale, learned.false_alarms) == (SCALE, 5)
    assert learned.in_words() == "mail is held from heat 0.60, as your configuration says"


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([], "mail is held from heat 0.60; no answer of yours spoke against that"),
        (said(True, 0.7), "mail is held from heat 0.60; no answer of yours spoke against that"),
        (
            said(False, 0.7),
            "mail is held from heat 0.60; you called 1 held text harmless, too few or too much at odds to move it",
        ),
        (
            said(False, *ALARMS, 0.35),
            "mail is held from heat 0.60; you called 5 held texts harmless and you called 1 sent text hot, too few or too much at odds to move it",
        ),
        (said(False, *ALARMS), "mail is held from heat 0.75 instead of 0.60, since you called 5 held texts harmless"),
        (said(False, 0.95), "mail is held from heat 0.60; you called 1 held text harmless, but too far from there to move it"),
    ],
)  # fmt: skip
def test_it_is_said_in_words(answers: list[Answer], words: str) -> None:
    """From which heat mail is held, and what of the answers."""
    assert learn(answers, SCALE).in_words() == words


@pytest.mark.parametrize(
    ("speaks_for", "against", "enough"),
    [(0, 0, False), (4, 0, False), (5, 0, True), (6, 1, False), (7, 1, True), (8, 2, False), (9, 2, True), (50, 50, False)],
)  # fmt: skip
def test_what_is_enough(speaks_for: int, against: int, enough: bool) -> None:
    """An exact sign test."""
    assert (by_chance(speaks_for, against) <= BY_CHANCE) is enough


def test_thousands_of_answers_are_counted_exactly() -> None:
    """No overflow where the numbers of ways are astronomical."""
    assert by_chance(3000, 0) == 0.0
    assert by_chance(1500, 1500) == pytest.approx(0.5, abs=0.01)


heats = st.floats(0, 1)
answers_ = st.lists(st.builds(Answer, st.uuids().map(str), heats, st.booleans(), st.booleans()), max_size=40)


@given(answers_)
def test_the_bounds_hold_whatever_is_answered(answers: list[Answer]) -> None:
    """And the other two levels stay where they are."""
    scale = learn(answers, SCALE).scale
    assert SCALE.warm <= scale.heated <= SCALE.boiling
    assert (scale.warm, scale.boiling) == (SCALE.warm, SCALE.boiling)


@given(answers_, heats, st.booleans())
def test_one_more_harmless_text_never_lowers_the_threshold(answers: list[Answer], heat: float, held: bool) -> None:
    """And one more hot text never raises it."""
    before = learn(answers, SCALE).scale.heated
    assert learn([*answers, Answer("new", heat, held, right=not held)], SCALE).scale.heated >= before
    assert learn([*answers, Answer("new", heat, held, right=held)], SCALE).scale.heated <= before


@given(answers_)
def test_a_move_meets_more_answers_than_it_leaves(answers: list[Answer]) -> None:
    """Counted over all answers: the new threshold is wrong less often than the old one."""
    learned = learn(answers, SCALE)
    wrong = [sum((a.heat >= scale.heated) != a.should_hold for a in answers) for scale in (SCALE, learned.scale)]
    assert wrong[1] + 5 <= wrong[0] if learned.moved else wrong[1] == wrong[0]
