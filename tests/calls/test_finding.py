"""Everything for one call from what was gathered: whose country, whose clock, and what is said where something is not known."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coolmail.calls.finding import Material, find
from coolmail.calls.keeping import from_json, to_json
from coolmail.calls.whereabouts import country_of_address, country_of_zone
from coolmail.core.settings import CallRules, WorkingHours
from coolmail.core.talk import Letter, Number, Point, Preparation, Slot

NOW = datetime(2026, 11, 26, 15, 0, tzinfo=UTC)
COPENHAGEN = ZoneInfo("Europe/Copenhagen")
ANNA = "anna@studio.example"

ENGLISH = """\
Anna,

this is the third time I ask. The banner is still the old one, and you promised the new one for last Friday.
Order 4711-2026 was paid in full on 3 November. Where is it?

Regards
Jane Roe
Roe & Sons Ltd, 12 High Street, London
T 020 7946 0018
M 07400 123456
F 020 7946 0019
Company no. 02079461234, VAT 123 4567 89
"""
DANISH = """\
Hej Anna

Nu er det tredje gang, jeg rykker. Banneret er stadig det gamle, og du lovede det nye til i fredags.
Faktura 31245678 er betalt. Hvor er det?

Med venlig hilsen
Bo Berg
Berg Byg ApS
Tlf.: 33 12 34 56
Mobil: 28 34 56 78
Fax: 33 12 34 57
CVR-nr. 28 34 56 70
"""


def material(client: str, text: str = "Where is it?", *, offset: int | None = 1, **changes: Any) -> Material:
    """Return what is known of a client who wrote once, three days ago."""
    zone = UTC if offset is None else timezone(timedelta(hours=offset))
    letters = (Letter(client, (NOW - timedelta(days=3)).astimezone(zone), text, in_thread=True),)
    made = Material(
        client=client,
        ours=(ANNA,),
        letters=letters,
        rules=CallRules(),
        hours=WorkingHours(),
        zone=COPENHAGEN,
        now=NOW,
        phone="+45 20 30 40 50",
    )
    return replace(made, **changes)


def e164(found: Preparation) -> list[str]:
    """Return the numbers."""
    return [number.e164 for number in found.numbers]


def theirs(found: Preparation) -> list[str]:
    """Return the slots by the client's clock."""
    return [f"{slot.theirs:%H:%M %z}" for slot in found.slots if slot.theirs is not None]


# -- real threads


def test_an_english_client() -> None:
    """The mobile and the landline, no fax, no registration; London's clock and holidays."""
    found = find(material("jane@roe.co.uk", ENGLISH, offset=0))
    assert e164(found) == ["+447400123456", "+442079460018"]
    assert found.numbers[1].national == "020 7946 0018"
    assert theirs(found) == ["09:00 +0000", "13:00 +0000", "09:00 +0000"]
    assert found.remarks == ("The client's local time is taken from the country of their number.",)


def test_a_danish_client() -> None:
    """Both numbers, nothing else that has eight digits; the same clock, so nothing to remark."""
    found = find(material("bo@bergbyg.dk", DANISH))
    assert e164(found) == ["+4528345678", "+4533123456"]
    assert found.remarks == ()
    assert [slot.theirs for slot in found.slots] == [slot.start for slot in found.slots]


def test_a_client_who_says_nothing_of_themselves() -> None:
    """No number, no country, no zone: slots all the same, and a sentence on each."""
    found = find(material("x@mail.example", offset=None))
    assert found.numbers == ()
    assert len(found.slots) == 3
    assert all(slot.theirs is None for slot in found.slots)
    assert len(found.remarks) == 2
    assert "No phone number" in found.remarks[0]
    assert "time zone is not known" in found.remarks[1]


def test_no_mail_at_all() -> None:
    """The same."""
    assert len(find(material("bo@bergbyg.dk", letters=())).slots) == 3


# -- where they are


