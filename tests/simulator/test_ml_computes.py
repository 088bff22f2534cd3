"""Computes that start, stop and fail, who owns them; tags at any scope; one health event whole."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from amlrunbook.simulator.endpoint import Endpoint
from tests.simulator_fixtures import Wire, add_fault, clear_faults, running, set_pace, world

V = "2024-04-01"
TAGS_API = "2024-03-01"
GROUP = "@/resourceGroups/rg-lonely"
ML = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/aml-lonely"
ADA = f"{ML}/computes/ci-ada"


@pytest.fixture(scope="module")
def azure(tmp_path_factory) -> Iterator[Endpoint]:
    with running(tmp_path_factory.mktemp("computes") / "azure", "lonely-workspace") as endpoint:
        set_pace(endpoint, polls=0)
        yield endpoint


@pytest.fixture(scope="module")
def wire(azure) -> Iterator[Wire]:
    with Wire(azure) as bare:
        yield bare


def instance(wire: Wire, path: str = ADA) -> dict:
    return wire.get(path, V)["properties"]["properties"]


def ended(wire: Wire, answer) -> int:
    assert answer.status_code in {200, 201, 202}, answer.text
    where = answer.headers.get("Azure-AsyncOperation") or answer.headers["Location"]
    return wire.ask("GET", where, None).status_code


@pytest.mark.parametrize(
    ("action", "moving", "moved"),
    [
        ("stop", "Stopping", "Stopped"),
        ("start", "Starting", "Running"),
        ("restart", "Restarting", "Running"),
    ],
)
def test_an_instance_is_moved(wire, action, moving, moved):
    begun = wire.ask("POST", f"{ADA}/{action}", V)
    assert instance(wire)["state"] == moving
    assert ended(wire, begun) == 200
    found = instance(wire)
    assert found["state"] == moved
    assert found["lastOperation"]["operationStatus"] == "Succeeded"


def test_an_instance_that_does_not_start_says_so(azure, wire):
    ended(wire, wire.ask("POST", f"{ADA}/stop", V))
    add_fault(azure, kind="capacity", path="*/start")
    assert ended(wire, wire.ask("POST", f"{ADA}/start", V)) == 409
    clear_faults(azure)
    found = instance(wire)
    assert found["state"] == "Stopped"
    assert found["lastOperation"]["operationStatus"] == "StartFailed"
    ended(wire, wire.ask("POST", f"{ADA}/start", V))
    assert instance(wire)["state"] == "Running"


def test_a_compute_made_anew_belongs_to_who_makes_it(azure, wire):
    document = wire.get(ADA, V)
    document["properties"]["properties"]["createdBy"] = {"userId": "someone else"}
    document["identity"] = {"type": "SystemAssigned", "principalId": "an old one"}
    copy = f"{ML}/computes/ci-copy"
    ended(wire, wire.ask("PUT", copy, V, body=document))
    assert instance(wire, copy)["createdBy"]["userId"] == world(azure)["principal_id"]
    first = wire.get(copy, V)["identity"]["principalId"]
    assert first != "an old one"
    ended(wire, wire.ask("DELETE", copy, V, underlyingResourceAction="Delete"))
    ended(wire, wire.ask("PUT", copy, V, body=document))
    assert wire.get(copy, V)["identity"]["principalId"] != first


def test_a_cluster_that_gets_no_machines_says_why(azure, wire):
    body = wire.get(f"{ML}/computes/cpu", V)
    add_fault(azure, kind="capacity", methods=["PUT"])
    ended(wire, wire.ask("PUT", f"{ML}/computes/more", V, body=body))
    clear_faults(azure)
    found = wire.get(f"{ML}/computes/more", V)["properties"]
    assert found["provisioningState"] == "Failed"
    assert found["provisioningErrors"][0]["error"]["code"] == "OutOfCapacity"


def test_a_clusters_nodes_are_listed(wire):
    body = wire.get(f"{ML}/computes/cpu", V)
    body["properties"]["properties"]["scaleSettings"] |= {"minNodeCount": 2, "maxNodeCount": 2}
    ended(wire, wire.ask("PUT", f"{ML}/computes/cpu", V, body=body))
    nodes = wire.ask("POST", f"{ML}/computes/cpu/listNodes", V).json()["nodes"]
    assert [node["nodeState"] for node in nodes] == ["idle", "idle"]


@pytest.mark.parametrize("scope", ["@", GROUP, ML])
def test_tags_at_a_scope(wire, scope):
    where = f"{scope}/providers/Microsoft.Resources/tags/default"

    def change(method: str, tags: dict[str, str], operation: str = "") -> dict[str, str]:
        body = {"properties": {"tags": tags}} | ({"operation": operation} if operation else {})
        answer = wire.ask(method, where, TAGS_API, body=body)
        assert answer.status_code == 200, answer.text
        return answer.json()["properties"]["tags"]

    assert change("PUT", {"a": "1"}) == {"a": "1"}
    assert change("PATCH", {"b": "2"}, "Merge") == {"a": "1", "b": "2"}
    assert change("PATCH", {"a": "1"}, "Delete") == {"b": "2"}
    assert change("PATCH", {"c": "3"}, "Replace") == {"c": "3"}
    assert wire.get(where, TAGS_API)["properties"]["tags"] == {"c": "3"}
    if scope != "@":
        assert wire.get(scope, V)["tags"] == {"c": "3"}
    assert wire.ask("PATCH", where, TAGS_API, body={"properties": {"tags": {}},
                    "operation": "Burn"}).status_code == 400  # fmt: skip
    assert wire.ask("PUT", where, TAGS_API, body={"properties": {"tags": []}}).status_code == 400
    assert wire.ask("DELETE", where, TAGS_API).status_code == 200
    assert wire.get(where, TAGS_API)["properties"]["tags"] == {}


def test_no_such_health_event(wire):
    events = "@/providers/Microsoft.ResourceHealth/events"
    assert wire.ask("POST", f"{events}/NONE-1/fetchEventDetails", "2024-02-01").status_code == 404
