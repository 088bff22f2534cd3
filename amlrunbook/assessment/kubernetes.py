"""Rules of Kubernetes clusters that were attached: AKS and Arc-enabled ones, and of container groups."""

from __future__ import annotations

from amlrunbook.assessment import types
from amlrunbook.assessment.landscape import Landscape
from amlrunbook.assessment.locks import lock_rule
from amlrunbook.assessment.partners import partner_rule
from amlrunbook.assessment.reading import (
    flag,
    items,
    needed,
    number,
    parts,
    read_properties,
    shown,
    strings,
    text,
    word,
)
from amlrunbook.assessment.rule import Rule, Ruling, failed, passed, unconcerned, warned
from amlrunbook.errors import IncompleteError
from amlrunbook.model.moments import age_words, seconds_between
from amlrunbook.model.snapshot import Document

_EXTENSION = "microsoft.azureml.kubernetes"
_POOLS = "properties.agentPoolProfiles"
_LEAST_SYSTEM_NODES = 2
_SOON_SECONDS = 14 * 24 * 3600
_AKS_SHOW = "az aks show --name {name} --resource-group {group} --subscription {subscription}"
_ARC_SHOW = (
    "az connectedk8s show --name {name} --resource-group {group} --subscription {subscription}"
)


def _pools(cluster: Document) -> tuple[Document, ...]:
    read_properties(cluster)
    pools = parts(cluster, _POOLS)
    if not pools:
        raise IncompleteError("the document holds no agentPoolProfiles")
    return pools


def _zones(_: Landscape, cluster: Document) -> Ruling:
    without = [pool.name for pool in _pools(cluster) if not items(pool, "availabilityZones")]
    if without:
        return warned(f"pools without zones: {', '.join(map(shown, without))}")
    return passed("every pool has zones")


def _tier(_: Landscape, cluster: Document) -> Ruling:
    read_properties(cluster)
    tier = word(cluster, "sku.tier", "free", "standard", "premium", default="Free").capitalize()
    observed = f"sku.tier is {tier}"
    return warned(observed) if tier == "Free" else passed(observed)


def _runs(_: Landscape, cluster: Document) -> Ruling:
    read_properties(cluster)
    state = text(cluster, "properties.powerState.code")
    observed = f"powerState is {shown(state) or 'not said'}"
    match state.lower():
        case "running":
            return passed(observed)
        case "stopped":
            return warned(f"{observed}: a start may fail where capacity is short")
        case _:
            raise IncompleteError(observed)


def _system_nodes(_: Landscape, cluster: Document) -> Ruling:
    total = sum(
        number(pool, "count", default=0) or 0
        for pool in _pools(cluster)
        if text(pool, "mode").lower() == "system"
    )
    observed = f"{total} system nodes"
    return passed(observed) if total >= _LEAST_SYSTEM_NODES else warned(observed)


def _spot(_: Landscape, cluster: Document) -> Ruling:
    pools = [p.name for p in _pools(cluster) if text(p, "scaleSetPriority").lower() == "spot"]
    if pools:
        return warned(f"spot nodes in {', '.join(map(shown, pools))}")
    return passed("no pool of spot nodes")


def _extension(landscape: Landscape, cluster: Document) -> Ruling:
    read_properties(cluster)
    found = landscape.extensions(cluster.key, "microsoft.kubernetesconfiguration", "extensions")
    for extension in found:
        if extension.unread is not None:
            raise IncompleteError(f"extension {extension.name}: {extension.unread}")
        if text(extension, "properties.extensionType").lower() == _EXTENSION:
            state = needed(extension, "properties.provisioningState")
            observed = f"{shown(extension.name)} is {shown(state)}"
            return (passed if state.lower() == "succeeded" else failed)(observed)
    return failed("the extension Microsoft.AzureML.Kubernetes is not on it")


def _connected(_: Landscape, cluster: Document) -> Ruling:
    read_properties(cluster)
    state = text(cluster, "properties.connectivityStatus")
    last = text(cluster, "properties.lastConnectivityTime")
    observed = f"connectivityStatus is {shown(state) or 'not said'}" + (
        f", last heard of {shown(last)}" if last else ""
    )
    match state.lower():
        case "connected":
            return passed(observed)
        case "connecting":
            return warned(observed)
        case "offline" | "expired" | "agentnotinstalled":
            return failed(observed)
        case _:
            raise IncompleteError(observed)


