"""azure-mgmt-storage drives the simulated storage provider: failover above all."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.mgmt.storage import StorageManagementClient

from amlrunbook.simulator.geo import BOOTSTRAP_SECONDS
from amlrunbook.simulator.geo_takeover import FLAG_SECONDS
from tests.simulator.sdks.clients import EAST, WEST, Clients, refused


def made(azure: Clients, name: str, sku: str = "Standard_RAGRS") -> Any:
    """Create an account and wait for its first copy."""
    body = {"location": "eastus", "kind": "StorageV2", "sku": {"name": sku}}
    account = azure.storage.storage_accounts.begin_create(EAST, name, body).result()
    azure.pass_time(BOOTSTRAP_SECONDS + 1)
    return account


def stats(azure: Clients, name: str) -> Any:
    expand = "geoReplicationStats"
    account = azure.storage.storage_accounts.get_properties(EAST, name, expand=expand)
    return account.geo_replication_stats


def test_accounts_are_listed_and_read(azure):
    accounts = azure.storage.storage_accounts
    listed = {account.name: account for account in accounts.list()}
    assert {"stfraude", "stfraudw", "stfrauddata"} <= set(listed)
    assert [a.name for a in accounts.list_by_resource_group(WEST)] == ["stfraudw"]
    one = accounts.get_properties(WEST, "stfraudw")
    assert (one.sku.name, one.primary_location) == ("Standard_RAGRS", "westus")
    assert one.secondary_endpoints.blob.endswith("/blob/stfraudw-secondary/")
    assert one.geo_replication_stats is None
    live = accounts.get_properties(WEST, "stfraudw", expand="geoReplicationStats")
    assert live.geo_replication_stats.status == "Live"
    assert live.geo_replication_stats.last_sync_time is not None
    assert len(accounts.list_keys(WEST, "stfraudw").keys_property) == 2
    taken = accounts.check_name_availability(
        {"name": "stfraudw", "type": "Microsoft.Storage/storageAccounts"}
    )
    assert (taken.name_available, taken.reason) == (False, "AlreadyExists")


def test_services_below_an_account(azure):
    storage = azure.storage
    service = storage.blob_services.get_service_properties(EAST, "stfraude")
    before = service.delete_retention_policy
    changed = storage.blob_services.set_service_properties(
        EAST,
        "stfraude",
        {"properties": {"deleteRetentionPolicy": {"enabled": True, "days": 9}}},
    )
    assert (before.days, changed.delete_retention_policy.days) != (9, 8)
    assert changed.delete_retention_policy.days == 9
    containers = {c.name: c for c in storage.blob_containers.list(EAST, "stfraude")}
    (name,) = [n for n in containers if n.startswith("azureml-blobstore-")]
    assert storage.blob_containers.get(EAST, "stfraude", name).id == containers[name].id
    with refused(404, "ManagementPolicyNotFound"):
        storage.management_policies.get(EAST, "stfraude", "default")
    assert list(storage.object_replication_policies.list(EAST, "stfraude")) == []


def test_a_share_is_deleted_listed_and_restored(azure):
    shares, name = azure.storage.file_shares, made(azure, "stshares", "Standard_LRS").name
    kept = {"properties": {"shareDeleteRetentionPolicy": {"enabled": True, "days": 7}}}
    azure.storage.file_services.set_service_properties(EAST, name, kept)
    shares.create(EAST, name, "notebooks", {"properties": {"shareQuota": 5}})
    shares.delete(EAST, name, "notebooks")
    (gone,) = [s for s in shares.list(EAST, name, expand="deleted") if s.deleted]
    which = {"deletedShareName": "notebooks", "deletedShareVersion": gone.version}
    shares.restore(EAST, name, "notebooks", which)
    assert [share.name for share in shares.list(EAST, name)] == ["notebooks"]


def test_an_unplanned_failover(azure):
    made(azure, "stunplanned")
    assert stats(azure, "stunplanned").can_failover
    accounts = azure.storage.storage_accounts
    poller = accounts.begin_failover(EAST, "stunplanned", failover_type=None)
    with refused(409, "AccountFailoverInProgress"):
        accounts.begin_failover(EAST, "stunplanned", failover_type=None)
    poller.result()
    after = accounts.get_properties(EAST, "stunplanned")
    assert (after.location, after.primary_location) == ("eastus", "westus")
    assert (after.sku.name, after.secondary_location) == ("Standard_LRS", None)
    assert after.failover_in_progress
    azure.pass_time(FLAG_SECONDS + 1)
    assert not accounts.get_properties(EAST, "stunplanned").failover_in_progress
    again = accounts.update(EAST, "stunplanned", {"sku": {"name": "Standard_RAGRS"}})
    assert again.secondary_location == "eastus"
    assert stats(azure, "stunplanned").status == "Bootstrap"


def test_a_planned_failover_is_the_clients_default(azure):
    made(azure, "stplanned")
    accounts = azure.storage.storage_accounts
    accounts.begin_failover(EAST, "stplanned").result()
    after = accounts.get_properties(EAST, "stplanned")
    assert (after.primary_location, after.secondary_location) == ("westus", "eastus")
    assert after.sku.name == "Standard_RAGRS"


def test_a_failover_that_cannot_be(azure):
    made(azure, "stlocal", "Standard_LRS")
    assert stats(azure, "stlocal") is None
    with refused(400, "AccountFailoverNotSupported"):
        azure.storage.storage_accounts.begin_failover(EAST, "stlocal", failover_type=None)


def test_a_lock_blocks_what_it_must(azure):
    with refused(409, "ScopeLocked"):
        azure.storage.storage_accounts.delete(WEST, "stfraudw")


def test_a_deleted_account_is_listed_and_comes_back(azure):
    account = made(azure, "stgone", "Standard_LRS")
    accounts = azure.storage.storage_accounts
    accounts.delete(EAST, "stgone")
    with pytest.raises(ResourceNotFoundError):
        accounts.get_properties(EAST, "stgone")
    (gone,) = [d for d in azure.storage.deleted_accounts.list() if d.name == "stgone"]
    same = azure.storage.deleted_accounts.get("stgone", "eastus")
    assert same.storage_account_resource_id == gone.storage_account_resource_id == account.id
    body = {
        "location": "eastus",
        "kind": "StorageV2",
        "sku": {"name": "Standard_LRS"},
        "properties": {"deletedAccountCreationTime": gone.creation_time},
    }
    accounts.begin_create(EAST, "stgone", body).result()
    assert accounts.get_properties(EAST, "stgone").creation_time == account.creation_time


def test_errors_have_the_clients_own_types(azure):
    accounts = azure.storage.storage_accounts
    with pytest.raises(ResourceNotFoundError) as missing:
        accounts.get_properties(EAST, "nosuchaccount")
    assert missing.value.error.code == "ResourceNotFound"
    with pytest.raises(ResourceNotFoundError) as nowhere:
        accounts.get_properties("no-such-group", "stfraude")
    assert nowhere.value.error.code == "ResourceGroupNotFound"
    body = {"location": "westus", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    with pytest.raises(ResourceExistsError) as taken:
        accounts.begin_create(WEST, "stfraude", body)
    assert taken.value.error.code == "StorageAccountAlreadyTaken"
    old = azure.open(
        StorageManagementClient, azure.endpoint.subscription_id, api_version="2001-01-01"
    )
    with refused(400, "NoRegisteredProviderFound"):
        old.storage_accounts.get_properties(EAST, "stfraude")


def test_throttling_is_told_and_then_waited_for(azure):
    accounts = azure.storage.storage_accounts
    with (
        azure.fault(kind="throttle", path="*/stfraude", retry_after=7, count=1),
        refused(429, "TooManyRequests") as caught,
    ):
        accounts.get_properties(EAST, "stfraude", retry_total=0)
    assert caught.value.response.headers["Retry-After"] == "7"
    with azure.fault(kind="throttle", path="*/stfraude", retry_after=0, count=1):
        found = accounts.get_properties(EAST, "stfraude", retry_total=3)
    assert found.name == "stfraude"
