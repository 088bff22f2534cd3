"""Azure Machine Learning, driven by azure-ai-ml with nothing patched, and by bare HTTPS.

One process talks to one cloud: MLClient keeps the first cloud of a name and sets the environment,
so that all of this shares one simulator and one client.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from amlrunbook.simulator import process
from amlrunbook.simulator.ml_soft_delete import PURGE_SECONDS
from tests.simulator_fixtures import Wire, credential, resource_client, running, set_pace, world

V = "2024-04-01"
ML = "@/resourceGroups/rg-lonely/providers/Microsoft.MachineLearningServices/workspaces/aml-lonely"
ENDPOINT = f"{ML}/onlineEndpoints/forecast-lonely"


@pytest.fixture(scope="module")
def azure(tmp_path_factory):
    with running(tmp_path_factory.mktemp("ml") / "azure", "lonely-workspace") as endpoint:
        yield endpoint


@pytest.fixture
def ml(azure, one_client):
    # The first poll finds an operation done: azure-ai-ml waits long between two.
    set_pace(azure, polls=0, retry_after=1)
    return one_client


@pytest.fixture(scope="module")
def one_client(azure) -> Iterator:
    from azure.ai.ml import MLClient

    base = f"{azure.base_url}/"
    before = os.environ.get("AZUREML_CURRENT_CLOUD")
    with credential(azure) as signed_in:
        yield MLClient(
            signed_in,
            azure.subscription_id,
            "rg-lonely",
            "aml-lonely",
            cloud=f"Simulated{azure.port}",
            cloud_metadata={
                "azure_portal": base,
                "resource_manager": base,
                "active_directory": base,
                "aml_resource_id": base,
                "storage_endpoint": "core.windows.net",
                "registry_discovery_endpoint": base,
            },
            connection_verify=azure.ca_file,
            enable_telemetry=False,
        )
    if before is None:
        os.environ.pop("AZUREML_CURRENT_CLOUD", None)
    else:
        os.environ["AZUREML_CURRENT_CLOUD"] = before


@pytest.fixture
def wire(azure) -> Iterator[Wire]:
    set_pace(azure, polls=1)
    with Wire(azure) as bare:
        yield bare


def code(answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def finish(wire: Wire, answer) -> None:
    """Poll an operation to its end."""
    assert answer.status_code in {200, 201, 202}, answer.text
    where = answer.headers["Location"]
    for _ in range(10):
        if wire.ask("GET", where, None).status_code != 202:
            return
    raise AssertionError(where)


def test_workspaces(ml):
    found = ml.workspaces.get("aml-lonely")
    assert (found.location, found.display_name) == ("eastus", "Demand forecast")
    assert [w.name for w in ml.workspaces.list(scope="subscription")] == ["aml-lonely"]
    with pytest.raises(ResourceNotFoundError):
        ml.workspaces.get("nothing")
    keys = ml.workspaces.get_keys("aml-lonely")
    assert keys.user_storage_key
    assert keys.container_registry_credentials.username == "crlonely"


def test_diagnose_and_key_resync(ml):
    result = ml.workspaces.begin_diagnose("aml-lonely").result()
    assert result.storage_account_results == []
    assert ml.workspaces.begin_sync_keys("aml-lonely").result() is None


def test_computes_and_usage(ml):
    assert sorted(c.name for c in ml.compute.list()) == ["ci-ada", "cpu"]
    assert ml.compute.get("cpu").tier.lower() in {"low_priority", "lowpriority"}
    assert any("Cluster Dedicated" in u.name["localizedValue"] for u in ml.compute.list_usage())


def test_datastores(ml):
    names = {store.name for store in ml.datastores.list()}
    assert names == {
        "workspaceblobstore",
        "workspacefilestore",
        "workspaceartifactstore",
        "workspaceworkingdirectory",
    }
    assert ml.datastores.get_default().account_name == "stlonely"


def test_assets(ml):
    assert [(m.name, m.latest_version) for m in ml.models.list()] == [("forecast", "1")]
    assert [m.version for m in ml.models.list("forecast")] == ["1"]
    assert ml.models.get("forecast", label="latest").version == "1"
    assert ml.environments.get("forecast-env", "1").image.startswith("mcr.microsoft.com/")
    assert list(ml.data.list()) == []
    assert list(ml.components.list()) == []


def test_jobs_schedules_connections_registries(ml):
    assert [j.name for j in ml.jobs.list()] == ["brave_leaf_9"]
    assert ml.jobs.get("brave_leaf_9").status == "Completed"
    assert list(ml.schedules.list()) == []
    assert list(ml.connections.list()) == []
    assert list(ml.registries.list()) == []
    assert list(ml.batch_endpoints.list()) == []


def test_endpoints_and_deployments(ml):
    (found,) = ml.online_endpoints.list()
    assert (found.name, found.traffic) == ("forecast-lonely", {"only": 100})
    (deployment,) = ml.online_deployments.list("forecast-lonely")
    assert (deployment.name, deployment.instance_count) == ("only", 1)


def test_traffic_is_validated(ml):
    endpoint = ml.online_endpoints.get("forecast-lonely")
    endpoint.traffic = {"only": 40}
    with pytest.raises(HttpResponseError, match="40 percent"):
        ml.online_endpoints.begin_create_or_update(endpoint)
    assert ml.online_endpoints.get("forecast-lonely").traffic == {"only": 100}


# --- changes on the wire ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("properties", "says"),
    [
        ({"traffic": {"only": 60}}, "adds up to 60"),
        ({"traffic": {"nobody": 100}}, "'nobody', which does not exist"),
        ({"traffic": {"only": 100}, "mirrorTraffic": {"only": 60}}, "At most 50"),
        ({"traffic": {"only": "all"}}, "percentage"),
        ({"traffic": ["only"]}, "percentage"),
    ],
)
def test_endpoint_puts_that_are_refused(wire, properties, says):
    body = {"location": "eastus", "properties": {"authMode": "Key", **properties}}
    answer = wire.ask("PUT", ENDPOINT, V, body=body)
    assert code(answer) == (400, "BadRequest")
    assert says in answer.json()["error"]["message"]


def test_an_endpoint_patch_changes_no_traffic(wire):
    body = {"tags": {"a": "b"}, "properties": {"traffic": {"only": 0}}}
    finish(wire, wire.ask("PATCH", ENDPOINT, V, body=body))
    found = wire.get(ENDPOINT, V)
    assert found["properties"]["traffic"] == {"only": 100}
    assert found["tags"] == {"a": "b"}


def test_a_new_deployment_takes_traffic_only_when_it_is_ready(wire):
    body = {
        "location": "eastus",
        "sku": {"name": "Default", "capacity": 3},
        "properties": {"endpointComputeType": "Managed", "instanceType": "Standard_DS3_v2"},
    }
    begun = wire.ask("PUT", f"{ENDPOINT}/deployments/green", V, body=body)
    assert begun.status_code == 201
    assert begun.json()["properties"]["provisioningState"] == "Creating"
    assert {"azure-asyncoperation", "location", "retry-after"} <= {h.lower() for h in begun.headers}
    shift = wire.get(ENDPOINT, V)
    shift["properties"]["traffic"] = {"green": 100, "only": 0}
    early = wire.ask("PUT", ENDPOINT, V, body=shift)
    assert code(early) == (400, "BadRequest")
    finish(wire, begun)
    finish(wire, wire.ask("PUT", ENDPOINT, V, body=shift))
    held = wire.ask("DELETE", f"{ENDPOINT}/deployments/green", V)
    assert code(held) == (400, "BadRequest")  # it takes traffic
    finish(wire, wire.ask("DELETE", f"{ENDPOINT}/deployments/only", V))
    assert [d["name"] for d in wire.get(f"{ENDPOINT}/deployments", V)["value"]] == ["green"]
    restore = wire.get(ENDPOINT, V)
    body["sku"]["capacity"] = 1
    finish(wire, wire.ask("PUT", f"{ENDPOINT}/deployments/only", V, body=body))
    restore["properties"]["traffic"] = {"only": 100}
    finish(wire, wire.ask("PUT", ENDPOINT, V, body=restore))
    finish(wire, wire.ask("DELETE", f"{ENDPOINT}/deployments/green", V))


def test_an_instance_stops_and_starts(wire):
    path = f"{ML}/computes/ci-ada"

    def state() -> str:
        return wire.get(path, V)["properties"]["properties"]["state"]

    stopping = wire.ask("POST", f"{path}/stop", V)
    assert stopping.status_code == 202
    assert state() == "Stopping"
    finish(wire, stopping)
    assert state() == "Stopped"
    finish(wire, wire.ask("POST", f"{path}/start", V))
    assert state() == "Running"
    assert code(wire.ask("POST", f"{ML}/computes/cpu/stop", V)) == (400, "BadRequest")


def test_a_compute_is_made_and_deleted_by_the_sdk(ml):
    from azure.ai.ml.entities import AmlCompute

    wanted = AmlCompute(name="extra", size="STANDARD_DS3_V2", max_instances=2)
    made = ml.compute.begin_create_or_update(wanted).result()
    assert made.provisioning_state == "Succeeded"
    ml.compute.begin_delete("extra", action="Delete").result()
    with pytest.raises(ResourceNotFoundError):
        ml.compute.get("extra")


def test_deleting_a_compute_must_say_what_becomes_of_it(wire):
    assert code(wire.ask("DELETE", f"{ML}/computes/cpu", V)) == (400, "BadRequest")


def test_a_version_makes_its_container_and_an_archived_one_is_hidden(wire):
    path = f"{ML}/models/second/versions/4"
    body = {"properties": {"modelUri": "azureml://x", "isArchived": True}}
    assert wire.ask("PUT", path, V, body=body).status_code == 201
    container = wire.get(f"{ML}/models/second", V)["properties"]
    assert (container["latestVersion"], container["nextVersion"]) == ("4", "5")
    versions = f"{ML}/models/second/versions"
    assert wire.get(versions, V)["value"] == []
    assert len(wire.get(versions, V, listViewType="All")["value"]) == 1
    assert wire.ask("DELETE", f"{ML}/models/second", V).status_code == 200


def test_secrets_of_datastores_are_never_shown(azure, wire):
    path = f"{ML}/datastores/keyed"
    secret = "c2VjcmV0LWtleQ=="
    body = {
        "properties": {
            "datastoreType": "AzureBlob",
            "accountName": "stlonely",
            "containerName": "azureml",
            "credentials": {
                "credentialsType": "AccountKey",
                "secrets": {"secretsType": "AccountKey", "key": secret},
            },
        }
    }
    assert secret not in wire.ask("PUT", path, V, body=body).text
    assert secret not in wire.ask("GET", path, V).text
    assert secret not in str(world(azure))
    assert wire.ask("POST", f"{path}/listSecrets", V).json()["key"]
    assert wire.ask("DELETE", path, V).status_code == 200


def test_a_workspace_needs_what_it_stands_on(wire):
    path = ML.replace("aml-lonely", "aml-other")
    body = {"location": "eastus", "properties": {"keyVault": "/nowhere"}}
    assert code(wire.ask("PUT", path, V, body=body)) == (400, "BadRequest")
    moved = wire.get(ML, V)
    moved["properties"]["keyVault"] = moved["properties"]["keyVault"].replace("lonely", "x")
    assert wire.ask("PUT", ML, V, body=moved).status_code == 400


def test_a_workspace_is_soft_deleted_purged_and_made_again(azure, wire):
    path = ML.replace("aml-lonely", "aml-brief")
    like = wire.get(ML, V)["properties"]
    body = {
        "location": "eastus",
        "properties": {k: like[k] for k in ("storageAccount", "keyVault", "applicationInsights")},
    }
    finish(wire, wire.ask("PUT", path, V, body=body))
    stores = wire.get(f"{path}/datastores", V)["value"]
    assert len(stores) == 4
    assert wire.get(path, V)["properties"]["provisioningState"] == "Succeeded"

    deleting = wire.ask("DELETE", path, V)
    assert {"azure-asyncoperation", "location"} <= {h.lower() for h in deleting.headers}
    finish(wire, deleting)
    assert code(wire.ask("GET", path, V)) == (404, "ResourceNotFound")
    again = wire.ask("PUT", path, V, body=body)
    assert code(again) == (400, "BadRequest")
    assert "Soft-deleted workspace exists" in again.text
    assert wire.ask("DELETE", path, V, forceToPurge="true").status_code == 204
    assert wire.ask("PUT", path, V, body=body).status_code == 400  # its name is not free yet
    process.control(azure, "POST", "/clock", {"advance": PURGE_SECONDS})
    finish(wire, wire.ask("PUT", path, V, body=body))
    finish(wire, wire.ask("DELETE", path, V, forceToPurge="true"))


def test_diagnose_tells_what_is_missing(fresh_azure):
    endpoint = fresh_azure("lonely-workspace")
    group = f"/subscriptions/{endpoint.subscription_id}/resourceGroups/rg-lonely"
    with resource_client(endpoint) as client, Wire(endpoint) as wire:
        client.resources.begin_delete_by_id(
            f"{group}/providers/Microsoft.KeyVault/vaults/kv-lonely", api_version="2023-07-01"
        ).result()
        begun = wire.ask("POST", f"{ML}/diagnose", V, body={"value": {}})
        finish(wire, begun)
        result = wire.get(begun.headers["Location"], None)["value"]
    assert [r["level"] for r in result["keyVaultResults"]] == ["Error"]
    assert result["storageAccountResults"] == []


def test_the_discovery_document_needs_no_token(azure, wire):
    where = wire.get(ML, V)["properties"]["discoveryUrl"]
    assert where.startswith(azure.base_url)
    assert wire.ask("GET", where, None, token=None).json()["api"].startswith(azure.base_url)


def test_a_locked_workspace_holds_its_children(fresh_azure):
    endpoint = fresh_azure("healthy-pair")
    group = f"/subscriptions/{endpoint.subscription_id}/resourceGroups/rg-fraud-e/providers"
    compute = (
        f"{group}/Microsoft.MachineLearningServices/workspaces/aml-fraud-e/computes/cpu-cluster"
    )
    with resource_client(endpoint) as client, pytest.raises(ResourceExistsError) as caught:
        client.resources.begin_delete_by_id(
            compute, api_version=V, params={"underlyingResourceAction": "Delete"}
        )
    assert caught.value.error.code == "ScopeLocked"
    assert process.is_alive(endpoint)
