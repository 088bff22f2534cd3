"""Management locks, and what they forbid.

Source: https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources
"""

from __future__ import annotations

from starlette.responses import Response

from amlrunbook.simulator.answers import Refusal
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Kind
from amlrunbook.simulator.arm_path import parents
from amlrunbook.simulator.world import Document, World

TYPE = "Microsoft.Authorization/locks"
_LEVELS = {"cannotdelete": "CanNotDelete", "readonly": "ReadOnly", "notspecified": "NotSpecified"}
_MARK = "/providers/microsoft.authorization/locks/"


def guard(world: World, method: str, resource_id: str) -> None:
    """Refuse a change that a lock on the resource, or on a scope above or below it, forbids.

    Raises:
        Refusal: 409 ``ScopeLocked``.
    """
    wanted = "delete" if method == "DELETE" else "write"
    above = set(parents(resource_id))
    below = resource_id.lower() + "/"
    blocking = []
    for key, lock in world.resources.items():
        scope, mark, _ = key.rpartition(_MARK)
        if not mark:
            continue
        level = lock["properties"]["level"]
        forbids = level == "ReadOnly" or (level == "CanNotDelete" and wanted == "delete")
        reaches = scope in above or (wanted == "delete" and scope.startswith(below))
        if forbids and reaches:
            blocking.append(str(lock["id"])[: len(scope)])
    if blocking:
        raise Refusal(
            409,
            "ScopeLocked",
            f"The scope '{resource_id}' cannot perform {wanted} operation because following "
            f"scope(s) are locked: '{','.join(blocking)}'. Please remove the lock and try again.",
        )


def _check(_call: Call, document: Document, _before: Document | None) -> None:
    level = str(document.get("properties", {}).get("level", ""))
    if level.lower() not in _LEVELS:
        raise Refusal(
            400, "InvalidLockLevel", f"The lock level '{level}' is not valid for the lock."
        )
    document["properties"]["level"] = _LEVELS[level.lower()]


def _list(call: Call) -> Response:
    """List locks at the scope, above it and, unless ``atScope()``, below it.

    Source: https://learn.microsoft.com/powershell/module/az.resources/get-azresourcelock#-atscope
    """
    scope = call.path.scope.lower()
    and_below = "atscope()" not in call.query.get("$filter", "").lower()
    found = []
    for key, lock in call.world.resources.items():
        where, mark, _ = key.rpartition(_MARK)
        above = f"{scope}/".startswith(f"{where}/")
        if mark and (above or (and_below and where.startswith(f"{scope}/"))):
            found.append(lock)
    return call.page(found)


KINDS = (
    Kind(
        type=TYPE,
        api_versions=("2020-05-01", "2017-04-01", "2016-09-01"),
        check=_check,
        on_list=_list,
        patchable=False,
    ),
)
