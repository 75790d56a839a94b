"""Bringing the journal's schema up to date with Alembic, run from inside the program: users have no `alembic.ini`."""

from __future__ import annotations

import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

_ONE_AT_A_TIME = threading.Lock()
"""Alembic has one context for the whole process."""


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def current(connection: Connection) -> str | None:
    """Return the schema version of an open journal; None for an empty file."""
    return MigrationContext.configure(connection).get_current_revision()


def newest() -> str:
    """Return the schema version that this program writes."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None  # noqa: S101 - the first migration is part of the package
    return head


def known(revision: str) -> bool:
    """Whether this program knows a schema version, that is, was not made before it."""
    return any(script.revision == revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def upgrade(connection: Connection, to: str = "head") -> None:
    """Migrate within the caller's transaction."""
    with _ONE_AT_A_TIME:
        command.upgrade(_config(connection), to)
