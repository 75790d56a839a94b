"""The shell completes ids: bash is driven for real, and every shell gets what it expects."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from coolmail.core.states import State
from tests.cli.conftest import Desk
from tests.cli.test_showing import HOSTILE, OBEYED

COOLMAIL = shutil.which("coolmail", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")

pytestmark = pytest.mark.skipif(COOLMAIL is None, reason="the command coolmail is not installed beside this Python")

Complete = Callable[..., list[str]]


@pytest.fixture
def complete(desk: Desk, tmp_path: Path) -> Complete:
    """Return what bash offers for the last of these words, with the completion that coolmail installs."""

    def offered(*words: str) -> list[str]:
        line = ("coolmail", *words)
        script = (
            'eval "$(_COOLMAIL_COMPLETE=source_bash coolmail)"\n'
            f"COMP_WORDS=({' '.join(repr(word) for word in line)}); COMP_CWORD={len(words)}\n"
            '_coolmail_completion coolmail; printf "%s\\n" "${COMPREPLY[@]}"'
        )
        environment = {**os.environ, "PATH": f"{Path(str(COOLMAIL)).parent}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run(
            ["bash", "-c", script], capture_output=True, text=True, check=True, timeout=110, env=environment
        )
        assert done.stderr == ""
        return done.stdout.split()

    return offered


def test_bash_completes_commands_and_ids(desk: Desk, complete: Complete) -> None:
    """What waits, for every command that takes an id; one that was named already is not offered again."""
    first, second = desk.add(1), desk.add(2, state=State.REVIEW)
    desk.add(3, state=State.FILED)
    config = ("--config", str(desk.config))
    assert "release" in complete("rel")
    assert set(complete("show", *config, "")) == {first.id, second.id}
    assert complete("cancel", *config, first.id[:3]) == [first.id]
    assert complete("show", *config, first.id, "") == [second.id]
    assert set(complete("undo", *config, "")) == {first.id, second.id}


def test_a_finished_one_is_offered_once_it_is_begun(desk: Desk, complete: Complete) -> None:
    """For `log`, `show`, `restore`."""
    gone = desk.add(1, state=State.CANCELLED)
    assert complete("restore", "--config", str(desk.config), "") == []
    assert complete("restore", "--config", str(desk.config), gone.id[:2]) == [gone.id]


def test_without_a_configuration_nothing_is_offered_and_nothing_said(complete: Complete) -> None:
    """A shell that prints an error at every Tab is no help."""
    assert complete("show", "--config", "/nowhere/config.yaml", "") == []


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_get_ids_with_their_subjects(desk: Desk, shell: str) -> None:
    """Which are hostile mail's to write: nothing that a terminal obeys, nothing that a shell would run (zsh evaluates what it gets)."""
    entry = desk.add(1, subject=f"Re: logo $(touch /tmp/x) `id` ';\"|& {HOSTILE}")
    words = f"coolmail show --config {desk.config} "
    environment = {
        **os.environ,
        "_COOLMAIL_COMPLETE": f"complete_{shell}",
        "_TYPER_COMPLETE_ARGS": words,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    done = subprocess.run([str(COOLMAIL)], capture_output=True, text=True, check=False, timeout=110, env=environment)
    assert entry.id in done.stdout
    assert "Re logo" in done.stdout
    assert not set("$`;|&<>\\") & set(done.stdout.replace("_arguments", ""))
    assert not OBEYED.search(done.stdout.replace("\t", " "))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_has_a_script(shell: str) -> None:
    """`coolmail --install-completion` writes it where the shell looks."""
    environment = {**os.environ, "_COOLMAIL_COMPLETE": f"source_{shell}"}
    done = subprocess.run([str(COOLMAIL)], capture_output=True, text=True, check=False, timeout=110, env=environment)
    assert "_COOLMAIL_COMPLETE" in done.stdout
