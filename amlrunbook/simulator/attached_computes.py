"""Databricks, Container Instances, HDInsight and Synapse as far as a workspace attaches them.

None of them replicates to another region or comes back once it is deleted: they are read, listed,
written anew from what was kept of them, and deleted.

Sources: https://learn.microsoft.com/azure/reliability/reliability-databricks ,
https://learn.microsoft.com/azure/reliability/reliability-container-instances ,
https://learn.microsoft.com/azure/reliability/reliability-hdinsight
"""

from __future__ import annotations

import zlib

from starlette.responses import Response

from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Action, Kind, Lifecycle
from amlrunbook.simulator.arm_lookup import named
from amlrunbook.simulator.arm_path import parse
from amlrunbook.simulator.clock import stamp
from amlrunbook.simulator.effects import Merge
from amlrunbook.simulator.filling import fill, forget, keep_read_only
from amlrunbook.simulator.long_actions import accept
from amlrunbook.simulator.operations import Style
from amlrunbook.simulator.world import Document, World

DATABRICKS = "Microsoft.Databricks/workspaces"
CONTAINER_GROUPS = "Microsoft.ContainerInstance/containerGroups"
HDINSIGHT = "Microsoft.HDInsight/clusters"
SYNAPSE = "Microsoft.Synapse/workspaces"
SPARK_POOLS = f"{SYNAPSE}/bigDataPools"


def complete_databricks(world: World, document: Document, before: Document | None) -> None:
    """Fill a Databricks workspace's document as Azure does."""
    resource_id, name = str(document["id"]), str(document["name"])
    document.setdefault("sku", {"name": "premium"})
    number = zlib.crc32(resource_id.lower().encode()) + 10**15
    subscription = parse(resource_id).subscription
    keep_read_only(document, before, "workspaceId", "workspaceUrl", "createdDateTime")
    properties = fill(
        document,
        before,
        {
            "managedResourceGroupId": f"/subscriptions/{subscription}/resourceGroups/"
            f"databricks-rg-{name}",
            "parameters": {
                "enableNoPublicIp": {"type": "Bool", "value": True},
                "storageAccountName": {"type": "String", "value": f"dbstorage{number % 10**8}"},
                "storageAccountSkuName": {"type": "String", "value": "Standard_GRS"},
            },
            "provisioningState": "Succeeded",
            "computeMode": "Hybrid",
            "isUcEnabled": True,
            "publicNetworkAccess": "Enabled",
            "requiredNsgRules": "AllRules",
            "createdDateTime": stamp(world.now()),
            "workspaceId": str(number),
            "workspaceUrl": f"adb-{number}.{number % 20}.azuredatabricks.net",
        },
    )
    for value in properties["parameters"].values():
        value.setdefault("type", "String")


def complete_group(_world: World, document: Document, before: Document | None) -> None:
    """Fill a container group's document as Azure does."""
    keep_read_only(document, before, "instanceView")
    properties = fill(
        document,
        before,
        {
            "sku": "Standard",
            "priority": "Regular",
            "provisioningState": "Succeeded",
            "osType": "Linux",
            "restartPolicy": "Always",
            "containers": [],
            "instanceView": {"events": [], "state": "Running"},
        },
    )
    address = properties.get("ipAddress")
    if address is not None and address.get("dnsNameLabel"):
        address["fqdn"] = f"{address['dnsNameLabel']}.{document['location']}.azurecontainer.io"


def _group_power(state: str) -> Action:
    """Return the action that leaves a container group in a state; stopping one is synchronous."""

    def act(call: Call, document: Document) -> Response:
        resource_id = str(document["id"])
        values: Document = {"properties": {"instanceView": {"state": state}}}
        if (call.path.tail or "").lower() == "start":
            return accept(call, resource_id, [Merge(id=resource_id, values=values)])
        document["properties"]["instanceView"]["state"] = state
        call.world.touch()
        return Response(status_code=204)

    return act


def complete_hdinsight(world: World, document: Document, before: Document | None) -> None:
    """Fill an HDInsight cluster's document as Azure does: keys of its storage never come back."""
    name = str(document["name"])
    keep_read_only(document, before, "clusterId", "clusterState", "createdDate")
    properties = fill(
        document,
        before,
        {
            "clusterVersion": "5.1",
            "osType": "Linux",
            "tier": "Standard",
            "clusterId": world.guid().replace("-", ""),
            "clusterDefinition": {"kind": "Spark"},
            "computeProfile": {
                "roles": [
                    {"name": "headnode", "targetInstanceCount": 2},
                    {"name": "workernode", "targetInstanceCount": 3},
                ]
            },
            "storageProfile": {"storageaccounts": []},
            "provisioningState": "Succeeded",
            "clusterState": "Running",
            "createdDate": stamp(world.now()),
            "quotaInfo": {"coresUsed": 20},
            "connectivityEndpoints": [
                {
                    "name": "HTTPS",
                    "protocol": "TCP",
                    "location": f"{name}.azurehdinsight.net",
                    "port": 443,
                }
            ],
        },
    )
    for account in properties["storageProfile"]["storageaccounts"]:
        account.pop("key", None)


