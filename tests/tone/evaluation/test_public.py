"""Reading the public sets."""

from __future__ import annotations

from pathlib import Path

import pytest

from coolmail.tone.evaluation.errors import EvaluationError
from coolmail.tone.evaluation.public import public_sets
from tests.tone.evaluation.mail import store


def test_of_a_set_with_a_test_split_only_that_is_read(tmp_path: Path) -> None:
    """What others train on is not measured on; an empty text is not a text."""
    store(
        tmp_path,
        "tweeteval-irony.jsonl",
        [
            {"text": "great, a queue", "label": "irony", "split": "test"},
            {"text": "a queue", "label": "not-irony", "split": "test"},
            {"text": "seen", "label": "irony", "split": "train"},
            {"text": "  ", "label": "irony", "split": "test"},
        ],
    )
    (one,) = public_sets(tmp_path, 0, 7)
    assert (one.name, one.of) == ("tweeteval-irony", 2)
    assert dict(zip(one.texts, one.truth, strict=True)) == {"great, a queue": True, "a queue": False}


def test_a_sample_is_the_same_each_time(tmp_path: Path) -> None:
    """And of the size asked for."""
    store(
        tmp_path,
        "xed-da.jsonl",
        [{"text": f"linje {n}", "emotions": ["anger"] if n % 3 else ["joy"]} for n in range(90)],
    )
    (one,), (again,) = public_sets(tmp_path, 20, 7), public_sets(tmp_path, 20, 7)
    assert one == again
    assert (len(one.texts), one.of) == (20, 90)


def test_no_set_at_all_is_an_error(tmp_path: Path) -> None:
    """A mistyped folder does not give a report without a word."""
    with pytest.raises(EvaluationError, match="None of the public sets"):
        public_sets(tmp_path, 10, 7)


@pytest.mark.parametrize("rows", [[{"text": "a"}], [{"text": 3, "toxic": 1}], [{"text": "a", "toxic": 1}]])
def test_a_damaged_or_useless_set_is_named(tmp_path: Path, rows: list[dict[str, object]]) -> None:
    """A row without a label, a text that is none, one label only."""
    store(tmp_path, "toxicr.jsonl", rows)
    with pytest.raises(EvaluationError, match=r"toxicr\.jsonl"):
        public_sets(tmp_path, 10, 7)
