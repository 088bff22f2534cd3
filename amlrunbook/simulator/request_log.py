"""The log of requests that the simulated Azure answered: what was asked, never with what token."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import msgspec

KEPT = 20_000
"""Requests kept for the control endpoint; the file keeps all."""


class LoggedRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One request and what became of it."""

    number: int
    time: float
    """Real time, Unix seconds."""
    method: str
    path: str
    query: str = ""
    """Without values of signatures."""
    status: int | None = None
    """``None`` when no answer was sent."""
    milliseconds: float = 0.0
    client_request_id: str | None = None
    request_id: str | None = None
    fault: str | None = None
    """The id of the fault that struck."""


class RequestLog:
    """Keeps the last requests in memory and appends all to a file."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("ab")
        path.chmod(0o600)
        self._kept: deque[LoggedRequest] = deque(maxlen=KEPT)
        self._encoder = msgspec.json.Encoder()
        self.count = 0
        self._forgotten = 0

    def add(self, entry: LoggedRequest) -> None:
        """Note one request."""
        self._kept.append(entry)
        self._stream.write(self._encoder.encode(entry) + b"\n")
        self._stream.flush()

    def next_number(self) -> int:
        """Return the number of the next request, from 1."""
        self.count += 1
        return self.count

    def since(self, number: int) -> list[LoggedRequest]:
        """Return the requests after ``number`` that are still kept, oldest first."""
        first = max(number, self._forgotten)
        return [entry for entry in self._kept if entry.number > first]

    def forget(self) -> None:
        """Tell no more of what was asked up to now, even if it is answered later; the file keeps it."""
        self._kept.clear()
        self._forgotten = self.count

    def close(self) -> None:
        """Close the file."""
        self._stream.close()
