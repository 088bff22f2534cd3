"""Quota and sizes of machine learning computes, and what is refused for want of quota.

Source: https://learn.microsoft.com/azure/machine-learning/how-to-manage-quotas
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from starlette.responses import Response

from amlrunbook.simulator.answers import Refusal, json_answer
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.places import region_name
from amlrunbook.simulator.world import Document, World

_PROVIDER = "Microsoft.MachineLearningServices"


@dataclass(frozen=True, slots=True)
class Size:
    """One size of virtual machines."""

    name: str
    family: str
    """The quota that it counts against, as a usage's localized name begins."""
    cpus: int
    gigabytes: float
    gpus: int = 0


SIZES = (
    Size("Standard_DS2_v2", "Standard DSv2 Family", 2, 7.0),
    Size("Standard_DS3_v2", "Standard DSv2 Family", 4, 14.0),
    Size("Standard_DS4_v2", "Standard DSv2 Family", 8, 28.0),
    Size("Standard_DS5_v2", "Standard DSv2 Family", 16, 56.0),
    Size("Standard_E4s_v3", "Standard ESv3 Family", 4, 32.0),
    Size("Standard_NC4as_T4_v3", "Standard NCASv3_T4 Family", 4, 28.0, 1),
    Size("Standard_NC16as_T4_v3", "Standard NCASv3_T4 Family", 16, 110.0, 1),
    Size("Standard_NC64as_T4_v3", "Standard NCASv3_T4 Family", 64, 440.0, 4),
)
USUAL_SIZE = "Standard_DS3_v2"
"""The size of a managed deployment that names none."""
RESERVED = 0.2
"""The part of a managed deployment's instances that is needed besides, for upgrades of theirs.

Source: https://learn.microsoft.com/azure/machine-learning/how-to-manage-quotas : the quota must
hold ``ceil(1.2 * instances) * cores``. The sizes that page exempts are none of those above.
"""
_TOTAL = "Total Cluster Dedicated"
_COUNTED = ("Succeeded", "Creating", "Updating", "Scaling", "Deleting")
_DEFAULT = (
    ("Total Cluster Dedicated Regional vCPUs", 300),
    ("Standard DSv2 Family Cluster Dedicated vCPUs", 100),
    ("Standard NCASv3_T4 Family Cluster Dedicated vCPUs", 48),
)


def _rows(world: World, subscription: str, region: str) -> list[Document]:
    """Return a region's rows: what the scenario says, else plain defaults.

    What is in use follows from the managed deployments that there are, and from what the scenario
    counts besides them.
    """
    held = world.facets.get(f"/subscriptions/{subscription}", {}).get("usages", {})
    found: list[Document] = held.get(region) or [
        {"name": name, "limit": limit, "apart": 0} for name, limit in _DEFAULT
    ]
    return [
        {**row, "currentValue": max(0, row["apart"] + _in_use(world, subscription, region, row))}
        for row in found
    ]


def set_apart(world: World, subscription: str) -> None:
    """Note what a scenario counts as used besides the managed deployments it begins with."""
    usages = world.facets.get(f"/subscriptions/{subscription}", {}).get("usages", {})
    for region, rows in usages.items():
        for row in rows:
            row["apart"] = int(row["currentValue"]) - _in_use(world, subscription, region, row)


def _in_use(world: World, subscription: str, region: str, row: Document) -> int:
    """Return the cores that a row counts for the managed deployments of a region."""
    mark = f"/subscriptions/{subscription}/".lower()
    return sum(
        cores_of(document)
        for key, document in world.resources.items()
        if "/onlineendpoints/" in key
        and "/deployments/" in key
        and key.startswith(mark)
        and region_name(str(document["location"])) == region
        and _is_counted(world, document)
        and _counts(row, _size_of(document))
    )


def _is_counted(world: World, deployment: Document) -> bool:
    kept = world.facets.get(str(deployment["id"]).lower(), {}).get("kept_serving")
    return deployment["properties"].get("provisioningState") in _COUNTED or bool(kept)


def _counts(row: Document, size: Size | None) -> bool:
    name = str(row["name"])
    return size is not None and (name.startswith((size.family, _TOTAL)))


def _size_of(deployment: Document) -> Size | None:
    wanted = str(deployment["properties"].get("instanceType") or USUAL_SIZE).lower()
    return next((size for size in SIZES if size.name.lower() == wanted), None)


def cores_of(deployment: Document) -> int:
    """Return the cores of quota that a managed deployment needs, its reserve included."""
    size = _size_of(deployment)
    kind = deployment["properties"].get("endpointComputeType", "Managed")
    if size is None or kind != "Managed":
        return 0
    instances = int((deployment.get("sku") or {}).get("capacity", 1))
    return math.ceil(round((1 + RESERVED) * instances, 6)) * size.cpus


