"""Storage accounts: the resource provider. The bytes are :mod:`.blob_service`'s.

Source: https://learn.microsoft.com/rest/api/storagerp/
"""

from __future__ import annotations

import base64
import re
from typing import Any

from starlette.responses import Response

from amlrunbook.simulator.answers import Refusal, json_answer
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Kind
from amlrunbook.simulator.arm_path import parse
from amlrunbook.simulator.blobs import BlobAccount
from amlrunbook.simulator.clock import stamp
from amlrunbook.simulator.geo import BOOTSTRAP_SECONDS, geo_stats, is_geo, is_readable
from amlrunbook.simulator.operations import Style
from amlrunbook.simulator.regions import REGIONS
from amlrunbook.simulator.world import Document, World

ACCOUNTS = "Microsoft.Storage/storageAccounts"
VERSIONS = (
    "2026-09-01", "2026-04-01", "2025-08-01", "2025-06-01", "2025-01-01", "2024-01-01",
    "2023-05-01", "2023-04-01", "2023-01-01", "2022-09-01", "2022-05-01", "2021-09-01",
    "2021-08-01", "2021-06-01", "2021-04-01", "2021-02-01", "2021-01-01", "2019-06-01",
)  # fmt: skip
_SKUS = ("LRS", "ZRS", "GRS", "RAGRS", "GZRS", "RAGZRS")
_NAME = re.compile(r"^[a-z0-9]{3,24}$")
_SERVICES = ("blob", "dfs", "file", "queue", "table", "web")
_READ_ONLY = (
    "creationTime", "primaryLocation", "secondaryLocation", "statusOfPrimary",
    "statusOfSecondary", "primaryEndpoints", "secondaryEndpoints", "provisioningState",
    "geoReplicationStats",
)  # fmt: skip


def _check(call: Call, document: Document, before: Document | None) -> None:
    name = str(document["name"])
    if not _NAME.match(name):
        raise Refusal(
            400,
            "AccountNameInvalid",
            f"{name} is not a valid storage account name. Storage account name must be between 3 "
            "and 24 characters in length and use numbers and lower-case letters only.",
        )
    held = call.world.accounts.get(name)
    if before is None and held is not None and held.resource_id.lower() != document["id"].lower():
        raise Refusal(
            409,
            "StorageAccountAlreadyTaken",
            f"The storage account named {name} is already taken.",
        )
    sku = str((document.get("sku") or {}).get("name", ""))
    kind, _, redundancy = sku.partition("_")
    if kind not in {"Standard", "Premium"} or redundancy not in _SKUS:
        raise Refusal(
            400, "InvalidValuesForRequestParameters", f"Values for request parameters are "
            f"invalid: sku.name '{sku}'."
        )  # fmt: skip
    _check_sku_change(before, redundancy)


def _check_sku_change(before: Document | None, redundancy: str) -> None:
    """Refuse a change between local and zone redundancy: that is a conversion."""
    if before is None:
        return
    held = str(before["sku"]["name"]).partition("_")[2]
    if ("ZRS" in held) is not ("ZRS" in redundancy):
        raise Refusal(
            400,
            "AccountPropertyCannotBeUpdated",
            f"The property 'sku' cannot be updated from {held} to {redundancy}; it needs a "
            "conversion.",
        )


def complete(world: World, document: Document, before: Document | None) -> None:
    """Fill an account's document as Azure does."""
    name, region = str(document["name"]), str(document["location"])
    sku = document.setdefault("sku", {"name": "Standard_LRS"})
    sku["tier"] = str(sku["name"]).partition("_")[0]
    document.setdefault("kind", "StorageV2")
    document.setdefault("tags", {})
    properties = document["properties"]
    held: Document = (before or {}).get("properties", {})
    for key in _READ_ONLY:
        if key in held:
            properties[key] = held[key]
    made = properties.setdefault("creationTime", stamp(world.now()))
    defaults: Document = {
        "keyCreationTime": {"key1": made, "key2": made},
        "privateEndpointConnections": [],
        "minimumTlsVersion": "TLS1_2",
        "allowBlobPublicAccess": False,
        "allowSharedKeyAccess": True,
        "publicNetworkAccess": "Enabled",
        "networkAcls": {
            "bypass": "AzureServices",
            "virtualNetworkRules": [],
            "ipRules": [],
            "defaultAction": "Allow",
        },
        "supportsHttpsTrafficOnly": True,
        "isHnsEnabled": False,
        "accessTier": "Hot",
        "encryption": {
            "services": {
                part: {"keyType": "Account", "enabled": True, "lastEnabledTime": made}
                for part in ("file", "blob")
            },
            "keySource": "Microsoft.Storage",
        },
    }
    for key, value in defaults.items():
        properties.setdefault(key, held.get(key, value))
    properties.setdefault("provisioningState", "Succeeded")
    properties.setdefault("primaryLocation", region)
    properties["statusOfPrimary"] = properties.get("statusOfPrimary", "available")
    properties["primaryEndpoints"] = _endpoints(world, name, "")
    _complete_secondary(world, document, before)
    if before is None or name not in world.accounts:
        world.accounts.setdefault(name, BlobAccount(name=name, resource_id=str(document["id"])))


