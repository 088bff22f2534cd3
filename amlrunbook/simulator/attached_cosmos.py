"""Cosmos DB accounts: their regions, whose order is who writes, and taking a dark one offline.

Changing the order of regions needs all of them well, and automatic failover off. In an outage the
dark region is taken offline: the next one writes, and what had not replicated is lost. Azure's
codes of its refusals are not documented; those here are this simulator's choice.

Sources: https://learn.microsoft.com/azure/cosmos-db/disaster-recovery-guidance ,
https://learn.microsoft.com/azure/cosmos-db/how-to-manage-database-account ,
https://learn.microsoft.com/rest/api/cosmos-db-resource-provider/database-accounts
"""

from __future__ import annotations

import base64
from typing import Any

from starlette.responses import Response

from amlrunbook.simulator import soft_delete
from amlrunbook.simulator.answers import Refusal, json_answer
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Kind
from amlrunbook.simulator.attached_cosmos_restore import ACCOUNTS, SPECIALS, check_restore
from amlrunbook.simulator.effects import Merge
from amlrunbook.simulator.filling import fill, keep_read_only
from amlrunbook.simulator.long_actions import accept
from amlrunbook.simulator.operations import Style
from amlrunbook.simulator.places import region_name
from amlrunbook.simulator.regions import REGIONS
from amlrunbook.simulator.service_regions import answers
from amlrunbook.simulator.world import Document, World

OFFLINE = "Offline"
LAG_SECONDS = 10.0
"""How far other regions trail, where the fact ``lag_seconds`` does not say otherwise."""
_KEYS = ("primaryMasterKey", "secondaryMasterKey")
_READ_KEYS = ("primaryReadonlyMasterKey", "secondaryReadonlyMasterKey")


def complete_account(world: World, document: Document, before: Document | None) -> None:
    """Fill an account's document as Azure does."""
    name = str(document["name"]).lower()
    properties = document["properties"]
    document.setdefault("kind", "GlobalDocumentDB")
    keep_read_only(document, before, "instanceId", "documentEndpoint")
    held: Document = (before or {}).get("properties", {})
    asked = properties.get("locations") or held.get("locations")
    if not asked:
        asked = [{"locationName": REGIONS[region_name(str(document["location"]))].display}]
    properties.update(regions(name, asked))
    policy = properties.get("backupPolicy") or held.get("backupPolicy") or {"type": "Periodic"}
    fill(
        document,
        before,
        {
            "provisioningState": "Succeeded",
            "documentEndpoint": f"https://{name}.documents.azure.com:443/",
            "publicNetworkAccess": "Enabled",
            "enableAutomaticFailover": False,
            "enableMultipleWriteLocations": False,
            "isVirtualNetworkFilterEnabled": False,
            "virtualNetworkRules": [],
            "ipRules": [],
            "disableLocalAuth": False,
            "minimalTlsVersion": "Tls12",
            "instanceId": world.guid(),
            "databaseAccountOfferType": "Standard",
            "consistencyPolicy": {
                "defaultConsistencyLevel": "Session",
                "maxIntervalInSeconds": 5,
                "maxStalenessPrefix": 100,
            },
            "capabilities": [],
            "cors": [],
            "backupPolicy": _backup_defaults(policy),
            "privateEndpointConnections": [],
        },
    )


def _backup_defaults(policy: Document) -> Document:
    if policy.get("type") == "Continuous":
        return {"type": "Continuous", "continuousModeProperties": {"tier": "Continuous30Days"}}
    return {
        "type": "Periodic",
        "periodicModeProperties": {
            "backupIntervalInMinutes": 240,
            "backupRetentionIntervalInHours": 8,
            "backupStorageRedundancy": "Geo",
        },
    }


def regions(account: str, asked: list[Document]) -> Document:
    """Return the properties that tell of an account's regions, by priority; the first one writes.

    A region that is offline neither writes nor is read.
    """
    ordered = sorted(enumerate(asked), key=lambda item: item[1].get("failoverPriority", item[0]))
    locations: list[Document] = []
    for priority, (_, one) in enumerate(ordered):
        region = REGIONS[region_name(str(one["locationName"]))]
        locations.append(
            {
                "id": f"{account}-{region.name}",
                "locationName": region.display,
                "documentEndpoint": f"https://{account}-{region.name}.documents.azure.com:443/",
                "provisioningState": one.get("provisioningState", "Succeeded"),
                "failoverPriority": priority,
                "isZoneRedundant": bool(one.get("isZoneRedundant", False)),
            }
        )
    online = [one for one in locations if one["provisioningState"] != OFFLINE]
    return {
        "locations": locations,
        "writeLocations": online[:1],
        "readLocations": online,
        "failoverPolicies": [
            {key: one[key] for key in ("id", "locationName", "failoverPriority")}
            for one in locations
        ],
    }


def _check(call: Call, document: Document, before: Document | None) -> None:
    for one in document["properties"].get("locations") or []:
        if region_name(str(one.get("locationName"))) not in REGIONS:
            raise Refusal(400, "BadRequest", f"There is no region '{one.get('locationName')}'.")
    check_restore(call, document, before)


def _show(_world: World, document: Document) -> Document:
    """Return an account's document with its region as Cosmos DB writes it."""
    region = REGIONS.get(region_name(str(document["location"])))
    return {**document, "location": region.display if region else document["location"]}


