"""The one command, on the real model and a corpus of a few mails."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from coolmail.tone.evaluate import NEEDED, main
from coolmail.tone.evaluation.judges import past
from coolmail.tone.places import default_folder
from tests.tone.evaluation.mail import labelled, row, store

SEEN = sorted(past(default_folder()).writers or ())[:2]
TRADES = ("baker", "joiner", "notary", "vet")
CALM = "Thank you for your message about the {0}. I can't lower the price of the {0}, and I'm sorry that it's not what you hoped for. Best wishes, Jo"
HOT = "I have told you four times what the {0} costs. Are you people unable to read? Pay for the {0} or stop wasting my time. Jo"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Two writers to learn from, one held out, both other languages; every label confirmed but one."""
    folder = tmp_path / "corpus"
    for name in (*(f"written/{writer}" for writer in SEEN), "written/w90", "measure/da", "measure/de"):
        writer = name.partition("/")[2]
        rows = []
        for trade in TRADES:
            rows.append(
                row(
                    f"{writer}-{trade}-c",
                    CALM.format(trade),
                    1,
                    pair=f"{writer}-{trade}",
                    scenario=f"{writer}-{trade}",
                    trade=trade,
                )
            )
            rows.append(
                row(
                    f"{writer}-{trade}-h",
                    HOT.format(trade),
                    4,
                    ["Are you people unable to read?"],
                    pair=f"{writer}-{trade}",
                    scenario=f"{writer}-{trade}",
                    trade=trade,
                )
            )
        store(folder, f"{name}.jsonl", rows)
        second = [
            {"id": one["id"], "grade": one["grade"], "hot": [piece["text"] for piece in one["hot"]]} for one in rows
        ]
        if writer == "w90":
            second[0]["grade"] = 3
        store(folder, f"second/{writer}.jsonl", second)
    return folder


def arguments(corpus: Path, out: Path, *more: str) -> list[str]:
    """Return a command line that is quick."""
    return ["--corpus", str(corpus), "--out", str(out), "--base", str(out / "none"), "--rounds", "50", *more]


def test_one_command_writes_the_report_its_data_and_the_charts(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same run again writes the same bytes; what could not be measured is said."""
    for module in NEEDED:
        pytest.importorskip(module)
    out = tmp_path / "report"
    public = tmp_path / "public"
    store(
        public,
        "toxicr.jsonl",
        [{"text": text, "toxic": hot} for text, hot in (("this is stupid, you idiot", 1), ("please rename this", 0))],
    )
    out.mkdir()
    run = {"mails": 16, "epochs": 1, "auc": 0.9, "low": 0.8, "high": 1.0, "recall_at_2": 0.5}
    (out / "learning-curve.json").write_text(json.dumps([run]), "utf-8")
    assert main(arguments(corpus, out, "--public", str(public))) == 0
    files = {path.name: path.read_bytes() for path in out.iterdir()}
    assert set(files) == {
        "learning-curve.json",
        "learning-curve.svg",
        "reliability.svg",
        "report.json",
        "report.md",
        "roc.svg",
    }
    data = json.loads(files["report.json"])
    english = data["sets"]["en"]
    assert (english["mails"], english["held"], english["grey"]["mails"]) == (7, 4, 1)
    assert english["auc"]["value"] == 1.0
    assert set(english["judges"]) == {"VADER", "TextBlob", "alt-profanity-check", "TF-IDF + logistic regression"}
    assert data["training"] == {"mails": 16, "writers": SEEN}
    assert data["public"]["toxicr"]["rows"] == 2
    report = files["report.md"].decode()
    assert "The frozen encoder was not measured" in report
    assert "nan" not in report.lower().replace("finan", "")
    assert str(tmp_path) not in report + files["report.json"].decode()
    assert "ROC-AUC 1.000 on 7 held-out mails" in " ".join(capsys.readouterr().err.split())
    assert main(arguments(corpus, out, "--public", str(public))) == 0
    assert {path.name: path.read_bytes() for path in out.iterdir()} == files


def test_a_damaged_corpus_leaves_the_old_report_alone(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One clear line, exit status 1."""
    for module in NEEDED:
        pytest.importorskip(module)
    out = tmp_path / "report"
    out.mkdir()
    (out / "report.md").write_text("the one before", "utf-8")
    with (corpus / f"written/{SEEN[0]}.jsonl").open("a", encoding="utf-8") as file:
        file.write("{\n")
    assert main(arguments(corpus, out)) == 1
    assert [path.name for path in out.iterdir()] == ["report.md"]
    assert f"{SEEN[0]}.jsonl, line 9" in " ".join(capsys.readouterr().err.split())


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """With the command that installs it."""
    for module in NEEDED:
        pytest.importorskip(module)
    for name in ("coolmail.tone.evaluation.run", "coolmail.tone.evaluation.baselines"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    for name in [name for name in sys.modules if name.partition(".")[0] == "vaderSentiment"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "vaderSentiment", None)
    assert main([]) == 1
    told = " ".join(capsys.readouterr().err.split())
    assert "vaderSentiment is not installed" in told
    assert "--group evaluate" in told


def test_a_quick_try_keeps_pairs_whole() -> None:
    """Whole scenarios are taken or left."""
    for module in NEEDED:
        pytest.importorskip(module)
    from coolmail.tone.evaluation.run import _some  # noqa: PLC0415 - needs the group `evaluate`

    mails = [labelled(f"w01-{n}", held=n % 2 == 0, scenario=f"s{n // 2}") for n in range(40)]
    kept = _some(mails, 10)
    assert len(kept) == 10
    assert {mail.scenario: sum(other.scenario == mail.scenario for other in kept) for mail in kept} == dict.fromkeys(
        ["s0", "s4", "s8", "s12", "s16"], 2
    )
    assert _some(mails, 0) == mails
