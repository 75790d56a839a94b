"""The report for people, made from the report for programs: `report(data)` turns the content of `report.json` into Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from coolmail.tone.evaluation.figures import BUDGET, FEWEST_OF_A_TRADE, small

BUDGET_TOLD = f"{100 * BUDGET:.0f} %"
LANGUAGES = {"en": "English", "da": "Danish", "de": "German"}
NOTHING = "-"

Row = Mapping[str, Any]


def report(data: Row) -> str:
    """Return the whole report."""
    english = data["sets"]["en"]
    parts = [
        "# The tone model, measured",
        _written_by(data),
        "## In short",
        _in_short(english),
        _thresholds(english, data["model"]),
        "## Beside what it has to beat",
        _judges(data),
        "![ROC curves](roc.svg)",
        "## Heat as a probability",
        _calibration(english["calibration"]),
        "![Reliability diagram](reliability.svg)",
        "## Marked sentences",
        _evidence(english["evidence"]),
        "## By kind",
        _kinds(english),
        "## By length",
        _groups("words", english["by_length"]),
        "## By writer",
        _groups("writer", english["by_writer"]),
        "## By trade",
        _trades(english["by_trade"]),
        "## Grey mail",
        _grey(data["sets"]),
        "## Danish and German",
        _others(data["sets"]),
        "## Public sets",
        _public(data),
        "## What more mail brings",
        _curve(data["learning_curve"]),
        f"## The {len(data['worst'])} worst errors" if data["worst"] else "## The worst errors",
        _worst(data["worst"]),
        "## How it was measured",
        _how(data),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _written_by(data: Row) -> str:
    english, model = data["sets"]["en"], data["model"]
    writers = ", ".join(english["by_writer"])
    limit = data["settings"]["limit"]
    return (
        "Written by `python -m coolmail.tone.evaluate`; the figures with everything behind them are in [report.json](report.json). Model "
        f"`{model['fingerprint']}`, as the product runs it (int8, own text, sensitivity normal). Measured on {english['mails']} English mails "
        f"({english['held']} to be held) in {english['scenarios']} scenarios, by writers whom it has not seen "
        f"({writers}). They were written for this purpose, and a second, blind reader confirmed every label: this is coolmail's own held-out "
        "figure, not one on other people's mail."
        + (f"\n\n**A quick try on about {limit} texts of each set; not the figures to quote.**" if limit else "")
    )


def _in_short(english: Row) -> str:
    calibration, evidence = english["calibration"], english["evidence"]
    rows = [
        ("ROC-AUC, hold or send", _plain(english["auc"]), "at least 0.97"),
        (f"heated mail found at {BUDGET_TOLD} false holds", _percent(english["recall_at_budget"]), "at least 90 %"),
        (
            f"the same, of heated mail without insult, profanity or shouting ({english['polite_recall']['rows']} mails)",
            _percent(english["polite_recall_at_budget"]),
            "at least 80 %",
        ),
        ("the heated mail of a pair ranks above the civil one", _percent(english["pairs"]), ""),
        (
            "expected calibration error, slope and shift fitted on other scenarios",
            _plain(calibration["error_crosswise"]),
            "at most 0.04",
        ),
        ("marked sentences that a reader marked, too", _percent(evidence["precision"]), "at least 80 %"),
    ]
    return _table(("measure", "held-out, 95 % interval", "goal"), rows, "lll") + (
        "\n\nThe goals are for mail by others that is not in this repository; they stand here to compare. What is held of ordinary, real "
        "business mail is not measured here: no such mail may be kept here."
    )


def _thresholds(english: Row, model: Row) -> str:
    rows = [
        (name, f"{row['from_heat']:.2f}", _percent(row["false_hold"]), _percent(row["recall"]))
        for name, row in english["sensitivities"].items()
    ]
    crosswise = english["crosswise"]
    rows.append(
        (
            f"threshold set at {BUDGET_TOLD} on the other half of the scenarios",
            NOTHING,
            _percent(crosswise["false_hold"]),
            _percent(crosswise["recall"]),
        )
    )
    return (
        "With the thresholds that are installed:\n\n"
        + _table(("sensitivity", "holds from heat", "false holds", "heated mail held"), rows, "lrll")
        + f"\n\nOf the held mail without insult, profanity or shouting, normal holds {_percent(english['polite_recall'])}. "
        + _fitted_on(model, english)
    )


def _fitted_on(model: Row, english: Row) -> str:
    """Say whether thresholds and calibration were set on the very mails that they are measured on."""
    if model["calibrated_on"] is None:
        return "The model does not say on whose mails its thresholds were set; where these are the same, their figures are a little kind to it."
    both = sorted(set(model["calibrated_on"]) & set(english["by_writer"]))
    if not both:
        return "The thresholds were set on other writers' mail."
    return (
        f"The thresholds were set on mail by {', '.join(both)}, who are among those measured here, so the rows with names are a little kind to the "
        "model; the last row is not."
    )


def _judges(data: Row) -> str:
    parts = []
    for code, told in data["sets"].items():
        rows = [("**coolmail**", told), *told["judges"].items()]
        parts.append(
            f"{LANGUAGES[code]}, {told['mails']} mails:\n\n"
            + _table(
                (
                    "judge",
                    "ROC-AUC",
                    f"found at {BUDGET_TOLD} false holds",
                    "of those without a rude word",
                    "pairs in order",
                ),
                [
                    (
                        name,
                        _plain(row["auc"]),
                        _percent(row["recall_at_budget"]),
                        _percent(row["polite_recall_at_budget"]),
                        _percent(row["pairs"]),
                    )
                    for name, row in rows
                ],
                "lllll",
            )
        )
    told = "\n\n".join(parts) + (
        f"\n\nTF-IDF and the linear head learnt from the same {data['training']['mails']} mails as the model "
        f"({', '.join(data['training']['writers'])}). VADER, TextBlob and alt-profanity-check know English only."
    )
    return told + "".join(f"\n\n{line}" for line in data["left_out"])


def _calibration(calibration: Row) -> str:
    return (
        f"Of mail with heat 0.8, eight in ten should be mail to hold. Expected calibration error in ten bins of equal width: as installed "
        f"{_plain(calibration['error'])}; with slope and shift fitted on the other half of the scenarios "
        f"{_plain(calibration['error_crosswise'])}. A judge with no error at all would show {calibration['error_by_chance']:.3f} on as few mails. "
        "Heat is a probability for a mix like this one, in which more mail is heated than in most people's."
    )


def _evidence(evidence: Row) -> str:
    rows = [
        ("marked sentences that the writer or the second reader marked", evidence["precision"]),
        ("the same, in mail that the model holds", evidence["precision_in_held_mail"]),
        ("marked sentences that both marked", evidence["precision_by_both"]),
        ("sentences marked by both that the model marks", evidence["recall_of_both"]),
        ("*between people:* the writer's marks that the second reader has", evidence["second_finds_of_writer"]),
        ("*between people:* the second reader's marks that the writer has", evidence["writer_finds_of_second"]),
        ("where model and writer mark a sentence, one of the named kinds is the writer's", evidence["kind_right"]),
    ]
    kinds = [
        (
            name,
            row["there"],
            row["named"],
            _ratio(row["right"], row["named"]),
            _ratio(row["right"], row["there"]),
        )
        for name, row in evidence["kinds"].items()
    ]
    return (
        f"{evidence['sentences']} sentences, {evidence['marked_by_a_reader']} marked by a reader, {evidence['marked_by_both']} by both. ROC-AUC of "
        f"sentence heat {_plain(evidence['auc'])}.\n\n"
        + _table(("share", "95 % interval", "of"), [(name, _percent(row), row["rows"]) for name, row in rows], "llr")
        + "\n\nKinds, sentence by sentence, where the writer marked it (the model names two at most):\n\n"
        + _table(("kind", "sentences", "named", "rightly", "found"), kinds, "lrrrr")
    )


def _kinds(english: Row) -> str:
    rows = [
        (
            name,
            row["mails"],
            _plain(row["auc"]),
            _percent(row["recall"]),
            _percent(row["recall_at_budget"]),
        )
        for name, row in english["by_kind"].items()
        if row["mails"]
    ]
    return (
        f"Held mail with at least one sentence of the kind, against all {english['sendable']} sendable mails:\n\n"
        + _table(("kind", "mails", "ROC-AUC", "held as installed", f"held at {BUDGET_TOLD} false holds"), rows, "lrlll")
    )


def _groups(head: str, groups: Mapping[str, Row]) -> str:
    return _table(
        (head, "mails", "to be held", "ROC-AUC", "false holds", "heated mail held"),
        [
            (name, row["mails"], row["held"], _plain(row["auc"]), _percent(row["false_hold"]), _percent(row["recall"]))
            for name, row in groups.items()
        ],
        "lrrlll",
    )


def _trades(trades: Mapping[str, Row]) -> str:
    few = set(small(trades))
    shown = {name: row for name, row in trades.items() if name not in few}
    pooled = [row for name, row in trades.items() if name in few]
    told = (
        f"{len(trades)} trades; those with at least {FEWEST_OF_A_TRADE} mails one by one, where a single mail still moves a figure a lot. In the "
        f"others ({sum(row['mails'] for row in pooled)} mails) the model holds {_pooled(pooled, 'false_hold')} of the sendable and "
        f"{_pooled(pooled, 'recall')} of the heated mail; each of them is in report.json."
    )
    return told + ("\n\n" + _groups("trade", shown) if shown else "")


def _pooled(rows: Iterable[Row], name: str) -> str:
    """Return a share over several groups, from the shares and sizes of each."""
    told = [row[name] for row in rows if row[name]["value"] is not None]
    return _ratio(round(sum(row["value"] * row["rows"] for row in told)), sum(row["rows"] for row in told))


def _grey(sets: Mapping[str, Row]) -> str:
    rows = [
        (
            LANGUAGES[code],
            told["grey"]["mails"],
            told["grey"]["held"],
            told["grey"]["with_the_writer"],
            NOTHING if told["grey"]["mean_heat"] is None else f"{told['grey']['mean_heat']:.2f}",
            told["without_second_reading"],
        )
        for code, told in sets.items()
    ]
    return (
        "Mail on which writer and second reader differ between hold and send. It counts in no other figure, and neither does mail that has no second "
        "reading.\n\n"
        + _table(
            ("language", "grey mails", "held by the model", "as the writer", "mean heat", "without second reading"),
            rows,
            "lrrrrr",
        )
    )


def _others(sets: Mapping[str, Row]) -> str:
    rows = [
        (
            LANGUAGES[code],
            told["mails"],
            told["held"],
            _plain(told["auc"]),
            _percent(told["recall_at_budget"]),
            _percent(told["false_hold"]),
            _percent(told["recall"]),
            _plain(told["calibration"]["error"]),
            _percent(told["evidence"]["precision"]),
            told["unjudged"],
        )
        for code, told in sets.items()
        if code != "en"
    ]
    return "Never trained on and never calibrated on; the threshold is the English one.\n\n" + _table(
        (
            "language",
            "mails",
            "to be held",
            "ROC-AUC",
            f"found at {BUDGET_TOLD} false holds",
            "false holds as installed",
            "heated mail held as installed",
            "calibration error",
            "marked sentences that a reader marked",
            "unjudged",
        ),
        rows,
        "lrrllllllr",
    )


def _public(data: Row) -> str:
    sets = data["public"]
    if not sets:
        return "Not measured in this run; `--public DIR` names the folder that holds them."
    names = list(next(iter(sets.values()))["judges"])
    rows = [
        (
            f"{name}{' (seen in part)' if row['seen'] else ''}",
            row["question"],
            row["rows"],
            row["hot"],
            _plain(row["auc"]),
            _percent(row["false_hold"]),
            _percent(row["recall"]),
            row["unjudged"],
            *(f"{row['judges'][judge]['auc']['value']:.2f}" for judge in names),
        )
        for name, row in sets.items()
    ]
    return (
        "Not client mail, and not our question: how far heat agrees with a neighbouring one. A fixed random sample of each (of the test split "
        "where there is one). Most lines of the subtitles (xed) are a few words without a context, and their labels in most other languages are "
        "carried over from English. Unjudged: taken to be in a language that coolmail does not judge; the product sends them.\n\n"
        + _table(
            (
                "set",
                "asks for",
                "rows",
                "hot",
                "ROC-AUC",
                "held of the rest",
                "held of the hot",
                "unjudged",
                *(f"{name}, ROC-AUC" for name in names),
            ),
            rows,
            "llrrlllr" + "r" * len(names),
        )
    )


def _curve(runs: Sequence[Row]) -> str:
    if not runs:
        return "Not recorded: `learning-curve.json` is missing beside this report."
    rows = [
        (
            run["mails"],
            run["epochs"],
            f"{run['auc']:.3f} ({run['low']:.3f} to {run['high']:.3f})",
            f"{100 * run['recall_at_2']:.0f} %",
        )
        for run in runs
    ]
    return (
        "Training runs on parts of the corpus, each measured on the same held-out writers by training itself (fp32, before quantisation).\n\n"
        + _table(("mails trained on", "epochs", "ROC-AUC", "found at 2 % false holds"), rows, "rrll")
        + "\n\n![Learning curve](learning-curve.svg)"
    )


def _worst(errors: Sequence[Row]) -> str:
    if not errors:
        return "The model decided every confirmed mail rightly."
    head = (
        "English mail that the model decided wrongly, the most confident mistake first. Grades are the writer's and the second reader's, 0 to 4; "
        "3 and 4 are to be held."
    )
    parts = [head]
    for number, error in enumerate(errors, 1):
        quoted = "\n".join(f"> {line}".rstrip() for line in _literal(error["text"]).splitlines())
        told = [
            f"### {number}. {error['error'].capitalize()}: {error['id']}, {error['trade']}",
            f"Heat {error['heat']:.2f}{'' if error['judged'] else ' (not judged)'}, grades {error['grade']} and {error['second_grade']}.",
            quoted,
        ]
        if error["readers_marked"]:
            told.append("Readers: " + "; ".join(_marked(mark) for mark in error["readers_marked"]))
        if error["model_marked"]:
            told.append("Model: " + "; ".join(_marked(mark) for mark in error["model_marked"]))
        parts.append("\n\n".join(told))
    return "\n\n".join(parts)


def _marked(mark: Row) -> str:
    text = " ".join(mark["text"].split())
    short = text if len(text) <= 90 else text[:87] + "..."
    return f"“{_literal(short)}” ({', '.join(mark['kinds'])})"


def _literal(text: str) -> str:
    """Return text that Markdown shows as it is."""
    return "".join(f"\\{char}" if char in "\\`*_[]<>#|~&" else char for char in text)


def _how(data: Row) -> str:
    settings = data["settings"]
    versions = ", ".join(f"{name} {number}" for name, number in data["versions"].items())
    return (
        f"- Intervals: {settings['rounds']} bootstrap resamples (seed {settings['seed']}), drawn by scenario, because the mails of one scenario "
        "stand and fall together; by row for the public sets.\n"
        f'- "At {BUDGET_TOLD} false holds": holding begins at the lowest heat at which at most that share of the sendable mail measured is held. '
        '"As installed": at the heat in calibration.json.\n'
        "- A marked sentence is right if it shares half of its length, or of the reader's, with a sentence that a reader marked.\n"
        "- The frozen encoder is multilingual-e5-small as training starts from it (build/tone/base), the mean of its token states; the strength "
        "of both trained baselines is chosen by cross-validation over the training writers.\n"
        f"- {versions}. int8 arithmetic differs a little between processors, so a last digit may."
    )


def _plain(row: Row) -> str:
    if row["value"] is None:
        return NOTHING
    return f"{row['value']:.3f}" + (f" ({row['low']:.3f} to {row['high']:.3f})" if row["low"] is not None else "")


def _percent(row: Row) -> str:
    if row["value"] is None:
        return NOTHING
    value = f"{100 * row['value']:.1f} %"
    return value + (f" ({100 * row['low']:.0f} to {100 * row['high']:.0f})" if row["low"] is not None else "")


def _ratio(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else NOTHING


def _table(head: Sequence[str], rows: Iterable[Sequence[object]], sides: str) -> str:
    """Return a Markdown table; `sides` has an `l` or an `r` for each column."""
    lines = [
        "| " + " | ".join(head) + " |",
        "| " + " | ".join("---:" if side == "r" else "---" for side in sides) + " |",
        *("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows),
    ]
    return "\n".join(lines)
