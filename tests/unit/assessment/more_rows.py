# ruff: noqa: FBT003 - a row's value is the field's own
"""Rows over Microsoft's own examples: data accounts, parity, identity, quota, connections, networks, gateways of traffic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import structs

from amlrunbook.model.profile import DataAccount, Profile, Side, Targets
from tests.unit.assessment.bodies import (
    PRIMARY,
    SECONDARY,
    SUBSCRIPTION,
    changed,
    example,
    placed,
    resource,
    workspace,
)
from tests.unit.assessment.rows import Around, Row, after, beside

WORKSPACE = "Microsoft.MachineLearningServices/workspaces"
ACCOUNTS = "Microsoft.Storage/storageAccounts"
GEO_ID = "/subscriptions/{subscription-id}/resourceGroups/res9407/providers/Microsoft.Storage/storageAccounts/sto8596"
SERVICES_OF = "/subscriptions/{subscription-id}/resourceGroups/res4410/providers/Microsoft.Storage/storageAccounts/sto8607"
COMPUTES_IN = "/subscriptions/34adfa4f-cedf-4dc0-ba29-b6d1a69ab345/resourceGroups/testrg123/providers/Microsoft.MachineLearningServices/workspaces/workspaces123"
CLUSTER_OF = "/subscriptions/34adfa4f-cedf-4dc0-ba29-b6d1a69ab345/resourcegroups/testrg123/providers/Microsoft.ContainerService/managedClusters/compute123-56826-c9b00420020b2"
MODELS_IN = f"{SUBSCRIPTION}/resourceGroups/testrg123/providers/Microsoft.MachineLearningServices/workspaces/workspace123"
REGISTRY_ID = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/myResourceGroup/providers/Microsoft.ContainerRegistry/registries/myRegistry"
VAULT_ID = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/sample-resource-group/providers/Microsoft.KeyVault/vaults/sample-vault"
LOGS_ID = "/subscriptions/subid/resourcegroups/my-resource-group/providers/microsoft.operationalinsights/workspaces/my-workspace"
ENDPOINT_ID = (
    f"{SUBSCRIPTION}/resourceGroups/rg-1234/providers/Microsoft.Network/privateEndpoints/petest01"
)
PAIR = (workspace(PRIMARY, "eastus"), workspace(SECONDARY, "westus"))


def ms(name: str) -> Callable[[], dict[str, Any]]:
    return lambda: example(name)


def put(name: str, parent: str, collection: str, **more: Any) -> Callable[[], dict[str, Any]]:
    """Return an example whose ids are ``string``, put into a workspace, with fields that a row needs as they stand."""

    def body() -> dict[str, Any]:
        found = placed(example(name), parent, collection, f"{WORKSPACE}/{collection}")
        for path, value in more.items():
            found = changed(found, path.replace("__", "."), value)
        return found

    return body


def twin(collection: str, name: str = "string", **properties: Any) -> dict[str, Any]:
    made = resource(f"{SECONDARY}/{collection}/{name}", f"{WORKSPACE}/{collection}", **properties)
    return {**made, "name": name}


def paired(*others: dict[str, Any], primary: str = PRIMARY) -> Around:
    return after(workspace(primary, "eastus"), workspace(SECONDARY, "westus"), *others)


def deployment(workspace_id: str, model: str, capacity: int) -> dict[str, Any]:
    kind = f"{WORKSPACE}/onlineEndpoints/deployments"
    made = resource(f"{workspace_id}/onlineEndpoints/string/deployments/string", kind, model=model,
                    endpointComputeType="Managed", instanceType="Standard_DS3_v2")  # fmt: skip
    return {**made, "name": "string", "sku": {"capacity": capacity}}


ENDPOINT = put("ml/Workspace/OnlineEndpoint/get", PRIMARY, "onlineEndpoints")
MINE = deployment(PRIMARY, f"{PRIMARY}/models/fraud/versions/7", 4)
THEIRS = deployment(SECONDARY, f"{SECONDARY}/models/fraud/versions/7", 4)
TWIN = twin("onlineEndpoints", authMode="AMLToken", compute="other", traffic={"string": 100})
PROFILE = Profile(
    format=1,
    name="pair",
    subscription="x",
    primary=Side(workspace=PRIMARY, region="eastus"),
    secondary=Side(workspace=SECONDARY, region="westus"),
    data_accounts=(DataAccount(id=GEO_ID),),
)
STAMP = "2018-10-30T00:30:00Z"


def quota_of(value: list[dict[str, Any]], what: str) -> dict[str, Any]:
    place = f"{SUBSCRIPTION}/providers/Microsoft.MachineLearningServices/locations/westus/{what}"
    kind = f"Microsoft.MachineLearningServices/locations/{what}"
    return {"id": place, "type": kind, "name": what, "properties": {"value": value}}


def _whole(name: str) -> list[dict[str, Any]]:
    from tests.unit.assessment.bodies import _EXAMPLES, SPECS, _read

    body = _read(SPECS / _EXAMPLES["ml"] / f"{name}.json")
    values: list[dict[str, Any]] = body["responses"]["200"]["body"]["value"]
    return values


def usages() -> dict[str, Any]:
    """Return Microsoft's list of usages, of which 22 cores of the DSv2 family are left."""
    return quota_of(_whole("Usage/list"), "usages")


