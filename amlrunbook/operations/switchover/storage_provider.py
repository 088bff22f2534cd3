"""Does the storage provider of an account's region answer? Only then can its failover be asked for.

The provider does not fail over with its accounts: with its region's control plane dark, nobody can ask it for anything.
Source: https://learn.microsoft.com/azure/storage/common/storage-disaster-recovery-guidance
"""

from __future__ import annotations

from amlrunbook.assessment.command import az
from amlrunbook.azure.blob_service import blob_bases
from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.azure.unread import why
from amlrunbook.errors import (
    AmlRunbookError,
    AnswerError,
    NotFoundError,
    SignInError,
    ThrottledError,
)
from amlrunbook.model.display import shown
from amlrunbook.model.finding import Finding, Verdict
from amlrunbook.model.operation import CheckReport, OperationContext, Reporter
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.operations.outage.service_health import issues, service_events
from amlrunbook.operations.switchover.storage_state import (
    AccountState,
    account_of,
    clock,
    read_state,
)
from amlrunbook.operations.switchover.support_text import support_text

_SOURCE = "https://learn.microsoft.com/azure/storage/common/storage-disaster-recovery-guidance"
_PORTAL = "https://learn.microsoft.com/azure/azure-portal/supportability/how-to-create-azure-support-request"
_SECONDARY = "https://learn.microsoft.com/azure/storage/common/geo-redundant-design"
_WHY = "The storage provider does not fail over with the account: where it is dark, a failover cannot be asked for."
_ERRORS_FROM = 500


class StorageProvider:
    """Asks the provider for the account, and says what is left where it is dark."""

    id = "switchover.storage-provider"
    title = "Can a failover be asked for?"

    def __init__(self, gateway: AzureGateway, *, seconds: float = 15.0) -> None:
        self._gateway = gateway
        self._seconds = seconds

    def run(self, context: OperationContext, reporter: Reporter) -> CheckReport:
        """Ask; where nobody answers, name the three ways that are left.

        Raises:
            UsageError: the step names no storage account.
        """
        del reporter
        account = account_of(context)
        state = read_state(self._gateway, context, seconds=self._seconds)
        if state.error is not None:
            return self._unread(context, state, state.error)
        text = f"The storage provider answers for {account.name}: a failover can be asked for."
        return CheckReport(
            verdict=Verdict.PASS,
            text=text,
            findings=(_finding(account, Verdict.PASS, "Storage provider", "It answers.", ""),),
        )

    def _unread(
        self, context: OperationContext, state: AccountState, error: AmlRunbookError
    ) -> CheckReport:
        account = state.account
        match error:
            case SignInError():
                text = f"Nobody can be asked about {account.name}: {error.what}"
                return _alone(account, Verdict.UNKNOWN, text, "Sign in, then look again.")
            case ThrottledError():
                text = f"The storage provider throttles requests about {account.name}; it is there."
                return _alone(
                    account, Verdict.WARN, text, "Wait a minute: it answers, only not at once."
                )
            case NotFoundError():
                text = f"The storage provider answers, and {account.name} is not there: look whether it was deleted."
                return _alone(account, Verdict.FAIL, text, "Look at the changes of the last hour.")
            case AnswerError() if error.status < _ERRORS_FROM:
                text = f"The provider is there, and does not show {account.name}: {error.what}"
                return _alone(
                    account, Verdict.UNKNOWN, text, "Look whether you have the Reader role on it."
                )
            case _:
                return self._dark(context, state, error)

    def _dark(
        self, context: OperationContext, state: AccountState, error: AmlRunbookError
    ) -> CheckReport:
        account = state.account
        region = state.region("primary") or context.profile.regions[0]
        observed = f"the storage provider of {region} does not answer: {why(error)}"
        ticket = support_text(
            account,
            region,
            context.profile,
            now=self._gateway.now(),
            observed=observed,
            tracking_ids=self._tracking_ids(context, region),
            calls=self._gateway.call_log.calls,
        )
        text = (
            f"The storage provider of {region} does not answer, so no failover of {account.name} can be asked "
            "for. Left are: wait; ask Microsoft; read the secondary."
        )
        findings = (
            _finding(account, Verdict.FAIL, "Storage provider", f"No answer: {why(error)}", "One of the three ways below."),
            _wait(account),
            _ask_microsoft(account, ticket),
            _read_secondary(account, state, blob_bases(self._gateway.cloud, account.name)[1]),
        )  # fmt: skip
        return CheckReport(verdict=Verdict.FAIL, text=text, findings=findings)

    def _tracking_ids(self, context: OperationContext, region: str) -> tuple[str, ...]:
        subscription = context.profile.subscription
        try:
            events = service_events(self._gateway, subscription, self._seconds)
        except AmlRunbookError:
            return ()
        return tuple(issue.tracking_id for issue in issues(events, (region,)))


