"""One check, the body that decides it, and the field that flips it: what a row of the table is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from amlrunbook.assessment import assess
from amlrunbook.model.finding import Finding
from amlrunbook.model.profile import Profile
from amlrunbook.model.snapshot import Inventory

Around = Callable[[dict[str, Any]], list[dict[str, Any]]]
"""The documents, given the one under test."""


def alone(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [body]


def beside(*others: dict[str, Any]) -> Around:
    return lambda body: [body, *others]


def after(*others: dict[str, Any]) -> Around:
    return lambda body: [*others, body]


@dataclass(frozen=True, slots=True)
class Row:
    """One check, the body that decides it, and the field that flips it."""

    check: str
    body: Callable[[], dict[str, Any]]
    path: str
    value: Any
    before: str
    after: str
    around: Around = alone
    judged: str = ""
    """Id of the resource that the finding names; the body's own where it is empty."""
    taken_at: str = ""
    """When the documents were read."""
    profile: Profile | None = None


def finding(row: Row, documents: list[dict[str, Any]], resource_id: str) -> Finding:
    """Return the one finding of a row's check on a resource."""
    found = [
        f
        for f in assess(Inventory(tuple(documents)), row.profile, taken_at=row.taken_at)
        if f.check == row.check and f.resource.lower() == resource_id.lower()
    ]
    assert len(found) == 1, f"{len(found)} findings of {row.check} on {resource_id}"
    return found[0]
