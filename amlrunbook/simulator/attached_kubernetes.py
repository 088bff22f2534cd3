"""Kubernetes clusters that a workspace attaches: AKS, Arc-enabled ones, and their extensions.

Nothing of a cluster replicates, and a deleted one cannot be recovered. While an AKS cluster is
stopped it can only be started or deleted; which code says so is this simulator's choice.

Sources: https://learn.microsoft.com/azure/aks/start-stop-cluster ,
https://learn.microsoft.com/azure/aks/delete-cluster ,
https://learn.microsoft.com/rest/api/aks/managed-clusters
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from amlrunbook.simulator.answers import Refusal
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Action, Kind
from amlrunbook.simulator.arm_path import parse
from amlrunbook.simulator.clock import stamp
from amlrunbook.simulator.effects import Merge
from amlrunbook.simulator.filling import fill, keep_read_only
from amlrunbook.simulator.long_actions import accept
from amlrunbook.simulator.operations import Style
from amlrunbook.simulator.service_regions import is_up
from amlrunbook.simulator.world import Document, World

CLUSTERS = "Microsoft.ContainerService/managedClusters"
POOLS = f"{CLUSTERS}/agentPools"
EXTENSIONS = "Microsoft.KubernetesConfiguration/extensions"
CONNECTED = "Microsoft.Kubernetes/connectedClusters"
_CLUSTER_VERSIONS = (
    "2026-08-01", "2026-02-01", "2025-10-01", "2025-05-01", "2024-09-01", "2024-05-01",
    "2023-10-01",
)  # fmt: skip
_READ_ONLY = ("powerState", "fqdn", "azurePortalFQDN", "resourceUID", "nodeResourceGroup")


def complete_cluster(world: World, document: Document, before: Document | None) -> None:
    """Fill a cluster's document, and give each of its agent pools a document of its own."""
    name, region = str(document["name"]), str(document["location"])
    sku = document.setdefault("sku", {"name": "Base"})
    sku.setdefault("name", "Base")
    sku.setdefault("tier", "Free")
    keep_read_only(document, before, *_READ_ONLY)
    group = parse(str(document["id"])).group
    version = str(document["properties"].get("kubernetesVersion", "1.33"))
    host = f"{name}-{world.guid()[:8]}"
    properties = fill(
        document,
        before,
        {
            "provisioningState": "Succeeded",
            "powerState": {"code": "Running"},
            "kubernetesVersion": version,
            "currentKubernetesVersion": f"{version}.0" if version.count(".") == 1 else version,
            "dnsPrefix": name,
            "fqdn": f"{host}.hcp.{region}.azmk8s.io",
            "azurePortalFQDN": f"{host}.portal.hcp.{region}.azmk8s.io",
            "nodeResourceGroup": f"MC_{group}_{name}_{region}",
            "enableRBAC": True,
            "supportPlan": "KubernetesOfficial",
            "disableLocalAccounts": False,
            "maxAgentPools": 100,
            "resourceUID": world.guid().replace("-", "")[:24],
        },
    )
    pools: list[Document] | None = properties.pop("agentPoolProfiles", None)
    if pools is None and before is None:
        pools = [{"name": "system", "mode": "System"}]
    if pools is not None:
        _write_pools(world, document, pools)


def _write_pools(world: World, cluster: Document, pools: list[Document]) -> None:
    names = {str(pool["name"]).lower() for pool in pools}
    for held in _pools(world, cluster):
        if str(held["name"]).lower() not in names:
            world.remove(str(held["id"]))
    for pool in pools:
        resource_id = f"{cluster['id']}/agentPools/{pool['name']}"
        document: Document = {
            "id": resource_id,
            "name": pool["name"],
            "type": POOLS,
            "properties": {key: value for key, value in pool.items() if key != "name"},
        }
        complete_pool(world, document, world.get(resource_id))
        world.put(resource_id, document)


def complete_pool(world: World, document: Document, before: Document | None) -> None:
    """Fill an agent pool's document as Azure does."""
    cluster = world.get(str(document["id"]).rsplit("/", 2)[0]) or {}
    version = cluster.get("properties", {}).get("currentKubernetesVersion", "1.33.0")
    fill(
        document,
        before,
        {
            "count": 3,
            "vmSize": "Standard_D4s_v5",
            "osDiskSizeGB": 128,
            "osDiskType": "Managed",
            "maxPods": 110,
            "type": "VirtualMachineScaleSets",
            "enableAutoScaling": False,
            "provisioningState": "Succeeded",
            "powerState": {"code": "Running"},
            "orchestratorVersion": version,
            "currentOrchestratorVersion": version,
            "enableNodePublicIP": False,
            "mode": "User",
            "osType": "Linux",
            "osSKU": "Ubuntu",
        },
    )


def _pools(world: World, cluster: Document) -> list[Document]:
    under = f"{cluster['id']}/agentPools/".lower()
    return [item for key, item in sorted(world.resources.items()) if key.startswith(under)]


