# ruff: noqa: FBT003 - a row's value is the field's own
"""A check counts only if one field of a documented or recorded body flips its verdict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from amlrunbook.assessment import CATALOGUE, assess
from amlrunbook.model.snapshot import Inventory
from tests.unit.assessment.bodies import (
    ABSENT,
    PRIMARY,
    SECONDARY,
    SUBSCRIPTION,
    changed,
    example,
    needs_shared,
    placed,
    recorded,
    resource,
    workspace,
)
from tests.unit.assessment.more_rows import MORE_ROWS
from tests.unit.assessment.own_rows import OWN_ROWS
from tests.unit.assessment.rows import Around, Row, after, beside, finding

WORKSPACE = "Microsoft.MachineLearningServices/workspaces"
ACCOUNTS = "Microsoft.Storage/storageAccounts"
REGISTRIES = "Microsoft.ContainerRegistry/registries"
VAULTS = "Microsoft.KeyVault/vaults"


def ms(name: str) -> Callable[[], dict[str, Any]]:
    return lambda: example(name)


def ms_placed(name: str, parent: str, collection: str, kind: str) -> Callable[[], dict[str, Any]]:
    return lambda: placed(example(name), parent, collection, kind)


GEO = ms("storage/StorageAccountGetPropertiesGeoReplicationStatscanFailoverTrue")
GEO_ID = "/subscriptions/{subscription-id}/resourceGroups/res9407/providers/Microsoft.Storage/storageAccounts/sto8596"
SERVICES_OF = "/subscriptions/{subscription-id}/resourceGroups/res4410/providers/Microsoft.Storage/storageAccounts/sto8607"
VAULT = ms("vault/getVault")
VAULT_ID = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/sample-resource-group/providers/Microsoft.KeyVault/vaults/sample-vault"
REGISTRY_ID = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/myResourceGroup/providers/Microsoft.ContainerRegistry/registries/myRegistry"
PREMIUM = {**resource(REGISTRY_ID, REGISTRIES), "sku": {"name": "Premium"}}
COMPONENT_ID = "/subscriptions/subid/resourceGroups/my-resource-group/providers/Microsoft.Insights/components/my-component"
LOGS_ID = "/subscriptions/subid/resourcegroups/my-resource-group/providers/microsoft.operationalinsights/workspaces/my-workspace"
LOGS = "Microsoft.OperationalInsights/workspaces"
W = ms("ml/Workspace/get")
STORAGE_OF_W = f"{SUBSCRIPTION}/resourceGroups/accountcrud-1234/providers/Microsoft.Storage/storageAccounts/testStorageAccount"
GROUP_OF_W = f"{SUBSCRIPTION}/resourceGroups/workspace-1234/providers"
ASSOCIATED = (
    resource(STORAGE_OF_W, ACCOUNTS, "eastus2euap"),
    resource(f"{GROUP_OF_W}/Microsoft.KeyVault/vaults/testkv", VAULTS),
    resource(
        f"{GROUP_OF_W}/microsoft.insights/components/testinsights",
        "Microsoft.Insights/components",
        "eastus2euap",
    ),
    resource(f"{GROUP_OF_W}/Microsoft.ContainerRegistry/registries/testRegistry", REGISTRIES),
)
PAIR = (workspace(PRIMARY, "eastus"), workspace(SECONDARY, "westus"))
ASSETS_IN = "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/testrg123/providers/Microsoft.MachineLearningServices/workspaces"
COMPUTES_IN = "/subscriptions/34adfa4f-cedf-4dc0-ba29-b6d1a69ab345/resourceGroups/testrg123/providers/Microsoft.MachineLearningServices/workspaces/workspaces123"


def pair_with_twin(primary: str, collection: str, name: str, **properties: Any) -> Around:
    """Return a pair whose secondary has a child of that name."""
    twin = resource(f"{SECONDARY}/{collection}/{name}", f"{WORKSPACE}/{collection}", **properties)
    twin["name"] = name
    return after(workspace(primary, "eastus"), workspace(SECONDARY, "westus"), twin)


def assets(collection: str, where: str, body: str, name: str, flipped: str) -> Row:
    primary = f"{ASSETS_IN}/{where}"
    return Row(
        f"assets.{collection}-in-both", ms(f"ml/Workspace/{body}/get"), "name", "another", "pass", flipped,
        pair_with_twin(primary, collection, name), primary,
    )  # fmt: skip


def lock_on(check: str, kind: str, resource_id: str) -> Row:
    def body() -> dict[str, Any]:
        found = example("locks/ManagementLocks_ListAtResourceLevel")
        return {**found, "id": f"{resource_id}/providers/Microsoft.Authorization/locks/testlock"}

    around = beside(resource(resource_id, kind))
    return Row(check, body, "properties.level", "CanNotDelete", "warn", "pass", around, resource_id)


ENDPOINT = ms_placed(
    "ml/Workspace/OnlineEndpoint/get", PRIMARY, "onlineEndpoints", f"{WORKSPACE}/onlineEndpoints"
)
DEPLOYMENT = ms_placed(
    "ml/OnlineDeployment/ManagedOnlineDeployment/get",
    f"{PRIMARY}/onlineEndpoints/e",
    "deployments",
    f"{WORKSPACE}/onlineEndpoints/deployments",
)
BATCH = ms_placed(
    "ml/Workspace/BatchEndpoint/get", PRIMARY, "batchEndpoints", f"{WORKSPACE}/batchEndpoints"
)
DATASTORE = ms_placed("ml/Datastore/get", PRIMARY, "datastores", f"{WORKSPACE}/datastores")

# fmt: off
ROWS = (
    Row("workspace.secondary-exists", W, "location", "westus", "pass", "fail", beside(workspace())),
    Row("workspace.secondary-region-differs", W, "location", "westus", "pass", "fail", beside(workspace())),
    Row("workspace.secondary-region-open", W, "location", "norwaywest", "pass", "warn", after(workspace())),
    Row("workspace.provisioning-state", W, "properties.provisioningState", "Failed", "warn", "fail"),
    Row("workspace.identity-type", W, "identity.type", "UserAssigned", "pass", "warn"),
    Row("workspace.dependencies-exist", W, "properties.keyVault", VAULT_ID, "pass", "fail", beside(*ASSOCIATED)),
    Row("workspace.dependencies-in-region", W, "location", "westus", "pass", "fail", beside(*ASSOCIATED)),
    Row("workspace.customer-managed-key", W, "properties.encryption.status", "Disabled", "warn", "pass"),
    Row("workspace.image-build-compute", W, "properties.imageBuildCompute", ABSENT, "pass", "warn"),
    Row("workspace.network-parity", W, "properties.privateEndpointConnections", [], "fail", "pass",
        beside(workspace(publicNetworkAccess="Disabled"))),
    lock_on("workspace.lock", WORKSPACE, PRIMARY),
    Row("storage.zone-or-geo-redundant", GEO, "sku.name", "Standard_LRS", "pass", "fail"),
    Row("storage.default-account-zone-redundant", GEO, "sku.name", "Standard_GZRS", "warn", "pass",
        beside(workspace(storageAccount=GEO_ID))),
    Row("storage.geo-redundant-data", GEO, "sku.name", "Standard_ZRS", "pass", "fail", beside(workspace())),
    Row("storage.read-access", GEO, "sku.name", "Standard_RAGRS", "warn", "pass"),
    Row("storage.default-account-apart", W, "properties.storageAccount", GEO_ID, "pass", "fail",
        beside(workspace(storageAccount=GEO_ID), resource(GEO_ID, ACCOUNTS)), GEO_ID),
    Row("storage.geo-failover-possible", GEO, "properties.geoReplicationStats.canFailover", False, "pass", "fail"),
    Row("storage.geo-replication-live", GEO, "properties.geoReplicationStats.status", "Unavailable", "pass", "fail"),
    Row("storage.last-sync", GEO, "properties.geoReplicationStats.lastSyncTime", ABSENT, "pass", "fail"),
    Row("storage.endpoints-available", GEO, "properties.statusOfPrimary", "unavailable", "pass", "fail"),
    lock_on("storage.lock", ACCOUNTS, STORAGE_OF_W),
    Row("storage.blob-soft-delete", ms("storage/BlobServicesGet"), "properties.deleteRetentionPolicy.enabled", False,
        "pass", "fail", judged=SERVICES_OF),
    Row("storage.container-soft-delete", ms("storage/BlobServicesGet"), "properties.containerDeleteRetentionPolicy",
        {"enabled": True, "days": 7}, "fail", "pass", judged=SERVICES_OF),
    Row("storage.share-soft-delete", ms("storage/FileServicesGet"), "properties.shareDeleteRetentionPolicy",
        {"enabled": True, "days": 7}, "fail", "pass", judged=SERVICES_OF),
    Row("storage.versioning", ms("storage/BlobServicesGet"), "properties.isVersioningEnabled", False,
        "pass", "warn", judged=SERVICES_OF),
    Row("storage.blob-retention", ms("storage/BlobServicesGet"), "properties.deleteRetentionPolicy.days", 7,
        "pass", "warn", judged=SERVICES_OF),
    Row("storage.permanent-delete-off", ms("storage/BlobServicesGet"),
        "properties.deleteRetentionPolicy.allowPermanentDelete", True, "pass", "warn", judged=SERVICES_OF),
    Row("keyvault.soft-delete", VAULT, "properties.enableSoftDelete", False, "pass", "fail"),
    Row("keyvault.purge-protection", VAULT, "properties.enablePurgeProtection", True, "fail", "pass"),
    Row("keyvault.retention", VAULT, "properties.softDeleteRetentionInDays", 7, "pass", "warn"),
    Row("keyvault.region-replicates", VAULT, "location", "Brazil South", "pass", "fail"),
    Row("keyvault.usable-after-switch", VAULT, "location", "westus3", "warn", "fail",
        beside(workspace(PRIMARY, keyVault=VAULT_ID), workspace(SECONDARY, keyVault=VAULT_ID))),
    lock_on("keyvault.lock", VAULTS, VAULT_ID),
    Row("registry.premium", ms("registry/RegistryGet"), "sku.name", "Premium", "fail", "pass"),
    Row("registry.geo-replication", ms("registry/ReplicationGet"), "location", "westus", "pass", "fail",
        beside(PREMIUM), REGISTRY_ID),
    Row("registry.replica-in-secondary", ms("registry/ReplicationGet"), "location", "northeurope", "pass", "fail",
        beside(PREMIUM, workspace(PRIMARY, "westus", containerRegistry=REGISTRY_ID), workspace(SECONDARY, "eastus")),
        REGISTRY_ID),
    Row("registry.replica-ready", ms("registry/ReplicationGet"), "properties.status.displayStatus", "Syncing",
        "pass", "warn", beside(PREMIUM), REGISTRY_ID),
    Row("registry.zone-redundancy", ms("registry/RegistryGet"), "properties.zoneRedundancy", "Enabled", "fail", "pass"),
    lock_on("registry.lock", REGISTRIES, REGISTRY_ID),
    Row("insights.workspace-based", ms("insights/ComponentsGet"), "properties.IngestionMode", "ApplicationInsights",
        "pass", "fail"),
    Row("insights.one-per-workspace", W, "properties.applicationInsights", COMPONENT_ID, "pass", "warn",
        beside(workspace(applicationInsights=COMPONENT_ID), resource(COMPONENT_ID, "Microsoft.Insights/components")),
        COMPONENT_ID),
    Row("insights.logs-there", ms("insights/ComponentsGet"), "properties.WorkspaceResourceId", f"{LOGS_ID}-2",
        "pass", "warn", beside(resource(LOGS_ID, LOGS, provisioningState="Succeeded"))),
    Row("logs.replication", ms("logs/WorkspacesGet"), "properties.replication", {"enabled": True, "location": "westus"},
        "warn", "pass"),
    Row("compute.in-both-regions", ms("ml/Compute/get/AmlCompute"), "name", "another", "pass", "warn",
        pair_with_twin(COMPUTES_IN, "computes", "compute123")),
    Row("compute.capacity-parity", ms("ml/Compute/get/AmlCompute"), "properties.properties.scaleSettings.maxNodeCount", 5,
        "pass", "warn", pair_with_twin(COMPUTES_IN, "computes", "compute123",
                                       properties={"scaleSettings": {"maxNodeCount": 4}})),
    Row("compute.instance-local-disk", ms("ml/Compute/get/ComputeInstance"), "properties.computeType", "AmlCompute",
        "warn", "not-applicable"),
    Row("compute.provisioning-state", ms("ml/Compute/get/AmlCompute"), "properties.provisioningState", "Failed",
        "pass", "fail"),
    Row("compute.legacy-aks", ms("ml/Compute/get/AKSCompute"), "properties.isAttachedCompute", True, "fail", "warn"),
    Row("compute.lasting-size", ms("ml/Compute/get/AmlCompute"), "properties.properties.vmSize", "STANDARD_DS3_V2",
        "warn", "pass"),
    Row("endpoint.in-both-regions", ENDPOINT, "name", "another", "pass", "fail",
        pair_with_twin(PRIMARY, "onlineEndpoints", "string")),
    Row("endpoint.provisioning-state", ENDPOINT, "properties.provisioningState", "Succeeded", "warn", "pass"),
    Row("endpoint.traffic-set", ENDPOINT, "properties.traffic.string", 100, "fail", "pass"),
    Row("endpoint.default-set", BATCH, "properties.defaults.deploymentName", ABSENT, "pass", "fail",
        beside(resource(f"{PRIMARY}/batchEndpoints/string/deployments/string", f"{WORKSPACE}/batchEndpoints/deployments"))),
    Row("endpoint.traffic-served", ENDPOINT, "properties.traffic", {"green": 100}, "pass", "fail",
        beside(resource(f"{PRIMARY}/onlineEndpoints/string/deployments/string", f"{WORKSPACE}/onlineEndpoints/deployments"))),
    Row("endpoint.deployment-succeeded", DEPLOYMENT, "properties.provisioningState", "Failed", "warn", "fail"),
    Row("endpoint.three-instances", DEPLOYMENT, "sku.capacity", 3, "warn", "pass"),
    Row("endpoint.lasting-size", DEPLOYMENT, "properties.instanceType", "Standard_NC6s_v3", "pass", "warn"),
    Row("datastore.in-both-regions", DATASTORE, "name", "another", "pass", "fail",
        pair_with_twin(PRIMARY, "datastores", "string")),
    Row("datastore.data-apart", DATASTORE, "properties.accountName", "teststorageaccount", "pass", "warn",
        beside(workspace(PRIMARY, storageAccount=STORAGE_OF_W))),
    assets("models", "workspace123", "ModelContainer", "testContainer", "fail"),
    assets("environments", "testworkspace", "EnvironmentContainer", "testEnvironment", "fail"),
    assets("data", "workspace123", "DataContainer", "datacontainer123", "fail"),
    Row("assets.components-in-both", ms_placed("ml/Workspace/ComponentContainer/get", PRIMARY, "components",
        f"{WORKSPACE}/components"), "name", "another", "pass", "warn", pair_with_twin(PRIMARY, "components", "string"),
        PRIMARY),
)
# fmt: on


def test_every_check_has_a_row() -> None:
    """Runs without the shared data: a check without a row is a check that nobody has seen work."""
    rows = {row.check for row in (*ROWS, *MORE_ROWS, *OWN_ROWS)}
    assert sorted(rows) == sorted({rule.id for rule in CATALOGUE})


@needs_shared
@pytest.mark.parametrize("row", [*ROWS, *MORE_ROWS], ids=lambda row: row.check)
def test_one_field_of_a_documented_body_flips_the_verdict(row: Row) -> None:
    flips(row)


@pytest.mark.parametrize("row", OWN_ROWS, ids=lambda row: row.check)
def test_one_field_of_a_body_of_documented_fields_flips_the_verdict(row: Row) -> None:
    flips(row)


def flips(row: Row) -> None:
    body = row.body()
    judged = row.judged or body["id"]
    before = finding(row, row.around(body), judged)
    after_ = finding(row, row.around(changed(body, row.path, row.value)), judged)
    assert (before.verdict, after_.verdict) == (row.before, row.after), (before, after_)
    assert before.observed != after_.observed


BLOBS = f"{ACCOUNTS}/blobServices"
# fmt: off
RECORDED = (
    ("storage.blob-soft-delete", ("test_storage_account_ors", BLOBS), "properties.deleteRetentionPolicy.enabled", True, "fail", "pass"),
    ("storage.zone-or-geo-redundant", ("test_storage_account_failover", ACCOUNTS), "sku.name", "Standard_LRS", "pass", "fail"),
    ("registry.premium", ("test_acr_with_zone_redundancy", REGISTRIES), "sku.name", "Basic", "pass", "fail"),
    ("registry.zone-redundancy", ("test_acr_with_zone_redundancy", REGISTRIES, 1), "properties.zoneRedundancy", "Disabled", "pass", "fail"),
    ("compute.provisioning-state", ("test_compute_list", f"{WORKSPACE}/computes"), "properties.provisioningState", "Failed", "pass", "fail"),
    ("logs.replication", ("test_monitor_log_analytics_workspace_recover", LOGS), "properties.replication", {"enabled": True}, "warn", "pass"),
    ("endpoint.traffic-set", ("test_online_endpoint_code_asset_id", f"{WORKSPACE}/onlineEndpoints"), "properties.traffic", {"blue": 100}, "fail", "pass"),
)
# fmt: on


@needs_shared
@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case[0])
def test_one_field_of_a_recorded_body_flips_the_verdict(case: Any) -> None:
    check, source, path, value, before, flipped = case
    body = recorded(*source)
    judged = body["id"].rsplit("/blobServices/", 1)[0]
    row = Row(check, lambda: body, path, value, before, flipped)
    assert finding(row, [body], judged).verdict == before
    assert finding(row, [changed(body, path, value)], judged).verdict == flipped


@needs_shared
@pytest.mark.parametrize("row", [*ROWS, *MORE_ROWS, *OWN_ROWS], ids=lambda row: row.check)
def test_an_unread_body_never_passes(row: Row) -> None:
    """Whatever stands around it: the same body with ``unread`` in place of its properties."""
    body = row.body()
    judged = row.judged or body["id"]
    unread = {key: body[key] for key in ("id", "name", "type") if key in body}
    documents = row.around({**unread, "unread": "no answer in time"})
    found = [
        f.verdict
        for f in assess(Inventory(tuple(documents)), row.profile, taken_at=row.taken_at)
        if f.check == row.check and f.resource.lower() == judged.lower()
    ]
    if judged == body["id"]:
        assert found == ["unknown"]
    else:
        assert "pass" not in found
