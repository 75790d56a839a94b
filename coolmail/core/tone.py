"""What a reading of tone says: heat, level, and the sentences that carry it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What makes a sentence hot. The order is the order of the model's outputs."""

    ANGER = "anger"
    INSULT = "insult"
    BLAME = "blame"
    THREAT = "threat"
    SARCASM = "sarcasm"
    PASSIVE_AGGRESSION = "passive-aggression"
    PROFANITY = "profanity"
    SHOUTING = "shouting"
    DISMISSAL = "dismissal"
    GUILT_TRIP = "guilt-trip"
    CONDESCENSION = "condescension"


class Level(StrEnum):
    """Heat in words; `heated` and `boiling` are held."""

    CALM = "calm"
    WARM = "warm"
    HEATED = "heated"
    BOILING = "boiling"

    @property
    def held(self) -> bool:
        """Whether mail of this level waits."""
        return self in (Level.HEATED, Level.BOILING)


@dataclass(frozen=True, slots=True)
class SentenceHeat:
    """One sentence of the own text: `own_text[start:end] == text`; `heat` is a calibrated probability, 0..1."""

    text: str
    start: int
    end: int
    heat: float
    kinds: tuple[Kind, ...] = ()


@dataclass(frozen=True, slots=True)
class ToneReport:
    """The reading of one message.

    `heat` is the calibrated probability, 0..1, that a fair-minded colleague would say "cool down before you send this". `language` is an
    ISO 639-1 code or None when it cannot be told. `judged` is False when there was nothing to judge (an empty own text, an unknown language);
    `notice` then says so in words, and heat is 0.
    """

    heat: float
    level: Level
    own_text: str
    sentences: tuple[SentenceHeat, ...] = ()
    language: str | None = None
    judged: bool = True
    notice: str | None = None

    @property
    def hot(self) -> tuple[SentenceHeat, ...]:
        """The sentences a reader would mark, in the order of the text."""
        return tuple(sentence for sentence in self.sentences if sentence.kinds)
