"""The registries of the workspaces that are saved: where they are, their replicas, and what they hold.

Source: https://learn.microsoft.com/rest/api/containerregistry/replications/list
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from amlrunbook.azure.deadline import Deadline
from amlrunbook.azure.fanout import Outcome, in_order
from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.azure.registry_pages import HeldManifest
from amlrunbook.errors import AmlRunbookError, AnswerError, AzureError, SignInError
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.model.snapshot import Document
from amlrunbook.operations.export.items import Gap
from amlrunbook.operations.export.specifications import SECONDS

RIGHTS = (
    "listing needs AcrPull on the registry, or Container Registry Repository Catalog Lister with "
    "Repository Reader where it has ABAC"
)
"""Source: https://learn.microsoft.com/azure/container-registry/container-registry-rbac-abac-repository-permissions"""
_REFUSED = frozenset({401, 403})
_GONE = 404
_AT_ONCE = 50
"""Repositories that are asked about before it is looked whether the registry still answers."""


class Replica(msgspec.Struct, frozen=True, kw_only=True):
    """One replica of a registry."""

    region: str
    status: str
    """Azure's word; what is ``Ready`` has all images."""


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry as the resource manager knows it."""

    id: str
    login_server: str
    region: str
    replicas: tuple[Replica, ...]
    """In other regions than its own."""
    gaps: tuple[Gap, ...]
    """Replicas that could not be read."""

    @property
    def ready(self) -> tuple[str, ...]:
        """The other regions whose replica has all images."""
        return tuple(one.region for one in self.replicas if one.status == "Ready")


@dataclass(slots=True)
class Contents:
    """What a registry holds."""

    manifests: dict[str, list[HeldManifest]] = field(default_factory=dict)
    """By repository."""
    gaps: list[Gap] = field(default_factory=list)
    """Repositories that this person may not list."""


class Registries:
    """Reads registries, each once: two workspaces may ask about the same one."""

    def __init__(self, gateway: AzureGateway) -> None:
        self._gateway = gateway
        self._read: dict[str, Contents] = {}

    def of(self, workspace: ResourceId) -> Registry | None:
        """Return a workspace's own registry; ``None`` where it has none yet.

        Raises:
            AzureError: the workspace or the registry cannot be read.
        """
        document = Document(self._gateway.get(workspace.text, seconds=SECONDS))
        named = document.field("properties.containerRegistry")
        if not named:
            return None
        at = ResourceId.parse(str(named))
        registry = Document(self._gateway.get(at.text, seconds=SECONDS))
        host = registry.field("properties.loginServer")
        if not isinstance(host, str) or not host:
            raise AzureError(f"The registry {at.name} was told without its login server.")
        gaps: list[Gap] = []
        found: set[Replica] = set()
        try:
            for raw in self._gateway.get_all(f"{at.text}/replications", seconds=SECONDS):
                one = Document(raw)
                status = str(one.field("properties.status.displayStatus") or "")
                found.add(Replica(region=one.location, status=status))
        except AmlRunbookError as error:
            gaps.append(Gap(f"replicas of {at.name}", error.what))
        others = sorted((one for one in found if one.region != registry.location), key=_region)
        return Registry(at.text, host.lower(), registry.location, tuple(others), tuple(gaps))

    def contents(self, registry: Registry) -> Contents:
        """List a registry.

        Raises:
            AzureError: it could not be listed to its end.
        """
        known = self._read.get(registry.login_server)
        if known is None:
            known = self._read[registry.login_server] = self._list(registry.login_server)
        return known

    def _list(self, host: str) -> Contents:
        images = self._gateway.registry_images(host)
        contents = Contents()
        repositories = images.repositories()
        deadline = Deadline(SECONDS)
        for start in range(0, len(repositories), _AT_ONCE):
            some = repositories[start : start + _AT_ONCE]
            outcomes = in_order(
                [lambda name=name: images.manifests(name) for name in some],  # type: ignore[misc]
                width=self._gateway.parallel,
                deadline=deadline,
            )
            for name, outcome in zip(some, outcomes, strict=True):
                _keep(contents, host, name, outcome)
        return contents


def _keep(
    contents: Contents, host: str, repository: str, outcome: Outcome[list[HeldManifest]]
) -> None:
    """Note what a repository holds, or that it is closed to this person; a registry that fails is another matter.

    Raises:
        AzureError: the registry failed.
    """
    error = outcome.error
    if error is None:
        contents.manifests[repository] = outcome.value or []
    elif isinstance(error, SignInError) or (
        isinstance(error, AnswerError) and error.status in _REFUSED | {_GONE}
    ):
        contents.gaps.append(Gap(f"images of {host}/{repository}", why(error)))
    else:
        raise error


def why(error: AmlRunbookError) -> str:
    """Return an error's sentence, and which right is missing where that is what it says."""
    refused = isinstance(error, SignInError) or getattr(error, "status", None) in _REFUSED
    return f"{error.what} ({RIGHTS})" if refused else error.what


def _region(replica: Replica) -> str:
    return replica.region
