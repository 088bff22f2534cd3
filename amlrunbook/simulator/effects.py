"""Long-running operations as data: what they do when they end, so that a restart keeps them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec


class OperationState(StrEnum):
    """Where a long-running operation is, in the words of ``Azure-AsyncOperation``."""

    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELED = "Canceled"


class Put(msgspec.Struct, kw_only=True, tag="put", tag_field="do"):
    """Write a whole document."""

    id: str
    document: dict[str, Any]


class Merge(msgspec.Struct, kw_only=True, tag="merge", tag_field="do"):
    """Merge values into a document, table by table, if it is still there."""

    id: str
    values: dict[str, Any]


class Remove(msgspec.Struct, kw_only=True, tag="remove", tag_field="do"):
    """Take a resource and all below it away."""

    id: str


class FailOver(msgspec.Struct, kw_only=True, tag="fail-over", tag_field="do"):
    """Let a storage account's second region take over."""

    id: str
    planned: bool


class Restore(msgspec.Struct, kw_only=True, tag="restore", tag_field="do"):
    """Bring a soft-deleted resource back."""

    id: str


class Purge(msgspec.Struct, kw_only=True, tag="purge", tag_field="do"):
    """Let go of a soft-deleted resource for good."""

    id: str


class MergeLater(msgspec.Struct, kw_only=True, tag="merge-later", tag_field="do"):
    """Merge values into a document some time after the operation has ended."""

    id: str
    values: dict[str, Any]
    seconds: float
    """Of the world's time."""


class Forget(msgspec.Struct, kw_only=True, tag="forget", tag_field="do"):
    """Take away a fact about a resource that stands in no document."""

    id: str
    fact: str


class Advance(msgspec.Struct, kw_only=True, tag="advance", tag_field="do"):
    """Move a property of a resource on, if it still is what it was."""

    id: str
    field: str
    before: str
    after: str


class ImportImage(msgspec.Struct, kw_only=True, tag="import-image", tag_field="do"):
    """Copy an image from one registry to another."""

    source: str
    """A registry's name."""
    repository: str
    digest: str
    target: str
    """A registry's name."""
    image: str
    """What it is called there: ``repository:tag``."""


Effect = (
    Put | Merge | Remove | FailOver | Restore | Purge | MergeLater | Forget | Advance | ImportImage
)


class Later(msgspec.Struct, kw_only=True):
    """What comes by itself at a world time, with no operation that tells of it."""

    due: float
    effects: list[Effect]


class Operation(msgspec.Struct, kw_only=True):
    """One long-running operation."""

    id: str
    target: str
    """The resource it works on."""
    activity: str
    """What the activity log calls it: ``Microsoft.X/type/write``."""
    state: OperationState = OperationState.IN_PROGRESS
    polls_left: int = 0
    due: float | None = 0.0
    """World time at which it ends unpolled; ``None`` when it never ends."""
    started: float = 0.0
    ended: float | None = None
    effects: list[Effect] = []
    """What it does when it ends."""
    result: Any = None
    """The final body of a Location poll, where it is not the target's document."""
    answers_target: bool = True
    """Is the final body of a Location poll the target's document as it then is?"""
    by_state: bool = False
    """Do looks at the target count as polls, as there is no other way to poll?"""
    error: dict[str, Any] | None = None
    even_failed: bool = False
    """Does it do what it does when it ends with an error too?"""
    on_failure: list[Effect] = []
    """What it does besides when it ends with an error."""
    correlation_id: str = ""
    client_request_id: str | None = None
