"""Fixtures for all tests: real servers on loopback."""

pytest_plugins = ["tests.servers.fixtures"]
