"""Which deployment of an online endpoint answers, and whether it can.

An endpoint answers by its traffic, or by the deployment that a request names. Azure may replace an
instance at any time, and then needs model and image again; the simulated Azure acts as if it just
had, so that a model or an image that is gone takes its deployments with it.

Statuses of managed endpoints: 404 without a valid deployment with traffic, 424 when the container
fails. Source: https://learn.microsoft.com/azure/machine-learning/how-to-troubleshoot-online-endpoints
Assumed, as no source names them: 404 for a named deployment that is not there or not ready, and 503
when a deployment has no instance that could start.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from random import Random

from amlrunbook.simulator import ml_bytes, ml_images
from amlrunbook.simulator.places import region_name
from amlrunbook.simulator.world import Document, World

ENDPOINT_TYPE = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
_MARK = "/onlineendpoints/"
_READY = frozenset({"Succeeded", "Updating", "Scaling"})
"""States of a deployment that answers; while it is changed, the instances it had do."""
_REGISTRY_ASSET = re.compile(r"^(azureml:)?//registries/(?P<registry>[^/]+)/", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why a request is not scored, as the endpoint answers it."""

    status: int
    code: str
    message: str
    headers: dict[str, str] = field(default_factory=dict)


def endpoint_at(world: World, region: str, name: str) -> Document | None:
    """Return the online endpoint of a name in a region, where endpoints' names are unique."""
    ending = f"{_MARK}{name.lower()}"
    for key, document in world.resources.items():
        if key.endswith(ending) and region_name(str(document["location"])) == region:
            return document
    return None


def deployments(world: World, endpoint: Document) -> dict[str, Document]:
    """Return an endpoint's deployments by name in lower case."""
    under = f"{str(endpoint['id']).lower()}/deployments/"
    return {
        key.removeprefix(under): document
        for key, document in world.resources.items()
        if key.startswith(under)
    }


def taking_traffic(endpoint: Document) -> dict[str, int]:
    """Return the deployments that take traffic, and their percentages."""
    shares = endpoint["properties"].get("traffic") or {}
    return {str(name): int(share) for name, share in shares.items() if share}


def chosen(world: World, endpoint: Document, named: str | None, number: int) -> Document | Trouble:
    """Return the deployment that answers a request: the named one, else by traffic.

    The same seed sends the endpoint's request of the same ``number`` to the same deployment.
    """
    held = deployments(world, endpoint)
    if named is not None:
        found = held.get(named.lower())
        if found is None:
            return _not_found(f"The endpoint has no deployment '{named}'.")
        return trouble(world, found) or found
    if endpoint["properties"].get("provisioningState") in {"Creating", "Failed", "Deleting"}:
        return _not_found(f"The endpoint '{endpoint['name']}' is not ready.")
    valid = {
        name.lower(): share
        for name, share in taking_traffic(endpoint).items()
        if name.lower() in held and is_valid(world, held[name.lower()])
    }
    if not valid:
        return _not_found("The endpoint doesn't have any valid deployment with positive weight.")
    draw = Random(f"{world.seed}/{endpoint['id']}/{number}")  # noqa: S311 - seeded on purpose
    (name,) = draw.choices(list(valid), list(valid.values()))
    return trouble(world, held[name]) or held[name]


def ailment(world: World, endpoint: Document) -> Trouble | None:
    """Return what keeps an endpoint from scoring what its callers send; ``None`` when nothing does.

    An endpoint is well when every deployment that takes traffic can score.
    """
    held = deployments(world, endpoint)
    traffic = taking_traffic(endpoint)
    first = chosen(world, endpoint, None, 0)
    if isinstance(first, Trouble):
        return first
    for name in traffic:
        deployment = held.get(name.lower())
        if deployment is None:
            return _not_found(f"The endpoint has no deployment '{name}'.")
        if (wrong := trouble(world, deployment)) is not None:
            return wrong
    return None


def is_valid(world: World, deployment: Document) -> bool:
    """Is a deployment one that traffic can go to, whatever its instances then answer?"""
    state = deployment["properties"].get("provisioningState")
    kept = world.facets.get(str(deployment["id"]).lower(), {}).get("kept_serving")
    return state in _READY or (state == "Failed" and bool(kept))


