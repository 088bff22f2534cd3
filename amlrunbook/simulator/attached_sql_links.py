"""Replication of Azure SQL databases: links, seeding, and a geo-replica that takes over.

Each link stands in both databases under one name. ``CATCH_UP`` is its healthy state, and no
document tells how many seconds it is behind. Azure's codes of refused failovers are not all
documented; those here are this simulator's choice.

Sources: https://learn.microsoft.com/rest/api/sql/replication-links ,
https://learn.microsoft.com/azure/azure-sql/database/active-geo-replication-overview
"""

from __future__ import annotations

from starlette.responses import Response

from amlrunbook.simulator.answers import Refusal
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Action, Kind
from amlrunbook.simulator.arm_lookup import named
from amlrunbook.simulator.arm_path import parse
from amlrunbook.simulator.attached_sql import SERVERS, VERSIONS
from amlrunbook.simulator.clock import stamp
from amlrunbook.simulator.effects import Effect, Merge
from amlrunbook.simulator.long_actions import accept
from amlrunbook.simulator.operations import Style
from amlrunbook.simulator.service_regions import answers
from amlrunbook.simulator.world import Document, World

LINKS = f"{SERVERS}/databases/replicationLinks"
SEED_SECONDS = 30.0
"""World seconds for which a new geo-replica is seeded."""
LAG_SECONDS = 5.0
"""How far a geo-replica trails, where the fact ``lag_seconds`` does not say otherwise."""
_OTHER = {"Primary": "Secondary", "Secondary": "Primary"}


def link_databases(world: World, primary: Document, secondary: Document) -> None:
    """Let one database replicate to another: a link in each of them."""
    name, now = world.guid(), stamp(world.now())
    for here, there, role in ((primary, secondary, "Primary"), (secondary, primary, "Secondary")):
        resource_id = f"{here['id']}/replicationLinks/{name}"
        document: Document = {
            "id": resource_id,
            "name": name,
            "type": LINKS,
            "properties": {
                "partnerServer": parse(str(there["id"])).names[0],
                "partnerDatabase": there["name"],
                "partnerDatabaseId": there["id"],
                "partnerLocation": there["location"],
                "role": role,
                "partnerRole": _OTHER[role],
                "replicationMode": "ASYNC",
                "startTime": now,
                "percentComplete": 100,
                "replicationState": "CATCH_UP",
                "isTerminationAllowed": True,
                "linkType": "GEO",
            },
        }
        world.put(resource_id, document)


def links_of(world: World, database: Document) -> list[Document]:
    """Return the links of a database."""
    under = f"{database['id']}/replicationLinks/".lower()
    return [item for key, item in sorted(world.resources.items()) if key.startswith(under)]


def other_side(world: World, link: Document) -> Document | None:
    """Return the same link as it stands in the partner's database."""
    return world.get(f"{link['properties']['partnerDatabaseId']}/replicationLinks/{link['name']}")


def end_links(world: World, database: Document) -> None:
    """End a database's replication on both sides; what was a geo-replica stands alone then."""
    for link in links_of(world, database):
        partner = world.get(str(link["properties"]["partnerDatabaseId"]))
        for side in (link, other_side(world, link)):
            if side is not None:
                world.remove(str(side["id"]))
        for one in (database, partner):
            if one is not None:
                one["properties"].pop("secondaryType", None)


def seed(world: World, database: Document) -> None:
    """Let a database's links be seeded first, and be healthy some time later."""
    for link in links_of(world, database):
        for side in (link, other_side(world, link)):
            if side is not None:
                side["properties"].update(replicationState="SEEDING", percentComplete=0)
                done: Document = {"replicationState": "CATCH_UP", "percentComplete": 100}
                world.bring_later(
                    SEED_SECONDS, Merge(id=str(side["id"]), values={"properties": done})
                )


