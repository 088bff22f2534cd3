"""Following a long-running operation by GETs of our own, through the same pipeline.

Order as azure-mgmt-core has it: ``Azure-AsyncOperation``, else ``Location``, else the resource's
``provisioningState``. Source: https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from amlrunbook.azure.answer import Answer
from amlrunbook.azure.deadline import Deadline
from amlrunbook.azure.guard import under
from amlrunbook.azure.throttling import retry_after
from amlrunbook.azure.translation import error_of, plain
from amlrunbook.errors import AmlRunbookError
from amlrunbook.model.operation import Outcome

POLL_SECONDS = 5.0
"""Between two polls where Azure asks for no other interval."""
LONGEST_POLL = 60.0
_ACCEPTED = 202
_DONE = frozenset({"succeeded", "ready"})
_FAILED = frozenset({"failed", "canceled", "cancelled"})


@dataclass(frozen=True, slots=True)
class Followed:
    """How an operation ended, as far as its polls say."""

    outcome: Outcome
    text: str


@dataclass(frozen=True, slots=True)
class Tracks:
    """Where an accepted operation can be followed."""

    status_url: str
    """``Azure-AsyncOperation``; empty where there is none."""
    location_url: str
    """``Location``; empty where there is none."""
    resource_path: str
    """Path and query of the resource itself, for its ``provisioningState``."""
    wait: float | None
    """Seconds that the first answer asks to wait."""

    @property
    def poll_url(self) -> str:
        """What is polled first, to be journaled: it outlives this process."""
        return self.status_url or self.location_url or self.resource_path


def tracks(headers: Mapping[str, str], base: str, resource_path: str) -> Tracks:
    """Return where the operation behind an answer can be followed.

    A URL on another host is dropped: our token does not go there, and the resource itself still tells.
    """

    def ours(name: str) -> str:
        url = headers.get(name, "") or ""
        return url if url and under(base, url) else ""

    return Tracks(
        status_url=ours("Azure-AsyncOperation"),
        location_url=ours("Location"),
        resource_path=resource_path,
        wait=retry_after(headers),
    )


def follow(
    found: Tracks,
    read: Callable[[str], Answer],
    deadline: Deadline,
    progressed: Callable[[str], None],
    *,
    interval: float = POLL_SECONDS,
    look: Callable[[], str] | None = None,
) -> Followed:
    """Poll until the operation ends, or nobody can say how.

    Args:
        found: where to look.
        read: a GET through the gateway's pipeline; raises our errors for no answer.
        deadline: how long to go on.
        progressed: told each change of what is seen, in a few words.
        interval: seconds between polls where Azure asks for none.
        look: asked after a poll that found it running, for more than the poll tells; must not raise.
    """
    wait = interval if found.wait is None else found.wait
    last, said = "no poll was answered", ""
    while deadline.wait(min(wait, LONGEST_POLL)):
        try:
            answer = read(found.poll_url)
        except AmlRunbookError as error:
            last, wait = error.what, interval
            continue
        ended, state = _read_state(found, answer)
        if ended is not None:
            return ended
        more = look() if look is not None else ""
        words = f"{state}; {more}" if more else state
        if words != said:
            said = words
            progressed(words)
        last = f"the last state seen was {state}"
        asked = retry_after(answer.headers)
        wait = interval if asked is None else asked
    return Followed(Outcome.UNKNOWN, f"It did not end within {deadline.seconds:.0f} s: {last}.")


def _read_state(found: Tracks, answer: Answer) -> tuple[Followed | None, str]:
    """Return how it ended (``None`` while it has not) and the state in a word."""
    if answer.status >= 400:  # noqa: PLR2004 - the first error status of HTTP
        return _refused_poll(found, answer)
    if found.status_url:
        return _ended_by(_field(answer, "status"), answer)
    if found.location_url:
        if answer.status == _ACCEPTED:
            return None, "accepted"
        return Followed(Outcome.SUCCEEDED, f"Azure ended it with {answer.status}."), "done"
    return _ended_by(_field(answer, "properties", "provisioningState") or "Succeeded", answer)


def _refused_poll(found: Tracks, answer: Answer) -> tuple[Followed | None, str]:
    """A poll that is refused: only a ``Location`` answers with the operation's own error."""
    code, message = error_of(answer.content)
    said = ": ".join(part for part in (str(answer.status), code, message) if part)
    if answer.status in {408, 429} or answer.status >= 500:  # noqa: PLR2004
        return None, f"the poll was answered {said}"
    if found.location_url and not found.status_url and answer.status != 404:  # noqa: PLR2004
        return Followed(Outcome.FAILED, f"Azure ended it with {said}."), "failed"
    return Followed(Outcome.UNKNOWN, f"The poll was answered {said}."), "unknown"


def _ended_by(status: str, answer: Answer) -> tuple[Followed | None, str]:
    folded = status.lower()
    if folded in _DONE:
        return Followed(Outcome.SUCCEEDED, "Azure says that it succeeded."), status
    if folded in _FAILED:
        code, message = error_of(answer.content)
        why = ": ".join(part for part in (code, message) if part) or "without a reason"
        return Followed(Outcome.FAILED, f"Azure says that it {folded}: {why}."), status
    return None, plain(status, 40) or "running"


def _field(answer: Answer, *names: str) -> str:
    try:
        value: Any = msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, RecursionError):
        return ""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""
