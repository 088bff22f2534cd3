"""Deleted storage accounts and shares: what is kept, how it comes back, what ends that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from amlrunbook.simulator.endpoint import Endpoint
from tests.simulator.blob_world import advance, service, storage_world
from tests.simulator.contract.driver import Driver
from tests.simulator_fixtures import Wire, resource_client, set_pace

API = "2023-05-01"
GROUP = "@/resourceGroups/rg"
SOFT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/soft"
PLAIN = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/plain"
DELETED = "@/providers/Microsoft.Storage/deletedAccounts"
ONE = "@/providers/Microsoft.Storage/locations/westeurope/deletedAccounts/soft"
DAY = 86_400.0


@pytest.fixture
def azure(tmp_path) -> Iterator[Endpoint]:
    with storage_world(tmp_path) as endpoint:
        set_pace(endpoint, polls=1)
        yield endpoint


@pytest.fixture
def wire(azure) -> Iterator[Wire]:
    with Wire(azure) as bare:
        yield bare


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def full(azure: Endpoint, path: str) -> str:
    return f"/subscriptions/{azure.subscription_id}{path[1:]}"


def restoring(made: str, location: str = "westeurope") -> dict[str, Any]:
    return {"location": location, "properties": {"deletedAccountCreationTime": made}}


def delete(wire: Wire, path: str = SOFT) -> str:
    """Delete an account and return when it was made, as the list of deleted ones says."""
    assert wire.ask("DELETE", path, API).status_code == 200
    return str(wire.get(DELETED, API)["value"][0]["properties"]["creationTime"])


def follow(wire: Wire, answer: Any) -> Any:
    while answer.status_code == 202:
        answer = wire.ask("GET", answer.headers["Location"], None)
    return answer


def test_a_deleted_account_is_listed_and_comes_back_with_its_data(azure, wire):
    before = wire.get(SOFT, API)
    service_before = wire.get(f"{SOFT}/blobServices/default", API)
    with service(azure, "soft") as client:
        client.create_container("kept").upload_blob("a", b"bytes")
    with resource_client(azure) as client:
        client.resources.begin_delete_by_id(full(azure, SOFT), api_version=API).result()
    (gone,) = wire.get(DELETED, API)["value"]
    assert gone == wire.get(ONE, API)
    assert gone["id"] == full(azure, ONE)
    facts = gone["properties"]
    assert facts["storageAccountResourceId"] == full(azure, SOFT)
    assert facts["creationTime"] == before["properties"]["creationTime"]
    assert facts["restoreReference"]
    assert wire.ask("GET", SOFT, API).status_code == 404
    with resource_client(azure) as client:
        back = client.resources.begin_create_or_update_by_id(
            full(azure, SOFT), restoring(facts["creationTime"]), api_version=API
        ).result()
    assert back.name == "soft"
    assert wire.get(SOFT, API) == before
    assert wire.get(f"{SOFT}/blobServices/default", API) == service_before
    with service(azure, "soft") as client:
        assert client.get_blob_client("kept", "a").download_blob().readall() == b"bytes"
    assert wire.get(DELETED, API)["value"] == []


def test_coming_back_takes_its_time(wire):
    made = delete(wire)
    begun = wire.ask("PUT", SOFT, API, body=restoring(made))
    assert (begun.status_code, begun.content) == (202, b"")
    assert wire.ask("GET", SOFT, API).status_code == 404
    assert follow(wire, begun).status_code == 200
    assert wire.get(SOFT, API)["properties"]["provisioningState"] == "Succeeded"


def test_a_plain_creation_is_empty_and_ends_it(azure, wire):
    with service(azure, "soft") as client:
        client.create_container("kept")
    made = delete(wire)
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    assert follow(wire, wire.ask("PUT", SOFT, API, body=body)).status_code == 200
    assert wire.get(DELETED, API)["value"] == []
    with service(azure, "soft") as client:
        assert list(client.list_containers()) == []
    again = wire.ask("PUT", SOFT, API, body=restoring(made))
    assert code(again) == (409, "StorageAccountAlreadyTaken")
    assert wire.ask("DELETE", SOFT, API).status_code == 200
    assert code(wire.ask("PUT", SOFT, API, body=restoring(made))) == (
        404,
        "DeletedAccountNotFound",
    )


def test_an_account_of_that_name_elsewhere_ends_it_too(wire):
    delete(wire)
    wire.ask("PUT", "@/resourceGroups/other", body={"location": "westeurope"})
    elsewhere = SOFT.replace("/rg/", "/other/")
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    assert follow(wire, wire.ask("PUT", elsewhere, API, body=body)).status_code == 200
    assert wire.get(DELETED, API)["value"] == []


def test_what_does_not_fit_is_refused(wire):
    made = delete(wire)
    wrong_time = wire.ask("PUT", SOFT, API, body=restoring("2020-01-01T00:00:00.0000000Z"))
    assert code(wrong_time) == (404, "DeletedAccountNotFound")
    wrong_place = wire.ask("PUT", SOFT, API, body=restoring(made, "northeurope"))
    assert code(wrong_place) == (400, "InvalidValuesForRequestParameters")
    wire.ask("PUT", "@/resourceGroups/other", body={"location": "westeurope"})
    wrong_group = wire.ask("PUT", SOFT.replace("/rg/", "/other/"), API, body=restoring(made))
    assert code(wrong_group) == (404, "DeletedAccountNotFound")
    assert len(wire.get(DELETED, API)["value"]) == 1
    missing = wire.ask("GET", ONE.replace("westeurope", "eastus"), API)
    assert code(missing) == (404, "DeletedAccountNotFound")


def test_after_fourteen_days_it_is_gone(azure, wire):
    made = delete(wire)
    advance(azure, 14 * DAY - 60)
    assert len(wire.get(DELETED, API)["value"]) == 1
    advance(azure, 61)
    assert wire.get(DELETED, API)["value"] == []
    assert wire.ask("PUT", SOFT, API, body=restoring(made)).status_code == 404


def test_with_its_group_it_is_kept_and_needs_the_group_to_come_back(wire):
    begun = wire.ask("DELETE", GROUP)
    assert follow(wire, begun).status_code == 200
    gone = {d["name"]: d["properties"]["creationTime"] for d in wire.get(DELETED, API)["value"]}
    assert gone.keys() == {"plain", "hidden", "soft", "versioned", "growing"}
    refused = wire.ask("PUT", SOFT, API, body=restoring(gone["soft"]))
    assert code(refused) == (404, "ResourceGroupNotFound")
    wire.ask("PUT", GROUP, body={"location": "westeurope"})
    assert follow(wire, wire.ask("PUT", SOFT, API, body=restoring(gone["soft"]))).ok


def test_role_assignments_do_not_come_back(azure, wire):
    role = f"{SOFT}/providers/Microsoft.Authorization/roleAssignments/{azure.tenant_id}"
    body = {"properties": {"roleDefinitionId": "/x", "principalId": azure.tenant_id}}
    assert wire.ask("PUT", role, "2022-04-01", body=body).status_code == 201
    made = delete(wire)
    assert follow(wire, wire.ask("PUT", SOFT, API, body=restoring(made))).ok
    assert wire.ask("GET", role, "2022-04-01").status_code == 404


def test_the_answers_keep_to_the_document(azure, wire):
    delete(wire)
    driver = Driver(azure)
    for path in (DELETED, ONE):
        assert driver.ask("GET", full(azure, path), API).status == 200
    driver.close()
    assert driver.violations == {}


# --- shares --------------------------------------------------------------------------------------

SHARES = f"{PLAIN}/fileServices/default/shares"


@pytest.fixture
def keeping(wire) -> Wire:
    """Deleted shares are kept for a week."""
    policy = {"shareDeleteRetentionPolicy": {"enabled": True, "days": 7}}
    settings = f"{PLAIN}/fileServices/default"
    assert wire.ask("PUT", settings, API, body={"properties": policy}).status_code == 200
    return wire


def deleted_share(wire: Wire, name: str = "notes") -> dict[str, Any]:
    assert wire.ask("PUT", f"{SHARES}/{name}", API, body={}).status_code == 201
    assert wire.ask("DELETE", f"{SHARES}/{name}", API).status_code == 200
    listed = wire.get(SHARES, API, **{"$expand": "deleted"})["value"]
    return dict(next(s for s in listed if s["properties"].get("deleted")))


def test_a_deleted_share_is_listed_when_asked_and_restored(azure, keeping):
    gone = deleted_share(keeping)
    assert gone["properties"]["remainingRetentionDays"] in {6, 7}
    assert keeping.get(SHARES, API)["value"] == []
    assert code(keeping.ask("GET", f"{SHARES}/notes", API)) == (404, "ShareNotFound")
    driver = Driver(azure)
    body = {"deletedShareName": "notes", "deletedShareVersion": gone["properties"]["version"]}
    back = driver.ask("POST", f"{full(azure, SHARES)}/notes/restore", API, body)
    assert back.status == 200
    for path in (f"{SHARES}/notes", SHARES):
        assert driver.ask("GET", full(azure, path), API).status == 200
    driver.close()
    assert driver.violations == {}
    assert [s["name"] for s in keeping.get(SHARES, API)["value"]] == ["notes"]


def test_the_name_of_a_restored_share_must_be_free(keeping):
    gone = deleted_share(keeping)
    keeping.ask("PUT", f"{SHARES}/notes", API, body={})
    body = {"deletedShareName": "notes", "deletedShareVersion": gone["properties"]["version"]}
    refused = keeping.ask("POST", f"{SHARES}/notes/restore", API, body=body)
    assert code(refused) == (409, "ShareAlreadyExists")
    assert keeping.ask("POST", f"{SHARES}/old-notes/restore", API, body=body).status_code == 200


def test_a_share_is_kept_for_its_days_or_not_at_all(azure, wire, keeping):
    deleted_share(keeping)
    advance(azure, 7 * DAY + 1)
    assert keeping.get(SHARES, API, **{"$expand": "deleted"})["value"] == []
    off = {"properties": {"shareDeleteRetentionPolicy": {"enabled": False}}}
    wire.ask("PUT", f"{PLAIN}/fileServices/default", API, body=off)
    wire.ask("PUT", f"{SHARES}/more", API, body={})
    wire.ask("DELETE", f"{SHARES}/more", API)
    assert wire.get(SHARES, API, **{"$expand": "deleted"})["value"] == []
    assert wire.ask("DELETE", f"{SHARES}/more", API).status_code == 204
