"""What is read for a profile, and what each answer leads to.

Nothing waits for what it does not need: the children of a workspace are listed while the workspace itself is read, and
only ids that an answer brings (an associated account, a deployment's endpoint) make a chain. Jobs are read to
:data:`MOST_JOBS` a workspace: they are history without end, and no check counts them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amlrunbook.azure.arm_path import type_of
from amlrunbook.azure.attached_reads import (
    MEMBERS_NAME,
    NO_SHAPE,
    SHAPES,
    is_known,
    names_in,
    to_read,
)
from amlrunbook.azure.deadline import Deadline
from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.azure.unread import placeholder
from amlrunbook.azure.walk import Progress, Read, Walk
from amlrunbook.errors import AmlRunbookError, AnswerError, NotFoundError, UsageError
from amlrunbook.model.hosts import SQL_SERVERS, host_of, server_type
from amlrunbook.model.profile import Profile
from amlrunbook.model.redaction import masked_document
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.model.snapshot import Document, Inventory

MOST_JOBS = 50
MOST_SERVERS = 20
"""How many SQL servers are read, at most, to find the failover group that a connection names."""
MOST_VERSIONS = 500
"""Of how many assets of one kind the latest version is read; for the rest the collection is marked unread."""
STATS_TYPE = "Microsoft.Storage/storageAccounts/geoReplicationStats"

_ASSETS = ("models", "environments", "data")
_COLLECTIONS = (
    "computes",
    "datastores",
    "onlineEndpoints",
    "batchEndpoints",
    *_ASSETS,
    "components",
    "jobs",
    "schedules",
    "connections",
)
"""The children of a workspace that a snapshot holds."""
_PROVIDER = "Microsoft.MachineLearningServices"
_ROLES = "providers/Microsoft.Authorization/roleAssignments"
_LOCKS = "providers/Microsoft.Authorization/locks"
_OF_A_ROW = frozenset(
    {"id", "name", "type", "limit", "currentValue", "unit", "family", "vCPUs", "gpus"}
)
"""What is kept of a row of quota or of a size: prices are no part of an inventory."""
_ASSOCIATED = ("storageAccount", "keyVault", "containerRegistry", "applicationInsights")
_NO_SUCH_SERVICE = frozenset({"FeatureNotSupportedForAccount", "OperationNotAllowedOnKind"})
"""An account's kind has no file service, or no blob service: nothing is missing there."""


