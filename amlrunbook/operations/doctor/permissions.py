"""What a set of permissions allows: actions with wildcards, less what is taken away. Pure.

Source: https://learn.microsoft.com/azure/role-based-access-control/role-definitions
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any


def allowed(permissions: Iterable[Mapping[str, Any]], action: str, *, data: bool = False) -> bool:
    """Return whether any of the permissions grants ``action``.

    What one permission takes away with ``notActions`` another may still grant.
    """
    grant, take = ("dataActions", "notDataActions") if data else ("actions", "notActions")
    return any(
        _any(permission.get(grant), action) and not _any(permission.get(take), action)
        for permission in permissions
    )


def _any(patterns: Any, action: str) -> bool:
    return isinstance(patterns, list) and any(
        isinstance(pattern, str) and _fits(pattern, action) for pattern in patterns
    )


def _fits(pattern: str, action: str) -> bool:
    expression = ".*".join(re.escape(part) for part in pattern.split("*"))
    return re.fullmatch(expression, action, re.IGNORECASE) is not None
