"""What to say: talking points drawn from the conversation, in its own words. Pure.

Nothing is summed up and nothing invented: a point is a sentence that somebody wrote, shortened at most, with whose it is and from when. Only the
opening is ours, from the reviewed table `OPENINGS`, and says so. English and Danish are read; sentences are chosen by words that stand in them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from babel.dates import format_date

from coolmail.core.authored import signature_start
from coolmail.core.clean import clean, shorten
from coolmail.core.talk import Letter, Point

READ_AT_MOST = 20_000
"""Characters that are read of one letter."""
LETTERS_AT_MOST = 6
SENTENCE = (12, 400)
"""Characters of a sentence that can be a point."""
SHOWN = 240
MOST = 2
"""Points of each kind."""


def _any(*words: str) -> re.Pattern[str]:
    return re.compile(r"(?<!\w)(?:" + "|".join(words) + r")(?!\w)", re.IGNORECASE)


STRONG = _any(
    r"disappoint\w*", r"unacceptable", r"frustrat\w*", r"unhappy", r"upset", r"annoy\w*", r"furious", r"fed up", r"tired of", r"complain\w*",
    r"wrong", r"broken", r"mistakes?", r"errors?", r"missing", r"fail(?:s|ed|ing|ure)?", r"delay\w*", r"late", r"overdue", r"overcharged",
    r"too expensive", r"poor", r"ridiculous", r"mess", r"waste\w*", r"waiting", r"waited", r"does(?: not|n['’]t) work", r"never",
    r"skuff\w*", r"uacceptabel\w*", r"utilfreds\w*", r"frustrer\w*", r"irriter\w*", r"træt af", r"forkert\w*", r"fejl\w*", r"mangler", r"forsink\w*",
    r"for sent", r"for dyr\w*", r"ødelagt\w*", r"dårlig\w*", r"ringe", r"rod", r"spild\w*", r"venter", r"ventet", r"virker ikke", r"aldrig",
    r"klage\w*",
)  # fmt: skip
WEAK = _any(
    r"not", r"no", r"\w+n['’]t", r"still", r"again", r"nothing", r"nobody", r"only", r"but", r"without", r"problems?", r"issues?",
    r"ikke", r"ingen", r"intet", r"stadig\w*", r"igen", r"endnu", r"kun", r"men", r"uden", r"problem\w*",
)  # fmt: skip
ASKED = _any(
    r"please", r"(?:can|could|would|will) (?:you|we|someone)", r"(?:i|we) (?:need|want|expect|require|would like)", r"let me know", r"send (?:me|us)",
    r"(?:kan|vil|kunne|ville) (?:du|i|vi)", r"venligst", r"(?:jeg|vi) (?:forventer|ønsker|mangler|skal bruge|vil (?:gerne )?have|har brug for)",
    r"giv (?:mig|os) besked", r"send (?:mig|os)", r"lad (?:mig|os) vide",
)  # fmt: skip
TOLD = _any(
    r"you(?:['’]d| had| have)? (?:promised|said|told|agreed|assured|wrote)", r"(?:we|was|were|as) agreed", r"(?:was|were|been) promised",
    r"(?:du|i)(?: har)? (?:lovet|lovede|sagde|sagt|skrev|skrevet|aftalt)", r"(?:du|i) (?:lovede|sagde|skrev)", r"vi aftalte",
    r"(?:som|var|er|havde) aftalt",
    r"har (?:du|i) lovet", r"(?:lovede|sagde|skrev) (?:du|i)", r"blev lovet",
)  # fmt: skip
PROMISE = _any(
    r"(?:i|we)(?:['’]ll| will| shall| promise)", r"you(?:['’]ll| will) (?:have|get|receive|hear)",
    r"(?:jeg|vi) (?:sender|leverer|skal nok|vender tilbage|ringer|lover|vil|gør|fikser|kommer)", r"(?:du|i) (?:får|hører fra)",
    r"(?:får|hører) (?:du|i)",
)  # fmt: skip
DATE = re.compile(
    r"(?<!\w)(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|(?:man|tirs|ons|tors|fre|lør|søn)dag|today|tonight|tomorrow"
    r"|i dag|i aften|i morgen|overmorgen"
    r"|(?:this|next|end of(?: the| this)?) (?:week|month)|(?:denne|næste) (?:uge|måned)|(?:slutningen af )?ugen|noon|midday|midnight|weekend\w*"
    r"|(?:january|february|march|april|june|july|august|september|october|november|december)"
    r"|(?:januar|februar|marts|april|maj|juni|juli|august|september|oktober|november|december)|may \d{1,2}|\d{1,2}(?:st|nd|rd|th)?(?: of)? may"
    r"|\d{1,2}[./-]\d{1,2}(?:[./-]\d{2,4})?|\d{4}-\d\d-\d\d|\d{1,2}(?:[:.]\d\d| ?[ap]m)|kl\. ?\d{1,2}|within \d+ \w+|inden(?: for)? \d+ \w+)(?!\w)",
    re.IGNORECASE,
)
_SHORT = ("f.eks", "bl.a", "e.g", "i.e", "Mr", "Ms", "Mrs", "Dr", "No", "nr", "kl", "ca", "d")
"""Words that end in a full stop which ends no sentence."""
_BEFORE = "".join(rf"(?<!\b{re.escape(word)}\.)" for word in _SHORT)
_END = re.compile(_BEFORE + r"(?<=[.!?…])[\"'”’)]*\s+(?=[\"'“‘(]?[A-ZÆØÅÄÖ0-9])")
_GREETING = re.compile(
    r"(?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|hej|kære|goddag|godmorgen)\b[^.!?]{0,40}[,!.]?",
    re.IGNORECASE,
)
_DELIVERY = _any(
    r"late", r"delay\w*", r"overdue", r"waiting", r"waited", r"forsink\w*", r"for sent", r"venter", r"ventet"
)
_MONEY = _any(
    r"invoices?", r"bill(?:ed|ing)?", r"price\w*", r"costs?", r"charg\w+", r"paid", r"pay\w*", r"expensive", r"overcharged", r"money",
    r"faktura\w*", r"regning\w*", r"pris\w*", r"betal\w*", r"dyr\w*", r"penge\w*", r"kroner",
)  # fmt: skip
_WORK = _any(
    r"wrong",
    r"broken",
    r"mistakes?",
    r"errors?",
    r"missing",
    r"work(?:s|ing)?",
    r"fejl\w*",
    r"forkert\w*",
    r"mangler",
    r"virker",
    r"ødelagt\w*",
)


OPENINGS = {
    "en": {
        "delivery": "Thank you for taking my call. I know that you have been waiting, and I am sorry about that. "
        "May I begin with what you still need from me, and by when?",
        "money": "Thank you for taking my call. I would like to go through the invoice with you, line by line, and put right what is wrong.",
        "work": "Thank you for taking my call. Something did not turn out as you expected, and I would like to understand it. "
        "Will you tell me what you see?",
        "any": "Thank you for taking my call. I have read your mail, and I would like to hear it from you. What matters most to you?",
    },
    "da": {
        "delivery": "Godt, at vi kan tale sammen. Jeg ved, at du har ventet, og det beklager jeg. "
        "Må jeg begynde med, hvad du mangler fra mig, og hvornår?",
        "money": "Godt, at vi kan tale sammen. Jeg vil gerne gå fakturaen igennem sammen med dig, linje for linje, og rette det, der er forkert.",
        "work": "Godt, at vi kan tale sammen. Noget er ikke blevet, som du havde regnet med, og det vil jeg gerne forstå. "
        "Vil du fortælle mig, hvad du ser?",
        "any": "Godt, at vi kan tale sammen. Jeg har læst din mail, og jeg vil gerne høre det fra dig. Hvad er vigtigst for dig?",
    },
}  # fmt: skip
"""How to begin, by what the complaint is about; each owns one's part and then listens. Written and read over by hand: not from the mail."""

