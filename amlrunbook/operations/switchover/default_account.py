"""Why a workspace's default account stays where it is, and what of it can still be read."""

from __future__ import annotations

from amlrunbook.assessment.reading import redundancy
from amlrunbook.errors import IncompleteError
from amlrunbook.model.display import shown
from amlrunbook.model.finding import Finding, Verdict
from amlrunbook.model.operation import CheckReport, OperationContext, Reporter
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.model.snapshot import Document, Inventory

_SOURCE = (
    "https://learn.microsoft.com/azure/machine-learning/how-to-high-availability-machine-learning"
)
_WORKSPACE = "Microsoft.MachineLearningServices/workspaces"
_WHY = (
    "Azure Machine Learning does not support failing over a workspace's default account: the workspace would go on "
    "with data that does not fit its own records. The secondary workspace has a default account of its own."
)


class DefaultAccount:
    """Says whose default account it is. It passes: nothing is to be done, and nothing may be."""

    id = "switchover.default-account"
    title = "The default account stays where it is"

    def run(self, context: OperationContext, reporter: Reporter) -> CheckReport:
        """Tell from what is known; nothing is asked of Azure."""
        del reporter
        known = context.snapshot.inventory.last_known()
        account = ResourceId.parse(context.resource)
        users = _users(account, known)
        of = f"the default account of {', '.join(users)}" if users else "a default account"
        text = f"{account.name} is {of}, and is never failed over. {_readable(known.by_id(account.text))}"
        finding = Finding(
            check=self.id,
            resource=account.text,
            verdict=Verdict.PASS,
            title=self.title,
            observed=text,
            expected="it is left alone",
            why=_WHY,
            source=_SOURCE,
        )
        return CheckReport(verdict=Verdict.PASS, text=text, findings=(finding,))


def _users(account: ResourceId, known: Inventory) -> tuple[str, ...]:
    return tuple(
        shown(workspace.name)
        for workspace in known.of_type(_WORKSPACE)
        if str(workspace.field("properties.storageAccount")).lower().rstrip("/") == account.key
    )


def _readable(document: Document | None) -> str:
    """Return what of the account's content can be read while its region is dark."""
    if document is None or document.unread is not None:
        return "Its redundancy is not known."
    try:
        kept = redundancy(document)
    except IncompleteError as error:
        return f"Its redundancy is not known: {error.what}"
    if kept.readable:
        return f"Notebooks and job outputs can be read at {shown(document.name)}-secondary meanwhile ({kept.value})."
    return f"Notebooks and job outputs wait in it until its region answers ({kept.value})."
