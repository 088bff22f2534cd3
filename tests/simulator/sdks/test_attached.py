"""azure-mgmt-sql and azure-mgmt-containerservice drive the attached services."""

from __future__ import annotations

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.simulator.sdks.clients import Clients, refused

A, B = "rg-a", "rg-b"


def roles(azure: Clients) -> tuple[str, str]:
    groups = azure.sql.failover_groups
    here = groups.get(A, "sql-a", "fog").replication_role
    there = groups.get(B, "sql-b", "fog").replication_role
    return here.value, there.value


def test_a_failover_group_swaps_its_roles_and_back(attached):
    groups = attached.sql.failover_groups
    assert [g.name for g in groups.list_by_server(A, "sql-a")] == ["fog"]
    assert roles(attached) == ("Primary", "Secondary")
    with refused(400, "FailoverGroupAlreadyPrimary"):
        groups.begin_failover(A, "sql-a", "fog").result()
    groups.begin_failover(B, "sql-b", "fog").result()
    assert roles(attached) == ("Secondary", "Primary")
    groups.begin_failover(A, "sql-a", "fog").result()
    assert roles(attached) == ("Primary", "Secondary")


def test_in_the_dark_only_a_forced_failover_goes_through(attached):
    groups = attached.sql.failover_groups
    with attached.fault(kind="dark", region="eastus"):
        with pytest.raises(HttpResponseError):
            groups.begin_failover(B, "sql-b", "fog").result()
        groups.begin_force_failover_allow_data_loss(B, "sql-b", "fog").result()
        assert groups.get(B, "sql-b", "fog").replication_role == "Primary"
    groups.begin_failover(A, "sql-a", "fog").result()
    assert roles(attached) == ("Primary", "Secondary")


def test_databases_are_listed_made_dropped_and_restored(attached):
    databases, body = attached.sql.databases, {"location": "eastus"}
    assert {"orders", "alone"} <= {d.name for d in databases.list_by_server(A, "sql-a")}
    made = databases.begin_create_or_update(A, "sql-a", "dropped", body).result()
    databases.begin_delete(A, "sql-a", "dropped").result()
    with pytest.raises(ResourceNotFoundError):
        databases.get(A, "sql-a", "dropped")
    dropped = attached.sql.restorable_dropped_databases.list_by_server(A, "sql-a")
    (gone,) = [d for d in dropped if d.database_name == "dropped"]
    again = {**body, "create_mode": "Restore", "restorable_dropped_database_id": gone.id}
    back = databases.begin_create_or_update(A, "sql-a", "back", again).result()
    assert (back.name, made.name) == ("back", "dropped")


def test_clusters_start_and_stop(attached):
    clusters = attached.clusters
    assert {c.name for c in clusters.list()} >= {"aks-a", "aks-b", "aks-full"}
    assert [c.name for c in clusters.list_by_resource_group(A)] == ["aks-a"]
    assert clusters.get(A, "aks-a").power_state.code == "Running"
    clusters.begin_stop(A, "aks-a").result()
    assert clusters.get(A, "aks-a").power_state.code == "Stopped"
    clusters.begin_start(A, "aks-a").result()
    assert clusters.get(A, "aks-a").power_state.code == "Running"


def test_a_cluster_that_does_not_start_says_why(attached):
    with pytest.raises(HttpResponseError) as failed:
        attached.clusters.begin_start(B, "aks-full").result()
    assert failed.value.error.code == "AllocationFailed"
    with pytest.raises(ResourceNotFoundError):
        attached.clusters.get(B, "no-such-cluster")


@pytest.mark.parametrize(
    ("condition", "name"),
    [
        ("properties.fullyQualifiedDomainName =~ 'SQL-A.database.windows.net'", "sql-a"),
        ("properties.fullyQualifiedDomainName =~ 'pg-a.postgres.database.azure.com'", "pg-a"),
        ("properties.fullyQualifiedDomainName =~ 'my-a.mysql.database.azure.com'", "my-a"),
        (
            "properties.documentEndpoint startswith 'https://cosmos-a.documents.azure.com'",
            "cosmos-a",
        ),
        ("isnotempty(properties.workspaceUrl)", "dbx-a"),
    ],
)
def test_a_host_is_looked_up_in_resource_graph(attached, condition, name):
    attached.pass_time(1)
    query = f"resources | where {condition} | project id, name, type"
    assert [row["name"] for row in attached.graph.resources({"query": query}).data] == [name]
