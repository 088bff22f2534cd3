"""Scoring addresses, health probes and fronts, over real HTTPS as callers use them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from amlrunbook.simulator import process
from amlrunbook.simulator.endpoint import Endpoint
from tests.simulator_fixtures import (
    Wire,
    add_fault,
    clear_faults,
    credential,
    resource_client,
    running,
    set_pace,
    world,
)

V = "2024-04-01"
ML = "Microsoft.MachineLearningServices/workspaces"
EAST = f"@/resourceGroups/rg-fraud-e/providers/{ML}/aml-fraud-e"
WEST = f"@/resourceGroups/rg-fraud-w/providers/{ML}/aml-fraud-w"
SCORE = "onlineEndpoints/fraud-score"
BLUE = f"{SCORE}/deployments/blue"
REGISTRY = "@/resourceGroups/rg-fraud-e/providers/Microsoft.ContainerRegistry/registries/crfraud"
GROUP = "@/resourceGroups/rg-fraud-w"
LOCKS = "/providers/Microsoft.Authorization/locks"
ROWS = {"input_data": [[1, 2], [3, 4]]}


@pytest.fixture(scope="module")
def azure(tmp_path_factory) -> Iterator[Endpoint]:
    with running(tmp_path_factory.mktemp("scoring") / "azure") as endpoint:
        set_pace(endpoint, polls=0)
        yield endpoint


@pytest.fixture(scope="module")
def wire(azure) -> Iterator[Wire]:
    """Bare HTTPS; the locks that protect what the tests take away are gone."""
    with Wire(azure) as bare:
        for lock in (f"{REGISTRY}{LOCKS}/keep-registry", f"{GROUP}{LOCKS}/keep-group"):
            assert bare.ask("DELETE", lock, "2020-05-01").status_code == 200
        yield bare


def put(wire: Wire, path: str, **changes) -> None:
    """Change a resource by a whole PUT, and wait for its end."""
    document = wire.get(path, V)
    properties = document["properties"] | changes.pop("properties", {})
    made(wire, path, document | {"properties": properties} | changes)


def made(wire: Wire, path: str, body) -> None:
    """Put a document, and wait for its end."""
    answer = wire.ask("PUT", path, V, body=body)
    assert answer.status_code in {200, 201, 202}, answer.text
    if (polled := answer.headers.get("Azure-AsyncOperation")) is not None:
        assert wire.ask("GET", polled, None).json()["status"] == "Succeeded"


@contextmanager
def changed(wire: Wire, path: str, **changes) -> Iterator[None]:
    """Change a resource for a while."""
    before = wire.get(path, V)
    put(wire, path, **changes)
    try:
        yield
    finally:
        held = {key: before[key] for key in ("sku", "properties", "tags") if key in before}
        put(wire, path, **held)


def score(wire: Wire, path: str, *, named: str | None = None, token: str = "", rows=ROWS):
    headers = {"azureml-model-deployment": named} if named else {}
    return wire.ask("POST", path, None, body=rows, headers=headers, token=token)


def test_a_request_is_scored_and_names_its_deployment(wire):
    uri = wire.get(f"{EAST}/{SCORE}", V)["properties"]["scoringUri"]
    assert uri == f"{wire.endpoint.base_url}/inference/eastus/fraud-score/score"
    east = score(wire, uri)
    west = score(wire, uri.replace("eastus", "westus"))
    assert east.status_code == 200, east.text
    assert east.headers["azureml-model-deployment"] == "blue"
    assert east.json() == west.json()
    assert len(east.json()) == 2
    swagger = wire.get(f"{EAST}/{SCORE}", V)["properties"]["swaggerUri"]
    assert "/score" in wire.ask("GET", swagger, None).json()["paths"]


def test_traffic_is_split_by_its_percentages_and_the_seed(wire):
    body = wire.get(f"{EAST}/{BLUE}", V)
    green = f"{EAST}/{SCORE}/deployments/green"
    made(wire, green, body | {"sku": {"name": "Default", "capacity": 1}})
    with changed(wire, f"{EAST}/{SCORE}", properties={"traffic": {"blue": 80, "green": 20}}):
        counted = Counter(
            score(wire, "/inference/eastus/fraud-score/score").headers["azureml-model-deployment"]
            for _ in range(60)
        )
    assert counted["blue"] > counted["green"] > 0
    named = score(wire, "/inference/eastus/fraud-score/score", named="green")
    assert named.headers["azureml-model-deployment"] == "green"
    wire.ask("DELETE", green, V)


@pytest.mark.parametrize(
    ("where", "changes", "status"),
    [
        (SCORE, {"properties": {"traffic": {}}}, 404),
        (BLUE, {"sku": {"name": "Default", "capacity": 0}}, 503),
    ],
)
def test_what_cannot_score_is_refused_and_not_healthy(wire, where, changes, status):
    with changed(wire, f"{EAST}/{where}", **changes):
        answer = score(wire, "/inference/eastus/fraud-score/score")
        assert answer.status_code == status, answer.text
        assert (
            wire.ask("GET", "/inference/eastus/fraud-score/", None, token=None).status_code
            == status
        )
        assert wire.ask("GET", "/front/fraud", None, token=None).status_code == status
    for method in ("GET", "HEAD"):
        assert wire.ask(method, "/front/fraud", None, token=None).status_code == 200


def test_a_named_deployment_that_is_not_there(wire):
    assert score(wire, "/inference/eastus/fraud-score/score", named="purple").status_code == 404


def test_who_may_not_score(wire, azure):
    path = "/inference/eastus/fraud-score/score"
    assert score(wire, path, token="nonsense").status_code == 401
    assert wire.ask("POST", path, None, body=ROWS, token=None).status_code == 401
    with credential(azure) as signed_in:
        other = signed_in.get_token("https://storage.azure.com/.default").token
        own = signed_in.get_token("https://ml.azure.com/.default").token
    assert score(wire, path, token=other).status_code == 401
    assert score(wire, path, token=own).status_code == 200


def test_keys_are_made_anew(wire):
    where = f"{WEST}/{SCORE}"
    with changed(wire, where, properties={"authMode": "Key"}):
        keys = wire.ask("POST", f"{where}/listKeys", V).json()
        path = "/inference/westus/fraud-score/score"
        assert score(wire, path, token=keys["primaryKey"]).status_code == 200
        again = wire.ask("POST", f"{where}/regenerateKeys", V, body={"keyType": "Primary"})
        assert again.status_code == 202
        assert score(wire, path, token=keys["primaryKey"]).status_code == 401
        assert score(wire, path, token=keys["secondaryKey"]).status_code == 200
    assert wire.ask("POST", f"{where}/listKeys", V).status_code == 400
    with changed(wire, where, properties={"authMode": "AMLToken"}):
        token = wire.ask("POST", f"{where}/token", V).json()["accessToken"]
        assert score(wire, path, token=token).status_code == 200
        assert score(wire, path).status_code == 401


@pytest.mark.parametrize(
    ("fault", "status"),
    [({"kind": "error"}, 503), ({"kind": "throttle"}, 429), ({"kind": "dark"}, None)],
)
def test_a_region_that_fails_takes_its_endpoints_along(wire, azure, fault, status):
    add_fault(azure, plane="data", region="eastus", **fault)
    try:
        for path in ("/inference/eastus/fraud-score/score", "/front/fraud"):
            if status is None:
                with pytest.raises(requests.ConnectionError):
                    score(wire, path)
            else:
                assert score(wire, path).status_code == status
        assert score(wire, "/inference/westus/fraud-score/score").status_code == 200
    finally:
        clear_faults(azure)


def test_the_operator_sends_callers_elsewhere(wire, azure):
    (front,) = process.control(azure, "GET", "/fronts")
    east, west = front["targets"]
    add_fault(azure, plane="data", region="eastus", kind="error")
    try:
        assert wire.ask("GET", "/front/fraud", None, token=None).status_code == 503
        said = process.control(azure, "POST", "/fronts", {"name": "fraud", "target": west})
        assert "aml-fraud-w" in said["said"] or "fraud-score" in said["said"]
        assert wire.ask("GET", "/front/fraud", None, token=None).status_code == 200
        assert score(wire, "/front/fraud").status_code == 200
    finally:
        clear_faults(azure)
    page = {"token": azure.control_token, "action": "route", "target": east, "front": "fraud"}
    answer = requests.post(
        f"{azure.base_url}/_portal", data=page, verify=azure.ca_file, timeout=100
    )
    assert answer.status_code == 200
    assert "here now" in answer.text
    assert world(azure)["fronts"]["fraud"]["chosen"] == east
    unknown = wire.ask("GET", "/front/nothing", None, token=None)
    assert unknown.status_code == 404


def test_an_image_that_its_replica_lacks(wire, azure):
    """A replica that is still syncing has no image: what serves its region cannot start."""
    replica = f"{REGISTRY}/replications/westus"
    gone = wire.ask("DELETE", replica, "2023-07-01")
    assert wire.ask("GET", gone.headers["Location"], None).status_code in {200, 204}
    assert wire.ask("GET", "/inference/westus/fraud-score/", None).status_code == 200
    with resource_client(azure) as client:
        body = {"location": "westus", "properties": {"zoneRedundancy": "Disabled"}}
        client.resources.begin_create_or_update_by_id(
            replica.replace("@", f"/subscriptions/{azure.subscription_id}"),
            body,
            api_version="2023-07-01",
        ).result()
    answer = score(wire, "/inference/westus/fraud-score/score")
    assert answer.status_code == 503
    assert "replica westus" in answer.json()["error"]["message"]
    process.control(azure, "POST", "/clock", {"advance": 3600})
    wire.get(replica, "2023-07-01")
    assert score(wire, "/inference/westus/fraud-score/score").status_code == 200


def test_a_model_that_is_gone(wire, azure):
    model = f"{WEST}/models/fraud-gbm/versions/7"
    document = wire.get(model, V)
    wire.ask("DELETE", model, V)
    answer = score(wire, "/inference/westus/fraud-score/score")
    assert answer.status_code == 424, answer.text
    assert answer.headers["ms-azureml-model-error-statuscode"] == "503"
    wire.ask("PUT", model, V, body=document)
    put(wire, model, properties={"modelUri": "azureml://datastores/fraud_data/paths/models/none"})
    assert score(wire, "/inference/westus/fraud-score/score").status_code == 424
    wire.ask("PUT", model, V, body=document)
    assert score(wire, "/inference/westus/fraud-score/score").status_code == 200
