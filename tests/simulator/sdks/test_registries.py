"""azure-mgmt-containerregistry drives the simulated registry provider: replications."""

from __future__ import annotations

import pytest
from azure.core.exceptions import ResourceNotFoundError

from amlrunbook.simulator.container_registry import SYNC_SECONDS
from tests.simulator.sdks.clients import EAST, Clients, refused


def test_registries_are_listed_and_read(azure):
    registries = azure.registries.registries
    assert "crfraud" in {r.name for r in registries.list()}
    assert "crfraud" in {r.name for r in registries.list_by_resource_group(EAST)}
    one = registries.get(EAST, "crfraud")
    assert (one.sku.name, one.provisioning_state) == ("Premium", "Succeeded")
    assert registries.list_usages(EAST, "crfraud").value[0].name == "Size"
    kind = "Microsoft.ContainerRegistry/registries"
    taken = registries.check_name_availability({"name": "crfraud", "type": kind})
    free = registries.check_name_availability({"name": "crfreename", "type": kind})
    assert (taken.name_available, taken.reason) == (False, "AlreadyExists")
    assert free.name_available
    assert {replica.name for replica in azure.registries.replications.list(EAST, "crfraud")} == {
        "eastus",
        "westus",
    }
    with refused(400, "UnAuthorizedForCredentialOperations"):
        registries.list_credentials(EAST, "crfraud")


def registry(azure: Clients, name: str, sku: str = "Premium") -> str:
    body = {"location": "eastus", "sku": {"name": sku}}
    azure.registries.registries.begin_create(EAST, name, body).result()
    return name


def test_a_replication_has_succeeded_while_it_still_syncs(azure):
    name = registry(azure, "crsync")
    replications = azure.registries.replications
    made = replications.begin_create(EAST, name, "westus", {"location": "westus"}).result()
    assert (made.provisioning_state, made.status.display_status) == ("Succeeded", "Syncing")
    azure.pass_time(SYNC_SECONDS + 1)
    assert replications.get(EAST, name, "westus").status.display_status == "Ready"
    closed = {"properties": {"regionEndpointEnabled": False}}
    changed = replications.begin_update(EAST, name, "westus", closed).result()
    assert changed.region_endpoint_enabled is False
    with refused(400, "CannotDeleteHomeReplication"):
        replications.begin_delete(EAST, name, "eastus").result()
    replications.begin_delete(EAST, name, "westus").result()
    assert [r.name for r in replications.list(EAST, name)] == ["eastus"]


def test_only_premium_is_replicated(azure):
    name = registry(azure, "crbasic", "Basic")
    with refused(400, "FeatureNotSupportedBySku"):
        azure.registries.replications.begin_create(
            EAST, name, "westus", {"location": "westus"}
        ).result()


def test_a_deleted_registry_is_gone(azure):
    name = registry(azure, "crgone", "Standard")
    azure.registries.registries.begin_delete(EAST, name).result()
    with pytest.raises(ResourceNotFoundError):
        azure.registries.registries.get(EAST, name)
