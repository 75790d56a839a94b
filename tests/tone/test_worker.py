"""The worker process: starts when needed, ends when idle, survives its own death."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from coolmail.tone import JudgeTimeout, ModelUnavailable, ToneWorker
from coolmail.tone.calibration import load
from coolmail.tone.places import default_folder

TEXTS = ["Thanks, that works for me.", "Are you even able to read? Useless.", "", "See you on Monday."]


@pytest.fixture
async def worker() -> AsyncIterator[ToneWorker]:
    """A worker that stays until the test ends."""
    async with ToneWorker(idle=60) as worker:
        yield worker


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition that nothing signals, such as the end of a process."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_reports_come_in_the_order_of_the_texts(worker: ToneWorker) -> None:
    """Each text gets its own report, an empty one included."""
    reports = await worker.judge(TEXTS)
    assert [report.own_text for report in reports] == TEXTS
    assert [report.judged for report in reports] == [True, True, False, True]
    assert max(reports, key=lambda report: report.heat).own_text == TEXTS[1]


async def test_it_starts_with_the_first_request_only(worker: ToneWorker) -> None:
    """No process before there is something to judge."""
    assert not worker.running
    assert await worker.judge([]) == []
    assert not worker.running
    await worker.ready()
    assert worker.running


async def test_tasks_take_turns(worker: ToneWorker) -> None:
    """Requests made at the same time get their own answers."""
    answers = await asyncio.gather(*(worker.judge([text]) for text in TEXTS))
    assert [report.own_text for (report,) in answers] == TEXTS


async def test_a_killed_worker_is_started_again(worker: ToneWorker) -> None:
    """A crash between requests goes unnoticed by whoever asks next."""
    (before,) = await worker.judge(TEXTS[:1])
    first = worker.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    (after,) = await worker.judge(TEXTS[:1])
    assert worker.pid != first
    assert after == before


async def test_a_worker_killed_over_a_request_is_asked_again(worker: ToneWorker) -> None:
    """A crash in the middle of a request costs time, not the answer."""
    await worker.ready()
    first = worker.pid
    assert first is not None
    os.kill(first, signal.SIGSTOP)
    asking = asyncio.create_task(worker.judge(TEXTS))
    await asyncio.sleep(0)
    os.kill(first, signal.SIGKILL)
    assert len(await asking) == len(TEXTS)


async def test_it_ends_when_idle_and_comes_back() -> None:
    """After `idle` seconds without a request its memory is free again."""
    async with ToneWorker(idle=0.05) as worker:
        await worker.judge(TEXTS[:1])
        await until(lambda: not worker.running)
        assert len(await worker.judge(TEXTS)) == len(TEXTS)


async def test_a_stuck_worker_is_given_up() -> None:
    """A request that takes too long is an error; the next one is answered."""
    async with ToneWorker(limit=0.5) as worker:
        await worker.ready()
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGSTOP)
        with pytest.raises(JudgeTimeout, match="not judged"):
            await worker.judge(["Hello."])
        worker.limit = 60
        assert len(await worker.judge(["Hello."])) == 1


async def test_a_cancelled_request_does_not_spoil_the_next(worker: ToneWorker) -> None:
    """Whoever asks after a cancelled request gets their own answer."""
    await worker.ready()
    asking = asyncio.create_task(worker.judge(TEXTS[:2] * 50))
    await asyncio.sleep(0.05)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    (report,) = await worker.judge(TEXTS[3:])
    assert report.own_text == TEXTS[3]


async def test_a_missing_model_is_said_before_anything_starts(tmp_path: Path) -> None:
    """The error names the folder."""
    async with ToneWorker(tmp_path / "nowhere") as worker:
        with pytest.raises(ModelUnavailable, match="nowhere"):
            await worker.judge(["Hello."])
        assert not worker.running


async def test_a_damaged_model_is_said_and_no_process_stays(tmp_path: Path) -> None:
    """What the process finds out reaches the caller in words."""
    (tmp_path / "calibration.json").write_bytes((default_folder() / "calibration.json").read_bytes())
    async with ToneWorker(tmp_path) as worker:
        with pytest.raises(ModelUnavailable, match=str(tmp_path)):
            await worker.ready()
        assert not worker.running


async def test_the_threshold_needs_no_process(worker: ToneWorker) -> None:
    """Where mail begins to be held is read from the calibration, or is the user's own."""
    assert worker.scale() == load(default_folder()).scale()
    assert ToneWorker(threshold=0.6).scale().heated == 0.6
    assert not worker.running


async def test_allowed_words_make_no_heat(worker: ToneWorker) -> None:
    """The report is about what was written; without the allowed word the text is as cold as with a word that is none."""
    text = "Are you bloody useless, or what? Call me about the bloody useless invoice."
    async with ToneWorker(idle=60, allow=["Bloody Useless"]) as lenient:
        (strict,), (plain,) = await worker.judge([text]), await worker.judge([text.replace("bloody useless", "X")])
        (allowed,) = await lenient.judge([text])
    assert (allowed.heat, allowed.own_text) == (plain.heat, text)
    assert allowed.heat < strict.heat
    assert [each.text for each in allowed.sentences] == [each.text for each in strict.sentences]


def test_importing_the_package_is_cheap() -> None:
    """The daemon's side imports neither torch nor transformers nor tokenizers."""
    code = (
        "import coolmail.tone, sys; sys.exit(bool({'torch', 'transformers', 'tokenizers', 'numpy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
