"""A campaign: many seeds over several processes, with a progress bar and a summary."""

from __future__ import annotations

import gc
import multiprocessing
import platform
import time
from collections import Counter
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from tests.simulation.quick import quick
from tests.simulation.world import Outcome, run

BATCH = 100


def some(seeds: range) -> tuple[list[Outcome], Counter[str], int]:
    """Run some seeds; return the failed ones, what became of all letters, and the number of steps."""
    failed, counts, steps = [], Counter[str](), 0
    gc.set_threshold(50_000)  # what is remembered from run to run is much, and never garbage
    with quick():
        for seed in seeds:
            outcome = run(seed)
            counts.update(outcome.counts)
            steps += outcome.steps
            if outcome.failure is not None:
                failed.append(outcome)
    return failed, counts, steps


def batches(start: int, runs: int) -> Iterator[range]:
    """Cut the seeds into batches."""
    for first in range(start, start + runs, BATCH):
        yield range(first, min(first + BATCH, start + runs))


def campaign(start: int, runs: int, jobs: int, stop: int) -> int:
    """Run the seeds, print what was found; return how many failed."""
    console = Console()
    failures: list[Outcome] = []
    counts, steps, done, began = Counter[str](), 0, 0, time.monotonic()
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console) as progress, multiprocessing.Pool(jobs) as pool:
        bar = progress.add_task("no failure", total=runs)
        for (failed, found, more), seeds in zip(
            pool.imap(some, batches(start, runs)), batches(start, runs), strict=True
        ):
            failures += failed
            counts.update(found)
            steps, done = steps + more, done + len(seeds)
            progress.update(bar, completed=done, description=f"{len(failures)} failures" if failures else "no failure")
            for outcome in failed:
                progress.console.print(f"seed {outcome.seed}: {outcome.failure}", markup=False, highlight=False)
            if len(failures) >= stop:
                break
    seconds = time.monotonic() - began
    console.print(
        f"seeds {start} to {start + done - 1}: {len(failures)} failures; {steps:,} steps in {seconds:.0f} s with {jobs} processes; "
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    )
    console.print(
        "what became of the letters: " + ", ".join(f"{count:,} {what}" for what, count in counts.most_common())
    )
    return 1 if failures else 0
