"""Phone numbers in the client's own mails: which there are, which is the best, and where each was found.

Mail is full of digits that could be rung but are not meant to be: fax numbers, company registrations, invoices, accounts, and the user's own number
in what the client quotes. So only what the client newly wrote is read, signature included; a number with its country code counts wherever it stands,
one without it only behind a word like "tel" or in the signature, and never behind a word like "fax" or "invoice".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from enum import Enum, auto
from typing import NamedTuple

import phonenumbers
from babel import Locale
from babel.dates import format_date
from phonenumbers import (
    Leniency,
    NumberParseException,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberMatcher,
    PhoneNumberType,
)

from coolmail.core.authored import signature_start
from coolmail.core.clean import clean
from coolmail.core.talk import Letter, Number

READ_AT_MOST = 12_000
"""Characters of one letter in which numbers are looked for: half at its beginning, half at its end."""
LONGEST_LINE = 400
MOST = 4
HALF_LIFE_DAYS = 180.0
"""A mail half a year older says half as much about where its author can be reached now."""

_PHONE = (
    "tel|tél|tlf|telf|telefon|telefonnummer|telefoon|telephone|téléphone|teléfono|telefono|phone|ph|fon|mobile|mobil|mobiltelefon|mob|cell|cellphone|handy|gsm"
    "|móvil|cellulare|portable|matkapuhelin|puhelin|puh|direct|direkte|direkt|dir|ring|call|reach|anruf|whatsapp|signal|sms|text"
    "|kontor|office|main|hovednummer|switchboard"
)
_FAX = "fax|telefax|telefaks|faks|faxnr|faxnummer|télécopie|télécopieur|faksi"
_OTHER = (
    "cvr|cvrnr|cpr|se|vat|moms|ust|ustid|steuernr|iban|bic|swift|konto|kontonr|account|acct|reg|registration|ref|reference|order|ordre|ordrenr|bestilling"
    "|invoice|faktura|fakturanr|rechnung|sag|sagsnr|case|ticket|id|pnr|ean|gln|org|orgnr|hrb|siret|siren|kvk|btw|zip|postboks|box|customer|kunde|kundenr"
    "|booking|tracking|version|build|isbn|serial|passcode|pin|code|kode|eori|abn|ein|nif|cif|duns"
)
_LETTERS = {
    "t": "phone",
    "m": "phone",
    "p": "phone",
    "d": "phone",
    "o": "phone",
    "h": "phone",
    "w": "phone",
    "f": "fax",
}
_WORD = re.compile(r"[^\W\d_]+|[☎☏✆📞📱🖷📠]")
_PICTURES = {**dict.fromkeys("☎☏✆📞📱", "phone"), **dict.fromkeys("🖷📠", "fax")}
_BOTH = re.compile(r"[\s/&+,.:-]*(?:(?:and|og|und|et|y|e|en|och|or)[\s/&+,.:-]*)?")
_ALSO = re.compile(r"[\s/&,;|()–—-]*(?:(?:and|or|og|eller|und|oder|et|ou|en|of|och|y|o)\s+)?")
"""What stands between two numbers that one label calls by the same name."""
_REACH_ME = re.compile(
    r"\b(?:me|us|mig|os|mich|uns|mij|ons|meg|oss)\s+(?:on|at|på|unter|auf|op)\s*:?\s*$", re.IGNORECASE
)
_COMPOUND = re.compile(r"(.+?)s?(?:nummer|number|nr)")
_GENERIC = frozenset({"number", "nummer", "nr", "no"})
_NUMBER = frozenset({"number", "nummer"})
"""Words that say what the word before them says: "account number", "mobil nr."."""
_AFTER = re.compile(r"\s*[(\[–—-]?\s*([^\W\d_]+)\s*[)\]]?\s*(?:$|[,;|])")

_KINDS: dict[str, str] = {
    **dict.fromkeys(_PHONE.split("|"), "phone"),
    **dict.fromkeys(_FAX.split("|"), "fax"),
    **dict.fromkeys(_OTHER.split("|"), "other"),
}
_MOBILE_WORDS = frozenset(
    {"mobile", "mobil", "mobiltelefon", "mob", "cell", "cellphone", "handy", "gsm", "móvil"}
    | {"cellulare", "portable", "matkapuhelin", "m", "📱"}
)

_UNWANTED = frozenset({PhoneNumberType.PREMIUM_RATE, PhoneNumberType.PAGER, PhoneNumberType.VOICEMAIL})


class Label(Enum):
    """What the words beside a number say of it."""

    NONE = auto()
    PHONE = auto()
    MOBILE = auto()
    NOT_A_PHONE = auto()


class Sighting(NamedTuple):
    """A number as it stands in a text; `complete` where it has its country code."""

    number: PhoneNumber
    mobile: bool
    in_signature: bool
    complete: bool


@dataclass(frozen=True, slots=True)
class _Seen:
    """A number in several letters."""

    number: PhoneNumber
    mobile: bool
    weight: float
    dates: tuple[datetime, ...]
    letters: int
    in_signature: bool
    complete: bool
    first: int


def read_number(text: str, region: str | None) -> PhoneNumber | None:
    """Return the number that a text is, read as in `region` (ISO 3166 alpha-2) where it has no country code; None if it is no possible number."""
    try:
        number = phonenumbers.parse(clean(text)[:100], region)
    except NumberParseException:
        return None
    return number if phonenumbers.is_possible_number(number) else None


def region_of(number: PhoneNumber) -> str | None:
    """Return the country of a number (ISO 3166 alpha-2), None where it has none (satellite, international freephone)."""
    region = phonenumbers.region_code_for_number(number)
    return region if region is not None and len(region) == 2 and region.isalpha() else None


def shown(number: PhoneNumber, found: str) -> Number:
    """Return a number as it is shown."""
    return Number(
        phonenumbers.format_number(number, PhoneNumberFormat.E164),
        phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL),
        phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL),
        found,
    )


def sightings(text: str, region: str | None) -> list[Sighting]:
    """Return the phone numbers in a text, in order, without those that are marked as something else."""
    if len(text) > READ_AT_MOST:
        text = f"{text[: READ_AT_MOST // 2]}\n\n{text[-READ_AT_MOST // 2 :]}"
    lines = [line[:LONGEST_LINE] for line in clean(text, lines=True).split("\n")]
    signature = signature_start(lines)
    found = []
    before = ""
    for at, line in enumerate(lines):
        end, label = 0, Label.NONE
        for match in PhoneNumberMatcher(line, region, leniency=Leniency.VALID):
            between, last = line[end : match.start], label
            label = _label(between, line[match.end :])
            if label is Label.NONE and end and _ALSO.fullmatch(between):
                label = last
            if label is Label.NONE and not between.strip(" \t+()") and not end:
                label = _label(before, "")
            end = match.end
            wanted = label is not Label.NOT_A_PHONE and phonenumbers.number_type(match.number) not in _UNWANTED
            if wanted and (_has_country_code(match.raw_string) or label is not Label.NONE or at >= signature):
                kind = phonenumbers.number_type(match.number)
                mobile = kind == PhoneNumberType.MOBILE or (
                    kind == PhoneNumberType.FIXED_LINE_OR_MOBILE and label is Label.MOBILE
                )
                found.append(Sighting(match.number, mobile, at >= signature, _has_country_code(match.raw_string)))
        if line.strip():
            before = "" if end else line
    return found


def _has_country_code(raw: str) -> bool:
    return raw.lstrip("( ").startswith(("+", "＋", "00"))


def _label(before: str, after: str) -> Label:
    """Say what the words before a number on its line, or the one right after it, call it."""
    words = [(found, _kind(found[0], before, found)) for found in _WORD.finditer(before)]
    named = [(found, kind) for found, kind in words if kind is not None]
    if named and named[-1][1] == "generic":
        named = [*named[:-1], (named[-1][0], _meant(named, before))]
    behind = _AFTER.match(after)
    behind_kind = _KINDS.get(behind[1].casefold()) if behind else None
    if behind_kind == "fax" and not (named and named[-1][1] == "phone" and _near(named[-1][0], before)):
        return Label.NOT_A_PHONE
    if named:
        last, kind = named[-1]
        if kind == "fax":
            if (
                len(named) < 2
                or named[-2][1] != "phone"
                or not _BOTH.fullmatch(before[named[-2][0].end() : last.start()])
            ):
                return Label.NOT_A_PHONE
            return Label.PHONE
        if kind == "other":
            return Label.NOT_A_PHONE
        return Label.MOBILE if last[0].casefold() in _MOBILE_WORDS else Label.PHONE
    if _REACH_ME.search(before):
        return Label.PHONE
    if behind_kind == "phone" and behind:
        return Label.MOBILE if behind[1].casefold() in _MOBILE_WORDS else Label.PHONE
    return Label.NONE


def _meant(named: Sequence[tuple[re.Match[str], str]], before: str) -> str:
    """Return what a last word like "number" says: what the word right before it says; by itself a phone number's, shortened ("no.") anything's."""
    word = named[-1][0]
    if len(named) > 1 and named[-2][1] != "generic" and not before[named[-2][0].end() : word.start()].strip(" .:#-"):
        return named[-2][1]
    return "phone" if word[0].casefold() in _NUMBER else "other"


def _near(word: re.Match[str], before: str) -> bool:
    return not before[word.end() :].strip(" .:/()+-\t")


def _kind(word: str, text: str, found: re.Match[str]) -> str | None:
    """Return what a word says of the number behind it: `phone`, `fax`, `other`, or None."""
    if word in _PICTURES:
        return _PICTURES[word]
    folded = word.casefold()
    if len(folded) == 1:
        # A letter alone is a label only right before the number: "T 33 12 34 56", "(f) +45 ...".
        return _LETTERS.get(folded) if not text[found.end() :].strip(" .:|)(+\t") else None
    if folded in _GENERIC:
        return "generic"
    if folded not in _KINDS and (compound := _COMPOUND.fullmatch(folded)):
        return _KINDS.get(compound[1], "other")
    return _KINDS.get(folded)


def find_numbers(
    letters: Sequence[Letter],
    *,
    client: str,
    ours: Iterable[str],
    own: Iterable[PhoneNumber],
    region: str | None,
    guessed: bool = False,
    now: datetime,
    zone: tzinfo,
) -> list[Number]:
    """Return the numbers in the client's own letters, best first, at most `MOST`.

    `ours` are the user's addresses, `own` the user's numbers; numbers in the signatures of the user's letters are left out, too. Numbers without
    country code are read as in `region`; `guessed` says that there is little reason to. A number weighs as much as the letters it stands in, a letter
    half as much for every `HALF_LIFE_DAYS` of age. Where the letters have none, what the user quotes of them is read.
    """
    client = client.casefold()
    mine = {address.casefold() for address in ours}
    not_theirs = {_key(number) for number in own}
    for letter in letters:
        if letter.sender.casefold() in mine:
            not_theirs |= {_key(seen.number) for seen in sightings(letter.text, region) if seen.in_signature}
    table: dict[str, _Seen] = {}
    for letter in letters:
        if letter.sender.casefold() == client:
            _count(table, letter, sightings(letter.text, region), now)
    if quoted := not table.keys() - not_theirs:
        for letter in letters:
            if letter.sender.casefold() in mine and letter.in_thread:
                _count(table, letter, sightings(letter.quoted, region), now)
    best = sorted(
        (seen for key, seen in table.items() if key not in not_theirs),
        key=lambda seen: (-round(seen.weight, 3), not seen.mobile, seen.first),
    )
    guess = region if guessed else None
    return [shown(seen.number, _words(seen, zone, guess, quoted=quoted)) for seen in best[:MOST]]


def country_in(letters: Iterable[Letter], client: str) -> str | None:
    """Return the country of most of the client's numbers that have their country code, None where there are none."""
    countries = Counter(
        country
        for letter in letters
        if letter.sender.casefold() == client.casefold()
        for sighting in sightings(letter.text, None)
        if (country := region_of(sighting.number)) is not None
    )
    return countries.most_common(1)[0][0] if countries else None


