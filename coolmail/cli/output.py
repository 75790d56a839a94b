"""What the commands share: consoles, JSON, exit codes, errors in one clear line."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from coolmail.core.clean import clean
from coolmail.core.durations import in_words
from coolmail.core.errors import CoolmailError

if TYPE_CHECKING:
    from rich.console import Console

    out: Console
    err: Console

SCHEMA = 1
"""Version of the JSON shapes; raised when a field changes its meaning or goes."""

BEYOND_ASCII = re.compile(r"[^ -~\n]")


def __getattr__(name: str) -> Console:
    """Make the consoles `out` and `err` when they are first asked for: Rich takes its time to load, and JSON and pipes need nothing of it."""
    if name not in {"out", "err"}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from rich.console import Console  # noqa: PLC0415

    console: Console = globals().setdefault(name, Console(stderr=name == "err", highlight=False, emoji=False))
    return console


def bare() -> bool:
    """Whether standard output is a file or pipe, which gets neither colours nor cut lines. What Rich takes for a terminal is one."""
    return not (sys.stdout.isatty() or os.environ.get("FORCE_COLOR") or os.environ.get("TTY_COMPATIBLE"))


def print_json(data: Any) -> None:
    """Print plain values as JSON on standard output."""
    sys.stdout.write(to_json(data, indent=2) + "\n")


def to_json(data: Any, *, indent: int | None = None) -> str:
    """Return plain values as JSON, with every control and invisible character escaped: it may be printed on a terminal."""
    unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    text = json.dumps(data, ensure_ascii=not unicode, indent=indent, default=_plain)
    return BEYOND_ASCII.sub(lambda found: found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1], text)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} has no JSON form")


def safe(text: str) -> str:
    """Return text from mail so that it can neither move the cursor nor be read as markup."""
    from rich.markup import escape  # noqa: PLC0415 - see `__getattr__`

    return escape(clean(text))


def fail(message: str, code: int = 1) -> NoReturn:
    """Say on standard error what went wrong and what to do; end with the exit code."""
    from rich.markup import escape  # noqa: PLC0415 - see `__getattr__`

    __getattr__("err").print(f"[bold red]coolmail:[/] {escape(message)}", soft_wrap=True)
    raise typer.Exit(code)


@contextmanager
def errors_in_words() -> Iterator[None]:
    """Turn coolmail's own errors into one clear message and exit code 1; anything else is a fault in coolmail and keeps its traceback."""
    try:
        yield
    except CoolmailError as error:
        fail(str(error))


def local(moment: datetime, zone: tzinfo) -> str:
    """Say a moment in the user's zone: `Wed 26 Nov 15:40`."""
    return f"{moment.astimezone(zone):%a %d %b %H:%M}"


def left(moment: datetime, now: datetime) -> str:
    """Say how far away a moment is."""
    return f"in {in_words(moment - now)}" if moment > now else f"{in_words(now - moment)} ago"


LEVEL_STYLE = {"calm": "green", "warm": "yellow", "heated": "red", "boiling": "bold red"}


def bar(heat: float, width: int = 10) -> str:
    """Return heat as a bar, readable without colour."""
    full = round(heat * width)
    return "█" * full + "░" * (width - full)
