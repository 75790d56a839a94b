"""Whom a model has seen, and whom it may be measured on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coolmail.tone.errors import ModelUnavailable
from coolmail.tone.evaluation.errors import EvaluationError
from coolmail.tone.evaluation.judges import Past, fingerprint, past, unseen
from coolmail.tone.places import default_folder
from tests.tone.evaluation.mail import labelled

MAILS = [labelled("w01-1"), labelled("w02-1"), labelled("w03-1")]
NOBODY: frozenset[str] = frozenset()


def test_measured_are_the_writers_that_the_model_has_not_seen() -> None:
    """Those who wrote after it was trained included."""
    assert unseen(MAILS, frozenset({"w01", "w09"}), NOBODY) == {"w02", "w03"}


def test_it_can_be_narrowed() -> None:
    """To some of the unseen."""
    assert unseen(MAILS, frozenset({"w01"}), frozenset({"w03"})) == {"w03"}


@pytest.mark.parametrize(
    ("seen", "asked", "why"),
    [
        (frozenset({"w01"}), frozenset({"w01"}), "would flatter"),
        (frozenset({"w01"}), frozenset({"w07"}), "has no writer w07"),
        (frozenset({"w01", "w02", "w03"}), NOBODY, "every writer"),
        (None, NOBODY, "--writers"),
    ],
)
def test_what_would_not_be_held_out_is_refused(seen: frozenset[str] | None, asked: frozenset[str], why: str) -> None:
    """Figures on mail that a model was trained on are no figures."""
    with pytest.raises(EvaluationError, match=why):
        unseen(MAILS, seen, asked)


def test_a_model_tells_its_past(tmp_path: Path) -> None:
    """What it does not tell is unknown, not nothing."""
    (tmp_path / "config.json").write_text(
        json.dumps({"tone_trained_on": {"writers": ["w01"], "public_rows": 0}}), "utf-8"
    )
    (tmp_path / "calibration.json").write_text("{}", "utf-8")
    assert past(tmp_path) == Past(frozenset({"w01"}), None, 0)


def test_a_missing_model_is_said_to_be_missing(tmp_path: Path) -> None:
    """The error says that no report was changed."""
    with pytest.raises(ModelUnavailable, match="No report was changed"):
        past(tmp_path)


def test_the_installed_model_says_whose_mails_it_was_trained_on() -> None:
    """So the evaluation is one command."""
    assert past(default_folder()).writers


def test_another_model_has_another_fingerprint(tmp_path: Path) -> None:
    """The card may change without the model being another."""
    (tmp_path / "heads.safetensors").write_bytes(b"1")
    one = fingerprint(tmp_path)
    (tmp_path / "README.md").write_text("words", "utf-8")
    assert fingerprint(tmp_path) == one
    (tmp_path / "heads.safetensors").write_bytes(b"2")
    assert fingerprint(tmp_path) != one
