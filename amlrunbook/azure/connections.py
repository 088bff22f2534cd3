"""The connections of one process to a cloud: one wire for all of them, and guarded ways over it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from amlrunbook.azure.access import Access
from amlrunbook.azure.blob_store import UPLOAD_SECONDS
from amlrunbook.azure.call_log import CallLog
from amlrunbook.azure.credentials import SharedCredential
from amlrunbook.azure.deadline import current_deadline
from amlrunbook.azure.fanout import bounded
from amlrunbook.azure.guard import CreateGuard, Guard
from amlrunbook.azure.policies import DEFAULT_DEADLINE, ThrottlePolicy
from amlrunbook.azure.server_time import ServerTime
from amlrunbook.azure.translation import translated
from amlrunbook.azure.transport import GuardedTransport, wire
from amlrunbook.model.cloud import Cloud
from amlrunbook.model.mode import Mode

T = TypeVar("T")


class Connections:
    """What all clients of a gateway share: the wire, the throttle, Azure's time and the call log. Thread-safe.

    The wire is made at the first use.
    """

    def __init__(
        self, cloud: Cloud, credential: SharedCredential, log: CallLog, parallel: int
    ) -> None:
        self._cloud = cloud
        self._credential = credential
        self._log = log
        self._parallel = parallel
        self._lock = threading.Lock()
        self._throttle = ThrottlePolicy()
        self._wire: Any = None
        self.clock = ServerTime()
        """The time as the answers tell it."""

    def transport(self, guard: Guard | CreateGuard) -> GuardedTransport:
        """Return a client's way to the wire, which lets through what ``guard`` allows."""
        with self._lock:
            if self._wire is None:
                self._wire = wire(self._cloud, self._parallel)
            return GuardedTransport(self._wire, guard, self._log, self._throttle, self.clock)

    def reading(self, bases: tuple[str, ...], also: frozenset[str] = frozenset()) -> Access:
        """Return a read-only way to ``bases``, whatever the gateway's own mode is.

        ``also`` names the :data:`~amlrunbook.azure.allowlist.SIGNING_POSTS` that it was made to send.
        """
        return self._access(Guard(Mode.READ_ONLY, bases, also), _reading)

    def adding(self, container: str) -> Access:
        """Return a way that only adds blobs to the container of that URL; in every mode."""
        return self._access(CreateGuard(container), _adding)

    def _access(self, guard: Guard | CreateGuard, run: Callable[..., Any]) -> Access:
        return Access(self._cloud, self._credential, guard, self.transport(guard), run)

    def close(self) -> None:
        """Close the connections. Requests under way on abandoned threads fail."""
        with self._lock:
            if self._wire is not None:
                self._wire.session.close()


def _reading(method: str, what: str, ask: Callable[[], T]) -> T:
    deadline = current_deadline(DEFAULT_DEADLINE)
    return bounded(lambda: translated(method, what, ask), deadline)


def _adding(method: str, what: str, ask: Callable[[], T]) -> T:
    deadline = current_deadline(UPLOAD_SECONDS).within(UPLOAD_SECONDS)
    return bounded(lambda: translated(method, what, ask), deadline)
