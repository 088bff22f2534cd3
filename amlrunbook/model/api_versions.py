"""The one table of api-versions, by resource type.

Where Microsoft's OpenAPI document of a version is at hand for the contract tests, that version is used; a later one only
where a needed property exists only later, and then the table says which.
"""

from __future__ import annotations

from amlrunbook.errors import UsageError

API_VERSIONS: dict[str, str] = {
    "microsoft.resources/subscriptions": "2022-12-01",
    "microsoft.resources/subscriptions/locations": "2022-12-01",
    "microsoft.resources/resourcegroups": "2024-03-01",
    "microsoft.resources/resources": "2024-03-01",
    "microsoft.resources/providers": "2024-03-01",
    "microsoft.authorization/locks": "2020-05-01",
    "microsoft.authorization/roleassignments": "2022-04-01",
    "microsoft.authorization/permissions": "2022-04-01",
    "microsoft.authorization/roledefinitions": "2022-04-01",
    "microsoft.authorization/roleeligibilityscheduleinstances": "2020-10-01",
    "microsoft.authorization/roleassignmentscheduleinstances": "2020-10-01",
    "microsoft.machinelearningservices/workspaces": "2024-04-01",
    "microsoft.machinelearningservices/workspaces/computes": "2024-04-01",
    "microsoft.machinelearningservices/workspaces/datastores": "2024-04-01",
    "microsoft.machinelearningservices/workspaces/onlineendpoints": "2024-04-01",
    "microsoft.machinelearningservices/workspaces/onlineendpoints/deployments": "2024-04-01",
    "microsoft.machinelearningservices/workspaces/batchendpoints": "2024-04-01",
    "microsoft.machinelearningservices/workspaces/batchendpoints/deployments": "2024-04-01",
    "microsoft.machinelearningservices/workspaces/models": "2024-04-01",
    "microsoft.machinelearningservices/workspaces/models/versions": "2024-04-01",
    "microsoft.machinelearningservices/workspaces/environments": "2024-04-01",
    "microsoft.machinelearningservices/workspaces/environments/versions": "2024-04-01",
    "microsoft.machinelearningservices/workspaces/data": "2024-04-01",
    "microsoft.machinelearningservices/workspaces/data/versions": "2024-04-01",
    "microsoft.machinelearningservices/workspaces/components": "2024-04-01",
    "microsoft.machinelearningservices/workspaces/jobs": "2024-04-01",
    "microsoft.machinelearningservices/workspaces/schedules": "2024-04-01",
    "microsoft.machinelearningservices/workspaces/connections": "2024-04-01",
    "microsoft.machinelearningservices/workspaces/components/versions": "2024-04-01",
    "microsoft.machinelearningservices/workspaces/codes": "2024-04-01",
    "microsoft.machinelearningservices/workspaces/codes/versions": "2024-04-01",
    "microsoft.machinelearningservices/locations/usages": "2024-04-01",
    "microsoft.machinelearningservices/locations/vmsizes": "2024-04-01",
    "microsoft.machinelearningservices/registries": "2024-04-01",
    "microsoft.storage/storageaccounts": "2023-05-01",
    "microsoft.storage/storageaccounts/blobservices": "2023-05-01",
    "microsoft.storage/storageaccounts/blobservices/containers": "2023-05-01",
    "microsoft.storage/storageaccounts/fileservices": "2023-05-01",
    "microsoft.storage/storageaccounts/fileservices/shares": "2023-05-01",
    "microsoft.storage/storageaccounts/managementpolicies": "2023-05-01",
    "microsoft.keyvault/vaults": "2023-07-01",
    "microsoft.keyvault/deletedvaults": "2023-07-01",
    "microsoft.containerregistry/registries": "2023-07-01",
    "microsoft.containerregistry/registries/replications": "2023-07-01",
    "microsoft.insights/components": "2020-02-02",
    "microsoft.insights/eventtypes/management/values": "2015-04-01",
    "microsoft.operationalinsights/workspaces": "2023-09-01",
    "microsoft.containerservice/managedclusters": "2026-08-01",
    "microsoft.kubernetes/connectedclusters": "2026-05-01",
    "microsoft.kubernetesconfiguration/extensions": "2023-05-01",
    "microsoft.databricks/workspaces": "2026-01-01",
    "microsoft.containerinstance/containergroups": "2023-05-01",
    "microsoft.hdinsight/clusters": "2021-06-01",
    "microsoft.synapse/workspaces": "2021-03-01",
    "microsoft.sql/servers": "2025-01-01",  # retentionDays of a server exists only later
    "microsoft.sql/servers/databases": "2025-01-01",
    "microsoft.sql/servers/replicationlinks": "2025-01-01",
    "microsoft.sql/servers/databases/replicationlinks": "2025-01-01",
    "microsoft.sql/servers/failovergroups": "2021-11-01",
    "microsoft.dbforpostgresql/flexibleservers": "2026-10-01",
    "microsoft.dbforpostgresql/flexibleservers/replicas": "2026-10-01",
    "microsoft.dbforpostgresql/flexibleservers/virtualendpoints": "2026-10-01",
    "microsoft.dbformysql/flexibleservers": "2024-12-30",
    "microsoft.dbformysql/flexibleservers/replicas": "2024-12-30",
    "microsoft.documentdb/databaseaccounts": "2026-03-15",
    "microsoft.apimanagement/service": "2024-05-01",
    "microsoft.network/trafficmanagerprofiles": "2022-04-01",
    "microsoft.cdn/profiles": "2026-10-01",
    "microsoft.cdn/profiles/origingroups": "2026-10-01",
    "microsoft.cdn/profiles/origingroups/origins": "2026-10-01",
    "microsoft.network/frontdoors": "2025-10-01",
    "microsoft.network/privateendpoints": "2026-03-01",
    "microsoft.network/privateendpoints/privatednszonegroups": "2026-03-01",
    "microsoft.network/privatednszones": "2024-06-01",
    "microsoft.network/privatednszones/virtualnetworklinks": "2024-06-01",
    "microsoft.resourcehealth/availabilitystatuses": "2024-02-01",
    "microsoft.resourcehealth/events": "2024-02-01",
    "microsoft.resourcegraph/resources": "2024-04-01",
}
"""The api-version of each resource type, keys in lower case."""


def api_version(resource_type: str) -> str:
    """Return the api-version that this program sends for ``resource_type``.

    Raises:
        UsageError: the type is not in the table, so no request for it may be made.
    """
    try:
        return API_VERSIONS[resource_type.lower()]
    except KeyError:
        raise UsageError(
            f"No api-version is known for {resource_type}.",
            next_step="Read it from the provider's list and add it to the table.",
        ) from None
