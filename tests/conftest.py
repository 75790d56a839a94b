"""Fixtures for all tests: real servers on loopback."""

from __future__ import annotations

pytest_plugins = ["tests.servers.fixtures"]