def with_sizes(*others: dict[str, Any]) -> Around:
    return lambda body: [*others, quota_of(_whole("VirtualMachineSize/list"), "vmSizes"), body]


CLUSTER = resource(f"{PRIMARY}/computes/cpu", f"{WORKSPACE}/computes", computeType="AmlCompute",
                   properties={"vmSize": "Standard_DS3_v2", "scaleSettings": {"maxNodeCount": 5}})  # fmt: skip
USED_UP = [
    {
        "id": "/x",
        "name": {"value": "Standard DSv2 Family Cluster Dedicated vCPUs"},
        "limit": 12,
        "currentValue": 0,
    }
]
ROLES = "Microsoft.Authorization/roleAssignments"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"


def role(scope: str, name: str = "r", role_id: str = OWNER, **more: Any) -> dict[str, Any]:
    made = resource(f"{scope}/providers/{ROLES}/{name}", ROLES, roleDefinitionId=f"/providers/x/{role_id}",
                    principalId="p-1", principalType="User", **more)  # fmt: skip
    return {**made, "name": name}


def granted() -> dict[str, Any]:
    """Return Microsoft's example of an assignment, on the primary workspace's resource group."""
    found = example("roles/RoleAssignments_ListForScope")
    group = PRIMARY.split("/providers/", maxsplit=1)[0]
    return {**found, "id": f"{group}/providers/{ROLES}/{found['name']}"}


def connected(body: dict[str, Any], status: str = "Approved") -> dict[str, Any]:
    """Return a resource with Microsoft's example of a private endpoint connection."""
    connection = changed(
        example("ml/PrivateEndpointConnection/get"),
        "properties.privateLinkServiceConnectionState.status",
        status,
    )
    return changed(body, "properties.privateEndpointConnections", [connection])


def private_endpoint(location: str = "westus") -> dict[str, Any]:
    return resource(ENDPOINT_ID, "Microsoft.Network/privateEndpoints", location)


def shared_registry() -> dict[str, Any]:
    return example("registry/RegistryGet")


USERS = (
    workspace(PRIMARY, "westus", containerRegistry=REGISTRY_ID),
    workspace(SECONDARY, "eastus", containerRegistry=REGISTRY_ID),
)
FROM_REGISTRY = deployment(PRIMARY, "azureml://registries/string/models/fraud/versions/7", 4)
ML_REGISTRY = "Microsoft.MachineLearningServices/registries"


