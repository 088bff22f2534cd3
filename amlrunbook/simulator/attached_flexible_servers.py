"""What PostgreSQL and MySQL flexible servers do alike: replicas, and servers made out of others.

Azure's codes of these refusals are not documented, but for ``MissingRequiredParameter``; those here
are this simulator's choice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy

from starlette.responses import Response

from amlrunbook.simulator.answers import Refusal
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Action
from amlrunbook.simulator.arm_lookup import named
from amlrunbook.simulator.clock import moment
from amlrunbook.simulator.effects import Merge
from amlrunbook.simulator.filling import forget
from amlrunbook.simulator.long_actions import accept
from amlrunbook.simulator.operations import Style
from amlrunbook.simulator.service_regions import answers, is_up
from amlrunbook.simulator.world import Document, World

Source = Callable[[Call, Document], Document]
"""Return the server that a new one is made from, or refuse."""
_BACKUP_LAG = 3600.0
"""World seconds by which geo-redundant backups trail."""


def replicas_of(world: World, server: Document) -> list[Document]:
    """Return the read replicas of a server."""
    wanted = str(server["id"]).lower()
    return [
        document
        for _, document in sorted(world.resources.items())
        if document["type"] == server["type"]
        and str(document["properties"].get("sourceServerResourceId", "")).lower() == wanted
    ]


def list_replicas(show: Callable[[World, Document], Document]) -> Callable[[Call], Response]:
    """Return what answers the read replicas of a server, each as ``show`` shows it."""

    def answer(call: Call) -> Response:
        return call.page([show(call.world, one) for one in replicas_of(call.world, named(call))])

    return answer


def forget_source(world: World, document: Document, before: Document | None) -> None:
    """Take the source from a new server that is no replica: a copy stands alone."""
    facts = world.facets.get(str(document["id"]).lower(), {})
    if before is None and facts.get("replica") is False:
        forget(document, "sourceServerResourceId")


def tell_availability(properties: Document) -> None:
    """Say how a server's high availability does."""
    is_on = properties["highAvailability"]["mode"] != "Disabled"
    properties["highAvailability"]["state"] = "Healthy" if is_on else "NotEnabled"


def make_from(
    call: Call, document: Document, mode: str, sources: Mapping[str, Source], point: str
) -> None:
    """Give a new server what it takes over from the one it is made from.

    Args:
        call: the request.
        document: the new server's document.
        mode: its ``createMode``, in lower case.
        sources: what finds the server that it is made from, by that mode.
        point: the property that names the point in time.

    Raises:
        Refusal: it cannot be made.
    """
    find = sources.get(mode)
    if find is None:
        raise Refusal(400, "InvalidParameterValue", f"The createMode '{mode}' is not served.")
    source = find(call, document)
    properties = document["properties"]
    facts = call.world.facet(str(document["id"]))
    facts["replica"] = mode == "replica"
    facts["data_at"] = _data_at(call, properties, mode, point)
    document.setdefault("sku", deepcopy(source["sku"]))
    for key in ("version", "storage", "administratorLogin"):
        properties.setdefault(key, deepcopy(source["properties"][key]))


def _data_at(call: Call, properties: Document, mode: str, point: str) -> float:
    """Return the world time up to which a new server has its source's data."""
    now = call.world.now()
    wanted = properties.get(point)
    if mode == "replica" or not wanted:
        at = now
    else:
        try:
            at = moment(str(wanted))
        except ValueError as error:
            raise Refusal(
                400, "InvalidParameterValue", f"{point} '{wanted}' is no point in time."
            ) from error
    return min(at, now - _BACKUP_LAG) if mode == "georestore" else min(at, now)


def source_id(document: Document) -> str:
    """Return the id of the server that a new one is made from.

    Raises:
        Refusal: the request does not say.
    """
    found = document["properties"].get("sourceServerResourceId")
    if not found:
        raise Refusal(
            400, "MissingRequiredParameter", "The parameter 'sourceServerResourceId' is missing."
        )
    return str(found)


def living(call: Call, document: Document) -> Document:
    """Return the source of a new server, which has to be there.

    Raises:
        Refusal: it is not.
    """
    wanted = source_id(document)
    source = call.world.get(wanted)
    if source is None or source["type"] != document["type"]:
        raise Refusal(404, "SourceServerNotFound", f"The server '{wanted}' does not exist.")
    return source


def replicated(call: Call, document: Document) -> Document:
    """Return the source of a new read replica.

    Raises:
        Refusal: it can have none, does not answer, or is not there.
    """
    source = living(call, document)
    if source["sku"]["tier"] == "Burstable":
        raise Refusal(
            400, "OperationNotSupportedOnTier", "A burstable server can have no read replicas."
        )
    if not is_up(call.world, source):
        raise Refusal(409, "ServerNotReady", f"The server '{source['name']}' does not answer.")
    return source


def refuse_without_geo_backups(source: Document) -> None:
    """Refuse a geo-restore of a server that has no geo-redundant backups.

    Raises:
        Refusal: it has none.
    """
    if source["properties"]["backup"]["geoRedundantBackup"] != "Enabled":
        raise Refusal(
            400,
            "GeoRedundantBackupNotEnabled",
            f"The server '{source['name']}' has no geo-redundant backups.",
        )


def refuse_geo_backups_into_the_dark(call: Call, document: Document, source: Document) -> None:
    """Refuse geo-redundant backups of a new server while their region, its source's, is away.

    Raises:
        Refusal: they are asked for, and it is.
    """
    region = str(source["location"])
    backup = document["properties"].get("backup") or {}
    is_dark = not answers(call.world, region, str(document["type"]))
    if backup.get("geoRedundantBackup") == "Enabled" and is_dark:
        raise Refusal(
            400,
            "GeoBackupPartnerUnavailable",
            f"Geo-redundant backups cannot be set up while {region} is unavailable.",
        )


def power(state: str) -> Action:
    """Return the action that leaves a server in a state."""

    def act(call: Call, document: Document) -> Response:
        target = str(document["id"])
        merge = Merge(id=target, values={"properties": {"state": state}})
        return accept(call, target, [merge], style=Style.BOTH)

    return act


POWER = {"start": power("Ready"), "stop": power("Stopped"), "restart": power("Ready")}
"""The actions that start and stop a server."""
