"""The labelled mails: what their writer says of them, and what a second, blind reader says.

`written/WRITER.jsonl` and `measure/LANGUAGE.jsonl` hold a mail a line as `models/corpus/GUIDE.md` describes; `second/*.jsonl` holds the second
readings, `{"id", "grade", "hot": [verbatim sentences]}`. Where the two differ on hold or send the mail is grey: it counts in the grey row only. A
mail without a second reading counts nowhere. Unlike training, which may go on without a line, an evaluation reads all of it or stops.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from coolmail.core.tone import Kind
from coolmail.tone.evaluation.errors import EvaluationError

HELD = 3
"""The grade, 0..4, from which a mail is held."""

RUDE = frozenset({Kind.PROFANITY, Kind.INSULT, Kind.SHOUTING})
"""Kinds that a list of rude words and capitals could find; held mail without them is the hard part."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Mark:
    """A sentence that the writer marks as hot, verbatim: heat 1 (sharp) or 2 (hot), and why."""

    text: str
    heat: int
    kinds: frozenset[Kind]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the second reader, who saw the bare text only, says: a grade 0..4 and the sentences to mark, verbatim."""

    grade: int
    marks: tuple[str, ...]

    @property
    def held(self) -> bool:
        """Whether the second reader would hold the mail."""
        return self.grade >= HELD


@dataclass(frozen=True, slots=True)
class Labelled:
    """A mail with its labels. `scenario` groups what belongs together; `pair` is empty for a mail that has no counterpart."""

    id: str
    writer: str
    scenario: str
    trade: str
    pair: str
    text: str
    grade: int
    marks: tuple[Mark, ...]
    second: Reading | None

    @property
    def held(self) -> bool:
        """Whether this mail should be held."""
        return self.grade >= HELD

    @property
    def grey(self) -> bool:
        """Whether its two readers differ on hold or send."""
        return self.second is not None and self.second.held != self.held

    @property
    def counts(self) -> bool:
        """Whether the label is confirmed, so that figures may rest on it."""
        return self.second is not None and not self.grey

    @property
    def kinds(self) -> frozenset[Kind]:
        """Every kind that one of its marked sentences has."""
        return frozenset().union(*(mark.kinds for mark in self.marks))

    @property
    def rude(self) -> bool:
        """Whether a marked sentence insults, swears or shouts."""
        return bool(self.kinds & RUDE)

    @property
    def words(self) -> int:
        """Length of the whole text in words."""
        return len(self.text.split())


def written(corpus: Path) -> list[Labelled]:
    """Read every written mail, by writer. Raises EvaluationError where a file is missing or a line is not what it should be."""
    files = sorted((corpus / "written").glob("*.jsonl"))
    if not files:
        raise EvaluationError(
            f"There are no written mails in {corpus / 'written'}. The evaluation needs coolmail's source tree; run it there, or name the folder "
            "with --corpus. No report was changed."
        )
    second = _second(corpus)
    return [mail for path in files for mail in _lines(path, lambda row: _labelled(row, second))]


def measured(corpus: Path, language: str) -> list[Labelled]:
    """Read the mails in another language, kept for measuring only; raises EvaluationError as `written` does."""
    second = _second(corpus)
    return list(_lines(corpus / "measure" / f"{language}.jsonl", lambda row: _labelled(row, second)))


def _second(corpus: Path) -> dict[str, Reading]:
    readings: dict[str, Reading] = {}
    for path in sorted((corpus / "second").glob("*.jsonl")):
        readings |= _lines(path, lambda row: (str(row["id"]), Reading(_grade(row["grade"]), tuple(row["hot"]))))
    return readings


def _labelled(row: dict[str, Any], second: Mapping[str, Reading]) -> Labelled:
    text = row["text"]
    marks = tuple(Mark(piece["text"], int(piece["heat"]), frozenset(map(Kind, piece["kinds"]))) for piece in row["hot"])
    for mark in marks:
        if mark.text not in text:
            raise ValueError(f"the marked sentence {mark.text[:40]!r} is not in the text")
    return Labelled(
        id=str(row["id"]),
        writer=str(row["writer"]),
        scenario=str(row["scenario"]),
        trade=str(row["trade"]),
        pair=str(row["pair"] or ""),
        text=text,
        grade=_grade(row["grade"]),
        marks=marks,
        second=second.get(row["id"]),
    )


def _grade(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value not in range(5):
        raise ValueError(f"the grade {value!r} is not one of 0 to 4")
    return value


def _lines(path: Path, make: Callable[[dict[str, Any]], T]) -> Iterator[T]:
    """Yield what `make` makes of each line; what it cannot make becomes an EvaluationError that names file and line."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{path} cannot be read ({error}). No report was changed.") from error
    for number, line in enumerate(lines, 1):
        try:
            yield make(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise EvaluationError(
                f"{path}, line {number}: this is not a labelled mail ({error!r}). No report was changed; repair the line, "
                "`python models/corpus/check.py FILE` shows what is wrong."
            ) from error
