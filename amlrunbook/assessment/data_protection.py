"""Rules of a storage account's blob and file service: what a deletion leaves to recover."""

from __future__ import annotations

from amlrunbook.assessment import types
from amlrunbook.assessment.landscape import Landscape
from amlrunbook.assessment.reading import flag, number, read_properties, text
from amlrunbook.assessment.rule import Rule, Ruling, failed, passed, unconcerned, warned
from amlrunbook.facts import fact_base
from amlrunbook.model.snapshot import Document

_KEEPS = "properties.deleteRetentionPolicy"
_FILES_ONLY = "filestorage"
_FIRST_KIND = "storage"
"""General-purpose v1. Source: https://learn.microsoft.com/azure/storage/blobs/versioning-overview"""
_BLOBS_ONLY = ("blobstorage", "blockblobstorage")
_BLOB_UPDATE = "az storage account blob-service-properties update --account-name {name} --resource-group {group} --subscription {subscription} "
_FILE_UPDATE = "az storage account file-service-properties update --account-name {name} --resource-group {group} --subscription {subscription} "


def _service(landscape: Landscape, account: Document, collection: str) -> Document | None:
    """Return the service's settings; ``None`` where the documents hold none.

    Raises:
        IncompleteError: they could not be read.
    """
    service = landscape.child(account, collection, "default")
    if service is not None:
        read_properties(service)
    return service


def _policy(service: Document | None, policy: str, where: str) -> Ruling:
    """Judge one retention policy of a service."""
    if service is None:
        return failed(f"no {where} document, so no {policy}")
    path = f"properties.{policy}"
    if service.field(path) is None:
        return failed(f"{where} holds no {policy}")
    days = number(service, f"{path}.days")
    if not flag(service, f"{path}.enabled", default=False):
        return failed(f"{policy}.enabled is false")
    return passed(f"{policy} is enabled for {days if days is not None else 'unsaid'} days")


def _blobs(landscape: Landscape, account: Document) -> Document | Ruling | None:
    if text(account, "kind").lower() == _FILES_ONLY:
        return unconcerned("a FileStorage account has no blobs")
    return _service(landscape, account, "blobServices")


def _blob_policy(landscape: Landscape, account: Document, policy: str) -> Ruling:
    service = _blobs(landscape, account)
    if isinstance(service, Ruling):
        return service
    return _policy(service, policy, "blobServices/default")


def _blob_soft_delete(landscape: Landscape, account: Document) -> Ruling:
    return _blob_policy(landscape, account, "deleteRetentionPolicy")


def _container_soft_delete(landscape: Landscape, account: Document) -> Ruling:
    return _blob_policy(landscape, account, "containerDeleteRetentionPolicy")


def _share_soft_delete(landscape: Landscape, account: Document) -> Ruling:
    if text(account, "kind").lower() in _BLOBS_ONLY:
        return unconcerned("the account has no file service")
    service = _service(landscape, account, "fileServices")
    return _policy(service, "shareDeleteRetentionPolicy", "fileServices/default")


def _versioning(landscape: Landscape, account: Document) -> Ruling:
    service = _blobs(landscape, account)
    if isinstance(service, Ruling):
        return service
    if flag(account, "properties.isHnsEnabled", default=False):
        return unconcerned("the account has a hierarchical namespace")
    if text(account, "kind").lower() == _FIRST_KIND:
        return unconcerned("an account of the first kind (Storage) has no versions")
    if service is None:
        return warned("no blobServices/default document, so no versioning")
    on = flag(service, "properties.isVersioningEnabled", default=False)
    return passed("isVersioningEnabled is true") if on else warned("isVersioningEnabled is false")


def _keeping(landscape: Landscape, account: Document) -> Document | Ruling:
    """Return the settings of a blob service that keeps deleted blobs, or why there are none."""
    service = _blobs(landscape, account)
    if isinstance(service, Ruling):
        return service
    if service is None or not flag(service, f"{_KEEPS}.enabled", default=False):
        return unconcerned("soft delete of blobs is off")
    return service


