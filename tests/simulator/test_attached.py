"""What a workspace attaches: stopped, failed over, promoted, deleted and brought back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from amlrunbook.simulator.endpoint import Endpoint
from tests.simulator.blob_world import advance
from tests.simulator_fixtures import Wire, add_fault, clear_faults, running, set_pace

WORLD = Path(__file__).resolve().parent / "attached_world.toml"
A, B = "@/resourceGroups/rg-a/providers", "@/resourceGroups/rg-b/providers"
AKS, AKS_API = f"{B}/Microsoft.ContainerService/managedClusters", "2026-08-01"
SQL_A, SQL_B = f"{A}/Microsoft.Sql/servers/sql-a", f"{B}/Microsoft.Sql/servers/sql-b"
SQL_API = "2025-01-01"
PG, PG_API = "Microsoft.DBforPostgreSQL/flexibleServers", "2026-10-01"
MY, MY_API = "Microsoft.DBforMySQL/flexibleServers", "2024-12-30"
COSMOS, COSMOS_API = f"{A}/Microsoft.DocumentDB/databaseAccounts/cosmos-a", "2026-03-15"


class Attached(Wire):
    """Bare HTTPS, and operations followed to their end."""

    def do(
        self, method: str, path: str, version: str, body: Any = None, **query: str
    ) -> dict[str, Any]:
        """Send a change, follow its operation; return ``{status, error}`` of the end."""
        answer = self.ask(method, path, version, body=body, **query)
        assert answer.status_code in {200, 201, 202, 204}, answer.text
        status = answer.headers.get("Azure-AsyncOperation")
        if status:
            found: dict[str, Any] = self.get(status, None)
            return found
        where = answer.headers.get("Location")
        if where:
            last = self.ask("GET", where, None)
            if last.status_code >= 400:
                return {"status": "Failed", **last.json()}
        return {"status": "Succeeded"}

    def refused(self, method: str, path: str, version: str, body: Any = None) -> str:
        """Send what is refused; return the code."""
        answer = self.ask(method, path, version, body=body)
        assert answer.status_code >= 400, answer.text
        return str(answer.json()["error"]["code"])

    def properties(self, path: str, version: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(path, version)["properties"]
        return found

    def full(self, path: str) -> str:
        return f"/subscriptions/{self.endpoint.subscription_id}{path[1:]}"


@pytest.fixture(scope="module")
def azure(tmp_path_factory) -> Iterator[Endpoint]:
    with running(tmp_path_factory.mktemp("attached") / "azure", WORLD) as endpoint:
        set_pace(endpoint, polls=0)
        yield endpoint


@pytest.fixture
def wire(azure) -> Iterator[Attached]:
    """Each test leaves the world well, and works on resources of its own."""
    with Attached(azure) as bare:
        yield bare
    clear_faults(azure)


def dark(azure: Endpoint, region: str = "eastus") -> None:
    add_fault(azure, kind="dark", plane="data", region=region)


# Kubernetes


def test_a_stopped_cluster_can_only_be_started(wire):
    cluster = f"{AKS}/aks-b"
    body = {"location": "westus", "properties": {}}
    pool = {"properties": {"count": 5}}
    assert wire.properties(cluster, AKS_API)["powerState"] == {"code": "Stopped"}
    assert wire.refused("PUT", cluster, AKS_API, body) == "OperationNotAllowed"
    assert wire.refused("PUT", f"{cluster}/agentPools/system", AKS_API, pool)
    assert wire.do("POST", f"{cluster}/start", AKS_API)["status"] == "Succeeded"
    assert wire.properties(cluster, AKS_API)["powerState"] == {"code": "Running"}
    assert wire.do("PUT", f"{cluster}/agentPools/system", AKS_API, pool)["status"] == "Succeeded"
    (profile,) = wire.properties(cluster, AKS_API)["agentPoolProfiles"]
    assert (profile["name"], profile["count"], profile["powerState"]["code"]) == (
        "system",
        5,
        "Running",
    )
    assert wire.do("POST", f"{cluster}/stop", AKS_API)["status"] == "Succeeded"


def test_a_start_fails_where_there_is_no_capacity(wire):
    ended = wire.do("POST", f"{AKS}/aks-full/start", AKS_API)
    assert ended["error"]["code"] == "AllocationFailed"
    assert wire.properties(f"{AKS}/aks-full", AKS_API)["powerState"] == {"code": "Stopped"}


def test_extensions_of_a_cluster_and_the_heartbeat_of_arc(azure, wire):
    cluster = AKS.replace("rg-b", "rg-a") + "/aks-a"
    (found,) = wire.get(
        f"{cluster}/providers/Microsoft.KubernetesConfiguration/extensions", "2023-05-01"
    )["value"]
    assert found["properties"]["extensionType"] == "microsoft.azureml.kubernetes"
    arc = f"{A}/Microsoft.Kubernetes/connectedClusters/arc-a"
    assert wire.properties(arc, "2026-05-01")["connectivityStatus"] == "Connected"
    dark(azure)
    assert wire.properties(arc, "2026-05-01")["connectivityStatus"] == "Offline"


def test_secrets_never_come_back(wire):
    hdi = wire.get(f"{A}/Microsoft.HDInsight/clusters/hdi-a", "2021-06-01")
    (account,) = hdi["properties"]["storageProfile"]["storageaccounts"]
    assert "key" not in account
    body = {"location": "eastus", "properties": {"administratorLoginPassword": "Sesame-1"}}
    for path, version in (
        (f"{A}/Microsoft.Sql/servers/sql-new", SQL_API),
        (f"{A}/{PG}/pg-new", PG_API),
        (f"{A}/{MY}/my-new", MY_API),
    ):
        wire.do("PUT", path, version, body)
        assert "Sesame-1" not in wire.ask("GET", path, version).text
        wire.do("DELETE", path, version)


# Azure SQL

FOG_A, FOG_B = f"{SQL_A}/failoverGroups/fog", f"{SQL_B}/failoverGroups/fog"


def roles(wire: Attached) -> tuple[str, str, str]:
    """The group's role at a and at b, and the role of a's database's link."""
    (link,) = wire.get(f"{SQL_A}/databases/orders/replicationLinks", SQL_API)["value"]
    groups = [wire.properties(path, SQL_API) for path in (FOG_A, FOG_B)]
    for group in groups:
        assert group["partnerServers"][0]["replicationRole"] != group["replicationRole"]
    return groups[0]["replicationRole"], groups[1]["replicationRole"], link["properties"]["role"]


