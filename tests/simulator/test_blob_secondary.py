"""The secondary of the blob service: read-only, trailing, and not there for everybody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from azure.core.exceptions import AzureError, HttpResponseError

from amlrunbook.simulator import process
from amlrunbook.simulator.endpoint import Endpoint
from tests.simulator.blob_world import advance, service, storage_world

LAG = 120
"""Seconds that replication trails in a world that says nothing of it."""


@pytest.fixture
def azure(tmp_path) -> Iterator[Endpoint]:
    with storage_world(tmp_path) as endpoint:
        yield endpoint


def code(call, *args, **kwargs) -> tuple[int | None, str]:
    with pytest.raises(HttpResponseError) as caught:
        call(*args, **kwargs)
    found = caught.value.error_code
    return caught.value.status_code, str(getattr(found, "value", found))


def names(container, **options) -> list[str]:
    return [item.name for item in container.list_blobs(**options)]


def test_stats_are_the_secondarys_and_in_lower_case(azure):
    with service(azure, "soft") as client:
        geo = client.get_service_stats()["geo_replication"]
    assert geo["status"] == "live"
    behind = (datetime.now(UTC) - geo["last_sync_time"]).total_seconds()
    assert LAG - 5 < behind < LAG + 30
    with service(azure, "growing") as client:
        geo = client.get_service_stats()["geo_replication"]
    assert geo == {"status": "bootstrap", "last_sync_time": None}


def test_the_primary_has_no_stats(azure):
    from azure.core.rest import HttpRequest

    with service(azure, "soft") as client:
        request = HttpRequest("GET", f"{client.url}?restype=service&comp=stats")
        answer = client._client._client.send_request(request)
    assert answer.status_code == 400


def test_accounts_without_a_readable_secondary(azure):
    with service(azure, "hidden") as client:
        assert code(client.get_service_stats) == (403, "InsufficientAccountPermissions")
    with service(azure, "plain") as client, pytest.raises(AzureError) as caught:
        client.get_service_stats()
    assert not isinstance(caught.value, HttpResponseError)


def test_writes_go_to_the_primary_alone(azure):
    with service(azure, "soft", secondary=True) as client:
        assert code(client.create_container, "new") == (403, "InsufficientAccountPermissions")
        old = client.get_container_client("old")
        assert code(old.delete_blob, "from-the-scenario.txt")[0] == 403
        assert code(old.upload_blob, "x", b"x")[0] == 403
        assert old.download_blob("from-the-scenario.txt").readall() == b"written long ago"


def test_the_secondary_trails(azure):
    """What was written, overwritten and deleted just now is not yet so on the secondary."""
    with service(azure, "soft") as here, service(azure, "soft", secondary=True) as there:
        primary, secondary = here.get_container_client("new"), there.get_container_client("new")
        primary.create_container()
        primary.upload_blob("kept", b"1")
        primary.upload_blob("deleted", b"1")
        log = primary.get_blob_client("log")
        log.create_append_blob()
        log.append_block(b"one\n")
        assert [c.name for c in there.list_containers()] == ["old"]
        assert code(secondary.download_blob, "kept")[0] == 404
        advance(azure, LAG + 60)
        primary.upload_blob("kept", b"2", overwrite=True)
        primary.delete_blob("deleted")
        primary.upload_blob("late", b"1")
        log.append_block(b"two\n")
        assert names(primary) == ["kept", "late", "log"]
        assert names(secondary) == ["deleted", "kept", "log"]
        assert names(secondary, include=["deleted", "snapshots"]) == ["deleted", "kept", "log"]
        assert secondary.download_blob("kept").readall() == b"1"
        assert secondary.download_blob("log").readall() == b"one\n"
        advance(azure, LAG + 60)
        assert names(secondary) == ["kept", "late", "log"]
        assert secondary.download_blob("kept").readall() == b"2"
        assert secondary.download_blob("log").readall() == b"one\ntwo\n"


def test_the_secondary_trails_over_versions_and_deleted_containers(azure):
    with service(azure, "versioned") as here, service(azure, "versioned", secondary=True) as there:
        primary, secondary = here.get_container_client("new"), there.get_container_client("new")
        primary.create_container()
        primary.upload_blob("x", b"1")
        primary.upload_blob("y", b"1")
        advance(azure, LAG + 60)
        primary.upload_blob("x", b"2", overwrite=True)
        primary.delete_blob("y")
        assert secondary.download_blob("x").readall() == b"1"
        assert names(secondary, include=["versions"]) == ["x", "y"]
        advance(azure, LAG + 60)
        assert secondary.download_blob("x").readall() == b"2"
        assert names(secondary) == ["x"]
    with service(azure, "soft") as here, service(azure, "soft", secondary=True) as there:
        here.delete_container("old")
        assert names(there.get_container_client("old")) == ["from-the-scenario.txt"]
        advance(azure, LAG + 60)
        assert list(there.list_containers(include_deleted=True)) == []


def test_reads_fail_over_to_the_secondary_when_the_primary_is_dark(azure):
    process.control(
        azure, "POST", "/faults", {"kind": "dark", "plane": "data", "region": "westeurope"}
    )
    with service(azure, "soft") as client, pytest.raises(AzureError):
        client.get_container_client("old").get_container_properties()
    with service(azure, "soft", secondary=True) as client:
        blob = client.get_blob_client("old", "from-the-scenario.txt")
        assert blob.download_blob().readall() == b"written long ago"


def test_the_sdk_retries_at_the_secondary(azure):
    """The SDK changes hosts by itself, and comes back to the primary on the next retry."""
    from azure.storage.blob import BlobServiceClient, LinearRetry

    from tests.simulator.blob_world import credential

    process.control(
        azure,
        "POST",
        "/faults",
        {"kind": "error", "status": 503, "plane": "data", "region": "westeurope", "count": 2},
    )
    with BlobServiceClient(
        f"{azure.base_url}/blob/soft",
        credential=credential(azure),
        secondary_hostname=f"127.0.0.1:{azure.port}/blob/soft-secondary",
        connection_verify=azure.ca_file,
        retry_policy=LinearRetry(
            backoff=0, retry_total=4, random_jitter_range=0, retry_to_secondary=True
        ),
    ) as client:
        blob = client.get_blob_client("old", "from-the-scenario.txt")
        assert blob.download_blob().readall() == b"written long ago"
