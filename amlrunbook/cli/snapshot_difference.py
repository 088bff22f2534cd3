"""What changed between two snapshots, field by field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from amlrunbook.model.snapshot import Document, Snapshot

_LONGEST = 120
_NOISE = frozenset({"etag", "systemdata"})
"""Top-level parts that change without anybody changing the resource."""


class Difference(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One difference."""

    kind: str
    """``added``, ``removed``, ``changed``, ``unread`` (it was read before) or ``read`` (it was not)."""
    resource: str
    path: str = ""
    """The dotted path of the field; empty where it is about the whole document."""
    before: str = ""
    after: str = ""


def difference(older: Snapshot, newer: Snapshot) -> list[Difference]:
    """Return what changed, by resource id.

    What could not be read on one side is told as that, never as a removal.
    """
    before, after = _indexed(older), _indexed(newer)
    return [
        change
        for key in sorted({*before, *after})
        for change in _of_document(before.get(key), after.get(key))
    ]


def _indexed(snapshot: Snapshot) -> dict[str, Document]:
    return {document.key: document for document in snapshot.inventory.documents if document.key}


def _of_document(before: Document | None, after: Document | None) -> Iterator[Difference]:
    if before is None or after is None:
        one = after or before
        if one is not None:
            kind = "added" if before is None else "removed"
            yield Difference(kind="unread" if one.unread and after else kind, resource=one.label)
        return
    if before.unread is not None or after.unread is not None:
        if (before.unread is None) != (after.unread is None):
            yield Difference(
                kind="read" if after.unread is None else "unread", resource=after.label
            )
        return
    left = {k: v for k, v in before.raw.items() if k.lower() not in _NOISE}
    right = {k: v for k, v in after.raw.items() if k.lower() not in _NOISE}
    for path, old, new in _of_value("", left, right):
        yield Difference(
            kind="changed", resource=after.label, path=path, before=_short(old), after=_short(new)
        )


def _of_value(path: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            yield from _of_value(f"{path}.{key}".lstrip("."), old.get(key), new.get(key))
    elif old != new:
        yield path, old, new


def _short(value: Any) -> str:
    text = "absent" if value is None else msgspec.json.encode(value).decode()
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
