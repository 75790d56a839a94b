"""Reading the labelled mails: what counts, and what is said of a file that is damaged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coolmail.core.tone import Kind
from coolmail.tone.evaluation.errors import EvaluationError
from coolmail.tone.evaluation.mails import measured, written
from tests.tone.evaluation.mail import CALM, HOT, HOT_SENTENCE, labelled, row, store

CORPUS = Path(__file__).resolve().parents[3] / "models/corpus"


def test_a_mail_counts_when_both_readers_agree(tmp_path: Path) -> None:
    """Agreed: counts. Differing on hold or send: grey. Read once only: neither."""
    store(tmp_path, "written/w01.jsonl", [row(f"w01-{n}", HOT, 3, [HOT_SENTENCE]) for n in range(3)])
    store(
        tmp_path, "second/w01.jsonl", [{"id": "w01-0", "grade": 4, "hot": []}, {"id": "w01-1", "grade": 2, "hot": []}]
    )
    mails = written(tmp_path)
    assert [(mail.counts, mail.grey) for mail in mails] == [(True, False), (False, True), (False, False)]
    assert mails[0].marks[0].kinds == {Kind.BLAME}


@pytest.mark.parametrize(
    ("kind", "rude"), [(Kind.INSULT, True), (Kind.SHOUTING, True), (Kind.PROFANITY, True), (Kind.THREAT, False)]
)
def test_rude_is_what_a_list_of_words_could_find(kind: Kind, rude: bool) -> None:
    """Insult, shouting and profanity; a threat can be made without one rude word."""
    assert labelled(held=True, kinds=[kind]).rude is rude


ROW = {"id": "w01-1", "writer": "w01", "scenario": "s", "trade": "t", "pair": None, "text": "a", "grade": 3, "hot": []}


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "{}",
        json.dumps(ROW | {"grade": 5}),
        json.dumps(ROW | {"grade": True}),
        json.dumps(ROW | {"hot": [{"text": "b", "heat": 1, "kinds": []}]}),
        json.dumps(ROW | {"hot": [{"text": "a", "heat": 1, "kinds": ["x"]}]}),
    ],
)
def test_a_damaged_line_stops_the_evaluation_and_is_named(tmp_path: Path, line: str) -> None:
    """File and line are told; nothing is measured on a part of the corpus without anyone knowing."""
    path = store(tmp_path, "written/w01.jsonl", [row("w01-0", CALM, 1)])
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    with pytest.raises(EvaluationError, match=r"w01\.jsonl, line 2: .* No report was changed"):
        written(tmp_path)


def test_without_the_source_tree_the_error_says_what_is_needed(tmp_path: Path) -> None:
    """An installed package has no corpus."""
    with pytest.raises(EvaluationError, match="source tree"):
        written(tmp_path)
    with pytest.raises(EvaluationError, match=r"da\.jsonl cannot be read"):
        measured(tmp_path, "da")


def test_the_corpus_that_comes_with_coolmail_can_be_measured_on() -> None:
    """The held-out writers and both other languages hold confirmed mails of both sides."""
    for mails in (
        [mail for mail in written(CORPUS) if mail.writer == "w03"],
        measured(CORPUS, "da"),
        measured(CORPUS, "de"),
    ):
        assert {mail.held for mail in mails if mail.counts} == {True, False}
        assert len(mails) >= 100
