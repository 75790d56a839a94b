"""`coolmail edit`: what the user's editor writes waits in the journal for the daemon, or lies in a file that is named. Nothing is lost."""

from __future__ import annotations

import json
import re
import stat
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from coolmail.core.entry import Entry
from coolmail.core.states import Decision, Stage, State
from coolmail.journal import Errand
from coolmail.journal.edits import EDIT, EDIT_AND_SEND, pending
from coolmail.mail.message import read_draft
from coolmail.tone.places import default_folder
from tests.cli.conftest import Desk
from tests.cli.test_deciding import at_a_terminal
from tests.core.making import NOW, hot_report

ANGRY = "You never read what I send you! Find another idiot who works for you."
KIND = "Thank you for the quick answer. Could we talk tomorrow at ten?"
QUOTED = "On Mon, 24 Nov 2025 at 10:00, Bo <bo@shop.example> wrote:\r\n> Where is it?\r\n"
RAW = (
    "From: anna@studio.example\r\nTo: bo@shop.example\r\nSubject: Re: The invoice\r\nMessage-ID: <m1@studio.example>\r\n"
    "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    f"{ANGRY}\r\n\r\nAnna\r\n\r\n{QUOTED}"
).encode()

Editor = Callable[[str], Path]

needs_model = pytest.mark.skipif(
    not (default_folder() / "config.json").exists(), reason="the tone model is not in models/"
)


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Editor:
    """Make a shell script the user's editor; $1 in it is the file."""

    def made(script: str) -> Path:
        path = tmp_path / "an editor"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o700)
        monkeypatch.delenv("VISUAL", raising=False)
        monkeypatch.setenv("EDITOR", f"'{path}' --wait")
        path.write_text(f"#!/bin/sh\nshift\n{script}\n")
        return path

    return made


def held(desk: Desk, **more: object) -> Entry:
    """Put a heated message into the journal that goes out tomorrow."""
    usual = {"raw": RAW, "report": hot_report(), "hold_until": datetime.now(UTC) + timedelta(hours=20)}
    return desk.add(**{**usual, **more})


def waiting(desk: Desk, entry: Entry) -> Errand | None:
    """Return the edit that waits for the daemon."""
    return desk.work(lambda journal: pending(journal, entry.id))


def sheets(desk: Desk) -> list[Path]:
    """Return the files that are kept."""
    return sorted((desk.journal.parent / "edits").glob("*"))


REWRITE = f"sed -i 's/^You never.*/{KIND}/' \"$1\""


@needs_model
def test_an_edited_text_is_judged_at_once_and_waits(desk: Desk, editor: Editor) -> None:
    """Only the own text is in the editor; everything else keeps its bytes, but for a Message-ID of its own."""
    entry = held(desk)
    seen = desk.journal.parent / "seen"
    editor(f'cp "$1" "{seen}"; stat -c %a "$1" >> "{seen}"; {REWRITE}')
    result = desk.run("edit", entry.id)
    assert result.exit_code == 0, result.output
    assert seen.read_text() == f"{ANGRY}\n\nAnna\n600\n"
    assert re.search(r"was edited: was 0\.\d\d (heated|boiling), now 0\.\d\d calm; it waits until", result.stdout)
    assert "The daemon is not running" in result.stdout
    edit = waiting(desk, entry)
    assert edit is not None
    assert (edit.kind, edit.role) == (EDIT, "held")
    assert edit.message_id != entry.message_id
    assert edit.raw.replace(edit.message_id.encode(), b"<m1@studio.example>") == RAW.replace(
        ANGRY.encode(), KIND.encode()
    )
    assert read_draft(edit.raw).message_id == edit.message_id
    assert sheets(desk) == []
    assert desk.entry(entry.id) == entry


@needs_model
def test_yes_sends_what_is_calm_and_no_more(desk: Desk, editor: Editor) -> None:
    """Several at once; what still reads heated waits on, --yes or not."""
    calm, hot = held(desk), held(desk, message_id="<m2@studio.example>")
    editor(f'case "$1" in *{calm.id}*) {REWRITE};; *) sed -i \'s/idiot/fool/\' "$1";; esac')
    result = desk.run("edit", calm.id, hot.id, "--yes", "--json")
    assert result.exit_code == 0, result.output
    acts = json.loads(result.stdout)["acts"]
    assert [act["sends"] for act in acts] == [True, False]
    assert [act["after"]["level"] in ("calm", "warm") for act in acts] == [True, False]
    assert acts[0]["before"]["heat"] > acts[0]["after"]["heat"]
    kinds = [waiting(desk, entry) for entry in (calm, hot)]
    assert [edit and edit.kind for edit in kinds] == [EDIT_AND_SEND, EDIT]


