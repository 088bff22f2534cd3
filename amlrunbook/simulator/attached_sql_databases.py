"""Azure SQL databases: how they are made, and what brings a lost one back.

A database comes from nothing, as a copy, as a geo-replica, from a point in time, from a dropped
database of the same server, or from the geo-redundant backup of another region's server. Azure's
codes of its refusals are not all documented; those here are this simulator's choice.

Sources: https://learn.microsoft.com/rest/api/sql/databases/create-or-update ,
https://learn.microsoft.com/azure/azure-sql/database/recovery-using-backups
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from starlette.responses import Response

from amlrunbook.simulator import soft_delete
from amlrunbook.simulator.answers import Refusal, json_answer
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Kind, Lifecycle
from amlrunbook.simulator.arm_lookup import named, not_found
from amlrunbook.simulator.arm_path import parse
from amlrunbook.simulator.attached_sql import SERVERS, VERSIONS
from amlrunbook.simulator.attached_sql_links import (
    end_links,
    link_databases,
    links_of,
    seed,
)
from amlrunbook.simulator.attached_sql_retention import from_backup
from amlrunbook.simulator.clock import moment, stamp
from amlrunbook.simulator.filling import fill, forget, keep_read_only
from amlrunbook.simulator.operations import Style
from amlrunbook.simulator.regions import REGIONS
from amlrunbook.simulator.world import Deleted, Document, World

DATABASES = f"{SERVERS}/databases"
_DAY = 86_400.0
_BACKUP_LAG = 3600.0
"""World seconds by which geo-redundant backups trail: geo-restore promises an hour at most."""
_RETENTION = 7
"""Days for which point-in-time backups are kept, where no policy says otherwise."""
_GEO = {"Geo", "GeoZone"}
_SENT = (
    "createMode",
    "sourceDatabaseId",
    "restorableDroppedDatabaseId",
    "recoverableDatabaseId",
    "recoveryServicesRecoveryPointId",
    "longTermRetentionBackupResourceId",
    "restorePointInTime",
    "sourceDatabaseDeletionDate",
    "sourceResourceId",
    "sampleName",
)
_READ_ONLY = (
    "status",
    "databaseId",
    "creationDate",
    "currentBackupStorageRedundancy",
    "currentServiceObjectiveName",
    "defaultSecondaryLocation",
    "failoverGroupId",
)


def complete_database(world: World, document: Document, before: Document | None) -> None:
    """Fill a database's document as Azure does."""
    properties = document["properties"]
    forget(document, *_SENT)
    keep_read_only(document, before, *_READ_ONLY)
    held_sku: Document = (before or {}).get("sku") or {"name": "GP_Gen5"}
    sku: Document = document.setdefault("sku", held_sku)
    sku.setdefault("tier", "GeneralPurpose" if sku["name"].startswith("GP") else sku["name"])
    if sku["name"].startswith(("GP_", "BC_", "HS_")):
        sku.setdefault("family", "Gen5")
    sku.setdefault("capacity", 2)
    document.setdefault("kind", "v12.0,user,vcore")
    pair = REGIONS[str(document["location"])].pair
    wanted = properties.get("requestedBackupStorageRedundancy", "Geo")
    objective = f"{sku['name']}_{sku['capacity']}"
    fill(
        document,
        before,
        {
            "collation": "SQL_Latin1_General_CP1_CI_AS",
            "maxSizeBytes": 34_359_738_368,
            "status": "Online",
            "databaseId": world.guid(),
            "creationDate": stamp(world.now()),
            "currentServiceObjectiveName": objective,
            "requestedServiceObjectiveName": objective,
            "catalogCollation": "SQL_Latin1_General_CP1_CI_AS",
            "zoneRedundant": False,
            "licenseType": "LicenseIncluded",
            "readScale": "Disabled",
            "currentSku": deepcopy(sku),
            "currentBackupStorageRedundancy": wanted,
            "requestedBackupStorageRedundancy": wanted,
            "isLedgerOn": False,
            "earliestRestoreDate": stamp(world.now() - _RETENTION * _DAY),
            **({"defaultSecondaryLocation": pair} if pair else {}),
        },
    )


