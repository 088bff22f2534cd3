"""MySQL flexible servers: replicas that can stop replicating, and what brings a lost one back.

Stopping replication is one way: the server can never be a replica again. Azure's codes of its
refusals are not documented; those here are this simulator's choice.

Sources: https://learn.microsoft.com/azure/mysql/flexible-server/concepts-read-replicas ,
https://learn.microsoft.com/azure/mysql/flexible-server/how-to-restore-dropped-server
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from amlrunbook.simulator import locks, soft_delete
from amlrunbook.simulator.answers import Refusal
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Kind, Lifecycle
from amlrunbook.simulator.attached_flexible_servers import (
    POWER,
    forget_source,
    list_replicas,
    living,
    make_from,
    power,
    refuse_geo_backups_into_the_dark,
    refuse_without_geo_backups,
    replicas_of,
    replicated,
    source_id,
    tell_availability,
)
from amlrunbook.simulator.clock import moment, stamp
from amlrunbook.simulator.effects import Merge
from amlrunbook.simulator.filling import fill, forget
from amlrunbook.simulator.long_actions import accept
from amlrunbook.simulator.operations import Style
from amlrunbook.simulator.world import Document, World

SERVERS = "Microsoft.DBforMySQL/flexibleServers"
VERSIONS = (
    "2024-12-30", "2024-12-01-preview", "2024-10-01-preview", "2024-06-01-preview", "2023-12-30",
    "2023-06-30", "2022-01-01", "2021-05-01",
)  # fmt: skip
LAG_SECONDS = 20.0
"""How far a replica trails, where its fact ``lag_seconds`` does not say otherwise."""
_SENT = ("createMode", "restorePointInTime", "administratorLoginPassword")


def complete_server(world: World, document: Document, before: Document | None) -> None:
    """Fill a server's document as Azure does; its password is never kept."""
    name = str(document["name"]).lower()
    document.setdefault("sku", {"name": "Standard_D2ads_v5", "tier": "GeneralPurpose"})
    forget(document, *_SENT)
    forget_source(world, document, before)
    is_replica = "sourceServerResourceId" in document["properties"]
    properties = fill(
        document,
        before,
        {
            "administratorLogin": "mysqladmin",
            "version": "8.0.21",
            "state": "Ready",
            "fullyQualifiedDomainName": f"{name}.mysql.database.azure.com",
            "replicationRole": "Replica" if is_replica else "None",
            "replicaCapacity": 0 if is_replica else 10,
            "storage": {
                "storageSizeGB": 128,
                "iops": 700,
                "autoGrow": "Enabled",
                "storageRedundancy": "LocalRedundancy",
            },
            "backup": {
                "backupRetentionDays": 7,
                "backupIntervalHours": 24,
                "geoRedundantBackup": "Disabled",
                "earliestRestoreDate": stamp(world.now() - 7 * 86_400.0),
            },
            "highAvailability": {"mode": "Disabled", "state": "NotEnabled"},
            "network": {"publicNetworkAccess": "Enabled"},
            "availabilityZone": "1",
            "privateEndpointConnections": [],
        },
    )
    tell_availability(properties)


def _show(world: World, document: Document) -> Document:
    """Return a server's document: one that has replicas is a source."""
    if document["properties"]["replicationRole"] == "None" and replicas_of(world, document):
        return {**document, "properties": {**document["properties"], "replicationRole": "Source"}}
    return document


def _check(call: Call, document: Document, before: Document | None) -> None:
    """Refuse to make a server from what cannot be had, or a replica out of one that stands alone."""
    properties = document["properties"]
    if before is not None:
        held = before["properties"]["replicationRole"]
        wanted = properties.get("replicationRole", held)
        if wanted == "Replica" and held != "Replica":
            raise Refusal(
                400,
                "InvalidReplicationRole",
                f"The server '{document['name']}' can not become a replica.",
            )
        return
    mode = str(properties.get("createMode", "Default")).lower()
    if mode != "default":
        make_from(call, document, mode, _SOURCES, "restorePointInTime")


def _backed_up_elsewhere(call: Call, document: Document) -> Document:
    """Return the server whose geo-redundant backup the new one is made from."""
    source = living(call, document)
    refuse_without_geo_backups(source)
    if source["location"] == document["location"]:
        raise Refusal(400, "InvalidGeoRestoreLocation", "A geo-restore goes to another region.")
    refuse_geo_backups_into_the_dark(call, document, source)
    return source


def _living_or_dropped(call: Call, document: Document) -> Document:
    """Return the source of a point-in-time restore: a deleted server will do for five days."""
    held = call.world.deleted.get(source_id(document).lower())
    if held is None or held.documents[0]["type"] != SERVERS:
        return living(call, document)
    source = held.documents[0]
    if source["location"] != document["location"]:
        raise Refusal(
            400, "InvalidLocation", f"The deleted server was in location '{source['location']}'."
        )
    text = document["properties"].get("restorePointInTime")
    if not text or _point(text) >= held.deleted_at:
        raise Refusal(
            400,
            "InvalidRestorePointInTime",
            "The point in time must be before the deletion of the server.",
        )
    return source


def _point(text: Any) -> float:
    try:
        return moment(str(text))
    except ValueError as error:
        raise Refusal(400, "InvalidRestorePointInTime", f"'{text}' is no point in time.") from error


_SOURCES = {
    "replica": replicated,
    "pointintimerestore": _living_or_dropped,
    "georestore": _backed_up_elsewhere,
}


def _stop_replication(call: Call) -> Response | None:
    """Let a replica stand alone for good; ``None`` for any other PATCH."""
    properties = call.document().get("properties")
    asked = properties.get("replicationRole") if isinstance(properties, dict) else None
    replica = call.world.get(call.path.text)
    if asked != "None" or replica is None or replica["properties"]["replicationRole"] != "Replica":
        return None
    locks.guard(call.world, "PATCH", str(replica["id"]))
    facts = call.world.facet(str(replica["id"]))
    facts["lost_seconds"] = float(facts.get("lag_seconds", LAG_SECONDS))
    replica["properties"]["state"] = "Updating"
    values: Document = {
        "replicationRole": "None",
        "sourceServerResourceId": None,
        "replicaCapacity": 10,
        "state": "Ready",
    }
    merge = Merge(id=str(replica["id"]), values={"properties": values})
    return accept(call, str(replica["id"]), [merge], action=f"{SERVERS}/write", answers_target=True)


def _delete(call: Call) -> Response | None:
    """Keep a deleted server's backup; its replicas silently stand alone from then on."""
    document = call.world.get(call.path.text)
    if document is None:
        return None
    for replica in replicas_of(call.world, document):
        replica["properties"].pop("sourceServerResourceId", None)
        replica["properties"]["replicationRole"] = "None"
    soft_delete.keep(call.world, document)
    return None


KINDS = (
    Kind(
        type=SERVERS,
        api_versions=VERSIONS,
        tracked=True,
        check=_check,
        complete=complete_server,
        show=_show,
        create_style=Style.BOTH,
        update_style=Style.BOTH,
        patch_style=Style.BOTH,
        accepted=True,
        delete_style=Style.BOTH,
        lifecycle=Lifecycle(key="state", creating="Starting", deleting="Dropping", ready="Ready"),
        on_patch=_stop_replication,
        on_delete=_delete,
        actions={**POWER, "failover": power("Ready")},
    ),
)

SPECIALS = {("GET", "microsoft.dbformysql/flexibleservers/*/replicas"): list_replicas(_show)}
