"""What the last snapshot held of what cannot be read now. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from amlrunbook.model.snapshot import AS_OF, Document, Inventory, Snapshot

_STATS = "/georeplicationstats"
"""A view of an account that a snapshot keeps inside the account's own document."""
_LOCKS = "/providers/microsoft.authorization/locks"
_GROUP = 5
"""How many pieces the id of a resource group falls into at its slashes."""
_SUBSCRIPTION = 2
"""The slashes of a subscription's own path, of which no snapshot holds a document."""
_NEVER_READ = "the last snapshot does not know it either"


def stand_ins(earlier: Snapshot, answered: Mapping[str, bool]) -> tuple[dict[str, Any], ...]:
    """Return the documents of ``earlier`` that stand in for reads that failed.

    What ``earlier`` itself only knew from a snapshot before it comes along with the time of that one. What it did not
    know either comes as a placeholder, so that nobody takes it for something that was not there.

    Args:
        earlier: the last snapshot.
        answered: of each path that was asked now, in lower case, whether Azure answered it; that a thing is not there
            is an answer.
    """
    known = earlier.inventory.last_known()
    found = [
        _dated(document)
        for document in known.documents
        if _asked_last(document.key, answered) is False
    ]
    if not any("unread" not in document for document in found):
        return ()
    never = [
        {"id": path, "unread": _NEVER_READ}
        for path in sorted(path for path, there in answered.items() if not there)
        if known.by_id(path) is None and not _was_listed(path, known, found)
    ]
    return (*found, *never)


def _was_listed(path: str, known: Inventory, found: list[dict[str, Any]]) -> bool:
    """Return whether the last snapshot had read a collection: it held a member, or what the collection belongs to."""
    if path.endswith(_STATS):
        return False
    if any(Document(raw).key.startswith(f"{path}/") for raw in found):
        return True
    parent = path.rpartition("/")[0]
    provider = parent.rpartition("/")[0]
    owner = provider.removesuffix("/providers") if provider.endswith("/providers") else parent
    if owner.count("/") == _SUBSCRIPTION:
        return any(document.key.startswith(f"{owner}/") for document in known.documents)
    document = known.by_id(owner)
    return document is not None and document.unread is None


def _dated(document: Document) -> dict[str, Any]:
    raw = {key: value for key, value in document.raw.items() if key != AS_OF}
    return {**raw, AS_OF: document.as_of} if document.as_of else raw


def _asked_last(key: str, answered: Mapping[str, bool]) -> bool | None:
    """Return whether the nearest read that would have shown a document was answered; ``None`` where none was tried."""
    return next((answered[path] for path in _upwards(key) if path in answered), None)


def _upwards(key: str) -> Iterator[str]:
    """Yield an id, then the collection and the resource that it lies in, up to its own provider.

    Locks are listed for a whole resource group, so for a lock that list comes last.
    """
    above = key
    while above and not above.endswith("/providers"):
        yield above
        above = above.rpartition("/")[0]
    if _LOCKS in key:
        yield "/".join(key.split("/")[:_GROUP]) + _LOCKS
