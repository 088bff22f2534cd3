# ruff: noqa: FBT003 - a row's value is the field's own
"""Rows of services of whose documents none is at hand: bodies of the fields that Azure's reference names, values ours.

References: https://learn.microsoft.com/rest/api/aks/managed-clusters/get and the same page of each service.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amlrunbook.model.profile import Attached, Profile, Side
from tests.unit.assessment.bodies import PRIMARY, SECONDARY, SUBSCRIPTION, resource
from tests.unit.assessment.more_rows import PAIR
from tests.unit.assessment.rows import Row, after, beside

RG = f"{SUBSCRIPTION}/resourceGroups/rg/providers"
NETWORK = f"{RG}/Microsoft.Network"


def one(
    kind: str, name: str = "one", location: str = "eastus", **properties: Any
) -> Callable[[], dict[str, Any]]:
    """Return a resource of a type with the properties that a row is about."""
    return lambda: made(kind, name, location, **properties)


def made(
    kind: str, name: str = "one", location: str = "eastus", **properties: Any
) -> dict[str, Any]:
    provider, *types = kind.split("/")
    names = name.split("/")
    place = "/".join(f"{part}/{called}" for part, called in zip(types, names, strict=True))
    return {**resource(f"{RG}/{provider}/{place}", kind, location, **properties), "name": names[-1]}


def top(body: dict[str, Any], **fields: Any) -> Callable[[], dict[str, Any]]:
    return lambda: {**body, **fields}


def with_partner(kind: str) -> Profile:
    """Return a profile that names ``two`` as the partner of ``one``."""
    return Profile(
        format=1,
        name="pair",
        subscription="x",
        primary=Side(workspace=PRIMARY, region="eastus"),
        secondary=Side(workspace=SECONDARY, region="westus"),
        attached=(Attached(id=made(kind)["id"], partner=made(kind, "two")["id"]),),
    )


def partner(service: str, kind: str) -> Row:
    """Return the row in which the partner of a service is found in the same region."""
    return Row(f"{service}.partner", one(kind, "two", "westus"), "location", "eastus", "pass", "fail",
               beside(made(kind), *PAIR), made(kind)["id"], profile=with_partner(kind))  # fmt: skip


AKS = "Microsoft.ContainerService/managedClusters"
POOL = {"name": "sys", "mode": "System", "count": 3, "availabilityZones": ["1", "2"]}
CLUSTER = made(AKS, agentPoolProfiles=[POOL], powerState={"code": "Running"})
ARC = "Microsoft.Kubernetes/connectedClusters"
EXTENSION = {
    "id": f"{CLUSTER['id']}/providers/Microsoft.KubernetesConfiguration/extensions/azureml",
    "type": "Microsoft.KubernetesConfiguration/extensions",
    "name": "azureml",
    "properties": {
        "extensionType": "Microsoft.AzureML.Kubernetes",
        "provisioningState": "Succeeded",
    },
}
ACI = "Microsoft.ContainerInstance/containerGroups"
BRICKS = "Microsoft.Databricks/workspaces"
HDI = "Microsoft.HDInsight/clusters"
SYNAPSE = "Microsoft.Synapse/workspaces"
ACCOUNTS = "Microsoft.Storage/storageAccounts"
LAKE = {**made(ACCOUNTS, "lake"), "sku": {"name": "Standard_GRS"}}
SQL = "Microsoft.Sql/servers"
DB = made(f"{SQL}/databases", "s/d", zoneRedundant=False, currentBackupStorageRedundancy="Geo",
          failoverGroupId=f"{RG}/{SQL}/s/failoverGroups/g")  # fmt: skip
FOG = made(f"{SQL}/failoverGroups", "s/g", replicationRole="Primary", replicationState="CATCH_UP",
           readWriteEndpoint={"failoverPolicy": "Manual"}, databases=[DB["id"]],
           partnerServers=[{"id": f"{RG}/{SQL}/t", "location": "West US"}])  # fmt: skip
SERVER = made(SQL, "s")
PG = "Microsoft.DBforPostgreSQL/flexibleServers"
WORKSPACES = "Microsoft.MachineLearningServices/workspaces"
MY = "Microsoft.DBforMySQL/flexibleServers"
COSMOS = "Microsoft.DocumentDB/databaseAccounts"
ACCOUNT = made(
    COSMOS,
    locations=[
        {"locationName": "East US", "failoverPriority": 0, "isZoneRedundant": True},
        {"locationName": "West US", "failoverPriority": 1, "isZoneRedundant": True},
    ],
    enableAutomaticFailover=True,
    consistencyPolicy={"defaultConsistencyLevel": "Session"},
    backupPolicy={"type": "Continuous"},
)
APIM = "Microsoft.ApiManagement/service"
GATEWAY = {
    **made(APIM, additionalLocations=[{"location": "West US", "disableGateway": False}]),
    "sku": {"name": "Premium"},
    "zones": ["1", "2"],
}
DOOR = "Microsoft.Cdn/profiles"
ORIGINS = made(f"{DOOR}/originGroups", "one/g", healthProbeSettings={"probePath": "/"})
ORIGIN = f"{DOOR}/originGroups/origins"
ZONE = made("Microsoft.Network/privateDnsZones", "privatelink.blob.core.windows.net", "global")
ENDPOINT = made(
    "Microsoft.Network/privateEndpoints",
    subnet={"id": f"{NETWORK}/virtualNetworks/v/subnets/s"},
    privateLinkServiceConnections=[{"properties": {"privateLinkServiceId": LAKE["id"]}}],
)


def zone_group(endpoint: str = "one") -> dict[str, Any]:
    return made("Microsoft.Network/privateEndpoints/privateDnsZoneGroups", f"{endpoint}/default",
                privateDnsZoneConfigs=[{"properties": {"privateDnsZoneId": ZONE["id"]}}])  # fmt: skip


LINK = made("Microsoft.Network/privateDnsZones/virtualNetworkLinks", f"{ZONE['name']}/l",
            virtualNetwork={"id": f"{NETWORK}/virtualNetworks/v"})  # fmt: skip
REPLICA = {"role": "GeoAsyncReplica", "replicationState": "Active"}

SIZED = {
    **made(PG, storage={"storageSizeGB": 512}),
    "sku": {"name": "Standard_D4ds_v5", "tier": "GeneralPurpose"},
}
SIZED_REPLICA = {
    **made(PG, "two", "westus", replica=REPLICA, sourceServerResourceId=SIZED["id"],
           storage={"storageSizeGB": 512}),
    "sku": {"name": "standard_d4ds_v5", "tier": "GeneralPurpose"},
}  # fmt: skip


def lock(check: str, kind: str) -> Row:
    body = made(kind)
    held = {
        "id": f"{body['id']}/providers/Microsoft.Authorization/locks/l",
        "type": "Microsoft.Authorization/locks",
        "properties": {"level": "ReadOnly"},
    }
    return Row(
        check,
        top(held),
        "properties.level",
        "CanNotDelete",
        "warn",
        "pass",
        beside(body),
        body["id"],
    )


def flexible(service: str, kind: str) -> tuple[Row, ...]:
    backup = {"geoRedundantBackup": "Enabled"}
    server = made(kind, backup=backup, highAvailability={"mode": "ZoneRedundant"}, state="Ready")
    role = {"replica": REPLICA} if kind == PG else {"replicationRole": "Replica"}
    replica = one(kind, "two", "westus", sourceServerResourceId=server["id"], **role)
    return (
        Row(f"{service}.replica", replica, "location", "eastus", "pass", "fail", beside(server), server["id"]),
        Row(f"{service}.geo-backup", top(server), "properties.backup.geoRedundantBackup", "Disabled", "pass", "fail"),
        Row(f"{service}.high-availability", top(server), "properties.highAvailability.mode", "Disabled", "pass", "warn"),
        Row(f"{service}.state", top(server), "properties.state", "Inaccessible", "pass", "fail"),
        lock(f"{service}.lock", kind),
    )  # fmt: skip


# fmt: off
OWN_ROWS = (
    partner("aks", AKS),
    partner("arc", ARC),
    partner("aci", ACI),
    partner("databricks", BRICKS),
    partner("hdinsight", HDI),
    partner("synapse", SYNAPSE),
    Row("aks.zones", top(CLUSTER), "properties.agentPoolProfiles", [{**POOL, "availabilityZones": None}], "pass", "warn"),
    Row("aks.tier", top(CLUSTER, sku={"name": "Base", "tier": "Standard"}), "sku.tier", "Free", "pass", "warn"),
    Row("aks.runs", top(CLUSTER), "properties.powerState.code", "Stopped", "pass", "warn"),
    Row("aks.system-nodes", top(CLUSTER), "properties.agentPoolProfiles", [{**POOL, "count": 1}], "pass", "warn"),
    Row("aks.spot-nodes", top(CLUSTER), "properties.agentPoolProfiles", [{**POOL, "scaleSetPriority": "Spot"}], "pass", "warn"),
    Row("aks.private", top(CLUSTER), "properties.apiServerAccessProfile", {"enablePrivateCluster": True}, "pass", "warn"),
    lock("aks.lock", AKS),
    Row("kubernetes.extension", top(EXTENSION), "properties.extensionType", "Microsoft.Flux", "pass", "fail",
        beside(CLUSTER), CLUSTER["id"]),
    Row("arc.connected", one(ARC, connectivityStatus="Connected"), "properties.connectivityStatus", "Offline", "pass", "fail"),
    Row("arc.certificate", one(ARC, managedIdentityCertificateExpirationTime="2027-01-30T00:00:00Z"),
        "properties.managedIdentityCertificateExpirationTime", "2026-11-25T00:00:00Z", "pass", "warn",
        taken_at="2026-11-22T00:00:00Z"),
    Row("aci.zones", top(made(ACI), zones=["1"]), "zones", [], "pass", "warn"),
    Row("aci.priority", one(ACI, priority="Regular"), "properties.priority", "Spot", "pass", "warn"),
    Row("aci.volumes", one(ACI), "properties.volumes", [{"name": "v", "azureFile": {"shareName": "s"}}], "pass", "warn"),
    Row("databricks.file-system-redundancy", one(BRICKS, parameters={"storageAccountSkuName": {"value": "Standard_GRS"}}),
        "properties.parameters.storageAccountSkuName.value", "Standard_LRS", "pass", "warn"),
    Row("databricks.unity-catalog", one(BRICKS, isUcEnabled=True), "properties.isUcEnabled", False, "pass", "warn"),
    Row("databricks.provisioning-state", one(BRICKS, provisioningState="Succeeded"), "properties.provisioningState", "Failed",
        "pass", "fail"),
    Row("hdinsight.storage-redundancy", top(LAKE), "sku.name", "Standard_LRS", "pass", "fail",
        beside(made(HDI, storageProfile={"storageaccounts": [{"name": "lake.blob.core.windows.net", "resourceId": LAKE["id"]}]})),
        made(HDI)["id"]),
    Row("hdinsight.state", one(HDI, clusterState="Running"), "properties.clusterState", "Error", "pass", "warn"),
    Row("hdinsight.zone", top(made(HDI), zones=["1"]), "zones", [], "pass", "warn"),
    Row("synapse.repository", one(SYNAPSE, workspaceRepositoryConfiguration={"repositoryName": "r"}),
        "properties.workspaceRepositoryConfiguration", None, "pass", "fail"),
    Row("synapse.storage-redundancy", top(LAKE), "sku.name", "Standard_LRS", "pass", "fail",
        beside(made(SYNAPSE, defaultDataLakeStorage={"accountUrl": "https://lake.dfs.core.windows.net"})),
        made(SYNAPSE)["id"]),
    Row("compute.spark-runtime", one(f"{WORKSPACES}/computes", "w/spark", computeType="SynapseSpark",
        properties={"sparkVersion": "3.5"}), "properties.properties.sparkVersion", "3.4", "pass", "warn"),
    Row("sql.failover-group", top(DB), "properties.failoverGroupId", None, "pass", "fail"),
    Row("sql.link-replication", one(f"{SQL}/databases/replicationLinks", "s/d/l", role="Primary", replicationState="CATCH_UP"),
        "properties.replicationState", "SUSPENDED", "pass", "fail"),
    Row("sql.backup-redundancy", top(DB), "properties.currentBackupStorageRedundancy", "Local", "pass", "fail"),
    Row("sql.zone-redundant", top(DB), "properties.zoneRedundant", True, "warn", "pass"),
    Row("sql.server-soft-delete", top(SERVER), "properties.retentionDays", 7, "warn", "pass"),
    Row("sql.group-policy", top(FOG), "properties.readWriteEndpoint.failoverPolicy", "Automatic", "pass", "warn"),
    Row("sql.group-replication", top(FOG), "properties.replicationState", "SUSPENDED", "pass", "fail"),
    Row("sql.group-complete", top(FOG), "properties.databases", [], "pass", "fail", beside(SERVER, DB)),
    Row("sql.group-partner", top(FOG), "properties.partnerServers", [{"location": "East US"}], "pass", "fail", beside(SERVER)),
    lock("sql.lock", SQL),
    *flexible("postgres", PG),
    Row("postgres.replica-active", one(PG, replica=REPLICA), "properties.replica.replicationState", "Broken", "pass", "fail"),
    Row("postgres.virtual-endpoint", one(f"{PG}/virtualEndpoints", "one/name", endpointType="ReadWrite", members=["one", "two"]),
        "properties.members", ["one"], "pass", "warn", beside(SIZED, SIZED_REPLICA), SIZED["id"]),
    Row("postgres.replica-size", top(SIZED_REPLICA), "sku.name", "Standard_D2ds_v5", "pass", "warn", beside(SIZED), SIZED["id"]),
    Row("postgres.geo-backup-key", one(PG, backup={"geoRedundantBackup": "Enabled"}, dataEncryption={"type": "AzureKeyVault",
        "geoBackupKeyURI": "https://kv.vault.azure.net/keys/k/1", "geoBackupEncryptionKeyStatus": "Valid"}),
        "properties.dataEncryption.geoBackupKeyURI", None, "pass", "fail"),
    *flexible("mysql", MY),
    lock("cosmos.lock", COSMOS),
    Row("cosmos.regions", top(ACCOUNT), "properties.locations", [{"locationName": "East US"}], "pass", "fail"),
    Row("cosmos.automatic-failover", top(ACCOUNT), "properties.enableAutomaticFailover", False, "pass", "warn"),
    Row("cosmos.backup", top(ACCOUNT), "properties.backupPolicy.type", "Periodic", "pass", "warn"),
    Row("cosmos.zones", top(ACCOUNT), "properties.locations", [{"locationName": "East US"}, {"locationName": "West US"}],
        "pass", "warn"),
    Row("cosmos.consistency", top(ACCOUNT), "properties.consistencyPolicy.defaultConsistencyLevel", "Strong", "pass", "warn"),
    Row("apim.regions", top(GATEWAY), "properties.additionalLocations", [], "pass", "fail"),
    Row("apim.tier", top(GATEWAY), "sku.name", "StandardV2", "pass", "fail"),
    Row("apim.zones", top(GATEWAY), "zones", ["1"], "pass", "warn"),
    Row("frontdoor.origins", top(made(ORIGIN, "one/g/b", hostName="b.example", enabledState="Enabled")),
        "properties.enabledState", "Disabled", "pass", "fail",
        beside(made(DOOR), ORIGINS, made(ORIGIN, "one/g/a", hostName="a.example")), made(DOOR)["id"]),
    Row("frontdoor.probes", top(ORIGINS), "properties.healthProbeSettings", None, "pass", "fail",
        beside(made(DOOR)), made(DOOR)["id"]),
    Row("frontdoor.classic", one("Microsoft.Network/frontDoors"), "properties.resourceState", "Migrated", "warn", "pass"),
    Row("network.zone-group", zone_group, "properties.privateDnsZoneConfigs", [], "pass", "warn", beside(ENDPOINT), ENDPOINT["id"]),
    Row("network.zone-linked", top(LINK), "properties.virtualNetwork.id", f"{NETWORK}/virtualNetworks/w", "pass", "fail",
        beside(ENDPOINT, zone_group()), ENDPOINT["id"]),
    Row("dns.one-endpoint-a-name", lambda: zone_group("two"), "properties.privateDnsZoneConfigs", [], "fail", "pass",
        after(ZONE, ENDPOINT, {**ENDPOINT, "id": ENDPOINT["id"][:-3] + "two", "name": "two"}, zone_group()), ZONE["id"]),
)
# fmt: on
"""One row a check of an attached service."""
