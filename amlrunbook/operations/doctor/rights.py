"""Whether the one who is signed in may do what each operation needs, and who else could.

Read: the caller's effective permissions at each scope; where one is missing, the roles that are assigned there and what
they allow; and the roles that wait to be activated or are about to end (Privileged Identity Management).
Sources: https://learn.microsoft.com/rest/api/authorization/permissions/list-for-resource,
https://learn.microsoft.com/rest/api/authorization/role-assignments/list-for-scope,
https://learn.microsoft.com/rest/api/authorization/role-eligibility-schedule-instances/list-for-scope
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.errors import AmlRunbookError
from amlrunbook.model.finding import Finding, Verdict
from amlrunbook.model.moments import moment
from amlrunbook.model.profile import Profile
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.model.snapshot import Document, Inventory
from amlrunbook.operations.doctor.needs import NEEDS, READING, Need, Where
from amlrunbook.operations.doctor.permissions import allowed

_ROLES = "https://learn.microsoft.com/azure/role-based-access-control/built-in-roles"
_PIM = "https://learn.microsoft.com/entra/id-governance/privileged-identity-management/pim-resource-roles-activate-your-roles"
SOON = timedelta(hours=4)
"""A role that ends within this time may end in the middle of a run."""
NAMED_BY_WORKSPACES = frozenset(
    {Where.DEFAULT_ACCOUNTS, Where.VAULTS, Where.REGISTRIES, Where.LOGS}
)
"""Scopes that only the workspaces' own documents tell, or what those name."""
_ATTACHED = {
    "microsoft.operationalinsights/workspaces": Where.LOGS,
    "microsoft.documentdb/databaseaccounts": Where.COSMOS,
    "microsoft.network/trafficmanagerprofiles": Where.TRAFFIC_MANAGERS,
}
"""What is attached and hardened, by type."""
_NAMED = 4
_SUBSCRIPTION_PARTS = 3
_SCHEDULES = "/providers/microsoft.authorization/"


def scopes(profile: Profile, inventory: Inventory) -> dict[Where, tuple[str, ...]]:
    """Return the scopes of a profile, by what they are; what a snapshot does not know is left out."""
    sides = {Where.PRIMARY: profile.primary.workspace}
    if profile.secondary is not None:
        sides[Where.SECONDARY] = profile.secondary.workspace
    named: dict[Where, dict[str, str]] = {where: {} for where in Where}
    for where, workspace in sides.items():
        named[where][workspace.lower()] = workspace
        document = inventory.by_id(workspace)
        for field, kind in (
            ("storageAccount", Where.DEFAULT_ACCOUNTS),
            ("keyVault", Where.VAULTS),
            ("containerRegistry", Where.REGISTRIES),
        ):
            value = document.field(f"properties.{field}") if document else None
            if isinstance(value, str) and value:
                named[kind][value.lower()] = value
        _, component = component_of(workspace, inventory)
        logs = component.field("properties.WorkspaceResourceId") if component else None
        if isinstance(logs, str) and logs:
            named[Where.LOGS][logs.lower()] = logs
    for account in profile.data_accounts:
        named[Where.DATA_ACCOUNTS][account.id.lower()] = account.id
    for attached in profile.attached:
        kind_of = _ATTACHED.get(ResourceId.parse(attached.id).type.lower())
        if kind_of is not None:
            named[kind_of][attached.id.lower()] = attached.id
    return {where: tuple(ids.values()) for where, ids in named.items()}


def component_of(workspace: str, inventory: Inventory) -> tuple[str, Document | None]:
    """Return the id of a workspace's Application Insights component, and its document where it is known."""
    document = inventory.by_id(workspace)
    component = document.field("properties.applicationInsights") if document else None
    if not isinstance(component, str) or not component:
        return "", None
    return component, inventory.by_id(component)


def unread_components(profile: Profile, inventory: Inventory) -> tuple[tuple[str, str], ...]:
    """Return the components that the workspaces name and that were not read, and why."""
    sides = [profile.primary, *([profile.secondary] if profile.secondary else [])]
    found = [component_of(side.workspace, inventory) for side in sides]
    return tuple(
        (component, document.unread or "" if document else "it is not among the documents")
        for component, document in found
        if component and (document is None or document.unread is not None)
    )


