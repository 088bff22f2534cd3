"""Not asking faster than Azure answers.

ARM gives each principal, per subscription and region, buckets of tokens: reads 250 refilled at 25 a second, writes
and deletes 200 refilled at 10. Staying below is cheaper than being told 429.
Source: https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

READS = (250.0, 25.0)
"""Size and refill per second of the bucket for reads."""
WRITES = (200.0, 10.0)
"""Size and refill per second of the bucket for changing calls."""
LONGEST_RETRY_AFTER = 3600.0
"""A wait above this is taken for an error of the server."""


class TokenBucket:
    """A bucket of tokens, refilled evenly; thread-safe."""

    def __init__(
        self, size: float, per_second: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._size = size
        self._per_second = per_second
        self._clock = clock
        self._tokens = size
        self._at = clock()
        self._lock = threading.Lock()

    def take(self) -> float:
        """Take one token and return how many seconds to wait before using it: 0 while there are some."""
        with self._lock:
            now = self._clock()
            self._tokens = min(self._size, self._tokens + (now - self._at) * self._per_second)
            self._at = now
            self._tokens -= 1.0
            return max(0.0, -self._tokens / self._per_second)

    def drain(self) -> None:
        """Empty it: Azure said 429, so what we thought was left is not."""
        with self._lock:
            self._tokens = min(self._tokens, 0.0)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that an answer asks to wait, or ``None`` where it asks nothing that can be read.

    ``retry-after-ms`` and ``x-ms-retry-after-ms`` are read as azure-core does; ``Retry-After`` may be
    seconds or a date (RFC 9110, section 10.2.3).
    """
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):
        seconds = _number(headers.get(name, ""), 0.001)
        if seconds is not None:
            return seconds
    text = headers.get("Retry-After") or headers.get("retry-after") or ""
    seconds = _number(text, 1.0)
    return seconds if seconds is not None else _until(text)


def _number(text: str, unit: float) -> float | None:
    try:
        value = float(text) * unit
    except ValueError:
        return None
    return value if 0.0 <= value <= LONGEST_RETRY_AFTER else None


def _until(text: str) -> float | None:
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    seconds = (aware - datetime.now(UTC)).total_seconds()
    return min(max(0.0, seconds), LONGEST_RETRY_AFTER)
