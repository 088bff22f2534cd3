"""The typed door to the fact base: TOML beside this module, read once when it is first asked for."""

from __future__ import annotations

import datetime as dt
import functools
import re
from enum import StrEnum
from importlib import resources
from typing import TypeVar

import msgspec

from amlrunbook.errors import UsageError

OLD_AFTER_DAYS = 180
"""After how many days facts about Azure are called old: its pages change about twice a year."""

_Table = TypeVar("_Table", bound=msgspec.Struct)


class Certainty(StrEnum):
    """How sure a fact is."""

    DOCUMENTED = "documented"
    INFERRED = "inferred"
    """Deduced from documented facts."""
    UNCONFIRMED = "unconfirmed"
    """Sources differ: a rule may warn, never decide."""


class _Sourced(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Anything that was read on a page."""

    source: str
    """URL of the page."""
    checked: dt.date
    """When the page was last looked at."""
    page: str = ""
    """The date that the page itself bears, where it bears one."""


class Fact(_Sourced, frozen=True, kw_only=True):
    """One statement that findings cite."""

    id: str
    text: str
    certainty: Certainty = Certainty.DOCUMENTED


class Limit(_Sourced, frozen=True, kw_only=True):
    """One number that rules compare with; its key names the unit."""

    value: int


class RegionPairs(_Sourced, frozen=True, kw_only=True):
    """Pairs of regions, by short name; one way where the pair does not point back."""

    to: dict[str, str]


class RegionList(_Sourced, frozen=True, kw_only=True):
    """Regions that have something in common, by short name."""

    regions: tuple[str, ...]


class Regions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of regions; none of the lists claims to be complete."""

    pairs: RegionPairs
    unpaired: RegionList
    restricted: RegionList
    """Regions that a subscription gets only by a support request."""
    vault_not_replicated: RegionList
    """Paired regions in which vaults are not replicated all the same."""


class RetiringFamily(_Sourced, frozen=True, kw_only=True):
    """A VM family to move away from."""

    name: str
    size: str
    """Pattern of whole size names."""
    retires: dt.date | None = None
    """When it retires or did; ``None`` where the page only advises against it."""

    def holds(self, vm_size: str) -> bool:
        """Return whether ``vm_size`` is of this family."""
        return re.fullmatch(self.size, vm_size, re.IGNORECASE) is not None


class _Head(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    version: str
    checked: dt.date


class _Statements(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    facts: tuple[Fact, ...]


class _Retiring(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    families: tuple[RetiringFamily, ...]


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Numbers that rules compare with."""

    workspace_soft_delete_days: Limit
    storage_account_recovery_days: Limit
    endpoint_instances: Limit
    deployment_extra_quota_percent: Limit
    compute_per_region: Limit
    traffic_ttl_seconds: Limit
    log_retention_days: Limit
    storage_failover_minutes: Limit


class FactBase(msgspec.Struct, frozen=True, kw_only=True):
    """All facts, and the version that findings and journals name."""

    version: str
    checked: dt.date
    """When the base as a whole was last gone through."""
    facts: dict[str, Fact]
    """Statements by id."""
    regions: Regions
    limits: Limits
    retiring: tuple[RetiringFamily, ...]

    def age_days(self, today: dt.date) -> int:
        """Return how many days ago the base was last gone through; 0 for a day before that."""
        return max((today - self.checked).days, 0)

    def age_words(self, today: dt.date) -> str:
        """Return a warning where the base is older than :data:`OLD_AFTER_DAYS`; empty where it is not."""
        days = self.age_days(today)
        if days <= OLD_AFTER_DAYS:
            return ""
        return (
            f"The facts were last checked {days} days ago ({self.checked}): Azure may have changed since. "
            "Use a newer release of amlrunbook, and read the page that a finding cites."
        )

    def fact(self, fact_id: str) -> Fact:
        """Return one statement.

        Raises:
            UsageError: there is no fact of that id.
        """
        try:
            return self.facts[fact_id]
        except KeyError:
            raise UsageError(
                f"The fact base {self.version} has no fact {fact_id!r}.",
                next_step="Use an id of amlrunbook/facts/statements.toml.",
            ) from None

    def retiring_family(self, vm_size: str) -> RetiringFamily | None:
        """Return the retiring family that ``vm_size`` is of, or ``None``."""
        return next((family for family in self.retiring if family.holds(vm_size)), None)


def _read(name: str, table: type[_Table]) -> _Table:
    data = resources.files("amlrunbook.facts").joinpath(f"{name}.toml").read_bytes()
    return msgspec.toml.decode(data, type=table)


@functools.cache
def fact_base() -> FactBase:
    """Return the fact base, read from the package's data at the first call."""
    head = _read("base", _Head)
    return FactBase(
        version=head.version,
        checked=head.checked,
        facts={fact.id: fact for fact in _read("statements", _Statements).facts},
        regions=_read("regions", Regions),
        limits=_read("limits", Limits),
        retiring=_read("retiring", _Retiring).families,
    )
