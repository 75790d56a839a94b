"""The deterministic simulation: the real protocol code against in-memory servers, with faults at every await, all from one seed.

`python -m tests.simulation --seed N -v` tells the story of one run; `python -m tests.simulation --runs 1000000 --jobs 2` records a campaign.
"""
