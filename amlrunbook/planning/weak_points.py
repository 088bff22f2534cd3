"""What hardening goes over, and which weak points a snapshot shows: lists and predicates of their own.

A predicate with a resource speaks of that one; without one it asks whether any resource of the kind has the weak
point. ``None`` means that the snapshot cannot tell. What could not be read counts as the last snapshot held it, so that
nothing is missing where a region is dark; the plan says how old that is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from amlrunbook.facts import fact_base
from amlrunbook.model.profile import Profile
from amlrunbook.model.snapshot import Document, Inventory

STORAGE = "Microsoft.Storage/storageAccounts"
VAULT = "Microsoft.KeyVault/vaults"
REGISTRY = "Microsoft.ContainerRegistry/registries"
WORKSPACE = "Microsoft.MachineLearningServices/workspaces"
LOGS = "Microsoft.OperationalInsights/workspaces"
COSMOS = "Microsoft.DocumentDB/databaseAccounts"
TRAFFIC_MANAGER = "Microsoft.Network/trafficManagerProfiles"
LOCK = "Microsoft.Authorization/locks"
_LOCKABLE = (
    WORKSPACE,
    STORAGE,
    VAULT,
    REGISTRY,
    "Microsoft.ContainerService/managedClusters",
    "Microsoft.Sql/servers",
    "Microsoft.DBforPostgreSQL/flexibleServers",
    "Microsoft.DBforMySQL/flexibleServers",
    COSMOS,
)
"""Every type that has a check for its lock."""
_LOCKS = "/providers/microsoft.authorization/locks"

Judge = Callable[[Profile, Inventory, str], bool | None]
"""Profile, inventory as it is known at best, one resource's id → whether it has the weak point."""


def vaults(profile: Profile, inventory: Inventory) -> tuple[str, ...]:
    """Return the key vaults of the snapshot."""
    del profile
    return tuple(document.id for document in inventory.last_known().of_type(VAULT))


def registries(profile: Profile, inventory: Inventory) -> tuple[str, ...]:
    """Return the container registries of the snapshot."""
    del profile
    return tuple(document.id for document in inventory.last_known().of_type(REGISTRY))


def log_workspaces(profile: Profile, inventory: Inventory) -> tuple[str, ...]:
    """Return the Log Analytics workspaces of the snapshot."""
    del profile
    return tuple(document.id for document in inventory.last_known().of_type(LOGS))


def cosmos_accounts(profile: Profile, inventory: Inventory) -> tuple[str, ...]:
    """Return the Cosmos DB accounts of the snapshot."""
    del profile
    return tuple(document.id for document in inventory.last_known().of_type(COSMOS))


def lockable(profile: Profile, inventory: Inventory) -> tuple[str, ...]:
    """Return what a lock protects from deletion: the workspaces, what they stand on, and attached clusters and databases."""
    del profile
    known = inventory.last_known()
    return tuple(document.id for kind in _LOCKABLE for document in known.of_type(kind))


def any_of(judge: Judge, kinds: tuple[str, ...]) -> Judge:
    """Return the predicate of one weak point: of the resource that is named, or of any of some types."""

    def answer(profile: Profile, inventory: Inventory, resource: str) -> bool | None:
        known = inventory.last_known()
        ids: Iterable[str] = (
            (resource,)
            if resource
            else (document.id for kind in kinds for document in known.of_type(kind))
        )
        answers = [judge(profile, known, id_) for id_ in ids]
        if True in answers:
            return True
        return None if None in answers else False

    return answer


def _read(inventory: Inventory, resource: str) -> Document | None:
    document = inventory.by_id(resource)
    return document if document is not None and document.unread is None else None


def _service_lacks(service: str, path: str, *, wanted: bool = True) -> Judge:
    def judge(profile: Profile, inventory: Inventory, account: str) -> bool | None:
        del profile
        document = _read(inventory, f"{account}/{service}/default")
        return None if document is None else (document.field(path) is True) is not wanted

    return judge


