"""The named lists of resources that ``for_each`` may go over, and the named predicates of ``when``.

Both are functions of profile and snapshot alone. A predicate answers ``None`` where the snapshot cannot
tell: such a step stays in the plan, since leaving out is only safe when it is known not to matter.
"""

from __future__ import annotations

from collections.abc import Callable

from amlrunbook.model.profile import Profile
from amlrunbook.model.snapshot import Document, Inventory
from amlrunbook.planning import weak_points

WORKSPACES = "Microsoft.MachineLearningServices/workspaces"
STORAGE = "Microsoft.Storage/storageAccounts"

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
        document = inventory.by_id(workspace)
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
            *(document.id for document in inventory.of_type(STORAGE)),
        )
    }
    return tuple(found.values())


RESOURCE_LISTS: dict[str, ResourceList] = {
    "workspaces": _workspaces,
    "default_accounts": _default_accounts,
    "data_accounts": _data_accounts,
    "storage_accounts": _storage_accounts,
    **weak_points.LISTS,
}
"""What ``for_each`` may name."""

SNAPSHOT_LISTS = frozenset({"default_accounts", "storage_accounts", *weak_points.LISTS})
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
    if resource:
        return _is_geo_redundant(inventory.by_id(resource))
    answers = [_is_geo_redundant(inventory.by_id(account.id)) for account in profile.data_accounts]
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
    document = inventory.by_id(f"{account}/blobServices/default")
    if document is None or document.unread is not None:
        return None
    return document.field("properties.deleteRetentionPolicy.enabled") is not True


PREDICATES: dict[str, Predicate] = {
    "secondary.exists": _secondary_exists,
    "data_accounts.exist": _has_data_accounts,
    "data_accounts.geo_redundant": _geo_redundant,
    "snapshot.complete": _everything_read,
    "storage.lacks_blob_soft_delete": _lacks_blob_soft_delete,
    **{name: judge for name, (judge, _) in weak_points.WEAK_POINTS.items()},
}
"""What ``when`` may name."""

PREDICATE_TEXTS: dict[str, str] = {
    "secondary.exists": "the profile names a secondary workspace",
    "data_accounts.exist": "the profile names data accounts",
    "data_accounts.geo_redundant": "the data account is geo-redundant",
    "snapshot.complete": "everything could be read",
    "storage.lacks_blob_soft_delete": "blob soft delete is off",
    **{name: words for name, (_, words) in weak_points.WEAK_POINTS.items()},
}
"""Each predicate in words, for the reason why a step does not concern a pair."""
