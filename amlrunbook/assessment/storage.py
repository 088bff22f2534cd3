"""Rules of storage accounts: redundancy, geo-replication, and who counts on them."""

from __future__ import annotations

from amlrunbook.assessment import types
from amlrunbook.assessment.landscape import AccountRole, Landscape
from amlrunbook.assessment.locks import lock_rule
from amlrunbook.assessment.reading import (
    Redundancy,
    flag,
    items,
    mapping,
    read_properties,
    redundancy,
    shown,
    text,
)
from amlrunbook.assessment.rule import Rule, Ruling, failed, passed, unconcerned, warned
from amlrunbook.errors import IncompleteError
from amlrunbook.model.moments import seconds_between
from amlrunbook.model.snapshot import Document

_NEVER_SYNCED = ("0001-", "1601-")
"""How Azure writes a time that never was."""
_TO_GEO = "az storage account update --ids {id} --sku {geo_sku}"
_TO_ZONES = "az storage account migration start --account-name {name} --resource-group {group} --subscription {subscription} --sku {zone_sku}"


def _zone_or_geo(_: Landscape, account: Document) -> Ruling:
    kept = redundancy(account)
    observed = f"sku.name is {text(account, 'sku.name')}"
    return failed(observed) if kept is Redundancy.LRS else passed(observed)


def _default_zonal(landscape: Landscape, account: Document) -> Ruling:
    if landscape.role(account) is not AccountRole.DEFAULT:
        return unconcerned("no workspace has it as its default account")
    observed = f"default account, sku.name is {text(account, 'sku.name')}"
    if redundancy(account).zonal:
        return passed(observed)
    region = landscape.location_of(account.location)
    if region is not None and not items(region, "availabilityZoneMappings"):
        return unconcerned(f"{observed}; {account.location} has no zones")
    return warned(observed)


def _geo_data(landscape: Landscape, account: Document) -> Ruling:
    role = landscape.role(account)
    if role is AccountRole.DEFAULT:
        return unconcerned("a workspace's default account, which is never failed over")
    kept = redundancy(account)
    observed = f"sku.name is {text(account, 'sku.name')}"
    if kept.geo:
        return passed(observed)
    if role is AccountRole.UNKNOWN and kept.zonal:
        return warned(f"{observed}; whether it holds data of a workspace is not known")
    return failed(observed)


def _read_access(landscape: Landscape, account: Document) -> Ruling:
    kept = redundancy(account)
    if landscape.role(account) is AccountRole.DEFAULT or not kept.geo:
        return unconcerned(f"no geo-redundant data account (sku.name is {kept})")
    observed = f"sku.name is {text(account, 'sku.name')}"
    return passed(observed) if kept.readable else warned(observed)


def _default_apart(landscape: Landscape, account: Document) -> Ruling:
    users = landscape.all_users(account)
    if not users:
        return unconcerned("no workspace has it as its default account")
    names = ", ".join(shown(user.name) for user in users)
    if len(users) > 1:
        return failed(f"it is the default account of {len(users)} workspaces: {names}")
    if landscape.is_counted_on(account):
        return failed(f"the profile counts on failing over the default account of {names}")
    return passed(f"it is the default account of {names} alone")


def why_not_replicated(landscape: Landscape, account: Document) -> Ruling | None:
    """Return why the geo-replication checks do not concern an account; ``None`` where they do.

    Raises:
        IncompleteError: the statistics of a data account were not read.
    """
    role = landscape.role(account)
    if role is AccountRole.DEFAULT:
        return unconcerned("a workspace's default account, which is never failed over")
    kept = redundancy(account)
    if not kept.geo:
        return unconcerned(f"nothing is geo-replicated (sku.name is {kept})")
    read_properties(account)
    stats = mapping(account, "properties.geoReplicationStats")
    reason = landscape.inventory.unread_collection(account, "geoReplicationStats")
    if reason is not None:
        raise IncompleteError(f"geoReplicationStats could not be read: {shown(reason)}")
    if stats:
        return None
    if role is AccountRole.UNKNOWN:
        return unconcerned("no geoReplicationStats, and whether it holds data is not known")
    raise IncompleteError(
        "the document holds no geoReplicationStats (read it with $expand=geoReplicationStats)"
    )


def _can_fail_over(landscape: Landscape, account: Document) -> Ruling:
    outside = why_not_replicated(landscape, account)
    if outside is not None:
        return outside
    if account.field("properties.geoReplicationStats.canFailover") is None:
        raise IncompleteError("geoReplicationStats does not say canFailover")
    can = flag(account, "properties.geoReplicationStats.canFailover", default=False)
    return passed("canFailover is true") if can else failed("canFailover is false")


def _replication_live(landscape: Landscape, account: Document) -> Ruling:
    outside = why_not_replicated(landscape, account)
    if outside is not None:
        return outside
    status = text(account, "properties.geoReplicationStats.status")
    observed = f"geoReplicationStats.status is {shown(status) or 'absent'}"
    match status.lower():
        case "live":
            return passed(observed)
        case "bootstrap":
            return warned(f"{observed}: the first copy is still on its way")
        case "unavailable":
            return failed(observed)
        case _:
            raise IncompleteError(observed)


def _last_sync(landscape: Landscape, account: Document) -> Ruling:
    outside = why_not_replicated(landscape, account)
    if outside is not None:
        return outside
    when = text(account, "properties.geoReplicationStats.lastSyncTime")
    if not when or when.startswith(_NEVER_SYNCED):
        return failed(f"no last sync time ({shown(when) or 'absent'})")
    if seconds_between(when, when) is None:
        raise IncompleteError(f"lastSyncTime is {shown(when)}, no time")
    return passed(f"complete up to {shown(when)}")


