"""Which action of the resource manager a request is, and whether the caller may do it.

A caller whom the scenario did not narrow may do everything. Reading one's own permissions is never
refused. Lists are refused at a scope where the caller may not read, though Azure would leave out
what the caller may not see.

Source: https://learn.microsoft.com/azure/role-based-access-control/troubleshooting (the message),
https://learn.microsoft.com/azure/role-based-access-control/resource-provider-operations (actions)
"""

from __future__ import annotations

from amlrunbook.simulator import data_actions
from amlrunbook.simulator.answers import Refusal
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_path import ArmPath

_VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}
_READING_POSTS = {
    "microsoft.resourcegraph/resources": "Microsoft.ResourceGraph/resources/read",
}
_FREE = "microsoft.authorization/permissions"


def action_of(method: str, path: ArmPath) -> str | None:
    """Return what a request does, ``Microsoft.X/type/verb``; ``None`` for what nobody refuses."""
    if path.namespace is None:
        if path.group is None or method == "POST":
            return None if method in {"GET", "HEAD", "POST"} else "Microsoft.Resources/*/write"
        return f"Microsoft.Resources/subscriptions/resourceGroups/{_VERBS[method]}"
    collection = str(path.collection_type or path.resource_type)
    if collection.lower() == _FREE:
        return None
    if method == "POST":
        asked = _READING_POSTS.get(collection.lower())
        return asked or f"{path.resource_type}/{path.tail or 'write'}/action"
    return f"{collection}/{_VERBS[method]}"


def require(call: Call) -> None:
    """Refuse a request that the caller has no right to.

    Raises:
        Refusal: 403 ``AuthorizationFailed``.
    """
    action = action_of(call.method, call.path)
    scope = call.path.resource_id
    if action is None or not call.path.subscription or data_actions.may(call.world, scope, action):
        return
    secrets = call.azure.secrets
    raise Refusal(
        403,
        "AuthorizationFailed",
        f"The client '{secrets.client_id}' with object id '{call.world.principal_id}' does not "
        f"have authorization to perform action '{action}' over scope '{scope}' or the scope is "
        "invalid. If access was recently granted, please refresh your credentials.",
    )
