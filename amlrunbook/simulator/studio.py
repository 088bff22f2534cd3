"""What an operator does by hand in the studio of Azure Machine Learning: an endpoint's traffic.

Source: https://learn.microsoft.com/azure/machine-learning/how-to-safely-rollout-online-endpoints
"""

from __future__ import annotations

from amlrunbook.simulator import activity, ml_serving
from amlrunbook.simulator.answers import Refusal
from amlrunbook.simulator.conditions import region_is_silent
from amlrunbook.simulator.places import region_name
from amlrunbook.simulator.world import Document, World

_ALL = 100


def ways(world: World) -> list[dict[str, str]]:
    """Return where the traffic of endpoints with several deployments could go, and does not go wholly."""
    return [
        {"endpoint": str(endpoint["id"]), "deployment": str(deployment["name"])}
        for endpoint in _endpoints(world)
        for deployment in ml_serving.deployments(world, endpoint).values()
        if len(ml_serving.deployments(world, endpoint)) > 1
        and ml_serving.taking_traffic(endpoint).get(str(deployment["name"])) != _ALL
    ]


def _endpoints(world: World) -> list[Document]:
    return [
        document
        for _, document in sorted(world.resources.items())
        if document["type"] == ml_serving.ENDPOINT_TYPE
    ]


def send_all(world: World, endpoint_id: str, deployment: str) -> str:
    """Send all of an endpoint's traffic to one deployment; return a sentence that says so.

    Raises:
        Refusal: there is no such endpoint or deployment, or its region does not answer.
    """
    endpoint = world.get(endpoint_id)
    if endpoint is None or endpoint["type"] != ml_serving.ENDPOINT_TYPE:
        raise Refusal(404, "ResourceNotFound", f"There is no online endpoint '{endpoint_id}'.")
    held = ml_serving.deployments(world, endpoint)
    if deployment.lower() not in held:
        raise Refusal(404, "ResourceNotFound", f"It has no deployment '{deployment}'.")
    if region_is_silent(world, region_name(str(endpoint["location"])), str(endpoint["type"])):
        raise Refusal(503, "ServiceUnavailable", "The studio cannot reach this endpoint's region.")
    if not ml_serving.is_valid(world, held[deployment.lower()]):
        raise Refusal(400, "BadRequest", f"The deployment '{deployment}' is not ready.")
    traffic = {str(doc["name"]): 0 for doc in held.values()}
    traffic[str(held[deployment.lower()]["name"])] = _ALL
    endpoint["properties"]["traffic"] = traffic
    world.put(endpoint_id, endpoint)
    activity.record_done(world, endpoint, "PUT")
    return f"All traffic of {endpoint['name']} goes to {deployment} now."