def _show_cluster(world: World, document: Document) -> Document:
    """Return a cluster's document with its agent pools in it."""
    power = document["properties"]["powerState"]
    pools = [
        {"name": pool["name"], **pool["properties"], "powerState": power}
        for pool in _pools(world, document)
    ]
    return {**document, "properties": {**document["properties"], "agentPoolProfiles": pools}}


def _check_running(call: Call, document: Document, before: Document | None) -> None:
    """Refuse a change of a cluster that is stopped, or of its agent pools."""
    cluster = before
    if document["type"] == POOLS:
        cluster = call.world.get(str(document["id"]).rsplit("/", 2)[0])
    state = (cluster or {}).get("properties", {}).get("powerState", {}).get("code")
    if cluster is not None and state == "Stopped":
        raise Refusal(
            409,
            "OperationNotAllowed",
            f"The managed cluster '{cluster['name']}' is stopped: it can only be started or "
            "deleted.",
        )


def _power(code: str, refused_by: str) -> Action:
    """Return the action that starts or stops a cluster.

    A start can fail where the region has no capacity: the fact ``start_error`` of the cluster
    says so, as ``{code, message}``.
    """

    def act(call: Call, document: Document) -> Response:
        resource_id = str(document["id"])
        facts = call.world.facets.get(resource_id.lower(), {})
        error: dict[str, Any] | None = facts.get(refused_by)
        values: Document = {"properties": {"powerState": {"code": code}}}
        return accept(call, resource_id, [Merge(id=resource_id, values=values)], error=error)

    return act


def complete_extension(_world: World, document: Document, before: Document | None) -> None:
    """Fill a cluster extension's document as Azure does."""
    keep_read_only(document, before, "provisioningState", "currentVersion", "isSystemExtension")
    properties = fill(
        document,
        before,
        {
            "extensionType": "microsoft.azureml.kubernetes",
            "autoUpgradeMinorVersion": True,
            "releaseTrain": "stable",
            "scope": {"cluster": {"releaseNamespace": "azureml"}},
            "provisioningState": "Succeeded",
            "configurationSettings": {},
            "configurationProtectedSettings": {},
            "statuses": [],
            "isSystemExtension": False,
            "currentVersion": document["properties"].get("version", "1.1.79"),
        },
    )
    for name in properties["configurationProtectedSettings"]:
        properties["configurationProtectedSettings"][name] = ""


def complete_connected(world: World, document: Document, before: Document | None) -> None:
    """Fill an Arc-enabled cluster's document as Azure does."""
    now = stamp(world.now())
    document.setdefault("identity", {"type": "SystemAssigned"})
    document["identity"].setdefault("principalId", world.guid())
    document["identity"].setdefault("tenantId", world.tenant_id)
    keep_read_only(document, before, "connectivityStatus", "lastConnectivityTime")
    fill(
        document,
        before,
        {
            "agentPublicKeyCertificate": "",
            "provisioningState": "Succeeded",
            "connectivityStatus": "Connected",
            "lastConnectivityTime": now,
            "managedIdentityCertificateExpirationTime": stamp(world.now() + 90 * 86_400.0),
            "kubernetesVersion": "1.33.0",
            "totalNodeCount": 3,
            "totalCoreCount": 12,
            "agentVersion": "1.26.0",
            "distribution": "generic",
            "infrastructure": "generic",
        },
    )


def _show_connected(world: World, document: Document) -> Document:
    """Return an Arc-enabled cluster's document: offline while its region's Arc is dark."""
    if is_up(world, document) or document["properties"]["connectivityStatus"] != "Connected":
        return document
    properties = {**document["properties"], "connectivityStatus": "Offline"}
    return {**document, "properties": properties}


KINDS = (
    Kind(
        type=CLUSTERS,
        api_versions=_CLUSTER_VERSIONS,
        tracked=True,
        check=_check_running,
        complete=complete_cluster,
        show=_show_cluster,
        create_style=Style.ASYNC,
        update_style=Style.ASYNC,
        patch_style=Style.ASYNC,
        patch_keys=("tags",),
        delete_style=Style.LOCATION,
        actions={
            "start": _power("Running", "start_error"),
            "stop": _power("Stopped", "stop_error"),
        },
    ),
    Kind(
        type=POOLS,
        api_versions=_CLUSTER_VERSIONS,
        check=_check_running,
        complete=complete_pool,
        create_style=Style.ASYNC,
        update_style=Style.ASYNC,
        delete_style=Style.LOCATION,
        patchable=False,
    ),
    Kind(
        type=EXTENSIONS,
        api_versions=("2025-03-01", "2024-11-01", "2023-05-01", "2022-11-01"),
        on_anything=True,
        complete=complete_extension,
        create_style=Style.ASYNC,
        update_style=Style.ASYNC,
        patch_style=Style.ASYNC,
        delete_style=Style.BOTH,
    ),
    Kind(
        type=CONNECTED,
        api_versions=("2026-05-01", "2024-12-01-preview", "2024-01-01", "2022-10-01-preview"),
        tracked=True,
        complete=complete_connected,
        show=_show_connected,
        create_style=Style.ASYNC,
        update_style=Style.ASYNC,
        patch_keys=("tags", "properties"),
        delete_style=Style.LOCATION,
    ),
)
