"""Roles: they count a while after they are assigned, and a new identity is another principal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from amlrunbook.simulator import process
from amlrunbook.simulator.authorization import FRESH_SECONDS
from amlrunbook.simulator.data_actions import PROPAGATION_SECONDS
from amlrunbook.simulator.endpoint import Endpoint
from amlrunbook.simulator.ml_soft_delete import PURGE_SECONDS
from tests.simulator.blob_world import advance
from tests.simulator_fixtures import Wire, add_fault, running, world

API = "2022-04-01"
ML_API = "2025-12-01"
GROUP = "@/resourceGroups/rg-fraud-e"
ML = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/aml-fraud-e"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"


@pytest.fixture
def azure(tmp_path) -> Iterator[Endpoint]:
    with running(tmp_path / "azure") as endpoint:
        with Wire(endpoint) as wire:
            for lock in wire.get("@/providers/Microsoft.Authorization/locks", "2020-05-01")[
                "value"
            ]:
                wire.ask("DELETE", lock["id"], "2020-05-01")
        yield endpoint


@pytest.fixture
def wire(azure) -> Iterator[Wire]:
    with Wire(azure) as bare:
        yield bare


def finish(wire: Wire, answer: Any) -> None:
    assert answer.status_code == 202, answer.text
    while wire.ask("GET", answer.headers["Location"], None).status_code == 202:
        pass


def remade(azure: Endpoint, wire: Wire) -> tuple[str, str]:
    """Purge a workspace and make it again with the same body; return both principal ids."""
    before = wire.get(ML, ML_API)
    finish(wire, wire.ask("DELETE", ML, ML_API, forceToPurge="true"))
    advance(azure, PURGE_SECONDS)
    parts = ("storageAccount", "keyVault", "applicationInsights")
    body = {
        "location": "eastus",
        "identity": before["identity"],
        "properties": {key: before["properties"][key] for key in parts},
    }
    finish(wire, wire.ask("PUT", ML, ML_API, body=body))
    after = wire.get(ML, ML_API)
    return before["identity"]["principalId"], after["identity"]["principalId"]


def assign(wire: Wire, principal: str, **more: str) -> Any:
    role = f"{GROUP}/providers/Microsoft.Authorization/roleAssignments/{principal}"
    properties = {"roleDefinitionId": f"/roleDefinitions/{CONTRIBUTOR}", "principalId": principal}
    return wire.ask("PUT", role, API, body={"properties": properties | more})


def test_a_workspace_made_again_has_another_identity(azure, wire):
    before, after = remade(azure, wire)
    assert before != after
    query = {"$filter": f"principalId eq '{before}'"}
    held = wire.get("@/providers/Microsoft.Authorization/roleAssignments", API, **query)["value"]
    assert held == []


def test_a_new_principal_is_not_known_everywhere_yet(azure, wire):
    _, fresh = remade(azure, wire)
    refused = assign(wire, fresh)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "PrincipalNotFound")
    assert assign(wire, fresh, principalType="ServicePrincipal").status_code == 201
    _, other = remade(azure, wire)
    advance(azure, FRESH_SECONDS)
    assert assign(wire, other).status_code == 201


SCENARIO = """
format = 1
title = "Narrow"
description = "The caller may read only."
profile = {}

[world]
subscriptions = [{ id = "11111111-2222-3333-4444-555555555555", name = "narrow" }]
groups = [{ name = "rg-fraud-e", location = "eastus" }]
permissions = [{ actions = ["*/read", "Microsoft.Authorization/roleAssignments/write"], notActions = [], dataActions = [], notDataActions = [] }]
"""


def test_a_role_counts_a_while_later(tmp_path):
    scenario = tmp_path / "narrow.toml"
    scenario.write_text(SCENARIO, encoding="utf-8")
    with running(tmp_path / "azure", scenario) as azure, Wire(azure) as wire:
        path = f"{GROUP}/providers/Microsoft.Authorization/permissions"
        (only,) = wire.get(path, API)["value"]
        held = ["*/read", "Microsoft.Authorization/roleAssignments/write"]
        assert only["actions"] == held
        refused = wire.ask("PATCH", GROUP, "2024-03-01", body={"tags": {}})
        assert refused.status_code == 403
        assert "authorization to perform action" in refused.json()["error"]["message"]
        me = str(world(azure)["principal_id"])
        assert assign(wire, me, principalType="ServicePrincipal").status_code == 201
        assert len(wire.get(path, API)["value"]) == 1
        slow = add_fault(azure, kind="slow-roles", lag=900)
        advance(azure, PROPAGATION_SECONDS)
        assert len(wire.get(path, API)["value"]) == 1
        process.control(azure, "DELETE", f"/faults/{slow}")
        given = wire.get(path, API)["value"]
        assert [permission["actions"] for permission in given] == [held, ["*"]]
        allowed = wire.ask("PATCH", GROUP, "2024-03-01", body={"tags": {}})
        assert allowed.status_code == 200
