"""Storage, vaults, registries, insights, logs, health: what their providers say and refuse."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from amlrunbook.simulator import process
from tests.simulator_fixtures import Wire, resource_client, running

ST = "2023-05-01"
KV = "2023-07-01"
CR = "2023-07-01"
GROUP = "@/resourceGroups/rg-fraud-e/providers"
WEST = "@/resourceGroups/rg-fraud-w/providers"
DATA = f"{GROUP}/Microsoft.Storage/storageAccounts/stfrauddata"
EAST = f"{GROUP}/Microsoft.Storage/storageAccounts/stfraude"
REGISTRY = f"{GROUP}/Microsoft.ContainerRegistry/registries/crfraud"


@pytest.fixture(scope="module")
def azure(tmp_path_factory):
    with running(tmp_path_factory.mktemp("services") / "azure") as endpoint:
        with Wire(endpoint) as wire:
            locks = wire.get("@/providers/Microsoft.Authorization/locks", "2020-05-01")["value"]
            for lock in locks:
                assert wire.ask("DELETE", lock["id"], "2020-05-01").status_code == 200
        yield endpoint


@pytest.fixture
def wire(azure) -> Iterator[Wire]:
    with Wire(azure) as bare:
        yield bare


@pytest.fixture
def client(azure) -> Iterator:
    with resource_client(azure) as real:
        yield real


def full(azure, path: str) -> str:
    return f"/subscriptions/{azure.subscription_id}{path[1:]}"


def code(answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


# --- storage -----------------------------------------------------------------------------------------


def test_a_geo_redundant_account_names_its_second_region(azure, wire):
    found = wire.get(DATA, ST)["properties"]
    assert (found["primaryLocation"], found["secondaryLocation"]) == ("eastus", "westus")
    assert found["secondaryEndpoints"]["blob"] == f"{azure.base_url}/blob/stfrauddata-secondary/"
    local = wire.get(EAST, ST)["properties"]
    assert "secondaryLocation" not in local
    assert "geoReplicationStats" not in found


def test_replication_stats_are_told_when_asked(azure, wire):
    expand = {"$expand": "geoReplicationStats"}
    stats = wire.get(DATA, ST, **expand)["properties"]["geoReplicationStats"]
    assert (stats["status"], stats["canFailover"]) == ("Live", True)
    assert stats["postFailoverRedundancy"] == "Standard_ZRS"
    now = process.control(azure, "POST", "/clock", {"advance": 0.0})["now"]
    behind = now - datetime.fromisoformat(stats["lastSyncTime"]).timestamp()
    assert behind == pytest.approx(140, abs=60)  # as the scenario says, but for the time between
    assert "geoReplicationStats" not in wire.get(EAST, ST, **expand)["properties"]


def test_a_new_secondary_is_filled_first(azure, wire):
    path = f"{GROUP}/Microsoft.Storage/storageAccounts/stgrows"
    body = {"location": "eastus", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    begun = wire.ask("PUT", path, ST, body=body)
    assert (begun.status_code, begun.headers["Retry-After"]) == (202, "0")
    changed = wire.ask("PATCH", path, ST, body={"sku": {"name": "Standard_RAGRS"}})
    assert changed.status_code == 200
    expand = {"$expand": "geoReplicationStats"}
    stats = wire.get(path, ST, **expand)["properties"]["geoReplicationStats"]
    assert (stats["status"], stats["canFailover"]) == ("Bootstrap", False)
    process.control(azure, "POST", "/clock", {"advance": 61.0})
    stats = wire.get(path, ST, **expand)["properties"]["geoReplicationStats"]
    assert (stats["status"], stats["canFailover"]) == ("Live", True)
    refused = wire.ask("PATCH", path, ST, body={"sku": {"name": "Standard_ZRS"}})
    assert code(refused) == (400, "AccountPropertyCannotBeUpdated")


def test_names_of_accounts_are_unique_and_checked(wire):
    body = {"location": "eastus", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    taken = wire.ask("PUT", DATA.replace("rg-fraud-e", "rg-fraud-w"), ST, body=body)
    assert code(taken) == (409, "StorageAccountAlreadyTaken")
    wrong = wire.ask("PUT", f"{GROUP}/Microsoft.Storage/storageAccounts/St_1", ST, body=body)
    assert code(wrong) == (400, "AccountNameInvalid")
    check = "@/providers/Microsoft.Storage/checkNameAvailability"
    for name, free in (("stfrauddata", False), ("stnobody", True), ("No", False)):
        sent = {"name": name, "type": "Microsoft.Storage/storageAccounts"}
        assert wire.ask("POST", check, ST, body=sent).json()["nameAvailable"] is free


def test_keys_are_given_and_nowhere_kept(azure, wire):
    first = wire.ask("POST", f"{DATA}/listKeys", ST).json()["keys"]
    again = wire.ask("POST", f"{DATA}/listKeys", ST).json()["keys"]
    assert first == again
    assert len({key["value"] for key in first}) == 2
    assert first[0]["value"] not in str(process.control(azure, "GET", "/world"))


def test_services_exist_without_having_been_made(wire):
    path = f"{GROUP}/Microsoft.Storage/storageAccounts/stplain"
    body = {"location": "eastus", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    wire.ask("PUT", path, ST, body=body)
    blob = wire.get(f"{path}/blobServices/default", ST)
    assert blob["properties"]["deleteRetentionPolicy"] == {"enabled": False}
    assert wire.get(f"{path}/fileServices/default", ST)["name"] == "default"
    missing = wire.ask("GET", f"{path}/blobServices/other", ST)
    assert code(missing) == (404, "ResourceNotFound")
    policy = wire.ask("GET", f"{path}/managementPolicies/default", ST)
    assert code(policy) == (404, "ManagementPolicyNotFound")


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"deleteRetentionPolicy": {"enabled": True, "days": 366}}, "InvalidXmlNodeValue"),
        ({"deleteRetentionPolicy": {"enabled": True}}, "InvalidRequestPropertyValue"),
        ({"restorePolicy": {"enabled": True, "days": 5}}, "InvalidRestorePolicy"),
        (
            {
                "restorePolicy": {"enabled": True, "days": 5},
                "isVersioningEnabled": True,
                "changeFeed": {"enabled": True},
                "deleteRetentionPolicy": {
                    "enabled": True,
                    "days": 14,
                    "allowPermanentDelete": True,
                },
            },
            "InvalidRestorePolicy",
        ),
    ],
)
def test_blob_settings_that_are_refused(wire, properties, expected):
    answer = wire.ask("PUT", f"{EAST}/blobServices/default", ST, body={"properties": properties})
    assert code(answer) == (400, expected)


def test_containers_and_shares_are_listed(wire):
    found = wire.get(f"{EAST}/blobServices/default/containers", ST)["value"]
    assert any(c["name"].startswith("azureml-blobstore-") for c in found)
    shares = wire.get(f"{EAST}/fileServices/default/shares", ST)["value"]
    assert any(share["name"].startswith("code-") for share in shares)


# --- vaults --------------------------------------------------------------------------------------------


def test_a_vault_is_deleted_listed_and_recovered(azure, wire, client):
    vault = f"{WEST}/Microsoft.KeyVault/vaults/kv-fraud-w"
    before = wire.get(vault, KV)
    client.resources.begin_delete_by_id(full(azure, vault), api_version=KV).result()
    (gone,) = wire.get("@/providers/Microsoft.KeyVault/deletedVaults", KV)["value"]
    assert gone["properties"]["vaultId"] == full(azure, vault)
    assert gone["properties"]["purgeProtectionEnabled"] is True
    one = "@/providers/Microsoft.KeyVault/locations/westus/deletedVaults/kv-fraud-w"
    assert wire.get(one, KV) == gone
    assert wire.ask("GET", one.replace("westus", "eastus"), KV).status_code == 404
    body = {"location": "westus", "properties": {"tenantId": azure.tenant_id}}
    assert code(wire.ask("PUT", vault, KV, body=body)) == (409, "ConflictError")
    body["properties"]["createMode"] = "recover"
    client.resources.begin_create_or_update_by_id(full(azure, vault), body, api_version=KV).result()
    assert wire.get(vault, KV) == before
    assert wire.get("@/providers/Microsoft.KeyVault/deletedVaults", KV)["value"] == []


def test_a_deleted_vault_is_purged_when_its_time_has_come(fresh_azure):
    endpoint = fresh_azure("lonely-workspace")
    vault = "@/resourceGroups/rg-lonely/providers/Microsoft.KeyVault/vaults/kv-lonely"
    deleted = "@/providers/Microsoft.KeyVault/deletedVaults"
    with Wire(endpoint) as wire:
        assert wire.ask("DELETE", vault, KV).status_code == 200
        assert len(wire.get(deleted, KV)["value"]) == 1
        process.control(endpoint, "POST", "/clock", {"advance": 7 * 86_400.0 + 1})
        assert wire.get(deleted, KV)["value"] == []


def test_what_cannot_be_undone_on_a_vault(wire):
    vault = f"{GROUP}/Microsoft.KeyVault/vaults/kv-fraud-e"
    for change in (
        {"enablePurgeProtection": False},
        {"enableSoftDelete": False},
        {"softDeleteRetentionInDays": 5},
    ):
        assert code(wire.ask("PATCH", vault, KV, body={"properties": change})) == (
            400,
            "BadRequest",
        )


# --- registries ------------------------------------------------------------------------------------------


def test_the_home_region_is_among_the_replications(wire):
    found = wire.get(f"{REGISTRY}/replications", CR)["value"]
    assert {r["location"] for r in found} >= {"eastus", "westus"}
    home = wire.ask("DELETE", f"{REGISTRY}/replications/eastus", CR)
    assert code(home) == (400, "CannotDeleteHomeReplication")


def test_a_replication_syncs_and_is_deleted(azure, wire, client):
    path = full(azure, f"{REGISTRY}/replications/northeurope")
    begun = wire.ask("PUT", path, CR, body={"location": "northeurope", "properties": {}})
    assert begun.status_code == 201
    assert "Azure-AsyncOperation" in begun.headers
    assert "Location" not in begun.headers  # requests ignores the case
    assert "displayStatus" not in begun.json()["properties"]["status"]
    states = []
    while not states or states[-1] == "InProgress":
        states.append(wire.get(begun.headers["Azure-AsyncOperation"], None)["status"])
    assert states[-1] == "Succeeded"
    assert len(states) > 1
    assert wire.get(path, CR)["properties"]["status"]["displayStatus"] == "Syncing"
    client.resources.begin_delete_by_id(path, api_version=CR).result()
    assert wire.ask("GET", path, CR).status_code == 404


def test_replication_needs_premium(lonely_workspace):
    path = (
        "@/resourceGroups/rg-lonely/providers/Microsoft.ContainerRegistry/registries/crlonely"
        "/replications/westus"
    )
    with Wire(lonely_workspace) as wire:
        answer = wire.ask("PUT", path, CR, body={"location": "westus", "properties": {}})
    assert code(answer) == (400, "FeatureNotSupportedBySku")


def test_credentials_need_the_admin_user(wire):
    answer = wire.ask("POST", f"{REGISTRY}/listCredentials", CR)
    assert code(answer) == (400, "UnAuthorizedForCredentialOperations")


# --- insights, logs, health --------------------------------------------------------------------------------


def test_insights_are_classic_or_on_a_log_workspace(wire, lonely_workspace):
    found = wire.get(f"{GROUP}/Microsoft.Insights/components/appi-fraud-e", "2020-02-02")
    assert found["properties"]["IngestionMode"] == "LogAnalytics"
    assert found["properties"]["WorkspaceResourceId"].endswith("/log-fraud-e")
    with Wire(lonely_workspace) as other:
        classic = other.get("@/providers/Microsoft.Insights/components", "2020-02-02")["value"]
    assert [c["properties"]["IngestionMode"] for c in classic] == ["ApplicationInsights"]


def test_a_recreated_component_has_a_new_key(azure, wire, client):
    path = f"{WEST}/Microsoft.Insights/components/appi-fraud-w"
    before = wire.get(path, "2020-02-02")["properties"]
    client.resources.begin_delete_by_id(full(azure, path), api_version="2020-02-02").result()
    body = {"location": "westus", "kind": "web", "properties": {"Application_Type": "web"}}
    client.resources.begin_create_or_update_by_id(
        full(azure, path), body, api_version="2020-02-02"
    ).result()
    after = wire.get(path, "2020-02-02")["properties"]
    assert after["InstrumentationKey"] != before["InstrumentationKey"]


def test_a_log_workspace_tells_of_its_creation_by_its_state_alone(azure, wire, client):
    path = f"{GROUP}/Microsoft.OperationalInsights/workspaces/log-new"
    begun = wire.ask("PUT", path, "2023-09-01", body={"location": "eastus"})
    assert begun.status_code == 201
    assert not {"location", "azure-asyncoperation"} & {h.lower() for h in begun.headers}
    assert begun.json()["properties"]["provisioningState"] == "Creating"
    again = full(azure, path.replace("log-new", "log-newer"))
    made = client.resources.begin_create_or_update_by_id(
        again, {"location": "eastus"}, api_version="2023-09-01"
    ).result()
    assert made.properties["provisioningState"] == "Succeeded"


def test_health(wire):
    health = "/providers/Microsoft.ResourceHealth/availabilityStatuses/current"
    found = wire.get(DATA + health, "2024-02-01")
    assert found["properties"]["availabilityState"] == "Available"
    workspace = f"{GROUP}/Microsoft.MachineLearningServices/workspaces/aml-fraud-e"
    refused = wire.ask("GET", workspace + health, "2024-02-01")
    assert code(refused) == (400, "UnsupportedResourceType")
    events = wire.get("@/providers/Microsoft.ResourceHealth/events", "2024-02-01")
    assert events["value"] == []
