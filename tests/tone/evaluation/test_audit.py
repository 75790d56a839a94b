"""The look at the corpus as a whole, on corpora whose faults are known."""

from __future__ import annotations

import importlib.util
import random
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

pytest.importorskip("sklearn")

from coolmail.tone.evaluation.mails import Labelled
from tests.tone.evaluation.mail import labelled

PATH = Path(__file__).resolve().parents[3] / "models/corpus/audit.py"


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("corpus_audit", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def mails(text_of: dict[bool, str], count: int = 120) -> list[Labelled]:
    """Return mails by six writers, held and sendable in turn; `{0}` in a text is the mail's number."""
    return [
        replace(labelled(f"w{n % 6}-{n}", held=n // 6 % 2 == 0), text=text_of[n // 6 % 2 == 0].format(n))
        for n in range(count)
    ]


def told(audit: ModuleType, corpus: list[Labelled]) -> dict[str, float]:
    """Return the ROC-AUC of each view by the first words of its name."""
    return {name.partition(" (")[0]: one.value for name, one in audit.leaks(corpus)}


def test_a_label_that_length_gives_away_is_found(audit: ModuleType) -> None:
    """Heated mail three times as long as civil mail."""
    long, short = "Hello,\n\n" + "word {0}. " * 40 + "\nJo", "Hello,\n\n" + "word {0}. " * 12 + "\nJo"
    assert told(audit, mails({True: long, False: short}))["length alone"] > 0.95


def test_a_label_that_greetings_give_away_is_found(audit: ModuleType) -> None:
    """And only by the view that sees them."""
    body = "\n\nthe number in question turned out to be {0}, which everybody here has seen by now\n\n"
    found = told(audit, mails({True: "Sir," + body + "Jones", False: "Hello," + body + "Kind regards"}))
    assert found["greeting and sign-off"] > 0.95
    assert found["length alone"] < 0.95 or found["punctuation alone"] < 0.6


def test_a_label_that_punctuation_gives_away_is_found(audit: ModuleType) -> None:
    """Exclamation marks on one side only."""
    found = told(audit, mails({True: "Your order {0} came! It was late!", False: "Your order {0} came. It was late."}))
    assert found["punctuation alone"] > 0.95
    assert found["function words and punctuation"] > 0.95
    assert found["length alone"] == pytest.approx(0.5, abs=0.1)


def test_a_corpus_without_a_leak_shows_none(audit: ModuleType) -> None:
    """The same text on both sides: nothing to learn, whatever the view."""
    found = told(
        audit, mails({True: "Hello,\n\nthe number is {0}.\n\nJo", False: "Hello,\n\nthe number is {0}.\n\nJo"})
    )
    assert all(0.25 < value < 0.75 for value in found.values())


def test_function_words_are_seen_and_content_is_not(audit: ModuleType) -> None:
    """Contractions count as their parts; names and nouns are not there."""
    assert audit.function_words("You didn’t pay the plumber, Mr Jones!") == ["you", "did", "n't", "the", ",", "!"]
    assert audit.function_words("You know", audit.SECOND_PERSON) == []


def test_greeting_and_sign_off_are_short_lines_at_the_edges(audit: ModuleType) -> None:
    """A long first line is no greeting."""
    assert audit.edges("Dear Ann,\n\nthe middle\n\nBest wishes,\nJo") == "first Dear Ann,\nlast Best wishes,\nlast Jo"
    assert audit.edges("x" * 60) == ""


def test_the_nearest_mail_of_another_pair_is_found_once(audit: ModuleType) -> None:
    """The two of a pair are meant to be alike; they are not each other's nearest."""
    corpus = [labelled("w1-1", pair="a"), labelled("w1-2", held=True, pair="a"), labelled("w1-3"), labelled("w1-4")]
    vectors = np.eye(4)[[0, 0, 0, 1]] * 1.0
    vectors[2] = [0.9, np.sqrt(1 - 0.81), 0, 0]
    near = audit.nearest(corpus, vectors)
    assert [(round(cosine, 2), one.id, other.id) for cosine, one, other in near[:2]] == [
        (0.9, "w1-1", "w1-3"),
        (0.9, "w1-2", "w1-3"),
    ]


def test_sentences_that_stand_word_for_word_in_two_mails_are_listed(audit: ModuleType) -> None:
    """Punctuation and capitals aside; a short phrase may well stand in many."""
    one = replace(labelled("w1-1"), text="Hi. I think we both know how this will end, Bob.")
    other = replace(labelled("w2-1"), text="Hi. i think we both know how this will end BOB!")
    assert audit.repeated([one, other]) == {"i think we both know how this will end bob": ["w1-1", "w2-1"]}


def test_a_copy_keeps_the_words_and_loses_names_and_numbers(audit: ModuleType) -> None:
    """It is what the distance of near-duplicates is set by."""
    text = "Dear Ann,\nYou owe us 4711 pounds. Pay it soon. We wait. It is late.\nJo"
    copy = audit.copy_of(text, random.Random(1))
    assert copy.startswith("Dear Morgan,\n")
    assert "4711" not in copy
    assert 0 < len(set(text.split()) & set(copy.split())) < len(text.split())


def test_the_report_tells_what_is_in_the_corpus(audit: ModuleType) -> None:
    """Counts, grey mail and the nearest mails, whatever stands in them."""
    corpus = [replace(mail, text=mail.text + " a|b") for mail in mails({True: "No {0}.", False: "Yes {0}."}, 24)]
    corpus += [labelled("w9-1", held=True, agreed=False), labelled("w9-2", agreed=None)]
    corpus = [replace(mail, marks=()) for mail in corpus]
    text = audit.report(
        corpus, {"Danish": corpus[:4]}, audit.nearest(corpus, np.eye(26)), np.array([0.96]), audit.leaks(corpus)
    )
    assert "| mails | 26 |" in text
    assert "| English | 25 of 26 | 1 |" in text
    assert "a\\|b" in text
