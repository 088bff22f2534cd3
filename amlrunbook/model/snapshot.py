"""The snapshot: a dated inventory of plain ARM documents, and what could not be read.

A document is what ARM answered, less secrets. One that could not be read has ``unread`` with the
reason in place of ``properties``. A collection that could not be listed is a document too: its id
ends in the collection's name (``…/workspaces/w/computes``) and it carries ``unread``. What a snapshot
does not hold at all is not there.

Where something could not be read, what the last snapshot knew of it stands beside it (``earlier``), and never in its
place: who wants to go by it asks for :meth:`Inventory.last_known`, and sees of each document how old it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

import msgspec

from amlrunbook.model.moments import age_words, seconds_between

SNAPSHOT_FORMAT = 1
"""The version of the file below."""

NOT_THERE = "not found (404)"
"""How ``unread`` begins where Azure said that the resource is not there: a fact, no gap in what was read."""


AS_OF = "asOf"
"""The key of a document that was read by an earlier snapshot: when that was taken."""


class Document:
    """One ARM document, read by path and without regard to the letter case of its keys. It does not change."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.raw = raw
        """The document as ARM gave it."""

    @cached_property
    def id(self) -> str:
        """The ARM id, or an empty string."""
        return _text(_get(self.raw, "id"))

    @cached_property
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

    @cached_property
    def unread(self) -> str | None:
        """Why the document could not be read; ``None`` where it could."""
        reason = _get(self.raw, "unread")
        return None if reason is None else _text(reason) or "no reason was given"

    @property
    def as_of(self) -> str:
        """When it was read, RFC 3339, where that was by an earlier snapshot; empty where it was read now."""
        return _text(self.raw.get(AS_OF))

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
        self,
        documents: Iterable[Mapping[str, Any]],
        *,
        earlier: Iterable[Mapping[str, Any]] = (),
        earlier_at: str = "",
        document: Callable[[Mapping[str, Any]], Document] = Document,
    ) -> None:
        self.documents = tuple(document(raw) for raw in documents)
        """All documents, in the order they were given."""
        self._earlier = tuple(earlier)
        self._earlier_at = earlier_at

    def last_known(self) -> Inventory:
        """Return what is known at best: what could not be read as the last snapshot held it, the rest as it is.

        A collection that the last snapshot could list holds what it held then, be it nothing.
        """
        return self._last_known

    @cached_property
    def _last_known(self) -> Inventory:
        stand_ins = {
            document.key: document
            for raw in self._earlier
            if (document := Document({AS_OF: self._earlier_at, **raw})).id
        }
        kept = [
            document.raw
            for document in self.documents
            if document.unread is None or not self._stood_in(document, stand_ins)
        ]
        known = {Document(raw).key for raw in kept}
        added = [
            document.raw
            for key, document in stand_ins.items()
            if document.unread is None and key not in known
        ]
        return Inventory((*kept, *added)) if added or len(kept) < len(self.documents) else self

    def _stood_in(self, unread: Document, stand_ins: Mapping[str, Document]) -> bool:
        """Return whether the last snapshot had read what could not be read now."""
        same = stand_ins.get(unread.key)
        if same is not None:
            return same.unread is None
        return bool(self._earlier) and _is_collection(unread)

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
        return tuple(
            document
            for document in self._by_type.get(resource_type.lower(), ())
            if document.unread is None or not _is_collection(document)
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


def _is_collection(placeholder: Document) -> bool:
    """Return whether a placeholder stands for a collection: its id ends in the collection's name."""
    return placeholder.key.endswith("/" + placeholder.type.lower().rsplit("/", 1)[-1])


class Snapshot(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A dated inventory of a workspace pair."""

    format: int
    taken_at: str
    """RFC 3339 UTC, to the second."""
    profile: str
    """The profile's name, or empty for documents from elsewhere."""
    program: str
    """The program and version that took it."""
    documents: tuple[dict[str, Any], ...]
    earlier_at: str = ""
    """When the snapshot was taken that :attr:`earlier` is from."""
    earlier: tuple[dict[str, Any], ...] = ()
    """What the last snapshot held of what could not be read now; what even that one had not read is a placeholder."""

    @property
    def inventory(self) -> Inventory:
        """The documents, indexed (made anew at each call: keep it)."""
        return Inventory(self.documents, earlier=self.earlier, earlier_at=self.earlier_at)

    @property
    def stand_in_words(self) -> str:
        """What stands in for what could not be read, and how old it is, in one sentence; empty where nothing does."""
        held = sum("unread" not in raw for raw in self.earlier)
        if not held:
            return ""
        age = age_words(seconds_between(self.earlier_at, self.taken_at))
        return f"In their place: {held} documents of the snapshot of {self.earlier_at}, {age} old."

    @property
    def as_written(self) -> Snapshot:
        """The same snapshot as its canonical JSON gives it back: every document's keys in one order.

        What is made from it does not depend on the order in which Azure, or a journal's evidence, told the keys.
        """
        return msgspec.json.decode(msgspec.json.encode(self, order="sorted"), type=Snapshot)

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
