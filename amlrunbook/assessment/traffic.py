"""Rules of what moves the traffic: API Management, Traffic Manager, Front Door."""

from __future__ import annotations

import re

from amlrunbook.assessment import types
from amlrunbook.assessment.landscape import Landscape
from amlrunbook.assessment.reading import (
    flag,
    items,
    mapping,
    needed,
    number,
    parts,
    place_of,
    read_properties,
    shown,
    text,
    word,
)
from amlrunbook.assessment.rule import Rule, Ruling, failed, passed, unconcerned, warned
from amlrunbook.errors import IncompleteError
from amlrunbook.facts import fact_base
from amlrunbook.model.resource_id import region_name
from amlrunbook.model.snapshot import Document

_TWO = 2
_PROFILE = "--name {name} --resource-group {group} --subscription {subscription}"
_SCORING = re.compile(r"\.([a-z0-9]+)\.inference\.(?:ml\.azure|api\.azureml|azureml)\.")
"""The region in a managed endpoint's address: ``fraud.eastus.inference.ml.azure.com``.

Source: https://learn.microsoft.com/azure/machine-learning/concept-endpoints-online
"""
_STATES = (
    "online", "checkingendpoint", "unmonitored", "inactive", "disabled", "degraded", "stopped",
)  # fmt: skip
"""What Traffic Manager says of an endpoint. Source: https://learn.microsoft.com/azure/traffic-manager/traffic-manager-monitoring"""
_FAILOVER_METHODS = ("priority", "weighted", "performance", "multivalue")


def _gateway_regions(landscape: Landscape, service: Document) -> Ruling:
    read_properties(service)
    extra = parts(service, "properties.additionalLocations")
    serving = [place for place in extra if not flag(place, "disableGateway", default=False)]
    names = [place_of(place) for place in serving]
    if not serving:
        return failed(f"in {shown(service.location) or 'one region'} only")
    wanted = landscape.secondary_region
    observed = f"also in {', '.join(map(shown, names))}"
    return (
        warned(f"{observed}, not in {wanted}")
        if wanted and wanted not in names
        else passed(observed)
    )


def _gateway_zones(_: Landscape, service: Document) -> Ruling:
    read_properties(service)
    zones = items(service, "zones")
    return passed(f"{len(zones)} zones") if len(zones) >= _TWO else warned(f"{len(zones)} zones")


def _gateway_tier(_: Landscape, service: Document) -> Ruling:
    tier = text(service, "sku.name")
    if not tier:
        raise IncompleteError("the document holds no sku.name")
    observed = f"sku.name is {shown(tier)}"
    return passed(observed) if tier.lower() == "premium" else failed(observed)


def _endpoints(profile: Document) -> tuple[Document, ...]:
    read_properties(profile)
    return tuple(
        endpoint
        for endpoint in parts(profile, "properties.endpoints")
        if text(endpoint, "properties.endpointStatus", default="Enabled").lower() == "enabled"
    )


def _places(endpoints: tuple[Document, ...]) -> tuple[set[str], set[str]]:
    """Return the regions of endpoints, as they say them or as a scoring address holds them, and the other targets.

    Raises:
        IncompleteError: an endpoint says neither where it is nor what it leads to.
    """
    regions: set[str] = set()
    targets: set[str] = set()
    for endpoint in endpoints:
        said = text(endpoint, "properties.endpointLocation")
        target = said or needed(endpoint, "properties.target").lower()
        scoring = _SCORING.search(target)
        if said or scoring:
            regions.add(scoring.group(1) if scoring else region_name(said))
        else:
            targets.add(target)
    return regions, targets


def _two_endpoints(_: Landscape, profile: Document) -> Ruling:
    enabled = _endpoints(profile)
    regions, targets = _places(enabled)
    observed = (
        f"{len(enabled)} enabled: {', '.join(shown(each.name) for each in enabled) or 'none'}"
    )
    if len(regions) >= _TWO or (not regions and len(targets) >= _TWO):
        return passed(observed)
    if regions and targets:
        raise IncompleteError(f"{observed}; where {', '.join(map(shown, targets))} is, is not said")
    return failed(observed)


def _ttl(_: Landscape, profile: Document) -> Ruling:
    read_properties(profile)
    seconds = number(profile, "properties.dnsConfig.ttl")
    if seconds is None:
        raise IncompleteError("the document holds no dnsConfig.ttl")
    most = fact_base().limits.traffic_ttl_seconds.value
    observed = f"dnsConfig.ttl is {seconds} s"
    return passed(observed) if seconds <= most else warned(observed)


