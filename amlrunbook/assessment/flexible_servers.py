"""Rules of PostgreSQL and MySQL flexible servers, and of Cosmos DB accounts."""

from __future__ import annotations

from amlrunbook.assessment import types
from amlrunbook.assessment.landscape import Landscape
from amlrunbook.assessment.parity import lacking, strategy_of
from amlrunbook.assessment.partners import in_secondary_region
from amlrunbook.assessment.reading import (
    flag,
    needed,
    parts,
    place_of,
    read_properties,
    shown,
    text,
)
from amlrunbook.assessment.rule import Rule, Ruling, failed, passed, unconcerned, warned
from amlrunbook.errors import IncompleteError
from amlrunbook.model.resource_id import region_name
from amlrunbook.model.snapshot import Document

_REPLICA_ROLES = ("asyncreplica", "geoasyncreplica", "replica")
_SERVER = "--name {name} --resource-group {group} --subscription {subscription}"
_TWO = 2


def _role(server: Document) -> str:
    read_properties(server)
    role = text(server, "properties.replica.role") or text(server, "properties.replicationRole")
    if not role and text(server, "properties.sourceServerResourceId"):
        raise IncompleteError(f"{server.name} names a source, and does not say its own role")
    return role or "None"


def _is_replica(server: Document) -> bool:
    return _role(server).lower() in _REPLICA_ROLES


def _geo_backup(landscape: Landscape, server: Document) -> Ruling:
    if _is_replica(server):
        return unconcerned("a replica has no geo-redundant backups of its own")
    kept = text(server, "properties.backup.geoRedundantBackup")
    observed = f"geoRedundantBackup is {shown(kept) or 'not said'}"
    match kept.lower():
        case "enabled":
            return passed(observed)
        case "disabled":
            elsewhere = _remote(landscape, server)
            return warned(f"{observed}; a replica elsewhere") if elsewhere else failed(observed)
        case _:
            raise IncompleteError(observed)


def _replicas(landscape: Landscape, server: Document) -> tuple[Document, ...]:
    """Return a server's replicas: those listed under it, and those among the documents that name it as source.

    Raises:
        IncompleteError: they could not be listed.
    """
    listed = {d.key: d for d in landscape.read_children(server, "replicas")}
    for other in landscape.inventory.of_type(server.type):
        source = other.field("properties.sourceServerResourceId")
        if (
            isinstance(source, str)
            and source.lower().rstrip("/") == server.key
            and _is_replica(other)
        ):
            listed.setdefault(other.key, other)
    return tuple(listed.values())


def _remote(landscape: Landscape, server: Document) -> tuple[Document, ...]:
    return tuple(r for r in _replicas(landscape, server) if place_of(r) != place_of(server))


def _replica(landscape: Landscape, server: Document) -> Ruling:
    if _is_replica(server) or in_secondary_region(landscape, server):
        return unconcerned("it is in the secondary's region, or a replica itself")
    remote = _remote(landscape, server)
    if not remote:
        lack = lacking(strategy_of(landscape, "data"))
        return lack(f"no replica outside {shown(server.location) or 'its region'}")
    names = ", ".join(f"{shown(r.name)} in {shown(r.location)}" for r in remote)
    return passed(f"replicated to {names}")


def _replica_state(_: Landscape, server: Document) -> Ruling:
    if not _is_replica(server):
        return unconcerned("it is no replica")
    state = text(server, "properties.replica.replicationState")
    observed = f"replicationState is {shown(state) or 'not said'}"
    match state.lower():
        case "active":
            return passed(observed)
        case "catchup" | "provisioning" | "updating" | "reconfiguring":
            return warned(observed)
        case "broken":
            return failed(observed)
        case _:
            raise IncompleteError(observed)


def _high_availability(_: Landscape, server: Document) -> Ruling:
    if _is_replica(server):
        return unconcerned("a replica has no standby of its own")
    mode = text(server, "properties.highAvailability.mode", default="Disabled")
    observed = f"highAvailability.mode is {shown(mode)}"
    return passed(observed) if mode.lower() == "zoneredundant" else warned(observed)


