"""`coolmail check`: what it reads, what it prints, and what it refuses. The model is the real one, so these are few."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import typer

from coolmail.cli.check import _print, _row, looks_like_mail
from coolmail.core.advice import INSTEAD, reasons
from coolmail.core.policy import Outcome, Verdict
from coolmail.core.tone import Kind
from coolmail.tone.places import default_folder
from tests.cli.conftest import Desk
from tests.cli.test_showing import OBEYED
from tests.core.making import NOW, hot_report

HOT = "You never read what I send you! This is the third time you waste my day, you incompetent fool."
CALM = "Thank you for the quick answer. Tuesday at ten suits me well."
MESSAGE = f"""\
From: anna@studio.example
To: bo@shop.example
Subject: =?utf-8?q?Re=3A_The_=1B=5B2Jinvoice?=
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

{HOT} \x1b[31m\u202e<script>

-- \x20
Anna Holm, Studio

On Monday Bo wrote:
> You are a disgrace and a liar!
""".replace("\n", "\r\n").encode()

needs_model = pytest.mark.skipif(
    not (default_folder() / "config.json").exists(), reason="the tone model is not in models/"
)


def check(desk: Desk, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the command in a process of its own."""
    return desk.process("check", *arguments, stdin=None, input=given)


@needs_model
def test_a_message_is_judged_by_its_own_text(desk: Desk, tmp_path: Path) -> None:
    """JSON as DESIGN.md has it; neither the signature nor the client's own words count; whatever the verdict, it is no failure."""
    file = tmp_path / "draft.eml"
    file.write_bytes(MESSAGE)
    done = check(desk, str(file), "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {"heat", "level", "verdict", "language", "own_text", "sentences"} <= set(found)
    assert (found["verdict"] == "hold") is (found["level"] in ("heated", "boiling"))
    assert HOT in found["own_text"]
    assert "disgrace" not in found["own_text"]
    assert "Studio" not in found["own_text"]
    assert found["reasons"]
    assert set(found["advice"]) == {INSTEAD[Kind(kind)] for s in found["sentences"] for kind in s["kinds"]} != set()
    for sentence in found["sentences"]:
        assert found["own_text"][sentence["start"] : sentence["end"]] == sentence["text"]
        assert 0 <= sentence["heat"] <= 1
    assert not OBEYED.search(done.stdout.decode())


@needs_model
def test_a_file_that_is_no_text_is_survived(desk: Desk) -> None:
    """Whatever it is taken for, there is an answer for people, no traceback, and nothing that a terminal obeys."""
    done = check(desk, given=bytes(range(256)) * 10 + "\x9b\u202e[/] [bold] :boom:".encode())
    assert done.returncode == 0, done.stderr
    said = done.stdout.decode()
    assert "would be " in said
    assert "[/] [bold] :boom:" in said
    assert not OBEYED.search(said)


@needs_model
def test_lines_of_json_are_answered_in_order(desk: Desk) -> None:
    """Any id, blank lines skipped, bytes that are no text no obstacle, more than one batch."""
    rows = [{"id": number, "text": CALM if number % 2 else HOT} for number in range(18)]
    rows += [{"id": ["x", None], "text": ""}, {"id": "søren\x1b", "text": "\u202e\x9b"}]
    given = b"\n\n".join(json.dumps(row).encode() for row in rows) + b'\n{"id": "raw", "text": "\xff\xfe"}\n'
    done = check(desk, "--jsonl", given=given)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["id"] for answer in answers] == [*(row["id"] for row in rows), "raw"]
    assert all(hot["heat"] > calm["heat"] for hot, calm in itertools.pairwise(answers[:18]) if hot["id"] % 2 == 0)
    assert {key for answer in answers for key in answer} == {"id", "heat", "level", "verdict", "sentences"}
    assert not OBEYED.search(done.stdout.decode())


FINNISH = (
    "Hei Bo, kiitos viestistäsi. Lähetän laskun perjantaina niin kuin sovimme, ja kerron vielä, sopiiko tapaaminen."
)


@needs_model
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("On Monday Bo wrote:\n> You are a disgrace and a liar!\n", "There is no text of your own"),
        ("", "There is no text of your own"),
        (FINNISH, "a language that the tone model does not know (fi)"),
    ],
    ids=["only quotes", "nothing", "Finnish"],
)
def test_what_is_not_judged_says_so(desk: Desk, body: str, said: str) -> None:
    """Nothing of one's own is sent; a language that the model does not know is held if the user wants it so; both for people and programs."""
    desk.config.write_text(desk.config.read_text().replace("hold: {", "hold: {unknown_language: hold, "))
    message = (
        f"From: anna@studio.example\nTo: bo@shop.example\nContent-Type: text/plain; charset=utf-8\n\n{body}".encode()
    )
    found = json.loads(check(desk, "--json", given=message).stdout)
    assert (found["judged"], found["heat"], found["sentences"]) == (False, 0, [])
    assert said in found["notice"]
    assert found["verdict"] == ("hold" if body == FINNISH else "send")
    assert said in check(desk, given=message).stdout.decode()