def test_a_failover_group_swaps_roles_in_both_servers(azure, wire):
    assert roles(wire) == ("Primary", "Secondary", "Primary")
    assert wire.refused("POST", f"{FOG_A}/failover", SQL_API) == "FailoverGroupAlreadyPrimary"
    assert wire.do("POST", f"{FOG_B}/failover", SQL_API)["status"] == "Succeeded"
    assert roles(wire) == ("Secondary", "Primary", "Secondary")
    assert wire.refused("PATCH", FOG_A, SQL_API, {"tags": {}}) == "FailoverGroupNotPrimary"
    assert wire.do("POST", f"{FOG_A}/failover", SQL_API)["status"] == "Succeeded"


@pytest.mark.parametrize("way", ["forceFailoverAllowDataLoss", "tryPlannedBeforeForcedFailover"])
def test_in_the_dark_only_a_forced_failover_goes_through(azure, wire, way):
    dark(azure)
    assert wire.properties(FOG_B, SQL_API)["replicationState"] == "SUSPENDED"
    ended = wire.do("POST", f"{FOG_B}/failover", SQL_API)
    assert ended["error"]["code"] == "PlannedFailoverFailed"
    assert wire.properties(FOG_B, SQL_API)["replicationRole"] == "Secondary"
    assert wire.do("POST", f"{FOG_B}/{way}", SQL_API)["status"] == "Succeeded"
    assert roles(wire) == ("Secondary", "Primary", "Secondary")
    clear_faults(azure)
    assert wire.properties(FOG_B, SQL_API)["replicationState"] == "CATCH_UP"
    assert wire.do("POST", f"{FOG_A}/failover", SQL_API)["status"] == "Succeeded"


