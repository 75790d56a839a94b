"""Public sets, labelled by others for questions near to ours: toxic code review, incivility, offence, anger, irony.

None of them is client mail and none asks "cool down first?", so what is measured on them is how far heat agrees with a neighbouring question; the
sets are not part of coolmail. Of a set with a test split only that is read; of each a fixed random sample, empty texts left out. Texts
are never quoted in a report: not all of the sets may be passed on.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coolmail.tone.evaluation.errors import EvaluationError

LANGUAGES = ("en", "da", "de", "es", "fi", "fr", "it", "nl", "no", "pl", "pt", "sv")


@dataclass(frozen=True, slots=True)
class PublicSet:
    """Texts and whether each is what the set calls hot; `of` is how many rows the sample was drawn from."""

    name: str
    question: str
    texts: tuple[str, ...]
    truth: tuple[bool, ...]
    of: int


@dataclass(frozen=True, slots=True)
class _Source:
    """A file, and how its rows are read: `hot` is true of a row that the set calls hot."""

    name: str
    question: str
    hot: Callable[[dict[str, Any]], bool]


SOURCES = (
    _Source("github-incivility", "uncivil", lambda row: row["uncivil"] == 1),
    _Source("toxicr", "toxic", lambda row: row["toxic"] == 1),
    _Source("tweeteval-offensive", "offensive", lambda row: row["label"] == "offensive"),
    _Source("tweeteval-emotion", "anger, not another emotion", lambda row: row["label"] == "anger"),
    _Source("tweeteval-irony", "irony", lambda row: row["label"] == "irony"),
    *(
        _Source(f"xed-{language}", "anger among the emotions", lambda row: "anger" in row["emotions"])
        for language in LANGUAGES
    ),
)


def public_sets(folder: Path, rows: int, seed: int) -> list[PublicSet]:
    """Read those of the sets that lie in a folder, `rows` of each (0: all); raises EvaluationError where there is none or one is damaged."""
    found = [_read(folder / f"{source.name}.jsonl", source, rows, seed) for source in SOURCES if _lies(folder, source)]
    if not found:
        raise EvaluationError(
            f"None of the public sets lies in {folder}; one would be {SOURCES[0].name}.jsonl. Name the right folder, or leave out --public. "
            "No report was changed."
        )
    return found


def _lies(folder: Path, source: _Source) -> bool:
    return (folder / f"{source.name}.jsonl").is_file()


def _read(path: Path, source: _Source, rows: int, seed: int) -> PublicSet:
    labelled = []
    try:
        for line in path.read_text("utf-8").splitlines():
            row = json.loads(line)
            if row.get("split", "test") == "test" and row["text"].strip():
                labelled.append((row["text"], bool(source.hot(row))))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EvaluationError(f"{path} cannot be read ({error!r}). No report was changed.") from error
    if len({hot for _, hot in labelled}) < 2:
        raise EvaluationError(
            f"{path} holds only rows of one label, so nothing can be measured on it. No report was changed."
        )
    chosen = random.Random(seed).sample(labelled, rows) if 0 < rows < len(labelled) else labelled  # noqa: S311
    return PublicSet(
        source.name, source.question, tuple(text for text, _ in chosen), tuple(hot for _, hot in chosen), len(labelled)
    )
