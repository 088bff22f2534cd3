"""The blob service on ``/blob/{account}`` and its read-only twin ``/blob/{account}-secondary``."""

from __future__ import annotations

from starlette.routing import Route

from amlrunbook.simulator.azure import SimulatedAzure


def routes(azure: SimulatedAzure) -> list[Route]:  # noqa: ARG001
    """Return the routes of the blob service."""
    return []
