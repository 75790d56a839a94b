"""The worst errors, to be read by a person: the mails whose label the model gave the least probability to, among those it decided wrongly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from coolmail.tone.evaluation.figures import Judged, confirmed


def worst(judged: Sequence[Judged], most: int) -> list[dict[str, Any]]:
    """Return at most `most` errors on confirmed mail, the worst first, with their texts and what either side marked."""
    wrong = [one for one in confirmed(judged) if one.report.level.held != one.mail.held]
    wrong.sort(key=lambda one: (_given(one), one.mail.id))
    return [
        {
            "id": one.mail.id,
            "trade": one.mail.trade,
            "error": "missed" if one.mail.held else "false hold",
            "grade": one.mail.grade,
            "second_grade": one.mail.second.grade if one.mail.second else None,
            "heat": round(one.report.heat, 4),
            "judged": one.report.judged,
            "text": one.mail.text,
            "readers_marked": [
                {"text": mark.text, "kinds": sorted(kind.value for kind in mark.kinds)} for mark in one.mail.marks
            ],
            "model_marked": [
                {
                    "text": sentence.text,
                    "heat": round(sentence.heat, 4),
                    "kinds": [kind.value for kind in sentence.kinds],
                }
                for sentence in one.report.hot
            ],
        }
        for one in wrong[:most]
    ]


def _given(one: Judged) -> float:
    """Return the probability that the model gave to the true label."""
    return one.report.heat if one.mail.held else 1 - one.report.heat
