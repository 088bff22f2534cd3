"""The gateway reads: what faults do to it, and what it shows of them."""

from __future__ import annotations

import re

import pytest

from amlrunbook.azure.credentials import ClientSecret, credential_for
from amlrunbook.azure.deadline import Deadline
from amlrunbook.azure.fanout import in_order
from amlrunbook.azure.sdk_gateway import SdkGateway
from amlrunbook.errors import (
    AnswerError,
    AzureError,
    DeadlineError,
    NotFoundError,
    SignInError,
    ThrottledError,
    UsageError,
)
from amlrunbook.model.cloud import PUBLIC, loopback_cloud
from amlrunbook.model.mode import Mode
from amlrunbook.model.resource_id import ResourceId
from tests.simulator.azure_here import AzureHere


def workspace(here: AzureHere) -> str:
    return here.profile.primary.workspace


def test_a_document_is_read_with_the_api_version_of_the_table(pair: AzureHere) -> None:
    before = pair.last
    document = pair.gateway().get(workspace(pair))
    assert document["id"].lower() == workspace(pair).lower()
    (asked,) = [r for r in pair.requests(before) if "workspaces" in r["path"]]
    assert asked["query"] == "api-version=2024-04-01"
    assert re.fullmatch(r"[0-9a-f-]{36}", asked["client_request_id"])


def test_what_is_not_there_is_a_not_found_error_with_azures_code(pair: AzureHere) -> None:
    with pytest.raises(NotFoundError) as found:
        pair.gateway().get(workspace(pair) + "-gone")
    assert (found.value.status, found.value.code) == (404, "ResourceNotFound")


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_read_survives_two_errors_of_the_server(pair: AzureHere, status: int) -> None:
    pair.fault(kind="error", path="*/workspaces/*", status=status, count=2)
    before = pair.last
    assert pair.gateway().get(workspace(pair))["name"]
    assert [r["status"] for r in pair.requests(before) if "workspaces" in r["path"]] == [
        status,
        status,
        200,
    ]


def test_a_read_gives_up_after_three_tries(pair: AzureHere) -> None:
    pair.fault(kind="error", path="*/workspaces/*", status=503)
    before = pair.last
    with pytest.raises(AnswerError, match="503"):
        pair.gateway().get(workspace(pair))
    assert len([r for r in pair.requests(before) if "workspaces" in r["path"]]) == 3


def test_a_throttled_read_waits_as_long_as_it_is_asked(pair: AzureHere) -> None:
    pair.fault(kind="throttle", path="*/workspaces/*", retry_after=1, count=1)
    gateway = pair.gateway()
    assert gateway.get(workspace(pair))["name"]
    assert [call.status for call in gateway.call_log.calls] == [429, 200]


def test_a_wait_beyond_the_deadline_is_not_begun(pair: AzureHere) -> None:
    pair.fault(kind="throttle", path="*/workspaces/*", retry_after=600)
    gateway = pair.gateway()
    with pytest.raises(ThrottledError, match="429"):
        gateway.get(workspace(pair))
    assert gateway.call_log.total == 1


def test_a_dark_control_plane_is_one_clear_error(pair: AzureHere) -> None:
    pair.fault(kind="dark", path="*/workspaces/*")
    with pytest.raises(AzureError, match="not reachable") as found:
        pair.gateway().get(workspace(pair))
    assert not isinstance(found.value, AnswerError)
    assert "next" not in found.value.what
    assert found.value.next_step


def test_a_hanging_answer_ends_at_the_deadline(pair: AzureHere) -> None:
    pair.fault(kind="hang", path="*/workspaces/*")
    with pytest.raises(DeadlineError):
        pair.gateway().get(workspace(pair), seconds=0.7)


def test_a_slow_answer_is_an_answer(pair: AzureHere) -> None:
    pair.fault(kind="slow", path="*/workspaces/*", milliseconds=600)
    gateway = pair.gateway()
    assert gateway.get(workspace(pair))["name"]
    assert gateway.call_log.calls[-1].milliseconds >= 600


def test_half_of_the_reads_failing_leaves_the_other_half_in_order(pair: AzureHere) -> None:
    pair.fault(kind="error", path="*/computes", status=400, code="Broken")
    gateway = pair.gateway()
    paths = [workspace(pair) + tail for tail in ("", "/computes", "/datastores", "/computes")]
    outcomes = in_order(
        [
            (lambda p=path: gateway.get(p) if p == workspace(pair) else gateway.get_all(p))
            for path in paths
        ],
        width=4,
        deadline=Deadline(20),
    )
    assert [outcome.error is None for outcome in outcomes] == [True, False, True, False]
    assert isinstance(outcomes[1].error, AnswerError)
    assert outcomes[1].error.code == "Broken"


