"""Log Analytics workspaces: kept for 14 days when deleted, replicated, failed over.

The location of a failover must be that of the enabled replication, as Microsoft says; no source
names the code of the refusal: ``ReplicationNotEnabled`` is assumed.

Sources: https://learn.microsoft.com/azure/azure-monitor/logs/delete-workspace ,
https://learn.microsoft.com/azure/azure-monitor/logs/workspace-replication
"""

from __future__ import annotations

from starlette.responses import Response

from amlrunbook.simulator import arm_verbs, locks, operations, soft_delete
from amlrunbook.simulator.answers import Refusal, json_answer
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Kind
from amlrunbook.simulator.arm_lookup import not_found, require_scope
from amlrunbook.simulator.arm_path import parse
from amlrunbook.simulator.clock import stamp
from amlrunbook.simulator.effects import Merge
from amlrunbook.simulator.filling import put_back
from amlrunbook.simulator.operations import Style
from amlrunbook.simulator.places import region_name
from amlrunbook.simulator.world import Document, World

LOG_WORKSPACES = "Microsoft.OperationalInsights/workspaces"
_READ_ONLY = ("customerId", "createdDate", "failover")


def complete(world: World, document: Document, before: Document | None) -> None:
    """Fill a Log Analytics workspace as Azure does."""
    properties = document["properties"]
    held: Document = (before or {}).get("properties", {})
    put_back(document, before, *_READ_ONLY)
    now = stamp(world.now())
    defaults: Document = {
        "customerId": held.get("customerId") or world.guid(),
        "provisioningState": "Succeeded",
        "sku": {"name": "PerGB2018"},
        "retentionInDays": 30,
        "features": {
            "legacy": 0,
            "searchVersion": 1,
            "enableLogAccessUsingOnlyResourcePermissions": True,
        },
        "workspaceCapping": {"dailyQuotaGb": -1.0},
        "publicNetworkAccessForIngestion": "Enabled",
        "publicNetworkAccessForQuery": "Enabled",
        "createdDate": now,
    }
    for item, value in defaults.items():
        properties.setdefault(item, held.get(item, value))
    properties["sku"].setdefault("lastSkuUpdate", now)
    properties["workspaceCapping"].setdefault("dataIngestionStatus", "RespectQuota")
    properties["modifiedDate"] = now
    _complete_replication(properties, held)
    document.setdefault("tags", {})


def _complete_replication(properties: Document, held: Document) -> None:
    replication = properties.get("replication") or held.get("replication")
    if not replication:
        return
    properties["replication"] = {**replication, "provisioningState": "Succeeded"}
    if replication.get("enabled"):
        properties.setdefault("failover", {"state": "Inactive"})


def _put(call: Call) -> Response | None:
    """Recover a deleted workspace: what the request leaves out comes back as it was.

    Raises:
        Refusal: it was in another region.
    """
    key = call.path.text.lower()
    held = call.world.deleted.get(key)
    if held is None or call.world.get(key) is not None:
        return None
    require_scope(call, call.path.text)
    before = held.documents[0]
    sent = call.document()
    if region_name(str(sent.get("location", ""))) != before["location"]:
        raise Refusal(
            409,
            "InvalidResourceLocation",
            f"The deleted workspace '{before['name']}' was in location '{before['location']}'.",
        )
    soft_delete.restore(call.world, key)
    given = {k: v for k, v in sent.items() if k in {"tags", "properties", "identity"}}
    document = operations.merged(before, given)
    complete(call.world, document, before)
    call.world.put(key, document)
    arm_verbs.note(call, f"{LOG_WORKSPACES}/write", str(document["id"]), "Succeeded", 200)
    return json_answer(document)


def _delete(call: Call) -> Response | None:
    """Keep a deleted workspace, unless it is forced away."""
    document = call.world.get(call.path.text)
    if document is not None and call.query.get("force", "").lower() != "true":
        soft_delete.keep(call.world, document)
    return None


def _deleted(call: Call) -> Response:
    """List the deleted workspaces of a subscription or a group."""
    under = call.path.scope.lower() + "/"
    return call.page(
        [
            held.documents[0]
            for key, held in call.world.deleted.items()
            if key.startswith(under) and held.documents[0]["type"] == LOG_WORKSPACES
        ]
    )


def _fail_over(call: Call) -> Response:
    """Switch a workspace to its replica; asked of the replica's region."""
    group = call.path.scope
    workspace = call.world.get(f"{group}/providers/{LOG_WORKSPACES}/{call.path.name}")
    if workspace is None:
        raise not_found(f"{group}/providers/{LOG_WORKSPACES}/{call.path.name}")
    replication = workspace["properties"].get("replication") or {}
    wanted = region_name(str(replication.get("location", "")))
    if not replication.get("enabled") or wanted != call.path.names[0].lower():
        raise Refusal(
            400,
            "ReplicationNotEnabled",
            f"The workspace '{workspace['name']}' is not replicated to '{call.path.names[0]}'.",
        )
    return _switch(call, workspace, ("Inactive", "Activating", "Active"), wanted)


def _fail_back(call: Call, workspace: Document) -> Response:
    """Switch a workspace back to its own region."""
    region = str(workspace["location"])
    return _switch(call, workspace, ("Active", "Deactivating", "Inactive"), region)


def _switch(call: Call, workspace: Document, states: tuple[str, str, str], region: str) -> Response:
    before, during, after = states
    state = (workspace["properties"].get("failover") or {}).get("state", "Inactive")
    if state != before:
        raise Refusal(
            409,
            "Conflict",
            f"The failover state of the workspace '{workspace['name']}' is '{state}'.",
        )
    locks.guard(call.world, "POST", str(workspace["id"]))
    workspace["properties"]["failover"] = {"state": during}
    call.world.touch()
    merge = Merge(id=str(workspace["id"]), values={"properties": {"failover": {"state": after}}})
    operation = operations.begin(
        call.azure,
        target=str(workspace["id"]),
        action=f"{LOG_WORKSPACES}/{parse(call.path.text).tail}/action",
        effects=[merge],
        answers_target=False,
        state=call.state,
    )
    headers = operations.headers(call.azure, operation, Style.BOTH, region=region)
    return Response(status_code=202, headers=headers)


KINDS = (
    Kind(
        type=LOG_WORKSPACES,
        api_versions=(
            "2025-07-01", "2025-02-01", "2023-09-01", "2022-10-01", "2021-06-01", "2020-08-01",
            "2015-03-20",
        ),
        tracked=True,
        complete=complete,
        create_style=Style.BODY,
        on_put=_put,
        on_delete=_delete,
        actions={"failback": _fail_back},
        keep_on_put=("customerId", "createdDate"),
    ),
)  # fmt: skip

SPECIALS = {
    ("GET", "microsoft.operationalinsights/deletedworkspaces"): _deleted,
    ("POST", "microsoft.operationalinsights/locations/*/workspaces/*/failover"): _fail_over,
}
