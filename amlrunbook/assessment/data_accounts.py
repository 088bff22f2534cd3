"""Rules of the accounts that hold data: what a failover would cost, and who is attached to them."""

from __future__ import annotations

from amlrunbook.assessment import types
from amlrunbook.assessment.landscape import AccountRole, Landscape, Side
from amlrunbook.assessment.parity import lacking, readable_secondary, strategy_of
from amlrunbook.assessment.reading import (
    flag,
    mapping,
    needed,
    read_properties,
    redundancy,
    shown,
    text,
)
from amlrunbook.assessment.rule import Rule, Ruling, failed, passed, unconcerned, warned
from amlrunbook.assessment.storage import why_not_replicated
from amlrunbook.errors import IncompleteError
from amlrunbook.facts import fact_base
from amlrunbook.model.moments import age_words, seconds_between
from amlrunbook.model.profile import Targets, duration_seconds
from amlrunbook.model.snapshot import Document

_STANDARD_KIND = "StorageV2"
_STATS = "properties.geoReplicationStats"
_SHOW_STATS = "az storage account show --ids {id} --expand geoReplicationStats"


def _within_rpo(landscape: Landscape, account: Document) -> Ruling:
    outside = why_not_replicated(landscape, account)
    if outside is not None:
        return outside
    last = needed(account, f"{_STATS}.lastSyncTime")
    if not landscape.taken_at:
        return unconcerned("when it was read is not said")
    lag = seconds_between(last, landscape.taken_at)
    if lag is None:
        raise IncompleteError(f"lastSyncTime is {shown(last)}, no time")
    targets = landscape.profile.targets if landscape.profile is not None else Targets()
    most = duration_seconds(targets.rpo)
    observed = f"the secondary lacks the last {age_words(lag)}; the RPO is {age_words(most)}"
    return passed(observed) if lag <= most else failed(observed)


def _within_rto(landscape: Landscape, account: Document) -> Ruling:
    kept = redundancy(account)
    if landscape.profile is None or landscape.role(account) is not AccountRole.DATA or not kept.geo:
        return unconcerned("no geo-redundant data account of a profile")
    promised = duration_seconds(landscape.profile.targets.rto)
    takes = fact_base().limits.storage_failover_minutes.value * 60
    observed = f"a failover takes about {age_words(takes)}, the RTO is {age_words(promised)}"
    if takes <= promised:
        return passed(observed)
    if kept.readable:
        return passed(f"{observed}; it can be read meanwhile ({kept})")
    return warned(f"{observed}, and nothing can be read meanwhile ({kept})")


def _planned(landscape: Landscape, account: Document) -> Ruling:
    outside = why_not_replicated(landscape, account)
    if outside is not None:
        return outside
    if account.field(f"{_STATS}.canPlannedFailover") is None:
        raise IncompleteError("geoReplicationStats does not say canPlannedFailover")
    can = flag(account, f"{_STATS}.canPlannedFailover", default=False)
    return (passed if can else warned)(f"canPlannedFailover is {str(can).lower()}")


def _can_restore_to_a_point(account: Document) -> bool:
    """Return whether an account is of a kind and tier that point-in-time restore is made for, as far as it says.

    Source: https://learn.microsoft.com/azure/storage/blobs/point-in-time-restore-overview
    """
    kind = text(account, "kind", default=_STANDARD_KIND)
    premium = text(account, "sku.name").lower().startswith("premium")
    return kind.lower() == _STANDARD_KIND.lower() and not premium


def _point_in_time(landscape: Landscape, account: Document) -> Ruling:
    if not _can_restore_to_a_point(account):
        return unconcerned("only a standard account of kind StorageV2 has point-in-time restore")
    service = landscape.child(account, "blobServices", "default")
    if flag(account, "properties.isHnsEnabled", default=False):
        return unconcerned(
            "the account has a hierarchical namespace, which has no point-in-time restore"
        )
    if service is None:
        return warned("no blobServices/default document, so no restorePolicy")
    read_properties(service)
    mapping(service, "properties.restorePolicy")
    on = flag(service, "properties.restorePolicy.enabled", default=False)
    return (passed if on else warned)(f"restorePolicy.enabled is {str(on).lower()}")


def _users(landscape: Landscape, workspace: Document, account: Document) -> list[str]:
    """Return the names of a workspace's datastores on an account.

    Raises:
        IncompleteError: a datastore, or the list of them, could not be read.
    """
    found = []
    for datastore in landscape.children(workspace, "datastores"):
        if datastore.unread is not None:
            raise IncompleteError(f"datastore {datastore.name}: {datastore.unread}")
        if text(datastore, "properties.accountName").lower() == account.name.lower():
            found.append(datastore.name)
    return found


