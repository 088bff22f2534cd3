"""Cases in which what a check compares is missing on both sides, or stands where a first look does not find it."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from amlrunbook.assessment import assess
from amlrunbook.model.profile import Profile
from amlrunbook.model.snapshot import Inventory
from tests.unit.assessment.bodies import PRIMARY, SECONDARY, needs_shared, resource, workspace
from tests.unit.assessment.more_rows import MORE_ROWS, PAIR
from tests.unit.assessment.own_rows import (
    DOOR,
    ENDPOINT,
    LAKE,
    ORIGIN,
    ORIGINS,
    OWN_ROWS,
    RG,
    ZONE,
    made,
    zone_group,
)
from tests.unit.assessment.test_one_field import ROWS

WORKSPACE = "Microsoft.MachineLearningServices/workspaces"
BY_CHECK = {row.check: row for row in (*ROWS, *MORE_ROWS, *OWN_ROWS)}


def verdict(
    check: str, documents: list[dict[str, Any]], judged: str, profile: Profile | None = None
) -> str:
    """Return what a check says of a resource."""
    (found,) = [
        f.verdict.value
        for f in assess(Inventory(tuple(documents)), profile)
        if f.check == check and f.resource.lower() == judged.lower()
    ]
    return found


@needs_shared
@pytest.mark.parametrize(
    ("check", "which"),
    [
        ("workspace.dependencies-in-region", 1),
        ("registry.geo-replication", 1),
        ("registry.replica-in-secondary", 1),
        ("insights.logs-in-region", 1),
        *((f"{service}.partner", which) for service in ("aks", "databricks") for which in (0, 1)),
        ("postgres.replica", 0),
        ("postgres.replica", 1),
        ("mysql.replica", 1),
        ("sql.group-partner", 1),
    ],
)
def test_a_place_that_nobody_says_is_no_other_place(check: str, which: int) -> None:
    row = BY_CHECK[check]
    documents = copy.deepcopy(row.around(row.body()))
    judged = row.judged or row.body()["id"]
    assert verdict(check, documents, judged, row.profile) == "pass"
    del documents[which]["location"]
    assert verdict(check, documents, judged, row.profile) == "unknown"


def child(of: str, collection: str, **properties: Any) -> dict[str, Any]:
    """Return a child of a workspace, called ``one``."""
    made_ = resource(f"{of}/{collection}/one", f"{WORKSPACE}/{collection}", **properties)
    return {**made_, "name": "one"}


@pytest.mark.parametrize(
    ("check", "collection", "properties"),
    [
        ("endpoint.auth-parity", "onlineEndpoints", {}),
        ("compute.same-size", "computes", {"computeType": "AmlCompute"}),
        ("compute.capacity-parity", "computes", {"computeType": "AmlCompute"}),
        ("datastore.same-place", "datastores", {}),
        ("datastore.same-place", "datastores", {"datastoreType": "AzureBlob"}),
        ("datastore.same-place", "datastores", {"datastoreType": "AzureBlob", "accountName": "a"}),
        ("datastore.same-place", "datastores", {"datastoreType": "OneLake"}),
    ],
)
def test_two_that_say_nothing_are_not_alike(
    check: str, collection: str, properties: dict[str, Any]
) -> None:
    both = [child(of, collection, **properties) for of in (PRIMARY, SECONDARY)]
    assert verdict(check, [*PAIR, *both], both[0]["id"]) == "unknown"


def test_one_lake_artifacts_of_one_name_are_the_same_place() -> None:
    there = {
        "datastoreType": "OneLake",
        "oneLakeWorkspaceName": "lake",
        "artifact": {"artifactName": "files", "artifactType": "LakeHouse"},
    }
    mine, theirs = child(PRIMARY, "datastores", **there), child(SECONDARY, "datastores", **there)
    assert verdict("datastore.same-place", [*PAIR, mine, theirs], mine["id"]) == "pass"
    theirs["properties"] = {**there, "artifact": {"artifactName": "other"}}
    assert verdict("datastore.same-place", [*PAIR, mine, theirs], mine["id"]) == "warn"


def test_a_default_that_leads_to_no_deployment_fails() -> None:
    endpoint = child(PRIMARY, "batchEndpoints", defaults={"deploymentName": "gone"})
    other = resource(
        f"{endpoint['id']}/deployments/blue", f"{WORKSPACE}/batchEndpoints/deployments"
    )
    assert verdict("endpoint.default-set", [endpoint, other], endpoint["id"]) == "fail"


@pytest.mark.parametrize(
    ("kind", "field", "size"),
    [
        ("AmlCompute", "vmSize", "STANDARD_NC24rs_v3"),
        ("AKS", "agentVmSize", "Standard_NC6"),
        ("VirtualMachine", "virtualMachineSize", "standard_nd24rs"),
    ],
)
def test_each_kind_of_compute_says_its_size_in_its_own_field(
    kind: str, field: str, size: str
) -> None:
    compute = child(PRIMARY, "computes", computeType=kind, properties={field: size})
    assert verdict("compute.lasting-size", [compute], compute["id"]) == "warn"
    compute["properties"] = {"computeType": kind, "properties": {}}
    assert verdict("compute.lasting-size", [compute], compute["id"]) == "unknown"


VAULT = made("Microsoft.KeyVault/vaults")


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"publicNetworkAccess": "enabled"}, "pass"),
        ({"publicNetworkAccess": "SecuredByPerimeter"}, "unknown"),
        ({"networkAcls": {"defaultAction": "Deny", "bypass": "AzureServices"}}, "fail"),
        ({"networkAcls": {"defaultAction": "Deny", "ipRules": [{"value": "1.2.3.4"}]}}, "pass"),
        ({"networkRuleSet": {"defaultAction": "Deny", "ipRules": []}}, "fail"),
        ({"NetworkAcls": {"DefaultAction": "Allow"}}, "pass"),
    ],
)
def test_a_firewall_that_lets_nobody_in_is_no_public_access(
    properties: dict[str, Any], expected: str
) -> None:
    vault = {**VAULT, "properties": properties}
    assert verdict("network.reachable", [vault], vault["id"]) == expected


def endpoint_to(name: str, group: str) -> list[dict[str, Any]]:
    """Return a private endpoint of one part of the lake, and its zone group."""
    leads = {"privateLinkServiceId": LAKE["id"], "groupIds": [group]}
    body = made("Microsoft.Network/privateEndpoints", name)
    return [
        {**body, "properties": {"privateLinkServiceConnections": [{"properties": leads}]}},
        zone_group(name),
    ]


@pytest.mark.parametrize(("second", "expected"), [("blob_secondary", "pass"), ("blob", "fail")])
def test_endpoints_of_two_parts_of_an_account_write_two_names(second: str, expected: str) -> None:
    documents = [ZONE, *endpoint_to("one", "blob"), *endpoint_to("two", second)]
    assert verdict("dns.one-endpoint-a-name", documents, ZONE["id"]) == expected


def test_a_connection_that_waits_for_approval_writes_its_name_too() -> None:
    body = copy.deepcopy(ENDPOINT)
    body |= {"id": f"{body['id'][:-3]}two", "name": "two"}
    leads = body["properties"].pop("privateLinkServiceConnections")
    body["properties"]["manualPrivateLinkServiceConnections"] = leads
    documents = [ZONE, ENDPOINT, zone_group(), body, zone_group("two")]
    assert verdict("dns.one-endpoint-a-name", documents, ZONE["id"]) == "fail"


def test_two_origins_in_two_groups_are_one_origin_each() -> None:
    other = made(f"{DOOR}/originGroups", "one/h", healthProbeSettings={"probePath": "/"})
    origins = [
        made(ORIGIN, "one/g/a", hostName="a.example"),
        made(ORIGIN, "one/h/b", hostName="b.example"),
    ]
    door = made(DOOR)
    assert verdict("frontdoor.origins", [door, ORIGINS, other, *origins], door["id"]) == "fail"


def callers(*endpoints: dict[str, Any]) -> dict[str, Any]:
    return made(
        "Microsoft.Network/trafficManagerProfiles",
        endpoints=[{"name": f"e{n}", "properties": e} for n, e in enumerate(endpoints)],
    )


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({"target": "a.eastus.inference.ml.azure.com"}, {"target": "b.westus.inference.ml.azure.com"}, "pass"),
        ({"target": "a.eastus.inference.ml.azure.com"}, {"target": "b.eastus.inference.ml.azure.com"}, "fail"),
        ({"target": "a.eastus.inference.ml.azure.com"}, {"endpointLocation": "East US"}, "fail"),
        ({"endpointLocation": "East US"}, {"target": "somewhere.example"}, "unknown"),
        ({"target": "here.example"}, {"target": "there.example"}, "pass"),
        ({"endpointLocation": "East US"}, {}, "unknown"),
    ],
)  # fmt: skip
def test_scoring_addresses_of_one_region_are_one_place(
    first: dict[str, Any], second: dict[str, Any], expected: str
) -> None:
    profile = callers(first, second)
    assert verdict("trafficmanager.endpoints", [profile], profile["id"]) == expected


def test_a_postgres_host_is_no_listener_of_a_sql_failover_group() -> None:
    group = made("Microsoft.Sql/servers/failoverGroups", "s/fraud")
    connection = child(
        PRIMARY,
        "connections",
        category="AzurePostgresDb",
        target="fraud.postgres.database.azure.com",
    )
    assert verdict("connection.target-known", [group, connection], connection["id"]) == "warn"


def test_the_region_of_a_secondary_that_could_not_be_read_is_unknown() -> None:
    """Without a profile nothing else says where the secondary is: then no check of its region is not-applicable."""
    registry = {**made("Microsoft.ContainerRegistry/registries"), "sku": {"name": "Premium"}}
    primary = workspace(PRIMARY, "eastus", containerRegistry=registry["id"])
    unread = {"id": SECONDARY, "type": WORKSPACE, "name": "other", "unread": "no answer in time"}
    documents = [primary, unread, registry]
    assert verdict("registry.replica-in-secondary", documents, registry["id"]) == "unknown"


def test_logs_that_could_not_be_read_are_unknown_not_elsewhere() -> None:
    logs = f"{RG}/Microsoft.OperationalInsights/workspaces/logs"
    component = made("Microsoft.Insights/components", WorkspaceResourceId=logs)
    unread = {
        "id": logs,
        "type": "Microsoft.OperationalInsights/workspaces",
        "unread": "no permission (403)",
    }
    documents = [component, unread]
    assert verdict("insights.logs-in-region", documents, component["id"]) == "unknown"


def test_a_time_that_is_none_is_no_last_sync() -> None:
    account = {
        **made("Microsoft.Storage/storageAccounts", geoReplicationStats={"lastSyncTime": "soon"}),
        "sku": {"name": "Standard_GRS"},
    }
    assert verdict("storage.last-sync", [account], account["id"]) == "unknown"


def test_a_database_with_a_geo_replica_and_no_group_is_replicated() -> None:
    """A server lists the links of all its databases; each has its own database's id."""
    sql = "Microsoft.Sql/servers"
    database = made(f"{sql}/databases", "s/d")
    link = made(
        f"{sql}/databases/replicationLinks", "s/d/l", role="Primary", partnerLocation="West US"
    )
    other = made(f"{sql}/databases/replicationLinks", "s/e/l", role="Primary")
    hidden = {
        "id": f"{made(sql, 's')['id']}/replicationLinks",
        "type": f"{sql}/replicationLinks",
        "unread": "no answer in time",
    }
    check, place = "sql.failover-group", database["id"]
    assert verdict(check, [database, link], place) == "warn"
    assert verdict(check, [database, other], place) == "fail"
    assert verdict(check, [database, hidden], place) == "unknown"


