"""From logits to heat, and from heat to levels: the numbers in `calibration.json` beside the weights. Needs no torch."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coolmail.core.settings import Sensitivity
from coolmail.core.tone import Scale
from coolmail.tone.errors import ModelUnavailable

FILE = "calibration.json"


@dataclass(frozen=True, slots=True)
class Platt:
    """heat = sigmoid(slope * logit + shift), fitted on held-out mail."""

    slope: float = 1.0
    shift: float = 0.0

    def __call__(self, logit: float) -> float:
        """Return the probability, 0..1, that a logit stands for."""
        value = self.slope * logit + self.shift
        return 1 / (1 + math.exp(-value)) if value >= 0 else math.exp(value) / (1 + math.exp(value))


@dataclass(frozen=True, slots=True)
class Calibration:
    """How this model's logits are to be read.

    `sentence_marked` is the heat from which a sentence is evidence.
    """

    message: Platt = Platt()
    sentence: Platt = Platt()
    sentence_marked: float = 0.5
    scales: Mapping[Sensitivity, Scale] | None = None

    def scale(self, sensitivity: Sensitivity = Sensitivity.NORMAL, threshold: float | None = None) -> Scale:
        """Return the levels for a sensitivity; `threshold`, if given, is where holding begins instead."""
        scale = (self.scales or {}).get(sensitivity, Scale())
        return scale if threshold is None else scale.held_from(threshold)


def load(folder: Path) -> Calibration:
    """Read a model folder's `calibration.json`.

    Raises ModelUnavailable if it is missing or cannot be understood.
    """
    path = folder / FILE
    try:
        return parse(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        raise ModelUnavailable(
            f"The tone model in {folder} lacks {FILE}; reinstall it. Nothing is sent unscored."
        ) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelUnavailable(
            f"{path} cannot be read ({error}); reinstall the model. Nothing is sent unscored."
        ) from error


def parse(data: dict[str, Any]) -> Calibration:
    """Make a calibration from its JSON form; raises KeyError, TypeError or ValueError where that is wrong."""
    return Calibration(
        message=Platt(**data["message"]),
        sentence=Platt(**data["sentence"]),
        sentence_marked=float(data["sentence_marked"]),
        scales={Sensitivity(name): Scale(**value) for name, value in data["levels"].items()},
    )
