"""Commands that decide: what they record, when they refuse, and their exit codes."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import termios
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from coolmail.core.states import FINISHED, Decision, State
from tests.cli.conftest import Desk
from tests.core.making import NOW, calm_report, hot_report

DECIDING = [
    (["release", "--yes"], State.HELD, Decision.RELEASE, "is released"),
    (["release", "--yes"], State.REVIEW, Decision.RELEASE, "is released"),
    (["release", "--yes", "--again"], State.REVIEW, Decision.RELEASE_AGAIN, "is released"),
    (["cancel", "--yes"], State.HELD, Decision.CANCEL, "is cancelled"),
    (["cancel", "--yes"], State.DUE, Decision.CANCEL, "is cancelled"),
    (["withdraw"], State.HELD, Decision.WITHDRAW, "goes back to Drafts"),
    (["restore"], State.CANCELLED, Decision.RESTORE, "is put into Review"),
    (["restore"], State.WITHDRAWN, Decision.RESTORE, "is put into Review"),
    (["resolve", "--was-sent"], State.REVIEW, Decision.WAS_SENT, "is filed as sent"),
]


@pytest.mark.parametrize(("command", "state", "decision", "said"), DECIDING)
def test_a_decision_is_recorded_for_the_daemon(
    desk: Desk, command: list[str], state: State, decision: Decision, said: str
) -> None:
    """The state itself is the daemon's to change; without one running, that is said."""
    entry = desk.add(state=state)
    result = desk.run(*command, entry.id)
    assert result.exit_code == 0
    assert f"{entry.id} {said}: Re: The invoice" in result.stdout
    assert "The daemon is not running" in result.stdout
    found = desk.entry(entry.id)
    assert (found.state, found.decision) == (state, decision)


TOO_LATE = [
    (["cancel", "--yes"], State.SUBMITTING, "it is being sent this moment"),
    (["cancel", "--yes"], State.SUBMITTED, "it is too late: the server has it"),
    (["withdraw"], State.FILED, "it is too late: the server has it"),
    (["release", "--yes"], State.FILED, "it is too late: the server has it"),
    (["cancel", "--yes"], State.CANCELLED, "there is nothing to cancel"),
    (["withdraw"], State.ELSEWHERE, "there is nothing to withdraw"),
    (["release", "--yes"], State.SCORED, "wait until it is held"),
    (["release", "--yes", "--again"], State.HELD, "this is for messages in Review only"),
    (["resolve", "--was-sent"], State.HELD, "this is for messages in Review only"),
    (["restore"], State.HELD, "wait until it is held"),
]


@pytest.mark.parametrize(("command", "state", "said"), TOO_LATE)
def test_a_decision_that_cannot_be_carried_out_is_refused(
    desk: Desk, command: list[str], state: State, said: str
) -> None:
    """Exit code 1, why on standard error, nothing changed."""
    entry = desk.add(state=state)
    result = desk.run(*command, entry.id)
    assert result.exit_code == 1
    assert f"{entry.id} is {state.value}; {said}" in result.stderr
    assert desk.entry(entry.id) == entry


def test_one_refusal_does_not_stop_the_others(desk: Desk) -> None:
    """Several ids: what can be done is done, and the exit code tells that not all was."""
    sent, held = desk.add(1, state=State.FILED), desk.add(2)
    assert desk.run("cancel", "--yes", sent.id, held.id).exit_code == 1
    assert desk.entry(held.id).decision is Decision.CANCEL


def test_one_unknown_id_stops_everything(desk: Desk) -> None:
    """A slip in one id may be a slip in all: nothing is decided."""
    held = desk.add()
    assert desk.run("cancel", "--yes", held.id, "zzzz").exit_code == 1
    assert desk.entry(held.id).decision is None