def test_a_geo_replica_is_seeded_and_takes_over(azure, wire):
    source = wire.full(f"{SQL_A}/databases/alone")
    body = {
        "location": "westus",
        "properties": {"createMode": "Secondary", "sourceDatabaseId": source},
    }
    replica = f"{SQL_B}/databases/alone"
    assert wire.do("PUT", replica, SQL_API, body)["status"] == "Succeeded"
    (link,) = wire.get(f"{replica}/replicationLinks", SQL_API)["value"]
    assert link["properties"]["replicationState"] == "SEEDING"
    path = f"{replica}/replicationLinks/{link['name']}"
    assert wire.do("POST", f"{path}/failover", SQL_API)["status"] == "Failed"
    advance(azure, 31)
    assert wire.properties(path, SQL_API)["replicationState"] == "CATCH_UP"
    assert wire.do("POST", f"{path}/failover", SQL_API)["status"] == "Succeeded"
    assert wire.properties(path, SQL_API)["role"] == "Primary"
    other = f"{SQL_A}/databases/alone/replicationLinks/{link['name']}"
    assert wire.properties(other, SQL_API)["role"] == "Secondary"
    wire.do("DELETE", replica, SQL_API)
    assert wire.get(f"{SQL_A}/replicationLinks", SQL_API)["value"][0]["name"] != link["name"]


def test_a_dropped_database_comes_back_on_its_server(azure, wire):
    wire.do("PUT", f"{SQL_A}/databases/gone", SQL_API, {"location": "eastus"})
    wire.do("DELETE", f"{SQL_A}/databases/gone", SQL_API)
    (dropped,) = wire.get(f"{SQL_A}/restorableDroppedDatabases", SQL_API)["value"]
    assert dropped["properties"]["databaseName"] == "gone"
    assert wire.get(dropped["id"], SQL_API)["name"] == dropped["name"]

    def back(server: str, source: str) -> dict[str, Any]:
        location = "eastus" if server == SQL_A else "westus"
        properties = {"createMode": "Restore", "restorableDroppedDatabaseId": source}
        return {"location": location, "properties": properties}

    for server, source in ((SQL_B, dropped["id"]), (SQL_A, dropped["id"] + "1")):
        code = wire.refused("PUT", f"{server}/databases/back", SQL_API, back(server, source))
        assert code == "RestorableDroppedDatabaseNotFound"
    wire.do("PUT", f"{SQL_A}/databases/back", SQL_API, back(SQL_A, dropped["id"]))
    assert wire.properties(f"{SQL_A}/databases/back", SQL_API)["status"] == "Online"
    advance(azure, 8 * 86_400)
    assert wire.get(f"{SQL_A}/restorableDroppedDatabases", SQL_API)["value"] == []


def test_a_geo_restore_needs_geo_redundant_backups_and_not_the_region(azure, wire):
    local = {"location": "eastus", "properties": {"requestedBackupStorageRedundancy": "Local"}}
    wire.do("PUT", f"{SQL_A}/databases/local", SQL_API, local)
    dark(azure)
    known = [one["name"] for one in wire.get(f"{SQL_A}/recoverableDatabases", SQL_API)["value"]]
    assert "orders" in known
    assert "local" not in known
    for name, works in (("orders", True), ("local", False)):
        source = wire.full(f"{SQL_A}/recoverableDatabases/{name}")
        properties = {"createMode": "Recovery", "recoverableDatabaseId": source}
        body = {"location": "westus", "properties": properties}
        path = f"{SQL_B}/databases/geo-{name}"
        if works:
            assert wire.do("PUT", path, SQL_API, body)["status"] == "Succeeded"
        else:
            assert wire.refused("PUT", path, SQL_API, body) == "RecoverableDatabaseNotFound"


