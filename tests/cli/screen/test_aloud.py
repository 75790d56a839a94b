"""`a` in the screen: the open message is read aloud, and the voice ends when it should."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from coolmail.cli.screen.keys import ACTS, ALWAYS, LIST, READING
from tests.cli.screen import shelf
from tests.cli.screen.conftest import Stage
from tests.cli.screen.test_keys import Sitting, sitting


@pytest.fixture
def voice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let a program that writes down what it is given, and then speaks for ten minutes, stand in the place of the loudspeaker; return its folder."""
    folder = tmp_path / "voice"
    folder.mkdir()
    program = folder / "espeak-ng"
    program.write_text(
        f"#!/bin/sh\ncat > {folder}/heard\necho $$ > {folder}/new\nmv {folder}/new {folder}/pid\nexec sleep 600\n"
    )
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


async def speaks(user: Sitting, voice: Path) -> int:
    """Open the message and let it be read; return the process that speaks."""
    await user.press("enter", "a")
    await user.says("Reading your words aloud")
    await user.until((voice / "pid").exists)
    return int((voice / "pid").read_text())


def gone(process: int) -> bool:
    """Whether a process has ended."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.parametrize("key", ["a", "escape", "n", "q"])
async def test_the_voice_ends(stage: Stage, voice: Path, key: str) -> None:
    """By the same key, and when the message or the screen is left; what it was given are the user's words alone."""
    async with sitting(stage) as user:
        process = await speaks(user, voice)
        assert (voice / "heard").read_text() == shelf.BOILING.own_text
        assert not gone(process)
        await user.press(key)
        await user.until(lambda: gone(process))


async def test_at_its_end_it_is_silent(stage: Stage, voice: Path) -> None:
    """And the key reads it again."""
    (voice / "espeak-ng").write_text(f"#!/bin/sh\ncat >> {voice}/heard\n")
    async with sitting(stage) as user:
        await user.press("enter", "a")
        await user.until(lambda: (voice / "heard").exists() and user.app.said == "")
        await user.press("a")
        await user.until(lambda: (voice / "heard").read_text() == 2 * shelf.BOILING.own_text and user.app.said == "")


async def test_without_a_program_it_is_said(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to install."""
    monkeypatch.setenv("PATH", "/nowhere")
    async with sitting(stage) as user:
        await user.press("enter", "a")
        await user.says("It cannot be read aloud: no speech program was found (Debian: apt install espeak-ng).")


async def test_what_has_no_words_is_not_read(stage: Stage, voice: Path) -> None:
    """An encrypted mail."""
    async with sitting(stage) as user:
        await user.choose("m5tq")
        await user.press("enter", "a")
        await user.says("There are no words of yours to read aloud.")
        assert not (voice / "heard").exists()


def test_its_key_is_free() -> None:
    """No key means two things in the same place."""
    for there in (LIST, READING):
        keys = [key for one in (*ACTS, *there, *ALWAYS) for key in one.key.split(",")]
        assert len(keys) == len(set(keys))
