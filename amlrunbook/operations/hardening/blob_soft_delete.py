"""Turning on blob soft delete of a storage account.

The blob service's PUT replaces what it is sent, so everything that is set is read, kept and sent back.
Sources: https://learn.microsoft.com/azure/storage/blobs/soft-delete-blob-overview and
https://learn.microsoft.com/rest/api/storagerp/blob-services/set-service-properties
"""

from __future__ import annotations

import copy
from typing import Any
from urllib.parse import parse_qs, urlsplit

from amlrunbook.assessment.command import az
from amlrunbook.azure.arm_path import with_version
from amlrunbook.azure.deadline import Deadline
from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.errors import AmlRunbookError, ReadOnlyError, RefusedError, UsageError
from amlrunbook.model.operation import (
    ActionResult,
    Confirmation,
    Evidence,
    Intent,
    Observation,
    OperationContext,
    Outcome,
    Preview,
    Reporter,
    Request,
    Risk,
)
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.operations.evidence import activity_evidence, poll_evidence

DEFAULT_DAYS = 14
LONGEST_DAYS = 365
"""The most that Azure keeps a deleted blob."""
_ACCOUNT = "microsoft.storage/storageaccounts"
_READ_ONLY_PARTS = ("minRestoreTime", "lastEnabledTime")
"""Parts of ``restorePolicy`` that Azure tells and does not take."""


class BlobSoftDelete:
    """Keeps deleted blobs of one account for some days."""

    id = "hardening.blob-soft-delete"
    title = "Turn on blob soft delete"
    risk = Risk.REVERSIBLE
    confirmation = Confirmation.ENTER

    def __init__(
        self,
        gateway: AzureGateway,
        *,
        seconds: float = 120.0,
        looks: int = 4,
        look_again: float = 2.0,
    ) -> None:
        self._gateway = gateway
        self._seconds = seconds
        self._looks = looks
        self._look_again = look_again

    def preview(self, context: OperationContext) -> Preview:
        """Read the settings and say which one would change.

        Raises:
            UsageError: the step names no storage account, or no number of days.
            AzureError: the settings cannot be read.
        """
        account = _account(context)
        wanted = _days(context)
        found = self._gateway.get(_service(account))
        body, days = _body(found, wanted)
        kept = _policy(found)
        needless = (
            f"Blob soft delete is on already and keeps deleted blobs for {kept[1]} days."
            if kept[0] and kept[1] >= wanted
            else ""
        )
        return Preview(
            summary=f"Turn on blob soft delete of {account.name} for {days} days; all else stays.",
            requests=(Request(method="PUT", path=with_version(_service(account)), body=body),),
            resources=(account.text,),
            before=_said(kept),
            after=_said((True, days)),
            undo=_command(account, "false") or "Turn the policy off again.",
            cost="Deleted and overwritten blobs are billed like live ones while they are kept.",
            takes="Seconds.",
            commands=(_command(account, f"true --delete-retention-days {days}"),),
            needless=needless,
        )

    def apply(
        self, context: OperationContext, preview: Preview, intent: Intent, reporter: Reporter
    ) -> ActionResult:
        """Send the previewed PUT once, if the settings are still those of the preview.

        Raises:
            ReadOnlyError: the gateway is read-only; nothing was sent.
        """
        if not self._gateway.mode.may_change:
            raise ReadOnlyError(
                f"{self.title} was refused: this process is read-only.",
                state="Nothing was sent; Azure is as it was.",
                next_step="Start the run with --live to change real Azure, or rehearse it in a drill.",
            )
        request = preview.requests[0]
        target = urlsplit(request.path)
        try:
            if self._changed_since(context, request.body):
                return ActionResult(
                    outcome=Outcome.FAILED,
                    text="The blob service's settings changed since the preview. Nothing was sent: look again.",
                )
        except AmlRunbookError as error:
            return ActionResult(
                outcome=Outcome.FAILED,
                text=f"The settings could not be read again. Nothing was sent. {error.what}",
            )
        try:
            answer = self._gateway.change(
                request.method,
                target.path,
                request.body,
                request_id=intent.request_id,
                on_sent=reporter.sent,
                on_accepted=reporter.accepted,
                on_progress=reporter.progressed,
                version=parse_qs(target.query)["api-version"][0],
                seconds=self._seconds,
            )
        except ReadOnlyError:
            raise
        except RefusedError as error:
            return ActionResult(outcome=Outcome.FAILED, text=error.what)
        return ActionResult(outcome=answer.outcome, text=answer.text)

    def observe(
        self, context: OperationContext, preview: Preview, intent: Intent, poll_url: str
    ) -> Observation:
        """Look whether the change happened: the resource, the activity log, the poll URL."""
        account = _account(context)
        seen = self._look(account, preview)
        evidence = [*seen.evidence, activity_evidence(self._gateway, account, intent.request_id)]
        if poll_url:
            evidence.append(poll_evidence(self._gateway, poll_url))
        return Observation(
            reached=seen.reached,
            text=seen.text,
            readable=seen.readable,
            evidence=tuple(evidence),
        )

    def verify(self, context: OperationContext, preview: Preview) -> Observation:
        """Read the settings anew, a few times where they are not the wanted ones yet."""
        account = _account(context)
        patience = Deadline(self._looks * self._look_again + self._seconds)
        seen = self._look(account, preview)
        for _ in range(self._looks - 1):
            if seen.reached or not patience.wait(self._look_again):
                break
            seen = self._look(account, preview)
        return seen

    def _changed_since(self, context: OperationContext, body: dict[str, Any]) -> bool:
        found = self._gateway.get(_service(_account(context)))
        return _body(found, _days(context))[0] != body

    def _look(self, account: ResourceId, preview: Preview) -> Observation:
        wanted = preview.requests[0].body["properties"]
        try:
            found = self._gateway.get(_service(account))
        except AmlRunbookError as error:
            text = f"The blob service of {account.name} could not be read: {error.what}"
            evidence = Evidence(source="resource", text=text, speaks="neither")
            return Observation(reached=False, text=text, readable=False, evidence=(evidence,))
        on, days = _policy(found)
        reached = on and days >= int(wanted["deleteRetentionPolicy"]["days"])
        text = f"{account.name}: {_said((on, days))}"
        lost = _lost(wanted, _body(found, days)[0]["properties"])
        if lost:
            text += f" Other settings differ from those that were sent: {', '.join(lost)}."
        evidence = Evidence(source="resource", text=text, speaks="for" if reached else "against")
        return Observation(reached=reached, text=text, evidence=(evidence,))