LABEL = "a way to begin, not from your mail"


class _Said(NamedTuple):
    text: str
    source: str
    theirs: bool
    weight: int


def find_points(
    letters: Sequence[Letter], *, client: str, ours: Collection[str], language: str | None, now: datetime
) -> tuple[Point, ...]:
    """Return what to say, in the order to say it: an opening, what they complain about, what they ask for, what was promised and by when.

    `letters` are those of the conversation and before, in any order; the newest of the conversation counts, and what the user's own mail quotes where
    the client's is gone. There is no opening where nothing was found.
    """
    mine = {address.casefold() for address in ours}
    thread = sorted(
        (letter for letter in letters if letter.in_thread),
        key=lambda letter: (letter.date is not None, letter.date or now),
        reverse=True,
    )[:LETTERS_AT_MOST]
    theirs = [letter for letter in thread if letter.sender.casefold() == client.casefold()]
    own = [letter for letter in thread if letter.sender.casefold() in mine]
    newest = list(_said(theirs[0].text, _source(theirs[0], "their mail"), theirs=True)) if theirs else []
    if not newest:
        quoted = next((letter for letter in own if letter.quoted.strip()), None)
        newest = list(_said(quoted.quoted, "the mail you answer", theirs=True)) if quoted is not None else []
    earlier = [said for letter in theirs[1:] for said in _said(letter.text, _source(letter, "their mail"), theirs=True)]
    # The user's newest own letter is the one that waits: its promises are not made yet.
    made = [said for letter in own[1:] for said in _said(letter.text, _source(letter, "your mail"), theirs=False)]
    complaints = _best((said for said in newest if said.weight >= 2 and not said.text.endswith("?")), MOST)
    asked = _best((_dated(said) for said in newest if said.text.endswith("?") or ASKED.search(said.text)), MOST)
    promised = [said for said in (*newest, *earlier) if TOLD.search(said.text)]
    promised += [said for said in made if PROMISE.search(said.text) and DATE.search(said.text)]
    points = [
        *(Point("complaint", shorten(said.text, SHOWN), said.source) for said in complaints),
        *(
            Point("asked", shorten(said.text, SHOWN), said.source)
            for said in asked
            if said.text not in {one.text for one in complaints}
        ),
        *(Point("promised", shorten(said.text, SHOWN), said.source) for said in promised[:MOST]),
    ]
    points = list({point.text: point for point in reversed(points)}.values())[::-1]
    if not newest:
        return tuple(points)
    table = OPENINGS.get(language or "en", OPENINGS["en"])
    return (Point("opening", table[_about(complaints or newest)], LABEL), *points)


