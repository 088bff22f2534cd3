"""Finding what a path of the resource manager names, and Azure's 404 for what is not there."""

from __future__ import annotations

from amlrunbook.simulator.answers import Refusal
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Kind
from amlrunbook.simulator.arm_path import parse
from amlrunbook.simulator.world import Document


def named(call: Call, resource_id: str = "") -> Document:
    """Return the resource with that id; without one, that whose part or collection is asked for.

    Raises:
        Refusal: 404, there is none.
    """
    resource_id = resource_id or call.path.resource_id
    document = call.world.get(resource_id)
    if document is None:
        raise not_found(resource_id)
    return document


def find(call: Call, kind: Kind, resource_id: str) -> Document:
    """Return a resource that must be there.

    Raises:
        Refusal: 404 with the code that fits what is missing.
    """
    document = lookup(call, kind, resource_id)
    if document is None:
        require_scope(call, resource_id)
        raise not_found(resource_id)
    return document


def lookup(call: Call, kind: Kind, resource_id: str) -> Document | None:
    """Return a resource or a child that exists without having been created."""
    document = call.world.get(resource_id)
    if document is None and kind.implied is not None:
        parent = call.world.get(parent_id(resource_id))
        if parent is not None:
            return kind.implied(call.world, parent, parse(resource_id).name)
    return document


def parent_id(resource_id: str) -> str:
    """Return the id of the resource above a child resource."""
    return resource_id.rsplit("/", 2)[0]


def not_found(resource_id: str) -> Refusal:
    """Return Azure's 404 for a resource."""
    path = parse(resource_id)
    names = "/".join(path.names)
    where = f"under resource group '{path.group}' " if path.group else ""
    return Refusal(
        404,
        "ResourceNotFound",
        f"The Resource '{path.resource_type}/{names}' {where}was not found. For more details "
        "please go to https://aka.ms/ARMResourceNotFoundFix",
    )


def require_scope(call: Call, resource_id: str) -> None:
    """Refuse a path whose subscription, group or parent resource does not exist.

    Raises:
        Refusal: 404 for the outermost scope that is missing.
    """
    path = parse(resource_id)
    subscription = path.subscription
    if subscription is not None and subscription.lower() not in call.world.subscriptions:
        raise Refusal(
            404,
            "SubscriptionNotFound",
            f"The subscription '{subscription}' could not be found.",
        )
    if path.group is not None:
        group = f"/subscriptions/{subscription}/resourceGroups/{path.group}"
        if call.world.get(group) is None:
            raise Refusal(
                404,
                "ResourceGroupNotFound",
                f"Resource group '{path.group}' could not be found.",
            )
    above_child = ""
    if path.tail is not None:
        above_child = path.resource_id
    elif len(path.types) > 1:
        above_child = parent_id(resource_id)
    for above in (path.scope, above_child):
        if above and parse(above).types and call.world.get(above) is None:
            text = not_found(above).message
            code = "ParentResourceNotFound" if call.method == "PUT" else "ResourceNotFound"
            raise Refusal(404, code, text)
