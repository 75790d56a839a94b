"""What the client wrote is laid out for the pane: lines that were broken for their length are joined, all others stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coolmail.cli.screen.quoted import quoted_mail, reflowed
from tests.cli.screen import shelf

PROSE = """\
this is the third time I ask. The second draft still has the old
logo on page 4, and the price list is from last year. My boss saw it
and was not amused."""


def test_wrapped_prose_is_one_paragraph() -> None:
    """Whatever the width it was written at; the next paragraph is another."""
    assert reflowed(f"Hi Anna,\n\n{PROSE}\n\nMarie") == f"Hi Anna,\n\n{PROSE.replace(chr(10), ' ')}\n\nMarie"


@pytest.mark.parametrize(
    "kept",
    [
        "- the logo\n- the price list\n- the colours of page 4",
        "1. the logo\n2. the price list",
        "> earlier words\n> of somebody else",
        "    indented\n    as code is",
        "Brygge ApS\nHavnegade 4\n1058 København",
        "Roses are red,\nviolets are blue",
        "| page | fault |\n| 4 | logo |",
    ],
)
def test_what_was_broken_on_purpose_stays(kept: str) -> None:
    """Lists, quotes, addresses, verses, tables: beside prose, too, and with items as long as its lines."""
    assert reflowed(kept) == kept
    assert reflowed(f"{PROSE}\n\n{kept}").endswith(f"\n\n{kept}")
    long = "\n".join(f"- {'x' * 30} {'y' * 33}{number}" for number in range(3))
    assert reflowed(f"{PROSE}\n\n{long}").endswith(f"\n\n{long}")


def test_a_line_that_had_room_for_the_next_word_ended_there() -> None:
    """Its writer pressed Enter."""
    text = f"{PROSE}\nWhen do I get a version?\nI need it on Friday."
    assert reflowed(text).endswith("not amused.\nWhen do I get a version?\nI need it on Friday.")


def test_a_link_is_not_joined() -> None:
    """To nothing, on either side."""
    link = "https://brygge.example/" + "a" * 60
    assert f"{link}\nIt is the second page of it" in reflowed(f"{PROSE}\n{link}\nIt is the second page of it")


def test_an_answer_with_a_quote() -> None:
    """From the bytes of a message: what is flowed and what is hard broken reads the same."""
    found = quoted_mail(shelf.raw("mine", f"Hi Anna,\n\n{PROSE}", "Re: x"))
    assert found == f"Hi Anna,\n\n{PROSE.replace(chr(10), ' ')}"


@given(st.text("ab -.>1\n\t日", max_size=300))
def test_no_word_is_lost(text: str) -> None:
    """Only line ends become spaces."""
    assert reflowed(text).replace("\n", " ") == text.replace("\n", " ")
