"""The named lists of resources that ``for_each`` may go over, and the named predicates of ``when``.

Both are functions of profile and snapshot alone; what could not be read counts as the last snapshot held it, so that a
plan for a region that is dark knows what was there. A predicate answers ``None`` where the snapshot cannot
tell: such a step stays in the plan, since leaving out is only safe when it is known not to matter.
"""

from __future__ import annotations

from collections.abc import Callable

from amlrunbook.model.profile import Profile
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.model.snapshot import Document, Inventory
from amlrunbook.planning import weak_points

WORKSPACES = "Microsoft.MachineLearningServices/workspaces"
STORAGE = "Microsoft.Storage/storageAccounts"
ENDPOINTS = f"{WORKSPACES}/onlineEndpoints"
DEPLOYMENTS = f"{ENDPOINTS}/deployments"
JOBS = f"{WORKSPACES}/jobs"
TRAFFIC_MANAGERS = frozenset({"microsoft.network/trafficmanagerprofiles"})
FRONT_DOORS = frozenset({"microsoft.cdn/profiles", "microsoft.network/frontdoors"})
"""The types of Front Door: its present tiers, and the classic one.

Source: https://learn.microsoft.com/azure/frontdoor/front-door-cdn-comparison
"""
ENDED = frozenset({"completed", "failed", "canceled", "notresponding", "paused"})
"""States of a job that is neither running nor waiting to run.

Source: https://learn.microsoft.com/rest/api/azureml/jobs/get#jobstatus
"""

ResourceList = Callable[[Profile, Inventory], tuple[str, ...]]
Predicate = Callable[[Profile, Inventory, str], bool | None]
"""Profile, inventory, the ARM id of the ``for_each`` instance (or nothing) → yes, no, cannot tell."""


def _workspaces(profile: Profile, inventory: Inventory) -> tuple[str, ...]:
    del inventory
    sides = [profile.primary.workspace]
    if profile.secondary:
        sides.append(profile.secondary.workspace)
    return tuple(sides)


def _default_accounts(profile: Profile, inventory: Inventory) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for workspace in _workspaces(profile, inventory):
        document = inventory.last_known().by_id(workspace)
        account = document.field("properties.storageAccount") if document else None
        if isinstance(account, str) and account:
            found.setdefault(account.lower(), account)
    return tuple(found.values())


def _data_accounts(profile: Profile, inventory: Inventory) -> tuple[str, ...]:
    del inventory
    return tuple(account.id for account in profile.data_accounts)


def _storage_accounts(profile: Profile, inventory: Inventory) -> tuple[str, ...]:
    found = {
        account.lower(): account
        for account in (
            *_default_accounts(profile, inventory),
            *_data_accounts(profile, inventory),
            *(document.id for document in inventory.last_known().of_type(STORAGE)),
        )
    }
    return tuple(found.values())


def _of(workspace: str, inventory: Inventory, kind: str) -> tuple[Document, ...]:
    """Return a workspace's documents of one kind, as they were last known."""
    prefix = workspace.lower().rstrip("/") + "/"
    return tuple(d for d in inventory.last_known().of_type(kind) if d.key.startswith(prefix))


def _primary_deployments(profile: Profile, inventory: Inventory) -> tuple[str, ...]:
    return tuple(d.id for d in _of(profile.primary.workspace, inventory, DEPLOYMENTS))


def _secondary_deployments(profile: Profile, inventory: Inventory) -> tuple[str, ...]:
    if profile.secondary is None:
        return ()
    return tuple(d.id for d in _of(profile.secondary.workspace, inventory, DEPLOYMENTS))


def _secondary_endpoints(profile: Profile, inventory: Inventory) -> tuple[str, ...]:
    if profile.secondary is None:
        return ()
    return tuple(d.id for d in _of(profile.secondary.workspace, inventory, ENDPOINTS))


def _unfinished_jobs(profile: Profile, inventory: Inventory) -> tuple[str, ...]:
    return tuple(
        job.id
        for job in _of(profile.primary.workspace, inventory, JOBS)
        if job.unread is None and str(job.field("properties.status")).lower() not in ENDED
    )


def _config_files(profile: Profile, inventory: Inventory) -> tuple[str, ...]:
    del inventory
    return tuple(dict.fromkeys(profile.config_files))


def _attached(profile: Profile, kinds: frozenset[str]) -> tuple[str, ...]:
    return tuple(a.id for a in profile.attached if ResourceId.parse(a.id).type.lower() in kinds)


def _traffic_managers(profile: Profile, inventory: Inventory) -> tuple[str, ...]:
    del inventory
    return _attached(profile, TRAFFIC_MANAGERS)


def _front_doors(profile: Profile, inventory: Inventory) -> tuple[str, ...]:
    del inventory
    return _attached(profile, FRONT_DOORS)


