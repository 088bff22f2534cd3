"""Point-in-time restore of an account's blobs, with what it stands on, set by one request.

It needs versions, the change feed, and soft delete that keeps longer than it reaches back. What of these is lacking is set by
the same PUT, which takes all settings of the blob service at once; nothing that is kept for longer is shortened.
Sources: https://learn.microsoft.com/azure/storage/blobs/point-in-time-restore-overview,
https://learn.microsoft.com/azure/storage/blobs/point-in-time-restore-manage and
https://learn.microsoft.com/rest/api/storagerp/blob-services/set-service-properties
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from amlrunbook.errors import RefusedError
from amlrunbook.model.display import shown
from amlrunbook.model.operation import Confirmation, Observation, OperationContext, Risk
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.operations.changing import seen
from amlrunbook.operations.hardening.setting import Setting, Wanted, number_asked, properties_of
from amlrunbook.operations.hardening.storage_services import (
    BLOB_UPDATE,
    DEFAULT_DAYS,
    LONGEST_DAYS,
    WHERE,
    command_of,
    differences,
    kept_properties,
)

RESTORE_DAYS = 7
_STANDS_ON = ("restorePolicy", "isVersioningEnabled", "changeFeed", "deleteRetentionPolicy")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lack:
    """One thing that point-in-time restore needs and that is not so."""

    text: str
    values: dict[str, Any]
    """What is set of the blob service's properties."""
    on: str
    """The options of the ``az`` command that set it."""
    off: str
    """Those that set it back."""


def _path(account: ResourceId, context: OperationContext) -> str:
    del context
    return f"{account.text}/blobServices/default"


def _wanted(account: ResourceId, found: dict[str, Any], context: OperationContext) -> Wanted:
    what = "days to reach back"
    most = LONGEST_DAYS - 1
    asked = number_asked(context, "days", what, default=RESTORE_DAYS, least=1, most=most)
    properties = kept_properties(found)
    on, now = _restore(found)
    if not (on and now >= asked):
        _refuse(account, found, context)
    days = max(asked, now if on else 0)
    lacks = _lacks(properties, days)
    for lack in lacks:
        properties.update(lack.values)
    properties["restorePolicy"] = {
        **_table(properties, "restorePolicy"),
        "enabled": True,
        "days": days,
    }
    before = "--enable-restore-policy " + (f"true --restore-days {now}" if on else "false")
    return Wanted(
        body={"properties": properties},
        before=" ".join((_said(on=on, days=now), *(f"{lack.text}." for lack in lacks))),
        after=f"{_said(on=True, days=days)} It reaches back to when it is turned on, not before.",
        summary=_summary(account, days, lacks),
        undo=command_of(account, " ".join((BLOB_UPDATE + WHERE + before, *(x.off for x in lacks))))
        or "Turn it off again, and then what it needed.",
        cost="Each overwritten or deleted blob is billed while it is kept; the change feed by the change, a restore by the blob.",
        takes=f"Seconds. It reaches back {days} days when {days} days have passed.",
        command=command_of(
            account,
            " ".join(
                (
                    f"{BLOB_UPDATE}{WHERE}--enable-restore-policy true --restore-days {days}",
                    *(lack.on for lack in lacks),
                )
            ),
        ),
        needless=_said(on=on, days=now) if on and now >= asked else "",
    )


def _summary(account: ResourceId, days: int, lacks: tuple[_Lack, ...]) -> str:
    also = f" It needs more, which is set with it: {'; '.join(x.text for x in lacks)}."
    return (
        f"Turn on point-in-time restore of {account.name} for {days} days; all else stays."
        f"{also if lacks else ''}"
    )


def _refuse(account: ResourceId, found: dict[str, Any], context: OperationContext) -> None:
    """Refuse what cannot have it, or cannot have it yet.

    Raises:
        RefusedError: it is not for this account, or something else comes first.
    """
    policy = _table(properties_of(found), "deleteRetentionPolicy")
    if policy.get("allowPermanentDelete") is True:
        raise RefusedError(
            f"{account.name} allows permanent deletion of what soft delete keeps: point-in-time restore cannot be had beside it.",
            state="Nothing was sent.",
            next_step="Forbid permanent deletion first (hardening.no-permanent-delete).",
        )
    restore = _table(properties_of(found), "restorePolicy")
    for name, table in (("point-in-time restore", restore), ("soft delete of blobs", policy)):
        if table.get("enabled") is True and not isinstance(table.get("days"), int):
            raise RefusedError(
                f"{account.name} does not say for how long {name} is on: it could be for longer.",
                state="Nothing was sent.",
                next_step="Look at its data protection in the Azure portal.",
            )
    _refuse_kind(account, context)


