"""The letters: each reads calm in each language, and the user's own templates take their place while they work."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from coolmail.calls.rendering import LANGUAGES
from coolmail.calls.suggestion import AT_ANY_TIME, LetterKind, write
from coolmail.core.tone import Level
from coolmail.tone.model import ToneModel
from coolmail.tone.places import default_folder
from tests.calls.test_suggestion import TUESDAY, situation
from tests.core.making import NOW

VARIANTS = {
    "with everything": {"phone": "+45 12 34 56 78", "number": "+45 33 12 34 56", "by": NOW + timedelta(days=2), "talked_at": NOW},
    "with little": {"slots": (), "talked_at": NOW},
    "first of its thread": {"in_reply_to": None, "references": [], "to": [("", "bo@shop.example")], "talked_at": NOW},
}  # fmt: skip


def test_every_letter_reads_calm() -> None:
    """By the model that comes with coolmail, in every language it is written in, filled in or not: none of them may be held."""
    named = {
        (language, kind, name): write(kind, situation(language=language, **values)).text  # type: ignore[arg-type]
        for language in LANGUAGES
        for kind in LetterKind
        for name, values in VARIANTS.items()
    }
    reports = ToneModel.load(default_folder()).judge(list(named.values()))
    hot = {name: report.heat for name, report in zip(named, reports, strict=True) if report.level is not Level.CALM}
    assert hot == {}
    assert all(report.judged and report.language == name[0] for name, report in zip(named, reports, strict=True))


@pytest.mark.parametrize("kind", LetterKind)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_letter_is_whole(kind: LetterKind, language: str) -> None:
    """Greeting and name, no gap where something is unknown, no more than one empty line."""
    for values in VARIANTS.values():
        said = write(kind, situation(language=language, **values)).text  # type: ignore[arg-type]
        assert said.startswith({"en": "Hello", "da": "Hej"}[language])
        assert said.endswith("\nAnna Holm\n")
        assert not re.search(r"\n\n\n|[ \t]\n|  |None|\{|\}", said)
        assert "\n\n" in said


def test_both_zones_stand_in_a_letter() -> None:
    """Where the client's clock shows another time."""
    theirs = ZoneInfo("America/New_York")
    found = [type(slot)(slot.start, slot.end, slot.start.astimezone(theirs)) for slot in TUESDAY]
    assert (
        "at 08:00 your time (14:00 Central European Time) suit you"
        in write(LetterKind.CALL, situation(slots=found)).text
    )


def test_what_only_the_user_knows_is_a_blank() -> None:
    """Each letter but those that need nothing has blanks to fill; none of them invents anything."""
    with_blanks = {kind for kind in LetterKind if "[…" in write(kind, situation()).text}
    assert with_blanks == set(LetterKind) - {LetterKind.CALL, LetterKind.ACKNOWLEDGE, LetterKind.INVITATION}
    assert LetterKind.DISCUSSED not in AT_ANY_TIME


# -- the user's own


def test_the_users_template_takes_the_place_of_ours(tmp_path: Path) -> None:
    """Named by kind and language, it knows the same values."""
    (tmp_path / "call.en.txt.j2").write_text("Dear {{ name }}, {{ slots | length }} times: {{ times }}. {{ sender }}\n")
    said = write(LetterKind.CALL, situation(templates=tmp_path))
    assert said == ("Dear Bo, 2 times: Tuesday 25 November at 10:00 or Tuesday 25 November at 14:00. Anna Holm\n", None)
    assert write(LetterKind.CALL, situation(templates=tmp_path, language="da")).text.startswith("Hej Bo")


def test_the_users_template_may_speak_another_language(tmp_path: Path) -> None:
    """One that has no built-in letter; without such a template, it is English."""
    assert write(LetterKind.CALL, situation(templates=tmp_path, language="de")).text.startswith("Hello")
    (tmp_path / "call.de.txt.j2").write_text("Hallo {{ name }}, passt {{ times }}?\n", "utf-8")
    said = write(LetterKind.CALL, situation(templates=tmp_path, language="de"))
    assert said.text == "Hallo Bo, passt Dienstag, 25. November, 10:00 oder Dienstag, 25. November, 14:00?\n"


def test_a_template_may_include_another_of_the_users(tmp_path: Path) -> None:
    """A signature, for one."""
    (tmp_path / "signature.txt.j2").write_text("{{ sender }}\nStudio Holm\n")
    (tmp_path / "call.en.txt.j2").write_text("Hi\n{% include 'signature.txt.j2' %}")
    assert write(LetterKind.CALL, situation(templates=tmp_path)).text == "Hi\nAnna Holm\nStudio Holm\n"


BROKEN = {
    "a block that does not end": ("Hi\n{% if name %}\n", "call.en.txt.j2, line 2: Unexpected end of template"),
    "a word that does not exist": ("Hi\n\n{{ nmae }}\n", "call.en.txt.j2, line 3: 'nmae' is undefined"),
    "no such filter": ("{{ name | shout }}", "call.en.txt.j2, line 1: No filter named 'shout'"),
    "an include that is not there": ("Hi\n{% include 'none.j2' %}", "call.en.txt.j2, line 2"),
    "an include from outside": ("Hi\n{% include '../config.yaml' %}", "call.en.txt.j2, line 2"),
    "arithmetic": ("\n{{ 1 / 0 }}", "call.en.txt.j2, line 2: division by zero"),
    "a wrong type": ("{{ name + 1 }}", "call.en.txt.j2, line 1"),
    "a way out of the sandbox": ("{{ ''.__class__.__mro__ }}", "call.en.txt.j2, line 1: access to attribute '__class__'"),
    "an endless range": ("{% for x in range(10**9) %}x{% endfor %}", "call.en.txt.j2, line 1: Range too big"),
    "nothing": ("  \n", "call.en.txt.j2 makes an empty letter"),
    "too much": ("{{ 'x' * 60000 }}", "call.en.txt.j2 makes a letter of more than"),
}  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_template_is_named_and_ours_is_used(tmp_path: Path, broken: str) -> None:
    """With the line; the client does not have to wait for its repair."""
    template, said = BROKEN[broken]
    (tmp_path / "call.en.txt.j2").write_text(template)
    text, remark = write(LetterKind.CALL, situation(templates=tmp_path))
    assert text == write(LetterKind.CALL, situation()).text
    assert remark is not None
    assert said in remark
    assert remark.startswith("your template ")
    assert remark.endswith("; the built-in one was used")


def test_a_template_that_is_no_text_is_named(tmp_path: Path) -> None:
    """Saved in Latin-1, for one."""
    (tmp_path / "call.en.txt.j2").write_bytes("Grüße".encode("latin-1"))
    text, remark = write(LetterKind.CALL, situation(templates=tmp_path))
    assert "Kind regards" in text
    assert remark is not None
    assert "call.en.txt.j2" in remark


def test_control_characters_of_a_template_stay_out(tmp_path: Path) -> None:
    """They would go to a client."""
    (tmp_path / "call.en.txt.j2").write_text("Hi \x1b[31m\u202e{{ name }}\n")
    assert write(LetterKind.CALL, situation(templates=tmp_path)).text == "Hi [31mBo\n"


def test_a_language_from_mail_is_no_path(tmp_path: Path) -> None:
    """It becomes part of a file name only if it looks like a language."""
    (tmp_path / "call.xx").mkdir()
    for language in ("../../etc", "xx/../en", "EN", "", "d\u00e9"):
        assert write(LetterKind.CALL, situation(templates=tmp_path, language=language)).remark is None
