"""Where things lie if the user does not say otherwise: the platform's own folders."""

from __future__ import annotations

from pathlib import Path

import platformdirs

from coolmail.core.settings import Settings


def config_path() -> Path:
    """Return the default path of the configuration."""
    return platformdirs.user_config_path("coolmail") / "config.yaml"


def journal_path(settings: Settings) -> Path:
    """Return where the journal lies."""
    if settings.journal is not None:
        return Path(settings.journal).expanduser()
    return platformdirs.user_data_path("coolmail") / "journal.sqlite3"
