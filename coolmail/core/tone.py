"""What a reading of tone says: heat, level, and the sentences that carry it."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
class Scale:
    """The heat from which mail is warm, heated, boiling; ascending."""

    warm: float = 0.35
    heated: float = 0.7
    boiling: float = 0.95

    def level(self, heat: float) -> Level:
        """Return the level of a heat."""
        if heat >= self.boiling:
            return Level.BOILING
        if heat >= self.heated:
            return Level.HEATED
        return Level.WARM if heat >= self.warm else Level.CALM

    def held_from(self, threshold: float) -> Scale:
        """Return the scale with another heat to hold from, the other two moved in proportion."""
        room = (1 - self.boiling) / (1 - self.heated) if self.heated < 1 else 0.0
        return Scale(self.warm * threshold / self.heated, threshold, 1 - (1 - threshold) * room)


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

    def by(self, scale: Scale) -> ToneReport:
        """Return this reading with its level by another scale; one that was not judged stays as it is."""
        return replace(self, level=scale.level(self.heat)) if self.judged else self

    @property
    def hot(self) -> tuple[SentenceHeat, ...]:
        """The sentences a reader would mark, in the order of the text."""
        return tuple(sentence for sentence in self.sentences if sentence.kinds)
