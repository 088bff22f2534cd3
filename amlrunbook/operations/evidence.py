"""What Azure tells afterwards of a change whose answer was lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.azure.translation import plain
from amlrunbook.errors import AmlRunbookError
from amlrunbook.model.api_versions import api_version
from amlrunbook.model.operation import Evidence
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.model.snapshot import Document

_BACK = timedelta(days=2)
_AHEAD = timedelta(days=1)
"""Clocks differ; an event is named by its request id, not by its time."""
_ACTIVITY_LOG = "activity log"
_EVENTS = "Microsoft.Insights/eventtypes/management/values"


def activity_evidence(gateway: AzureGateway, resource: ResourceId, request_id: str) -> Evidence:
    """Return what the activity log says of a request, by its client request id.

    The log lags by minutes: an absent event speaks neither for nor against.
    Source: https://learn.microsoft.com/azure/azure-monitor/platform/activity-log
    """
    now = datetime.now(UTC)
    window = (
        f"eventTimestamp ge '{(now - _BACK):%Y-%m-%dT%H:%M:%SZ}' and "
        f"eventTimestamp le '{(now + _AHEAD):%Y-%m-%dT%H:%M:%SZ}' and "
        f"resourceGroupName eq '{resource.resource_group}'"
    )
    path = f"/subscriptions/{resource.subscription}/providers/{_EVENTS}"
    try:
        events = gateway.get_all(path, version=api_version(_EVENTS), filter=window)
    except AmlRunbookError as error:
        return Evidence(
            source=_ACTIVITY_LOG,
            text=f"The activity log could not be read: {error.what}",
            speaks="neither",
        )
    ours = [event for event in events if _request_id(event) == request_id.lower()]
    if not ours:
        return Evidence(
            source=_ACTIVITY_LOG,
            text=f"No event of request {request_id} yet; the log may lag by minutes.",
            speaks="neither",
        )
    states = [_state(event) for event in ours]
    said = ", ".join(dict.fromkeys(plain(state, 40) for state in states))
    folded = {state.lower() for state in states}
    speaks = "neither"
    if "succeeded" in folded:
        speaks = "for"
    elif "failed" in folded:
        speaks = "against"
    return Evidence(
        source=_ACTIVITY_LOG, text=f"Request {request_id} is in the log: {said}.", speaks=speaks
    )


def _request_id(event: dict[str, Any]) -> str:
    found = Document(event)
    named = found.field("httpRequest.clientRequestId") or found.field("properties.clientRequestId")
    return named.lower() if isinstance(named, str) else ""


def _state(event: dict[str, Any]) -> str:
    state = Document(event).field("status.value")
    return state if isinstance(state, str) and state else "without a state"


def poll_evidence(gateway: AzureGateway, poll_url: str) -> Evidence:
    """Return what the poll URL of an accepted request says now."""
    try:
        answer = gateway.poll(poll_url)
    except AmlRunbookError as error:
        return Evidence(
            source="poll URL", text=f"It does not answer: {error.what}", speaks="neither"
        )
    try:
        document = msgspec.json.decode(answer.content)
    except msgspec.DecodeError:
        document = {}
    found = Document(document if isinstance(document, dict) else {})
    state = found.field("status") or found.field("properties.provisioningState") or ""
    said = plain(state, 40) or f"answered {answer.status}"
    speaks = {"succeeded": "for", "failed": "against", "canceled": "against"}.get(
        said.lower(), "neither"
    )
    return Evidence(source="poll URL", text=f"The operation: {said}.", speaks=speaks)