def ml_registry() -> dict[str, Any]:
    found = example("ml/Registries/get-SystemCreated")
    place = f"{SUBSCRIPTION}/resourceGroups/rg/providers/{ML_REGISTRY}/string"
    made = {**found, "id": place, "type": ML_REGISTRY, "location": "westus"}
    (region,) = made["properties"]["regionDetails"]
    region["location"] = "westus"
    account = region["storageAccountDetails"][0]["systemCreatedStorageAccount"]
    account["storageAccountType"] = "Standard_GRS"
    return made


def connection(category: str, target: str) -> Callable[[], dict[str, Any]]:
    def body() -> dict[str, Any]:
        found = example("ml/WorkspaceConnection/list")
        found |= {"id": f"{PRIMARY}/connections/connection-1", "name": "connection-1"}
        return changed(changed(found, "properties.category", category), "properties.target", target)

    return body


SQL = f"{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Sql/servers/db1"
SERVER = resource(SQL, "Microsoft.Sql/servers", fullyQualifiedDomainName="db1.database.windows.net")
GROUP = {
    **resource(f"{SQL}/failoverGroups/fog", "Microsoft.Sql/servers/failoverGroups"),
    "name": "fog",
}
PROFILE_TM = ms("traffic/Profile-GET-WithEndpoints")


def two_endpoints() -> dict[str, Any]:
    found = PROFILE_TM()
    first = found["properties"]["endpoints"][0]
    second = changed(first, "properties.endpointLocation", "East US")
    found["properties"]["endpoints"] = [first, second]
    return found


def group_in(location: str) -> dict[str, Any]:
    place = PRIMARY.split("/providers/", maxsplit=1)[0]
    return {
        "id": place,
        "type": "Microsoft.Resources/resourceGroups",
        "name": "workspace-1234",
        "location": location,
        "properties": {"provisioningState": "Succeeded"},
    }