def test_a_long_term_backup_is_restored_to_any_server(wire):
    where = "@/providers/Microsoft.Sql/locations/eastus/longTermRetentionBackups"
    (backup,) = wire.get(where, SQL_API, databaseState="Live")["value"]
    assert wire.get(where, SQL_API, databaseState="Deleted")["value"] == []
    properties = {
        "createMode": "RestoreLongTermRetentionBackup",
        "longTermRetentionBackupResourceId": backup["id"] + "x",
    }
    body = {"location": "westus", "properties": properties}
    path = f"{SQL_B}/databases/old"
    assert wire.refused("PUT", path, SQL_API, body) == "LongTermRetentionBackupNotFound"
    properties["longTermRetentionBackupResourceId"] = backup["id"]
    assert wire.do("PUT", path, SQL_API, body)["status"] == "Succeeded"
    assert wire.properties(path, SQL_API)["status"] == "Online"


@pytest.mark.parametrize("way", ["PUT", "recover"])
def test_a_deleted_server_comes_back_where_it_was_set_up_before(wire, way):
    for name, days in (("sql-kept", 3), ("sql-lost", 0)):
        path = f"{A}/Microsoft.Sql/servers/{name}"
        wire.do("PUT", path, SQL_API, {"location": "eastus", "properties": {"retentionDays": days}})
        wire.do("PUT", f"{path}/databases/inside", SQL_API, {"location": "eastus"})
        wire.do("DELETE", path, SQL_API)
    deleted = wire.get("@/providers/Microsoft.Sql/locations/eastus/deletedServers", SQL_API)
    (gone,) = [one for one in deleted["value"] if one["name"] == "sql-kept"]
    assert all(one["name"] != "sql-lost" for one in deleted["value"])
    path = f"{A}/Microsoft.Sql/servers/sql-kept"
    if way == "PUT":
        body = {"location": "eastus", "properties": {"createMode": "Restore"}}
        wire.do("PUT", path, SQL_API, body)
        lost = path.replace("kept", "lost")
        assert wire.refused("PUT", lost, SQL_API, body) == "DeletedServerNotFound"
    else:
        wire.do("POST", f"{gone['id']}/recover", SQL_API)
    assert wire.properties(f"{path}/databases/inside", SQL_API)["status"] == "Online"
    wire.do("DELETE", path, SQL_API)


# PostgreSQL

PG_A, PG_B = f"{A}/{PG}/pg-a", f"{B}/{PG}/pg-b"


def promotion(mode: str, option: str, source: str | None = None) -> dict[str, Any]:
    role = "Primary" if mode == "Switchover" else "None"
    replica = {"role": role, "promoteMode": mode, "promoteOption": option}
    return {
        "properties": {"replica": replica, **({"sourceServerResourceId": source} if source else {})}
    }


def test_a_switchover_swaps_roles_and_moves_the_virtual_endpoint(azure, wire):
    a, b = wire.full(PG_A), wire.full(PG_B)
    plain = promotion("Switchover", "Planned")
    assert wire.refused("PATCH", PG_B, PG_API, plain) == "MissingRequiredParameter"
    assert wire.refused("PATCH", PG_A, PG_API, promotion("Switchover", "Planned", b)) == (
        "ServerIsNotReplica"
    )
    (replica,) = wire.get(f"{PG_A}/replicas", PG_API)["value"]
    assert replica["properties"]["replica"]["replicationState"] == "Active"
    dark(azure)
    assert wire.properties(PG_B, PG_API)["replica"]["replicationState"] == "Broken"
    planned = promotion("Switchover", "Planned", a)
    assert wire.refused("PATCH", PG_B, PG_API, planned) == "ServerNotReady"
    forced = promotion("Switchover", "Forced", a)
    assert wire.do("PATCH", PG_B, PG_API, forced)["status"] == "Succeeded"
    clear_faults(azure)
    assert wire.properties(PG_B, PG_API)["replica"]["role"] == "Primary"
    old = wire.properties(PG_A, PG_API)
    assert (old["replica"]["role"], old["sourceServerResourceId"]) == ("GeoAsyncReplica", b)
    assert old["highAvailability"]["mode"] == "Disabled"
    assert wire.get(f"{PG_A}/virtualEndpoints", PG_API)["value"] == []
    (endpoint,) = wire.get(f"{PG_B}/virtualEndpoints", PG_API)["value"]
    assert endpoint["properties"]["members"] == ["pg-a"]
    # back, by an api-version that does not want the source yet
    assert wire.do("PATCH", PG_A, "2025-08-01", plain)["status"] == "Succeeded"
    assert wire.properties(PG_A, PG_API)["replica"]["role"] == "Primary"


