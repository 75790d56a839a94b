"""The statistics, on arrays of truths and scores, each with a bootstrap interval.

A resample is a vector of whole-number weights, one for each row: how often the row was drawn. `resamples` draws groups, not rows, because the mails
of one scenario stand and fall together. Every measure takes weights [rounds, rows] and returns [rounds], so that the point value (all weights 1)
and the thousand resamples go the same way. NaN means that there was nothing to measure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Measure = Callable[[Floats], Floats]

BINS = 10
"""Bins of heat, equally wide, in the reliability diagram and in the calibration error."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95 % bootstrap interval, and how many rows it rests on; None where it cannot be told."""

    value: float | None
    low: float | None
    high: float | None
    rows: int


def resamples(groups: Sequence[str], rounds: int, seed: int) -> Floats:
    """Return weights [rounds, rows]: as many groups as there are, drawn with replacement."""
    names, places = np.unique(np.array(list(groups)), return_inverse=True)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=rounds)
    return drawn[:, places].astype(np.float64)


def estimate(measure: Measure, weights: Floats, rows: int) -> Estimate:
    """Measure once on every row as it is, and on each resample in which there is something to measure."""
    with np.errstate(invalid="ignore", divide="ignore"):
        value = float(measure(np.ones((1, weights.shape[1])))[0])
        spread = measure(weights)
    spread = spread[~np.isnan(spread)]
    if np.isnan(value):
        return Estimate(None, None, None, rows)
    low, high = np.quantile(spread, [0.025, 0.975]) if len(spread) else (np.nan, np.nan)
    return Estimate(_rounded(value), _rounded(low), _rounded(high), rows)


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)


def auc(truth: Flags, score: Floats) -> Measure:
    """Return the measure "area under the ROC curve": the chance that a true row scores above a false one, ties by half."""
    order = np.argsort(score, kind="stable")
    true = truth[order]
    firsts = np.flatnonzero(np.concatenate([[True], np.diff(score[order]) != 0])) if len(score) else np.array([], int)

    def measure(weights: Floats) -> Floats:
        if not len(firsts):
            return np.full(len(weights), np.nan)
        sorted_ = weights[:, order]
        positive = np.add.reduceat(sorted_ * true, firsts, axis=1)
        negative = np.add.reduceat(sorted_ * ~true, firsts, axis=1)
        below = np.cumsum(negative, axis=1) - negative / 2
        area: Floats = (positive * below).sum(1) / (positive.sum(1) * negative.sum(1))
        return area

    return measure


def recall_at(truth: Flags, score: Floats, budget: float, counted: Flags | None = None) -> Measure:
    """Return the measure "share of true rows found when at most `budget` of the false ones are held", rows of equal score together.

    Holding begins at the lowest score that keeps to the budget. `counted` narrows the true rows whose share is told.
    """
    order = np.argsort(-score, kind="stable")
    true, told = truth[order], (truth if counted is None else truth & counted)[order]
    lasts = np.flatnonzero(np.concatenate([np.diff(score[order]) != 0, [True]])) if len(score) else np.array([], int)

    def measure(weights: Floats) -> Floats:
        if not len(lasts):
            return np.full(len(weights), np.nan)
        sorted_ = weights[:, order]
        false = np.cumsum(sorted_ * ~true, axis=1)
        found = np.cumsum(sorted_ * told, axis=1)
        affordable = false[:, lasts] <= budget * false[:, -1:] + 1e-9
        best: Floats = np.where(affordable, found[:, lasts], 0.0).max(1) / found[:, -1]
        best[false[:, -1] == 0] = np.nan
        return best

    return measure


def threshold_at(truth: Flags, score: Floats, budget: float) -> float:
    """Return the lowest score to hold from so that at most `budget` of the false rows are held; infinity where none keeps to it."""
    false = score[~truth]
    for value in np.unique(score):
        if (false >= value).sum() <= budget * len(false) + 1e-9:
            return float(value)
    return float("inf")


def share(hit: Flags, among: Flags) -> Measure:
    """Return the measure "share of `hit` among the rows `among`"."""

    def measure(weights: Floats) -> Floats:
        part: Floats = (weights @ (hit & among)) / (weights @ among)
        return part

    return measure


def order_of_pairs(pairs: Sequence[str], truth: Flags, score: Floats) -> tuple[Measure, int]:
    """Return the measure "share of pairs whose true row scores above its false one, ties by half", and the number of pairs.

    A pair with several rows of a side counts once for each two that it can be compared by.
    """
    places: dict[str, list[int]] = {}
    for at, pair in enumerate(pairs):
        if pair:
            places.setdefault(pair, []).append(at)
    twos = [(hot, calm) for at in places.values() for hot in at if truth[hot] for calm in at if not truth[calm]]
    above = np.array([(score[hot] > score[calm]) + 0.5 * (score[hot] == score[calm]) for hot, calm in twos], float)
    first = np.array([hot for hot, _ in twos], int)

    def measure(weights: Floats) -> Floats:
        drawn = weights[:, first]
        part: Floats = (drawn @ above) / drawn.sum(1)
        return part

    return measure, len(twos)


def bins(heat: Floats) -> NDArray[np.int64]:
    """Return the bin of each heat, 0..BINS - 1."""
    return np.minimum((heat * BINS).astype(np.int64), BINS - 1)


def calibration_error(truth: Flags, heat: Floats) -> Measure:
    """Return the measure "expected calibration error": how far heat is from the share held, on average over the bins by their size."""
    where = bins(heat)[:, None] == np.arange(BINS)

    def measure(weights: Floats) -> Floats:
        gap: Floats = np.abs(weights @ (where * (heat - truth)[:, None])).sum(1) / weights.sum(1)
        return gap

    return measure


def calibration_noise(heat: Floats, seed: int, rounds: int = 400) -> float:
    """Return the calibration error that a perfectly calibrated judge would show on as few mails, by chance alone."""
    rng = np.random.default_rng(seed)
    one = np.ones((1, len(heat)))
    return float(np.mean([calibration_error(rng.random(len(heat)) < heat, heat)(one)[0] for _ in range(rounds)]))


def roc(truth: Flags, score: Floats) -> tuple[Floats, Floats]:
    """Return the ROC curve: false-hold rate and recall at every threshold, from (0, 0) to (1, 1)."""
    order = np.argsort(-score, kind="stable")
    lasts = np.flatnonzero(np.concatenate([np.diff(score[order]) != 0, [True]]))
    true = truth[order]
    false_rate = np.cumsum(~true)[lasts] / max(1, (~true).sum())
    recall = np.cumsum(true)[lasts] / max(1, true.sum())
    return np.concatenate([[0.0], false_rate]), np.concatenate([[0.0], recall])


def halves(groups: Sequence[str], seed: int) -> Flags:
    """Deal the groups into two halves at random; return for each row whether it is in the first."""
    names = sorted(set(groups))
    np.random.default_rng(seed).shuffle(names)
    first = set(names[: len(names) // 2])
    return np.array([group in first for group in groups], dtype=np.bool_)
