"""Traffic Manager: profiles that answer by name, and how well their endpoints are.

Changes are synchronous; clients follow when the profile's time to live has passed. An endpoint is
found degraded when it has failed one probe more than is tolerated.

Sources: https://learn.microsoft.com/azure/traffic-manager/traffic-manager-monitoring ,
https://learn.microsoft.com/rest/api/trafficmanager/
"""

from __future__ import annotations

import re
from typing import Any

from starlette.responses import Response

from amlrunbook.simulator import arm_verbs
from amlrunbook.simulator.answers import Refusal, json_answer
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Kind
from amlrunbook.simulator.filling import fill
from amlrunbook.simulator.places import region_name
from amlrunbook.simulator.regions import REGIONS
from amlrunbook.simulator.service_regions import dark_since
from amlrunbook.simulator.world import Document, World

PROFILES = "Microsoft.Network/trafficManagerProfiles"
ENDPOINT_TYPES = ("azureEndpoints", "externalEndpoints", "nestedEndpoints")
VERSIONS = ("2026-09-01", "2024-04-01-preview", "2022-04-01", "2018-08-01", "2018-04-01")
_LEARNING = "Microsoft.MachineLearningServices/workspaces"


def complete_profile(world: World, document: Document, before: Document | None) -> None:
    """Fill a profile's document, and give each of its endpoints a document of its own."""
    properties = document["properties"]
    name = str(properties.get("dnsConfig", {}).get("relativeName") or document["name"]).lower()
    fill(
        document,
        before,
        {
            "profileStatus": "Enabled",
            "trafficRoutingMethod": "Priority",
            "dnsConfig": {
                "relativeName": name,
                "fqdn": f"{name}.trafficmanager.net",
                "ttl": 60,
            },
            "monitorConfig": {
                "protocol": "HTTPS",
                "port": 443,
                "path": "/",
                "intervalInSeconds": 30,
                "timeoutInSeconds": 10,
                "toleratedNumberOfFailures": 3,
            },
            "trafficViewEnrollmentStatus": "Disabled",
        },
    )
    properties["monitorConfig"].pop("profileMonitorStatus", None)
    endpoints: list[Document] | None = properties.pop("endpoints", None)
    if endpoints is not None:
        _write_endpoints(world, document, endpoints)


def _write_endpoints(world: World, profile: Document, endpoints: list[Document]) -> None:
    kept = set()
    for one in endpoints:
        type_ = _endpoint_type(one)
        resource_id = f"{profile['id']}/{type_}/{one['name']}"
        document: Document = {
            "id": resource_id,
            "name": one["name"],
            "type": f"{PROFILES}/{type_}",
            "properties": dict(one.get("properties") or {}),
        }
        complete_endpoint(world, document, world.get(resource_id))
        world.put(resource_id, document)
        kept.add(resource_id.lower())
    for held in _endpoints(world, profile):
        if str(held["id"]).lower() not in kept:
            world.remove(str(held["id"]))


def _endpoint_type(endpoint: Document) -> str:
    wanted = str(endpoint.get("type", "externalEndpoints")).rpartition("/")[2].lower()
    for type_ in ENDPOINT_TYPES:
        if type_.lower() == wanted:
            return type_
    raise ValueError(wanted)


def complete_endpoint(world: World, document: Document, before: Document | None) -> None:
    """Fill an endpoint's document: its place in the profile, and where it points to."""
    taken = [one["properties"]["priority"] for one in _siblings(world, document)]
    properties = fill(
        document,
        before,
        {
            "endpointStatus": "Enabled",
            "weight": 1,
            "priority": max(taken, default=0) + 1,
            "alwaysServe": "Disabled",
        },
    )
    properties.pop("endpointMonitorStatus", None)
    target = world.get(str(properties.get("targetResourceId", "")))
    if target is not None and "location" in target and target["location"] in REGIONS:
        properties.setdefault("endpointLocation", REGIONS[str(target["location"])].display)


def _check_endpoint(call: Call, document: Document, _before: Document | None) -> None:
    properties = document["properties"]
    if properties.get("endpointStatus", "Enabled") not in {"Enabled", "Disabled"}:
        raise Refusal(400, "BadRequest", "The endpointStatus is neither Enabled nor Disabled.")
    wanted = properties.get("priority")
    for other in _siblings(call.world, document):
        if wanted is not None and other["properties"]["priority"] == wanted:
            raise Refusal(
                400,
                "BadRequest",
                f"The priority {wanted} is that of the endpoint '{other['name']}' already.",
            )


def _endpoints(world: World, profile: Document) -> list[Document]:
    """Return a profile's endpoints, by priority."""
    under = f"{profile['id']}/".lower()
    types = {f"{PROFILES}/{type_}" for type_ in ENDPOINT_TYPES}
    found = [
        item
        for key, item in world.resources.items()
        if key.startswith(under) and item["type"] in types
    ]
    return sorted(found, key=lambda one: (one["properties"]["priority"], one["name"]))