def check_instances(call: Call, document: Document, before: Document | None) -> None:
    """Refuse a managed deployment whose instances need more cores than the quota leaves.

    Recorded in https://github.com/MicrosoftLearning/mslearn-azure-ml/issues/30 : the status, the
    codes and the sentence.

    Raises:
        Refusal: it does.
    """
    size, needed = _size_of(document), cores_of(document)
    held = 0
    if before is not None and _size_of(before) == size and _is_counted(call.world, before):
        held = cores_of(before)
    subscription, region = str(call.path.subscription).lower(), region_name(document["location"])
    for row in _rows(call.world, subscription, region):
        used, limit = int(row["currentValue"]), int(row["limit"])
        if _counts(row, size) and needed > held and used - held + needed > limit:
            raise _not_enough(
                f"{size.name if size else ''}", subscription, used, limit, needed - held
            )


def _not_enough(size: str, subscription: str, used: int, limit: int, more: int) -> Refusal:
    sentence = (
        f"Not enough quota available for {size} in SubscriptionId {subscription}. Current "
        f"usage/limit: {used}/{limit}. Additional needed: {more} Please see troubleshooting guide, "
        "available here: https://aka.ms/oe-tsg#error-outofquota"
    )
    detail = {
        "code": "InferencingClientCreateDeploymentFailed",
        "message": f"InferencingClient HttpRequest error, error detail: {sentence}",
    }
    return Refusal(400, "BadRequest", "The request is invalid.", details=[detail])


def _listed(call: Call, what: str) -> list[Document]:
    region = call.path.names[0].lower()
    subscription = str(call.path.subscription).lower()
    return [
        {
            "id": f"/subscriptions/{subscription}/providers/{_PROVIDER}/locations/{region}/{what}/"
            f"{str(row['name']).replace(' ', '')}",
            "type": f"{_PROVIDER}/{what}",
            "unit": "Count",
            "limit": row["limit"],
            "name": {"value": str(row["name"]).replace(" ", ""), "localizedValue": row["name"]},
            **({"currentValue": row["currentValue"]} if what == "usages" else {}),
        }
        for row in _rows(call.world, subscription, region)
    ]


def _usages(call: Call) -> Response:
    return call.page(_listed(call, "usages"))


def _quotas(call: Call) -> Response:
    return call.page(_listed(call, "quotas"))


def _sizes(_call: Call) -> Response:
    found = [
        {
            "name": size.name,
            "family": size.family.replace(" ", "").removesuffix("Family") + "Family",
            "vCPUs": size.cpus,
            "gpus": size.gpus,
            "osVhdSizeMB": 1_047_552,
            "maxResourceVolumeMB": int(size.gigabytes * 2048),
            "memoryGB": size.gigabytes,
            "lowPriorityCapable": True,
            "premiumIO": True,
            "supportedComputeTypes": ["AmlCompute", "ComputeInstance"],
        }
        for size in SIZES
    ]
    return json_answer({"value": found})


def check(call: Call, document: Document, before: Document | None) -> None:
    """Refuse a new compute that would need more cores than the region's quota leaves.

    Raises:
        Refusal: it would.
    """
    properties = document["properties"]
    inner = properties.get("properties") or {}
    wanted = str(inner.get("vmSize", "")).lower()
    size = next((size for size in SIZES if size.name.lower() == wanted), None)
    if before is not None or size is None or inner.get("vmPriority") == "LowPriority":
        return
    nodes = int((inner.get("scaleSettings") or {}).get("maxNodeCount", 1))
    region = region_name(str(properties.get("computeLocation") or document.get("location") or ""))
    for row in _rows(call.world, str(call.path.subscription).lower(), region):
        left = int(row["limit"]) - int(row["currentValue"])
        if str(row["name"]).startswith(size.family) and size.cpus * nodes > left:
            raise Refusal(
                400,
                "ClusterCoreQuotaReached",
                f"Operation results in exceeding quota limits of {size.family} cores in "
                f"{region}: {size.cpus * nodes} are needed, {left} are left of {row['limit']}.",
            )


def refused_code(path: str) -> tuple[str, str]:
    """Return the code and message by which a change under a path is refused for want of quota."""
    if "/onlineendpoints/" in path.lower():
        return (
            "BadRequest",
            "Not enough quota available. Please see https://aka.ms/oe-tsg#error-outofquota",
        )
    return "ClusterCoreQuotaReached", "Operation results in exceeding quota limits of cores."


SPECIALS = {
    ("GET", "microsoft.machinelearningservices/locations/*/usages"): _usages,
    ("GET", "microsoft.machinelearningservices/locations/*/quotas"): _quotas,
    ("GET", "microsoft.machinelearningservices/locations/*/vmsizes"): _sizes,
}
