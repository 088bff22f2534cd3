"""Why a document is not in a snapshot: the placeholder that stands for it.

The reason's first words are fixed, so that a rule can tell "I may not look" from "nobody answered". A resource that answers 404 has no placeholder: a snapshot that does not hold it says that it is not there.
"""

from __future__ import annotations

import re
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
from amlrunbook.model.snapshot import NOT_THERE

_FORBIDDEN = 403
_ASKED = re.compile(r"^GET \S+?:? (?:is not there \(404\): |was answered \d+: )?")
_ASKED_LAST = re.compile(r" \(GET [^()]+\)(?=\.?$)")
"""What an error says of the request: the placeholder's own id says it already."""


class Reason(StrEnum):
    """The first words of a placeholder's ``unread``."""

    NOT_FOUND = NOT_THERE
    """A collection, or a view of a resource, that Azure does not have."""
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


def why(error: AmlRunbookError, limit: int = 300) -> str:
    """Return what an error says, without the request that it names: whoever asked knows what was asked."""
    return plain(_ASKED_LAST.sub("", _ASKED.sub("", error.what)), limit)


def placeholder(resource_id: str, resource_type: str, error: AmlRunbookError) -> dict[str, Any]:
    """Return the document that stands for one that could not be read, or a collection that could not be listed."""
    return {
        "id": resource_id,
        "name": resource_id.rsplit("/", 1)[-1],
        "type": resource_type,
        "unread": f"{reason_of(error).value}: {why(error)}",
    }
