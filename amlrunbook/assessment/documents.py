"""The documents of a snapshot as rules ask for them: by id, by parent, by collection.

Asking for what could not be read raises :class:`~amlrunbook.errors.IncompleteError`; looking into a document of an earlier
snapshot notes how old it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from amlrunbook.assessment.completion import NOWHERE, completed, made_up_id, type_of
from amlrunbook.errors import IncompleteError
from amlrunbook.model.snapshot import AS_OF, NOT_THERE, Document, Inventory


def is_gone(document: Document) -> bool:
    """Return whether Azure said that the resource is not there: a fact, no gap in what was read."""
    return document.unread is not None and document.unread.startswith(NOT_THERE)


class _Dated(Document):
    """A document of an earlier snapshot, which notes its age when somebody looks into it."""

    __slots__ = ("_ages",)

    def __init__(self, raw: Mapping[str, Any], ages: set[str]) -> None:
        super().__init__(raw)
        self._ages = ages

    def field(self, path: str) -> Any:
        """Return the value at a dotted path, and note how old it is."""
        self._ages.add(self.as_of)
        return super().field(path)

    @property
    def location(self) -> str:
        """The region's short name, and note how old it is."""
        self._ages.add(self.as_of)
        return super().location


class Documents:
    """The documents, indexed."""

    def __init__(self, inventory: Inventory) -> None:
        self.ages: set[str] = set()
        """How old what was looked into is, where it is of an earlier snapshot; whoever judges empties it first."""
        self.inventory = Inventory(
            completed(inventory.last_known().documents), document=self._watched
        )
        """The documents, completed; what cannot be read now as the last snapshot held it."""

    def _watched(self, raw: Mapping[str, Any]) -> Document:
        return _Dated(raw, self.ages) if AS_OF in raw else Document(raw)

    def label(self, document: Document) -> str:
        """Return what a finding names: the ARM id, else type and name."""
        if document.id and not document.id.startswith(NOWHERE):
            return document.id
        return f"{document.type}/{document.name}"

    def find(self, resource_id: str) -> Document | None:
        """Return the document of an id, or the one without an id that has its type and name."""
        found = self.inventory.by_id(resource_id)
        if found is not None or not resource_id:
            return found
        return self.inventory.by_id(
            made_up_id(type_of(resource_id), resource_id.rstrip("/").rsplit("/", 1)[-1].lower())
        )

    @cached_property
    def _by_parent(self) -> dict[tuple[str, str], list[Document]]:
        index: dict[tuple[str, str], list[Document]] = defaultdict(list)
        for document in self.inventory.documents:
            parent, _, rest = document.key.rpartition("/")
            parent, _, collection = parent.rpartition("/")
            if rest and parent:
                index[parent, collection].append(document)
        return index

    def children(self, parent: Document, collection: str) -> tuple[Document, ...]:
        """Return the documents of one collection of ``parent``.

        Raises:
            IncompleteError: the collection could not be listed.
        """
        reason = self.inventory.unread_collection(parent, collection)
        if reason is not None:
            raise IncompleteError(f"{collection} of {parent.name} could not be read: {reason}")
        return tuple(self._by_parent.get((parent.key, collection.lower()), ()))

    @cached_property
    def _names(self) -> dict[tuple[str, str], dict[str, Document]]:
        return {
            place: {document.name.lower(): document for document in reversed(children)}
            for place, children in self._by_parent.items()
        }

    def named_child(self, parent: Document, collection: str, name: str) -> Document | None:
        """Return one child by its name whether it was read or not, or ``None`` where there is none.

        Raises:
            IncompleteError: the collection could not be listed.
        """
        self.children(parent, collection)
        return self._names.get((parent.key, collection.lower()), {}).get(name.lower())

    def read_children(self, parent: Document, collection: str) -> tuple[Document, ...]:
        """Return the documents of one collection of ``parent`` that are there.

        Raises:
            IncompleteError: one of them, or the list of them, could not be read.
        """
        found = [d for d in self.children(parent, collection) if not is_gone(d)]
        for document in found:
            if document.unread is not None:
                raise IncompleteError(
                    f"{collection}/{document.name} could not be read: {document.unread}"
                )
        return tuple(found)

    def child(self, parent: Document, collection: str, name: str) -> Document | None:
        """Return one child that was read, or ``None`` where there is none.

        Raises:
            IncompleteError: it could not be read.
        """
        found = next(
            (d for d in self.children(parent, collection) if d.name.lower() == name.lower()), None
        )
        if found is not None and found.unread is not None:
            raise IncompleteError(f"{collection}/{name} could not be read: {found.unread}")
        return found

    def extensions(self, scope: str, provider: str, collection: str) -> tuple[Document, ...]:
        """Return the documents of another provider's collection on a scope, such as its locks.

        Raises:
            IncompleteError: the collection could not be listed.
        """
        return self.children(Document({"id": f"{scope}/providers/{provider}"}), collection)

    def orphans(self, child_type: str) -> tuple[Document, ...]:
        """Return stand-ins for the parents that only their service settings tell of."""
        parents: dict[str, Document] = {}
        for child in self.inventory.of_type(child_type):
            if child.key.rsplit("/", 1)[-1] != "default":
                continue
            parent = child.id.rstrip("/").rsplit("/", 2)[0]
            if self.inventory.by_id(parent) is None and parent.lower() not in parents:
                raw = {"id": parent, "type": child_type.rsplit("/", 1)[0]}
                parents[parent.lower()] = Document(raw)
        return tuple(parents.values())