RESOURCE_LISTS: dict[str, ResourceList] = {
    "workspaces": _workspaces,
    "default_accounts": _default_accounts,
    "data_accounts": _data_accounts,
    "storage_accounts": _storage_accounts,
    "primary_deployments": _primary_deployments,
    "secondary_deployments": _secondary_deployments,
    "secondary_endpoints": _secondary_endpoints,
    "unfinished_jobs": _unfinished_jobs,
    "config_files": _config_files,
    "traffic_managers": _traffic_managers,
    "front_doors": _front_doors,
    **weak_points.LISTS,
}
"""What ``for_each`` may name."""

SNAPSHOT_LISTS = frozenset(RESOURCE_LISTS) - {
    "workspaces",
    "data_accounts",
    "config_files",
    "traffic_managers",
    "front_doors",
}
"""The lists that the profile alone cannot fill."""


def _secondary_exists(profile: Profile, inventory: Inventory, resource: str) -> bool | None:
    del inventory, resource
    return profile.secondary is not None


def _has_data_accounts(profile: Profile, inventory: Inventory, resource: str) -> bool | None:
    del inventory, resource
    return bool(profile.data_accounts)


def _everything_read(profile: Profile, inventory: Inventory, resource: str) -> bool | None:
    del profile, resource
    return not inventory.unread


def _is_geo_redundant(document: Document | None) -> bool | None:
    if document is None or document.unread is not None:
        return None
    sku = document.field("sku.name")
    if not isinstance(sku, str):
        return None
    return sku.rsplit("_", 1)[-1].upper() in {"GRS", "RAGRS", "GZRS", "RAGZRS"}


def _geo_redundant(profile: Profile, inventory: Inventory, resource: str) -> bool | None:
    known = inventory.last_known()
    if resource:
        return _is_geo_redundant(known.by_id(resource))
    answers = [_is_geo_redundant(known.by_id(account.id)) for account in profile.data_accounts]
    if True in answers:
        return True
    return None if None in answers else False


def _lacks_blob_soft_delete(profile: Profile, inventory: Inventory, resource: str) -> bool | None:
    accounts = (resource,) if resource else _storage_accounts(profile, inventory)
    answers = [_without_soft_delete(inventory, account) for account in accounts]
    if True in answers:
        return True
    return None if None in answers else False


def _without_soft_delete(inventory: Inventory, account: str) -> bool | None:
    document = inventory.last_known().by_id(f"{account}/blobServices/default")
    if document is None or document.unread is not None:
        return None
    return document.field("properties.deleteRetentionPolicy.enabled") is not True


def _has_unfinished_jobs(profile: Profile, inventory: Inventory, resource: str) -> bool | None:
    del resource
    if _unfinished_jobs(profile, inventory):
        return True
    known, workspace = inventory.last_known(), Document({"id": profile.primary.workspace})
    was_read = known.by_id(workspace.id) is not None
    return False if was_read and known.unread_collection(workspace, "jobs") is None else None


def _has_secondary_deployments(
    profile: Profile, inventory: Inventory, resource: str
) -> bool | None:
    del resource
    if _secondary_deployments(profile, inventory):
        return True
    if profile.secondary is None:
        return False
    known, workspace = inventory.last_known(), Document({"id": profile.secondary.workspace})
    was_read = known.by_id(workspace.id) is not None
    return False if was_read and not _unread_below(known, workspace) else None


def _unread_below(inventory: Inventory, parent: Document) -> bool:
    return any(
        document.key.startswith(f"{parent.key}/onlineendpoints") for document in inventory.unread
    )


def _has_config_files(profile: Profile, inventory: Inventory, resource: str) -> bool | None:
    del inventory, resource
    return bool(profile.config_files)


def _has_probes(profile: Profile, inventory: Inventory, resource: str) -> bool | None:
    del inventory, resource
    return bool(profile.probes)


PREDICATES: dict[str, Predicate] = {
    "secondary.exists": _secondary_exists,
    "data_accounts.exist": _has_data_accounts,
    "data_accounts.geo_redundant": _geo_redundant,
    "snapshot.complete": _everything_read,
    "storage.lacks_blob_soft_delete": _lacks_blob_soft_delete,
    "unfinished_jobs.exist": _has_unfinished_jobs,
    "secondary_deployments.exist": _has_secondary_deployments,
    "config_files.exist": _has_config_files,
    "probes.exist": _has_probes,
    **{name: judge for name, (judge, _) in weak_points.WEAK_POINTS.items()},
}
"""What ``when`` may name."""

PREDICATE_TEXTS: dict[str, str] = {
    "secondary.exists": "the profile names a secondary workspace",
    "data_accounts.exist": "the profile names data accounts",
    "data_accounts.geo_redundant": "the data account is geo-redundant",
    "snapshot.complete": "everything could be read",
    "storage.lacks_blob_soft_delete": "blob soft delete is off",
    "unfinished_jobs.exist": "the primary workspace had jobs that were running or queued",
    "secondary_deployments.exist": "the secondary workspace has online deployments",
    "config_files.exist": "the profile names workspace config files",
    "probes.exist": "the profile names health probes",
    **{name: words for name, (_, words) in weak_points.WEAK_POINTS.items()},
}
"""Each predicate in words, for the reason why a step does not concern a pair."""
