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

DEPENDENCIES = {
    "storageAccount": "storage account",
    "keyVault": "key vault",
    "applicationInsights": "Application Insights",
    "containerRegistry": "container registry",
}
"""The workspace's properties that name associated resources, and what an operator calls them.

Source: Microsoft's OpenAPI document of Microsoft.MachineLearningServices, 2024-04-01.
"""