@pytest.mark.parametrize(
    ("client", "text", "offset", "first"),
    [
        ("jim@acme.example", "Call +1 212 456 1414", -5, "09:00 -0500"),  # New York by its area code
        ("jim@acme.example", "Call +1 415 456 1414", -8, "08:00 -0800"),
        ("jim@acme.example", "Call +1 800 555 1212", -6, "09:00 -0600"),  # no place: the zone that the Date fields have
        ("jim@acme.example", "no number", -5, "09:00 -0500"),
        ("ann@acme.co.nz", "no number", 13, "20:30 +1300"),  # Auckland, not the Chatham Islands
        ("eva@firma.de", "no number", None, "10:00 +0100"),
        ("eva@firma.de", "Mobil +49 171 1234567", None, "10:00 +0100"),
        ("ivan@firma.example", "+7 916 123-45-67", 3, "12:00 +0300"),
        ("raj@firm.in", "no number", None, "14:30 +0530"),
        ("jim@acme.io", "no number", None, None),  # the domain of a country that is everybody's
        ("jim@acme.example", "Call +1 800 555 1212", None, None),
    ],
)
def test_the_clients_clock(client: str, text: str, offset: int | None, first: str | None) -> None:
    """From the number, the domain, the Date fields; an offset of zero proves nothing."""
    hours = WorkingHours(9 * 60, 18 * 60)
    found = find(material(client, text, offset=offset, hours=hours))
    assert (theirs(found) or [None])[0] == first


def test_the_config_comes_first() -> None:
    """For the address itself, or for the whole domain."""
    rules = CallRules(
        numbers=(("bo@bergbyg.dk", "0171 1234567"),),
        timezones=(("bergbyg.dk", "Europe/London"),),
        countries=(("bergbyg.dk", "DE"),),
    )
    found = find(material("Bo@Bergbyg.dk", DANISH.replace("Tlf.:", "Tlf.: +45"), rules=rules))
    assert found.numbers[0] == Number("+491711234567", "+49 171 1234567", "0171 1234567", "in your config")
    assert "+4533123456" in e164(found)
    assert theirs(found)[0] == "09:00 +0000"


def test_a_subdomain_belongs_to_its_domain() -> None:
    """And not the other way round."""
    rules = CallRules(numbers=(("acme.example", "+45 33 12 34 56"), ("uk.big.example", "+44 20 7946 0018")))
    assert e164(find(material("a@it.acme.example", rules=rules))) == ["+4533123456"]
    assert e164(find(material("a@big.example", rules=rules))) == []


def test_a_number_of_the_config_that_is_none_is_said() -> None:
    """Nothing else is lost by it."""
    found = find(material("bo@bergbyg.dk", DANISH, rules=CallRules(numbers=(("bo@bergbyg.dk", "call me 12"),))))
    assert e164(found) == ["+4528345678", "+4533123456"]
    assert "'call me 12' in your config" in found.remarks[0]


@pytest.mark.parametrize(
    ("address", "country"),
    [
        ("a@b.dk", "DK"),
        ("a@b.co.uk", "GB"),
        ("a@b.com", None),
        ("a@b.io", None),
        ("a@b.eu", None),
        ("a", None),
        ("", None),
    ],
)
def test_the_country_of_an_address(address: str, country: str | None) -> None:
    """Its domain, where that means a country."""
    assert country_of_address(address) == country


def test_the_country_of_a_zone() -> None:
    """By CLDR; a bare offset has none."""
    assert country_of_zone(COPENHAGEN) == "DK"
    assert country_of_zone(ZoneInfo("Asia/Calcutta")) == "IN"
    assert country_of_zone(ZoneInfo("Asia/Kolkata")) == "IN"
    assert country_of_zone(UTC) is None


def test_without_a_country_of_ones_own_that_is_said() -> None:
    """Holidays cannot be kept then."""
    found = find(material("bo@bergbyg.dk", DANISH, zone=UTC, phone=None))
    assert any("Your country is not known" in remark for remark in found.remarks)