def test_a_planned_switchover_wants_equal_servers_and_a_virtual_endpoint(wire):
    replica = {"createMode": "Replica", "sourceServerResourceId": wire.full(PG_A)}
    path = f"{B}/{PG}/pg-c"
    wire.do("PUT", path, PG_API, {"location": "westus", "properties": replica})
    planned = promotion("Switchover", "Planned", wire.full(PG_A))
    assert wire.refused("PATCH", path, PG_API, planned) == "VirtualEndpointRequired"
    sku = {"sku": {"name": "Standard_D4ds_v5", "tier": "GeneralPurpose"}}
    before = wire.get(PG_B, PG_API)["sku"]
    wire.do("PATCH", PG_B, PG_API, sku)
    assert wire.refused("PATCH", PG_B, PG_API, planned) == "ServersNotSymmetric"
    wire.do("PATCH", PG_B, PG_API, {"sku": before})
    alone = promotion("Standalone", "Forced", wire.full(PG_A))
    assert wire.do("PATCH", path, PG_API, alone)["status"] == "Succeeded"
    assert "sourceServerResourceId" not in wire.properties(path, PG_API)
    assert len(wire.get(f"{PG_A}/replicas", PG_API)["value"]) == 1


def test_a_dropped_postgres_server_is_revived_under_another_name(azure, wire):
    path = f"{A}/{PG}/pg-gone"
    wire.do("PUT", path, PG_API, {"location": "eastus", "properties": {}})
    wire.do("DELETE", path, PG_API)
    assert wire.ask("GET", path, PG_API).status_code == 404
    properties = {"createMode": "ReviveDropped", "sourceServerResourceId": wire.full(path)}
    body = {"location": "eastus", "properties": properties}
    back = f"{A}/{PG}/pg-back"
    assert wire.refused("PUT", path, "2025-08-01", body) == "ServerNameAlreadyExists"
    assert wire.refused("PUT", back, PG_API, body) == "GatewayTimeout"
    assert wire.do("PUT", back, "2025-08-01", body)["status"] == "Succeeded"
    found = wire.properties(back, PG_API)
    assert (found["state"], found["replica"]["role"]) == ("Ready", "Primary")
    advance(azure, 5 * 86_400 + 1)
    assert wire.refused("PUT", back + "2", "2025-08-01", body) == "SourceServerNotFound"


@pytest.mark.parametrize(("type_", "version"), [(PG, PG_API), (MY, MY_API)])
@pytest.mark.parametrize("mode", ["Replica", "PointInTimeRestore", "GeoRestore"])
def test_a_server_made_from_another_has_to_name_it(wire, type_, version, mode):
    path, properties = f"{A}/{type_}/from-nothing", {"createMode": mode}
    body = {"location": "eastus", "properties": properties}
    assert wire.refused("PUT", path, version, body) == "MissingRequiredParameter"
    properties["sourceServerResourceId"] = wire.full(f"{A}/{type_}/never-there")
    assert wire.refused("PUT", path, version, body) == "SourceServerNotFound"


@pytest.mark.parametrize(
    ("type_", "source", "version"), [(PG, "pg-a", PG_API), (MY, "my-a", MY_API)]
)
def test_a_geo_restore_goes_through_while_the_source_is_dark(azure, wire, type_, source, version):
    dark(azure)
    properties: dict[str, Any] = {
        "createMode": "GeoRestore",
        "sourceServerResourceId": wire.full(f"{A}/{type_}/{source}"),
        "backup": {"geoRedundantBackup": "Enabled"},
    }
    path, body = f"{B}/{type_}/geo", {"location": "westus", "properties": properties}
    assert wire.refused("PUT", path, version, body) == "GeoBackupPartnerUnavailable"
    properties["backup"]["geoRedundantBackup"] = "Disabled"
    assert wire.do("PUT", path, version, body)["status"] == "Succeeded"
    assert "sourceServerResourceId" not in wire.properties(path, version)


