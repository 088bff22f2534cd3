"""Azure SQL servers: their documents, and deleted ones that a server's own setting keeps.

Restoring a deleted server is a preview, and only where ``retentionDays`` was set before. Azure's
codes of its refusals are not documented; those here are this simulator's choice.

Sources: https://learn.microsoft.com/powershell/module/az.sql/restore-azsqlserver ,
https://learn.microsoft.com/rest/api/sql/servers
"""

from __future__ import annotations

from starlette.responses import Response

from amlrunbook.simulator import soft_delete
from amlrunbook.simulator.answers import Refusal, json_answer
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Kind
from amlrunbook.simulator.arm_lookup import require_scope
from amlrunbook.simulator.clock import stamp
from amlrunbook.simulator.effects import Restore
from amlrunbook.simulator.filling import fill, forget, keep_read_only
from amlrunbook.simulator.long_actions import accept
from amlrunbook.simulator.operations import Style
from amlrunbook.simulator.places import region_name
from amlrunbook.simulator.world import Deleted, Document, World

SERVERS = "Microsoft.Sql/servers"
VERSIONS = (
    "2025-01-01", "2024-11-01-preview", "2024-05-01-preview", "2023-08-01",
    "2023-08-01-preview", "2021-11-01", "2014-04-01",
)  # fmt: skip
_DAYS = 7
"""The most days for which a server can be kept."""


def complete_server(_world: World, document: Document, before: Document | None) -> None:
    """Fill a server's document as Azure does; its password is never kept."""
    document["kind"] = "v12.0"
    forget(document, "administratorLoginPassword", "createMode")
    keep_read_only(document, before, "state", "fullyQualifiedDomainName")
    fill(
        document,
        before,
        {
            "administratorLogin": "dbadmin",
            "version": "12.0",
            "state": "Ready",
            "fullyQualifiedDomainName": f"{str(document['name']).lower()}.database.windows.net",
            "privateEndpointConnections": [],
            "minimalTlsVersion": "1.2",
            "publicNetworkAccess": "Enabled",
            "restrictOutboundNetworkAccess": "Disabled",
            "externalGovernanceStatus": "Disabled",
            "retentionDays": 0,
        },
    )


def _check_server(_call: Call, document: Document, _before: Document | None) -> None:
    days = document["properties"].get("retentionDays")
    if days is not None and not (isinstance(days, int) and 0 <= days <= _DAYS):
        raise Refusal(
            400, "InvalidParameterValue", f"The retentionDays '{days}' are not between 0 and 7."
        )


def _put(call: Call) -> Response | None:
    """Restore a deleted server where a creation asks for that."""
    sent = call.document()
    properties = sent.get("properties")
    mode = properties.get("createMode") if isinstance(properties, dict) else None
    if str(mode).lower() != "restore":
        return None
    require_scope(call, call.path.text)
    held = _kept(call, call.path.text)
    where = str(held.documents[0]["location"])
    if region_name(str(sent.get("location", ""))) != where:
        raise Refusal(
            400,
            "InvalidResourceLocation",
            f"The deleted server '{call.path.name}' was in location '{where}'.",
        )
    return _restore(call, held)


def _kept(call: Call, resource_id: str) -> Deleted:
    held = call.world.deleted.get(resource_id.lower())
    if call.world.get(resource_id) is not None:
        raise Refusal(409, "ServerAlreadyExists", f"The server '{call.path.name}' exists.")
    if held is None or held.documents[0]["type"] != SERVERS:
        raise Refusal(
            404, "DeletedServerNotFound", f"There is no deleted server '{call.path.name}'."
        )
    return held


def _restore(call: Call, held: Deleted) -> Response:
    target = str(held.documents[0]["id"])
    return accept(
        call, target, [Restore(id=target)], action=f"{SERVERS}/write", answers_target=True
    )


def _deleted_document(call: Call, held: Deleted) -> Document:
    server = held.documents[0]
    where = f"/subscriptions/{call.path.subscription}/providers/Microsoft.Sql/locations"
    return {
        "id": f"{where}/{server['location']}/deletedServers/{server['name']}",
        "name": server["name"],
        "type": "Microsoft.Sql/locations/deletedServers",
        "properties": {
            "version": "12.0",
            "deletionTime": stamp(held.deleted_at),
            "originalId": server["id"],
            "fullyQualifiedDomainName": server["properties"]["fullyQualifiedDomainName"],
        },
    }


def _deleted(call: Call) -> list[Deleted]:
    """Return the deleted servers that a path speaks of: of the subscription, or of a region."""
    under = f"/subscriptions/{call.path.subscription}/".lower()
    region = call.path.names[0].lower() if call.path.names else None
    return [
        held
        for key, held in sorted(call.world.deleted.items())
        if key.startswith(under)
        and held.documents[0]["type"] == SERVERS
        and region in {None, held.documents[0]["location"]}
    ]


def _list_deleted(call: Call) -> Response:
    return call.page([_deleted_document(call, held) for held in _deleted(call)])


def _named(call: Call) -> Deleted:
    wanted = call.path.name.lower()
    for held in _deleted(call):
        if str(held.documents[0]["name"]).lower() == wanted:
            return held
    raise Refusal(404, "DeletedServerNotFound", f"There is no deleted server '{call.path.name}'.")


def _get_deleted(call: Call) -> Response:
    return json_answer(_deleted_document(call, _named(call)))


def _recover(call: Call) -> Response:
    held = _named(call)
    return _restore(call, _kept(call, str(held.documents[0]["id"])))


KINDS = (
    Kind(
        type=SERVERS,
        api_versions=VERSIONS,
        tracked=True,
        check=_check_server,
        complete=complete_server,
        create_style=Style.LOCATION,
        update_style=Style.LOCATION,
        patch_style=Style.LOCATION,
        delete_style=Style.LOCATION,
        lifecycle=None,
        on_put=_put,
        on_delete=soft_delete.keep_deleted,
    ),
)

SPECIALS = {
    ("GET", "microsoft.sql/deletedservers"): _list_deleted,
    ("GET", "microsoft.sql/locations/*/deletedservers"): _list_deleted,
    ("GET", "microsoft.sql/locations/*/deletedservers/*"): _get_deleted,
    ("POST", "microsoft.sql/locations/*/deletedservers/*/recover"): _recover,
}
