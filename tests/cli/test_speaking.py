"""`--read-aloud`: the words go to a speech program, safely, and what cannot be heard is said."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from coolmail.cli.speaking import PROGRAMS
from coolmail.core.states import State
from tests.cli.conftest import Desk
from tests.cli.test_deciding import at_a_terminal
from tests.core.making import OWN_TEXT, hot_report

ESPEAK = shutil.which("espeak-ng")


@pytest.fixture
def heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let a program that writes down what it is given stand in the place of the loudspeaker; return the file."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "espeak-ng"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/heard\ncat >> {tmp_path}/heard\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return tmp_path / "heard"


def test_show_reads_your_words(desk: Desk, heard: Path) -> None:
    """In the language of the mail; control characters are not spoken; the text stands on no command line."""
    entry = desk.add(report=hot_report(own_text=f"{OWN_TEXT}\x1b[2J\u202e"))
    result = desk.run("show", entry.id, "--read-aloud")
    assert result.exit_code == 0, result.output
    arguments, _, text = heard.read_text().partition("\n")
    assert arguments == "--stdin -p 40 -s 150 -v en"
    assert text == f"{OWN_TEXT}[2J"


def test_a_language_is_never_an_option(desk: Desk, heard: Path) -> None:
    """Whatever a model says it is."""
    entry = desk.add(report=hot_report(language="--path=/etc"))
    assert desk.run("show", entry.id, "--read-aloud").exit_code == 0
    assert "--path" not in heard.read_text()


def test_in_review_you_see_what_they_will_read_and_hear_it(desk: Desk, heard: Path) -> None:
    """Before the question; no marks in the text, as the client gets none."""
    entry = desk.add(state=State.REVIEW, report=hot_report())
    done = at_a_terminal(desk, "n\n", "release", entry.id, "--read-aloud")
    assert b"What they will read:" in done.stderr
    assert b"[blame" not in done.stderr
    assert heard.read_text().endswith(OWN_TEXT)
    assert desk.entry(entry.id).decision is None


def test_without_a_program_it_is_said(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """And how to get one; the text is shown all the same."""
    monkeypatch.setenv("PATH", "/nowhere")
    entry = desk.add(report=hot_report())
    result = desk.run("show", entry.id, "--read-aloud")
    assert result.exit_code == 0
    assert "no speech program was found (Debian: apt install espeak-ng)" in result.stderr
    assert "You never read what I send you!" in result.stdout


def test_a_program_that_fails_is_said(desk: Desk, heard: Path) -> None:
    """With its own last words."""
    program = heard.parent / "bin" / "espeak-ng"
    program.write_text("#!/bin/sh\necho 'error: no sound card' >&2\n")
    entry = desk.add(report=hot_report())
    assert "espeak-ng could not read it: error: no sound card" in desk.run("show", entry.id, "--read-aloud").stderr


@pytest.mark.skipif(ESPEAK is None, reason="no espeak-ng on this machine (Debian: apt install espeak-ng)")
def test_the_real_program_takes_these_arguments(tmp_path: Path) -> None:
    """Into a file instead of the loudspeaker: it is sound, and longer for a longer text."""
    sizes = []
    for words in ("Hello.", "Hello. " + OWN_TEXT):
        file = tmp_path / f"{len(words)}.wav"
        command = [str(ESPEAK), *PROGRAMS["espeak-ng"]("en"), "-w", str(file)]
        subprocess.run(command, input=words.encode(), check=True, timeout=60)
        assert file.read_bytes()[:4] == b"RIFF"
        sizes.append(file.stat().st_size)
    assert sizes[0] < sizes[1]