def unread_sides(profile: Profile, inventory: Inventory) -> tuple[tuple[str, str], ...]:
    """Return the workspaces of a profile that were not read, and why: what they name is not known."""
    sides = [profile.primary, *([profile.secondary] if profile.secondary else [])]
    documents = [(side.workspace, inventory.by_id(side.workspace)) for side in sides]
    return tuple(
        (workspace, document.unread or "" if document else "it is not among the documents")
        for workspace, document in documents
        if document is None or document.unread is not None
    )


class Rights:
    """The rights of the one who is signed in, at the scopes of one profile."""

    def __init__(self, gateway: AzureGateway, profile: Profile, inventory: Inventory) -> None:
        self._gateway = gateway
        self._profile = profile
        self._scopes = scopes(profile, inventory)
        self._unread = unread_sides(profile, inventory)
        self._unread_components = unread_components(profile, inventory)
        self._permissions: dict[str, list[dict[str, Any]] | AmlRunbookError] = {}
        self._definitions: dict[str, Document | None] = {}

    def findings(self) -> Iterator[Finding]:
        """Yield one finding an operation, and those of roles that wait or end."""
        for operation, needs in NEEDS.items():
            yield self._of(operation, needs)
        yield from self._privileged()

    def _of(self, operation: str, needs: tuple[Need, ...]) -> Finding:
        missing: list[str] = []
        unread: list[str] = []
        places = 0
        places_of = {where for need in needs for where in need.where}
        if places_of & NAMED_BY_WORKSPACES:
            unread += [f"what {_name(side)} names: {reason}" for side, reason in self._unread]
        if Where.LOGS in places_of:
            unread += [f"what {_name(id_)} names: {why}" for id_, why in self._unread_components]
        for need in needs:
            for scope in (scope for where in need.where for scope in self._scopes[where]):
                places += 1
                held = self._held(scope)
                if isinstance(held, AmlRunbookError):
                    unread.append(f"{_name(scope)}: {held.what}")
                    continue
                missing += self._missing(need, scope, held)
        return _finding(operation, missing, unread, places)

    def _missing(self, need: Need, scope: str, held: list[dict[str, Any]]) -> Iterator[str]:
        wanted = [(action, False) for action in need.actions]
        wanted += [(action, True) for action in need.data_actions]
        for action, data in wanted:
            if not allowed(held, action, data=data):
                yield f"{action} on {_name(scope)} ({self._who_could(scope, action, data=data)})"

    def _held(self, scope: str) -> list[dict[str, Any]] | AmlRunbookError:
        if scope not in self._permissions:
            path = f"{scope}/providers/Microsoft.Authorization/permissions"
            try:
                self._permissions[scope] = self._gateway.get_all(path)
            except AmlRunbookError as error:
                self._permissions[scope] = error
        return self._permissions[scope]

    def _who_could(self, scope: str, action: str, *, data: bool) -> str:
        """Return who holds a role there that allows an action, in a few words."""
        try:
            assignments = self._gateway.get_all(
                f"{scope}/providers/Microsoft.Authorization/roleAssignments", filter="atScope()"
            )
        except AmlRunbookError as error:
            return f"who could is not known: {error.what}"
        able = []
        for assignment in map(Document, assignments):
            definition = self._definition(str(assignment.field("properties.roleDefinitionId")))
            permissions = definition.field("properties.permissions") if definition else None
            if isinstance(permissions, list) and allowed(permissions, action, data=data):
                role = definition.field("properties.roleName") if definition else ""
                able.append(f"{assignment.field('properties.principalId')} as {role}")
        if not able:
            return "nobody who is assigned there could"
        more = f" and {len(able) - _NAMED} more" if len(able) > _NAMED else ""
        return f"could: {', '.join(able[:_NAMED])}{more}"

    def _definition(self, definition: str) -> Document | None:
        if definition not in self._definitions:
            try:
                self._definitions[definition] = Document(self._gateway.get(definition))
            except AmlRunbookError:
                self._definitions[definition] = None
        return self._definitions[definition]

    def _privileged(self) -> Iterator[Finding]:
        """Yield the roles that wait to be activated, and those that end soon."""
        scope = "/".join(self._profile.primary.workspace.split("/")[:_SUBSCRIPTION_PARTS])
        try:
            waiting = self._instances(scope, "roleEligibilityScheduleInstances")
            active = self._instances(scope, "roleAssignmentScheduleInstances")
        except AmlRunbookError as error:
            yield _privileged(Verdict.UNKNOWN, f"could not be read: {error.what}")
            return
        now = self._gateway.now()
        ending = [role for role in active if (left := _left(role, now)) and left <= SOON]
        if ending:
            told = ", ".join(
                f"{_role(role)} ends in {_minutes(_left(role, now))}" for role in ending
            )
            yield _privileged(
                Verdict.WARN, f"{told}: perhaps in the middle of a run", "Activate it anew first."
            )
        held = [(_role(role), _scope(role)) for role in active]
        idle = sorted({_role(role) for role in waiting if not is_held(role, held)})
        if idle:
            yield _privileged(
                Verdict.WARN,
                f"eligible and not active: {', '.join(idle)}",
                "Activate it before you need it: activation may take an approval, and the sign-in service.",
            )
        if not ending and not idle:
            yield _privileged(Verdict.PASS, "no role waits to be activated, and none ends soon")

    def _instances(self, scope: str, kind: str) -> list[Document]:
        path = f"{scope}/providers/Microsoft.Authorization/{kind}"
        return [Document(one) for one in self._gateway.get_all(path, filter="asTarget()")]


