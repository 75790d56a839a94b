"""A journal in a fresh file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from coolmail.journal import Journal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the journal of this test lies, in a folder that does not exist yet."""
    return tmp_path / "data" / "journal.sqlite3"


@pytest_asyncio.fixture
async def journal(path: Path) -> AsyncIterator[Journal]:
    """An open journal."""
    async with Journal.open(path) as journal:
        yield journal
