"""What lies in the vaults of the simulated Azure. Values are kept beside the world, by digest."""

from __future__ import annotations

import msgspec


class SecretVersion(msgspec.Struct, kw_only=True):
    """One version of one secret; times are world time."""

    id: str
    digest: str
    """Of the value, as :class:`~.blobs.Contents` knows it."""
    content_type: str | None = None
    tags: dict[str, str] = {}
    attributes: dict[str, bool | int] = {}
    """What the writer set: ``enabled``, ``nbf``, ``exp``."""
    created: float
    updated: float


class Secret(msgspec.Struct, kw_only=True):
    """A secret: its versions, oldest first."""

    name: str
    versions: list[SecretVersion]
    visible_at: float = 0.0
    """World time from which it is seen: recovering is eventually consistent."""
    deleted_at: float | None = None
    purge_at: float | None = None


class VaultData(msgspec.Struct, kw_only=True):
    """The secrets of one vault; its settings are an ARM document of the world."""

    name: str
    resource_id: str
    secrets: dict[str, Secret] = {}
    """By name in lower case."""
    deleted: dict[str, Secret] = {}
