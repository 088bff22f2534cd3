"""Rules of computes attached to or owned by a workspace."""

from __future__ import annotations

from amlrunbook.assessment import types
from amlrunbook.assessment.documents import is_gone
from amlrunbook.assessment.landscape import Landscape
from amlrunbook.assessment.parity import (
    counterpart,
    has_twin,
    lacking,
    seen_from_primary,
    strategy_of,
    twin,
)
from amlrunbook.assessment.provisioning import provisioning
from amlrunbook.assessment.reading import (
    flag,
    items,
    needed,
    needed_number,
    read_properties,
    shown,
    text,
)
from amlrunbook.assessment.rule import Rule, Ruling, failed, passed, unconcerned, warned
from amlrunbook.assessment.vm_sizes import LASTING, size_ruling
from amlrunbook.errors import IncompleteError
from amlrunbook.model.snapshot import Document

_CREATE = "az ml compute create --name {name} --type AmlCompute --workspace-name {other_workspace} --resource-group {other_group} --subscription {other_subscription}"
_MADE_HERE = ("amlcompute", "computeinstance")
"""Kinds of compute that Azure Machine Learning makes: nothing of yours is attached there."""
_SIZES = {
    "amlcompute": "properties.properties.vmSize",
    "computeinstance": "properties.properties.vmSize",
    "aks": "properties.properties.agentVmSize",
    "virtualmachine": "properties.properties.virtualMachineSize",
}
"""Where each kind of compute names the size of its machines.

Source: Microsoft's OpenAPI document of Microsoft.MachineLearningServices, 2024-04-01.
"""
_SPARK_IN_SUPPORT = (3, 5)
"""The oldest runtime of Synapse Spark that is in support.

Source: https://learn.microsoft.com/azure/synapse-analytics/spark/apache-spark-34-runtime
"""
_SHOW = "az ml compute show --name {name} --workspace-name {parent} --resource-group {group} --subscription {subscription}"


def _kind(compute: Document) -> str:
    read_properties(compute)
    return needed(compute, "properties.computeType").lower()


def _in_both(landscape: Landscape, compute: Document) -> Ruling:
    if _kind(compute) == "computeinstance":
        return unconcerned("a compute instance belongs to one person and does not move")
    return has_twin(landscape, compute, lacking(strategy_of(landscape, "experiments")))


def _capacity(landscape: Landscape, compute: Document) -> Ruling:
    if _kind(compute) != "amlcompute":
        return unconcerned("no compute cluster")
    other = counterpart(landscape, compute, "cluster")
    if isinstance(other, Ruling):
        return other
    read_properties(other)
    path = "properties.properties.scaleSettings.maxNodeCount"
    mine, theirs = needed_number(compute, path), needed_number(other, path)
    observed = f"at most {mine} nodes here, {theirs} in the secondary"
    return passed(observed) if theirs >= mine else warned(observed)


def _local_disk(_: Landscape, compute: Document) -> Ruling:
    kind = _kind(compute)
    if kind != "computeinstance":
        return unconcerned(f"a {shown(kind)} compute holds nobody's files")
    owner = text(
        compute,
        "properties.properties.personalComputeInstanceSettings.assignedUser.objectId",
    ) or text(compute, "properties.properties.createdBy.userId")
    return warned(f"a compute instance of {shown(owner) or 'an owner who is not said'}")


def _provisioned(_: Landscape, compute: Document) -> Ruling:
    read_properties(compute)
    ruling = provisioning(compute)
    if items(compute, "properties.provisioningErrors"):
        return failed(f"{ruling.observed}, with provisioning errors")
    return ruling


def _own_cluster(_: Landscape, compute: Document) -> Ruling:
    if _kind(compute) != "aks":
        return unconcerned("no AKS cluster made through Azure Machine Learning")
    attached = compute.field("properties.isAttachedCompute")
    if attached is True:
        return warned("an AKS cluster of your own: its availability is yours")
    return failed("an AKS cluster that Azure Machine Learning made")


def _dedicated(_: Landscape, compute: Document) -> Ruling:
    if _kind(compute) != "amlcompute":
        return unconcerned("no compute cluster")
    priority = needed(compute, "properties.properties.vmPriority")
    observed = f"vmPriority is {shown(priority)}"
    return passed(observed) if priority.lower() == "dedicated" else warned(observed)


