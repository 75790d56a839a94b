"""What is said of one set of judged mails, as plain data for `report.json`.

Only mails whose label a second reader confirmed count; the grey ones have a row of their own (`grey`). Intervals are drawn by scenario. "Held"
without more is what the product would do at the sensitivity "normal".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from coolmail.core.settings import Sensitivity
from coolmail.core.tone import Kind, Scale, ToneReport
from coolmail.tone.evaluation.mails import Labelled
from coolmail.tone.evaluation.measures import (
    BINS,
    Flags,
    Floats,
    Measure,
    auc,
    bins,
    calibration_error,
    calibration_noise,
    estimate,
    halves,
    order_of_pairs,
    recall_at,
    resamples,
    share,
    threshold_at,
)

BUDGET = 0.02
"""The share of calm and firm mail that may be held where recall is told."""
ROUNDS, SEED = 1000, 7
LENGTHS = ((0, 40), (41, 80), (81, 120), (121, 170), (171, 10_000))
"""Words, both ends included."""
FEWEST_OF_A_TRADE = 8

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled mail and what the model says of its own text."""

    mail: Labelled
    report: ToneReport


class Sample:
    """Judged mails as arrays [mails], with their resamples [rounds, mails]."""

    def __init__(self, judged: Sequence[Judged], rounds: int = ROUNDS) -> None:
        self.judged = judged
        self.truth: Flags = np.array([one.mail.held for one in judged], dtype=np.bool_)
        self.heat: Floats = np.array([one.report.heat for one in judged], dtype=np.float64)
        self.held: Flags = np.array([one.report.level.held for one in judged], dtype=np.bool_)
        self.scenarios = [one.mail.scenario for one in judged]
        self.weights = resamples(self.scenarios, rounds, SEED)

    def tell(self, measure: Measure, rows: int) -> Row:
        """Estimate a measure on this sample."""
        return asdict(estimate(measure, self.weights, rows))

    def flags(self, test: Callable[[Labelled], bool]) -> Flags:
        """Return which mails pass a test."""
        return np.array([test(one.mail) for one in self.judged], dtype=np.bool_)


def confirmed(judged: Iterable[Judged]) -> list[Judged]:
    """Return the mails that figures rest on."""
    return [one for one in judged if one.mail.counts]


def figures(judged: Sequence[Judged], scales: Mapping[Sensitivity, Scale], rounds: int = ROUNDS) -> Row:
    """Return everything that is said of a set of mails."""
    counted = confirmed(judged)
    sample = Sample(counted, rounds)
    return {
        "mails": len(counted),
        "held": int(sample.truth.sum()),
        "sendable": int((~sample.truth).sum()),
        "scenarios": len(set(sample.scenarios)),
        "unjudged": sum(not one.report.judged for one in counted),
        **_whole(sample),
        "sensitivities": _sensitivities(sample, scales),
        "calibration": calibration(sample),
        "evidence": evidence(counted, rounds),
        "by_writer": _groups(sample, lambda mail: mail.writer),
        "by_length": _lengths(sample),
        "by_trade": _groups(sample, lambda mail: mail.trade),
        "by_kind": _kinds(sample),
        "grey": _grey([one for one in judged if one.mail.grey]),
        "without_second_reading": sum(one.mail.second is None for one in judged),
    }


def of_scores(mails: Sequence[Labelled], scores: Floats, rounds: int = ROUNDS) -> Row:
    """Return what can be said of a judge that gives a bare score: order only."""
    truth: Flags = np.array([mail.held for mail in mails], dtype=np.bool_)
    weights = resamples([mail.scenario for mail in mails], rounds, SEED)
    return _order(truth, scores, weights, mails)


def of_rows(truth: Sequence[bool], scores: Floats, held: Flags | None = None, rounds: int = ROUNDS) -> Row:
    """Return what is said of a public set: ROC-AUC, recall at the budget and, for the model, what it would hold of either side."""
    true: Flags = np.array(truth, dtype=np.bool_)
    weights = resamples([str(row) for row in range(len(true))], rounds, SEED)
    told = {
        "auc": asdict(estimate(auc(true, scores), weights, len(true))),
        "recall_at_budget": asdict(estimate(recall_at(true, scores, BUDGET), weights, int(true.sum()))),
    }
    if held is not None:
        told["false_hold"] = asdict(estimate(share(held, ~true), weights, int((~true).sum())))
        told["recall"] = asdict(estimate(share(held, true), weights, int(true.sum())))
    return told


def _order(truth: Flags, scores: Floats, weights: Floats, mails: Sequence[Labelled]) -> Row:
    """Return the figures that need no threshold of the judge's own."""
    polite = truth & np.array([not mail.rude for mail in mails], dtype=np.bool_)
    pairs, twos = order_of_pairs([mail.pair for mail in mails], truth, scores)
    return {
        "auc": asdict(estimate(auc(truth, scores), weights, len(truth))),
        "recall_at_budget": asdict(estimate(recall_at(truth, scores, BUDGET), weights, int(truth.sum()))),
        "polite_recall_at_budget": asdict(
            estimate(recall_at(truth, scores, BUDGET, polite), weights, int(polite.sum()))
        ),
        "pairs": asdict(estimate(pairs, weights, twos)),
    }