def _role(instance: Document) -> str:
    shown = instance.field("properties.expandedProperties.roleDefinition.displayName")
    named = str(instance.field("properties.roleDefinitionId")).rsplit("/", 1)[-1]
    return shown if isinstance(shown, str) and shown else named


def _scope(instance: Document) -> str:
    """Return where a role holds, in lower case."""
    said = instance.field("properties.scope")
    place = said if isinstance(said, str) else instance.key.rpartition(_SCHEDULES)[0]
    return place.lower().rstrip("/")


def is_held(waiting: Document, held: list[tuple[str, str]]) -> bool:
    """Return whether a role that waits is active already: there, or in what holds that place."""
    role, place = _role(waiting), _scope(waiting)
    return any(role == other and f"{place}/".startswith(f"{where}/") for other, where in held)


def _left(instance: Document, now: datetime) -> timedelta | None:
    ends = instance.field("properties.endDateTime")
    end = moment(ends) if isinstance(ends, str) else None
    return max(end - now, timedelta(seconds=1)) if end is not None else None


def _minutes(left: timedelta | None) -> str:
    return f"{int((left or timedelta()).total_seconds() // 60)} min"


def _name(scope: str) -> str:
    return scope.rsplit("/", 1)[-1]


def _finding(operation: str, missing: list[str], unread: list[str], places: int) -> Finding:
    verdict = Verdict.PASS
    observed = f"allowed at {places} places" if places else "the profile has no place that it needs"
    if unread:
        verdict, observed = Verdict.UNKNOWN, f"could not be read: {'; '.join(unread[:_NAMED])}"
    if missing:
        verdict, observed = Verdict.FAIL, f"missing: {'; '.join(missing)}"
    reads = operation == READING
    return Finding(
        check="doctor.rights",
        resource=operation,
        verdict=verdict,
        title="May read what checks read" if reads else f"May run {operation}",
        observed=observed,
        expected="every right that it needs, at every scope of the profile",
        why="A right that is missing shows on the day as 403, when those who could grant it are asleep.",
        source=_ROLES,
        remedy="Have the role assigned now, or know whom to call." if missing else "",
    )


def _privileged(verdict: Verdict, observed: str, remedy: str = "") -> Finding:
    return Finding(
        check="doctor.privileged-roles",
        resource="roles",
        verdict=verdict,
        title="Roles that are activated for a time",
        observed=observed,
        expected="the roles that a run needs are active for longer than it takes",
        why="A role that is only eligible does nothing, and one that ends in the middle stops a run halfway.",
        source=_PIM,
        remedy=remedy,
    )
