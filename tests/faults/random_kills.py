"""Random kills: `python -m tests.faults.random_kills --runs 500 --seed 1`.

Each run is a household of its own with a few messages, calm and hot, a user who may take a held one back, delete it or send it anyway at any
moment, and who may edit it on the command line, put a letter about it into Drafts or send an invitation to a call, a submission server that may lose a
reply or put a message off, and a daemon that is killed with SIGKILL one to three times: at a random moment (which can be in the middle of a write to
the disk), or at the n-th point that it passes. Then it is started for good and the books are checked.

A run that fails is told again with `--only RUN`: the same seed gives the same plan (though not the same timing).
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from coolmail.cli.acts import CannotActError
from tests.faults.household import ANYWAY, CALM_TEXT, HELD, HOT_TEXT, OUTBOX, Household, household
from tests.servers.dovecot import Dovecot, unavailable
from tests.servers.smtp_sink import Fault

SETUP_POINTS, STORY_POINTS = 200, 1100
"""About how many points a start passes, and a whole story."""

LONG = 180.0
"""Seconds that anything may take on a machine that is busy with other things."""

CONNECTED = "work: connected to"
"""What the log says when the account is ready."""

EDITS = {
    "edit and send": (CALM_TEXT, True),
    "edit to calm": (CALM_TEXT, False),
    "edit to hot": (HOT_TEXT.replace("a single mail", "anything"), False),
}
"""What an edit makes of a message, and whether it is sent with it."""

COMMANDS = ("edit and send", "edit and send", "edit to calm", "edit to hot", "suggest", "invite")

console = Console()


@dataclass(frozen=True, slots=True)
class Death:
    """After so many seconds, or at so many points passed."""

    after: float | None = None
    point: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens in one run, as far as it can be decided beforehand."""

    hold: float
    calm: int
    hot: int
    deaths: tuple[Death, ...]
    act: str
    act_at: float
    """Seconds before or after the deadline, around which it matters most."""
    fault: str | Fault | None
    command: str
    """What is asked for on the command line, for the same message."""
    command_at: float
    """Seconds before or after the deadline."""

    @classmethod
    def drawn(cls, seed: int, run: int) -> Plan:
        """Draw the plan of a run."""
        chance = random.Random(f"{seed}/{run}")
        hold = chance.uniform(2.0, 4.0)
        deaths = tuple(
            Death(after=chance.uniform(0.05, hold + 3.0))
            if chance.random() < 0.5
            else Death(point=int(chance.triangular(1, STORY_POINTS, SETUP_POINTS)))
            for _ in range(chance.choice((1, 1, 2, 3)))
        )
        return cls(
            hold=hold,
            calm=chance.choice((0, 1, 2)),
            hot=chance.choice((1, 1, 2)),
            deaths=deaths,
            act=chance.choice(("nothing",) * 4 + ("delete", "delete", "take back", "send anyway")),
            act_at=chance.gauss(0.0, 0.7),
            fault=chance.choice((None,) * 7 + (Fault.DROP_AFTER_STORE, Fault.DROP_BEFORE_STORE, "451 4.3.0 later")),
            command=chance.choice(("nothing",) * 3 + COMMANDS),
            command_at=chance.choice((chance.gauss(0.0, 0.5), -chance.uniform(0.0, hold))),
        )


@dataclass
class Summary:
    """What came of all runs."""

    runs: int = 0
    messages: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    acts: Counter[str] = field(default_factory=Counter)
    commands: Counter[str] = field(default_factory=Counter)
    late: int = 0
    """Edits that were accepted and came too late."""
    failed: dict[int, str] = field(default_factory=dict)
    ready: list[float] = field(default_factory=list)
    """Seconds from each start to the account being ready."""
    settled: list[float] = field(default_factory=list)
    """Seconds from the last start to everything being at rest."""


async def _act(home: Household, plan: Plan, hot: list[str], summary: Summary) -> set[str]:
    """Be the user, once, at the planned moment; return what must never be sent from then on."""
    if plan.act == "nothing":
        return set()
    message_id = hot[0]
    await home.until(lambda: home.state_of(message_id) not in (None, "taken", "scored"), LONG)
    held = next(row for row in home.rows() if row.message_id == message_id)
    if held.hold_until is not None:
        await asyncio.sleep(max(0.0, (held.hold_until - datetime.now(UTC)).total_seconds() + plan.act_at))
    match plan.act:
        case "delete":
            if not await home.delete(HELD, message_id):
                summary.acts["delete: it was not in Held"] += 1
                return set()
            if await home.lies_in(message_id) or home.accepted(message_id):
                summary.acts["delete: at the same moment as its release"] += 1
                return set()
            summary.acts["deleted"] += 1
            return {message_id}
        case "take back":
            moved = await home.drag(HELD, "Drafts", message_id)
            if moved and await home.lies_in(message_id) == ["Drafts"] and not home.accepted(message_id):
                summary.acts["taken back"] += 1
                return {message_id}
            summary.acts["take back: too late or at the same moment"] += 1
            return set()
        case _:
            moved = await home.drag(HELD, ANYWAY, message_id)
            home.may_be_early.add(message_id)
            summary.acts["sent anyway" if moved else "send anyway: it was not in Held"] += 1
            return set()