def trouble(world: World, deployment: Document) -> Trouble | None:
    """Return what keeps a deployment from scoring; ``None`` when nothing does."""
    name, state = deployment["name"], deployment["properties"].get("provisioningState")
    if not is_valid(world, deployment):
        return _not_found(f"The deployment '{name}' is not ready: {state}.")
    if int((deployment.get("sku") or {}).get("capacity", 1)) < 1:
        return Trouble(status=503, code="NoInstance", message=f"'{name}' has no instance.")
    if (why := image_trouble(world, deployment, pulling=False)) is not None:
        return Trouble(status=503, code="NoInstance", message=f"'{name}' cannot start: {why}.")
    if (why := model_trouble(world, deployment)) is not None:
        said = {
            "ms-azureml-model-error-statuscode": "503",
            "ms-azureml-model-error-reason": "model_error",
        }
        return Trouble(status=424, code="ModelError", message=f"'{name}': {why}.", headers=said)
    return None


def _not_found(message: str) -> Trouble:
    return Trouble(status=404, code="NotFound", message=message)


def image_trouble(world: World, deployment: Document, *, pulling: bool) -> str | None:
    """Say why a deployment's image is not to be had; ``None`` when it is, or there is none."""
    workspace = workspace_of(world, deployment)
    reference = str(deployment["properties"].get("environmentId") or "")
    if not reference or workspace is None:
        return None
    region = region_name(str(deployment["location"]))
    if (shared := _REGISTRY_ASSET.match(reference)) is not None:
        return _registry_trouble(world, shared["registry"], region)
    environment = world.get(_as_id(reference))
    if environment is None:
        return f"the environment {_short(reference)} does not exist"
    return ml_images.missing(world, workspace, environment, region, pulling=pulling)


def model_trouble(world: World, deployment: Document) -> str | None:
    """Say why a deployment's model is not to be had; ``None`` when it is, or there is none."""
    workspace = workspace_of(world, deployment)
    reference = deployment["properties"].get("model")
    if isinstance(reference, dict):  # older api-versions
        reference = reference.get("assetId") or reference.get("path")
    if not reference or workspace is None:
        return None
    reference = str(reference)
    if (shared := _REGISTRY_ASSET.match(reference)) is not None:
        return _registry_trouble(
            world, shared["registry"], region_name(str(deployment["location"]))
        )
    address = reference
    if _as_id(reference).startswith("/"):
        model = world.get(_as_id(reference))
        if model is None:
            return f"the model {_short(reference)} does not exist"
        address = str(model["properties"].get("modelUri") or "")
    place = ml_bytes.place_of(world, str(workspace["id"]), address)
    if place is None or ml_bytes.are_there(world, place):
        return None
    return f"the model's bytes are not in {place.account}/{place.container}/{place.path}"


def model_of(deployment: Document) -> str:
    """Return ``name:version`` of a deployment's model, or what it is called by."""
    reference = deployment["properties"].get("model")
    text = str(reference.get("assetId") if isinstance(reference, dict) else reference or "")
    return _short(text)


def workspace_of(world: World, deployment: Document) -> Document | None:
    """Return the workspace of an endpoint or a deployment."""
    return world.get("/".join(str(deployment["id"]).split("/")[:9]))


def _as_id(reference: str) -> str:
    return reference.removeprefix("azureml:")


def _short(reference: str) -> str:
    parts = reference.split("/")
    return f"{parts[-3]}:{parts[-1]}" if len(parts) > 3 else reference  # noqa: PLR2004


def _registry_trouble(world: World, name: str, region: str) -> str | None:
    """Say why a machine learning registry does not serve a region."""
    ending = f"/microsoft.machinelearningservices/registries/{name.lower()}"
    found = next((d for key, d in world.resources.items() if key.endswith(ending)), None)
    if found is None:
        return f"the machine learning registry {name} does not exist"
    regions = [
        region_name(str(detail.get("location", "")))
        for detail in found["properties"].get("regionDetails") or []
    ]
    if regions and region not in regions:
        return f"the machine learning registry {name} has no replica in {region}"
    return None