@pytest.mark.parametrize(
    ("kind", "sku", "restore", "versions"),
    [
        ("StorageV2", "Standard_GRS", "warn", "warn"),
        ("storagev2", "Premium_LRS", "not-applicable", "warn"),
        ("BlockBlobStorage", "Premium_ZRS", "not-applicable", "warn"),
        ("BlobStorage", "Standard_LRS", "not-applicable", "warn"),
        ("Storage", "Standard_LRS", "not-applicable", "not-applicable"),
        ("FileStorage", "Premium_LRS", "not-applicable", "not-applicable"),
    ],
)
def test_an_account_is_asked_for_what_its_kind_can_have(
    kind: str, sku: str, restore: str, versions: str
) -> None:
    account = {**made("Microsoft.Storage/storageAccounts"), "kind": kind, "sku": {"name": sku}}
    service = {
        **resource(
            f"{account['id']}/blobServices/default",
            "Microsoft.Storage/storageAccounts/blobServices",
            isVersioningEnabled=False,
        ),
        "name": "default",
    }
    documents = [account, service]
    assert verdict("storage.point-in-time-restore", documents, account["id"]) == restore
    assert verdict("storage.versioning", documents, account["id"]) == versions


def test_an_account_may_be_the_default_of_a_workspace_that_was_not_read() -> None:
    datastore = child(PRIMARY, "datastores", datastoreType="AzureBlob", accountName="data")
    primary = workspace(PRIMARY, "eastus", storageAccount=f"{RG}/Microsoft.Storage/x/other")
    unread = {"id": SECONDARY, "type": WORKSPACE, "name": "other", "unread": "no answer in time"}
    check = "datastore.data-apart"
    assert verdict(check, [primary, datastore], datastore["id"]) == "pass"
    assert verdict(check, [primary, unread, datastore], datastore["id"]) == "unknown"


@pytest.mark.parametrize(
    ("hidden", "expected"),
    [
        ("models", "unknown"),
        ("onlineEndpoints", "unknown"),
        ("jobs", "unknown"),
        ("computes", "not-applicable"),
    ],
)
def test_a_registry_may_be_used_by_assets_that_could_not_be_listed(
    hidden: str, expected: str
) -> None:
    registry = made(
        "Microsoft.MachineLearningServices/registries", regionDetails=[{"location": "eastus"}]
    )
    unread = {
        "id": f"{PRIMARY}/{hidden}",
        "type": f"{WORKSPACE}/{hidden}",
        "unread": "no answer in time",
    }
    assert verdict("mlregistry.regions", [*PAIR, registry, unread], registry["id"]) == expected
