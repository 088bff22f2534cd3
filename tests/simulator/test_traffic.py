"""What moves the traffic: Traffic Manager, Front Door, API Management, private names."""

from __future__ import annotations

import pytest

from tests.simulator.blob_world import advance
from tests.simulator.test_attached import A, B, azure, dark, wire
from tests.simulator_fixtures import add_fault, clear_faults

__all__ = ["azure", "wire"]

TM, TM_API = f"{B}/Microsoft.Network/trafficmanagerprofiles/tm", "2026-09-01"
ORIGINS = f"{B}/Microsoft.Cdn/profiles/fd/originGroups/scoring/origins"
FD_API = "2026-10-01"
APIM, APIM_API = f"{A}/Microsoft.ApiManagement/service/apim-a", "2024-05-01"
ZONE = f"{B}/Microsoft.Network/privateDnsZones/privatelink.database.windows.net"
DNS_API = "2024-06-01"


def states(wire) -> dict[str, str]:
    found = wire.properties(TM, TM_API)
    endpoints = {
        one["name"]: one["properties"]["endpointMonitorStatus"] for one in found["endpoints"]
    }
    return {"": found["monitorConfig"]["profileMonitorStatus"], **endpoints}


def test_probes_find_a_dark_region_after_a_while(azure, wire):
    assert states(wire) == {"": "Online", "east": "Online", "west": "Online"}
    dark(azure)
    assert states(wire)["east"] == "Online"
    advance(azure, 4 * 30 + 10)
    assert states(wire) == {"": "Degraded", "east": "Degraded", "west": "Online"}
    clear_faults(azure)
    assert states(wire)["east"] == "Online"


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({"endpointStatus": "Disabled"}, "Disabled"),
        ({"alwaysServe": "Enabled"}, "Unmonitored"),
        ({"weight": 10}, "Online"),
    ],
)
def test_an_endpoint_is_changed_at_once(wire, change, state):
    path = f"{TM}/externalEndpoints/east"
    before = wire.get(path, TM_API)["properties"]
    answer = wire.ask("PATCH", path, TM_API, body={"properties": change})
    assert answer.status_code == 200
    assert answer.json()["properties"].items() >= change.items()
    assert states(wire)["east"] == state
    back = {key: before[key] for key in change}
    wire.ask("PATCH", path, TM_API, body={"properties": back})
    assert states(wire)["east"] == "Online"


def test_two_endpoints_cannot_have_one_priority(wire):
    taken = {"properties": {"priority": 2}}
    assert wire.refused("PATCH", f"{TM}/externalEndpoints/east", TM_API, taken) == "BadRequest"


def test_a_whole_put_replaces_the_endpoints(wire):
    path = TM.replace("/tm", "/tm-put")
    one = {"type": "externalEndpoints", "properties": {"target": "a.example"}}
    body = {
        "location": "global",
        "properties": {"endpoints": [{"name": "a", **one}, {"name": "b", **one}]},
    }
    assert wire.ask("PUT", path, TM_API, body=body).status_code == 201
    body["properties"]["endpoints"] = [{"name": "b", **one}]
    assert wire.ask("PUT", path, TM_API, body=body).status_code == 200
    assert [e["name"] for e in wire.properties(path, TM_API)["endpoints"]] == ["b"]
    assert wire.ask("DELETE", path, TM_API).json() == {}
    assert wire.ask("GET", f"{path}/externalEndpoints/b", TM_API).status_code == 404


def test_a_group_in_a_dark_region_refuses_changes_of_what_is_global(azure, wire):
    trapped = TM.replace("rg-b", "rg-a").replace("/tm", "/tm-trapped")
    add_fault(azure, kind="dark", plane="control", region="eastus")
    off = {"properties": {"profileStatus": "Disabled"}}
    assert wire.ask("GET", trapped, TM_API).status_code == 200
    assert wire.refused("PATCH", trapped, TM_API, off) == "ServiceUnavailable"
    assert wire.ask("PATCH", TM, TM_API, body={"tags": {}}).status_code == 200
    clear_faults(azure)
    assert wire.ask("PATCH", trapped, TM_API, body=off).status_code == 200


def test_a_change_of_front_door_is_live_long_after_its_operation(azure, wire):
    east = f"{ORIGINS}/east"
    off = {"properties": {"enabledState": "Disabled"}}
    assert wire.properties(east, FD_API)["deploymentStatus"] == "Succeeded"
    assert wire.do("PATCH", east, FD_API, off)["status"] == "Succeeded"
    found = wire.properties(east, FD_API)
    assert (found["provisioningState"], found["deploymentStatus"]) == ("Succeeded", "InProgress")
    assert wire.refused("PATCH", f"{ORIGINS}/west", FD_API, off) == "BadRequest"
    advance(azure, 20 * 60)
    assert wire.properties(east, FD_API)["deploymentStatus"] == "Succeeded"
    wire.do("PATCH", east, FD_API, {"properties": {"enabledState": "Enabled"}})
    purge = f"{B}/Microsoft.Cdn/profiles/fd/afdEndpoints/fraud/purge"
    assert wire.do("POST", purge, FD_API, {"contentPaths": ["/*"]})["status"] == "Succeeded"