def _monitored(_: Landscape, profile: Document) -> Ruling:
    enabled = _endpoints(profile)
    bad = [
        f"{shown(each.name)} {shown(text(each, 'properties.endpointMonitorStatus'))}"
        for each in enabled
        if word(each, "properties.endpointMonitorStatus", *_STATES) in ("degraded", "stopped")
    ]
    if not enabled:
        return failed("no endpoint is enabled")
    return (
        failed(f"not healthy: {', '.join(bad)}") if bad else passed(f"{len(enabled)} not degraded")
    )


def _method(_: Landscape, profile: Document) -> Ruling:
    read_properties(profile)
    method = text(profile, "properties.trafficRoutingMethod")
    observed = f"trafficRoutingMethod is {shown(method) or 'not said'}"
    if not method:
        raise IncompleteError(observed)
    if method.lower() in _FAILOVER_METHODS:
        return passed(observed)
    return warned(f"{observed}: callers of a lost region may get no other answer")


def _enabled_profile(_: Landscape, profile: Document) -> Ruling:
    read_properties(profile)
    state = text(profile, "properties.profileStatus", default="Enabled")
    observed = f"profileStatus is {shown(state)}"
    return (
        passed(observed)
        if state.lower() == "enabled"
        else failed(f"{observed}: its name does not resolve")
    )


def _hosts(landscape: Landscape, group: Document) -> set[str]:
    """Return the hosts of the enabled origins of a group.

    Raises:
        IncompleteError: its origins could not be listed, or one names no host.
    """
    return {
        needed(origin, "properties.hostName").lower()
        for origin in landscape.read_children(group, "origins")
        if text(origin, "properties.enabledState", default="Enabled").lower() == "enabled"
    }


def _two_origins(landscape: Landscape, door: Document) -> Ruling:
    read_properties(door)
    groups = landscape.read_children(door, "originGroups")
    if not groups:
        return unconcerned("none of its origin groups is among the documents")
    hosts = {group.name: _hosts(landscape, group) for group in groups}
    weak = {name: found for name, found in hosts.items() if len(found) < _TWO}
    if weak:
        alone = (f"{shown(name)}: {_listed(found)}" for name, found in sorted(weak.items()))
        return failed(f"fewer than {_TWO} enabled origins in {'; '.join(alone)}")
    every = set().union(*hosts.values())
    return passed(f"{len(every)} enabled origins: {_listed(every)}")


def _listed(hosts: set[str]) -> str:
    return ", ".join(map(shown, sorted(hosts))) or "none"


def _probed(landscape: Landscape, door: Document) -> Ruling:
    read_properties(door)
    groups = landscape.read_children(door, "originGroups")
    if not groups:
        return unconcerned("none of its origin groups is among the documents")
    without = [g.name for g in groups if not mapping(g, "properties.healthProbeSettings")]
    if without:
        return failed(f"no health probe in {', '.join(map(shown, without))}")
    return passed(f"all {len(groups)} origin groups are probed")


def _classic(_: Landscape, door: Document) -> Ruling:
    read_properties(door)
    if text(door, "properties.resourceState").lower() == "migrated":
        return passed("resourceState is Migrated")
    return warned("a classic Front Door, which retires on 2027-03-31")