def _state(_: Landscape, server: Document) -> Ruling:
    read_properties(server)
    state = text(server, "properties.state")
    observed = f"state is {shown(state) or 'not said'}"
    if not state:
        raise IncompleteError(observed)
    return passed(observed) if state.lower() == "ready" else failed(observed)


def _flexible(service: str, kind: str, az: str, title: str) -> tuple[Rule, ...]:
    """Return the rules that PostgreSQL and MySQL share."""
    return (
        Rule(
            id=f"{service}.replica",
            title=f"{title} replica in another region",
            types=(kind,),
            expected="a read replica in another region",
            why="Without a replica the server comes back from a geo-restore, up to an hour of data short, where backups allow it at all.",
            fact=f"{service}.replicas",
            remedy="Create a replica in the secondary's region, of the same tier and size.",
            command=f"az {az} replica create --replica-name NEW_REPLICA --source-server {{id}} --location {{secondary_region}} --resource-group {{group}} --subscription {{subscription}}",
            judge=_replica,
        ),
        Rule(
            id=f"{service}.geo-backup",
            title=f"{title} backups in another region",
            types=(kind,),
            expected="backup.geoRedundantBackup is Enabled",
            why="A geo-restore needs backups in the paired region.",
            fact=f"{service}.geo-restore",
            remedy="It may be fixed at creation: a server without it is replaced by one that has it.",
            command=f"az {az} create --name NEW_SERVER --resource-group {{group}} --subscription {{subscription}} --geo-redundant-backup Enabled",
            judge=_geo_backup,
        ),
        Rule(
            id=f"{service}.high-availability",
            title=f"{title} across zones",
            types=(kind,),
            expected="highAvailability.mode is ZoneRedundant",
            why="The loss of one zone is an outage of minutes to hours without a standby.",
            fact=f"{service}.replicas",
            remedy="Turn zone-redundant high availability on (not in the burstable tier).",
            command=f"az {az} update {_SERVER} --high-availability ZoneRedundant",
            judge=_high_availability,
        ),
        Rule(
            id=f"{service}.state",
            title=f"{title} server well",
            types=(kind,),
            expected="state is Ready",
            why="A server that is not ready can be neither a source nor a target.",
            fact=f"{service}.replicas",
            remedy="Look at its health; an inaccessible one often lost its key.",
            command=f"az {az} show {_SERVER}",
            judge=_state,
        ),
    )


# -- Cosmos DB ------------------------------------------------------------------------------


def _regions(account: Document) -> tuple[Document, ...]:
    read_properties(account)
    regions = parts(account, "properties.locations")
    if not regions:
        raise IncompleteError("the document names no locations")
    return regions


def _named(regions: tuple[Document, ...]) -> str:
    return ", ".join(shown(text(region, "locationName")) for region in regions)


def _cosmos_regions(landscape: Landscape, account: Document) -> Ruling:
    regions = _regions(account)
    names = {region_name(needed(region, "locationName")) for region in regions}
    wanted = landscape.secondary_region
    if len(names) < _TWO:
        return failed(f"in {_named(regions)} only")
    if wanted and wanted not in names:
        return warned(f"in {_named(regions)}, not in {wanted}")
    return passed(f"in {_named(regions)}")


def _cosmos_failover(_: Landscape, account: Document) -> Ruling:
    regions = _regions(account)
    if len(regions) < _TWO:
        return unconcerned("in one region there is nothing to fail over to")
    if flag(account, "properties.enableMultipleWriteLocations", default=False):
        return passed("every region takes writes")
    on = flag(account, "properties.enableAutomaticFailover", default=False)
    return (passed if on else warned)(f"enableAutomaticFailover is {str(on).lower()}")


def _cosmos_consistency(_: Landscape, account: Document) -> Ruling:
    regions = _regions(account)
    level = needed(account, "properties.consistencyPolicy.defaultConsistencyLevel")
    observed = f"{shown(level)}, {len(regions)} regions"
    if level.lower() == "strong" and len(regions) == _TWO:
        return warned(f"{observed}: writes stop when either region falls")
    return passed(observed)


