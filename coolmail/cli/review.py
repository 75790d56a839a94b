"""Commands that show: `show`, `history`, `log`, `status`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from coolmail.cli.held import brief
from coolmail.cli.opening import ConfigOption, IdArgument, JsonOption, ReadAloudOption, daemon_runs, one, with_journal
from coolmail.cli.output import LEVEL_STYLE, SCHEMA, bar, err, left, local, out, print_json, safe
from coolmail.core.advice import advice
from coolmail.core.clean import clean, shorten
from coolmail.core.entry import Line
from coolmail.core.errors import CoolmailError
from coolmail.core.learning import Learned
from coolmail.core.states import State
from coolmail.daemon.zone import zone_of

if TYPE_CHECKING:
    from coolmail.core.entry import Entry
    from coolmail.core.settings import Settings
    from coolmail.journal import Journal
    from coolmail.journal.store import Event


def show(
    ids: IdArgument,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    read_aloud: ReadAloudOption = False,
) -> None:
    """Show a message: its text with the hot sentences marked, why it waits, what happened to it."""

    async def work(journal: Journal, settings: Settings) -> None:
        found = [await one(journal, prefix) for prefix in ids]
        if as_json:
            from coolmail.journal.rows import report_to_json  # noqa: PLC0415 - start-up is cheap

            shown = []
            for entry in found:
                events = [
                    {"at": event.at, "state": event.state.value, "what": clean(event.what)}
                    for event in await journal.events(entry.id)
                ]
                report = report_to_json(entry.report) if entry.report is not None else None
                better = list(advice(entry.report)) if entry.report is not None else []
                shown.append({**brief(Line.of(entry)), "advice": better, "report": report, "events": events})
            print_json({"schema": SCHEMA, "messages": shown})
            return
        for entry in found:
            await _show_one(journal, entry, settings)
            if read_aloud:
                aloud(entry)

    with_journal(config, work)


def aloud(entry: Entry) -> None:
    """Read the own text of a message aloud; say why where that cannot be done."""
    from coolmail.cli.speaking import read_aloud  # noqa: PLC0415 - rarely asked for

    report = entry.report
    if report is None or not report.own_text.strip():
        err.print(f"{entry.id} is not read aloud: there is no text of yours in it.")
    elif why := read_aloud(report.own_text, report.language):
        err.print(f"{entry.id} is not read aloud: {safe(why)}", soft_wrap=True)


async def _show_one(journal: Journal, entry: Entry, settings: Settings) -> None:
    zone, now = zone_of(settings), datetime.now(UTC)
    out.print(f"[bold]{safe(entry.subject) or '(no subject)'}[/]  [cyan]{entry.id}[/]")
    out.print(f"from {safe(entry.sender)} to {safe(', '.join(entry.recipients))}, account {safe(entry.account)}")
    report = entry.report
    state = f"[bold]{entry.state.value}[/]"
    if entry.state is State.HELD and entry.hold_until is not None:
        state += f" until {local(entry.hold_until, zone)} ({left(entry.hold_until, now)})"
    out.print(state)
    if report is not None and report.judged:
        out.print(
            Text.assemble(
                ("heat ", ""),
                (f"{bar(report.heat)} {report.heat:.2f} {report.level.value}", LEVEL_STYLE[report.level.value]),
            )
        )
    for reason in entry.reasons:
        out.print(f"  - {safe(reason)}", soft_wrap=True)
    if report is not None and report.own_text.strip():
        out.print()
        out.print(marked(report), soft_wrap=False)
        for line in advice(report):
            out.print(f"  [green]better:[/] {line}")
    out.print()
    for event in await journal.events(entry.id):
        out.print(f"  [dim]{local(event.at, zone)}[/]  {event.state.value:10} {safe(event.what)}", soft_wrap=True)


def marked(report: Any) -> Text:
    """Return the own text with its hot sentences underlined and their kinds behind them."""
    text, at = Text(), 0
    for sentence in report.hot:
        if sentence.start < at:
            continue
        text.append(clean(report.own_text[at : sentence.start], lines=True))
        text.append(clean(report.own_text[sentence.start : sentence.end], lines=True), style="bold red underline")
        text.append(f" [{', '.join(kind.value for kind in sentence.kinds)}]", style="dim")
        at = sentence.end
    text.append(clean(report.own_text[at:], lines=True).rstrip())
    return text


def history(
    config: ConfigOption = None,
    as_json: JsonOption = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="How many messages at most.")] = 30,
) -> None:
    """List the messages of the past, newest first, whatever became of them."""

    async def work(journal: Journal, settings: Settings) -> None:
        entries = await journal.recent(limit)
        if as_json:
            print_json({"schema": SCHEMA, "history": [brief(Line.of(entry)) for entry in entries]})
            return
        zone = zone_of(settings)
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("ID", no_wrap=True, min_width=4)
        table.add_column("When")
        table.add_column("State", no_wrap=True, min_width=9)
        table.add_column("Heat", no_wrap=True, min_width=4)
        table.add_column("To", no_wrap=True, overflow="ellipsis", max_width=28)
        table.add_column("Subject", no_wrap=True, overflow="ellipsis", max_width=38)
        for entry in entries:
            heat = f"{entry.report.heat:.2f}" if entry.report is not None and entry.report.judged else ""
            table.add_row(
                entry.id,
                local(entry.updated_at, zone),
                entry.state.value,
                heat,
                safe(", ".join(entry.recipients)),
                safe(shorten(entry.subject, 60)),
            )
        out.print(table if entries else "Nothing has passed through coolmail yet.")

    with_journal(config, work)


def status(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Say whether the daemon runs, how each account is getting on, and how much waits."""

    async def work(journal: Journal, settings: Settings) -> None:
        runs, daemon = await daemon_runs(journal), await journal.daemon()
        accounts = {account.name: account for account in await journal.accounts()}
        counts = {
            state: len(await journal.in_state(state)) for state in (State.HELD, State.REVIEW, State.DUE, State.FAILED)
        }
        tone = await _tone(journal, settings)
        if as_json:
            print_json(
                {
                    "schema": SCHEMA,
                    "running": runs,
                    "pid": daemon.pid if daemon and runs else None,
                    "notice": daemon.notice if daemon else "",
                    "journal": str(journal.path),
                    "waiting": {state.value: count for state, count in counts.items()},
                    "tone": _tone_json(tone),
                    "accounts": [_account_json(name.name, accounts.get(name.name), runs) for name in settings.accounts],
                }
            )
            return
        out.print(
            f"daemon   {'[green]running[/], pid ' + str(daemon.pid) if daemon and runs else '[yellow]not running[/]; start it with `coolmail run`'}"
        )
        if daemon and daemon.notice:
            out.print(f"notice   {safe(daemon.notice)}", soft_wrap=True)
        for account in settings.accounts:
            known = accounts.get(account.name)
            state, detail = (known.state, known.detail) if known and runs else ("stopped", "")
            colour = {"ready": "green", "connecting": "yellow", "retrying": "yellow"}.get(
                state, "red" if runs else "dim"
            )
            out.print(
                f"account  {safe(account.name)}: [{colour}]{state}[/]{'  ' + safe(detail) if detail else ''}",
                soft_wrap=True,
            )
        out.print(
            f"waiting  {counts[State.HELD]} held, {counts[State.REVIEW]} to review, {counts[State.DUE]} on the way"
        )
        if counts[State.FAILED]:
            out.print(
                f"[red]lost[/]     {counts[State.FAILED]} lie in no mailbox but safe in the journal: coolmail restore ID"
            )
        said = tone.in_words() if isinstance(tone, Learned) else f"[red]no model[/]: {safe(tone)}"
        out.print(f"tone     {said}", soft_wrap=True)
        out.print(f"journal  {journal.path}", soft_wrap=True)

    with_journal(config, work)


