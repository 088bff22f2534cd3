"""The resource manager: takes a request apart, finds the kind of resource, and lets it answer.

Source: https://learn.microsoft.com/azure/azure-resource-manager/management/control-plane-and-data-plane
"""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from amlrunbook.simulator import (
    arm_verbs,
    control_actions,
    group_region,
    operations,
    subscriptions,
)
from amlrunbook.simulator.answers import Refusal
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Kind
from amlrunbook.simulator.arm_lookup import require_scope
from amlrunbook.simulator.arm_path import ArmPath, parse
from amlrunbook.simulator.azure import SimulatedAzure
from amlrunbook.simulator.catalog import BY_TYPE, NAMESPACES, SPECIALS

_METHODS = ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"]
_VERSION = re.compile(r"^\d{4}-\d{2}-\d{2}(-[a-z]+)?$", re.IGNORECASE)


def routes(azure: SimulatedAzure) -> list[Route]:
    """Return the routes of the resource manager: everything under its roots, in any case."""

    async def answer(request: Request) -> Response:
        state = request.scope["state"]
        call = Call(
            azure=azure,
            method=request.method,
            path=parse(request.scope["path"]),
            query={key.lower(): value for key, value in request.query_params.items()},
            body=await request.body(),
            state=state,
            headers=request.headers,
        )
        try:
            return dispatch(call)
        except Refusal as refusal:
            _note_refusal(call, refusal)
            return refusal.response()

    return [
        Route(path, answer, methods=_METHODS)
        for root in ("subscriptions", "tenants", "providers")
        for path in (f"/{root}", f"/{root}/{{rest:path}}")
    ]


def dispatch(call: Call) -> Response:
    """Answer one request.

    Raises:
        Refusal: what Azure refuses.
    """
    path = call.path
    segments = path.text.lower().split("/")
    if len(segments) > 2 and segments[-2] in operations.SEGMENTS:  # noqa: PLR2004
        return operations.poll(call.azure, segments[-2], segments[-1])
    _check_api_version(call)
    control_actions.require(call)
    if path.namespace is None or (
        not path.types and (path.tail or "register").lower() == "register"
    ):
        return subscriptions.dispatch(call)
    return _provider(call)


def _check_api_version(call: Call) -> None:
    version = call.query.get("api-version")
    if not version:
        raise Refusal(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    if not _VERSION.match(version):
        raise Refusal(400, "InvalidApiVersionParameter", f"The api-version '{version}' is invalid.")


def _provider(call: Call) -> Response:
    """Answer a request that goes to a resource provider."""
    path = call.path
    namespace = str(path.namespace).lower()
    if namespace not in NAMESPACES:
        raise Refusal(
            404,
            "InvalidResourceNamespace",
            f"The resource namespace '{path.namespace}' is invalid.",
        )
    group_region.refuse_in_the_dark(call)
    special = SPECIALS.get((call.method, _shape(path)))
    if special is not None:
        require_scope(call, path.scope)
        return special(call)
    kind = _kind(call, path)
    _check_kind_version(call, kind, str(call.query["api-version"]))
    _check_registered(call, namespace)
    return _verb(call, kind)


def _shape(path: ArmPath) -> str:
    """Return a path below its provider with every name replaced by a star, in lower case."""
    pairs = "/".join(f"{type_}/*" for type_ in path.types)
    parts = [str(path.namespace), *([pairs] if pairs else []), *([path.tail] if path.tail else [])]
    return "/".join(parts).lower()


def _kind(call: Call, path: ArmPath) -> Kind:
    if path.tail is not None and call.method != "POST":
        wanted = path.collection_type
    else:
        wanted = path.resource_type
    kind = BY_TYPE.get(str(wanted).lower())
    if kind is None:
        below = str(wanted).partition("/")[2]
        raise Refusal(
            404,
            "InvalidResourceType",
            f"The resource type '{below}' could not be found in the namespace "
            f"'{path.namespace}' for api version '{call.query.get('api-version')}'.",
        )
    return kind


def _check_kind_version(call: Call, kind: Kind, version: str) -> None:
    if version.lower() not in kind.api_versions:
        where = call.world.get(call.path.resource_id) or {}
        raise Refusal(
            400,
            "NoRegisteredProviderFound",
            f"No registered resource provider found for location "
            f"'{where.get('location', 'global')}' and API version '{version}' for type "
            f"'{kind.type.partition('/')[2]}'. The supported api-versions are "
            f"'{', '.join(reversed(kind.api_versions))}'.",
        )


def _check_registered(call: Call, namespace: str) -> None:
    """Refuse changes through a provider that the subscription has not registered."""
    subscription = call.world.subscriptions.get(str(call.path.subscription).lower())
    if subscription is None or call.method in {"GET", "HEAD"}:
        return
    if namespace in {name.lower() for name in subscription.unregistered}:
        raise Refusal(
            409,
            "MissingSubscriptionRegistration",
            f"The subscription is not registered to use namespace '{call.path.namespace}'. See "
            "https://aka.ms/rps-not-found for how to register subscriptions.",
        )


def _verb(call: Call, kind: Kind) -> Response:
    is_collection = call.path.tail is not None
    match call.method:
        case "POST" if is_collection:
            return arm_verbs.act(call, kind)
        case "GET" if is_collection:
            return arm_verbs.list_children(call, kind)
        case method if is_collection or method not in kind.methods:
            raise arm_verbs.method_not_allowed(call)
        case "GET" | "HEAD":
            return arm_verbs.get(call, kind)
        case "PUT":
            return arm_verbs.put(call, kind)
        case "PATCH":
            return arm_verbs.patch(call, kind)
        case "DELETE":
            return arm_verbs.delete(call, kind)
        case _:
            raise arm_verbs.method_not_allowed(call)


def _note_refusal(call: Call, refusal: Refusal) -> None:
    """Note a refused change in the activity log, as Azure does for what reached a resource."""
    verbs: dict[str, Any] = {"PUT": "write", "PATCH": "write", "DELETE": "delete"}
    verb = verbs.get(call.method) or f"{call.path.tail}/action"
    if call.method in {"GET", "HEAD"} or call.path.resource_type is None:
        return
    if call.world.subscriptions.get(str(call.path.subscription).lower()) is None:
        return
    arm_verbs.note(
        call,
        f"{call.path.resource_type}/{verb}",
        call.path.resource_id,
        "Failed",
        refusal.status,
    )
