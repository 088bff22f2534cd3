"""The clock of the simulated world: it may start at another date and run faster than ours."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import msgspec


class WorldClock(msgspec.Struct, kw_only=True):
    """World time as a straight line over real time; both in Unix seconds."""

    anchor_world: float
    """World time at :attr:`anchor_real`."""
    anchor_real: float
    rate: float = 1.0
    """World seconds a real second."""

    @classmethod
    def starting(cls, at: datetime | None = None, rate: float = 1.0) -> WorldClock:
        """Return a clock that shows ``at`` (by default the real time) now."""
        real = time.time()
        return cls(
            anchor_world=at.timestamp() if at else real,
            anchor_real=real,
            rate=rate,
        )

    def now(self) -> float:
        """Return the world time in Unix seconds."""
        return self.anchor_world + (time.time() - self.anchor_real) * self.rate

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` of world time pass at once."""
        self.anchor_world += seconds

    def run_at(self, rate: float) -> None:
        """Run at ``rate`` world seconds a real second from now on; 0 stands still until advanced."""
        real = time.time()
        self.anchor_world += (real - self.anchor_real) * self.rate
        self.anchor_real, self.rate = real, rate


def stamp(moment: float) -> str:
    """Return a moment as ARM writes it: ``2026-11-22T19:52:00.1234567Z``."""
    text = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return f"{text}0Z"


def moment(text: str) -> float:
    """Read an ISO 8601 date with or without ``Z`` and with any number of decimals.

    Raises:
        ValueError: it is no such date.
    """
    parsed = datetime.fromisoformat(text)
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