def test_not_all_gateways_can_be_disabled(wire):
    off = {"properties": {"disableGateway": True}}
    assert wire.do("PATCH", APIM, APIM_API, off)["status"] == "Succeeded"
    others = wire.properties(APIM, APIM_API)["additionalLocations"]
    assert [one["location"] for one in others] == ["West US"]
    others[0]["disableGateway"] = True
    both = {"properties": {"additionalLocations": others}}
    assert wire.refused("PATCH", APIM, APIM_API, both) == "ValidationError"
    wire.do("PATCH", APIM, APIM_API, {"properties": {"disableGateway": False}})
    assert len(wire.get(f"{APIM}/networkstatus", APIM_API)) == 2


def test_one_change_of_a_service_at_a_time(wire):
    first = wire.ask("PATCH", APIM, APIM_API, body={"tags": {"a": "b"}})
    assert first.status_code == 202
    assert wire.refused("PATCH", APIM, APIM_API, {"tags": {}}) == "ServiceLocked"
    assert wire.ask("GET", first.headers["Location"], None).status_code == 200
    assert wire.properties(APIM, APIM_API)["provisioningState"] == "Succeeded"


def test_a_deleted_service_keeps_its_name_for_two_days(azure, wire):
    path = APIM.replace("apim-a", "apim-gone")
    body = {
        "location": "eastus",
        "sku": {"name": "Developer", "capacity": 1},
        "properties": {"publisherEmail": "a@example.com", "publisherName": "a"},
    }
    wire.do("PUT", path, APIM_API, body)
    wire.do("DELETE", path, APIM_API)
    (gone,) = wire.get("@/providers/Microsoft.ApiManagement/deletedservices", APIM_API)["value"]
    assert wire.get(gone["id"], APIM_API)["properties"]["serviceId"] == wire.full(path)
    code = wire.refused("PUT", path, APIM_API, body)
    assert code == "ServiceAlreadyExistsInSoftDeletedState"
    back = {**body, "properties": {**body["properties"], "restore": True}}
    assert wire.ask("PUT", path, APIM_API, body=back).status_code == 200
    assert "restore" not in wire.properties(path, APIM_API)
    wire.do("DELETE", path, APIM_API)
    advance(azure, 2 * 86_400 + 1)
    assert wire.refused("PUT", path, APIM_API, back) == "ResourceNotFound"


def test_a_record_is_changed_by_whom_read_it_last(wire):
    record = wire.get(f"{ZONE}/A/sql-b", DNS_API)
    assert record["properties"]["aRecords"] == [{"ipv4Address": "10.2.0.5"}]
    assert record["properties"]["ttl"] == 10
    body = {"properties": {"ttl": 10, "aRecords": [{"ipv4Address": "10.2.0.9"}]}}
    path = f"{ZONE}/A/sql-b"
    stale = wire.ask("PUT", path, DNS_API, body=body, headers={"If-Match": "old"})
    assert stale.status_code == 412
    fresh = wire.ask("PUT", path, DNS_API, body=body, headers={"If-Match": record["etag"]})
    assert fresh.status_code == 200
    (found,) = wire.get(f"{ZONE}/ALL", DNS_API)["value"]
    assert found["properties"]["aRecords"] == [{"ipv4Address": "10.2.0.9"}]


def test_an_endpoint_is_disconnected_from_what_is_gone(wire):
    path = f"{B}/Microsoft.Network/privateEndpoints/pe-gone"
    connection = {
        "name": "gone",
        "properties": {
            "privateLinkServiceId": wire.full(f"{B}/Microsoft.Sql/servers/none"),
            "groupIds": ["sqlServer"],
        },
    }
    body = {"location": "westus", "properties": {"privateLinkServiceConnections": [connection]}}
    wire.do("PUT", path, "2024-05-01", body)
    found = wire.properties(path, "2024-05-01")
    (one,) = found["privateLinkServiceConnections"]
    assert one["properties"]["privateLinkServiceConnectionState"]["status"] == "Disconnected"
    server = f"{B}/Microsoft.Sql/servers/sql-b"
    (held,) = wire.properties(server, "2025-01-01")["privateEndpointConnections"]
    assert held["properties"]["privateEndpoint"]["id"].endswith("/pe-sql-b")
    (interface,) = found["networkInterfaces"]
    assert wire.get(interface["id"], "2024-05-01")["properties"]["privateEndpoint"]
    wire.do("DELETE", path, "2024-05-01")
    assert wire.ask("GET", interface["id"], "2024-05-01").status_code == 404
