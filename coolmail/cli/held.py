"""`coolmail held`: what waits. Quick: it is read with the standard library alone, where the journal is as this program writes it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len, set_cell_size

from coolmail.cli import output
from coolmail.cli.life import lives
from coolmail.cli.opening import ConfigOption, JsonOption, daemon_runs, settings_from, with_journal
from coolmail.cli.output import LEVEL_STYLE, SCHEMA, bar, bare, left, local, print_json
from coolmail.config import journal_path
from coolmail.core.clean import clean
from coolmail.core.entry import Line
from coolmail.core.states import State
from coolmail.daemon.zone import zone_of
from coolmail.journal.glance import last_sign, lines

if TYPE_CHECKING:
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
    waiting = lines(path, *WAITING)
    if waiting is not None:
        _tell(waiting, settings, as_json=as_json, runs=lives(last_sign(path), now))
        return

    async def work(journal: Journal, settings: Settings) -> None:
        waiting = [Line.of(entry) for entry in await journal.in_state(*WAITING)]
        _tell(waiting, settings, as_json=as_json, runs=await daemon_runs(journal))

    with_journal(config, work)


def _tell(waiting: Sequence[Line], settings: Settings, *, as_json: bool, runs: bool) -> None:
    if as_json:
        print_json({"schema": SCHEMA, "held": [brief(line) for line in waiting]})
        return
    lines = _table(waiting, zone_of(settings), datetime.now(UTC)) if waiting else ["Nothing waits."]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    if not runs:
        sys.stdout.write(
            f"{_coloured('The daemon is not running', 'yellow')}: nothing is sent until `coolmail run` is started.\n"
        )


def brief(line: Line) -> dict[str, Any]:
    """Return a message as the JSON of lists."""
    return {
        "id": line.id,
        "account": line.account,
        "state": line.state.value,
        "subject": clean(line.subject),
        "sender": line.sender,
        "recipients": list(line.recipients),
        "message_id": line.message_id,
        "taken_at": line.taken_at,
        "updated_at": line.updated_at,
        "hold_until": line.hold_until,
        "heat": line.heat,
        "level": line.level.value if line.level is not None else None,
        "reasons": list(line.reasons),
        "frozen": line.frozen,
        "decision": line.decision.value if line.decision is not None else None,
    }


def _table(waiting: Sequence[Line], zone: tzinfo, now: datetime) -> Iterator[str]:
    """Yield the lines of the table; a thousand of them in a blink, which Rich's own table takes seconds for."""
    rows = [_row(line, zone, now) for line in waiting]
    names = ("ID", "Heat", "To", "Subject", "Goes out")
    widths = [
        min(most, max(cell_len(name), *(cell_len(row[number][0]) for row in rows)))
        for number, (name, most) in enumerate(zip(names, WIDEST, strict=True))
    ]
    if not bare() and output.out.is_terminal:  # who pipes it on wants it whole
        spare = output.out.width - sum(widths[:-1]) - min(widths[-1], MOMENT) - 2 * (len(widths) - 1)
        for number, least in ((3, 12), (2, 15)):
            taken = min(max(0, -spare), max(0, widths[number] - least))
            widths[number] -= taken
            spare += taken
    yield _fitted([(name, "bold") for name in names], widths)
    for row in rows:
        yield _fitted(row, widths)


def _row(line: Line, zone: tzinfo, now: datetime) -> list[tuple[str, str]]:
    heat = ("not judged", "")
    if line.judged and line.heat is not None and line.level is not None:
        heat = (f"{bar(line.heat, 5)} {line.level.value}", LEVEL_STYLE[line.level.value])
    return [
        (line.id, "cyan"),
        heat,
        (clean(", ".join(line.recipients)), ""),
        (clean(line.subject) or "(no subject)", ""),
        _when(line, now, zone),
    ]


def _fitted(cells: Sequence[tuple[str, str]], widths: Sequence[int]) -> str:
    """One line of the table: cut to its columns, in colour where the terminal has colours."""
    fitted = [
        _styled(text if cell_len(text) <= width else f"{set_cell_size(text, width - 1)}…", style, width)
        for (text, style), width in zip(cells[:-1], widths, strict=False)
    ]
    return "  ".join((*fitted, _styled(*cells[-1], 0)))


def _styled(text: str, style: str, width: int) -> str:
    return _coloured(text, style) + " " * max(0, width - cell_len(text))


def _coloured(text: str, style: str) -> str:
    if not style or bare() or (system := output.out._color_system) is None or output.out.no_color:
        return text
    from rich.style import Style  # noqa: PLC0415 - what is piped has no style

    return Style.parse(style).render(text, color_system=system)


def _when(line: Line, now: datetime, zone: tzinfo) -> tuple[str, str]:
    """Say what happens next, and in which style."""
    if line.decision is not None:
        return f"{line.decision.value}: as soon as the daemon is there", "yellow"
    if line.state is State.REVIEW:
        return "you decide", "bold yellow"
    if line.state is State.FAILED:
        return "lost from its mailbox; restore it", "bold red"
    if line.frozen:
        return "two versions: keep one", "bold yellow"
    if line.state is State.DUE:
        return ("on its way" if line.next_attempt_at is None else f"next try {left(line.next_attempt_at, now)}"), ""
    if line.hold_until is None:
        return "unknown", ""
    return f"{local(line.hold_until, zone)} ({left(line.hold_until, now)})", ""
