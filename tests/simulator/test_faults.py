"""Every fault, as a client meets it; alone, together, counted, by region and by plane."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)

from amlrunbook.errors import SimulatorError
from amlrunbook.simulator import process
from amlrunbook.simulator.endpoint import Endpoint
from amlrunbook.simulator.faults import Fault, FaultKind, Plane, Target, strike
from tests.simulator_fixtures import (
    Wire,
    add_fault,
    clear_faults,
    credential,
    resource_client,
    revision,
    running,
    seen,
)

STORAGE = "2023-05-01"
EAST = "@/resourceGroups/rg-fraud-e/providers/Microsoft.Storage/storageAccounts/stfraude"
WEST = "@/resourceGroups/rg-fraud-w/providers/Microsoft.Storage/storageAccounts/stfraudw"
BLOBS = "/blobServices/default"
SOFT_DELETE = {"properties": {"deleteRetentionPolicy": {"enabled": True, "days": 9}}}


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Iterator[Endpoint]:
    with running(tmp_path_factory.mktemp("faults") / "azure") as endpoint:
        yield endpoint


@pytest.fixture
def azure(shared) -> Iterator[Endpoint]:
    clear_faults(shared)
    yield shared
    clear_faults(shared)


@pytest.fixture
def wire(azure) -> Iterator[Wire]:
    with Wire(azure) as bare:
        yield bare


def days(wire: Wire) -> int | None:
    policy = wire.get(EAST + BLOBS, STORAGE)["properties"]["deleteRetentionPolicy"]
    return policy.get("days")


def test_dark_by_region(azure, wire):
    add_fault(azure, kind="dark", region="eastus", plane="control")
    with pytest.raises(requests.ConnectionError):
        wire.ask("GET", EAST, STORAGE)
    assert wire.ask("GET", WEST, STORAGE).status_code == 200
    assert wire.ask("GET", "@/resourceGroups").status_code == 200
    with (
        resource_client(azure) as client,
        pytest.raises((ServiceRequestError, ServiceResponseError)),
    ):
        client.resources.get_by_id(
            f"/subscriptions/{azure.subscription_id}{EAST[1:]}", api_version=STORAGE
        )
    noted = seen(azure)[-1]
    assert (noted.get("status"), noted["fault"]) == (None, "fault-1")


def test_dark_reaches_children_and_operations(azure, wire):
    add_fault(azure, kind="dark", region="eastus")
    workspace = (
        "@/resourceGroups/rg-fraud-e/providers/Microsoft.MachineLearningServices"
        "/workspaces/aml-fraud-e"
    )
    for path in (
        f"{workspace}/computes",
        f"{workspace}/models/fraud-gbm/versions/7",
        "@/providers/Microsoft.MachineLearningServices/locations/eastus/usages",
    ):
        with pytest.raises(requests.ConnectionError):
            wire.ask("GET", path)


def test_dark_reaches_what_is_not_there_yet(azure, wire):
    add_fault(azure, kind="dark", region="eastus")
    body = {"location": "eastus", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    with pytest.raises(requests.ConnectionError):
        wire.ask("PUT", EAST.replace("stfraude", "stnew"), STORAGE, body=body)


def test_hanging(azure):
    add_fault(azure, kind="hang", path="*/storageaccounts/stfraude")
    with Wire(azure) as impatient:
        assert impatient.ask("GET", WEST, STORAGE).status_code == 200
        impatient.timeout = 0.3  # of a connection that stands: nothing but the answer is waited for
        with pytest.raises(requests.ReadTimeout):
            impatient.ask("GET", EAST, STORAGE)
    with Wire(azure) as wire:
        assert wire.ask("GET", WEST, STORAGE).status_code == 200


def test_slow_adds_up_and_then_answers(azure, wire):
    add_fault(azure, kind="slow", milliseconds=40)
    add_fault(azure, kind="slow", milliseconds=60)
    assert wire.ask("GET", EAST, STORAGE).status_code == 200
    assert seen(azure)[-1]["milliseconds"] >= 100


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({}, 503, "ServiceUnavailable"),
        ({"status": 500}, 500, "InternalServerError"),
        ({"status": 504, "code": "GatewayTimeout"}, 504, "GatewayTimeout"),
        ({"status": 403, "code": "AuthorizationFailed"}, 403, "AuthorizationFailed"),
    ],
)
def test_errors(azure, wire, fault, status, code):
    add_fault(azure, kind="error", **fault)
    before = revision(azure)
    answer = wire.ask("PUT", EAST + BLOBS, STORAGE, body=SOFT_DELETE)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert revision(azure) == before


def test_throttling_says_when_to_come_back(azure, wire):
    add_fault(azure, kind="throttle", retry_after=3, count=1)
    answer = wire.ask("GET", EAST, STORAGE)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3")
    assert answer.json()["error"]["code"] == "TooManyRequests"
    assert wire.ask("GET", EAST, STORAGE).status_code == 200


def test_the_sdk_waits_out_throttling(azure):
    add_fault(azure, kind="throttle", retry_after=0, count=2)
    with resource_client(azure, retry_total=3) as client:
        assert client.resource_groups.get("rg-fraud-e").location == "eastus"


def test_skip_and_count(azure, wire):
    add_fault(azure, kind="error", skip=1, count=1)
    answers = [wire.ask("GET", EAST, STORAGE).status_code for _ in range(3)]
    assert answers == [200, 503, 200]


def test_methods_and_types(azure, wire):
    add_fault(azure, kind="error", methods=["put"], resource_type="*/blobservices")
    assert wire.ask("GET", EAST + BLOBS, STORAGE).status_code == 200
    assert wire.ask("PUT", EAST + BLOBS, STORAGE, body=SOFT_DELETE).status_code == 503
    assert wire.ask("PATCH", EAST, STORAGE, body={"tags": {}}).status_code == 200


def test_a_lost_change_is_accepted_and_never_happens(azure, wire):
    before, held = revision(azure), days(wire)
    add_fault(azure, kind="lost", path="*/blobservices/*", count=1)
    with resource_client(azure) as client:
        poller = client.resources.begin_create_or_update_by_id(
            f"/subscriptions/{azure.subscription_id}{EAST[1:]}{BLOBS}",
            SOFT_DELETE,
            api_version=STORAGE,
        )
        poller.result()
        assert poller.status() == "Succeeded"
    assert days(wire) == held
    assert revision(azure) == before


@pytest.mark.parametrize(("outcome", "status"), [("running", 202), ("gone", 404)])
def test_a_lost_change_may_run_for_ever_or_be_forgotten(azure, wire, outcome, status):
    add_fault(azure, kind="lost", outcome=outcome, count=1)
    answer = wire.ask("PUT", EAST + BLOBS, STORAGE, body=SOFT_DELETE)
    assert answer.status_code == 202
    polls = [wire.ask("GET", answer.headers["Location"], None).status_code for _ in range(6)]
    assert set(polls) == {status}


def test_what_would_be_refused_is_not_lost(azure, wire):
    add_fault(azure, kind="lost")
    wrong = {"properties": {"deleteRetentionPolicy": {"enabled": True, "days": 4000}}}
    assert wire.ask("PUT", EAST + BLOBS, STORAGE, body=wrong).status_code == 400


def test_an_unanswered_change_happens(azure, wire):
    body = {"properties": {"deleteRetentionPolicy": {"enabled": True, "days": 21}}}
    before = revision(azure)
    add_fault(azure, kind="unanswered", methods=["PUT"], count=1)
    with pytest.raises(requests.ConnectionError):
        wire.ask("PUT", EAST + BLOBS, STORAGE, body=body)
    assert days(wire) == 21
    assert revision(azure) > before


def test_an_unanswered_change_may_answer_an_error(azure, wire):
    body = {"properties": {"deleteRetentionPolicy": {"enabled": True, "days": 22}}}
    add_fault(azure, kind="unanswered", status=500, methods=["PUT"], count=1)
    answer = wire.ask("PUT", EAST + BLOBS, STORAGE, body=body)
    assert answer.status_code == 500
    assert days(wire) == 22


def test_the_sdk_does_not_resend_a_change_when_its_retries_are_off(azure):
    add_fault(azure, kind="unanswered", methods=["PUT"])
    before = len(seen(azure))
    with resource_client(azure) as client, pytest.raises((HttpResponseError, ServiceResponseError)):
        client.resources.begin_create_or_update_by_id(
            f"/subscriptions/{azure.subscription_id}{EAST[1:]}{BLOBS}",
            SOFT_DELETE,
            api_version=STORAGE,
        )
    puts = [r for r in seen(azure)[before:] if r["method"] == "PUT"]
    assert len(puts) == 1


def test_the_identity_plane_has_faults_of_its_own(azure, wire):
    add_fault(azure, kind="error", plane="identity")
    with credential(azure) as signing_in, pytest.raises(ClientAuthenticationError):
        signing_in.get_token(f"{azure.base_url}/.default")
    assert wire.ask("GET", EAST, STORAGE).status_code == 200  # the token in hand still works


def test_faults_are_listed_and_cleared(azure):
    first = add_fault(azure, kind="slow", milliseconds=1)
    second = add_fault(azure, kind="dark", id="blackout", region="westus")
    listed = process.control(azure, "GET", "/faults")
    assert [f["id"] for f in listed] == [first, second] == ["fault-1", "blackout"]
    process.control(azure, "DELETE", f"/faults/{first}")
    assert [f["id"] for f in process.control(azure, "GET", "/faults")] == ["blackout"]
    with pytest.raises(SimulatorError, match="no fault"):
        process.control(azure, "DELETE", "/faults/nothing")


def test_faults_never_reach_the_control_endpoint(azure):
    add_fault(azure, kind="dark")
    assert process.is_alive(azure)


# --- the matching, without a server -------------------------------------------------------------------

READ = Target(plane=Plane.CONTROL, method="GET", path="/a/b", region="eastus", resource_type="X/y")


@pytest.mark.parametrize(
    ("fault", "matches"),
    [
        (Fault(kind=FaultKind.DARK), True),
        (Fault(kind=FaultKind.DARK, region="EastUS"), True),
        (Fault(kind=FaultKind.DARK, region="westus"), False),
        (Fault(kind=FaultKind.DARK, plane=Plane.DATA), False),
        (Fault(kind=FaultKind.DARK, methods=["get"]), True),
        (Fault(kind=FaultKind.DARK, methods=["PUT"]), False),
        (Fault(kind=FaultKind.DARK, resource_type="x/*"), True),
        (Fault(kind=FaultKind.DARK, resource_type="z/*"), False),
        (Fault(kind=FaultKind.DARK, path="/A/*"), True),
        (Fault(kind=FaultKind.LOST), False),
    ],
)
def test_matching(fault, matches):
    assert fault.matches(READ) is matches


def test_the_first_that_strikes_counts_and_later_ones_keep_theirs():
    slow = Fault(kind=FaultKind.SLOW, id="slow", milliseconds=500, count=1)
    first = Fault(kind=FaultKind.ERROR, id="first", count=1)
    second = Fault(kind=FaultKind.DARK, id="second", count=1)
    struck = strike([slow, first, second], READ)
    assert (struck.delay, struck.fault) == (0.5, first)
    assert (slow.count, first.count, second.count) == (0, 0, 1)
    assert strike([slow, first, second], READ).fault is second
    assert strike([slow, first, second], READ).fault is None
