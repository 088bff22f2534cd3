"""Storage failover: what Azure says of it while it runs and afterwards, and when it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from azure.core.exceptions import AzureError, HttpResponseError
from azure.core.rest import HttpRequest

from amlrunbook.simulator import process
from amlrunbook.simulator.endpoint import Endpoint
from amlrunbook.simulator.geo_takeover import FLAG_SECONDS
from tests.simulator.blob_world import advance, service, storage_world
from tests.simulator_fixtures import Wire, add_fault, clear_faults, resource_client, set_pace, world

API = "2023-05-01"
ACCOUNTS = "@/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts"
SOFT = f"{ACCOUNTS}/soft"
STATS = {"$expand": "geoReplicationStats"}
LAG = 120.0


@pytest.fixture
def azure(tmp_path) -> Iterator[Endpoint]:
    with storage_world(tmp_path) as endpoint:
        set_pace(endpoint, polls=2)
        yield endpoint


@pytest.fixture
def wire(azure) -> Iterator[Wire]:
    with Wire(azure) as bare:
        yield bare


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def properties(wire: Wire, path: str = SOFT, **query: str) -> dict[str, Any]:
    return dict(wire.get(path, API, **query)["properties"])


def fail_over(wire: Wire, path: str = SOFT, *, planned: bool = False) -> list[int]:
    """Fail over to the end; return the statuses of its polls."""
    begun = wire.ask("POST", f"{path}/failover", API, **kind(planned))
    assert begun.status_code == 202, begun.text
    assert "Azure-AsyncOperation" not in begun.headers
    statuses = []
    while not statuses or statuses[-1] == 202:
        statuses.append(wire.ask("GET", begun.headers["Location"], None).status_code)
    return statuses


def kind(planned: bool) -> dict[str, str]:
    return {"failoverType": "Planned"} if planned else {}


def read(container: Any) -> dict[str, bytes]:
    return {b.name: container.download_blob(b.name).readall() for b in container.list_blobs()}


def test_unplanned_takes_the_second_region_and_loses_what_came_late(azure, wire):
    with service(azure, "soft") as client:
        kept = client.create_container("kept")
        kept.upload_blob("early", b"first")
        kept.upload_blob("doomed", b"still here")
        kept.upload_blob("steady", b"same")
        advance(azure, LAG + 10)
        kept.upload_blob("early", b"second", overwrite=True)
        kept.upload_blob("late", b"never replicated")
        kept.delete_blob("doomed")
        client.create_container("late-container")
        before = properties(wire)
        synced = properties(wire, **STATS)["geoReplicationStats"]["lastSyncTime"]

        assert fail_over(wire) == [202, 202, 200]

        assert read(kept) == {"early": b"first", "doomed": b"still here", "steady": b"same"}
        assert "late-container" not in [c.name for c in client.list_containers()]
    account = wire.get(SOFT, API, **STATS)
    after = account["properties"]
    assert account["sku"]["name"] == "Standard_LRS"
    assert account["location"] == before["primaryLocation"] == "westeurope"
    assert after["primaryLocation"] == before["secondaryLocation"] == "northeurope"
    assert not {"secondaryLocation", "secondaryEndpoints", "geoReplicationStats"} & after.keys()
    assert after["primaryEndpoints"] == before["primaryEndpoints"]
    assert after["lastGeoFailoverTime"] > synced
    assert lost(azure) == ["kept/early", "kept/late", "late-container/"]


def lost(azure: Endpoint) -> list[str]:
    facets = world(azure)["facets"]
    return next(f["lost_writes"] for f in facets.values() if "lost_writes" in f)


def test_the_flag_stays_on_for_a_while_after_the_regions_have_changed(azure, wire):
    fail_over(wire)
    now = properties(wire)
    assert (now["primaryLocation"], now["failoverInProgress"]) == ("northeurope", True)
    assert code(wire.ask("POST", f"{SOFT}/failover", API)) == (409, "AccountFailoverInProgress")
    advance(azure, FLAG_SECONDS + 1)
    assert "failoverInProgress" not in properties(wire)


def test_while_it_runs_regions_stay_and_changes_are_refused(azure, wire):
    begun = wire.ask("POST", f"{SOFT}/failover", API)
    during = properties(wire, **STATS)
    assert (during["failoverInProgress"], during["primaryLocation"]) == (True, "westeurope")
    assert during["geoReplicationStats"]["status"] == "Live"
    for method, path in (("POST", f"{SOFT}/failover"), ("PATCH", SOFT)):
        again = wire.ask(method, path, API, body={"tags": {"a": "b"}})
        assert code(again) == (409, "AccountFailoverInProgress")
    assert wire.ask("GET", begun.headers["Location"], None).status_code == 202


def test_geo_redundancy_again_is_bootstrap_then_live_with_an_earlier_sync_time(azure, wire):
    fail_over(wire)
    advance(azure, FLAG_SECONDS + 1)
    asked = datetime.now(UTC)
    offset = wire_time(azure) - asked.timestamp()
    changed = wire.ask("PATCH", SOFT, API, body={"sku": {"name": "Standard_RAGRS"}})
    assert changed.status_code == 200
    assert changed.json()["properties"]["secondaryLocation"] == "westeurope"
    stats = properties(wire, **STATS)["geoReplicationStats"]
    assert (stats["status"], stats["canFailover"]) == ("Bootstrap", False)
    assert "lastSyncTime" not in stats
    assert code(wire.ask("POST", f"{SOFT}/failover", API)) == (409, "LastSyncTimeUnavailable")
    advance(azure, 61.0)
    stats = properties(wire, **STATS)["geoReplicationStats"]
    assert (stats["status"], stats["canFailover"]) == ("Live", True)
    synced = datetime.fromisoformat(stats["lastSyncTime"])
    assert synced.timestamp() < asked.timestamp() + offset
    fail_over(wire)
    assert properties(wire)["primaryLocation"] == "westeurope"


def wire_time(azure: Endpoint) -> float:
    """The world's time."""
    answer = process.control(azure, "POST", "/clock", {"advance": 0.0})
    assert isinstance(answer, dict)
    return float(answer["now"])


