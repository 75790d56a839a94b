"""The program as a whole: exit codes, start-up, trouble with configuration and journal, the lock of the daemon."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import coolmail
from coolmail.cli.app import COMMANDS, app
from coolmail.cli.running import only_one
from coolmail.journal import engine
from tests.cli.conftest import Desk


def names(*arguments: str) -> list[str]:
    """Return which heavy packages are loaded when the program has done this."""
    code = (
        "import sys\nfrom coolmail.cli.app import app\n"
        "try: app(sys.argv[1:], prog_name='coolmail')\n"
        "except SystemExit as end: code = end.code\n"
        "print('\\nLOADED', code, *sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True, timeout=110
    )
    code, *loaded = done.stdout.rpartition("LOADED ")[2].split()
    assert code == "0", done.stdout
    return [
        name
        for name in ("torch", "transformers", "tokenizers", "numpy", "sqlalchemy", "textual", "asyncio", "ssl", "http")
        if name in loaded
    ]


def test_help_loads_neither_torch_nor_transformers() -> None:
    """Start-up is cheap."""
    assert names("--help") == []


def test_no_plugin_of_a_library_sees_the_configuration(desk: Desk, tmp_path: Path) -> None:
    """Pydantic would load those of any installed package, and show them every password."""
    folder = tmp_path / "plugins"
    (folder / "spy-1.0.dist-info").mkdir(parents=True)
    (folder / "spy-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: spy\nVersion: 1.0\n")
    (folder / "spy-1.0.dist-info" / "entry_points.txt").write_text("[pydantic]\nspy = spy:plugin\n")
    (folder / "spy.py").write_text(f"open({str(tmp_path / 'seen')!r}, 'w').close()\nplugin = None\n")
    environment = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    desk.add()
    assert desk.process("held", env=environment).returncode == 0
    assert not (tmp_path / "seen").exists()
    model = "import pydantic\nclass Open(pydantic.BaseModel): x: int"
    subprocess.run([sys.executable, "-c", model], check=False, capture_output=True, env=environment)
    assert (tmp_path / "seen").exists()  # so it would have been found


def test_held_loads_neither_torch_nor_transformers(desk: Desk) -> None:
    """Nor does any command that only looks into the journal."""
    desk.add()
    assert names("held", "--config", str(desk.config)) == []


@pytest.mark.parametrize("command", [name for panel in COMMANDS.values() for name in panel])
def test_every_command_has_help(command: str) -> None:
    """With a sentence that says what it does."""
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert "." in result.stdout


def test_every_command_stands_in_the_list() -> None:
    """By panel, with a sentence each, in 80 columns."""
    said = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "80"}).stdout
    for panel, commands in COMMANDS.items():
        assert f"{panel}:\n" in said
        for name, (_, sentence) in commands.items():
            assert re.search(rf"^  {name} +{re.escape(sentence[:40])}", said, re.MULTILINE), name


def test_the_version(desk: Desk) -> None:
    """One line."""
    assert CliRunner().invoke(app, ["--version"]).stdout == f"coolmail {coolmail.__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["held", "--nonsense"],
        ["show"],
        ["extend", "abcd"],
        ["history", "-n", "0"],
        ["history", "-n", "x"],
    ],
)
def test_a_usage_error_is_exit_code_2(arguments: list[str]) -> None:
    """Before anything is opened."""
    assert CliRunner().invoke(app, arguments).exit_code == 2


# -- trouble with the configuration


def test_a_broken_configuration_is_exit_code_1_with_line_numbers(desk: Desk) -> None:
    """All problems, no traceback, nothing started."""
    desk.config.write_text(desk.config.read_text() + "colour: red\npoll: soon\n")
    done = desk.process("run")
    assert done.returncode == 1
    said = done.stderr.decode()
    assert "line 8: colour: there is no such key" in said
    assert "line 9: poll: 'soon' is not a duration" in said
    assert "Traceback" not in said
    assert done.stdout == b""
    assert not desk.journal.exists()


def test_a_missing_configuration_is_exit_code_1(desk: Desk, tmp_path: Path) -> None:
    """With what to do."""
    desk.config.unlink()
    result = desk.run("held")
    assert result.exit_code == 1
    assert "copy config.example.yaml there" in result.stderr


# -- trouble with the journal


def test_a_damaged_journal_is_one_line(desk: Desk) -> None:
    """Exit code 1; the mail is safe."""
    desk.journal.parent.mkdir()
    desk.journal.write_bytes(b"This is a shopping list.\n" * 400)
    result = desk.run("held")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"coolmail: the journal {desk.journal} is damaged")
    assert result.stderr.count("\n") == 1
    assert desk.journal.read_bytes().startswith(b"This is a shopping list.")


def test_a_locked_journal_is_one_line(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 1, nothing decided."""
    entry = desk.add()
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.1)
    with closing(sqlite3.connect(desk.journal, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        result = desk.run("cancel", "--yes", entry.id)
    assert result.exit_code == 1
    assert "locked by another program" in result.stderr
    assert desk.entry(entry.id) == entry


def test_a_journal_that_cannot_be_made_is_one_line(desk: Desk) -> None:
    """Its folder is a file."""
    desk.journal.parent.write_text("")
    result = desk.run("held")
    assert result.exit_code == 1
    assert str(desk.journal) in result.stderr


# -- one daemon a journal


def test_a_second_daemon_is_refused(desk: Desk) -> None:
    """Exit code 1, and how to learn more."""
    with only_one(desk.journal):
        done = desk.process("run")
    assert done.returncode == 1
    assert b"a daemon already works with the journal" in done.stderr


def test_the_lock_ends_with_the_process_however_it_ends(desk: Desk) -> None:
    """After kill -9 the next daemon starts."""
    code = (
        "import sys, pathlib, coolmail.cli.running as running\n"
        "with running.only_one(pathlib.Path(sys.argv[1])):\n"
        "    print('locked', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(desk.journal)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"locked\n"
        with pytest.raises(typer.Exit), only_one(desk.journal):
            pass
        process.send_signal(signal.SIGKILL)
    with only_one(desk.journal):
        pass


def test_the_lock_is_the_users_alone(desk: Desk) -> None:
    """Like everything else in that folder."""
    with only_one(desk.journal):
        (lock,) = desk.journal.parent.glob("*.lock")
        assert lock.stat().st_mode & 0o777 == 0o600
        assert desk.journal.parent.stat().st_mode & 0o777 == 0o700


def test_run_stops_cleanly_on_sigterm(desk: Desk) -> None:
    """With a server that is not there: it keeps trying, says so, and ends with exit code 0 when told to."""
    with subprocess.Popen(
        [sys.executable, "-m", "coolmail", "run", "--config", str(desk.config)], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        said = ""
        for line in process.stderr:
            said += line
            if "localhost" in line:
                break
        process.send_signal(signal.SIGTERM)
        said += process.stderr.read()
    assert process.returncode == 0, said
    assert "coolmail starts with work" in said
    assert "coolmail stops; what waits goes on at the next start" in said
    assert "Traceback" not in said
    assert desk.json("status")["running"] is False


def test_output_may_end_early(desk: Desk) -> None:
    """`coolmail history | head -1` is no error worth a traceback."""
    for number in range(5):
        desk.add(number)
    reading, writing = os.pipe()
    os.close(reading)
    done = desk.process("history", "--json", stdout=writing)
    os.close(writing)
    assert b"Traceback" not in done.stderr


def test_json_is_utf_8_whatever_the_locale(desk: Desk) -> None:
    """Programs read it; a subject beyond ASCII is no reason to fail."""
    desk.add(subject="Søren ✓ 👍")
    done = desk.process(
        "held", "--json", env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["held"][0]["subject"] == "Søren ✓ 👍"
