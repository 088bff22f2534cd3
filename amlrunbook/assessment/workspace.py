"""Rules of the workspace itself: the pair, its associated resources, identity and network."""

from __future__ import annotations

from amlrunbook.assessment import types
from amlrunbook.assessment.documents import is_gone
from amlrunbook.assessment.landscape import Landscape, Side
from amlrunbook.assessment.locks import lock_rule
from amlrunbook.assessment.parity import readable_secondary
from amlrunbook.assessment.provisioning import provisioning
from amlrunbook.assessment.reading import (
    identity_kinds,
    items,
    mapping,
    place_of,
    read_properties,
    shown,
    text,
    word,
)
from amlrunbook.assessment.rule import Rule, Ruling, failed, passed, unconcerned, warned
from amlrunbook.errors import IncompleteError
from amlrunbook.facts import fact_base
from amlrunbook.model.snapshot import Document

_OPTIONAL = ("containerRegistry", "applicationInsights")
"""Associated resources that a workspace may have none of (a registry comes with the first image build)."""
_OWN_REGION = ("storageAccount", "applicationInsights")
"""Associated resources that are one a workspace, in its own region."""
_CREATE = "az ml workspace create --name NEW_WORKSPACE --resource-group {group} --subscription {subscription} --location {secondary_region}"
_SHOW = "az ml workspace show --name {name} --resource-group {group} --subscription {subscription}"


def _secondary_exists(landscape: Landscape, workspace: Document) -> Ruling:
    if landscape.profile is not None:
        return _profile_secondary(landscape, workspace)
    region = place_of(workspace)
    others = [d for d in landscape.workspaces if d.key != workspace.key]
    elsewhere = [d for d in others if d.location and d.location != region]
    if elsewhere:
        return passed(f"{shown(elsewhere[0].name)} in {shown(elsewhere[0].location)}")
    if any(d.unread is not None or not d.location for d in others):
        raise IncompleteError("where another workspace is could not be read")
    return failed("no other workspace in another region")


def _profile_secondary(landscape: Landscape, workspace: Document) -> Ruling:
    """Judge whether the secondary that the profile names is there."""
    side = landscape.side(workspace)
    if side is Side.OUTSIDE:
        return unconcerned("the profile does not protect it")
    if landscape.profile is None or landscape.profile.secondary is None:
        return failed("the profile names no secondary workspace")
    other = Side.SECONDARY if side is Side.PRIMARY else Side.PRIMARY
    document = landscape.workspace_on(other)
    if document is None or is_gone(document):
        return failed(f"the profile's {other.name.lower()} workspace is not there")
    if document.unread is not None:
        raise IncompleteError(f"{document.name} could not be read: {document.unread}")
    return passed(f"{shown(document.name)} in {shown(place_of(document))}")


def _region_differs(landscape: Landscape, workspace: Document) -> Ruling:
    if landscape.side(workspace) is not Side.PRIMARY:
        return unconcerned("it is not the primary of a known pair")
    secondary = readable_secondary(landscape)
    if secondary is None:
        return unconcerned("there is no secondary workspace")
    here, there = place_of(workspace), place_of(secondary)
    return (
        failed(f"both in {shown(here)}")
        if here == there
        else passed(f"{shown(here)} and {shown(there)}")
    )


def _region_open(landscape: Landscape, workspace: Document) -> Ruling:
    if landscape.side(workspace) is not Side.SECONDARY:
        return unconcerned("it is not the secondary of a known pair")
    region = place_of(workspace)
    if region in fact_base().regions.restricted.regions:
        return warned(f"{region} is open by support request only")
    return passed(f"{shown(region)} is not among the restricted regions")


def _provisioned(_: Landscape, workspace: Document) -> Ruling:
    read_properties(workspace)
    gone = text(workspace, "properties.softDeletedAt")
    if gone:
        return failed(f"soft-deleted at {shown(gone)}")
    return provisioning(workspace)


def _identity(_: Landscape, workspace: Document) -> Ruling:
    kinds = identity_kinds(workspace)
    if "systemassigned" in kinds:
        return passed(f"identity.type is {shown(text(workspace, 'identity.type'))}")
    if kinds:
        return warned("only user-assigned identities: whether soft delete holds is unconfirmed")
    return warned("no identity")


def _is_project(workspace: Document) -> bool:
    return text(workspace, "kind").lower() == "project"


