"""What a client for one service is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from amlrunbook.azure.credentials import SharedCredential
from amlrunbook.azure.guard import CreateGuard, Guard
from amlrunbook.azure.transport import GuardedTransport
from amlrunbook.model.cloud import Cloud


@dataclass(frozen=True, slots=True)
class Access:
    """A guarded way to one service of a cloud."""

    cloud: Cloud
    credential: SharedCredential
    guard: Guard | CreateGuard
    transport: GuardedTransport
    run: Callable[[str, str, Callable[[], Any]], Any]
    """Runs a call of the SDK under a deadline, its errors translated: method, what it is for, the call."""

    def check(self, request: Any) -> None:
        """Refuse a pipeline's request before anybody signs in; the wire would refuse as well."""
        http = request.http_request
        self.guard.check(http.method, http.url, http.headers)
