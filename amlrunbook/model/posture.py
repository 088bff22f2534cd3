"""The posture of a pair: what an outage would do to each class of component, and what turned since all was well."""

from __future__ import annotations

import msgspec

from amlrunbook.model.finding import Verdict

EFFECTS = ("lost", "slow", "impossible")
"""The columns of the table, as its lines name them."""


class PostureLine(msgspec.Struct, frozen=True, kw_only=True):
    """What the outage would do to one class of component."""

    component: str
    """``inference``, ``data``, ``experiments``, or ``workspace`` for what serves them all."""
    strategy: str
    """``hot/hot``, ``hot/warm`` or ``hot/cold``."""
    lost: tuple[str, ...] = ()
    """Each: what was asked, and the names of the resources on which it fails."""
    slow: tuple[str, ...] = ()
    impossible: tuple[str, ...] = ()
    warned: int = 0
    """How many findings only warn."""
    unknown: int = 0
    """How many could not be judged."""


class Turned(msgspec.Struct, frozen=True, kw_only=True):
    """One verdict that is worse now."""

    check: str
    resource: str
    before: Verdict | None
    """``None`` where the resource was not there."""
    after: Verdict


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """What turned since the last snapshot on which nothing failed."""

    since: str
    """When that snapshot was taken, RFC 3339."""
    turned: tuple[Turned, ...] = ()
