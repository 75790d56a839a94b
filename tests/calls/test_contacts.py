"""Numbers in vCards, as phones, Google, Outlook and vdirsyncer write them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coolmail.calls.contacts import CardNumber, numbers_in_cards

BO = "bo@client.example"


def card(*lines: str, version: str = "3.0") -> str:
    """Return a vCard."""
    return "\r\n".join(["BEGIN:VCARD", f"VERSION:{version}", "N:Berg;Bo;;;", "FN:Bo Berg", *lines, "END:VCARD", ""])


def texts(cards: str) -> list[str]:
    """Return Bo's numbers as they are written."""
    return [number.text for number in numbers_in_cards(cards, BO)]


@pytest.mark.parametrize(
    ("line", "version", "number"),
    [
        ("TEL;TYPE=CELL,VOICE:28 34 56 78", "3.0", CardNumber("28 34 56 78", True, False, "Bo Berg")),
        ("TEL;TYPE=WORK;TYPE=PREF:33 12 34 56", "3.0", CardNumber("33 12 34 56", False, True, "Bo Berg")),
        ("TEL;CELL;VOICE:+4528345678", "2.1", CardNumber("+4528345678", True, False, "Bo Berg")),
        ("TEL;VALUE=uri;PREF=1;TYPE=\"voice,home\":tel:+45-28-34-56-78", "4.0", CardNumber("+45-28-34-56-78", False, True, "Bo Berg")),
        ("item1.TEL:+45 28 34 56 78\r\nitem1.X-ABLabel:Privat", "3.0", CardNumber("+45 28 34 56 78", False, False, "Bo Berg")),
    ],
)  # fmt: skip
def test_every_version_is_read(line: str, version: str, number: CardNumber) -> None:
    """2.1, 3.0, 4.0, and Apple's groups."""
    assert numbers_in_cards(card("EMAIL;TYPE=INTERNET:Bo@Client.example", line, version=version), BO) == [number]


@pytest.mark.parametrize("line", ["TEL;TYPE=FAX:1", "TEL;FAX;WORK:1", "TEL;TYPE=WORK,FAX:1", "TEL;TYPE=pager:1"])
def test_fax_and_pagers_are_passed_over(line: str) -> None:
    """Nobody answers there."""
    assert texts(card("EMAIL:bo@client.example", line)) == []


def test_only_cards_with_the_address_count() -> None:
    """Not one whose note names it, nor one whose address is longer."""
    others = card("EMAIL:xbo@client.example", "TEL:1") + card("NOTE:see bo@client.example", "TEL:2")
    assert texts(others + card("EMAIL:bo@client.example", "TEL:3")) == ["3"]


def test_the_preferred_and_the_mobile_come_first() -> None:
    """Then as they stand in the card."""
    lines = ["TEL;TYPE=WORK:1", "TEL;TYPE=CELL:2", "TEL;TYPE=HOME,PREF:3", "TEL:4"]
    assert texts(card("EMAIL:bo@client.example", *lines)) == ["3", "2", "1", "4"]


def test_folded_lines_and_bare_line_ends_are_read() -> None:
    """An address may be cut in two by a fold."""
    folded = card("EMAIL:bo@cli\r\n ent.example", "TEL:28 34\r\n  56 78")
    assert texts(folded) == ["28 34 56 78"]
    assert texts(folded.replace("\r\n", "\n")) == ["28 34 56 78"]


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "no card",
        "BEGIN:VCARD\nEMAIL:bo@client.example\nTEL:1",
        "BEGIN:VCARD\nEMAIL:bo@client.example\n:::;;;=\nEND:VCARD\n",
        "BEGIN:VCARD\nEMAIL;ENCODING=QUOTED-PRINTABLE;CHARSET=nope:bo@client.example=\nTEL:1\nEND:VCARD\n",
        "BEGIN:VCARD\nBEGIN:VCARD\nEMAIL:bo@client.example\nEND:VCARD\nEND:VCALENDAR\n",
    ],
)
def test_what_is_broken_hides_nothing_else(broken: str) -> None:
    """The good card behind it is read."""
    assert texts(f"{broken}\n{card('EMAIL:bo@client.example', 'TEL:3')}")[-1:] == ["3"]


@settings(max_examples=150)
@given(
    st.lists(
        st.sampled_from(
            [
                "BEGIN:VCARD",
                "END:VCARD",
                "EMAIL:bo@client.example",
                "TEL:1",
                "TEL;X=",
                ":",
                "a.b:c",
                " x",
                "=",
                "PHOTO;ENCODING=b:%",
            ]
        )
        | st.text(max_size=20),
        max_size=12,
    )
)
def test_any_text_is_read(lines: list[str]) -> None:
    """Nothing that a file can hold makes it fail."""
    numbers_in_cards("\n".join(lines), BO)
