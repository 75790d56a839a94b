"""Commands that decide: `release`, `cancel`, `withdraw`, `extend`, `restore`, `resolve`. The daemon carries them out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.markup import escape
from rich.text import Text

from coolmail.cli import acts
from coolmail.cli.opening import ConfigOption, IdArgument, JsonOption, ReadAloudOption, daemon_runs, one, with_journal
from coolmail.cli.output import SCHEMA, err, fail, left, local, out, print_json, safe
from coolmail.cli.questions import ask, line, must_be_answered
from coolmail.cli.review import aloud, marked
from coolmail.core.clean import clean, shorten
from coolmail.core.entry import Entry
from coolmail.core.moments import BadMomentError
from coolmail.core.settings import Settings
from coolmail.core.states import State
from coolmail.daemon.zone import zone_of
from coolmail.journal import Journal

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

Deed = Callable[[Journal, Entry, datetime], Awaitable[acts.Act]]


def release(
    ids: IdArgument,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    again: Annotated[bool, typer.Option("--again", help="It is not known whether it was sent: send it again.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why it goes now; kept in its log.", show_default=False)] = "",
    yes: YesOption = False,
    read_aloud: ReadAloudOption = False,
) -> None:
    """Send a waiting message now, without waiting for its deadline."""

    async def deed(journal: Journal, entry: Entry, now: datetime) -> acts.Act:
        if read_aloud:
            aloud(entry)
        why = reason if yes else _second_look(entry, now, reason)
        if why is None:
            return _stays(entry)
        moment = now if yes else datetime.now(UTC)
        return await acts.release(journal, entry, now=moment, again=again, reason=why)

    each(ids, config, as_json, deed)


def _second_look(entry: Entry, now: datetime, reason: str) -> str | None:
    """Ask whether a message is to be released, and, where it is hot and early, for a typed word; return the reason, None for no."""
    must_be_answered()
    report = entry.report
    if report is not None and entry.state is State.REVIEW and report.own_text.strip():
        err.print("[dim]What they will read:[/]\n")
        err.print(Text(clean(report.own_text.strip(), lines=True)))
        err.print()
    elif report is not None and report.level.held:
        err.print(marked(report))
    to = safe(", ".join(entry.recipients))
    if not acts.needs_second_look(entry, now):
        return reason if ask(f"Send this to {to} now?") else None
    assert report is not None and entry.hold_until is not None  # noqa: S101, PT018 - or it would need no second look
    err.print(
        f"\nIt still reads {report.level.value}. Left alone, it waits on and its time is over {left(entry.hold_until, now)}."
    )
    if line(f"To send it to {to} now, type [bold]{acts.WORD}[/]").casefold() != acts.WORD:
        return None
    return reason or line("Why now? (kept in its log; Enter for no reason)")


def cancel(ids: IdArgument, config: ConfigOption = None, as_json: JsonOption = False, yes: YesOption = False) -> None:
    """Do not send a waiting message, ever; its content stays restorable for a while."""

    async def deed(journal: Journal, entry: Entry, now: datetime) -> acts.Act:
        question = f"Cancel the mail '{safe(entry.subject)}'? (`coolmail restore {entry.id}` brings it back)"
        if not yes and not ask(question):
            return _stays(entry)
        return await acts.cancel(journal, entry, now=now)

    each(ids, config, as_json, deed)


def withdraw(ids: IdArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Take a waiting message back into Drafts to edit it."""
    each(ids, config, as_json, lambda journal, entry, now: acts.withdraw(journal, entry, now=now))


def restore(ids: IdArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Bring back a cancelled or withdrawn message: it is put into Review, where you decide."""
    each(ids, config, as_json, lambda journal, entry, now: acts.restore(journal, entry, now=now))


def resolve(
    ids: IdArgument,
    was_sent: Annotated[bool, typer.Option("--was-sent", help="It reached its recipients.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Settle a message of which it is not known whether it was sent."""
    if not was_sent:
        fail("say --was-sent if it was sent; if it was not, use `coolmail release ID --again`", 2)
    each(ids, config, as_json, lambda journal, entry, now: acts.resolve(journal, entry, now=now))


def feedback(
    ids: IdArgument,
    answer: Annotated[
        str,
        typer.Argument(metavar="right|wrong", help="Whether its tone was read right.", show_default=False),
    ],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether the tone of a message was read right; coolmail learns from it where you draw the line."""
    match answer.casefold():
        case "right" | "wrong" as given:
            each(ids, config, as_json, lambda journal, entry, now: acts.feedback(journal, entry, given, now=now))
        case _:
            fail(f"say right or wrong, not {answer[:40]!r}: coolmail feedback ID wrong", 2)


def extend(
    ids: IdArgument,
    until: Annotated[
        str,
        typer.Argument(
            metavar="TIME", help='How much longer, like 6h, or until when, like "tomorrow 9:00".', show_default=False
        ),
    ],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let held messages wait longer: by a time like 6h or 1d, or until a moment like "tomorrow 9:00"."""

    async def work(journal: Journal, settings: Settings) -> list[acts.Act]:
        zone, now = zone_of(settings), datetime.now(UTC)
        entries = [await one(journal, prefix) for prefix in ids]
        try:
            moments = [
                acts.later(entry, until, now, zone, opening=settings.hold.working_hours.start) for entry in entries
            ]
        except BadMomentError as error:
            fail(str(error), 2)
        done = []
        for entry, moment in zip(entries, moments, strict=True):
            act = await acts.extend(journal, entry, moment, now=now)
            said = f"{entry.id} waits until {local(moment, zone)}: {shorten(entry.subject, 120) or '(no subject)'}"
            done.append(replace(act, said=said) if act.done else act)
        return done

    tell(config, as_json, work)


def _stays(entry: Entry) -> acts.Act:
    return acts.Act(entry.id, False, f"{entry.id} stays as it is.")


def each(ids: list[str], config: ConfigOption, as_json: bool, deed: Deed) -> None:
    """Do one thing with every message that is named; nothing at all where one of the names is wrong."""

    async def work(journal: Journal, settings: Settings) -> list[acts.Act]:  # noqa: ARG001
        entries = [await one(journal, prefix) for prefix in ids]
        now = datetime.now(UTC)  # one moment: `undo` takes back together what one command did
        return [await deed(journal, entry, now) for entry in entries]

    tell(config, as_json, work)


def tell(config: ConfigOption, as_json: bool, work: Callable[[Journal, Settings], Awaitable[list[acts.Act]]]) -> None:
    """Do some acts and say what became of them: what was done on standard output, what was not on standard error, exit code 1 if anything was not."""

    async def told(journal: Journal, settings: Settings) -> None:
        done = await work(journal, settings)
        runs = await daemon_runs(journal)
        if as_json:
            rows = [{"id": act.id, "done": act.done, "said": act.said, **act.more} for act in done]
            print_json({"schema": SCHEMA, "running": runs, "acts": rows})
        for act in () if as_json else done:
            if act.done:
                out.print(escape(act.said), soft_wrap=True)
            else:
                err.print(f"[bold red]coolmail:[/] {escape(act.said)}", soft_wrap=True)
        if not runs and not as_json and any(act.done for act in done):
            out.print("[yellow]The daemon is not running[/]; this is carried out when `coolmail run` is started.")
        if not all(act.done for act in done):
            raise typer.Exit(1)

    with_journal(config, told)
