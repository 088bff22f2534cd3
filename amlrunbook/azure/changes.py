"""Sending one changing request, once, and saying honestly what is known of it afterwards."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import msgspec

from amlrunbook.azure.answer import Answer
from amlrunbook.azure.deadline import Deadline
from amlrunbook.azure.fanout import bounded
from amlrunbook.azure.long_running import Followed, follow, tracks
from amlrunbook.azure.translation import error_of, never_left
from amlrunbook.errors import AzureError, DeadlineError
from amlrunbook.model.operation import Outcome

_ACCEPTED = 202
_ERRORS_FROM = 400
_SAYS_NOTHING = frozenset({408})
_SERVER_ERRORS_FROM = 500
_RUNNING = frozenset({"updating", "creating", "deleting", "accepted", "running", "resolvingdns"})


@dataclass(frozen=True, slots=True)
class ChangeAnswer:
    """What is known of a changing request by its own answers. Never proof: verification is."""

    outcome: Outcome
    text: str
    """One sentence for a human."""
    status: int = 0
    """The HTTP status of the first answer; 0 where none came."""
    code: str = ""
    """Azure's error code, where it refused."""
    poll_url: str = ""
    service_request_id: str = ""
    document: dict[str, Any] = field(default_factory=dict)
    """The first answer's JSON object, where it had one."""


def change(
    send: Callable[[Callable[[], None]], Answer],
    read: Callable[[str], Answer],
    *,
    method: str,
    path: str,
    base: str,
    deadline: Deadline,
    on_sent: Callable[[], None],
    on_accepted: Callable[[int, str, str], None],
    on_progress: Callable[[str], None],
    look: Callable[[], str] | None = None,
) -> ChangeAnswer:
    """Send, and follow to the end; see :meth:`amlrunbook.azure.gateway.AzureGateway.change`.

    An answer of 5xx or 408 does not say whether anything happened, so it is ``UNKNOWN``; so is a connection that
    broke after it stood. Other refusals, and connections that never stood, are ``FAILED``.
    """
    shown = f"{method} {urlsplit(path).path}"
    departure = _Departure(on_sent)
    try:
        answer = bounded(lambda: send(departure.announce), deadline)
    except AzureError as error:
        return _unanswered(shown, error, left=departure.stop())
    if answer.status >= _ERRORS_FROM:
        return _refused(shown, answer)
    document = _document(answer)
    service_id = str(answer.headers.get("x-ms-request-id", ""))
    found = tracks(answer.headers, base, path)
    if not _goes_on(answer, found.status_url, document):
        return ChangeAnswer(
            Outcome.SUCCEEDED,
            f"{shown} was answered {answer.status}.",
            status=answer.status,
            service_request_id=service_id,
            document=document,
        )
    on_accepted(answer.status, found.poll_url, service_id)
    ended: Followed = follow(
        found, lambda url: bounded(lambda: read(url), deadline), deadline, on_progress, look=look
    )
    return ChangeAnswer(
        ended.outcome,
        f"{shown} was accepted ({answer.status}). {ended.text}",
        status=answer.status,
        poll_url=found.poll_url,
        service_request_id=service_id,
        document=document,
    )


def _goes_on(answer: Answer, status_url: str, document: Mapping[str, Any]) -> bool:
    """Return whether the first answer is not the last word."""
    if answer.status == _ACCEPTED or status_url:
        return True
    properties = document.get("properties")
    state = properties.get("provisioningState") if isinstance(properties, dict) else None
    return isinstance(state, str) and state.lower() in _RUNNING


class _Departure:
    """Whether the request left. Once the caller stopped waiting, it may not leave any more."""

    def __init__(self, on_sent: Callable[[], None]) -> None:
        self._on_sent = on_sent
        self._lock = threading.Lock()
        self._left = False
        self._stopped = False

    def announce(self) -> None:
        """Tell the caller that the request leaves now.

        Raises:
            DeadlineError: the caller waits no longer; the request must not leave.
        """
        with self._lock:
            if self._stopped:
                raise DeadlineError("The deadline passed before the request left.")
            self._on_sent()
            self._left = True

    def stop(self) -> bool:
        """Forbid leaving from now on, and return whether it left before."""
        with self._lock:
            self._stopped = True
            return self._left


def _unanswered(shown: str, error: AzureError, *, left: bool) -> ChangeAnswer:
    why = error.what.removeprefix(f"{shown}: ")
    if not left or never_left(error):
        return ChangeAnswer(Outcome.FAILED, f"{shown} was not sent, nothing changed: {why}")
    late = "in time" if isinstance(error, DeadlineError) else "at all"
    return ChangeAnswer(
        Outcome.UNKNOWN,
        f"{shown} was sent and not answered {late}, so whether it happened is not known: {why}",
    )


def _refused(shown: str, answer: Answer) -> ChangeAnswer:
    status = answer.status
    code, message = error_of(answer.content)
    said = ": ".join(part for part in (code, message) if part) or "no reason was given"
    silent = status in _SAYS_NOTHING or status >= _SERVER_ERRORS_FROM
    text = f"{shown} was answered {status}: {said}"
    return ChangeAnswer(
        Outcome.UNKNOWN if silent else Outcome.FAILED,
        f"{text} Such an answer does not say whether it happened." if silent else text,
        status=status,
        code=code,
        service_request_id=str(answer.headers.get("x-ms-request-id", "")),
    )


def _document(answer: Answer) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return {}
    return document if isinstance(document, dict) else {}
