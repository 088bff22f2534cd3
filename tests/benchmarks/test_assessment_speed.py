"""How long the assessment of a pair takes at 100 ms a request, against the longest chain of dependent requests.

Prints figures, asserts no time. Run it alone: ``pytest tests/benchmarks -m benchmark -s``.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from amlrunbook.assessment import assess
from amlrunbook.azure.inventory import Taken, take_snapshot
from tests.simulator.azure_here import AzureHere, azure_running

MILLISECONDS = 100
CHAIN = 3
"""The longest chain: workspace, Application Insights, Log Analytics."""


@pytest.mark.benchmark
@pytest.mark.timeout(120)
def test_assessment_at_100_ms_a_request(tmp_path: Path) -> None:
    with azure_running(tmp_path, "healthy-pair") as here:
        bare = _bare_client_cpu(here)
        here.fault(kind="slow", milliseconds=MILLISECONDS, plane="control")
        runs = [_assessed(here) for _ in range(5)]
    taken, wall, cpu = sorted(runs, key=lambda run: run[1])[len(runs) // 2]
    floor = max(CHAIN * MILLISECONDS / 1000, taken.requests * bare)
    print(
        f"\nassessment of a pair, {len(taken.snapshot.documents)} documents, "
        f"{taken.requests} requests at {MILLISECONDS} ms: {wall * 1000:.0f} ms (median of 5), "
        f"client CPU {cpu * 1000:.0f} ms\n"
        f"longest chain {CHAIN} x {MILLISECONDS} ms = {CHAIN * MILLISECONDS} ms; "
        f"requests x bare client's CPU = {taken.requests} x {bare * 1000:.2f} ms = "
        f"{taken.requests * bare * 1000:.0f} ms\n"
        f"ratio to the larger: {wall / floor:.2f} (to reach: 1.3)"
    )
    assert taken.unread == ()


def _assessed(here: AzureHere) -> tuple[Taken, float, float]:
    """Assess with a gateway that has signed in and nothing more."""
    gateway = here.gateway()
    gateway.get(f"/subscriptions/{here.profile.subscription}")
    wall, cpu = time.perf_counter(), time.process_time()
    taken = take_snapshot(gateway, here.profile)
    assert assess(taken.snapshot.inventory, here.profile)
    return taken, time.perf_counter() - wall, time.process_time() - cpu


def _bare_client_cpu(here: AzureHere) -> float:
    """Return the CPU seconds a request costs the SDK's own client, with its default pipeline."""
    from azure.core.rest import HttpRequest
    from azure.identity import ClientSecretCredential
    from azure.mgmt.resource.resources import ResourceManagementClient

    e = here.endpoint
    credential = ClientSecretCredential(
        e.tenant_id, e.client_id, e.client_secret,
        authority=e.base_url, disable_instance_discovery=True, connection_verify=e.ca_file,
    )  # fmt: skip
    client = ResourceManagementClient(
        credential, here.profile.subscription, base_url=e.base_url,
        credential_scopes=[f"{e.base_url}/.default"], connection_verify=e.ca_file,
    )  # fmt: skip
    url = f"{here.profile.primary.workspace}?api-version=2024-04-01"
    with client, credential:
        client.send_request(HttpRequest("GET", url)).raise_for_status()
        started = time.process_time()
        for _ in range(100):
            client.send_request(HttpRequest("GET", url)).json()
        return (time.process_time() - started) / 100