@needs_model
@pytest.mark.parametrize(("answer", "kind"), [("y\n", EDIT_AND_SEND), ("\n", EDIT)])
def test_at_a_terminal_it_asks_whether_to_send(desk: Desk, editor: Editor, answer: str, kind: str) -> None:
    """Enter means no."""
    entry = held(desk)
    editor(REWRITE)
    done = at_a_terminal(desk, answer, "edit", entry.id)
    assert done.returncode == 0, done.stderr
    assert re.search(rb"was 0\.\d\d \w+, now 0\.\d\d calm: send now\? \[y/N\]", done.stderr)
    edit = waiting(desk, entry)
    assert edit is not None
    assert edit.kind == kind


@needs_model
def test_a_second_edit_begins_with_the_first(desk: Desk, editor: Editor) -> None:
    """Though the daemon has not been there to put it in its place."""
    entry = held(desk)
    editor(REWRITE)
    assert desk.run("edit", entry.id).exit_code == 0
    editor("sed -i 's/at ten/at noon/' \"$1\"")
    assert desk.run("edit", entry.id).exit_code == 0
    edit = waiting(desk, entry)
    assert edit is not None
    assert b"talk tomorrow at noon?" in edit.raw
    assert len(desk.work(lambda journal: journal.errands("work"))) == 2


@needs_model
def test_the_whole_message_can_be_edited(desk: Desk, editor: Editor) -> None:
    """With --raw: the subject, say; line ends are those of mail again."""
    entry = held(desk)
    editor("sed -i 's/^Subject:.*/Subject: Sorry/' \"$1\"")
    result = desk.run("edit", entry.id, "--raw")
    assert result.exit_code == 0, result.output
    edit = waiting(desk, entry)
    assert edit is not None
    assert edit.raw.replace(edit.message_id.encode(), b"<m1@studio.example>") == RAW.replace(
        b"Subject: Re: The invoice", b"Subject: Sorry"
    )


@needs_model
def test_without_a_model_it_is_edited_all_the_same(desk: Desk, editor: Editor, tmp_path: Path) -> None:
    """The daemon judges it before it goes; not even --yes sends it."""
    entry = held(desk)
    desk.config.write_text(desk.config.read_text() + f"model: {{path: {tmp_path / 'nowhere'}}}\n")
    editor(REWRITE)
    result = desk.run("edit", entry.id, "--yes")
    assert result.exit_code == 0, result.output
    assert "It could not be judged here" in result.stderr
    edit = waiting(desk, entry)
    assert edit is not None
    assert edit.kind == EDIT


# -- what goes wrong

FAILING = [
    ("exit 3", "ended with status 3. Nothing was changed", None),
    ("echo Bad words > \"$1\"; exit 3", "ended with status 3. Nothing was changed", "Bad words\n"),
    (": > \"$1\"", "the text is empty; nothing was changed", None),
    ("echo > \"$1\"", "the text is empty; nothing was changed", "\n"),
    ("true", "stays as it is: you changed nothing", None),
    ("rm \"$1\"", "left no file that can be read", None),
    ("printf 'na\\357ve\\n' > \"$1\"", "did not write UTF-8", b"na\xefve\n"),
    ("printf 'a\\0b\\n' > \"$1\"", "is no text", b"a\0b\n"),
    ("rm -f \"$1\"; (umask 0; echo mine > \"$1\"); exit 1", "ended with status 1", "mine\n"),
]  # fmt: skip


