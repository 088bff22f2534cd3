"""Resource Graph: what queries answer, how they are paged, throttled and refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from azure.core.rest import HttpRequest

from tests.simulator.blob_world import advance
from tests.simulator_fixtures import Wire, resource_client, running

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
