"""Whether a storage account is a workspace's default account, which is never failed over.

Azure Machine Learning does not support a failover of the default account by GRS, GZRS, RA-GRS or RA-GZRS: the workspace
would be bound to an account that lies elsewhere.
Source: https://learn.microsoft.com/azure/machine-learning/how-to-high-availability-machine-learning
"""

from __future__ import annotations

from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.errors import AmlRunbookError, IncompleteError, NotFoundError, UsageError
from amlrunbook.model.operation import OperationContext
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.model.snapshot import Document

SOURCE = (
    "https://learn.microsoft.com/azure/machine-learning/how-to-high-availability-machine-learning"
)
_WORKSPACES = "Microsoft.MachineLearningServices/workspaces"
_SECONDS = 10.0


def refuse_default(gateway: AzureGateway, context: OperationContext, account: ResourceId) -> None:
    """Let an account pass that is no workspace's default account. Asks Azure only of what is not known.

    Raises:
        UsageError: it is one; nothing was sent, nor asked.
        IncompleteError: it cannot be told.
    """
    inventory = context.snapshot.inventory.last_known()
    known = [d for d in inventory.of_type(_WORKSPACES) if d.unread is None]
    _refuse(known, account)
    have = {document.key for document in known}
    for workspace in _workspaces(context):
        if workspace.lower().rstrip("/") not in have:
            _refuse([_asked(gateway, workspace, account)], account)


def _workspaces(context: OperationContext) -> tuple[str, ...]:
    sides = [context.profile.primary, context.profile.secondary]
    return tuple(side.workspace for side in sides if side is not None)


def _refuse(workspaces: list[Document], account: ResourceId) -> None:
    for workspace in workspaces:
        named = workspace.field("properties.storageAccount")
        if isinstance(named, str) and _name(named) == account.name.lower():
            raise UsageError(
                f"{account.name} is the default storage account of workspace {workspace.name}, and Azure "
                "Machine Learning does not support failing a default account over.",
                state="Nothing was sent.",
                next_step=f"Leave it, and use the other workspace with its own default account ({SOURCE}).",
            )


def _name(account: str) -> str:
    """Return an account's name from its id: names are unique in a cloud."""
    return account.rstrip("/").rsplit("/", 1)[-1].lower()


def _asked(gateway: AzureGateway, workspace: str, account: ResourceId) -> Document:
    try:
        return Document(gateway.get(workspace, seconds=_SECONDS))
    except NotFoundError:
        return Document({})
    except AmlRunbookError as error:
        raise IncompleteError(
            f"Whether {account.name} is the default account of {ResourceId.parse(workspace).name} cannot be "
            "told: the workspace does not answer, and no snapshot holds it.",
            state="Nothing was sent. A default account must never be failed over.",
            next_step="Look at the workspace's storage account in the portal or in your templates; if it is "
            "another one, fail this one over by its az command and note that here.",
        ) from error
