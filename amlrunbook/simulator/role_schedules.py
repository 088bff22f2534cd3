"""What roles are, and which of them wait to be activated or end: definitions and schedule instances.

Sources: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles,
https://learn.microsoft.com/rest/api/authorization/role-definitions,
https://learn.microsoft.com/rest/api/authorization/role-eligibility-schedule-instances/list-for-scope
"""

from __future__ import annotations

from starlette.responses import Response

from amlrunbook.simulator.answers import Refusal, json_answer
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Kind
from amlrunbook.simulator.arm_path import parents
from amlrunbook.simulator.data_actions import ROLES
from amlrunbook.simulator.world import Document, World

DEFINITIONS = "Microsoft.Authorization/roleDefinitions"
ELIGIBLE = "Microsoft.Authorization/roleEligibilityScheduleInstances"
ACTIVE = "Microsoft.Authorization/roleAssignmentScheduleInstances"
_NAMES = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": "Reader",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": "Key Vault Secrets Officer",
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": "Storage Blob Data Reader",
    "b8eda974-7b85-4f76-af95-65846b26df6d": "Storage File Data Privileged Reader",
    "f6c7c914-8db3-469d-8ca1-694a8f32e121": "AzureML Data Scientist",
}
_PERMISSION: Document = {
    "actions": [],
    "notActions": [],
    "dataActions": [],
    "notDataActions": [],
}


def _definition(scope: str, guid: str) -> Document:
    """Return a built-in role as it is shown at a scope."""
    parts = scope.split("/")
    base = "/".join(parts[:3]) if len(parts) >= 3 else ""  # noqa: PLR2004 - /subscriptions/ID
    return {
        "id": f"{base}/providers/{DEFINITIONS}/{guid}",
        "name": guid,
        "type": DEFINITIONS,
        "properties": {
            "roleName": _NAMES[guid],
            "type": "BuiltInRole",
            "description": "",
            "assignableScopes": ["/"],
            "permissions": [_PERMISSION | ROLES[guid]],
        },
    }


def _get(call: Call) -> Response:
    guid = call.path.name.lower()
    if guid not in _NAMES:
        raise Refusal(
            404,
            "RoleDefinitionDoesNotExist",
            f"The specified role definition with ID '{guid}' does not exist.",
        )
    return json_answer(_definition(call.path.scope, guid))


def _list_definitions(call: Call) -> Response:
    return call.page([_definition(call.path.scope, guid) for guid in _NAMES])


def _complete(world: World, document: Document, before: Document | None) -> None:
    """A scenario's instance is the caller's own, unless it says otherwise."""
    del before
    properties = document["properties"]
    properties.setdefault("principalId", world.principal_id)
    properties.setdefault("principalType", "User")
    properties.setdefault("scope", str(document["id"]).rpartition("/providers/")[0])
    properties.setdefault("status", "Provisioned")
    guid = str(properties.get("roleDefinitionId", "")).rpartition("/")[2].lower()
    role = {"id": properties.get("roleDefinitionId"), "displayName": _NAMES.get(guid, guid)}
    properties.setdefault("expandedProperties", {"roleDefinition": role})


def _list_instances(call: Call) -> Response:
    """List the instances at a scope and above it; with ``asTarget()`` the caller's alone."""
    mark = f"/providers/{str(call.path.collection_type).lower()}/"
    above = set(parents(call.path.scope.lower()))
    own = "astarget()" in call.query.get("$filter", "").lower()
    found = []
    for key, instance in call.world.resources.items():
        where, marked, _ = key.rpartition(mark)
        mine = instance.get("properties", {}).get("principalId") == call.world.principal_id
        if marked and where in above and (mine or not own):
            found.append(instance)
    return call.page(found)


KINDS = (
    Kind(
        type=DEFINITIONS,
        api_versions=("2022-04-01", "2018-01-01-preview", "2015-07-01"),
        on_get=_get,
        on_list=_list_definitions,
        patchable=False,
        methods=frozenset({"GET"}),
    ),
    *(
        Kind(
            type=kind,
            api_versions=("2020-10-01", "2020-10-01-preview"),
            complete=_complete,
            on_anything=True,
            on_list=_list_instances,
            patchable=False,
            methods=frozenset({"GET"}),
        )
        for kind in (ELIGIBLE, ACTIVE)
    ),
)