# MySQL


def test_a_mysql_replica_stands_alone_for_good(azure, wire):
    source, replica = f"{A}/{MY}/my-a", f"{B}/{MY}/my-b"
    assert wire.properties(source, MY_API)["replicationRole"] == "Source"
    assert len(wire.get(f"{source}/replicas", MY_API)["value"]) == 1
    dark(azure)
    alone = {"properties": {"replicationRole": "None"}}
    assert wire.do("PATCH", replica, MY_API, alone)["status"] == "Succeeded"
    found = wire.properties(replica, MY_API)
    assert (found["replicationRole"], "sourceServerResourceId" in found) == ("None", False)
    again = {"properties": {"replicationRole": "Replica"}}
    assert wire.refused("PATCH", replica, MY_API, again) == "InvalidReplicationRole"
    assert wire.properties(source, MY_API)["replicationRole"] == "None"


def test_a_deleted_mysql_server_is_restored_by_its_id(wire):
    path = f"{A}/{MY}/my-gone"
    wire.do("PUT", path, MY_API, {"location": "eastus", "properties": {}})
    at = wire.get(path, MY_API)["systemData"]["createdAt"]
    advance(wire.endpoint, 60)
    wire.do("DELETE", path, MY_API)
    properties = {"createMode": "PointInTimeRestore", "sourceServerResourceId": wire.full(path)}
    late = {**properties, "restorePointInTime": "2999-01-01T00:00:00Z"}
    body = {"location": "eastus", "properties": late}
    assert wire.refused("PUT", path, MY_API, body) == "InvalidRestorePointInTime"
    body["properties"] = {**properties, "restorePointInTime": at}
    assert wire.do("PUT", path, MY_API, body)["status"] == "Succeeded"
    assert wire.properties(path, MY_API)["state"] == "Ready"


# Cosmos DB


def order(wire: Attached) -> list[str]:
    return [one["locationName"] for one in wire.properties(COSMOS, COSMOS_API)["locations"]]


def policies(*regions: str) -> dict[str, Any]:
    return {
        "failoverPolicies": [
            {"locationName": region, "failoverPriority": n} for n, region in enumerate(regions)
        ]
    }


def test_the_order_of_regions_is_changed_in_good_times_only(azure, wire):
    change = f"{COSMOS}/failoverPriorityChange"
    assert order(wire) == ["East US", "West US"]
    for wrong in (policies("West US"), policies("West US", "North Europe"), {}):
        assert wire.refused("POST", change, COSMOS_API, wrong) == "BadRequest"
    swap = policies("West US", "East US")
    automatic = {"properties": {"enableAutomaticFailover": True}}
    wire.do("PATCH", COSMOS, COSMOS_API, automatic)
    assert wire.refused("POST", change, COSMOS_API, swap) == "BadRequest"
    automatic["properties"]["enableAutomaticFailover"] = False
    wire.do("PATCH", COSMOS, COSMOS_API, automatic)
    dark(azure)
    assert wire.refused("POST", change, COSMOS_API, swap) == "PreconditionFailed"
    clear_faults(azure)
    assert wire.do("POST", change, COSMOS_API, swap)["status"] == "Succeeded"
    assert order(wire) == ["West US", "East US"]
    wire.do("POST", change, COSMOS_API, policies("East US", "West US"))


