"""Fixtures for all tests, and the two profiles of the tests that try examples.

Every run takes a few examples of each; with ``-m campaign`` those very tests are part of the campaign and take many.
"""

from __future__ import annotations

import pytest
from hypothesis import is_hypothesis_test, settings

from tests.examples import CAMPAIGN, CI

pytest_plugins = ["tests.simulator_fixtures"]
"""Fixtures of the tests that speak to a simulated Azure."""


def _is_campaign(config: pytest.Config) -> bool:
    return bool(config.option.markexpr.strip() == CAMPAIGN)


def pytest_configure(config: pytest.Config) -> None:
    """Choose the profile, before any test module is read."""
    settings.load_profile(CAMPAIGN if _is_campaign(config) else CI)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let a campaign have the tests that try examples, before tests are chosen by their markers."""
    if not _is_campaign(config):
        return
    for item in items:
        if isinstance(item, pytest.Function) and is_hypothesis_test(item.function):
            item.add_marker(CAMPAIGN)
