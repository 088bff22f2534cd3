"""What rules see: the documents, and who is what among them.

Roles come from the documents themselves (a workspace names its default account) and from the profile where there is one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from enum import Enum, auto
from functools import cached_property

from amlrunbook.assessment import types
from amlrunbook.assessment.command_values import id_values, skus
from amlrunbook.assessment.completion import NOWHERE
from amlrunbook.assessment.documents import Documents, is_gone
from amlrunbook.assessment.reading import place_of, text
from amlrunbook.errors import IncompleteError
from amlrunbook.model.profile import Profile, Strategies
from amlrunbook.model.resource_id import RegionName, region_name
from amlrunbook.model.snapshot import Document, Inventory

_ENOUGH_FOR_A_PAIR = 2
_MANAGEMENT_GROUPS = "/providers/microsoft.management/managementgroups/"
_WORKSPACES = f"/providers/{types.WORKSPACE}/".lower()


class Side(Enum):
    """Where a workspace stands in the protected pair."""

    PRIMARY = auto()
    SECONDARY = auto()
    OUTSIDE = auto()
    """In no pair, or in none that is known."""


class AccountRole(Enum):
    """What a storage account is to the workspaces."""

    DEFAULT = auto()
    DATA = auto()
    UNKNOWN = auto()
    """No workspace is among the documents to say, or one could not be read."""


class Landscape(Documents):
    """The documents and the profile: which workspace is which, and what is whose."""

    def __init__(
        self, inventory: Inventory, profile: Profile | None = None, *, taken_at: str = ""
    ) -> None:
        super().__init__(inventory)
        self.profile = profile
        self.taken_at = taken_at
        """When the documents were read, RFC 3339; empty where nobody says."""

    def prepare(self) -> None:
        """Find out who is what before anything is judged, so that each finding notes the ages of its own documents."""
        _ = self.workspaces, self._users, self.default_account_names, self._locations

    @cached_property
    def _assignments(self) -> dict[str, list[Document]]:
        """The role assignments by their scope's key; what holds for a whole tenant or a management group by ``""``."""
        index: dict[str, list[Document]] = defaultdict(list)
        for assignment in self.inventory.of_type(types.ROLE_ASSIGNMENT):
            scope = assignment.key.rpartition("/providers/microsoft.authorization/")[0]
            index["" if scope.startswith(_MANAGEMENT_GROUPS) else scope].append(assignment)
        return index

    def role_assignments(self, resource: Document) -> tuple[Document, ...]:
        """Return the role assignments that hold for a resource, inherited ones too.

        Raises:
            IncompleteError: one of them, or the list of them, could not be read.
        """
        self.extensions(resource.key, "microsoft.authorization", "roleassignments")
        parts = resource.key.split("/")
        scopes = ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]
        found = [each for scope in scopes for each in self._assignments.get(scope, ())]
        for assignment in found:
            if assignment.unread is not None:
                raise IncompleteError(f"role assignment {assignment.name}: {assignment.unread}")
        return tuple(found)

    # -- workspaces ---------------------------------------------------------------------

    @cached_property
    def workspaces(self) -> tuple[Document, ...]:
        """Workspaces of a pair's kind, being deleted ones and projects (which live in a hub) left out."""
        return tuple(d for d in self.inventory.of_type(types.WORKSPACE) if _stands_alone(d))

    @cached_property
    def _unread_workspace(self) -> Document | None:
        """A workspace that is there, or may be, and could not be read."""
        return next((d for d in self.workspaces if d.unread is not None and not is_gone(d)), None)

    @cached_property
    def _sides(self) -> dict[str, Side]:
        if self.profile is not None:
            sides = {_key(self.profile.primary.workspace): Side.PRIMARY}
            if self.profile.secondary is not None:
                sides[_key(self.profile.secondary.workspace)] = Side.SECONDARY
            return sides
        if len(self.workspaces) > _ENOUGH_FOR_A_PAIR:
            return {}
        order = (Side.PRIMARY, Side.SECONDARY)
        return {d.key: side for d, side in zip(self.workspaces, order, strict=False)}

    def side(self, workspace: Document) -> Side:
        """Return where a workspace stands: by the profile, else the first of at most two is the primary."""
        return self._sides.get(workspace.key, Side.OUTSIDE)

    def workspace_on(self, side: Side) -> Document | None:
        """Return the workspace of one side, or ``None`` where there is no document of it."""
        key = next((key for key, value in self._sides.items() if value is side), None)
        return self.inventory.by_id(key) if key else None

    @property
    def primary_region(self) -> RegionName | None:
        """The region to be ready to leave, or ``None`` where there is no pair to know it of.

        Raises:
            IncompleteError: no profile names it, and the primary workspace could not be read.
        """
        if self.profile is not None:
            return self.profile.regions[0] or None
        return self._region_on(Side.PRIMARY)

    def partner_of(self, document: Document) -> str:
        """Return the ARM id that the profile names as the partner of an attached service; empty where it names none."""
        attached = self.profile.attached if self.profile is not None else ()
        return next((a.partner for a in attached if _key(a.id) == document.key), "")

    def is_attached(self, document: Document) -> bool:
        """Return whether the profile names ``document`` as attached."""
        attached = self.profile.attached if self.profile is not None else ()
        return document.key in {_key(named.id) for named in attached}

    def is_partner(self, document: Document) -> bool:
        """Return whether the profile names ``document`` as the partner of an attached service."""
        attached = self.profile.attached if self.profile is not None else ()
        return document.key in {_key(named.partner) for named in attached if named.partner}

    def workspace_of(self, document: Document) -> Document | None:
        """Return the workspace that holds ``document``, or ``None`` where there is no document of it."""
        head, found, tail = document.key.partition(_WORKSPACES)
        return self.inventory.by_id(head + found + tail.split("/", 1)[0]) if found else None

    @property
    def secondary_region(self) -> RegionName | None:
        """The region to move to, or ``None`` where there is no pair to know it of.

        Raises:
            IncompleteError: no profile names it, and the secondary workspace could not be read.
        """
        if self.profile is not None:
            return self.profile.regions[1]
        return self._region_on(Side.SECONDARY)

    def _region_on(self, side: Side) -> RegionName | None:
        """Return the region of the workspace of one side, as its own document says it."""
        workspace = self.workspace_on(side)
        if workspace is None or is_gone(workspace):
            return None
        if workspace.unread is not None:
            raise IncompleteError(
                f"workspace {workspace.name} could not be read: {workspace.unread}"
            )
        return region_name(place_of(workspace))

    @property
    def strategies(self) -> Strategies:
        """The profile's strategies, or the ordinary ones."""
        return self.profile.strategy if self.profile is not None else Strategies()

    @cached_property
    def _users(self) -> dict[str, list[Document]]:
        """Workspaces by the key of each resource that they name."""
        users: dict[str, list[Document]] = defaultdict(list)
        for workspace in self.workspaces:
            for field in types.DEPENDENCIES:
                named = workspace.field(f"properties.{field}")
                if isinstance(named, str) and named:
                    found = self.find(named)
                    users[found.key if found else _key(named)].append(workspace)
        return users

    def users(self, document: Document) -> tuple[Document, ...]:
        """Return the workspaces that name this resource as theirs, of those that were read."""
        return tuple(self._users.get(document.key, ()))

    def all_users(self, document: Document) -> tuple[Document, ...]:
        """Return the workspaces that name this resource as theirs, for a check that counts them.

        Raises:
            IncompleteError: another workspace could not be read, and might be one more.
        """
        users, unread = self.users(document), self._unread_workspace
        if unread is not None and len(users) <= 1:
            raise IncompleteError(
                f"workspace {unread.name} could not be read, and may use it too: {unread.unread}"
            )
        return users

    @cached_property
    def default_account_names(self) -> frozenset[str]:
        """The names, in lower case, of all workspaces' default accounts: names are unique in a cloud."""
        named = (d.field("properties.storageAccount") for d in self.workspaces)
        return frozenset(
            account.rstrip("/").rsplit("/", 1)[-1].lower()
            for account in named
            if isinstance(account, str) and account
        )

    def is_default_account(self, name: str) -> bool:
        """Return whether an account of this name is a workspace's default account.

        Raises:
            IncompleteError: none that was read says so, and a workspace could not be read.
        """
        if name.lower() in self.default_account_names:
            return True
        unread = self._unread_workspace
        if unread is not None:
            raise IncompleteError(
                f"workspace {unread.name} could not be read, and may have it as its default account: {unread.unread}"
            )
        return False

    def role(self, account: Document) -> AccountRole:
        """Return what a storage account is to the workspaces."""
        if self.users(account):
            return AccountRole.DEFAULT
        if self.is_counted_on(account):
            return AccountRole.DATA
        if not self.workspaces or self._unread_workspace is not None:
            return AccountRole.UNKNOWN
        return AccountRole.DATA

    def is_counted_on(self, account: Document) -> bool:
        """Return whether the profile names the account as one to fail over."""
        accounts = self.profile.data_accounts if self.profile is not None else ()
        return account.key in {_key(named.id) for named in accounts}

    # -- locks, regions, commands -------------------------------------------------------

    def lock_levels(self, document: Document) -> tuple[str, ...]:
        """Return the levels of the locks on a resource and on what holds it.

        Raises:
            IncompleteError: a lock or a list of locks could not be read.
        """
        levels = []
        for scope in _scopes(document.key):
            for lock in self.extensions(scope, "microsoft.authorization", "locks"):
                if lock.unread is not None:
                    raise IncompleteError(f"lock {lock.name} could not be read: {lock.unread}")
                levels.append(text(lock, "properties.level"))
        return tuple(levels)

    @cached_property
    def _locations(self) -> dict[str, Document]:
        return {
            d.key.rsplit("/", 1)[-1]: d
            for d in self.inventory.documents
            if "/locations/" in d.key and d.field("metadata") is not None
        }

    def location_of(self, region: str) -> Document | None:
        """Return the subscription's own document of a region, where the snapshot holds one."""
        return self._locations.get(region)

    @cached_property
    def _region_words(self) -> str:
        """The region to move to, as a command names it; empty where it is not known."""
        try:
            return self.secondary_region or ""
        except IncompleteError:
            return ""

    def command_values(self, document: Document) -> Mapping[str, str]:
        """Return what the placeholders of a command template stand for."""
        other = self.workspace_on(Side.SECONDARY)
        values = {
            "id": "" if document.id.startswith(NOWHERE) else document.id,
            "name": document.name,
            "secondary_region": self._region_words,
            "other_workspace": other.name if other else "",
            **skus(document),
        }
        return values | id_values(document.id) | id_values(other.id if other else "", "other_")


def _stands_alone(workspace: Document) -> bool:
    """Return whether a workspace can be one of a pair."""
    kind = workspace.field("kind")
    state = workspace.field("properties.provisioningState")
    is_project = isinstance(kind, str) and kind.lower() == "project"
    is_going = isinstance(state, str) and state.lower() == "deleting"
    return not is_project and not is_going


def _key(resource_id: str) -> str:
    return resource_id.lower().rstrip("/")


def _scopes(key: str) -> tuple[str, ...]:
    """Return the scopes whose locks hold for a resource: itself, its group, its subscription."""
    parts = key.split("/")
    return tuple(dict.fromkeys((key, "/".join(parts[:5]), "/".join(parts[:3]))))