@pytest.mark.parametrize(("script", "said", "kept"), FAILING)
def test_an_editor_that_does_not_end_well_changes_nothing(
    desk: Desk, editor: Editor, script: str, said: str, kept: str | bytes | None
) -> None:
    """It is said, and what was written is kept in a private file that is named."""
    entry = held(desk)
    editor(script)
    result = desk.run("edit", entry.id)
    assert result.exit_code == 1
    assert said in result.stderr
    assert waiting(desk, entry) is None
    assert desk.entry(entry.id) == entry
    if kept is None:
        assert sheets(desk) == []
        return
    (sheet,) = sheets(desk)
    assert f"What you wrote is kept in {sheet}" in result.stderr
    assert sheet.read_bytes() == (kept if isinstance(kept, bytes) else kept.encode())
    assert (stat.S_IMODE(sheet.stat().st_mode), stat.S_IMODE(sheet.parent.stat().st_mode)) == (0o600, 0o700)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("/nowhere/vi", "cannot be started: No such file"),
        ("'unclosed", "is not a command"),
        ("", "no editor was found"),
    ],
)
def test_an_editor_that_is_not_there(desk: Desk, monkeypatch: pytest.MonkeyPatch, name: str, said: str) -> None:
    """It is named, and nothing was changed."""
    entry = held(desk)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", name)
    monkeypatch.setenv("PATH", "/nowhere")
    result = desk.run("edit", entry.id)
    assert result.exit_code == 1
    assert said in result.stderr
    assert sheets(desk) == []


BROKEN = [
    ("sed -i '/^To:/d' \"$1\"", "no recipient"),
    ("sed -i 's/^To: /To /' \"$1\"", "damaged"),
]


@pytest.mark.parametrize(("script", "said"), BROKEN)
def test_a_raw_message_that_was_broken_is_refused(desk: Desk, editor: Editor, script: str, said: str) -> None:
    """The file is kept: it can be mended."""
    entry = held(desk)
    editor(script)
    result = desk.run("edit", entry.id, "--raw")
    assert result.exit_code == 1
    assert said in result.stderr
    assert waiting(desk, entry) is None
    (sheet,) = sheets(desk)
    assert str(sheet) in result.stderr


SIGNED = RAW.replace(b"text/plain; charset=utf-8", b'multipart/signed; boundary="b"')


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"state": State.FILED}, "is filed; only what is held or in Review can be edited"),
        ({"state": State.DUE}, "is due; only what is held or in Review can be edited"),
        ({"state": State.REVIEW, "stage": Stage.DATA}, "it is not known whether"),
        ({"decision": Decision.CANCEL}, "you decided on"),
        ({"raw": SIGNED}, "carries a digital signature"),
    ],
)
def test_what_cannot_be_edited_is_said_before_the_editor_opens(
    desk: Desk, editor: Editor, more: dict[str, object], said: str
) -> None:
    """Nobody writes for nothing."""
    entry = held(desk, **more)
    opened = desk.journal.parent / "opened"
    editor(f'touch "{opened}"')
    result = desk.run("edit", entry.id)
    assert result.exit_code == 1
    assert said in result.stderr
    assert not opened.exists()


def test_one_that_moves_on_meanwhile_is_left_and_the_text_is_kept(desk: Desk, editor: Editor, tmp_path: Path) -> None:
    """It was cancelled while the editor was open."""
    entry = held(desk)
    editor(f"{REWRITE}; {sys.executable} -m coolmail cancel --yes {entry.id} --config {desk.config}")
    result = desk.run("edit", entry.id)
    assert result.exit_code == 1
    assert f"you decided on {entry.id} already (cancel)" in result.stderr
    (sheet,) = sheets(desk)
    assert KIND in sheet.read_text()
    assert waiting(desk, entry) is None


def test_one_that_goes_out_soon_is_warned_about(desk: Desk, editor: Editor) -> None:
    """With the command that gives more time."""
    entry = held(desk, hold_until=datetime.now(UTC) + timedelta(minutes=12))
    editor("true")
    assert f"{entry.id} goes out in 1" in desk.run("edit", entry.id).stderr


def test_a_release_before_the_daemon_came_is_for_the_edited_version(desk: Desk) -> None:
    """Whatever the edit was asked to do; an edit that is already in its place changes nothing about the release."""
    entry = held(desk)
    edit = Errand(entry.id, "work", EDIT, "held", RAW, "<e@studio.example>", NOW)
    desk.work(lambda journal: journal.ask(edit))
    assert desk.run("release", "--yes", entry.id).exit_code == 0
    found = waiting(desk, entry)
    assert found is not None
    assert found.kind == EDIT_AND_SEND
