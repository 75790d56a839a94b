"""`coolmail diff`: a message as it was first written, beside how it reads now."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.text import Text

from coolmail.cli.opening import ConfigOption, IdArgument, JsonOption, one, with_journal
from coolmail.cli.output import SCHEMA, out, print_json, safe
from coolmail.core.clean import clean
from coolmail.core.settings import Settings
from coolmail.journal import deeds, edits
from coolmail.mail.message import read_draft

if TYPE_CHECKING:
    from coolmail.core.entry import Entry
    from coolmail.journal import Errand, Journal

MOST_VERSIONS = 50
"""Withdrawn versions that are followed back."""

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a mail: its subject, recipients and own text; `heat` as it was judged, None where that is not known."""

    subject: str
    recipients: tuple[str, ...]
    own_text: str
    heat: float | None = None


def diff(ids: IdArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show what you changed since you first wrote a message: its text then and now, and how hot it was."""

    async def work(journal: Journal, settings: Settings) -> None:  # noqa: ARG001
        found = [
            (entry, *await then_and_now(journal, entry)) for entry in [await one(journal, prefix) for prefix in ids]
        ]
        if as_json:
            print_json({"schema": SCHEMA, "diffs": [_as_json(entry, then, now) for entry, then, now in found]})
            return
        for entry, then, now in found:
            _print(entry, then, now)

    with_journal(config, work)


async def then_and_now(journal: Journal, entry: Entry) -> tuple[Version, Version]:
    """Return the first version of a mail that is known, and the newest, whether it has taken its place already or not."""
    first = entry
    for _ in range(MOST_VERSIONS):
        earlier = await journal.get(first.continues) if first.continues is not None else None
        if earlier is None:
            break
        first = earlier
    newest = await edits.pending(journal, entry.id)
    now = _of_bytes(newest.raw) if newest is not None else _of_entry(entry)
    swapped = await edits.replaced(journal, first.id)
    then = await _of_errand(journal, swapped[0]) if swapped else _of_entry(first)
    return then, now


def _of_entry(entry: Entry) -> Version:
    report = entry.report
    if report is None or not report.judged:
        return Version(entry.subject, entry.recipients, entry.own_text)
    return Version(entry.subject, entry.recipients, entry.own_text, report.heat)


def _of_bytes(raw: bytes, heat: float | None = None) -> Version:
    draft = read_draft(raw)
    return Version(draft.subject, draft.recipients, draft.own_text.text, heat)


async def _of_errand(journal: Journal, errand: Errand) -> Version:
    """The version that an edit replaced; how it read was noted with the edit."""
    for deed in await deeds.done_since(journal, errand.at, errand.message):
        if deed.act == "edit" and deed.before.get("errand") == errand.id and deed.before.get("heat"):
            return _of_bytes(errand.raw, deed.before["heat"][0])
    return _of_bytes(errand.raw)


def changed_lines(then: str, now: str) -> Iterator[tuple[str, str]]:
    """Yield the lines of both texts, each with `-` (only then), `+` (only now) or a space (both)."""
    old, new = then.split("\n"), now.split("\n")
    for kind, a1, a2, b1, b2 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            yield from ((" ", line) for line in old[a1:a2])
        elif a2 - a1 == b2 - b1:
            for before, after in zip(old[a1:a2], new[b1:b2], strict=True):
                yield from (("-", before), ("+", after))
        else:
            yield from (("-", line) for line in old[a1:a2])
            yield from (("+", line) for line in new[b1:b2])


def _as_json(entry: Entry, then: Version, now: Version) -> dict[str, Any]:
    return {
        "id": entry.id,
        "then": _version_json(then),
        "now": _version_json(now),
        "lines": [{"mark": mark.strip(), "text": text} for mark, text in changed_lines(then.own_text, now.own_text)],
    }


def _version_json(version: Version) -> dict[str, Any]:
    heat = round(version.heat, 4) if version.heat is not None else None
    return {
        "heat": heat,
        "subject": version.subject,
        "recipients": list(version.recipients),
        "own_text": version.own_text,
    }


def _print(entry: Entry, then: Version, now: Version) -> None:
    out.print(f"[bold]{safe(now.subject) or '(no subject)'}[/]  [cyan]{entry.id}[/]")
    heat = " -> ".join("?" if version.heat is None else f"{version.heat:.2f}" for version in (then, now))
    out.print(f"heat {heat}")
    for name, before, after in (
        ("subject", then.subject, now.subject),
        ("to", ", ".join(then.recipients), ", ".join(now.recipients)),
    ):
        if before != after:
            out.print(f"{name} [red]{safe(before)}[/] -> [green]{safe(after)}[/]", soft_wrap=True)
    if then.own_text == now.own_text:
        out.print("Nothing in your text was changed." if then.own_text else "Its content was removed after its time.")
        return
    lines = list(changed_lines(clean(then.own_text, lines=True), clean(now.own_text, lines=True)))
    for number, (mark, text) in enumerate(lines):
        out.print(_line(mark, text, _partner(lines, number)), soft_wrap=True)


def _partner(lines: Sequence[tuple[str, str]], number: int) -> str | None:
    """The line that stands in the place of a changed one, next to it; None where there is none."""
    mark = lines[number][0]
    beside = number + (1 if mark == "-" else -1)
    if mark == " " or not 0 <= beside < len(lines):
        return None
    other, text = lines[beside]
    return text if {mark, other} == {"-", "+"} else None


def _line(mark: str, text: str, partner: str | None) -> Text:
    """One line with its mark; where another stands in its place, what differs is underlined."""
    style = {"-": "red", "+": "green"}.get(mark, "")
    line = Text(f"{mark} ", style=style)
    if partner is None:
        return line.append(text, style=style)
    mine, theirs = _WORDS.findall(text), _WORDS.findall(partner)
    for kind, a1, a2, _, _ in difflib.SequenceMatcher(None, mine, theirs, autojunk=False).get_opcodes():
        line.append("".join(mine[a1:a2]), style=style if kind == "equal" else f"{style} bold underline")
    return line