def _not_retired(_: Landscape, compute: Document) -> Ruling:
    kind = _kind(compute)
    if kind == "datalakeanalytics":
        return failed("Data Lake Analytics, which retired on 2024-02-29")
    return passed(f"computeType is {shown(text(compute, 'properties.computeType'))}")


def _spark_runtime(_: Landscape, compute: Document) -> Ruling:
    if _kind(compute) != "synapsespark":
        return unconcerned("no Synapse Spark pool")
    version = needed(compute, "properties.properties.sparkVersion")
    observed = f"sparkVersion is {shown(version)}"
    try:
        numbers = tuple(int(part) for part in version.split(".")[:2])
    except ValueError:
        raise IncompleteError(f"{observed}, no version") from None
    return (
        passed(observed) if numbers >= _SPARK_IN_SUPPORT else warned(f"{observed}: out of support")
    )


def _attached(landscape: Landscape, compute: Document) -> Ruling:
    _kind(compute)
    named = text(compute, "properties.resourceId")
    if not named or flag(compute, "properties.isAttachedCompute", default=bool(named)) is False:
        return unconcerned("nothing of your own is attached")
    found = landscape.find(named)
    name = shown(named.rstrip("/").rsplit("/", 1)[-1])
    if found is None:
        return failed(f"{name}, which it was attached from, is not there")
    if is_gone(found):
        return failed(f"{name}, which it was attached from, is not there")
    if found.unread is not None:
        raise IncompleteError(f"{name} could not be read: {found.unread}")
    return passed(f"{name} in {shown(found.location) or 'a region that is not said'}")


def _attached_apart(landscape: Landscape, compute: Document) -> Ruling:
    _kind(compute)
    outside = seen_from_primary(landscape, compute)
    if outside is not None:
        return outside
    mine = text(compute, "properties.resourceId")
    other = twin(landscape, compute) if mine else None
    if other is None:
        return unconcerned("nothing is attached under this name in both workspaces")
    if _kind(other) in _MADE_HERE:
        return unconcerned("nothing is attached under this name in both workspaces")
    theirs = needed(other, "properties.resourceId")
    same = mine.lower().rstrip("/") == theirs.lower().rstrip("/")
    name = shown(mine.rstrip("/").rsplit("/", 1)[-1])
    if same:
        return failed(f"{name} is attached to both workspaces")
    return passed(f"{name} here, {shown(theirs.rstrip('/').rsplit('/', 1)[-1])} in the secondary")


def _lasting_size(_: Landscape, compute: Document) -> Ruling:
    kind = _kind(compute)
    if kind not in _SIZES:
        return unconcerned("its kind has no machines of a size")
    return size_ruling(compute, _SIZES[kind])


def _same_size(landscape: Landscape, compute: Document) -> Ruling:
    if _kind(compute) != "amlcompute":
        return unconcerned("no compute cluster")
    other = counterpart(landscape, compute, "cluster")
    if isinstance(other, Ruling):
        return other
    mine, theirs = (needed(c, "properties.properties.vmSize") for c in (compute, other))
    observed = f"{shown(mine)} here, {shown(theirs)} in the secondary"
    return passed(observed) if mine.lower() == theirs.lower() else warned(observed)


