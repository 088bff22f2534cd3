"""PostgreSQL flexible servers: replicas that can be promoted, and what brings a lost one back.

A server comes from nothing, as a read replica, from a point in time, in the paired region from a
geo-redundant backup, or from what is kept for five days of a deleted one. Azure's codes of its
refusals are not documented, but for ``MissingRequiredParameter``; those here are this simulator's
choice.

Sources: https://learn.microsoft.com/azure/postgresql/read-replica/concepts-read-replicas-promote ,
https://learn.microsoft.com/azure/postgresql/backup-restore/how-to-restore-deleted-server ,
https://github.com/Azure/azure-cli/issues/33776
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from amlrunbook.simulator import soft_delete
from amlrunbook.simulator.answers import Refusal
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Kind, Lifecycle
from amlrunbook.simulator.arm_lookup import named
from amlrunbook.simulator.attached_flexible_servers import (
    POWER,
    forget_source,
    list_replicas,
    living,
    make_from,
    refuse_geo_backups_into_the_dark,
    refuse_without_geo_backups,
    replicas_of,
    replicated,
    source_id,
    tell_availability,
)
from amlrunbook.simulator.attached_postgres_promote import ENDPOINTS, SERVERS, promote, shown
from amlrunbook.simulator.clock import stamp
from amlrunbook.simulator.filling import fill, forget
from amlrunbook.simulator.operations import Style
from amlrunbook.simulator.regions import REGIONS
from amlrunbook.simulator.world import Document, World

VERSIONS = (
    "2026-10-01", "2026-01-01-preview", "2025-08-01", "2025-06-01-preview", "2024-08-01",
    "2023-12-01-preview", "2023-06-01-preview", "2022-12-01",
)  # fmt: skip
_REVIVES = "2025-08-01"
"""The api-version by which a deleted server comes back; others are said to fail or time out."""
_SENT = ("createMode", "pointInTimeUTC", "administratorLoginPassword")


def complete_server(world: World, document: Document, before: Document | None) -> None:
    """Fill a server's document as Azure does; its password is never kept."""
    name, region = str(document["name"]).lower(), str(document["location"])
    document.setdefault("sku", {"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"})
    forget(document, *_SENT)
    forget_source(world, document, before)
    source = document["properties"].get("sourceServerResourceId")
    defaults: Document = {
        "administratorLogin": "pgadmin",
        "version": "16",
        "minorVersion": "4",
        "state": "Ready",
        "fullyQualifiedDomainName": f"{name}.postgres.database.azure.com",
        "storage": {"storageSizeGB": 128, "autoGrow": "Disabled", "tier": "P10", "iops": 500},
        "backup": {
            "backupRetentionDays": 7,
            "geoRedundantBackup": "Disabled",
            "earliestRestoreDate": stamp(world.now() - 7 * 86_400.0),
        },
        "network": {"publicNetworkAccess": "Enabled"},
        "highAvailability": {"mode": "Disabled", "state": "NotEnabled"},
        "availabilityZone": "1",
        "maintenanceWindow": {
            "customWindow": "Disabled",
            "dayOfWeek": 0,
            "startHour": 0,
            "startMinute": 0,
        },
        "privateEndpointConnections": [],
    }
    properties = fill(document, before, defaults)
    tell_availability(properties)
    role = "Primary" if source is None else _replica_role(world, str(source), region)
    roles = fill(document, before, {"replica": {"role": role, "capacity": 5}})["replica"]
    properties["replicationRole"] = roles["role"]
    properties["replicaCapacity"] = roles["capacity"]


def _replica_role(world: World, source: str, region: str) -> str:
    primary = world.get(source) or {}
    return "AsyncReplica" if primary.get("location") == region else "GeoAsyncReplica"


def _check(call: Call, document: Document, before: Document | None) -> None:
    """Refuse to make a server from what cannot be had."""
    mode = str(document["properties"].get("createMode", "Default")).lower()
    if before is None and mode not in {"default", "create"}:
        make_from(call, document, mode, _SOURCES, "pointInTimeUTC")