def _resource_lacks(path: str, *, default: bool = False) -> Judge:
    """Return what judges a flag of a resource; ``default`` is what Azure documents of one that is absent."""

    def judge(profile: Profile, inventory: Inventory, resource: str) -> bool | None:
        del profile
        document = _read(inventory, resource)
        if document is None:
            return None
        value = document.field(path)
        return not default if value is None else value is not True

    return judge


def _keeps_blobs_briefly(profile: Profile, inventory: Inventory, account: str) -> bool | None:
    """Soft delete is on, for fewer days than a deleted workspace can be recovered."""
    del profile
    service = _read(inventory, f"{account}/blobServices/default")
    if service is None:
        return None
    policy = "properties.deleteRetentionPolicy"
    days = service.field(f"{policy}.days")
    if service.field(f"{policy}.enabled") is not True:
        return False
    least = fact_base().limits.workspace_soft_delete_days.value
    return days < least if isinstance(days, int) else None


def _keeps_logs_briefly(profile: Profile, inventory: Inventory, logs: str) -> bool | None:
    """Logs are kept for fewer days than the activity log looks back."""
    del profile
    document = _read(inventory, logs)
    days = document.field("properties.retentionInDays") if document is not None else None
    least = fact_base().limits.log_retention_days.value
    return days < least if isinstance(days, int) else None


def _lacks_point_in_time(profile: Profile, inventory: Inventory, account: str) -> bool | None:
    """Point-in-time restore is off, and the account is one that could have it."""
    del profile
    document = _read(inventory, account)
    if document is not None and not _could_restore(document):
        return False
    service = _read(inventory, f"{account}/blobServices/default")
    if document is None or service is None:
        return None
    return service.field("properties.restorePolicy.enabled") is not True


def _could_restore(account: Document) -> bool:
    """Return whether an account is of a kind that point-in-time restore is made for, as far as it says.

    Source: https://learn.microsoft.com/azure/storage/blobs/point-in-time-restore-overview
    """
    kind = account.field("kind")
    standard = not str(account.field("sku.name")).lower().startswith("premium")
    flat = account.field("properties.isHnsEnabled") is not True
    return standard and flat and (kind is None or str(kind).lower() == "storagev2")


def _lacks_automatic_failover(profile: Profile, inventory: Inventory, account: str) -> bool | None:
    """One of several regions takes writes, and no other would take over by itself."""
    del profile
    document = _read(inventory, account)
    regions = document.field("properties.locations") if document is not None else None
    if document is None or not isinstance(regions, list):
        return None
    off = document.field("properties.enableAutomaticFailover") is not True
    one_writes = document.field("properties.enableMultipleWriteLocations") is not True
    return off and one_writes and len(regions) > 1


def _keeps_answers_long(profile: Profile, inventory: Inventory, manager: str) -> bool | None:
    """Callers keep an answer for longer than they may stay away on the day."""
    del profile
    document = _read(inventory, manager)
    seconds = document.field("properties.dnsConfig.ttl") if document is not None else None
    most = fact_base().limits.traffic_ttl_seconds.value
    return seconds > most if isinstance(seconds, int) else None


def _lacks_read_access(profile: Profile, inventory: Inventory, account: str) -> bool | None:
    """Nothing of an account can be read in another region before it is failed over."""
    del profile
    document = _read(inventory, account)
    sku = document.field("sku.name") if document is not None else None
    if not isinstance(sku, str):
        return None
    return not sku.rsplit("_", 1)[-1].upper().startswith("RA")


def _not_premium(profile: Profile, inventory: Inventory, registry: str) -> bool | None:
    del profile
    document = _read(inventory, registry)
    return None if document is None else str(document.field("sku.name")).lower() != "premium"


def _no_secondary_replica(profile: Profile, inventory: Inventory, registry: str) -> bool | None:
    region = profile.regions[1]
    document = _read(inventory, registry)
    if region is None or document is None:
        return None if region is not None else False
    if document.location == region:
        return False
    if inventory.unread_collection(document, "replications") is not None:
        return None
    replicas = inventory.children(document, f"{REGISTRY}/replications")
    return not any(replica.location == region for replica in replicas)