def test_planned_swaps_the_regions_and_loses_nothing(azure, wire):
    with service(azure, "soft") as client:
        kept = client.create_container("kept")
        kept.upload_blob("late", b"written a moment ago")
        assert fail_over(wire, planned=True) == [202, 202, 200]
        assert read(kept) == {"late": b"written a moment ago"}
        kept.upload_blob("after", b"writing goes on")
    account = wire.get(SOFT, API, **STATS)
    found = account["properties"]
    assert account["sku"]["name"] == "Standard_RAGRS"
    assert account["location"] == "westeurope"
    assert (found["primaryLocation"], found["secondaryLocation"]) == ("northeurope", "westeurope")
    assert found["geoReplicationStats"]["status"] == "Live"
    advance(azure, FLAG_SECONDS + 1)
    fail_over(wire, planned=True)
    assert properties(wire)["primaryLocation"] == "westeurope"


def test_while_regions_swap_blobs_can_only_be_read(azure, wire):
    with service(azure, "soft") as client:
        kept = client.create_container("kept")
        kept.upload_blob("a", b"a")
        wire.ask("POST", f"{SOFT}/failover", API, failoverType="Planned")
        with pytest.raises(HttpResponseError) as caught:
            kept.upload_blob("b", b"b")
        assert caught.value.status_code == 503
        assert read(kept) == {"a": b"a"}


