"""The promises hold in thousands of simulated worlds in which everything goes wrong.

`COOLMAIL_SIMULATIONS` sets how many (10,000), `COOLMAIL_SIMULATION_START` the first seed (0). A failing seed tells its story with
`python -m tests.simulation --seed N -v`.
"""

from __future__ import annotations

import multiprocessing
import os

import pytest

from tests.simulation.campaign import batches, some
from tests.simulation.quick import quick
from tests.simulation.world import run

RUNS = int(os.environ.get("COOLMAIL_SIMULATIONS", "10000"))
START = int(os.environ.get("COOLMAIL_SIMULATION_START", "0"))


@pytest.mark.timeout(1800)
def test_every_promise_holds_in_every_simulated_world() -> None:
    """Nothing is lost, nothing goes out twice, early, or after it was cancelled, whatever fails and whoever acts at the same moment."""
    failed, accepted = [], 0
    with multiprocessing.get_context("spawn").Pool(os.cpu_count() or 1) as pool:
        for outcomes, counts, _ in pool.imap_unordered(some, batches(START, RUNS)):
            failed += [f"seed {outcome.seed}: {outcome.failure}" for outcome in outcomes]
            accepted += counts["accepted"]
    assert not failed, "\n".join(sorted(failed))
    assert accepted > RUNS / 3, "too little mail went out to prove anything"


def test_a_seed_decides_the_whole_run() -> None:
    """The same seed gives the same run, step by step; so a failure can be told again."""
    with quick():
        for seed in range(20):
            first, second = (run(seed, traced=True) for _ in range(2))
            assert first == second


def test_a_world_without_faults_sends_what_is_calm_and_holds_what_is_hot() -> None:
    """The simulation is no empty proof: most letters that nobody touches reach their readers."""
    with quick():
        outcomes = [run(seed) for seed in range(200)]
    assert sum(outcome.counts.get("sent", 0) for outcome in outcomes) > 60
