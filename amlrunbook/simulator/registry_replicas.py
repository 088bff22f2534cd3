"""Which replica of a registry answers, and what it has.

``name`` is answered by the nearest replica that is well, the home region's first; ``name.region``
by that region's alone, as Azure's regional endpoints are.

Source: https://learn.microsoft.com/azure/container-registry/container-registry-geo-replication
"""

from __future__ import annotations

from amlrunbook.simulator.faults import Plane
from amlrunbook.simulator.registry_data import Manifest, RegistryData
from amlrunbook.simulator.world import Document, World

REGISTRIES = "Microsoft.ContainerRegistry/registries"
REPLICATION_SECONDS = 5.0
"""World seconds until a pushed manifest is in the other regions."""


def registry_of(world: World, host: str) -> RegistryData | None:
    """Return the registry that a host names: ``name`` or ``name.region``."""
    held = world.registries.get(host.partition(".")[0].lower())
    return held if held is not None and world.get(held.resource_id) else None


def serving_region(world: World, host: str) -> str | None:
    """Return the region that answers for a host; ``None`` when there is no such host."""
    registry = registry_of(world, host)
    if registry is None:
        return None
    candidates = replica_regions(world, registry)
    asked = host.partition(".")[2].lower()
    if asked:
        return asked if asked in candidates else None
    well = [region for region in candidates if not is_dark(world, region)]
    return (well or candidates)[0]


def replica_regions(world: World, registry: RegistryData) -> list[str]:
    """Return the regions whose replica answers for the registry: the home region first."""
    home = str((world.get(registry.resource_id) or {})["location"])
    enabled = {
        str(replica["location"])
        for replica in _replicas(world, registry)
        if replica["properties"].get("regionEndpointEnabled", True)
    }
    return [home, *sorted(enabled - {home})]


def _replicas(world: World, registry: RegistryData) -> list[Document]:
    under = f"{registry.resource_id}/replications/".lower()
    return [document for key, document in world.resources.items() if key.startswith(under)]


def is_dark(world: World, region: str) -> bool:
    """Do registries' own endpoints not answer in a region?"""
    now = world.now()
    return any(
        fault.is_on(now) and fault.darkens(Plane.DATA, region, REGISTRIES)
        for fault in world.faults.values()
    )


def has(world: World, registry: RegistryData, region: str, manifest: Manifest) -> bool:
    """Does the replica of a region have a manifest by now?"""
    if manifest.region == region:
        return True
    home = str((world.get(registry.resource_id) or {}).get("location"))
    if region != home:
        replica = world.get(f"{registry.resource_id}/replications/{region}") or {}
        status = replica.get("properties", {}).get("status", {}).get("displayStatus")
        if status != "Ready":
            return False
    return manifest.pushed_at + REPLICATION_SECONDS <= world.now()