def _refuse_kind(account: ResourceId, context: OperationContext) -> None:
    """Refuse an account that can never have it, as far as the snapshot tells."""
    document = context.snapshot.inventory.by_id(account.text)
    if document is None or document.unread is not None:
        return
    kind, tier = document.field("kind"), str(document.field("sku.name"))
    hierarchical = document.field("properties.isHnsEnabled") is True
    other = isinstance(kind, str) and kind.lower() != "storagev2"
    if hierarchical or other or tier.lower().startswith("premium"):
        what = "a hierarchical namespace" if hierarchical else f"{shown(str(kind))}, {shown(tier)}"
        raise RefusedError(
            f"{account.name} is an account with {what}: only a standard one of kind StorageV2 without a hierarchical namespace has point-in-time restore.",
            state="Nothing was sent.",
            next_step="Keep copies of its data elsewhere.",
        )


def _lacks(properties: dict[str, Any], days: int) -> tuple[_Lack, ...]:
    """Return what is lacking for reaching back some days."""
    found = (
        _versions(properties),
        _change_feed(_table(properties, "changeFeed"), days),
        _soft_delete(_table(properties, "deleteRetentionPolicy"), days),
    )
    return tuple(lack for lack in found if lack is not None)


def _versions(properties: dict[str, Any]) -> _Lack | None:
    if properties.get("isVersioningEnabled") is True:
        return None
    return _Lack(
        text="versioning is off",
        values={"isVersioningEnabled": True},
        on="--enable-versioning true",
        off="--enable-versioning false",
    )


def _change_feed(feed: dict[str, Any], days: int) -> _Lack | None:
    """Return what the change feed lacks: it tells what to restore, so it is kept for longer than that reaches back."""
    on, kept = feed.get("enabled") is True, feed.get("retentionInDays")
    short = isinstance(kept, int) and kept <= days
    if on and not short:
        return None
    values = {**feed, "enabled": True, **({"retentionInDays": days + 1} if short else {})}
    longer = f" --change-feed-retention-days {days + 1}" if short else ""
    back = f" --change-feed-retention-days {kept}" if short else ""
    return _Lack(
        text=f"the change feed is kept for {kept} days" if on else "the change feed is off",
        values={"changeFeed": values},
        on=f"--enable-change-feed true{longer}",
        off=f"--enable-change-feed true{back}" if on else "--enable-change-feed false",
    )


def _soft_delete(policy: dict[str, Any], days: int) -> _Lack | None:
    """Return what soft delete of blobs lacks: it must keep longer than a restore reaches back."""
    on, kept = policy.get("enabled") is True, policy.get("days")
    held = kept if isinstance(kept, int) else 0
    if on and held > days:
        return None
    longer = max(days + 1, held if on else DEFAULT_DAYS)
    back = f"true --delete-retention-days {held}" if on and held else "false"
    return _Lack(
        text=f"soft delete keeps blobs for {held} days" if on else "soft delete of blobs is off",
        values={"deleteRetentionPolicy": {**policy, "enabled": True, "days": longer}},
        on=f"--enable-delete-retention true --delete-retention-days {longer}",
        off=f"--enable-delete-retention {back}",
    )


def _seen(account: ResourceId, found: dict[str, Any], sent: dict[str, Any]) -> Observation:
    """Return whether it reaches back as far as was sent, on all that it stands on, and what else differs."""
    on, days = _restore(found)
    wanted = int(sent["properties"]["restorePolicy"]["days"])
    lacks = _lacks(properties_of(found), wanted)
    also = "".join(f" It needs more: {lack.text}." for lack in lacks)
    text = f"{account.name}: {_said(on=on, days=days)}{also}"
    return seen(
        text + differences(found, sent, *_STANDS_ON),
        reached=on and days >= wanted and not lacks,
    )


def _restore(document: dict[str, Any]) -> tuple[bool, int]:
    policy = _table(properties_of(document), "restorePolicy")
    days = policy.get("days")
    return policy.get("enabled") is True, days if isinstance(days, int) else 0


def _table(properties: dict[str, Any], name: str) -> dict[str, Any]:
    value = properties.get(name)
    return value if isinstance(value, dict) else {}


def _said(*, on: bool, days: int) -> str:
    return f"Point-in-time restore is {f'on, {days} days' if on else 'off'}."


POINT_IN_TIME_RESTORE = Setting(
    id="hardening.point-in-time-restore",
    title="Turn on point-in-time restore of blobs",
    risk=Risk.REVERSIBLE,
    confirmation=Confirmation.ENTER,
    type="microsoft.storage/storageaccounts",
    noun="storage account",
    method="PUT",
    path=_path,
    wanted=_wanted,
    seen=_seen,
)
