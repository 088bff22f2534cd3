"""Fixtures of the tests that speak to a simulated Azure, and who runs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulator.azure_here import lonely, pair, pair_running

__all__ = ["lonely", "pair", "pair_running"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a module on one worker: what its tests share is begun once, not once on each."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.relative_to(here).as_posix()))
