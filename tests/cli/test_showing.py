"""Commands that show: tables for people, JSON for programs, and nothing that a terminal would obey."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from rich.cells import cell_len

from coolmail.core.advice import INSTEAD
from coolmail.core.states import Decision, State
from coolmail.core.tone import Kind
from coolmail.journal import Journal
from coolmail.journal.store import can_be
from coolmail.tone import ToneWorker
from tests.cli.conftest import Desk
from tests.core.making import NOW, hot_report
from tests.journal.adding import add

UNTIL = datetime(2025, 11, 25, 12, tzinfo=UTC)
HOSTILE = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202egnp [bold]x[/] [/] :boom: \r\n\x00 \\"
OBEYED = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")
"""What no command may print: control characters but the line end, and marks that hide or reverse text."""

# -- held


def test_nothing_waits(desk: Desk) -> None:
    """An empty journal is no error; that no daemon runs is said."""
    result = desk.run("held")
    assert result.exit_code == 0
    assert "Nothing waits." in result.stdout
    assert "The daemon is not running" in result.stdout


def test_held_lists_what_waits(desk: Desk) -> None:
    """With id, heat in words, recipient, subject, and when it goes out in the user's zone."""
    entry = desk.add(report=hot_report(), hold_until=UNTIL)
    result = desk.run("held")
    assert result.exit_code == 0
    for words in (entry.id, "heated", "bo@shop.example", "Re: The invoice", "Tue 25 Nov 13:00"):
        assert words in result.stdout


def test_held_lists_what_needs_a_decision(desk: Desk) -> None:
    """Review, lost, frozen, decided and on its way each say so."""
    desk.add(1, state=State.REVIEW)
    desk.add(2, state=State.FAILED)
    desk.add(3, frozen=True)
    desk.add(4, decision=Decision.RELEASE)
    desk.add(5, state=State.DUE)
    desk.add(6, state=State.DUE, next_attempt_at=datetime.now(UTC) + timedelta(minutes=10, seconds=30))
    desk.add(7, state=State.FILED)
    said = desk.run("held").stdout
    for words in (
        "you decide",
        "restore it",
        "two versions: keep one",
        "release: as soon as",
        "on its way",
        "next try in 10 min",
    ):
        assert words in said
    assert said.count("bo@shop.example") == 6


def test_held_as_json(desk: Desk) -> None:
    """Schema 1, times in UTC, nothing left out."""
    entry = desk.add(report=hot_report(), hold_until=UNTIL, reasons=("blames the client once",))
    assert desk.json("held") == {
        "schema": 1,
        "held": [
            {
                "id": entry.id,
                "account": "work",
                "state": "held",
                "subject": "Re: The invoice",
                "sender": "anna@studio.example",
                "recipients": ["bo@shop.example"],
                "message_id": "<m1@studio.example>",
                "taken_at": "2025-11-24T12:00:00Z",
                "updated_at": "2025-11-24T12:00:00Z",
                "hold_until": "2025-11-25T12:00:00Z",
                "heat": 0.9,
                "level": "heated",
                "reasons": ["blames the client once"],
                "frozen": False,
                "decision": None,
            }
        ],
    }


# -- show, log, history


def test_show_marks_the_hot_sentences(desk: Desk) -> None:
    """The own text with the kinds behind the sentence, what works better, and what happened."""
    entry = desk.add(report=hot_report(), hold_until=UNTIL, reasons=("blames the client once",))
    result = desk.run("show", entry.id)
    assert result.exit_code == 0
    for words in (
        "You never read what I send you! [blame, anger]",
        "better: say what happened and what should happen next",
        "- blames the client once",
        "held until Tue 25 Nov 13:00",
        "taken from Outbox",
        "heat █████████░ 0.90 heated",
    ):
        assert words in result.stdout


def test_show_as_json_has_report_and_events(desk: Desk) -> None:
    """Several messages at once."""
    ids = [desk.add(number, report=hot_report()).id for number in range(2)]
    shown = desk.json("show", *ids)
    assert shown["schema"] == 1
    assert [message["id"] for message in shown["messages"]] == ids
    assert shown["messages"][0]["report"]["sentences"][1]["kinds"] == ["blame", "anger"]
    assert shown["messages"][0]["advice"] == [INSTEAD[Kind.BLAME], INSTEAD[Kind.ANGER]]
    assert shown["messages"][0]["events"] == [
        {"at": "2025-11-24T12:00:00Z", "state": "held", "what": "taken from Outbox"}
    ]


def test_an_id_may_be_shortened_and_written_in_capitals(desk: Desk) -> None:
    """As far as it is unique."""
    entry = desk.add()
    assert desk.json("show", entry.id[:2].upper())["messages"][0]["id"] == entry.id


def test_log_shows_every_event(desk: Desk) -> None:
    """In the user's zone, and as JSON."""
    entry = desk.add()
    assert f"{entry.id}  2025-11-24 13:00:00  held" in desk.run("log", entry.id).stdout
    assert desk.json("log", entry.id)["events"][0]["what"] == "taken from Outbox"


