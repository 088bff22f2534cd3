"""The counters of the resource manager's throttling, as its answers show them.

Source: https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
The simulated Azure refuses nothing by them: a throttling fault does, where a drill wants it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from amlrunbook.simulator.arm_path import parse


@dataclass(slots=True)
class _Bucket:
    size: float
    refill: float
    level: float
    at: float = field(default_factory=time.monotonic)

    def spend(self) -> int:
        now = time.monotonic()
        self.level = min(self.size, self.level + (now - self.at) * self.refill)
        self.at = now
        self.level = max(0.0, self.level - 1)
        return int(self.level)


class Throttle:
    """One token bucket a subscription and kind of operation: reads, writes, deletes."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def spend(self, method: str, path: str) -> tuple[str, str]:
        """Count one request; return the header that tells what is left, and its value."""
        kind = {"GET": "reads", "HEAD": "reads", "DELETE": "deletes"}.get(method, "writes")
        subscription = parse(path).subscription
        key = ("subscription" if subscription else "tenant", kind)
        owner = (f"{key[0]}/{(subscription or '').lower()}", kind)
        bucket = self._buckets.get(owner)
        if bucket is None:
            size, refill = (250.0, 25.0) if kind == "reads" else (200.0, 10.0)
            bucket = self._buckets[owner] = _Bucket(size, refill, size)
        return f"x-ms-ratelimit-remaining-{key[0]}-{kind}", str(bucket.spend())
