"""Storage accounts: the resource provider. The bytes are :mod:`.blob_service`'s.

Source: https://learn.microsoft.com/rest/api/storagerp/
"""

from __future__ import annotations

import base64
import re
from copy import deepcopy

from starlette.responses import Response

from amlrunbook.simulator.answers import Refusal, json_answer
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Kind
from amlrunbook.simulator.blob_tiers import holds_archived
from amlrunbook.simulator.blobs import BlobAccount
from amlrunbook.simulator.clock import stamp
from amlrunbook.simulator.geo import BOOTSTRAP_SECONDS, geo_stats, is_geo, is_readable
from amlrunbook.simulator.operations import Style
from amlrunbook.simulator.regions import REGIONS
from amlrunbook.simulator.storage_deleted import delete, forget, get_deleted, list_deleted, put
from amlrunbook.simulator.storage_failover import (
    fail_over,
    refuse_while_failing_over,
    shown,
)
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
    "failoverInProgress", "lastGeoFailoverTime",
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
    _check_archive(call, document, before)
    if before is not None:
        refuse_while_failing_over(before)


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


def _check_archive(call: Call, document: Document, before: Document | None) -> None:
    """Refuse a second region while blobs are archived; the code is this simulator's choice.

    Source: https://learn.microsoft.com/azure/storage/common/storage-initiate-account-failover
    """
    held = call.world.accounts.get(str(document["name"]))
    if before is None or held is None or not is_geo(str(document["sku"]["name"])):
        return
    if not is_geo(str(before["sku"]["name"])) and holds_archived(held, call.world.now()):
        raise Refusal(
            409,
            "AccountHasArchivedBlobs",
            f"The storage account '{document['name']}' holds blobs in the archive tier. Rehydrate "
            "them before you make it geo-redundant.",
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
        "encryption": {"keySource": "Microsoft.Storage"},
    }
    for key, value in defaults.items():
        properties.setdefault(key, deepcopy(held.get(key, value)))
    _complete_encryption(properties["encryption"], str(made))
    properties.setdefault("provisioningState", "Succeeded")
    properties.setdefault("primaryLocation", region)
    properties["statusOfPrimary"] = properties.get("statusOfPrimary", "available")
    properties["primaryEndpoints"] = _endpoints(world, name, "")
    _complete_secondary(world, document, before)
    if before is None or name not in world.accounts:
        world.accounts.setdefault(name, BlobAccount(name=name, resource_id=str(document["id"])))


def _complete_encryption(encryption: Document, made: str) -> None:
    """Fill in what is encrypted: always blobs and files."""
    services = encryption.setdefault("services", {})
    for part in ("file", "blob"):
        held = services.get(part) or {}
        services[part] = {"keyType": "Account", "enabled": True, "lastEnabledTime": made} | held


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
    made_in = str(document["location"])
    second = primary.pair if primary.name == made_in else made_in
    properties.setdefault("secondaryLocation", second)
    properties.setdefault("statusOfSecondary", "available")
    if is_readable(sku):
        endpoints = _endpoints(world, str(document["name"]), "-secondary")
        endpoints.pop("file")
        properties["secondaryEndpoints"] = endpoints
    else:
        properties.pop("secondaryEndpoints", None)


def _created(call: Call, document: Document) -> None:
    """Let a new account's secondary be unavailable until the first copy is there."""
    forget(call, document)
    if is_geo(str(document["sku"]["name"])):
        now = call.world.now()
        facts = {"made_at": now, "live_at": now + BOOTSTRAP_SECONDS}
        call.world.facet(str(document["id"]))["geo"] = facts


def _endpoints(world: World, name: str, suffix: str) -> dict[str, str]:
    return {part: f"{world.base_url}/{part}/{name}{suffix}/" for part in _SERVICES}


def _get(call: Call) -> Response | None:
    """Answer a GET with ``$expand=geoReplicationStats``."""
    expand = call.query.get("$expand", "").lower()
    document = call.world.get(call.path.text)
    if "georeplicationstats" not in expand or document is None:
        return None
    stats = geo_stats(call.world, document)
    properties = shown(call.world, document)["properties"]
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
            "permissions": "Full",
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


KINDS = (
    Kind(
        type=ACCOUNTS,
        api_versions=VERSIONS,
        tracked=True,
        check=_check,
        complete=complete,
        create_style=Style.LOCATION,
        on_get=_get,
        on_create=_created,
        on_put=put,
        on_delete=delete,
        show=shown,
        actions={"listkeys": _list_keys, "failover": fail_over},
    ),
)

SPECIALS = {
    ("POST", "microsoft.storage/checknameavailability"): _check_name,
    ("GET", "microsoft.storage/deletedaccounts"): list_deleted,
    ("GET", "microsoft.storage/locations/*/deletedaccounts/*"): get_deleted,
}