def _alone(account: ResourceId, verdict: Verdict, text: str, remedy: str) -> CheckReport:
    finding = _finding(account, verdict, "Storage provider", text, remedy)
    return CheckReport(verdict=verdict, text=text, findings=(finding,))


def _finding(
    account: ResourceId, verdict: Verdict, title: str, observed: str, remedy: str
) -> Finding:
    return Finding(
        check=StorageProvider.id,
        resource=shown(account.text),
        verdict=verdict,
        title=title,
        observed=shown(observed),
        expected="the provider answers for the account",
        why=_WHY,
        source=_SOURCE,
        remedy=remedy,
        command=az("az storage account show --ids {id}", {"id": account.text}),
    )


def _wait(account: ResourceId) -> Finding:
    """Return the first way. Ways are warnings: lists of what is to be looked at leave out what passed."""
    return Finding(
        check=StorageProvider.id,
        resource=shown(account.text),
        verdict=Verdict.WARN,
        title="Way 1: wait",
        observed="Waiting loses nothing if the region comes back: what was written is in it.",
        expected="the provider comes back before your RTO is over",
        why="When the region comes back, so does all of its data; a failover gives up what is not replicated.",
        source=_SOURCE,
        remedy="Look again every few minutes; ask for the failover once the provider answers.",
        command=az("az storage account show --ids {id}", {"id": account.text}),
    )


def _ask_microsoft(account: ResourceId, ticket: str) -> Finding:
    return Finding(
        check=StorageProvider.id,
        resource=shown(account.text),
        verdict=Verdict.WARN,
        title="Way 2: ask Microsoft (text to paste)",
        observed=ticket.replace("\n", " | "),
        expected="Microsoft fails the account over, or says when the provider is back",
        why="Only Microsoft can fail an account over whose provider is dark, and it decides itself whether it does.",
        source=_PORTAL,
        remedy="Open a severity A request in the portal, or call; paste the text.",
    )


def _read_secondary(account: ResourceId, state: AccountState, address: str) -> Finding:
    told = state.told
    sku = state.redundancy
    if told is not None:
        synced = clock(state.told_sync, state.now) if state.told_sync else "an untold time"
        verdict = Verdict.WARN
        observed = (
            f"{address} answers, by its own word {shown(told.status)}, complete up to {synced}."
        )
    elif sku is not None and not sku.readable:
        verdict = Verdict.WARN
        observed = f"{account.name} is {sku}: its secondary cannot be read before a failover."
    else:
        verdict, observed = Verdict.UNKNOWN, f"{address} does not answer: {state.told_unread}"
    return Finding(
        check=StorageProvider.id,
        resource=shown(account.text),
        verdict=verdict,
        title="Way 3: read the secondary",
        observed=shown(observed),
        expected="an RA-GRS or RA-GZRS account whose secondary answers",
        why="What only reads (scoring, training input) can go on from the secondary without any failover.",
        source=_SECONDARY,
        remedy="Point readers at the secondary address; it takes no writes.",
        command=az(
            "az rest --method get --resource https://storage.azure.com --headers x-ms-version=2021-12-02 "
            "--url {address}/?restype=service&comp=stats",
            {"address": address},
        ),
    )
