"""Normalising undoes disguises, leaves ordinary text alone, and can always be led back to the original."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coolmail.tone.normalise import normalise

WILD = st.text(
    st.one_of(
        st.sampled_from("abcdefuck shit.*-_@$!1304 \n\u200b\u0301\ufeff\u00e9аеосfffｆｕ𝐬😀👩\u200d"),
        st.characters(codec="utf-8"),
    ),
    max_size=80,
)


@pytest.mark.parametrize(
    ("disguised", "plain"),
    [
        ("this is sh1t", "this is shit"),
        ("what the f**k", "what the fuck"),
        ("F***ING hell", "FUCKING hell"),
        ("you are a f.u.c.k.i.n.g joke", "you are a fucking joke"),
        ("f-u-c-k that", "fuck that"),
        ("you s t u p i d man", "you stupid man"),
        ("f\u200bu\u200bc\u200bk", "fuck"),
        ("уоu аrе аn idiоt", "you are an idiot"),
        ("ｉｄｉｏｔ", "idiot"),
        ("𝐢𝐝𝐢𝐨𝐭", "idiot"),
        ("i\u0336d\u0336i\u0336o\u0336t\u0336", "idiot"),
        ("noooooooo!!!!!!!!", "nooo!!!"),
        ("@sshole", "asshole"),
        ("b!tch!", "bitch!"),
        ("Schei**e", "Scheisse"),
    ],
)
def test_a_disguise_is_undone(disguised: str, plain: str) -> None:
    """A word that a reader would read is a word that the model reads."""
    assert normalise(disguised).text == plain


@pytest.mark.parametrize(
    "text",
    [
        "Dear Ms O'Neill,\n\nthe invoice (no. 4711, $1,350.50) is due on 3.4.2025, i.e. at 5 p.m. U.S. time.",
        "Part H3-X4, v2.1, 4x4, R2D2, B2B, A/B test, a_variable_name, 100% :) 3*4 = 12",
        "Das Café hat für 5 € geöffnet, Über- und Rückläufe 2x – „gut“.",
        "Привет, это обычное письмо без латиницы.",
        "Plan A b c: I a m fine",
        "HAPPY BIRTHDAY!!! 🎉🎂",
        "*important* and **bold** and # heading",
    ],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    """Prices, part numbers, abbreviations, other scripts and emphasis are not disguises."""
    assert normalise(text).text == text


@given(WILD)
def test_every_place_leads_back(text: str) -> None:
    """Any span of the normalised text has its place in the original, in the same order."""
    plain = normalise(text)
    places = [plain.original(at, at + 1) for at in range(len(plain.text))]
    assert all(0 <= start <= end <= len(text) for start, end in places)
    assert [start for start, _ in places] == sorted(start for start, _ in places)


@given(WILD)
def test_an_untouched_letter_leads_back_to_itself(text: str) -> None:
    """Outside of edits the way back is exact."""
    plain = normalise(f"Xq {text} Zw")
    start, end = plain.original(0, 2)
    assert (start, end) == (0, 2)
    start, end = plain.original(len(plain.text) - 2, len(plain.text))
    assert (start, end) == (len(text) + 4, len(text) + 6)


def test_a_word_in_pieces_leads_back_to_all_its_pieces() -> None:
    """The offsets of a joined word span the disguise."""
    text = "you f.u.c.k.i.n.g liar"
    plain = normalise(text)
    at = plain.text.index("fucking")
    start, end = plain.original(at, at + len("fucking"))
    assert text[start:end] == "f.u.c.k.i.n.g"


@pytest.mark.parametrize(
    "unit", ["a ", "a_", "_", "*", "f*", "!?", ".", "\u0301", "e\u0301", "\u200b", "аa", "a.", "@", "1a", " "]
)
def test_time_grows_with_length_only(unit: str) -> None:
    """10 kB of anything is read in a moment, never in quadratic time."""
    text = (unit * 10_000)[:10_000] + "x"
    start = time.process_time()
    normalise(text)
    assert time.process_time() - start < 2
