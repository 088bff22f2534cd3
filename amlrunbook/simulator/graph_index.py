"""Resource Graph's index lags behind the world: what it still shows, and for how long.

A change is seen some seconds after it was made, up to a minute or so; which, follows from the
world's seed. While the resource manager of a region is dark, changes of its resources are not
indexed at all: the graph goes on showing what was.

Source: https://learn.microsoft.com/azure/governance/resource-graph/overview#how-resource-graph-is-kept-current
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from copy import deepcopy
from typing import Any

import msgspec

from amlrunbook.simulator.faults import Fault, Plane

LEAST_SECONDS = 5
MOST_SECONDS = 60
"""World seconds after which a change is indexed."""


class Unindexed(msgspec.Struct, kw_only=True):
    """A resource that changed, and what the index holds of it until it has caught up."""

    since: float
    """World time of the first change that is not indexed."""
    before: dict[str, Any] | None
    """The document as indexed; ``None`` where there was none."""


class GraphIndex(msgspec.Struct, kw_only=True):
    """What the index has not seen yet, by lower-cased resource id."""

    waiting: dict[str, Unindexed] = {}

    def note(
        self,
        key: str,
        before: dict[str, Any] | None,
        now: float,
        seed: int,
        faults: Iterable[Fault],
    ) -> None:
        """Note that a resource is about to change."""
        self.catch_up(now, seed, faults)
        if key not in self.waiting:
            self.waiting[key] = Unindexed(since=now, before=deepcopy(before))

    def catch_up(self, now: float, seed: int, faults: Iterable[Fault]) -> None:
        """Index all changes whose time has come."""
        held = list(faults)
        for key, change in list(self.waiting.items()):
            due = change.since + lag(seed, key)
            dark = _dark_since(held, change.before)
            if due <= now and (dark is None or due <= dark):
                del self.waiting[key]

    def view(self, resources: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """Return the resources as the index knows them."""
        found = dict(resources)
        for key, change in self.waiting.items():
            if change.before is None:
                found.pop(key, None)
            else:
                found[key] = change.before
        return found


def lag(seed: int, key: str) -> int:
    """Return the world seconds until a change of a resource is indexed: the same for one seed."""
    spread = MOST_SECONDS - LEAST_SECONDS + 1
    return LEAST_SECONDS + zlib.crc32(f"{seed}/{key}".encode()) % spread


def _dark_since(faults: list[Fault], document: dict[str, Any] | None) -> float | None:
    """Return since when no change in a resource's region is indexed; ``None`` if all are."""
    if document is None or "location" not in document:
        return None
    region = str(document["location"]).replace(" ", "").lower()
    kind = str(document.get("type", ""))
    return min(
        (f.since or 0.0 for f in faults if f.darkens(Plane.CONTROL, region, kind)), default=None
    )
