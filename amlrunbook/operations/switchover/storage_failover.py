"""Failing a data account over to its second region, planned or unplanned.

Sources: https://learn.microsoft.com/rest/api/storagerp/storage-accounts/failover and
https://learn.microsoft.com/azure/storage/common/storage-disaster-recovery-guidance
"""

from __future__ import annotations

from datetime import datetime

from amlrunbook.azure.deadline import current_deadline
from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.errors import AmlRunbookError, AzureError, RefusedError, UsageError
from amlrunbook.model.operation import (
    ActionResult,
    Confirmation,
    Evidence,
    Intent,
    Observation,
    OperationContext,
    Preview,
    Reporter,
    Request,
    Risk,
)
from amlrunbook.model.resource_id import ResourceId, region_name
from amlrunbook.model.snapshot import Document
from amlrunbook.operations.changing import Changing, unseen
from amlrunbook.operations.switchover.by_hand import failover_by_hand
from amlrunbook.operations.switchover.storage_assets import assets_in
from amlrunbook.operations.switchover.storage_default import refuse_default
from amlrunbook.operations.switchover.storage_failover_words import (
    GRACEFUL,
    UNGRACEFUL,
    before_words,
    needless_preview,
    preview_of,
    refuse_impossible,
    request_of,
)
from amlrunbook.operations.switchover.storage_losses import Losses, find_losses
from amlrunbook.operations.switchover.storage_state import (
    AccountState,
    account_of,
    read_state,
)

FOLLOW_SECONDS = 5400.0
"""How long the operation is followed: Microsoft says about an hour; after this it is in doubt, not failed."""
_LOOK_SECONDS = 10.0


