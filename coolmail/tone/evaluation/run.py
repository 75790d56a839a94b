"""The whole evaluation: read, judge, measure, and only then write."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

import coolmail
from coolmail.tone.evaluation import charts, markdown
from coolmail.tone.evaluation.baselines import Baseline, FrozenEncoder, TfIdf, profanity_check, textblob, vader
from coolmail.tone.evaluation.curve import learning_curve
from coolmail.tone.evaluation.embedding import Encoder
from coolmail.tone.evaluation.errors import EvaluationError
from coolmail.tone.evaluation.figures import BUDGET, SEED, Judged, figures, of_rows, of_scores
from coolmail.tone.evaluation.judges import fingerprint, judge, past, unseen
from coolmail.tone.evaluation.mails import Labelled, measured, written
from coolmail.tone.evaluation.measures import Flags, Floats
from coolmail.tone.evaluation.public import PublicSet, public_sets
from coolmail.tone.evaluation.worst import worst
from coolmail.tone.model import ToneModel

OTHERS = ("da", "de")
WARMED_UP_ON = frozenset({"toxicr", "xed-en"})
"""The public sets that the recipe's optional first stage trains on."""
LIBRARIES = ("torch", "transformers", "scikit-learn", "vaderSentiment", "textblob", "alt-profanity-check")


@dataclass(frozen=True, slots=True)
class Options:
    """What an evaluation reads, how much of it, and where it writes. `limit` (0: none) and `public_rows` (0: all) count texts of each set."""

    model: Path
    corpus: Path
    out: Path
    base: Path
    kept: Path
    writers: frozenset[str] = frozenset()
    public: Path | None = None
    public_rows: int = 1000
    limit: int = 0
    rounds: int = 1000
    worst: int = 20


def evaluate(options: Options, console: Console) -> dict[str, Any]:
    """Evaluate the model and write the report, its data and the charts; return the data.

    Raises ToneError where something is missing or damaged, before anything is written.
    """
    before = past(options.model)
    mails = written(options.corpus)
    held_out = unseen(mails, before.writers, options.writers)
    runs = learning_curve(options.out / "learning-curve.json")
    sets = {"en": [mail for mail in mails if mail.writer in held_out]}
    sets |= {language: measured(options.corpus, language) for language in OTHERS}
    sets = {name: _some(chosen, options.limit) for name, chosen in sets.items()}
    _needs_both(sets["en"])
    rows = options.limit or options.public_rows
    public = public_sets(options.public, rows, SEED) if options.public else []
    training = _training(mails, held_out, before.writers)
    texts = [mail.text for chosen in sets.values() for mail in chosen] + [text for one in public for text in one.texts]
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn(), console=console
    ) as progress:  # fmt: skip
        model = ToneModel.load(options.model)
        task = progress.add_task("coolmail", total=len(texts))
        reports = judge(model, texts, lambda done: progress.advance(task, done))
        baselines, left_out = _baselines(options, training, progress)
        scores = {}
        for baseline in baselines:
            task = progress.add_task(baseline.name, total=len(texts))
            scores[baseline.name] = baseline.score(texts, lambda done, task=task: progress.advance(task, done))  # type: ignore[misc]
        task = progress.add_task("bootstrap", total=len(sets) + len(public))
        told: dict[str, Any] = {"sets": {}, "public": {}}
        at = 0
        judged: dict[str, list[Judged]] = {}
        for name, chosen in sets.items():
            here = slice(at, at := at + len(chosen))
            judged[name] = [Judged(mail, one) for mail, one in zip(chosen, reports[here], strict=True)]
            told["sets"][name] = figures(judged[name], model.calibration.scales or {}, options.rounds)
            told["sets"][name]["judges"] = _of_baselines(
                chosen, {n: s[here] for n, s in scores.items()}, options.rounds
            )
            progress.advance(task)
        for one in public:
            here = slice(at, at := at + len(one.texts))
            told["public"][one.name] = _of_public(
                one, reports[here], {n: s[here] for n, s in scores.items()}, options.rounds
            )
            told["public"][one.name]["seen"] = bool(before.public_rows) and one.name in WARMED_UP_ON
            progress.advance(task)
    data = {
        "model": {
            "fingerprint": fingerprint(options.model),
            "trained_on": _sorted(before.writers),
            "calibrated_on": _sorted(before.calibrated),
            "public_rows": before.public_rows,
        },
        "training": {"mails": len(training), "writers": sorted({mail.writer for mail in training})},
        "settings": {"rounds": options.rounds, "seed": SEED, "budget": BUDGET, "public_rows": rows if public else 0, "limit": options.limit},
        "versions": {"coolmail": coolmail.__version__} | {name: version(name) for name in LIBRARIES},
        **told,
        "left_out": left_out,
        "learning_curve": [asdict(run) for run in runs],
        "worst": worst(judged["en"], options.worst),
    }  # fmt: skip
    english = {name: score[: len(sets["en"])] for name, score in scores.items()}
    _write(options.out, data, judged["en"], english)
    return data


