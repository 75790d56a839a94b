"""Check written client replies: `python models/corpus/check.py models/corpus/written/w01.jsonl`.

Prints every broken row, then what could give the label away inside the file (ROC-AUC of length, of single features, held against sendable; near
0.50 is good). Exit status 1 if a row is broken. Standard library only, so that a writer needs nothing installed.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

KINDS = frozenset(
    [
        "anger",
        "insult",
        "blame",
        "threat",
        "sarcasm",
        "passive-aggression",
        "profanity",
        "shouting",
        "dismissal",
        "guilt-trip",
        "condescension",
    ]
)
FIELDS = frozenset(["id", "writer", "scenario", "trade", "pair", "register", "situation", "text", "grade", "hot"])
HELD = 3  # grades 3 and 4 are held


def faults(row: dict[str, object]) -> list[str]:
    """Say what is wrong with one row; an empty list when nothing is."""
    found = []
    if missing := FIELDS - row.keys():
        return [f"lacks {', '.join(sorted(missing))}"]
    text, grade, hot = row["text"], row["grade"], row["hot"]
    if not isinstance(text, str) or not text.strip():
        found.append("text is empty")
        return found
    if grade not in range(5):
        found.append(f"grade {grade!r} is not 0..4")
    if not isinstance(hot, list):
        return [*found, "hot is not a list"]
    for piece in hot:
        if piece["text"] not in text:
            found.append(f"hot piece is not in the text: {piece['text'][:60]!r}")
        if piece["heat"] not in (1, 2):
            found.append(f"heat {piece['heat']!r} is not 1 or 2")
        if unknown := set(piece["kinds"]) - KINDS:
            found.append(f"unknown kinds {sorted(unknown)}")
        if not piece["kinds"]:
            found.append("hot piece without kinds")
    if isinstance(grade, int) and grade >= HELD and not hot:
        found.append("held, but no hot sentence is marked")
    if isinstance(grade, int) and grade < 2 and hot:
        found.append("grade 0 or 1, but hot sentences are marked")
    return found


def auc(held: list[float], sent: list[float]) -> float:
    """Return the chance that a held text has the larger value (ties count half)."""
    if not held or not sent:
        return float("nan")
    wins = sum((a > b) + 0.5 * (a == b) for a in held for b in sent)
    return wins / (len(held) * len(sent))


FEATURES: dict[str, Callable[[str], float]] = {
    "length in words": lambda t: len(t.split()),
    "lines": lambda t: t.count("\n"),
    "exclamation marks": lambda t: t.count("!"),
    "question marks": lambda t: t.count("?"),
    "commas per word": lambda t: t.count(",") / max(1, len(t.split())),
    "capital letters": lambda t: sum(map(str.isupper, t)) / max(1, len(t)),
    "starts with a greeting": lambda t: float(
        bool(re.match(r"(?i)(hi|hello|hey|dear|good (morning|day|afternoon))\b", t))
    ),
    "'you' per word": lambda t: len(re.findall(r"(?i)\byou(r|rs)?\b", t)) / max(1, len(t.split())),
    "'please'": lambda t: float("please" in t.lower()),
    "'unfortunately'": lambda t: float("unfortunately" in t.lower()),
    "'as' as first word": lambda t: float(bool(re.search(r"(?m)^As ", t))),
    "'regards'": lambda t: float("regards" in t.lower()),
    "digits": lambda t: float(any(map(str.isdigit, t))),
}


def main(paths: list[str]) -> int:
    """Check the files; return the exit status."""
    rows, broken = [], 0
    for path in paths:
        for number, line in enumerate(Path(path).read_text("utf-8").splitlines(), 1):
            try:
                row = json.loads(line)
                wrong = faults(row)
            except (ValueError, KeyError, TypeError) as error:
                wrong = [f"cannot be read: {error!r}"]
            else:
                rows.append(row)
            for what in wrong:
                broken += 1
                print(f"{path}:{number}: {what}")
    ids = Counter(row["id"] for row in rows)
    for name, count in ids.items():
        if count > 1:
            broken += 1
            print(f"id {name} stands {count} times")
    held = [row["text"] for row in rows if row["grade"] >= HELD]
    sent = [row["text"] for row in rows if row["grade"] < HELD]
    pairs: dict[str, list[bool]] = {}
    for row in rows:
        if row["pair"]:
            pairs.setdefault(row["pair"], []).append(row["grade"] >= HELD)
    whole = sum(sorted(sides) == [False, True] for sides in pairs.values())
    kinds = Counter(kind for row in rows for piece in row["hot"] for kind in piece["kinds"])
    print(f"{len(rows)} texts, {len(held)} held, {len(sent)} sendable, {whole} whole pairs of {len(pairs)}")
    print("grades:", dict(sorted(Counter(row["grade"] for row in rows).items())))
    print("kinds:", dict(kinds.most_common()))
    print("trades:", len({row["trade"] for row in rows}), " scenarios:", len({row["scenario"] for row in rows}))
    for name, feature in FEATURES.items():
        value = auc([feature(t) for t in held], [feature(t) for t in sent])
        print(f"  AUC {value:.2f}  {name}{'   <- gives the label away' if abs(value - 0.5) > 0.12 else ''}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
