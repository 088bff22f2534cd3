"""A small world of storage accounts, and the real SDK's clients on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from azure.identity import ClientSecretCredential
from azure.storage.blob import BlobServiceClient

from amlrunbook.simulator import process
from amlrunbook.simulator.endpoint import Endpoint
from tests.simulator_fixtures import lent

SCENARIO = """
format = 1
title = "Storage accounts"
description = "Accounts of every redundancy, for the blob service alone."
profile = {}

[world]
subscriptions = [{ id = "11111111-2222-3333-4444-555555555555", name = "storage" }]
groups = [{ name = "rg", location = "westeurope" }]

[[world.resources]]
group = "rg"
type = "Microsoft.Storage/storageAccounts"
name = "plain"
sku = { name = "Standard_LRS" }

[[world.resources]]
group = "rg"
type = "Microsoft.Storage/storageAccounts"
name = "hidden"
sku = { name = "Standard_GRS" }

[[world.resources]]
group = "rg"
type = "Microsoft.Storage/storageAccounts"
name = "soft"
sku = { name = "Standard_RAGRS" }

[[world.resources]]
group = "rg"
type = "Microsoft.Storage/storageAccounts/blobServices"
name = "soft/default"
[world.resources.properties]
deleteRetentionPolicy = { enabled = true, days = 7 }
containerDeleteRetentionPolicy = { enabled = true, days = 5 }

[[world.resources]]
group = "rg"
type = "Microsoft.Storage/storageAccounts"
name = "versioned"
sku = { name = "Standard_RAGZRS" }

[[world.resources]]
group = "rg"
type = "Microsoft.Storage/storageAccounts/blobServices"
name = "versioned/default"
[world.resources.properties]
isVersioningEnabled = true
deleteRetentionPolicy = { enabled = true, days = 7 }

[[world.resources]]
group = "rg"
type = "Microsoft.Storage/storageAccounts"
name = "growing"
sku = { name = "Standard_RAGRS" }
geo = { status = "Bootstrap" }

[[world.blobs]]
account = "soft"
container = "old"
name = "from-the-scenario.txt"
text = "written long ago"
content_type = "text/plain"
"""


@contextmanager
def storage_world(folder: Path, *, own: bool = False) -> Iterator[Endpoint]:
    """Yield a simulated Azure with these accounts; ``own`` starts one in ``folder / "azure"``."""
    scenario = folder / "storage.toml"
    scenario.write_text(SCENARIO, encoding="utf-8")
    with lent(folder / "azure", scenario, own=own) as endpoint:
        yield endpoint


def credential(endpoint: Endpoint) -> ClientSecretCredential:
    """Return azure-identity's client secret credential against the simulated token endpoint."""
    return ClientSecretCredential(
        endpoint.tenant_id,
        endpoint.client_id,
        endpoint.client_secret,
        authority=endpoint.base_url,
        disable_instance_discovery=True,
        connection_verify=endpoint.ca_file,
    )


def service(
    endpoint: Endpoint, account: str, *, secondary: bool = False, **options: object
) -> BlobServiceClient:
    """Return the SDK's client of an account; ``secondary`` reads and writes there by default."""
    client = BlobServiceClient(
        f"{endpoint.base_url}/blob/{account}",
        credential=credential(endpoint),
        secondary_hostname=f"127.0.0.1:{endpoint.port}/blob/{account}-secondary",
        connection_verify=endpoint.ca_file,
        retry_total=0,
        **options,
    )
    if secondary:
        client.location_mode = "secondary"
    return client


def advance(endpoint: Endpoint, seconds: float) -> None:
    """Let world time pass."""
    process.control(endpoint, "POST", "/clock", {"advance": seconds})


def revision(endpoint: Endpoint) -> int:
    """Return the world's revision."""
    answer = process.control(endpoint, "GET", "/ping")
    assert isinstance(answer, dict)
    return int(answer["revision"])