def _siblings(world: World, endpoint: Document) -> list[Document]:
    """Return the other endpoints of an endpoint's profile, which may itself not be there yet."""
    own = str(endpoint["id"])
    found = _endpoints(world, {"id": own.rsplit("/", 2)[0]})
    return [one for one in found if str(one["id"]).lower() != own.lower()]


def monitor_status(world: World, profile: Document, endpoint: Document) -> str:
    """Return what probes say of an endpoint now; its fact ``monitor_status`` overrules them."""
    properties = endpoint["properties"]
    if profile["properties"]["profileStatus"] == "Disabled":
        return "Inactive"
    if properties["endpointStatus"] == "Disabled":
        return "Disabled"
    if properties["alwaysServe"] == "Enabled":
        return "Unmonitored"
    held = world.facets.get(str(endpoint["id"]).lower(), {}).get("monitor_status")
    if held is not None:
        return str(held)
    failing = _failing_since(world, endpoint)
    if failing is None:
        return "Online"
    monitor = profile["properties"]["monitorConfig"]
    probes = int(monitor["toleratedNumberOfFailures"]) + 1
    found_at = failing + probes * int(monitor["intervalInSeconds"]) + monitor["timeoutInSeconds"]
    return "Degraded" if world.now() >= found_at else "Online"


def _failing_since(world: World, endpoint: Document) -> float | None:
    """Return since when an endpoint does not answer; ``None`` while it does."""
    properties = endpoint["properties"]
    wanted = properties.get("targetResourceId")
    target = world.get(str(wanted)) if wanted else None
    if wanted and target is None:
        return 0.0
    if target is not None and target["type"] == PROFILES:
        # a nested profile's own nested profiles do not count: they could lead back here
        own = [
            one for one in _endpoints(world, target) if not one["type"].endswith("nestedEndpoints")
        ]
        states = {monitor_status(world, target, one) for one in own}
        return None if states & {"Online", "Unmonitored"} else 0.0
    region = _region(target, properties)
    if region is None:
        return None
    type_ = _LEARNING if target is None else str(target["type"])
    return dark_since(world, region, type_)


def _region(target: Document | None, properties: Document) -> str | None:
    """Return where an endpoint is: by its target, its host's name, or as the profile says."""
    if target is not None and target.get("location") in REGIONS:
        return str(target["location"])
    for part in re.split(r"[./:]", str(properties.get("target", "")).lower()):
        if part in REGIONS:
            return part
    place = region_name(str(properties.get("endpointLocation", "")))
    return place if place in REGIONS else None


def profile_status(world: World, profile: Document) -> str:
    """Return what the probes of all its endpoints say of a profile."""
    if profile["properties"]["profileStatus"] == "Disabled":
        return "Disabled"
    states = {monitor_status(world, profile, one) for one in _endpoints(world, profile)}
    if states <= {"Disabled", "Inactive"}:
        return "Inactive"
    for worst, told in (("Degraded", "Degraded"), ("CheckingEndpoint", "CheckingEndpoints")):
        if worst in states:
            return told
    return "Online"


def _show_profile(world: World, document: Document) -> Document:
    """Return a profile's document with its endpoints in it, as they are now."""
    properties = document["properties"]
    monitor = {
        **properties["monitorConfig"],
        "profileMonitorStatus": profile_status(world, document),
    }
    endpoints = [_show_endpoint(world, one) for one in _endpoints(world, document)]
    return {
        **document,
        "properties": {**properties, "monitorConfig": monitor, "endpoints": endpoints},
    }


def _show_endpoint(world: World, document: Document) -> Document:
    profile = world.get(str(document["id"]).rsplit("/", 2)[0])
    if profile is None:
        return document
    status = monitor_status(world, profile, document)
    return {**document, "properties": {**document["properties"], "endpointMonitorStatus": status}}


def _delete(call: Call) -> Response | None:
    """Take a profile or an endpoint away at once; the answer has a body."""
    document = call.world.get(call.path.text)
    if document is None:
        return None
    call.world.remove(str(document["id"]))
    arm_verbs.note(call, f"{document['type']}/delete", str(document["id"]), "Succeeded", 200)
    return json_answer({})


_ENDPOINT: dict[str, Any] = {
    "api_versions": VERSIONS,
    "check": _check_endpoint,
    "complete": complete_endpoint,
    "show": _show_endpoint,
    "on_delete": _delete,
    "patch_keys": ("properties",),
}

KINDS = (
    Kind(
        type=PROFILES,
        api_versions=VERSIONS,
        tracked=True,
        is_global=True,
        complete=complete_profile,
        show=_show_profile,
        on_delete=_delete,
    ),
    *(Kind(type=f"{PROFILES}/{type_}", **_ENDPOINT) for type_ in ENDPOINT_TYPES),
)
