"""Deployments: validated without a trace, foretold, done, and failed as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from amlrunbook.simulator.endpoint import Endpoint
from tests.shared_data import needs_shared
from tests.simulator.contract.driver import Driver
from tests.simulator_fixtures import Wire, revision, running, world

API = "2024-03-01"
GROUP = "@/resourceGroups/rg-fraud-e"
DEPLOYMENT = f"{GROUP}/providers/Microsoft.Resources/deployments/restore"
ACCOUNTS = f"{GROUP}/providers/Microsoft.Storage/storageAccounts"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-deployed"


@pytest.fixture
def azure(tmp_path) -> Iterator[Endpoint]:
    with running(tmp_path / "azure") as endpoint:
        yield endpoint


@pytest.fixture
def wire(azure) -> Iterator[Wire]:
    with Wire(azure) as bare:
        yield bare


def account(name: str, sku: str = "Standard_LRS") -> dict[str, Any]:
    return {
        "type": "Microsoft.Storage/storageAccounts",
        "apiVersion": "2023-05-01",
        "name": name,
        "location": "[resourceGroup().location]",
        "kind": "StorageV2",
        "sku": {"name": sku},
    }


def body(*resources: dict[str, Any], **parameters: Any) -> dict[str, Any]:
    vault = {
        "type": "Microsoft.KeyVault/vaults",
        "apiVersion": "2023-07-01",
        "name": "[parameters('vault')]",
        "location": "[resourceGroup().location]",
        "properties": {"tenantId": "[variables('tenant')]"},
    }
    return {
        "properties": {
            "mode": "Incremental",
            "parameters": parameters,
            "template": {
                "$schema": "https://schema.management.azure.com/schemas/2019-04-01/"
                "deploymentTemplate.json#",
                "contentVersion": "1.0.0.0",
                "parameters": {"vault": {"type": "string", "defaultValue": "kv-deployed"}},
                "variables": {"tenant": "11111111-1111-1111-1111-111111111111"},
                "resources": [vault, *resources],
            },
        }
    }


def follow(wire: Wire, answer: Any) -> Any:
    while answer.status_code == 202:
        answer = wire.ask("GET", answer.headers["Location"], None)
    return answer.json()


def test_a_deployment_makes_what_its_template_asks_for(wire):
    begun = wire.ask("PUT", DEPLOYMENT, API, body=body(account("stdeployed")))
    assert begun.status_code == 201
    assert begun.json()["properties"]["provisioningState"] == "Running"
    while wire.get(begun.headers["Azure-AsyncOperation"], None)["status"] == "InProgress":
        pass
    done = wire.get(DEPLOYMENT, API)["properties"]
    assert done["provisioningState"] == "Succeeded"
    assert [r["id"].rpartition("/")[2] for r in done["outputResources"]] == [
        "kv-deployed",
        "stdeployed",
    ]
    assert wire.get(f"{ACCOUNTS}/stdeployed", "2023-05-01")["location"] == "eastus"
    assert wire.get(VAULT, "2023-07-01")["properties"]["tenantId"].startswith("1111")
    assert wire.ask("PUT", DEPLOYMENT, API, body=body()).status_code == 200


def test_one_that_fails_says_which_resource(wire):
    begun = wire.ask("PUT", DEPLOYMENT, API, body=body(account("No_Name")))
    status = wire.get(begun.headers["Azure-AsyncOperation"], None)
    while status["status"] == "InProgress":
        status = wire.get(begun.headers["Azure-AsyncOperation"], None)
    assert status["status"] == "Failed"
    error = wire.get(DEPLOYMENT, API)["properties"]["error"]
    assert error["code"] == "DeploymentFailed"
    assert error["details"][0]["code"] == "AccountNameInvalid"
    assert wire.get(VAULT, "2023-07-01")  # what came before it is there


def test_validating_changes_nothing(azure, wire):
    before = revision(azure)
    good = wire.ask("POST", f"{DEPLOYMENT}/validate", API, body=body(account("stdeployed")))
    assert good.status_code == 200
    assert len(good.json()["properties"]["validatedResources"]) == 2
    bad = wire.ask("POST", f"{DEPLOYMENT}/validate", API, body=body(account("No_Name")))
    assert bad.status_code == 400
    assert bad.json()["error"]["details"][0]["code"] == "AccountNameInvalid"
    assert revision(azure) == before
    assert "stdeployed" not in world(azure)["accounts"]


def test_what_if_foretells(azure, wire):
    known = wire.get(f"{ACCOUNTS}/stfrauddata", "2023-05-01")
    changed = {**account("stfrauddata", "Standard_RAGZRS"), "tags": {"new": "yes"}}
    same = {**account("stfraude", "Standard_ZRS"), "kind": "StorageV2"}
    same["sku"] = {"name": wire.get(f"{ACCOUNTS}/stfraude", "2023-05-01")["sku"]["name"]}
    same["tags"] = wire.get(f"{ACCOUNTS}/stfraude", "2023-05-01").get("tags", {})
    begun = wire.ask("POST", f"{DEPLOYMENT}/whatIf", API, body=body(changed, same))
    assert begun.status_code == 202
    result = follow(wire, begun)
    assert result["status"] == "Succeeded"
    changes = {c["resourceId"].rpartition("/")[2]: c for c in result["properties"]["changes"]}
    assert changes["kv-deployed"]["changeType"] == "Create"
    assert changes["stfrauddata"]["changeType"] == "Modify"
    assert {d["path"] for d in changes["stfrauddata"]["delta"]} == {"tags.new"}
    assert changes["stfraude"]["changeType"] == "NoChange"
    assert changes["crfraud"]["changeType"] == "Ignore"
    assert wire.get(f"{ACCOUNTS}/stfrauddata", "2023-05-01") == known


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mode": "Complete"}, "incremental"),
        ({"template": {}}, "no list of resources"),
        ({"template": {"resources": [{"name": "x"}]}}, "needs type, name"),
        ({"template": {"parameters": {"x": {"type": "string"}}, "resources": []}}, "'x'"),
        (
            {"template": {"resources": [{**account("x"), "location": "[uniqueString('a')]"}]}},
            "uniqueString",
        ),
    ],
)
def test_templates_that_are_not_served(wire, change, said):
    sent = body()
    sent["properties"] |= change
    for path, method in ((DEPLOYMENT, "PUT"), (f"{DEPLOYMENT}/whatIf", "POST")):
        answer = wire.ask(method, path, API, body=sent)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidTemplate")
        assert said in answer.json()["error"]["message"]


@needs_shared
def test_the_answers_keep_to_the_document(azure):
    driver = Driver(azure)
    path = f"/subscriptions/{azure.subscription_id}{DEPLOYMENT[1:]}"
    for wanted in (body(account("stdeployed")), body(account("No_Name"))):
        driver.ask("POST", f"{path}/validate", API, wanted)
        driver.ask("POST", f"{path}/whatIf", API, wanted)
    driver.ask("PUT", path, API, body(account("stdeployed")))
    assert driver.ask("GET", path, API).status == 200
    assert driver.ask("GET", path.rpartition("/")[0], API).status == 200
    driver.close()
    assert driver.violations == {}
