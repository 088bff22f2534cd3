"""What GET, HEAD, PUT, PATCH, DELETE and POST do to resources of any kind."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import msgspec
from starlette.responses import Response

from amlrunbook.simulator import activity, locks, operations
from amlrunbook.simulator.answers import Refusal, json_answer
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Kind, canonical_id, has_system_data, system_data
from amlrunbook.simulator.arm_lookup import find, lookup, require_scope
from amlrunbook.simulator.arm_path import parse
from amlrunbook.simulator.effects import Effect, Merge, Put, Remove
from amlrunbook.simulator.operations import Style
from amlrunbook.simulator.places import region_name
from amlrunbook.simulator.regions import REGIONS
from amlrunbook.simulator.world import Document

_ENVELOPE = ("id", "name", "type", "systemData")
_WRITABLE = ("identity", "tags", "properties", "sku", "kind", "location", "zones", "plan")


class _Envelope(msgspec.Struct):
    """The types of what a document has around its properties."""

    identity: dict[str, Any] | None = None
    tags: dict[str, str] | None = None
    properties: dict[str, Any] = {}
    sku: dict[str, Any] | None = None
    kind: str | None = None
    location: str | None = None
    zones: list[str] | None = None
    plan: dict[str, Any] | None = None


def get(call: Call, kind: Kind) -> Response:
    """Answer GET and HEAD on one resource."""
    if kind.on_get is not None and (special := kind.on_get(call)) is not None:
        return special
    operations.observe(call.azure, call.path.resource_id)
    document = find(call, kind, call.path.resource_id)
    if call.method == "HEAD":
        return Response(status_code=204)
    return json_answer(shown(call, kind, document))


def shown(call: Call, kind: Kind, document: Document) -> Document:
    """Return a document as it reads now."""
    return document if kind.show is None else kind.show(call.world, document)


def list_children(call: Call, kind: Kind) -> Response:
    """Answer GET on a collection: of a subscription, a group or a parent resource."""
    require_scope(call, call.path.text)
    if kind.on_list is not None and (special := kind.on_list(call)) is not None:
        return special
    also = kind.also_listed(call) if kind.also_listed is not None else []
    fitting = [d for d in also if kind.fits is None or kind.fits(call, d)]
    return call.page(members(call, kind) + fitting)


def members(call: Call, kind: Kind) -> list[Document]:
    """Return the resources of a kind in the collection that the path names, by id."""
    wanted = kind.type.lower()
    under = call.path.scope.lower() if kind.depth == 1 else call.path.resource_id.lower()
    return [
        shown(call, kind, document)
        for key, document in sorted(call.world.resources.items())
        if key.startswith(under + "/")
        and str(document["type"]).lower() == wanted
        and (kind.fits is None or kind.fits(call, document))
    ]


def put(call: Call, kind: Kind) -> Response:
    """Create a resource, or replace what can be written of it."""
    resource_id = canonical_id(call.world, call.path.text, kind)
    if kind.on_put is not None and (special := kind.on_put(call)) is not None:
        return special
    require_scope(call, resource_id)
    if kind.type != locks.TYPE:
        locks.guard(call.world, "PUT", resource_id)
    before = lookup(call, kind, resource_id)
    document = _put_document(call, kind, resource_id, before)
    _fill(call, kind, document, before)
    style = kind.create_style if before is None else kind.update_style
    return _write(call, kind, document, before, style)


def _put_document(call: Call, kind: Kind, resource_id: str, before: Document | None) -> Document:
    """Return the document that a PUT asks for, before Azure fills it."""
    sent = call.document()
    document: Document = {
        "id": before["id"] if before else resource_id,
        "name": before["name"] if before else call.path.name,
        "type": kind.type,
    }
    document.update({k: deepcopy(sent[k]) for k in _WRITABLE if k in sent})
    document.setdefault("properties", {})
    if not isinstance(document["properties"], dict):
        raise Refusal(400, "InvalidRequestContent", "The 'properties' are not an object.")
    if kind.is_global:
        document["location"] = "global"
        document.setdefault("tags", {})
    elif kind.tracked:
        document["location"] = check_location(document.get("location"), before, resource_id)
        document.setdefault("tags", {})
    for key in kind.keep_on_put:
        if before is not None and key in before.get("properties", {}):
            document["properties"].setdefault(key, deepcopy(before["properties"][key]))
    if before is not None and "systemData" in before:
        document["systemData"] = before["systemData"]
    return document


def _fill(call: Call, kind: Kind, document: Document, before: Document | None) -> None:
    """Check a document and fill in what Azure fills in.

    Raises:
        Refusal: Azure refuses it, or a value in it is of the wrong type.
    """
    try:
        msgspec.convert({k: v for k, v in document.items() if k in _WRITABLE}, type=_Envelope)
        kind.check(call, document, before)
        kind.complete(call.world, document, before)
        shown(call, kind, document)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise Refusal(
            400,
            "InvalidRequestContent",
            "The request content was invalid and could not be deserialized: a value is not of "
            f"the type that {kind.type} wants ({type(error).__name__}).",
        ) from error


def check_location(location: Any, before: Document | None, resource_id: str) -> str:
    """Return the region that a document names, as Azure writes it.

    Raises:
        Refusal: there is none, no such region exists, or the resource is in another one.
    """
    if not location:
        raise Refusal(400, "LocationRequired", "The location property is required.")
    name = region_name(str(location))
    if name not in REGIONS:
        raise Refusal(
            400,
            "LocationNotAvailableForResourceType",
            f"The provided location '{location}' is not available for resource type "
            f"'{parse(resource_id).resource_type}'. List of available regions for the resource "
            f"type is '{','.join(REGIONS)}'.",
        )
    if before is not None and region_name(str(before.get("location", name))) != name:
        raise Refusal(
            409,
            "InvalidResourceLocation",
            f"The resource '{before['name']}' already exists in location "
            f"'{before['location']}' in resource group '{parse(resource_id).group}'. A resource "
            f"with the same name cannot be created in location '{location}'. Please select a new "
            "resource name.",
        )
    return name


def patch(call: Call, kind: Kind) -> Response:
    """Merge into a resource what a PATCH sends."""
    if not kind.patchable:
        raise method_not_allowed(call)
    if kind.on_patch is not None and (special := kind.on_patch(call)) is not None:
        return special
    before = find(call, kind, call.path.text)
    locks.guard(call.world, "PATCH", str(before["id"]))
    sent = {k: v for k, v in call.document().items() if k not in _ENVELOPE}
    if kind.patch_keys:
        sent = {k: v for k, v in sent.items() if k in kind.patch_keys}
    document = operations.merged(before, sent)
    if "tags" in sent and isinstance(sent["tags"], dict):
        document["tags"] = sent["tags"]
    if kind.tracked and not kind.is_global:
        document["location"] = check_location(document.get("location"), before, str(before["id"]))
    _fill(call, kind, document, before)
    return _write(call, kind, document, before, kind.patch_style)


def method_not_allowed(call: Call) -> Refusal:
    """Return Azure's 405."""
    return Refusal(
        405,
        "HttpMethodNotSupported",
        f"The http method '{call.method}' is not supported for a resource of type "
        f"'{call.path.resource_type}'.",
    )


