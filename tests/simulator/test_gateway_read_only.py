"""Read-only, seen at the wire: nothing that may change anything leaves, through any client, by any method."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any

import pytest

from amlrunbook.azure.guard import Guard
from amlrunbook.azure.machine_learning import ALLOWED
from amlrunbook.errors import NotFoundError, ReadOnlyError, RefusedError
from amlrunbook.model.mode import Mode
from amlrunbook.model.resource_id import ResourceId
from tests.simulator.azure_here import AzureHere


def _nothing(*_arguments: object) -> None:
    raise AssertionError("it was told that something leaves")


def changing(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Requests that are no reads; signing in is not Azure's resource manager."""
    return [
        r
        for r in requests
        if r["method"] not in {"GET", "HEAD", "OPTIONS"}
        and not r["path"].endswith("/oauth2/v2.0/token")
    ]


CHANGES = [
    ("PUT", ""),
    ("PATCH", ""),
    ("DELETE", ""),
    ("POST", "/listKeys"),
    ("POST", "/resyncKeys"),
    ("POST", "/computes/cpu/start"),
    ("put", ""),
    ("MERGE", ""),
]


@pytest.mark.parametrize(("method", "tail"), CHANGES)
def test_a_change_is_refused_before_anything_leaves(
    pair: AzureHere, method: str, tail: str
) -> None:
    gateway = pair.gateway(Mode.READ_ONLY)
    before = pair.last
    with pytest.raises(ReadOnlyError) as refused:
        gateway.change(
            method,
            pair.profile.primary.workspace + tail,
            {"properties": {}},
            request_id="7f7f7f7f-0000-4000-8000-000000000001",
            on_sent=_nothing,
            on_accepted=_nothing,
            version="2024-04-01",
        )
    assert pair.requests(before) == []
    assert gateway.call_log.total == 0
    assert refused.value.exit_code == 4


@pytest.mark.parametrize(("method", "tail"), CHANGES)
def test_the_wire_refuses_what_a_client_would_send_past_the_gateway(
    pair: AzureHere, method: str, tail: str
) -> None:
    from azure.core.rest import HttpRequest

    gateway = pair.gateway(Mode.READ_ONLY)
    gateway.get(pair.profile.primary.workspace)
    before = pair.last
    url = f"{pair.profile.primary.workspace}{tail}?api-version=2024-04-01"
    with pytest.raises(ReadOnlyError):
        gateway._arm.client().send_request(HttpRequest(method, url, json={}))
    assert pair.requests(before) == []


def test_the_sdks_own_operations_are_refused_too(pair: AzureHere) -> None:
    gateway = pair.gateway(Mode.READ_ONLY)
    client = gateway._arm.client()
    before = pair.last
    with pytest.raises(ReadOnlyError):
        client.resource_groups.create_or_update("rg-new", {"location": "eastus"})
    with pytest.raises(ReadOnlyError):
        client.providers.register("Microsoft.MachineLearningServices")
    with pytest.raises(ReadOnlyError):
        client.resources.begin_delete_by_id(
            pair.profile.primary.workspace, api_version="2024-04-01"
        )
    assert changing(pair.requests(before)) == []


@pytest.mark.parametrize("mode", [Mode.READ_ONLY, Mode.DRILL])
def test_the_blob_client_never_writes_in_any_mode(pair: AzureHere, mode: Mode) -> None:
    blobs = pair.gateway(mode).blob_service(ResourceId.parse(pair.profile.data_accounts[0].id).name)
    client = blobs._client(blobs._primary)
    before = pair.last
    with pytest.raises(ReadOnlyError):
        client.create_container("new")
    with pytest.raises(ReadOnlyError):
        client.get_blob_client("transactions", "x").upload_blob(b"x")
    with pytest.raises(ReadOnlyError):
        client.get_user_delegation_key(_at("2029-12-31"), _at("2030-01-01"))
    assert changing(pair.requests(before)) == []


def _at(text: str) -> Any:
    from datetime import datetime

    return datetime.fromisoformat(text)


