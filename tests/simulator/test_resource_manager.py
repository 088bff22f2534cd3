"""The resource manager, driven by azure-mgmt-resource with nothing patched, and by bare HTTPS."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.core.rest import HttpRequest

from amlrunbook.simulator import process
from tests.simulator_fixtures import Wire, resource_client, revision, seen, world

STORAGE = "2023-05-01"
ML = "2024-04-01"
DATA = "@/resourceGroups/rg-fraud-e/providers/Microsoft.Storage/storageAccounts/stfrauddata"
WORKSPACE = (
    "@/resourceGroups/rg-fraud-e/providers/Microsoft.MachineLearningServices/workspaces/aml-fraud-e"
)


def full(endpoint, path: str) -> str:
    return f"/subscriptions/{endpoint.subscription_id}{path[1:]}"


def code(answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


# --- subscriptions, regions, groups ------------------------------------------------------------


def test_subscriptions_and_tenants(healthy_pair):
    with Wire(healthy_pair) as wire:
        listed = wire.get("/subscriptions", "2022-12-01")["value"]
        one = wire.get("@", "2022-12-01")
        tenants = wire.get("/tenants", "2022-12-01")["value"]
    assert [s["subscriptionId"] for s in listed] == [healthy_pair.subscription_id]
    assert (one["state"], one["displayName"]) == ("Enabled", "Fraud production")
    assert [t["tenantId"] for t in tenants] == [healthy_pair.tenant_id]


def test_regions_have_pairs_as_azure_has_them(healthy_pair):
    with Wire(healthy_pair) as wire:
        places = {p["name"]: p for p in wire.get("@/locations", "2022-12-01")["value"]}

    def pair(name: str) -> list[str]:
        return [p["name"] for p in places[name]["metadata"]["pairedRegion"]]

    assert len(places) >= 12
    assert (pair("eastus"), pair("westus")) == (["westus"], ["eastus"])
    assert (pair("westeurope"), pair("northeurope")) == (["northeurope"], ["westeurope"])
    assert pair("westus3") == ["eastus"]  # one way
    assert pair("brazilsouth") == ["southcentralus"]
    assert pair("italynorth") == []
    assert len(places["eastus"]["availabilityZoneMappings"]) == 3
    assert "availabilityZoneMappings" not in places["westus"]


def test_groups_and_resources_by_the_sdk(healthy_pair):
    with resource_client(healthy_pair) as client:
        assert [g.name for g in client.resource_groups.list()] == ["rg-fraud-e", "rg-fraud-w"]
        assert client.resource_groups.get("RG-FRAUD-E").location == "eastus"
        assert client.resource_groups.check_existence("rg-fraud-e")
        assert not client.resource_groups.check_existence("rg-nowhere")
        found = list(client.resources.list(filter="resourceType eq 'Microsoft.KeyVault/vaults'"))
        assert [r.name for r in found] == ["kv-fraud-e", "kv-fraud-w"]
        here = list(client.resources.list_by_resource_group("rg-fraud-w"))
        assert here
        assert all("/rg-fraud-w/" in str(r.id) for r in here)
        tagged = list(
            client.resources.list(filter="tagName eq 'pair' and tagValue eq 'aml-fraud-e'")
        )
        assert [r.name for r in tagged] == ["aml-fraud-w"]


def test_lists_come_in_pages(healthy_pair):
    with resource_client(healthy_pair) as client:
        whole = [r.id for r in client.resources.list()]
    with Wire(healthy_pair) as wire:
        page = wire.get("@/resources", "2021-04-01", **{"$top": "5"})
        pages = [page]
        while "nextLink" in page:
            page = wire.get(page["nextLink"], None)
            pages.append(page)
    assert len(pages) == -(-len(whole) // 5)
    assert [r["id"] for page in pages for r in page["value"]] == whole


def test_resources_are_found_by_id_in_any_case(healthy_pair):
    with resource_client(healthy_pair) as client:
        found = client.resources.get_by_id(full(healthy_pair, DATA).upper(), api_version=STORAGE)
        assert found.name == "stfrauddata"
        assert found.id == full(healthy_pair, DATA)
        assert client.resources.check_existence_by_id(full(healthy_pair, DATA), api_version=STORAGE)
        missing = full(healthy_pair, DATA) + "x"
        assert not client.resources.check_existence_by_id(missing, api_version=STORAGE)
        with pytest.raises(ResourceNotFoundError) as caught:
            client.resources.get_by_id(missing, api_version=STORAGE)
    assert caught.value.error.code == "ResourceNotFound"


def test_providers_tell_their_versions_and_are_never_registered_unasked(fresh_azure, tmp_path):
    scenario = tmp_path / "bare.toml"
    scenario.write_text(
        """
        format = 1
        title = "Bare"
        description = "A subscription without a provider."
        profile = {}
        [[world.subscriptions]]
        id = "11111111-2222-3333-4444-555555555555"
        name = "bare"
        unregistered = ["Microsoft.KeyVault"]
        [[world.groups]]
        name = "rg"
        location = "eastus"
        """
    )
    endpoint = fresh_azure(scenario)
    vault = full(endpoint, "@/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv-1")
    with resource_client(endpoint) as client:
        provider = client.providers.get("Microsoft.KeyVault")
        assert provider.registration_state == "NotRegistered"
        types = {t.resource_type: t.api_versions for t in provider.resource_types}
        assert "2023-07-01" in types["vaults"]
    with Wire(endpoint) as wire:
        answer = wire.ask("PUT", vault, "2023-07-01", body={"location": "eastus"})
        assert code(answer) == (409, "MissingSubscriptionRegistration")
        assert wire.get("@/providers/Microsoft.KeyVault")["registrationState"] == "NotRegistered"
        registered = wire.ask("POST", "@/providers/Microsoft.KeyVault/register").json()
    assert registered["registrationState"] == "Registered"


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "version", "expected"),
    [
        ("@/resourceGroups", None, (400, "MissingApiVersionParameter")),
        ("@/resourceGroups", "never", (400, "InvalidApiVersionParameter")),
        (DATA, "1999-01-01", (400, "NoRegisteredProviderFound")),
        ("/subscriptions/00000000-0000-0000-0000-000000000000", ML, (404, "SubscriptionNotFound")),
        ("@/resourceGroups/nowhere", ML, (404, "ResourceGroupNotFound")),
        (DATA.replace("rg-fraud-e", "nowhere"), STORAGE, (404, "ResourceGroupNotFound")),
        (DATA + "x", STORAGE, (404, "ResourceNotFound")),
        (DATA + "x/blobServices/default", STORAGE, (404, "ResourceNotFound")),
        (WORKSPACE + "x/computes", ML, (404, "ResourceNotFound")),
        ("@/providers/Microsoft.Nothing/things", ML, (404, "InvalidResourceNamespace")),
        ("@/providers/Microsoft.Storage/things", STORAGE, (404, "InvalidResourceType")),
        ("@/resources", "2021-04-01&$top=x", (400, "InvalidTopQuery")),
    ],
)
def test_errors_are_azures(healthy_pair, path, version, expected):
    query = {}
    if version and "&" in version:
        version, _, rest = version.partition("&")
        query = dict([rest.split("=")])
    with Wire(healthy_pair) as wire:
        assert code(wire.ask("GET", path, version, **query)) == expected


def test_a_change_with_an_unusable_body_is_refused(healthy_pair):
    path = "@/resourceGroups/rg-fraud-e/providers/Microsoft.Storage/storageAccounts/stnew"
    with Wire(healthy_pair) as wire:
        assert code(wire.ask("PUT", path, STORAGE, body=[1])) == (400, "InvalidRequestContent")
        assert code(wire.ask("PUT", path, STORAGE, body={})) == (400, "LocationRequired")
        nowhere = {"location": "atlantis", "sku": {"name": "Standard_LRS"}}
        assert code(wire.ask("PUT", path, STORAGE, body=nowhere)) == (
            400,
            "LocationNotAvailableForResourceType",
        )


@pytest.mark.parametrize(
    "body",
    [
        {"sku": "Standard_LRS"},
        {"tags": ["a"]},
        {"tags": {"a": {"b": "c"}}},
        {"properties": "none"},
        {"properties": {"networkAcls": 3}, "sku": {"name": 7}},
        {"identity": "SystemAssigned"},
        {"location": 5},
        {"kind": {}},
    ],
)
def test_values_of_the_wrong_type_are_refused(healthy_pair, body):
    path = "@/resourceGroups/rg-fraud-e/providers/Microsoft.Storage/storageAccounts/stnew"
    whole = {"location": "eastus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2", **body}
    with Wire(healthy_pair) as wire:
        assert wire.ask("PUT", path, STORAGE, body=whole).status_code == 400
        assert wire.ask("GET", path, STORAGE).status_code == 404
        service = f"{DATA}/blobServices/default"
        hostile = {"properties": {"deleteRetentionPolicy": "yes", "restorePolicy": 4}}
        assert wire.ask("PUT", service, STORAGE, body=hostile).status_code == 400
    log = Path(healthy_pair.ca_file).parent / "server.log"
    assert "Traceback" not in log.read_text()


# --- headers ---------------------------------------------------------------------------------------


def test_answers_carry_the_usual_headers(healthy_pair):
    wanted = str(uuid.uuid4())
    with Wire(healthy_pair) as wire:
        answer = wire.ask("GET", DATA, STORAGE, headers={"x-ms-client-request-id": wanted})
    assert answer.headers["x-ms-client-request-id"] == wanted
    assert uuid.UUID(answer.headers["x-ms-request-id"])
    assert uuid.UUID(answer.headers["x-ms-correlation-request-id"])
    assert int(answer.headers["x-ms-ratelimit-remaining-subscription-reads"]) >= 0
    assert answer.headers["Content-Type"].startswith("application/json")


def test_requests_are_noted_with_their_client_request_id(healthy_pair):
    since = seen(healthy_pair)[-1]["number"] if seen(healthy_pair) else 0
    wanted = str(uuid.uuid4())
    with Wire(healthy_pair) as wire:
        wire.ask("GET", DATA, STORAGE, headers={"x-ms-client-request-id": wanted})
    found = [r for r in seen(healthy_pair, since) if r.get("client_request_id") == wanted]
    assert [(r["method"], r["status"]) for r in found] == [("GET", 200)]


# --- changes ---------------------------------------------------------------------------------------


def test_groups_come_and_go(fresh_azure):
    endpoint = fresh_azure("lonely-workspace")
    with resource_client(endpoint) as client:
        before = revision(endpoint)
        made = client.resource_groups.create_or_update("rg-new", {"location": "westus"})
        assert made.properties.provisioning_state == "Succeeded"
        after = revision(endpoint)
        assert after > before
        client.resource_groups.begin_delete("rg-new").result()
        assert revision(endpoint) > after
        assert not client.resource_groups.check_existence("rg-new")
        client.resource_groups.begin_delete("rg-lonely").result()
    held = world(endpoint)
    assert held["resources"] == {}
    assert held["accounts"] == {}


def test_put_replaces_and_patch_merges(fresh_azure):
    endpoint = fresh_azure("lonely-workspace")
    group = f"/subscriptions/{endpoint.subscription_id}/resourceGroups/rg-lonely"
    account = f"{group}/providers/Microsoft.Storage/storageAccounts/stlonely"
    service = f"{account}/blobServices/default"
    with resource_client(endpoint) as client:
        client.resources.begin_create_or_update_by_id(
            service,
            {"properties": {"deleteRetentionPolicy": {"enabled": True, "days": 7}}},
            api_version=STORAGE,
        ).result()
        client.resources.begin_create_or_update_by_id(
            service, {"properties": {"isVersioningEnabled": True}}, api_version=STORAGE
        ).result()
        held = client.resources.get_by_id(service, api_version=STORAGE).properties
        assert held["isVersioningEnabled"] is True
        assert held["deleteRetentionPolicy"] == {"enabled": False}
        client.resources.begin_update_by_id(
            account,
            {"properties": {"minimumTlsVersion": "TLS1_0"}, "tags": {"a": "b"}},
            api_version=STORAGE,
        ).result()
        changed = client.resources.get_by_id(account, api_version=STORAGE)
        assert changed.properties["minimumTlsVersion"] == "TLS1_0"
        assert changed.properties["accessTier"] == "Hot"
        assert changed.tags == {"a": "b"}


def test_an_existing_resource_cannot_move(fresh_azure):
    endpoint = fresh_azure("lonely-workspace")
    path = "@/resourceGroups/rg-lonely/providers/Microsoft.Storage/storageAccounts/stlonely"
    body = {"location": "westus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
    with Wire(endpoint) as wire:
        assert code(wire.ask("PUT", path, STORAGE, body=body)) == (409, "InvalidResourceLocation")


def test_sends_a_request_of_its_own(healthy_pair):
    with resource_client(healthy_pair) as client:
        request = HttpRequest(
            "POST", f"{full(healthy_pair, WORKSPACE)}/listKeys?api-version={ML}", json={}
        )
        answer = client.send_request(request)
        answer.raise_for_status()
    assert answer.json()["userStorageArmId"].endswith("/stfraude")
    assert "containerRegistryCredentials" not in answer.json()  # the admin user is off


# --- the activity log --------------------------------------------------------------------------------


def activity(wire: Wire, extra: str = "") -> list[dict]:
    since = (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    until = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = f"eventTimestamp ge '{since}' and eventTimestamp le '{until}'{extra}"
    path = "@/providers/Microsoft.Insights/eventtypes/management/values"
    return wire.get(path, "2015-04-01", **{"$filter": text})["value"]


def test_the_activity_log_carries_the_client_request_id(fresh_azure):
    endpoint = fresh_azure("lonely-workspace")
    wanted = str(uuid.uuid4())
    path = (
        "@/resourceGroups/rg-lonely/providers/Microsoft.Storage/storageAccounts/stlonely"
        "/blobServices/default"
    )
    with Wire(endpoint) as wire:
        assert activity(wire) == []
        wire.ask(
            "PUT",
            path,
            STORAGE,
            body={"properties": {}},
            headers={"x-ms-client-request-id": wanted},
        )
        (event,) = activity(wire)
        assert event["httpRequest"]["clientRequestId"] == wanted
        assert event["operationName"]["value"] == (
            "Microsoft.Storage/storageAccounts/blobServices/write"
        )
        assert event["status"]["value"] == "Succeeded"
        assert event["resourceId"].endswith("/blobServices/default")
        assert activity(wire, " and resourceGroupName eq 'rg-lonely'") == [event]
        assert activity(wire, " and resourceGroupName eq 'elsewhere'") == []
        assert activity(wire, f" and resourceUri eq '{event['resourceId']}'") == [event]


def test_a_long_change_is_in_the_activity_log_twice(fresh_azure):
    endpoint = fresh_azure("lonely-workspace")
    with resource_client(endpoint) as client, Wire(endpoint) as wire:
        path = "@/resourceGroups/rg-lonely/providers/Microsoft.Storage/storageAccounts/stnew"
        client.resources.begin_create_or_update_by_id(
            full(endpoint, path),
            {"location": "eastus", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}},
            api_version=STORAGE,
        ).result()
        events = activity(wire)
    assert [e["status"]["value"] for e in events] == ["Succeeded", "Accepted"]
    assert len({e["correlationId"] for e in events}) == 1


@pytest.mark.parametrize("text", [None, "resourceGroupName eq 'x'", "eventTimestamp ge 'soon'"])
def test_the_activity_log_needs_its_filter(healthy_pair, text):
    path = "@/providers/Microsoft.Insights/eventtypes/management/values"
    query = {} if text is None else {"$filter": text}
    with Wire(healthy_pair) as wire:
        assert code(wire.ask("GET", path, "2015-04-01", **query)) == (400, "BadRequest")


def test_the_activity_log_takes_dates_without_quotes_as_az_sends_them(healthy_pair):
    path = "@/providers/Microsoft.Insights/eventtypes/management/values"
    text = "eventTimestamp ge 2001-01-01T00:00:00.5 and eventTimestamp le 2001-01-02T00:00:00.5"
    with Wire(healthy_pair) as wire:
        assert wire.get(path, "2015-04-01", **{"$filter": text})["value"] == []


# --- locks -------------------------------------------------------------------------------------------

LOCK = "/providers/Microsoft.Authorization/locks/tight"
VAULT = "@/resourceGroups/rg-lonely/providers/Microsoft.KeyVault/vaults/kv-lonely"


@pytest.mark.parametrize("scope", ["@", "@/resourceGroups/rg-lonely", VAULT])
@pytest.mark.parametrize("level", ["CanNotDelete", "ReadOnly"])
def test_locks_forbid(fresh_azure, scope, level):
    endpoint = fresh_azure("lonely-workspace")
    keys = VAULT.replace("KeyVault/vaults/kv-lonely", "Storage/storageAccounts/stlonely/listKeys")
    with Wire(endpoint) as wire, resource_client(endpoint) as client:
        made = wire.ask("PUT", scope + LOCK, "2020-05-01", body={"properties": {"level": level}})
        assert made.status_code == 201
        with pytest.raises(ResourceExistsError) as caught:
            client.resources.begin_delete_by_id(
                full(endpoint, VAULT), api_version="2023-07-01"
            ).result()
        assert caught.value.error.code == "ScopeLocked"
        with pytest.raises(ResourceExistsError) as caught:  # a locked child holds its group
            client.resource_groups.begin_delete("rg-lonely").result()
        assert caught.value.error.code == "ScopeLocked"
        patched = wire.ask("PATCH", VAULT, "2023-07-01", body={"tags": {"a": "b"}})
        forbidden = level == "ReadOnly"
        assert patched.status_code == (409 if forbidden else 200)
        if scope != VAULT:
            assert wire.ask("POST", keys, STORAGE).status_code == (409 if forbidden else 200)
        assert wire.ask("DELETE", scope + LOCK, "2020-05-01").status_code == 200
        client.resources.begin_delete_by_id(
            full(endpoint, VAULT), api_version="2023-07-01"
        ).result()
        assert wire.ask("GET", VAULT, "2023-07-01").status_code == 404


def test_locks_are_listed_at_their_scope_above_it_and_below_it(healthy_pair):
    locks = "/providers/Microsoft.Authorization/locks"

    def names(scope: str, **query: str) -> list[str]:
        return [lock["name"] for lock in wire.get(scope + locks, "2020-05-01", **query)["value"]]

    with Wire(healthy_pair) as wire:
        assert len(names("@")) == 6
        assert names("@", **{"$filter": "atScope()"}) == []
        assert names("@/resourceGroups/rg-fraud-w") == ["keep-group"]
        assert names(WORKSPACE) == ["keep-workspace"]
        assert len(names("@/resourceGroups/rg-fraud-e")) == 5
        assert names("@/resourceGroups/rg-fraud-e", **{"$filter": "atScope()"}) == []
        vault = "@/resourceGroups/rg-fraud-w/providers/Microsoft.KeyVault/vaults/kv-fraud-w"
        assert names(vault) == ["keep-group"]
        assert names(vault, **{"$filter": "atScope()"}) == ["keep-group"]


# --- roles -------------------------------------------------------------------------------------------


def test_roles_and_permissions(fresh_azure):
    endpoint = fresh_azure("lonely-workspace")
    roles = "@/resourceGroups/rg-lonely/providers/Microsoft.Authorization/roleAssignments"
    principal = str(uuid.uuid4())
    body = {"properties": {"roleDefinitionId": "/x", "principalId": principal}}
    with Wire(endpoint) as wire:
        assert wire.get(roles, "2022-04-01")["value"] == []
        one = f"{roles}/{uuid.uuid4()}"
        assert wire.ask("PUT", one, "2022-04-01", body=body).status_code == 201
        again = wire.ask("PUT", one, "2022-04-01", body=body)
        assert code(again) == (409, "RoleAssignmentExists")
        assert len(wire.get(VAULT + roles[26:], "2022-04-01")["value"]) == 1  # inherited
        wanted = {"$filter": f"principalId eq '{principal}'"}
        assert len(wire.get(roles, "2022-04-01", **wanted)["value"]) == 1
        other = {"$filter": f"assignedTo('{uuid.uuid4()}')"}
        assert wire.get(roles, "2022-04-01", **other)["value"] == []
        held = wire.get(
            "@/resourceGroups/rg-lonely/providers/Microsoft.Authorization/permissions",
            "2022-04-01",
        )["value"]
    assert held[0]["actions"] == ["*"]


def test_the_revision_stands_still_while_things_are_read(fresh_azure):
    endpoint = fresh_azure("lonely-workspace")
    before = revision(endpoint)
    with resource_client(endpoint) as client:
        list(client.resources.list())
        with pytest.raises(HttpResponseError):
            client.resources.get_by_id(full(endpoint, VAULT) + "x", api_version="2023-07-01")
    assert revision(endpoint) == before


def test_the_control_endpoint_wants_its_token(healthy_pair):
    with Wire(healthy_pair) as wire:
        answer = wire.ask("GET", "/_simulator/world", None)
    assert answer.status_code == 401
    with pytest.raises(process.SimulatorError, match="400"):
        process.control(healthy_pair, "POST", "/faults", {"kind": "dark", "regoin": "eastus"})
