"""Deployments of online endpoints: written, scaled, refused for want of quota, and failing.

What Azure checks while it makes instances is checked when the change is asked for, and tells in the
operation's status, as Azure's does: an image or a model that cannot be had.
Sources: https://learn.microsoft.com/rest/api/azureml/online-deployments ,
https://learn.microsoft.com/azure/machine-learning/how-to-troubleshoot-online-endpoints
Assumed, as no source says it: a deployment that was serving when a change of it failed goes on
serving with the instances that it had.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from amlrunbook.simulator import ml_quota, ml_serving
from amlrunbook.simulator.answers import Refusal, json_answer
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Kind
from amlrunbook.simulator.arm_lookup import named, parent_id
from amlrunbook.simulator.ml_versions import VERSIONS
from amlrunbook.simulator.operations import Style
from amlrunbook.simulator.world import Document, World

DEPLOYMENTS = f"{ml_serving.ENDPOINT_TYPE}/deployments"
_REMADE_FOR = (
    "model",
    "environmentId",
    "codeConfiguration",
    "instanceType",
    "environmentVariables",
)
"""Changes of these make all instances anew."""


def complete_common(world: World, document: Document, before: Document | None) -> None:
    """Fill what endpoints and deployments of all kinds have."""
    workspace = world.get("/".join(str(document["id"]).split("/")[:9])) or {}
    document.setdefault("location", (before or workspace).get("location", "eastus"))
    document.setdefault("tags", {})
    document["properties"].setdefault("provisioningState", "Succeeded")
    document["properties"].setdefault("description", None)
    document["properties"].setdefault("properties", {})


def complete(world: World, document: Document, before: Document | None) -> None:
    """Fill an online deployment's document as Azure does."""
    complete_common(world, document, before)
    properties = document["properties"]
    properties.setdefault("endpointComputeType", "Managed")
    document.setdefault("kind", properties["endpointComputeType"])
    sku = document.setdefault("sku", {"name": "Default", "capacity": 1})
    sku.setdefault("name", "Default")
    sku.setdefault("capacity", 1)
    for key, value in (
        ("appInsightsEnabled", False),
        ("codeConfiguration", None),
        ("environmentId", None),
        ("environmentVariables", {}),
        ("instanceType", ml_quota.USUAL_SIZE),
        ("model", None),
        ("scaleSettings", {"scaleType": "Default"}),
        ("egressPublicNetworkAccess", "Enabled"),
    ):
        properties.setdefault(key, value)


def _check(call: Call, document: Document, before: Document | None) -> None:
    capacity = (document.get("sku") or {}).get("capacity", 1)
    if not isinstance(capacity, int) or isinstance(capacity, bool) or capacity < 0:
        raise Refusal(400, "BadRequest", f"The capacity '{capacity}' is no number of instances.")
    wanted = {**document, "location": _region(call, document, before)}
    ml_quota.check_instances(call, wanted, before)
    serves = before is not None and ml_serving.is_valid(call.world, before)
    call.world.facet(str(document["id"]))["kept_serving"] = serves


def _region(call: Call, document: Document, before: Document | None) -> str:
    endpoint = call.world.get(parent_id(str(document["id"]))) or {}
    held = document.get("location") or (before or endpoint).get("location")
    return str(held or "eastus")


def failure(world: World, document: Document, before: Document | None) -> dict[str, Any] | None:
    """Return the error with which the making of instances ends; ``None`` when it goes well."""
    if not _makes_instances(document, before):
        return None
    if (why := ml_serving.image_trouble(world, document, pulling=True)) is not None:
        return _bad_argument(f"Unable to download user container image: {why}.")
    if (why := ml_serving.model_trouble(world, document)) is not None:
        return _bad_argument(f"Unable to download user model: {why}.")
    return None


def _makes_instances(document: Document, before: Document | None) -> bool:
    if before is None:
        return True
    if int(document["sku"]["capacity"]) > int((before.get("sku") or {}).get("capacity", 1)):
        return True
    old, new = before["properties"], document["properties"]
    return any(old.get(key) != new.get(key) for key in _REMADE_FOR)


def _bad_argument(message: str) -> dict[str, Any]:
    return {"code": "BadArgument", "message": message}


def _delete(call: Call) -> Response | None:
    endpoint = call.world.get(parent_id(call.path.text))
    if endpoint is None:
        return None
    traffic = endpoint["properties"].get("traffic", {})
    if any(name.lower() == call.path.name.lower() and share for name, share in traffic.items()):
        raise Refusal(
            400,
            "BadRequest",
            f"The deployment '{call.path.name}' still takes traffic; set it to 0 before deleting.",
        )
    return None


def _logs(call: Call, document: Document) -> Response:
    """Answer the log of a container: what the storage initializer or the server would say."""
    asked = str(call.optional_document().get("containerType") or "InferenceServer")
    trouble = ml_serving.trouble(call.world, document)
    if asked == "StorageInitializer":
        why = ml_serving.model_trouble(call.world, document)
        said = f"Downloading the model failed: {why}" if why else "The model was downloaded"
    else:
        said = trouble.message if trouble else f"{document['name']}: serving"
    state = "Not ready" if trouble else "Ready"
    return json_answer({"content": f"Instance status:\n{state}\n\n{said}\n"})


def _skus(call: Call) -> Response:
    """List the sizes that the deployment can be scaled to: any number of instances by hand."""
    named(call)
    sku = {
        "resourceType": DEPLOYMENTS,
        "sku": {"name": "Default"},
        "capacity": {"minimum": 1, "maximum": 500, "default": 1, "scaleType": "Automatic"},
    }
    return call.page([sku])


KINDS = (
    Kind(
        type=DEPLOYMENTS,
        api_versions=VERSIONS,
        tracked=True,
        check=_check,
        complete=complete,
        create_style=Style.BOTH,
        update_style=Style.BOTH,
        patch_style=Style.LOCATION,
        patch_keys=("tags", "sku"),
        delete_style=Style.BOTH,
        on_delete=_delete,
        failure=failure,
        actions={"getlogs": _logs},
    ),
)

SPECIALS = {
    (
        "GET",
        "microsoft.machinelearningservices/workspaces/*/onlineendpoints/*/deployments/*/skus",
    ): _skus,
}
