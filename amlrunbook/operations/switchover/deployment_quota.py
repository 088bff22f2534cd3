"""Cores that a deployment needs in the secondary's region, against the quota that is left there.

Azure Machine Learning reserves 20 % more for a managed online deployment, for upgrades: ``ceil(1.2 * instances)`` times
the cores of its size must be free; a few sizes are exempt. A quota is a credit limit, no promise of capacity.
Source: https://learn.microsoft.com/azure/machine-learning/how-to-manage-quotas
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.model.display import shown
from amlrunbook.model.snapshot import Document
from amlrunbook.operations.switchover.pairing import instances

QUOTA_SOURCE = "https://learn.microsoft.com/azure/machine-learning/how-to-manage-quotas"
_PROVIDER = "Microsoft.MachineLearningServices"
_IGNORED = re.compile(r"[^a-z0-9]")
_TOTAL = "totalclusterdedicatedregionalvcpus"


@dataclass(frozen=True, slots=True)
class Row:
    """One quota of a region, in cores."""

    name: str
    used: int
    limit: int
    """Below 0 for one without a limit."""

    @property
    def left(self) -> int | None:
        """The cores that are left; ``None`` for any number."""
        return None if self.limit < 0 else max(0, self.limit - self.used)


@dataclass(frozen=True, slots=True)
class Room:
    """What a region has of one size of machine."""

    size: str
    region: str
    offered: bool
    """Whether the region offers the size at all."""
    cores: int
    """Of one machine; 0 where it is not offered."""
    family: str
    rows: tuple[Row, ...]
    """The quotas that a machine of this size counts against."""
    price: str
    """The list price of one machine an hour, as Azure tells it; empty where it does not."""


def reserved(instances: int) -> int:
    """Return how many instances' cores must be there for ``instances``: 20 % more, rounded up."""
    return -(-instances * 6 // 5)


def cores_needed(room: Room, now: int, target: int) -> int:
    """Return the cores that must be free to go from ``now`` to ``target`` instances.

    What runs is counted without its reserve: whether the region's usage holds it is not documented.
    """
    return max(0, (reserved(target) - now) * room.cores)


def room_for(gateway: AzureGateway, subscription: str, region: str, size: str) -> Room:
    """Read what ``region`` has for machines of ``size``.

    Raises:
        AzureError: sizes or usages cannot be read.
    """
    where = f"/subscriptions/{subscription}/providers/{_PROVIDER}/locations/{region}"
    sizes = [Document(raw) for raw in gateway.get_all(f"{where}/vmSizes")]
    found = next((one for one in sizes if one.name.lower() == size.lower()), None)
    if found is None:
        return Room(size, region, offered=False, cores=0, family="", rows=(), price="")
    family = str(found.field("family") or "")
    cores = found.field("vCPUs")
    usages = [Document(raw) for raw in gateway.get_all(f"{where}/usages")]
    return Room(
        size=size,
        region=region,
        offered=True,
        cores=cores if isinstance(cores, int) else 0,
        family=shown(family),
        rows=tuple(row for usage in usages if (row := _row(usage, family)) is not None),
        price=_price(found),
    )


def _row(usage: Document, family: str) -> Row | None:
    """Return a usage as a quota that counts for ``family``: the subscription's own, not one workspace's share."""
    name = str(usage.field("name.value") or "")
    folded = _folded(name)
    counts = folded == _TOTAL or (
        bool(family) and folded.startswith(_folded(family)) and "lowpriority" not in folded
    )
    used, limit = usage.field("currentValue"), usage.field("limit")
    if not counts or "/workspaces/" in usage.key:
        return None
    if not isinstance(used, int) or not isinstance(limit, int):
        return None
    return Row(shown(str(usage.field("name.localizedValue") or name)), used, limit)


def _folded(text: str) -> str:
    return _IGNORED.sub("", text.lower())


def _price(size: Document) -> str:
    currency = size.field("estimatedVMPrices.billingCurrency")
    values = size.field("estimatedVMPrices.values")
    wanted: dict[str, Any] = {"osType": "Linux", "vmTier": "Standard"}
    for value in values if isinstance(values, list) else ():
        if isinstance(value, dict) and wanted.items() <= value.items():
            price = value.get("retailPrice")
            if isinstance(price, (int, float)) and isinstance(currency, str):
                return f"{price:g} {shown(currency)}"
    return ""


def tightest(room: Room) -> Row | None:
    """Return the quota with the fewest cores left; ``None`` where no row is known."""
    return min(room.rows, key=lambda row: 1 << 40 if row.left is None else row.left, default=None)


def quota_words(room: Room, now: int, target: int) -> str:
    """Say what is needed and what is left, in one sentence."""
    needed = cores_needed(room, now, target)
    row = tightest(room)
    if row is None:
        left = "how many are left is not told"
    elif row.left is None:
        left = f"{row.name} has no limit"
    else:
        left = f"{row.left} of {row.limit} are left of {row.name}"
    return (
        f"{instances(target)} of {room.size} need{'s' if target == 1 else ''} {reserved(target)} * {room.cores} = "
        f"{reserved(target) * room.cores} cores with the 20 % that Azure reserves, {needed} more than run "
        f"now; {left} in {room.region}."
    )


def suffices(room: Room, now: int, target: int) -> bool | None:
    """Return whether the quota is enough; ``None`` where it is not known."""
    row = tightest(room)
    if row is None or not room.cores:
        return None
    return row.left is None or row.left >= cores_needed(room, now, target)
