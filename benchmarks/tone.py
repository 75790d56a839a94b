"""What judging costs: `python -m benchmarks.tone`.

- *a reply*: message, every sentence, kinds and evidence of a reply of 150 words, on one core; baseline: one bare forward pass of the same encoder
  over the same tokens, in the same process, taken in turns with it.
- *`check --jsonl`*: replies a second on two cores, the command as users run it; from the first answer to the last, and with starting and loading.
- *start*: from nothing to a worker that is ready, importing and loading included; baseline: a Python that imports torch.
- *memory*: the worker's resident memory as it waits for the next mail, its peak, and what is left of it after `idle`.
- *weights*: files of the model on disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.tables import about, head, row
from coolmail.cli.check import BATCH
from coolmail.tone import ToneWorker
from coolmail.tone.places import default_folder

REPLY = """\
Hi Daniel,

Thanks for sending the revised floor plan over so quickly. I went through it with Petra this morning and most of it works for us, in particular the
wider door to the store room and the second sink.

Two things are not what we agreed. The counter is now 3.20 m long, and the quote you signed on 12 May has it at 2.60 m, so the steel frame that we
ordered last week will not fit. And the lights above the bar were to be dimmable; the new list has the plain ones. I can change either back
until Thursday, after that the workshop starts cutting and a change would cost about 340 euros.

Could you tell me by Wednesday evening which of the two you want? If it is easier, call me on the site, I am there from eight until four.

Kind regards,
Ida Holm
"""
"""150 words."""

ROUNDS, REPLIES, STARTS = 40, 400, 5

ON_ONE_CORE = """
import json, statistics, sys, time
import torch
from coolmail.tone.model import ToneModel
from coolmail.tone.network import collate
from coolmail.tone.normalise import normalise
from coolmail.tone.places import default_folder
from coolmail.tone.sentences import split
from coolmail.tone.windows import windows

text, rounds = json.load(sys.stdin)
model = ToneModel.load(default_folder(), threads=1)
plain = normalise(text).text
(window,) = windows(model.tokenizer, plain, split(plain))
batch = collate([window])

@torch.inference_mode()
def bare():
    model.network.encoder(input_ids=batch.ids, attention_mask=batch.mask)

whole, baseline = [], []
for round in range(rounds + 5):
    for what, into in ((lambda: model.judge([text]), whole), (bare, baseline)):
        began = time.perf_counter()
        what()
        if round >= 5:
            into.append(time.perf_counter() - began)
print(json.dumps([statistics.median(whole), statistics.median(baseline), len(window.ids)]))
"""


@contextlib.contextmanager
def cores(count: int) -> Iterator[None]:
    """Keep this process, and whatever it starts, on the first cores that it may use."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(allowed)[:count])
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def python(*arguments: str, given: str = "") -> str:
    """Run Python and return what it printed."""
    done = subprocess.run([sys.executable, *arguments], input=given, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def reply() -> None:
    """Measure judging one reply."""
    with cores(1):
        whole, bare, tokens = json.loads(python("-c", ON_ONE_CORE, given=json.dumps([REPLY, ROUNDS])))
    row(
        f"a reply of {len(REPLY.split())} words, one core",
        f"{whole * 1000:.1f} ms",
        f"bare pass over {tokens} tokens {bare * 1000:.1f} ms",
        f"{whole / bare:.2f}",
        "75 ms, 1.5",
    )


def lines() -> None:
    """Measure `check --jsonl` on the written replies of the corpus, in the order of their files."""
    corpus = Path(__file__).parent.parent / "models/corpus/written"
    texts = [
        json.loads(line)["text"] for file in sorted(corpus.glob("*.jsonl")) for line in file.open(encoding="utf-8")
    ]
    texts = texts[:: len(texts) // REPLIES][:REPLIES]
    command = [sys.executable, "-m", "coolmail", "check", "--jsonl"]
    given = "".join(json.dumps({"id": number, "text": text}) + "\n" for number, text in enumerate(texts))
    with tempfile.TemporaryFile("w+", encoding="utf-8") as file, cores(2):
        file.write(given)
        file.seek(0)
        moments = [time.perf_counter()]
        with subprocess.Popen(command, stdin=file, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            moments += [time.perf_counter() for _ in process.stdout]
    assert len(moments) == len(texts) + 1
    steady = (len(texts) - BATCH) / (moments[-1] - moments[1])  # the first batch comes with the first answer
    row(
        f"`check --jsonl`, {len(texts)} replies of {sum(len(t.split()) for t in texts) / len(texts):.0f} words, two cores",
        f"{steady:.1f} replies/s",
        f"with loading {len(texts) / (moments[-1] - moments[0]):.1f} replies/s",
        "",
        "25 replies/s",
    )


async def worker() -> None:
    """Measure starting, memory, and the end of an idle worker."""
    starts, torch = [], []
    for _ in range(STARTS):
        async with ToneWorker() as judge:
            began = time.perf_counter()
            await judge.ready()
            starts.append(time.perf_counter() - began)
        began = time.perf_counter()
        python("-c", "import torch")
        torch.append(time.perf_counter() - began)
    whole, bare = statistics.median(starts), statistics.median(torch)
    row(
        "start of the worker: import and load",
        f"{whole:.2f} s",
        f"importing torch {bare:.2f} s",
        f"{whole / bare:.1f}",
        "3 s",
    )
    async with ToneWorker(idle=1.0) as judge:
        await judge.judge([REPLY] * 4)
        pid = judge.pid
        assert pid is not None
        await asyncio.sleep(0.5)  # after its answer it hands back what judging needed
        resident, peak = megabytes(pid, ("VmRSS", "VmHWM"))
        while judge.running:
            await asyncio.sleep(0.05)
    row("memory of the worker", f"{resident:.0f} MB", f"while loading {peak:.0f} MB", "", "450 MB")
    row("memory after `idle`", "the process is there" if exists(pid) else "the process is gone", "", "", "gone")


def exists(pid: int) -> bool:
    """Whether a process is there."""
    return Path(f"/proc/{pid}").exists()


def megabytes(pid: int, names: Iterable[str]) -> list[float]:
    """Return lines of a process's status in MB (10^6 bytes)."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return [int(status[name].split()[0]) * 1024 / 1e6 for name in names]


def weights() -> None:
    """Measure the files."""
    sizes = [file.stat().st_size / 1e6 for file in default_folder().iterdir()]
    row("model on disk", f"{sum(sizes):.0f} MB in all", f"largest file {max(sizes):.0f} MB", "", "100 MB, 60 MB a file")


def main() -> None:
    """Measure and print a table."""
    about("torch", "tokenizers", "safetensors")
    head("what", "median", "baseline", "ratio", "goal")
    reply()
    lines()
    asyncio.run(worker())
    weights()


if __name__ == "__main__":
    main()
