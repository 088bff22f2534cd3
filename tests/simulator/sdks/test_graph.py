"""azure-mgmt-resourcegraph asks the simulated Resource Graph, page after page."""

from __future__ import annotations

from tests.simulator.sdks.clients import refused

ACCOUNTS = "resources | where type =~ 'Microsoft.Storage/storageAccounts'"


def test_pages_by_token(azure):
    graph = azure.graph
    azure.pass_time(6)
    total = graph.resources({"query": f"{ACCOUNTS} | count"}).data[0]["Count"]
    names, token = [], None
    while True:
        options = {"$top": 1, **({"$skipToken": token} if token else {})}
        page = graph.resources({"query": f"{ACCOUNTS} | project id, name", "options": options})
        names += [row["name"] for row in page.data]
        assert (page.count, page.total_records) == (1, total)
        azure.pass_time(1)  # the quota of queries is by world seconds
        if (token := page.skip_token) is None:
            break
    assert len(names) == len(set(names)) == total


def test_only_the_subscriptions_that_are_asked_for(azure):
    azure.pass_time(6)
    asked = [azure.endpoint.subscription_id]
    assert azure.graph.resources({"query": ACCOUNTS, "subscriptions": asked}).count > 0
    other = ["00000000-0000-0000-0000-000000000001"]
    assert azure.graph.resources({"query": ACCOUNTS, "subscriptions": other}).count == 0


def test_what_is_no_query_is_refused_in_the_documented_form(azure):
    azure.pass_time(6)
    with refused(400, "BadRequest") as caught:
        azure.graph.resources({"query": "resources | where ???"})
    assert caught.value.error.details[0].code == "InvalidQuery"
