"""Computes and datastores of Azure Machine Learning workspaces.

Source: https://learn.microsoft.com/rest/api/azureml/compute
"""

from __future__ import annotations

from starlette.responses import Response

from amlrunbook.simulator import ml_identity, ml_quota, operations
from amlrunbook.simulator.answers import Refusal, json_answer
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Action, Kind
from amlrunbook.simulator.arm_lookup import parent_id
from amlrunbook.simulator.authorization import note_principal
from amlrunbook.simulator.clock import stamp
from amlrunbook.simulator.effects import Merge
from amlrunbook.simulator.ml_versions import VERSIONS, WORKSPACES
from amlrunbook.simulator.operations import Style
from amlrunbook.simulator.storage import account_keys
from amlrunbook.simulator.world import Document, World

COMPUTES = f"{WORKSPACES}/computes"
DATASTORES = f"{WORKSPACES}/datastores"
_TYPES = (
    "AKS", "Kubernetes", "AmlCompute", "ComputeInstance", "DataFactory", "VirtualMachine",
    "HDInsight", "Databricks", "DataLakeAnalytics", "SynapseSpark",
)  # fmt: skip
_READ_ONLY = ("createdBy", "state", "lastOperation", "errors", "applications")
"""What only Azure says of a compute instance."""
_BEYOND_HELP = ("CreateFailed", "SetupFailed", "UserSetupFailed", "Unusable", "Deleting")
"""States that no start, stop or restart leaves; the code of the refusal is assumed."""
_NODES = ("preparing", "running", "idle", "unusable", "leaving", "preempted")


def _check(call: Call, document: Document, before: Document | None) -> None:
    kind = document["properties"].get("computeType")
    if kind not in _TYPES:
        raise Refusal(400, "BadRequest", f"The compute type '{kind}' is not known.")
    ml_identity.disregard(document, before)
    _keep_read_only(document, before)
    workspace = call.world.get(parent_id(str(document["id"]))) or {}
    where = document.get("location") or workspace.get("location")
    ml_quota.check(call, {**document, "location": where}, before)


def _keep_read_only(document: Document, before: Document | None) -> None:
    """Take away what only Azure says of a compute, such as who owns it; keep what it said."""
    inner = document["properties"].get("properties")
    if not isinstance(inner, dict):
        return
    held = ((before or {}).get("properties") or {}).get("properties") or {}
    for key in _READ_ONLY:
        inner.pop(key, None)
        if key in held:
            inner[key] = held[key]


def complete(world: World, document: Document, before: Document | None) -> None:
    """Fill a compute's document as Azure does."""
    workspace = world.get(parent_id(str(document["id"]))) or {}
    properties = document["properties"]
    held: Document = (before or {}).get("properties", {})
    document.setdefault("location", workspace.get("location", "eastus"))
    document.setdefault("tags", {})
    ml_identity.complete(world, document, before)
    now = stamp(world.now())
    defaults: Document = {
        "createdOn": now,
        "disableLocalAuth": False,
        "description": None,
        "resourceId": None,
        "computeLocation": document["location"],
        "provisioningState": "Succeeded",
        "provisioningErrors": None,
        "isAttachedCompute": False,
    }
    for key, value in defaults.items():
        properties.setdefault(key, held.get(key, value))
    properties["modifiedOn"] = now
    identity = document.get("identity") or {}
    if "systemassigned" in str(identity.get("type", "")).lower():
        known = (before or {}).get("identity") or {}
        identity.setdefault("principalId", known.get("principalId") or world.guid())
        identity.setdefault("tenantId", world.tenant_id)
    inner = properties.setdefault("properties", {})
    if properties["computeType"] == "AmlCompute":
        _complete_cluster(inner, now)
    elif properties["computeType"] == "ComputeInstance":
        _complete_instance(world, inner, now)


def _complete_cluster(inner: Document, now: str) -> None:
    inner.setdefault("vmSize", "STANDARD_DS3_V2")
    inner.setdefault("vmPriority", "Dedicated")
    scale = inner.setdefault("scaleSettings", {})
    scale.setdefault("minNodeCount", 0)
    scale.setdefault("maxNodeCount", 1)
    scale.setdefault("nodeIdleTimeBeforeScaleDown", "PT2M")
    nodes = scale["minNodeCount"]
    inner["currentNodeCount"] = inner["targetNodeCount"] = nodes
    inner["nodeStateCounts"] = {
        f"{state}NodeCount": nodes if state == "idle" else 0 for state in _NODES
    }
    inner["allocationState"] = "Steady"
    inner.setdefault("allocationStateTransitionTime", now)
    inner.setdefault("subnet", None)
    inner.setdefault("errors", None)
    inner.setdefault("remoteLoginPortPublicAccess", "Enabled")
    inner.setdefault("osType", "Linux")
    inner.setdefault("virtualMachineImage", None)
    inner.setdefault("isolatedNetwork", False)
    inner.setdefault("enableNodePublicIp", True)


