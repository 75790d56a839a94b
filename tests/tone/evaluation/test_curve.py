"""Reading the learning curve."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coolmail.tone.evaluation.curve import Run, learning_curve
from coolmail.tone.evaluation.errors import EvaluationError

RUN = {"mails": 800, "epochs": 4, "auc": 0.91, "low": 0.88, "high": 0.94, "recall_at_2": 0.5}


def test_runs_come_in_the_order_of_the_mails_they_learnt_from(tmp_path: Path) -> None:
    """Whatever their order in the file."""
    path = tmp_path / "learning-curve.json"
    path.write_text(json.dumps([RUN, RUN | {"mails": 400}]), "utf-8")
    assert [run.mails for run in learning_curve(path)] == [400, 800]
    assert learning_curve(path)[1] == Run(**RUN)


def test_no_file_is_no_curve(tmp_path: Path) -> None:
    """The report then says that it was not recorded."""
    assert learning_curve(tmp_path / "learning-curve.json") == []


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "3",
        "[3]",
        "[{}]",
        json.dumps([RUN | {"auc": 0.99}]),
        json.dumps([RUN | {"mails": 0}]),
        json.dumps([RUN | {"low": "0.8"}]),
    ],
)
def test_a_damaged_curve_is_named(tmp_path: Path, content: str) -> None:
    """An AUC outside its own interval is a mistake, not a figure."""
    path = tmp_path / "learning-curve.json"
    path.write_text(content, "utf-8")
    with pytest.raises(EvaluationError, match="is not a learning curve"):
        learning_curve(path)
