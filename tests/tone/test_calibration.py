"""Heat, levels and thresholds from calibration.json."""

from __future__ import annotations

from pathlib import Path

import pytest

from coolmail.core.settings import Sensitivity
from coolmail.core.tone import Level, Scale
from coolmail.tone.calibration import Platt, load
from coolmail.tone.errors import ModelUnavailable
from coolmail.tone.places import default_folder


def test_heat_is_a_probability_however_large_the_logit() -> None:
    """No logit overflows."""
    assert [Platt(1.0, 0.0)(value) for value in (-1e6, 0.0, 1e6)] == [0.0, 0.5, 1.0]


@pytest.mark.parametrize(
    ("heat", "level"), [(0.1, Level.CALM), (0.4, Level.WARM), (0.7, Level.HEATED), (0.99, Level.BOILING)]
)
def test_levels_begin_at_their_heat(heat: float, level: Level) -> None:
    """A level begins at its heat, the heat itself included."""
    assert Scale(warm=0.4, heated=0.7, boiling=0.9).level(heat) is level


@pytest.mark.parametrize("threshold", [0.05, 0.5, 0.99])
def test_a_threshold_of_the_users_own_moves_the_whole_scale(threshold: float) -> None:
    """The levels keep their order around the heat that the user holds from."""
    scale = Scale().held_from(threshold)
    assert scale.heated == threshold
    assert 0 < scale.warm < scale.heated < scale.boiling <= 1


def test_the_stricter_the_earlier_mail_is_held() -> None:
    """relaxed, normal and strict lie in that order on the installed model's curve."""
    calibration = load(default_folder())
    relaxed, normal, strict = (
        calibration.scale(s).heated for s in (Sensitivity.RELAXED, Sensitivity.NORMAL, Sensitivity.STRICT)
    )
    assert strict <= normal <= relaxed


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"message": 3}', "\x00\xff"])
def test_a_damaged_calibration_is_said_to_be_damaged(tmp_path: Path, content: str) -> None:
    """Whatever is wrong with the file, the error names it."""
    (tmp_path / "calibration.json").write_text(content, "utf-8")
    with pytest.raises(ModelUnavailable, match=r"calibration\.json"):
        load(tmp_path)
