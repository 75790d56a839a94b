"""The user's lists of words: what is a whole word, in any script, and what becomes of an allowed one."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coolmail.core.tone import Kind, Level, SentenceHeat, ToneReport
from coolmail.core.wordlists import PLACE_HOLDER, find, is_word, neutralised, watched


@pytest.mark.parametrize(
    ("text", "word", "found"),
    [
        ("Our lawyer writes.", "lawyer", ["lawyer"]),
        ("LAWYER! Lawyer, lawyer", "Lawyer", ["LAWYER", "Lawyer", "lawyer"]),
        ("lawyers and lawyerly, mylawyer", "lawyer", []),
        ("the lawyer's letter, lawyer-client", "lawyer", ["lawyer", "lawyer"]),
        ("ass class asset bass ass", "ass", ["ass", "ass"]),
        ("small  claims\n court", "Small Claims Court", ["small  claims\n court"]),
        ("small-claims court", "small claims court", []),
        ("smallclaims court", "small claims court", []),
        ("ØL, øl og økologi", "øl", ["ØL", "øl"]),
        ("Die STRASSE, die Straße, Straßenbahn", "straße", ["STRASSE", "Straße"]),
        ("caf\u00e9, cafe\u0301, cafe, CAF\u00c9S", "caf\u00e9", ["caf\u00e9", "cafe\u0301"]),
        ("cafe\u0301", "cafe", []),
        ("don\u2019t", "don't", ["don\u2019t"]),
        ("Срочно! срочного", "СРОЧНО", ["Срочно"]),
        ("la\u00adw\u200byer", "lawyer", ["la\u00adw\u200byer"]),
        ("C++ and C and C++20", "c++", ["C++", "C++"]),
        ("a.b axb", "a.b", ["a.b"]),
        ("what?! what", "what?!", ["what?!"]),
        ("route 66, 665 and 66", "66", ["66", "66"]),
        ("snake_case case", "case", ["case"]),
        ("one\u2028two", "one two", ["one\u2028two"]),
        ("", "lawyer", []),
    ],
)
def test_what_is_a_whole_word(text: str, word: str, found: list[str]) -> None:
    """Capitals, accents, apostrophes and line ends are no obstacle; letters, digits and accents that touch it are."""
    assert [text[start:end] for start, end in find(text, [word])] == found


def test_the_longer_of_two_phrases_is_found() -> None:
    """Without overlap, in the order of the text."""
    text = "final notice, notice, final notice period"
    found = find(text, ["notice", "final notice", "final notice period"])
    assert [text[start:end] for start, end in found] == ["final notice", "notice", "final notice period"]


def test_watched_words_are_told_as_the_user_wrote_them() -> None:
    """In the order of the list, each once."""
    assert watched("a LAWSUIT, a lawsuit; my solicitor", ["Solicitor", "lawsuit", "court"]) == ("Solicitor", "lawsuit")
    assert watched("anything", []) == ()


@pytest.mark.parametrize("word", ["", " \n", "\u200b", "\u00ad\u202e "])
def test_what_cannot_be_seen_is_no_word(word: str) -> None:
    """The configuration refuses it."""
    assert not is_word(word)
    assert find("a\u200bb c", [word]) == []


WORDS = st.lists(st.text("abß éÉ\u0301'’-\u200b", max_size=4), max_size=4)
TEXTS = st.text("abAß éÉ\u0301'’-\u200b\n", max_size=40)


@given(TEXTS, WORDS)
def test_found_spans_lie_in_order_and_in_the_text(text: str, words: list[str]) -> None:
    """Each is what one of the words is, and none is empty."""
    at = 0
    for start, end in find(text, words):
        assert at <= start < end <= len(text)
        at = end


@given(st.text(min_size=1, max_size=8).filter(is_word), st.sampled_from(["NFC", "NFD"]))
def test_a_word_is_found_where_it_stands_alone(word: str, form: str) -> None:
    """Whatever it consists of, and however its accents are composed."""
    assert watched(f"so ({unicodedata.normalize(form, word)}) it is", [word]) == (word,)


# -- allowed words


def report_on(text: str, *spans: tuple[int, int]) -> ToneReport:
    """Return a report with sentences at these spans."""
    sentences = tuple(SentenceHeat(text[a:b], a, b, 0.9, (Kind.ANGER,)) for a, b in spans)
    return ToneReport(0.9, Level.HEATED, text, sentences, "en")


def test_allowed_words_are_replaced_and_the_report_is_about_the_original() -> None:
    """Sentences cover the words that the user wrote."""
    text = "Damn! The damn fine coffee is here. Damn. Bye, damn"
    neutral = neutralised(text, ["damn fine", "damn"])
    assert neutral.text == "X! The X coffee is here. X. Bye, X"
    spans = [(0, 2), (3, 24), (25, 27), (28, 34)]
    back = neutral.back(report_on(neutral.text, *spans))
    assert back.own_text == text
    assert [each.text for each in back.sentences] == ["Damn!", "The damn fine coffee is here.", "Damn.", "Bye, damn"]
    assert all(text[each.start : each.end] == each.text for each in back.sentences)


def test_without_allowed_words_nothing_changes() -> None:
    """The very same report."""
    text = "Damn! It works."
    report = report_on(text, (0, 5), (6, 15))
    assert neutralised(text, []).back(report) == report
    assert neutralised(text, ["absent"]).back(report) == report


@given(TEXTS, WORDS, st.data())
def test_any_sentence_finds_its_way_back(text: str, words: list[str], data: st.DataObject) -> None:
    """A span of the neutral text covers, in the original, the same words with the allowed ones put back in."""
    neutral = neutralised(text, words)
    start = data.draw(st.integers(0, len(neutral.text)))
    end = data.draw(st.integers(start, len(neutral.text)))
    (sentence,) = neutral.back(report_on(neutral.text, (start, end))).sentences
    assert text[sentence.start : sentence.end] == sentence.text
    if start < end and PLACE_HOLDER not in neutral.text[start:end]:
        assert sentence.text == neutral.text[start:end]
    whole = neutral.back(report_on(neutral.text, (0, len(neutral.text)))).sentences[0]
    assert whole.text == text


@pytest.mark.parametrize("piece", ["a ", "aé ", "a\u0301", "small claims "])
def test_a_megabyte_is_searched_in_seconds(piece: str) -> None:
    """Time is linear in the length."""
    text = piece * (1_000_000 // len(piece))
    began = time.process_time()
    watched(text, ["small claims court", "a a a a b", "lawyer"])
    neutralised(text, ["court", "claims of"])
    assert time.process_time() - began < 10
