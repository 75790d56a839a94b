"""What the user's answers to judgements teach: where, between warm and boiling, this user's mail begins to be held.

The model stays as it is; only the threshold moves. An answer counts where a threshold can follow it: mail that is boiling is held and mail that is
not even warm is sent, whatever was answered. Within these bounds the threshold goes to where most answers would have been met, if that is *enough*:
if answers that speak for the move, set against those that speak against it, would be this one-sided by chance at most once in twenty (a sign test).
So five answers that all say the same are the least that moves anything, and it takes seven against one, nine against two.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from coolmail.core.tone import Scale

BY_CHANCE = 0.05
"""How probable it may be, at most, that answers given by the toss of a coin lean this far to one side."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the user said about one judgement: `right` or not. `held` is what the tone model had said, `heat` (0..1) how hot it found the text."""

    text_hash: str
    heat: float
    held: bool
    right: bool

    @property
    def should_hold(self) -> bool:
        """Whether this user wants mail like this held."""
        return self.held == self.right


@dataclass(frozen=True, slots=True)
class Learned:
    """The levels in force for this user, and what they rest on.

    `scale` is the model's own, with `heated` moved if the answers were enough. Of the `answers` (one a text), `false_alarms` call a held text
    harmless and `missed` a sent one hot; `out_of_reach` of these two are about mail that is held or sent whatever is answered. `fixed`: the
    threshold is the user's own number, and stays.
    """

    scale: Scale
    model: Scale
    answers: int = 0
    false_alarms: int = 0
    missed: int = 0
    out_of_reach: int = 0
    fixed: bool = False

    @property
    def moved(self) -> bool:
        """Whether the answers moved the threshold."""
        return self.scale != self.model

    def in_words(self) -> str:
        """Say from which heat mail is held, and why from there."""
        held = f"mail is held from heat {self.scale.heated:.2f}"
        if self.fixed:
            return f"{held}, as your configuration says"
        if self.moved:
            return f"{held} instead of {self.model.heated:.2f}, since {_said(self)}"
        if not self.false_alarms and not self.missed:
            return f"{held}; no answer of yours spoke against that"
        if self.out_of_reach == self.false_alarms + self.missed:
            return f"{held}; {_said(self)}, but too far from there to move it"
        return f"{held}; {_said(self)}, too few or too much at odds to move it"


def learn(answers: Iterable[Answer], scale: Scale, *, fixed: bool = False) -> Learned:
    """Return the levels that the answers (oldest first; of several about one text the last one stands) make of the model's `scale`.

    `fixed`: the threshold in the scale is the user's own; the answers are counted and move nothing.
    """
    last = {answer.text_hash: answer for answer in answers}.values()
    wrong = [answer for answer in last if not answer.right]
    near = [answer for answer in last if _in_reach(answer, scale)]
    return Learned(
        scale if fixed else replace(scale, heated=_threshold(near, scale)),
        scale,
        answers=len(last),
        false_alarms=sum(answer.held for answer in wrong),
        missed=sum(not answer.held for answer in wrong),
        out_of_reach=sum(not _in_reach(answer, scale) for answer in wrong),
        fixed=fixed,
    )


def _in_reach(answer: Answer, scale: Scale) -> bool:
    return scale.warm <= answer.heat < scale.boiling


def _threshold(near: Sequence[Answer], scale: Scale) -> float:
    """Return the threshold, in hundredths or at a bound, that meets most answers and has enough of them; of equals the nearest."""
    best, gain = scale.heated, 0
    for candidate in _candidates(scale):
        speaks_for, against = _pros_and_cons(near, scale.heated, candidate)
        nearer = abs(candidate - scale.heated) < abs(best - scale.heated)
        more = speaks_for - against
        if (more > gain or (more == gain > 0 and nearer)) and by_chance(speaks_for, against) <= BY_CHANCE:
            best, gain = candidate, more
    return best


def _candidates(scale: Scale) -> list[float]:
    hundredths = [step / 100 for step in range(101) if scale.warm < step / 100 < scale.boiling]
    return [scale.warm, *hundredths, scale.boiling]


def _pros_and_cons(near: Sequence[Answer], old: float, new: float) -> tuple[int, int]:
    """Count the answers that a move would meet, and those that speak against it: met now and not then, or asking for a move the other way."""
    if new > old:
        return (
            sum(old <= answer.heat < new and not answer.should_hold for answer in near),
            sum(answer.heat < new and answer.should_hold for answer in near),
        )
    return (
        sum(new <= answer.heat < old and answer.should_hold for answer in near),
        sum(answer.heat >= new and not answer.should_hold for answer in near),
    )


def by_chance(speaks_for: int, against: int) -> float:
    """Return how probable it is that of so many tosses of a coin at least `speaks_for` fall on its side."""
    count = speaks_for + against
    ways = sum(math.comb(count, heads) for heads in range(speaks_for, count + 1))
    return ways / (1 << count)


def _said(learned: Learned) -> str:
    parts = []
    if learned.false_alarms:
        parts.append(f"you called {learned.false_alarms} held {_texts(learned.false_alarms)} harmless")
    if learned.missed:
        parts.append(f"you called {learned.missed} sent {_texts(learned.missed)} hot")
    return " and ".join(parts)


def _texts(count: int) -> str:
    return "text" if count == 1 else "texts"
