"""A lock against deletion. ``ReadOnly`` is never set: it also refuses the changes and key listings of the day.

Source: https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources
"""

from __future__ import annotations

from typing import Any

from amlrunbook.assessment.command import az
from amlrunbook.model.operation import Confirmation, Observation, OperationContext, Risk
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.operations.changing import seen
from amlrunbook.operations.hardening.setting import Setting, Wanted, properties_of

LOCK_NAME = "cannot-delete"
_LEVEL = "CanNotDelete"


def _path(resource: ResourceId, context: OperationContext) -> str:
    del context
    return f"{resource.text}/providers/Microsoft.Authorization/locks/{LOCK_NAME}"


def _wanted(resource: ResourceId, found: dict[str, Any], context: OperationContext) -> Wanted:
    del context
    level = properties_of(found).get("level")
    values = {"id": resource.text}
    return Wanted(
        body={
            "properties": {
                "level": _LEVEL,
                "notes": "Against deletion by mistake; remove it only to delete on purpose.",
            }
        },
        before=_said(resource, level),
        after=_said(resource, _LEVEL),
        summary=f"Put a {_LEVEL} lock on {resource.name}.",
        undo=az(f"az lock delete --name {LOCK_NAME} --resource {{id}}", values),
        takes="Seconds.",
        command=az(
            f"az lock create --name {LOCK_NAME} --lock-type {_LEVEL} --resource {{id}}", values
        ),
        needless=_said(resource, level) if level == _LEVEL else "",
    )


def _seen(resource: ResourceId, found: dict[str, Any], sent: dict[str, Any]) -> Observation:
    del sent
    level = properties_of(found).get("level")
    return seen(_said(resource, level), reached=level == _LEVEL)


def _said(resource: ResourceId, level: Any) -> str:
    lock = f"a {level} lock" if isinstance(level, str) and level else "no lock"
    return f"{resource.name} has {lock} of the name {LOCK_NAME}."


DELETE_LOCK = Setting(
    id="hardening.delete-lock",
    title="Lock a resource against deletion",
    risk=Risk.REVERSIBLE,
    confirmation=Confirmation.ENTER,
    type="",
    noun="resource",
    method="PUT",
    path=_path,
    wanted=_wanted,
    seen=_seen,
    may_be_absent=True,
)
