"""Whether a service itself is well in a region, as far as the world's faults say."""

from __future__ import annotations

from amlrunbook.simulator.faults import Plane
from amlrunbook.simulator.places import region_name
from amlrunbook.simulator.world import Document, World


def dark_since(
    world: World, region: str, resource_type: str, plane: Plane = Plane.DATA
) -> float | None:
    """Return the world time since when a plane of a service is dark in a region, or ``None``.

    Only faults of all requests count.
    """
    name = region_name(region)
    found = [
        fault.since or 0.0
        for fault in world.faults.values()
        if fault.darkens(plane, name, resource_type)
    ]
    return min(found, default=None)


def answers(world: World, region: str, resource_type: str) -> bool:
    """Does a service's data plane answer in a region?"""
    return dark_since(world, region, resource_type) is None


def is_up(world: World, document: Document) -> bool:
    """Does what a document describes answer in its region?"""
    return answers(world, str(document["location"]), str(document["type"]))
