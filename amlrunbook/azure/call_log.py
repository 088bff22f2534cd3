"""The call log: what left this process, and what came back. Never a secret, never a body."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, urlsplit

from amlrunbook.model.redaction import MASK, masked_text

_KEPT = frozenset(
    {
        "api-version",
        "$expand",
        "$filter",
        "$top",
        "$select",
        "$skip",
        "comp",
        "restype",
        "include",
        "listviewtype",
        "forcetopurge",
        "failovertype",
        "count",
        "orderbyasc",
        "$orderby",
        "maxresults",
        "underlyingresourceaction",
    }
)
"""Query parameters whose values are shown; of all others only the name is."""

Subscriber = Callable[["Call"], None]


@dataclass(frozen=True, slots=True)
class Call:
    """One request that was sent, once: a retry is a call of its own."""

    at: str
    """When it left, RFC 3339 UTC with milliseconds."""
    method: str
    host: str
    path: str
    """Path and filtered query."""
    status: int
    """The HTTP status; 0 where no answer came."""
    failure: str
    """Why no answer came, in one word; empty where one did."""
    milliseconds: int
    client_request_id: str
    service_request_id: str

    @property
    def command(self) -> str:
        """The ``az`` command that asks the same."""
        return f'az rest --method {self.method.lower()} --url "{self.path}"'


class CallLog:
    """The last calls, oldest first, and how many there were in all."""

    def __init__(self, keep: int = 5000) -> None:
        self._calls: deque[Call] = deque(maxlen=keep)
        self._subscribers: tuple[Subscriber, ...] = ()
        self._lock = threading.Lock()
        self._total = 0

    @property
    def total(self) -> int:
        """How many calls there were since the start."""
        return self._total

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls that are kept, oldest first."""
        with self._lock:
            return tuple(self._calls)

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Have ``subscriber`` called, on the calling thread, after each call; returns how to stop that."""
        with self._lock:
            self._subscribers = (*self._subscribers, subscriber)

        def stop() -> None:
            with self._lock:
                self._subscribers = tuple(s for s in self._subscribers if s is not subscriber)

        return stop

    def add(self, call: Call) -> None:
        """Keep ``call`` and tell the subscribers."""
        with self._lock:
            self._calls.append(call)
            self._total += 1
            subscribers = self._subscribers
        for subscriber in subscribers:
            subscriber(call)


def shown_path(url: str) -> str:
    """Return the path and query of ``url`` as they may be shown: unknown parameters without their values."""
    parts = urlsplit(url)
    query = "&".join(
        f"{name}={quote(value, safe=' :/$') if name.lower() in _KEPT else MASK}"
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    )
    return masked_text(parts.path + (f"?{query}" if query else ""))


def now_text() -> str:
    """Return the time as RFC 3339 UTC with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
