"""Small labelled mails and small readings of them, for the tests of the evaluation."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from coolmail.core.tone import Kind, Scale, SentenceHeat, ToneReport
from coolmail.tone.evaluation.figures import Judged
from coolmail.tone.evaluation.mails import Labelled, Mark, Reading

CALM = "Thank you for your note. The invoice is due on Friday."
HOT = "As I have now explained four times, the invoice is due. Read it."
HOT_SENTENCE = "As I have now explained four times, the invoice is due."


def labelled(  # noqa: D103 - told by its name
    identifier: str = "w01-001",
    *,
    held: bool = False,
    agreed: bool | None = True,
    kinds: Iterable[Kind] = (Kind.PASSIVE_AGGRESSION,),
    scenario: str = "",
    pair: str = "",
    trade: str = "baker",
) -> Labelled:
    grade, other = (3, 1) if held else (1, 3)
    second = (
        None
        if agreed is None
        else Reading(grade if agreed else other, (HOT_SENTENCE,) if held == agreed and held else ())
    )
    return Labelled(
        identifier,
        identifier.partition("-")[0],
        scenario or identifier,
        trade,
        pair,
        HOT if held else CALM,
        grade,
        (Mark(HOT_SENTENCE, 2, frozenset(kinds)),) if held else (),
        second,
    )


def judged(mail: Labelled, heat: float, marked: Iterable[str] = (), kinds: tuple[Kind, ...] = (Kind.BLAME,)) -> Judged:
    """Return a mail with a reading of this heat in which the sentences `marked` are evidence."""
    sentences, at = [], 0
    wanted = set(marked)
    for piece in mail.text.replace(". ", ".\0").split("\0"):
        start = mail.text.index(piece, at)
        at = start + len(piece)
        hot = piece in wanted
        sentences.append(SentenceHeat(piece, start, at, 0.9 if hot else 0.1, kinds if hot else ()))
    return Judged(mail, ToneReport(heat, Scale().level(heat), mail.text, tuple(sentences), "en"))


def row(identifier: str, text: str, grade: int, hot: Iterable[str] = (), **more: str) -> dict[str, object]:
    """Return a line of a written file."""
    return {
        "id": identifier,
        "writer": identifier.partition("-")[0],
        "scenario": identifier,
        "trade": "baker",
        "pair": "",
        "text": text,
        "grade": grade,
        "hot": [{"text": piece, "heat": 2, "kinds": ["blame"]} for piece in hot],
        **more,
    }


def store(folder: Path, name: str, rows: Iterable[dict[str, object]]) -> Path:
    """Write JSON lines to `folder/name`."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(one) + "\n" for one in rows), "utf-8")
    return path