def _certificate(landscape: Landscape, cluster: Document) -> Ruling:
    read_properties(cluster)
    ends = needed(cluster, "properties.managedIdentityCertificateExpirationTime")
    if not landscape.taken_at:
        return unconcerned("when it was read is not said")
    left = seconds_between(landscape.taken_at, ends)
    if left is None:
        raise IncompleteError(f"managedIdentityCertificateExpirationTime is {shown(ends)}")
    if left <= 0:
        return failed(f"its certificate ended {shown(ends)}")
    observed = f"its certificate ends {shown(ends)}, in {age_words(left)}"
    return warned(observed) if left < _SOON_SECONDS else passed(observed)


def _group_zones(_: Landscape, group: Document) -> Ruling:
    read_properties(group)
    zones = strings(group, "zones")
    return passed(f"in zone {', '.join(map(shown, zones))}") if zones else warned("in no zone")


def _group_priority(_: Landscape, group: Document) -> Ruling:
    read_properties(group)
    priority = text(group, "properties.priority", default="Regular")
    observed = f"priority is {shown(priority)}"
    return passed(observed) if priority.lower() == "regular" else warned(observed)


def _group_volumes(_: Landscape, group: Document) -> Ruling:
    read_properties(group)
    shares = [v.name for v in parts(group, "properties.volumes") if v.field("azureFile")]
    if shares:
        return warned(f"file shares are mounted: {', '.join(map(shown, shares))}")
    return passed("no file share is mounted")


def _private(_: Landscape, cluster: Document) -> Ruling:
    read_properties(cluster)
    path = "properties.apiServerAccessProfile.enablePrivateCluster"
    if flag(cluster, path, default=False):
        return warned("its API server is private: reached from its own network only")
    return passed("its API server is reached from anywhere that is allowed")


