"""Deployments and jobs: quota with its reserve, what cannot be pulled, what a name is good for."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

import pytest

from amlrunbook.simulator import process
from amlrunbook.simulator.endpoint import Endpoint
from tests.simulator_fixtures import Wire, add_fault, clear_faults, running, set_pace

V = "2024-04-01"
ML = "Microsoft.MachineLearningServices/workspaces"
EAST = f"@/resourceGroups/rg-fraud-e/providers/{ML}/aml-fraud-e"
WEST = f"@/resourceGroups/rg-fraud-w/providers/{ML}/aml-fraud-w"
SCORE = f"{WEST}/onlineEndpoints/fraud-score"
BLUE = f"{SCORE}/deployments/blue"
USAGES = "@/providers/Microsoft.MachineLearningServices/locations/westus/usages"


@pytest.fixture(scope="module")
def azure(tmp_path_factory) -> Iterator[Endpoint]:
    with running(tmp_path_factory.mktemp("deployments") / "azure") as endpoint:
        set_pace(endpoint, polls=0)
        yield endpoint


@pytest.fixture(scope="module")
def wire(azure) -> Iterator[Wire]:
    with Wire(azure) as bare:
        for lock in bare.get("@/providers/Microsoft.Authorization/locks", "2020-05-01")["value"]:
            bare.ask("DELETE", lock["id"], "2020-05-01")
        yield bare


def ended(wire: Wire, answer) -> dict:
    """Return the status of an operation that has ended."""
    assert answer.status_code in {200, 201, 202}, answer.text
    where = answer.headers.get("Azure-AsyncOperation") or answer.headers["Location"]
    polled = wire.ask("GET", where, None)
    return polled.json() if polled.content else {}


def scale(wire: Wire, instances) -> object:
    return wire.ask("PATCH", BLUE, V, body={"sku": {"name": "Default", "capacity": instances}})


def used(wire: Wire) -> int:
    rows = wire.get(USAGES, V)["value"]
    return next(row["currentValue"] for row in rows if "DSv2" in row["name"]["localizedValue"])


def test_scaling_counts_against_the_quota_with_a_fifth_more(wire):
    before = used(wire)  # three instances of four cores count for four
    assert ended(wire, scale(wire, 10))["sku"]["capacity"] == 10
    assert used(wire) - before == (12 - 4) * 4
    refused = scale(wire, 43).json()["error"]
    assert refused["code"] == "BadRequest"
    (detail,) = refused["details"]
    assert detail["code"] == "InferencingClientCreateDeploymentFailed"
    assert "Additional needed: 160" in detail["message"]
    assert ended(wire, scale(wire, 3))["properties"]["provisioningState"] == "Succeeded"
    assert used(wire) == before


@pytest.mark.parametrize("instances", [-1, "four", True])
def test_a_number_of_instances_is_one(wire, instances):
    assert scale(wire, instances).status_code == 400


def test_a_region_without_machines_leaves_what_served(wire, azure):
    add_fault(azure, kind="capacity", region="westus")
    assert ended(wire, scale(wire, 5))["error"]["code"] == "OutOfCapacity"
    clear_faults(azure)
    found = wire.get(BLUE, V)
    assert (found["properties"]["provisioningState"], found["sku"]["capacity"]) == ("Failed", 3)
    assert wire.ask("POST", "/inference/westus/fraud-score/score", None, body=[1]).ok
    ended(wire, scale(wire, 3))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model": f"{WEST}/models/nothing/versions/1"}, "Unable to download user model"),
        ({"environmentId": f"{WEST}/environments/none/versions/1"}, "user container image"),
    ],
)
def test_instances_need_an_image_and_a_model(wire, azure, change, said):
    root = f"/subscriptions/{azure.subscription_id}"
    body = wire.get(BLUE, V)
    body["properties"] |= {key: value.replace("@", root, 1) for key, value in change.items()}
    status = ended(wire, wire.ask("PUT", f"{SCORE}/deployments/green", V, body=body))
    assert status["error"]["code"] == "BadArgument"
    assert said in status["error"]["message"]
    green = wire.get(f"{SCORE}/deployments/green", V)
    assert green["properties"]["provisioningState"] == "Failed"
    log = wire.ask("POST", f"{SCORE}/deployments/green/getLogs", V, body={}).json()
    assert "Not ready" in log["content"]
    ended(wire, wire.ask("DELETE", f"{SCORE}/deployments/green", V))


def test_a_dark_registry_stops_scaling_and_not_serving(wire, azure):
    for region in ("eastus", "westus"):
        add_fault(azure, kind="dark", plane="data", region=region,
                  resource_type="Microsoft.ContainerRegistry/registries")  # fmt: skip
    status = ended(wire, scale(wire, 4))
    clear_faults(azure)
    assert "no replica" in status["error"]["message"]
    assert wire.ask("POST", "/inference/westus/fraud-score/score", None, body=[1]).ok
    ended(wire, scale(wire, 3))


def test_a_whole_put_replaces_the_traffic(wire):
    document = wire.get(SCORE, V)
    bare = deepcopy(document)
    del bare["properties"]["traffic"]
    ended(wire, wire.ask("PUT", SCORE, V, body=bare))
    assert wire.get(SCORE, V)["properties"]["traffic"] == {}
    ended(wire, wire.ask("PUT", SCORE, V, body=document))


def test_an_endpoint_made_anew_is_another_principal(wire):
    document = wire.get(SCORE, V)
    blue = wire.get(BLUE, V)
    taken = wire.ask("PUT", f"{WEST}/onlineEndpoints/fraud-score", V, body=document)
    assert taken.status_code in {200, 201}
    ended(wire, taken)
    ended(wire, wire.ask("DELETE", SCORE, V))
    without = document | {"properties": document["properties"] | {"traffic": {}}}
    ended(wire, wire.ask("PUT", SCORE, V, body=without))
    ended(wire, wire.ask("PUT", BLUE, V, body=blue))
    ended(wire, wire.ask("PUT", SCORE, V, body=document))
    again = wire.get(SCORE, V)["identity"]
    assert again["principalId"] != document["identity"]["principalId"]
    assert again["tenantId"] == document["identity"]["tenantId"]


def test_endpoint_names_are_unique_in_a_region(wire):
    body = wire.get(SCORE, V)
    body["properties"]["traffic"] = {}
    other = f"{EAST}/onlineEndpoints/fraud-score2"
    assert wire.ask("PUT", other, V, body=body | {"location": "eastus"}).status_code == 201
    again = f"{WEST}/onlineEndpoints/fraud-score2"
    refused = wire.ask("PUT", again, V, body=body | {"location": "eastus"})
    assert "unique within a region" in refused.json()["error"]["message"]
    assert wire.ask("PUT", again, V, body=body).status_code == 201


@pytest.fixture(scope="module")
def job(wire) -> tuple[str, dict]:
    """A job that was submitted to the secondary with the specification of another one."""
    body = wire.get(f"{EAST}/jobs/keen_sky_41", V)
    for key in ("environmentId", "computeId"):
        old = body["properties"][key]
        body["properties"][key] = old.replace("rg-fraud-e", "rg-fraud-w").replace(
            "aml-fraud-e", "aml-fraud-w"
        )
    path = f"{WEST}/jobs/again_1"
    made = wire.ask("PUT", path, V, body=body)
    assert made.status_code == 201, made.text
    return path, body


def test_a_job_is_queued_runs_and_is_canceled(wire, azure, job):
    path, _ = job
    assert wire.get(path, V)["properties"]["status"] == "Queued"
    process.control(azure, "POST", "/clock", {"advance": 600})
    assert wire.get(path, V)["properties"]["status"] == "Running"
    answer = wire.ask("POST", f"{path}/cancel", V)
    assert wire.get(path, V)["properties"]["status"] == "CancelRequested"
    ended(wire, answer)
    assert wire.get(path, V)["properties"]["status"] == "Canceled"
    assert wire.ask("POST", f"{path}/cancel", V).status_code == 200


def test_a_jobs_name_is_good_for_one_job(wire, job):
    path, body = job
    other = body | {"properties": body["properties"] | {"command": "python other.py"}}
    refused = wire.ask("PUT", path, V, body=other)
    assert refused.status_code == 400
    assert "already exists" in refused.json()["error"]["message"]
    tagged = body | {"properties": body["properties"] | {"tags": {"a": "b"}}}
    assert wire.ask("PUT", path, V, body=tagged).status_code == 200
    assert wire.get(path, V)["properties"]["tags"] == {"a": "b"}
    gone = body | {"properties": body["properties"] | {"computeId": f"{body['id']}/no"}}
    assert wire.ask("PUT", f"{WEST}/jobs/again_2", V, body=gone).status_code == 400
    listed = wire.get(f"{WEST}/jobs", V, jobType="Pipeline")["value"]
    assert listed == []