@needs_model
def test_the_users_own_words_count(desk: Desk) -> None:
    """An allowed word makes no heat, a watched one holds; the quoted client may write what they like."""
    desk.config.write_text(desk.config.read_text() + "allow: [Bloody Useless]\nwatch_words: [invoice, liar]\n")
    text = "The Bloody\nUseless labels are printed, the INVOICE follows.\n\nOn Monday Bo wrote:\n> You liar!\n"
    found = json.loads(check(desk, "--json", given=text.encode()).stdout)
    assert found["verdict"] == "hold"
    assert found["reasons"][0] == 'holds your watch word "invoice"'
    assert found["level"] in ("calm", "warm")
    assert "Bloody\nUseless" in found["own_text"]


@needs_model
def test_a_megabyte_of_quotes_is_no_burden(desk: Desk) -> None:
    """What the author wrote above them is judged, nothing else."""
    mail = HOT + "\n\nOn Monday Bo wrote:\n" + "> Where is the logo? You are a liar.\n" * 28_000
    found = json.loads(check(desk, "--json", given=mail.encode()).stdout)
    assert found["own_text"].strip() == HOT
    assert found["heat"] > 0


@needs_model
@pytest.mark.parametrize("damage", ["no folder", "no weights", "cut weights", "another config"])
def test_without_a_whole_model_nothing_is_judged(desk: Desk, tmp_path: Path, damage: str) -> None:
    """Exit code 1, one line that says which folder and what to do, and no verdict."""
    folder = tmp_path / "model"
    if damage != "no folder":
        shutil.copytree(default_folder(), folder)
        (shard, *_) = sorted(folder.glob("model*.safetensors"))
        if damage == "no weights":
            shard.unlink()
        elif damage == "cut weights":
            shard.write_bytes(shard.read_bytes()[:100_000])
        else:
            (folder / "config.json").write_text('{"model_type": "gpt2"}')
    desk.config.write_text(desk.config.read_text() + f"model: {{path: {folder}}}\n")
    for arguments, given in ((["--json"], CALM), (["--jsonl"], json.dumps({"id": 1, "text": CALM}))):
        done = check(desk, *arguments, given=given.encode())
        assert (done.returncode, done.stdout) == (1, b"")
        (line,) = done.stderr.decode().splitlines()
        assert str(folder) in line
        assert "reinstall" in line
        assert "Nothing is sent unscored" in line


def test_a_held_mail_is_shown_with_what_would_happen(capsys: pytest.CaptureFixture[str]) -> None:
    """For people: the words with their kinds, the heat, the verdict with its reasons, what works better."""
    _print(hot_report(), Verdict(Outcome.HOLD, reasons(hot_report()), NOW))
    said = capsys.readouterr().out
    assert "You never read what I send you! [blame, anger]" in said
    assert "heat █████████░ 0.90 heated" in said
    assert "would be held: blames the client once; shows open anger once" in said
    assert f"better: {INSTEAD[Kind.BLAME]}" in said


# -- without the model


@pytest.mark.parametrize("name", ["missing.eml", "."])
def test_a_file_that_cannot_be_read_is_exit_code_1(desk: Desk, tmp_path: Path, name: str) -> None:
    """One line, with its name."""
    result = desk.run("check", str(tmp_path / name))
    assert result.exit_code == 1
    assert re.fullmatch(r"coolmail: .* cannot be read: (No such file or directory|Is a directory)\n", result.stderr)


def test_a_file_larger_than_any_mail_is_refused(desk: Desk, tmp_path: Path) -> None:
    """Before anything is made of it."""
    file = tmp_path / "film"
    with file.open("wb") as film:
        film.truncate(64_000_001)
    result = desk.run("check", str(file))
    assert result.exit_code == 1
    assert "is larger than 64 MB; that is no mail" in result.stderr


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (MESSAGE, True),
        (b"Subject: x\n\nbody", True),
        (b"From x Mon Nov 24 12:00:00 2025\nSubject: x\n\nbody", True),
        (b"\r\n\r\nSubject: x\r\n\r\nbody", True),
        (b"Received: from a\r\n\tby b\r\nX-Y: z\r\n\r\n", True),
        (b"Subject: only headers", True),
        (b"", False),
        (b"\n\n", False),
        (CALM.encode(), False),
        (b"Note: please read\n\nbody", False),
        (b"Hello Bo,\n\nFrom: me\n", False),
        (b"Dear Bo: this is it\nSubject: x\n\n", False),
        (b" Subject: x\n\nbody", False),
        (b"\x89PNG\r\n\x1a\n\0", False),
    ],
)
def test_a_message_is_told_from_a_plain_text(raw: bytes, expected: bool) -> None:
    """By header lines alone, at least one of which mail has."""
    assert looks_like_mail(raw) is expected


@pytest.mark.parametrize("line", [b"no json", b"[]", b'{"id": 1}', b'"x"', b"\xff"])
def test_a_line_that_is_none_is_named(line: bytes) -> None:
    """By its number, with how a line looks."""
    with pytest.raises(typer.Exit) as end:
        _row(line.decode("utf-8", "replace"), 7)
    assert end.value.exit_code == 1