def _whole(sample: Sample) -> Row:
    truth, polite = sample.truth, sample.truth & sample.flags(lambda mail: not mail.rude)
    return {
        **_order(truth, sample.heat, sample.weights, [one.mail for one in sample.judged]),
        "false_hold": sample.tell(share(sample.held, ~truth), int((~truth).sum())),
        "recall": sample.tell(share(sample.held, truth), int(truth.sum())),
        "polite_recall": sample.tell(share(sample.held, polite), int(polite.sum())),
        "crosswise": _crosswise(sample),
    }


def _crosswise(sample: Sample) -> Row:
    """Hold from a threshold that keeps to the budget on the other half of the scenarios: what a threshold is worth on mail it was not set on."""
    first = halves(sample.scenarios, SEED)
    held = np.zeros_like(sample.truth)
    for here in (first, ~first):
        held[here] = sample.heat[here] >= threshold_at(sample.truth[~here], sample.heat[~here], BUDGET)
    return {
        "false_hold": sample.tell(share(held, ~sample.truth), int((~sample.truth).sum())),
        "recall": sample.tell(share(held, sample.truth), int(sample.truth.sum())),
    }


def _sensitivities(sample: Sample, scales: Mapping[Sensitivity, Scale]) -> dict[str, Row]:
    return {
        sensitivity.value: {
            "from_heat": scale.heated,
            "false_hold": sample.tell(share(sample.heat >= scale.heated, ~sample.truth), int((~sample.truth).sum())),
            "recall": sample.tell(share(sample.heat >= scale.heated, sample.truth), int(sample.truth.sum())),
        }
        for sensitivity, scale in scales.items()
    }


def calibration(sample: Sample) -> Row:
    """Return calibration error as installed, and with slope and shift fitted anew on the other half of the scenarios; and what the diagram shows."""
    again = _refitted(sample)
    every = len(sample.truth)
    return {
        "error": sample.tell(calibration_error(sample.truth, sample.heat), every),
        "error_crosswise": sample.tell(calibration_error(sample.truth, again), every),
        "error_by_chance": round(calibration_noise(sample.heat, SEED), 4),
        "bins": _bins(sample, sample.heat),
        "bins_crosswise": _bins(sample, again),
    }


def _refitted(sample: Sample) -> Floats:
    """Return heat with slope and shift fitted on the other half of the scenarios, as it was where a half has one label only."""
    clipped = np.clip(sample.heat, 1e-9, 1 - 1e-9)
    logit = np.log(clipped / (1 - clipped)).reshape(-1, 1)
    first = halves(sample.scenarios, SEED)
    heat = sample.heat.copy()
    for here in (first, ~first):
        if here.any() and len(set(sample.truth[~here].tolist())) == 2:
            fitted = LogisticRegression(C=10.0).fit(logit[~here], sample.truth[~here])
            heat[here] = fitted.predict_proba(logit[here])[:, 1]
    return heat


def _bins(sample: Sample, heat: Floats) -> list[Row]:
    """Return the bins that are not empty: mean heat, share held with its interval, mails."""
    where = bins(heat)
    return [
        {
            "from": number / BINS,
            "heat": round(float(heat[where == number].mean()), 4),
            "held": sample.tell(share(sample.truth, where == number), int((where == number).sum())),
        }
        for number in range(BINS)
        if (where == number).any()
    ]


def _group(sample: Sample, inside: Flags) -> Row:
    """Return the row of a part of the mails."""
    truth = sample.truth
    return {
        "mails": int(inside.sum()),
        "held": int((inside & truth).sum()),
        "auc": sample.tell(_inside(auc(truth, sample.heat), inside), int(inside.sum())),
        "false_hold": sample.tell(share(sample.held, inside & ~truth), int((inside & ~truth).sum())),
        "recall": sample.tell(share(sample.held, inside & truth), int((inside & truth).sum())),
    }


def _inside(measure: Measure, inside: Flags) -> Measure:
    return lambda weights: measure(weights * inside)


def _groups(sample: Sample, key: Callable[[Labelled], str]) -> dict[str, Row]:
    """Return a row for each value of a key."""
    values = np.array([key(one.mail) for one in sample.judged])
    return {str(value): _group(sample, values == value) for value in np.unique(values)}


