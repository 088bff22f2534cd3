"""Where a request goes: which plane, which region, which resource type."""

from __future__ import annotations

from typing import TypedDict

from amlrunbook.simulator.arm_path import ArmPath, parents, parse
from amlrunbook.simulator.faults import Plane
from amlrunbook.simulator.registry_replicas import REGISTRIES, serving_region
from amlrunbook.simulator.world import World

_CONTROL = frozenset({"subscriptions", "tenants", "providers", "metadata"})
_DATA = frozenset({"blob", "file", "azureml", "front", "inference", "keyvault", "registry"})
_VAULTS = "Microsoft.KeyVault/vaults"
_LEARNING = {
    "azureml": "Microsoft.MachineLearningServices/workspaces",
    "inference": "Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
}
"""Resource types of Azure Machine Learning's own addresses, which name their region."""


class Place(TypedDict):
    """The region and the resource type that a request goes to."""

    region: str | None
    resource_type: str | None


def plane_of(path: str) -> Plane:
    """Return the plane that a path belongs to."""
    first = path[1:].partition("/")[0].lower()
    if first in _CONTROL:
        return Plane.CONTROL
    return Plane.DATA if first in _DATA else Plane.IDENTITY


def service_of(path: str) -> str:
    """Return which service's own endpoint a path is on: its first segment, in lower case."""
    return path[1:].partition("/")[0].lower()


def locate(world: World, plane: Plane, path: str) -> Place:
    """Return the region that serves a path, and its resource type; ``None`` where there is none."""
    if plane is Plane.CONTROL:
        return _control(world, path)
    if plane is Plane.DATA:
        if service_of(path) == "keyvault":
            return Place(region=_vault_region(world, path), resource_type=_VAULTS)
        if service_of(path) == "registry":
            host = [*path.split("/"), ""][2].lower()
            return Place(region=serving_region(world, host), resource_type=REGISTRIES)
        if (learning := _LEARNING.get(service_of(path))) is not None:
            return Place(region=[*path.split("/"), ""][2].lower() or None, resource_type=learning)
        return Place(
            region=_data_region(world, path),
            resource_type="Microsoft.Storage/storageAccounts",
        )
    return Place(region=None, resource_type=None)


def _control(world: World, path: str) -> Place:
    arm = parse(path)
    kind = arm.collection_type or arm.resource_type
    if arm.types and arm.types[0].lower() == "locations":
        return Place(region=arm.names[0].lower(), resource_type=kind)
    for scope in parents(arm.resource_id):
        document = world.get(scope)
        if parse(scope).namespace is None:
            break
        if document is not None and "location" in document:
            return Place(region=region_name(document["location"]), resource_type=kind)
    return Place(region=_group_region(world, arm), resource_type=kind)


def _group_region(world: World, arm: ArmPath) -> str | None:
    """Return the region of the group of a resource that does not exist: it keeps its metadata."""
    if arm.namespace is None or arm.tail is not None or arm.group is None:
        return None
    group = world.get(f"/subscriptions/{arm.subscription}/resourceGroups/{arm.group}")
    return region_name(str(group["location"])) if group else None


def _data_region(world: World, path: str) -> str | None:
    parts = path.split("/")
    if len(parts) < 3:  # noqa: PLR2004
        return None
    name = parts[2].lower()
    document = world.storage_account(name.removesuffix("-secondary"))
    if document is None:
        return None
    properties = document.get("properties", {})
    where = properties.get("primaryLocation") or document["location"]
    if name.endswith("-secondary"):
        where = properties.get("secondaryLocation")
    return region_name(where) if where else None


def _vault_region(world: World, path: str) -> str | None:
    vault = world.vaults.get([*path.split("/"), ""][2].lower())
    document = world.get(vault.resource_id) if vault else None
    return region_name(str(document["location"])) if document else None


def region_name(text: str) -> str:
    """Return a region's name from its name or display name: ``East US`` is ``eastus``."""
    return text.replace(" ", "").lower()
