"""What a job refers to, and the same in another workspace."""

from __future__ import annotations

from typing import Any

import pytest

from amlrunbook.errors import UsageError
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.operations.switchover.jobs_references import Rewriting, resolved_short
from amlrunbook.operations.switchover.jobs_specification import LONGEST_NAME, new_name

ML = "providers/Microsoft.MachineLearningServices/workspaces"
EAST = ResourceId.parse(f"/subscriptions/s/resourceGroups/rg-e/{ML}/w-e")
WEST = ResourceId.parse(f"/subscriptions/s/resourceGroups/rg-w/{ML}/w-w")


@pytest.mark.parametrize(
    ("text", "rewritten", "references"),
    [
        (f"{EAST}/computes/cpu", f"{WEST}/computes/cpu", ["compute cpu"]),
        (f"{str(EAST).upper()}/computes/cpu", f"{WEST}/computes/cpu", ["compute cpu"]),
        (
            f"azureml:{EAST}/data/rows/versions/3",
            f"azureml:{WEST}/data/rows/versions/3",
            ["data asset rows:3"],
        ),
        (
            f"{EAST}/environments/e/versions/1",
            f"{WEST}/environments/e/versions/1",
            ["environment e:1"],
        ),
        (f"{EAST}/codes/c/versions/1", f"{WEST}/codes/c/versions/1", ["code snapshot c:1"]),
        ("azureml://datastores/d/paths/x", "azureml://datastores/d/paths/x", ["datastore d"]),
        (
            "azureml://subscriptions/s/resourcegroups/rg-e/workspaces/w-e/datastores/d/paths/x/",
            "azureml://datastores/d/paths/x/",
            ["datastore d"],
        ),
        (
            "azureml://registries/r/models/m/versions/1",
            "azureml://registries/r/models/m/versions/1",
            [],
        ),
        ("python train.py --x ${{inputs.x}}", "python train.py --x ${{inputs.x}}", []),
        (f"{WEST}/computes/cpu", f"{WEST}/computes/cpu", []),
    ],
)
def test_references_go_from_one_workspace_to_the_other(
    text: str, rewritten: str, references: list[str]
) -> None:
    found = Rewriting(EAST, WEST).of({"a": [{"b": text}]})
    assert found.value == {"a": [{"b": rewritten}]}
    assert [str(reference) for reference in found.references] == references
    assert found.strange == ()


def test_accounts_named_by_address_are_noticed() -> None:
    found = Rewriting(EAST, WEST).of(
        [
            "https://stone.blob.core.windows.net/c/x",
            "abfss://c@sttwo.dfs.core.windows.net/x",
            "https://[x",
        ]
    )
    assert found.accounts == ("stone", "sttwo")


def test_what_is_not_understood_is_told() -> None:
    found = Rewriting(EAST, WEST).of(f"{EAST}/featuresets/f/versions/1")
    assert found.strange == (f"{EAST}/featuresets/f/versions/1",)


def test_a_short_name_of_data_becomes_an_id() -> None:
    inputs: dict[str, Any] = {"i": {"uri": "azureml:rows:3", "mode": "azureml:x:1"}}
    assert resolved_short(inputs, EAST) == {
        "i": {"uri": f"azureml:{EAST}/data/rows/versions/3", "mode": "azureml:x:1"}
    }


def test_a_job_always_gets_the_same_new_name() -> None:
    job = EAST.child("jobs", "keen_sky")
    name = new_name(job)
    assert name == new_name(ResourceId.parse(str(job).replace("resourceGroups", "resourcegroups")))
    assert name.startswith("keen_sky-r")
    assert name != new_name(EAST.child("jobs", "keen_sea"))
    assert new_name(job, "1") == name
    assert new_name(job, "2") == f"{name}-2"
    assert len(new_name(EAST.child("jobs", "x" * 255), "99")) == LONGEST_NAME


@pytest.mark.parametrize("attempt", ["0", "-1", "x", "100", "٣"])
def test_an_attempt_is_a_number(attempt: str) -> None:
    with pytest.raises(UsageError):
        new_name(EAST.child("jobs", "j"), attempt)
