"""`coolmail stats`: what cooling down changed, in the terminal, as JSON, or as one HTML file with charts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from coolmail.cli.opening import ConfigOption, JsonOption, with_journal
from coolmail.cli.output import SCHEMA, bar, fail, out, print_json, safe
from coolmail.core.durations import BadDurationError, parse_duration
from coolmail.core.settings import Settings
from coolmail.core.stats import Group, Stats, count
from coolmail.daemon.zone import zone_of

if TYPE_CHECKING:
    from coolmail.journal import Journal

SINCE = "365d"
LATEST = 12
"""Days or weeks that the terminal shows."""


def stats(
    config: ConfigOption = None,
    as_json: JsonOption = False,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write one HTML file with charts, too.", show_default=False)
    ] = None,
    since: Annotated[str, typer.Option("--since", help="How far back, like 30d.")] = SINCE,
) -> None:
    """Show what was held, revised, cancelled, called about, sent anyway; false alarms; heat over time, by client and by hour."""
    try:
        span = parse_duration(since)
    except BadDurationError as error:
        fail(str(error), 2)

    async def work(journal: Journal, settings: Settings) -> None:
        now = datetime.now(UTC)
        found = await figures(journal, settings, now - span)
        if html is not None:
            _write(html, page(found, (now - span, now), zone_of(settings)))
        if as_json:
            print_json({"schema": SCHEMA, "since": now - span, "until": now, **_as_json(found)})
            return
        _print(found)
        if html is not None:
            out.print(f"\nWritten to {safe(str(html))}", soft_wrap=True)

    with_journal(config, work)


async def figures(journal: Journal, settings: Settings, since: datetime) -> Stats:
    """Count what happened since a moment."""
    from coolmail.journal import counting  # noqa: PLC0415 - start-up is cheap

    return count(
        await counting.seen_since(journal, since),
        await counting.answers_since(journal, since),
        edited=await counting.edited_since(journal, since),
        called=await counting.calls_since(journal, since),
        zone=zone_of(settings),
    )


def rows(found: Stats) -> list[tuple[str, int]]:
    """Return the figures with their names, for people."""
    return [
        ("mails written", found.messages),
        ("held", found.held),
        ("revised while held", found.revised),
        ("cancelled, never sent", found.cancelled),
        ("sent anyway, early", found.overridden),
        ("sent when their time was over", found.waited),
        ("still waiting", found.waiting),
        ("calls instead", found.called),
        ("false alarms, by your answers", found.false_alarms),
        ("missed, by your answers", found.missed),
    ]


def _as_json(found: Stats) -> dict[str, Any]:
    def plain(groups: Sequence[Group]) -> list[dict[str, Any]]:
        return [
            {
                "name": group.name,
                "messages": group.messages,
                "held": group.held,
                "heat": round(group.heat, 4) if group.heat is not None else None,
            }
            for group in groups
        ]

    numbers = (
        "messages", "held", "revised", "cancelled", "overridden", "waited", "waiting", "called", "false_alarms", "missed", "answers",
    )  # fmt: skip
    return {
        "counts": {name: getattr(found, name) for name in numbers},
        "over_time": plain(found.over_time),
        "clients": plain(found.clients),
        "hours": plain(found.hours),
    }


def _print(found: Stats) -> None:
    if not found.messages:
        out.print("Nothing has passed through coolmail in this time.")
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(justify="right", style="bold")
    table.add_column()
    for name, number in rows(found):
        table.add_row(str(number), name)
    out.print(table)
    busy = [group for group in found.hours if group.messages]
    for title, groups in (
        ("over time", found.over_time[-LATEST:]),
        ("by hour", busy),
        ("by client", found.clients),
    ):
        out.print(f"\n[bold]{title}[/]")
        out.print(_groups(groups))


def _groups(groups: Sequence[Group]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("", no_wrap=True, overflow="ellipsis", max_width=36)
    table.add_column("written", justify="right")
    table.add_column("held", justify="right")
    table.add_column("mean heat")
    for group in groups:
        heat = "" if group.heat is None else f"{bar(group.heat)} {group.heat:.2f}"
        table.add_row(
            Text(group.name) if not group.name else safe(group.name), str(group.messages), str(group.held), heat
        )
    return table


def page(found: Stats, between: tuple[datetime, datetime], zone: Any) -> str:
    """Return the HTML page: complete in itself, it loads nothing."""
    from jinja2 import Environment, PackageLoader  # noqa: PLC0415 - start-up is cheap
    from markupsafe import Markup  # noqa: PLC0415

    from coolmail.cli import charts  # noqa: PLC0415

    environment = Environment(loader=PackageLoader("coolmail.cli"), autoescape=True)
    since, until = (f"{moment.astimezone(zone):%d %b %Y}" for moment in between)
    weekly = len(found.over_time) > 1 and _gap(found.over_time) > timedelta(days=1)
    span = "week" if weekly else "day"
    return environment.get_template("stats.html.j2").render(
        since=since,
        until=until,
        span=span,
        figures=rows(found),
        heat=Markup(charts.line(found.over_time, title=f"Mean heat by {span}")),  # noqa: S704 - charts escape what they draw
        mails=Markup(charts.columns(found.over_time, title=f"Mails by {span}", labels=8)),  # noqa: S704
        hours=Markup(charts.columns(found.hours, title="Mails by hour of day")),  # noqa: S704
        clients=Markup(charts.bars(found.clients, title="Mails by client")),  # noqa: S704
    )


def _gap(groups: Sequence[Group]) -> timedelta:
    return datetime.fromisoformat(groups[1].name) - datetime.fromisoformat(groups[0].name)


def _write(path: Path, content: str) -> None:
    """Write the page for the user alone: it names clients."""
    beside = path.with_name(f".{path.name}.part")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(content)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        fail(f"{path} cannot be written: {error.strerror}")
