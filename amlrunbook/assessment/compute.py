"""Rules of computes attached to or owned by a workspace."""

from __future__ import annotations

from amlrunbook.assessment import types
from amlrunbook.assessment.landscape import Landscape
from amlrunbook.assessment.parity import (
    has_twin,
    lacking,
    seen_from_primary,
    strategy_of,
    twin,
)
from amlrunbook.assessment.provisioning import provisioning
from amlrunbook.assessment.reading import items, number, read_properties, shown, text
from amlrunbook.assessment.rule import Rule, Ruling, failed, passed, unconcerned, warned
from amlrunbook.errors import IncompleteError
from amlrunbook.facts import fact_base
from amlrunbook.model.snapshot import Document

_CREATE = "az ml compute create --name {name} --type AmlCompute --workspace-name {other_workspace} --resource-group {other_group} --subscription {other_subscription}"
_SHOW = "az ml compute show --name {name} --workspace-name {parent} --resource-group {group} --subscription {subscription}"


def _kind(compute: Document) -> str:
    read_properties(compute)
    kind = text(compute, "properties.computeType")
    if not kind:
        raise IncompleteError("the document holds no computeType")
    return kind.lower()


def _in_both(landscape: Landscape, compute: Document) -> Ruling:
    if _kind(compute) == "computeinstance":
        return unconcerned("a compute instance belongs to one person and does not move")
    return has_twin(landscape, compute, lacking(strategy_of(landscape, "experiments")))


def _capacity(landscape: Landscape, compute: Document) -> Ruling:
    if _kind(compute) != "amlcompute":
        return unconcerned("no compute cluster")
    outside = seen_from_primary(landscape, compute)
    if outside is not None:
        return outside
    other = twin(landscape, compute)
    if other is None:
        return unconcerned("the secondary has no cluster of this name")
    read_properties(other)
    path = "properties.properties.scaleSettings.maxNodeCount"
    mine, theirs = number(compute, path), number(other, path)
    if mine is None or theirs is None:
        raise IncompleteError("a document holds no scaleSettings.maxNodeCount")
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


def _size_lasts(_: Landscape, compute: Document) -> Ruling:
    read_properties(compute)
    size = text(compute, "properties.properties.vmSize")
    if not size:
        return unconcerned("it has no vmSize")
    family = fact_base().retiring_family(size)
    if family is None:
        return passed(f"vmSize is {shown(size)}")
    return warned(f"vmSize is {shown(size)}, of the family {family.name}")


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
        expected="no size of the families NC and NC_Promo",
        why="A size that is being retired may not be had in the secondary, on the day or ever.",
        fact="compute.retiring-families",
        remedy="Choose a newer size that both regions offer.",
        command="az ml compute list-sizes --location {secondary_region}",
        judge=_size_lasts,
    ),
)
"""The rules of computes."""