class StorageFailover:
    """Fails one account over. The variant says whether as planned."""

    id = "switchover.storage-failover"
    title = "Fail over a data storage account"
    risk = Risk.DATA_LOSS
    confirmation = Confirmation.TYPE_NAME

    def __init__(
        self,
        gateway: AzureGateway,
        *,
        seconds: float = FOLLOW_SECONDS,
        looks: int = 15,
        look_again: float = 2.0,
        read_seconds: float = 15.0,
    ) -> None:
        self._gateway = gateway
        self._changing = Changing(
            gateway=gateway,
            title=self.title,
            seconds=seconds,
            looks=looks,
            look_again=look_again,
            unread="Nothing was sent: {why}",
        )
        self._read_seconds = read_seconds

    def preview(self, context: OperationContext) -> Preview:
        """Read the account anew, and say what a failover would lose and leave.

        Raises:
            UsageError: it is a workspace's default account, no storage account, or the variant is none.
            RefusedError: Azure would refuse it now, and why.
            AzureError: the account's resource does not answer, so that nothing can be asked of it.
        """
        account, planned = account_of(context), _planned(context)
        refuse_default(self._gateway, context, account)
        state = self._read(context)
        leaving = _leaving(context)
        at = state.region("primary")
        if at and at != leaving:
            return needless_preview(state, leaving, planned=planned)
        refuse_impossible(state, planned=planned)
        losses = Losses() if planned else self._losses(context, state)
        other = str(context.profile.regions[1] or "")
        return preview_of(state, losses, planned=planned, workspace_region=other)

    def by_hand(self, context: OperationContext) -> tuple[str, ...]:
        """Return how it is done with ``az``.

        Raises:
            UsageError: the step names no storage account, or the variant is none.
            RefusedError: it is a workspace's default account.
        """
        return failover_by_hand(context, account_of(context), planned=_planned(context))

    def apply(
        self, context: OperationContext, preview: Preview, intent: Intent, reporter: Reporter
    ) -> ActionResult:
        """Send the previewed request once, if the account still stands as it was previewed.

        Raises:
            ReadOnlyError: the gateway is read-only; nothing was sent.
        """
        return self._changing.apply(
            preview,
            intent,
            reporter,
            lambda: self._again(context, preview),
            lambda began: self._progress(account_of(context), began),
        )

    def observe(
        self, context: OperationContext, preview: Preview, intent: Intent, poll_url: str
    ) -> Observation:
        """Look whether the failover happened: the resource, the activity log, the poll URL."""
        return self._changing.observe(self._look(context, preview), preview, intent, poll_url)

    def verify(self, context: OperationContext, preview: Preview) -> Observation:
        """Read the primary's region, and a byte through the new primary, a few times where need be."""
        most = self._changing.looks
        patience = current_deadline(most * (self._changing.look_again + 2 * self._read_seconds))
        first = self._verified(context, preview)
        looks = most if _under_way(first, preview) else 2
        return self._changing.looked_on(
            first, lambda: self._verified(context, preview), looks, patience
        )

    def _read(self, context: OperationContext) -> AccountState:
        state = read_state(self._gateway, context, seconds=self._read_seconds)
        if not state.answers:
            raise AzureError(
                f"The storage provider does not answer for {state.account.name}: {state.unread}",
                state="Nothing was sent. A failover can be asked for only where the provider answers.",
                next_step="Wait, ask Microsoft's support, or read the secondary endpoint meanwhile.",
            )
        return state

    def _losses(self, context: OperationContext, state: AccountState) -> Losses:
        return find_losses(
            self._gateway.blob_service(state.account.name),
            state.last_sync,
            readable=state.readable,
            assets=assets_in(context.snapshot.inventory.last_known(), state.account.name),
            seconds=self._read_seconds,
        )

    def _again(self, context: OperationContext, preview: Preview) -> Request:
        """Return the request for an account that stands as it was previewed: the request alone tells no regions.

        Raises:
            AmlRunbookError: it does not stand so, or cannot be read.
        """
        refuse_default(self._gateway, context, account_of(context))
        state, planned = self._read(context), _planned(context)
        refuse_impossible(state, planned=planned)
        new = preview.effects.makes_writable[0].region
        old = preview.effects.makes_unwritable[0].region
        if (state.region("primary"), state.region("secondary")) != (old, new):
            raise RefusedError(
                f"{state.account.name} changed since the preview: {before_words(state)} Look again."
            )
        if planned is not preview.effects.planned:
            raise RefusedError("The variant is not the one that was previewed. Look again.")
        return request_of(state, planned=planned)

    def _progress(self, account: ResourceId, began: datetime) -> str:
        """Return what the resource shows while it goes on; never raises."""
        minutes = int(max(0.0, (self._gateway.now() - began).total_seconds()) // 60)
        try:
            found = Document(self._gateway.get(account.text, seconds=_LOOK_SECONDS))
        except AmlRunbookError:
            return f"after {minutes} min; {account.name} itself does not answer"
        where = found.field("properties.primaryLocation") or "unknown"
        flag = (
            "failover in progress"
            if found.field("properties.failoverInProgress") is True
            else "no failover in progress"
        )
        return f"after {minutes} min {account.name} says primary {where}, {flag}"

    def _look(self, context: OperationContext, preview: Preview) -> Observation:
        account = account_of(context)
        try:
            found = Document(self._gateway.get(account.text, seconds=self._read_seconds))
        except AmlRunbookError as error:
            return unseen(account.name, error)
        return judged(account, found, preview)

    def _verified(self, context: OperationContext, preview: Preview) -> Observation:
        seen = self._look(context, preview)
        if not seen.reached:
            return seen
        account = account_of(context)
        try:
            read = self._gateway.blob_service(account.name).read_byte()
        except AmlRunbookError as error:
            text = f"{seen.text} Its blobs could not be read through the primary endpoint: {error.what}"
            return Observation(reached=False, text=text, readable=False, evidence=seen.evidence)
        what = (
            f"{read.count} byte of {read.path} was read through it"
            if read.path
            else f"its {read.containers} containers were listed through it; none holds a blob to read"
        )
        return Observation(
            reached=True, text=f"{seen.text} {what[0].upper()}{what[1:]}.", evidence=seen.evidence
        )


def _under_way(seen: Observation, preview: Preview) -> bool:
    """Return whether something speaks for it, so that waiting for the rest makes sense."""
    return bool(preview.effects.makes_writable) and any(
        e.speaks != "against" for e in seen.evidence
    )


def judged(account: ResourceId, found: Document, preview: Preview) -> Observation:
    """Return what a resource's document says of a previewed failover."""
    moved = preview.effects.makes_writable
    if not moved:
        return Observation(reached=True, text=preview.needless or "Nothing was to be done.")
    wanted, named = moved[0].region, found.field("properties.primaryLocation")
    at = region_name(named) if isinstance(named, str) else ""
    running = found.field("properties.failoverInProgress") is True
    sku, when = found.field("sku.name"), found.field("properties.lastGeoFailoverTime")
    text = f"{account.name}: primary {at or 'unknown'}, {sku}"
    text += f", last failed over {when}" if isinstance(when, str) else ""
    text += ", failoverInProgress is true." if running else "."
    reached = bool(at) and at == wanted
    speaks = "for" if reached or running else "against"
    return Observation(
        reached=reached,
        text=text,
        evidence=(Evidence(source="resource", text=text, speaks=speaks),),
    )


def _planned(context: OperationContext) -> bool:
    """Return whether the variant is the planned one.

    Raises:
        UsageError: it is neither of the two.
    """
    match context.variant or context.params.get("variant", UNGRACEFUL):
        case "graceful":
            return True
        case "ungraceful":
            return False
        case other:
            raise UsageError(
                f"A storage failover is {GRACEFUL} or {UNGRACEFUL}, not {other!r}.",
                state="Nothing was sent.",
            )


def _leaving(context: OperationContext) -> str:
    """Return the region that is left: the profile's primary, unless the step says another."""
    return region_name(context.params.get("leaving") or context.profile.primary.region)
