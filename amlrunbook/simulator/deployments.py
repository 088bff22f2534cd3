"""Deployments of templates into a resource group: validated, foretold, done.

Source: https://learn.microsoft.com/rest/api/resources/deployments
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from starlette.responses import Response

from amlrunbook.simulator import arm_verbs, operations, template
from amlrunbook.simulator.answers import Refusal, json_answer
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Kind
from amlrunbook.simulator.arm_path import parse
from amlrunbook.simulator.clock import stamp
from amlrunbook.simulator.effects import Merge
from amlrunbook.simulator.operations import Style
from amlrunbook.simulator.template import Wanted
from amlrunbook.simulator.world import Document, World

DEPLOYMENTS = "Microsoft.Resources/deployments"
_HIDDEN = ("systemData", "etag")
_VERSIONS = (
    "2026-06-01", "2025-04-01", "2024-11-01", "2024-03-01", "2023-07-01", "2022-09-01",
    "2021-04-01", "2020-06-01",
)  # fmt: skip

Deploy = Callable[[Call, list[Wanted]], list[Document]]


def deployer(kinds: dict[str, Kind]) -> Deploy:
    """Return what writes the resources of a template; it returns the errors, empty for none."""

    def deploy(call: Call, wanted: list[Wanted]) -> list[Document]:
        for one in wanted:
            path = parse(one.path)
            kind = kinds.get(str(path.resource_type).lower())
            try:
                if kind is None:
                    raise template.invalid(f"the type '{path.resource_type}' is not known")
                arm_verbs.put(_call(call, one), kind)
            except Refusal as refusal:
                error = {"code": refusal.code, "message": refusal.message, "target": one.path}
                return [error]
        return []

    return deploy


def _call(call: Call, wanted: Wanted) -> Call:
    return Call(
        azure=call.azure,
        method="PUT",
        path=parse(wanted.path),
        query={"api-version": wanted.version},
        body=msgspec.json.encode(wanted.body),
        state=call.state,
    )


def _group(call: Call) -> Document:
    group = call.world.get(call.path.scope)
    if group is None:
        raise Refusal(
            404, "ResourceGroupNotFound", f"Resource group '{call.path.group}' could not be found."
        )
    return group


def _asked(call: Call) -> tuple[Document, list[Wanted]]:
    properties: Any = call.document().get("properties")
    if not isinstance(properties, dict):
        raise Refusal(400, "InvalidRequestContent", "The deployment has no properties.")
    return properties, template.resources(properties, _group(call))


def _described(call: Call, properties: Document, wanted: list[Wanted], state: str) -> Document:
    now = stamp(call.world.now())
    return {
        "mode": "Incremental",
        "provisioningState": state,
        "timestamp": now,
        "duration": "PT0S",
        "correlationId": call.state.get("correlation_id", ""),
        "parameters": {
            name: {"type": "String", **value}
            for name, value in (properties.get("parameters") or {}).items()
        },
        "providers": [],
        "dependencies": [],
        "outputResources": [{"id": one.path} for one in wanted],
    }


def _failure(details: list[Document]) -> Document:
    return {
        "code": "DeploymentFailed",
        "message": "At least one resource deployment operation failed. Please list deployment "
        "operations for details. Please see https://aka.ms/arm-deployment-operations for usage "
        "details.",
        "details": details,
    }


def _put(deploy: Deploy) -> Callable[[Call], Response]:
    def put(call: Call) -> Response:
        properties, wanted = _asked(call)
        resource_id = f"{_group(call)['id']}/providers/{DEPLOYMENTS}/{call.path.name}"
        existed = call.world.get(resource_id) is not None
        errors = deploy(call, wanted)
        document: Document = {
            "id": resource_id,
            "name": call.path.name,
            "type": DEPLOYMENTS,
            "properties": _described(call, properties, wanted, "Running"),
        }
        call.world.put(resource_id, document)
        ended: Document = {"provisioningState": "Failed" if errors else "Succeeded"}
        if errors:
            ended["error"] = _failure(errors)
        operation = operations.begin(
            call.azure,
            target=resource_id,
            action=f"{DEPLOYMENTS}/write",
            effects=[Merge(id=resource_id, values={"properties": ended})],
            state=call.state,
        )
        operation.error = ended.get("error")
        operation.even_failed = True
        failed: Document = {"properties": {"provisioningState": "Failed"}}
        operation.on_failure = [Merge(id=resource_id, values=failed)]
        status = 200 if existed else 201
        arm_verbs.note(call, f"{DEPLOYMENTS}/write", resource_id, "Accepted", status)
        return json_answer(document, status, operations.headers(call.azure, operation, Style.ASYNC))

    return put


def _rehearsed(call: Call, deploy: Deploy, wanted: list[Wanted]) -> tuple[list[Document], World]:
    """Deploy in a copy of the world; return the errors and the copy."""
    kept = call.azure.world
    call.azure.world = msgspec.json.decode(msgspec.json.encode(kept), type=World)
    try:
        return deploy(call, wanted), call.azure.world
    finally:
        call.azure.world = kept


def _validate(deploy: Deploy) -> Callable[[Call], Response]:
    def validate(call: Call) -> Response:
        properties, wanted = _asked(call)
        errors, _ = _rehearsed(call, deploy, wanted)
        if errors:
            error = {
                "code": "InvalidTemplateDeployment",
                "message": f"The template deployment '{call.path.name}' is not valid according to "
                "the validation procedure. See inner errors for details.",
                "details": errors,
            }
            return json_answer({"error": error}, 400)
        found = _described(call, properties, wanted, "Succeeded")
        found["validatedResources"] = found.pop("outputResources")
        return json_answer({"properties": found})

    return validate


def _what_if(deploy: Deploy) -> Callable[[Call], Response]:
    def what_if(call: Call) -> Response:
        _, wanted = _asked(call)
        errors, then = _rehearsed(call, deploy, wanted)
        result: Document = {"status": "Failed", "error": _failure(errors)}
        if not errors:
            changes = _changes(call.world, then, str(_group(call)["id"]), wanted)
            result = {"status": "Succeeded", "properties": {"changes": changes}}
        target = f"{_group(call)['id']}/providers/{DEPLOYMENTS}/{call.path.name}"
        operation = operations.begin(
            call.azure,
            target=target,
            action=f"{DEPLOYMENTS}/whatIf/action",
            effects=[],
            result=result,
            answers_target=False,
            state=call.state,
        )
        headers = operations.headers(call.azure, operation, Style.LOCATION)
        return Response(status_code=202, headers=headers)

    return what_if


def _changes(now: World, then: World, group: str, wanted: list[Wanted]) -> list[Document]:
    """Return what a deployment would do, and what it would leave alone in the group."""
    asked = {one.path.lower() for one in wanted}
    found = [_change(one.path, now.get(one.path), then.get(one.path)) for one in wanted]
    for key, document in sorted(now.resources.items()):
        is_top = key.startswith(f"{group.lower()}/providers/") and key.count("/") == 8  # noqa: PLR2004
        if is_top and key not in asked and document["type"] != DEPLOYMENTS:
            before = _plain(document)
            found.append(
                {"resourceId": document["id"], "changeType": "Ignore", "before": before,
                 "after": before}
            )  # fmt: skip
    return found


def _change(resource_id: str, before: Document | None, after: Document | None) -> Document:
    if before is None:
        return {"resourceId": resource_id, "changeType": "Create", "after": _plain(after or {})}
    old, new = _plain(before), _plain(after or {})
    delta = _delta(old, new)
    found: Document = {
        "resourceId": before["id"],
        "changeType": "Modify" if delta else "NoChange",
        "before": old,
        "after": new,
    }
    return {**found, "delta": delta} if delta else found


def _plain(document: Document) -> Document:
    found = {key: value for key, value in document.items() if key not in _HIDDEN}
    properties = dict(found.get("properties") or {})
    for key in ("provisioningState", "modifiedDate"):
        properties.pop(key, None)
    return {**found, "properties": properties}


def _delta(old: Document, new: Document, at: str = "") -> list[Document]:
    found: list[Document] = []
    for key in sorted({*old, *new}):
        before, after, path = old.get(key), new.get(key), f"{at}.{key}" if at else key
        if isinstance(before, dict) and isinstance(after, dict):
            found += _delta(before, after, path)
        elif before != after:
            kind = "Create" if key not in old else "Delete" if key not in new else "Modify"
            found.append(
                {"path": path, "propertyChangeType": kind, "before": before, "after": after}
            )
    return found


def kinds(deploy: Deploy) -> tuple[Kind, ...]:
    """Return the kind of deployments."""
    return (
        Kind(
            type=DEPLOYMENTS,
            api_versions=_VERSIONS,
            on_put=_put(deploy),
            patchable=False,
            methods=frozenset({"GET", "HEAD", "PUT", "DELETE"}),
            delete_style=Style.LOCATION,
        ),
    )


def specials(deploy: Deploy) -> dict[tuple[str, str], Callable[[Call], Response]]:
    """Return the requests on deployments that need none to be there."""
    return {
        ("POST", "microsoft.resources/deployments/*/validate"): _validate(deploy),
        ("POST", "microsoft.resources/deployments/*/whatif"): _what_if(deploy),
    }
