"""Can a data account's bytes be read: a real byte through its primary, or meanwhile through its secondary?

Source: https://learn.microsoft.com/azure/storage/common/geo-redundant-design
"""

from __future__ import annotations

from collections.abc import Callable

from amlrunbook.assessment.command import az
from amlrunbook.azure.blob_service import BlobService, ByteRead, blob_bases
from amlrunbook.azure.deadline import Deadline
from amlrunbook.azure.fanout import Outcome, in_order
from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.azure.unread import why
from amlrunbook.errors import AnswerError
from amlrunbook.model.display import shown
from amlrunbook.model.finding import Finding, Verdict
from amlrunbook.model.operation import CheckReport, OperationContext, Reporter
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.operations.switchover.storage_state import account_of

_SOURCE = "https://learn.microsoft.com/azure/storage/common/geo-redundant-design"
_ROLES = "https://learn.microsoft.com/azure/storage/blobs/assign-azure-role-data-access"
_FORBIDDEN = 403


class DataAccountReadable:
    """Reads one byte through each endpoint."""

    id = "switchover.data-account-readable"
    title = "Can the account's data be read?"

    def __init__(self, gateway: AzureGateway, *, seconds: float = 20.0) -> None:
        self._gateway = gateway
        self._seconds = seconds

    def run(self, context: OperationContext, reporter: Reporter) -> CheckReport:
        """Read through the primary and through the secondary, both at once.

        Raises:
            UsageError: the step names no storage account.
        """
        del reporter
        account = account_of(context)
        service: BlobService = self._gateway.blob_service(account.name)
        tasks: list[Callable[[], ByteRead]] = [
            service.read_byte,
            lambda: service.read_byte(secondary=True),
        ]
        primary, secondary = in_order(tasks, width=2, deadline=Deadline(self._seconds))
        addresses = blob_bases(self._gateway.cloud, account.name)
        return report(account, primary, secondary, addresses)


def report(
    account: ResourceId,
    primary: Outcome[ByteRead],
    secondary: Outcome[ByteRead],
    addresses: tuple[str, str],
) -> CheckReport:
    """Return the verdict: it is the primary's; a readable secondary is named as the way meanwhile."""
    first = _finding(account, "Read through the primary", addresses[0], primary)
    second = _finding(account, "Read through the secondary", addresses[1], secondary)
    if second.verdict is not Verdict.PASS:
        second = _meanwhile(second)
    text = first.observed
    if first.verdict is not Verdict.PASS and second.verdict is Verdict.PASS:
        text += f" Meanwhile readers can use {addresses[1]}, which takes no writes."
    return CheckReport(verdict=first.verdict, text=text, findings=(first, second))


def _meanwhile(finding: Finding) -> Finding:
    """Return the secondary's finding for an account whose secondary is no way to read."""
    return Finding(
        check=finding.check,
        resource=finding.resource,
        verdict=Verdict.NOT_APPLICABLE,
        title=finding.title,
        observed=finding.observed,
        expected="an RA-GRS or RA-GZRS account whose secondary answers",
        why="Without a readable secondary nothing can be read while the primary is dark.",
        source=_SOURCE,
    )


def _finding(account: ResourceId, title: str, address: str, read: Outcome[ByteRead]) -> Finding:
    verdict, observed, remedy = _judged(address, read)
    return Finding(
        check=DataAccountReadable.id,
        resource=shown(account.text),
        verdict=verdict,
        title=title,
        observed=shown(observed),
        expected="a byte of a blob comes",
        why="Only a byte that came proves that data can be read; a resource that says available does not.",
        source=_ROLES if "Storage Blob Data" in remedy else _SOURCE,
        remedy=remedy,
        command=az(
            "az storage container list --account-name {name} --auth-mode login --num-results 1",
            {"name": account.name},
        ),
    )


def _judged(address: str, read: Outcome[ByteRead]) -> tuple[Verdict, str, str]:
    error, value = read.error, read.value
    if isinstance(error, AnswerError) and error.status == _FORBIDDEN:
        return (
            Verdict.UNKNOWN,
            f"{address} answers, and does not let you read: {why(error)}",
            "Have Storage Blob Data Reader assigned to you, or look at the account's firewall.",
        )
    if error is not None or value is None:
        reason = why(error) if error is not None else "no answer"
        return (
            Verdict.FAIL,
            f"{address} cannot be read: {reason}",
            "Look whether its region is dark.",
        )
    if not value.path:
        text = (
            f"{address} answers; its {value.containers} containers hold no blob to read a byte of."
        )
        return Verdict.WARN, text, "Read a file that you know of by its own name."
    return Verdict.PASS, f"{value.count} byte of {value.path} was read through {address}.", ""
