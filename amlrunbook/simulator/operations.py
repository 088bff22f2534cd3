"""Long-running operations: starting them, polling them, and ending them when their time has come.

Azure tells of one in two ways, and a service has its own: ``Azure-AsyncOperation`` (the status as
a document) and ``Location`` (202 until the result is there).
Source: https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations
"""

from __future__ import annotations

from copy import deepcopy
from enum import StrEnum
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from amlrunbook.simulator import activity, registry_copy, soft_delete
from amlrunbook.simulator.answers import Refusal, json_answer
from amlrunbook.simulator.arm_path import parse
from amlrunbook.simulator.azure import SimulatedAzure
from amlrunbook.simulator.clock import stamp
from amlrunbook.simulator.effects import (
    Advance,
    Effect,
    FailOver,
    Forget,
    ImportImage,
    Merge,
    MergeLater,
    Operation,
    OperationState,
    Purge,
    Put,
    Remove,
    Restore,
)
from amlrunbook.simulator.faults import Fault, LostOutcome
from amlrunbook.simulator.geo_takeover import FLAG_SECONDS, take_over
from amlrunbook.simulator.world import Document, World

KEPT = 200
"""Ended operations that can still be polled."""
STATUS_SEGMENT = "operationstatuses"
RESULT_SEGMENT = "operationresults"
STORAGE_SEGMENT = "asyncoperations"
"""What Microsoft.Storage calls its results."""
SEGMENTS = frozenset({STATUS_SEGMENT, RESULT_SEGMENT, STORAGE_SEGMENT})
"""What stands before the id of an operation in the address of its polls."""


class Style(StrEnum):
    """By which header a service tells of its operations."""

    ASYNC = "Azure-AsyncOperation"
    LOCATION = "Location"
    BOTH = "both"
    BODY = "provisioningState"
    """By no header at all: the resource's own state tells."""


def begin(
    azure: SimulatedAzure,
    *,
    target: str,
    action: str,
    effects: list[Effect],
    result: Any = None,
    answers_target: bool = True,
    by_state: bool = False,
    state: Scope | dict[str, Any] | None = None,
) -> Operation:
    """Start an operation that applies ``effects`` when it ends."""
    world = azure.world
    state = state or {}
    operation = Operation(
        id=world.guid(),
        target=target,
        activity=action,
        polls_left=world.pace.polls,
        due=world.now() + world.pace.seconds,
        started=world.now(),
        effects=effects,
        result=result,
        answers_target=answers_target,
        by_state=by_state,
        correlation_id=state.get("correlation_id", ""),
        client_request_id=state.get("client_request_id"),
    )
    world.operations[operation.id] = operation
    _forget_old(world)
    azure.dirty()
    return operation


def _forget_old(world: World) -> None:
    """Drop the oldest operations that have ended, so that the world stays small."""
    ended = [o.id for o in world.operations.values() if o.state is not OperationState.IN_PROGRESS]
    for operation_id in ended[:-KEPT]:
        del world.operations[operation_id]


def headers(
    azure: SimulatedAzure, operation: Operation, style: Style, *, region: str | None = None
) -> dict[str, str]:
    """Return the headers that tell of an operation: absolute addresses, and ``Retry-After``.

    ``region`` serves the polls where that is not the region of the operation's target.
    """
    path = parse(operation.target)
    document = azure.world.get(operation.target) or _deleted(azure.world, operation.target)
    region = region or str(document.get("location", "global")).replace(" ", "").lower()
    namespace = path.namespace or "Microsoft.Resources"
    base = (
        f"{azure.base_url}/subscriptions/{path.subscription}/providers/{namespace}"
        f"/locations/{region}"
    )
    query = "api-version=2024-04-01"
    if style is Style.BODY:
        return {}
    found = {"Retry-After": str(azure.world.pace.retry_after)}
    if style in {Style.ASYNC, Style.BOTH}:
        found["Azure-AsyncOperation"] = f"{base}/operationStatuses/{operation.id}?{query}"
    if style in {Style.LOCATION, Style.BOTH}:
        is_storage = namespace.lower() == "microsoft.storage"
        found["Location"] = (
            f"{base}/asyncoperations/{operation.id}?monitor=true&{query}"
            if is_storage
            else f"{base}/operationResults/{operation.id}?{query}"
        )
    return found


def _deleted(world: World, resource_id: str) -> Document:
    held = world.deleted.get(resource_id.lower())
    return held.documents[0] if held else {}


def poll(azure: SimulatedAzure, segment: str, operation_id: str) -> Response:
    """Answer one poll: by ``operationStatuses`` a status document, else by ``operationResults``.

    Raises:
        Refusal: no operation has that id.
    """
    operation = azure.world.operations.get(operation_id.lower())
    if operation is None:
        raise Refusal(404, "NotFound", f"The operation '{operation_id}' was not found.")
    _count_poll(azure, operation)
    if segment.lower() == STATUS_SEGMENT:
        return _status(azure, operation)
    return _result(azure, operation)


def observe(azure: SimulatedAzure, resource_id: str) -> None:
    """Count a look at a resource as a poll of the operations on it that only its state tells of."""
    wanted = resource_id.lower()
    for operation in list(azure.world.operations.values()):
        if operation.by_state and operation.target.lower() == wanted:
            _count_poll(azure, operation)


def _count_poll(azure: SimulatedAzure, operation: Operation) -> None:
    if operation.state is not OperationState.IN_PROGRESS:
        return
    if operation.polls_left > 0:
        operation.polls_left -= 1
    elif operation.due is not None:
        finish(azure, operation)