def _dependencies_exist(landscape: Landscape, workspace: Document) -> Ruling:
    read_properties(workspace)
    if _is_project(workspace):
        return unconcerned("a project uses its hub's")
    missing, found = [], 0
    for field, title in types.DEPENDENCIES.items():
        named = text(workspace, f"properties.{field}")
        if not named:
            if field not in _OPTIONAL:
                missing.append(f"no {title} is named")
            continue
        document = landscape.find(named)
        if document is None or is_gone(document):
            missing.append(f"{title} {shown(named.rsplit('/', 1)[-1])}")
        elif document.unread is not None:
            raise IncompleteError(f"{title} {document.name} could not be read: {document.unread}")
        else:
            found += 1
    if missing:
        return failed(f"not there: {', '.join(missing)}")
    return passed(f"all {found} are there")


def _dependencies_here(landscape: Landscape, workspace: Document) -> Ruling:
    read_properties(workspace)
    region = place_of(workspace)
    away, here = [], 0
    for field in _OWN_REGION:
        named = text(workspace, f"properties.{field}")
        if not named and field not in _OPTIONAL and not _is_project(workspace):
            raise IncompleteError(f"{workspace.name} does not say properties.{field}")
        document = landscape.find(named) if named else None
        if document is None or is_gone(document):
            continue
        if document.unread is not None:
            raise IncompleteError(f"{document.name} could not be read: {document.unread}")
        if place_of(document) != region:
            away.append(f"{types.DEPENDENCIES[field]} in {shown(document.location)}")
        else:
            here += 1
    if away:
        return failed(", ".join(away))
    return (
        passed(f"all {here} in {shown(region)}")
        if here
        else unconcerned("none of them is among the documents")
    )


def _own_key(_: Landscape, workspace: Document) -> Ruling:
    read_properties(workspace)
    if not mapping(workspace, "properties.encryption"):
        return passed("Microsoft keeps the metadata")
    if word(workspace, "properties.encryption.status", "enabled", "disabled") == "enabled":
        group = text(workspace, "properties.serviceProvisionedResourceGroup")
        return warned(f"encrypted with your key; metadata in {shown(group) or 'your subscription'}")
    return passed("Microsoft keeps the metadata")


def _image_builds(_: Landscape, workspace: Document) -> Ruling:
    read_properties(workspace)
    compute = text(workspace, "properties.imageBuildCompute")
    if compute:
        return passed(f"images are built on {shown(compute)}")
    return warned("no imageBuildCompute: images are built by the registry's tasks")


def _isolation(workspace: Document) -> tuple[str, str, bool]:
    """Return public access, managed network mode, and whether there is any private endpoint."""
    public = text(workspace, "properties.publicNetworkAccess", default="Enabled").lower()
    mapping(workspace, "properties.managedNetwork")
    managed = text(workspace, "properties.managedNetwork.isolationMode", default="Disabled")
    connections = items(workspace, "properties.privateEndpointConnections")
    return public, managed.lower(), bool(connections)


def _network_parity(landscape: Landscape, workspace: Document) -> Ruling:
    if landscape.side(workspace) is not Side.PRIMARY:
        return unconcerned("it is not the primary of a known pair")
    secondary = readable_secondary(landscape)
    if secondary is None:
        return unconcerned("there is no secondary workspace")
    read_properties(workspace)
    read_properties(secondary)
    mine, theirs = _isolation(workspace), _isolation(secondary)
    names = ("publicNetworkAccess", "managedNetwork.isolationMode", "private endpoints")
    different = [
        f"{name} {shown(here)} and {shown(there)}"
        for name, here, there in zip(names, mine, theirs, strict=True)
        if here != there
    ]
    if mine[2] and not theirs[2]:
        return failed("private endpoints in the primary only")
    return warned(", ".join(different)) if different else passed("the same in both workspaces")


