"""Rules of container registries."""

from __future__ import annotations

from amlrunbook.assessment import types
from amlrunbook.assessment.documents import is_gone
from amlrunbook.assessment.landscape import Landscape, Side
from amlrunbook.assessment.locks import lock_rule
from amlrunbook.assessment.reading import flag, needed, place_of, read_properties, shown, text, word
from amlrunbook.assessment.rule import Rule, Ruling, failed, passed, unconcerned, warned
from amlrunbook.errors import IncompleteError
from amlrunbook.model.snapshot import Document

_LOST = ("failed", "canceled", "deleting")
"""Provisioning states of a replica that is none."""
_CREATE_REPLICA = "az acr replication create --registry {name} --resource-group {group} --subscription {subscription} --location {secondary_region}"


def _tier(registry: Document) -> str:
    tier = text(registry, "sku.name")
    if not tier:
        raise IncompleteError("the document holds no sku.name")
    return tier


def _is_premium(registry: Document) -> bool:
    return _tier(registry).lower() == "premium"


def _replicas(landscape: Landscape, registry: Document) -> tuple[Document, ...]:
    """Return the replicas outside the home region, lost ones left out.

    Raises:
        IncompleteError: a replica, or the list of them, could not be read.
    """
    replicas = []
    for replica in landscape.children(registry, "replications"):
        if replica.unread is not None:
            raise IncompleteError(f"replica {replica.name} could not be read: {replica.unread}")
        if needed(replica, "properties.provisioningState").lower() in _LOST:
            continue
        if place_of(replica) != place_of(registry):
            replicas.append(replica)
    return tuple(replicas)


def _regions(replicas: tuple[Document, ...]) -> str:
    return ", ".join(shown(replica.location) for replica in replicas)


def _premium(_: Landscape, registry: Document) -> Ruling:
    observed = f"sku.name is {shown(_tier(registry))}"
    return passed(observed) if _is_premium(registry) else failed(observed)


def _geo_replication(landscape: Landscape, registry: Document) -> Ruling:
    if not _is_premium(registry):
        return failed(f"{shown(_tier(registry))} cannot be replicated")
    replicas = _replicas(landscape, registry)
    if not replicas:
        return failed(f"no replica outside {registry.location or 'its home region'}")
    return passed(f"replicated to {_regions(replicas)}")


def _replica_in_secondary(landscape: Landscape, registry: Document) -> Ruling:
    secondary = landscape.workspace_on(Side.SECONDARY)
    region = landscape.secondary_region
    users = {user.key for user in landscape.users(registry)}
    if region is None or not users:
        return unconcerned("no workspace of a pair whose secondary region is known uses it")
    if secondary is not None and secondary.key not in users and _own(secondary):
        return unconcerned("the secondary workspace has a registry of its own")
    if place_of(registry) == region:
        return passed(f"its home region is the secondary's, {region}")
    regions = {replica.location for replica in _replicas(landscape, registry)}
    if region in regions and _is_premium(registry):
        return passed(f"a replica in {region}")
    return failed(f"no replica in {region}")


def _own(secondary: Document) -> str:
    """Return the registry that the secondary workspace names; empty where it names none, or is not there.

    Raises:
        IncompleteError: it could not be read.
    """
    if is_gone(secondary):
        return ""
    if secondary.unread is not None:
        raise IncompleteError(f"{secondary.name} could not be read: {secondary.unread}")
    read_properties(secondary)
    return text(secondary, "properties.containerRegistry")


def _replicas_ready(landscape: Landscape, registry: Document) -> Ruling:
    replicas = landscape.children(registry, "replications")
    if not replicas:
        return unconcerned("it has no replicas")
    worst = [_replica_state(replica) for replica in replicas]
    broken = [name for name, state in worst if state == "broken"]
    coming = [name for name, state in worst if state == "coming"]
    if broken:
        return failed(f"not serving: {', '.join(broken)}")
    if coming:
        return warned(f"not ready yet: {', '.join(coming)}")
    return passed(f"{len(replicas)} ready: {', '.join(name for name, _ in worst)}")


def _replica_state(replica: Document) -> tuple[str, str]:
    """Return a replica's name and whether it is ready, coming or broken.

    ``provisioningState`` may be Succeeded while the images are still on their way, so the status counts too.
    """
    if replica.unread is not None:
        raise IncompleteError(f"replica {replica.name} could not be read: {replica.unread}")
    provisioning = needed(replica, "properties.provisioningState").lower()
    status = needed(replica, "properties.status.displayStatus").lower()
    enabled = flag(replica, "properties.regionEndpointEnabled", default=True)
    name = shown(replica.name)
    if provisioning in _LOST or not enabled:
        return name, "broken"
    if status == "ready" and provisioning == "succeeded":
        return name, "ready"
    return name, "coming"