def _complete_secondary(world: World, document: Document, before: Document | None) -> None:
    properties = document["properties"]
    sku = str(document["sku"]["name"])
    primary = REGIONS.get(str(properties["primaryLocation"]))
    if not is_geo(sku) or primary is None or primary.pair is None:
        for key in ("secondaryLocation", "statusOfSecondary", "secondaryEndpoints"):
            properties.pop(key, None)
        return
    if before is not None and not is_geo(str(before["sku"]["name"])):
        world.facet(str(document["id"]))["geo"] = {"live_at": world.now() + BOOTSTRAP_SECONDS}
    properties.setdefault("secondaryLocation", primary.pair)
    properties.setdefault("statusOfSecondary", "available")
    if is_readable(sku):
        endpoints = _endpoints(world, str(document["name"]), "-secondary")
        endpoints.pop("file")
        properties["secondaryEndpoints"] = endpoints
    else:
        properties.pop("secondaryEndpoints", None)


def _endpoints(world: World, name: str, suffix: str) -> dict[str, str]:
    return {part: f"{world.base_url}/{part}/{name}{suffix}/" for part in _SERVICES}


def _get(call: Call) -> Response | None:
    """Answer a GET with ``$expand=geoReplicationStats``."""
    expand = call.query.get("$expand", "").lower()
    document = call.world.get(call.path.text)
    if "georeplicationstats" not in expand or document is None:
        return None
    stats = geo_stats(call.world, document)
    properties = {**document["properties"]}
    if stats is not None:
        properties["geoReplicationStats"] = stats.document(str(document["sku"]["name"]))
    return json_answer({**document, "properties": properties})


def account_keys(call: Call, document: Document) -> list[Document]:
    """Return the two keys of an account: the same after a restart, never kept in the world."""
    made = document["properties"].get("creationTime")
    return [
        {
            "creationTime": made,
            "keyName": key,
            "value": base64.b64encode(
                call.azure.secrets.derive(f"{document['id'].lower()}/{key}")
            ).decode(),
            "permissions": "FULL",
        }
        for key in ("key1", "key2")
    ]


def _list_keys(call: Call, document: Document) -> Response:
    return json_answer({"keys": account_keys(call, document)})


def _check_name(call: Call) -> Response:
    name = str(call.document().get("name", ""))
    if not _NAME.match(name):
        return json_answer(
            {"nameAvailable": False, "reason": "AccountNameInvalid",
             "message": f"{name} is not a valid storage account name."}
        )  # fmt: skip
    if name in call.world.accounts:
        return json_answer(
            {"nameAvailable": False, "reason": "AlreadyExists",
             "message": f"The storage account named {name} is already taken."}
        )  # fmt: skip
    return json_answer({"nameAvailable": True})


def _no_deleted(call: Call) -> Response:
    return call.page([])


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
    """Fill blob service properties: what a PUT leaves out is off."""
    _complete_service(world, document, before)
    document["properties"].setdefault("deleteRetentionPolicy", {"enabled": False})


def _check_blob_service(_call: Call, document: Document, _before: Document | None) -> None:
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


def _shares(call: Call) -> Response:
    """List file shares by the resource manager, deleted ones if asked."""
    account = call.world.accounts.get(call.path.names[0].lower())
    if account is None:
        return call.page([])
    shares = sorted(account.shares.values(), key=lambda share: share.name)
    if "deleted" in call.query.get("$expand", "").lower():
        shares += account.deleted_shares
    found = []
    for share in shares:
        properties: Document = {
            "leaseStatus": "unlocked",
            "leaseState": "available",
            "lastModifiedTime": stamp(share.modified),
            "shareQuota": share.quota_gib,
            "enabledProtocols": "SMB",
            "accessTier": "TransactionOptimized",
        }
        if share.deleted_at is not None:
            properties |= {
                "deleted": True,
                "deletedTime": stamp(share.deleted_at),
                "version": share.version,
            }
        found.append(
            {
                "id": f"{call.path.resource_id}/shares/{share.name}",
                "name": share.name,
                "type": f"{ACCOUNTS}/fileServices/shares",
                "etag": f'"{int(share.modified * 1e7):#x}"',
                "properties": properties,
            }
        )
    return call.page(found)


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
        type=ACCOUNTS,
        api_versions=VERSIONS,
        tracked=True,
        check=_check,
        complete=complete,
        create_style=Style.LOCATION,
        on_get=_get,
        actions={"listkeys": _list_keys},
    ),
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
    ),
    Kind(
        type=f"{ACCOUNTS}/blobServices/containers",
        api_versions=VERSIONS,
        on_list=_containers,
        on_get=_get_container,
        patchable=False,
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
    ),
    Kind(
        type=f"{ACCOUNTS}/fileServices/shares",
        api_versions=VERSIONS,
        on_list=_shares,
        patchable=False,
    ),
    Kind(
        type=f"{ACCOUNTS}/managementPolicies",
        api_versions=VERSIONS,
        complete=_complete_policy,
        on_get=_get_policy,
        create_status=200,
        patchable=False,
    ),
    Kind(
        type=f"{ACCOUNTS}/objectReplicationPolicies",
        api_versions=VERSIONS,
        create_status=200,
        patchable=False,
    ),
)

SPECIALS = {
    ("POST", "microsoft.storage/checknameavailability"): _check_name,
    ("GET", "microsoft.storage/deletedaccounts"): _no_deleted,
}