RULES: tuple[Rule, ...] = (
    Rule(
        id="compute.in-both-regions",
        title="Compute in both workspaces",
        types=(types.COMPUTE,),
        expected="a compute of the same name in the secondary workspace",
        why="Jobs have nowhere to run until a cluster is made, and quota for it may be zero.",
        fact="compute.both-regions",
        remedy="Create the same compute in the secondary, with zero nodes at least, and ask for quota now.",
        command=_CREATE,
        judge=_in_both,
    ),
    Rule(
        id="compute.capacity-parity",
        title="As many nodes in the secondary",
        types=(types.COMPUTE,),
        expected="maxNodeCount in the secondary no smaller than in the primary",
        why="Work that fits the primary queues in the secondary; quota is asked for in days, not in minutes.",
        fact="compute.quota",
        remedy="Raise the secondary's maxNodeCount, and its quota before that.",
        command="az ml compute update --name {name} --max-instances NODES --workspace-name {other_workspace} --resource-group {other_group} --subscription {other_subscription}",
        judge=_capacity,
    ),
    Rule(
        id="compute.instance-local-disk",
        title="Nothing kept on an instance's disk",
        types=(types.COMPUTE,),
        expected="no compute instance that holds what is nowhere else",
        why="Files on an instance's own disk are lost with the region, and at once when its workspace is deleted.",
        fact="workspace.hard-deleted-parts",
        remedy="Have its owner commit to Git and keep files in the workspace's file share.",
        command=_SHOW,
        judge=_local_disk,
    ),
    Rule(
        id="compute.provisioning-state",
        title="Compute well",
        types=(types.COMPUTE,),
        expected="provisioningState is Succeeded, without provisioning errors",
        why="A compute that is broken before the outage helps nobody in it.",
        fact="compute.both-regions",
        remedy="Look at its errors and make it again.",
        command=_SHOW,
        judge=_provisioned,
    ),
    Rule(
        id="compute.legacy-aks",
        title="AKS made by yourself",
        types=(types.COMPUTE,),
        expected="no AKS cluster that Azure Machine Learning made",
        why="Such a cluster has no cross-region availability.",
        fact="compute.aks-by-studio",
        remedy="Attach clusters of your own in both regions, or use managed online endpoints.",
        command=_SHOW,
        judge=_own_cluster,
    ),
    Rule(
        id="compute.lasting-size",
        title="VM size that lasts",
        types=(types.COMPUTE,),
        expected=LASTING,
        why="A size that is being retired may not be had in the secondary, on the day or ever.",
        fact="compute.retiring-families",
        remedy="Choose a newer size that both regions offer.",
        command="az ml compute list-sizes --location {secondary_region}",
        judge=_lasting_size,
    ),
    Rule(
        id="compute.dedicated",
        title="Cluster of dedicated machines",
        types=(types.COMPUTE,),
        expected="vmPriority is Dedicated",
        why="Low-priority machines are taken back, or not given, exactly when a region's failure makes everybody ask.",
        fact="compute.low-priority",
        remedy="Have a dedicated cluster ready for work that must run on the day.",
        command=_CREATE,
        judge=_dedicated,
    ),
    Rule(
        id="compute.same-size",
        title="The same machines in the secondary",
        types=(types.COMPUTE,),
        expected="the same vmSize on the cluster of that name in the secondary",
        why="A job that was tuned for one size may not fit, or not start, on another.",
        fact="compute.both-regions",
        remedy="Create the secondary's cluster with the same size, where the region offers it.",
        command=_CREATE,
        judge=_same_size,
    ),
    Rule(
        id="compute.retired-kind",
        title="A kind of compute that still exists",
        types=(types.COMPUTE,),
        expected="no Data Lake Analytics",
        why="The service is gone: what names it runs nowhere.",
        fact="datalake.gen1-retired",
        remedy="Detach it and run the work on Spark.",
        command="az ml compute detach --name {name} --workspace-name {parent} --resource-group {group} --subscription {subscription}",
        judge=_not_retired,
    ),
    Rule(
        id="compute.spark-runtime",
        title="Spark runtime in support",
        types=(types.COMPUTE,),
        expected="sparkVersion 3.5 or later on a Synapse Spark pool",
        why="A pool of a runtime that was retired cannot be made again in the secondary, and jobs may be refused in both.",
        fact="synapse.runtime",
        remedy="Move the pool, and the jobs on it, to a runtime in support.",
        command=_SHOW,
        judge=_spark_runtime,
    ),
    Rule(
        id="compute.attached-there",
        title="What was attached is there",
        types=(types.COMPUTE,),
        expected="the resource that resourceId names is there",
        why="A compute whose cluster is gone fails every job.",
        fact="workspace.both-regions",
        remedy="Detach it, or attach what replaced it.",
        command=_SHOW,
        judge=_attached,
    ),
    Rule(
        id="compute.attached-apart",
        title="Each workspace with a cluster of its own",
        types=(types.COMPUTE,),
        expected="different resources behind the computes of one name",
        why="One cluster attached to both workspaces falls with its one region.",
        fact="workspace.both-regions",
        remedy="Attach a cluster of the secondary's region there.",
        command=_SHOW,
        judge=_attached_apart,
    ),
)
"""The rules of computes."""
