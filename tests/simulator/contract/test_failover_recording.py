"""A storage failover as it was recorded from Azure, sent to the simulated Azure."""

from __future__ import annotations

from typing import Any

from amlrunbook.simulator import process
from tests.shared_data import needs_shared, recording
from tests.simulator.contract.replay import Difference, Replay, order
from tests.simulator_fixtures import Wire

pytestmark = needs_shared

RECORDING = "test_storage_account_failover"
FIRST_LIVE, FAILOVER = 28, 30

DIFFERENCES = (
    Difference("header \\+retry-after", "the recording kept no such header"),
    Difference(
        r"name \+properties\.(keyCreationTime.*|minimumTlsVersion|allowBlobPublicAccess"
        r"|allowSharedKeyAccess|publicNetworkAccess|isHnsEnabled)",
        "recorded in 2020; newer api-versions say it, and the simulator has one form for all",
    ),
    Difference(
        r"name \+properties\.geoReplicationStats\.(canPlannedFailover|postFailoverRedundancy"
        r"|postPlannedFailoverRedundancy)",
        "came with api-version 2023-01-01, and the simulator has one form for all",
    ),
)


def state(body: Any) -> tuple[Any, ...]:
    properties = body["properties"]
    stats = properties["geoReplicationStats"]
    return (
        body["sku"]["name"],
        stats["status"],
        stats["canFailover"],
        properties.get("failoverInProgress"),
        body["location"] == properties["primaryLocation"],
        properties["statusOfPrimary"],
    )


def test_the_same_requests_give_the_same_answers(fresh_azure):
    endpoint = fresh_azure()
    recorded = recording(RECORDING)
    with Wire(endpoint) as wire:
        group = "@/resourceGroups/clistorage000001"
        assert wire.ask("PUT", group, body={"location": "eastus2"}).status_code == 201

        def let_a_minute_pass() -> None:
            process.control(endpoint, "POST", "/clock", {"advance": 61.0})

        replay = Replay(wire, {"eastus2euap": "eastus2"}, before={FIRST_LIVE: let_a_minute_pass})
        replay.run(recorded)
    assert replay.unexplained(DIFFERENCES) == {}
    assert replay.unneeded(DIFFERENCES) == []
    looks = [e for e in recorded.exchanges if "geoReplicationStats" in e.url]
    there = order([state(e.body) for e in looks])
    here = order([state(replay.answers[e.n]) for e in looks])
    assert here == there
    assert len(there) == 3  # unavailable, live, failing over
