"""The model that is measured: as the product loads it, on own text as the product finds it, and what it was trained on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from coolmail.core.owntext import own_text
from coolmail.core.tone import ToneReport
from coolmail.tone.errors import ModelUnavailable
from coolmail.tone.evaluation.errors import EvaluationError
from coolmail.tone.evaluation.mails import Labelled
from coolmail.tone.model import ToneModel

TOGETHER = 16  # texts


@dataclass(frozen=True, slots=True)
class Past:
    """What a model has seen.

    `writers`: whose mails it was trained on. `calibrated`: whose mails set its calibration and levels. `public_rows`: rows of public sets in an
    earlier stage of its training. Each is None where the model folder does not say.
    """

    writers: frozenset[str] | None
    calibrated: frozenset[str] | None
    public_rows: int | None


def past(folder: Path) -> Past:
    """Read a model's past from `config.json` (`tone_trained_on`) and `calibration.json` (`fitted_on`)."""
    try:
        trained = json.loads((folder / "config.json").read_text("utf-8")).get("tone_trained_on", {})
        fitted = json.loads((folder / "calibration.json").read_text("utf-8")).get("fitted_on", {})
        return Past(
            frozenset(trained["writers"]) if "writers" in trained else None,
            frozenset(fitted["writers"]) if "writers" in fitted else None,
            int(trained["public_rows"]) if "public_rows" in trained else None,
        )
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ModelUnavailable(
            f"The tone model in {folder} cannot be read ({error}); reinstall it. No report was changed."
        ) from error


def unseen(mails: Sequence[Labelled], seen: frozenset[str] | None, asked: frozenset[str]) -> frozenset[str]:
    """Return the writers to measure on: those whom the model has not seen, or those asked for, if it has not seen them.

    Raises EvaluationError where that leaves nobody, or where it cannot be known.
    """
    known = frozenset(mail.writer for mail in mails)
    if strangers := asked - known:
        raise EvaluationError(
            f"The corpus has no writer {', '.join(sorted(strangers))}; it has {', '.join(sorted(known))}. No report was changed."
        )
    if seen is None and not asked:
        raise EvaluationError(
            "The model does not say whose mails it was trained on (tone_trained_on in its config.json), so what is held out can't be known. "
            "Name the writers it has not seen with --writers. No report was changed."
        )
    chosen = asked or known - (seen or frozenset())
    if taught := chosen & (seen or frozenset()):
        raise EvaluationError(
            f"The model was trained on mails by {', '.join(sorted(taught))}; figures on them would flatter it. No report was changed."
        )
    if not chosen:
        raise EvaluationError(
            "The model has seen every writer of the corpus, so there is nothing to measure it on. Train one with `--hold-out`. "
            "No report was changed."
        )
    return chosen


def fingerprint(folder: Path) -> str:
    """Tell one model from another by its files, README.md aside."""
    digest = hashlib.sha256()
    for path in sorted([*folder.glob("*.safetensors"), *folder.glob("*.json")]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def judge(model: ToneModel, texts: Sequence[str], advance: Callable[[int], None]) -> list[ToneReport]:
    """Judge the own text of each mail, in order, at the sensitivity "normal"."""
    reports: list[ToneReport] = []
    for at in range(0, len(texts), TOGETHER):
        own = [own_text(text, None).text for text in texts[at : at + TOGETHER]]
        reports += model.judge(own)
        advance(len(own))
    return reports
