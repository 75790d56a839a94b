"""A configuration and a journal of the test's own, and the command line on them."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from click.testing import Result
from typer.testing import CliRunner

from coolmail.cli.app import app
from coolmail.core.entry import Entry
from coolmail.core.states import State
from coolmail.journal import Journal
from tests.journal.adding import add

Found = TypeVar("Found")

CONFIG = """\
accounts:
  - name: work
    address: anna@studio.example
    imap: {{host: localhost, port: 1, tls: none, username: anna, password: x}}
    smtp: {{host: localhost, port: 1, tls: none, username: anna, password: x}}
hold: {{working_hours: {{timezone: Europe/Copenhagen}}}}
journal: {journal}
"""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a user of the command line sits."""

    config: Path
    journal: Path

    def run(self, *arguments: str, input: str | None = None) -> Result:  # noqa: A002 - the runner's own name
        """Run a command in this process."""
        command, *rest = arguments
        return CliRunner().invoke(app, [command, "--config", str(self.config), *rest], input=input)

    def json(self, *arguments: str) -> Any:
        """Run a command with --json and return what it printed."""
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def process(self, *arguments: str, **more: Any) -> subprocess.CompletedProcess[bytes]:
        """Run a command as a user does, in a process of its own."""
        usual = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        command = [sys.executable, "-m", "coolmail", *arguments, "--config", str(self.config)]
        return subprocess.run(command, check=False, timeout=110, **{**usual, **more})

    def work(self, work: Callable[[Journal], Awaitable[Found]]) -> Found:
        """Do something with the journal itself."""

        async def opened() -> Found:
            async with Journal.open(self.journal) as journal:
                return await work(journal)

        return asyncio.run(opened())

    def add(self, number: int = 1, **more: Any) -> Entry:
        """Put a message into the journal."""
        return self.work(lambda journal: add(journal, number, **{"state": State.HELD, **more}))

    def entry(self, identifier: str) -> Entry:
        """Return an entry."""
        found = self.work(lambda journal: journal.get(identifier))
        assert found is not None
        return found


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk with an empty journal; lines are wide enough not to be wrapped."""
    monkeypatch.setenv("COLUMNS", "200")
    journal = tmp_path / "data" / "journal.sqlite3"
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.format(journal=journal))
    return Desk(config, journal)
