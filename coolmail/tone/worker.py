"""The tone model in a process of its own, so that the daemon neither blocks nor carries torch.

The process starts with the first request and ends after `idle` seconds without one, which gives its memory back. If it
dies over a request it is started again and asked once more; a text that kills it twice, or takes too long, is an error
for that request and nothing else. It is told to keep off the network.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from coolmail.core.settings import Sensitivity, Settings
from coolmail.core.tone import Scale, ToneReport
from coolmail.core.wordlists import neutralised
from coolmail.tone.calibration import load
from coolmail.tone.errors import JudgeTimeout, ModelUnavailable, WorkerError
from coolmail.tone.places import default_folder
from coolmail.tone.wire import LENGTH, frame, report_from_json

log = logging.getLogger("coolmail.tone")

OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_VERBOSITY": "error",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
}
START_LIMIT = 180.0  # seconds; a cold disk and a busy machine take their time
LIMIT_PER_CHARACTER = 1 / 2_000  # seconds
GRACE = 5.0  # seconds to end by itself before it is killed
ATTEMPTS = 2


class ToneWorker:
    """Judges texts in a worker process; safe to share between tasks, which take turns."""

    def __init__(
        self,
        folder: Path | None = None,
        *,
        labels: Sequence[tuple[str, float]] = (),
        idle: float = 300.0,
        limit: float = 60.0,
        sensitivity: Sensitivity = Sensitivity.NORMAL,
        threshold: float | None = None,
        allow: Sequence[str] = (),
    ) -> None:
        """Name the model folder (None: the one that comes with coolmail), `labels` if it is a foreign one.

        `allow` are words of the user's that make no heat by themselves (`coolmail.core.wordlists`).

        `idle` and `limit` are seconds: without a request before the process ends, and for a request (more for long texts).
        """
        self.folder = folder or default_folder()
        self.labels = dict(labels)
        self.idle = idle
        self.limit = limit
        self.sensitivity = sensitivity
        self.held_from = threshold
        self.allow = tuple(allow)
        self._process: asyncio.subprocess.Process | None = None
        self._log_task: asyncio.Task[None] | None = None
        self._idle_timer: asyncio.TimerHandle | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()

    @classmethod
    def from_settings(cls, settings: Settings) -> ToneWorker:
        """Make the worker that the user's settings ask for."""
        model, hold = settings.model, settings.hold
        return cls(
            Path(model.path).expanduser() if model.path else None,
            labels=model.labels,
            idle=model.idle.total_seconds(),
            sensitivity=hold.sensitivity,
            threshold=hold.threshold,
            allow=settings.allow,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int | None:
        """The process id while the process is there."""
        return self._process.pid if self._process is not None and self.running else None

    def scale(self) -> Scale:
        """Return the levels in force. Raises ModelUnavailable if the model's calibration cannot be read."""
        if self.labels:
            return Scale() if self.held_from is None else Scale().held_from(self.held_from)
        if not self.folder.is_dir():
            raise ModelUnavailable(
                f"There is no tone model in {self.folder}; reinstall coolmail or set model.path. Nothing is sent unscored."
            )
        return load(self.folder).scale(self.sensitivity, self.held_from)

    async def ready(self) -> None:
        """Start the process and wait until the model is loaded. Raises ToneError if it cannot be."""
        async with self._turn:
            self.scale()
            await self._start()
            self._rest()

    async def judge(self, texts: Sequence[str]) -> list[ToneReport]:
        """Read the tone of each text, in order.

        Raises ModelUnavailable, JudgeTimeout, or WorkerError where the process died twice over the request.
        """
        if not texts:
            return []
        scale = self.scale()
        neutral = [neutralised(text, self.allow) for text in texts]
        request = frame({"texts": [each.text for each in neutral], "scale": [scale.warm, scale.heated, scale.boiling]})
        limit = self.limit + LIMIT_PER_CHARACTER * sum(map(len, texts))
        async with self._turn:
            answer = await self._ask(request, limit)
            self._rest()
        if "error" in answer:
            raise WorkerError(answer["error"])
        return [
            each.back(report_from_json(data, each.text)) for data, each in zip(answer["reports"], neutral, strict=True)
        ]

    async def close(self) -> None:
        """End the process."""
        async with self._turn:
            await self._stop()

    async def _ask(self, request: bytes, limit: float) -> dict[str, Any]:
        for attempt in range(1, ATTEMPTS + 1):
            await self._start()
            try:
                async with asyncio.timeout(limit):
                    return await self._exchange(request)
            except TimeoutError:
                await self._stop(at_once=True)
                raise JudgeTimeout(
                    f"The tone model took longer than {limit:.0f} s over a message; the message was not judged."
                ) from None
            except (OSError, asyncio.IncompleteReadError) as error:
                await self._stop(at_once=True)
                log.warning("the tone worker died over a request (attempt %d of %d): %r", attempt, ATTEMPTS, error)
            except BaseException:  # cancelled half-way through an answer: the pipe is out of step
                await self._stop(at_once=True)
                raise
        raise WorkerError(
            "The tone model's process ended while it judged a message, twice; the message was not judged. The log says more."
        )

    async def _exchange(self, request: bytes | None) -> dict[str, Any]:
        assert self._process is not None  # noqa: S101
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None  # noqa: S101
        assert stdout is not None  # noqa: S101
        if request is not None:
            stdin.write(request)
            await stdin.drain()
        (length,) = LENGTH.unpack(await stdout.readexactly(LENGTH.size))
        answer: dict[str, Any] = json.loads(await stdout.readexactly(length))
        return answer

    async def _start(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None
        if self.running:
            return
        await self._stop(at_once=True)
        arguments = [str(self.folder), *([json.dumps(self.labels)] if self.labels else [])]
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "coolmail.tone.serve",
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **OFFLINE},
            start_new_session=True,  # a Ctrl-C in the terminal is the daemon's to answer
        )
        self._log_task = asyncio.create_task(_drain(self._process))
        try:
            async with asyncio.timeout(START_LIMIT):
                answer = await self._exchange(None)
        except TimeoutError:
            await self._stop(at_once=True)
            raise JudgeTimeout(f"The tone model in {self.folder} did not load within {START_LIMIT:.0f} s.") from None
        except (OSError, asyncio.IncompleteReadError) as error:
            await self._stop(at_once=True)
            raise WorkerError(
                f"The tone model's process ended before the model in {self.folder} was loaded; the log says why."
            ) from error
        except BaseException:
            await self._stop(at_once=True)
            raise
        if "error" in answer:
            await self._stop()
            raise ModelUnavailable(answer["error"])

    def _rest(self) -> None:
        """Let the process end itself if nothing more comes."""
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        self._idle_timer = asyncio.get_running_loop().call_later(self.idle, self._end_idle)

    def _end_idle(self) -> None:
        if not self._turn.locked():
            task = asyncio.create_task(self.close())
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def _stop(self, *, at_once: bool = False) -> None:
        process, self._process = self._process, None
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None
        if process is not None:
            if at_once and process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
            if process.stdin is not None:
                process.stdin.close()
            try:
                async with asyncio.timeout(GRACE):
                    await process.wait()
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if self._log_task is not None:
            await self._log_task
            self._log_task = None


async def _drain(process: asyncio.subprocess.Process) -> None:
    """Log what the worker prints, so that its pipe never fills."""
    assert process.stderr is not None  # noqa: S101
    while chunk := await process.stderr.read(4096):
        log.info("tone worker: %s", chunk.decode("utf-8", "replace").rstrip())
