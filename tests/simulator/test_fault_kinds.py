"""Faults that let accepted changes end badly, tell of the past, refuse tokens, or come by chance."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from amlrunbook.simulator import process
from amlrunbook.simulator.endpoint import Endpoint
from amlrunbook.simulator.faults import Fault, FaultKind, Plane, Target, strike
from tests.simulator_fixtures import Wire, add_fault, clear_faults, running, set_pace, world

ML_API = "2024-04-01"
ML = "Microsoft.MachineLearningServices/workspaces"
WEST = f"@/resourceGroups/rg-fraud-w/providers/{ML}/aml-fraud-w"
BLUE = f"{WEST}/onlineEndpoints/fraud-score/deployments/blue"
SCORE = "/inference/westus/fraud-score/score"
DATA = "@/resourceGroups/rg-fraud-e/providers/Microsoft.Storage/storageAccounts/stfrauddata"
STORAGE = "2023-05-01"
GROUP = "@/resourceGroups/rg-fraud-w"


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Iterator[Endpoint]:
    with running(tmp_path_factory.mktemp("kinds") / "azure") as endpoint:
        set_pace(endpoint, polls=0)
        yield endpoint


@pytest.fixture(scope="module")
def signed_in(shared) -> Iterator[Wire]:
    with Wire(shared) as bare:
        yield bare


@pytest.fixture
def azure(shared) -> Iterator[Endpoint]:
    yield shared
    clear_faults(shared)


@pytest.fixture
def wire(azure, signed_in) -> Wire:
    return signed_in


def ended(wire: Wire, answer) -> dict:
    """Return the status of an operation that has ended."""
    assert answer.status_code in {200, 201, 202}, answer.text
    where = answer.headers.get("Azure-AsyncOperation") or answer.headers["Location"]
    return wire.ask("GET", where, None).json()


@pytest.mark.parametrize(
    ("kind", "code", "capacity"),
    [
        ("fail", "InternalServerError", 3),
        ("capacity", "OutOfCapacity", 3),
        ("halfway", "InternalServerError", 5),
    ],
)
def test_an_accepted_change_ends_badly(azure, wire, kind, code, capacity):
    add_fault(azure, kind=kind, path="*/deployments/blue", count=1)
    answer = wire.ask("PATCH", BLUE, ML_API, body={"sku": {"name": "Default", "capacity": 5}})
    assert ended(wire, answer)["error"]["code"] == code
    found = wire.get(BLUE, ML_API)
    assert found["properties"]["provisioningState"] == "Failed"
    assert found["sku"]["capacity"] == capacity
    again = wire.ask("PATCH", BLUE, ML_API, body={"sku": {"name": "Default", "capacity": 3}})
    ended(wire, again)
    assert wire.get(BLUE, ML_API)["properties"]["provisioningState"] == "Succeeded"


def test_a_failed_deletion_has_taken_some_children(azure, wire):
    for lock in wire.get("@/providers/Microsoft.Authorization/locks", "2020-05-01")["value"]:
        wire.ask("DELETE", lock["id"], "2020-05-01")
    add_fault(azure, kind="halfway", methods=["DELETE"], count=1)
    endpoint = f"{WEST}/onlineEndpoints/fraud-score"
    before = wire.get(BLUE, ML_API)
    status = ended(wire, wire.ask("DELETE", endpoint, ML_API))
    assert status["status"] == "Failed"
    assert wire.get(endpoint, ML_API)["properties"]["provisioningState"] == "Failed"
    assert wire.ask("GET", BLUE, ML_API).status_code == 404
    ended(wire, wire.ask("PUT", BLUE, ML_API, body=before))
    document = wire.get(endpoint, ML_API)
    ended(wire, wire.ask("PUT", endpoint, ML_API, body=document))
    assert wire.ask("POST", SCORE, None, body=[1]).status_code == 200


def test_a_failover_that_fails_leaves_the_account_as_it_was(azure, wire):
    add_fault(azure, kind="fail", path="*/failover", count=1)
    answer = wire.ask("POST", f"{DATA}/failover", STORAGE)
    assert answer.status_code == 202
    assert wire.ask("GET", answer.headers["Location"], None).status_code == 409
    properties = wire.get(DATA, STORAGE)["properties"]
    assert properties["primaryLocation"] == "eastus"
    assert "failoverInProgress" not in properties


@pytest.mark.parametrize(("kind", "happened"), [("fail", False), ("halfway", True)])
def test_a_change_that_ends_at_once(azure, wire, kind, happened):
    add_fault(azure, kind=kind, methods=["PATCH"], count=1)
    answer = wire.ask("PATCH", GROUP, "2024-03-01", body={"tags": {"kind": kind}})
    assert answer.status_code == 500
    assert (wire.get(GROUP, "2024-03-01")["tags"].get("kind") == kind) is happened


@pytest.mark.parametrize(
    ("path", "code"),
    [(BLUE, "BadRequest"), (f"{WEST}/computes/cpu-cluster", "ClusterCoreQuotaReached")],
)
def test_quota_is_refused(azure, wire, path, code):
    add_fault(azure, kind="quota", region="westus")
    answer = wire.ask("PATCH", path, ML_API, body={"properties": {}})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert wire.ask("GET", path, ML_API).status_code == 200


def test_stale_reads_tell_of_the_past(azure, wire):
    wire.ask("PATCH", GROUP, "2024-03-01", body={"tags": {"age": "old"}})
    add_fault(azure, kind="stale", lag=100, region="westus")
    wire.ask("PATCH", GROUP, "2024-03-01", body={"tags": {"age": "new"}})
    ended(wire, wire.ask("PATCH", BLUE, ML_API, body={"tags": {"age": "new"}}))
    assert wire.get(BLUE, ML_API)["tags"] == {}
    assert wire.get(GROUP, "2024-03-01")["tags"] == {"age": "new"}
    process.control(azure, "POST", "/clock", {"advance": 101})
    assert wire.get(BLUE, ML_API)["tags"] == {"age": "new"}


def test_tokens_that_expired(azure, wire):
    add_fault(azure, kind="expired-token", plane="control", count=2)
    for _ in range(2):
        answer = wire.ask("GET", GROUP, "2024-03-01")
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "ExpiredAuthenticationToken"
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert wire.ask("GET", GROUP, "2024-03-01").status_code == 200


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({}, (503, "temporarily_unavailable", [90033])),
        ({"code": "AADSTS50053", "status": 400}, (400, "invalid_grant", [50053])),
    ],
)
def test_the_identity_plane_speaks_as_entra(azure, wire, fault, said):
    add_fault(azure, kind="error", plane="identity", **fault)
    answer = wire.ask("POST", f"/{azure.tenant_id}/oauth2/v2.0/token", None, token=None)
    body = answer.json()
    assert (answer.status_code, body["error"], body["error_codes"]) == said
    assert body["error_description"].startswith(f"AADSTS{said[2][0]}: ")


def test_a_fault_ends_by_itself(azure, wire):
    add_fault(azure, kind="error", region="westus", lasts=60)
    assert wire.ask("GET", BLUE, ML_API).status_code == 503
    process.control(azure, "POST", "/clock", {"advance": 61})
    assert wire.ask("GET", BLUE, ML_API).status_code == 200
    assert world(azure)["faults"] == {}


def target(path: str) -> Target:
    return Target(plane=Plane.CONTROL, method="GET", path=path)


def drawn(seed: int, order: list[str]) -> dict[str, bool]:
    faults = [Fault(kind=FaultKind.ERROR, id="f", chance=0.4)]
    return {path: bool(strike(faults, target(path), seed=seed).fault) for path in order}


def test_chance_follows_from_the_seed_in_any_order():
    paths = [f"/subscriptions/{number}" for number in range(40)]
    assert drawn(1, paths) == drawn(1, paths[::-1])
    assert drawn(1, paths) != drawn(2, paths)
    assert 5 < sum(drawn(1, paths).values()) < 30


@pytest.mark.parametrize(
    ("since", "until", "struck"),
    [(None, None, True), (10, None, False), (None, 5, False), (1, 9, True), (6, 9, False)],
)
def test_a_fault_has_its_time(since, until, struck):
    faults = [Fault(kind=FaultKind.ERROR, since=since, until=until)]
    assert bool(strike(faults, target("/x"), now=5).fault) is struck
