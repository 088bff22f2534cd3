"""Rules of Cosmos DB accounts: regions, failover, consistency and backups."""

from __future__ import annotations

from amlrunbook.assessment import types
from amlrunbook.assessment.landscape import Landscape
from amlrunbook.assessment.locks import lock_rule
from amlrunbook.assessment.reading import flag, needed, parts, read_properties, shown, text
from amlrunbook.assessment.rule import Rule, Ruling, failed, passed, unconcerned, warned
from amlrunbook.errors import IncompleteError
from amlrunbook.model.resource_id import region_name
from amlrunbook.model.snapshot import Document

_TWO = 2
_COSMOS = "az cosmosdb update --ids {id} "


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


RULES: tuple[Rule, ...] = (
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
        remedy_operation="hardening.cosmos-automatic-failover",
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
    lock_rule(
        "cosmos",
        types.COSMOS,
        why="A deleted account comes back into a new one only, or by a support ticket.",
        fact="cosmos.backup",
    ),
)
"""The rules of Cosmos DB."""
