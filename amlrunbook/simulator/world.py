"""The world of the simulated Azure: all that exists in it, as plain data that can be written down.

Everything that must survive a restart is here. Services change the world only through the methods
below, which raise the revision; :class:`~.azure.SimulatedAzure` writes it down before an answer
leaves.
"""

from __future__ import annotations

import uuid
from typing import Any

import msgspec

from amlrunbook.simulator.blobs import BlobAccount
from amlrunbook.simulator.clock import WorldClock
from amlrunbook.simulator.drill_data import DrillState
from amlrunbook.simulator.effects import Effect, Later, Operation
from amlrunbook.simulator.faults import Fault
from amlrunbook.simulator.graph_index import GraphIndex
from amlrunbook.simulator.registry_data import RegistryData
from amlrunbook.simulator.vault_data import VaultData

Document = dict[str, Any]
"""An ARM document: JSON, as Azure would send it."""


class Subscription(msgspec.Struct, kw_only=True):
    """A subscription of the world's one tenant."""

    id: str
    name: str
    state: str = "Enabled"
    unregistered: list[str] = []
    """Resource providers that are not registered; all others are."""


class Pace(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How long long-running operations take: whichever of the two comes first."""

    polls: int = 1
    """Polls of the operation that find it running."""
    seconds: float = 1.0
    """World seconds after which it is done, polled or not."""
    retry_after: int = 1
    """What ``Retry-After`` says, in seconds; by 0 the SDK falls back to its own interval, which
    azure-ai-ml sets to a minute."""


class Deleted(msgspec.Struct, kw_only=True):
    """A soft-deleted resource: all its documents, and its clock in world time."""

    documents: list[Document]
    """The resource itself first, then what was below it."""
    facets: dict[str, dict[str, Any]] = {}
    account: BlobAccount | None = None
    """The data of a storage account."""
    vault: VaultData | None = None
    roles: list[Document] = []
    """Role assignments that the resource's own identity had."""
    purging: bool = False
    """Is it as good as gone, and only its name not free yet?"""
    deleted_at: float
    purge_at: float


class Front(msgspec.Struct, kw_only=True):
    """What callers use to reach a service: a name that goes to one of several endpoints."""

    name: str
    targets: list[str]
    """Ids of online endpoints."""
    chosen: str
    """The target that callers reach now."""
    changed_at: float | None = None
    """World time of the operator's last change."""


class ActivityEvent(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One event of the activity log, in short."""

    id: str
    at: float
    """World time."""
    action: str
    """``Microsoft.X/type/write`` and the like."""
    resource_id: str
    status: str
    """``Accepted``, ``Succeeded`` or ``Failed``."""
    http_status: int
    method: str = ""
    correlation_id: str = ""
    client_request_id: str | None = None


class World(msgspec.Struct, kw_only=True):
    """All that exists. Keys of ``resources`` are ARM ids in lower case."""

    format: int = 1
    scenario: str
    title: str = ""
    seed: int = 0
    base_url: str
    tenant_id: str
    tenant_name: str = "Simulated Azure"
    principal_id: str
    """The object id of the one who signs in."""
    clock: WorldClock
    pace: Pace = msgspec.field(default_factory=Pace)
    page_size: int = 100
    """How many items a page of a list holds at most."""
    revision: int = 0
    minted: int = 0
    """How many GUIDs were handed out: the next one follows from seed and number."""
    subscriptions: dict[str, Subscription] = {}
    resources: dict[str, Document] = {}
    facets: dict[str, dict[str, Any]] = {}
    """What is true of a resource and stands in no document of its own: lower-cased id to facts."""
    accounts: dict[str, BlobAccount] = {}
    """Data of storage accounts, by account name."""
    vaults: dict[str, VaultData] = {}
    """Data of key vaults, by name in lower case."""
    registries: dict[str, RegistryData] = {}
    """Images of container registries, by name in lower case."""
    operations: dict[str, Operation] = {}
    later: list[Later] = []
    """What comes by itself: flags that lag behind, copies that take their time."""
    deleted: dict[str, Deleted] = {}
    """Soft-deleted resources, by the lower-cased id they had."""
    activity: list[ActivityEvent] = []
    """Events of the activity log, oldest first."""
    faults: dict[str, Fault] = {}
    fronts: dict[str, Front] = {}
    """Callers' routing, by the front's name."""
    graph: GraphIndex = msgspec.field(default_factory=GraphIndex)
    """What Resource Graph has not seen yet."""
    drill: DrillState = msgspec.field(default_factory=DrillState)
    profile: Document = {}

    def now(self) -> float:
        """Return the world time in Unix seconds."""
        return self.clock.now()

    def guid(self) -> str:
        """Mint a GUID: the same seed gives the same sequence."""
        self.minted += 1
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.seed}/{self.minted}"))

    def bring_later(self, seconds: float, *effects: Effect) -> None:
        """Let effects come after so many world seconds."""
        self.later.append(Later(due=self.now() + seconds, effects=list(effects)))
        self.touch()

    def touch(self) -> int:
        """Note that something changed, and return the new revision."""
        self.revision += 1
        return self.revision

    def get(self, resource_id: str) -> Document | None:
        """Return a resource's document, or ``None``; the case of the id does not matter."""
        return self.resources.get(resource_id.lower())

    def put(self, resource_id: str, document: Document) -> None:
        """Create a resource or replace its document."""
        key = resource_id.lower()
        self._note(key)
        self.resources[key] = document
        self.touch()

    def _note(self, key: str) -> None:
        """Let Resource Graph's index lag behind a change that is about to be made."""
        self.graph.note(key, self.resources.get(key), self.now(), self.seed, self.faults.values())

    def remove(self, resource_id: str) -> list[Document]:
        """Take a resource and all below it out of the world; return what was there."""
        key = resource_id.lower()
        below = key + "/"
        gone = [k for k in self.resources if k == key or k.startswith(below)]
        if gone:
            self.touch()
        for k in gone:
            self._note(k)
            self.facets.pop(k, None)
        for name in [n for n, a in self.accounts.items() if a.resource_id.lower() in gone]:
            del self.accounts[name]
        for name in [n for n, v in self.vaults.items() if v.resource_id.lower() in gone]:
            del self.vaults[name]
        for name in [n for n, r in self.registries.items() if r.resource_id.lower() in gone]:
            del self.registries[name]
        return [self.resources.pop(k) for k in gone]

    def facet(self, resource_id: str) -> dict[str, Any]:
        """Return the facts about a resource that stand in no document; change them in place."""
        return self.facets.setdefault(resource_id.lower(), {})

    def storage_account(self, name: str) -> Document | None:
        """Return the ARM document of a storage account by its (globally unique) name."""
        account = self.accounts.get(name.lower())
        return self.get(account.resource_id) if account else None
