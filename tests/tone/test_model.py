"""What the installed model says of mail. The mails here stand nowhere in the corpus."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from coolmail.core.errors import CoolmailError
from coolmail.core.tone import Level
from coolmail.tone.errors import ModelUnavailable
from coolmail.tone.model import ToneModel
from coolmail.tone.places import default_folder

PAIRS = [
    (
        (
            "Hi Tom,\n\nAs I have now explained three times, the logo files were in the folder all along. Perhaps open it before "
            "you write the next complaint.\n\nKind regards\nAnna"
        ),
        (
            "Hi Tom,\n\nthe logo files are in the shared folder, in the one called Final. I'm sending the link again below so that "
            "you have it at hand.\n\nKind regards\nAnna"
        ),
    ),
    (
        (
            "Dear Ms Bell,\n\nIf reading a two-page contract is too much for you, I suggest you hire someone who can. The deposit "
            "is not refundable, and your tears won't change that.\n\nYours sincerely\nR. Voss"
        ),
        (
            "Dear Ms Bell,\n\nI understand this is disappointing. Under clause 4 of our contract the deposit cannot be refunded "
            "once the date is within thirty days. We can move the booking at no cost if that helps.\n\nYours sincerely\nR. Voss"
        ),
    ),
    (
        (
            "Paul, this is your mess, not mine. You ignored every deadline and now I am supposed to work the weekend? "
            "Forget it. Find some other idiot."
        ),
        (
            "Paul, I can't do this weekend. The texts came on Friday, so the earliest I can deliver is Wednesday noon. "
            "Would that still work for the printer?"
        ),
    ),
]
POLITE = {"Hi Tom,", "Dear Ms Bell,", "Kind regards", "Yours sincerely", "Anna", "R. Voss"}
LONG_CALM = "\n\n".join(
    f"On the {thing}: the draft is done, the measurements are in the sheet, and I will order the material on Monday. "
    f"If you prefer another colour for the {thing}, tell me by Thursday and I will change it in the plan."
    for thing in (
        "kitchen",
        "hallway",
        "bathroom",
        "staircase",
        "terrace",
        "garage",
        "attic",
        "cellar",
        "nursery",
        "study",
        "porch",
    )
)
HOSTILE = "Honestly, only a complete fool would have torn out that wall, and you did it behind my back."


@pytest.mark.parametrize(("hot", "calm"), PAIRS)
def test_heated_ranks_above_firm(model: ToneModel, hot: str, calm: str) -> None:
    """The same news said in anger is hotter than said with care."""
    first, second = model.judge([hot, calm])
    assert first.heat > second.heat + 0.2


@pytest.mark.parametrize(("hot", "calm"), PAIRS)
def test_the_hottest_sentence_is_one_that_a_reader_would_mark(model: ToneModel, hot: str, calm: str) -> None:
    """The greeting and the sign-off are never the hottest part of a heated mail."""
    del calm
    (report,) = model.judge([hot])
    hottest = max(report.sentences, key=lambda sentence: sentence.heat)
    assert hottest.text not in POLITE


@pytest.fixture(scope="module")
def buried() -> str:
    """A long, calm mail of several windows with one hostile line far beyond the first."""
    cut = LONG_CALM.index("\n\n", len(LONG_CALM) // 2)
    return f"{LONG_CALM}\n\n{LONG_CALM[:cut]}\n\n{HOSTILE}{LONG_CALM[cut:]}\n\n{LONG_CALM}"


def test_one_hostile_line_in_a_long_mail_is_the_hottest(model: ToneModel, buried: str) -> None:
    """No truncation: a line beyond the first window is judged, ranks first, and makes the mail hotter."""
    calm, hot = model.judge([LONG_CALM * 3, buried])
    assert hot.heat > calm.heat
    assert max(hot.sentences, key=lambda sentence: sentence.heat).text in HOSTILE


def test_one_hostile_line_in_a_long_mail_holds_it(model: ToneModel, buried: str) -> None:
    """One line that nobody should send is enough."""
    (report,) = model.judge([buried])
    assert report.level.held


def test_sentences_are_slices_of_the_text(model: ToneModel) -> None:
    """Offsets are those of the text as the author wrote it, disguises included."""
    text = "Hi,\n\nwhat a f\u200bu\u200bc\u200bking mess, y o u r e a l l y did it.  Send it t\u0301oday!!!!!!\n\nBo"
    (report,) = model.judge([text])
    assert [text[s.start : s.end] for s in report.sentences] == [s.text for s in report.sentences]
    assert "".join(s.text for s in report.sentences).replace(" ", "") == text.replace("\n", "").replace(" ", "")


def test_a_text_gets_one_report_whatever_it_is_judged_with(model: ToneModel) -> None:
    """Order and company change nothing."""
    texts = [text for pair in PAIRS for text in pair]
    together = model.judge(texts)
    assert [report.own_text for report in together] == texts
    assert [model.judge([text])[0].heat for text in texts] == pytest.approx(
        [report.heat for report in together], abs=1e-4
    )


@pytest.mark.parametrize("text", ["", "  \n\t ", "\u00a0"])
def test_nothing_to_judge_is_said(model: ToneModel, text: str) -> None:
    """An empty own text is calm and marked as not judged."""
    (report,) = model.judge([text])
    assert (report.judged, report.heat, report.level) == (False, 0.0, Level.CALM)
    assert report.notice


@pytest.mark.parametrize(
    "text", ["\u200b", "?", "\x00\x01\x02", "漢字" * 400, "a" * 20_000, "😀" * 300, "\ufffd" * 50, "." * 5000]
)
def test_odd_text_is_judged_without_harm(model: ToneModel, text: str) -> None:
    """Whatever the bytes were, there is a report with a heat between 0 and 1."""
    (report,) = model.judge([text])
    assert 0 <= report.heat <= 1
    assert all(0 <= sentence.heat <= 1 for sentence in report.sentences)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the installed model that a test may damage."""
    folder = tmp_path / "model"
    shutil.copytree(default_folder(), folder)
    return folder


@pytest.mark.parametrize(
    "name",
    ["config.json", "calibration.json", "tokenizer.json", "heads.safetensors", "model-00002-of-00002.safetensors"],
)
def test_a_missing_file_is_an_error_with_words(copy: Path, name: str) -> None:
    """Without any one of its files the model does not load, and the error says where to look."""
    (copy / name).unlink()
    with pytest.raises(ModelUnavailable, match=str(copy)):
        ToneModel.load(copy)


@pytest.mark.parametrize(
    "name", ["config.json", "tokenizer.json", "heads.safetensors", "model-00001-of-00002.safetensors"]
)
def test_a_cut_file_is_an_error_with_words(copy: Path, name: str) -> None:
    """Half a file is as bad as none, and is not mistaken for a whole one."""
    data = (copy / name).read_bytes()
    (copy / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(ModelUnavailable):
        ToneModel.load(copy)


def test_no_folder_is_an_error_that_callers_know(tmp_path: Path) -> None:
    """The error is one of coolmail's own, so that a message stays where it is."""
    with pytest.raises(CoolmailError, match="no tone model"):
        ToneModel.load(tmp_path / "nowhere")


def test_the_folder_keeps_to_its_size() -> None:
    """No file over 60 MB, 100 MB in all, nothing that would have to be unpickled."""
    files = list(default_folder().iterdir())
    assert max(path.stat().st_size for path in files) < 60e6
    assert sum(path.stat().st_size for path in files) < 100e6
    assert {path.suffix for path in files} <= {".json", ".safetensors", ".md"}
