"""Application Insights, Resource Health, and the way to the activity log.

Source: https://learn.microsoft.com/rest/api/application-insights/ ,
https://learn.microsoft.com/rest/api/resourcehealth/
"""

from __future__ import annotations

import uuid

from starlette.responses import Response

from amlrunbook.simulator import activity
from amlrunbook.simulator.answers import Refusal, json_answer
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Kind
from amlrunbook.simulator.arm_lookup import not_found
from amlrunbook.simulator.clock import stamp
from amlrunbook.simulator.world import Document, World

COMPONENTS = "Microsoft.Insights/components"
HEALTH_VERSIONS = ("2025-05-01", "2024-02-01", "2023-10-01-preview", "2022-10-01", "2020-05-01")
HEALTH_TYPES = {
    "microsoft.apimanagement/service",
    "microsoft.cdn/profiles",
    "microsoft.containerservice/managedclusters",
    "microsoft.dbformysql/flexibleservers",
    "microsoft.dbforpostgresql/flexibleservers",
    "microsoft.documentdb/databaseaccounts",
    "microsoft.hdinsight/clusters",
    "microsoft.sql/servers/databases",
    "microsoft.synapse/workspaces",
    "microsoft.storage/storageaccounts",
    "microsoft.keyvault/vaults",
    "microsoft.containerregistry/registries",
    "microsoft.operationalinsights/workspaces",
}


def complete_component(world: World, document: Document, before: Document | None) -> None:
    """Fill an Application Insights component as Azure does."""
    properties = document["properties"]
    held: Document = (before or {}).get("properties", {})
    document.setdefault("kind", "web")
    name = str(document["name"])
    key = held.get("InstrumentationKey") or properties.get("InstrumentationKey") or world.guid()
    app = held.get("AppId") or properties.get("AppId") or world.guid()
    region = document["location"]
    fixed: Document = {
        "ApplicationId": name,
        "AppId": app,
        "InstrumentationKey": key,
        "ConnectionString": f"InstrumentationKey={key};IngestionEndpoint="
        f"https://{region}-0.in.applicationinsights.azure.com/;ApplicationId={app}",
        "Name": name,
        "CreationDate": held.get("CreationDate") or stamp(world.now()),
        "TenantId": str(document["id"]).split("/")[2],
        "provisioningState": "Succeeded",
    }
    properties.update(fixed)
    defaults: Document = {
        "Application_Type": "web",
        "Flow_Type": "Bluefield",
        "Request_Source": "rest",
        "RetentionInDays": 90,
        "IngestionMode": "LogAnalytics"
        if properties.get("WorkspaceResourceId")
        else "ApplicationInsights",
        "publicNetworkAccessForIngestion": "Enabled",
        "publicNetworkAccessForQuery": "Enabled",
    }
    for item, value in defaults.items():
        properties.setdefault(item, held.get(item, value))
    document.setdefault("tags", {})


def _health(call: Call) -> Response:
    """Answer the current health of one resource, of the types that Azure knows it for."""
    document = call.world.get(call.path.scope)
    if document is None:
        raise Refusal(404, "ResourceNotFound", f"'{call.path.scope}' was not found.")
    if str(document["type"]).lower() not in HEALTH_TYPES:
        raise Refusal(
            400,
            "UnsupportedResourceType",
            f"The resource type '{document['type']}' is not supported.",
        )
    return json_answer(availability(call.world, document))


def availability(world: World, document: Document) -> Document:
    """Return the health of a resource as Resource Health tells it."""
    held = world.facets.get(str(document["id"]).lower(), {}).get("health", {})
    now = stamp(world.now())
    properties: Document = {
        "availabilityState": "Available",
        "title": "Available",
        "summary": "There aren't any known Azure platform problems affecting this resource",
        "reasonType": "",
        "occuredTime": now,
        "reasonChronicity": "Persistent",
        "reportedTime": now,
        **held,
    }
    return {
        "id": f"{document['id']}/providers/Microsoft.ResourceHealth/availabilityStatuses/current",
        "name": "current",
        "type": "Microsoft.ResourceHealth/AvailabilityStatuses",
        "location": document.get("location", "global"),
        "properties": properties,
    }


def _health_list(call: Call) -> Response:
    under = call.path.scope.lower() + "/"
    found = [
        availability(call.world, document)
        for key, document in sorted(call.world.resources.items())
        if (key.startswith(under) or key + "/" == under)
        and str(document["type"]).lower() in HEALTH_TYPES
    ]
    return call.page(found)


def _events(call: Call) -> Response:
    """Answer the service health events that the scenario tells of."""
    return call.page(service_events(call.world, str(call.path.subscription)))


def service_events(world: World, subscription: str) -> list[Document]:
    """Return the service health events of a subscription."""
    held = world.facets.get(f"/subscriptions/{subscription}".lower(), {})
    events: list[Document] = held.get("events", [])
    return [
        {
            "id": f"/subscriptions/{subscription}/providers/Microsoft.ResourceHealth"
            f"/events/{_event_name(event, number)}",
            "name": _event_name(event, number),
            "type": "/providers/Microsoft.ResourceHealth/events",
            "properties": {k: v for k, v in event.items() if k != "name"},
        }
        for number, event in enumerate(events)
    ]


def _event_name(event: Document, number: int) -> str:
    made = uuid.uuid5(uuid.NAMESPACE_OID, f"event/{number}").hex[:4].upper()
    return str(event.get("name") or f"{made}-{number}")


def _event_details(call: Call) -> Response:
    """Answer one service health event whole.

    Source: https://learn.microsoft.com/rest/api/resourcehealth/event/fetch-details-by-subscription-id-and-tracking-id
    """
    for event in service_events(call.world, str(call.path.subscription)):
        if str(event["name"]).lower() == call.path.name.lower():
            return json_answer(event)
    raise not_found(call.path.resource_id)


KINDS = (
    Kind(
        type=COMPONENTS,
        api_versions=("2020-02-02", "2020-02-02-preview", "2018-05-01-preview", "2015-05-01"),
        tracked=True,
        complete=complete_component,
        create_status=200,
    ),
)

SPECIALS = {
    ("GET", "microsoft.insights/eventtypes/*/values"): activity.answer,
    ("GET", "microsoft.resourcehealth/availabilitystatuses/*"): _health,
    ("GET", "microsoft.resourcehealth/availabilitystatuses"): _health_list,
    ("GET", "microsoft.resourcehealth/events"): _events,
    ("POST", "microsoft.resourcehealth/events/*/fetcheventdetails"): _event_details,
}
