"""Fixtures for all tests: real servers on loopback."""

from __future__ import annotations

import os

pytest_plugins = ["tests.servers.fixtures"]

collect_ignore: list[str] = [] if os.environ.get("COOLMAIL_FAULTS") else ["faults"]
"""The crash and network-fault tests are still being built and take minutes: COOLMAIL_FAULTS=1 collects them."""
