"""The learning curve: what training runs on growing parts of the corpus reached on the same held-out writers.

`docs/tone/learning-curve.json` is a list of runs in any order, each
`{"mails": 1678, "epochs": 8, "auc": 0.95, "low": 0.93, "high": 0.97, "recall_at_2": 0.71}`: mails trained on, times they were seen, ROC-AUC with its
95 % interval, and the share of heated mail found at 2 % false holds. Training fills it; an evaluation only reads it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from coolmail.tone.evaluation.errors import EvaluationError


@dataclass(frozen=True, slots=True)
class Run:
    """One training run; `low <= auc <= high`, all within 0..1."""

    mails: int
    epochs: int
    auc: float
    low: float
    high: float
    recall_at_2: float


def learning_curve(path: Path) -> list[Run]:
    """Read the runs, by mails and epochs; none where there is no such file. Raises EvaluationError where it is damaged."""
    if not path.exists():
        return []
    try:
        runs = [Run(**row) for row in json.loads(path.read_text("utf-8"))]
        wrong = [run for run in runs if not (0 <= run.low <= run.auc <= run.high <= 1 and 0 <= run.recall_at_2 <= 1)]
        if wrong or any(run.mails <= 0 or run.epochs <= 0 for run in runs):
            raise ValueError(f"figures out of range in {(wrong or runs)[0]}")  # noqa: TRY301 - told below like the others
    except (OSError, ValueError, TypeError) as error:
        raise EvaluationError(
            f"{path} is not a learning curve ({error}). It should be a list of mails, epochs, auc, low, high, recall_at_2; no report was changed."
        ) from error
    return sorted(runs, key=lambda run: (run.mails, run.epochs))