def _check(call: Call, document: Document, before: Document | None) -> None:
    """Refuse to make a database from what is not there or can not be restored."""
    properties = document["properties"]
    mode = str(properties.get("createMode", "Default")).lower()
    if before is not None or mode in {"default", "none"}:
        return
    find = _SOURCES.get(mode)
    if find is None:
        raise Refusal(400, "InvalidCreateMode", f"The createMode '{mode}' is not served.")
    source, data_at = find(call, document)
    wanted = properties.get("restorePointInTime")
    if wanted is not None:
        data_at = min(data_at, _point(wanted))
    document.setdefault("sku", deepcopy(source["sku"]))
    properties.setdefault("maxSizeBytes", source["properties"].get("maxSizeBytes"))
    call.world.facet(str(document["id"]))["data_at"] = data_at
    if mode in {"secondary", "onlinesecondary"}:
        call.world.facet(str(document["id"]))["replica_of"] = source["id"]


def _point(text: Any) -> float:
    try:
        return moment(str(text))
    except ValueError as error:
        raise Refusal(400, "InvalidRestorePointInTime", f"'{text}' is no point in time.") from error


def _source(call: Call, document: Document) -> tuple[Document, float]:
    """Return the living database that ``sourceDatabaseId`` names, and the age of its data: none."""
    wanted = str(document["properties"].get("sourceDatabaseId", ""))
    source = call.world.get(wanted)
    if source is None or source["type"] != DATABASES:
        raise Refusal(
            404, "SourceDatabaseNotFound", f"The source database '{wanted}' is not there."
        )
    return source, call.world.now()


def _dropped(call: Call, document: Document) -> tuple[Document, float]:
    """Return the dropped database of the same server, as it was when it was dropped."""
    wanted = str(document["properties"].get("restorableDroppedDatabaseId", ""))
    server = str(document["id"]).rsplit("/databases/", 1)[0].lower()
    name = parse(wanted).name.lower()
    for held in _dropped_of(call.world, server):
        if wanted.lower().startswith(server + "/") and _dropped_name(held).lower() == name:
            return held.documents[0], held.deleted_at
    raise Refusal(
        404,
        "RestorableDroppedDatabaseNotFound",
        f"The dropped database '{wanted}' is not one that this server can restore.",
    )


def _recoverable(call: Call, document: Document) -> tuple[Document, float]:
    """Return the database whose geo-redundant backup is meant: it may be in a dark region."""
    wanted = str(document["properties"].get("recoverableDatabaseId", ""))
    source = call.world.get(wanted.lower().replace("/recoverabledatabases/", "/databases/"))
    if source is None or not _is_recoverable(source):
        raise Refusal(
            404,
            "RecoverableDatabaseNotFound",
            f"There is no geo-redundant backup '{wanted}'.",
        )
    return source, call.world.now() - _BACKUP_LAG


_SOURCES = {
    "copy": _source,
    "secondary": _source,
    "onlinesecondary": _source,
    "pointintimerestore": _source,
    "restore": _dropped,
    "recovery": _recoverable,
    "restorelongtermretentionbackup": from_backup,
}


def _is_recoverable(database: Document) -> bool:
    redundancy = database["properties"].get("currentBackupStorageRedundancy")
    return database["type"] == DATABASES and redundancy in _GEO


def _replicate(world: World, document: Document) -> None:
    """Link a geo-replica that was just made to what it replicates."""
    facts = world.facets.get(str(document["id"]).lower(), {})
    source = world.get(str(facts.pop("replica_of", "")))
    if source is not None:
        document["properties"]["secondaryType"] = "Geo"
        link_databases(world, source, document)


def _delete(call: Call) -> Response | None:
    """Keep what is dropped as long as its backups are kept; end its replication."""
    document = call.world.get(call.path.text)
    if document is None:
        return None
    if document["properties"].get("failoverGroupId") and any(
        link["properties"]["role"] == "Primary" for link in links_of(call.world, document)
    ):
        raise Refusal(
            409,
            "DatabaseInFailoverGroup",
            f"The database '{document['name']}' is in a failover group; take it out of it first.",
        )
    end_links(call.world, document)
    soft_delete.keep(call.world, document, days=_retention(call.world, document))
    return None


def _retention(world: World, database: Document) -> int:
    policy = world.get(f"{database['id']}/backupShortTermRetentionPolicies/default")
    return int((policy or {}).get("properties", {}).get("retentionDays", _RETENTION))


def _dropped_of(world: World, server: str) -> list[Deleted]:
    under = f"{server.lower()}/databases/"
    return [
        held
        for key, held in sorted(world.deleted.items())
        if key.startswith(under) and held.documents[0]["type"] == DATABASES
    ]


def _dropped_name(held: Deleted) -> str:
    """Return a dropped database's name: its own, and when it was dropped as a Windows file time."""
    ticks = int((held.deleted_at + 11_644_473_600) * 10_000_000)
    return f"{held.documents[0]['name']},{ticks}"


