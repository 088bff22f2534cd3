"""Settings of storage accounts as they were recorded from Azure, sent to the simulated Azure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.shared_data import Exchange, needs_shared, recording
from tests.simulator.blob_world import advance
from tests.simulator.contract.replay import Difference, Replay
from tests.simulator_fixtures import Wire, running

pytestmark = needs_shared

RECORDINGS = {
    # recording: the accounts that it begins with
    "test_storage_account_update_container_delete_retention_policy": ("clitest000002",),
    "test_storage_account_update_delete_retention_policy": ("clitest000002",),
    "test_storage_account_update_versioning": ("clitest000002",),
    "test_storage_account_ors": ("clitest000002", "clitest000003"),
    "test_storage_account_or_policy": ("clitest000002", "clitest000003"),
}

DIFFERENCES = (
    Difference(
        r"name \+sku(\.(name|tier))?",
        "the answer to a PUT of blob service settings leaves it out, that to a GET has it",
    ),
    Difference(
        r"name [+-]value\[\]\.(identity|properties\.(allowSharedKeyAccess|publicNetworkAccess"
        r"|azureFilesIdentityBasedAuthentication|keyCreationTime|networkAcls|secondary\w+|statusOfSecondary))(\..*|\[\].*)?",
        "the recorded list shows the other accounts of that subscription, in the form of 2021",
    ),
)


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    folder = tmp_path_factory.mktemp("recorded") / "azure"
    with running(folder, "lonely-workspace") as endpoint, Wire(endpoint) as bare:
        yield bare


def of_the_data_plane(exchange: Exchange) -> bool:
    """Containers made with the account's key: policies do not ask whether they are there."""
    return ".blob.core." in urlsplit(exchange.url).netloc


def policy_ids(there: Any, here: Any) -> dict[str, str]:
    """Return the ids that Azure gave to a policy and its rules, with those given here."""
    bodies = [b.get("properties") for b in (there, here) if isinstance(b, dict)]
    if len(bodies) != 2 or not all(isinstance(b, dict) and "policyId" in b for b in bodies):
        return {}
    old, new = bodies
    rules = zip(old["rules"], new["rules"], strict=True)
    return {old["policyId"]: new["policyId"], **{a["ruleId"]: b["ruleId"] for a, b in rules}}


def played(wire: Wire, name: str) -> Replay:
    recorded = recording(name)
    found = re.search(r"/resource[gG]roups/([^/?]+)", str([e.url for e in recorded.exchanges]))
    assert found is not None
    group = f"@/resourceGroups/{found[1]}"
    wire.ask("PUT", group, body={"location": "eastus"})
    body = {"location": "eastus", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    accounts = [
        f"{group}/providers/Microsoft.Storage/storageAccounts/{account}"
        for account in RECORDINGS[name]
    ]
    for account in accounts:
        assert wire.ask("PUT", account, "2023-05-01", body=body).status_code == 202
    advance(wire.endpoint, 601.0)
    replay = Replay(wire, {}, skip=of_the_data_plane, learn=policy_ids)
    replay.run(recorded)
    for account in accounts:
        assert wire.ask("DELETE", account, "2023-05-01").status_code == 200
    return replay


@pytest.mark.parametrize("name", RECORDINGS)
def test_the_recorded_requests_give_the_recorded_answers(wire, name):
    replay = played(wire, name)
    assert len(replay.answers) > 5
    assert replay.unexplained(DIFFERENCES) == {}