# fmt: off
MORE_ROWS = (
    Row("storage.last-sync-within-rpo", ms("storage/StorageAccountGetPropertiesGeoReplicationStatscanFailoverTrue"),
        "properties.geoReplicationStats.lastSyncTime", "2018-10-29T23:00:00Z", "pass", "fail",
        after(*PAIR), taken_at=STAMP, profile=PROFILE),
    Row("storage.failover-within-rto", ms("storage/StorageAccountGetPropertiesGeoReplicationStatscanFailoverTrue"),
        "sku.name", "Standard_RAGRS", "warn", "pass", after(*PAIR),
        profile=structs.replace(PROFILE, targets=Targets(rto="PT30M"))),
    Row("storage.planned-failover-possible", ms("storage/StorageAccountGetPropertiesGeoReplicationStatscanFailoverTrue"),
        "properties.geoReplicationStats.canPlannedFailover", False, "pass", "warn", after(*PAIR)),
    Row("storage.point-in-time-restore", ms("storage/BlobServicesGet"), "properties.restorePolicy",
        {"enabled": True, "days": 7}, "warn", "pass", judged=SERVICES_OF),
    Row("storage.attached-to-both", put("ml/Datastore/get", PRIMARY, "datastores", properties__accountName="sto8596"),
        "properties.accountName", "another", "pass", "fail",
        paired({**resource(GEO_ID, ACCOUNTS), "name": "sto8596"}, twin("datastores", accountName="sto8596")), GEO_ID),
    Row("datalake.failover", ms("storage/StorageAccountGetPropertiesGeoReplicationStatscanFailoverTrue"),
        "properties.geoReplicationStats.canFailover", False, "pass", "warn"),
    Row("registry.home-region", shared_registry, "location", "northeurope", "warn", "pass", beside(*USERS)),
    Row("registry.export-allowed", shared_registry, "properties.policies.exportPolicy.status", "disabled", "pass", "warn"),
    Row("insights.logs-in-region", ms("insights/ComponentsGet"), "location", "westeurope", "pass", "warn",
        beside(resource(LOGS_ID, "Microsoft.OperationalInsights/workspaces", "southcentralus"))),
    Row("logs.retention", ms("logs/WorkspacesGet"), "properties.retentionInDays", 90, "warn", "pass"),
    Row("compute.dedicated", ms("ml/Compute/get/AmlCompute"), "properties.properties.vmPriority", "LowPriority", "pass", "warn"),
    Row("compute.same-size", ms("ml/Compute/get/AmlCompute"), "properties.properties.vmSize", "STANDARD_D2", "pass", "warn",
        paired(twin("computes", "compute123", properties={"vmSize": "STANDARD_NC6"}), primary=COMPUTES_IN)),
    Row("compute.retired-kind", ms("ml/Compute/get/KubernetesCompute"), "properties.computeType", "DataLakeAnalytics",
        "pass", "fail"),
    Row("compute.attached-there", ms("ml/Compute/get/KubernetesCompute"), "properties.resourceId", f"{CLUSTER_OF}-2",
        "pass", "fail", beside(resource(CLUSTER_OF, "Microsoft.ContainerService/managedClusters"))),
    Row("compute.attached-apart", ms("ml/Compute/get/KubernetesCompute"), "properties.resourceId", f"{CLUSTER_OF}-2",
        "fail", "pass", paired(twin("computes", "compute123", computeType="Kubernetes", resourceId=CLUSTER_OF), primary=COMPUTES_IN)),
    Row("endpoint.auth-parity", ENDPOINT, "properties.authMode", "Key", "pass", "fail", paired(TWIN)),
    Row("endpoint.no-keys", ENDPOINT, "properties.authMode", "AADToken", "warn", "pass"),
    Row("endpoint.same-models", ENDPOINT, "properties.traffic", {"other": 100}, "fail", "pass",
        paired(TWIN, MINE, deployment(SECONDARY, f"{SECONDARY}/models/fraud/versions/6", 4),
               {**deployment(PRIMARY, f"{PRIMARY}/models/fraud/versions/6", 4), "name": "other",
                "id": f"{PRIMARY}/onlineEndpoints/string/deployments/other"})),
    Row("endpoint.capacity-parity", put("ml/OnlineDeployment/ManagedOnlineDeployment/get",
        f"{PRIMARY}/onlineEndpoints/string", "deployments"), "sku.capacity", 5, "pass", "warn",
        lambda body: [*PAIR, TWIN, {**body, "type": f"{WORKSPACE}/onlineEndpoints/deployments"}, THEIRS, ENDPOINT()],
        f"{PRIMARY}/onlineEndpoints/string"),
    Row("endpoint.cluster-bound", ENDPOINT, "properties.compute", "other", "pass", "fail", paired(TWIN)),
    Row("datastore.same-place", put("ml/Datastore/get", PRIMARY, "datastores"), "properties.containerName", "old",
        "pass", "warn", paired(twin("datastores", datastoreType="AzureBlob", accountName="string", containerName="string"))),
    Row("datastore.identity", put("ml/Datastore/get", PRIMARY, "datastores"), "properties.credentials.credentialsType",
        "None", "warn", "pass"),
    Row("datastore.gen1", put("ml/Datastore/get", PRIMARY, "datastores"), "properties.datastoreType",
        "AzureDataLakeGen1", "pass", "fail"),
    Row("schedule.in-both-regions", put("ml/Schedule/get", PRIMARY, "schedules"), "name", "another", "pass", "warn",
        paired(twin("schedules"))),
    Row("schedule.runs-once", put("ml/Schedule/get", PRIMARY, "schedules"), "properties.isEnabled", True, "pass", "warn",
        paired(twin("schedules", isEnabled=True))),
    Row("assets.model-latest", lambda: changed(example("ml/Workspace/ModelContainer/get"), "properties.latestVersion", "7"),
        "properties.latestVersion", "8", "pass", "fail",
        paired(twin("models", "testContainer", latestVersion="7"), primary=MODELS_IN)),
    Row("mlregistry.regions", ml_registry, "properties.regionDetails", [{"location": "eastus"}], "pass", "fail",
        beside(*PAIR, FROM_REGISTRY)),
    Row("mlregistry.storage-redundancy", ml_registry, "properties.regionDetails", [{"location": "westus",
        "storageAccountDetails": [{"systemCreatedStorageAccount": {"storageAccountType": "Standard_LRS"}}]}],
        "pass", "warn"),
    Row("mlregistry.home-region", ml_registry, "location", "eastus", "pass", "warn", beside(*PAIR, FROM_REGISTRY)),
    Row("identity.roles-in-both", granted, "id", f"{PRIMARY}/providers/{ROLES}/x", "pass", "fail", paired(), PRIMARY),
    Row("identity.who-can-grant", granted, "properties.roleDefinitionId", f"/x/{OWNER}", "warn", "pass",
        after(*PAIR), PRIMARY),
    Row("identity.secondary-prepared", ms("ml/Workspace/get"), "identity.type", "SystemAssigned", "pass", "warn",
        lambda body: [workspace(SECONDARY, "westus"), body, role(SUBSCRIPTION)]),
    Row("identity.endpoint-roles", ENDPOINT, "identity.type", "UserAssigned", "pass", "warn"),
    Row("quota.inference-in-secondary", usages, "properties.value", USED_UP, "pass", "fail",
        with_sizes(*PAIR, resource(f"{PRIMARY}/onlineEndpoints/string", f"{WORKSPACE}/onlineEndpoints"), MINE), PRIMARY),
    Row("quota.training-in-secondary", usages, "properties.value", USED_UP, "pass", "warn",
        with_sizes(*PAIR, CLUSTER), PRIMARY),
    Row("connection.in-both-regions", connection("AzureSqlDb", "db1.database.windows.net"), "name", "another",
        "pass", "warn", paired(twin("connections", "connection-1"))),
    Row("connection.target-known", connection("AzureSqlDb", "db1.database.windows.net"), "properties.target",
        "db9.database.windows.net", "pass", "warn", beside(SERVER)),
    Row("connection.names-listener", connection("AzureSqlDb", "jdbc:sqlserver://fog.database.windows.net:1433;database=d"),
        "properties.target", "db1.database.windows.net", "pass", "fail", beside(SERVER, GROUP)),
    Row("network.connections-approved", lambda: connected(example("vault/getVault")), "properties.privateEndpointConnections",
        [{"properties": {"privateLinkServiceConnectionState": {"status": "Pending"}}}], "pass", "fail"),
    Row("network.endpoint-in-secondary", lambda: connected(shared_registry()), "properties.privateEndpointConnections",
        [{"properties": {"privateEndpoint": {"id": f"{ENDPOINT_ID}-2"},
                         "privateLinkServiceConnectionState": {"status": "Approved"}}}], "fail", "pass",
        beside(*USERS, private_endpoint(), {**private_endpoint("eastus"), "id": f"{ENDPOINT_ID}-2"})),
    Row("network.reachable", ms("vault/getVault"), "properties.publicNetworkAccess", "Disabled", "pass", "fail"),
    Row("group.location", lambda: group_in("westus"), "location", "eastus", "pass", "fail", beside(*PAIR)),
    Row("trafficmanager.endpoints", two_endpoints, "properties.endpoints", [], "pass", "fail"),
    Row("trafficmanager.ttl", PROFILE_TM, "properties.dnsConfig.ttl", 300, "pass", "warn"),
    Row("trafficmanager.healthy", PROFILE_TM, "properties.endpoints",
        [{"name": "e", "properties": {"endpointMonitorStatus": "Degraded"}}], "pass", "fail"),
    Row("trafficmanager.method", PROFILE_TM, "properties.trafficRoutingMethod", "Geographic", "pass", "warn"),
    Row("trafficmanager.enabled", PROFILE_TM, "properties.profileStatus", "Disabled", "pass", "fail"),
)
# fmt: on
"""One row a check whose body Microsoft's documents show."""
