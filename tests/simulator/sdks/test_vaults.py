"""azure-mgmt-keyvault drives the simulated vault provider: deleted, recovered, purged."""

from __future__ import annotations

import pytest
from azure.core.exceptions import ResourceNotFoundError

from tests.simulator.sdks.clients import EAST, WEST, Clients, refused


def body(azure: Clients, **properties: object) -> dict[str, object]:
    sku = {"family": "A", "name": "standard"}
    tenant = azure.endpoint.tenant_id
    return {"location": "eastus", "properties": {"tenantId": tenant, "sku": sku, **properties}}


def test_vaults_are_listed_and_read(azure):
    vaults = azure.vaults.vaults
    assert {"kv-fraud-e", "kv-fraud-w"} <= {v.name for v in vaults.list_by_subscription()}
    assert [v.name for v in vaults.list_by_resource_group(WEST)] == ["kv-fraud-w"]
    assert {"kv-fraud-e", "kv-fraud-w"} <= {v.name for v in vaults.list()}
    one = vaults.get(EAST, "kv-fraud-e").properties
    assert one.vault_uri == f"{azure.endpoint.base_url}/keyvault/kv-fraud-e/"
    assert one.enable_soft_delete is True
    name = {"name": "kv-fraud-e", "type": "Microsoft.KeyVault/vaults"}
    assert vaults.check_name_availability(name).reason == "AlreadyExists"


def test_a_deleted_vault_keeps_its_name_until_it_is_recovered(azure):
    vaults = azure.vaults.vaults
    made = vaults.begin_create_or_update(EAST, "kv-back", body(azure)).result()
    vaults.delete(EAST, "kv-back")
    with pytest.raises(ResourceNotFoundError):
        vaults.get(EAST, "kv-back")
    (gone,) = [v for v in vaults.list_deleted() if v.name == "kv-back"]
    assert gone.properties.vault_id == made.id
    assert gone.properties.scheduled_purge_date > gone.properties.deletion_date
    with refused(409, "ConflictError"):
        vaults.begin_create_or_update(EAST, "kv-back", body(azure)).result()
    back = vaults.begin_create_or_update(EAST, "kv-back", body(azure, createMode="recover"))
    assert back.result().id == made.id
    with pytest.raises(ResourceNotFoundError):
        vaults.get_deleted("kv-back", "eastus")


def test_a_deleted_vault_is_purged_unless_it_is_protected(azure):
    vaults = azure.vaults.vaults
    for name, properties in (("kv-free", {}), ("kv-kept", {"enablePurgeProtection": True})):
        vaults.begin_create_or_update(EAST, name, body(azure, **properties)).result()
        vaults.delete(EAST, name)
    vaults.begin_purge_deleted("kv-free", "eastus").result()
    assert "kv-free" not in {v.name for v in vaults.list_deleted()}
    assert vaults.get_deleted("kv-kept", "eastus").properties.purge_protection_enabled
    with refused(400, "MethodNotAllowed"):
        vaults.begin_purge_deleted("kv-kept", "eastus").result()


def test_what_a_vault_refuses(azure):
    vaults = azure.vaults.vaults
    with refused(404, "DeletedVaultNotFound"):
        vaults.begin_create_or_update(EAST, "kv-none", body(azure, createMode="recover")).result()
    with refused(400, "BadRequest"):
        wrong = body(azure, softDeleteRetentionInDays=3)
        vaults.begin_create_or_update(EAST, "kv-short", wrong).result()
    vaults.update(EAST, "kv-fraud-e", {"tags": {"asked": "by the sdk"}})
    assert vaults.get(EAST, "kv-fraud-e").tags == {"asked": "by the sdk"}
