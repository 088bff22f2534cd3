"""Leases that run out, the archive and its way back, copies of versions: what Azurite cannot show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zlib import crc32

import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import StandardBlobTier

from amlrunbook.simulator.blob_tiers import REHYDRATION_SECONDS
from amlrunbook.simulator.endpoint import Endpoint
from tests.simulator.blob_world import advance, service, storage_world
from tests.simulator_fixtures import Wire

API = "2023-05-01"
ACCOUNTS = "@/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts"


@pytest.fixture(scope="module")
def azure(tmp_path_factory) -> Iterator[Endpoint]:
    with storage_world(tmp_path_factory.mktemp("leases")) as endpoint:
        yield endpoint


@pytest.fixture
def container(azure, request) -> Iterator[Any]:
    with service(azure, "plain") as client:
        yield client.create_container(f"c{crc32(request.node.name.encode())}")


def refusal(call: Any, *args: Any, **options: Any) -> tuple[int | None, str]:
    with pytest.raises(HttpResponseError) as caught:
        call(*args, **options)
    code = caught.value.error_code
    return caught.value.status_code, str(getattr(code, "value", code))


def test_a_lease_runs_out_by_the_worlds_clock(azure, container):
    blob = container.upload_blob("one", b"x")
    lease = blob.acquire_lease(15)
    assert refusal(blob.upload_blob, b"y", overwrite=True) == (412, "LeaseIdMissing")
    advance(azure, 16.0)
    assert blob.get_blob_properties().lease.state == "expired"
    lease.renew()
    advance(azure, 16.0)
    blob.upload_blob(b"y", overwrite=True)
    assert blob.get_blob_properties().lease.state == "available"
    assert refusal(lease.renew) == (409, "LeaseIdMismatchWithLeaseOperation")


def test_a_lease_is_breaking_for_its_period(azure, container):
    blob = container.upload_blob("one", b"x")
    lease = blob.acquire_lease()
    assert lease.break_lease(30) == 30
    assert blob.get_blob_properties().lease.state == "breaking"
    assert refusal(blob.acquire_lease) == (409, "LeaseAlreadyPresent")
    assert refusal(lease.renew) == (409, "LeaseIsBrokenAndCannotBeRenewed")
    assert refusal(blob.delete_blob) == (412, "LeaseIdMissing")
    blob.upload_blob(b"y", overwrite=True, lease=lease)
    advance(azure, 31.0)
    assert blob.get_blob_properties().lease.state == "broken"
    assert blob.acquire_lease(60).id != lease.id
    (listed,) = container.list_blobs()
    assert (listed.lease.status, listed.lease.state) == ("locked", "leased")


@pytest.mark.parametrize("priority", REHYDRATION_SECONDS)
def test_the_way_out_of_the_archive_takes_hours(azure, container, priority):
    blob = container.upload_blob("one", b"kept", standard_blob_tier=StandardBlobTier.ARCHIVE)
    assert refusal(blob.download_blob) == (409, "BlobArchived")
    blob.set_standard_blob_tier("Cool", rehydrate_priority=priority)
    found = blob.get_blob_properties()
    assert (found.blob_tier, found.archive_status) == ("Archive", "rehydrate-pending-to-cool")
    assert refusal(blob.set_standard_blob_tier, "Hot") == (409, "BlobBeingRehydrated")
    assert refusal(blob.download_blob) == (409, "BlobArchived")
    (listed,) = container.list_blobs()
    assert (listed.blob_tier, listed.archive_status) == ("Archive", "rehydrate-pending-to-cool")
    advance(azure, REHYDRATION_SECONDS[priority] + 1)
    found = blob.get_blob_properties()
    assert (found.blob_tier, found.archive_status) == ("Cool", None)
    assert blob.download_blob().readall() == b"kept"


def test_archived_blobs_keep_an_account_from_a_second_region(azure, container):
    blob = container.upload_blob("one", b"x", standard_blob_tier=StandardBlobTier.ARCHIVE)
    body = {"sku": {"name": "Standard_GRS"}}
    with Wire(azure) as wire:
        refused = wire.ask("PATCH", f"{ACCOUNTS}/plain", API, body=body)
        assert (refused.status_code, refused.json()["error"]["code"]) == (
            409,
            "AccountHasArchivedBlobs",
        )
        blob.delete_blob()
        assert wire.ask("PATCH", f"{ACCOUNTS}/plain", API, body=body).status_code == 200
        back = {"sku": {"name": "Standard_LRS"}}
        assert wire.ask("PATCH", f"{ACCOUNTS}/plain", API, body=back).status_code == 200


def test_zones_have_no_archive(azure):
    with service(azure, "versioned") as client:
        blob = client.create_container("zones").upload_blob("one", b"x")
        refused = refusal(blob.set_standard_blob_tier, "Archive")
    assert refused == (409, "OperationNotSupportedOnAccount")


def test_a_previous_version_copied_over_its_blob_brings_it_back(azure):
    with service(azure, "versioned") as client:
        container = client.create_container("back")
        first = container.upload_blob("one", b"good").get_blob_properties()
        container.upload_blob("one", b"bad", overwrite=True)
        blob = container.get_blob_client("one")
        copied = blob.start_copy_from_url(f"{blob.url}?versionId={first.version_id}")
        assert copied["copy_status"] == "success"
        assert blob.download_blob().readall() == b"good"
        assert len(list(container.list_blobs(include=["versions"]))) == 3
        assert blob.get_blob_properties().copy.source.endswith(first.version_id)


def test_a_blob_is_copied_to_another_account_and_not_from_elsewhere(azure, container):
    source = container.upload_blob("one", b"x", metadata={"from": "here"})
    with service(azure, "soft") as client:
        there = client.create_container("copies").get_blob_client("two")
        there.upload_blob_from_url(source.url, source_authorization="Bearer of the caller")
        assert there.download_blob().readall() == b"x"
        assert there.get_blob_properties().metadata == {"from": "here"}
        missing = f"{source.url}-not"
        assert refusal(there.start_copy_from_url, missing) == (404, "CannotVerifyCopySource")
        elsewhere = "https://elsewhere.example/container/blob"
        assert refusal(there.start_copy_from_url, elsewhere) == (400, "CannotVerifyCopySource")
        lease = there.acquire_lease()
        assert refusal(there.start_copy_from_url, source.url) == (412, "LeaseIdMissing")
        there.start_copy_from_url(source.url, destination_lease=lease)
        assert there.get_blob_properties().lease.state == "leased"
