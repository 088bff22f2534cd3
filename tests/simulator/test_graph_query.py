"""The query language of Resource Graph, as far as it is served, on tables made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from amlrunbook.simulator.graph_expression import QueryError
from amlrunbook.simulator.graph_query import Table, run


def resource(name: str, kind: str, region: str, **properties: Any) -> dict[str, Any]:
    return {
        "id": f"/{name}",
        "name": name,
        "type": kind,
        "location": region,
        "tags": {"tier": "gold"} if region == "eastus" else None,
        "properties": properties,
    }


SERVERS = [
    resource("sql-e", "sql/servers", "eastus", fullyQualifiedDomainName="SQL-E.database", cores=8),
    resource("sql-w", "sql/servers", "westus", fullyQualifiedDomainName="sql-w.database", cores=4),
    resource("dbr", "databricks/workspaces", "eastus", workspaceUrl="adb-1.azuredatabricks.net"),
    resource("cosmos", "documentdb/accounts", "westus", documentEndpoint="https://c.documents/"),
]
HEALTH = [
    {"id": "/h1", "properties": {"targetResourceId": "/SQL-E", "availabilityState": "Unavailable"}},
    {"id": "/h2", "properties": {"targetResourceId": "/sql-w", "availabilityState": "Available"}},
]
EVENTS = [
    {
        "id": "/e1",
        "name": "ABC",
        "properties": {"Impact": [{"Region": "eastus"}, {"Region": "westus"}]},
    }
]
TABLES = {
    "resources": Table(("id", "name", "type", "location", "tags", "properties"), SERVERS),
    "healthresources": Table(("id", "properties"), HEALTH),
    "servicehealthresources": Table(("id", "name", "properties"), EVENTS),
}


def ask(query: str) -> list[dict[str, Any]]:
    return run(query, TABLES).rows


def names(query: str) -> list[str]:
    return [row["name"] for row in ask(query)]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("properties.fullyQualifiedDomainName =~ 'sql-e.DATABASE'", ["sql-e"]),
        ("tolower(properties.fullyQualifiedDomainName) == 'sql-e.database'", ["sql-e"]),
        ("properties.workspaceUrl =~ 'adb-1.azuredatabricks.net'", ["dbr"]),
        ("tostring(properties['documentEndpoint']) contains 'c.documents'", ["cosmos"]),
        ("type =~ 'SQL/Servers' and location == 'westus'", ["sql-w"]),
        (
            "location == 'westus' and (name startswith 'sql' or name == 'cosmos')",
            ["sql-w", "cosmos"],
        ),
        ("name !in ('sql-e', 'sql-w') and not(name endswith 's')", ["dbr"]),
        ("name !in~ ('SQL-E', 'SQL-W', 'DBR')", ["cosmos"]),
        ("properties.cores > 4", ["sql-e"]),
        ("properties.cores <= 4 and isnotempty(properties.cores)", ["sql-w"]),
        ("tags.tier == 'gold' and isempty(properties.cores)", ["dbr"]),
        ("name has 'sql' and name !contains 'w'", ["sql-e"]),
        ('name == "it\'s | not a pipe"', []),
    ],
)
def test_where(condition, found):
    assert names(f"Resources | where {condition}") == found


def test_extend_project_order_top_and_distinct():
    rows = ask(
        "resources | extend host = coalesce(properties.fullyQualifiedDomainName, "
        "properties.workspaceUrl), where_ = strcat(name, '@', location) "
        "| where isnotempty(host) | project id, where_, host, cores = toint(properties.cores) "
        "| order by cores desc, where_ asc"
    )
    assert [row["where_"] for row in rows] == ["sql-e@eastus", "sql-w@westus", "dbr@eastus"]
    assert rows[0].keys() == {"id", "where_", "host", "cores"}
    assert names("resources | top 2 by name asc") == ["cosmos", "dbr"]
    assert ask("resources | distinct location") == [{"location": "eastus"}, {"location": "westus"}]
    assert ask("resources | take 1 | project properties.cores") == [{"properties_cores": 8}]
    assert run("resources | project-away properties, tags", TABLES).columns == (
        "id", "name", "type", "location",
    )  # fmt: skip


def test_summarize():
    rows = ask("resources | summarize n = count(), most = max(properties.cores) by location")
    assert rows == [
        {"location": "eastus", "n": 2, "most": 8},
        {"location": "westus", "n": 2, "most": 4},
    ]
    assert ask("resources | where name == 'none' | summarize count()") == [{"count_": 0}]
    assert ask("resources | summarize dcount(type)") == [{"dcount_type": 3}]
    (row,) = ask("resources | summarize make_set(location), countif(location == 'eastus')")
    assert row == {"make_set_location": ["eastus", "westus"], "countif_": 2}
    assert ask("resources | count") == [{"Count": 4}]


def test_join_with_health():
    query = (
        "resources | extend key = tolower(id) | join kind={kind} (healthresources "
        "| extend key = tolower(properties.targetResourceId) "
        "| project key, state = tostring(properties.availabilityState)) on key "
        "| project id, name, state"
    )
    inner = ask(query.format(kind="inner"))
    assert {row["name"]: row["state"] for row in inner} == {
        "sql-e": "Unavailable",
        "sql-w": "Available",
    }
    outer = ask(query.format(kind="leftouter"))
    assert {row["name"]: row["state"] for row in outer if not row["state"]} == {
        "dbr": None,
        "cosmos": None,
    }
    by_names = "resources | join (resources | project id, other = name) on $left.id == $right.id"
    assert run(by_names, TABLES).columns[-2:] == ("id1", "other")


def test_expanding_a_list():
    query = "servicehealthresources | mv-expand one = properties.Impact | project id, one.Region"
    assert [row["one_Region"] for row in ask(query)] == ["eastus", "westus"]


@pytest.mark.parametrize(
    ("query", "paged"),
    [
        ("resources", True),
        ("resources | project name", False),
        ("resources | project id, name", True),
        ("resources | summarize count() by location", False),
        ("resources | summarize count() by id", True),
    ],
)
def test_only_what_has_an_id_is_paged(query, paged):
    assert run(query, TABLES).has_id is paged


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("policyresources", "policyresources"),
        ("resources | where", "<EOF>"),
        ("resources | where name = 'x'", "="),
        ("resources | where nosuch == 1", "nosuch"),
        ("resources | where name matches regex 'x'", "matches"),
        ("resources | project bin(properties.cores, 2)", "bin"),
        ("resources | summarize stdev(properties.cores)", "stdev"),
        ("resources | parse name with x", "parse"),
        ("resources | union healthresources", "union"),
        ("resources | limit many", "many"),
        ("resources | where tolower() == 'x'", "tolower"),
        ("resources | where name == 'x' )", ")"),
        ("resources | where name ; drop", ";"),
        ("resources | join kind=fullouter (resources) on id", "fullouter"),
        ("resources" + " | join (resources) on id" * 4, "("),
        ("", "<EOF>"),
    ],
)
def test_what_is_not_served_is_refused_by_its_word(query, word):
    with pytest.raises(QueryError) as refused:
        run(query, TABLES)
    assert str(refused.value.token) == word