def test_a_country_without_a_list_of_holidays_is_said() -> None:
    """A slip in the config, most likely."""
    rules = CallRules(country="XX", countries=(("bergbyg.dk", "YY"),))
    found = find(material("bo@bergbyg.dk", rules=rules))
    assert "No public holidays are known for your country, XX; is it right in the config?" in found.remarks
    assert "No public holidays are known for the client's country, YY." in found.remarks
    assert found.slots


def test_a_call_that_another_client_is_invited_to_is_kept_clear() -> None:
    """For as long as calls are."""
    free = find(material("bo@bergbyg.dk")).slots
    again = find(material("bo@bergbyg.dk", booked=(free[0].start, free[1].start - timedelta(minutes=15)))).slots
    assert free[0].start not in {slot.start for slot in again}
    assert free[1].start not in {slot.start for slot in again}


# -- keeping


def test_what_was_found_is_kept_and_read_again() -> None:
    """All of it, zones included."""
    found = replace(find(material("jane@roe.co.uk", ENGLISH)), points=(Point("asked", "Where is it?", "their mail"),))
    again = from_json(to_json(found))
    assert again == found
    assert again is not None
    assert str(again.slots[0].start.tzinfo) == "Europe/Copenhagen"
    assert str(again.slots[0].theirs.tzinfo if again.slots[0].theirs else "") == "Europe/London"


def test_a_bare_offset_is_kept_too() -> None:
    """Where the client's zone is known from Date fields only."""
    start = datetime(2026, 11, 27, 10, tzinfo=COPENHAGEN)
    slot = Slot(start, start + timedelta(minutes=30), start.astimezone(timezone(timedelta(hours=-3))))
    assert from_json(to_json(Preparation(slots=(slot,)))) == Preparation(slots=(slot,))


NOTHING: dict[str, Any] = {"version": 1, "numbers": [], "slots": [], "points": [], "remarks": []}


def one_slot(start: list[str | None]) -> dict[str, Any]:
    """Return one slot as it is kept."""
    return {**NOTHING, "slots": [{"start": start, "end": start, "theirs": None}]}


@pytest.mark.parametrize(
    "found",
    [
        None,
        {},
        {**NOTHING, "version": 0},
        {"version": 1},
        {**NOTHING, "numbers": [{}]},
        {**NOTHING, "numbers": 1},
        one_slot(["x", None]),
        one_slot(["2026-11-27T10:00", None]),
        one_slot(["2026-11-27T10:00+01:00", "No/Zone"]),
        one_slot([]),
    ],
)
def test_what_cannot_be_read_is_found_anew(found: dict[str, Any] | None) -> None:
    """Another version's, or damaged: None, not an error."""
    assert from_json(found) is None


# -- whatever is found


words = st.text(st.sampled_from("+0123456789 ()-./:\n\t<>@Ttelfax\u202e\xa0\ud800æ") | st.characters(), max_size=80)
moments = st.none() | st.integers(0, 20_000).map(lambda days: datetime(1990, 1, 1, tzinfo=UTC) + timedelta(days=days))


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(["bo@bergbyg.dk", "", "@", "x@", "bo@" + "a." * 100 + "uk", "jørgen@bergbyg.example"]) | words,
    st.lists(
        st.builds(Letter, st.sampled_from(["bo@bergbyg.dk", ANNA]) | words, moments, words, words, st.booleans()),
        max_size=4,
    ),
    st.none() | words,
    st.lists(st.tuples(st.just("bergbyg.dk"), words), max_size=1).map(tuple),
)
def test_whatever_the_mails_hold_an_answer_is_found_and_kept(
    client: str, letters: list[Letter], phone: str | None, numbers: tuple[tuple[str, str], ...]
) -> None:
    """No text, date or address makes finding fail; what is found comes back from the journal's JSON as it was."""
    rules = CallRules(numbers=numbers)
    found = find(material(client, letters=tuple(letters), phone=phone, rules=rules))
    assert from_json(json.loads(json.dumps(to_json(found)))) == found
    assert len(found.slots) >= 2
