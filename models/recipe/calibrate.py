"""Fit what turns logits into heat, set the levels, and say how good held-out judgements are. All on mail that the judging network has not seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score

from coolmail.core.tone import Kind

BUDGETS = {"relaxed": 0.005, "normal": 0.02, "strict": 0.06}
"""Share of sendable mail that each sensitivity may hold."""
WARM_BUDGET = 0.12
LOWEST_HOLD, HIGHEST_HOLD = 0.5, 0.95
EVIDENCE_PRECISION = 0.85


def platt(logits: Sequence[float], labels: Sequence[float]) -> tuple[float, float]:
    """Fit heat = sigmoid(slope * logit + shift) by lightly regularised logistic regression; soft labels count as both."""
    value = np.asarray(logits, float).reshape(-1, 1)
    soft = np.asarray(labels, float)
    both = np.vstack([value, value])
    target = np.concatenate([np.ones(len(soft)), np.zeros(len(soft))])
    fitted = LogisticRegression(C=10.0).fit(both, target, sample_weight=np.concatenate([soft, 1 - soft]))
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])


def sigmoid(value: np.ndarray) -> np.ndarray:
    """Return the logistic function of an array."""
    return 1 / (1 + np.exp(-np.clip(value, -60, 60)))


def calibration(rows: Sequence[dict]) -> dict:
    """Make `calibration.json` from held-out rows."""
    held = np.array([row["held"] for row in rows])
    logit = np.array([row["logit"] for row in rows])
    slope, shift = platt(logit, held)
    heat = sigmoid(slope * logit + shift)
    levels = {}
    for name, budget in BUDGETS.items():
        heated = float(np.clip(_above(heat[~held], budget), LOWEST_HOLD, HIGHEST_HOLD))
        warm = float(np.clip(_above(heat[~held], WARM_BUDGET), 0.2, 0.8 * heated))
        grade_four = [h for h, row in zip(heat, rows, strict=True) if row["grade"] == 4]
        boiling = float(np.clip(np.median(grade_four) if grade_four else 0.0, heated + 0.5 * (1 - heated), 0.99))
        levels[name] = {"warm": round(warm, 4), "heated": round(heated, 4), "boiling": round(boiling, 4)}
    sentence = np.concatenate([row["sentences"] for row in rows])
    marked = np.concatenate([row["heats"] for row in rows])
    s_slope, s_shift = platt(sentence, np.clip(marked, 0, 1))
    return {
        "message": {"slope": round(slope, 5), "shift": round(shift, 5)},
        "sentence": {"slope": round(s_slope, 5), "shift": round(s_shift, 5)},
        "sentence_marked": round(_precise(sigmoid(s_slope * sentence + s_shift), marked > 0.3), 4),
        "levels": levels,
        "fitted_on": {
            "mails": len(rows),
            "held": int(held.sum()),
            "writers": sorted({row["writer"] for row in rows}),
        },
    }


def _above(heat: np.ndarray, budget: float) -> float:
    """Return the heat that a share `budget` of these mails reaches."""
    return float(np.quantile(heat, 1 - budget, method="higher")) + 1e-4


def _precise(heat: np.ndarray, marked: np.ndarray) -> float:
    """Return the lowest sentence heat from which the marked share is high enough, within bounds."""
    for threshold in np.arange(0.25, 0.8, 0.01):
        chosen = heat >= threshold
        if chosen.any() and marked[chosen].mean() >= EVIDENCE_PRECISION:
            return float(threshold)
    return 0.6


def figures(rows: Sequence[dict], rounds: int = 1000) -> dict:
    """Say how good held-out judgements are; calibration error is of heat fitted on the other half of the scenarios."""
    held = np.array([row["held"] for row in rows])
    logit = np.array([row["logit"] for row in rows])
    rng = np.random.default_rng(7)
    aucs = []
    for _ in range(rounds):
        pick = rng.integers(0, len(rows), len(rows))
        if 0 < held[pick].sum() < len(pick):
            aucs.append(roc_auc_score(held[pick], logit[pick]))
    sentence = np.concatenate([row["sentences"] for row in rows])
    marked = np.concatenate([row["heats"] for row in rows]) > 0.3
    kind_logit = np.concatenate([row["kinds"] for row in rows if row["kinds"]])
    kind_named = np.concatenate([row["named"] for row in rows if row["named"]]) > 0.5
    hot = kind_named.any(1)
    kind_logit, kind_named = kind_logit[hot], kind_named[hot]
    pairs = _by(rows, "scenario")
    order = [
        one["logit"] > other["logit"]
        for same in pairs.values()
        for one in same
        if one["held"]
        for other in same
        if not other["held"]
    ]
    return {
        "mails": len(rows),
        "held": int(held.sum()),
        "auc": round(float(roc_auc_score(held, logit)), 4),
        "auc_95": [round(float(v), 4) for v in np.quantile(aucs, [0.025, 0.975])],
        "auc_by_writer": {
            w: round(float(roc_auc_score([r["held"] for r in g], [r["logit"] for r in g])), 4)
            for w, g in _by(rows, "writer").items()
        },
        "hold_recall_at_false_hold_2": round(float((logit[held] > _above(logit[~held], 0.02)).mean()), 4),
        "hold_recall_at_false_hold_5": round(float((logit[held] > _above(logit[~held], 0.05)).mean()), 4),
        "held_above_sendable_in_scenario": round(float(np.mean(order)), 4) if order else None,
        "ece": round(_ece(rows), 4),
        "sentence_auc": round(float(roc_auc_score(marked, sentence)), 4),
        "sentence_average_precision": round(float(average_precision_score(marked, sentence)), 4),
        "sentences": len(marked),
        "marked": int(marked.sum()),
        "likeliest_kind_named": round(float(kind_named[np.arange(len(kind_logit)), kind_logit.argmax(1)].mean()), 4),
        "kind_average_precision": {
            kind.value: round(float(average_precision_score(kind_named[:, at], kind_logit[:, at])), 3)
            for at, kind in enumerate(Kind)
            if kind_named[:, at].any()
        },
    }


def _by(rows: Sequence[dict], key: str) -> dict[str, list[dict]]:
    groups: dict[str, list[dict]] = {}
    for row in rows:
        groups.setdefault(row[key], []).append(row)
    return groups


def _ece(rows: Sequence[dict], bins: int = 10) -> float:
    """Expected calibration error with heat fitted crosswise on halves of the scenarios, equal-count bins."""
    names = sorted({row["scenario"] for row in rows})
    half = set(names[::2])
    heat, label = [], []
    for inside in (True, False):
        fit_on = [row for row in rows if (row["scenario"] in half) == inside]
        test = [row for row in rows if (row["scenario"] in half) != inside]
        slope, shift = platt([r["logit"] for r in fit_on], [r["held"] for r in fit_on])
        heat += list(sigmoid(slope * np.array([r["logit"] for r in test]) + shift))
        label += [r["held"] for r in test]
    order = np.argsort(heat)
    parts = np.array_split(order, bins)
    heat_, label_ = np.array(heat), np.array(label, float)
    return float(sum(len(p) * abs(heat_[p].mean() - label_[p].mean()) for p in parts if len(p)) / len(order))
