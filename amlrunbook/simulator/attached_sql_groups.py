"""Failover groups of Azure SQL: two servers' documents of one group, whose roles swap.

A failover is asked of the server that shall become the primary. One without loss fails while a
region is dark; a forced one goes through, and what had not replicated is lost. Azure's codes of
refused failovers are not documented; those here are this simulator's choice.

Sources: https://learn.microsoft.com/rest/api/sql/failover-groups ,
https://learn.microsoft.com/azure/azure-sql/database/failover-group-sql-db
"""

from __future__ import annotations

from copy import deepcopy
from enum import StrEnum

from starlette.responses import Response

from amlrunbook.simulator import arm_verbs
from amlrunbook.simulator.answers import Refusal
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Action, Kind
from amlrunbook.simulator.attached_sql import SERVERS, VERSIONS
from amlrunbook.simulator.attached_sql_databases import DATABASES, complete_database
from amlrunbook.simulator.attached_sql_links import (
    lag,
    link_databases,
    links_of,
    planned_error,
    seed,
    state,
    swapped,
)
from amlrunbook.simulator.effects import Effect, Merge, Remove
from amlrunbook.simulator.filling import fill, keep_read_only
from amlrunbook.simulator.long_actions import accept
from amlrunbook.simulator.operations import Style
from amlrunbook.simulator.world import Document, World

GROUPS = f"{SERVERS}/failoverGroups"
_MIN_GRACE = 60
"""Minutes: the least that an automatic failover waits."""


class FailoverWay(StrEnum):
    """How a group fails over."""

    PLANNED = "failover"
    FORCED = "forceFailoverAllowDataLoss"
    PLANNED_ELSE_FORCED = "tryPlannedBeforeForcedFailover"


def complete_group(world: World, document: Document, before: Document | None) -> None:
    """Fill a group's document, and bring about what it means on the partner's server."""
    server = _server(world, document)
    partner = world.get(str(document["properties"]["partnerServers"][0]["id"])) or {}
    document["location"] = server.get("location", "eastus")
    document.setdefault("tags", {})
    keep_read_only(document, before, "replicationRole", "replicationState", "partnerServers")
    properties = fill(
        document,
        before,
        {
            "readWriteEndpoint": {"failoverPolicy": "Manual"},
            "readOnlyEndpoint": {"failoverPolicy": "Disabled"},
            "replicationRole": "Primary",
            "replicationState": "CATCH_UP",
            "databases": [],
        },
    )
    if before is None and partner:
        properties["partnerServers"] = [_partner(partner, "Secondary")]
    if properties["replicationRole"] == "Primary" and partner:
        _mirror(world, document, server, partner)


def _server(world: World, group: Document) -> Document:
    return world.get(str(group["id"]).rsplit("/failoverGroups/", 1)[0]) or {}


def _partner(server: Document, role: str) -> Document:
    return {"id": server["id"], "location": server["location"], "replicationRole": role}


def _mirror(world: World, group: Document, server: Document, partner: Document) -> None:
    """Write the partner's document of a group, and replicate the databases that are in it."""
    there: list[str] = []
    for wanted in list(group["properties"]["databases"]):
        database = world.get(str(wanted))
        if database is not None:
            there.append(_replica(world, group, database, partner))
    resource_id = f"{partner['id']}/failoverGroups/{group['name']}"
    mirrored = deepcopy(group)
    mirrored.update(id=resource_id, location=partner["location"])
    mirrored["properties"].update(
        replicationRole="Secondary",
        partnerServers=[_partner(server, "Primary")],
        databases=there,
    )
    world.put(resource_id, mirrored)
    _leave(world, group)


def _replica(world: World, group: Document, database: Document, partner: Document) -> str:
    """Return the id of a database's replica on the partner; it is made if it is not there."""
    resource_id = f"{partner['id']}/databases/{database['name']}"
    replica = world.get(resource_id)
    if replica is None:
        replica = {
            "id": resource_id,
            "name": database["name"],
            "type": DATABASES,
            "location": partner["location"],
            "sku": deepcopy(database["sku"]),
            "tags": {},
            "properties": {"secondaryType": "Geo"},
        }
        complete_database(world, replica, None)
        world.put(resource_id, replica)
    if not links_of(world, replica):
        link_databases(world, database, replica)
    database["properties"]["failoverGroupId"] = group["id"]
    replica["properties"]["failoverGroupId"] = f"{partner['id']}/failoverGroups/{group['name']}"
    return str(replica["id"])


def _leave(world: World, group: Document) -> None:
    """Let go of databases that are not in a group any more; their replication stays."""
    kept = {str(one).lower() for one in group["properties"]["databases"]}
    for key, document in world.resources.items():
        is_member = document["properties"].get("failoverGroupId") == group["id"]
        if document["type"] == DATABASES and is_member and key not in kept:
            del document["properties"]["failoverGroupId"]
            for link in links_of(world, document):
                other = world.get(str(link["properties"]["partnerDatabaseId"])) or {}
                other.get("properties", {}).pop("failoverGroupId", None)


