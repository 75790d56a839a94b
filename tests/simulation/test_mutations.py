"""The simulation is no empty proof: take one safeguard away, and it finds a broken promise."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any
from unittest import mock

import pytest

from coolmail.core import steps
from coolmail.core.states import State
from coolmail.daemon import carrying, filing, submitting, sweep, taking, telling
from coolmail.daemon.desk import Desk
from tests.simulation.journal import MemoryJournal
from tests.simulation.quick import quick
from tests.simulation.world import run

SEEDS = 6000

CLAIM = import_module("coolmail.mail.imap.claim")  # the package has a function of this name


def answering(value: Any) -> Callable[..., Any]:
    """Return a coroutine function that always answers the same."""

    async def answer(*_: Any, **__: Any) -> Any:
        return value

    return answer


async def send_blindly(desk: Desk, identifier: str, said: str | None = None) -> None:
    """Settle every doubt by sending again."""
    await desk.journal.move(identifier, State.SUBMITTING, State.DUE, now=desk.clock(), what="again", stage=None)


async def move_whatever_was_decided(self: MemoryJournal, *arguments: Any, **changes: Any) -> bool:
    """Move without a look at the user's decision."""
    return await plain_move(self, *arguments, **{**changes, "unless_stopped": False})


plain_move = MemoryJournal.move


@pytest.mark.parametrize(
    ("where", "name", "instead"),
    [
        (CLAIM, "_won", answering(True)),
        (submitting, "_last_look", answering(True)),
        (submitting, "settle", send_blindly),
        (submitting, "too_early", lambda *_: False),
        (steps, "_interrupted", lambda *_: steps.Step(steps.Do.REVIEW, steps.Role.SENDING, "at once")),
        (taking, "_came_ready", answering(True)),
        (taking, "_went_on_without_us", answering(False)),
        (telling, "copies", answering([])),
        (carrying, "_leave_alone", answering(True)),
        (carrying, "_remove_original", answering(None)),
        (sweep.Sweeper, "_is_version", answering(False)),
        (Desk, "is_at", answering(True)),
        (MemoryJournal, "move", move_whatever_was_decided),
        (filing, "_copy_to_sent", answering(None)),
    ],
)
def test_without_a_safeguard_a_promise_is_broken(where: Any, name: str, instead: Any) -> None:
    """Some seed among the first thousands tells which."""
    with quick(), mock.patch.object(where, name, instead):
        assert any(run(seed).failure is not None for seed in range(SEEDS))