RULES: tuple[Rule, ...] = (
    Rule(
        id="workspace.secondary-exists",
        title="A second workspace",
        types=(types.WORKSPACE,),
        expected="a workspace in another region",
        why="There is nothing to switch to, and nobody recovers a workspace's metadata for you.",
        fact="workspace.no-failover",
        remedy="Create a workspace in another region, from the same code, with resources of its own.",
        command=_CREATE,
        judge=_secondary_exists,
    ),
    Rule(
        id="workspace.secondary-region-differs",
        title="Two regions",
        types=(types.WORKSPACE,),
        expected="primary and secondary in different regions",
        why="One region's outage takes both workspaces.",
        fact="workspace.no-failover",
        remedy="Create the secondary in another region (a workspace is not moved between regions).",
        command=_CREATE,
        judge=_region_differs,
    ),
    Rule(
        id="workspace.secondary-region-open",
        title="Secondary region open to you",
        types=(types.WORKSPACE,),
        expected="a secondary region without restricted access",
        why="In a restricted region new resources and quota take a support request, on the day of all days.",
        fact="regions.pairs",
        remedy="Ask for access and quota now, or choose another region.",
        command=_CREATE,
        judge=_region_open,
    ),
    Rule(
        id="workspace.provisioning-state",
        title="Workspace well",
        types=(types.WORKSPACE,),
        expected="provisioningState is Succeeded",
        why="A workspace that failed or is being deleted can be neither left nor switched to in order.",
        fact="workspace.soft-delete",
        remedy="Diagnose it; a deleted one is recovered in the portal within 14 days.",
        command="az ml workspace diagnose --name {name} --resource-group {group} --subscription {subscription}",
        judge=_provisioned,
    ),
    Rule(
        id="workspace.identity-type",
        title="Identity that soft delete supports",
        types=(types.WORKSPACE,),
        expected="a system-assigned identity, alone or beside user-assigned ones",
        why="One of Microsoft's pages says that such a workspace cannot be recovered after a deletion.",
        fact="workspace.user-assigned-identity",
        remedy="Try the recovery in a test workspace before you count on it.",
        command=_SHOW,
        judge=_identity,
    ),
    Rule(
        id="workspace.dependencies-exist",
        title="Associated resources there",
        types=(types.WORKSPACE,),
        expected="every storage account, vault, registry and component that it names is there",
        why="A workspace without its storage or vault does not work, and cannot be recovered before them.",
        fact="workspace.soft-delete",
        remedy="Recover what was deleted: the vault first, then the storage account.",
        command="az ml workspace diagnose --name {name} --resource-group {group} --subscription {subscription}",
        judge=_dependencies_exist,
    ),
    Rule(
        id="workspace.dependencies-in-region",
        title="Associated resources in its own region",
        types=(types.WORKSPACE,),
        expected="default storage account and Application Insights in the workspace's region",
        why="The outage of the other region takes this workspace along.",
        fact="workspace.default-account-apart",
        remedy="Create the workspace anew with resources in its own region (storage cannot be exchanged later).",
        command=_CREATE,
        judge=_dependencies_here,
    ),
    Rule(
        id="workspace.customer-managed-key",
        title="Metadata kept by Microsoft",
        types=(types.WORKSPACE,),
        expected="no customer-managed key, or a plan for the resources that it brings",
        why="Run history and asset metadata lie in resources of your subscription, and their availability is yours.",
        fact="workspace.customer-managed-key",
        remedy="Know the managed resource group, its key and its vault, and have the support text ready.",
        command=_SHOW,
        judge=_own_key,
    ),
    Rule(
        id="workspace.image-build-compute",
        title="Image builds apart from the registry",
        types=(types.WORKSPACE,),
        expected="imageBuildCompute names a cluster",
        why="The registry's build tasks run in its home region only: with it down no environment is built.",
        fact="registry.home-region",
        remedy="Name a CPU cluster for image builds, and build and replicate images beforehand.",
        command="az ml workspace update --name {name} --resource-group {group} --subscription {subscription} --image-build-compute CLUSTER",
        judge=_image_builds,
    ),
    Rule(
        id="workspace.network-parity",
        title="The same network on both sides",
        types=(types.WORKSPACE,),
        expected="public access, managed network and private endpoints alike in both workspaces",
        why="People and pipelines that reach the primary do not reach the secondary: other names, other endpoints.",
        fact="workspace.private-link-names",
        remedy="Give the secondary the same isolation, private endpoints and DNS records.",
        command=_SHOW,
        judge=_network_parity,
    ),
    lock_rule(
        "workspace",
        types.WORKSPACE,
        why="A deletion takes computes, endpoints and role assignments at once; the rest comes back in the portal only.",
        fact="workspace.hard-deleted-parts",
    ),
)
"""The rules of workspaces."""
