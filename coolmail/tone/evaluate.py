"""Measure the tone model and write docs/tone: `python -m coolmail.tone.evaluate`.

Needs the source tree (its written mails) and the dependency group `evaluate`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from coolmail.core.errors import CoolmailError
from coolmail.tone.places import default_folder

ROOT = Path(__file__).resolve().parents[2]
NEEDED = {
    "matplotlib": "matplotlib",
    "profanity_check": "alt-profanity-check",
    "sklearn": "scikit-learn",
    "textblob": "textblob",
    "vaderSentiment": "vaderSentiment",
}
"""Modules of the dependency group `evaluate`, and the packages that bring them."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status: 0 done, 1 failed."""
    asked = _parser().parse_args(arguments)
    console = Console(stderr=True)
    try:
        from coolmail.tone.evaluation.run import Options, evaluate  # noqa: PLC0415 - what it needs may be missing
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        if module not in NEEDED:
            raise
        console.print(
            f"{NEEDED[module]} is not installed; the evaluation needs it, coolmail itself does not. Install the group with "
            "`.venv/bin/python -m pip install --group evaluate` and start again. No report was changed.",
            markup=False,
            soft_wrap=True,
        )
        return 1
    options = Options(
        model=asked.model,
        corpus=asked.corpus,
        out=asked.out,
        base=asked.base,
        kept=asked.kept,
        writers=frozenset(asked.writers.split(",")) if asked.writers else frozenset(),
        public=asked.public,
        public_rows=asked.public_rows,
        limit=asked.limit,
        rounds=asked.rounds,
        worst=asked.worst,
    )
    try:
        data = evaluate(options, console)
    except CoolmailError as error:
        console.print(str(error), markup=False, soft_wrap=True)
        return 1
    english = data["sets"]["en"]
    console.print(
        f"ROC-AUC {english['auc']['value']:.3f} on {english['mails']} held-out mails; the report is {asked.out / 'report.md'}",
        markup=False,
        soft_wrap=True,
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m coolmail.tone.evaluate", description="Measure the tone model on mail that it has never seen."
    )
    add = parser.add_argument
    add(
        "--model",
        type=Path,
        default=default_folder(),
        help="the model's folder (default: the one that comes with coolmail)",
    )
    add("--corpus", type=Path, default=ROOT / "models/corpus", help="the labelled mails (default: models/corpus)")
    add("--writers", help="measure on these only, e.g. w03,w06 (default: all whom the model has not seen)")
    add("--public", type=Path, help="a folder with public sets, measured as well")
    add("--public-rows", type=_count, default=1000, help="rows of each public set, 0 for all (default: %(default)s)")
    add("--limit", type=_count, default=0, help="texts of each set, for a quick try; the report says so")
    add("--rounds", type=_count, default=1000, help="bootstrap resamples (default: %(default)s)")
    add("--worst", type=_count, default=20, help="how many errors to show (default: %(default)s)")
    add("--base", type=Path, default=ROOT / "build/tone/base", help="the encoder that training starts from")
    add("--kept", type=Path, default=ROOT / "build/tone/vectors.npz", help="where its vectors are kept between runs")
    add("--out", type=Path, default=ROOT / "docs/tone", help="where the report goes (default: docs/tone)")
    return parser


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return value


if __name__ == "__main__":
    sys.exit(main())
