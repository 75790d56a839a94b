"""What is said of a set of judged mails, on sets small enough to count by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

from coolmail.core.settings import Sensitivity
from coolmail.core.tone import Kind, Scale
from coolmail.tone.evaluation.figures import Judged, evidence, figures, of_rows, of_scores, same
from coolmail.tone.evaluation.worst import worst
from tests.tone.evaluation.mail import HOT, HOT_SENTENCE, judged, labelled

SCALES = {Sensitivity.NORMAL: Scale(), Sensitivity.STRICT: Scale(heated=0.4)}


def some() -> list[Judged]:
    """Ten sendable mails, one of them held by mistake; ten heated ones, of which two are missed; a grey one; one read once only."""
    calm = [
        judged(labelled(f"w01-c{n}", pair=f"p{n}", scenario=f"s{n}"), 0.9 if n == 0 else 0.05 + n / 100)
        for n in range(10)
    ]
    hot = [
        judged(
            labelled(
                f"w02-h{n}", held=True, pair=f"p{n}", scenario=f"s{n}", kinds=[Kind.INSULT if n < 4 else Kind.BLAME]
            ),
            heat,
        )
        for n, heat in enumerate([0.95, 0.95, 0.95, 0.95, 0.95, 0.95, 0.95, 0.95, 0.5, 0.01])
    ]
    return [
        *calm,
        *hot,
        judged(labelled("w02-g", held=True, agreed=False), 0.8),
        judged(labelled("w02-u", held=True, agreed=None), 0.2),
    ]


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """What is said of them."""
    return figures(some(), SCALES, rounds=200)


def test_only_confirmed_mail_counts(told: dict[str, Any]) -> None:
    """The grey mail and the one without a second reading are told apart."""
    assert (told["mails"], told["held"], told["sendable"], told["without_second_reading"]) == (20, 10, 10, 1)
    assert told["grey"] == {"mails": 1, "held": 1, "with_the_writer": 1, "mean_heat": 0.8}


def test_holds_are_those_of_the_product(told: dict[str, Any]) -> None:
    """At the level that the report says, not at a threshold found afterwards."""
    assert told["false_hold"]["value"] == 0.1
    assert told["recall"]["value"] == 0.8
    assert told["polite_recall"] | {"low": 0, "high": 0} == {"value": 0.6667, "low": 0, "high": 0, "rows": 6}


def test_at_the_budget_the_one_false_hold_costs_what_lies_below_it(told: dict[str, Any]) -> None:
    """Two of a hundred may be held, so of ten none: holding begins above heat 0.9."""
    assert told["recall_at_budget"]["value"] == 0.8
    assert told["polite_recall_at_budget"]["value"] == 0.6667


def test_intervals_hold_their_value(told: dict[str, Any]) -> None:
    """Low, value, high, in this order."""
    for name in ("auc", "recall", "false_hold", "pairs", "recall_at_budget"):
        one = told[name]
        assert 0 <= one["low"] <= one["value"] <= one["high"] <= 1


def test_pairs_are_in_order_where_the_heated_mail_is_hotter(told: dict[str, Any]) -> None:
    """Nine of the ten: the last heated mail is colder than its civil counterpart."""
    assert told["pairs"]["value"] == 0.9
    assert told["pairs"]["rows"] == 10


def test_every_sensitivity_is_told_on_the_same_mail(told: dict[str, Any]) -> None:
    """Stricter holds more."""
    assert told["sensitivities"]["normal"]["recall"]["value"] == 0.8
    assert told["sensitivities"]["strict"]["recall"]["value"] == 0.9


def test_a_kind_is_told_on_the_mail_that_has_it(told: dict[str, Any]) -> None:
    """All four insulting mails are held, four of six blaming ones; nobody shouts."""
    kinds = told["by_kind"]
    assert (kinds["insult"]["mails"], kinds["insult"]["recall"]["value"]) == (4, 1.0)
    assert (kinds["blame"]["mails"], kinds["blame"]["recall"]["value"]) == (6, 0.6667)
    assert kinds["shouting"]["recall"]["value"] is None


def test_groups_add_up(told: dict[str, Any]) -> None:
    """By writer, by length, by trade: each confirmed mail once."""
    for groups in (told["by_writer"], told["by_length"], told["by_trade"]):
        assert sum(row["mails"] for row in groups.values()) == 20
    assert told["by_writer"]["w01"]["auc"]["value"] is None  # one side only
    assert told["by_writer"]["w01"]["false_hold"]["value"] == 0.1


def test_calibration_is_told_as_it_is_and_as_it_would_be_fitted_elsewhere() -> None:
    """Heat that says the opposite of the truth has an error near 1; fitted on the other half it is cured, because order is all that counts."""
    wrong = [
        judged(labelled(f"w01-{n}", held=n % 2 == 0, scenario=f"s{n}"), 0.02 if n % 2 == 0 else 0.98) for n in range(60)
    ]
    calibration = figures(wrong, SCALES, rounds=50)["calibration"]
    assert calibration["error"]["value"] == pytest.approx(0.98)
    assert calibration["error_crosswise"]["value"] < 0.1
    assert sum(row["held"]["rows"] for row in calibration["bins"]) == 60


def test_crosswise_thresholds_are_not_set_on_the_mail_they_are_measured_on() -> None:
    """Heat that is worth nothing finds on other mail no more than it falsely holds there."""
    rng = np.random.default_rng(4)
    noise = [judged(labelled(f"w01-{n}", held=n % 2 == 0, scenario=f"s{n}"), float(rng.random())) for n in range(400)]
    crosswise = figures(noise, SCALES, rounds=50)["crosswise"]
    assert abs(crosswise["recall"]["value"] - crosswise["false_hold"]["value"]) < 0.06


def test_evidence_is_right_where_a_reader_marked_it() -> None:
    """Three marked sentences: one marked by both readers, one by the second alone, one by nobody."""
    both = judged(labelled("w01-1", held=True, kinds=[Kind.BLAME]), 0.9, [HOT_SENTENCE])
    second = labelled("w01-2", held=True)
    second = replace(second, marks=())
    one = judged(second, 0.9, [HOT_SENTENCE], (Kind.THREAT,))
    nobody = judged(labelled("w01-3"), 0.1, ["The invoice is due on Friday."])
    told = evidence([both, one, nobody], rounds=50)
    assert (told["sentences"], told["marked_by_a_reader"], told["marked_by_both"]) == (6, 2, 1)
    assert told["precision"]["value"] == 0.6667
    assert told["precision_in_held_mail"]["value"] == 1.0
    assert told["precision_by_both"]["value"] == 0.3333
    assert told["recall_of_both"]["value"] == 1.0
    assert told["kind_right"]["value"] == 1.0
    assert told["kinds"]["blame"] == {"named": 1, "right": 1, "there": 1}


def test_a_part_of_a_sentence_is_the_same_evidence_when_half_of_it_is_shared() -> None:
    """Readers and model may cut sentences a little differently."""
    assert same((0, 10), (2, 30))
    assert not same((0, 10), (8, 30))
    assert not same((0, 0), (0, 5))


def test_a_bare_score_is_judged_by_its_order() -> None:
    """A baseline's scores may have any scale."""
    mails = [one.mail for one in some() if one.mail.counts]
    score = np.array([1000.0 if mail.held else -3.0 for mail in mails])
    told = of_scores(mails, score, rounds=50)
    assert {name: row["value"] for name, row in told.items()} == {
        "auc": 1.0,
        "recall_at_budget": 1.0,
        "polite_recall_at_budget": 1.0,
        "pairs": 1.0,
    }


def test_of_a_public_set_holds_are_told_on_both_sides() -> None:
    """Only where the judge is the model."""
    truth, score = [True, True, False, False], np.array([0.9, 0.1, 0.8, 0.0])
    told = of_rows(truth, score, score >= 0.7, rounds=50)
    assert (told["auc"]["value"], told["false_hold"]["value"], told["recall"]["value"]) == (0.75, 0.5, 0.5)
    assert "recall" not in of_rows(truth, score, rounds=50)


def test_the_worst_errors_are_the_most_confident_ones() -> None:
    """The missed mail at heat 0.01 before the false hold at 0.9 before the missed one at 0.5; what is right, grey or unconfirmed is no error."""
    errors = worst(some(), 20)
    assert [(error["id"], error["error"]) for error in errors] == [
        ("w02-h9", "missed"),
        ("w01-c0", "false hold"),
        ("w02-h8", "missed"),
    ]
    assert errors[0]["text"] == HOT
    assert errors[0]["readers_marked"] == [{"text": HOT_SENTENCE, "kinds": ["blame"]}]
    assert len(worst(some(), 1)) == 1
