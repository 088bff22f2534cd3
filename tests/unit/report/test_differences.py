"""What two snapshots differ in: what could not be listed is no removal, and a name in other letters no change."""

from __future__ import annotations

from typing import Any

import pytest

from amlrunbook.model.snapshot import Snapshot, snapshot_of
from amlrunbook.report.differences import difference

RG = "/subscriptions/x/resourceGroups/rg"
WORKSPACE = f"{RG}/providers/Microsoft.MachineLearningServices/workspaces/w"
COMPUTE = {"id": f"{WORKSPACE}/computes/cpu", "name": "cpu"}
ENDPOINTS = f"{WORKSPACE}/onlineEndpoints"
DEPLOYMENT = {"id": f"{ENDPOINTS}/e/deployments/blue", "name": "blue"}
LOCK = {"id": f"{RG}/providers/Microsoft.Authorization/locks/l"}


def unread(place: str) -> dict[str, Any]:
    return {"id": place, "unread": "no answer in time"}


def taken(*documents: dict[str, Any]) -> Snapshot:
    return snapshot_of(list(documents))


def kinds(older: Snapshot, newer: Snapshot, of: dict[str, Any]) -> list[str]:
    """Return what is said of one document."""
    return [each.kind for each in difference(older, newer) if each.resource == of["id"]]


@pytest.mark.parametrize(
    ("document", "hidden_by"),
    [
        (COMPUTE, f"{WORKSPACE}/computes"),
        (COMPUTE, f"{WORKSPACE}/Computes".lower()),
        (DEPLOYMENT, ENDPOINTS),
        (LOCK, f"{RG}/providers/Microsoft.Authorization/locks"),
    ],
)
def test_what_could_not_be_listed_is_neither_removed_nor_added(
    document: dict[str, Any], hidden_by: str
) -> None:
    there, hidden, gone = taken(document), taken(unread(hidden_by)), taken()
    assert kinds(there, hidden, document) == ["unread"]
    assert kinds(hidden, there, document) == ["read"]
    assert kinds(there, gone, document) == ["removed"]
    assert kinds(gone, there, document) == ["added"]


def test_a_collection_that_could_not_be_listed_hides_no_other() -> None:
    other = unread(f"{WORKSPACE}/datastores")
    assert kinds(taken(COMPUTE), taken(other), COMPUTE) == ["removed"]


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ({"location": "East US 2"}, {"location": "eastus2"}, []),
        ({"location": "East US 2"}, {"location": "eastus"}, ["location"]),
        ({"type": "microsoft.x/ys"}, {"type": "Microsoft.X/ys"}, []),
        (
            {"properties": {"keyVault": f"{RG}/a"}},
            {"properties": {"keyVault": f"{RG}/a".lower()}},
            [],
        ),
        ({"sku": {"name": "Basic"}}, {"sku": {"name": "basic"}}, ["sku.name"]),
        ({"properties": {"tag": "Ada"}}, {"properties": {"tag": "ada"}}, ["properties.tag"]),
    ],
)
def test_a_name_in_other_letters_is_no_change(
    before: dict[str, Any], after: dict[str, Any], changes: list[str]
) -> None:
    older, newer = (taken({"id": WORKSPACE, **each}) for each in (before, after))
    assert [each.path for each in difference(older, newer)] == changes
