"""`coolmail held`: what waits. Quick: it is read with the standard library alone, where the journal is as this program writes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len, set_cell_size
from rich.style import Style

from coolmail.cli.life import lives
from coolmail.cli.opening import ConfigOption, JsonOption, daemon_runs, settings_from, with_journal
from coolmail.cli.output import LEVEL_STYLE, SCHEMA, bar, left, local, out, print_json
from coolmail.config import journal_path
from coolmail.core.clean import clean
from coolmail.core.states import State
from coolmail.daemon.zone import zone_of
from coolmail.journal.glance import glance, last_sign

if TYPE_CHECKING:
    from coolmail.core.entry import Entry
    from coolmail.core.settings import Settings
    from coolmail.journal import Journal

WAITING = (State.HELD, State.REVIEW, State.DUE, State.FAILED)

WIDEST = (8, 15, 28, 38, 60)
"""Columns of the table, in cells, at most: id, heat, recipients, subject, what happens."""

MOMENT = 27
"""Columns of a deadline like `Tue 25 Nov 13:00 (in 20 h)`; what says more may go on on the next line."""


def held(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the messages that wait: held, and those in Review that need your decision."""
    settings = settings_from(config)
    path, now = journal_path(settings), datetime.now(UTC)
    entries = glance(path, *WAITING)
    if entries is not None:
        _tell(entries, settings, as_json=as_json, runs=lives(last_sign(path), now))
        return

    async def work(journal: Journal, settings: Settings) -> None:
        _tell(await journal.in_state(*WAITING), settings, as_json=as_json, runs=await daemon_runs(journal))

    with_journal(config, work)


def _tell(entries: Sequence[Entry], settings: Settings, *, as_json: bool, runs: bool) -> None:
    if as_json:
        print_json({"schema": SCHEMA, "held": [brief(entry) for entry in entries]})
        return
    if not entries:
        out.print("Nothing waits.")
    else:
        out.file.write("".join(f"{line}\n" for line in _table(entries, zone_of(settings), datetime.now(UTC))))
    if not runs:
        out.print("[yellow]The daemon is not running[/]: nothing is sent until `coolmail run` is started.")


def brief(entry: Entry) -> dict[str, Any]:
    """Return an entry as the JSON of lists."""
    return {
        "id": entry.id,
        "account": entry.account,
        "state": entry.state.value,
        "subject": clean(entry.subject),
        "sender": entry.sender,
        "recipients": list(entry.recipients),
        "message_id": entry.message_id,
        "taken_at": entry.taken_at,
        "updated_at": entry.updated_at,
        "hold_until": entry.hold_until,
        "heat": entry.report.heat if entry.report is not None else None,
        "level": entry.report.level.value if entry.report is not None else None,
        "reasons": list(entry.reasons),
        "frozen": entry.frozen,
        "decision": entry.decision.value if entry.decision is not None else None,
    }


def _table(entries: Sequence[Entry], zone: tzinfo, now: datetime) -> Iterator[str]:
    """Yield the lines of the table; a thousand of them in a blink, which Rich's own table takes seconds for."""
    rows = [_row(entry, zone, now) for entry in entries]
    names = ("ID", "Heat", "To", "Subject", "Goes out")
    widths = [
        min(most, max(cell_len(name), *(cell_len(row[number][0]) for row in rows)))
        for number, (name, most) in enumerate(zip(names, WIDEST, strict=True))
    ]
    if out.is_terminal:  # who pipes it on wants it whole
        spare = out.width - sum(widths[:-1]) - min(widths[-1], MOMENT) - 2 * (len(widths) - 1)
        for number, least in ((3, 12), (2, 15)):
            taken = min(max(0, -spare), max(0, widths[number] - least))
            widths[number] -= taken
            spare += taken
    yield _line([(name, "bold") for name in names], widths)
    for row in rows:
        yield _line(row, widths)


def _row(entry: Entry, zone: tzinfo, now: datetime) -> list[tuple[str, str]]:
    report = entry.report
    heat = ("not judged", "")
    if report is not None and report.judged:
        heat = (f"{bar(report.heat, 5)} {report.level.value}", LEVEL_STYLE[report.level.value])
    return [
        (entry.id, "cyan"),
        heat,
        (clean(", ".join(entry.recipients)), ""),
        (clean(entry.subject) or "(no subject)", ""),
        _when(entry, now, zone),
    ]


def _line(cells: Sequence[tuple[str, str]], widths: Sequence[int]) -> str:
    """One line of the table: cut to its columns, in colour where the terminal has colours."""
    fitted = [
        _styled(text if cell_len(text) <= width else f"{set_cell_size(text, width - 1)}…", style, width)
        for (text, style), width in zip(cells[:-1], widths, strict=False)
    ]
    return "  ".join((*fitted, _styled(*cells[-1], 0)))


def _styled(text: str, style: str, width: int) -> str:
    padding = " " * max(0, width - cell_len(text))
    system = out._color_system
    if not style or system is None or out.no_color:
        return text + padding
    return Style.parse(style).render(text, color_system=system) + padding


def _when(entry: Entry, now: datetime, zone: tzinfo) -> tuple[str, str]:
    """Say what happens next, and in which style."""
    if entry.decision is not None:
        return f"{entry.decision.value}: as soon as the daemon is there", "yellow"
    if entry.state is State.REVIEW:
        return "you decide", "bold yellow"
    if entry.state is State.FAILED:
        return "lost from its mailbox; restore it", "bold red"
    if entry.frozen:
        return "two versions: keep one", "bold yellow"
    if entry.state is State.DUE:
        return ("on its way" if entry.next_attempt_at is None else f"next try {left(entry.next_attempt_at, now)}"), ""
    if entry.hold_until is None:
        return "unknown", ""
    return f"{local(entry.hold_until, zone)} ({left(entry.hold_until, now)})", ""