def _write(
    call: Call, kind: Kind, document: Document, before: Document | None, style: Style | None
) -> Response:
    """Keep a document, at once or by an operation, and answer."""
    resource_id = str(document["id"])
    created = before is None
    if has_system_data(kind):
        document["systemData"] = system_data(call.world, before)
    call.world.put(resource_id, document)
    if created and kind.after_write is not None:
        kind.after_write(call.world, document)
    if created and kind.on_create is not None:
        kind.on_create(call, document)
    action = f"{kind.type}/write"
    if style is None:
        status = kind.create_status if created else 200
        note(call, action, resource_id, "Succeeded", status)
        return json_answer(document, status)
    finish = operations.merged(_begun(kind, document, created=created), deepcopy(kind.finish))
    more = kind.finish_new(document) if created and kind.finish_new is not None else []
    operation = operations.begin(
        call.azure,
        target=resource_id,
        action=action,
        effects=[Merge(id=resource_id, values=finish), *more],
        by_state=style is Style.BODY,
        state=call.state,
    )
    operation.on_failure = [_undone(kind, document, before)]
    if kind.failure is not None:
        operation.error = kind.failure(call.world, document, before)
    headers = operations.headers(call.azure, operation, style)
    status = 201 if created else kind.update_status
    if style is Style.LOCATION or kind.accepted:
        status = 202
    note(call, action, resource_id, "Accepted", status)
    if status == 202:  # noqa: PLR2004 - Accepted has no body: the document comes by Location
        return Response(status_code=status, headers=headers)
    return json_answer(document, status, headers)


