"""The charts, as SVG that is the same to the byte for the same figures: no dates, fixed ids, letters as outlines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from coolmail.tone.evaluation.curve import Run
from coolmail.tone.evaluation.measures import Flags, Floats, roc

INK, QUIET, GRID = "#1f2933", "#66727f", "#e3e7eb"
MODEL, CROSSWISE = "#c2410c", "#1d4ed8"
BASELINES = ("#0f766e", "#7c3aed", "#a16207", "#64748b", "#db2777")
STYLE: dict[str, Any] = {
    "svg.hashsalt": "coolmail",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlecolor": INK,
    "axes.titlepad": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


def reliability(path: Path, calibration: Mapping[str, Any], title: str) -> None:
    """Draw how often mail of a heat is really to be held, and how many mails have which heat."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 6.6), layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
        upper.plot([0, 1], [0, 1], color=QUIET, linewidth=1, linestyle=(0, (4, 3)), label="perfect")
        _points(
            upper,
            calibration["bins"],
            MODEL,
            "o",
            f"as installed, calibration error {calibration['error']['value']:.3f}",
            -0.006,
        )
        _points(
            upper,
            calibration["bins_crosswise"],
            CROSSWISE,
            "s",
            f"fitted on the other half, calibration error {calibration['error_crosswise']['value']:.3f}",
            0.006,
        )
        upper.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), title=title)
        upper.set_ylabel("share that two readers would hold")
        _percent(upper.yaxis)
        upper.legend(loc="upper left", labelcolor=INK)
        rows = calibration["bins"]
        bars = lower.bar(
            [row["from"] + 0.05 for row in rows],
            [row["held"]["rows"] for row in rows],
            width=0.09,
            color=MODEL,
            alpha=0.75,
        )
        lower.bar_label(bars, color=QUIET, fontsize=8, padding=2)
        lower.set_ylim(0, 1.2 * max(row["held"]["rows"] for row in rows))
        lower.set_ylabel("mails")
        lower.set_xlabel("heat")
        lower.grid(axis="x", visible=False)
        _save(figure, path)


def _points(axes: Axes, rows: Sequence[Mapping[str, Any]], colour: str, marker: str, label: str, shift: float) -> None:
    """Draw bins with their intervals; `shift` keeps two sets of them apart."""
    heat = [row["heat"] + shift for row in rows]
    held = [row["held"]["value"] for row in rows]
    below = [value - _or(row["held"]["low"], value) for row, value in zip(rows, held, strict=True)]
    above = [_or(row["held"]["high"], value) - value for row, value in zip(rows, held, strict=True)]
    axes.errorbar(
        heat,
        held,
        yerr=[_not_negative(below), _not_negative(above)],
        color=colour,
        marker=marker,
        markersize=5,
        linewidth=1.4,
        elinewidth=0.9,
        capsize=2,
        label=label,
    )


def _or(value: float | None, other: float) -> float:
    return other if value is None else value


def _not_negative(values: Sequence[float]) -> list[float]:
    return [max(0.0, value) for value in values]


def roc_curves(
    path: Path, truth: Flags, scores: Mapping[str, Floats], aucs: Mapping[str, float], budget: float, title: str
) -> None:
    """Draw recall against false holds for every judge, the model (the first) in front, and the corner that matters enlarged."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(10.4, 5.2), layout="constrained")
        whole, corner = figure.subplots(1, 2)
        colours = dict(zip(scores, (MODEL, *BASELINES), strict=False))
        for axes in (whole, corner):
            axes.plot([0, 1], [0, 1], color=QUIET, linewidth=1, linestyle=(0, (4, 3)))
            for place, (name, score) in enumerate(scores.items()):
                x, y = roc(truth, score)
                axes.step(
                    x,
                    y,
                    where="post",
                    color=colours[name],
                    linewidth=2.4 if place == 0 else 1.3,
                    label=f"{name}  {aucs[name]:.3f}",
                    zorder=10 - place,
                )
            axes.set_xlabel("false holds: share of calm and firm mail held")
            _percent(axes.xaxis)
            _percent(axes.yaxis)
        whole.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), title=title, ylabel="heated mail held")
        legend = whole.legend(loc="lower right", title="ROC-AUC", alignment="left", labelcolor=INK, frameon=True)
        legend.get_title().set_color(INK)
        legend.get_frame().set(facecolor="white", edgecolor="none", alpha=0.85)
        legend.set_zorder(20)
        corner.set(xlim=(-0.001, 0.1), ylim=(-0.01, 1.01), title="The same, up to 10 % false holds")
        corner.axvline(budget, color=QUIET, linewidth=1, linestyle=(0, (1, 2)))
        corner.annotate(
            f"budget of {100 * budget:.0f} %",
            (budget, 0.93),
            xytext=(5, 0),
            textcoords="offset points",
            color=INK,
            fontsize=9,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5, "alpha": 0.85},
            zorder=20,
        )
        _save(figure, path)


def learning(path: Path, runs: Sequence[Run]) -> None:
    """Draw ROC-AUC and recall over the number of mails trained on; of one number the run with the best ROC-AUC is on the line."""
    best: dict[int, Run] = {}
    for run in runs:
        if run.mails not in best or run.auc > best[run.mails].auc:
            best[run.mails] = run
    line = [best[mails] for mails in sorted(best)]
    mails = [run.mails for run in line]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(10.4, 4.4), layout="constrained")
        left, right = figure.subplots(1, 2)
        left.fill_between(
            mails,
            [run.low for run in line],
            [run.high for run in line],
            color=MODEL,
            alpha=0.14,
            linewidth=0,
            label="95 % interval",
        )
        left.plot(mails, [run.auc for run in line], color=MODEL, marker="o", markersize=5, linewidth=1.8)
        right.plot(mails, [run.recall_at_2 for run in line], color=MODEL, marker="o", markersize=5, linewidth=1.8)
        others = [run for run in runs if run is not best[run.mails]]
        if others:
            grey = {"color": QUIET, "linestyle": "none", "marker": "o", "markersize": 4, "markerfacecolor": "white"}
            left.plot([run.mails for run in others], [run.auc for run in others], **grey, label="other runs")
            right.plot([run.mails for run in others], [run.recall_at_2 for run in others], **grey)
        for run in line:
            label = f"{run.auc:.3f}\n{run.epochs} epoch{'s' if run.epochs != 1 else ''}"
            place: dict[str, Any] = {
                "textcoords": "offset points",
                "ha": "center",
                "va": "bottom",
                "color": INK,
                "fontsize": 8.5,
            }
            left.annotate(label, (run.mails, run.auc), xytext=(0, 8), **place)
            right.annotate(f"{100 * run.recall_at_2:.0f} %", (run.mails, run.recall_at_2), xytext=(0, 8), **place)
        left.set(title="ROC-AUC on held-out writers", xlabel="mails trained on")
        right.set(title="Heated mail found at 2 % false holds", xlabel="mails trained on")
        lowest = min(run.low for run in line)
        left.set_ylim(lowest - 0.1 * (1 - lowest), 1.0)
        right.set_ylim(0, 1)
        left.legend(loc="lower right", labelcolor=INK)
        _percent(right.yaxis)
        for axes in (left, right):
            axes.set_xlim(0, 1.08 * max(mails))
        _save(figure, path)


def _percent(axis: Any) -> None:
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f} %"))


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
