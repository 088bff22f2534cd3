"""A service that a connection names as text is found in the subscription, read, and judged with the connection."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources

import pytest

from amlrunbook.assessment import assess
from amlrunbook.azure.inventory import take_snapshot
from tests.simulator.azure_here import AzureHere, azure_running

CONNECTION = """
[[world.resources]]
type = "Microsoft.MachineLearningServices/workspaces/connections"
group = "rg-fraud-e"
name = "aml-fraud-e/{name}"
properties = {{ category = "{category}", target = "{target}", authType = "ManagedIdentity" }}
"""
WORLD = """
[[world.resources]]
type = "Microsoft.Sql/servers"
group = "rg-fraud-e"
name = "sql-a"
properties = { fullyQualifiedDomainName = "sql-a.database.windows.net" }

[[world.resources]]
type = "Microsoft.Sql/servers"
group = "rg-fraud-w"
name = "sql-b"

[[world.resources]]
type = "Microsoft.Sql/servers/failoverGroups"
group = "rg-fraud-e"
name = "sql-a/fog"
[world.resources.properties]
readWriteEndpoint = { failoverPolicy = "Manual" }
partnerServers = [{ id = "@/resourceGroups/rg-fraud-w/providers/Microsoft.Sql/servers/sql-b" }]

[[world.resources]]
type = "Microsoft.DocumentDB/databaseAccounts"
group = "rg-fraud-e"
name = "cosmos-a"
[world.resources.properties]
databaseAccountOfferType = "Standard"
locations = [{ locationName = "East US", failoverPriority = 0 }]
"""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureHere]:
    folder = tmp_path_factory.mktemp("named")
    packed = resources.files("amlrunbook.simulator") / "scenarios" / "healthy-pair.toml"
    named = (
        ("by-listener", "AzureSqlDb", "fog.database.windows.net"),
        ("by-server", "AzureSqlDb", "jdbc:sqlserver://sql-a.database.windows.net:1433;database=d"),
        ("cosmos", "CosmosDb", "https://cosmos-a.documents.azure.com:443/"),
        ("elsewhere", "AzureMySqlDb", "orders.mysql.database.azure.com"),
        ("web", "Git", "https://example.com/x"),
    )
    rows = "".join(CONNECTION.format(name=n, category=c, target=t) for n, c, t in named)
    file = folder / "named.toml"
    file.write_text(packed.read_text("utf-8") + WORLD + rows, "utf-8")
    with azure_running(folder, str(file)) as azure:
        yield azure


def test_what_connections_name_is_read_and_judged(here: AzureHere) -> None:
    taken = take_snapshot(here.gateway(), here.profile)
    assert [document.key for document in taken.unread] == []
    found = assess(taken.snapshot.inventory, here.profile, taken_at=taken.snapshot.taken_at)
    judged = {(f.check, f.resource.rsplit("/", 1)[-1]): f.verdict.value for f in found}
    assert {
        (check, name): verdict
        for (check, name), verdict in judged.items()
        if check in ("connection.target-known", "connection.names-listener")
    } == {
        ("connection.target-known", "by-listener"): "pass",
        ("connection.target-known", "by-server"): "pass",
        ("connection.target-known", "cosmos"): "pass",
        ("connection.target-known", "elsewhere"): "warn",
        ("connection.target-known", "web"): "not-applicable",
        ("connection.names-listener", "by-listener"): "pass",
        ("connection.names-listener", "by-server"): "fail",
        ("connection.names-listener", "cosmos"): "not-applicable",
        ("connection.names-listener", "elsewhere"): "not-applicable",
        ("connection.names-listener", "web"): "not-applicable",
    }
    assert judged["cosmos.regions", "cosmos-a"] == "fail"
    assert judged["sql.group-partner", "fog"] == "pass"
