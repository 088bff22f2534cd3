"""Geo-replication of storage accounts: how far the secondary is behind.

Source: https://learn.microsoft.com/azure/storage/common/last-sync-time-get
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from amlrunbook.simulator.world import Document, World

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
    frozen_at: float | None = None
    """The world time at which replication stopped, if it did."""
    can_failover: bool = True


class GeoStats(msgspec.Struct, kw_only=True, frozen=True):
    """The state of an account's secondary now."""

    status: str
    last_sync: float | None
    """World time; writes after it may be missing on the secondary. ``None`` if never synced."""
    can_failover: bool

    def document(self, sku: str) -> Document:
        """Return it as ``$expand=geoReplicationStats`` shows it."""
        zone = "GZRS" in sku
        live = self.status == "Live"
        found: Document = {
            "status": self.status,
            "canFailover": self.can_failover and self.last_sync is not None,
            "canPlannedFailover": self.can_failover and live,
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


def geo_stats(world: World, account: Document) -> GeoStats | None:
    """Return the replication of an account's ARM document; ``None`` without a secondary."""
    if "secondaryLocation" not in account.get("properties", {}):
        return None
    held = world.facets.get(str(account["id"]).lower(), {}).get("geo", {})
    facts = msgspec.convert(held, type=GeoFacts)
    if facts.live_at is not None and world.now() < facts.live_at:
        return GeoStats(status="Bootstrap", last_sync=None, can_failover=False)
    if facts.status == "Bootstrap":
        return GeoStats(status="Bootstrap", last_sync=None, can_failover=False)
    until = facts.frozen_at if facts.frozen_at is not None else world.now()
    return GeoStats(
        status=facts.status,
        last_sync=until - facts.lag_seconds,
        can_failover=facts.can_failover,
    )
