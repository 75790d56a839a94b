"""Sentences of a mail: what ends one and what does not."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coolmail.tone.sentences import LONGEST, split


def sentences(text: str) -> list[str]:
    """Return the sentences as strings."""
    return [text[start:end] for start, end in split(text)]


@given(st.text(st.one_of(st.sampled_from('ab. \n!?…"-1)'), st.characters(codec="utf-8")), max_size=200))
def test_nothing_but_white_space_is_left_out(text: str) -> None:
    """The spans are in order, apart, trimmed, never empty, and together hold every character that is not white space."""
    at, kept = 0, ""
    for start, end in split(text):
        assert at <= start < end <= len(text)
        assert text[at:start].strip() == ""
        assert text[start:end] == text[start:end].strip()
        at, kept = end, kept + text[start:end]
    assert text[at:].strip() == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("not my problem. figure it out.", ["not my problem.", "figure it out."]),
        ("Dr. Smith sent v2.1 at 3 p.m. to me, i.e. late.", ["Dr. Smith sent v2.1 at 3 p.m. to me, i.e. late."]),
        ("I said no. Then I left.", ["I said no.", "Then I left."]),
        ("Invoice no. 12 is open. Pay it.", ["Invoice no. 12 is open.", "Pay it."]),
        ('"No way!" she said. Really?', ['"No way!" she said.', "Really?"]),
        ("Well... you know best. Do you?", ["Well... you know best.", "Do you?"]),
        ("Vi ses d. 3. april. Hilsen Bo", ["Vi ses d. 3. april.", "Hilsen Bo"]),
        ("Am 3. Mai geht es los. Gut.", ["Am 3. Mai geht es los.", "Gut."]),
        ("See https://a.example/x.html?q=1. Thanks", ["See https://a.example/x.html?q=1.", "Thanks"]),
        ("It costs 450. We agreed on that.", ["It costs 450.", "We agreed on that."]),
        ("WHAT?! Again?? Fine!!", ["WHAT?!", "Again??", "Fine!!"]),
    ],
)
def test_end_marks(text: str, expected: list[str]) -> None:
    """Abbreviations, numbers, dates, links and quotations do not end a sentence; end marks do, whatever the next letter's case."""
    assert sentences(text) == expected


def test_greeting_list_and_sign_off_stand_alone() -> None:
    """A short line, a list item and a blank line end a sentence without a full stop."""
    text = "Hi Mark,\n\nthree things\n- the logo\n- the font\n1. and this\n\nBest\nAnna"
    assert sentences(text) == ["Hi Mark,", "three things", "- the logo", "- the font", "1. and this", "Best", "Anna"]


def test_a_line_wrapped_at_72_columns_goes_on() -> None:
    """A break that a mail program made is not the end of a sentence."""
    text = "I have now looked at all of the pages that you sent over on Tuesday and\ncan say that they are fine."
    assert len(sentences(text)) == 1


def test_what_never_ends_is_cut() -> None:
    """Text without an end mark is cut at a space before it grows out of hand."""
    assert all(len(sentence) <= LONGEST for sentence in sentences("word " * 2000 + "x" * 3000))


@pytest.mark.parametrize("unit", [".", "!?", ". ", " ", "\n", "a \n", '."', "1.", "a. ", "Dr. ", '"', "- "])
def test_time_grows_with_length_only(unit: str) -> None:
    """10 kB of anything takes well under 200 ms of a core."""
    text = (unit * 10_000)[:10_000] + "x"
    start = time.process_time()
    split(text)
    assert time.process_time() - start < 2
