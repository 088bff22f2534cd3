"""Fixtures of the tests that speak to a simulated Azure."""

from __future__ import annotations

from tests.simulator.azure_here import lonely, pair, pair_running

__all__ = ["lonely", "pair", "pair_running"]
