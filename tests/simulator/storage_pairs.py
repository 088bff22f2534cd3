"""A well protected pair with one data account a test, so that failing one over leaves the others as they were."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from amlrunbook.azure.inventory import take_snapshot
from amlrunbook.model.operation import OperationContext
from amlrunbook.model.snapshot import Snapshot
from tests.simulator.azure_here import AzureHere, azure_running
from tests.simulator.blob_world import service
from tests.simulator_fixtures import set_pace

_HEAD = """
format = 1
base = "healthy-pair"
title = "A pair with many data accounts"
description = "One account a test."
"""
_ACCOUNT = """
[[world.resources]]
group = "rg-fraud-e"
type = "Microsoft.Storage/storageAccounts"
name = "{name}"
location = "eastus"
sku = {{ name = "{sku}" }}

[[world.blobs]]
account = "{name}"
container = "data"
name = "old.txt"
text = "written long ago"
"""


class StoragePairs:
    """The simulated Azure, its snapshot, and its accounts."""

    def __init__(self, here: AzureHere) -> None:
        self.here = here
        self.snapshot: Snapshot = take_snapshot(here.gateway(), here.profile).snapshot

    def account(self, name: str) -> str:
        """Return an account's ARM id."""
        group = self.here.profile.primary.workspace.split("/providers/")[0]
        return f"{group}/providers/Microsoft.Storage/storageAccounts/{name}"

    def context(self, name: str, variant: str = "", **params: str) -> OperationContext:
        """Return what a step about an account knows."""
        return OperationContext(
            profile=self.here.profile,
            snapshot=self.snapshot,
            step="fail-over",
            resource=self.account(name),
            variant=variant,
            params=params,
        )

    def write(self, account: str, blob: str, text: bytes = b"late") -> None:
        """Write a blob now: later than the last sync time."""
        with service(self.here.endpoint, account) as client:
            client.get_container_client("data").upload_blob(blob, text, overwrite=True)

    def changes(self, since: int) -> list[str]:
        """Return method and last segment of what reached the wire and was no read."""
        return [
            f"{r['method']} {r['path'].rsplit('/', 1)[-1]} {r['query'].partition('&')[2]}".strip()
            for r in self.here.requests(since)
            if r["method"] != "GET" and not r["path"].endswith("/token")
        ]


@contextmanager
def storage_pairs(folder: Path, **accounts: str) -> Iterator[StoragePairs]:
    """Start a pair with data accounts of these names and SKUs, and end it."""
    text = _HEAD + "".join(_ACCOUNT.format(name=name, sku=sku) for name, sku in accounts.items())
    scenario = folder / "storage-pairs.toml"
    scenario.write_text(text, encoding="utf-8")
    with azure_running(folder, str(scenario)) as here:
        set_pace(here.endpoint, polls=2)
        yield StoragePairs(here)
