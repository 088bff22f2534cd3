"""Promoting a read replica of a PostgreSQL flexible server: swapping roles, or standing alone.

Planned promotions need both servers; forced ones lose what the replica had not received. Azure's
codes of their refusals are not documented, but for ``MissingRequiredParameter``; those here are
this simulator's choice.

Source: https://learn.microsoft.com/azure/postgresql/read-replica/concepts-read-replicas-promote
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from amlrunbook.simulator import locks
from amlrunbook.simulator.answers import Refusal
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.attached_flexible_servers import replicas_of
from amlrunbook.simulator.effects import Effect, Merge, Put, Remove
from amlrunbook.simulator.long_actions import accept
from amlrunbook.simulator.operations import Style
from amlrunbook.simulator.service_regions import is_up
from amlrunbook.simulator.world import Document, World

SERVERS = "Microsoft.DBforPostgreSQL/flexibleServers"
ENDPOINTS = f"{SERVERS}/virtualEndpoints"
LAG_SECONDS = 30.0
"""How far a replica trails, where its fact ``lag_seconds`` does not say otherwise."""
_REPLICAS = {"AsyncReplica", "GeoAsyncReplica"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """A replica that shall be promoted, and its primary where that still exists."""

    replica: Document
    primary: Document | None


def shown(world: World, document: Document) -> Document:
    """Return a server's document as it is now: a replica tells how its replication does."""
    properties = document["properties"]
    if properties["replica"]["role"] not in _REPLICAS:
        return document
    primary = world.get(str(properties.get("sourceServerResourceId")))
    is_well = primary is not None and is_up(world, primary) and is_up(world, document)
    held = world.facets.get(str(document["id"]).lower(), {}).get("replication_state", "Active")
    replica = {**properties["replica"], "replicationState": held if is_well else "Broken"}
    return {**document, "properties": {**properties, "replica": replica}}


def promote(call: Call) -> Response | None:
    """Answer a PATCH that promotes a replica; ``None`` for any other.

    Raises:
        Refusal: the server is no replica, the request is not whole, or it cannot be done.
    """
    properties: Any = call.document().get("properties")
    asked = properties.get("replica") if isinstance(properties, dict) else None
    if not isinstance(asked, dict) or "promoteMode" not in asked:
        return None
    replica = call.world.get(call.path.text)
    if replica is None:
        return None
    locks.guard(call.world, "PATCH", str(replica["id"]))
    mode, option = _asked(call, properties, asked)
    if replica["properties"]["replica"]["role"] not in _REPLICAS:
        raise Refusal(
            400, "ServerIsNotReplica", f"The server '{replica['name']}' is no read replica."
        )
    pair = _Pair(
        replica=replica,
        primary=call.world.get(str(replica["properties"].get("sourceServerResourceId"))),
    )
    if option == "planned":
        _refuse_unready(call.world, pair)
    if option == "forced":
        call.world.facet(str(replica["id"]))["lost_seconds"] = lag(call.world, replica)
    if mode == "switchover":
        effects = _switched(call.world, pair, planned=option == "planned")
    else:
        effects = [_alone(replica)]
    replica["properties"]["state"] = "Updating"
    call.world.touch()
    return accept(
        call,
        str(replica["id"]),
        [*effects, Merge(id=str(replica["id"]), values={"properties": {"state": "Ready"}})],
        style=Style.BOTH,
        action=f"{SERVERS}/write",
        answers_target=True,
    )


def _asked(call: Call, properties: dict[str, Any], asked: dict[str, Any]) -> tuple[str, str]:
    """Return mode and option of a promotion.

    Raises:
        Refusal: one is not known, or the source is missing, which newer api-versions want.
    """
    mode = str(asked.get("promoteMode")).lower()
    option = str(asked.get("promoteOption", "planned")).lower()
    if mode not in {"switchover", "standalone"} or option not in {"planned", "forced"}:
        raise Refusal(400, "InvalidParameterValue", "promoteMode or promoteOption is not valid.")
    is_new = call.query.get("api-version", "") >= "2026"
    if is_new and not properties.get("sourceServerResourceId"):
        raise Refusal(
            400, "MissingRequiredParameter", "The parameter 'sourceServerResourceId' is missing."
        )
    return mode, option


def lag(world: World, replica: Document) -> float:
    """Return how many seconds a replica trails, by its facts."""
    facts = world.facets.get(str(replica["id"]).lower(), {})
    return float(facts.get("lag_seconds", LAG_SECONDS))


def _refuse_unready(world: World, pair: _Pair) -> None:
    """Refuse a planned promotion unless both servers are ready."""
    for server in (pair.replica, pair.primary):
        if server is None or server["properties"]["state"] != "Ready" or not is_up(world, server):
            raise Refusal(
                409,
                "ServerNotReady",
                "A planned promotion needs both servers ready; a forced one does not.",
            )


def _switched(world: World, pair: _Pair, *, planned: bool) -> list[Effect]:
    """Return what swaps the roles of a replica and its primary, and moves the virtual endpoint."""
    replica, primary = pair.replica, pair.primary
    if primary is None:
        raise Refusal(409, "PrimaryServerNotFound", "The primary of the replica is not there.")
    endpoints = _endpoints(world, primary)
    if not any(replica["name"] in one["properties"]["members"] for one in endpoints):
        raise Refusal(
            400,
            "VirtualEndpointRequired",
            "A switchover needs a virtual endpoint whose reader is the replica.",
        )
    unequal = [
        key
        for key, mine, theirs in (
            ("sku", replica["sku"], primary["sku"]),
            ("storage", _storage(replica), _storage(primary)),
        )
        if mine != theirs
    ]
    if planned and unequal:
        raise Refusal(
            400, "ServersNotSymmetric", f"The two servers differ in {', '.join(unequal)}."
        )
    role = replica["properties"]["replica"]["role"]
    found = [_role(replica, "Primary", None), _role(primary, role, str(replica["id"]))]
    found.append(
        Merge(
            id=str(primary["id"]),
            values={
                "properties": {"highAvailability": {"mode": "Disabled", "state": "NotEnabled"}}
            },
        )
    )
    found.extend(
        _role(other, other["properties"]["replica"]["role"], str(replica["id"]))
        for other in replicas_of(world, primary)
        if other is not replica
    )
    for endpoint in endpoints:
        found.extend(_moved(endpoint, pair))
    return found


def _storage(server: Document) -> Any:
    return server["properties"]["storage"].get("storageSizeGB")


def _endpoints(world: World, server: Document) -> list[Document]:
    under = f"{server['id']}/virtualEndpoints/".lower()
    return [item for key, item in sorted(world.resources.items()) if key.startswith(under)]


def _role(server: Document, role: str, source: str | None) -> Effect:
    values: Document = {
        "replica": {"role": role},
        "replicationRole": role,
        "sourceServerResourceId": source,
    }
    return Merge(id=str(server["id"]), values={"properties": values})


def _alone(replica: Document) -> Effect:
    """Return what cuts a replica off: virtual endpoints stay where they are."""
    return _role(replica, "Primary", None)


def _moved(endpoint: Document, pair: _Pair) -> list[Effect]:
    """Return what hands a virtual endpoint over to the new primary, its reader the old one."""
    primary = pair.primary or pair.replica
    moved = deepcopy(endpoint)
    moved["id"] = f"{pair.replica['id']}/virtualEndpoints/{endpoint['name']}"
    moved["properties"]["members"] = [primary["name"]]
    return [Remove(id=str(endpoint["id"])), Put(id=str(moved["id"]), document=moved)]