def _zone_redundancy(landscape: Landscape, registry: Document) -> Ruling:
    read_properties(registry)
    state = word(
        registry, "properties.zoneRedundancy", "enabled", "disabled", default="Disabled"
    ).capitalize()
    observed = f"zoneRedundancy is {state}"
    if state == "Enabled":
        return passed(observed)
    if _is_premium(registry) and _replicas(landscape, registry):
        return warned(f"{observed}; other regions still serve its images")
    return failed(observed)


def _home_region(landscape: Landscape, registry: Document) -> Ruling:
    primary = landscape.primary_region
    secondary = landscape.workspace_on(Side.SECONDARY)
    if primary is None or secondary is None or not landscape.users(registry):
        return unconcerned("no workspace of a pair of which both are known uses it")
    if place_of(registry) != primary:
        return passed(f"its home region is {shown(registry.location)}")
    users = {user.key for user in landscape.users(registry)}
    if secondary.key not in users:
        return unconcerned("the primary's own registry")
    return warned(
        f"its home region is {primary}: no change, no build and no new replica while that is dark"
    )


def _export_allowed(_: Landscape, registry: Document) -> Ruling:
    read_properties(registry)
    path = "properties.policies.exportPolicy.status"
    state = word(registry, path, "enabled", "disabled", default="enabled")
    observed = f"exportPolicy.status is {state}"
    if state == "enabled":
        return passed(observed)
    return warned(f"{observed}: its images cannot be imported elsewhere")


RULES: tuple[Rule, ...] = (
    Rule(
        id="registry.premium",
        title="Premium tier",
        types=(types.REGISTRY,),
        expected="sku.name is Premium",
        why="Only Premium replicates images to another region.",
        fact="registry.geo-replication",
        remedy="Move the registry to Premium.",
        command="az acr update --name {name} --resource-group {group} --subscription {subscription} --sku Premium",
        remedy_operation="hardening.registry-premium",
        judge=_premium,
    ),
    Rule(
        id="registry.geo-replication",
        title="Images in another region",
        types=(types.REGISTRY,),
        expected="Premium, with a replica outside the home region",
        why="With the home region down no image can be pulled or built: endpoints and jobs cannot start elsewhere.",
        fact="registry.geo-replication",
        remedy="Replicate the registry to the secondary's region; any region will do, no pair is needed.",
        command=_CREATE_REPLICA,
        remedy_operation="hardening.registry-replication",
        judge=_geo_replication,
    ),
    Rule(
        id="registry.replica-in-secondary",
        title="Images in the secondary's region",
        types=(types.REGISTRY,),
        expected="a replica (or the registry itself) in the secondary workspace's region",
        why="Images come from afar, or not at all, when endpoints start in the secondary.",
        fact="registry.geo-replication",
        remedy="Replicate the registry to the secondary's region.",
        command=_CREATE_REPLICA,
        remedy_operation="hardening.registry-replication",
        judge=_replica_in_secondary,
    ),
    Rule(
        id="registry.replica-ready",
        title="Replicas ready",
        types=(types.REGISTRY,),
        expected="every replica succeeded, Ready, and with its region's endpoint enabled",
        why="A replica that is still syncing, failed or switched off serves no image on the day.",
        fact="registry.geo-replication",
        remedy="Wait for the copy, enable the region's endpoint, or make the replica again.",
        command="az acr replication list --registry {name} --resource-group {group} --subscription {subscription}",
        judge=_replicas_ready,
    ),
    Rule(
        id="registry.zone-redundancy",
        title="Registry across zones",
        types=(types.REGISTRY,),
        expected="zoneRedundancy is Enabled",
        why="The loss of one zone takes the home region's images, and nothing can be built.",
        fact="registry.zones",
        remedy="Ask Microsoft first: registries in regions with zones are said to have it by now, whatever this field says. Where it is not so, make a zone-redundant registry and import the images.",
        command="az acr create --name NEW_REGISTRY --resource-group {group} --subscription {subscription} --sku Premium --zone-redundancy Enabled",
        judge=_zone_redundancy,
    ),
    Rule(
        id="registry.home-region",
        title="Registry's home region is not the one that is left",
        types=(types.REGISTRY,),
        expected="a home region other than the primary's, or a registry of the secondary's own",
        why="A registry is configured, and its tasks build, in its home region only: the secondary builds no image while that is dark.",
        fact="registry.home-region",
        remedy="Build and replicate every image beforehand, or home the registry in the secondary's region.",
        command="az acr create --name NEW_REGISTRY --resource-group {other_group} --location {secondary_region} --sku Premium",
        judge=_home_region,
    ),
    Rule(
        id="registry.export-allowed",
        title="Images can be copied out",
        types=(types.REGISTRY,),
        expected="policies.exportPolicy.status is enabled",
        why="Images that only this registry holds cannot be saved to another one.",
        fact="registry.export",
        remedy="Allow export for as long as images are copied.",
        command="az acr update --name {name} --resource-group {group} --subscription {subscription} --allow-exports true",
        judge=_export_allowed,
    ),
    lock_rule(
        "registry",
        types.REGISTRY,
        why="A deleted registry cannot be recovered: every image is built again.",
        fact="registry.home-region",
    ),
)
"""The rules of container registries."""