def _check(call: Call, document: Document, before: Document | None) -> None:
    properties = document["properties"]
    if before is not None and before["properties"]["replicationRole"] != "Primary":
        raise Refusal(
            400,
            "FailoverGroupNotPrimary",
            f"The failover group '{document['name']}' is changed on its primary server.",
        )
    servers = properties.get("partnerServers") or []
    partner = call.world.get(str(servers[0].get("id"))) if servers else None
    if partner is None or partner["type"] != SERVERS:
        raise Refusal(400, "InvalidFailoverGroupPartner", "The partner server does not exist.")
    own = _server(call.world, document)
    if partner["location"] == own["location"]:
        raise Refusal(
            400,
            "FailoverGroupPartnerInSameRegion",
            f"The partner server '{partner['name']}' is in the same region.",
        )
    endpoint = properties.get("readWriteEndpoint") or {}
    if endpoint.get("failoverPolicy") == "Automatic":
        grace = endpoint.setdefault("failoverWithDataLossGracePeriodMinutes", _MIN_GRACE)
        if grace < _MIN_GRACE:
            raise Refusal(
                400, "InvalidGracePeriod", f"The grace period must be {_MIN_GRACE} at least."
            )
    for one in properties.get("databases") or []:
        if call.world.get(str(one)) is None:
            raise Refusal(400, "DatabaseNotFound", f"The database '{one}' does not exist.")


def _seed(call: Call, document: Document) -> None:
    for wanted in document["properties"]["databases"]:
        database = call.world.get(str(wanted))
        if database is not None:
            seed(call.world, database)


def _links(world: World, group: Document) -> list[Document]:
    """Return the links of all databases of a group, as they stand on its server."""
    found: list[Document] = []
    for wanted in group["properties"]["databases"]:
        database = world.get(str(wanted))
        if database is not None:
            found.extend(links_of(world, database))
    return found


def _show(world: World, document: Document) -> Document:
    """Return a group's document as it is now: its state is the worst of its databases'."""
    states = [state(world, link) for link in _links(world, document)]
    worst = next((one for one in states if one != "CATCH_UP"), "CATCH_UP")
    return {**document, "properties": {**document["properties"], "replicationState": worst}}


def _fail_over(way: FailoverWay) -> Action:
    def act(call: Call, document: Document) -> Response:
        if document["properties"]["replicationRole"] != "Secondary":
            raise Refusal(
                400,
                "FailoverGroupAlreadyPrimary",
                f"The server of '{document['name']}' is the primary already; a failover is asked "
                "of the server that shall become it.",
            )
        links = _links(call.world, document)
        error = planned_error(call.world, links)
        is_forced = way is FailoverWay.FORCED or (
            way is FailoverWay.PLANNED_ELSE_FORCED and error is not None
        )
        if is_forced:
            error = None
            facts = call.world.facet(str(document["id"]))
            facts["lost_seconds"] = lag(call.world, str(document["id"]))
        effects = _role_swap(call.world, document)
        for link in links:
            effects.extend(swapped(call.world, link))
        return accept(
            call,
            str(document["id"]),
            effects,
            action=f"{GROUPS}/{way.value}/action",
            answers_target=True,
            error=error,
        )

    return act


def _role_swap(world: World, group: Document) -> list[Effect]:
    """Return what makes a group's secondary server its primary, in both servers' documents."""
    server = _server(world, group)
    partner = group["properties"]["partnerServers"][0]
    there: Document = world.get(str(partner["id"])) or {
        "id": partner["id"],
        "location": partner["location"],
    }
    mine: Document = {
        "replicationRole": "Primary",
        "partnerServers": [_partner(there, "Secondary")],
    }
    theirs: Document = {
        "replicationRole": "Secondary",
        "partnerServers": [_partner(server, "Primary")],
    }
    return [
        Merge(id=str(group["id"]), values={"properties": mine}),
        Merge(id=f"{there['id']}/failoverGroups/{group['name']}", values={"properties": theirs}),
    ]


def _delete(call: Call) -> Response | None:
    """Take a group away on both servers; the databases go on replicating."""
    document = call.world.get(call.path.text)
    if document is None:
        return None
    partner = str(document["properties"]["partnerServers"][0]["id"])
    document["properties"]["databases"] = []
    _leave(call.world, document)
    gone: list[Effect] = [
        Remove(id=str(document["id"])),
        Remove(id=f"{partner}/failoverGroups/{document['name']}"),
    ]
    return arm_verbs.remove(call, KINDS[0], document, gone)


KINDS = (
    Kind(
        type=GROUPS,
        api_versions=VERSIONS,
        check=_check,
        complete=complete_group,
        show=_show,
        create_style=Style.LOCATION,
        update_style=Style.LOCATION,
        patch_style=Style.LOCATION,
        delete_style=Style.LOCATION,
        lifecycle=None,
        on_create=_seed,
        on_delete=_delete,
        actions={way.value.lower(): _fail_over(way) for way in FailoverWay},
    ),
)
