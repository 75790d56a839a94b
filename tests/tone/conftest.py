"""The model that comes with coolmail, loaded once."""

from __future__ import annotations

import pytest

from coolmail.tone.model import ToneModel
from coolmail.tone.places import default_folder


@pytest.fixture(scope="session")
def model() -> ToneModel:
    """The tone model as the product loads it: int8, all cores."""
    return ToneModel.load(default_folder())
