"""The command `coolmail`."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Annotated

import typer

import coolmail
from coolmail.cli import check, decide, demo, diff, edit, review, running, stats, talking, undo
from coolmail.cli.opening import ConfigOption
from coolmail.cli.output import out
from coolmail.cli.screen.start import open_review

app = typer.Typer(
    name="coolmail",
    help="An email tone checker and cool-down outbox: calm mail goes out at once, heated mail waits a day or two, and a call is suggested instead.",
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_show_locals=False,
)

COMMANDS: dict[str, tuple[Callable[..., None], ...]] = {
    "Try it": (demo.demo, check.check),
    "The daemon": (running.run, review.status),
    "What waits": (review.held, review.show, diff.diff, review.log, review.history, stats.stats),
    "Decide": (
        edit.edit,
        decide.release,
        decide.cancel,
        decide.withdraw,
        decide.extend,
        decide.restore,
        decide.resolve,
        undo.undo,
        decide.feedback,
    ),
    "Talk instead": (talking.call, talking.called, talking.suggest),
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
    context: typer.Context,
    config: ConfigOption = None,
    plain: Annotated[bool, typer.Option("--plain", help="Review in plain lines, for screen readers.")] = False,
    version: Annotated[  # noqa: ARG001 - its callback answers
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Review what waits, where no command is named."""
    if context.invoked_subcommand is None:
        open_review(config, plain=plain)
    elif plain:
        raise typer.BadParameter("--plain is for the review, which is `coolmail` without a command")
    elif config is not None:
        # `coolmail --config FILE held` means what `coolmail held --config FILE` does.
        context.default_map = {context.invoked_subcommand: {"config": str(config)}}


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that knows fewer letters than mail has is no reason to fail.
            stream.reconfigure(errors="backslashreplace")
    app()