def _about(said: Iterable[_Said]) -> str:
    text = " ".join(one.text for one in said)
    found = {"delivery": _DELIVERY, "money": _MONEY, "work": _WORK}
    counts = {name: len(words.findall(text)) for name, words in found.items()}
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] else "any"


def _source(letter: Letter, whose: str) -> str:
    return whose if letter.date is None else f"{whose} of {format_date(letter.date, 'd MMMM', locale='en')}"


def _dated(said: _Said) -> _Said:
    """Let what has a day weigh more."""
    return said._replace(weight=2 if DATE.search(said.text) else 1)


def _best(found: Iterable[_Said], most: int) -> list[_Said]:
    """Return the weightiest, in the order they were written."""
    listed = list(dict.fromkeys(found))
    chosen = sorted(range(len(listed)), key=lambda at: (-listed[at].weight, at))[:most]
    return [listed[at] for at in sorted(chosen)]


def _said(text: str, source: str, *, theirs: bool) -> Iterator[_Said]:
    lines = text[:READ_AT_MOST].splitlines()
    for paragraph in _paragraphs(lines[: signature_start(lines)]):
        for piece in _END.split(paragraph):
            sentence = piece.strip()
            if SENTENCE[0] <= len(sentence) <= SENTENCE[1] and not _GREETING.fullmatch(sentence):
                weight = 2 * len(STRONG.findall(sentence)) + len(WEAK.findall(sentence))
                yield _Said(sentence, source, theirs, weight)


def _paragraphs(lines: Iterable[str]) -> Iterator[str]:
    """Join wrapped lines; a short line and a list item stand alone."""
    held: list[str] = []
    for line in lines:
        bare = clean(line).strip().lstrip(">").strip()
        if not bare or bare[:1] in "-*•" or (held and len(held[-1]) < 45):
            if held:
                yield " ".join(held)
            held = []
        if bare:
            held.append(bare.lstrip("-*• "))
    if held:
        yield " ".join(held)
