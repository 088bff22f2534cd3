"""Role assignments and effective permissions.

Source: https://learn.microsoft.com/rest/api/authorization/
"""

from __future__ import annotations

import re

from starlette.responses import Response

from amlrunbook.simulator.answers import Refusal, json_answer
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Kind
from amlrunbook.simulator.arm_path import parents
from amlrunbook.simulator.clock import stamp
from amlrunbook.simulator.data_actions import effective
from amlrunbook.simulator.world import Document, World

ROLE_ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"
FRESH_SECONDS = 30.0
"""World seconds until all of the directory knows a new principal."""
_MARK = "/providers/microsoft.authorization/roleassignments/"
_PRINCIPAL = re.compile(r"(?:principalId\s+eq\s+|assignedTo\()'([^']+)'", re.IGNORECASE)


def _complete(world: World, document: Document, before: Document | None) -> None:
    properties = document["properties"]
    properties.setdefault("principalType", "ServicePrincipal")
    properties.setdefault("scope", str(document["id"]).rpartition("/providers/")[0])
    made = (before or {}).get("properties", {}).get("createdOn") or stamp(world.now())
    properties.setdefault("createdOn", made)
    properties["updatedOn"] = stamp(world.now())


def _check(call: Call, document: Document, before: Document | None) -> None:
    properties = document.get("properties", {})
    for needed in ("roleDefinitionId", "principalId"):
        if not properties.get(needed):
            raise Refusal(400, "InvalidRoleAssignment", f"The role assignment has no '{needed}'.")
    if not properties.get("principalType") and _is_fresh(call.world, properties["principalId"]):
        raise Refusal(
            400,
            "PrincipalNotFound",
            f"Principal {properties['principalId']} does not exist in the directory. Check that "
            "you have the correct principal ID. If you are creating this principal and then "
            "immediately assigning a role, this error might be related to a replication delay. In "
            "this case, set the role assignment principalType property to a value, such as "
            "ServicePrincipal.",
        )
    if before is not None:
        raise Refusal(409, "RoleAssignmentExists", "The role assignment already exists.")


def _is_fresh(world: World, principal: str) -> bool:
    """Is a principal so new that not all of the directory knows it?"""
    return any(
        facts.get("principal") == principal and facts["principal_at"] + FRESH_SECONDS > world.now()
        for facts in world.facets.values()
    )


def note_principal(call: Call, document: Document) -> None:
    """Note that a resource with an identity of its own was just made."""
    principal = (document.get("identity") or {}).get("principalId")
    if principal:
        facts = call.world.facet(str(document["id"]))
        facts |= {"principal": principal, "principal_at": call.world.now()}


def _list(call: Call) -> Response:
    scope = call.path.scope.lower()
    text = call.query.get("$filter", "")
    principal = _PRINCIPAL.search(text)
    only_here = "atscope()" in text.lower()
    above = set(parents(scope))
    found = []
    for key, assignment in call.world.resources.items():
        where, mark, _ = key.rpartition(_MARK)
        if not mark or not (where in above or (not only_here and where.startswith(scope + "/"))):
            continue
        held = str(assignment["properties"]["principalId"]).lower()
        if principal is None or held == principal[1].lower():
            found.append(assignment)
    return call.page(found)


def _permissions(call: Call) -> Response:
    """Answer what the caller may do: everything, unless the scenario narrowed it."""
    held = effective(call.world, call.path.scope)
    if held is not None:
        return json_answer({"value": held})
    everything = {"actions": ["*"], "notActions": [], "dataActions": ["*"], "notDataActions": []}
    return json_answer({"value": [everything]})


KINDS = (
    Kind(
        type=ROLE_ASSIGNMENTS,
        api_versions=("2022-04-01", "2020-10-01-preview", "2020-04-01-preview", "2015-07-01"),
        complete=_complete,
        check=_check,
        on_list=_list,
        patchable=False,
    ),
    Kind(
        type="Microsoft.Authorization/permissions",
        api_versions=("2022-04-01", "2018-07-01", "2015-07-01"),
        on_list=_permissions,
        patchable=False,
        methods=frozenset(),
    ),
)