def _complete_instance(world: World, inner: Document, now: str) -> None:
    inner.setdefault("vmSize", "STANDARD_DS3_V2")
    inner.setdefault("state", "Running")
    inner.setdefault("subnet", None)
    inner.setdefault("applicationSharingPolicy", "Personal")
    inner.setdefault("computeInstanceAuthorizationType", "personal")
    inner.setdefault("applications", [])
    inner.setdefault("errors", [])
    inner.setdefault(
        "createdBy",
        {"userId": world.principal_id, "userOrgId": world.tenant_id, "userName": "drill"},
    )
    inner.setdefault(
        "lastOperation",
        {"operationName": "Create", "operationTime": now, "operationStatus": "Succeeded"},
    )


def _move(moving: str, moved: str, operation_name: str) -> Action:
    """Return the action that starts, stops or restarts a compute instance."""

    def action(call: Call, document: Document) -> Response:
        if document["properties"]["computeType"] != "ComputeInstance":
            raise Refusal(
                400,
                "BadRequest",
                f"The compute '{document['name']}' is no compute instance.",
            )
        inner = document["properties"].get("properties") or {}
        if inner.get("state") in _BEYOND_HELP:
            raise Refusal(
                409,
                "Conflict",
                f"The compute instance '{document['name']}' is {inner['state']}: delete it and "
                "make it anew.",
            )
        done = _outcome(call, moved, operation_name, "Succeeded")
        failed = _outcome(call, str(inner.get("state")), operation_name, f"{operation_name}Failed")
        now: Document = {"properties": {"properties": {"state": moving}}}
        operations.apply(call.world, Merge(id=str(document["id"]), values=now))
        operation = operations.begin(
            call.azure,
            target=str(document["id"]),
            action=f"{COMPUTES}/{operation_name.lower()}/action",
            effects=[Merge(id=str(document["id"]), values={"properties": {"properties": done}})],
            answers_target=False,
            state=call.state,
        )
        operation.on_failure = [
            Merge(id=str(document["id"]), values={"properties": {"properties": failed}})
        ]
        return Response(
            status_code=202, headers=operations.headers(call.azure, operation, Style.LOCATION)
        )

    return action


def _outcome(call: Call, state: str, operation_name: str, status: str) -> Document:
    return {
        "state": state,
        "lastOperation": {
            "operationName": operation_name,
            "operationTime": stamp(call.world.now()),
            "operationStatus": status,
        },
    }


def _delete(call: Call) -> Response | None:
    """Refuse a deletion that does not say what becomes of the machines."""
    what = call.query.get("underlyingresourceaction", "")
    if call.world.get(call.path.text) is not None and what.lower() not in {"delete", "detach"}:
        raise Refusal(
            400,
            "BadRequest",
            "The query parameter 'underlyingResourceAction' must be Delete or Detach.",
        )
    return None


def _list_nodes(_call: Call, document: Document) -> Response:
    """List a cluster's nodes: as many as its states count."""
    inner = document["properties"].get("properties") or {}
    counts = inner.get("nodeStateCounts") or {}
    nodes = [
        {"nodeId": f"tvmps_{document['name']}_{state}_{number}", "nodeState": state}
        for state in _NODES
        for number in range(int(counts.get(f"{state}NodeCount") or 0))
    ]
    return json_answer({"nodes": nodes})


def complete_datastore(_world: World, document: Document, _before: Document | None) -> None:
    """Fill a datastore's document; secrets are taken in and never shown."""
    properties = document["properties"]
    for key in ("description", "tags", "properties"):
        properties.setdefault(key, None)
    properties.setdefault("isDefault", False)
    credentials = properties.setdefault("credentials", {"credentialsType": "None"})
    credentials.pop("secrets", None)
    properties.setdefault("endpoint", "core.windows.net")
    properties.setdefault("protocol", "https")
    properties.setdefault("serviceDataAccessAuthIdentity", "None")


def _list_secrets(call: Call, document: Document) -> Response:
    account = call.world.storage_account(str(document["properties"].get("accountName", "")))
    if account is None:
        raise Refusal(404, "ResourceNotFound", "The datastore's storage account was not found.")
    key = account_keys(call, account)[0]["value"]
    return json_answer({"secretsType": "AccountKey", "key": key})


def _fits(call: Call, document: Document) -> bool:
    default = call.query.get("isdefault")
    if default and str(document["properties"].get("isDefault", False)).lower() != default.lower():
        return False
    names = call.query.get("names")
    return not names or str(document["name"]).lower() in names.lower().split(",")


KINDS = (
    Kind(
        type=COMPUTES,
        api_versions=VERSIONS,
        check=_check,
        complete=complete,
        create_style=Style.ASYNC,
        update_style=Style.ASYNC,
        patch_style=Style.ASYNC,
        delete_style=Style.BOTH,
        on_delete=_delete,
        on_create=note_principal,
        actions={
            "start": _move("Starting", "Running", "Start"),
            "stop": _move("Stopping", "Stopped", "Stop"),
            "restart": _move("Restarting", "Running", "Restart"),
            "listnodes": _list_nodes,
        },
    ),
    Kind(
        type=DATASTORES,
        api_versions=VERSIONS,
        complete=complete_datastore,
        fits=_fits,
        patchable=False,
        actions={"listsecrets": _list_secrets},
    ),
)
