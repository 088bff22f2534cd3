"""What Azure keeps of a deleted resource for a while, and how it comes back.

Sources: https://learn.microsoft.com/azure/storage/common/storage-account-recover ,
https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview ,
https://learn.microsoft.com/azure/azure-monitor/logs/delete-workspace ,
https://learn.microsoft.com/azure/machine-learning/concept-soft-delete ,
https://learn.microsoft.com/azure/api-management/soft-delete ,
https://learn.microsoft.com/azure/postgresql/backup-restore/how-to-restore-deleted-server ,
https://learn.microsoft.com/azure/mysql/flexible-server/how-to-restore-dropped-server ,
https://learn.microsoft.com/powershell/module/az.sql/restore-azsqlserver ,
https://learn.microsoft.com/azure/cosmos-db/continuous-backup-restore-introduction
"""

from __future__ import annotations

from collections.abc import Callable

from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.world import Deleted, Document, World

_DAY = 86_400.0
_DAYS = {
    "microsoft.storage/storageaccounts": 14,
    "microsoft.operationalinsights/workspaces": 14,
    "microsoft.machinelearningservices/workspaces": 14,
    "microsoft.apimanagement/service": 2,
    "microsoft.dbforpostgresql/flexibleservers": 5,
    "microsoft.dbformysql/flexibleservers": 5,
}
"""Days that deleted resources are kept, where those are fixed."""
_VAULTS = "microsoft.keyvault/vaults"
_LOST = ("/providers/microsoft.authorization/", "/privateendpointconnections/")
"""What goes with a resource and does not come back: role assignments, locks, private endpoints."""
_LOST_OF_WORKSPACES = (
    "/computes/",
    "/onlineendpoints/",
    "/batchendpoints/",
    "/serverlessendpoints/",
)
_ENDED_JOBS = {"Completed", "Failed", "Canceled"}


def days_kept(document: Document) -> int | None:
    """Return for how many days Azure keeps a resource after its deletion; ``None`` for not at all."""
    type_ = str(document["type"]).lower()
    if type_ == _VAULTS:
        properties = document["properties"]
        days = int(properties.get("softDeleteRetentionInDays", 90))
        return days if properties.get("enableSoftDelete", True) else None
    if type_ in _OWN_DAYS:
        return _OWN_DAYS[type_](document["properties"])
    return _DAYS.get(type_)


def _sql_days(properties: Document) -> int | None:
    return int(properties.get("retentionDays") or 0) or None


def _cosmos_days(properties: Document) -> int | None:
    """Continuous backups alone can be restored without Microsoft's support."""
    policy = properties.get("backupPolicy", {})
    if policy.get("type") != "Continuous":
        return None
    tier = policy.get("continuousModeProperties", {}).get("tier", "Continuous30Days")
    return 7 if tier == "Continuous7Days" else 30


_OWN_DAYS: dict[str, Callable[[Document], int | None]] = {
    "microsoft.sql/servers": _sql_days,
    "microsoft.documentdb/databaseaccounts": _cosmos_days,
}
"""Types whose documents say for how long they are kept: by their properties."""


def keep(world: World, document: Document, *, days: int | None = None) -> None:
    """Note a resource that is about to go, with all that can come back with it.

    ``days`` is for how long, where that is not what :func:`days_kept` says.
    """
    days = days or days_kept(document)
    if days is None:
        return
    key = str(document["id"]).lower()
    is_storage = str(document["type"]).lower() == "microsoft.storage/storageaccounts"
    is_vault = str(document["type"]).lower() == _VAULTS
    kept = [
        k
        for k, child in world.resources.items()
        if k.startswith(f"{key}/") and not _is_lost(k[len(key) :], child)
    ]
    now = world.now()
    world.deleted[key] = Deleted(
        documents=[document, *(world.resources[k] for k in kept)],
        facets={k: world.facets[k] for k in (key, *kept) if k in world.facets},
        account=world.accounts.get(str(document["name"]).lower()) if is_storage else None,
        vault=world.vaults.get(str(document["name"]).lower()) if is_vault else None,
        deleted_at=now,
        purge_at=now + days * _DAY,
    )
    world.touch()


def keep_deleted(call: Call) -> None:
    """Keep what a DELETE takes away; the usual verb takes it."""
    document = call.world.get(call.path.text)
    if document is not None:
        keep(call.world, document)


def _is_lost(below: str, child: Document) -> bool:
    """Does a child go for good? ``below`` is what follows its parent's id."""
    if below.startswith("/jobs/") and child["properties"].get("status") not in _ENDED_JOBS:
        return True
    return any(part in below for part in _LOST) or below.startswith(_LOST_OF_WORKSPACES)


def keep_below(world: World, scope: str) -> None:
    """Note all that is about to go with a resource group."""
    under = scope.lower() + "/"
    for key, document in list(world.resources.items()):
        if key.startswith(under) and key.count("/providers/") == 1 and days_kept(document):
            keep(world, document)


def restore(world: World, resource_id: str) -> Document | None:
    """Bring a deleted resource back with what was kept of it; ``None`` when nothing was."""
    held = world.deleted.pop(resource_id.lower(), None)
    if held is None:
        return None
    for document in held.documents:
        world.put(str(document["id"]), document)
    world.facets.update(held.facets)
    if held.account is not None:
        world.accounts[held.account.name] = held.account
    if held.vault is not None:
        world.vaults[held.vault.name] = held.vault
    resource = held.documents[0]
    if "provisioningState" in resource["properties"]:
        resource["properties"]["provisioningState"] = "Succeeded"
    return resource
