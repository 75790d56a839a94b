"""Text from mail made safe to show."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coolmail.core.clean import INVISIBLE, clean, shorten

any_text = st.text(
    st.characters() | st.sampled_from("\x1b\x9b\u202e\u2066\u200d\u200b\r\n\t\0😀👩💻\ufe0f"), max_size=60
)


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("\x1b]0;title\x07x", "]0;titlex"),
        ("\x9b2Jx", "2Jx"),
        ("a\x08\x08b", "ab"),
        ("\u202egnp.exe", "gnp.exe"),
        ("\u2066a\u2069", "a"),
        ("pay\u200bpal", "paypal"),
        ("a\u00adb\ufeff", "ab"),
        ("a\U000e0041b", "ab"),
        ("a\u2028b", "ab"),
        ("a\ud800b", "ab"),
        ("a\ue000b", "ab"),
        ("a\r\nBcc: x", "a  Bcc: x"),
        ("a\tb", "a b"),
    ],
)
def test_what_moves_hides_or_forges_is_removed(hostile: str, shown: str) -> None:
    """Escape sequences lose their escape, marks that reverse or hide vanish, a line stays one line."""
    assert clean(hostile) == shown


@pytest.mark.parametrize(
    "text", ["Grüße, søde Åse", "Ελληνικά", "日本語", "שלום", "مرحبا", "e\u0301", "👩\u200d💻", "❤️", "👍🏽"]
)
def test_what_people_write_stays(text: str) -> None:
    """All scripts, combining marks and emoji."""
    assert clean(text) == text


def test_a_joiner_between_letters_hides_nothing() -> None:
    """It is kept between emoji only."""
    assert clean("pay\u200dpal \u200d") == "paypal "


def test_lines_stay_lines_where_they_are_wanted() -> None:
    """Line ends and tabs survive, carriage returns do not."""
    assert clean("a\r\n\tb\rc", lines=True) == "a\n\tbc"


@given(any_text, st.booleans())
def test_nothing_that_a_terminal_obeys_survives(text: str, lines: bool) -> None:
    """No control character but the wanted line ends, no bidirectional override."""
    for letter in clean(text, lines=lines):
        assert unicodedata.category(letter) not in {"Cc", "Cs", "Co", "Cn"} or (lines and letter in "\n\t")
        assert letter not in "\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029"


@given(any_text, st.booleans())
def test_clean_text_stays_as_it_is(text: str, lines: bool) -> None:
    """Cleaning twice is cleaning once."""
    once = clean(text, lines=lines)
    assert clean(once, lines=lines) == once


@given(any_text, st.integers(2, 60))
def test_shortened_text_fits_on_one_line(text: str, width: int) -> None:
    """Never longer than asked, never more than a line."""
    short = shorten(text, width)
    assert len(short) <= width
    assert "\n" not in short


def test_what_was_cut_ends_in_an_ellipsis() -> None:
    """And what was not cut does not."""
    assert shorten("a long subject", 8) == "a long…"
    assert shorten("short", 8) == "short"


def test_what_python_calls_printable_stays() -> None:
    """All of it, so that most text need not be looked at letter by letter; and nothing that is removed is called so."""
    printable = "".join(letter for letter in map(chr, range(0x110000)) if letter.isprintable())
    assert clean(f"{printable}\t") == f"{printable} "
    assert not any(chr(number).isprintable() for number in INVISIBLE)
