"""Rules of identities and roles: what must be granted again, and who could."""

from __future__ import annotations

from amlrunbook.assessment import types
from amlrunbook.assessment.landscape import Landscape, Side
from amlrunbook.assessment.parity import readable_secondary
from amlrunbook.assessment.reading import identity_kinds, needed, read_properties, shown, text
from amlrunbook.assessment.rule import Rule, Ruling, failed, passed, unconcerned, warned
from amlrunbook.model.snapshot import Document

_NAMED = 5
_GRANTING = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
}
"""Built-in roles that may grant roles.

Source: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
"""
_PEOPLE = ("user", "group")
_LIST = "az role assignment list --scope {id} --include-inherited"


def _grants(found: tuple[Document, ...]) -> dict[tuple[str, str], Document]:
    return {
        (
            needed(each, "properties.principalId").lower(),
            needed(each, "properties.roleDefinitionId").rsplit("/", 1)[-1].lower(),
        ): each
        for each in found
    }


def _roles_in_both(landscape: Landscape, workspace: Document) -> Ruling:
    read_properties(workspace)
    if landscape.side(workspace) is not Side.PRIMARY:
        return unconcerned("it is not the primary of a known pair")
    secondary = readable_secondary(landscape)
    if secondary is None:
        return unconcerned("there is no secondary workspace")
    mine = _grants(landscape.role_assignments(workspace))
    if not mine:
        return unconcerned("no role assignment is among the documents")
    theirs = _grants(landscape.role_assignments(secondary))
    missing = [each for key, each in mine.items() if key not in theirs]
    if not missing:
        return passed(f"all {len(mine)} role assignments hold for the secondary too")
    people = [
        f"{shown(text(each, 'properties.principalType')) or 'principal'} "
        f"{shown(text(each, 'properties.principalId'))}"
        for each in missing[:_NAMED]
    ]
    more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
    return failed(
        f"{len(missing)} of {len(mine)} do not hold for the secondary: {', '.join(people)}{more}"
    )


def _who_can_grant(landscape: Landscape, workspace: Document) -> Ruling:
    read_properties(workspace)
    found = landscape.role_assignments(workspace)
    if not found:
        return unconcerned("no role assignment is among the documents")
    granting = [
        each
        for each in found
        if text(each, "properties.roleDefinitionId").rsplit("/", 1)[-1].lower() in _GRANTING
        and text(each, "properties.principalType").lower() in _PEOPLE
    ]
    if not granting:
        return warned("no person or group here may grant a role (eligible PIM roles are not read)")
    roles = {
        _GRANTING[text(each, "properties.roleDefinitionId").rsplit("/", 1)[-1].lower()]
        for each in granting
    }
    return passed(f"{len(granting)} may grant roles, as {' or '.join(sorted(roles))}")


def _endpoint_identity(landscape: Landscape, endpoint: Document) -> Ruling:
    del landscape
    read_properties(endpoint)
    kinds = identity_kinds(endpoint)
    observed = f"identity.type is {shown(text(endpoint, 'identity.type'))}"
    if "userassigned" in kinds:
        return warned(f"{observed}: grant its roles by yourself, for both endpoints")
    if kinds:
        return passed(f"{observed}: Azure grants its roles when it is made")
    return unconcerned("no identity is said")


def _workspace_identity(landscape: Landscape, workspace: Document) -> Ruling:
    read_properties(workspace)
    if landscape.side(workspace) is Side.PRIMARY:
        return unconcerned("it is the primary of the pair")
    kinds = identity_kinds(workspace)
    observed = f"identity.type is {shown(text(workspace, 'identity.type'))}"
    if "userassigned" in kinds:
        return passed(f"{observed}: its roles can be granted beforehand")
    found = landscape.role_assignments(workspace)
    given = {text(e, "properties.principalId").lower() for e in _all_assignments(landscape)}
    if not found or not kinds:
        return unconcerned("no role assignment, or no identity, is among the documents")
    principal = needed(workspace, "identity.principalId").lower()
    if principal in given:
        return passed(f"{observed}, and it holds roles")
    return warned(f"{observed}, and none of the roles that were read is its own")


def _all_assignments(landscape: Landscape) -> tuple[Document, ...]:
    return tuple(d for d in landscape.inventory.of_type(types.ROLE_ASSIGNMENT) if d.unread is None)


RULES: tuple[Rule, ...] = (
    Rule(
        id="identity.roles-in-both",
        title="Roles granted for both workspaces",
        types=(types.WORKSPACE,),
        expected="whoever has a role on the primary has it on the secondary too",
        why="People and pipelines that may work in the primary may not work in the secondary, and whoever could grant it may be asleep.",
        fact="identity.both-regions",
        remedy="Grant the same roles on the secondary, to groups rather than to persons.",
        command="az role assignment create --assignee-object-id PRINCIPAL --assignee-principal-type TYPE --role ROLE --scope SECONDARY_WORKSPACE_ID",
        judge=_roles_in_both,
    ),
    Rule(
        id="identity.who-can-grant",
        title="Somebody can grant roles",
        types=(types.WORKSPACE,),
        expected="a person or a group with Owner, User Access Administrator or Role Based Access Control Administrator",
        why="Recreated identities have no roles: without somebody who may grant them the switch stops there.",
        fact="identity.new-principal",
        remedy="Name who may, and have them on call; activate eligible roles in a drill.",
        command=_LIST,
        judge=_who_can_grant,
    ),
    Rule(
        id="identity.secondary-prepared",
        title="The secondary's identity has its roles",
        types=(types.WORKSPACE,),
        expected="a user-assigned identity, or a system-assigned one that holds roles already",
        why="A system-assigned identity is born with its workspace: its roles on data cannot be granted before, and take minutes to hold.",
        fact="identity.system-assigned",
        remedy="Create the secondary now and grant its identity the roles that the primary's has.",
        command=_LIST,
        judge=_workspace_identity,
    ),
    Rule(
        id="identity.endpoint-roles",
        title="An endpoint's identity gets its roles by itself",
        types=(types.ONLINE_ENDPOINT,),
        expected="a system-assigned identity, or a user-assigned one whose roles you grant",
        why="A user-assigned identity gets nothing by itself: an endpoint without AcrPull and data roles does not start.",
        fact="identity.endpoint-roles",
        remedy="Grant AcrPull and Storage Blob Data Reader to it for both regions, in the code that makes it.",
        command="az ml online-endpoint show --name {name} --workspace-name {parent} --resource-group {group} --subscription {subscription} --query identity",
        judge=_endpoint_identity,
    ),
)
"""The rules of identities and roles."""
