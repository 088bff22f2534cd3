"""Fixtures for all tests."""

pytest_plugins = ["tests.simulator_fixtures"]
