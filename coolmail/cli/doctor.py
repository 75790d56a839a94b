"""`coolmail doctor`: whether everything is there and works."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from coolmail.cli.opening import ConfigOption, JsonOption, settings_from
from coolmail.cli.output import SCHEMA, out, print_json, safe
from coolmail.config import config_path, journal_path
from coolmail.daemon.checkup import Finding, Grade, examine
from coolmail.tone import ToneWorker

if TYPE_CHECKING:
    from pathlib import Path

    from coolmail.core.settings import Settings

SIGN = {Grade.OK: "[green]ok[/]     ", Grade.WARNING: "[yellow]warning[/]", Grade.FAULT: "[bold red]fault[/]  "}


def doctor(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Check everything coolmail needs: config, passwords, servers, mailboxes, model, journal, clock. Changes nothing, sends nothing.

    Exit code 1 if something does not work.
    """
    settings = settings_from(config)
    found = asyncio.run(_examined(settings, config or config_path(), tell=not as_json))
    if as_json:
        rows = [{"about": one.about, "grade": one.grade.value, "said": one.said} for one in found]
        print_json({"schema": SCHEMA, "findings": rows})
    if any(one.grade is Grade.FAULT for one in found):
        raise typer.Exit(1)


async def _examined(settings: Settings, config: Path, *, tell: bool) -> list[Finding]:
    found = []
    async with ToneWorker.from_settings(settings) as judge:
        async for finding in examine(settings, config, journal_path(settings), judge, clock=lambda: datetime.now(UTC)):
            found.append(finding)
            if tell:
                out.print(f"{SIGN[finding.grade]}  {safe(finding.about)}: {safe(finding.said)}", soft_wrap=True)
    return found
