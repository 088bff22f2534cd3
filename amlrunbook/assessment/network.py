"""Rules of private endpoints, private DNS zones and resource groups: the ways to the resources, and who may change them."""

from __future__ import annotations

from amlrunbook.assessment import types
from amlrunbook.assessment.documents import is_gone
from amlrunbook.assessment.landscape import Landscape
from amlrunbook.assessment.reading import (
    items,
    mapping,
    needed,
    parts,
    place_of,
    read_properties,
    shown,
    strings,
    text,
    word,
)
from amlrunbook.assessment.rule import Rule, Ruling, failed, passed, unconcerned, warned
from amlrunbook.errors import IncompleteError
from amlrunbook.model.snapshot import Document

_NAMED = 5
_CONNECTIONS = "properties.privateEndpointConnections"
_STATUS = "properties.privateLinkServiceConnectionState.status"
_REACHED = (types.STORAGE, types.VAULT, types.REGISTRY)
"""What both workspaces may share, and reach through private endpoints."""
_SWITCHED = tuple(
    kind.lower()
    for kind in (
        types.TRAFFIC_MANAGER, types.FRONT_DOOR, types.CLASSIC_FRONT_DOOR, types.DNS_ZONE,
    )
)  # fmt: skip
"""Global services, whose changes on the day are refused where their group's region is dark."""


def _approved(resource: Document) -> tuple[str, ...]:
    """Return the ids of the private endpoints whose connections a resource has approved."""
    read_properties(resource)
    return tuple(
        text(connection, "properties.privateEndpoint.id")
        for connection in parts(resource, _CONNECTIONS)
        if needed(connection, _STATUS).lower() == "approved"
    )


def _connections_approved(_: Landscape, resource: Document) -> Ruling:
    read_properties(resource)
    connections = parts(resource, _CONNECTIONS)
    if not connections:
        return unconcerned("no private endpoint is connected to it")
    approved = _approved(resource)
    waiting = len(connections) - len(approved)
    if waiting:
        return failed(f"{waiting} of {len(connections)} connections are not approved")
    return passed(f"all {len(connections)} connections are approved")


def _endpoint_in_secondary(landscape: Landscape, resource: Document) -> Ruling:
    read_properties(resource)
    wanted = landscape.secondary_region
    approved = _approved(resource)
    if wanted is None or not approved:
        return unconcerned("no secondary region, or no private endpoint is connected to it")
    if resource.location != wanted and len(landscape.users(resource)) == 1:
        (user,) = landscape.users(resource)
        if user.location != wanted:
            return unconcerned("the primary workspace's own")
    regions, unread = set(), ""
    for named in approved:
        endpoint = landscape.find(named)
        if endpoint is None or (endpoint.unread is not None and not is_gone(endpoint)):
            unread = named.rsplit("/", 1)[-1]
        elif endpoint.unread is None:
            regions.add(place_of(endpoint))
    if wanted in regions:
        return passed(f"a private endpoint in {wanted}")
    if unread:
        raise IncompleteError(f"private endpoint {shown(unread)} was not read")
    return failed(
        f"private endpoints in {', '.join(map(shown, sorted(regions))) or 'no region'} only"
    )


def _reachable(_: Landscape, resource: Document) -> Ruling:
    """Judge whether anything at all reaches a resource."""
    read_properties(resource)
    public = word(
        resource, "properties.publicNetworkAccess", "enabled", "disabled", default="Enabled"
    ).capitalize()
    observed = f"publicNetworkAccess is {public}"
    if public == "Enabled" and not _lets_nobody_in(resource):
        return passed(observed)
    if public == "Enabled":
        observed += ", its firewall denies and has no rule"
    count = len(_approved(resource))
    if count:
        return passed(f"{observed}, {count} private endpoints")
    return failed(f"{observed}, and no private endpoint: nothing reaches it")


def _lets_nobody_in(resource: Document) -> bool:
    """Return whether a resource's firewall denies by default and names nobody whom it lets in.

    A storage account calls its rules ``networkAcls``, a vault too, a registry ``networkRuleSet``. What a trusted service
    may do all the same (``bypass``) helps neither a person nor a job.
    Source: Microsoft's OpenAPI documents of Microsoft.Storage, Microsoft.KeyVault and Microsoft.ContainerRegistry.
    """
    rules = mapping(resource, "properties.networkAcls") or mapping(
        resource, "properties.networkRuleSet"
    )
    acls = Document(rules)
    if text(acls, "defaultAction", default="Allow").lower() != "deny":
        return False
    return not any(
        items(acls, kind) for kind in ("ipRules", "virtualNetworkRules", "resourceAccessRules")
    )