def _script_actions(call: Call) -> Response:
    """Answer the scripts that a cluster was set up with: its fact ``script_actions``."""
    cluster = named(call)
    facts = call.world.facets.get(str(cluster["id"]).lower(), {})
    return call.page(list(facts.get("script_actions", [])))


def complete_synapse(world: World, document: Document, before: Document | None) -> None:
    """Fill a Synapse workspace's document as Azure does."""
    name = str(document["name"])
    forget(document, "sqlAdministratorLoginPassword")
    keep_read_only(document, before, "workspaceUID")
    fill(
        document,
        before,
        {
            "defaultDataLakeStorage": {},
            "provisioningState": "Succeeded",
            "sqlAdministratorLogin": "sqladminuser",
            "managedResourceGroupName": f"synapse-rg-{name}",
            "connectivityEndpoints": {
                "dev": f"https://{name}.dev.azuresynapse.net",
                "sql": f"{name}.sql.azuresynapse.net",
                "sqlOnDemand": f"{name}-ondemand.sql.azuresynapse.net",
                "web": f"https://web.azuresynapse.net?workspace={document['id']}",
            },
            "publicNetworkAccess": "Enabled",
            "privateEndpointConnections": [],
            "workspaceUID": world.guid(),
        },
    )


def complete_spark_pool(world: World, document: Document, before: Document | None) -> None:
    """Fill a Spark pool's document as Azure does."""
    workspace = world.get(str(document["id"]).rsplit("/", 2)[0]) or {}
    document.setdefault("location", workspace.get("location", "eastus"))
    document.setdefault("tags", {})
    fill(
        document,
        before,
        {
            "provisioningState": "Succeeded",
            "sparkVersion": "3.5",
            "nodeSize": "Small",
            "nodeSizeFamily": "MemoryOptimized",
            "nodeCount": 3,
            "autoScale": {"enabled": False},
            "autoPause": {"enabled": True, "delayInMinutes": 15},
            "isComputeIsolationEnabled": False,
            "creationDate": stamp(world.now()),
        },
    )


KINDS = (
    Kind(
        type=DATABRICKS,
        api_versions=("2026-01-01", "2025-10-01-preview", "2024-05-01", "2023-02-01", "2018-04-01"),
        tracked=True,
        complete=complete_databricks,
        create_style=Style.BOTH,
        update_style=Style.BOTH,
        patch_style=Style.BOTH,
        patch_keys=("tags",),
        delete_style=Style.LOCATION,
    ),
    Kind(
        type=CONTAINER_GROUPS,
        api_versions=("2025-09-01", "2023-05-01", "2022-09-01", "2021-10-01"),
        tracked=True,
        complete=complete_group,
        create_style=Style.ASYNC,
        update_style=Style.ASYNC,
        patch_keys=("tags",),
        delete_style=Style.LOCATION,
        lifecycle=Lifecycle(creating="Pending"),
        actions={
            "start": _group_power("Running"),
            "stop": _group_power("Stopped"),
            "restart": _group_power("Running"),
        },
    ),
    Kind(
        type=HDINSIGHT,
        api_versions=(
            "2025-01-15-preview",
            "2024-08-01-preview",
            "2021-06-01",
            "2018-06-01-preview",
        ),
        tracked=True,
        complete=complete_hdinsight,
        create_style=Style.ASYNC,
        update_style=Style.ASYNC,
        patch_keys=("tags", "identity"),
        delete_style=Style.ASYNC,
        lifecycle=Lifecycle(creating="InProgress", updating="InProgress"),
        update_status=200,
    ),
    Kind(
        type=SYNAPSE,
        api_versions=("2021-06-01", "2021-03-01", "2020-12-01"),
        tracked=True,
        complete=complete_synapse,
        create_style=Style.BOTH,
        update_style=Style.BOTH,
        patch_style=Style.BOTH,
        delete_style=Style.BOTH,
        lifecycle=Lifecycle(creating="Provisioning"),
    ),
    Kind(
        type=SPARK_POOLS,
        api_versions=("2021-06-01", "2021-03-01", "2020-12-01"),
        complete=complete_spark_pool,
        create_style=Style.LOCATION,
        update_style=Style.LOCATION,
        patch_keys=("tags",),
        delete_style=Style.LOCATION,
        lifecycle=Lifecycle(creating="Provisioning"),
    ),
)

SPECIALS = {("GET", "microsoft.hdinsight/clusters/*/scriptactions"): _script_actions}
