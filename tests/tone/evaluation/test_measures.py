"""The statistics, against what their definitions say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coolmail.tone.evaluation.measures import (
    auc,
    bins,
    calibration_error,
    calibration_noise,
    estimate,
    halves,
    order_of_pairs,
    recall_at,
    resamples,
    roc,
    share,
    threshold_at,
)

ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, 6), st.integers(0, 3)), min_size=1, max_size=30)


def arrays(rows: list[tuple[bool, int, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return truth, score and weights [1, rows]."""
    truth, score, weight = zip(*rows, strict=True)
    return np.array(truth, bool), np.array(score, float), np.array([weight], float)


@given(ROWS)
def test_the_area_is_the_chance_that_a_true_row_scores_above_a_false_one(rows: list[tuple[bool, int, int]]) -> None:
    """Ties count half, and a row drawn twice counts twice."""
    truth, score, weights = arrays(rows)
    twos = [
        (a[2] * b[2], (a[1] > b[1]) + 0.5 * (a[1] == b[1]))
        for a in rows
        if a[0]
        for b in rows
        if not b[0]
        if a[2] * b[2]
    ]
    with np.errstate(invalid="ignore"):
        area = auc(truth, score)(weights)[0]
    if not twos:
        assert np.isnan(area)
    else:
        assert area == pytest.approx(sum(w * v for w, v in twos) / sum(w for w, _ in twos))


@given(ROWS, st.sampled_from([0.0, 0.1, 0.5]))
def test_recall_keeps_to_the_budget_of_false_holds(rows: list[tuple[bool, int, int]], budget: float) -> None:
    """It is the best recall of all thresholds that hold no more of the false rows than they may."""
    truth, score, weights = arrays(rows)
    weight = weights[0]
    with np.errstate(invalid="ignore", divide="ignore"):
        recall = recall_at(truth, score, budget)(weights)[0]
    positive, negative = weight[truth].sum(), weight[~truth].sum()
    if not positive or not negative:
        assert np.isnan(recall)
        return
    best = 0.0
    for threshold in [*set(score.tolist()), np.inf]:
        over = score >= threshold
        if weight[over & ~truth].sum() <= budget * negative + 1e-9:
            best = max(best, weight[over & truth].sum() / positive)
    assert recall == pytest.approx(best)


@given(ROWS, st.sampled_from([0.0, 0.1, 0.5]))
def test_a_threshold_holds_no_more_than_its_budget(rows: list[tuple[bool, int, int]], budget: float) -> None:
    """And its recall is the one that `recall_at` tells."""
    truth, score, _ = arrays(rows)
    threshold = threshold_at(truth, score, budget)
    held = score >= threshold
    assert (held & ~truth).sum() <= budget * (~truth).sum() + 1e-9
    if truth.any() and not truth.all():
        told = recall_at(truth, score, budget)(np.ones((1, len(score))))[0]
        assert held[truth].mean() == pytest.approx(told)


def test_recall_can_be_told_of_a_part_of_the_true_rows() -> None:
    """The threshold is that of all rows, the share that of the part."""
    truth = np.array([True, True, True, False])
    score = np.array([0.9, 0.3, 0.8, 0.5])
    part = np.array([False, True, True, False])
    assert recall_at(truth, score, 0.0, part)(np.ones((1, 4)))[0] == 0.5


def test_resamples_draw_whole_groups() -> None:
    """The rows of a group are drawn together, as many groups as there are."""
    weights = resamples(["a", "b", "a", "c"], rounds=50, seed=3)
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, 0] + weights[:, 1] + weights[:, 3] == 3).all()
    assert len(np.unique(weights, axis=0)) > 5


def test_resamples_are_the_same_for_the_same_seed() -> None:
    """A report can be made again."""
    assert (resamples("abc", 9, 1) == resamples("abc", 9, 1)).all()


def test_an_interval_covers_the_true_value_about_as_often_as_it_says() -> None:
    """Of a share of 0.7 among 200 rows, about 95 of 100 intervals hold 0.7."""
    rng = np.random.default_rng(5)
    covered = 0
    for seed in range(100):
        hit = rng.random(200) < 0.7
        one = estimate(share(hit, np.ones(200, bool)), resamples([str(n) for n in range(200)], 300, seed), 200)
        assert one.low is not None
        assert one.high is not None
        covered += one.low <= 0.7 <= one.high
    assert 87 <= covered <= 100


def test_what_cannot_be_measured_is_none() -> None:
    """No true rows: no recall, and no error."""
    truth = np.zeros(4, bool)
    one = estimate(recall_at(truth, np.arange(4.0), 0.02), resamples("abcd", 20, 0), 0)
    assert (one.value, one.low, one.high, one.rows) == (None, None, None, 0)


def test_pairs_are_compared_within_themselves_only() -> None:
    """Two pairs, one in order, one tied; a mail without a pair counts nowhere."""
    truth = np.array([True, False, True, False, True])
    score = np.array([0.2, 0.1, 0.7, 0.7, 0.0])
    measure, twos = order_of_pairs(["p", "p", "q", "q", ""], truth, score)
    assert twos == 2
    assert measure(np.ones((1, 5)))[0] == 0.75


def test_a_calibrated_judge_has_no_calibration_error() -> None:
    """Heat 0.25 of which a quarter is held is right; heat 0.25 of which all are held is 0.75 off."""
    heat = np.full(4, 0.25)
    one = np.ones((1, 4))
    assert calibration_error(np.array([True, False, False, False]), heat)(one)[0] == pytest.approx(0)
    assert calibration_error(np.ones(4, bool), heat)(one)[0] == pytest.approx(0.75)


def test_chance_alone_shows_less_error_the_more_mails_there_are() -> None:
    """What a perfectly calibrated judge would show shrinks with the sample."""
    rng = np.random.default_rng(1)
    assert 0 < calibration_noise(rng.random(4000), 1, 50) < calibration_noise(rng.random(100), 1, 50) < 0.2


def test_every_heat_has_a_bin() -> None:
    """Heat 1.0 is in the last bin, not behind it."""
    assert bins(np.array([0.0, 0.0999, 0.1, 0.95, 1.0])).tolist() == [0, 0, 1, 9, 9]


def test_the_curve_leads_from_corner_to_corner() -> None:
    """Equal scores are one step."""
    x, y = roc(np.array([True, False, True, False]), np.array([0.9, 0.5, 0.5, 0.1]))
    assert x.tolist() == [0.0, 0.0, 0.5, 1.0]
    assert y.tolist() == [0.0, 0.5, 1.0, 1.0]


def test_halves_keep_groups_whole() -> None:
    """Both halves are there, and a group is in one of them."""
    groups = [f"g{n // 3}" for n in range(30)]
    first = halves(groups, 7)
    assert 0 < first.sum() < 30
    assert all(len({bool(first[n]) for n in range(30) if groups[n] == group}) == 1 for group in set(groups))