def _account(context: OperationContext) -> ResourceId:
    account = ResourceId.parse(context.resource)
    if account.type.lower() != _ACCOUNT:
        raise UsageError(f"{account} is no storage account: it has no blob soft delete.")
    return account


def _days(context: OperationContext) -> int:
    text = context.params.get("days", str(DEFAULT_DAYS))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= LONGEST_DAYS:
        raise UsageError(
            f"{text!r} is no number of days to keep a deleted blob.",
            next_step=f"Give 1 to {LONGEST_DAYS}.",
        )
    return int(text)


def _service(account: ResourceId) -> str:
    return f"{account.text}/blobServices/default"


def _command(account: ResourceId, setting: str) -> str:
    """Return the ``az`` command that sets the policy; empty where a name cannot be quoted safely."""
    return az(
        "az storage account blob-service-properties update --account-name {name} --resource-group {group} "
        "--subscription {subscription} --enable-delete-retention " + setting,
        {
            "name": account.name,
            "group": account.resource_group,
            "subscription": account.subscription,
        },
    )


def _policy(document: dict[str, Any]) -> tuple[bool, int]:
    """Return whether soft delete is on, and for how many days."""
    policy = (document.get("properties") or {}).get("deleteRetentionPolicy") or {}
    days = policy.get("days")
    return policy.get("enabled") is True, days if isinstance(days, int) else 0


def _said(policy: tuple[bool, int]) -> str:
    on, days = policy
    return f"Blob soft delete is on, {days} days." if on else "Blob soft delete is off."


def _body(document: dict[str, Any], wanted: int) -> tuple[dict[str, Any], int]:
    """Return the body that changes nothing but the policy, and its days: never fewer than are set now.

    Point-in-time restore must reach back less far than soft delete keeps.
    """
    properties = copy.deepcopy(document.get("properties") or {})
    on, days = _policy(document)
    restore = properties.get("restorePolicy")
    needed = 0
    if isinstance(restore, dict):
        for name in _READ_ONLY_PARTS:
            restore.pop(name, None)
        if restore.get("enabled") is True and isinstance(restore.get("days"), int):
            needed = restore["days"] + 1
    chosen = min(max(wanted, days if on else 0, needed), LONGEST_DAYS)
    policy = properties.get("deleteRetentionPolicy") or {}
    properties["deleteRetentionPolicy"] = {**policy, "enabled": True, "days": chosen}
    return {"properties": properties}, chosen


def _lost(wanted: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Name the other settings that are not as they were sent."""
    return sorted(
        name
        for name, value in wanted.items()
        if name != "deleteRetentionPolicy" and found.get(name) != value
    )
