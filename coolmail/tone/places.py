"""Where the model that comes with coolmail lies. Needs no torch."""

from __future__ import annotations

from pathlib import Path

NAME = "coolmail-tone"


def default_folder() -> Path:
    """Return the model folder: inside an installed package, else in the source tree (which may lack it: see `ModelUnavailable`)."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "models" / NAME
    return installed if installed.is_dir() else package.parent / "models" / NAME
