"""Opening the SQLite file: private, durable, migrated."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

BUSY_SECONDS = 10.0
"""How long a write waits for another program's before it is given up."""


def make_private(path: Path) -> None:
    """Create the file and its folder for the user alone; SQLite gives its side files the same mode."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)


def make_engine(path: Path) -> Engine:
    """Return an engine whose commits survive a power cut: WAL, and fsync at each commit (`synchronous=FULL`)."""
    engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        # The driver must not open transactions by itself: BEGIN IMMEDIATE below takes the write lock before reading, so that a compare-and-set
        # waits for another writer instead of failing.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        mode = "DEFERRED" if connection.get_execution_options().get("read_only") else "IMMEDIATE"
        connection.connection.cursor().execute(
            f"BEGIN {mode}"
        )  # the driver's own: SQLAlchemy's way takes longer than SQLite

    return engine


def empty_log(path: Path) -> None:
    """Write the write-ahead log into the database and cut it to nothing: it would keep content that was removed, until it is overwritten.

    While another program reads, it is left for the next time.
    """
    with contextlib.closing(sqlite3.connect(path, timeout=1.0)) as connection, contextlib.suppress(sqlite3.Error):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def quick_check(path: Path) -> str | None:
    """Return None for a whole database (or an empty file), else what is wrong with it."""
    try:
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS)
        try:
            (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        said = str(error)
        return said if "malformed" in said or "not a database" in said else None
    return None if answer == "ok" else " ".join(str(answer).split())