def _dropped_document(server: Document, held: Deleted) -> Document:
    database = held.documents[0]
    properties = database["properties"]
    return {
        "id": f"{server['id']}/restorableDroppedDatabases/{_dropped_name(held)}",
        "name": _dropped_name(held),
        "type": f"{SERVERS}/restorableDroppedDatabases",
        "location": server["location"],
        "sku": database["sku"],
        "properties": {
            "databaseName": database["name"],
            "maxSizeBytes": properties["maxSizeBytes"],
            "creationDate": properties["creationDate"],
            "deletionDate": stamp(held.deleted_at),
            "earliestRestoreDate": properties["earliestRestoreDate"],
            "backupStorageRedundancy": properties["currentBackupStorageRedundancy"],
        },
    }


def _server(call: Call) -> Document:
    return named(call, f"{call.path.scope}/providers/{SERVERS}/{call.path.names[0]}")


def _list_dropped(call: Call) -> Response:
    server = _server(call)
    found = _dropped_of(call.world, str(server["id"]))
    return call.page([_dropped_document(server, held) for held in found])


def _get_dropped(call: Call) -> Response:
    server = _server(call)
    for held in _dropped_of(call.world, str(server["id"])):
        if _dropped_name(held).lower() == call.path.name.lower():
            return json_answer(_dropped_document(server, held))
    raise not_found(call.path.resource_id)


def _recoverable_document(world: World, database: Document) -> Document:
    server, name = str(database["id"]).rsplit("/databases/", 1)
    return {
        "id": f"{server}/recoverableDatabases/{name}",
        "name": name,
        "type": f"{SERVERS}/recoverableDatabases",
        "properties": {
            "edition": database["sku"]["tier"],
            "serviceLevelObjective": database["properties"]["currentServiceObjectiveName"],
            "lastAvailableBackupDate": stamp(world.now() - _BACKUP_LAG),
        },
    }


def _list_recoverable(call: Call) -> Response:
    under = f"{_server(call)['id']}/databases/".lower()
    found = [
        _recoverable_document(call.world, document)
        for key, document in sorted(call.world.resources.items())
        if key.startswith(under) and _is_recoverable(document)
    ]
    return call.page(found)


def _get_recoverable(call: Call) -> Response:
    found = call.world.get(f"{_server(call)['id']}/databases/{call.path.name}")
    if found is None or not _is_recoverable(found):
        raise not_found(call.path.resource_id)
    return json_answer(_recoverable_document(call.world, found))


def _policy(name: str, properties: Document) -> Any:
    """Return how a database's policy reads that nobody has written: there is one all the same."""

    def implied(_world: World, database: Document, asked: str) -> Document | None:
        if asked.lower() != "default":
            return None
        return {
            "id": f"{database['id']}/{name}/{asked}",
            "name": asked,
            "type": f"{DATABASES}/{name}",
            "properties": dict(properties),
        }

    return implied


_POLICIES: dict[str, Document] = {
    "backupShortTermRetentionPolicies": {
        "retentionDays": _RETENTION,
        "diffBackupIntervalInHours": 12,
    },
    "backupLongTermRetentionPolicies": {
        "weeklyRetention": "PT0S",
        "monthlyRetention": "PT0S",
        "yearlyRetention": "PT0S",
        "weekOfYear": 0,
    },
    "geoBackupPolicies": {"state": "Enabled", "storageType": "Premium"},
}

KINDS = (
    Kind(
        type=DATABASES,
        api_versions=VERSIONS,
        tracked=True,
        check=_check,
        complete=complete_database,
        create_style=Style.BOTH,
        update_style=Style.BOTH,
        patch_style=Style.BOTH,
        update_status=202,
        accepted=True,
        delete_style=Style.LOCATION,
        lifecycle=Lifecycle(key="status", updating="Scaling", deleting="Offline", ready="Online"),
        after_write=_replicate,
        on_create=lambda call, document: seed(call.world, document),
        on_delete=_delete,
    ),
    *(
        Kind(
            type=f"{DATABASES}/{name}",
            api_versions=VERSIONS,
            implied=_policy(name, properties),
            methods=frozenset({"GET", "PUT", "PATCH"}),
            create_status=200,
        )
        for name, properties in _POLICIES.items()
    ),
)

SPECIALS = {
    ("GET", "microsoft.sql/servers/*/restorabledroppeddatabases"): _list_dropped,
    ("GET", "microsoft.sql/servers/*/restorabledroppeddatabases/*"): _get_dropped,
    ("GET", "microsoft.sql/servers/*/recoverabledatabases"): _list_recoverable,
    ("GET", "microsoft.sql/servers/*/recoverabledatabases/*"): _get_recoverable,
}