def _cosmos_backup(_: Landscape, account: Document) -> Ruling:
    read_properties(account)
    kind = text(account, "properties.backupPolicy.type")
    match kind.lower():
        case "continuous":
            return passed("continuous backups: you restore by yourself")
        case "periodic":
            path = "properties.backupPolicy.periodicModeProperties.backupStorageRedundancy"
            kept = text(account, path, default="Geo")
            observed = f"periodic backups, {shown(kept)}: restored by support ticket only"
            return warned(observed) if kept.lower() == "geo" else failed(observed)
        case _:
            raise IncompleteError(f"backupPolicy.type is {shown(kind) or 'not said'}")


def _cosmos_zones(_: Landscape, account: Document) -> Ruling:
    without = tuple(r for r in _regions(account) if not flag(r, "isZoneRedundant", default=False))
    if without:
        return warned(f"not zone-redundant: {_named(without)}")
    return passed("every region is zone-redundant")


_COSMOS = "az cosmosdb update --ids {id} "

_REPLICA_STATE = Rule(
    id="postgres.replica-active",
    title="PostgreSQL replica in step",
    types=(types.POSTGRES,),
    expected="replica.replicationState is Active",
    why="What a broken replica lacks is lost when it is promoted.",
    fact="postgres.replicas",
    remedy="Look at its lag; a broken replica is made again.",
    command=f"az postgres flexible-server replica list {_SERVER}",
    judge=_replica_state,
)

RULES: tuple[Rule, ...] = (
    *_flexible("postgres", types.POSTGRES, "postgres flexible-server", "PostgreSQL"),
    _REPLICA_STATE,
    *_flexible("mysql", types.MYSQL, "mysql flexible-server", "MySQL"),
    Rule(
        id="cosmos.regions",
        title="Cosmos DB in two regions",
        types=(types.COSMOS,),
        expected="two locations or more, one of them the secondary's region",
        why="An account of one region is down with it.",
        fact="cosmos.failover",
        remedy="Add the secondary's region.",
        command=_COSMOS
        + "--locations regionName=PRIMARY failoverPriority=0 --locations regionName={secondary_region} failoverPriority=1",
        judge=_cosmos_regions,
    ),
    Rule(
        id="cosmos.automatic-failover",
        title="Cosmos DB fails over by itself",
        types=(types.COSMOS,),
        expected="enableAutomaticFailover, or writes in every region",
        why="Otherwise writes wait until you take the region offline, and Microsoft alone brings it back.",
        fact="cosmos.failover",
        remedy="Turn automatic failover on before the day: during the outage it is refused.",
        command=_COSMOS + "--enable-automatic-failover true",
        judge=_cosmos_failover,
    ),
    Rule(
        id="cosmos.backup",
        title="Cosmos DB backups that you restore yourself",
        types=(types.COSMOS,),
        expected="backupPolicy.type is Continuous",
        why="Periodic backups are restored by a support ticket, and local ones are down with the region.",
        fact="cosmos.backup",
        remedy="Move to continuous backups (one way).",
        command=_COSMOS + "--backup-policy-type Continuous",
        judge=_cosmos_backup,
    ),
    Rule(
        id="cosmos.zones",
        title="Cosmos DB across zones",
        types=(types.COSMOS,),
        expected="isZoneRedundant in every location",
        why="The loss of a zone is then nobody's failover.",
        fact="cosmos.failover",
        remedy="Add the region again with zone redundancy.",
        command="az cosmosdb show --ids {id}",
        judge=_cosmos_zones,
    ),
    Rule(
        id="cosmos.consistency",
        title="Cosmos DB writes survive one region",
        types=(types.COSMOS,),
        expected="no strong consistency over exactly two regions",
        why="With strong consistency over two regions, writes stop when either of them falls.",
        fact="cosmos.failover",
        remedy="Choose bounded staleness, or add a third region.",
        command=_COSMOS + "--default-consistency-level BoundedStaleness",
        judge=_cosmos_consistency,
    ),
)
"""The rules of PostgreSQL, MySQL and Cosmos DB."""