def _status(azure: SimulatedAzure, operation: Operation) -> Response:
    path = parse(operation.target)
    body: Document = {
        "id": f"/subscriptions/{path.subscription}/providers/{path.namespace}"
        f"/operationStatuses/{operation.id}",
        "name": operation.id,
        "status": operation.state.value,
        "startTime": stamp(operation.started),
    }
    if operation.ended is not None:
        body["endTime"] = stamp(operation.ended)
        body["percentComplete"] = 100.0
    if operation.error is not None:
        body["error"] = operation.error
    running = operation.state is OperationState.IN_PROGRESS
    return json_answer(
        body, 200, {"Retry-After": str(azure.world.pace.retry_after)} if running else None
    )


def _result(azure: SimulatedAzure, operation: Operation) -> Response:
    if operation.state is OperationState.IN_PROGRESS:
        return json_answer({}, 202, headers(azure, operation, Style.LOCATION))
    if operation.error is not None:
        raise Refusal(
            409,
            str(operation.error.get("code", "Conflict")),
            str(operation.error.get("message", "The operation failed.")),
        )
    if operation.result is not None:
        return json_answer(operation.result)
    document = azure.world.get(operation.target) if operation.answers_target else None
    if document is None:
        return Response(status_code=204 if operation.answers_target else 200)
    return json_answer(document)


def settle(azure: SimulatedAzure) -> None:
    """End all operations whose time has come, and purge what was soft-deleted long enough."""
    world = azure.world
    now = world.now()
    for operation in world.operations.values():
        if (
            operation.state is OperationState.IN_PROGRESS
            and operation.due is not None
            and operation.due <= now
        ):
            finish(azure, operation)
    for ended in [k for k, f in world.faults.items() if f.until is not None and f.until <= now]:
        del world.faults[ended]
        azure.dirty()
    for key in [k for k, held in world.deleted.items() if held.purge_at <= now]:
        del world.deleted[key]
        world.touch()
    due = [later for later in world.later if later.due <= now]
    for later in due:
        world.later.remove(later)
        for effect in later.effects:
            apply(world, effect)
        world.touch()


def finish(azure: SimulatedAzure, operation: Operation) -> None:
    """End an operation: apply what it does."""
    world = azure.world
    if operation.error is None or operation.even_failed:
        for effect in operation.effects:
            apply(world, effect)
    for effect in operation.on_failure if operation.error is not None else ():
        apply(world, effect)
    operation.state = OperationState.FAILED if operation.error else OperationState.SUCCEEDED
    operation.ended = world.now()
    activity.record(
        world,
        action=operation.activity,
        resource_id=operation.target,
        status="Failed" if operation.error else "Succeeded",
        http_status=200,
        correlation_id=operation.correlation_id,
        client_request_id=operation.client_request_id,
    )
    azure.dirty()


def apply(world: World, effect: Effect) -> None:
    """Apply one effect to the world."""
    match effect:
        case Put():
            world.put(effect.id, effect.document)
        case Merge():
            document = world.get(effect.id)
            if document is not None:
                world.put(effect.id, merged(document, effect.values))
        case Remove():
            soft_delete.keep_below(world, effect.id)
            world.remove(effect.id)
        case MergeLater():
            world.bring_later(effect.seconds, Merge(id=effect.id, values=effect.values))
        case ImportImage():
            registry_copy.copy(world, effect)
        case Forget() | Advance():
            _apply_small(world, effect)
        case Purge() | Restore() | FailOver():
            _apply_recovery(world, effect)


def _apply_small(world: World, effect: Forget | Advance) -> None:
    match effect:
        case Advance():
            document = world.get(effect.id)
            if document is not None and document["properties"].get(effect.field) == effect.before:
                document["properties"][effect.field] = effect.after
                world.touch()
        case Forget():
            world.facet(effect.id).pop(effect.fact, None)
            world.touch()


def _apply_recovery(world: World, effect: Purge | Restore | FailOver) -> None:
    match effect:
        case Purge():
            world.deleted.pop(effect.id.lower(), None)
            world.touch()
        case Restore():
            soft_delete.restore(world, effect.id)
        case FailOver():
            take_over(world, effect.id, planned=effect.planned)
            flag: Document = {"properties": {"failoverInProgress": None}}
            world.bring_later(FLAG_SECONDS, Merge(id=effect.id, values=flag))


def merged(document: Document, values: Document) -> Document:
    """Return ``document`` with ``values`` merged in as JSON merge patch does (RFC 7396)."""
    found = deepcopy(document)
    for key, value in values.items():
        before = found.get(key)
        if value is None:
            found.pop(key, None)
        elif isinstance(value, dict):
            found[key] = merged(before if isinstance(before, dict) else {}, value)
        else:
            found[key] = deepcopy(value)
    return found


def accept_lost(azure: SimulatedAzure, scope: Scope, fault: Fault) -> Response:
    """Answer 202 to a change that is lost; its polls say what the fault wants."""
    path = parse(scope["path"])
    operation = begin(
        azure,
        target=path.resource_id,
        action=f"{path.resource_type}/write",
        effects=[],
        state=scope["state"],
    )
    if fault.outcome is LostOutcome.RUNNING:
        operation.due = None
    answer = json_answer({}, 202, headers(azure, operation, Style.LOCATION))
    if fault.outcome is LostOutcome.GONE:
        del azure.world.operations[operation.id]
    return answer


def answer_poll(azure: SimulatedAzure, request: Request) -> Response:
    """Answer a poll by its request."""
    parts = [part for part in request.url.path.split("/") if part]
    return poll(azure, parts[-2], parts[-1])
