"""Undo what hides words from the tokenizer: zero-width characters, look-alike letters, `f.u.c.k`, `s p a c e d`, `sh1t`, `f**k`.

Each step is a list of edits, found in one linear scan and applied at once; the result remembers them, so that a place
in the normalised text can be led back to the original. Part numbers, abbreviations and dates are left alone: joining and
unmasking happen only where a known rude word comes out, or where five and more letters stand apart.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

RUDE = frozenset(
    """
    arse arsehole ass asshole bastard bastards bitch bitches bloody bollocks bullshit crap cretin crook cunt damn
    dick dickhead dumb dumbass fool fuck fucked fucker fuckers fucking goddamn hell idiot idiotic idiots imbecile
    jackass jerk liar lying moron moronic morons motherfucker piss pissed prick retard scam scammer screw scum
    shit shits shitty shut slut stupid suck sucks thief trash twat useless wanker whore wtf stfu arschloch dumm
    idiotisch scheiss scheisse scheiße trottel verdammt wichser fanden fjols kælling lort pis røvhul satan skide
    connard foutre merde putain salaud cazzo coglione merda stronzo vaffanculo caralho porra cabron gilipollas
    joder mierda puta godverdomme klootzak kut kurwa chuj gówno debil idiota fan fitta helvete jävla skit faen
    dritt
    """.split()  # noqa: SIM905 - a list of words reads better as words
)
"""Words that people disguise, in the model's languages. Being here makes a word readable again, not hot."""

