"""Read the written corpus and its second reading, and turn each mail into what the network is trained on.

`models/corpus/written/*.jsonl` are the writers' mails (models/corpus/GUIDE.md), `models/corpus/second/*.jsonl` what a
second reader, who has not seen the writers' labels, says of the same texts: `{"id": ..., "grade": ..., "hot": [...]}` with
sentences by index or verbatim. Where the two differ on hold or send the mail is grey: neither trained on nor counted.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from coolmail.core.tone import Kind
from coolmail.tone.normalise import normalise
from coolmail.tone.sentences import split
from coolmail.tone.windows import LIMIT, Window, windows

HELD = 3
GRADE_TARGET = (0.02, 0.05, 0.3, 0.92, 0.98)
HEAT_TARGET = (0.02, 0.6, 0.98)
KINDS = tuple(Kind)


@dataclass(frozen=True, slots=True)
class Hot:
    """A marked piece of a mail: `text[start:end]`, heat 0..1 as a training target, and its kinds."""

    start: int
    end: int
    heat: float
    kinds: frozenset[Kind]


@dataclass(frozen=True, slots=True)
class Mail:
    """A labelled mail; `target` is what message heat is trained towards, `held` what it is judged by."""

    id: str
    writer: str
    scenario: str
    trade: str
    pair: str
    text: str
    grade: int
    target: float
    hot: tuple[Hot, ...]
    grey: bool = False

    @property
    def held(self) -> bool:
        """Whether this mail should be held."""
        return self.grade >= HELD


@dataclass(frozen=True, slots=True)
class Example:
    """A mail as the network sees it: its windows, and targets for the message and for each sentence."""

    mail: Mail
    windows: list[Window]
    spans: list[tuple[int, int]]
    heats: list[float]
    kinds: list[list[float]]


def read(corpus: Path) -> list[Mail]:
    """Read every mail of the corpus, second reading included where there is one, in the order of the files."""
    second: dict[str, dict] = {}
    for path in sorted((corpus / "second").glob("*.jsonl")):
        second |= {row["id"]: row for row in _rows(path)}
    return [
        _mail(row, second.get(row["id"]))
        for path in sorted((corpus / "written").glob("*.jsonl"))
        for row in _rows(path)
    ]


def _rows(path: Path) -> list[dict]:
    """Read JSON lines; a last line that is still being written is left out."""
    rows = []
    for line in path.read_text("utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:
            continue
    return rows


def _mail(row: dict, second: dict | None) -> Mail:
    text, grade = row["text"], row["grade"]
    pieces = [
        Hot(at, at + len(piece["text"]), HEAT_TARGET[piece["heat"]], frozenset(map(Kind, piece["kinds"])))
        for piece in row["hot"]
        if (at := text.find(piece["text"])) >= 0
    ]
    target, grey = GRADE_TARGET[grade], False
    if second is not None:
        grey = (second["grade"] >= HELD) != (grade >= HELD)
        target = (target + GRADE_TARGET[second["grade"]]) / 2
        pieces = _both(text, pieces, second.get("hot", []))
    return Mail(
        row["id"],
        row["writer"],
        row["scenario"],
        row["trade"],
        row.get("pair") or "",
        text,
        grade,
        target,
        tuple(pieces),
        grey,
    )


def _both(text: str, pieces: list[Hot], marked: Sequence[int | str]) -> list[Hot]:
    """Weigh a second reader's marks against the writer's: what only one of them marked is half hot."""
    sentences = split(text)
    spans = []
    for mark in marked:
        if isinstance(mark, int):
            spans += sentences[mark : mark + 1]
        elif (at := text.find(mark)) >= 0:
            spans.append((at, at + len(mark)))
    agreed = [any(_overlap((piece.start, piece.end), span) for span in spans) for piece in pieces]
    merged = [
        piece if seen else Hot(piece.start, piece.end, piece.heat / 2, piece.kinds)
        for piece, seen in zip(pieces, agreed, strict=True)
    ]
    unseen = [span for span in spans if not any(_overlap((piece.start, piece.end), span) for piece in pieces)]
    return merged + [Hot(start, end, 0.4, frozenset()) for start, end in unseen]


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two spans share at least half of the shorter."""
    shared = min(one[1], other[1]) - max(one[0], other[0])
    return shared > 0 and 2 * shared >= min(one[1] - one[0], other[1] - other[0])


def encode(mail: Mail, tokenizer: Tokenizer, limit: int = LIMIT) -> Example:
    """Normalise, split and tokenize a mail exactly as the product does, and lay its labels onto the sentences."""
    plain = normalise(mail.text)
    spans = split(plain.text)
    heats, kinds = [], []
    for start, end in spans:
        place = plain.original(start, end)
        here = [piece for piece in mail.hot if _overlap((piece.start, piece.end), place)]
        heats.append(max([HEAT_TARGET[0], *(piece.heat for piece in here)]))
        named = frozenset().union(*(piece.kinds for piece in here))
        kinds.append([1.0 if kind in named else 0.0 for kind in KINDS])
    return Example(mail, windows(tokenizer, plain.text, spans, limit), spans, heats, kinds)
