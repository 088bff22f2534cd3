"""What a failover of a storage account would do, in words: the preview. Pure.

Sources: https://learn.microsoft.com/azure/storage/common/storage-disaster-recovery-guidance and
https://learn.microsoft.com/rest/api/storagerp/storage-accounts/failover
"""

from __future__ import annotations

from amlrunbook.azure.arm_path import with_version
from amlrunbook.errors import RefusedError
from amlrunbook.model.api_versions import api_version
from amlrunbook.model.display import shown
from amlrunbook.model.moments import age_words
from amlrunbook.model.operation import DataPlace, Effects, Preview, Request
from amlrunbook.operations.switchover.by_hand import failover_lines
from amlrunbook.operations.switchover.storage_losses import Losses
from amlrunbook.operations.switchover.storage_state import ACCOUNT, AccountState, clock

GRACEFUL = "graceful"
"""Planned: the regions swap, nothing is lost; both must answer."""
UNGRACEFUL = "ungraceful"
"""Unplanned: what is not on the secondary is lost; only the secondary must answer."""
_PLANNED = "Planned"
_TAKES = "About an hour by Microsoft's word; writes are refused meanwhile."
_DIFFER_SECONDS = 60
"""Two sources that are further apart than this are told both."""


def request_of(state: AccountState, *, planned: bool) -> Request:
    """Return the request: without ``failoverType`` it is unplanned."""
    query = {"failoverType": _PLANNED} if planned else {}
    path = with_version(f"{state.account.text}/failover", api_version(ACCOUNT), **query)
    return Request(method="POST", path=path)


def preview_of(
    state: AccountState, losses: Losses, *, planned: bool, workspace_region: str = ""
) -> Preview:
    """Return what would be done, and what it costs.

    ``workspace_region`` is where the workspace lies that will use the account: where that is another, it is said.
    """
    old, new = state.region("primary"), state.region("secondary")
    kind = "planned" if planned else "unplanned"
    place = state.account.text
    return Preview(
        summary=f"Fail over {state.account.name} from {old} to {new}, {kind}.",
        requests=(request_of(state, planned=planned),),
        resources=(state.account.text,),
        before=before_words(state, synced=not planned),
        after=_after(state, planned=planned) + _elsewhere(new, workspace_region),
        loses="" if planned else _loses(state, losses),
        undo=_undo(state, planned=planned),
        cost=_cost(state, planned=planned),
        takes=_TAKES,
        commands=failover_lines(state.account, planned=planned),
        effects=Effects(
            makes_writable=(DataPlace(data=place, region=new),),
            makes_unwritable=(DataPlace(data=place, region=old),),
            planned=planned,
        ),
    )


def needless_preview(state: AccountState, leaving: str, *, planned: bool) -> Preview:
    """Return that there is nothing to do: the account's primary is not in the region that is left."""
    return Preview(
        summary=f"{state.account.name} is not in {leaving} any more.",
        requests=(request_of(state, planned=planned),),
        resources=(state.account.text,),
        before=before_words(state),
        needless=f"The primary of {state.account.name} is {state.region('primary')} already, not {leaving}.",
    )


def refuse_impossible(state: AccountState, *, planned: bool) -> None:
    """Let pass what Azure would take, as far as it says.

    Raises:
        RefusedError: it would refuse, with the next safe step; nothing was sent.
    """
    name, kept = state.account.name, state.redundancy
    if state.in_progress:
        raise _refused(
            f"A failover of {name} is under way already.",
            "Wait for it: a second one would be refused, or undo the first.",
        )
    if kept is not None and not kept.geo:
        raise _refused(
            f"{name} is {kept}: it has no copy in another region to fail over to.",
            "Restore its data from elsewhere, or read what the primary still gives.",
        )
    stats = state.stats
    if planned and (stats is None or stats.can_planned is not True):
        said = f"canPlannedFailover is {_flag(stats.can_planned)}" if stats else state.stats_unread
        raise _refused(
            f"A planned failover of {name} is not possible now: {said}. Both regions must answer for it.",
            "Wait until both regions answer, or switch this step to ungraceful, which loses what is not replicated.",
        )
    if not planned and stats is not None and stats.can_failover is False:
        raise _refused(
            f"Azure says that {name} cannot be failed over now: canFailover is false, replication {shown(stats.status) or 'unknown'}.",
            "Read its secondary if it answers, and ask Microsoft's support why.",
        )
    if not state.region("primary") or not state.region("secondary"):
        raise _refused(
            f"Which regions {name} has is not known: its resource says neither.",
            "Read the account again, or look at it in the portal.",
        )


def _refused(what: str, next_step: str) -> RefusedError:
    return RefusedError(what, state="Nothing was sent.", next_step=next_step)


def _flag(value: bool | None) -> str:
    return "not told" if value is None else str(value).lower()


def before_words(state: AccountState, *, synced: bool = True) -> str:
    """Return how an account stands: regions, redundancy, replication.

    ``synced`` adds up to when, which is another moment at each look: a planned failover waits for the rest, so that
    its preview need not change with it.
    """
    kept = state.redundancy or "unknown redundancy"
    regions = f"primary {state.region('primary') or 'unknown'}"
    if state.region("secondary"):
        regions += f", secondary {state.region('secondary')}"
    words = f"{kept}, {regions}"
    if state.stats is not None:
        words += f"; replication {shown(state.stats.status) or 'unknown'}"
    if synced and state.last_sync is not None:
        words += f", synced to {clock(state.last_sync, state.now)}"
    if state.in_progress:
        words += "; a failover is in progress"
    return words + "."


def _after(state: AccountState, *, planned: bool) -> str:
    new, old = state.region("secondary"), state.region("primary")
    if planned:
        kept = _sku(state.stats.after_planned if state.stats else "") or state.redundancy
        return f"{kept or 'geo-redundant'} with primary {new} and secondary {old}; endpoint names stay."
    kept = _sku(state.stats.after_unplanned if state.stats else "") or "LRS (or ZRS)"
    home = state.document.location if state.document else ""
    return (
        f"{kept} in {new}; geo-redundancy is off until turned on again. Endpoint names stay; "
        f"`location` goes on saying {home or old}."
    )


def _elsewhere(new: str, workspace_region: str) -> str:
    if not workspace_region or new == workspace_region:
        return ""
    return f" Your other workspace is in {workspace_region}: it will read across regions."


def _sku(name: str) -> str:
    return shown(name).removeprefix("Standard_")


def _loses(state: AccountState, losses: Losses) -> str:
    if state.last_sync is None:
        return (
            "An unknown amount of writes: no source tells a last sync time "
            f"({state.stats_unread or 'the resource has none'}); {losses.words}."
        )
    behind = age_words(state.behind_seconds)
    text = f"Every write after {clock(state.last_sync, state.now)} ({behind}); {losses.words}."
    apart = state.differ_seconds
    if apart is not None and apart > _DIFFER_SECONDS:
        text += f" Two sources differ by {age_words(apart)}; the earlier one counts."
    elif state.stats is None:
        text += " By the secondary's own word; the resource's is not readable."
    return text


def _undo(state: AccountState, *, planned: bool) -> str:
    if planned:
        return f"A second planned failover, once replication to {state.region('primary')} is Live."
    return (
        "None for what is lost. Going home: geo-redundancy on again (archived blobs rehydrated first), "
        "wait until it is Live, then a planned failover."
    )


def _cost(state: AccountState, *, planned: bool) -> str:
    if planned:
        return "None beyond the account's own rates."
    new = state.region("secondary")
    return (
        f"Turning geo-redundancy on again copies the whole account out of {new}, billed as egress."
    )
