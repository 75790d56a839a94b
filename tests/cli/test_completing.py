"""The shell completes ids: bash, zsh and fish are driven for real."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from coolmail.core.states import State
from coolmail.journal import Journal
from tests.cli.conftest import Desk
from tests.cli.screen import shelf
from tests.cli.screen.terminal import Terminal, terminal, unavailable
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


SHELLS = {
    "zsh": ("zsh -f -i", 'autoload -U compinit; compinit -u -D; eval "$(_COOLMAIL_COMPLETE=source_zsh coolmail)"'),
    "fish": (
        "fish --no-config -i -C 'function fish_prompt; echo -n \"now> \"; end'",
        "_COOLMAIL_COMPLETE=source_fish coolmail | source",
    ),
}
"""How a shell is started without anybody's own settings, and how it learns to complete."""


async def at_a_prompt(screen: Terminal, shell: str, home: Path) -> None:
    """Start a shell in a wide terminal, and let it learn to complete."""
    command, learn = SHELLS[shell]
    path = f"{Path(str(COOLMAIL)).parent}{os.pathsep}{os.environ['PATH']}"
    screen.start(
        shlex.split(command),
        HOME=str(home),
        PATH=path,
        PS1="now> ",
        EDITOR="ed",
        VISUAL="ed",
        TERM="screen",
        LANG="C.UTF-8",
    )
    screen.resize(220, 24)
    await screen.shows("now>")
    screen.type(f"{learn}; echo ready | tr a-z A-Z")
    screen.press("Enter")
    await screen.shows("READY")


@pytest.mark.parametrize("shell", SHELLS)
async def test_a_shell_completes_what_is_typed(desk: Desk, tmp_path: Path, shell: str) -> None:
    """The key Tab, at a real prompt: ids with their subjects where there are several, the rest of the word where there is one."""
    if reason := unavailable():
        pytest.skip(reason)
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} on this machine (Debian: apt install {shell})")
    trap = tmp_path / "trap"
    async with Journal.open(desk.journal) as journal:
        for identifier, number, subject in (
            ("k7mw", 1, "The new logo"),
            ("p3xa", 2, f"Re: $(touch {trap}) `touch {trap}`"),
        ):
            readers = ("bo@shop.example",)
            await shelf.put(journal, identifier, number, subject=subject, recipients=readers, report=shelf.HEATED)
    command = f"coolmail cancel --config {desk.config} "
    with terminal(tmp_path) as screen:
        await at_a_prompt(screen, shell, tmp_path)
        screen.type(command)
        screen.press("Tab")
        await screen.shows("k7mw", "The new logo", "p3xa", "touch")
        screen.press("C-c")
        screen.type(f"{command}k")
        screen.press("Tab")
        await screen.shows(f"{command}k7mw")
        screen.press("C-a")
        screen.type("echo ")
        screen.press("Enter")
        await screen.shows(f"\n{command}k7mw")
    assert not trap.exists()
