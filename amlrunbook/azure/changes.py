"""Sending one changing request, once, and saying honestly what is known of it afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

import msgspec

from amlrunbook.azure.deadline import Deadline
from amlrunbook.azure.fanout import bounded
from amlrunbook.azure.long_running import Followed, follow, tracks
from amlrunbook.azure.translation import error_of, never_left
from amlrunbook.errors import AzureError, DeadlineError, SignInError
from amlrunbook.model.operation import Outcome

_ACCEPTED = 202
_ERRORS_FROM = 400
_SAYS_NOTHING = frozenset({408})
_SERVER_ERRORS_FROM = 500
_RUNNING = frozenset({"updating", "creating", "deleting", "accepted", "running", "resolvingdns"})


class Answered(Protocol):
    """An HTTP answer."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes


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
    send: Callable[[], Answered],
    read: Callable[[str], Answered],
    *,
    method: str,
    path: str,
    base: str,
    deadline: Deadline,
    on_accepted: Callable[[int, str, str], None],
    on_progress: Callable[[str], None],
) -> ChangeAnswer:
    """Send, and follow to the end; see :meth:`amlrunbook.azure.gateway.AzureGateway.change`.

    An answer of 5xx or 408 does not say whether anything happened, so it is ``UNKNOWN``; so is a connection that
    broke after it stood. Other refusals, and connections that never stood, are ``FAILED``.
    """
    shown = f"{method} {urlsplit(path).path}"
    try:
        answer = bounded(send, deadline)
    except SignInError as error:
        return ChangeAnswer(Outcome.FAILED, f"{error.what} Nothing was changed.")
    except AzureError as error:
        return _unanswered(shown, error)
    if answer.status_code >= _ERRORS_FROM:
        return _refused(shown, answer)
    document = _document(answer)
    service_id = str(answer.headers.get("x-ms-request-id", ""))
    found = tracks(answer.headers, base, path)
    if not _goes_on(answer, found.status_url, document):
        return ChangeAnswer(
            Outcome.SUCCEEDED,
            f"{shown} was answered {answer.status_code}.",
            status=answer.status_code,
            service_request_id=service_id,
            document=document,
        )
    on_accepted(answer.status_code, found.poll_url, service_id)
    ended: Followed = follow(
        found, lambda url: bounded(lambda: read(url), deadline), deadline, on_progress
    )
    return ChangeAnswer(
        ended.outcome,
        f"{shown} was accepted ({answer.status_code}). {ended.text}",
        status=answer.status_code,
        poll_url=found.poll_url,
        service_request_id=service_id,
        document=document,
    )


def _goes_on(answer: Answered, status_url: str, document: Mapping[str, Any]) -> bool:
    """Return whether the first answer is not the last word."""
    if answer.status_code == _ACCEPTED or status_url:
        return True
    properties = document.get("properties")
    state = properties.get("provisioningState") if isinstance(properties, dict) else None
    return isinstance(state, str) and state.lower() in _RUNNING


def _unanswered(shown: str, error: AzureError) -> ChangeAnswer:
    if never_left(error):
        return ChangeAnswer(
            Outcome.FAILED, f"{shown} was not sent: no connection stood. {error.what}"
        )
    late = "in time" if isinstance(error, DeadlineError) else "at all"
    return ChangeAnswer(
        Outcome.UNKNOWN,
        f"{shown} was sent and not answered {late}: whether it happened is not known. {error.what}",
    )


def _refused(shown: str, answer: Answered) -> ChangeAnswer:
    status = answer.status_code
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


def _document(answer: Answered) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return {}
    return document if isinstance(document, dict) else {}
