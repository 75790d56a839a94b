"""Questions on a plain terminal. No answer, Ctrl-C and the end of input all mean no."""

from __future__ import annotations

import getpass
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from coolmail.cli.output import err, fail


def must_be_answered() -> None:
    """End with a usage error where nobody sits at the keyboard to answer."""
    if not somebody_there():
        fail("this asks before it acts; say --yes to go on without a question", 2)


def somebody_there() -> bool:
    """Whether somebody sits at the keyboard."""
    return sys.stdin.isatty()


def ask(question: str) -> bool:
    """Ask a yes-or-no question (Rich markup)."""
    must_be_answered()
    return line(rf"{question} \[y/N]").casefold() in {"y", "yes"}


def line(question: str) -> str:
    """Ask for a line of text (Rich markup); empty where there is no answer."""
    must_be_answered()
    with _interruptible():
        try:
            return err.input(f"{question}: ").strip()
        except (EOFError, KeyboardInterrupt):
            err.print()
            return ""


def secret(question: str) -> str:
    """Ask (in plain words) for something that is not shown while it is typed; ends where there is no answer."""
    must_be_answered()
    with _interruptible():
        try:
            typed = getpass.getpass(f"{question}: ", stream=sys.stderr)
        except (EOFError, KeyboardInterrupt):
            typed = ""
    return typed or fail("without it this cannot go on; nothing was changed", 2)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C end the question; inside asyncio it would only be noted, and the question would go on waiting."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