def _begun(kind: Kind, document: Document, *, created: bool) -> Document:
    """Let a document say that a change of it runs; return what it says at the end."""
    cycle = kind.lifecycle
    if cycle is None:
        return {}
    document["properties"][cycle.key] = cycle.creating if created else cycle.updating
    return {"properties": {cycle.key: cycle.ready}}


def _undone(kind: Kind, document: Document, before: Document | None) -> Effect:
    """Return what an operation leaves that fails: what was there before, with the state Failed if it has one."""
    cycle = kind.lifecycle
    failed: Document = {} if cycle is None else {cycle.key: "Failed"}
    if before is None:
        return Merge(id=str(document["id"]), values={"properties": failed})
    kept = deepcopy(before)
    kept["properties"].update(failed)
    return Put(id=str(document["id"]), document=kept)


def delete(call: Call, kind: Kind) -> Response:
    """Take a resource away; 204 where there is none."""
    if kind.type != locks.TYPE:
        locks.guard(call.world, "DELETE", call.path.text)
    if kind.on_delete is not None and (special := kind.on_delete(call)) is not None:
        return special
    document = call.world.get(call.path.text)
    if document is None:
        require_scope(call, call.path.text)
        return Response(status_code=204)
    return remove(call, kind, document, [Remove(id=str(document["id"]))])


def remove(call: Call, kind: Kind, document: Document, effects: list[Effect]) -> Response:
    """Take a resource away by ``effects``, at once or by an operation."""
    resource_id = str(document["id"])
    action = f"{kind.type}/delete"
    if kind.delete_style is None:
        for effect in effects:
            operations.apply(call.azure.world, effect)
        note(call, action, resource_id, "Succeeded", 200)
        return Response(status_code=200)
    if kind.lifecycle is not None:
        document["properties"][kind.lifecycle.key] = kind.lifecycle.deleting
    call.world.touch()
    operation = operations.begin(
        call.azure,
        target=resource_id,
        action=action,
        effects=effects,
        answers_target=False,
        state=call.state,
    )
    failed: Document = {"properties": {"provisioningState": "Failed"}}
    operation.on_failure = [Merge(id=resource_id, values=failed)]
    note(call, action, resource_id, "Accepted", 202)
    return Response(
        status_code=202, headers=operations.headers(call.azure, operation, kind.delete_style)
    )


def act(call: Call, kind: Kind) -> Response:
    """Answer a POST: an action on a resource."""
    name = (call.path.tail or "").lower()
    action = kind.actions.get(name)
    if action is None:
        raise Refusal(
            404,
            "InvalidResourceType",
            f"The resource type '{call.path.tail}' could not be found in the namespace "
            f"'{kind.namespace}' for api version '{call.query.get('api-version')}'.",
        )
    document = find(call, kind, call.path.resource_id)
    locks.guard(call.world, "POST", str(document["id"]))
    answer = action(call, document)
    state = "Accepted" if answer.status_code == 202 else "Succeeded"  # noqa: PLR2004
    note(call, f"{kind.type}/{call.path.tail}/action", str(document["id"]), state,
         answer.status_code)  # fmt: skip
    return answer


def note(call: Call, action: str, resource_id: str, status: str, http_status: int) -> None:
    """Note an event in the activity log."""
    activity.record(
        call.world,
        action=action,
        resource_id=resource_id,
        status=status,
        http_status=http_status,
        method=call.method,
        correlation_id=call.state.get("correlation_id", ""),
        client_request_id=call.state.get("client_request_id"),
    )
    call.azure.dirty()
