"""What the benchmarks share: the line about the machine, tables as docs/benchmarks.md has them, medians, and processes as a user starts them."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Iterable
from importlib.metadata import version

Spent = tuple[float, float]
"""Seconds by the clock, and seconds of processor time."""


def about(*packages: str, note: str = "") -> None:
    """Print on what is measured, with which versions, and under which load; `note` says how often, where that is the same for all rows."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    versions = [f"{package} {version(package)}" for package in packages]
    print(", ".join([*versions, f"load {os.getloadavg()[0]:.1f}", *filter(None, [note])]), end="\n\n")


def head(*names: str) -> None:
    """Begin a table."""
    row(*names)
    row(*("---" for _ in names))


def row(*cells: str) -> None:
    """Print a row as soon as it is known."""
    print(f"| {' | '.join(cells)} |", flush=True)


def ms(seconds: float) -> str:
    """Say a time in whole milliseconds."""
    return f"{seconds * 1000:,.0f} ms"


def medians(runs: Iterable[Spent]) -> Spent:
    """Return the median of each clock."""
    clock, processor = zip(*runs, strict=True)
    return statistics.median(clock), statistics.median(processor)


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a process that keeps what Python compiled, as an installed program does: run it once before it is measured."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | more
