"""What was last known of a resource, where it cannot be read now."""

from __future__ import annotations

from amlrunbook.model.snapshot import Document, Inventory


def readable(inventory: Inventory, resource: str) -> Document | None:
    """Return a resource's document; ``None`` where there is none that was read."""
    document = inventory.by_id(resource)
    return None if document is None or document.unread is not None else document
