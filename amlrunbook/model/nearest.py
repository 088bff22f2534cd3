"""The nearest known name, for whoever mistyped one."""

from __future__ import annotations

import difflib
from collections.abc import Collection


def nearest_hint(name: str, known: Collection[str], *, cutoff: float = 0.6) -> str:
    """Return ``did you mean 'x'?``, or what is known where nothing comes near.

    Args:
        name: what was given.
        known: what could have been given.
        cutoff: how near is near, from 0 to 1.
    """
    ordered = sorted(known)
    near = difflib.get_close_matches(name, ordered, n=1, cutoff=cutoff)
    return f"did you mean {near[0]!r}?" if near else f"known are {', '.join(ordered) or 'none'}."