def small(trades: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the trades with too few mails to say anything of one of them."""
    return [name for name, row in trades.items() if row["mails"] < FEWEST_OF_A_TRADE]


def _lengths(sample: Sample) -> dict[str, Row]:
    words = np.array([one.mail.words for one in sample.judged])
    named = {
        (f"up to {last}" if not first else f"{first} to {last}" if last < 10_000 else f"{first} and more"): (
            words >= first
        )
        & (words <= last)
        for first, last in LENGTHS
    }
    return {name: _group(sample, inside) for name, inside in named.items() if inside.any()}


def _kinds(sample: Sample) -> dict[str, Row]:
    """Return for each kind the held mails that have it, against all sendable ones."""
    rows = {}
    at_budget = sample.heat >= threshold_at(sample.truth, sample.heat, BUDGET)
    for kind in Kind:
        here = sample.truth & sample.flags(lambda mail, kind=kind: kind in mail.kinds)  # type: ignore[misc]
        compared = here | ~sample.truth
        rows[kind.value] = {
            "mails": int(here.sum()),
            "auc": sample.tell(_inside(auc(sample.truth, sample.heat), compared), int(here.sum())),
            "recall": sample.tell(share(sample.held, here), int(here.sum())),
            "recall_at_budget": sample.tell(share(at_budget, here), int(here.sum())),
        }
    return rows


def _grey(grey: Sequence[Judged]) -> Row:
    """Return what the model does with the mails on which the readers differ."""
    held = [one.report.level.held for one in grey]
    return {
        "mails": len(grey),
        "held": sum(held),
        "with_the_writer": sum(one.mail.held == hold for one, hold in zip(grey, held, strict=True)),
        "mean_heat": round(float(np.mean([one.report.heat for one in grey])), 4) if grey else None,
    }


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: what the model says of it, and what the readers say."""

    scenario: str
    heat: float
    shown: tuple[Kind, ...]
    writer: bool
    second: bool
    kinds: frozenset[Kind]
    in_held: bool


def sentences(judged: Sequence[Judged]) -> list[Sentence]:
    """Lay the readers' marks onto the sentences that the model saw."""
    found = []
    for one in judged:
        text = one.report.own_text
        marks = [(_place(text, mark.text), mark) for mark in one.mail.marks]
        second = [_place(text, mark) for mark in one.mail.second.marks] if one.mail.second else []
        for sentence in one.report.sentences:
            span = (sentence.start, sentence.end)
            here = [mark for place, mark in marks if same(place, span)]
            found.append(
                Sentence(
                    one.mail.scenario,
                    sentence.heat,
                    sentence.kinds,
                    bool(here),
                    any(same(place, span) for place in second),
                    frozenset().union(*(mark.kinds for mark in here)),
                    one.report.level.held,
                )
            )
    return found


def _place(text: str, piece: str) -> tuple[int, int]:
    """Return where a piece stands; an empty span where it does not."""
    at = text.find(piece)
    return (at, at + len(piece)) if at >= 0 else (0, 0)


def same(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two spans share at least half of the shorter."""
    shared = min(one[1], other[1]) - max(one[0], other[0])
    return shared > 0 and 2 * shared >= min(one[1] - one[0], other[1] - other[0])


def evidence(judged: Sequence[Judged], rounds: int = ROUNDS) -> Row:
    """Return how well the marked sentences agree with what readers mark, and the named kinds with the writers'."""
    every = sentences(judged)
    weights = resamples([sentence.scenario for sentence in every], rounds, SEED)

    def flags(test: Callable[[Sentence], bool]) -> Flags:
        return np.array([test(sentence) for sentence in every], dtype=np.bool_)

    def tell(hit: Flags, among: Flags) -> Row:
        return asdict(estimate(share(hit, among), weights, int(among.sum())))

    heat: Floats = np.array([sentence.heat for sentence in every], dtype=np.float64)
    shown, in_held = flags(lambda s: bool(s.shown)), flags(lambda s: s.in_held)
    writer, second = flags(lambda s: s.writer), flags(lambda s: s.second)
    either, both = writer | second, writer & second
    rightly = flags(lambda s: bool(set(s.shown) & s.kinds))
    return {
        "sentences": len(every),
        "marked_by_a_reader": int(either.sum()),
        "marked_by_both": int(both.sum()),
        "auc": asdict(estimate(auc(either, heat), weights, len(every))),
        "precision": tell(either, shown),
        "precision_in_held_mail": tell(either, shown & in_held),
        "precision_by_both": tell(both, shown),
        "recall_of_both": tell(shown, both),
        "second_finds_of_writer": tell(second, writer),
        "writer_finds_of_second": tell(writer, second),
        "kind_right": tell(rightly, shown & writer),
        "kinds": {
            kind.value: {
                "named": int(flags(lambda s, kind=kind: kind in s.shown and s.writer).sum()),  # type: ignore[misc]
                "right": int(flags(lambda s, kind=kind: kind in s.shown and kind in s.kinds).sum()),  # type: ignore[misc]
                "there": int(flags(lambda s, kind=kind: kind in s.kinds).sum()),  # type: ignore[misc]
            }
            for kind in Kind
        },
    }
