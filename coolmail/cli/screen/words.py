"""How a waiting message is said in a line or two: client, subject, heat, when it goes out. Plain values in, plain words out.

Everything that comes from mail leaves this module cleaned (`coolmail.core.clean`): it cannot move a cursor, hide or reverse what stands around it.
Widths are terminal cells.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from coolmail.core.clean import clean
from coolmail.core.durations import in_words
from coolmail.core.entry import Entry
from coolmail.core.states import Stage, State
from coolmail.core.tone import ToneReport

SHOWN = (State.HELD, State.REVIEW, State.DUE, State.FAILED)
"""States of the messages on the screen."""

HOT, WARM, CALM, SOFT = "#ff7a6b", "#e8b04a", "#7bc47f", "dim"
LEVEL_COLOURS = {"calm": CALM, "warm": WARM, "heated": HOT, "boiling": HOT}

BAR = 5
"""Cells of the heat bar."""


DOWN = "The daemon is not running; what you decide waits. Start it: coolmail run"

EMPTY = (
    "Nothing waits.\n\nCalm mail goes out at once. What reads heated will be listed here until its deadline, "
    "so that you can look at it again with a cooler head."
)


class View(StrEnum):
    """Which of the messages are listed."""

    ALL = "all"
    HELD = "held"
    DECIDE = "yours to decide"
    LEAVING = "on the way"

    @property
    def next(self) -> View:
        """The view after this one, round and round."""
        views = list(View)
        return views[(views.index(self) + 1) % len(views)]

    def has(self, entry: Entry) -> bool:
        """Whether a message belongs to this view."""
        match self:
            case View.ALL:
                return True
            case View.HELD:
                return entry.state is State.HELD and not needs_you(entry)
            case View.DECIDE:
                return needs_you(entry)
            case View.LEAVING:
                return entry.state is State.DUE or entry.decision is not None


def needs_you(entry: Entry) -> bool:
    """Whether nothing happens to a message until the user decides."""
    return entry.decision is None and (entry.state in (State.REVIEW, State.FAILED) or entry.frozen)


def one_line(text: str) -> str:
    """Return text from mail as one clean line."""
    return " ".join(clean(text).split())


def client(entry: Entry) -> str:
    """Name the readers: the first, and how many more."""
    if not entry.recipients:
        return "(nobody)"
    more = f" +{len(entry.recipients) - 1}" if len(entry.recipients) > 1 else ""
    return (one_line(entry.recipients[0]) or "(unreadable)") + more


def subject(entry: Entry) -> str:
    """Return the subject, or say that there is none."""
    return one_line(entry.subject) or "(no subject)"


def heat_bar(report: ToneReport, width: int = BAR) -> str:
    """Return heat as a bar that needs no colour."""
    full = round(min(1.0, max(0.0, report.heat)) * width)
    return "█" * full + "░" * (width - full)


def heat(report: ToneReport | None) -> Text:
    """Say the heat of a message as bar and word."""
    if report is None or not report.judged:
        return Text("not judged", style=SOFT)
    return Text(f"{heat_bar(report)} {report.level.value}", style=LEVEL_COLOURS[report.level.value])


@dataclass(frozen=True, slots=True)
class When:
    """When a message goes out: in a few cells, in a sentence, and in which colour."""

    short: str
    long: str
    style: str = ""


def local(moment: datetime, zone: tzinfo) -> str:
    """Say a moment in the user's zone: `Wed 26 Nov 15:40`."""
    return f"{moment.astimezone(zone):%a %d %b %H:%M}"


def when(entry: Entry, now: datetime, zone: tzinfo, *, asks: bool = False) -> When:
    """Say when a message goes out, or why it does not. `asks`: at its deadline the user is asked (`on_expiry: ask`)."""
    if entry.decision is not None:
        word = DECIDED[entry.decision.value]
        return When(word, f"{word}; the daemon carries it out", WARM)
    if entry.frozen:
        return When("keep one of two", "two versions of it are there: delete the one you do not want", WARM)
    match entry.state:
        case State.REVIEW if entry.stage is Stage.DATA:
            return When("sent or not?", "it is not known whether it was sent; look into Sent before you decide", HOT)
        case State.REVIEW:
            return When("you decide", "it does not go out by itself: you decide", WARM)
        case State.FAILED:
            return When(
                "restore it", "it lies in no mailbox, but safe in the journal: coolmail restore " + entry.id, HOT
            )
        case State.DUE if entry.next_attempt_at is not None and entry.next_attempt_at > now:
            left = in_words(entry.next_attempt_at - now)
            return When(f"retry in {left}", f"the server was not ready; the next try is in {left}", WARM)
        case State.DUE:
            return When("on its way", "it is on its way")
    if entry.hold_until is None:
        return When("unknown", "its deadline is not known")
    if entry.hold_until <= now:
        return When("any moment", "its deadline is here", WARM)
    left = in_words(entry.hold_until - now)
    then = "you are asked" if asks else "it goes out"
    return When(f"in {left}", f"{then} {local(entry.hold_until, zone)}, in {left}")


