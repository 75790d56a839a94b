"""The worker's own side: `python -m coolmail.tone.serve FOLDER [LABELS]`. Loads the model, answers requests on its pipes, ends at end of file."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import sys
from pathlib import Path
from typing import IO, Any

from coolmail.core.errors import CoolmailError
from coolmail.core.tone import Scale
from coolmail.tone.wire import LENGTH, frame, report_to_json


def _load(folder: Path, labels: dict[str, float]) -> Any:
    if labels:
        from coolmail.tone.foreign import ForeignModel  # noqa: PLC0415 - torch, only where it is needed

        return ForeignModel(folder, labels)
    from coolmail.tone.model import ToneModel  # noqa: PLC0415

    return ToneModel.load(folder)


def _give_back_memory() -> None:
    """Hand what loading or a request needed, and the next does not, back to the system; a C library without this call keeps it."""
    gc.collect()  # modules that were replaced by their int8 form
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _request(pipe: IO[bytes]) -> dict[str, Any] | None:
    head = pipe.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    request: dict[str, Any] = json.loads(pipe.read(LENGTH.unpack(head)[0]))
    return request


def main(arguments: list[str]) -> int:
    """Serve until the other side closes its pipe; return the exit status."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not end up among the frames
    folder = Path(arguments[0])
    labels = json.loads(arguments[1]) if len(arguments) > 1 else {}

    def answer(message: dict[str, Any]) -> None:
        answers.write(frame(message))
        answers.flush()

    try:
        model = _load(folder, labels)
    except CoolmailError as error:
        answer({"error": str(error)})
        return 1
    _give_back_memory()
    answer({"ready": True})
    while (request := _request(sys.stdin.buffer)) is not None:
        reports = model.judge(request["texts"], Scale(*request["scale"]))
        answer({"reports": [report_to_json(report) for report in reports]})
        _give_back_memory()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