def _attached_to_both(landscape: Landscape, account: Document) -> Ruling:
    if landscape.role(account) is not AccountRole.DATA:
        return unconcerned("no account for data of a known pair")
    primary, secondary = landscape.workspace_on(Side.PRIMARY), readable_secondary(landscape)
    if primary is None or primary.unread is not None or secondary is None:
        return unconcerned("no pair of workspaces was read")
    mine, theirs = (_users(landscape, each, account) for each in (primary, secondary))
    if not mine and not theirs:
        return unconcerned("no datastore of the pair is on it")
    if mine and theirs:
        return passed(f"{shown(mine[0])} in the primary, {shown(theirs[0])} in the secondary")
    where, names = ("primary", mine) if mine else ("secondary", theirs)
    lack = lacking(strategy_of(landscape, "data"))
    return lack(f"a datastore of the {where} only: {shown(names[0])}")


def _hierarchical(landscape: Landscape, account: Document) -> Ruling:
    read_properties(account)
    if not flag(account, "properties.isHnsEnabled", default=False):
        return unconcerned("no hierarchical namespace")
    if landscape.role(account) is AccountRole.DEFAULT:
        return warned("a workspace's default account with a hierarchical namespace")
    can = account.field(f"{_STATS}.canFailover")
    if can is True:
        return passed("isHnsEnabled is true, and Azure says that it can fail over")
    return warned(
        "isHnsEnabled is true: no versions, no point-in-time restore, and no failover that Azure promises now"
    )


RULES: tuple[Rule, ...] = (
    Rule(
        id="storage.last-sync-within-rpo",
        title="Data lost by a failover within the promise",
        types=(types.STORAGE,),
        expected="the last sync time no older than the profile's RPO",
        why="What was written since the last sync time is lost by an unplanned failover.",
        fact="storage.unplanned-failover",
        remedy="Look again in a while; where it stays behind, promise less or replicate otherwise.",
        command=_SHOW_STATS,
        judge=_within_rpo,
    ),
    Rule(
        id="storage.failover-within-rto",
        title="Data back within the promise",
        types=(types.STORAGE,),
        expected="an RTO of an hour or more, or read access to the secondary",
        why="A failover takes about an hour: a shorter promise holds only for those who read.",
        fact="storage.unplanned-failover",
        remedy="Give the account read access to its secondary, or promise what a failover can keep.",
        command="az storage account update --ids {id} --sku {geo_sku}",
        remedy_operation="hardening.geo-redundancy",
        judge=_within_rto,
    ),
    Rule(
        id="storage.planned-failover-possible",
        title="Failover can be rehearsed",
        types=(types.STORAGE,),
        expected="geoReplicationStats.canPlannedFailover is true",
        why="What cannot be rehearsed, and cannot come back without loss, is done for the first time on the day.",
        fact="storage.planned-failover",
        remedy="Find what forbids it; rehearse with a copy of the account otherwise.",
        command=_SHOW_STATS,
        judge=_planned,
    ),
    Rule(
        id="storage.point-in-time-restore",
        title="Point-in-time restore",
        types=(types.STORAGE,),
        child=types.BLOB_SERVICE,
        expected="restorePolicy.enabled is true",
        why="Thousands of blobs that a wrong job overwrote come back in one step, or one by one.",
        fact="storage.point-in-time",
        remedy="Enable it, with versioning, change feed and soft delete, for fewer days than soft delete keeps.",
        command="az storage account blob-service-properties update --account-name {name} --resource-group {group} --subscription {subscription} --enable-restore-policy true --restore-days 7 --enable-change-feed true --enable-versioning true --enable-delete-retention true --delete-retention-days 14",
        remedy_operation="hardening.point-in-time-restore",
        judge=_point_in_time,
    ),
    Rule(
        id="storage.attached-to-both",
        title="Data account attached to both workspaces",
        types=(types.STORAGE,),
        expected="a datastore on it in the primary and in the secondary",
        why="The data would be there, and no job of the secondary could reach it.",
        fact="workspace.default-account-apart",
        remedy="Create the datastore in the other workspace beforehand, with its credential.",
        command="az ml datastore create --file datastore.yaml --workspace-name {other_workspace} --resource-group {other_group} --subscription {other_subscription}",
        judge=_attached_to_both,
    ),
    Rule(
        id="datalake.failover",
        title="Data Lake account that can fail over",
        types=(types.STORAGE,),
        expected="no hierarchical namespace, or one of which Azure says canFailover",
        why="Failover with a hierarchical namespace was long unsupported: only what Azure answers now counts.",
        fact="datalake.failover",
        remedy="Ask geoReplicationStats; keep a copy of your own where it cannot fail over.",
        command=_SHOW_STATS,
        judge=_hierarchical,
    ),
)
"""The rules of accounts that hold data."""
