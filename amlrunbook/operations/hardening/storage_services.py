"""Settings of a storage account's blob and file service: soft delete, versions, no permanent deletion.

The services' PUT replaces what it is sent, so everything that is set is read, kept and sent back.
Sources: https://learn.microsoft.com/azure/storage/blobs/soft-delete-blob-overview,
https://learn.microsoft.com/azure/storage/blobs/soft-delete-container-overview,
https://learn.microsoft.com/azure/storage/files/storage-files-prevent-file-share-deletion,
https://learn.microsoft.com/azure/storage/blobs/versioning-overview and
https://learn.microsoft.com/rest/api/storagerp/blob-services/set-service-properties
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from amlrunbook.assessment.command import az
from amlrunbook.model.operation import Confirmation, Observation, OperationContext, Risk
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.operations.changing import seen
from amlrunbook.operations.hardening.setting import (
    Setting,
    Wanted,
    number_asked,
    properties_of,
)

DEFAULT_DAYS = 14
LONGEST_DAYS = 365
"""The most that Azure keeps what was deleted."""
_ACCOUNT = "microsoft.storage/storageaccounts"
_READ_ONLY_PARTS = ("minRestoreTime", "lastEnabledTime")
"""Parts of ``restorePolicy`` that Azure tells and does not take."""
BLOB_UPDATE = "az storage account blob-service-properties update"
_FILE_UPDATE = "az storage account file-service-properties update"
WHERE = " --account-name {name} --resource-group {group} --subscription {subscription} "


def days_asked(context: OperationContext) -> int:
    """Return the days that a step asks for.

    Raises:
        UsageError: it is no number of days.
    """
    what = "days to keep what was deleted"
    return number_asked(context, "days", what, default=DEFAULT_DAYS, least=1, most=LONGEST_DAYS)


def command_of(account: ResourceId, template: str) -> str:
    """Return an ``az`` command on an account; empty where a name cannot be quoted safely."""
    return az(
        template,
        {
            "name": account.name,
            "group": account.resource_group,
            "subscription": account.subscription,
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Retention:
    """How long a service keeps one kind of deleted thing."""

    service: str
    """``blobServices`` or ``fileServices``."""
    policy: str
    noun: str
    """What is kept, in the plural."""
    on: str
    """The options of the ``az`` command that turn it on, with ``{days}``."""
    off: str
    update: str

    def path(self, account: ResourceId, context: OperationContext) -> str:
        """Return the service's path."""
        del context
        return f"{account.text}/{self.service}/default"

    def wanted(
        self, account: ResourceId, found: dict[str, Any], context: OperationContext
    ) -> Wanted:
        """Return the service's settings with the policy on, never for fewer days than now."""
        asked = days_asked(context)
        properties = kept_properties(found)
        on, now = self._policy(found)
        days = min(max(asked, now if on else 0, self._least(properties)), LONGEST_DAYS)
        held = properties.get(self.policy) or {}
        properties[self.policy] = {**held, "enabled": True, "days": days}
        needless = (
            f"Soft delete of {self.noun} is on already and keeps deleted {self.noun} for {now} days."
            if on and now >= asked
            else ""
        )
        return Wanted(
            body={"properties": properties},
            before=self._said(on=on, days=now),
            after=self._said(on=True, days=days),
            summary=f"Turn on soft delete of {self.noun} of {account.name} for {days} days; all else stays.",
            undo=command_of(account, self.update + WHERE + self.off)
            or "Turn the policy off again.",
            cost=f"Deleted {self.noun} are billed like live ones while they are kept.",
            command=command_of(account, self.update + WHERE + self.on.format(days=days)),
            needless=needless,
        )

    def seen(self, account: ResourceId, found: dict[str, Any], sent: dict[str, Any]) -> Observation:
        """Return whether the policy is on for as long as was sent, and what else differs."""
        on, days = self._policy(found)
        wanted = sent["properties"][self.policy]["days"]
        text = f"{account.name}: {self._said(on=on, days=days)}" + differences(
            found, sent, self.policy
        )
        return seen(text, reached=on and days >= int(wanted))

    def _policy(self, document: dict[str, Any]) -> tuple[bool, int]:
        policy = properties_of(document).get(self.policy) or {}
        days = policy.get("days")
        return policy.get("enabled") is True, days if isinstance(days, int) else 0

    def _least(self, properties: dict[str, Any]) -> int:
        """Return the days that point-in-time restore needs: it must reach back less far than soft delete keeps."""
        restore = properties.get("restorePolicy")
        if self.policy != "deleteRetentionPolicy" or not isinstance(restore, dict):
            return 0
        days = restore.get("days")
        return days + 1 if restore.get("enabled") is True and isinstance(days, int) else 0

    def _said(self, *, on: bool, days: int) -> str:
        state = f"on, {days} days" if on else "off"
        return f"Soft delete of {self.noun} is {state}."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Switch:
    """A flag of the blob service."""

    where: tuple[str, ...]
    """Keys below ``properties``."""
    value: bool
    noun: str
    command: str
    undo: str
    cost: str = ""

    def path(self, account: ResourceId, context: OperationContext) -> str:
        """Return the blob service's path."""
        del context
        return f"{account.text}/blobServices/default"

    def wanted(
        self, account: ResourceId, found: dict[str, Any], context: OperationContext
    ) -> Wanted:
        """Return the service's settings with the flag as wanted."""
        del context
        properties = kept_properties(found)
        now = self._flag(found)
        table = properties
        for key in self.where[:-1]:
            table = table.setdefault(key, {})
        table[self.where[-1]] = self.value
        return Wanted(
            body={"properties": properties},
            before=self._said(now),
            after=self._said(self.value),
            summary=f"Set {self.noun} of {account.name} to {_on(self.value)}; all else stays.",
            undo=command_of(account, BLOB_UPDATE + WHERE + self.undo) or "Set it back.",
            cost=self.cost,
            command=command_of(account, BLOB_UPDATE + WHERE + self.command),
            needless=self._said(now) if now is self.value else "",
        )

    def seen(self, account: ResourceId, found: dict[str, Any], sent: dict[str, Any]) -> Observation:
        """Return whether the flag is as wanted, and what else differs from what was sent."""
        now = self._flag(found)
        text = f"{account.name}: {self._said(now)}" + differences(found, sent, self.where[0])
        return seen(text, reached=now is self.value)

    def _flag(self, document: dict[str, Any]) -> bool:
        value: Any = properties_of(document)
        for key in self.where:
            value = value.get(key) if isinstance(value, dict) else None
        return value is True

    def _said(self, on: bool) -> str:
        return f"{self.noun[:1].upper()}{self.noun[1:]} is {_on(on)}."