def _subnet(endpoint: Document) -> str:
    subnet = text(endpoint, "properties.subnet.id")
    return subnet.lower().split("/subnets/", 1)[0]


def _zone_groups(landscape: Landscape, endpoint: Document) -> tuple[str, ...]:
    """Return the ids of the DNS zones in which an endpoint's names are written.

    Raises:
        IncompleteError: its zone groups could not be read, or one does not say its zone.
    """
    zones = []
    for group in landscape.read_children(endpoint, "privateDnsZoneGroups"):
        read_properties(group)
        configs = parts(group, "properties.privateDnsZoneConfigs")
        zones += [needed(config, "properties.privateDnsZoneId") for config in configs]
    return tuple(zones)


def _zone_group(landscape: Landscape, endpoint: Document) -> Ruling:
    read_properties(endpoint)
    zones = _zone_groups(landscape, endpoint)
    if not zones:
        return warned("no zone group: its records are written by hand")
    names = ", ".join(shown(zone.rsplit("/", 1)[-1]) for zone in zones[:_NAMED])
    return passed(f"its names are written in {names}")


def _zone_linked(landscape: Landscape, endpoint: Document) -> Ruling:
    read_properties(endpoint)
    network = _subnet(endpoint)
    if not network:
        raise IncompleteError("the document names no subnet")
    zones = _zone_groups(landscape, endpoint)
    if not zones:
        return unconcerned("no zone group: its records are written by hand")
    missing = []
    for zone in zones:
        place = Document({"id": zone, "name": zone.rsplit("/", 1)[-1]})
        links = landscape.read_children(place, "virtualNetworkLinks")
        linked = {text(link, "properties.virtualNetwork.id").lower() for link in links}
        if network not in linked:
            missing.append(shown(place.name))
    if missing:
        return failed(f"its own network is not linked to {', '.join(missing)}")
    return passed(f"its network is linked to all {len(zones)} zones")


def _one_record(landscape: Landscape, zone: Document) -> Ruling:
    """Judge whether two endpoints of one resource write the same name into one zone.

    Endpoints of different parts of a resource (``blob`` and ``blob_secondary``) have names of their own.
    Source: https://learn.microsoft.com/azure/private-link/private-endpoint-dns
    """
    writers: dict[tuple[str, str], list[Document]] = {}
    for endpoint in landscape.inventory.of_type(types.PRIVATE_ENDPOINT):
        if endpoint.unread is not None:
            raise IncompleteError(f"private endpoint {endpoint.name}: {endpoint.unread}")
        here = {named.lower().rstrip("/") for named in _zone_groups(landscape, endpoint)}
        if zone.key not in here:
            continue
        for target, part in _targets(endpoint):
            writers.setdefault((target, part), []).append(endpoint)
    twice = sorted({target for (target, _), ends in writers.items() if len(ends) > 1})
    if twice:
        names = ", ".join(shown(target.rsplit("/", 1)[-1]) for target in twice[:_NAMED])
        return failed(f"several endpoints write the name of {names}: the last one wins")
    if not writers:
        return unconcerned("no private endpoint that was read writes into it")
    return passed(f"{len(writers)} resources, each with one endpoint in this zone")


def _targets(endpoint: Document) -> list[tuple[str, str]]:
    """Return the resources that an endpoint leads to, and the part of each, in lower case.

    Raises:
        IncompleteError: it does not say where it leads.
    """
    read_properties(endpoint)
    connections = [
        connection
        for field in ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections")
        for connection in parts(endpoint, f"properties.{field}")
    ]
    if not connections:
        raise IncompleteError(f"private endpoint {endpoint.name} does not say where it leads")
    return [
        (needed(each, "properties.privateLinkServiceId").lower().rstrip("/"), part.lower())
        for each in connections
        for part in strings(each, "properties.groupIds") or ("",)
    ]


def _inside(landscape: Landscape, group: Document) -> tuple[Document, ...]:
    """Return what lies in a group itself, its children left out."""
    prefix = f"{group.key}/providers/"
    depth = 2
    return tuple(
        d
        for d in landscape.inventory.documents
        if d.key.startswith(prefix)
        and d.unread is None
        and d.key.removeprefix(prefix).count("/") == depth
    )