def test_an_expired_token_is_renewed_once_and_the_read_goes_on(pair: AzureHere) -> None:
    from amlrunbook.simulator.process import control

    control(pair.endpoint, "POST", "/tokens", {"lifetime": 0})
    gateway = pair.gateway()
    try:
        with pytest.raises(SignInError, match="401"):
            gateway.get(workspace(pair))
    finally:
        control(pair.endpoint, "POST", "/tokens", {"lifetime": 3600})
    assert gateway.get(workspace(pair))["name"]


def test_a_wrong_secret_is_a_sign_in_error_that_does_not_show_it(pair: AzureHere) -> None:
    e = pair.endpoint
    cloud = loopback_cloud(e.base_url, e.ca_file)
    secret = "sEcReT~" * 4
    credential = credential_for(cloud, secret=ClientSecret(e.tenant_id, e.client_id, secret))
    gateway = SdkGateway(cloud, credential, Mode.READ_ONLY, pair.profile.subscription)
    before = pair.last
    with pytest.raises(SignInError) as found:
        gateway.get(workspace(pair))
    assert secret not in found.value.diagnostics()
    assert not [r for r in pair.requests(before) if r["path"].startswith("/subscriptions")]


def test_a_sign_in_service_that_is_dark_is_a_sign_in_error(pair: AzureHere) -> None:
    pair.fault(kind="dark", plane="identity")
    with pytest.raises(SignInError, match="sign-in service does not answer"):
        pair.gateway().get(workspace(pair))


def test_one_sign_in_serves_many_requests_at_once(pair: AzureHere) -> None:
    gateway = pair.gateway()
    before = pair.last
    outcomes = in_order(
        [lambda: gateway.get(workspace(pair))] * 24, width=24, deadline=Deadline(20)
    )
    assert all(outcome.error is None for outcome in outcomes)
    tokens = [r for r in pair.requests(before) if r["path"].endswith("/token")]
    assert len(tokens) == 1


def test_pages_are_followed_to_the_end(pair: AzureHere) -> None:
    locations = pair.gateway().get_all(f"/subscriptions/{pair.profile.subscription}/locations")
    assert len(locations) > 10
    assert {"eastus", "westus"} <= {location["name"] for location in locations}


def test_the_blob_service_is_read_on_both_hosts(pair: AzureHere) -> None:
    account = ResourceId.parse(pair.profile.data_accounts[0].id).name
    blobs = pair.gateway().blob_service(account)
    stats = blobs.geo_replication()
    assert stats.status == "live"
    assert stats.last_sync_time.endswith("Z")
    assert [c.name for c in blobs.containers()] == [
        c.name for c in blobs.containers(secondary=True)
    ]
    assert blobs.containers()


def test_azure_ai_ml_reads_through_the_same_wire(pair: AzureHere) -> None:
    gateway = pair.gateway()
    learning = gateway.machine_learning(ResourceId.parse(workspace(pair)))
    assert [model.name for model in learning.read("models.list")]
    assert gateway.call_log.total >= 1
    assert {call.method for call in gateway.call_log.calls} == {"GET"}


def test_the_call_log_names_requests_and_holds_no_token(pair: AzureHere) -> None:
    gateway = pair.gateway()
    heard = []
    stop = gateway.call_log.subscribe(heard.append)
    gateway.get(workspace(pair))
    stop()
    gateway.get(workspace(pair))
    (call,) = heard
    assert (call.method, call.status) == ("GET", 200)
    assert call.path.endswith("?api-version=2024-04-01")
    assert call.service_request_id
    assert call.client_request_id
    assert call.command.startswith("az rest --method get --url")
    assert gateway.call_log.total == 2
    assert "Bearer" not in repr(gateway.call_log.calls)
    assert pair.endpoint.client_secret not in repr(gateway.call_log.calls)


@pytest.mark.parametrize(
    "path", ["subscriptions/x", "//evil.example/x", "/a?b=c", "https://evil.example/"]
)
def test_only_a_path_of_arm_is_asked(pair: AzureHere, path: str) -> None:
    with pytest.raises(UsageError):
        pair.gateway().get(path, version="1")


def test_a_real_cloud_takes_no_drills_secret() -> None:
    with pytest.raises(UsageError):
        credential_for(PUBLIC, secret=ClientSecret("t", "c", "s"))