def test_a_dark_region_is_taken_offline(azure, wire):
    dark(azure)
    for wrong in ("eastus", "North Europe"):
        assert wire.refused("POST", f"{COSMOS}/offlineRegion", COSMOS_API, {"region": wrong})
    gone = {"region": "East US"}
    assert wire.do("POST", f"{COSMOS}/offlineRegion", COSMOS_API, gone)["status"] == "Succeeded"
    found = wire.properties(COSMOS, COSMOS_API)
    assert [one["locationName"] for one in found["writeLocations"]] == ["West US"]
    assert [one["locationName"] for one in found["readLocations"]] == ["West US"]
    assert order(wire) == ["West US", "East US"]
    last = {"region": "West US"}
    assert wire.refused("POST", f"{COSMOS}/offlineRegion", COSMOS_API, last) == "BadRequest"
    assert wire.refused("POST", f"{COSMOS}/onlineRegion", COSMOS_API, gone) == "PreconditionFailed"
    clear_faults(azure)
    wire.do("POST", f"{COSMOS}/onlineRegion", COSMOS_API, gone)
    wire.do("POST", f"{COSMOS}/failoverPriorityChange", COSMOS_API, policies("East US", "West US"))
    assert len(wire.properties(COSMOS, COSMOS_API)["readLocations"]) == 2


def test_a_deleted_account_is_restored_into_a_new_one(wire):
    path = f"{A}/Microsoft.DocumentDB/databaseAccounts/cosmos-gone"
    body: dict[str, Any] = {
        "location": "eastus",
        "properties": {
            "databaseAccountOfferType": "Standard",
            "locations": [{"locationName": "East US", "failoverPriority": 0}],
            "backupPolicy": {"type": "Continuous"},
        },
    }
    wire.do("PUT", path, COSMOS_API, body)
    at = wire.get(path, COSMOS_API)["systemData"]["createdAt"]
    advance(wire.endpoint, 60)
    wire.do("DELETE", path, COSMOS_API)
    known = wire.get("@/providers/Microsoft.DocumentDB/restorableDatabaseAccounts", COSMOS_API)
    (gone,) = [one for one in known["value"] if one["properties"].get("deletionTime")]
    assert wire.get(gone["id"], COSMOS_API)["properties"]["accountName"] == "cosmos-gone"
    body["properties"] |= {
        "createMode": "Restore",
        "restoreParameters": {"restoreSource": gone["id"] + "x", "restoreTimestampInUtc": at},
    }
    back = path.replace("gone", "back")
    assert wire.refused("PUT", back, COSMOS_API, body) == "NotFound"
    body["properties"]["restoreParameters"]["restoreSource"] = gone["id"]
    body["properties"]["locations"] = [{"locationName": "West US"}]
    assert wire.refused("PUT", back, COSMOS_API, body) == "BadRequest"
    body["properties"]["locations"] = [{"locationName": "East US"}]
    assert wire.do("PUT", back, COSMOS_API, body)["status"] == "Succeeded"
    keys = wire.ask("POST", f"{back}/listKeys", COSMOS_API).json()
    assert len(set(keys.values())) == 4


# How far replicas trail


@pytest.mark.parametrize(
    ("path", "name", "seconds"),
    [
        (PG_B, "physical_replication_delay_in_seconds", 12.0),
        (f"{B}/{MY}/my-b", "replication_lag", 20.0),
        (COSMOS, "ReplicationLatency", 10_000.0),
    ],
)
def test_the_lag_is_a_metric(wire, path, name, seconds):
    where = f"{path}/providers/Microsoft.Insights/metrics"
    found = wire.get(where, "2018-01-01", metricnames=name, aggregation="Maximum")
    (metric,) = found["value"]
    assert metric["timeseries"][0]["data"][-1]["maximum"] == seconds
    assert metric["unit"] == ("MilliSeconds" if path == COSMOS else "Seconds")
    assert wire.refused("GET", f"{where}?metricnames=nonsense", "2018-01-01") == "BadRequest"


def test_a_data_lake_says_whether_it_can_fail_over(azure, wire):
    lake = f"{A}/Microsoft.Storage/storageAccounts/lakea"
    ask = {"$expand": "geoReplicationStats"}
    found = wire.get(lake, "2023-05-01", **ask)["properties"]
    assert found["isHnsEnabled"] is True
    assert found["geoReplicationStats"]["canPlannedFailover"] is True
    dark(azure)
    stats = wire.get(lake, "2023-05-01", **ask)["properties"]["geoReplicationStats"]
    assert (stats["canFailover"], stats["canPlannedFailover"]) == (True, False)
