"""The policies that stand at the wire, in every client: guard, retries of reads, throttle, timeouts, call log.

Each is a link of an SDK pipeline: it has ``send(request)`` and a ``next`` that the pipeline sets. No base class of
the SDK is needed for that, so this module loads nothing of it.
"""

from __future__ import annotations

import random
import sys
import time
import uuid
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import urlsplit

from amlrunbook.azure.allowlist import is_reading
from amlrunbook.azure.call_log import Call, CallLog, now_text, shown_path
from amlrunbook.azure.deadline import current_deadline
from amlrunbook.azure.guard import CreateGuard, Guard
from amlrunbook.azure.server_time import ServerTime
from amlrunbook.azure.throttling import READS, WRITES, TokenBucket, retry_after
from amlrunbook.errors import DeadlineError
from amlrunbook.model.redaction import masked_text

CLIENT_REQUEST_ID = "x-ms-client-request-id"
SERVICE_REQUEST_ID = "x-ms-request-id"
DEFAULT_DEADLINE = 30.0
"""Seconds for a request that nobody gave a deadline."""
CONNECT_SECONDS = 5.0
"""Seconds for a connection to stand."""
READ_SECONDS = 15.0
"""Seconds for a read to begin to answer."""
CHANGE_SECONDS = 60.0
"""Seconds for a changing call to begin to answer: giving up on it early costs an action in doubt."""
RETRIED = frozenset({408, 429, 500, 502, 503, 504})
"""Answers after which a read is tried again."""
TRIES = 3
"""How often a read is sent at most."""
BACKOFF_SECONDS = 0.4
"""The first wait between two tries where the answer asks for none; it doubles."""
_TOO_MANY = 429
_IDS = random.Random()  # noqa: S311 - an id to find a request by, no secret; seeded by the system once


class Link(Protocol):
    """The next link of a pipeline."""

    def send(self, request: Any) -> Any:
        """Send ``request`` on and return the pipeline's response."""


class _Policy:
    """A link of a pipeline."""

    next: Link

    def send(self, request: Any) -> Any:
        """Send ``request`` on and return the pipeline's response."""
        return self.next.send(request)


def reads(request: Any) -> bool:
    """Return whether a pipeline's request changes nothing."""
    http = request.http_request
    return is_reading(http.method, urlsplit(http.url).path)


class GuardPolicy(_Policy):
    """Refuses what the mode or the host forbids."""

    def __init__(self, guard: Guard | CreateGuard) -> None:
        self._guard = guard

    def send(self, request: Any) -> Any:
        """Check, then send on."""
        http = request.http_request
        self._guard.check(http.method, http.url, http.headers)
        return self.next.send(request)


class RequestIdPolicy(_Policy):
    """Gives each request a client request id, unless it brings one."""

    def send(self, request: Any) -> Any:
        """Name the request, then send it on."""
        headers = request.http_request.headers
        if CLIENT_REQUEST_ID not in headers:
            headers[CLIENT_REQUEST_ID] = str(uuid.UUID(int=_IDS.getrandbits(128), version=4))
        return self.next.send(request)


class ReadRetryPolicy(_Policy):
    """Tries a read a few times, within the deadline. A changing call is sent once, always."""

    def send(self, request: Any) -> Any:
        """Send, and send again where that may help."""
        if not reads(request):
            return self.next.send(request)
        from azure.core.exceptions import ServiceRequestError, ServiceResponseError

        for tried in range(1, TRIES):
            wait = BACKOFF_SECONDS * 2 ** (tried - 1)
            try:
                response = self.next.send(request)
            except (ServiceRequestError, ServiceResponseError) as error:
                if _timed_out(error) or not current_deadline(DEFAULT_DEADLINE).wait(wait):
                    raise
                continue
            if response.http_response.status_code not in RETRIED:
                return response
            asked = retry_after(response.http_response.headers)
            if not current_deadline(DEFAULT_DEADLINE).wait(wait if asked is None else asked):
                return response
        return self.next.send(request)


def _timed_out(failure: Exception) -> bool:
    """Return whether the failure already took as long as an answer may take: asking again would double that."""
    from azure.core.exceptions import ServiceRequestTimeoutError, ServiceResponseTimeoutError

    return isinstance(failure, (ServiceRequestTimeoutError, ServiceResponseTimeoutError))


class ThrottlePolicy(_Policy):
    """Waits for a token of the bucket that the request draws from."""

    def __init__(
        self, reading: TokenBucket | None = None, writing: TokenBucket | None = None
    ) -> None:
        self._reads = reading or TokenBucket(*READS)
        self._writes = writing or TokenBucket(*WRITES)

    def link(self) -> ThrottlePolicy:
        """Return a link that draws from the same buckets: a link belongs to one pipeline."""
        return ThrottlePolicy(self._reads, self._writes)

    def send(self, request: Any) -> Any:
        """Take a token, then send on.

        Raises:
            DeadlineError: the token would come after the deadline; nothing was sent.
        """
        bucket = self._reads if reads(request) else self._writes
        wait = bucket.take()
        if wait > 0 and not current_deadline(DEFAULT_DEADLINE).wait(wait):
            raise DeadlineError(
                "Too many requests at once: the next one would leave after the deadline.",
                state="Nothing was sent.",
                next_step="Ask for less at once, or give it more time.",
            )
        response = self.next.send(request)
        if response.http_response.status_code == _TOO_MANY:
            bucket.drain()
        return response


class TimeoutPolicy(_Policy):
    """Bounds connecting and reading by what is left of the deadline."""

    def send(self, request: Any) -> Any:
        """Set the timeouts, then send on.

        Raises:
            DeadlineError: nothing is left; nothing was sent.
        """
        left = current_deadline(DEFAULT_DEADLINE).remaining
        if left <= 0:
            raise DeadlineError("The deadline passed before the request left.")
        answering = READ_SECONDS if reads(request) else CHANGE_SECONDS
        options = request.context.options
        options["connection_timeout"] = min(CONNECT_SECONDS, left)
        options["read_timeout"] = min(answering, left)
        return self.next.send(request)


class ServerTimePolicy(_Policy):
    """Hears the time from each answer."""

    def __init__(self, clock: ServerTime) -> None:
        self._clock = clock

    def send(self, request: Any) -> Any:
        """Send on, then hear."""
        response = self.next.send(request)
        self._clock.hear(str(response.http_response.headers.get("Date", "")))
        return response


class CallLogPolicy(_Policy):
    """Logs each request that is sent, and says so before a changing one leaves."""

    def __init__(self, log: CallLog) -> None:
        self._log = log

    def send(self, request: Any) -> Any:
        """Announce, send and log."""
        announce: Callable[[], None] | None = request.context.options.pop("on_sent", None)
        if announce is not None:
            announce()
        at, started = now_text(), time.monotonic()
        answer = None
        try:
            response = self.next.send(request)
            answer = response.http_response
            return response
        finally:
            raised = sys.exc_info()[0]
            http = request.http_request
            self._log.add(
                Call(
                    at=at,
                    method=http.method,
                    host=urlsplit(http.url).netloc.rpartition("@")[2],
                    path=shown_path(http.url),
                    status=answer.status_code if answer is not None else 0,
                    failure=raised.__name__ if answer is None and raised else "",
                    milliseconds=round((time.monotonic() - started) * 1000),
                    client_request_id=masked_text(http.headers.get(CLIENT_REQUEST_ID, "")),
                    service_request_id=masked_text(_service_id(answer)),
                )
            )


def _service_id(answer: Any) -> str:
    return "" if answer is None else str(answer.headers.get(SERVICE_REQUEST_ID, ""))