async def _command(home: Household, plan: Plan, hot: list[str], summary: Summary) -> None:
    """Ask for something on the command line, once, at the planned moment."""
    if plan.command == "nothing" or (plan.command in EDITS and plan.act == "take back"):
        return  # taken back beside its edited version, one of both waits for the user to keep it
    message_id = hot[0]
    await home.until(lambda: home.state_of(message_id) not in (None, "taken", "scored"), LONG)
    row = next(row for row in home.rows() if row.message_id == message_id)
    if row.hold_until is not None:
        await asyncio.sleep(max(0.0, (row.hold_until - datetime.now(UTC)).total_seconds() + plan.command_at))
    if plan.command in EDITS:
        text, send = EDITS[plan.command]
        try:
            await home.edit(message_id, text, send=send)
        except CannotActError:
            summary.commands[f"{plan.command}: refused"] += 1
            return
        summary.commands[plan.command] += 1
        return
    words = ("suggest", row.id, "--kind", "explain")
    if plan.command == "invite":
        words = ("call", row.id, "--at", "tomorrow 14:00", "--outbox")
    status, said = await home.tool(*words)
    assert status == 0, home.story(said)
    summary.commands[plan.command] += 1


async def _die(home: Household, death: Death, summary: Summary) -> None:
    """Start the daemon and let it die, unless everything is at rest before that."""
    begun = time.monotonic()
    home.start(die_at=None if death.point is None else f".#{death.point}")
    if death.after is not None:
        await asyncio.sleep(death.after)
        home.signal(signal.SIGKILL)
        summary.kills["at a moment"] += 1
        await home.dies(LONG)
        return
    while home.status is None:
        await asyncio.sleep(0.02)
        if time.monotonic() - begun > 15.0:
            home.signal(signal.SIGKILL)
    summary.kills["at a point" if time.monotonic() - begun <= 15.0 else "at rest"] += 1
    assert home.status == -signal.SIGKILL, home.story("it did not die of the kill")


async def told(plan: Plan, dovecot: Dovecot, summary: Summary) -> None:
    """Tell one run."""
    hold = timedelta(seconds=plan.hold)
    with tempfile.TemporaryDirectory(prefix="random-kills-") as name:
        async with household(dovecot.user(), Path(name), hold) as home:
            if plan.fault is not None:
                home.sink.data.append(plan.fault)
            for number in range(plan.calm):
                await home.save(CALM_TEXT, f"logo {number}", OUTBOX)
            hot = [await home.save(HOT_TEXT, f"bill {number}", OUTBOX) for number in range(plan.hot)]
            user = asyncio.create_task(_act(home, plan, hot, summary))
            command = asyncio.create_task(_command(home, plan, hot, summary))
            for death in plan.deaths:
                await _die(home, death, summary)
            started, before = time.monotonic(), home.log.count(CONNECTED)
            home.start()
            await home.until(lambda: home.log.count(CONNECTED) > before, LONG)
            summary.ready.append(time.monotonic() - started)
            cancelled = await user
            await command
            await home.errands_end(within=LONG)
            summary.late += len(home.late)
            await home.settles(within=LONG)
            summary.settled.append(time.monotonic() - started)
            ended = await home.audit(hold=hold, cancelled=cancelled)
            summary.messages += len(ended)
            summary.ends.update(ended.values())


async def run_all(runs: list[int], seed: int, jobs: int) -> Summary:
    """Tell all runs, some at a time, with a progress bar."""
    summary = Summary()
    dovecot = Dovecot()
    dovecot.start()
    columns = (
        TextColumn("killing"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[failed]} failed"),
    )
    try:
        with Progress(*columns, console=console) as progress:
            bar = progress.add_task("", total=len(runs), failed=0)
            turn = asyncio.Semaphore(jobs)

            async def one(run: int) -> None:
                async with turn:
                    try:
                        await told(Plan.drawn(seed, run), dovecot, summary)
                    except Exception as error:
                        summary.failed[run] = f"{type(error).__name__}: {error}"
                summary.runs += 1
                progress.update(bar, advance=1, failed=len(summary.failed))

            await asyncio.gather(*(one(run) for run in runs))
    finally:
        dovecot.remove()
    return summary


def report(summary: Summary, seed: int, seconds: float) -> None:
    """Print what came of it."""
    for run, what in sorted(summary.failed.items()):
        console.print(f"\n[bold red]run {run} failed[/]  (again: --seed {seed} --only {run})", highlight=False)
        console.print(what, markup=False, highlight=False)

    def words(counts: Counter[str]) -> str:
        return ", ".join(f"{count} {what}" for what, count in counts.most_common()) or "none"

    console.print(f"\nruns     {summary.runs} (seed {seed}) in {seconds / 60:.1f} min, {len(summary.failed)} failed")
    console.print(f"kills    {sum(summary.kills.values())}: {words(summary.kills)}")
    console.print(f"users    {words(summary.acts)}")
    console.print(f"commands {words(summary.commands)}; {summary.late} edits came too late")
    console.print(f"messages {summary.messages}: {words(summary.ends)}")
    for name, found in (("ready", summary.ready), ("at rest", summary.settled)):
        if found:
            ordered = sorted(found)
            console.print(
                f"{name:8} {ordered[len(ordered) // 2]:.1f} s after the start (median), {ordered[-1]:.1f} s (longest)"
            )


def main() -> int:
    """Read the command line, tell the runs, report."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.random_kills", description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=6, help="households at the same time")
    parser.add_argument("--only", type=int, action="append", help="tell only this run (may be repeated)")
    asked = parser.parse_args()
    if reason := unavailable():
        console.print(reason)
        return 2
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # the sink's
    warnings.simplefilter("ignore")
    begun = time.monotonic()
    summary = asyncio.run(run_all(asked.only or list(range(asked.runs)), asked.seed, asked.jobs))
    report(summary, asked.seed, time.monotonic() - begun)
    return 1 if summary.failed else 0


if __name__ == "__main__":
    sys.exit(main())
