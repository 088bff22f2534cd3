"""Soft-deleted workspaces: what is kept, what lists say, and the stand-in for the portal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from amlrunbook.errors import AmlRunbookError
from amlrunbook.simulator import process
from amlrunbook.simulator.endpoint import Endpoint
from amlrunbook.simulator.ml_soft_delete import PURGE_SECONDS, ROLE_SECONDS
from tests.simulator.blob_world import advance
from tests.simulator_fixtures import Wire, resource_client, running, world

API = "2025-12-01"
GROUP = "@/resourceGroups/rg-fraud-e"
PROVIDERS = f"{GROUP}/providers"
WORKSPACES = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces"
ML = f"{WORKSPACES}/aml-fraud-e"
DAY = 86_400.0


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


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def finish(wire: Wire, answer: Any) -> None:
    assert answer.status_code == 202, answer.text
    place = answer.headers["Location"]
    while wire.ask("GET", place, None).status_code == 202:
        pass


def full(azure: Endpoint, path: str = ML) -> str:
    return f"/subscriptions/{azure.subscription_id}{path[1:]}"


def portal(azure: Endpoint, action: str, path: str = ML) -> Any:
    return process.control(azure, "POST", "/portal", {"action": action, "id": full(azure, path)})


def children(wire: Wire, kind: str) -> set[str]:
    return {item["name"] for item in wire.get(f"{ML}/{kind}", API)["value"]}


def roles(wire: Wire, principal: str) -> int:
    path = "@/providers/Microsoft.Authorization/roleAssignments"
    query = {"$filter": f"principalId eq '{principal}'"}
    return len(wire.get(path, "2022-04-01", **query)["value"])


def test_what_is_kept_comes_back_and_what_is_not_does_not(azure, wire):
    before = wire.get(ML, API)
    kept = {kind: children(wire, kind) for kind in ("models", "datastores", "environments", "data")}
    assert kept["models"]
    assert children(wire, "computes")
    with resource_client(azure) as client:
        client.resources.begin_delete_by_id(full(azure), api_version=API).result()
    assert code(wire.ask("GET", ML, API)) == (404, "ResourceNotFound")
    assert portal(azure, "recover")["said"].startswith("The workspace aml-fraud-e is recovered")
    after = wire.get(ML, API)
    assert after["properties"]["workspaceId"] == before["properties"]["workspaceId"]
    assert after["properties"]["provisioningState"] == "Succeeded"
    for kind, names in kept.items():
        assert children(wire, kind) == names
    for kind in ("computes", "onlineEndpoints", "batchEndpoints"):
        assert children(wire, kind) == set()


def test_its_identity_loses_its_roles_and_has_them_again_later(azure, wire):
    principal = wire.get(ML, API)["identity"]["principalId"]
    role = f"{GROUP}/providers/Microsoft.Authorization/roleAssignments/{azure.tenant_id}"
    body = {"properties": {"roleDefinitionId": "/x", "principalId": principal}}
    wire.ask("PUT", role, "2022-04-01", body=body)
    held = roles(wire, principal)
    assert held
    finish(wire, wire.ask("DELETE", ML, API))
    assert roles(wire, principal) == 0
    portal(azure, "recover")
    assert roles(wire, principal) == 0
    advance(azure, ROLE_SECONDS)
    assert roles(wire, principal) == held


def test_ordinary_lists_show_some_and_not_others(azure, wire):
    like = wire.get(ML, API)["properties"]
    parts = ("storageAccount", "keyVault", "applicationInsights")
    body = {"location": "eastus", "properties": {key: like[key] for key in parts}}
    names = [f"aml-brief-{number}" for number in range(6)]
    for name in names:
        finish(wire, wire.ask("PUT", f"{WORKSPACES}/{name}", API, body=body))
        finish(wire, wire.ask("DELETE", f"{WORKSPACES}/{name}", API))
    listed = {w["name"]: w["properties"] for w in wire.get(WORKSPACES, API)["value"]}
    shown = [name for name in names if name in listed]
    assert 0 < len(shown) < len(names)
    for name in shown:
        found = listed[name]
        assert (found["provisioningState"], found["softDeleteEnabled"]) == ("Deleting", True)
        assert found["softDeletedAt"] < found["scheduledPurgeDate"]
        assert wire.ask("GET", f"{WORKSPACES}/{name}", API).status_code == 404
    assert "softDeletedAt" not in listed["aml-fraud-e"]
    advance(azure, 14 * DAY)
    assert {w["name"] for w in wire.get(WORKSPACES, API)["value"]} & set(names) == set()


def test_the_name_is_refused_until_the_purge_has_gone_through(azure, wire):
    body = {"location": "eastus", "properties": wire.get(ML, API)["properties"]}
    finish(wire, wire.ask("DELETE", ML, API))
    refused = wire.ask("PUT", ML, API, body=body)
    assert code(refused) == (400, "BadRequest")
    assert "https://aka.ms/wsoftdelete" in refused.text
    purged = wire.ask("DELETE", ML, "2024-04-01", forceToPurge="true")
    assert purged.status_code == 204
    assert wire.ask("PUT", ML, API, body=body).status_code == 400
    with pytest.raises(AmlRunbookError):
        portal(azure, "recover")
    advance(azure, PURGE_SECONDS)
    assert wire.ask("PUT", ML, API, body=body).status_code == 202


def test_with_user_assigned_identities_alone_it_is_gone_at_once(azure, wire):
    body = wire.get(ML, API)
    user = f"{full(azure, GROUP)}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/u"
    sent = {
        "location": "eastus",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {user: {}}},
        "properties": {
            key: body["properties"][key]
            for key in ("storageAccount", "keyVault", "applicationInsights")
        },
    }
    other = f"{WORKSPACES}/aml-user"
    finish(wire, wire.ask("PUT", other, API, body=sent))
    finish(wire, wire.ask("DELETE", other, API))
    assert world(azure)["deleted"] == {}


def test_what_it_stands_on_has_to_be_there_first(azure, wire):
    vault = wire.get(ML, API)["properties"]["keyVault"]
    finish(wire, wire.ask("DELETE", ML, API))
    assert wire.ask("DELETE", vault, "2023-07-01").status_code == 200
    with pytest.raises(AmlRunbookError, match="Recover these first"):
        portal(azure, "recover")
    recover = {"location": "eastus", "properties": {"createMode": "recover"}}
    assert wire.ask("PUT", vault, "2023-07-01", body=recover).status_code == 200
    assert portal(azure, "recover")


def page(azure: Endpoint, **form: str) -> requests.Response:
    session = requests.Session()
    session.trust_env = False
    with session:
        return session.request(
            "POST" if form else "GET",
            f"{azure.base_url}/_portal",
            params=None if form else {"token": azure.control_token},
            data=form or None,
            verify=azure.ca_file,
            timeout=100,
        )


def test_the_page_lists_and_recovers(azure, wire):
    assert "Nothing." in page(azure).text
    finish(wire, wire.ask("DELETE", ML, API))
    shown = page(azure).text
    fields = dict(re.findall(r'name=(token|id) value="([^"]+)"', shown))
    assert fields["id"] == full(azure)
    done = page(azure, **fields, action="recover")
    assert "The workspace aml-fraud-e is recovered." in done.text
    assert wire.ask("GET", ML, API).status_code == 200
    again = page(azure, **fields, action="recover")
    assert again.status_code == 404
    assert page(azure, token="wrong", id=fields["id"], action="recover").status_code == 401


def test_the_portal_restores_a_storage_account_and_works_while_azure_is_dark(azure, wire):
    account = f"{PROVIDERS}/Microsoft.Storage/storageAccounts/stfrauddata"
    assert wire.ask("DELETE", account, "2023-05-01").status_code == 200
    process.control(azure, "POST", "/faults", {"kind": "dark"})
    (listed,) = process.control(azure, "GET", "/portal") or []  # type: ignore[misc]
    assert listed["id"] == full(azure, account)
    assert (
        portal(azure, "recover", account)["said"] == "The storage account stfrauddata is restored."
    )
    process.control(azure, "DELETE", "/faults")
    assert wire.ask("GET", account, "2023-05-01").status_code == 200
    with pytest.raises(AmlRunbookError):
        portal(azure, "purge", account)
