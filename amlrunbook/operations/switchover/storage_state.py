"""A geo-redundant account as it stands: what its resource says, and what its secondary says by itself.

Sources: https://learn.microsoft.com/azure/storage/common/last-sync-time-get and
https://learn.microsoft.com/rest/api/storagerp/storage-accounts/get-properties
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from amlrunbook.assessment.reading import Redundancy, redundancy
from amlrunbook.azure.blob_service import GeoReplication
from amlrunbook.azure.deadline import Deadline
from amlrunbook.azure.fanout import in_order
from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.azure.translation import plain
from amlrunbook.azure.unread import why
from amlrunbook.errors import AmlRunbookError, IncompleteError, UsageError
from amlrunbook.model.moments import moment
from amlrunbook.model.operation import OperationContext
from amlrunbook.model.resource_id import RegionName, ResourceId, region_name
from amlrunbook.model.snapshot import Document, Inventory
from amlrunbook.operations.outage.last_known import readable

ACCOUNT = "Microsoft.Storage/storageAccounts"
SECONDS = 15.0
"""The deadline of all questions about one account; they are asked at once."""
_NEVER = 1900
"""Azure writes a time that never was as one of the year 1 or 1601."""


@dataclass(frozen=True, slots=True)
class Stats:
    """``geoReplicationStats`` of the resource."""

    status: str
    """``Live``, ``Bootstrap`` or ``Unavailable``; as Azure writes it."""
    last_sync: datetime | None
    can_failover: bool | None
    can_planned: bool | None
    after_unplanned: str
    """The redundancy after an unplanned failover; empty where it is not said."""
    after_planned: str


@dataclass(frozen=True, slots=True)
class AccountState:
    """One account at one time."""

    account: ResourceId
    now: datetime
    """By Azure's clock."""
    document: Document | None
    """The resource; ``None`` where nothing of it is known."""
    error: AmlRunbookError | None = None
    """Why the resource could not be read now: its document is what was last known then."""
    stats: Stats | None = None
    stats_unread: str = ""
    told: GeoReplication | None = None
    """What the secondary's blob service says."""
    told_unread: str = ""

    @property
    def answers(self) -> bool:
        """Whether the storage provider answered for the resource."""
        return self.error is None

    @property
    def unread(self) -> str:
        """Why the resource could not be read now, in words; empty where it could."""
        return why(self.error) if self.error is not None else ""

    def region(self, which: str) -> RegionName:
        """Return the ``primary`` or ``secondary`` region; empty where it is not known."""
        named = self.document.field(f"properties.{which}Location") if self.document else None
        return region_name(named) if isinstance(named, str) else region_name("")

    @property
    def redundancy(self) -> Redundancy | None:
        """How it keeps its copies; ``None`` where that is not known."""
        if self.document is None:
            return None
        try:
            return redundancy(self.document)
        except IncompleteError:
            return None

    @property
    def readable(self) -> bool:
        """Whether its secondary can be read, as far as is known."""
        return self.redundancy is None or self.redundancy.readable

    @property
    def in_progress(self) -> bool:
        """Whether a failover is under way, as the resource says: the flag lags behind the end."""
        return (
            self.document is not None
            and self.document.field("properties.failoverInProgress") is True
        )

    @property
    def last_sync(self) -> datetime | None:
        """The earlier of what both sources say: all that was written before it is on the secondary."""
        said = [self.stats.last_sync if self.stats else None, self.told_sync]
        return min((each for each in said if each is not None), default=None)

    @property
    def told_sync(self) -> datetime | None:
        """The last sync time by the secondary's blob service."""
        return sync_time(self.told.last_sync_time) if self.told else None

    @property
    def differ_seconds(self) -> int | None:
        """How far the two sources are apart; ``None`` where there are not two."""
        one, other = (self.stats.last_sync if self.stats else None), self.told_sync
        return None if one is None or other is None else int(abs((one - other).total_seconds()))

    @property
    def behind_seconds(self) -> int | None:
        """How much time's writes an unplanned failover would lose now; ``None`` where nobody knows."""
        if self.last_sync is None:
            return None
        return max(0, int((self.now - self.last_sync).total_seconds()))


def account_of(context: OperationContext) -> ResourceId:
    """Return the storage account that a step is about.

    Raises:
        UsageError: the step names none.
    """
    resource = ResourceId.parse(context.resource)
    if resource.type.lower() != ACCOUNT.lower():
        raise UsageError(f"{resource} is no storage account.")
    return resource


def read_state(
    gateway: AzureGateway, context: OperationContext, *, seconds: float = SECONDS
) -> AccountState:
    """Read an account: its resource, its replication, and its secondary, all at once.

    What does not answer is left open, with the reason; the resource's last known document stands in.

    Raises:
        UsageError: the step names no storage account.
    """
    account = account_of(context)
    blobs = gateway.blob_service(account.name)
    tasks: list[Any] = [
        lambda: gateway.get(account.text, seconds=seconds),
        lambda: gateway.get(account.text, seconds=seconds, expand="geoReplicationStats"),
        blobs.geo_replication,
    ]
    read, expanded, told = in_order(tasks, width=len(tasks), deadline=Deadline(seconds))
    document = (
        Document(read.value)
        if read.value
        else _known(context.snapshot.inventory.last_known(), account)
    )
    stats = stats_of(expanded.value or {})
    stats_unread = why(expanded.error) if expanded.error else ""
    return AccountState(
        account=account,
        now=gateway.now(),
        document=document,
        error=read.error,
        stats=stats,
        stats_unread=stats_unread or ("" if stats else "the resource holds no geoReplicationStats"),
        told=told.value,
        told_unread=why(told.error) if told.error else "",
    )


def _known(inventory: Inventory, account: ResourceId) -> Document | None:
    return readable(inventory, account.text)


def stats_of(raw: dict[str, Any]) -> Stats | None:
    """Return the replication that an account's document tells; ``None`` where it tells none."""
    document = Document(raw)
    stats = document.field("properties.geoReplicationStats")
    if not isinstance(stats, dict) or not stats:
        return None
    found = Document(stats)

    def words(name: str) -> str:
        value = found.field(name)
        return plain(value, 40) if isinstance(value, str) else ""

    def flag(name: str) -> bool | None:
        value = found.field(name)
        return value if isinstance(value, bool) else None

    return Stats(
        status=words("status"),
        last_sync=sync_time(words("lastSyncTime")),
        can_failover=flag("canFailover"),
        can_planned=flag("canPlannedFailover"),
        after_unplanned=words("postFailoverRedundancy"),
        after_planned=words("postPlannedFailoverRedundancy"),
    )


def sync_time(text: str) -> datetime | None:
    """Return a last sync time; ``None`` where there is none, however Azure writes that."""
    found = moment(text) if text else None
    return found.astimezone(UTC) if found is not None and found.year > _NEVER else None


def clock(at: datetime, now: datetime) -> str:
    """Return a time as a person reads it at night: ``10:21:08 UTC``, with the day where it is not today's."""
    day = "" if at.date() == now.date() else f"{at:%Y-%m-%d} "
    return f"{day}{at:%H:%M:%S} UTC"
