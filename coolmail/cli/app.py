"""The command `coolmail`: its commands by name, each loaded when it is called.

`coolmail --help` needs a name and a sentence of each command, and nothing of what they do; loading them all takes ten times as long as printing it.
"""

from __future__ import annotations

import io
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

import coolmail
from coolmail.cli.opening import ConfigOption

if TYPE_CHECKING:
    from collections.abc import Callable

COMMANDS: dict[str, dict[str, tuple[str, str]]] = {
    "Try it": {
        "demo": ("demo", "Tell the whole story on an embedded IMAP and SMTP server."),
        "check": ("check", "Score the tone of a message, and say what would happen to it."),
    },
    "The daemon": {
        "run": ("running", "Run the daemon in the foreground."),
        "status": ("review", "Say whether the daemon runs, and how each account is getting on."),
        "doctor": ("doctor", "Check everything coolmail needs; change nothing."),
        "setup": ("setup", "Write a configuration by asking; try the logins."),
    },
    "What waits": {
        "held": ("held", "List the messages that wait."),
        "show": ("review", "Show a message: its hot sentences, why it waits."),
        "diff": ("diff", "Show what you changed since you first wrote a message."),
        "log": ("review", "Show everything that happened with a message."),
        "history": ("review", "List the messages of the past, whatever became of them."),
        "stats": ("stats", "Show what was held, revised, cancelled, called about; heat over time."),
    },
    "Decide": {
        "edit": ("edit", "Edit your text in a waiting message; it is judged anew at once."),
        "release": ("decide", "Send a waiting message now."),
        "cancel": ("decide", "Do not send a waiting message, ever."),
        "withdraw": ("decide", "Take a waiting message back into Drafts."),
        "extend": ("decide", "Let held messages wait longer."),
        "restore": ("decide", "Bring back a cancelled or withdrawn message."),
        "resolve": ("decide", "Settle a message of which it is not known whether it was sent."),
        "undo": ("undo", "Undo what you did in the last ten minutes."),
        "feedback": ("decide", "Say whether the tone of a message was read right."),
    },
    "Talk instead": {
        "call": ("talking", "Show what is needed to talk: numbers, times, what to say."),
        "called": ("talking", "Note that you talked; the mail is cancelled."),
        "suggest": ("talking", "Put a civil reply into Drafts."),
    },
}
"""Panels of the help, and in them the commands: the module of `coolmail.cli` that has a function of this name, and the sentence for the list."""

HELP = {"help_option_names": ["-h", "--help"]}


def function_of(name: str) -> Callable[..., None]:
    """Load the function of a command; raises KeyError for a name that is none."""
    place = next(commands[name][0] for commands in COMMANDS.values() if name in commands)
    function: Callable[..., None] = getattr(import_module(f"coolmail.cli.{place}"), name)
    return function


class Commands(TyperGroup):
    """The commands, of which only the one that is called is loaded."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """Return every name, in the order of the help."""
        return [name for commands in COMMANDS.values() for name in commands]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load one command; None for a name that is none."""
        if cmd_name not in self.list_commands(ctx):
            return None
        alone = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings=HELP)
        alone.command(cmd_name)(function_of(cmd_name))
        return typer.main.get_command(alone)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """Write the list of commands by panel."""
        for panel, commands in COMMANDS.items():
            with formatter.section(panel):
                formatter.write_dl([(name, said) for name, (_, said) in commands.items()])


app = typer.Typer(
    name="coolmail",
    cls=Commands,
    help="An email tone checker and cool-down outbox: calm mail goes out at once, heated mail waits a day or two, and a call is suggested instead.",
    invoke_without_command=True,
    context_settings=HELP,
    rich_markup_mode=None,
    pretty_exceptions_show_locals=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"coolmail {coolmail.__version__}")
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
        from coolmail.cli.screen.start import open_review  # noqa: PLC0415 - `coolmail --help` does not need it

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