def state(world: World, link: Document) -> str:
    """Return a link's state now: suspended while a region of it is dark."""
    partner = str(link["properties"]["partnerLocation"])
    own = world.get(str(link["id"]).rsplit("/replicationLinks/", 1)[0]) or {}
    regions = (partner, str(own.get("location", partner)))
    if all(answers(world, region, SERVERS) for region in regions):
        return str(link["properties"]["replicationState"])
    return "SUSPENDED"


def swapped(world: World, link: Document) -> list[Effect]:
    """Return what lets the secondary of a link become the primary, on both sides."""
    found: list[Effect] = []
    sides = (link, other_side(world, link))
    for side in (one for one in sides if one is not None):
        role = _OTHER[str(side["properties"]["role"])]
        roles: Document = {"role": role, "partnerRole": _OTHER[role]}
        database: Document = {"secondaryType": "Geo" if role == "Secondary" else None}
        found.append(Merge(id=str(side["id"]), values={"properties": roles}))
        own = str(side["id"]).rsplit("/replicationLinks/", 1)[0]
        found.append(Merge(id=own, values={"properties": database}))
    return found


def lag(world: World, resource_id: str) -> float:
    """Return how many seconds a replica trails, by its facts."""
    facts = world.facets.get(resource_id.lower(), {})
    return float(facts.get("lag_seconds", LAG_SECONDS))


def planned_error(world: World, links: list[Document]) -> Document | None:
    """Return why a failover without loss fails now; ``None`` when it does not."""
    unfit = [link for link in links if state(world, link) != "CATCH_UP"]
    if not unfit:
        return None
    return {
        "code": "PlannedFailoverFailed",
        "message": "A failover without data loss needs both servers and healthy replication; the "
        f"replication state of '{unfit[0]['name']}' is {state(world, unfit[0])}.",
    }


def _fail_over(*, forced: bool) -> Action:
    """Return the action that lets the geo-replica of a link take over."""

    def act(call: Call, document: Document) -> Response:
        properties = document["properties"]
        if properties["role"] != "Secondary":
            raise Refusal(
                400,
                "GeoReplicationDatabaseNotSecondary",
                "The failover is asked of the server that shall become the primary.",
            )
        database = str(document["id"]).rsplit("/replicationLinks/", 1)[0]
        if "failoverGroupId" in (call.world.get(database) or {}).get("properties", {}):
            raise Refusal(
                409,
                "DatabaseInFailoverGroup",
                "The database is in a failover group: fail the group over.",
            )
        error = None if forced else planned_error(call.world, [document])
        if forced:
            call.world.facet(database)["lost_seconds"] = lag(call.world, database)
        effects = swapped(call.world, document)
        return accept(call, str(document["id"]), effects, answers_target=True, error=error)

    return act


def _show(world: World, document: Document) -> Document:
    properties = {**document["properties"], "replicationState": state(world, document)}
    return {**document, "properties": properties}


def _delete(call: Call) -> Response | None:
    """End the replication of one link."""
    document = call.world.get(call.path.text)
    if document is None:
        return None
    other = other_side(call.world, document)
    if other is not None:
        call.world.remove(str(other["id"]))
    return None


def _list_of_server(call: Call) -> Response:
    server = f"{call.path.scope}/providers/{SERVERS}/{call.path.names[0]}"
    named(call, server)
    under = f"{server}/databases/".lower()
    found = [
        _show(call.world, document)
        for key, document in sorted(call.world.resources.items())
        if key.startswith(under) and document["type"] == LINKS
    ]
    return call.page(found)


KINDS = (
    Kind(
        type=LINKS,
        api_versions=VERSIONS,
        methods=frozenset({"GET", "DELETE"}),
        show=_show,
        on_delete=_delete,
        delete_style=Style.LOCATION,
        lifecycle=None,
        actions={
            "failover": _fail_over(forced=False),
            "forcefailoverallowdataloss": _fail_over(forced=True),
        },
    ),
)

SPECIALS = {("GET", "microsoft.sql/servers/*/replicationlinks"): _list_of_server}
