"""Phone numbers in the client's mails: what is one, what only looks like one, which is the best, and where it was found."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coolmail.calls.numbers import country_in, find_numbers, read_number, sightings
from coolmail.core.authored import authored
from coolmail.core.talk import Letter, Number

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
COPENHAGEN = ZoneInfo("Europe/Copenhagen")
BO, ANNA = "bo@shop.example", "anna@studio.example"
CASES = json.loads((Path(__file__).parent.parent / "data/replies/cases.json").read_text("utf-8"))


def letter(text: str, *, days: float = 3, sender: str = BO, quoted: str = "", in_thread: bool = False) -> Letter:
    """Return a letter that arrived some days ago."""
    return Letter(sender, NOW - timedelta(days=days), text, quoted, in_thread)


def find(*letters: Letter, region: str | None = "DK", own: tuple[str, ...] = (), guessed: bool = False) -> list[Number]:
    """Return the numbers of Bo, as Anna is shown them."""
    return find_numbers(
        letters,
        client=BO,
        ours=(ANNA,),
        own=[phonenumbers.parse(number) for number in own],
        region=region,
        guessed=guessed,
        now=NOW,
        zone=COPENHAGEN,
    )


def e164(text: str, region: str | None = "DK") -> list[str]:
    """Return the numbers in a text."""
    return [
        phonenumbers.format_number(seen.number, phonenumbers.PhoneNumberFormat.E164) for seen in sightings(text, region)
    ]


# -- what is a number to ring


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("Tlf. 33 12 34 56", "DK", "+4533123456"),
        ("Ring på 33123456 i morgen.", "DK", "+4533123456"),
        ("mobil: 28 34 56 78", "DK", "+4528345678"),
        ("M 28 34 56 78", "DK", "+4528345678"),
        ("(t) 3312 3456", "DK", "+4533123456"),
        ("☎ 33 12 34 56", "DK", "+4533123456"),
        ("33 12 34 56 (mobil)", "DK", "+4533123456"),
        ("Telefon:\n33 12 34 56", "DK", "+4533123456"),
        ("tel/fax 33 12 34 56", "DK", "+4533123456"),
        ("Phone & fax: 33 12 34 56", "DK", "+4533123456"),
        ("+45 33 12 34 56", None, "+4533123456"),
        ("0045 33 12 34 56", "DK", "+4533123456"),
        ("+44 (0)20 7946 0018", None, "+442079460018"),
        ("Call me on 020 7946 0018, please", "GB", "+442079460018"),
        ("p: (212) 456-1414 ext. 12", "US", "+12124561414"),
        ("\u202a+45\xa033\xa012\xa034\xa056\u202c", None, "+4533123456"),
        ("＋４５ ３３ １２ ３４ ５６", None, "+4533123456"),
        ("Tel. 030 901820", "DE", "+4930901820"),
        ("Tél. : 01 40 20 50 50", "FR", "+33140205050"),
        ("Puh. 09 1311 1000", "FI", "+358913111000"),
        ("My number has changed, it is 28 34 56 78 now", "DK", "+4528345678"),
        ("Mobil nr. 28 34 56 78", "DK", "+4528345678"),
        ("Telefonnummer 28 34 56 78", "DK", "+4528345678"),
        ("Du kan få fat i mig på 28 34 56 78 hele dagen", "DK", "+4528345678"),
        ("You can get hold of me on 07400 123456 all day", "GB", "+447400123456"),
    ],
)
def test_a_number_is_found(text: str, region: str | None, number: str) -> None:
    """With its country code anywhere, without it behind a word that calls it a phone."""
    assert e164(f"Hello\n\n{text}", region) == [number]


@pytest.mark.parametrize(
    "text",
    [
        "Fax 33 12 34 56",
        "Fax: +45 33 12 34 56",
        "F +45 33 12 34 56",
        "Telefax\n33 12 34 56",
        "+45 33 12 34 56 (fax)",
        "33 12 34 56 fax",
        "Télécopie : +33 1 40 20 50 50",
        "CVR 31 24 56 78",
        "CVR-nr. 31245678",
        "Faktura 31245678",
        "We paid invoice no. 31245678 on Monday",
        "Ordrenr.: 31 24 56 78",
        "Fakturanummer 28345678",
        "Account number: 28345678",
        "Varenummer 28345678",
        "Sag nr. 28345678",
        "No. 28345678 is missing",
        "https://shop.example/item/28345678",
        "Faxnummer: 28 34 56 78",
        "Konto 2828 4455667",
        "IBAN DK50 0040 0440 1162 43",
        "Order 31 24 56 78 has not come, and I paid 20261124",
        "I need 31245678 of them",
        "between 24/11/2026 and 2026-11-30, 10:00-11:30",
        "call 90 12 34 56 78",
        "call 12 34",
        "192.168.100.200 is down",
        "Tel. 0000 0000",
        "+999 33 12 34 56",
    ],
)
def test_what_is_no_phone_is_passed_over(text: str) -> None:
    """Fax, registrations, invoices, accounts, dates, amounts, numbers that cannot be."""
    assert e164(f"Hej\n\n{text}\n\nHvor bliver det af?") == []


def test_each_number_of_a_line_goes_by_its_own_label() -> None:
    """The word before it, not one further away."""
    line = "T +45 33 12 34 56 | F +45 33 12 34 57 | M +45 28 34 56 78 | CVR 31 24 56 78"
    assert e164(line) == ["+4533123456", "+4528345678"]


def test_one_label_may_call_two_numbers() -> None:
    """Whatever it calls them."""
    assert e164("Tlf. 33 12 34 56 / 28 34 56 78") == ["+4533123456", "+4528345678"]
    assert e164("Ring 33 12 34 56 eller 28 34 56 78") == ["+4533123456", "+4528345678"]
    assert e164("Fax 33 12 34 56, 28 34 56 78") == []


def test_without_country_code_a_signature_is_reason_enough() -> None:
    """There the number may stand alone; in the text it may be anything."""
    body = "Hej Anna\n\nHvor er det?\n\nVenlig hilsen\nBo Berg\nShop ApS\n33 12 34 56\nbo@shop.example\n"
    assert e164(body) == ["+4533123456"]
    assert e164("Hej Anna\n\nVi fik kun 33123456 stykker ud af det, og det er for lidt.\n\nVenlig hilsen\nBo\n") == []


def test_premium_numbers_are_passed_over() -> None:
    """Nobody is asked to ring a number that costs."""
    assert e164("Call +44 909 879 0000") == []


# -- the client's own, not another's


SIGNED = [case for case in CASES if case["plain"] and case["plain"].count("+45 12 34 56 78") == 1]


@pytest.mark.parametrize("case", SIGNED, ids=lambda case: case["name"])
def test_a_signature_in_any_language_gives_the_number(case: dict[str, str]) -> None:
    """Below `-- ` and below a closing; the samples' number is a real one here."""
    (number,) = find(letter(authored(case["plain"].replace("12 34 56 78", "33 12 34 56"), case["html"]).text))
    assert number.e164 == "+4533123456"


