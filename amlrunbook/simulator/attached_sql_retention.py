"""Long-term backups of Azure SQL databases: they outlive their database and their server.

Which there are is said by the fact ``long_term_backups`` of a database: a list of tables with ``at``
(ISO 8601) and, for what is kept not for ten years, ``until``.

Source: https://learn.microsoft.com/azure/azure-sql/database/long-term-retention-overview
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from starlette.responses import Response

from amlrunbook.simulator.answers import Refusal
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_path import parse
from amlrunbook.simulator.attached_sql import SERVERS
from amlrunbook.simulator.clock import moment, stamp
from amlrunbook.simulator.world import Document

_TEN_YEARS = 10 * 365 * 86_400.0
_DATABASES = f"{SERVERS}/databases"


def _databases(call: Call) -> Iterator[tuple[Document, Document, dict[str, Any], float | None]]:
    """Yield each database alive or gone: it, its server, its facts, when it was deleted."""
    world = call.world
    for key, document in sorted(world.resources.items()):
        if document["type"] == _DATABASES:
            server = world.get(key.rsplit("/databases/", 1)[0]) or {}
            yield document, server, world.facets.get(key, {}), None
    for held in world.deleted.values():
        server = held.documents[0]
        for document in held.documents:
            if document["type"] == _DATABASES:
                facts = held.facets.get(str(document["id"]).lower(), {})
                yield document, server, facts, held.deleted_at


def _backups(call: Call) -> Iterator[Document]:
    """Yield the long-term backups of a path's subscription."""
    under = f"/subscriptions/{call.path.subscription}/".lower()
    for database, server, facts, deleted_at in _databases(call):
        if not str(database["id"]).lower().startswith(under):
            continue
        for one in facts.get("long_term_backups", []):
            yield _document(call, (database, server), one, deleted_at)


def _document(
    call: Call,
    of: tuple[Document, Document],
    facts: dict[str, Any],
    deleted_at: float | None,
) -> Document:
    database, server = of
    region, made = str(database["location"]), moment(str(facts["at"]))
    until = moment(str(facts["until"])) if "until" in facts else made + _TEN_YEARS
    owner = parse(str(database["id"])).names[0]
    unique = uuid.uuid5(uuid.NAMESPACE_OID, f"{database['id']}/{facts['at']}".lower())
    name = f"{unique};{int(made)}"
    where = f"/subscriptions/{call.path.subscription}/providers/Microsoft.Sql/locations/{region}"
    properties: Document = {
        "serverName": owner,
        "serverCreateTime": database["properties"]["creationDate"],
        "databaseName": database["name"],
        "backupTime": stamp(made),
        "backupExpirationTime": stamp(until),
        "backupStorageRedundancy": database["properties"]["currentBackupStorageRedundancy"],
    }
    if deleted_at is not None:
        properties["databaseDeletionTime"] = stamp(deleted_at)
    return {
        "id": f"{where}/longTermRetentionServers/{server.get('name', owner)}"
        f"/longTermRetentionDatabases/{database['name']}/longTermRetentionBackups/{name}",
        "name": name,
        "type": "Microsoft.Sql/locations/longTermRetentionServers/longTermRetentionDatabases"
        "/longTermRetentionBackups",
        "properties": properties,
    }


def _list(call: Call) -> Response:
    """Answer the long-term backups of a region; ``databaseState`` is Live, Deleted or All."""
    state = call.query.get("databasestate", "All").lower()
    found = [
        backup
        for backup in _backups(call)
        if f"/locations/{call.path.names[0]}/".lower() in backup["id"].lower()
        and state
        in {"all", "deleted" if "databaseDeletionTime" in backup["properties"] else "live"}
    ]
    return call.page(found)


def from_backup(call: Call, document: Document) -> tuple[Document, float]:
    """Return the database of a long-term backup that a new one is made from, and its time.

    Raises:
        Refusal: there is no such backup.
    """
    wanted = str(document["properties"].get("longTermRetentionBackupResourceId", "")).lower()
    for database, server, facts, deleted_at in _databases(call):
        for one in facts.get("long_term_backups", []):
            if _document(call, (database, server), one, deleted_at)["id"].lower() == wanted:
                return database, moment(str(one["at"]))
    raise Refusal(
        404, "LongTermRetentionBackupNotFound", f"There is no long-term backup '{wanted}'."
    )


SPECIALS = {("GET", "microsoft.sql/locations/*/longtermretentionbackups"): _list}
