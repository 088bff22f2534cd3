"""Conversations with Azure Machine Learning as they were recorded, sent to the simulated Azure.

The recordings mask names and api-versions, and leave out what lies between two looks at a resource:
world time passes until what was recorded as done is done here too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.shared_data import Exchange, Recording, needs_shared, recordings, recordings_root
from tests.simulator.blob_world import advance
from tests.simulator.contract.replay import Difference, Replay
from tests.simulator_fixtures import Wire, running

pytestmark = [needs_shared, pytest.mark.xdist_group("learning-recordings")]

API = "2024-04-01"
VERSIONS = {"Microsoft.KeyVault": "2023-07-01", "Microsoft.Storage": "2023-05-01"}
GROUP = "@/resourceGroups/recorded"
LEARNING = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces"
OPERATION_SECONDS = 601.0

DIFFERENCES = (
    Difference(r"header \+retry-after", "the recordings kept no such header"),
    Difference(
        r"header \+location",
        "deleting a compute: Microsoft's document has Location beside Azure-AsyncOperation",
    ),
    Difference(r"status 201 is 200", "changing a compute: Microsoft's document has both"),
    Difference(r"state Creating is Updating", "the same: Azure calls a change a creation too"),
    Difference(r"name \+systemData.*", "older api-versions do not say it, or not all of it"),
    Difference(
        r"name [+-]value\[\]\..*",
        "the recorded lists show what others had in that group: their items are not ours",
    ),
    Difference(
        r"name \+properties\.(computeLocation|properties\.(allocationStateTransitionTime"
        r"|enableNodePublicIp|nodeStateCounts\..*))",
        "the first answer to a PUT says less of a compute than the later ones",
    ),
    Difference(
        r"name [+-]properties\.properties\.(applications\[\]\..*|autologgerSettings|containers"
        r"|connectivityEndpoints.*|customServices|data(Disks|Mounts)|osImageMetadata.*|propertyBag"
        r"|personalComputeInstanceSettings|schedules.*|idleTimeBeforeShutdown|setupScripts|sshSettings.*|updateStatus"
        r"|versions.*|lastOperation\.operationTrigger)",
        "the tools and schedules on a compute instance: no runbook reads them",
    ),
    Difference(
        r"name \+properties\.properties\.(createdBy\.userName|lastOperation\..*)",
        "masked or empty in the recordings of compute instances",
    ),
    Difference(r"name -(computeType|nodes\[\]\..*)", "no machine runs behind a cluster here"),
    Difference(
        r"name -properties\.properties\.(azureml\.onlineendpointid|AzureAsyncOperationUri)",
        "what the service notes for itself on an endpoint",
    ),
    Difference(
        r"name \+properties\.(resourceGroup|subscriptionId)",
        "newer api-versions say it of a datastore; one form for all",
    ),
)

NOT_REPLAYED = {
    "test_compute_compute_instance_with_no_public_ip": "a refusal for want of a virtual network:"
    " the simulated Azure has no networks, and no runbook makes a compute instance"
}


def mine(name: str) -> bool:
    return name.startswith("aml-")


def replayed(name: str) -> bool:
    return mine(name) and name.partition("__")[2] not in NOT_REPLAYED


NAMES = [r.name for r in recordings() if replayed(r.name)] if recordings_root().is_dir() else []


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    """A group of its own, and what a workspace hangs on."""
    folder = tmp_path_factory.mktemp("recorded") / "azure"
    with running(folder) as endpoint, Wire(endpoint) as bare:
        created(bare, GROUP, {"location": "eastus"})
        sku = {"family": "A", "name": "standard"}
        vault = {"location": "eastus", "properties": {"tenantId": endpoint.tenant_id, "sku": sku}}
        created(bare, f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-recorded", vault)
        account = {"location": "eastus", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
        created(bare, f"{GROUP}/providers/Microsoft.Storage/storageAccounts/strecorded", account)
        yield bare


def created(wire: Wire, path: str, body: dict[str, Any]) -> None:
    answer = wire.ask("PUT", path, VERSIONS.get(path.split("/")[-3], API), body=body)
    assert answer.status_code in {200, 201, 202}, answer.text
    advance(wire.endpoint, OPERATION_SECONDS)


def workspace(wire: Wire, name: str) -> None:
    """Create a workspace with the one compute that recordings only read."""
    root = f"/subscriptions/{wire.endpoint.subscription_id}{GROUP[1:]}/providers"
    properties = {
        "storageAccount": f"{root}/Microsoft.Storage/storageAccounts/strecorded",
        "keyVault": f"{root}/Microsoft.KeyVault/vaults/kv-recorded",
    }
    identity = {"type": "SystemAssigned"}
    body = {"location": "eastus", "identity": identity, "properties": properties}
    created(wire, f"{LEARNING}/{name}", body)
    inner = {"vmSize": "STANDARD_DS3_V2", "scaleSettings": {"maxNodeCount": 1}}
    compute = {"properties": {"computeType": "AmlCompute", "properties": inner}}
    created(wire, f"{LEARNING}/{name}/computes/cpu-cluster", {"location": "eastus", **compute})


def unmasked(recorded: Recording, name: str) -> Recording:
    """Return a recording with the names that are here."""

    def of(exchange: Exchange) -> Exchange:
        url = re.sub(r"/resource[gG]roups/[^/]+", "/resourceGroups/recorded", exchange.url)
        url = re.sub(r"/workspaces/[^/?]+", f"/workspaces/{name}", url)
        return replace(exchange, url=url, api_version=API)

    return replace(recorded, exchanges=tuple(of(exchange) for exchange in recorded.exchanges))


def state(body: Any) -> str | None:
    properties = body.get("properties") if isinstance(body, dict) else None
    return properties.get("provisioningState") if isinstance(properties, dict) else None


def played(wire: Wire, number: int) -> tuple[Recording, Replay]:
    """Send a recording to a workspace of its own."""
    (found,) = [r for r in recordings() if r.name == NAMES[number]]
    name = f"recorded{number}"
    workspace(wire, name)
    recorded = unmasked(found, name)
    done = [e.n for e in recorded.exchanges if e.method == "GET" and state(e.body) == "Succeeded"]
    regions = {"eastus2euap": "eastus2", "centraluseuap": "centralus"}
    replay = Replay(
        wire, regions, before=dict.fromkeys(done, lambda: advance(wire.endpoint, OPERATION_SECONDS))
    )
    replay.run(recorded)
    return recorded, replay


@pytest.fixture(scope="module")
def replays(wire: Wire) -> dict[str, Replay]:
    """All of them, with the states in which resources were as differences of their own."""
    found = {}
    for number, name in enumerate(NAMES):
        recorded, replay = played(wire, number)
        for exchange in recorded.exchanges:
            there, here = state(exchange.body), state(replay.answers[exchange.n])
            if there != here:
                replay.found.setdefault(f"state {there} is {here}", []).append(exchange.n)
        found[name] = replay
    return found


@pytest.mark.parametrize("name", NAMES, ids=[n.partition("__")[2] for n in NAMES])
def test_the_recorded_requests_give_the_recorded_answers(replays, name):
    assert replays[name].answers
    assert replays[name].unexplained(DIFFERENCES) == {}


def test_every_line_of_the_table_is_needed(replays, wire):
    together = Replay(wire, {}, found={k: n for r in replays.values() for k, n in r.found.items()})
    assert together.unneeded(DIFFERENCES) == []
