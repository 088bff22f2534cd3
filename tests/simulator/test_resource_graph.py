"""Resource Graph: what queries answer, how they are paged, throttled and refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from azure.core.rest import HttpRequest

from amlrunbook.simulator.graph_index import LEAST_SECONDS, MOST_SECONDS, lag
from tests.simulator.blob_world import advance
from tests.simulator_fixtures import (
    Wire,
    add_fault,
    clear_faults,
    resource_client,
    running,
    set_pace,
)

API = "2024-04-01"
PATH = "/providers/Microsoft.ResourceGraph/resources"
STORAGE = "resources | where type =~ 'Microsoft.Storage/storageAccounts'"


@pytest.fixture
def azure(tmp_path) -> Iterator[Any]:
    with running(tmp_path / "azure") as endpoint:
        yield endpoint


@pytest.fixture
def wire(azure) -> Iterator[Wire]:
    with Wire(azure) as bare:
        yield bare


def ask(wire: Wire, query: str, **options: Any) -> Any:
    answer = wire.ask("POST", PATH, API, body={"query": query, "options": options})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_resources_are_found_and_projected(azure, wire):
    with resource_client(azure) as client:
        request = HttpRequest("POST", f"{PATH}?api-version={API}", json={"query": STORAGE})
        whole = client.send_request(request).json()
    assert whole["count"] == whole["totalRecords"] == len(whole["data"]) > 2
    assert {row["type"] for row in whole["data"]} == {"microsoft.storage/storageaccounts"}
    assert whole["data"][0]["properties"]["primaryEndpoints"]
    query = f"{STORAGE} and sku.name == 'Standard_RAGZRS' | project id, name, tier = sku.tier"
    (one,) = ask(wire, query)["data"]
    assert (one.keys(), one["name"]) == ({"id", "name", "tier"}, "stfrauddata")
    table = ask(wire, f"{query}", resultFormat="table")["data"]
    assert [column["name"] for column in table["columns"]] == ["id", "name", "tier"]


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("location == 'westus' and name startswith 'kv'", {"kv-fraud-w"}),
        ("name in~ ('KV-FRAUD-E', 'kv-fraud-w')", {"kv-fraud-e", "kv-fraud-w"}),
        ("name contains 'FRAUD-E' and type contains 'vaults'", {"kv-fraud-e"}),
        ("name in ('KV-FRAUD-E')", set()),
        ("tolower(name) == 'kv-fraud-e'", {"kv-fraud-e"}),
    ],
)
def test_conditions(wire, condition, names):
    found = ask(wire, f"Resources | where {condition} | project name")["data"]
    assert {row["name"] for row in found} == names


def test_order_limit_and_count(wire):
    total = ask(wire, f"{STORAGE} | count")["data"][0]["Count"]
    names = [r["name"] for r in ask(wire, f"{STORAGE} | project name | order by name asc")["data"]]
    assert names == sorted(names)
    assert len(names) == total
    assert len(ask(wire, f"{STORAGE} | limit 1")["data"]) == 1


def test_pages_need_the_id(wire):
    first = ask(wire, f"{STORAGE} | project id", **{"$top": 1})
    second = ask(wire, f"{STORAGE} | project id", **{"$top": 1, "$skipToken": first["$skipToken"]})
    assert first["data"] != second["data"]
    without = ask(wire, f"{STORAGE} | project name", **{"$top": 1})
    assert "$skipToken" not in without
    assert without["resultTruncated"] == "true"


@pytest.mark.parametrize(
    "query",
    ["securityresources", "resources | join kind=inner (x) on id", "resources | where ???",
     "resources | project strcat(a)"],
)  # fmt: skip
def test_what_is_not_understood_is_refused(wire, query):
    answer = wire.ask("POST", PATH, API, body={"query": query})
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["code"] == "InvalidQuery"


def test_fifteen_queries_in_five_seconds(azure, wire):
    for left in range(14, -1, -1):
        answer = wire.ask("POST", PATH, API, body={"query": "resources | count"})
        if answer.status_code == 429 or answer.headers["x-ms-user-quota-remaining"] == "0":
            break
        assert int(answer.headers["x-ms-user-quota-remaining"]) >= left
    refused = wire.ask("POST", PATH, API, body={"query": "resources | count"})
    while refused.status_code == 200:
        refused = wire.ask("POST", PATH, API, body={"query": "resources | count"})
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert refused.headers["x-ms-user-quota-remaining"] == "0"
    advance(azure, 6.0)
    assert ask(wire, "resources | count")


# --- what it knows, and since when ---------------------------------------------------------------

GROUP = "@/resourceGroups/rg-fraud-e"
ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stlate"
NAMED = f"{STORAGE} and name == 'stlate' | project id, sku.name"


def skus(azure, wire) -> list[str]:
    advance(azure, 1.0)  # the quota of queries is by world seconds
    return [row["sku_name"] for row in ask(wire, NAMED)["data"]]


def change(wire: Wire, sku: str) -> None:
    body = {"location": "eastus", "kind": "StorageV2", "sku": {"name": sku}}
    assert wire.ask("PUT", ACCOUNT, "2023-05-01", body=body).status_code in {200, 202}


def test_a_change_is_seen_after_a_while_and_the_same_while_for_one_seed(azure, wire):
    set_pace(azure, polls=0, seconds=0.0)
    change(wire, "Standard_GRS")
    assert wire.get(ACCOUNT, "2023-05-01")["sku"]["name"] == "Standard_GRS"
    assert skus(azure, wire) == []
    key = ACCOUNT.replace("@", f"/subscriptions/{azure.subscription_id}").lower()
    assert LEAST_SECONDS <= lag(0, key) <= MOST_SECONDS
    advance(azure, lag(0, key) - 1.5)
    assert skus(azure, wire) == ["Standard_GRS"]
    advance(azure, MOST_SECONDS)
    change(wire, "Standard_RAGRS")
    assert skus(azure, wire) == ["Standard_GRS"]
    advance(azure, MOST_SECONDS)
    assert skus(azure, wire) == ["Standard_RAGRS"]
    assert wire.ask("DELETE", ACCOUNT, "2023-05-01").status_code == 200
    assert skus(azure, wire) == ["Standard_RAGRS"]
    advance(azure, MOST_SECONDS)
    assert skus(azure, wire) == []


def test_in_an_outage_it_goes_on_showing_what_was(azure, wire):
    set_pace(azure, polls=0, seconds=0.0)
    change(wire, "Standard_GRS")
    advance(azure, MOST_SECONDS + 1)
    change(wire, "Standard_RAGRS")
    add_fault(azure, kind="dark", plane="control", region="eastus")
    advance(azure, 10 * MOST_SECONDS)
    assert skus(azure, wire) == ["Standard_GRS"]
    clear_faults(azure)
    assert skus(azure, wire) == ["Standard_RAGRS"]


def test_groups_subscriptions_and_health(azure, wire):
    kinds = ask(wire, "resourcecontainers | summarize count() by type | order by type asc")["data"]
    assert [row["type"] for row in kinds] == [
        "microsoft.resources/subscriptions",
        "microsoft.resources/subscriptions/resourcegroups",
    ]
    query = (
        "resources | where type =~ 'Microsoft.KeyVault/vaults' | extend key = tolower(id) "
        "| join kind=inner (healthresources "
        "| where type == 'microsoft.resourcehealth/availabilitystatuses' "
        "| extend key = tolower(properties.targetResourceId), "
        "state = tostring(properties.availabilityState)) on key | project id, name, state"
    )
    found = ask(wire, query)["data"]
    assert {row["name"] for row in found} == {"kv-fraud-e", "kv-fraud-w"}
    assert {row["state"] for row in found} == {"Available"}
    assert ask(wire, "servicehealthresources | count")["data"] == [{"Count": 0}]


def test_service_health_events_are_in_a_table_of_their_own(tmp_path):
    scenario = tmp_path / "event.toml"
    scenario.write_text(
        'format = 1\ntitle = "An event"\ndescription = "An event."\nprofile = {}\n[world]\n'
        'subscriptions = [{ id = "11111111-2222-3333-4444-555555555555", name = "one" }]\n'
        'groups = [{ name = "rg", location = "westeurope" }]\n[[world.events]]\nname = "VN1"\n'
        'eventType = "ServiceIssue"\nstatus = "Active"\ntitle = "Storage"\n'
        'impact = [{ impactedService = "Storage" }, { impactedService = "SQL Database" }]\n',
        encoding="utf-8",
    )
    query = (
        "ServiceHealthResources | where type =~ 'Microsoft.ResourceHealth/events' "
        "| extend kind_ = tostring(properties.EventType), status = properties.Status "
        "| where kind_ == 'ServiceIssue' and status == 'Active' | mv-expand what = properties.Impact "
        "| project id, trackingId = properties.TrackingId, service = what.impactedService"
    )
    with running(tmp_path / "azure", scenario) as endpoint, Wire(endpoint) as wire:
        rows = ask(wire, query)["data"]
    assert [(row["trackingId"], row["service"]) for row in rows] == [
        ("VN1", "Storage"),
        ("VN1", "SQL Database"),
    ]


def test_a_refusal_says_which_word(wire):
    query = "resources\n| where name === 'x'"
    answer = wire.ask("POST", PATH, API, body={"query": query})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "BadRequest")
    assert error["message"].startswith("Please provide below info when asking for support: ")
    invalid, parser = error["details"]
    assert (invalid["code"], parser["code"]) == ("InvalidQuery", "ParserFailure")
    assert (parser["line"], parser["characterPositionInLine"], parser["token"]) == (2, 15, "=")


@pytest.mark.parametrize("top", [0, 1001, "many"])
def test_a_page_has_one_to_a_thousand_rows(wire, top):
    body = {"query": "resources", "options": {"$top": top}}
    assert wire.ask("POST", PATH, API, body=body).status_code == 400


# --- quota ---------------------------------------------------------------------------------------

LOCATION = "@/providers/Microsoft.MachineLearningServices/locations/westus"
ML = (
    "@/resourceGroups/rg-fraud-w/providers/Microsoft.MachineLearningServices/workspaces/aml-fraud-w"
)


def test_quota_is_listed_and_refuses_what_is_too_much(wire):
    rows = wire.get(f"{LOCATION}/usages", "2024-04-01")["value"]
    cores = next(row for row in rows if "DSv2" in row["name"]["localizedValue"])
    quotas = wire.get(f"{LOCATION}/quotas", "2024-04-01")["value"]
    assert cores["limit"] in [row["limit"] for row in quotas]
    sizes = {s["name"]: s for s in wire.get(f"{LOCATION}/vmSizes", "2024-04-01")["value"]}
    size = sizes["Standard_DS3_v2"]
    fitting = (cores["limit"] - cores["currentValue"]) // size["vCPUs"]
    for nodes, status in ((fitting + 1, 400), (fitting, 201)):
        inner = {"vmSize": "STANDARD_DS3_V2", "scaleSettings": {"maxNodeCount": nodes}}
        body = {"properties": {"computeType": "AmlCompute", "properties": inner}}
        answer = wire.ask("PUT", f"{ML}/computes/much", "2024-04-01", body=body)
        assert answer.status_code == status, answer.text
        if status == 400:
            assert answer.json()["error"]["code"] == "ClusterCoreQuotaReached"
