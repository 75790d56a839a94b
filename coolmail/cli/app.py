"""The command `coolmail`."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Annotated

import typer

import coolmail
from coolmail.cli import check, decide, demo, edit, review, running, talking
from coolmail.cli.output import out

app = typer.Typer(
    name="coolmail",
    help="An email tone checker and cool-down outbox: calm mail goes out at once, heated mail waits a day or two, and a call is suggested instead.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_show_locals=False,
)

COMMANDS: dict[str, tuple[Callable[..., None], ...]] = {
    "Try it": (demo.demo, check.check),
    "The daemon": (running.run, review.status),
    "What waits": (review.held, review.show, review.log, review.history),
    "Decide": (
        edit.edit,
        decide.release,
        decide.cancel,
        decide.withdraw,
        decide.extend,
        decide.restore,
        decide.resolve,
    ),
    "Talk instead": (talking.suggest,),
}

for panel, commands in COMMANDS.items():
    for command in commands:
        app.command(rich_help_panel=panel)(command)


def _version(wanted: bool) -> None:
    if wanted:
        out.print(f"coolmail {coolmail.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Take the options that belong to no command."""


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that knows fewer letters than mail has is no reason to fail.
            stream.reconfigure(errors="backslashreplace")
    app()
