"""Images of environments: is one in the replica of its registry that serves a region?

A managed deployment pulls the image of its environment from the registry's nearest replica.
Source: https://learn.microsoft.com/azure/container-registry/container-registry-geo-replication
"""

from __future__ import annotations

import re

from amlrunbook.simulator.registry_data import RegistryData
from amlrunbook.simulator.registry_replicas import has, is_dark, replica_regions
from amlrunbook.simulator.world import Document, World

_IMAGE = re.compile(
    r"^(?P<host>[^/]+)\.azurecr\.(io|us|cn)/(?P<repository>[^@:]+)"
    r"(:(?P<tag>[^@]+))?(@(?P<digest>sha256:[0-9a-f]{64}))?$"
)


def missing(
    world: World, workspace: Document, environment: Document, region: str, *, pulling: bool
) -> str | None:
    """Say why the image of an environment is not to be had in a region; ``None`` when it is.

    With ``pulling`` a replica whose own endpoint is dark does not count. An image outside Azure's
    registries, or of a registry that was never ours, is taken to be there.
    """
    image = environment.get("properties", {}).get("image")
    own = str(workspace.get("properties", {}).get("containerRegistry") or "").rpartition("/")[2]
    if not image:  # Azure builds it, and keeps it in the workspace's registry
        gone = bool(own) and own.lower() not in world.registries
        return f"the workspace's container registry {own} does not exist" if gone else None
    parts = _IMAGE.match(str(image))
    if parts is None:
        return None
    name = parts["host"].lower()
    registry = world.registries.get(name)
    if registry is None:
        return f"the container registry {name} does not exist" if name == own.lower() else None
    serving = _serving(world, registry, region, pulling=pulling)
    if serving is None:
        return f"no replica of the container registry {name} answers"
    manifest = registry.find(parts["repository"], parts["digest"] or parts["tag"] or "latest")
    if manifest is None:
        return f"the image {image} is not in the container registry {name}"
    if not has(world, registry, serving, manifest):
        return f"the image {image} is not in the replica {serving} of the registry {name}"
    return None


def _serving(world: World, registry: RegistryData, region: str, *, pulling: bool) -> str | None:
    """Return the replica that serves a region: its own, else the home region's, else any."""
    home, *others = replica_regions(world, registry)
    nearest = [region] if region in {home, *others} else []
    for candidate in (*nearest, home, *others):
        if not (pulling and is_dark(world, candidate)):
            return candidate
    return None
