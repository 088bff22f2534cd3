"""Whether something holds in the world: what goals, harms and moments of a drill ask."""

from __future__ import annotations

import hashlib
from fnmatch import fnmatchcase
from typing import Any

from amlrunbook.simulator import fronts, ml_serving
from amlrunbook.simulator.arm_path import parse
from amlrunbook.simulator.belongings import kept_names, names_of, written_over
from amlrunbook.simulator.blob_states import base, shown
from amlrunbook.simulator.catalog import BY_TYPE
from amlrunbook.simulator.drill_data import (
    BlobName,
    Condition,
    ImageName,
    RequestPattern,
    SecretName,
)
from amlrunbook.simulator.faults import FaultKind, Plane, Target
from amlrunbook.simulator.places import locate
from amlrunbook.simulator.world import Document, World

_SILENCING = frozenset({FaultKind.DARK, FaultKind.HANG, FaultKind.ERROR})
_UNDER_WAY = frozenset({"creating", "deleting", "failed", "accepted", "updating"})
COMPARED = ("equals", "not_equals", "one_of", "contains", "at_least", "at_most")
"""The keys that compare a value at a path."""


def holds(world: World, condition: Condition) -> bool:
    """Return whether ``condition`` holds in the world now."""
    return count(world, condition) > 0


def count(world: World, condition: Condition) -> int:
    """Return how often ``condition`` holds: requests and losses are counted, all else is 0 or 1."""
    if condition.request is not None:
        return sum(fits(change, condition.request) for change in world.drill.changes)
    if condition.lost is not None:
        pattern = condition.lost.lower()
        return sum(fnmatchcase(name.lower(), pattern) for name in lost(world))
    if condition.any_of is not None:
        return int(any(holds(world, one) for one in condition.any_of))
    if condition.all_of is not None:
        return int(all(holds(world, one) for one in condition.all_of))
    if condition.blob is not None:
        held = _has_blob(world, condition.blob, condition.equals)
        return int(held is (condition.exists is not False))
    if condition.secret is not None:
        return int(_has_secret(world, condition.secret) is (condition.exists is not False))
    if condition.image is not None:
        return int(_has_image(world, condition.image) is (condition.exists is not False))
    if condition.front is not None:
        served = serves(world, condition.front, str(condition.contains or ""))
        return int(served is (condition.exists is not False))
    return int(_resource_fits(world, condition))


def serves(world: World, front: str, by: str = "") -> bool:
    """Return whether callers of a front are served: its region answers, and its endpoint is well.

    ``by`` is a part of the id of the endpoint that has to serve them.
    """
    held = world.fronts.get(front)
    endpoint = world.get(held.chosen) if held is not None else None
    if endpoint is None or by.lower() not in str(endpoint["id"]).lower():
        return False
    if ml_serving.ailment(world, endpoint) is not None:
        return False
    path = fronts.resolved(world, f"/front/{front}", "POST")
    where = locate(world, Plane.DATA, path)
    return not _is_silenced(world, Target(plane=Plane.DATA, method="POST", path=path, **where))


def region_is_silent(world: World, region: str, resource_type: str) -> bool:
    """Return whether the control plane of a type of resource does not answer in a region."""
    target = Target(
        plane=Plane.CONTROL, method="PUT", path="", region=region, resource_type=resource_type
    )
    return _is_silenced(world, target)


def _is_silenced(world: World, target: Target) -> bool:
    return any(
        fault.kind in _SILENCING and fault.count is None and fault.matches(target)
        for fault in world.faults.values()
    )


def lost(world: World) -> list[str]:
    """Return the names of what was there at the alarm, or written since, and cannot be had back."""
    gone = set(world.drill.there) - names_of(world) - kept_names(world)
    return sorted(gone | written_over(world))


def fits(change: Any, pattern: RequestPattern) -> bool:
    """Return whether a change is one that ``pattern`` counts."""
    return (
        (change.changed or pattern.refused)
        and fnmatchcase(change.method.lower(), pattern.method.lower())
        and fnmatchcase(change.path.lower(), pattern.path.lower())
    )


def found_resources(world: World, pattern: str) -> list[Document]:
    """Return the resources whose id is ``pattern``, or fits it where it has a ``*``."""
    if "*" not in pattern:
        document = resource_at(world, pattern)
        return [] if document is None else [document]
    wanted = pattern.lower()
    return [doc for key, doc in world.resources.items() if fnmatchcase(key, wanted)]


def resource_at(world: World, resource_id: str) -> Document | None:
    """Return a resource, or a child that exists without having been created."""
    document = world.get(resource_id)
    path = parse(resource_id)
    kind = BY_TYPE.get((path.resource_type or "").lower())
    if document is None and kind is not None and kind.implied is not None:
        parent = world.get(resource_id.rsplit("/", 2)[0])
        return kind.implied(world, parent, path.name) if parent is not None else None
    return document


def _resource_fits(world: World, condition: Condition) -> bool:
    found = found_resources(world, condition.resource or "")
    if condition.path is None:
        made = [document for document in found if not _under_way(document)]
        return bool(made) is (condition.exists is not False)
    if condition.exists is False:
        return all(value_at(document, condition.path) is None for document in found)
    return any(_value_fits(value_at(document, condition.path), condition) for document in found)


def _under_way(document: Document) -> bool:
    state = document.get("properties", {}).get("provisioningState", "")
    return str(state).lower() in _UNDER_WAY


def _value_fits(value: Any, condition: Condition) -> bool:
    """Return whether a value meets every comparison of the condition."""
    if value is None:
        return condition.not_equals is not None
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    contained = value if isinstance(value, str | list | dict) else ()
    return (
        (condition.equals is None or value == condition.equals)
        and (condition.not_equals is None or value != condition.not_equals)
        and (condition.one_of is None or value in condition.one_of)
        and (condition.contains is None or condition.contains in contained)
        and (condition.at_least is None or (numeric and value >= condition.at_least))
        and (condition.at_most is None or (numeric and value <= condition.at_most))
    )


def value_at(document: Document, path: str) -> Any:
    """Return the value at a dotted path, whatever the letter case of its keys; ``None`` if absent."""
    value: Any = document
    for part in path.split("."):
        if isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
            continue
        if not isinstance(value, dict):
            return None
        value = next((v for k, v in value.items() if k.lower() == part.lower()), None)
    return value


def _has_blob(world: World, name: BlobName, text: Any) -> bool:
    """Return whether a blob is there, and holds ``text`` where that is given."""
    account = world.accounts.get(name.account.lower())
    container = account.containers.get(name.container) if account else None
    found = [
        current
        for held, states in (container.blobs.items() if container else ())
        if fnmatchcase(held, name.name) and (current := base(shown(states))) is not None
    ]
    if text is None:
        return bool(found)
    digest = hashlib.sha256(str(text).encode()).hexdigest()
    return any(blob.digest == digest for blob in found)


def _has_image(world: World, name: ImageName) -> bool:
    registry = world.registries.get(name.registry.lower())
    return registry is not None and registry.find(name.repository, name.tag) is not None


def _has_secret(world: World, name: SecretName) -> bool:
    vault = world.vaults.get(name.vault.lower())
    return vault is not None and name.name.lower() in vault.secrets
