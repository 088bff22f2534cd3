"""What the caller may do: everything, unless the scenario narrowed it, and what roles add to that.

A role that is assigned to the caller counts a while later only, as Azure's do.

Sources: https://learn.microsoft.com/azure/role-based-access-control/role-definitions and
https://learn.microsoft.com/azure/role-based-access-control/troubleshooting
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from amlrunbook.simulator.arm_path import parents
from amlrunbook.simulator.clock import moment
from amlrunbook.simulator.faults import FaultKind
from amlrunbook.simulator.world import Document, World

PROPAGATION_SECONDS = 60.0
"""World seconds until a role assignment counts."""
_MARK = "/providers/microsoft.authorization/roleassignments/"
_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers"
_FILES = "Microsoft.Storage/storageAccounts/fileServices/fileshares/files"
_ML = "Microsoft.MachineLearningServices/workspaces"
ROLES: dict[str, Document] = {
    # Owner, Contributor, Reader, Storage Blob Data Contributor, Key Vault Secrets Officer,
    # Storage Blob Data Reader, Storage File Data Privileged Reader, AzureML Data Scientist
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": {"actions": ["*"]},
    "b24988ac-6180-42a0-ab88-20f7382dd24c": {
        "actions": ["*"],
        "notActions": ["Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write"],
    },
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": {"actions": ["*/read"]},
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": {"dataActions": [f"{_BLOBS}/*"]},
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": {
        "dataActions": ["Microsoft.KeyVault/vaults/secrets/*"]
    },
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": {"dataActions": [f"{_BLOBS}/blobs/read"]},
    "b8eda974-7b85-4f76-af95-65846b26df6d": {"dataActions": [f"{_FILES}/read"]},
    "f6c7c914-8db3-469d-8ca1-694a8f32e121": {
        "actions": [f"{_ML}/*/{verb}" for verb in ("read", "action", "delete", "write")],
        "notActions": [
            f"{_ML}/delete",
            f"{_ML}/write",
            f"{_ML}/computes/*/write",
            f"{_ML}/computes/*/delete",
            f"{_ML}/computes/listKeys/action",
            f"{_ML}/listKeys/action",
        ],
    },
}
_NOTHING: Document = {"actions": [], "notActions": [], "dataActions": [], "notDataActions": []}


def effective(world: World, scope: str) -> list[Document] | None:
    """Return the caller's permissions at a scope; ``None`` for everything."""
    for above in parents(scope):
        narrowed = world.facets.get(above, {}).get("permissions")
        if narrowed is not None:
            return [*narrowed, *_assigned(world, scope)]
    return None


def _assigned(world: World, scope: str) -> list[Document]:
    """Return what roles assigned to the caller give at a scope by now."""
    above = set(parents(scope))
    delay = _delay(world)
    found = []
    for key, assignment in world.resources.items():
        where, mark, _ = key.rpartition(_MARK)
        properties = assignment.get("properties", {})
        if not mark or where not in above or properties["principalId"] != world.principal_id:
            continue
        role = ROLES.get(str(properties["roleDefinitionId"]).rpartition("/")[2].lower())
        is_old = moment(properties["createdOn"]) + delay <= world.now()
        if role is not None and is_old:
            found.append(_NOTHING | role)
    return found


def _delay(world: World) -> float:
    """Return the world seconds until a role assignment counts."""
    now = world.now()
    slow = [f.lag for f in world.faults.values() if f.kind is FaultKind.ROLES and f.is_on(now)]
    return max(slow, default=PROPAGATION_SECONDS)


def may(world: World, resource_id: str, action: str) -> bool:
    """May the caller do an action of the resource manager, ``Microsoft.X/type/verb``?"""
    held = effective(world, resource_id)
    wanted = action.lower()
    return held is None or any(
        _covers(item.get("actions", []), wanted) and not _covers(item.get("notActions", []), wanted)
        for item in held
    )


def permitted(world: World, resource_id: str, action: str) -> bool:
    """May the caller do a data action, ``Microsoft.X/type/verb``, on a resource?"""
    held = effective(world, resource_id)
    return held is None or any(_permits(permission, action.lower()) for permission in held)


def _permits(permission: Document, wanted: str) -> bool:
    return _covers(permission.get("dataActions", []), wanted) and not _covers(
        permission.get("notDataActions", []), wanted
    )


def _covers(patterns: list[str], wanted: str) -> bool:
    return any(fnmatchcase(wanted, pattern.lower()) for pattern in patterns)
