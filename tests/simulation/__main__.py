"""`python -m tests.simulation`: tell one run, or record a campaign."""

from __future__ import annotations

import argparse
import sys

from tests.simulation.campaign import campaign
from tests.simulation.quick import quick
from tests.simulation.world import run


def main() -> int:
    """Run as told on the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="run one seed")
    parser.add_argument("-v", "--verbose", action="store_true", help="print what happened, step by step")
    parser.add_argument("--runs", type=int, default=10_000, help="how many seeds")
    parser.add_argument("--start", type=int, default=0, help="the first of them")
    parser.add_argument("--jobs", type=int, default=2, help="how many processes")
    parser.add_argument("--stop", type=int, default=20, help="stop after this many failures")
    arguments = parser.parse_args()
    if arguments.seed is None:
        return campaign(arguments.start, arguments.runs, arguments.jobs, arguments.stop)
    with quick():
        outcome = run(arguments.seed, traced=arguments.verbose)
    sys.stdout.write("".join(f"{line}\n" for line in outcome.trace))
    sys.stdout.write(f"seed {outcome.seed}: {outcome.failure or 'every promise was kept'} ({outcome.steps} steps)\n")
    return 1 if outcome.failure else 0


if __name__ == "__main__":
    raise SystemExit(main())
