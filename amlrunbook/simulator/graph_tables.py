"""The tables of Resource Graph: resources and their containers, health of both kinds.

Source: https://learn.microsoft.com/azure/governance/resource-graph/reference/supported-tables-resources
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy

from amlrunbook.simulator.arm_kinds import Kind
from amlrunbook.simulator.arm_path import parse
from amlrunbook.simulator.graph_query import Table
from amlrunbook.simulator.monitor import HEALTH_TYPES, availability, service_events
from amlrunbook.simulator.world import Document, World

COLUMNS = (
    "id", "name", "type", "tenantId", "kind", "location", "resourceGroup", "subscriptionId",
    "managedBy", "sku", "plan", "properties", "tags", "identity", "zones",
)  # fmt: skip
_COPIED = ("id", "name", "kind", "location", "managedBy", "sku", "plan", "properties", "tags",
           "identity", "zones")  # fmt: skip
_GROUP = "microsoft.resources/resourcegroups"


def tables(world: World, kinds: Mapping[str, Kind], subscriptions: set[str]) -> dict[str, Table]:
    """Return all tables over the subscriptions that are asked for (ids in lower case)."""
    world.graph.catch_up(world.now(), world.seed, world.faults.values())
    known = {
        key: document
        for key, document in sorted(world.graph.view(world.resources).items())
        if str(parse(key).subscription).lower() in subscriptions
    }
    types = {key: str(document["type"]).lower() for key, document in known.items()}
    tracked = [d for k, d in known.items() if (kind := kinds.get(types[k])) and kind.tracked]
    groups = [d for k, d in known.items() if types[k] == _GROUP]
    watched = [d for k, d in known.items() if types[k] in HEALTH_TYPES]
    rows = {
        "resources": [_row(world, document) for document in tracked],
        "resourcecontainers": [
            *_subscriptions(world, subscriptions),
            *(_row(world, d, "microsoft.resources/subscriptions/resourcegroups") for d in groups),
        ],
        "healthresources": [_health(world, document) for document in watched],
        "servicehealthresources": [
            _event(world, name, event)
            for name in world.subscriptions
            if name.lower() in subscriptions
            for event in service_events(world, name)
        ],
    }
    return {name: Table(COLUMNS, found) for name, found in rows.items()}


def _row(world: World, document: Document, kind: str | None = None) -> Document:
    path = parse(str(document["id"]))
    found: Document = dict.fromkeys(COLUMNS)
    found |= {key: deepcopy(document.get(key)) for key in _COPIED}
    return found | {
        "type": kind or str(document["type"]).lower(),
        "tenantId": world.tenant_id,
        "resourceGroup": str(path.group or "").lower(),
        "subscriptionId": str(path.subscription),
    }


def _subscriptions(world: World, asked: set[str]) -> list[Document]:
    return [
        _row(
            world,
            {
                "id": f"/subscriptions/{one.id}",
                "name": one.name,
                "type": "microsoft.resources/subscriptions",
                "properties": {"state": one.state},
            },
        )
        for key, one in sorted(world.subscriptions.items())
        if key.lower() in asked
    ]


def _health(world: World, document: Document) -> Document:
    """Return the availability of a resource, by the names that this table has for it."""
    told = availability(world, document)
    held = told["properties"]
    return _row(world, told, "microsoft.resourcehealth/availabilitystatuses") | {
        "properties": {
            "targetResourceId": document["id"],
            "targetResourceType": document["type"],
            "availabilityState": held["availabilityState"],
            "occurredTime": held["occuredTime"],
            "reasonType": held.get("reasonType", ""),
            "summary": held.get("summary", ""),
            "title": held.get("title", ""),
        }
    }


def _event(world: World, subscription: str, event: Document) -> Document:
    """Return a service health event; this table writes its properties with capitals."""
    held = {f"{key[:1].upper()}{key[1:]}": value for key, value in event["properties"].items()}
    row = _row(world, event, "microsoft.resourcehealth/events")
    return row | {
        "subscriptionId": subscription,
        "properties": {**held, "TrackingId": event["name"]},
    }
