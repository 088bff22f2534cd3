"""The fact base: dated, sourced facts that rules cite, and the typed door to them."""

from __future__ import annotations

from amlrunbook.facts.base import (
    OLD_AFTER_DAYS,
    Certainty,
    Fact,
    FactBase,
    Limit,
    Limits,
    RegionList,
    RegionPairs,
    Regions,
    RetiringFamily,
    fact_base,
)

__all__ = [
    "OLD_AFTER_DAYS",
    "Certainty",
    "Fact",
    "FactBase",
    "Limit",
    "Limits",
    "RegionList",
    "RegionPairs",
    "Regions",
    "RetiringFamily",
    "fact_base",
]