def _sorted(names: frozenset[str] | None) -> list[str] | None:
    return None if names is None else sorted(names)


def _some(mails: list[Labelled], limit: int) -> list[Labelled]:
    """Return every nth scenario, for a quick try, so that pairs stay whole."""
    if not limit or len(mails) <= limit:
        return mails
    scenarios = list(dict.fromkeys(mail.scenario for mail in mails))
    kept = set(scenarios[:: -(-len(mails) // limit)])
    return [mail for mail in mails if mail.scenario in kept]


def _needs_both(mails: Sequence[Labelled]) -> None:
    """Raise EvaluationError unless there are confirmed mails of both sides."""
    if len({mail.held for mail in mails if mail.counts}) < 2:
        raise EvaluationError(
            "The held-out writers have no confirmed mails of both sides, held and sendable, so nothing can be measured. Second readings are in "
            "models/corpus/second. No report was changed."
        )


def _training(mails: Sequence[Labelled], held_out: frozenset[str], seen: frozenset[str] | None) -> list[Labelled]:
    """Return the mails that the model, and so the trained baselines, learnt from."""
    writers = seen or frozenset(mail.writer for mail in mails) - held_out
    training = [mail for mail in mails if mail.writer in writers and not mail.grey]
    if len({mail.writer for mail in training}) < 2:
        raise EvaluationError(
            "The baselines learn from the mails of the model's training writers, and the corpus has fewer than two of these. No report was changed."
        )
    return training


def _baselines(options: Options, training: Sequence[Labelled], progress: Progress) -> tuple[list[Baseline], list[str]]:
    """Return the baselines, trained, and a line for each that had to be left out."""
    task = progress.add_task("training the baselines", total=len(training) + 1)
    made: list[Baseline] = [vader(), textblob(), profanity_check(), TfIdf(training, SEED)]
    progress.advance(task)
    if not options.base.is_dir():
        progress.advance(task, len(training))
        return made, [
            "The frozen encoder was not measured: build/tone/base is missing, `python models/recipe/base.py` makes it."
        ]
    encoder = Encoder(options.base, options.kept)
    made.append(FrozenEncoder(encoder, training, SEED, lambda done: progress.advance(task, done)))
    return made, []


def _of_baselines(mails: Sequence[Labelled], scores: dict[str, Floats], rounds: int) -> dict[str, Any]:
    counted = np.array([mail.counts for mail in mails], dtype=np.bool_)
    confirmed = [mail for mail in mails if mail.counts]
    return {name: of_scores(confirmed, score[counted], rounds) for name, score in scores.items()}


def _of_public(one: PublicSet, reports: Sequence[Any], scores: dict[str, Floats], rounds: int) -> dict[str, Any]:
    heat: Floats = np.array([report.heat for report in reports], dtype=np.float64)
    held: Flags = np.array([report.level.held for report in reports], dtype=np.bool_)
    return {
        "question": one.question,
        "rows": len(one.texts),
        "of": one.of,
        "hot": sum(one.truth),
        "unjudged": sum(not report.judged for report in reports),
        **of_rows(one.truth, heat, held, rounds),
        "judges": {name: of_rows(one.truth, score, rounds=rounds) for name, score in scores.items()},
    }


def _write(out: Path, data: dict[str, Any], judged: Sequence[Judged], scores: dict[str, Floats]) -> None:
    """Write the files beside the old ones, then put all of them in place."""
    english = data["sets"]["en"]
    counted = np.array([one.mail.counts for one in judged], dtype=np.bool_)
    truth: Flags = np.array([one.mail.held for one in judged], dtype=np.bool_)[counted]
    heat: Floats = np.array([one.report.heat for one in judged], dtype=np.float64)[counted]
    aucs = {"coolmail": english["auc"]["value"]} | {
        name: row["auc"]["value"] for name, row in english["judges"].items()
    }
    title = f"{english['mails']} replies by unseen writers"
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out, prefix=".report-") as name:
            beside = Path(name)
            (beside / "report.json").write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", "utf-8")
            (beside / "report.md").write_text(markdown.report(data), "utf-8")
            charts.reliability(beside / "reliability.svg", english["calibration"], f"Heat and truth: {title}")
            judges = {"coolmail": heat} | {name: score[counted] for name, score in scores.items()}
            charts.roc_curves(beside / "roc.svg", truth, judges, aucs, BUDGET, title)
            if data["learning_curve"]:
                charts.learning(beside / "learning-curve.svg", learning_curve(out / "learning-curve.json"))
            for path in sorted(beside.iterdir()):
                os.replace(path, out / path.name)
    except OSError as error:
        raise EvaluationError(f"The report cannot be written to {out}: {error.strerror or error}.") from error