RULES: tuple[Rule, ...] = (
    Rule(
        id="apim.regions",
        title="API Management in both regions",
        types=(types.API_MANAGEMENT,),
        expected="a gateway in the secondary's region that is not disabled",
        why="With one region its loss closes the way to every endpoint behind it, in both regions.",
        fact="apim.multi-region",
        remedy="Add the secondary's region; nothing can be added once the primary region is lost.",
        command="az apim update --name {name} --resource-group {group} --subscription {subscription} --set additionalLocations=LOCATIONS",
        judge=_gateway_regions,
    ),
    Rule(
        id="apim.tier",
        title="API Management of the Premium tier",
        types=(types.API_MANAGEMENT,),
        expected="sku.name is Premium",
        why="Only the classic Premium tier runs in several regions.",
        fact="apim.multi-region",
        remedy="Move to Premium, or put Front Door before one service a region.",
        command="az apim update --name {name} --resource-group {group} --subscription {subscription} --sku-name Premium",
        judge=_gateway_tier,
    ),
    Rule(
        id="apim.zones",
        title="API Management across zones",
        types=(types.API_MANAGEMENT,),
        expected="two zones or more",
        why="The loss of one zone then closes nothing.",
        fact="apim.multi-region",
        remedy="Give the service zones, with as many units.",
        command="az apim show --name {name} --resource-group {group} --subscription {subscription} --query zones",
        judge=_gateway_zones,
    ),
    Rule(
        id="trafficmanager.endpoints",
        title="Traffic Manager knows both regions",
        types=(types.TRAFFIC_MANAGER,),
        expected="two enabled endpoints or more, at two places",
        why="With one endpoint there is nothing to steer to.",
        fact="trafficmanager.switch",
        remedy="Add the secondary's endpoint, disabled or of lower priority.",
        command="az network traffic-manager endpoint create --profile-name {name} --resource-group {group} --subscription {subscription} --name SECONDARY --type externalEndpoints --target HOST --priority 2",
        judge=_two_endpoints,
    ),
    Rule(
        id="trafficmanager.ttl",
        title="Callers learn of a switch soon",
        types=(types.TRAFFIC_MANAGER,),
        expected="dnsConfig.ttl is 60 s or less",
        why="Callers go to the dark region until their answer has aged.",
        fact="trafficmanager.switch",
        remedy="Lower the TTL.",
        command=f"az network traffic-manager profile update {_PROFILE} --ttl 60",
        remedy_operation="hardening.traffic-ttl",
        judge=_ttl,
    ),
    Rule(
        id="trafficmanager.healthy",
        title="Traffic Manager's endpoints healthy",
        types=(types.TRAFFIC_MANAGER,),
        expected="no enabled endpoint is Degraded or Stopped",
        why="When all are degraded all are given out: the switch steers nobody.",
        fact="trafficmanager.switch",
        remedy="Mend the probe's path or the endpoint before the day.",
        command=f"az network traffic-manager profile show {_PROFILE}",
        judge=_monitored,
    ),
    Rule(
        id="trafficmanager.method",
        title="A routing method that fails over",
        types=(types.TRAFFIC_MANAGER,),
        expected="trafficRoutingMethod is Priority, Weighted, Performance or MultiValue",
        why="Geographic and subnet routing send callers of a lost region nowhere without a wider endpoint.",
        fact="trafficmanager.switch",
        remedy="Use Priority, or nest a profile.",
        command=f"az network traffic-manager profile update {_PROFILE} --routing-method Priority",
        judge=_method,
    ),
    Rule(
        id="trafficmanager.enabled",
        title="Traffic Manager's profile enabled",
        types=(types.TRAFFIC_MANAGER,),
        expected="profileStatus is Enabled",
        why="A disabled profile's name does not resolve at all.",
        fact="trafficmanager.switch",
        remedy="Enable the profile.",
        command=f"az network traffic-manager profile update {_PROFILE} --status Enabled",
        judge=_enabled_profile,
    ),
    Rule(
        id="frontdoor.origins",
        title="Front Door knows both regions",
        types=(types.FRONT_DOOR,),
        expected="two enabled origins or more",
        why="A change takes up to three quarters of an hour to be live, and may be refused in an outage of Front Door: probes and priorities must do the switch.",
        fact="frontdoor.propagation",
        remedy="Add the secondary's origin beforehand, enabled, with a lower priority.",
        command="az afd origin create --profile-name {name} --resource-group {group} --subscription {subscription} --origin-group-name GROUP --origin-name SECONDARY --host-name HOST --priority 2",
        judge=_two_origins,
    ),
    Rule(
        id="frontdoor.probes",
        title="Front Door probes its origins",
        types=(types.FRONT_DOOR,),
        expected="healthProbeSettings in every origin group",
        why="Without a probe a dark region goes on getting its share.",
        fact="frontdoor.propagation",
        remedy="Set a probe that answers 200 only where scoring works.",
        command="az afd origin-group update --profile-name {name} --resource-group {group} --subscription {subscription} --origin-group-name GROUP --probe-path PATH --probe-protocol Https --probe-interval-in-seconds 30",
        judge=_probed,
    ),
    Rule(
        id="frontdoor.classic",
        title="No classic Front Door",
        types=(types.CLASSIC_FRONT_DOOR,),
        expected="Front Door Standard or Premium",
        why="The classic one retires, and its origins cannot be changed one by one.",
        fact="frontdoor.classic",
        remedy="Migrate to Standard or Premium.",
        command="az network front-door show --name {name} --resource-group {group} --subscription {subscription}",
        judge=_classic,
    ),
)
"""The rules of gateways and traffic."""
