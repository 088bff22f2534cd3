"""What the placeholders of a command stand for: parts of an id, and the SKUs to which an account can be changed."""

from __future__ import annotations

from amlrunbook.assessment import types
from amlrunbook.assessment.reading import redundancy, text
from amlrunbook.errors import IncompleteError, UsageError
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.model.snapshot import Document


def skus(account: Document) -> dict[str, str]:
    """Return the SKUs to which an account can be changed; nothing where its own is not known.

    Only LRS becomes GRS and only ZRS becomes GZRS; a premium account has no geo-redundancy.
    Source: https://learn.microsoft.com/azure/storage/common/storage-disaster-recovery-guidance
    """
    if account.type.lower() != types.STORAGE.lower():
        return {}
    try:
        kept, name = redundancy(account), text(account, "sku.name").lower()
    except IncompleteError:
        return {}
    if name.startswith("premium"):
        return {"zone_sku": "Premium_ZRS"}
    return {
        "zone_sku": "Standard_ZRS",
        "geo_sku": "Standard_RAGZRS" if kept.zonal else "Standard_RAGRS",
    }


def id_values(resource_id: str, prefix: str = "") -> dict[str, str]:
    """Return the parts of an id that commands use; nothing where it is no resource's id."""
    try:
        parsed = ResourceId.parse(resource_id)
    except UsageError:
        return {}
    return {
        f"{prefix}subscription": parsed.subscription,
        f"{prefix}group": parsed.resource_group,
        f"{prefix}parent": parsed.names[0],
        f"{prefix}endpoint": parsed.names[1] if len(parsed.names) > 1 else "",
    }