RULES: tuple[Rule, ...] = (
    partner_rule(
        "aks",
        types.AKS,
        "AKS cluster",
        component="inference",
        why="A cluster is lost with its region, and what it serves with it: nothing is replicated, and no region fails it over.",
        fact="aks.single-region",
        remedy="Run a second cluster in the secondary's region (stopped, if it is to be cold) and attach it to the secondary workspace under the same name.",
        command="az ml compute attach --type Kubernetes --name COMPUTE --resource-id OTHER_CLUSTER_ID --workspace-name {other_workspace} --resource-group {other_group} --subscription {other_subscription}",
    ),
    Rule(
        id="aks.zones",
        title="AKS nodes across zones",
        types=(types.AKS,),
        expected="availabilityZones on every agent pool",
        why="The loss of one zone takes every node of a pool without zones; zones cannot be given to a pool that exists.",
        fact="aks.single-region",
        remedy="Add a pool with zones, move the work, remove the old one.",
        command="az aks nodepool add --cluster-name {name} --resource-group {group} --subscription {subscription} --name NEW_POOL --zones 1 2 3",
        judge=_zones,
    ),
    Rule(
        id="aks.tier",
        title="AKS with an uptime promise",
        types=(types.AKS,),
        expected="sku.tier is Standard or Premium",
        why="The Free tier's control plane has no promised uptime.",
        fact="aks.single-region",
        remedy="Move the cluster to the Standard tier.",
        command="az aks update --name {name} --resource-group {group} --subscription {subscription} --tier standard",
        judge=_tier,
    ),
    Rule(
        id="aks.runs",
        title="AKS cluster runs",
        types=(types.AKS,),
        expected="powerState.code is Running",
        why="A stopped cluster has given its machines back: its start can fail on the day, when everybody starts theirs.",
        fact="aks.start-stop",
        remedy="Start it in a drill, and reserve capacity where it must start.",
        command="az aks start --name {name} --resource-group {group} --subscription {subscription}",
        judge=_runs,
    ),
    Rule(
        id="aks.system-nodes",
        title="Two system nodes",
        types=(types.AKS,),
        expected="2 system nodes or more",
        why="With one system node its loss stops the whole cluster.",
        fact="aks.single-region",
        remedy="Scale the system pool to two nodes or more.",
        command="az aks nodepool scale --cluster-name {name} --resource-group {group} --subscription {subscription} --name SYSTEM_POOL --node-count 3",
        judge=_system_nodes,
    ),
    Rule(
        id="aks.spot-nodes",
        title="No spot nodes under an endpoint",
        types=(types.AKS,),
        expected="no pool whose scaleSetPriority is Spot",
        why="Spot nodes are taken back exactly when a region's failure makes others ask for capacity.",
        fact="compute.low-priority",
        remedy="Serve from regular nodes.",
        command="az aks nodepool list --cluster-name {name} --resource-group {group} --subscription {subscription}",
        judge=_spot,
    ),
    Rule(
        id="aks.private",
        title="AKS reached from the other region",
        types=(types.AKS,),
        expected="an API server that an operator outside the region's network reaches",
        why="A private cluster's address is in its own network: the operator's way there may be down with the region.",
        fact="network.both-regions",
        remedy="Know the way to it from the secondary's network before the day.",
        command=_AKS_SHOW,
        judge=_private,
    ),
    Rule(
        id="kubernetes.extension",
        title="Machine learning extension on the cluster",
        types=(types.AKS, types.ARC),
        expected="Microsoft.AzureML.Kubernetes, provisioned",
        why="Without the extension nothing of the workspace runs on the cluster.",
        fact="kubernetes.extension",
        remedy="Install the extension.",
        command="az k8s-extension create --name azureml --extension-type Microsoft.AzureML.Kubernetes --cluster-name {name} --resource-group {group} --subscription {subscription} --cluster-type CLUSTER_TYPE --scope cluster",
        judge=_extension,
    ),
    partner_rule(
        "arc",
        types.ARC,
        "Arc-enabled cluster",
        component="inference",
        why="An endpoint on one connected cluster ends with that cluster.",
        fact="arc.heartbeat",
        remedy="Attach another cluster to the secondary workspace under the same name.",
        command="az ml compute attach --type Kubernetes --name COMPUTE --resource-id OTHER_CLUSTER_ID --workspace-name {other_workspace} --resource-group {other_group} --subscription {other_subscription}",
    ),
    Rule(
        id="arc.connected",
        title="Arc-enabled cluster connected",
        types=(types.ARC,),
        expected="connectivityStatus is Connected",
        why="Azure cannot change what runs on a cluster that does not answer.",
        fact="arc.heartbeat",
        remedy="Look at its agents; an expired one is deleted and connected again, with a new identity.",
        command=_ARC_SHOW,
        judge=_connected,
    ),
    Rule(
        id="arc.certificate",
        title="Arc certificate lasts",
        types=(types.ARC,),
        expected="two weeks or more until managedIdentityCertificateExpirationTime",
        why="Once it has ended the cluster must be connected again, and its roles granted again.",
        fact="arc.heartbeat",
        remedy="Have the cluster online so that it renews its certificate.",
        command=_ARC_SHOW,
        judge=_certificate,
    ),
    lock_rule(
        "aks",
        types.AKS,
        why="A deleted cluster cannot be recovered.",
        fact="aks.deleted",
    ),
    partner_rule(
        "aci",
        types.CONTAINER_GROUP,
        "Container group",
        component="inference",
        why="A container group is lost with its region: it is deployed again, by hand.",
        fact="aci.single-region",
        remedy="Deploy it to the secondary's region from the same file, or move to managed online endpoints.",
        command="az container export --name {name} --resource-group {group} --subscription {subscription} --file container.yaml",
    ),
    Rule(
        id="aci.zones",
        title="Container group in a zone that is chosen",
        types=(types.CONTAINER_GROUP,),
        expected="zones of its own",
        why="Where its zone is not chosen, two groups may share the one that fails; zones are fixed at creation.",
        fact="aci.single-region",
        remedy="Deploy groups to different zones.",
        command="az container create --name {name} --resource-group {group} --subscription {subscription} --zone 1",
        judge=_group_zones,
    ),
    Rule(
        id="aci.priority",
        title="Container group of regular priority",
        types=(types.CONTAINER_GROUP,),
        expected="priority is Regular",
        why="Spot containers are taken back when capacity is short.",
        fact="compute.low-priority",
        remedy="Deploy it with regular priority.",
        command="az container create --name {name} --resource-group {group} --subscription {subscription} --priority Regular",
        judge=_group_priority,
    ),
    Rule(
        id="aci.volumes",
        title="Container group without state",
        types=(types.CONTAINER_GROUP,),
        expected="no azureFile volume",
        why="What it keeps in a file share has to be in the other region too.",
        fact="aci.single-region",
        remedy="Keep the share on a geo-redundant account, and mount it in the secondary's group.",
        command="az container show --name {name} --resource-group {group} --subscription {subscription} --query volumes",
        judge=_group_volumes,
    ),
)
"""The rules of attached clusters and containers."""