async def _tone(journal: Journal, settings: Settings) -> Learned | str:
    """Return from which heat mail is held and why, or what is wrong with the model."""
    from coolmail.daemon.judging import learned  # noqa: PLC0415 - start-up is cheap
    from coolmail.tone import ToneWorker  # noqa: PLC0415

    try:
        scale = ToneWorker.from_settings(settings).scale()
    except CoolmailError as error:
        return str(error)
    return await learned(journal, settings.hold, scale)


def _tone_json(tone: Learned | str) -> dict[str, Any]:
    if isinstance(tone, str):
        return {"error": tone}
    return {
        "held_from": round(tone.scale.heated, 4),
        "model_holds_from": round(tone.model.heated, 4),
        "answers": tone.answers,
        "false_alarms": tone.false_alarms,
        "missed": tone.missed,
        "out_of_reach": tone.out_of_reach,
        "said": tone.in_words(),
    }


def _account_json(name: str, known: Any, runs: bool) -> dict[str, Any]:
    if known is None or not runs:
        return {"name": name, "state": "stopped", "detail": "", "since": known.since if known else None}
    return {"name": name, "state": known.state, "detail": known.detail, "since": known.since}


async def story(journal: Journal, entry: Entry) -> list[Event]:
    """Return everything that happened about a message, oldest first: its events, what was asked of the daemon for it, answers about its tone."""
    from coolmail.journal.store import Event  # noqa: PLC0415 - start-up is cheap

    events = await journal.events(entry.id)
    more = []
    for errand in await journal.errands_about(entry.id):
        more.append((errand.at, f"asked for: {errand.kind}"))
        if errand.outcome:
            more.append((errand.done_at or errand.at, f"{errand.kind}: {errand.outcome}"))
    more += [
        (given.at, f"you said that {given.heat:.2f} {given.level} was {given.answer}")
        for given in await journal.feedback(entry.account)
        if given.message == entry.id
    ]
    for at, what in more:
        state = next((event.state for event in reversed(events) if event.at <= at), entry.state)
        events.append(Event(entry.id, at, state, what))
    return sorted(events, key=lambda event: event.at)


def log(ids: IdArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show everything that happened with a message, and everything that was asked for."""

    async def work(journal: Journal, settings: Settings) -> None:
        found = [
            (entry.id, event) for entry in [await one(journal, p) for p in ids] for event in await story(journal, entry)
        ]
        if as_json:
            rows = [
                {"id": identifier, "at": event.at, "state": event.state.value, "what": clean(event.what)}
                for identifier, event in found
            ]
            print_json({"schema": SCHEMA, "events": rows})
            return
        for identifier, event in found:
            moment = event.at.astimezone(zone_of(settings))
            out.print(
                f"[cyan]{identifier}[/]  {moment:%Y-%m-%d %H:%M:%S}  {event.state.value:10} {safe(event.what)}",
                soft_wrap=True,
            )

    with_journal(config, work)