LOOKALIKE = dict(
    zip(
        "аеорсухкмнтвіјѕԁһԛԝгАЕОРСУХКМНТВІЈЅԌΑΒΕΖΗΙΚΜΝΟΡΤΥΧαεικνορτυχ",
        "aeopcyxkmhtbijsdhqwrAEOPCYXKMHTBIJSGABEZHIKMNOPTYXaeikvoptux",
        strict=True,
    )
)
LEET = str.maketrans(
    {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i", "|": "i", "€": "e"}
)
WORD = re.compile(r"[^\W\d_]+")
TOKEN = re.compile(r"[\w@$!|*#€]+")
DISGUISE = frozenset("013457@$!|*#€")
APART = re.compile(r"(?<![^\W_])[^\W_](?:[.\-_*·/]{1,2}[^\W_]){2,30}(?![^\W_])")
SPACED = re.compile(r"(?<![^\W_])(?<!['’])[^\W\d_](?:[ \t][^\W\d_]){2,60}(?![\w'’])")
LONG_RUN = re.compile(r"([^\W\d_])\1{3,}|([^\w\s])\2{3,}")
MASK = re.compile(r"[*#]+")
LONGEST_DISGUISE = 24
SPACED_LETTERS = 5  # letters that stand apart this often in a row are one word, rude or not


@dataclass(frozen=True, slots=True)
class Edit:
    """`text[start:end]` becomes `new`."""

    start: int
    end: int
    new: str


class Step:
    """Edits applied to a text, in order and without overlap, and the way back from the new text's offsets to the old one's."""

    __slots__ = ("_new_ends", "_new_starts", "_old_ends", "_old_starts", "text")

    def __init__(self, old: str, edits: list[Edit]) -> None:
        pieces: list[str] = []
        self._old_starts = [edit.start for edit in edits]
        self._old_ends = [edit.end for edit in edits]
        self._new_starts: list[int] = []
        self._new_ends: list[int] = []
        at = length = 0
        for edit in edits:
            pieces += (old[at : edit.start], edit.new)
            length += edit.start - at
            self._new_starts.append(length)
            length += len(edit.new)
            self._new_ends.append(length)
            at = edit.end
        pieces.append(old[at:])
        self.text = "".join(pieces)

    def old_start(self, at: int) -> int:
        """Lead the first offset of a span back; inside an edit it is the edit's start."""
        before = bisect_right(self._new_starts, at) - 1
        if before < 0:
            return at
        if at < self._new_ends[before]:
            return self._old_starts[before]
        return self._old_ends[before] + at - self._new_ends[before]

    def old_end(self, at: int) -> int:
        """Lead the offset behind a span back; inside an edit it is the edit's end."""
        after = bisect_left(self._new_ends, at)
        if after < len(self._new_ends) and at > self._new_starts[after]:
            return self._old_ends[after]
        if not after:
            return at
        return self._old_ends[after - 1] + at - self._new_ends[after - 1]


@dataclass(frozen=True, slots=True)
class Normalised:
    """A text made readable, and how it came about."""

    text: str
    steps: tuple[Step, ...]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return where `text[start:end]` (`start < end`) stood in the original."""
        for step in reversed(self.steps):
            start, end = step.old_start(start), step.old_end(end)
        return start, end


def normalise(text: str) -> Normalised:
    """Make a text readable for the tokenizer. Takes time linear in its length; text that hides nothing comes back as it is."""
    steps: list[Step] = []
    for find in (_characters, _lookalikes, _long_runs, _apart, _masked):
        if edits := list(find(text)):
            steps.append(Step(text, edits))
            text = steps[-1].text
    return Normalised(text, tuple(steps))


def _characters(text: str) -> Iterable[Edit]:
    """Drop characters without width, put combining marks onto their letters, fold styled and full-width letters to plain ones."""
    if text.isascii():
        return
    at, length = 0, len(text)
    while at < length:
        char = text[at]
        if char.isascii():
            at += 1
            continue
        category = unicodedata.category(char)
        if category == "Cf" or "\ufe00" <= char <= "\ufe0f" or char in "\u034f\u115f\u1160\u3164\uffa0":
            yield Edit(at, at + 1, "")
        elif category in ("Mn", "Me"):
            end = at + 1
            while end < length and unicodedata.category(text[end]) in ("Mn", "Me"):
                end += 1
            base = text[at - 1] if at else ""
            letter = next(
                (one for mark in text[at:end] if base and len(one := unicodedata.normalize("NFC", base + mark)) == 1),
                None,
            )
            if letter is None:
                yield Edit(at, end, "")
            elif base.isascii():
                yield Edit(at - 1, end, letter)
            else:  # the base may be in an edit already
                yield Edit(at, end, "")
            at = end
            continue
        elif category[0] in "LN" or "\u2460" <= char <= "\u24ff" or "\U0001f110" <= char <= "\U0001f189":
            plain = unicodedata.normalize("NFKC", char)
            if plain != char and plain.isalnum():
                yield Edit(at, at + 1, plain)
        at += 1


def _lookalikes(text: str) -> Iterable[Edit]:
    """Turn Cyrillic and Greek look-alikes into Latin letters, in words that mix scripts or stand alone among Latin ones."""
    if text.isascii() or not any(char in LOOKALIKE for char in set(text)):
        return
    letters = sum(map(str.isalpha, text))
    latin = sum(char < "\u0250" and char.isalpha() for char in text)
    mostly_latin = latin > 0.8 * letters
    for word in WORD.finditer(text):
        chars = word.group()
        if chars.isascii() or not any(char in LOOKALIKE for char in chars):
            continue
        rest = [char for char in chars if char not in LOOKALIKE]
        if all(char < "\u0250" for char in rest) and (rest or mostly_latin):
            for at, char in enumerate(chars, word.start()):
                if char in LOOKALIKE:
                    yield Edit(at, at + 1, LOOKALIKE[char])


def _long_runs(text: str) -> Iterable[Edit]:
    """Shorten "soooooo" and "!!!!!!!!" to three."""
    return (Edit(run.start(), run.end(), run.group()[:3]) for run in LONG_RUN.finditer(text))


def _apart(text: str) -> Iterable[Edit]:
    """Join letters set apart by dots, dashes or spaces."""
    found = [(match, re.sub(r"[\W_]", "", match.group())) for match in APART.finditer(text)]
    edits = [Edit(match.start(), match.end(), word) for match, word in found if is_rude(word)]
    for match in SPACED.finditer(text):
        word = match.group().replace(" ", "").replace("\t", "")
        if len(word) >= SPACED_LETTERS or is_rude(word):
            edits.append(Edit(match.start(), match.end(), word))
    edits.sort(key=lambda edit: edit.start)
    end = 0
    for edit in edits:
        if edit.start >= end:
            yield edit
            end = edit.end


def _masked(text: str) -> Iterable[Edit]:
    """Read digits and signs as the letters they stand for, and starred letters as the word they leave out."""
    for match in TOKEN.finditer(text):
        word = match.group()
        if len(word) > LONGEST_DISGUISE or DISGUISE.isdisjoint(word):
            continue
        core = word.rstrip("!|")
        for candidate in dict.fromkeys((core, word)):
            if candidate.isalpha() or not any(map(str.isalpha, candidate)):
                continue
            plain = unmask(candidate)
            if plain:
                yield Edit(match.start(), match.start() + len(candidate), _cased(plain, candidate))
                break


def unmask(word: str) -> str | None:
    """Return the rude word that `word` disguises, in lower case, or None: `sh1t` -> `shit`, `f**king` -> `fucking`, `v2` -> None."""
    lower = word.casefold()
    if not MASK.search(lower):
        plain = lower.translate(LEET)
        return plain if is_rude(plain) else None
    if lower[0] in "*#":
        return None
    parts = re.findall(r"[*#]+|[^*#]+", lower)
    pattern = re.compile(
        "".join(rf"\w{{1,{len(part) + 1}}}" if part[0] in "*#" else re.escape(part.translate(LEET)) for part in parts)
    )
    fitting = [rude for rude in RUDE if abs(len(rude) - len(lower)) <= 1 and pattern.fullmatch(rude)]
    return min(fitting, key=lambda rude: (abs(len(rude) - len(lower)), rude)) if fitting else None


def is_rude(word: str) -> bool:
    """Whether a word is one of those people disguise, stretched letters allowed (`shiiit`)."""
    lower = word.casefold()
    return lower in RUDE or re.sub(r"(.)\1+", r"\1", lower) in RUDE


def _cased(plain: str, like: str) -> str:
    letters = [char for char in like if char.isalpha()]
    if len(letters) > 1 and all(map(str.isupper, letters)):
        return plain.upper()
    return plain.capitalize() if like[0].isupper() else plain
