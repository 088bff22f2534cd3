"""Kinds of resources: what the resource manager must know of each type to answer for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from starlette.responses import Response

from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_path import parse
from amlrunbook.simulator.clock import stamp
from amlrunbook.simulator.effects import Effect
from amlrunbook.simulator.operations import Style
from amlrunbook.simulator.world import Document, World

Complete = Callable[[World, Document, Document | None], None]
"""Fill what Azure fills in a document; the third is what was there before, if anything."""
Check = Callable[[Call, Document, Document | None], None]
"""Refuse a document that Azure refuses, by raising ``Refusal``."""
Action = Callable[[Call, Document], Response]
"""Answer a POST on an existing resource."""
Special = Callable[[Call], Response | None]
"""Answer a request in place of the usual verb; ``None`` leaves it to the usual verb."""


def fill_nothing(world: World, document: Document, before: Document | None) -> None:
    """Leave a document as it is."""


def check_nothing(call: Call, document: Document, before: Document | None) -> None:
    """Accept any document."""


@dataclass(frozen=True, kw_only=True)
class Lifecycle:
    """Which property tells how far a change of a resource is, and in which words."""

    key: str = "provisioningState"
    creating: str = "Creating"
    updating: str = "Updating"
    deleting: str = "Deleting"
    ready: str = "Succeeded"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One resource type and how it answers."""

    type: str
    """As Azure writes it: ``Microsoft.Storage/storageAccounts``."""
    api_versions: tuple[str, ...]
    """Newest first."""
    tracked: bool = False
    """Does it have a location and appear among the resources of its group?"""
    is_global: bool = False
    """Is its location ``global``, whatever is asked for?"""
    on_anything: bool = False
    """Can a scenario put it on any resource, by its scope?"""
    complete: Complete = fill_nothing
    check: Check = check_nothing
    create_style: Style | None = None
    """How the creation of one tells of its operation; ``None`` when it is synchronous."""
    update_style: Style | None = None
    """The same for PUT on one that is there."""
    patch_style: Style | None = None
    delete_style: Style | None = None
    create_status: int = 201
    accepted: bool = False
    """Are all its changes answered 202 without a body, whatever tells of the operation?"""
    lifecycle: Lifecycle | None = field(default_factory=Lifecycle)
    """``None`` where a document does not say how far a change is."""
    patchable: bool = True
    methods: frozenset[str] = frozenset({"GET", "HEAD", "PUT", "PATCH", "DELETE"})
    """What an item answers to; a kind that is only listed has none."""
    patch_keys: tuple[str, ...] = ()
    """What a PATCH can change, where that is not everything."""
    finish: Document = field(default_factory=dict)
    """What a creation or update merges in when it ends, besides ``provisioningState``."""
    finish_new: Callable[[Document], list[Effect]] | None = None
    """What else the operation of a creation does when it ends."""
    failure: Callable[[World, Document, Document | None], Document | None] | None = None
    """With which error a creation or update ends, though it was accepted."""
    update_status: int = 200
    """The status of a change whose operation the answer tells of, with a body."""
    actions: Mapping[str, Action] = field(default_factory=dict)
    """POST actions by lower-cased name."""
    show: Callable[[World, Document], Document] | None = None
    """How a document reads now, where it is not as it is kept."""
    on_create: Callable[[Call, Document], None] | None = None
    """What a request that creates one notes; not done for what a scenario begins with."""
    implied: Callable[[World, Document, str], Document | None] | None = None
    """For children that exist without having been created: parent and name to document."""
    fits: Callable[[Call, Document], bool] | None = None
    """Does a list with the call's query show it?"""
    also_listed: Callable[[Call], list[Document]] | None = None
    """What a list shows besides what exists."""
    on_list: Special | None = None
    on_get: Special | None = None
    on_put: Special | None = None
    on_patch: Special | None = None
    on_delete: Special | None = None
    after_write: Callable[[World, Document], None] | None = None
    """What else a creation brings about."""
    keep_on_put: tuple[str, ...] = ()
    """Properties that a PUT without them keeps."""

    @property
    def namespace(self) -> str:
        """The resource provider."""
        return self.type.partition("/")[0]

    @property
    def depth(self) -> int:
        """1 for a top-level type, 2 for its children."""
        return self.type.count("/")


def canonical_id(world: World, resource_id: str, kind: Kind) -> str:
    """Return an id in the case that Azure writes: types as named, scopes as they were created."""
    path = parse(resource_id)
    parts = kind.type.split("/")
    pairs = "/".join(f"{type_}/{name}" for type_, name in zip(parts[1:], path.names, strict=False))
    return f"{canonical_scope(world, path.scope)}/providers/{parts[0]}/{pairs}"


def canonical_scope(world: World, scope: str) -> str:
    """Return a scope in the case in which it was created."""
    document = world.get(scope)
    if document is not None:
        return str(document["id"])
    parts = scope.split("/")
    if len(parts) >= 3 and parts[1].lower() == "subscriptions":  # noqa: PLR2004
        parts[1], parts[2] = "subscriptions", parts[2].lower()
    return "/".join(parts)


_WITHOUT_SYSTEM_DATA = frozenset(
    {
        "microsoft.authorization",
        "microsoft.containerinstance",
        "microsoft.insights",
        "microsoft.network",
        "microsoft.resources",
        "microsoft.sql",
        "microsoft.storage",
        "microsoft.synapse",
    }
)
"""Resource providers whose documents know no ``systemData``, and whose recorded answers have none.

Source: https://github.com/Azure/azure-rest-api-specs (role assignments, components, accounts)
"""


def has_system_data(kind: Kind) -> bool:
    """Do resources of this kind say who made and changed them?"""
    return kind.namespace.lower() not in _WITHOUT_SYSTEM_DATA


def system_data(world: World, before: Document | None) -> Document:
    """Return the ``systemData`` of a document written now."""
    now = stamp(world.now())
    made = (before or {}).get("systemData", {})
    return {
        "createdAt": made.get("createdAt", now),
        "createdBy": made.get("createdBy", world.principal_id),
        "createdByType": made.get("createdByType", "Application"),
        "lastModifiedAt": now,
        "lastModifiedBy": world.principal_id,
        "lastModifiedByType": "Application",
    }