def _key(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _count(table: dict[str, _Seen], letter: Letter, found: Iterable[Sighting], now: datetime) -> None:
    age = max(0.0, (now - letter.date).total_seconds() / 86400) if letter.date is not None else 4 * HALF_LIFE_DAYS
    weight = 0.5 ** (age / HALF_LIFE_DAYS)
    counted: set[str] = set()
    for sighting in found:
        key = _key(sighting.number)
        if key in counted:
            continue
        counted.add(key)
        seen = table.get(key)
        dates = () if letter.date is None else (letter.date,)
        if seen is None:
            table[key] = _Seen(
                sighting.number,
                sighting.mobile,
                weight,
                dates,
                letters=1,
                in_signature=sighting.in_signature,
                complete=sighting.complete,
                first=len(table),
            )
        else:
            table[key] = replace(
                seen,
                mobile=seen.mobile or sighting.mobile,
                weight=seen.weight + weight,
                dates=(*seen.dates, *dates),
                letters=seen.letters + 1,
                in_signature=seen.in_signature or sighting.in_signature,
                complete=seen.complete or sighting.complete,
            )


def _words(seen: _Seen, zone: tzinfo, guess: str | None, *, quoted: bool) -> str:
    """Say where a number was found: "mobile, in the signature of their mail of 12 November 2026 and in 2 more"."""
    if quoted:
        where = "in their mail that you quote"
    else:
        where = "in the signature of their mail" if seen.in_signature else "in their mail"
        if seen.dates:
            where += f" of {format_date(max(seen.dates).astimezone(zone), 'd MMMM y', locale='en')}"
        if seen.letters > 1:
            where += f" and in {seen.letters - 1} more"
    if guess is not None and not seen.complete:
        country = Locale("en").territories.get(guess, guess)
        where += f", read as a number in {country} because it has no country code"
    return f"mobile, {where}" if seen.mobile else where
