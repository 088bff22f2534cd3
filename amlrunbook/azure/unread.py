"""Why a document is not in a snapshot: the placeholder that stands for it.

The reason's first words are fixed, so that a rule can tell "it is gone" from "I may not look" from "nobody
answered". A resource that is referred to and answers 404 is known to be missing: a fact to act on, not a gap.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from amlrunbook.azure.translation import plain
from amlrunbook.errors import (
    AmlRunbookError,
    AnswerError,
    DeadlineError,
    NotFoundError,
    SignInError,
    ThrottledError,
)

_FORBIDDEN = 403


class Reason(StrEnum):
    """The first words of a placeholder's ``unread``."""

    NOT_FOUND = "not found (404)"
    """It is referred to, and Azure says that it is not there."""
    FORBIDDEN = "no permission (403)"
    REFUSED = "refused"
    LATE = "no answer in time"
    THROTTLED = "throttled (429)"
    NOT_SIGNED_IN = "not signed in"
    FAILED = "not readable"
    """The connection failed, or the answer cannot be used."""


def reason_of(error: AmlRunbookError) -> Reason:
    """Return the first words for an error."""
    match error:
        case NotFoundError():
            return Reason.NOT_FOUND
        case AnswerError():
            return Reason.FORBIDDEN if error.status == _FORBIDDEN else Reason.REFUSED
        case DeadlineError():
            return Reason.LATE
        case ThrottledError():
            return Reason.THROTTLED
        case SignInError():
            return Reason.NOT_SIGNED_IN
        case _:
            return Reason.FAILED


def placeholder(resource_id: str, resource_type: str, error: AmlRunbookError) -> dict[str, Any]:
    """Return the document that stands for one that could not be read, or a collection that could not be listed."""
    said = plain(error.what.replace(resource_id, "it"), 300)
    return {
        "id": resource_id,
        "name": resource_id.rsplit("/", 1)[-1],
        "type": resource_type,
        "unread": f"{reason_of(error).value}: {said}",
    }
