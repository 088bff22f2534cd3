"""The activity log: who changed what, with the client's request id.

Source: https://learn.microsoft.com/azure/azure-monitor/platform/activity-log-schema
"""

from __future__ import annotations

import re

from starlette.responses import Response

from amlrunbook.simulator.answers import Refusal
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_path import parse
from amlrunbook.simulator.clock import moment, stamp
from amlrunbook.simulator.world import ActivityEvent, Document, World

KEPT = 2_000
"""Events kept; the oldest go first."""

_FILTER = re.compile(  # dates stand in quotes or, as az sends them, without
    r"^\s*eventTimestamp\s+ge\s+(?P<q>'?)(?P<from>[^'\s]+)(?P=q)"
    r"(?:\s+and\s+eventTimestamp\s+le\s+(?P<r>'?)(?P<to>[^'\s]+)(?P=r))?"
    r"(?:\s+and\s+(?P<key>resourceGroupName|resourceUri|resourceId|resourceProvider|correlationId)"
    r"\s+eq\s+'(?P<value>[^']*)')?\s*$",
    re.IGNORECASE,
)


def record(
    world: World,
    *,
    action: str,
    resource_id: str,
    status: str,
    http_status: int,
    method: str = "",
    correlation_id: str = "",
    client_request_id: str | None = None,
) -> None:
    """Note one event; ``action`` is ``Microsoft.X/type/write`` and the like."""
    world.activity.append(
        ActivityEvent(
            id=world.guid(),
            at=world.now(),
            action=action,
            resource_id=resource_id,
            status=status,
            http_status=http_status,
            method=method,
            correlation_id=correlation_id,
            client_request_id=client_request_id,
        )
    )
    del world.activity[:-KEPT]


def record_done(world: World, of: Document, method: str) -> None:
    """Note that a resource was written, or with ``DELETE`` deleted."""
    record(
        world,
        action=f"{of['type']}/{'delete' if method == 'DELETE' else 'write'}",
        resource_id=str(of["id"]),
        status="Succeeded",
        http_status=200,
        method=method,
    )


def document(world: World, event: ActivityEvent) -> Document:
    """Return an event as Azure lists it."""
    path = parse(event.resource_id)
    return {
        "authorization": {"action": event.action, "scope": event.resource_id},
        "caller": world.principal_id,
        "category": _both("Administrative"),
        "correlationId": event.correlation_id,
        "description": "",
        "eventDataId": event.id,
        "eventName": _both("EndRequest"),
        "eventTimestamp": stamp(event.at),
        "httpRequest": {
            "clientRequestId": event.client_request_id,
            "clientIpAddress": "127.0.0.1",
            "method": event.method,
        },
        "id": f"{event.resource_id}/events/{event.id}",
        "level": "Error" if event.status == "Failed" else "Informational",
        "operationId": event.correlation_id,
        "operationName": _both(event.action),
        "properties": {"statusCode": str(event.http_status)},
        "resourceGroupName": path.group or "",
        "resourceId": event.resource_id,
        "resourceProviderName": _both(path.namespace or "Microsoft.Resources"),
        "resourceType": _both(path.resource_type or "Microsoft.Resources/resourceGroups"),
        "status": _both(event.status),
        "subStatus": _both(str(event.http_status)),
        "submissionTimestamp": stamp(event.at),
        "subscriptionId": path.subscription or "",
        "tenantId": world.tenant_id,
    }


def _both(value: str) -> dict[str, str]:
    return {"value": value, "localizedValue": value}


def answer(call: Call) -> Response:
    """Answer ``GET .../eventtypes/management/values``: newest first.

    Raises:
        Refusal: there is no ``$filter``, or one that Azure does not understand.
    """
    text = call.query.get("$filter")
    if not text:
        raise Refusal(400, "BadRequest", "The $filter query parameter is required.")
    matched = _FILTER.match(text)
    if matched is None:
        raise Refusal(
            400,
            "BadRequest",
            "The $filter must start with eventTimestamp ge '...' and may narrow the answer by "
            "one of resourceGroupName, resourceUri, resourceProvider, correlationId.",
        )
    try:
        since = moment(matched["from"])
        until = moment(matched["to"]) if matched["to"] else call.world.now()
    except ValueError as error:
        raise Refusal(400, "BadRequest", f"The $filter holds no valid date: {error}.") from error
    subscription = (call.path.subscription or "").lower()
    found = [
        document(call.world, event)
        for event in reversed(call.world.activity)
        if (parse(event.resource_id).subscription or "").lower() == subscription
        and since <= event.at <= until
        and _fits(event, matched["key"], matched["value"])
    ]
    return call.page(found)


def _fits(event: ActivityEvent, key: str | None, value: str | None) -> bool:
    if key is None or value is None:
        return True
    path = parse(event.resource_id)
    held = {
        "resourcegroupname": path.group,
        "resourceuri": event.resource_id,
        "resourceid": event.resource_id,
        "resourceprovider": path.namespace,
        "correlationid": event.correlation_id,
    }
    return (held[key.lower()] or "").lower() == value.lower()
