"""The resource types that rules concern, and how a workspace names its associated resources."""

from __future__ import annotations

STORAGE = "Microsoft.Storage/storageAccounts"
BLOB_SERVICE = f"{STORAGE}/blobServices"
FILE_SERVICE = f"{STORAGE}/fileServices"
VAULT = "Microsoft.KeyVault/vaults"
REGISTRY = "Microsoft.ContainerRegistry/registries"
INSIGHTS = "Microsoft.Insights/components"
LOGS = "Microsoft.OperationalInsights/workspaces"
WORKSPACE = "Microsoft.MachineLearningServices/workspaces"
COMPUTE = f"{WORKSPACE}/computes"
DATASTORE = f"{WORKSPACE}/datastores"
ONLINE_ENDPOINT = f"{WORKSPACE}/onlineEndpoints"
ONLINE_DEPLOYMENT = f"{ONLINE_ENDPOINT}/deployments"
BATCH_ENDPOINT = f"{WORKSPACE}/batchEndpoints"
MODEL = f"{WORKSPACE}/models"
SCHEDULE = f"{WORKSPACE}/schedules"
CONNECTION = f"{WORKSPACE}/connections"
ML_REGISTRY = "Microsoft.MachineLearningServices/registries"
GROUP = "Microsoft.Resources/resourceGroups"
ROLE_ASSIGNMENT = "Microsoft.Authorization/roleAssignments"
AKS = "Microsoft.ContainerService/managedClusters"
ARC = "Microsoft.Kubernetes/connectedClusters"
DATABRICKS = "Microsoft.Databricks/workspaces"
CONTAINER_GROUP = "Microsoft.ContainerInstance/containerGroups"
HDINSIGHT = "Microsoft.HDInsight/clusters"
SYNAPSE = "Microsoft.Synapse/workspaces"
SQL_SERVER = "Microsoft.Sql/servers"
SQL_DATABASE = f"{SQL_SERVER}/databases"
SQL_LINK = f"{SQL_DATABASE}/replicationLinks"
SQL_GROUP = f"{SQL_SERVER}/failoverGroups"
POSTGRES = "Microsoft.DBforPostgreSQL/flexibleServers"
MYSQL = "Microsoft.DBforMySQL/flexibleServers"
COSMOS = "Microsoft.DocumentDB/databaseAccounts"
API_MANAGEMENT = "Microsoft.ApiManagement/service"
TRAFFIC_MANAGER = "Microsoft.Network/trafficManagerProfiles"
FRONT_DOOR = "Microsoft.Cdn/profiles"
CLASSIC_FRONT_DOOR = "Microsoft.Network/frontDoors"
PRIVATE_ENDPOINT = "Microsoft.Network/privateEndpoints"
DNS_ZONE = "Microsoft.Network/privateDnsZones"

DEPENDENCIES = {
    "storageAccount": "storage account",
    "keyVault": "key vault",
    "applicationInsights": "Application Insights",
    "containerRegistry": "container registry",
}
"""The workspace's properties that name associated resources, and what an operator calls them.

Source: Microsoft's OpenAPI document of Microsoft.MachineLearningServices, 2024-04-01.
"""