def test_history_shows_the_newest_first(desk: Desk) -> None:
    """Finished ones included, no more than asked for."""
    ids = [desk.add(number, state=State.FILED, now=NOW + timedelta(hours=number)).id for number in range(3)]
    assert [row["id"] for row in desk.json("history", "-n", "2")["history"]] == [ids[2], ids[1]]
    assert ids[0] in desk.run("history").stdout


def test_history_of_nothing(desk: Desk) -> None:
    """A new user is not met with an empty table."""
    assert "Nothing has passed through coolmail yet." in desk.run("history").stdout


# -- status


def test_status_without_a_daemon(desk: Desk) -> None:
    """It says how to start it; the accounts are stopped."""
    desk.add()
    said = desk.run("status").stdout
    assert "not running; start it with `coolmail run`" in said
    assert "work: stopped" in said
    assert "1 held, 0 to review" in said
    shown = desk.json("status")
    assert (shown["schema"], shown["running"], shown["pid"]) == (1, False, None)
    assert shown["accounts"] == [{"name": "work", "state": "stopped", "detail": "", "since": None}]


def feedback(desk: Desk, *heats: float) -> None:
    """Let the user call texts that were held at these heats harmless."""

    async def give(journal: Journal) -> None:
        for number, heat in enumerate(heats):
            await journal.give_feedback(
                message=None, account=None, answer="wrong", heat=heat, level="heated", text_hash=str(number), now=NOW
            )

    desk.work(give)


def test_status_tells_what_the_users_answers_changed(desk: Desk) -> None:
    """From which heat mail is held, and since when from another than the model's own."""
    scale = ToneWorker().scale()
    shown = desk.json("status")["tone"]
    assert shown == {
        "held_from": scale.heated,
        "model_holds_from": scale.heated,
        "answers": 0,
        "false_alarms": 0,
        "missed": 0,
        "out_of_reach": 0,
        "said": f"mail is held from heat {scale.heated:.2f}; no answer of yours spoke against that",
    }
    feedback(desk, *[scale.heated + 0.001] * 5)
    shown = desk.json("status")["tone"]
    assert (shown["answers"], shown["false_alarms"]) == (5, 5)
    assert scale.heated < shown["held_from"] <= scale.boiling
    assert shown["said"] in desk.run("status").stdout


def test_status_without_a_model(desk: Desk) -> None:
    """It says what is missing and what that means."""
    desk.config.write_text(desk.config.read_text() + "model: {path: /nowhere/model}\n")
    assert "There is no tone model in /nowhere/model" in desk.json("status")["tone"]["error"]
    assert "no model: There is no tone model in /nowhere/model" in desk.run("status").stdout


def test_status_of_a_running_daemon(desk: Desk) -> None:
    """A fresh sign of life of a process that is there; an account that has trouble says which."""
    now = datetime.now(UTC)
    desk.work(lambda journal: journal.sign_of_life(os.getpid(), now, now, "the clock jumped"))
    desk.work(lambda journal: journal.set_account("work", "retrying", "no route to host", now))
    said = desk.run("status").stdout
    assert f"running, pid {os.getpid()}" in said
    assert "the clock jumped" in said
    assert "work: retrying  no route to host" in said
    shown = desk.json("status")
    assert (shown["running"], shown["pid"], shown["accounts"][0]["state"]) == (True, os.getpid(), "retrying")


@pytest.mark.parametrize(("pid", "age"), [(os.getpid(), 60), (2**22 - 3, 0)], ids=["silent", "gone"])
def test_a_daemon_that_gives_no_sign_is_not_running(desk: Desk, pid: int, age: int) -> None:
    """Silent for a minute, or its process is gone."""
    seen = datetime.now(UTC) - timedelta(seconds=age)
    desk.work(lambda journal: journal.sign_of_life(pid, seen, seen))
    assert desk.json("status")["running"] is False


# -- which message is meant


def test_an_unknown_id_is_refused(desk: Desk) -> None:
    """Exit code 1 and one line that says where ids are listed."""
    result = desk.run("show", "zzzz")
    assert result.exit_code == 1
    assert result.stderr == "coolmail: there is no message 'zzzz'; `coolmail held` and `coolmail history` list them\n"


def test_an_ambiguous_beginning_is_refused(desk: Desk) -> None:
    """With the ids it fits."""
    ids: list[str] = []

    async def until_two_begin_alike(journal: object) -> None:
        while len({identifier[0] for identifier in ids}) == len(ids):
            ids.append((await add(journal, len(ids))).id)  # type: ignore[arg-type]

    desk.work(until_two_begin_alike)
    letter = next(first for first in {identifier[0] for identifier in ids} if sum(i[0] == first for i in ids) > 1)
    result = desk.run("show", letter)
    assert result.exit_code == 1
    assert "fits several messages" in result.stderr


