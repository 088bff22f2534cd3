"""Identities of machine learning resources: a resource made anew is another principal.

Source: https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/overview
"""

from __future__ import annotations

from amlrunbook.simulator.world import Document, World

_READ_ONLY = ("principalId", "tenantId")


def disregard(document: Document, before: Document | None) -> None:
    """Take away what a caller says of who the identity is: Azure alone says that."""
    identity = document.get("identity")
    if not isinstance(identity, dict):
        return
    known = (before or {}).get("identity") or {}
    for key in _READ_ONLY:
        identity.pop(key, None)
        if key in known:
            identity[key] = known[key]


def complete(world: World, document: Document, before: Document | None) -> None:
    """Give a document's system-assigned identity its principal: the one it had, else a new one."""
    identity = document.get("identity")
    if not isinstance(identity, dict) or "SystemAssigned" not in str(identity.get("type")):
        return
    known = (before or {}).get("identity") or {}
    identity.setdefault("principalId", known.get("principalId") or world.guid())
    identity.setdefault("tenantId", world.tenant_id)