QUOTING = [
    case
    for case in CASES
    if case["own"]
    and ("\n> " in (case["plain"] or "") or "without marks" in case["name"])
    and "below" not in case["name"]
]


@pytest.mark.parametrize("case", QUOTING, ids=lambda case: case["name"])
def test_a_number_in_what_the_client_quotes_is_not_theirs(case: dict[str, str]) -> None:
    """Every mail client's way of quoting, with marks and without."""
    lines = case["plain"].rstrip("\n").split("\n")
    marked = [at for at, line in enumerate(lines) if line.startswith("> ")]
    lines.insert(marked[0] + 1 if marked else len(lines), f"{'> ' if marked else ''}Tlf. +45 33 12 34 56")
    text, quoted = authored("\n".join(lines), None)
    assert find(letter(text, in_thread=True)) == []
    assert "+45 33 12 34 56" in quoted


def test_html_signatures_are_read() -> None:
    """As a reader sees them."""
    html = "<p>Where is it?</p><p>Bo<br>Shop ApS</p><table><tr><td>Mobile</td><td><a href='tel:x'>+45 28 34 56 78</a></td></tr></table>"
    (number,) = find(letter(authored(None, html).text))
    assert number.e164 == "+4528345678"


OUTLOOK = (
    '<div>Hej Anna</div><div><br></div><div>Hvor er det?</div><br><div id="Signature"><table><tr><td><b>Bo Berg</b></td></tr><tr><td>Direktør</td>'
    "</tr><tr><td>Direkte:</td><td>33 12 34 56</td></tr><tr><td></td><td>28 34 56 78</td></tr><tr><td>Fax:</td><td>33 12 34 57</td></tr></table>"
    "</div><hr><b>From:</b> Anna &lt;anna@studio.example&gt;<br><b>Sent:</b> 24. november 2026 10:00<br><b>To:</b> Bo<br><b>Subject:</b> Re<br><br>"
    "Hej<br>Anna<br>Tlf. 20 30 40 50"
)
GMAIL = (
    '<div dir="ltr">Where is it?<br clear="all"><div><br></div><span class="gmail_signature_prefix">-- </span><br><div dir="ltr" '
    'class="gmail_signature"><div>Bo Berg</div><div>33 12 34 56</div></div></div><br><div class="gmail_quote"><div class="gmail_attr">On Tue, '
    'Nov 24, 2026 at 10:00 AM Anna &lt;anna@studio.example&gt; wrote:<br></div><blockquote class="gmail_quote">Hi<br>Tlf. '
    "20 30 40 50</blockquote></div>"
)


def test_a_signature_that_the_client_marked_is_one() -> None:
    """Outlook and Gmail say so in their markup; the quote below is not the client's."""
    assert {number.e164 for number in find(letter(authored(None, OUTLOOK).text))} == {"+4533123456", "+4528345678"}
    assert [number.e164 for number in find(letter(authored(None, GMAIL).text))] == ["+4533123456"]