@pytest.mark.parametrize("identifier", ["", "%", "../x", "\x1b[2J"])
def test_what_is_no_id_names_nothing(desk: Desk, identifier: str) -> None:
    """An empty variable in a script must not mean the only message there is."""
    desk.add()
    result = desk.run("cancel", "--yes", identifier)
    assert result.exit_code == 1
    assert "there is no message" in result.stderr
    assert not OBEYED.search(result.stderr)


# -- hostile mail

COMMANDS: list[Callable[[str], list[str]]] = [
    lambda _: ["held"],
    lambda _: ["held", "--json"],
    lambda identifier: ["show", identifier],
    lambda identifier: ["show", identifier, "--json"],
    lambda identifier: ["log", identifier],
    lambda identifier: ["log", identifier, "--json"],
    lambda _: ["history"],
    lambda _: ["history", "--json"],
    lambda _: ["status"],
    lambda _: ["status", "--json"],
    lambda identifier: ["diff", identifier],
    lambda identifier: ["diff", identifier, "--json"],
    lambda _: ["stats"],
    lambda _: ["stats", "--json"],
    lambda identifier: ["feedback", identifier, "wrong"],
    lambda identifier: ["edit", identifier],
    lambda _: ["undo"],
    lambda identifier: ["extend", identifier, "6h"],
    lambda identifier: ["release", identifier, "--yes"],
    lambda identifier: ["withdraw", identifier],
    lambda identifier: ["restore", identifier],
]


@pytest.mark.parametrize("command", COMMANDS)
def test_hostile_mail_cannot_command_the_terminal(desk: Desk, command: Callable[[str], list[str]]) -> None:
    """Escape sequences, C1 controls, bidirectional marks and markup in every field that mail can fill."""
    entry = desk.add(
        report=hot_report(own_text=HOSTILE, sentences=(), notice=HOSTILE),
        subject=HOSTILE,
        sender=HOSTILE,
        recipients=(HOSTILE,),
        message_id=HOSTILE,
        reasons=(HOSTILE,),
        server_reply=HOSTILE,
        what=HOSTILE,
        hold_until=UNTIL,
    )
    now = datetime.now(UTC)
    desk.work(lambda journal: journal.sign_of_life(os.getpid(), now, now, HOSTILE))
    desk.work(lambda journal: journal.set_account("work", "retrying", HOSTILE, now))
    result = desk.run(*command(entry.id))
    assert result.exception is None or isinstance(result.exception, SystemExit)
    refused = {"restore", "edit", "undo"}  # it waits; there is no text of its own in it; nothing was done
    assert result.exit_code == (1 if command(entry.id)[0] in refused else 0)
    assert not OBEYED.search(result.output)


def test_markup_in_mail_is_shown_as_it_is(desk: Desk) -> None:
    """Brackets are brackets and colons are colons, not styles and not pictures."""
    entry = desk.add(subject="[bold]Offer[/bold] [/] :boom: [link=http://x]y[/link]", report=hot_report())
    for arguments in (["held"], ["show", entry.id], ["history"]):
        assert "[bold]Offer[/bold] [/] :boom:" in desk.run(*arguments).stdout


def test_json_loses_nothing_to_safety(desk: Desk) -> None:
    """What is escaped on the terminal is whole again when parsed."""
    desk.add(recipients=("a\u202e\x9b\u200d👩\u200d💻@x.example",))
    assert desk.json("held")["held"][0]["recipients"] == ["a\u202e\x9b\u200d👩\u200d💻@x.example"]


def test_what_is_too_late_for_a_decision_is_refused_for_each(desk: Desk) -> None:
    """The states that can be decided are those that the table offers, no more."""
    for number, state in enumerate(sorted(set(State) - can_be(Decision.WITHDRAW))):
        entry = desk.add(number, state=state)
        assert desk.run("withdraw", entry.id).exit_code == 1
        assert desk.entry(entry.id).decision is None


def test_a_narrow_terminal_and_wide_letters(desk: Desk) -> None:
    """In 80 columns nothing is wrapped, and columns stand one below the other whatever the letters: wide ones, emoji, combining ones."""
    until = datetime.now(UTC) + timedelta(hours=20)
    subjects = (
        "Re: " + "new logo " * 9,
        "株式会社のロゴについてのご連絡です、よろしく",
        "🎉👩‍💻 done",
        "e\u0301te\u0301",
    )
    for number, subject in enumerate(subjects):
        desk.add(number, subject=subject, hold_until=until, recipients=("somebody.with.a.long.name@gallery.example",))
    script = f"COLUMNS=80 {sys.executable} -m coolmail held --config {desk.config}"
    terminal = {**os.environ, "TERM": "xterm", "NO_COLOR": "1"}
    command = ["script", "-qec", script, "/dev/null"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=110, env=terminal)
    lines = (
        re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", done.stdout.decode()).replace("\r", "").splitlines()[: 1 + len(subjects)]
    )
    assert all(cell_len(line) <= 80 for line in lines), lines
    columns = {cell_len(line.partition(f"{until:%b}")[0]) for line in lines[1:]}
    assert len(columns) == 1, lines
