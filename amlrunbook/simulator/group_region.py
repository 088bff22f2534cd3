"""The region of a resource group: where it is dark, nothing in the group can be changed.

The resource manager keeps the metadata of all resources of a group in the group's region, wherever
they run, global ones included. Actions are passed on: they change no metadata. Which status and code a change is then refused with is not
documented; those here are this simulator's choice.

Sources: https://learn.microsoft.com/azure/azure-resource-manager/management/overview ,
https://azure.github.io/Azure-Proactive-Resiliency-Library/services/management/resource-group
"""

from __future__ import annotations

from amlrunbook.simulator.answers import Refusal
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.faults import Plane
from amlrunbook.simulator.service_regions import dark_since

_WRITES = frozenset({"PUT", "PATCH", "DELETE"})
_GROUPS = "Microsoft.Resources/resourceGroups"


def refuse_in_the_dark(call: Call) -> None:
    """Refuse a change of what is in a group whose region's resource manager is dark.

    Raises:
        Refusal: it is.
    """
    if call.method not in _WRITES or call.path.group is None or not call.world.faults:
        return
    path = f"/subscriptions/{call.path.subscription}/resourceGroups/{call.path.group}"
    group = call.world.get(path)
    if group is None:
        return
    region = str(group["location"])
    if dark_since(call.world, region, _GROUPS, Plane.CONTROL) is not None:
        raise Refusal(
            503,
            "ServiceUnavailable",
            f"The metadata of the resource group '{group['name']}' is in {region}, which does not "
            "answer.",
        )