def _no_lock(profile: Profile, inventory: Inventory, resource: str) -> bool | None:
    """A lock on the resource, its group or its subscription counts."""
    del profile
    scope = resource.lower()
    parts = scope.split("/")
    scopes = (scope, "/".join(parts[:5]), "/".join(parts[:3]))
    for lock in inventory.of_type(LOCK):
        if lock.key.rpartition(_LOCKS + "/")[0] in scopes:
            return False
    unread = any(inventory.by_id(each + _LOCKS) for each in scopes)
    return None if unread or inventory.by_id(resource) is None else True


LISTS: dict[str, Callable[[Profile, Inventory], tuple[str, ...]]] = {
    "vaults": vaults,
    "registries": registries,
    "log_workspaces": log_workspaces,
    "cosmos_accounts": cosmos_accounts,
    "lockable": lockable,
}
"""What hardening goes over, besides storage accounts."""

WEAK_POINTS: dict[str, tuple[Judge, str]] = {
    "storage.keeps_blobs_briefly": (
        any_of(_keeps_blobs_briefly, (STORAGE,)),
        "deleted blobs are kept for fewer days than a deleted workspace",
    ),
    "storage.lacks_read_access": (
        any_of(_lacks_read_access, (STORAGE,)),
        "nothing of it can be read in another region",
    ),
    "storage.lacks_container_soft_delete": (
        any_of(
            _service_lacks("blobServices", "properties.containerDeleteRetentionPolicy.enabled"),
            (STORAGE,),
        ),
        "container soft delete is off",
    ),
    "storage.lacks_share_soft_delete": (
        any_of(
            _service_lacks("fileServices", "properties.shareDeleteRetentionPolicy.enabled"),
            (STORAGE,),
        ),
        "file share soft delete is off",
    ),
    "storage.lacks_versioning": (
        any_of(_service_lacks("blobServices", "properties.isVersioningEnabled"), (STORAGE,)),
        "versioning of blobs is off",
    ),
    "storage.allows_permanent_delete": (
        any_of(
            _service_lacks(
                "blobServices",
                "properties.deleteRetentionPolicy.allowPermanentDelete",
                wanted=False,
            ),
            (STORAGE,),
        ),
        "what soft delete keeps can be deleted for good",
    ),
    "storage.lacks_point_in_time": (
        any_of(_lacks_point_in_time, (STORAGE,)),
        "point-in-time restore is off where the account could have it",
    ),
    "vaults.lack_soft_delete": (
        any_of(_resource_lacks("properties.enableSoftDelete", default=True), (VAULT,)),
        "soft delete of the vault is off",
    ),
    "vaults.lack_purge_protection": (
        any_of(_resource_lacks("properties.enablePurgeProtection"), (VAULT,)),
        "purge protection is off",
    ),
    "logs.kept_briefly": (
        any_of(_keeps_logs_briefly, (LOGS,)),
        "logs are kept for fewer days than the activity log looks back",
    ),
    "registries.not_premium": (
        any_of(_not_premium, (REGISTRY,)),
        "the registry is not Premium",
    ),
    "registries.lack_secondary_replica": (
        any_of(_no_secondary_replica, (REGISTRY,)),
        "the registry has no replica in the secondary's region",
    ),
    "cosmos.lacks_automatic_failover": (
        any_of(_lacks_automatic_failover, (COSMOS,)),
        "no other region takes over the writes by itself",
    ),
    "traffic.answers_are_kept_long": (
        any_of(_keeps_answers_long, (TRAFFIC_MANAGER,)),
        "callers keep an answer for more than a minute",
    ),
    "resources.lack_lock": (
        any_of(_no_lock, _LOCKABLE),
        "nothing locks it against deletion",
    ),
}
"""Each weak point: its predicate, and the words for it."""
