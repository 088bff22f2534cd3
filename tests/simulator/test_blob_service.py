"""The blob service, driven by the real azure-storage-blob with nothing patched."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob import BlobServiceClient, BlobType, ContainerClient

from amlrunbook.simulator import process
from amlrunbook.simulator.endpoint import Endpoint
from tests.simulator.blob_world import advance, credential, revision, service, storage_world

DAY = 86_400


@pytest.fixture(scope="module")
def azure(tmp_path_factory) -> Iterator[Endpoint]:
    with storage_world(tmp_path_factory.mktemp("storage")) as endpoint:
        yield endpoint


@pytest.fixture
def plain(azure) -> Iterator[ContainerClient]:
    """A container of an account without any protection."""
    yield from a_container(service(azure, "plain"))


@pytest.fixture
def soft(azure) -> Iterator[ContainerClient]:
    """A container of an account with soft delete."""
    yield from a_container(service(azure, "soft"))


@pytest.fixture
def versioned(azure) -> Iterator[ContainerClient]:
    """A container of an account with versioning and soft delete."""
    yield from a_container(service(azure, "versioned"))


def a_container(client: BlobServiceClient) -> Iterator[ContainerClient]:
    taken = {item.name for item in client.list_containers(include_deleted=True)}
    number = next(n for n in range(1000) if f"case-{n}" not in taken)
    with client, client.create_container(f"case-{number}") as container:
        yield container


def refusal(call, *args, **kwargs) -> tuple[int | None, str]:
    with pytest.raises(HttpResponseError) as caught:
        call(*args, **kwargs)
    code = caught.value.error_code
    return caught.value.status_code, str(getattr(code, "value", code))


def names(container: ContainerClient, **options) -> list[str]:
    return [item.name for item in container.list_blobs(**options)]


def md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


# --- reading and writing ---


def test_a_blob_comes_back_as_it_was_written(plain):
    data = os.urandom(3000)
    answer = plain.upload_blob("folder/näme & <more>.bin", data, metadata={"owner": "ops"})
    properties = plain.get_blob_client("folder/näme & <more>.bin").get_blob_properties()
    assert plain.download_blob("folder/näme & <more>.bin").readall() == data
    assert properties.size == 3000
    assert properties.etag == answer.get_blob_properties().etag
    assert properties.metadata == {"owner": "ops"}
    assert properties.blob_type is BlobType.BLOCKBLOB
    assert bytes(properties.content_settings.content_md5) == md5(data)
    assert properties.last_modified.tzinfo is not None
    assert names(plain) == ["folder/näme & <more>.bin"]


def test_an_empty_blob_and_a_name_that_xml_cannot_carry(plain):
    plain.upload_blob("empty\x01name", b"")
    assert names(plain) == ["empty\x01name"]
    assert plain.download_blob("empty\x01name").readall() == b""


def test_ranges(plain):
    blob = plain.upload_blob("digits", b"0123456789")
    assert blob.download_blob(offset=2, length=3).readall() == b"234"
    assert blob.download_blob(offset=8).readall() == b"89"
    assert refusal(blob.download_blob, offset=10, length=1) == (416, "InvalidRange")


def test_a_large_blob_goes_up_in_blocks_and_comes_back(azure, plain):
    data = os.urandom(300_000)
    with service(
        azure, "plain", max_single_put_size=65_536, max_block_size=65_536, max_chunk_get_size=50_000,
        max_single_get_size=50_000,
    ) as client:  # fmt: skip
        blob = client.get_blob_client(plain.container_name, "large")
        blob.upload_blob(data)
        assert blob.download_blob().readall() == data
        committed, staged = blob.get_block_list("all")
    assert [block.size for block in committed] == [65_536] * 4 + [37_856]
    assert staged == []


def test_staged_blocks_are_invisible_until_they_are_committed(plain):
    blob = plain.get_blob_client("staged")
    for key in ("b1", "b2"):
        blob.stage_block(key, key.encode() * 10)
    assert names(plain) == []
    assert refusal(blob.get_blob_properties)[0] == 404
    assert [block.size for block in blob.get_block_list("uncommitted")[1]] == [20, 20]
    assert refusal(blob.commit_block_list, ["b1", "b9"]) == (
        400,
        "InvalidBlockList",
    )
    blob.commit_block_list(["b2", "b1"])
    assert blob.download_blob().readall() == b"b2" * 10 + b"b1" * 10
    assert blob.get_block_list("uncommitted")[1] == []


def test_an_append_blob_grows_and_keeps_its_order(plain):
    blob = plain.get_blob_client("anchors.log")
    blob.create_append_blob()
    first = blob.append_block(b"one\n", appendpos_condition=0)
    second = blob.append_block(b"two\n", appendpos_condition=4)
    assert (first["blob_append_offset"], second["blob_append_offset"]) == ("0", "4")
    assert second["blob_committed_block_count"] == 2
    assert refusal(blob.append_block, b"three\n", appendpos_condition=4) == (
        412,
        "AppendPositionConditionNotMet",
    )
    assert refusal(blob.append_block, b"three\n", maxsize_condition=9) == (
        412,
        "MaxBlobSizeConditionNotMet",
    )
    assert blob.download_blob().readall() == b"one\ntwo\n"
    assert blob.get_blob_properties().append_blob_committed_block_count == 2


def test_appending_to_a_block_blob_is_refused(plain):
    blob = plain.upload_blob("block", b"x")
    assert refusal(blob.append_block, b"y") == (409, "InvalidBlobType")


def test_a_wrong_digest_is_refused(azure, plain):
    from azure.core.rest import HttpRequest

    client = plain.get_blob_client("digest")
    token = credential(azure).get_token("https://storage.azure.com/.default").token
    request = HttpRequest(
        "PUT",
        client.url,
        headers={
            "Authorization": f"Bearer {token}",
            "x-ms-version": "2024-08-04",
            "x-ms-blob-type": "BlockBlob",
            "Content-MD5": base64.b64encode(md5(b"other")).decode(),
        },
        content=b"data",
    )
    answer = client._client._client.send_request(request)
    assert answer.status_code == 400
    assert answer.headers["x-ms-error-code"] == "Md5Mismatch"
    assert names(plain) == []


# --- conditions ---


def test_conditions_on_reads_and_writes(plain):
    blob = plain.upload_blob("conditional", b"1")
    etag = blob.get_blob_properties().etag
    assert refusal(plain.upload_blob, "conditional", b"2") == (
        409,
        "BlobAlreadyExists",
    )
    with pytest.raises(ResourceExistsError):
        plain.upload_blob("conditional", b"2", overwrite=False)
    plain.upload_blob(
        "conditional",
        b"2",
        overwrite=True,
        etag=etag,
        match_condition=MatchConditions.IfNotModified,
    )
    with pytest.raises(ResourceModifiedError):
        plain.upload_blob(
            "conditional",
            b"3",
            overwrite=True,
            etag=etag,
            match_condition=MatchConditions.IfNotModified,
        )
    new = blob.get_blob_properties().etag
    assert new != etag
    unchanged = {"etag": new, "match_condition": MatchConditions.IfModified}
    assert refusal(blob.get_blob_properties, **unchanged)[0] == 304
    assert refusal(blob.download_blob, **unchanged)[0] == 304
    assert refusal(blob.delete_blob, if_unmodified_since=long_ago()) == (
        412,
        "ConditionNotMet",
    )
    assert blob.download_blob(if_modified_since=long_ago()).readall() == b"2"


def long_ago() -> datetime:
    return datetime.now(UTC) - timedelta(days=400)


# --- lists ---


def test_lists_go_by_page_prefix_and_delimiter(plain):
    for name in ("a/1", "a/2", "a/b/3", "c", "d/4"):
        plain.upload_blob(name, b"x", metadata={"n": name.replace("/", "-")})
    assert names(plain) == ["a/1", "a/2", "a/b/3", "c", "d/4"]
    assert names(plain, name_starts_with="a/") == ["a/1", "a/2", "a/b/3"]
    pages = [
        [item.name for item in page] for page in plain.list_blobs(results_per_page=2).by_page()
    ]
    assert pages == [["a/1", "a/2"], ["a/b/3", "c"], ["d/4"]]
    walked = sorted(item.name for item in plain.walk_blobs(delimiter="/"))
    assert walked == ["a/", "c", "d/"]
    walked = sorted(i.name for i in plain.walk_blobs(name_starts_with="a/", delimiter="/"))
    assert walked == ["a/1", "a/2", "a/b/"]
    pages = [
        [item.name for item in page]
        for page in plain.walk_blobs(delimiter="/", results_per_page=1).by_page()
    ]
    assert pages == [["a/"], ["c"], ["d/"]]
    listed = {item.name: item.metadata for item in plain.list_blobs(include=["metadata"])}
    assert listed["a/b/3"] == {"n": "a-b-3"}
    assert not any(item.metadata for item in plain.list_blobs())


def test_containers_are_listed_by_page_and_prefix(azure):
    with service(azure, "plain") as client:
        for number in range(3):
            client.create_container(f"list-{number}", metadata={"number": str(number)})
        found = client.list_containers(
            name_starts_with="list-", include_metadata=True, results_per_page=2
        )
        pages = [[(item.name, item.metadata) for item in page] for page in found.by_page()]
        for number in range(3):
            client.delete_container(f"list-{number}")
    assert pages == [
        [("list-0", {"number": "0"}), ("list-1", {"number": "1"})],
        [("list-2", {"number": "2"})],
    ]


# --- what is not there ---


def test_what_is_not_there_is_said_in_azures_codes(azure, plain):
    with service(azure, "plain") as client:
        nowhere = client.get_container_client("nowhere")
        assert refusal(nowhere.get_container_properties)[0] == 404
        assert refusal(lambda: names(nowhere)) == (404, "ContainerNotFound")
        assert refusal(nowhere.upload_blob, "x", b"x") == (
            404,
            "ContainerNotFound",
        )
        assert refusal(client.create_container, plain.container_name) == (
            409,
            "ContainerAlreadyExists",
        )
        assert refusal(client.create_container, "Upper_Case")[0] == 400
    with pytest.raises(ResourceNotFoundError):
        plain.download_blob("nothing")
    assert refusal(plain.delete_blob, "nothing") == (404, "BlobNotFound")


def test_no_token_and_a_foreign_token_are_refused(azure):
    from azure.core.credentials import AccessToken

    class Forged:
        def get_token(self, *scopes, **kwargs):
            return AccessToken("not.a.token", 4_000_000_000)

    with (
        BlobServiceClient(
            f"{azure.base_url}/blob/plain",
            credential=Forged(),
            connection_verify=azure.ca_file,
            retry_total=0,
        ) as client,
        pytest.raises(ClientAuthenticationError) as caught,
    ):
        client.get_service_properties()
    assert caught.value.status_code == 401
    assert "Bearer" in caught.value.response.headers["WWW-Authenticate"]


def test_an_account_that_does_not_exist_has_no_name(azure):
    with service(azure, "nobody") as client, pytest.raises(AzureError) as caught:
        client.get_service_properties()
    assert not isinstance(caught.value, HttpResponseError)


def test_what_is_not_simulated_is_said_so(plain):
    blob = plain.upload_blob("leased", b"x")
    assert refusal(blob.set_blob_tags, {"a": "b"}) == (501, "NotImplemented")


# --- deleting and bringing back ---


def test_without_protection_deleted_is_gone(plain):
    blob = plain.upload_blob("x", b"x")
    blob.delete_blob()
    assert names(plain, include=["deleted", "versions", "snapshots"]) == []
    assert refusal(blob.undelete_blob)[0] == 404


def test_soft_deleted_blobs_come_back(azure, soft):
    blob = soft.upload_blob("x", b"kept")
    blob.delete_blob()
    advance(azure, 1)
    assert names(soft) == []
    (deleted,) = soft.list_blobs(include=["deleted"])
    assert deleted.deleted
    assert deleted.remaining_retention_days == 6
    assert deleted.deleted_time is not None
    before = revision(azure)
    blob.undelete_blob()
    assert revision(azure) > before
    assert blob.download_blob().readall() == b"kept"
    blob.undelete_blob()  # idempotent


def test_an_overwritten_blob_is_kept_as_a_deleted_snapshot(soft):
    soft.upload_blob("x", b"first")
    blob = soft.upload_blob("x", b"second", overwrite=True)
    listed = list(soft.list_blobs(include=["deleted", "snapshots"]))
    assert [(item.deleted or False, item.snapshot is not None) for item in listed] == [
        (True, True),
        (False, False),
    ]
    blob.undelete_blob()
    (kept, _) = soft.list_blobs(include=["snapshots"])
    old = soft.get_blob_client("x", snapshot=kept.snapshot)
    assert old.download_blob().readall() == b"first"
    assert blob.download_blob().readall() == b"second"


def test_a_snapshot_must_be_deleted_with_its_blob(plain):
    blob = plain.upload_blob("x", b"1")
    taken = blob.create_snapshot()["snapshot"]
    plain.upload_blob("x", b"2", overwrite=True)
    assert plain.get_blob_client("x", snapshot=taken).download_blob().readall() == b"1"
    assert refusal(blob.delete_blob) == (409, "SnapshotsPresent")
    blob.delete_blob(delete_snapshots="only")
    assert names(plain, include=["snapshots"]) == ["x"]
    blob.create_snapshot()
    blob.delete_blob(delete_snapshots="include")
    assert names(plain, include=["snapshots"]) == []


def test_versions_keep_what_was_overwritten_and_deleted(versioned):
    blob = versioned.upload_blob("x", b"first")
    versioned.upload_blob("x", b"second", overwrite=True)
    listed = list(versioned.list_blobs(include=["versions"]))
    assert [item.is_current_version or False for item in listed] == [False, True]
    first, second = (item.version_id for item in listed)
    assert blob.download_blob(version_id=first).readall() == b"first"
    blob.delete_blob()
    assert names(versioned) == []
    listed = list(versioned.list_blobs(include=["versions"]))
    assert [item.version_id for item in listed] == [first, second]
    assert refusal(blob.get_blob_properties)[0] == 404
    blob.delete_blob(version_id=first)
    assert [i.version_id for i in versioned.list_blobs(include=["versions"])] == [second]
    assert len(list(versioned.list_blobs(include=["versions", "deleted"]))) == 2
    blob.undelete_blob()
    assert len(list(versioned.list_blobs(include=["versions"]))) == 2


def test_the_current_version_is_not_deleted_by_its_id(versioned):
    answer = versioned.get_blob_client("x").upload_blob(b"x")
    blob = versioned.get_blob_client("x")
    assert refusal(blob.delete_blob, version_id=answer["version_id"])[0] == 403


def test_a_soft_deleted_container_comes_back_with_its_blobs(azure, soft):
    soft.upload_blob("inside", b"kept")
    name = soft.container_name
    soft.delete_container()
    with service(azure, "soft") as client:
        assert name not in {item.name for item in client.list_containers()}
        (deleted,) = (item for item in client.list_containers(include_deleted=True) if item.deleted)
        assert deleted.name == name
        assert refusal(soft.list_blobs().__next__)[0] == 404
        assert refusal(client.undelete_container, name, "0000000000000000")[0] == 404
        client.undelete_container(name, deleted.version)
        assert soft.download_blob("inside").readall() == b"kept"
        assert refusal(client.undelete_container, name, deleted.version) == (
            409,
            "ContainerAlreadyExists",
        )


def test_retention_ends_on_the_worlds_clock(tmp_path):
    with storage_world(tmp_path) as own, service(own, "soft") as client:
        container = client.create_container("short")
        container.upload_blob("x", b"x").delete_blob()
        client.create_container("gone").delete_container()
        advance(own, 5 * DAY + 1)
        assert not [c for c in client.list_containers(include_deleted=True) if c.deleted]
        (left,) = container.list_blobs(include=["deleted"])
        assert left.remaining_retention_days == 1
        advance(own, 2 * DAY)
        assert names(container, include=["deleted"]) == []
        assert refusal(container.get_blob_client("x").undelete_blob)[0] == 404


# --- the service itself ---


def test_service_properties_say_what_the_resource_manager_set(azure):
    with service(azure, "soft") as client:
        policy = client.get_service_properties()["delete_retention_policy"]
        assert (policy.enabled, policy.days) == (True, 7)
        assert client.get_account_information()["sku_name"] == "Standard_RAGRS"
    with service(azure, "plain") as client:
        assert not client.get_service_properties()["delete_retention_policy"].enabled


def test_reads_leave_the_revision_and_writes_raise_it(azure, plain):
    before = revision(azure)
    plain.get_container_properties()
    names(plain)
    assert revision(azure) == before
    plain.upload_blob("x", b"x")
    assert revision(azure) > before


def test_killed_and_started_again_it_has_what_it_had(tmp_path):
    with storage_world(tmp_path, own=True) as first, service(first, "plain") as client:
        container = client.create_container("kept")
        container.upload_blob("x", b"still here")
        log = container.get_blob_client("log")
        log.create_append_blob()
        log.append_block(b"one\n")
        os.kill(first.pid, signal.SIGKILL)
        process._children.pop(first.pid).wait()
        again = process.reach(tmp_path / "azure")
        assert again.pid != first.pid
        assert container.download_blob("x").readall() == b"still here"
        log.append_block(b"two\n", appendpos_condition=4)
        assert log.download_blob().readall() == b"one\ntwo\n"


def test_a_caller_without_the_data_role_is_refused(tmp_path):
    """Where the world narrows what the caller may do, its data actions count."""
    with storage_world(tmp_path, own=True) as endpoint, service(endpoint, "plain") as client:
        container = client.create_container("guarded")
        container.upload_blob("x", b"x")
        folder = tmp_path / "azure"
        process.stop(folder)
        world = json.loads((folder / "world.json").read_bytes())
        account = world["accounts"]["plain"]["resource_id"].lower()
        reader = {
            "actions": ["*"],
            "dataActions": ["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"],
        }
        world["facets"][account] = {"permissions": [reader]}
        (folder / "world.json").write_text(json.dumps(world), encoding="utf-8")
        process.reach(folder)
        assert container.download_blob("x").readall() == b"x"
        refused = (403, "AuthorizationPermissionMismatch")
        assert refusal(container.upload_blob, "y", b"y") == refused
        assert refusal(container.delete_blob, "x") == refused
        assert refusal(client.create_container, "other") == refused
