"""`docs/json.md` says what `--json` prints, and this compares the two, field by field and type by type."""

from __future__ import annotations

import inspect
import json
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from coolmail.calls.keeping import to_json
from coolmail.cli.app import COMMANDS, function_of
from coolmail.cli.output import SCHEMA
from coolmail.core.states import State
from coolmail.core.talk import Number, Point, Preparation, Slot
from tests.cli.conftest import Desk
from tests.cli.test_editing import REWRITE, Editor, editor, held, needs_model
from tests.core.making import hot_report

__all__ = ["editor"]

PAGE = Path(__file__).parent.parent.parent / "docs" / "json.md"
SECTION = re.compile(r"^## (?P<names>[a-z, ]+)$(?P<text>.*?)```json\n(?P<example>.*?)```", re.MULTILINE | re.DOTALL)

DOCUMENTED: dict[str, Any] = {
    name: json.loads(section["example"])
    for section in SECTION.finditer(PAGE.read_text(encoding="utf-8"))
    for name in section["names"].split(", ")
}


def shape(value: Any) -> Any:
    """Return the fields and types of a value; of a list those of its fullest."""
    match value:
        case dict():
            return {name: shape(inner) for name, inner in value.items()}
        case list():
            return sorted((shape(inner) for inner in value), key=lambda found: len(str(found)))[-1:]
        case bool():
            return "bool"
        case int() | float():
            return "number"
        case None:
            return "null"
        case _:
            return "time" if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value) else "text"


def test_every_command_with_json_is_documented() -> None:
    """And nothing else is."""
    with_json = {
        name
        for commands in COMMANDS.values()
        for name in commands
        if "as_json" in inspect.signature(function_of(name)).parameters
    }
    assert set(DOCUMENTED) == with_json


def test_the_version_is_the_documented_one() -> None:
    """Whoever raises it writes down why."""
    assert {example["schema"] for name, example in DOCUMENTED.items() if name != "check"} == {SCHEMA}
    assert f"now **{SCHEMA}**" in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["held", "show", "history", "log", "diff"])
def test_what_is_shown(desk: Desk, name: str) -> None:
    """A held message with everything that a message has."""
    state = State.FILED if name == "history" else State.HELD
    report = hot_report()
    entry = held(desk, state=state, report=report, reasons=("blames the client",), own_text="You never read.")
    several = [] if name in ("held", "history") else [entry.id]
    assert shape(desk.json(name, *several)) == shape(DOCUMENTED[name])


def test_call(desk: Desk) -> None:
    """With everything that is found for one."""
    entry = held(desk)
    start = datetime.now(UTC) + timedelta(hours=3)
    found = Preparation(
        (Number("+4533123456", "+45 33 12 34 56", "33 12 34 56", "in their signature"),),
        (Slot(start, start + timedelta(minutes=15), start),),
        (Point("complaint", "The logo is late.", "their mail"),),
        ("no calendar was looked at",),
    )
    desk.work(lambda journal: journal.set_talk(entry.id, found=to_json(found)))
    assert shape(desk.json("call", entry.id)) == shape(DOCUMENTED["call"])


def test_stats(desk: Desk) -> None:
    """Of a message that is counted."""
    held(desk, now=datetime.now(UTC), verdict="hold")
    assert shape(desk.json("stats")) == shape(DOCUMENTED["stats"])


def test_status(desk: Desk) -> None:
    """Of a running daemon."""
    now = datetime.now(UTC)
    desk.work(lambda journal: journal.sign_of_life(os.getpid(), now, now))
    desk.work(lambda journal: journal.set_account("work", "ready", "", now))
    assert shape(desk.json("status")) == shape(DOCUMENTED["status"])


ACTS = [
    ("release", ["--yes"], [], State.HELD),
    ("cancel", ["--yes"], [], State.HELD),
    ("withdraw", [], [], State.HELD),
    ("extend", [], ["6h"], State.HELD),
    ("restore", [], [], State.CANCELLED),
    ("resolve", ["--was-sent"], [], State.REVIEW),
    ("feedback", [], ["wrong"], State.HELD),
]


@pytest.mark.parametrize(("name", "before", "after", "state"), ACTS)
def test_what_is_done_and_undone(desk: Desk, name: str, before: list[str], after: list[str], state: State) -> None:
    """Both print the same shape."""
    entry = desk.add(state=state, report=hot_report(), hold_until=datetime.now(UTC) + timedelta(hours=9))
    assert shape(desk.json(name, *before, entry.id, *after)) == shape(DOCUMENTED[name])
    assert shape(desk.json("undo", entry.id)) == shape(DOCUMENTED["undo"])


def test_doctor(desk: Desk) -> None:
    """With what is wrong."""
    done = desk.process("doctor", "--json")
    assert done.returncode == 1
    assert shape(json.loads(done.stdout)) == shape(DOCUMENTED["doctor"])


@needs_model
def test_edit(desk: Desk, editor: Editor) -> None:
    """With the reading before and after."""
    entry = held(desk)
    editor(REWRITE)
    assert shape(desk.json("edit", entry.id, "--yes")) == shape(DOCUMENTED["edit"])


@needs_model
def test_check(desk: Desk) -> None:
    """Of something hot."""
    done = desk.process("check", "--json", stdin=None, input=b"You never read what I send you, you incompetent fool!")
    found = json.loads(done.stdout)
    assert shape(found) == shape(DOCUMENTED["check"])