def test_the_users_own_number_is_left_out() -> None:
    """The one in the config, and those in the signatures of the user's own mails."""
    theirs = letter("I tried +45 33 12 34 56 and +45 20 30 40 50 all day.\n\nBo\nTlf. 28 34 56 78\n")
    mine = letter("Hi Bo\n\nKind regards\nAnna\nTlf. +45 20 30 40 50\nanna@studio.example\n", sender=ANNA)
    assert [number.e164 for number in find(theirs, mine, own=("+4533123456",))] == ["+4528345678"]


def test_the_clients_number_in_the_users_text_stays_theirs() -> None:
    """\"I will ring you on ...\" is no signature."""
    mine = letter("Hi Bo, I will ring you on +45 28 34 56 78 tomorrow.\n\nAnna\n", sender=ANNA)
    assert [number.e164 for number in find(letter("Bo\nTlf. 28 34 56 78"), mine)] == ["+4528345678"]


def test_other_writers_do_not_count() -> None:
    """A colleague's number is not the client's, though the names look alike."""
    assert find(letter("Tlf. 33 12 34 56", sender="xbo@shop.example")) == []


def test_what_the_user_quotes_is_the_last_resort() -> None:
    """The client's mail itself may be gone; then it says so."""
    mine = letter("You fool!", sender=ANNA, quoted="Where is it?\n\nBo\nTlf. 33 12 34 56", in_thread=True)
    (number,) = find(mine)
    assert (number.e164, number.found) == ("+4533123456", "in their mail that you quote")
    assert [one.e164 for one in find(mine, letter("Bo\nTlf. 28 34 56 78"))] == ["+4528345678"]


# -- the best first


def test_the_newest_wins_over_an_old_one() -> None:
    """People change numbers."""
    old, new = letter("Bo\nTlf. 33 12 34 56", days=400), letter("Bo\nTlf. 28 34 56 78", days=10)
    assert [number.e164 for number in find(old, new)] == ["+4528345678", "+4533123456"]


def test_the_frequent_wins_over_one_that_was_named_once() -> None:
    """A borrowed phone yesterday does not outweigh four signatures of this month."""
    usual = [letter("Bo\nTlf. 33 12 34 56", days=days) for days in (2, 9, 16, 23)]
    once = letter("Call me on 28 34 56 78 today, I am at my brother's.\n\nBo", days=1)
    assert [number.e164 for number in find(once, *usual)] == ["+4533123456", "+4528345678"]


def test_a_mobile_comes_before_the_switchboard() -> None:
    """Where they stand in the same signatures."""
    found = find(letter("Hej\n\nVenlig hilsen\nBo Berg\nTlf. 33 12 34 56\nMobil 28 34 56 78"))
    assert [number.national for number in found] == ["28 34 56 78", "33 12 34 56"]


def test_a_number_says_where_it_was_found() -> None:
    """In words, with the day in the user's zone and how often."""
    late = Letter(BO, datetime(2026, 11, 23, 23, 30, tzinfo=UTC), "Hej\n\nVenlig hilsen\nBo\nMobil 28 34 56 78")
    found = find(late, letter("Hej\n\nVenlig hilsen\nBo\nMobil 28 34 56 78", days=40))
    assert found == [
        Number(
            "+4528345678",
            "+45 28 34 56 78",
            "28 34 56 78",
            "mobile, in the signature of their mail of 24 November 2026 and in 1 more",
        )
    ]


def test_a_guessed_country_is_said() -> None:
    """A number without country code in the mail of somebody whose country is not known."""
    (number,) = find(letter("Bo\nTlf. 33 12 34 56"), guessed=True)
    assert number.found.endswith("read as a number in Denmark because it has no country code")
    (number,) = find(letter("Bo\nTlf. +45 33 12 34 56"), guessed=True)
    assert "read as" not in number.found


def test_the_country_of_their_numbers() -> None:
    """Of those that have a country code; of most of them."""
    letters = [letter("+1 212 456 1414\n+1 917 456 1414\n+45 33 12 34 56"), letter("+44 20 7946 0018", sender=ANNA)]
    assert country_in(letters, BO) == "US"
    assert country_in([letter("Tlf. 33 12 34 56")], BO) is None
    assert country_in([letter("+800 1234 5678")], BO) is None


def test_at_most_four() -> None:
    """A price list is no address book."""
    assert len(find(letter("\n".join(f"Tlf. 33 12 34 {tail}" for tail in range(50, 60))))) == 4


@pytest.mark.parametrize("text", ["", "bo", "+", "++45", "12", "+45", "tel:", "1" * 200, "\x00+45\u202e33"])
def test_what_is_no_number_is_none(text: str) -> None:
    """No error, no number."""
    assert read_number(text, "DK") is None


@settings(max_examples=200)
@given(st.text(st.sampled_from("+0123456789 ()-./:|\n\t<>TtFfax Mob\u202e\xa0٣３"), max_size=200))
def test_any_text_is_read(text: str) -> None:
    """Nothing that mail can hold makes reading fail, and what is found can be rung."""
    for number in find(letter(text)):
        assert number.e164.startswith("+")
        assert phonenumbers.is_valid_number(phonenumbers.parse(number.e164))
