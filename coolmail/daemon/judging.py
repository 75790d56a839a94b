"""Judging by this user's measure: the tone model's reading, and the levels as the user's answers have moved them."""

from __future__ import annotations

from coolmail.core.learning import Answer, Learned, learn
from coolmail.core.settings import HoldRules
from coolmail.core.tone import Level, Scale, ToneReport
from coolmail.daemon.desk import Desk
from coolmail.journal import Journal


async def judged(desk: Desk, text: str) -> tuple[ToneReport, float]:
    """Return the reading of a text, its level by this user's measure, and the heat from which mail is held.

    Raises the tone model's errors; then nothing was judged.
    """
    (report,) = await desk.judge.judge([text])
    scale = (await learned(desk.journal, desk.settings.hold, desk.judge.scale())).scale
    return report.by(scale), scale.heated


async def learned(journal: Journal, rules: HoldRules, scale: Scale) -> Learned:
    """Return what the answers in the journal make of the model's levels; a threshold that the user set in the config stays."""
    answers = [
        Answer(each.text_hash, each.heat, Level(each.level).held, each.answer == "right")
        for each in await journal.feedback()
    ]
    if rules.threshold is not None:
        return learn(answers, scale.held_from(rules.threshold), fixed=True)
    return learn(answers, scale)
