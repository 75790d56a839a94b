"""Commands that decide: `release`, `cancel`, `withdraw`, `extend`, `restore`, `resolve`. The daemon carries them out."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.prompt import Confirm

from coolmail.cli.opening import ConfigOption, IdArgument, daemon_runs, one, with_journal
from coolmail.cli.output import err, fail, local, out, safe
from coolmail.cli.review import marked
from coolmail.core.durations import BadDurationError, in_words, parse_duration
from coolmail.core.entry import Entry
from coolmail.core.settings import Settings
from coolmail.core.states import FINISHED, Decision, State
from coolmail.daemon.zone import zone_of
from coolmail.journal import Journal
from coolmail.journal.store import can_be

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def release(
    ids: IdArgument,
    config: ConfigOption = None,
    again: Annotated[bool, typer.Option("--again", help="It is not known whether it was sent: send it again.")] = False,
    yes: YesOption = False,
) -> None:
    """Send a waiting message now, without waiting for its deadline."""

    async def confirm(entry: Entry) -> bool:
        if yes:
            return True
        _must_be_answered()
        if entry.report is not None and entry.report.level.held:
            out.print(marked(entry.report))
        return _ask(f"Send this to {safe(', '.join(entry.recipients))} now?")

    decision = Decision.RELEASE_AGAIN if again else Decision.RELEASE
    _decide(ids, config, decision, "you released it", "is released", confirm)


def cancel(ids: IdArgument, config: ConfigOption = None, yes: YesOption = False) -> None:
    """Do not send a waiting message, ever; its content stays restorable for a while."""

    async def confirm(entry: Entry) -> bool:
        return yes or _ask(f"Cancel the mail '{safe(entry.subject)}'? (`coolmail restore {entry.id}` brings it back)")

    _decide(ids, config, Decision.CANCEL, "you cancelled it", "is cancelled", confirm)


def withdraw(ids: IdArgument, config: ConfigOption = None) -> None:
    """Take a waiting message back into Drafts to edit it."""
    _decide(ids, config, Decision.WITHDRAW, "you took it back", "goes back to Drafts")


def restore(ids: IdArgument, config: ConfigOption = None) -> None:
    """Bring back a cancelled or withdrawn message: it is put into Review, where you decide."""
    _decide(ids, config, Decision.RESTORE, "you wanted it back", "is put into Review")


def resolve(
    ids: IdArgument,
    was_sent: Annotated[bool, typer.Option("--was-sent", help="It reached its recipients.")] = False,
    config: ConfigOption = None,
) -> None:
    """Settle a message of which it is not known whether it was sent."""
    if not was_sent:
        fail("say --was-sent if it was sent; if it was not, use `coolmail release ID --again`", 2)
    _decide(ids, config, Decision.WAS_SENT, "you said that it was sent", "is filed as sent")


def extend(
    id_: Annotated[str, typer.Argument(metavar="ID", help="The message.", show_default=False)],
    by: Annotated[str, typer.Argument(metavar="TIME", help="How much longer, like 6h or 1d.", show_default=False)],
    config: ConfigOption = None,
) -> None:
    """Let a held message wait longer."""
    try:
        span = parse_duration(by)
    except BadDurationError as error:
        fail(str(error), 2)
    if span <= timedelta(0):
        fail("a message can wait longer, not shorter; `coolmail release` sends it now", 2)

    async def work(journal: Journal, settings: Settings) -> None:
        entry = await one(journal, id_)
        now = datetime.now(UTC)
        until = max(entry.hold_until or now, now) + span
        changed = entry.state is State.HELD and await journal.change(
            entry.id,
            State.HELD,
            now=now,
            what=f"you let it wait {in_words(span)} longer",
            hold_until=until,
            reminded_at=None,
            note_kind=None,
        )
        if not changed:
            fail(f"{entry.id} is not held, it is {entry.state.value}: nothing was changed")
        out.print(f"{entry.id} waits until {local(until, zone_of(settings))}.")

    with_journal(config, work)


def _must_be_answered() -> None:
    if not sys.stdin.isatty():
        fail("this asks before it acts; say --yes to go on without a question", 2)


def _ask(question: str) -> bool:
    _must_be_answered()
    return Confirm.ask(question, console=err, default=False)


def _decide(
    ids: list[str],
    config: ConfigOption,
    decision: Decision,
    what: str,
    said: str,
    confirm: Callable[[Entry], Awaitable[bool]] | None = None,
) -> None:
    async def work(journal: Journal, settings: Settings) -> None:  # noqa: ARG001
        entries = [await one(journal, prefix) for prefix in ids]
        refused = 0
        for entry in entries:
            refused += not await _decide_one(journal, entry, decision, what, said, confirm)
        if refused:
            raise typer.Exit(1)
        if not await daemon_runs(journal):
            out.print("[yellow]The daemon is not running[/]; this is carried out when `coolmail run` is started.")

    with_journal(config, work)


async def _decide_one(
    journal: Journal,
    entry: Entry,
    decision: Decision,
    what: str,
    said: str,
    confirm: Callable[[Entry], Awaitable[bool]] | None,
) -> bool:
    """Record one decision; False if it came too late or was not meant."""
    allowed = can_be(decision)
    if entry.state not in allowed:
        err.print(
            f"[bold red]coolmail:[/] {entry.id} is {entry.state.value}; {_too_late(entry, decision)}", soft_wrap=True
        )
        return False
    if decision is Decision.RESTORE and not entry.has_bytes:
        err.print(f"[bold red]coolmail:[/] the content of {entry.id} was removed after its time; it cannot be restored")
        return False
    if decision is Decision.RESTORE and (twin := await _waiting_twin(journal, entry)):
        err.print(
            f"[bold red]coolmail:[/] {entry.id} is the same mail as {twin.id}, which waits: decide on that one first"
        )
        return False
    if confirm is not None and not await confirm(entry):
        out.print(f"{entry.id} stays as it is.")
        return False
    if not await journal.decide(entry.id, decision, allowed, now=datetime.now(UTC), what=what):
        err.print(
            f"[bold red]coolmail:[/] {entry.id} has just moved on; nothing was changed. Look at it again: coolmail show {entry.id}"
        )
        return False
    out.print(f"{entry.id} {said}: {safe(entry.subject) or '(no subject)'}")
    return True


async def _waiting_twin(journal: Journal, entry: Entry) -> Entry | None:
    known = await journal.known(entry.account, entry.message_id)
    return next((other for other in known if other.id != entry.id and other.state not in FINISHED), None)


def _too_late(entry: Entry, decision: Decision) -> str:
    if entry.state in (State.SUBMITTING, State.SUBMITTED, State.FILED):
        return (
            "it is too late: the server has it"
            if entry.state is not State.SUBMITTING
            else "it is being sent this moment"
        )
    if decision is Decision.RELEASE_AGAIN or decision is Decision.WAS_SENT:
        return "this is for messages in Review only"
    if entry.state in FINISHED:
        return f"there is nothing to {decision.value}"
    return "wait until it is held"
