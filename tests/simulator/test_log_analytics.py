"""Log Analytics: deleted and recovered, as recorded from Azure; replicated and failed over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from amlrunbook.simulator.endpoint import Endpoint
from tests.shared_data import Exchange, needs_shared, recording
from tests.simulator.blob_world import advance
from tests.simulator.contract.driver import Driver
from tests.simulator.contract.replay import Difference, Replay, order
from tests.simulator_fixtures import Wire, add_fault, resource_client, running

API = "2023-09-01"
GROUP = "@/resourceGroups/rg-fraud-e"
LOGS = f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/log-fraud-e"
DELETED = "@/providers/Microsoft.OperationalInsights/deletedWorkspaces"
FAILOVER = (
    f"{GROUP}/providers/Microsoft.OperationalInsights/locations/westus/workspaces/log-fraud-e"
    "/failover"
)
DAY = 86_400.0


@pytest.fixture
def azure(tmp_path) -> Iterator[Endpoint]:
    with running(tmp_path / "azure") as endpoint:
        with Wire(endpoint) as wire:
            for lock in wire.get("@/providers/Microsoft.Authorization/locks", "2020-05-01")[
                "value"
            ]:
                wire.ask("DELETE", lock["id"], "2020-05-01")
        yield endpoint


@pytest.fixture
def wire(azure) -> Iterator[Wire]:
    with Wire(azure) as bare:
        yield bare


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_it_comes_back_by_its_name_and_region_alone(azure, wire):
    before = wire.get(LOGS, API)
    full = f"/subscriptions/{azure.subscription_id}{LOGS[1:]}"
    with resource_client(azure) as client:
        client.resources.begin_delete_by_id(full, api_version=API).result()
        assert wire.ask("GET", LOGS, API).status_code == 404
        (gone,) = wire.get(DELETED, API)["value"]
        assert gone["id"] == before["id"]
        back = client.resources.begin_create_or_update_by_id(
            full, {"location": "eastus"}, api_version=API
        ).result()
    assert back.properties["customerId"] == before["properties"]["customerId"]
    after = wire.get(LOGS, API)
    before["properties"].pop("modifiedDate")
    after["properties"].pop("modifiedDate")
    assert after == before
    assert wire.get(DELETED, API)["value"] == []


def test_another_region_is_refused_and_after_fourteen_days_it_is_new(azure, wire):
    before = wire.get(LOGS, API)["properties"]["customerId"]
    wire.ask("DELETE", LOGS, API)
    assert code(wire.ask("PUT", LOGS, API, body={"location": "westus"})) == (
        409,
        "InvalidResourceLocation",
    )
    advance(azure, 14 * DAY + 1)
    assert wire.get(DELETED, API)["value"] == []
    assert wire.ask("PUT", LOGS, API, body={"location": "westus"}).status_code == 201
    assert wire.get(LOGS, API)["properties"]["customerId"] != before


def test_forced_away_it_is_gone(wire):
    assert wire.ask("DELETE", LOGS, API, force="true").status_code == 200
    assert wire.get(DELETED, API)["value"] == []


def test_deleted_ones_are_listed_by_group(wire):
    wire.ask("DELETE", LOGS, API)
    here = DELETED.replace("@", GROUP)
    assert len(wire.get(here, API)["value"]) == 1
    assert wire.get(here.replace("rg-fraud-e", "rg-fraud-w"), API)["value"] == []


def state(wire: Wire) -> str:
    return str(wire.get(LOGS, API)["properties"]["failover"]["state"])


def follow(wire: Wire, answer: Any) -> list[str]:
    assert answer.status_code == 202, answer.text
    assert "Location" in answer.headers
    states = []
    while not states or states[-1] == "InProgress":
        states.append(wire.get(answer.headers["Azure-AsyncOperation"], None)["status"])
    return states


def test_it_fails_over_to_its_replica_and_back(azure, wire):
    off = {"replication": {"location": "westus", "enabled": False}}
    wire.ask("PATCH", LOGS, API, body={"properties": off})
    assert code(wire.ask("POST", FAILOVER, API)) == (400, "ReplicationNotEnabled")
    replication = {"replication": {"location": "westus", "enabled": True}}
    wire.ask("PATCH", LOGS, API, body={"properties": replication})
    found = wire.get(LOGS, API)["properties"]
    assert found["replication"]["provisioningState"] == "Succeeded"
    assert found["failover"] == {"state": "Inactive"}
    assert code(wire.ask("POST", f"{LOGS}/failback", API)) == (409, "Conflict")
    begun = wire.ask("POST", FAILOVER, API)
    assert state(wire) == "Activating"
    assert code(wire.ask("POST", FAILOVER, API)) == (409, "Conflict")
    assert follow(wire, begun)[-1] == "Succeeded"
    assert state(wire) == "Active"
    begun = wire.ask("POST", f"{LOGS}/failback", API)
    assert state(wire) == "Deactivating"
    follow(wire, begun)
    assert state(wire) == "Inactive"


def test_failover_is_asked_of_the_replicas_region(azure, wire):
    replication = {"replication": {"location": "westus", "enabled": True}}
    wire.ask("PATCH", LOGS, API, body={"properties": replication})
    add_fault(azure, kind="error", plane="control", region="eastus")
    assert wire.ask("GET", LOGS, API).status_code == 503
    assert follow(wire, wire.ask("POST", FAILOVER, API))[-1] == "Succeeded"


def test_the_answers_keep_to_the_document(azure):
    driver = Driver(azure)
    root = f"/subscriptions/{azure.subscription_id}"
    driver.ask("DELETE", root + LOGS[1:], API)
    for path in (DELETED, DELETED.replace("@", GROUP)):
        assert driver.ask("GET", root + path[1:], API).status == 200
    assert driver.ask("PUT", root + LOGS[1:], API, {"location": "eastus"}).status == 200
    driver.close()
    # Replication and failover came with api-version 2025-02-01; the document is an older one.
    newer = re.compile(r"properties\.(replication|failover): no document knows")
    wrong = [what for found in driver.violations.values() for what in found]
    assert [what for what in wrong if not newer.search(what)] == []


DIFFERENCES = (
    Difference(
        r"name [+-]properties\.(source|sku\.maxCapacityReservationLevel"
        r"|workspaceCapping\.quotaNextResetTime)",
        "said in 2021 by api-version 2020-08-01; the documents of today do not know it",
    ),
    Difference(
        r"name -value\[\]\.properties\.(source|sku\.maxCapacityReservationLevel"
        r"|workspaceCapping\.quotaNextResetTime)",
        "the same, in the list of deleted ones",
    ),
    Difference(r"name \+(value\[\]\.)?systemData.*", "newer api-versions say it; one form for all"),
)


RECORDING = "test_monitor_log_analytics_workspace_recover"


def tables_are_not_served(exchange: Exchange) -> bool:
    return "/tables" in exchange.url


@needs_shared
def test_the_recorded_requests_give_the_recorded_answers(wire):
    recorded = recording(RECORDING)
    group = "@/resourceGroups/cli_test_monitor_workspace_recover000001"
    assert wire.ask("PUT", group, body={"location": "westus"}).status_code == 201
    replay = Replay(wire, {}, skip=tables_are_not_served)
    replay.run(recorded)
    assert replay.unexplained(DIFFERENCES) == {}
    assert replay.unneeded(DIFFERENCES) == []
    there, here = [
        order(
            [
                (b.get("properties", {}).get("provisioningState"), len(b.get("value", [])))
                for b in bodies
                if b is not None
            ]
        )
        for bodies in (
            [e.body for e in recorded.exchanges if not tables_are_not_served(e)],
            list(replay.answers.values()),
        )
    ]
    assert here == there
