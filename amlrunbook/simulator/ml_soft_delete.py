"""Soft-deleted workspaces: kept for 14 days, shown by some lists, brought back by the portal alone.

No operation of Azure's documents lists or recovers them. A list of 2024 recorded from Azure shows
some, with ``softDeletedAt``, and not others: so does this one, by chance from the world's seed.
What has to be recovered before a workspace is documented; the portal's stand-in says it with a code
of its own, ``MissingDependentResources``.

Sources: https://learn.microsoft.com/azure/machine-learning/concept-soft-delete ,
https://github.com/Azure/azure-powershell/issues/28286
"""

from __future__ import annotations

import zlib

from starlette.responses import Response

from amlrunbook.simulator import arm_verbs, soft_delete
from amlrunbook.simulator.answers import Refusal
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.clock import stamp
from amlrunbook.simulator.effects import Put
from amlrunbook.simulator.ml_versions import WORKSPACES
from amlrunbook.simulator.world import Deleted, Document, World

PURGE_SECONDS = 30.0
"""World seconds for which a purged name is still refused, though the purge was answered."""
ROLE_SECONDS = 60.0
"""World seconds until a recovered workspace's own role assignments are there again."""
_ROLES = "/providers/microsoft.authorization/roleassignments/"
_NEEDED = ("keyVault", "storageAccount", "applicationInsights")
"""What has to be there before a workspace comes back; images are built anew."""


def put(call: Call) -> Response | None:
    """Refuse the name of a soft-deleted workspace."""
    if call.path.text.lower() in call.world.deleted:
        raise Refusal(
            400,
            "BadRequest",
            "Soft-deleted workspace exists. Please purge or recover it. https://aka.ms/wsoftdelete",
        )
    return None


def delete(call: Call) -> Response | None:
    """Soft-delete a workspace, or purge it with ``forceToPurge=true``, soft-deleted or not.

    A workspace with nothing but user-assigned identities is gone at once.
    """
    purge = call.query.get("forcetopurge", "").lower() == "true"
    key = call.path.text.lower()
    document = call.world.get(key)
    if document is None:
        held = call.world.deleted.get(key)
        if not purge or held is None:
            return None
        held.purge_at = min(held.purge_at, call.world.now() + PURGE_SECONDS)
        held.purging = True
        arm_verbs.note(call, f"{WORKSPACES}/delete", call.path.text, "Succeeded", 204)
        call.world.touch()
        return Response(status_code=204)
    identity = document.get("identity") or {}
    if not purge and "SystemAssigned" in str(identity.get("type")):
        soft_delete.keep(call.world, document)
    drop_roles(call.world, str(identity.get("principalId", "")), call.world.deleted.get(key))
    return None


def drop_roles(world: World, principal: str, held: Deleted | None) -> None:
    """Take away what the workspace's identity may do; it is given again on recovery."""
    if not principal:
        return
    found = [
        key
        for key, document in world.resources.items()
        if _ROLES in key and document["properties"]["principalId"] == principal
    ]
    for key in found:
        document = world.resources.pop(key)
        if held is not None:
            held.roles.append(document)


def listed(call: Call) -> list[Document]:
    """Return the soft-deleted workspaces that a list of live ones shows all the same."""
    under = call.path.scope.lower() + "/"
    return [
        _shown(held)
        for key, held in sorted(call.world.deleted.items())
        if key.startswith(under)
        and key not in call.world.resources
        and is_workspace(held)
        and not held.purging
        and shows(call.world, key)
    ]


def shows(world: World, key: str) -> bool:
    """Does an ordinary list show the soft-deleted workspace of this id, in lower case?"""
    return zlib.crc32(f"{world.seed}/{key.rpartition('/')[2]}".encode()) % 2 == 0


def is_workspace(held: Deleted) -> bool:
    """Is it a machine learning workspace that was deleted?"""
    return bool(held.documents[0]["type"] == WORKSPACES)


def _shown(held: Deleted) -> Document:
    workspace = held.documents[0]
    marks = {
        "provisioningState": "Deleting",
        "softDeleteEnabled": True,
        "softDeletedAt": stamp(held.deleted_at),
        "scheduledPurgeDate": stamp(held.purge_at),
    }
    return {**workspace, "properties": {**workspace["properties"], **marks}}


def recover(world: World, key: str) -> Document:
    """Bring a soft-deleted workspace back with what is kept of it, as the portal does.

    Raises:
        Refusal: it is not there, its name was purged, or something it stands on is missing.
    """
    held = world.deleted.get(key.lower())
    if held is None or not is_workspace(held) or held.purging:
        raise Refusal(404, "ResourceNotFound", f"There is no soft-deleted workspace '{key}'.")
    workspace = held.documents[0]
    missing = [
        f"{part} {workspace['properties'][part]}"
        for part in _NEEDED
        if workspace["properties"].get(part) and not world.get(workspace["properties"][part])
    ]
    group = "/".join(str(workspace["id"]).split("/")[:5])
    if world.get(group) is None:
        missing.insert(0, f"resource group {group}")
    if missing:
        raise Refusal(
            409,
            "MissingDependentResources",
            f"Recover these first, then the workspace: {'; '.join(missing)}.",
        )
    soft_delete.restore(world, key)
    for role in held.roles:
        world.bring_later(ROLE_SECONDS, Put(id=str(role["id"]), document=role))
    return workspace
