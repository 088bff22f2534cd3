"""The snapshot: a dated inventory of plain ARM documents, and what could not be read.

A document is what ARM answered, less secrets. One that could not be read has ``unread`` with the
reason in place of ``properties``. A collection that could not be listed is a document too: its id
ends in the collection's name (``…/workspaces/w/computes``) and it carries ``unread``. What a snapshot
does not hold at all is not there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import msgspec

SNAPSHOT_FORMAT = 1
"""The version of the file below."""

NOT_THERE = "not found (404)"
"""How ``unread`` begins where Azure said that the resource is not there: a fact, no gap in what was read."""


class Document:
    """One ARM document, read by path and without regard to the letter case of its keys."""

    __slots__ = ("raw",)

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.raw = raw
        """The document as ARM gave it."""

    @property
    def id(self) -> str:
        """The ARM id, or an empty string."""
        return _text(_get(self.raw, "id"))

    @property
    def key(self) -> str:
        """The id in lower case without a slash at the end: what documents are indexed by."""
        return self.id.lower().rstrip("/")

    @property
    def name(self) -> str:
        """The resource's name; the last segment where ARM gives ``parent/child``."""
        return _text(_get(self.raw, "name")).rsplit("/", 1)[-1] or self.key.rsplit("/", 1)[-1]

    @property
    def type(self) -> str:
        """The resource type as given."""
        return _text(_get(self.raw, "type"))

    @property
    def location(self) -> str:
        """The region's short name, or an empty string."""
        return _text(_get(self.raw, "location")).replace(" ", "").lower()

    @property
    def unread(self) -> str | None:
        """Why the document could not be read; ``None`` where it could."""
        reason = _get(self.raw, "unread")
        return None if reason is None else _text(reason) or "no reason was given"

    @property
    def label(self) -> str:
        """What a finding names: the ARM id, else type and name."""
        return self.id or f"{self.type}/{self.name}"

    def field(self, path: str) -> Any:
        """Return the value at a dotted path, such as ``properties.sku.name``; ``None`` if absent."""
        value: Any = self.raw
        for part in path.split("."):
            if not isinstance(value, Mapping):
                return None
            value = _get(value, part)
        return value

    def __repr__(self) -> str:
        return f"Document({self.label!r})"


def _get(mapping: Mapping[str, Any], key: str) -> Any:
    """Return ``mapping[key]``, falling back to a key that differs in letter case only."""
    if key in mapping:
        return mapping[key]
    folded = key.lower()
    return next((value for name, value in mapping.items() if name.lower() == folded), None)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


class Inventory:
    """The documents of a snapshot, indexed by id and by type."""

    def __init__(
        self, documents: Iterator[Mapping[str, Any]] | tuple[Mapping[str, Any], ...]
    ) -> None:
        self.documents = tuple(Document(raw) for raw in documents)
        """All documents, in the order they were given."""

    @cached_property
    def _by_key(self) -> dict[str, Document]:
        return {document.key: document for document in self.documents if document.id}

    @cached_property
    def _by_type(self) -> dict[str, list[Document]]:
        index: dict[str, list[Document]] = {}
        for document in self.documents:
            index.setdefault(document.type.lower(), []).append(document)
        return index

    def by_id(self, resource_id: str) -> Document | None:
        """Return the document with this id, whatever its letter case."""
        return self._by_key.get(resource_id.lower().rstrip("/"))

    def of_type(self, resource_type: str) -> tuple[Document, ...]:
        """Return the documents of a type, placeholders of unread collections left out."""
        folded = resource_type.lower()
        last = "/" + folded.rsplit("/", 1)[-1]
        return tuple(
            document
            for document in self._by_type.get(folded, ())
            if document.unread is None or not document.key.endswith(last)
        )

    def children(self, parent: Document, resource_type: str) -> tuple[Document, ...]:
        """Return the documents of ``resource_type`` whose ids lie under ``parent``."""
        prefix = parent.key + "/"
        return tuple(d for d in self.of_type(resource_type) if d.key.startswith(prefix))

    def unread_collection(self, parent: Document, collection: str) -> str | None:
        """Return why ``parent``'s collection could not be listed; ``None`` where it could."""
        placeholder = self._by_key.get(f"{parent.key}/{collection.lower()}")
        return placeholder.unread if placeholder else None

    @property
    def unread(self) -> tuple[Document, ...]:
        """All that could not be read."""
        return tuple(document for document in self.documents if document.unread is not None)


class Snapshot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A dated inventory of a workspace pair."""

    format: int
    taken_at: str
    """RFC 3339 UTC, to the second."""
    profile: str
    """The profile's name, or empty for documents from elsewhere."""
    program: str
    """The program and version that took it."""
    documents: tuple[dict[str, Any], ...]

    @property
    def inventory(self) -> Inventory:
        """The documents, indexed (made anew at each call: keep it)."""
        return Inventory(self.documents)

    @property
    def digest(self) -> str:
        """SHA-256 of the snapshot's canonical JSON, in hex."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()


def snapshot_of(documents: list[dict[str, Any]], *, taken_at: str = "") -> Snapshot:
    """Return a snapshot of documents that came from elsewhere (an export, an older answer)."""
    return Snapshot(
        format=SNAPSHOT_FORMAT,
        taken_at=taken_at,
        profile="",
        program="",
        documents=tuple(documents),
    )