def _kept_long_enough(landscape: Landscape, account: Document) -> Ruling:
    service = _keeping(landscape, account)
    if isinstance(service, Ruling):
        return service
    days = number(service, f"{_KEEPS}.days")
    least = fact_base().limits.workspace_soft_delete_days.value
    if days is None:
        return warned("deleteRetentionPolicy.days is not said")
    return (passed if days >= least else warned)(f"deleteRetentionPolicy.days is {days}")


def _not_permanent(landscape: Landscape, account: Document) -> Ruling:
    service = _keeping(landscape, account)
    if isinstance(service, Ruling):
        return service
    allowed = flag(service, f"{_KEEPS}.allowPermanentDelete", default=False)
    observed = f"allowPermanentDelete is {str(allowed).lower()}"
    return warned(observed) if allowed else passed(observed)


RULES: tuple[Rule, ...] = (
    Rule(
        id="storage.blob-soft-delete",
        title="Soft delete of blobs",
        types=(types.STORAGE,),
        child=types.BLOB_SERVICE,
        expected="deleteRetentionPolicy.enabled is true",
        why="A blob that is deleted or overwritten is gone at once: models, logs, job outputs.",
        fact="storage.artifacts-in-account",
        remedy="Enable soft delete of blobs.",
        command=_BLOB_UPDATE + "--enable-delete-retention true --delete-retention-days 14",
        remedy_operation="hardening.blob-soft-delete",
        judge=_blob_soft_delete,
    ),
    Rule(
        id="storage.container-soft-delete",
        title="Soft delete of containers",
        types=(types.STORAGE,),
        child=types.BLOB_SERVICE,
        expected="containerDeleteRetentionPolicy.enabled is true",
        why="A container that is deleted takes every blob in it with it, at once.",
        fact="storage.artifacts-in-account",
        remedy="Enable soft delete of containers.",
        command=_BLOB_UPDATE
        + "--enable-container-delete-retention true --container-delete-retention-days 14",
        remedy_operation="hardening.container-soft-delete",
        judge=_container_soft_delete,
    ),
    Rule(
        id="storage.share-soft-delete",
        title="Soft delete of file shares",
        types=(types.STORAGE,),
        child=types.FILE_SERVICE,
        expected="shareDeleteRetentionPolicy.enabled is true",
        why="Notebooks lie in a file share of the default account: a deleted share takes them with it.",
        fact="storage.notebooks-in-share",
        remedy="Enable soft delete of file shares.",
        command=_FILE_UPDATE + "--enable-delete-retention true --delete-retention-days 14",
        remedy_operation="hardening.share-soft-delete",
        judge=_share_soft_delete,
    ),
    Rule(
        id="storage.versioning",
        title="Versions of blobs",
        types=(types.STORAGE,),
        child=types.BLOB_SERVICE,
        expected="isVersioningEnabled is true",
        why="What a failed job overwrote can only be read back from an earlier version.",
        fact="storage.artifacts-in-account",
        remedy="Enable versioning, with a lifecycle rule that removes old versions.",
        command=_BLOB_UPDATE + "--enable-versioning true",
        remedy_operation="hardening.blob-versioning",
        judge=_versioning,
    ),
    Rule(
        id="storage.blob-retention",
        title="Deleted blobs kept as long as a deleted workspace",
        types=(types.STORAGE,),
        child=types.BLOB_SERVICE,
        expected="deleteRetentionPolicy.days is 14 or more",
        why="A workspace can be recovered for 14 days: its artifacts should last as long.",
        fact="workspace.soft-delete",
        remedy="Keep deleted blobs for 14 days or more.",
        command=_BLOB_UPDATE + "--enable-delete-retention true --delete-retention-days 14",
        remedy_operation="hardening.blob-soft-delete",
        judge=_kept_long_enough,
    ),
    Rule(
        id="storage.permanent-delete-off",
        title="No permanent deletion of what soft delete keeps",
        types=(types.STORAGE,),
        child=types.BLOB_SERVICE,
        expected="deleteRetentionPolicy.allowPermanentDelete is false",
        why="Whoever may delete can also remove what soft delete has kept.",
        fact="storage.artifacts-in-account",
        remedy="Turn allowPermanentDelete off.",
        command=_BLOB_UPDATE + "--set deleteRetentionPolicy.allowPermanentDelete=false",
        remedy_operation="hardening.no-permanent-delete",
        judge=_not_permanent,
    ),
)
"""The rules of blob and file services."""
