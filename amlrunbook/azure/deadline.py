"""How long a call may take, and how it is told to stop.

A deadline belongs to the caller, not to one request: retries, waits for a throttle and polls all spend from the
same one. It travels in a context variable, so that it also reaches requests made inside an SDK's client.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_CURRENT: ContextVar[Deadline | None] = ContextVar("amlrunbook_deadline", default=None)


class Deadline:
    """A point in time after which nobody waits any more, or an order to stop before it."""

    __slots__ = ("_ends", "cancelled", "seconds")

    def __init__(self, seconds: float, cancelled: threading.Event | None = None) -> None:
        self.seconds = seconds
        """How many seconds were given."""
        self.cancelled = cancelled or threading.Event()
        """Set by whoever does not want the answer any more."""
        self._ends = time.monotonic() + seconds

    @property
    def remaining(self) -> float:
        """The seconds that are left, never below 0; 0 once it is cancelled."""
        if self.cancelled.is_set():
            return 0.0
        return max(0.0, self._ends - time.monotonic())

    @property
    def expired(self) -> bool:
        """Whether nothing is left."""
        return self.remaining <= 0.0

    def within(self, seconds: float) -> Deadline:
        """Return a deadline of at most ``seconds`` that ends no later than this one."""
        return Deadline(min(seconds, self.remaining), self.cancelled)

    def wait(self, seconds: float) -> bool:
        """Wait for ``seconds``, and say whether the deadline still stands afterwards.

        A wait that would outlast the deadline is not begun: nobody is helped by it.
        """
        if seconds >= self.remaining:
            return False
        return not self.cancelled.wait(seconds)

    @contextmanager
    def scope(self) -> Iterator[Deadline]:
        """Make this the current deadline of the thread."""
        token = _CURRENT.set(self)
        try:
            yield self
        finally:
            _CURRENT.reset(token)


def current_deadline(default_seconds: float) -> Deadline:
    """Return the thread's current deadline, or a new one of ``default_seconds``."""
    return _CURRENT.get() or Deadline(default_seconds)