DECIDED = {
    "release": "being sent",
    "release-again": "being sent",
    "cancel": "being cancelled",
    "withdraw": "going to Drafts",
    "was-sent": "being filed",
    "restore": "coming back",
}


@dataclass(frozen=True, slots=True)
class Columns:
    """How many cells each column of the list has in a line of a given width."""

    client: int
    subject: int
    heat: int
    when: int
    dated: bool
    """Whether there is room for the date beside the time left."""

    @classmethod
    def within(cls, width: int) -> Columns:
        """Share out a line: the subject gets what is left. The narrowest screens lose the bar, then the subject."""
        heat_cells = BAR + 8 if width >= 60 else 7
        dated = width >= 108
        when_cells = 34 if dated else 16 if width >= 48 else 11
        left = width - heat_cells - when_cells - 4
        if left < 20:
            return cls(max(6, left), 0, heat_cells, when_cells, dated)
        client_cells = min(32, left * 45 // 100)
        return cls(client_cells, left - client_cells - 2, heat_cells, when_cells, dated)


def fit(text: str, width: int) -> str:
    """Return text of exactly `width` cells: cut with an ellipsis, or padded."""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(set_cell_size(text, width - 1).rstrip() + "…", width)


def row(entry: Entry, columns: Columns, now: datetime, zone: tzinfo, *, asks: bool = False) -> Text:
    """Return a message as one aligned line of the list."""
    going = when(entry, now, zone, asks=asks)
    short = going.short
    if columns.dated and entry.hold_until is not None and short.startswith("in "):
        short = f"{local(entry.hold_until, zone)}, {short}"
    warmth = heat(entry.report)
    if columns.heat < BAR + 8:
        warmth = Text(
            warmth.plain.rpartition(" ")[2] if entry.report and entry.report.judged else "-", style=warmth.style
        )
    line = Text(no_wrap=True, end="")
    line.append(fit(client(entry), columns.client) + "  ")
    if columns.subject:
        line.append(fit(subject(entry), columns.subject) + "  ", style="bold" if needs_you(entry) else "")
    line.append(fit(warmth.plain, columns.heat) + "  ", style=warmth.style)
    line.append(fit(short, columns.when), style=going.style)
    return line


def headings(columns: Columns) -> str:
    """Return the line of headings above the list."""
    cells = zip(
        ("Client", "Subject", "Heat", "Goes out"),
        (columns.client, columns.subject, columns.heat, columns.when),
        strict=True,
    )
    return "  ".join(fit(word, width) for word, width in cells if width)


def found(entries: Iterable[Entry], view: View, wanted: str) -> list[Entry]:
    """Return the messages of a view in which every wanted word occurs: in id, account, readers, subject or own text."""
    words = wanted.casefold().split()
    return [entry for entry in entries if view.has(entry) and all(word in _haystack(entry) for word in words)]


def _haystack(entry: Entry) -> str:
    level = entry.report.level.value if entry.report is not None else ""
    text = "\n".join((entry.id, entry.account, *entry.recipients, entry.subject, entry.own_text, level))
    return clean(text).casefold()


def count(entries: Sequence[Entry]) -> str:
    """Say how many wait, and for whom."""
    waiting = sum(1 for entry in entries if entry.state is State.HELD and not needs_you(entry))
    yours = sum(1 for entry in entries if needs_you(entry))
    leaving = sum(1 for entry in entries if entry.state is State.DUE and not needs_you(entry))
    parts = [f"{waiting} held"] if waiting or not (yours or leaving) else []
    parts += [f"{yours} yours to decide"] if yours else []
    parts += [f"{leaving} on the way"] if leaving else []
    return ", ".join(parts) if entries else "nothing waits"
