"""What the caller may do with data: everything, unless the scenario narrowed it.

Source: https://learn.microsoft.com/azure/role-based-access-control/role-definitions#dataactions
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from amlrunbook.simulator.arm_path import parents
from amlrunbook.simulator.world import Document, World


def permitted(world: World, resource_id: str, action: str) -> bool:
    """May the caller do a data action, ``Microsoft.X/type/verb``, on a resource?"""
    wanted = action.lower()
    for scope in parents(resource_id):
        narrowed = world.facets.get(scope, {}).get("permissions")
        if narrowed is not None:
            return any(_permits(permission, wanted) for permission in narrowed)
    return True


def _permits(permission: Document, wanted: str) -> bool:
    def covers(patterns: list[str]) -> bool:
        return any(fnmatchcase(wanted, pattern.lower()) for pattern in patterns)

    return covers(permission.get("dataActions", [])) and not covers(
        permission.get("notDataActions", [])
    )
