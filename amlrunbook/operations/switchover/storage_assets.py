"""Which registered assets lie in an account, and which of them the secondary lacks. Pure.

With the primary dark nobody can list it, yet the inventory knows what was registered: models and data that point into the
account. Source of the paths: https://learn.microsoft.com/azure/machine-learning/how-to-access-data
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from amlrunbook.azure.blob_service import Listing
from amlrunbook.azure.translation import plain
from amlrunbook.model.snapshot import Document, Inventory

_WORKSPACES = "Microsoft.MachineLearningServices/workspaces"
_KINDS = {"models": "modelUri", "data": "dataUri"}
"""Kinds of assets, and the property that says where their bytes lie."""
_PATH = re.compile(r"/datastores/([^/]+)/paths/(.+)\Z", re.IGNORECASE)
_MOST_SAID = 3


@dataclass(frozen=True, slots=True)
class Asset:
    """One version of a registered asset whose bytes lie in the account."""

    name: str
    """Kind, name and version: ``models/fraud-gbm/7``."""
    container: str
    path: str
    """The blob, or the folder of blobs."""


@dataclass(frozen=True, slots=True)
class Registered:
    """What is known of an account's registered assets."""

    total: int = 0
    missing: tuple[str, ...] = ()
    """Names of those of which the secondary holds nothing."""
    looked: bool = False
    """Whether the secondary's list was there to look in, whole."""

    @property
    def words(self) -> str:
        """One clause; empty where there is nothing to say."""
        if not self.total or not self.looked:
            return ""
        known = f"{self.total} registered models and data"
        if not self.missing:
            return f"the secondary holds all {known}"
        named = ", ".join(plain(name, 80) for name in self.missing[:_MOST_SAID])
        more = len(self.missing) - _MOST_SAID
        return f"of {known} the secondary lacks {named}" + (f" and {more} more" if more > 0 else "")


def assets_in(inventory: Inventory, account: str) -> tuple[Asset, ...]:
    """Return the registered assets whose bytes lie in a storage account, as the inventory last knew them."""
    places = {
        (store.key.rpartition("/datastores/")[0], store.name.lower()): container
        for store in inventory.of_type(f"{_WORKSPACES}/datastores")
        if (container := _container(store, account))
    }
    return tuple(dict.fromkeys(_assets(inventory, places)))


def _container(store: Document, account: str) -> str:
    named, container = (store.field(f"properties.{n}") for n in ("accountName", "containerName"))
    ours = isinstance(named, str) and named.lower() == account.lower()
    return container if ours and isinstance(container, str) else ""


def _assets(inventory: Inventory, places: dict[tuple[str, str], str]) -> Iterator[Asset]:
    for kind, field in _KINDS.items():
        for version in inventory.of_type(f"{_WORKSPACES}/{kind}/versions"):
            uri = version.field(f"properties.{field}")
            found = _PATH.search(uri) if isinstance(uri, str) else None
            if found is None:
                continue
            workspace, _, rest = version.key.partition(f"/{kind}/")
            container = places.get((workspace, found[1].lower()))
            if container:
                name, _, number = rest.partition("/versions/")
                yield Asset(f"{kind}/{name}/{number}", container, found[2].strip("/"))


def registered(assets: tuple[Asset, ...], secondary: Listing | None) -> Registered:
    """Return which of the assets the secondary's list holds nothing of."""
    if secondary is None or not secondary.complete:
        return Registered(total=len(assets))
    held = sorted(blob.path for blob in secondary.blobs)
    missing = tuple(
        asset.name for asset in assets if not _holds(held, f"{asset.container}/{asset.path}")
    )
    return Registered(total=len(assets), missing=missing, looked=True)


def _holds(held: list[str], path: str) -> bool:
    """Return whether a sorted list holds a path, or anything below it."""
    for wanted in (path, f"{path}/"):
        place = bisect_left(held, wanted)
        if place < len(held) and (held[place] == wanted or held[place].startswith(f"{path}/")):
            return True
    return False