class ProfileWalk(Walk):
    """What is read for a profile, and what each answer leads to."""

    def __init__(
        self,
        gateway: AzureGateway,
        deadline: Deadline,
        request_seconds: float,
        progress: Progress | None,
        *,
        earlier: Inventory | None,
    ) -> None:
        super().__init__(gateway, deadline, request_seconds, progress)
        self._earlier = earlier
        self._seen: set[str] = set()

    def visit_profile(self, profile: Profile) -> None:
        """Read all that a profile names."""
        self._locations(profile.subscription)
        ids = [profile.primary.workspace]
        ids += [profile.secondary.workspace] if profile.secondary else []
        ids += [account.id for account in profile.data_accounts]
        ids += [to_read(attached.id) for attached in profile.attached]
        ids += [to_read(attached.partner) for attached in profile.attached if attached.partner]
        for text in ids:
            self._visit(text)
        machine_learning = f"/subscriptions/{profile.subscription}/providers/{_PROVIDER}"
        self._list(f"{machine_learning}/registries", self._keep_all)
        if profile.secondary and profile.secondary.region:
            for what in ("usages", "vmSizes"):
                self._rows(f"{machine_learning}/locations/{profile.regions[1]}/{what}")

    def _rows(self, path: str) -> None:
        """Read a list whose rows have no ids of their own; it is kept as one document."""

        def then(rows: list[dict[str, Any]]) -> None:
            kept = [{k: v for k, v in row.items() if k in _OF_A_ROW} for row in rows]
            name = path.rsplit("/", 1)[-1]
            self._keep(
                {"id": path, "name": name, "type": type_of(path), "properties": {"value": kept}}
            )

        self._list(path, then)

    def _visit(self, text: str) -> None:
        """Read a resource and what belongs to it, once."""
        try:
            resource = ResourceId.parse(text)
        except UsageError as error:
            self._keep(placeholder(text, "", error))
            return
        if not self._first(resource.key):
            return
        visitors: dict[str, Callable[[ResourceId], None]] = {
            "microsoft.machinelearningservices/workspaces": self._workspace,
            "microsoft.storage/storageaccounts": self._account,
            "microsoft.containerregistry/registries": self._registry,
            "microsoft.insights/components": self._insights,
        }
        visitors.get(resource.type.lower(), self._plain)(resource)
        self._group(resource)

    def _workspace(self, workspace: ResourceId) -> None:
        def then(document: dict[str, Any]) -> None:
            self._keep(document)
            self._associated(Document(document))

        def spare(error: AmlRunbookError) -> bool:
            known = self._known(workspace, error)
            if known is not None:
                self._associated(known)
            return False

        self._get(workspace.text, then, spare)
        for collection in _COLLECTIONS:
            self._children(workspace.text, collection)
        self._list(f"{workspace.text}/{_ROLES}", self._keep_all, filter="atScope()")

    def _known(self, resource: ResourceId, error: AmlRunbookError) -> Document | None:
        """Return what the last snapshot held of a resource that may still be there."""
        if self._earlier is None or isinstance(error, NotFoundError):
            return None
        return self._earlier.by_id(resource.text)

    def _associated(self, workspace: Document) -> None:
        for name in _ASSOCIATED:
            self._visit_named(workspace.field(f"properties.{name}"))
        self._visit_named(workspace.field("properties.encryption.keyVaultProperties.keyVaultArmId"))

    def _visit_named(self, value: Any) -> None:
        if isinstance(value, str) and value:
            self._visit(value)

    def _children(self, workspace: str, collection: str) -> None:
        path = f"{workspace}/{collection}"

        def then(documents: list[dict[str, Any]]) -> None:
            for document in documents:
                self._keep(document)
            if collection in {"onlineEndpoints", "batchEndpoints"}:
                for name in _names(documents):
                    self._list(f"{path}/{name}/deployments", self._keep_all)
            elif collection in _ASSETS:
                self._latest_versions(path, documents)
            elif collection == "computes":
                self._attached(documents)
            elif collection == "connections":
                self._named_as_text(workspace, documents)

        self._list(path, then, most=MOST_JOBS if collection == "jobs" else 0)

    def _attached(self, computes: list[dict[str, Any]]) -> None:
        """Read what computes were attached from, where this program knows how it fails over."""
        for compute in computes:
            for named in names_in(compute, "properties.resourceId"):
                if is_known(named):
                    self._visit(to_read(named))

    def _named_as_text(self, workspace: str, connections: list[dict[str, Any]]) -> None:
        """Find the servers that connections name by their hosts, among all of the subscription, and read them.

        A host that is no server's name may be the listener of a failover group: then every SQL server is read.
        """
        hosts = {
            (kind, host_of(target).split(".", 1)[0])
            for connection in connections
            for kind in [server_type(str(Document(connection).field("properties.category") or ""))]
            for target in names_in(connection, "properties.target")
            if kind
        }
        if not hosts:
            return

        def then(items: list[dict[str, Any]]) -> None:
            found = {(d.type.lower(), d.name.lower()): d.id for d in map(Document, items)}
            for kind, name in sorted(hosts):
                if (kind, name) in found:
                    self._visit(found[kind, name])
                elif kind == SQL_SERVERS:
                    servers = [place for (type_, _), place in found.items() if type_ == kind]
                    for place in servers[:MOST_SERVERS]:
                        self._visit(place)

        subscription = "/".join(workspace.split("/")[:3])
        kinds = " or ".join(f"resourceType eq '{kind}'" for kind in sorted({k for k, _ in hosts}))
        self._list(f"{subscription}/resources", then, filter=kinds)

    def _latest_versions(self, path: str, containers: list[dict[str, Any]]) -> None:
        for container in containers[:MOST_VERSIONS]:
            latest = Document(container).field("properties.latestVersion")
            name = Document(container).name
            if isinstance(latest, str) and latest and name:
                self._get(f"{path}/{name}/versions/{latest}", self._keep)
        if len(containers) > MOST_VERSIONS:
            error = AmlRunbookError(
                f"there are {len(containers)}, and the latest version of {MOST_VERSIONS} was read"
            )
            self._keep(placeholder(path, type_of(path), error))

    def _account(self, account: ResourceId) -> None:
        def then(document: dict[str, Any]) -> None:
            self._keep(document)
            sku = Document(document).field("sku.name")
            if isinstance(sku, str) and "G" in sku.upper().partition("_")[2]:
                self._replication_stats(account.text)

        self._get(account.text, then)
        for service in ("blobServices", "fileServices"):
            self._get(f"{account.text}/{service}/default", self._keep, spare=_no_such_service)

    def _replication_stats(self, account: str) -> None:
        """Read the replication's state apart: it needs the secondary to answer, the account does not."""

        def then(document: dict[str, Any]) -> None:
            stats = Document(document).field("properties.geoReplicationStats")
            if isinstance(stats, dict):
                self._add_stats(account, stats)

        def spare(error: AmlRunbookError) -> bool:
            unread = placeholder(f"{account}/geoReplicationStats", STATS_TYPE, error)["unread"]
            self._add_stats(account, {"unread": unread})
            return False

        self._ask(
            Read(account, STATS_TYPE, then, spare, f"{account}/geoReplicationStats"),
            lambda: self._gateway.get(account, seconds=self._seconds, expand="geoReplicationStats"),
        )

    def _add_stats(self, account: str, stats: dict[str, Any]) -> None:
        """Put the replication's state, or why it is not known, where ARM shows it."""
        kept = self._documents[account.lower()]
        properties = kept.get("properties")
        if isinstance(properties, dict):
            merged = {**properties, "geoReplicationStats": masked_document(stats)}
            self._documents[account.lower()] = {**kept, "properties": merged}

    def _registry(self, registry: ResourceId) -> None:
        def then(document: dict[str, Any]) -> None:
            self._keep(document)
            if str(Document(document).field("sku.name")).lower() == "premium":
                self._list(f"{registry.text}/replications", self._keep_all)

        self._get(registry.text, then)

    def _insights(self, component: ResourceId) -> None:
        def then(document: dict[str, Any]) -> None:
            self._keep(document)
            self._visit_named(Document(document).field("properties.WorkspaceResourceId"))

        def spare(error: AmlRunbookError) -> bool:
            known = self._known(component, error)
            self._visit_named(known.field("properties.WorkspaceResourceId") if known else None)
            return False

        self._get(component.text, then, spare)

    def _plain(self, resource: ResourceId) -> None:
        self._get(resource.text, self._keep)
        shape = SHAPES.get(resource.type.lower(), NO_SHAPE)
        for collection in shape.collections:
            self._members(f"{resource.text}/{collection}", shape.under.get(collection, ""))

    def _members(self, path: str, under: str) -> None:
        """List a collection, what lies under each member, and read what the members name."""

        def then(documents: list[dict[str, Any]]) -> None:
            self._keep_all(documents)
            for name in _names(documents) if under else ():
                self._list(f"{path}/{name}/{under}", self._keep_all)
            for field in MEMBERS_NAME.get(path.rsplit("/", 1)[-1].lower(), ()):
                for document in documents:
                    for named in names_in(document, field):
                        self._visit_named(named)

        self._list(path, then)

    def _group(self, resource: ResourceId) -> None:
        """Read what a resource lies in, and all locks there, once.

        The list of a group's locks holds those of its resources too, so that none is asked for its own.
        Source: https://learn.microsoft.com/powershell/module/az.resources/get-azresourcelock#-atscope
        """
        subscription = f"/subscriptions/{resource.subscription}"
        group = f"{subscription}/resourceGroups/{resource.resource_group}"
        if self._first(group):
            self._get(group, self._keep)
            self._list(f"{group}/{_LOCKS}", self._keep_all)
        if self._first(subscription):
            self._list(f"{subscription}/{_LOCKS}", self._keep_all, filter="atScope()")

    def _first(self, path: str) -> bool:
        """Return whether a path is met for the first time."""
        before = len(self._seen)
        self._seen.add(path.lower())
        return len(self._seen) > before

    def _locations(self, subscription: str) -> None:
        self._list(f"/subscriptions/{subscription}/locations", self._keep_all)

    def _kept(self, document: dict[str, Any]) -> None:
        """Read what a document names: the private endpoints on the way to it, the accounts that it stands on."""
        for field in SHAPES.get(Document(document).type.lower(), NO_SHAPE).named:
            for named in names_in(document, field):
                self._visit_named(named)


def _names(documents: list[dict[str, Any]]) -> list[str]:
    return [name for document in documents if (name := Document(document).name)]


def _no_such_service(error: AmlRunbookError) -> bool:
    return isinstance(error, AnswerError) and error.code in _NO_SUCH_SERVICE
