"""Opening what a command needs: the configuration and the journal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from coolmail.cli.completing import complete_ids

if TYPE_CHECKING:
    from coolmail.core.entry import Entry
    from coolmail.core.settings import Settings
    from coolmail.journal import Journal

Result = TypeVar("Result")

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", help="The configuration file; default: the platform's config folder.", show_default=False
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
ReadAloudOption = Annotated[
    bool,
    typer.Option("--read-aloud", help="Read your text aloud, too (espeak-ng, say or spd-say)."),
]
IdArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="ID...",
        help="Ids as `coolmail held` shows them; a unique beginning is enough.",
        show_default=False,
        autocompletion=complete_ids,
    ),
]
OneIdArgument = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="As `coolmail held` shows it; a unique beginning is enough.",
        show_default=False,
        autocompletion=complete_ids,
    ),
]
OptionalIdArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[ID...]",
        help="Ids as `coolmail held` shows them.",
        show_default=False,
        autocompletion=complete_ids,
    ),
]


def settings_from(config: Path | None) -> Settings:
    """Return the settings, or end with a clear message."""
    from coolmail.cli.output import errors_in_words  # noqa: PLC0415 - `coolmail --help` needs the options alone
    from coolmail.config import config_path, load  # noqa: PLC0415

    with errors_in_words():
        return load(config or config_path())


def with_journal(config: Path | None, work: Callable[[Journal, Settings], Awaitable[Result]]) -> Result:
    """Open the journal of a configuration, do the work, close it."""
    import asyncio  # noqa: PLC0415 - see `settings_from`

    from coolmail.cli.output import errors_in_words  # noqa: PLC0415
    from coolmail.config import journal_path  # noqa: PLC0415

    settings = settings_from(config)

    async def open_and_work() -> Result:
        from coolmail.journal import Journal  # noqa: PLC0415 - SQLAlchemy takes its time to load

        async with Journal.open(journal_path(settings)) as journal:
            return await work(journal, settings)

    with errors_in_words():
        return asyncio.run(open_and_work())


async def one(journal: Journal, prefix: str) -> Entry:
    """Return the message with this id or unique beginning of one; end with a clear message otherwise."""
    from coolmail.cli import acts  # noqa: PLC0415 - see `settings_from`

    return await acts.find(journal, prefix)


async def daemon_runs(journal: Journal) -> bool:
    """Whether a daemon gave a sign of life lately."""
    from coolmail.cli.life import lives  # noqa: PLC0415 - see `settings_from`

    return lives(await journal.daemon(), datetime.now(UTC))
