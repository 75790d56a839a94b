"""What int8 and fp16 storage cost the installed model: `python models/recipe/measure.py w03` on the mails of writers it was not trained on."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
from corpus import read
from sklearn.metrics import roc_auc_score

from coolmail.tone.model import ToneModel

ROOT = Path(__file__).resolve().parent.parent.parent


def main(writers: set[str]) -> None:
    """Print a Markdown table: ROC-AUC, largest and mean change of heat, time a mail on one core."""
    mails = [mail for mail in read(ROOT / "models/corpus") if mail.writer in writers and not mail.grey]
    texts, held = [mail.text for mail in mails], [mail.held for mail in mails]
    print(
        "| linear layers | ROC-AUC | mean change of heat | largest | ms a mail, one core |\n| --- | --- | --- | --- | --- |"
    )
    exact = np.empty(0)
    for name, quantise in (("fp32", False), ("int8", True)):
        model = ToneModel.load(ROOT / "models/coolmail-tone", quantise=quantise, threads=1)
        model.judge(texts[:3])
        start = time.process_time()
        heat = np.array([report.heat for report in model.judge(texts)])
        spent = 1000 * (time.process_time() - start) / len(texts)
        exact = exact if len(exact) else heat
        change = np.abs(heat - exact)
        print(f"| {name} | {roc_auc_score(held, heat):.4f} | {change.mean():.4f} | {change.max():.4f} | {spent:.0f} |")


if __name__ == "__main__":
    main(set(sys.argv[1].split(",")))
