"""Blob and file services of storage accounts, their containers and shares, and their policies.

Source: https://learn.microsoft.com/rest/api/storagerp/blob-services
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from amlrunbook.simulator import storage_replication, storage_shares
from amlrunbook.simulator.answers import Refusal, json_answer
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Kind
from amlrunbook.simulator.arm_path import parse
from amlrunbook.simulator.clock import stamp
from amlrunbook.simulator.storage import ACCOUNTS, VERSIONS
from amlrunbook.simulator.world import Document, World


def _implied_service(kind: str, properties: dict[str, Any]) -> Any:
    def document(_world: World, parent: Document, name: str) -> Document | None:
        if name.lower() != "default":
            return None
        return {
            "sku": dict(parent["sku"]),
            "id": f"{parent['id']}/{kind}/default",
            "name": "default",
            "type": f"{ACCOUNTS}/{kind}",
            "properties": {**properties},
        }

    return document


def _complete_service(world: World, document: Document, _before: Document | None) -> None:
    parent = world.get(str(document["id"]).rsplit("/", 2)[0])
    if parent is not None:
        document["sku"] = dict(parent["sku"])
    document["properties"].setdefault("cors", {"corsRules": []})
    document.pop("systemData", None)


def _complete_blob_service(world: World, document: Document, before: Document | None) -> None:
    """Fill blob service properties: what a PUT leaves out is off.

    A restore reaches back to when its policy was turned on, which Azure says and does not take.
    """
    _complete_service(world, document, before)
    document["properties"].setdefault("deleteRetentionPolicy", {"enabled": False})
    restore = document["properties"].get("restorePolicy") or {}
    if restore.get("enabled"):
        held = ((before or {}).get("properties") or {}).get("restorePolicy") or {}
        since = held.get("minRestoreTime") if held.get("enabled") else None
        restore["minRestoreTime"] = since or stamp(world.now())


def _check_blob_service(call: Call, document: Document, _before: Document | None) -> None:
    """Refuse settings that Azure refuses together.

    Source: https://learn.microsoft.com/azure/storage/blobs/point-in-time-restore-manage
    """
    properties = document["properties"]
    for policy in ("deleteRetentionPolicy", "containerDeleteRetentionPolicy"):
        _check_retention(policy, properties.get(policy) or {})
    restore = properties.get("restorePolicy") or {}
    if not restore.get("enabled"):
        return
    deletion = properties.get("deleteRetentionPolicy") or {}
    account = call.world.get(str(document["id"]).rsplit("/", 2)[0]) or {"properties": {}}
    if account["properties"].get("isHnsEnabled") or deletion.get("allowPermanentDelete"):
        raise Refusal(
            400,
            "InvalidRestorePolicy",
            "Point in time restore is neither for accounts with a hierarchical namespace nor "
            "beside the permanent deletion of what soft delete keeps.",
        )
    needed = (
        properties.get("isVersioningEnabled"),
        (properties.get("changeFeed") or {}).get("enabled"),
        deletion.get("enabled"),
        int(restore.get("days", 0)) < int(deletion.get("days", 0)),
    )
    if not all(needed):
        raise Refusal(
            400,
            "InvalidRestorePolicy",
            "Point in time restore needs versioning, change feed and blob soft delete with more "
            "days than the restore policy has.",
        )


def _check_retention(policy: str, values: Document) -> None:
    days = values.get("days")
    wrong = values.get("enabled") and not (isinstance(days, int) and 1 <= days <= 365)  # noqa: PLR2004
    if wrong:
        raise Refusal(
            400,
            "InvalidXmlNodeValue" if days is not None else "InvalidRequestPropertyValue",
            f"The value '{days}' of the property '{policy}.days' is out of range: 1 to 365.",
        )


def _containers(call: Call) -> Response:
    """List blob containers by the resource manager, deleted ones if asked."""
    account = call.world.accounts.get(call.path.names[0].lower())
    if account is None:
        return call.page([])
    found = [
        _container(call, name, container.modified, None, None)
        for name, container in sorted(account.containers.items())
    ]
    if "deleted" in call.query.get("$include", "").lower():
        found += [
            _container(call, c.name, c.modified, c.deleted_at, c.version)
            for c in account.deleted_containers
        ]
    return call.page(found)


def _container(
    call: Call, name: str, modified: float, deleted_at: float | None, version: str | None
) -> Document:
    properties: Document = {
        "deleted": deleted_at is not None,
        "remainingRetentionDays": 0,
        "defaultEncryptionScope": "$account-encryption-key",
        "denyEncryptionScopeOverride": False,
        "publicAccess": "None",
        "leaseStatus": "Unlocked",
        "leaseState": "Available",
        "lastModifiedTime": stamp(modified),
        "hasImmutabilityPolicy": False,
        "hasLegalHold": False,
    }
    if deleted_at is not None:
        properties["deletedTime"] = stamp(deleted_at)
        properties["version"] = version
    return {
        "id": f"{call.path.resource_id}/containers/{name}",
        "name": name,
        "type": f"{ACCOUNTS}/blobServices/containers",
        "etag": f'"{int(modified * 1e7):#x}"',
        "properties": properties,
    }


def _get_container(call: Call) -> Response | None:
    account = call.world.accounts.get(call.path.names[0].lower())
    container = account.containers.get(call.path.name) if account else None
    if container is None:
        raise Refusal(404, "ContainerNotFound", "The specified container does not exist.")
    listed = Call(
        azure=call.azure, method=call.method, query=call.query, body=b"", state=call.state,
        path=parse(call.path.text.rsplit("/", 1)[0]),
    )  # fmt: skip
    return json_answer(_container(listed, container.name, container.modified, None, None))


def _get_policy(call: Call) -> Response | None:
    if call.world.get(call.path.text) is None and call.world.get(call.path.text.rsplit("/", 2)[0]):
        raise Refusal(
            404,
            "ManagementPolicyNotFound",
            "The management policy was not found.",
        )
    return None


def _complete_policy(world: World, document: Document, _before: Document | None) -> None:
    document["properties"]["lastModifiedTime"] = stamp(world.now())


KINDS = (
    Kind(
        type=f"{ACCOUNTS}/blobServices",
        api_versions=VERSIONS,
        complete=_complete_blob_service,
        check=_check_blob_service,
        implied=_implied_service(
            "blobServices",
            {"cors": {"corsRules": []}, "deleteRetentionPolicy": {"enabled": False}},
        ),
        create_status=200,
        patchable=False,
        methods=frozenset({"GET", "PUT"}),
    ),
    Kind(
        type=f"{ACCOUNTS}/blobServices/containers",
        api_versions=VERSIONS,
        on_list=_containers,
        on_get=_get_container,
        patchable=False,
        methods=frozenset({"GET"}),
    ),
    Kind(
        type=f"{ACCOUNTS}/fileServices",
        api_versions=VERSIONS,
        complete=_complete_service,
        implied=_implied_service(
            "fileServices",
            {
                "cors": {"corsRules": []},
                "shareDeleteRetentionPolicy": {"enabled": False, "days": 0},
            },
        ),
        create_status=200,
        patchable=False,
        methods=frozenset({"GET", "PUT"}),
    ),
    Kind(
        type=f"{ACCOUNTS}/fileServices/shares",
        api_versions=VERSIONS,
        on_list=storage_shares.list_shares,
        on_get=storage_shares.get_share,
        on_put=storage_shares.put_share,
        on_delete=storage_shares.delete_share,
        patchable=False,
        methods=frozenset({"GET", "PUT", "DELETE"}),
    ),
    Kind(
        type=f"{ACCOUNTS}/managementPolicies",
        api_versions=VERSIONS,
        complete=_complete_policy,
        on_get=_get_policy,
        create_status=200,
        patchable=False,
    ),
    storage_replication.kind(VERSIONS),
)

SPECIALS = {
    (
        "POST",
        "microsoft.storage/storageaccounts/*/fileservices/*/shares/*/restore",
    ): storage_shares.restore_share,
}