@pytest.mark.parametrize("mode", [Mode.READ_ONLY, Mode.DRILL])
def test_azure_ai_ml_cannot_change_anything_even_past_the_list(pair: AzureHere, mode: Mode) -> None:
    from azure.ai.ml.entities import AmlCompute, Workspace

    learning = pair.gateway(mode).machine_learning(ResourceId.parse(pair.profile.primary.workspace))
    learning.read("workspaces.get", name="aml-fraud-e")
    client = learning._client()
    before = pair.last
    with pytest.raises(ReadOnlyError):
        client.compute.begin_create_or_update(AmlCompute(name="new", size="Standard_D2_v2"))
    with pytest.raises(ReadOnlyError):
        client.workspaces.begin_sync_keys("aml-fraud-e")
    with pytest.raises(ReadOnlyError):
        client.workspaces.get_keys("aml-fraud-e")
    with pytest.raises(ReadOnlyError):
        client.workspaces.begin_update(Workspace(name="aml-fraud-e", description="x"))
    with pytest.raises(ReadOnlyError):
        client.datastores.delete("workspaceblobstore")
    assert changing(pair.requests(before)) == []


@pytest.mark.parametrize(
    "operation",
    [
        "workspaces.begin_create",
        "workspaces.get_keys",
        "jobs.create_or_update",
        "jobs.download",
        "models.create_or_update",
        "models.download",
        "compute.begin_delete",
        "_client",
        "jobs.stream",
    ],
)
def test_operations_of_azure_ai_ml_beyond_the_list_are_refused(
    pair: AzureHere, operation: str
) -> None:
    learning = pair.gateway(Mode.DRILL).machine_learning(
        ResourceId.parse(pair.profile.primary.workspace)
    )
    before = pair.last
    with pytest.raises(RefusedError):
        learning.read(operation)
    assert pair.requests(before) == []


def test_every_allowed_operation_only_reads(pair: AzureHere) -> None:
    learning = pair.gateway().machine_learning(ResourceId.parse(pair.profile.primary.workspace))
    endpoint = {"endpoint_name": "fraud-score"}
    arguments: dict[str, dict[str, str]] = {
        "workspaces.get": {"name": "aml-fraud-e"},
        "online_deployments.list": endpoint,
        "batch_deployments.list": {"endpoint_name": "not-there"},
    }
    before = pair.last
    listed = [*sorted(name for name in ALLOWED if name.endswith(".list")), "workspaces.get"]
    for operation in listed:
        nothing = operation == "batch_deployments.list"  # the pair has no batch endpoint
        with pytest.raises(NotFoundError) if nothing else contextlib.nullcontext():
            learning.read(operation, **arguments.get(operation, {}))
    asked = pair.requests(before)
    assert len(asked) >= len(listed)
    assert changing(asked) == []
    assert not [r for r in asked if re.search("list(Keys|Secrets)", r["path"], re.IGNORECASE)]


def test_a_guard_knows_one_host(pair: AzureHere, tmp_path: Path) -> None:
    guard = Guard(Mode.DRILL, (pair.endpoint.base_url,))
    guard.check("PUT", pair.endpoint.base_url + "/subscriptions/x")
    with pytest.raises(RefusedError, match="not the Azure"):
        guard.check("GET", f"https://127.0.0.1:{pair.endpoint.port + 1}/subscriptions/x")


@pytest.mark.parametrize(
    "url", ["https://management.azure.com", "https://management.chinacloudapi.cn"]
)
def test_a_drill_never_speaks_to_real_azure(url: str) -> None:
    from amlrunbook.azure.credentials import SharedCredential
    from amlrunbook.azure.sdk_gateway import SdkGateway
    from amlrunbook.model.cloud import CLOUDS

    cloud = next(cloud for cloud in CLOUDS.values() if cloud.resource_manager == url)
    with pytest.raises(RefusedError, match="never to"):
        SdkGateway(cloud, SharedCredential(None), Mode.DRILL, "s")


def test_a_live_run_never_speaks_to_a_simulated_azure(pair: AzureHere) -> None:
    with pytest.raises(RefusedError, match="real Azure"):
        pair.gateway(Mode.LIVE)