def kept_properties(document: dict[str, Any]) -> dict[str, Any]:
    """Return a service's settings as they can be sent back."""
    properties = copy.deepcopy(properties_of(document))
    restore = properties.get("restorePolicy")
    if isinstance(restore, dict):
        for name in _READ_ONLY_PARTS:
            restore.pop(name, None)
    return properties


def differences(found: dict[str, Any], sent: dict[str, Any], *changed: str) -> str:
    """Name the other settings that are not as they were sent; empty where all are."""
    now = kept_properties(found)
    lost = sorted(
        name
        for name, value in sent["properties"].items()
        if name not in changed and now.get(name) != value
    )
    return f" Other settings differ from those that were sent: {', '.join(lost)}." if lost else ""


def _on(value: bool) -> str:
    return "on" if value else "off"


def _setting(
    id_: str, title: str, part: _Retention | _Switch, risk: Risk = Risk.REVERSIBLE
) -> Setting:
    return Setting(
        id=id_,
        title=title,
        risk=risk,
        confirmation=Confirmation.ENTER,
        type=_ACCOUNT,
        noun="storage account",
        method="PUT",
        path=part.path,
        wanted=part.wanted,
        seen=part.seen,
    )


BLOB_SOFT_DELETE = _setting(
    "hardening.blob-soft-delete",
    "Turn on blob soft delete",
    _Retention(
        service="blobServices",
        policy="deleteRetentionPolicy",
        noun="blobs",
        on="--enable-delete-retention true --delete-retention-days {days}",
        off="--enable-delete-retention false",
        update=BLOB_UPDATE,
    ),
)
CONTAINER_SOFT_DELETE = _setting(
    "hardening.container-soft-delete",
    "Turn on container soft delete",
    _Retention(
        service="blobServices",
        policy="containerDeleteRetentionPolicy",
        noun="containers",
        on="--enable-container-delete-retention true --container-delete-retention-days {days}",
        off="--enable-container-delete-retention false",
        update=BLOB_UPDATE,
    ),
)
SHARE_SOFT_DELETE = _setting(
    "hardening.share-soft-delete",
    "Turn on file share soft delete",
    _Retention(
        service="fileServices",
        policy="shareDeleteRetentionPolicy",
        noun="file shares",
        on="--enable-delete-retention true --delete-retention-days {days}",
        off="--enable-delete-retention false",
        update=_FILE_UPDATE,
    ),
)
BLOB_VERSIONING = _setting(
    "hardening.blob-versioning",
    "Turn on versions of blobs",
    _Switch(
        where=("isVersioningEnabled",),
        value=True,
        noun="versioning",
        command="--enable-versioning true",
        undo="--enable-versioning false",
        cost="Each overwritten blob leaves a version that is billed until a lifecycle rule removes it.",
    ),
)
NO_PERMANENT_DELETE = _setting(
    "hardening.no-permanent-delete",
    "Forbid permanent deletion of what soft delete keeps",
    _Switch(
        where=("deleteRetentionPolicy", "allowPermanentDelete"),
        value=False,
        noun="permanent deletion",
        command="--set deleteRetentionPolicy.allowPermanentDelete=false",
        undo="--set deleteRetentionPolicy.allowPermanentDelete=true",
    ),
)
SETTINGS: tuple[Setting, ...] = (
    BLOB_SOFT_DELETE,
    CONTAINER_SOFT_DELETE,
    SHARE_SOFT_DELETE,
    BLOB_VERSIONING,
    NO_PERMANENT_DELETE,
)
"""What can be mended in the services of a storage account."""