def _group_location(landscape: Landscape, group: Document) -> Ruling:
    primary, wanted = landscape.primary_region, landscape.secondary_region
    home = place_of(group)
    if primary is None or wanted is None:
        return unconcerned("no pair of regions is known")
    if home != primary:
        return passed(f"it is in {shown(home)}")
    needed = [
        d.name
        for d in _inside(landscape, group)
        if d.location == wanted or d.type.lower() in _SWITCHED
    ]
    if not needed:
        return passed(f"in {primary}, with nothing that the switch changes elsewhere")
    names = ", ".join(map(shown, needed[:_NAMED]))
    more = f" and {len(needed) - _NAMED} more" if len(needed) > _NAMED else ""
    return failed(f"in {primary}, and it holds {names}{more}")


RULES: tuple[Rule, ...] = (
    Rule(
        id="network.connections-approved",
        title="Private endpoints approved",
        types=(types.WORKSPACE, *_REACHED),
        expected="every private endpoint connection is Approved",
        why="A connection that waits, or was refused, carries nothing.",
        fact="network.both-regions",
        remedy="Approve the connection, or remove what is not yours.",
        command="az network private-endpoint-connection list --id {id}",
        judge=_connections_approved,
    ),
    Rule(
        id="network.endpoint-in-secondary",
        title="Private endpoint in the secondary's region",
        types=_REACHED,
        expected="an approved private endpoint in the secondary's region, where there is any",
        why="The secondary's jobs and endpoints cannot reach storage, secrets or images that only the primary's network reaches.",
        fact="network.both-regions",
        remedy="Create a private endpoint in the secondary's network, with records in its own DNS zone.",
        command="az network private-endpoint create --name NEW_ENDPOINT --resource-group {other_group} --location {secondary_region} --subnet SUBNET_ID --private-connection-resource-id {id} --connection-name NEW_CONNECTION --group-id GROUP_ID",
        judge=_endpoint_in_secondary,
    ),
    Rule(
        id="network.reachable",
        title="Something reaches it",
        types=(types.WORKSPACE, *_REACHED),
        expected="public access, or a private endpoint that is approved",
        why="What neither a public address nor a private endpoint reaches cannot be used in either region.",
        fact="network.both-regions",
        remedy="Create a private endpoint.",
        command="az network private-endpoint-connection list --id {id}",
        judge=_reachable,
    ),
    Rule(
        id="network.zone-group",
        title="Names of a private endpoint written by Azure",
        types=(types.PRIVATE_ENDPOINT,),
        expected="a private DNS zone group",
        why="Records that are written by hand are written by hand again on the day.",
        fact="network.private-dns",
        remedy="Give the endpoint a zone group.",
        command="az network private-endpoint dns-zone-group create --endpoint-name {name} --resource-group {group} --subscription {subscription} --name default --private-dns-zone ZONE_ID --zone-name ZONE",
        judge=_zone_group,
    ),
    Rule(
        id="network.zone-linked",
        title="DNS zone linked to the endpoint's network",
        types=(types.PRIVATE_ENDPOINT,),
        expected="each of its zones is linked to the network that it lies in",
        why="A network that is not linked resolves the public address, which is closed.",
        fact="network.private-dns",
        remedy="Link the network to the zone.",
        command="az network private-dns link vnet create --name NEW_LINK --zone-name ZONE --resource-group {group} --subscription {subscription} --virtual-network NETWORK_ID --registration-enabled false",
        judge=_zone_linked,
    ),
    Rule(
        id="dns.one-endpoint-a-name",
        title="One endpoint writes a name",
        types=(types.DNS_ZONE,),
        expected="no two private endpoints of one resource in the same zone",
        why="A zone holds one record set a name: the second region's endpoint overwrites the first one's record.",
        fact="network.private-dns",
        remedy="Use a zone a region.",
        command="az network private-dns record-set a list --zone-name {name} --resource-group {group} --subscription {subscription}",
        judge=_one_record,
    ),
    Rule(
        id="group.location",
        title="Resource group not in the region that is left",
        types=(types.GROUP,),
        expected="what is changed on the day lies in groups outside the primary's region",
        why="A group's region keeps its metadata: when it is dark, changes of everything in the group can fail, wherever it runs.",
        fact="group.location",
        remedy="Move those resources to a group of the secondary's region.",
        command="az resource move --destination-group NEW_GROUP --ids RESOURCE_ID",
        judge=_group_location,
    ),
)
"""The rules of networks and groups."""
