"""Geo-replication of storage accounts: how far the secondary is behind.

Source: https://learn.microsoft.com/azure/storage/common/last-sync-time-get
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from amlrunbook.simulator.faults import Plane
from amlrunbook.simulator.world import Document, World

_ACCOUNTS = "Microsoft.Storage/storageAccounts"
BOOTSTRAP_SECONDS = 60.0
"""World seconds that the first copy to a new secondary takes."""


class GeoFacts(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a scenario says of an account's replication; kept as the account's facet ``geo``."""

    status: str = "Live"
    """``Live``, ``Bootstrap`` or ``Unavailable``."""
    lag_seconds: float = 120.0
    """How far the last sync time trails the world's time, while nothing is frozen."""
    live_at: float | None = None
    """World time at which a first copy is complete: until then it is ``Bootstrap``."""
    made_at: float | None = None
    """World time at which the account was made: its first copy is ``Unavailable`` until then.

    Recorded from Azure: azure-cli, test_storage_account_failover.
    """
    frozen_at: float | None = None
    """The world time at which replication stopped, if it did."""
    can_failover: bool = True


class GeoStats(msgspec.Struct, kw_only=True, frozen=True):
    """The state of an account's secondary now."""

    status: str
    last_sync: float | None
    """World time; writes after it may be missing on the secondary. ``None`` if never synced."""
    can_failover: bool
    can_planned_failover: bool = False

    def document(self, sku: str) -> Document:
        """Return it as ``$expand=geoReplicationStats`` shows it."""
        zone = "GZRS" in sku
        found: Document = {
            "status": self.status,
            "canFailover": self.can_failover and self.last_sync is not None,
            "canPlannedFailover": self.can_planned_failover,
            "postFailoverRedundancy": "Standard_ZRS" if zone else "Standard_LRS",
            "postPlannedFailoverRedundancy": sku,
        }
        if self.last_sync is not None:
            at = datetime.fromtimestamp(self.last_sync, UTC)
            found["lastSyncTime"] = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        return found


def is_geo(sku: str) -> bool:
    """Does an account with this SKU replicate to a second region?"""
    return sku.partition("_")[2] in {"GRS", "RAGRS", "GZRS", "RAGZRS"}


def is_readable(sku: str) -> bool:
    """Can the secondary of an account with this SKU be read?"""
    return sku.partition("_")[2] in {"RAGRS", "RAGZRS"}


def is_healthy(world: World, region: str) -> bool:
    """Does storage answer in a region, as far as the world's faults say?"""
    return _dark_since(world, region) is None


def _dark_since(world: World, region: str) -> float | None:
    """Return the world time since when a region's storage is dark; ``None`` when it is not."""
    found = [
        fault.since or 0.0
        for fault in world.faults.values()
        if fault.is_on(world.now()) and fault.darkens(Plane.DATA, region, _ACCOUNTS)
    ]
    return min(found, default=None)


def geo_stats(world: World, account: Document) -> GeoStats | None:
    """Return the replication of an account's ARM document; ``None`` without a secondary.

    Nothing is replicated while one of the two regions is dark. An account can fail over while its
    secondary answers and has been synced once, and as planned while both regions answer and the
    secondary is live. Both stay so while it fails over, as Azure was recorded to say.
    """
    properties = account.get("properties", {})
    if "secondaryLocation" not in properties:
        return None
    held = world.facets.get(str(account["id"]).lower(), {}).get("geo", {})
    facts = msgspec.convert(held, type=GeoFacts)
    if (facts.live_at is not None and world.now() < facts.live_at) or facts.status == "Bootstrap":
        unfinished = "Bootstrap" if facts.made_at is None else "Unavailable"
        return GeoStats(status=unfinished, last_sync=facts.made_at, can_failover=False)
    first = _dark_since(world, str(properties["primaryLocation"]))
    second = _dark_since(world, str(properties["secondaryLocation"]))
    stops = [at for at in (facts.frozen_at, first, second) if at is not None]
    status = "Unavailable" if second is not None else facts.status
    return GeoStats(
        status=status,
        last_sync=min(stops, default=world.now()) - facts.lag_seconds,
        can_failover=facts.can_failover and second is None,
        can_planned_failover=facts.can_failover
        and status == "Live"
        and first is None
        and second is None,
    )
