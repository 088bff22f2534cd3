"""How far a data account's secondary is, from two sources, and what would be lost by failing over now.

Sources: https://learn.microsoft.com/azure/storage/common/last-sync-time-get and
https://learn.microsoft.com/azure/storage/common/storage-disaster-recovery-guidance
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from amlrunbook.assessment.command import az
from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.azure.translation import plain
from amlrunbook.errors import DocumentError
from amlrunbook.model.display import shown
from amlrunbook.model.finding import Finding, Verdict, worst
from amlrunbook.model.moments import age_words
from amlrunbook.model.operation import CheckReport, OperationContext, Reporter
from amlrunbook.model.profile import Profile, duration_seconds
from amlrunbook.operations.switchover.storage_assets import Registered, assets_in
from amlrunbook.operations.switchover.storage_losses import MOST_BLOBS, Losses, find_losses
from amlrunbook.operations.switchover.storage_state import AccountState, clock, read_state

_GUIDANCE = "https://learn.microsoft.com/azure/storage/common/storage-disaster-recovery-guidance"
_LAST_SYNC = "https://learn.microsoft.com/azure/storage/common/last-sync-time-get"
_STATS = "https://learn.microsoft.com/rest/api/storagerp/storage-accounts/get-properties"
_ASSETS = "https://learn.microsoft.com/azure/machine-learning/how-to-access-data"
_ARCHIVE = "https://learn.microsoft.com/azure/storage/blobs/archive-rehydrate-overview"
_DIFFER_SECONDS = 300
"""Two sources that are further apart than this make one of them doubtful."""
_MOST_NAMED = 50
"""Names in a finding."""


class _Row(NamedTuple):
    """What one finding says of the account."""

    verdict: Verdict
    title: str
    observed: str
    expected: str
    why: str
    source: str
    remedy: str
    decides: bool = True
    """Whether its being unknown leaves open if a failover can be asked for, and what it loses in minutes."""


class DataAccountReplication:
    """Reads one account and both its sides, and says what a failover would lose."""

    id = "switchover.data-account-replication"
    title = "How far the secondary of a data account is"

    def __init__(
        self, gateway: AzureGateway, *, seconds: float = 15.0, most: int = MOST_BLOBS
    ) -> None:
        self._gateway = gateway
        self._seconds = seconds
        self._most = most

    def run(self, context: OperationContext, reporter: Reporter) -> CheckReport:
        """Read and judge; what does not answer is unknown, and the other source is told as such.

        Raises:
            UsageError: the step names no storage account.
        """
        state = read_state(self._gateway, context, seconds=self._seconds)
        if _moved(state, context.profile) or not _geo(state):
            return report(state, Losses(), context.profile)
        reporter.progressed(
            f"Reading up to {self._most} blobs of each side of {state.account.name}."
        )
        losses = find_losses(
            self._gateway.blob_service(state.account.name),
            state.last_sync,
            readable=state.readable,
            assets=assets_in(context.snapshot.inventory.last_known(), state.account.name),
            most=self._most,
            seconds=3 * self._seconds,
        )
        return report(state, losses, context.profile)


def report(state: AccountState, losses: Losses, profile: Profile) -> CheckReport:
    """Return the verdict and its findings."""
    rows = tuple(_rows(state, losses, profile))
    verdict = worst(tuple(_weight(row) for row in rows))
    findings = tuple(_finding(state, row) for row in rows)
    return CheckReport(verdict=verdict, text=_sentence(state, losses, profile), findings=findings)


def _weight(row: _Row) -> Verdict:
    """Return what a row adds to the verdict: names that nobody can know any more only warn."""
    if row.verdict is Verdict.UNKNOWN and not row.decides:
        return Verdict.WARN
    return row.verdict


def _sentence(state: AccountState, losses: Losses, profile: Profile) -> str:
    name, kept = state.account.name, state.redundancy
    if _moved(state, profile):
        return f"{name} is failed over already: its primary is {state.region('primary')}, {kept or 'redundancy unknown'}."
    if not _geo(state):
        return f"{name} is {kept}: it has no copy in another region, nothing can be failed over."
    where = f"{state.region('primary') or 'an unknown region'} to {state.region('secondary') or 'an unknown one'}"
    source = "" if state.answers else " (by the secondary's own word; the provider does not answer)"
    if state.last_sync is None:
        return f"{name}, {where}: no last sync time is known from either source{source}."
    behind = age_words(state.behind_seconds)
    return (
        f"{name}, {where}: failing over unplanned now would lose every write after "
        f"{clock(state.last_sync, state.now)} ({behind}){source}; {losses.words}."
    )


def _rows(state: AccountState, losses: Losses, profile: Profile) -> Iterator[_Row]:
    kept = state.redundancy
    if _moved(state, profile):
        yield _Row(
            Verdict.WARN if kept is None or not kept.geo else Verdict.PASS,
            "Failed over already",
            f"primary {state.region('primary')}, sku.name is {kept or 'not known'}",
            f"an account that is not in {profile.regions[0]} any more",
            "There is nothing left to fail over; until geo-redundancy is on again there is one region only.",
            _GUIDANCE, "Turn geo-redundancy on again once the other region is well.",
        )  # fmt: skip
        return
    if not _geo(state):
        yield _Row(
            Verdict.FAIL, "Geo-redundancy", f"sku.name is Standard_{kept}",
            "GRS, RA-GRS, GZRS or RA-GZRS", "There is no copy in another region to fail over to.",
            _GUIDANCE, "Restore from elsewhere; geo-redundancy cannot be turned on during an outage.",
        )  # fmt: skip
        return
    yield from _can(state)
    yield _status(state)
    yield from _sources(state)
    yield _target(state, profile)
    yield _names(state, losses)
    if losses.registered.total:
        yield _registered(losses.registered)
    yield _archived(losses)
    yield _afterwards(state)


def _moved(state: AccountState, profile: Profile) -> bool:
    """Return whether the account's primary is in the profile's secondary region by now."""
    return bool(state.region("primary")) and state.region("primary") == profile.regions[1]


def _geo(state: AccountState) -> bool:
    """Return whether it has a copy in another region, as far as is known."""
    return state.redundancy is None or state.redundancy.geo


def _can(state: AccountState) -> Iterator[_Row]:
    if state.in_progress:
        yield _Row(
            Verdict.WARN, "Failover in progress", "failoverInProgress is true", "no failover under way",
            "A second failover is refused while one is under way; the flag lags behind the end.",
            _GUIDANCE, "Wait for it to end, then look again.",
        )  # fmt: skip
    stats = state.stats
    if stats is None:
        yield _Row(
            Verdict.UNKNOWN, "Failover possible", f"geoReplicationStats: {state.stats_unread}",
            "canFailover is true", "Whether Azure would take a failover is not known.", _STATS,
            "Look whether the storage provider answers; ask again.",
        )  # fmt: skip
        return
    for title, flag, need in (
        ("Unplanned failover possible", stats.can_failover, True),
        ("Planned failover possible", stats.can_planned, False),
    ):
        name = "canFailover" if need else "canPlannedFailover"
        said = "not told" if flag is None else str(flag).lower()
        bad = Verdict.FAIL if need else Verdict.WARN
        verdict = Verdict.UNKNOWN if flag is None else Verdict.PASS if flag else bad
        yield _Row(
            verdict, title, f"{name} is {said}", f"{name} is true",
            "Azure refuses what it says it cannot do; a planned failover needs both regions.", _STATS,
            "" if flag else "Take the other variant, or find with Microsoft's support what forbids it.",
        )  # fmt: skip


def _status(state: AccountState) -> _Row:
    arm = state.stats.status if state.stats else ""
    blob = state.told.status if state.told else ""
    status = (arm or blob).lower()
    said = [f"the resource says {arm}"] if arm else []
    said += [f"the secondary says {blob}"] if blob else []
    if arm and blob and arm.lower() != blob.lower():
        verdict = Verdict.WARN
    else:
        known = {"live": Verdict.PASS, "bootstrap": Verdict.FAIL, "unavailable": Verdict.FAIL}
        verdict = known.get(status, Verdict.UNKNOWN)
    return _Row(
        verdict, "Replication live", shown(", ".join(said) or "neither source answers"), "Live",
        "A secondary that is still being filled, or not available, lacks data.", _STATS,
        "" if verdict is Verdict.PASS else "Wait until it is Live where you can.",
    )  # fmt: skip


def _sources(state: AccountState) -> Iterator[_Row]:
    arm = state.stats.last_sync if state.stats else None
    yield _Row(
        Verdict.PASS if arm else Verdict.UNKNOWN,
        "Last sync time by the resource",
        clock(arm, state.now) if arm else f"none ({state.stats_unread or 'the resource has none'})",
        "a time", "All that was written before it is on the secondary.", _LAST_SYNC, "", decides=False,
    )  # fmt: skip
    told = state.told_sync
    kept = state.redundancy
    if told is None and kept is not None and not kept.readable:
        yield _Row(
            Verdict.NOT_APPLICABLE, "Last sync time by the secondary",
            f"sku is {kept}: its secondary cannot be asked", "RA-GRS or RA-GZRS",
            "Only a readable secondary tells it by itself.", _LAST_SYNC, "",
        )  # fmt: skip
    else:
        yield _Row(
            Verdict.PASS if told else Verdict.UNKNOWN,
            "Last sync time by the secondary",
            clock(told, state.now) if told else f"none ({state.told_unread or 'it tells none'})",
            "a time", "It answers where the storage provider is dark.", _LAST_SYNC, "", decides=False,
        )  # fmt: skip
    apart = state.differ_seconds
    if apart is not None:
        yield _Row(
            Verdict.PASS if apart <= _DIFFER_SECONDS else Verdict.WARN,
            "Both sources agree", f"{apart} s apart; the earlier one counts",
            f"at most {_DIFFER_SECONDS} s apart",
            "Two sources that differ much make one of them doubtful.", _LAST_SYNC,
            "" if apart <= _DIFFER_SECONDS else "Count on the earlier one, and look again.",
        )  # fmt: skip


def _target(state: AccountState, profile: Profile) -> _Row:
    try:
        target = duration_seconds(profile.targets.rpo)
    except DocumentError:
        target = 0
    behind = state.behind_seconds
    wanted = f"at most {age_words(target)} (the profile's RPO)"
    if behind is None:
        verdict, observed = Verdict.UNKNOWN, "no last sync time is known"
    else:
        verdict = Verdict.PASS if behind <= target else Verdict.WARN
        observed = f"{age_words(behind)} of writes are not on the secondary"
    return _Row(
        verdict, "Loss within the target", observed, wanted,
        "It grows with every minute in which the primary takes writes that do not reach the secondary.",
        _GUIDANCE, "" if verdict is Verdict.PASS else "Stop writers, wait, or accept the loss by name.",
    )  # fmt: skip


def _names(state: AccountState, losses: Losses) -> _Row:
    since = f" after {clock(state.last_sync, state.now)}" if state.last_sync is not None else ""
    ask = f"Ask whoever writes there (pipelines, jobs, people) what they wrote{since}."
    if losses.unknown:
        more = f" ({losses.reason})" if losses.reason else ""
        verdict, observed = Verdict.UNKNOWN, f"No names are known: {losses.unknown}{more}."
    else:
        verdict, observed = _named(losses)
        ask = (
            ""
            if verdict is Verdict.PASS
            else "Copy what matters elsewhere while the primary answers."
        )
    return _Row(
        verdict, "Blobs that would be lost, by name", observed, "none",
        "Names let somebody say whether the loss matters. What was deleted has no name here.",
        _LAST_SYNC, ask, decides=False,
    )  # fmt: skip


def _named(losses: Losses) -> tuple[Verdict, str]:
    bound = (
        f"All {losses.read} blobs were read."
        if losses.complete
        else f"Only the first {losses.read} blobs were read."
    )
    if not losses.names:
        return Verdict.PASS if losses.complete else Verdict.UNKNOWN, f"None. {bound}"
    names = ", ".join(plain(name, 120) for name in losses.names[:_MOST_NAMED])
    more = len(losses.names) - _MOST_NAMED
    tail = f" and {more} more" if more > 0 else ""
    return Verdict.WARN, f"{len(losses.names)}: {names}{tail}. {bound}"


def _registered(assets: Registered) -> _Row:
    if not assets.looked:
        verdict = Verdict.UNKNOWN
        observed = f"{assets.total} lie in the account; the secondary's list is not known whole"
    else:
        verdict = Verdict.WARN if assets.missing else Verdict.PASS
        observed = assets.words
    return _Row(
        verdict, "Registered models and data", observed, "all of them on the secondary",
        "What the inventory last knew to be registered there has a name even while the primary is dark.",
        _ASSETS, "Register anew in the other workspace what is missing, once its bytes are there." if assets.missing else "",
        decides=False,
    )  # fmt: skip


def _archived(losses: Losses) -> _Row:
    count = len(losses.archived)
    if count:
        verdict = Verdict.WARN
        named = ", ".join(plain(name, 80) for name in losses.archived[:5])
        observed = f"{count} archived: {named}" + (" and more" if count > 5 else "")  # noqa: PLR2004
    elif losses.archived_complete:
        verdict, observed = Verdict.PASS, "no archived blob"
    else:
        verdict, observed = Verdict.UNKNOWN, "not all blobs could be read"
    return _Row(
        verdict, "Archived blobs", observed, "no archived blob",
        "After an unplanned failover geo-redundancy comes back only when archived blobs are rehydrated, which takes hours and costs.",
        _ARCHIVE, "" if not count else "Plan their rehydration before the way back.", decides=False,
    )  # fmt: skip


def _afterwards(state: AccountState) -> _Row:
    after = state.stats.after_unplanned if state.stats else ""
    planned = state.stats.after_planned if state.stats else ""
    observed = f"unplanned: {shown(after) or 'not told'}; planned: {shown(planned) or 'not told'}"
    return _Row(
        Verdict.NOT_APPLICABLE, "Redundancy afterwards", observed, "known before the failover",
        "After an unplanned failover the account has copies in one region only, until somebody turns geo-redundancy on again.",
        _STATS, "",
    )  # fmt: skip


def _finding(state: AccountState, row: _Row) -> Finding:
    account = state.account.text
    return Finding(
        check=DataAccountReplication.id,
        resource=shown(account),
        verdict=row.verdict,
        title=row.title,
        observed=shown(row.observed),
        expected=row.expected,
        why=row.why,
        source=row.source,
        remedy=row.remedy,
        command=az(
            "az storage account show --ids {id} --expand geoReplicationStats", {"id": account}
        ),
    )