@pytest.mark.parametrize("dark", ["westeurope", "northeurope"])
def test_planned_needs_both_regions(azure, wire, dark):
    add_fault(azure, kind="dark", plane="data", region=dark)
    stats = properties(wire, **STATS)["geoReplicationStats"]
    assert stats["canPlannedFailover"] is False
    assert stats["canFailover"] is (dark == "westeurope")
    which = "Primary" if dark == "westeurope" else "Secondary"
    assert properties(wire)[f"statusOf{which}"] == "unavailable"
    refused = wire.ask("POST", f"{SOFT}/failover", API, failoverType="Planned")
    assert code(refused) == (409, "PlannedFailoverNotPossible")
    clear_faults(azure)
    assert properties(wire)[f"statusOf{which}"] == "available"
    assert fail_over(wire, planned=True)[-1] == 200


def test_nothing_is_replicated_while_a_region_is_dark(azure, wire):
    add_fault(azure, kind="dark", plane="data", region="westeurope")
    first = properties(wire, **STATS)["geoReplicationStats"]["lastSyncTime"]
    advance(azure, 3600)
    assert properties(wire, **STATS)["geoReplicationStats"]["lastSyncTime"] == first
    clear_faults(azure)
    assert properties(wire, **STATS)["geoReplicationStats"]["lastSyncTime"] > first


def test_the_data_moves_out_of_a_dark_region(azure, wire):
    with service(azure, "soft") as client:
        client.create_container("kept").upload_blob("a", b"a")
        advance(azure, LAG + 10)
        add_fault(azure, kind="dark", plane="data", region="westeurope")
        with pytest.raises(AzureError):
            list(client.list_containers())
        fail_over(wire)
        assert "kept" in [c.name for c in client.list_containers()]


def test_the_provider_stays_dark_with_the_region_that_location_names(azure, wire):
    fault = {"kind": "error", "plane": "control", "region": "westeurope"}
    add_fault(azure, **fault)
    assert wire.ask("POST", f"{SOFT}/failover", API).status_code == 503
    clear_faults(azure)
    fail_over(wire)
    assert properties(wire)["primaryLocation"] == "northeurope"
    add_fault(azure, **fault)
    assert wire.ask("GET", SOFT, API).status_code == 503


@pytest.mark.parametrize(("account", "planned"), [("plain", False), ("plain", True)])
def test_an_account_without_a_second_region_cannot_fail_over(wire, account, planned):
    answer = wire.ask("POST", f"{ACCOUNTS}/{account}/failover", API, **kind(planned))
    assert code(answer) == (400, "AccountFailoverNotSupported")


def test_a_kind_of_failover_that_does_not_exist(wire):
    answer = wire.ask("POST", f"{SOFT}/failover", API, failoverType="Rehearsal")
    assert code(answer) == (400, "InvalidValuesForRequestParameters")


def test_an_account_whose_secondary_cannot_be_read_loses_as_much(azure, wire):
    with service(azure, "hidden") as client:
        kept = client.create_container("kept")
        kept.upload_blob("a", b"first")
        advance(azure, LAG + 10)
        kept.upload_blob("a", b"second", overwrite=True)
        fail_over(wire, f"{ACCOUNTS}/hidden")
        assert read(kept) == {"a": b"first"}


def test_zone_redundancy_stays(wire):
    fail_over(wire, f"{ACCOUNTS}/versioned")
    assert wire.get(f"{ACCOUNTS}/versioned", API)["sku"]["name"] == "Standard_ZRS"


def test_the_sdk_asks_and_follows(azure):
    path = f"/subscriptions/{azure.subscription_id}{SOFT[1:]}"
    with resource_client(azure) as client:
        begun = client.send_request(HttpRequest("POST", f"{path}/failover?api-version={API}"))
        begun.raise_for_status()
        place = begun.headers["Location"]
        answer = client.send_request(HttpRequest("GET", place))
        while answer.status_code == 202:
            answer = client.send_request(HttpRequest("GET", place))
        assert answer.status_code == 200
        assert client.resources.get_by_id(path, api_version=API).sku.name == "Standard_LRS"