def _dark(world: World, document: Document) -> list[str]:
    """Return the regions of an account that are dark, as they are named in it."""
    names = [str(one["locationName"]) for one in document["properties"]["locations"]]
    return [name for name in names if not answers(world, name, ACCOUNTS)]


def _change_priorities(call: Call, document: Document) -> Response:
    """Change the order of an account's regions: a failover where the first one changes."""
    properties = document["properties"]
    policies = call.document().get("failoverPolicies")
    wanted = _priorities(policies)
    if set(wanted) != {region_name(one["locationName"]) for one in properties["locations"]}:
        raise Refusal(
            400, "BadRequest", "The failover policies must name all regions of the account once."
        )
    if min(wanted.values()) != 0 or len(set(wanted.values())) != len(wanted):
        raise Refusal(
            400, "BadRequest", "The priorities must differ, and one of them must be zero."
        )
    if properties["enableAutomaticFailover"]:
        raise Refusal(
            400,
            "BadRequest",
            "The priorities cannot be changed while automatic failover is enabled.",
        )
    dark = _dark(call.world, document)
    if dark:
        raise Refusal(
            412,
            "PreconditionFailed",
            f"The priorities cannot be changed during an outage: {', '.join(dark)} does not "
            "answer.",
        )
    changed = [
        {**one, "failoverPriority": wanted[region_name(one["locationName"])]}
        for one in properties["locations"]
    ]
    return _reordered(call, document, changed)


def _priorities(policies: Any) -> dict[str, int]:
    if not isinstance(policies, list):
        raise Refusal(400, "BadRequest", "There are no failover policies.")
    try:
        return {region_name(str(one["locationName"])): int(one["failoverPriority"])
                for one in policies}  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise Refusal(400, "BadRequest", "A failover policy is not whole.") from error


def _reordered(call: Call, document: Document, locations: list[Document]) -> Response:
    target = str(document["id"])
    values: Document = {"properties": regions(str(document["name"]).lower(), locations)}
    return accept(call, target, [Merge(id=target, values=values)], style=Style.BOTH)


def _named_region(call: Call, document: Document) -> Document:
    """Return the account's location that a request names by its display name."""
    wanted = call.document().get("region")
    for one in document["properties"]["locations"]:
        if one["locationName"] == wanted:
            return dict(one)
    raise Refusal(400, "BadRequest", f"The account has no region '{wanted}'.")


def _take_offline(call: Call, document: Document) -> Response:
    """Take a region offline: the next one by priority writes."""
    gone = _named_region(call, document)
    others = [
        one
        for one in document["properties"]["locations"]
        if one["locationName"] != gone["locationName"]
    ]
    if not [one for one in others if one["provisioningState"] != OFFLINE]:
        raise Refusal(400, "BadRequest", "The last region of an account cannot be taken offline.")
    if gone["failoverPriority"] == 0:
        facts = call.world.facet(str(document["id"]))
        facts["lost_seconds"] = float(facts.get("lag_seconds", LAG_SECONDS))
    last = {**gone, "provisioningState": OFFLINE, "failoverPriority": len(others)}
    return _reordered(call, document, [*others, last])


def _bring_online(call: Call, document: Document) -> Response:
    """Bring a region back as the last one; Microsoft asks to be asked for that instead."""
    back = _named_region(call, document)
    if not answers(call.world, str(back["locationName"]), ACCOUNTS):
        raise Refusal(
            412, "PreconditionFailed", f"The region '{back['locationName']}' does not answer."
        )
    changed = [
        {**one, "provisioningState": "Succeeded"}
        if one["locationName"] == back["locationName"]
        else one
        for one in document["properties"]["locations"]
    ]
    return _reordered(call, document, changed)


def _key(call: Call, document: Document, name: str) -> str:
    return base64.b64encode(
        call.azure.secrets.derive(f"{str(document['id']).lower()}/{name}")
    ).decode()


def _list_keys(call: Call, document: Document) -> Response:
    return json_answer({name: _key(call, document, name) for name in (*_KEYS, *_READ_KEYS)})


def _list_read_keys(call: Call, document: Document) -> Response:
    return json_answer({name: _key(call, document, name) for name in _READ_KEYS})


def _list_connections(call: Call, document: Document) -> Response:
    endpoint = document["properties"]["documentEndpoint"]
    found = [
        {
            "connectionString": f"AccountEndpoint={endpoint};"
            f"AccountKey={_key(call, document, name)};",
            "description": name,
            "keyKind": name[0].upper() + name[1:].removesuffix("MasterKey"),
            "type": "Sql",
        }
        for name in (*_KEYS, *_READ_KEYS)
    ]
    return json_answer({"connectionStrings": found})


KINDS = (
    Kind(
        type=ACCOUNTS,
        api_versions=(
            "2026-03-15", "2025-10-15", "2025-04-15", "2024-11-15", "2024-05-15", "2023-11-15",
            "2021-10-15",
        ),
        tracked=True,
        check=_check,
        complete=complete_account,
        show=_show,
        create_style=Style.BOTH,
        update_style=Style.BOTH,
        patch_style=Style.BOTH,
        create_status=200,
        delete_style=Style.BOTH,
        on_delete=soft_delete.keep_deleted,
        actions={
            "failoverprioritychange": _change_priorities,
            "offlineregion": _take_offline,
            "onlineregion": _bring_online,
            "listkeys": _list_keys,
            "readonlykeys": _list_read_keys,
            "listconnectionstrings": _list_connections,
        },
    ),
)  # fmt: skip

__all__ = ["ACCOUNTS", "KINDS", "SPECIALS"]
