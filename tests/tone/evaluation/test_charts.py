"""The charts."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("sklearn")

from coolmail.core.settings import Sensitivity
from coolmail.core.tone import Scale
from coolmail.tone.evaluation import charts
from coolmail.tone.evaluation.curve import Run
from coolmail.tone.evaluation.figures import figures
from tests.tone.evaluation.mail import judged, labelled

RUNS = [Run(400, 4, 0.9, 0.87, 0.93, 0.5), Run(1600, 4, 0.94, 0.92, 0.96, 0.7), Run(1600, 8, 0.95, 0.93, 0.97, 0.72)]


def draw(folder: Path) -> list[bytes]:
    """Draw all three and return them."""
    mails = [judged(labelled(f"w01-{n}", held=n % 3 == 0), (n * 37 % 100) / 100) for n in range(60)]
    told = figures(mails, {Sensitivity.NORMAL: Scale()}, rounds=50)
    truth = np.array([one.mail.held for one in mails])
    heat = np.array([one.report.heat for one in mails])
    charts.reliability(folder / "a.svg", told["calibration"], "60 mails")
    charts.roc_curves(
        folder / "b.svg",
        truth,
        {"coolmail": heat, "VADER": 1 - heat},
        {"coolmail": 0.5, "VADER": 0.5},
        0.02,
        "60 mails",
    )
    charts.learning(folder / "c.svg", RUNS)
    return [(folder / name).read_bytes() for name in ("a.svg", "b.svg", "c.svg")]


def test_the_same_figures_give_the_same_charts(tmp_path: Path) -> None:
    """To the byte and without a date, so that a report made again changes nothing."""
    (tmp_path / "again").mkdir()
    first, again = draw(tmp_path), draw(tmp_path / "again")
    assert first == again
    for chart in first:
        root = ElementTree.fromstring(chart)
        assert root.tag.endswith("svg")
        assert b"<dc:date>" not in chart