def _endpoints_up(_: Landscape, account: Document) -> Ruling:
    read_properties(account)
    if flag(account, "properties.failoverInProgress", default=False):
        return warned("a failover is in progress")
    states = {
        side: text(account, f"properties.statusOf{side}") for side in ("Primary", "Secondary")
    }
    said = {side: state for side, state in states.items() if state}
    observed = ", ".join(f"statusOf{side} is {shown(state)}" for side, state in said.items())
    if any(state.lower() != "available" for state in said.values()):
        return failed(observed)
    silent = [side for side in states if side not in said and _says_status(account, side)]
    if silent:
        raise IncompleteError(f"statusOf{silent[0]} is not said")
    return passed(observed)


def _says_status(account: Document, side: str) -> bool:
    """Return whether Azure documents a status of one side of an account.

    Source: Microsoft's OpenAPI document of Microsoft.Storage, 2023-05-01: the secondary's with GRS and RA-GRS only.
    """
    return side == "Primary" or redundancy(account) in (Redundancy.GRS, Redundancy.RAGRS)


RULES: tuple[Rule, ...] = (
    Rule(
        id="storage.zone-or-geo-redundant",
        title="Redundancy beyond one place",
        types=(types.STORAGE,),
        expected="zone- or geo-redundant: ZRS, GRS, RA-GRS, GZRS or RA-GZRS",
        why="With LRS every copy is in one place: what takes the building takes the data.",
        fact="storage.redundancy",
        remedy="Convert it to ZRS (Azure schedules that), or make it geo-redundant where it holds data.",
        command=_TO_ZONES,
        judge=_zone_or_geo,
    ),
    Rule(
        id="storage.default-account-zone-redundant",
        title="Default account across zones",
        types=(types.STORAGE,),
        expected="ZRS, GZRS or RA-GZRS on a workspace's default account",
        why="Its geo-failover is not supported by Azure Machine Learning, so only zones protect notebooks, logs and outputs.",
        fact="workspace.default-account-apart",
        remedy="Convert the account to ZRS.",
        command=_TO_ZONES,
        judge=_default_zonal,
    ),
    Rule(
        id="storage.geo-redundant-data",
        title="Data in another region",
        types=(types.STORAGE,),
        expected="GRS, RA-GRS, GZRS or RA-GZRS on an account that holds data",
        why="With the region gone the data is gone: nothing can be failed over.",
        fact="storage.redundancy",
        remedy="Make the account geo-redundant with read access.",
        command=_TO_GEO,
        remedy_operation="hardening.geo-redundancy",
        judge=_geo_data,
    ),
    Rule(
        id="storage.read-access",
        title="Reads from the other region",
        types=(types.STORAGE,),
        expected="RA-GRS or RA-GZRS",
        why="Without read access nothing can be read until a failover is through, about an hour later.",
        fact="storage.unplanned-failover",
        remedy="Give the account read access to its secondary.",
        command=_TO_GEO,
        remedy_operation="hardening.geo-redundancy",
        judge=_read_access,
    ),
    Rule(
        id="storage.default-account-apart",
        title="One default account a workspace",
        types=(types.STORAGE,),
        expected="the default account of one workspace only, and not counted on for a failover",
        why="Geo-failover of a default account is not supported: a shared one takes both workspaces down.",
        fact="workspace.default-account-apart",
        remedy="Create the secondary workspace with a default account of its own (it cannot be changed later).",
        command="az storage account create --name NEW_ACCOUNT --resource-group {other_group} --location {secondary_region} --sku Standard_ZRS",
        judge=_default_apart,
    ),
    Rule(
        id="storage.geo-failover-possible",
        title="Failover possible now",
        types=(types.STORAGE,),
        expected="geoReplicationStats.canFailover is true",
        why="On the day the failover is refused, and writes wait for the region to come back.",
        fact="storage.geo-replication-stats",
        remedy="Find what forbids it (features of the account, a copy still under way) and read again.",
        command="az storage account show --ids {id} --expand geoReplicationStats",
        judge=_can_fail_over,
    ),
    Rule(
        id="storage.geo-replication-live",
        title="Geo-replication live",
        types=(types.STORAGE,),
        expected="geoReplicationStats.status is Live",
        why="A secondary that is not live lacks data, and failing over to it loses that data.",
        fact="storage.geo-replication-stats",
        remedy="Wait until it is Live; ask support where it stays unavailable.",
        command="az storage account show --ids {id} --expand geoReplicationStats",
        judge=_replication_live,
    ),
    Rule(
        id="storage.last-sync",
        title="Last sync time known",
        types=(types.STORAGE,),
        expected="a last sync time",
        why="What was written after it is lost by an unplanned failover; without it nobody can say how much.",
        fact="storage.unplanned-failover",
        remedy="Read it again; ask support where it stays empty.",
        command="az storage account show --ids {id} --expand geoReplicationStats",
        judge=_last_sync,
    ),
    Rule(
        id="storage.endpoints-available",
        title="Account available",
        types=(types.STORAGE,),
        expected="statusOfPrimary (and statusOfSecondary, where there is one) is available",
        why="An account that is down already is no base for a switchover.",
        fact="storage.redundancy",
        remedy="Look at the account's health, and at failovers under way.",
        command="az storage account show --ids {id}",
        judge=_endpoints_up,
    ),
    lock_rule(
        "storage",
        types.STORAGE,
        why="A deleted account comes back by best effort only, and not at all once its name is taken.",
        fact="storage.account-recovery",
    ),
)
"""The rules of storage accounts themselves."""
