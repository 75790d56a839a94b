"""`coolmail` alone: the review that suits where it is called from."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from coolmail.core.states import Decision
from tests.cli.conftest import Desk
from tests.core.making import hot_report


def alone(desk: Desk, *arguments: str, typed: str | None = None, **environment: str) -> tuple[int, str]:
    """Run `coolmail` in a terminal of 80 by 24, type lines, and return its exit code and all it wrote."""
    control, terminal = pty.openpty()
    command = [sys.executable, "-m", "coolmail", "--config", str(desk.config), *arguments]
    env = {**os.environ, "COLUMNS": "80", "LINES": "24", **environment}
    process = subprocess.Popen(
        command, stdin=terminal, stdout=terminal, stderr=terminal, env=env, start_new_session=True
    )
    os.close(terminal)
    if typed is not None:
        os.write(control, typed.encode())
    written = b""
    try:
        while chunk := os.read(control, 65536):
            written += chunk
    except OSError:  # the other end was closed
        pass
    os.close(control)
    return process.wait(60), written.decode()


def test_without_a_terminal_it_lists(desk: Desk) -> None:
    """As `coolmail held` does."""
    entry = desk.add(report=hot_report())
    done = desk.process()
    assert (done.returncode, done.stdout) == (0, desk.process("held").stdout)
    assert entry.id.encode() in done.stdout


def test_plain_lines_are_answered_to_the_end(desk: Desk) -> None:
    """The commands run in the same window, with their own questions."""
    entry = desk.add(report=hot_report())
    code, said = alone(desk, "--plain", typed="w 1\nquit\n", TERM="xterm")
    assert code == 0
    assert "1: to bo@shop.example. Re: The invoice. Heated, 0.90." in said
    assert f"{entry.id} goes back to Drafts" in said
    assert desk.entry(entry.id).decision is Decision.WITHDRAW


def test_a_usage_error_in_plain_lines_is_a_sentence(desk: Desk) -> None:
    """And the review goes on."""
    desk.add(report=hot_report())
    code, said = alone(desk, "--plain", typed="release 1 --frobnicate\n1\nquit\n", TERM="xterm")
    assert code == 0
    assert "No such option: --frobnicate" in said
    assert "You wrote:" in said


def test_a_terminal_that_can_do_nothing_gets_plain_lines(desk: Desk) -> None:
    """TERM=dumb: an editor's shell, a serial line."""
    code, said = alone(desk, typed="quit\n", TERM="dumb")
    assert code == 0
    assert "Nothing waits." in said
    assert "\x1b[2J" not in said


def test_plain_is_for_the_review_alone(desk: Desk) -> None:
    """With a command it is a usage error."""
    done = desk.process("--plain", "held")
    assert done.returncode == 2
    assert b"--plain is for the review" in done.stderr


@pytest.mark.parametrize("where", ["before", "after"])
def test_the_configuration_may_be_named_before_the_command(desk: Desk, where: str) -> None:
    """It is never silently ignored."""
    entry = desk.add(report=hot_report())
    named = ["--config", str(desk.config)]
    command = [*named, "held"] if where == "before" else ["held", *named]
    done = subprocess.run([sys.executable, "-m", "coolmail", *command], capture_output=True, check=False, timeout=110)
    assert done.returncode == 0
    assert entry.id.encode() in done.stdout


def test_a_configuration_that_cannot_be_used_is_told_before_anything_is_drawn(desk: Desk) -> None:
    """Exit code 1, its line named."""
    desk.config.write_text("accounts: [")
    code, said = alone(desk, TERM="xterm")
    assert code == 1
    assert "cannot be used" in said
    assert "\x1b[?1049h" not in said