@pytest.mark.parametrize("command", ["release", "cancel"])
def test_without_a_terminal_nothing_is_sent_or_cancelled_unasked(desk: Desk, command: str) -> None:
    """No --yes and nobody to ask: exit code 2, nothing changed."""
    entry = desk.add(report=hot_report())
    done = desk.process(command, entry.id, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert b"say --yes to go on without a question" in done.stderr
    assert desk.entry(entry.id) == entry


SECOND_LOOK = [
    ("y\n", None, None),
    ("\n", None, None),
    (
        "send\nBob asked for it, in \x1b[31mwriting\n",
        Decision.RELEASE,
        "you released it: Bob asked for it, in [31mwriting",
    ),
    (" SEND \n\n", Decision.RELEASE, "you released it"),
]


@pytest.mark.parametrize(("typed", "decision", "kept"), SECOND_LOOK)
def test_something_heated_goes_before_its_deadline_only_after_a_second_look(
    desk: Desk, typed: str, decision: Decision | None, kept: str | None
) -> None:
    """The hot sentences once more, then a typed word, not a yes out of habit; the reason stands in its log."""
    entry = desk.add(report=hot_report(), hold_until=datetime.now(UTC) + timedelta(hours=20, minutes=30))
    done = at_a_terminal(desk, typed, "release", entry.id)
    assert done.returncode == (1 if decision is None else 0), done.stderr
    assert b"You never read what I send you! [blame, anger]" in done.stderr
    assert b"It still reads heated. Left alone, it waits on and its time is over in 20 h" in done.stderr
    assert desk.entry(entry.id).decision is decision
    if kept is not None:
        assert desk.work(lambda journal: journal.events(entry.id))[-1].what == kept


@pytest.mark.parametrize("more", [{"report": calm_report()}, {"report": hot_report(), "hold_until": NOW}])
def test_no_word_is_needed_for_what_is_calm_or_has_waited(desk: Desk, more: dict[str, object]) -> None:
    """A yes is enough."""
    entry = desk.add(**{"hold_until": datetime.now(UTC) + timedelta(hours=20), **more})
    assert at_a_terminal(desk, "y\n", "release", entry.id).returncode == 0
    assert desk.entry(entry.id).decision is Decision.RELEASE


def test_yes_skips_the_second_look_and_keeps_the_reason(desk: Desk) -> None:
    """For those who mean it."""
    entry = desk.add(report=hot_report(), hold_until=datetime.now(UTC) + timedelta(hours=20))
    assert desk.run("release", entry.id, "--yes", "--reason", "a lawyer read it").exit_code == 0
    assert desk.work(lambda journal: journal.events(entry.id))[-1].what == "you released it: a lawyer read it"


def at_a_terminal(desk: Desk, typed: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command with a terminal as its standard input, on which something was typed."""
    leader, follower = pty.openpty()
    attributes = termios.tcgetattr(follower)
    attributes[3] &= ~termios.ECHO
    termios.tcsetattr(follower, termios.TCSANOW, attributes)
    os.write(leader, typed.encode())
    try:
        return subprocess.run(
            [sys.executable, "-m", "coolmail", *arguments, "--config", str(desk.config)],
            stdin=follower, capture_output=True, check=False, timeout=110,
        )  # fmt: skip
    finally:
        os.close(leader)
        os.close(follower)


@pytest.mark.parametrize(
    ("command", "answer", "decision"),
    [("release", "n", None), ("release", "y", Decision.RELEASE), ("cancel", "n", None)],
)
def test_at_a_terminal_it_asks(desk: Desk, command: str, answer: str, decision: Decision | None) -> None:
    """Yes decides, no leaves it as it is; hostile mail in the question does nothing."""
    hostile = "\x1b[2J\x9b31m [/] [bold]x \\"
    entry = desk.add(subject=hostile, recipients=(hostile,))
    done = at_a_terminal(desk, f"{answer}\n", command, entry.id)
    assert done.returncode == (0 if answer == "y" else 1), done.stderr
    assert desk.entry(entry.id).decision is decision
    assert b"[bold]x" in done.stderr
    assert not set(done.stdout + done.stderr) & {0x1B, 0x9B}


def test_resolve_needs_to_be_told_how(desk: Desk) -> None:
    """There is no guess to make: usage error, with the two commands."""
    entry = desk.add(state=State.REVIEW)
    result = desk.run("resolve", entry.id)
    assert result.exit_code == 2
    assert "release ID --again" in result.stderr


# -- restore


def test_purged_content_cannot_be_restored(desk: Desk) -> None:
    """It says that its time is over."""
    entry = desk.add(state=State.CANCELLED)
    desk.work(lambda journal: journal.purge(NOW + timedelta(days=91)))
    result = desk.run("restore", entry.id)
    assert result.exit_code == 1
    assert f"the content of {entry.id} was removed after its time" in result.stderr


def test_a_mail_that_waits_again_is_not_restored_beside_itself(desk: Desk) -> None:
    """It names the one that waits."""
    old = desk.add(state=State.CANCELLED)
    new = desk.add(state=State.HELD)
    result = desk.run("restore", old.id)
    assert result.exit_code == 1
    assert f"{old.id} is the same mail as {new.id}, which waits" in result.stderr
    assert desk.entry(old.id).decision is None


# -- extend


def test_extend_moves_the_deadline(desk: Desk) -> None:
    """From where it was, with an event, and the reminder comes again."""
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=5)
    entry = desk.add(hold_until=until, reminded_at=NOW)
    result = desk.run("extend", entry.id, "6h")
    assert result.exit_code == 0
    found = desk.entry(entry.id)
    assert (found.hold_until, found.reminded_at) == (until + timedelta(hours=6), None)
    events = desk.work(lambda journal: journal.events(entry.id))
    assert events[-1].what == "you let it wait 6 h longer"


def test_extend_counts_from_now_where_the_deadline_is_past(desk: Desk) -> None:
    """The daemon was not running: six hours longer means six hours from now."""
    entry = desk.add(hold_until=NOW)
    before = datetime.now(UTC)
    assert desk.run("extend", entry.id, "6h").exit_code == 0
    until = desk.entry(entry.id).hold_until
    assert until is not None
    assert before + timedelta(hours=6) <= until <= datetime.now(UTC) + timedelta(hours=6)


def test_extend_until_a_moment(desk: Desk) -> None:
    """In the user's zone; a day without a time means the start of the working day; several at once."""
    ids = [desk.add(number, hold_until=datetime.now(UTC)).id for number in range(2)]
    result = desk.run("extend", *ids, "tomorrow")
    assert result.exit_code == 0, result.output
    tomorrow = datetime.now(ZoneInfo("Europe/Copenhagen")).date() + timedelta(days=1)
    for identifier in ids:
        assert f"{identifier} waits until {tomorrow:%a %d %b} 09:00: Re: The invoice" in result.stdout
        until = desk.entry(identifier).hold_until
        assert until is not None
        assert f"{until.astimezone(ZoneInfo('Europe/Copenhagen')):%F %H:%M}" == f"{tomorrow} 09:00"


def test_extend_does_not_shorten(desk: Desk) -> None:
    """A moment before the deadline is a slip."""
    entry = desk.add(hold_until=datetime.now(UTC) + timedelta(days=3))
    result = desk.run("extend", entry.id, "tomorrow")
    assert result.exit_code == 2
    assert "can wait longer, not shorter" in result.stderr
    assert desk.entry(entry.id) == entry


def test_what_was_done_and_what_was_not_as_json(desk: Desk) -> None:
    """One row a message, in the order asked for; the exit code is as without --json."""
    sent, held = desk.add(1, state=State.FILED), desk.add(2)
    result = desk.run("cancel", "--yes", "--json", sent.id, held.id)
    assert result.exit_code == 1
    said = f"{sent.id} is filed; it is too late: the server has it"
    assert json.loads(result.stdout) == {
        "schema": 1,
        "running": False,
        "acts": [
            {"id": sent.id, "done": False, "said": said},
            {"id": held.id, "done": True, "said": f"{held.id} is cancelled: Re: The invoice"},
        ],
    }


@pytest.mark.parametrize("span", ["0s", "soon", "6", "", "99999d"])
def test_extend_by_what_is_no_time_is_a_usage_error(desk: Desk, span: str) -> None:
    """Exit code 2, nothing changed."""
    entry = desk.add(hold_until=NOW)
    result = desk.run("extend", entry.id, span)
    assert result.exit_code == 2
    assert desk.entry(entry.id) == entry


@pytest.mark.parametrize("state", sorted(FINISHED | {State.REVIEW, State.DUE, State.SUBMITTING}))
def test_only_a_held_message_can_be_extended(desk: Desk, state: State) -> None:
    """Exit code 1, and what it is instead."""
    entry = desk.add(state=state, hold_until=NOW)
    result = desk.run("extend", entry.id, "6h")
    assert result.exit_code == 1
    assert f"{entry.id} is not held, it is {state.value}: nothing was changed" in result.stderr
    assert desk.entry(entry.id) == entry