def _backed_up_elsewhere(call: Call, document: Document) -> Document:
    """Return the server whose geo-redundant backup is in the new server's region."""
    source = living(call, document)
    refuse_without_geo_backups(source)
    pair = REGIONS[str(source["location"])].pair
    if pair != document["location"]:
        raise Refusal(
            400,
            "InvalidGeoRestoreLocation",
            f"The backups of '{source['name']}' are in {pair} alone.",
        )
    refuse_geo_backups_into_the_dark(call, document, source)
    return source


def _dropped(call: Call, document: Document) -> Document:
    """Return the deleted server that comes back under another name."""
    wanted = source_id(document)
    held = call.world.deleted.get(wanted.lower())
    if held is None or held.documents[0]["type"] != SERVERS:
        raise Refusal(404, "SourceServerNotFound", f"Nothing is kept of the server '{wanted}'.")
    source = held.documents[0]
    if str(source["name"]).lower() == str(document["name"]).lower():
        raise Refusal(400, "ServerNameAlreadyExists", "A revived server needs another name.")
    if source["location"] != document["location"]:
        raise Refusal(
            400, "InvalidLocation", f"The deleted server was in location '{source['location']}'."
        )
    if call.query.get("api-version") != _REVIVES:
        raise Refusal(
            504, "GatewayTimeout", f"Reviving a dropped server is answered by {_REVIVES} alone."
        )
    return source


_SOURCES = {
    "replica": replicated,
    "pointintimerestore": living,
    "georestore": _backed_up_elsewhere,
    "revivedropped": _dropped,
}


def _delete(call: Call) -> Response | None:
    """Keep a deleted server's backup; its replicas stand alone from then on."""
    document = call.world.get(call.path.text)
    if document is None:
        return None
    for replica in replicas_of(call.world, document):
        properties = replica["properties"]
        properties.pop("sourceServerResourceId", None)
        properties["replica"]["role"] = properties["replicationRole"] = "Primary"
    soft_delete.keep(call.world, document)
    return None


def _list_backups(call: Call) -> Response:
    """Answer a server's backups: one a day."""
    server = named(call)
    found = []
    for day in range(int(server["properties"]["backup"]["backupRetentionDays"])):
        at = call.world.now() - 3600.0 - day * 86_400.0
        found.append(
            {
                "id": f"{server['id']}/backups/backup_{int(at)}",
                "name": f"backup_{int(at)}",
                "type": f"{SERVERS}/backups",
                "properties": {
                    "backupType": "Full",
                    "completedTime": stamp(at),
                    "source": "Automatic",
                },
            }
        )
    return call.page(found)


def complete_endpoint(_world: World, document: Document, _before: Document | None) -> None:
    """Fill a virtual endpoint's document: two names, one for writing, one for reading."""
    name = str(document["name"])
    properties: dict[str, Any] = document["properties"]
    properties.setdefault("endpointType", "ReadWrite")
    properties.setdefault("members", [])
    properties["virtualEndpoints"] = [
        f"{name}.writer.postgres.database.azure.com",
        f"{name}.reader.postgres.database.azure.com",
    ]


KINDS = (
    Kind(
        type=SERVERS,
        api_versions=VERSIONS,
        tracked=True,
        check=_check,
        complete=complete_server,
        show=shown,
        create_style=Style.BOTH,
        update_style=Style.BOTH,
        patch_style=Style.BOTH,
        accepted=True,
        delete_style=Style.BOTH,
        lifecycle=Lifecycle(
            key="state", creating="Provisioning", deleting="Dropping", ready="Ready"
        ),
        on_patch=promote,
        on_delete=_delete,
        actions=POWER,
    ),
    Kind(
        type=ENDPOINTS,
        api_versions=VERSIONS,
        complete=complete_endpoint,
        create_style=Style.BOTH,
        update_style=Style.BOTH,
        patch_style=Style.BOTH,
        accepted=True,
        delete_style=Style.BOTH,
        lifecycle=None,
    ),
)

SPECIALS = {
    ("GET", "microsoft.dbforpostgresql/flexibleservers/*/replicas"): list_replicas(shown),
    ("GET", "microsoft.dbforpostgresql/flexibleservers/*/backups"): _list_backups,
}
