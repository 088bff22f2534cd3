"""The activity log: who changed what, with the client's request id.

Source: https://learn.microsoft.com/azure/azure-monitor/platform/activity-log-schema
"""

from __future__ import annotations

import re
from typing import Any

from starlette.responses import Response

from amlrunbook.simulator.answers import Refusal
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_path import parse
from amlrunbook.simulator.clock import moment, stamp
from amlrunbook.simulator.world import Document, World

KEPT = 5_000
"""Events kept; the oldest go first."""

_FILTER = re.compile(
    r"^\s*eventTimestamp\s+ge\s+'(?P<from>[^']+)'"
    r"(?:\s+and\s+eventTimestamp\s+le\s+'(?P<to>[^']+)')?"
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
    path = parse(resource_id)
    now = stamp(world.now())
    event_id = world.guid()
    world.activity.append(
        {
            "authorization": {"action": action, "scope": resource_id},
            "caller": world.principal_id,
            "category": _both("Administrative"),
            "correlationId": correlation_id,
            "description": "",
            "eventDataId": event_id,
            "eventName": _both("EndRequest"),
            "eventTimestamp": now,
            "httpRequest": {
                "clientRequestId": client_request_id,
                "clientIpAddress": "127.0.0.1",
                "method": method,
            },
            "id": f"{resource_id}/events/{event_id}",
            "level": "Error" if status == "Failed" else "Informational",
            "operationId": correlation_id,
            "operationName": _both(action),
            "properties": {"statusCode": str(http_status)},
            "resourceGroupName": path.group or "",
            "resourceId": resource_id,
            "resourceProviderName": _both(path.namespace or "Microsoft.Resources"),
            "resourceType": _both(path.resource_type or "Microsoft.Resources/resourceGroups"),
            "status": _both(status),
            "subStatus": _both(str(http_status)),
            "submissionTimestamp": now,
            "subscriptionId": path.subscription or "",
            "tenantId": world.tenant_id,
        }
    )
    del world.activity[:-KEPT]


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
        event
        for event in reversed(call.world.activity)
        if event["subscriptionId"].lower() == subscription
        and since <= moment(event["eventTimestamp"]) <= until
        and _fits(event, matched["key"], matched["value"])
    ]
    return call.page(found)


def _fits(event: Document, key: str | None, value: str | None) -> bool:
    if key is None or value is None:
        return True
    wanted = value.lower()
    held: dict[str, Any] = {
        "resourcegroupname": event["resourceGroupName"],
        "resourceuri": event["resourceId"],
        "resourceid": event["resourceId"],
        "resourceprovider": event["resourceProviderName"]["value"],
        "correlationid": event["correlationId"],
    }
    return str(held[key.lower()]).lower() == wanted
