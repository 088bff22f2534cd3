"""Calls to Azure on their way into the journal: kept in memory at once, written with what comes next.

A request is never slowed: :meth:`CallBuffer.made` only puts a record aside. The next group of entries
carries the calls along, so that they cost no write and no sync of their own. There is a bound; what is over it is
counted, and the count is journaled.
"""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import Protocol

from amlrunbook.model.redaction import masked_text
from amlrunbook.state.events import CallMade, Event, WarningRaised

MOST_WAITING = 2_000
"""Calls that wait to be written, at most."""
_A_GROUP = 200
"""Calls that one group of entries carries along, at most."""
_LONGEST_PATH = 600
_LARGEST = 2**31


class MadeCall(Protocol):
    """One request as the gateway's call log tells it."""

    @property
    def method(self) -> str:
        """The HTTP method."""

    @property
    def path(self) -> str:
        """Path and filtered query; no host, no secret."""

    @property
    def status(self) -> int:
        """The HTTP status; 0 where no answer came."""

    @property
    def milliseconds(self) -> int:
        """How long it took."""

    @property
    def client_request_id(self) -> str:
        """What we called it."""

    @property
    def service_request_id(self) -> str:
        """What Azure called it."""


class CallBuffer:
    """Calls that were made and are not in the journal yet; any thread may add one."""

    def __init__(self, most: int = MOST_WAITING) -> None:
        self._most = most
        self._waiting: deque[CallMade] = deque()
        self._dropped = 0
        self._lock = Lock()

    def made(self, call: MadeCall, step: str) -> None:
        """Put a call aside; never blocks, never raises for what it holds."""
        event = CallMade(
            method=_clean(call.method, 16),
            path=_clean(call.path, _LONGEST_PATH),
            status=_number(call.status),
            milliseconds=_number(call.milliseconds),
            client_request_id=_clean(call.client_request_id, 100),
            service_request_id=_clean(call.service_request_id, 100),
            step=step,
        )
        with self._lock:
            if len(self._waiting) < self._most:
                self._waiting.append(event)
            else:
                self._dropped += 1

    @property
    def waiting(self) -> int:
        """How many calls wait."""
        with self._lock:
            return len(self._waiting)

    def take(self) -> tuple[Event, ...]:
        """Return the calls that the next group carries, the oldest first, and forget them here."""
        with self._lock:
            count = min(len(self._waiting), _A_GROUP)
            taken: list[Event] = [self._waiting.popleft() for _ in range(count)]
            if self._dropped and not self._waiting:
                text = f"{self._dropped} calls were made faster than they could be journaled, and are not in it."
                taken.append(WarningRaised(text=text))
                self._dropped = 0
            return tuple(taken)


def _clean(text: str, longest: int) -> str:
    clean = masked_text(text.encode("utf-8", "replace").decode("utf-8"))
    return clean if len(clean) <= longest else f"{clean[:longest]}…"


def _number(value: int) -> int:
    return max(0, min(int(value), _LARGEST))
