"""A drill in a running simulator: quiet before the alarm, its timeline on the world's clock, and kept by a restart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from amlrunbook.errors import SimulatorError
from amlrunbook.simulator import process
from amlrunbook.simulator.endpoint import WORLD_FILE, Endpoint, read_endpoint
from tests.simulator_fixtures import Wire, running, seen, world

ML = "2024-10-01"
AML_E = (
    "@/resourceGroups/rg-fraud-e/providers/Microsoft.MachineLearningServices/workspaces/aml-fraud-e"
)
MINUTE = 60.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory):
    return tmp_path_factory.mktemp("drills") / "azure"


@pytest.fixture(scope="module")
def azure(folder) -> Iterator[Endpoint]:
    with running(folder, "region-dark", own=True) as endpoint:
        yield endpoint


@pytest.fixture
def drill(azure) -> Endpoint:
    """``region-dark`` from its beginning, the clock standing still."""
    return begun(azure, "region-dark")


def begun(azure: Endpoint, scenario: str, seed: int = 0) -> Endpoint:
    wanted = {"scenario": scenario, "seed": seed}
    told: Any = process.control(azure, "POST", "/begin", wanted)
    process.control(azure, "POST", "/clock", {"rate": 0.0})
    return Endpoint(**told)


def judged(azure: Endpoint) -> dict[str, Any]:
    found = process.control(azure, "GET", "/judgement")
    assert isinstance(found, dict)
    return found


def wait(azure: Endpoint, seconds: float) -> None:
    process.control(azure, "POST", "/clock", {"advance": seconds})


def test_all_is_well_until_the_alarm(drill):
    with Wire(drill) as wire:
        assert wire.get(AML_E, ML)["properties"]["provisioningState"] == "Succeeded"
        wait(drill, 600)
        found = judged(drill)
        assert (found["solved"], found["alarm_at"], found["heard"]) == (False, None, [])
        rung: Any = process.control(drill, "POST", "/alarm")
        assert rung["alarm"].startswith("[PAGE, severity 1]")
        assert wire.ask("GET", AML_E, ML).status_code == 503
        again: Any = process.control(drill, "POST", "/alarm")
        assert again["alarm_at"] == rung["alarm_at"]


def test_things_happen_when_they_are_due_and_are_heard_in_order(drill):
    process.control(drill, "POST", "/alarm")
    heard = []
    for minutes in (3, 2, 6, 10):
        wait(drill, minutes * MINUTE)
        heard.append(len(judged(drill)["heard"]))
    assert heard == [0, 1, 2, 3]
    times = [told["at"] for told in judged(drill)["heard"]]
    alarm = judged(drill)["alarm_at"]
    assert [round(at - alarm) for at in times] == [240, 600, 1200]
    (event,) = world(drill)["facets"][f"/subscriptions/{drill.subscription_id}"]["events"]
    assert "two of three zones" in event["summary"]


def test_what_was_before_the_alarm_has_its_own_time(drill):
    process.control(drill, "POST", "/alarm")
    alarm = judged(drill)["alarm_at"]
    assert round(alarm - world(drill)["faults"]["east-data"]["since"]) == 240
    blobs = world(drill)["accounts"]["stfrauddata"]["containers"]["transactions"]["blobs"]
    assert round(alarm - blobs["incoming/1005.parquet"][0]["modified"]) == 300


def test_hints_come_in_order_and_cost(drill):
    first: Any = process.control(drill, "POST", "/hint")
    assert "is it the region" in first["hint"]
    for _ in range(first["left"] + 1):
        last: Any = process.control(drill, "POST", "/hint")
    assert (last["hint"], last["left"]) == ("", 0)
    assert judged(drill)["hints_given"] == last["given"]


def test_another_scenario_can_take_the_worlds_place_but_none_that_errs(azure):
    for scenario in ("no-such", "/nowhere.toml"):
        with pytest.raises(SimulatorError, match="400"):
            process.control(azure, "POST", "/begin", {"scenario": scenario})
    before = begun(azure, "false-alarm", seed=3)
    after = begun(azure, "false-alarm", seed=4)
    assert (before.port, before.client_secret) == (after.port, after.client_secret)
    assert before.tenant_id != after.tenant_id
    assert begun(azure, "false-alarm", seed=3).tenant_id == before.tenant_id


def test_nothing_of_the_world_before_is_left(azure, folder):
    before = begun(azure, "false-alarm")
    process.control(before, "POST", "/tokens", {"lifetime": -1})
    with Wire(before) as wire:
        assert wire.ask("GET", AML_E, ML).status_code == 401
    assert seen(before)
    after = begun(azure, "region-dark")
    assert seen(after) == []
    assert read_endpoint(folder) == after
    with Wire(after) as wire:
        assert wire.ask("GET", AML_E, ML).status_code == 200


def test_control_is_no_traffic_of_the_drill(drill):
    process.control(drill, "POST", "/alarm")
    last = max((request["number"] for request in seen(drill)), default=0)
    judged(drill)
    assert seen(drill, last) == []
    assert judged(drill)["changes"] == 0


def test_what_is_done_by_hand_on_the_portal_counts_as_well(azure):
    here = begun(azure, "false-alarm")
    process.control(here, "POST", "/alarm")
    ways: Any = process.control(here, "GET", "/traffic")
    (blue,) = [way for way in ways if way["deployment"] == "blue"]
    assert "aml-fraud-e" in blue["endpoint"]
    wrong = {"action": "traffic", "id": blue["endpoint"], "deployment": "green"}
    for body in (wrong, {**wrong, "deployment": "none"}, {**wrong, "id": "/no"}):
        with pytest.raises(SimulatorError, match=r"400|404"):
            process.control(here, "POST", "/portal", body)
    assert judged(here)["first_change_at"] is None
    process.control(here, "POST", "/portal", {**wrong, "deployment": "blue"})
    found = judged(here)
    assert found["solved"]
    assert found["changes"] == 1
    assert process.control(here, "GET", "/traffic") != ways


def test_the_studio_does_not_reach_a_dark_region(drill):
    process.control(drill, "POST", "/alarm")
    endpoint = f"/subscriptions/{drill.subscription_id}{AML_E[1:]}/onlineEndpoints/fraud-score"
    body = {"action": "traffic", "id": endpoint, "deployment": "blue"}
    with pytest.raises(SimulatorError, match="503"):
        process.control(drill, "POST", "/portal", body)


def test_what_the_portal_purges_is_lost_and_counted(azure):
    here = begun(azure, "workspace-deleted")
    process.control(here, "POST", "/alarm")
    workspace = f"/subscriptions/{here.subscription_id}{AML_E[1:]}"
    process.control(here, "POST", "/portal", {"action": "purge", "id": workspace})
    harms = {harm["text"]: harm["count"] for harm in judged(here)["harms"]}
    assert harms["The workspace was purged."] == 1
    assert harms["A model, an environment or a data asset was lost."] >= 3


def test_a_restart_keeps_the_drill_and_what_was_due_happens_after_it(azure, folder):
    here = begun(azure, "region-dark")
    process.control(here, "POST", "/alarm")
    process.control(here, "POST", "/hint")
    wait(here, 5 * MINUTE)
    before = judged(here)
    process.stop(folder)
    kept = json.loads((folder / WORLD_FILE).read_bytes())
    assert kept["drill"]["alarm_at"] == before["alarm_at"]
    again = process.reach(folder)
    found = judged(again)
    assert found["heard"] == before["heard"]
    assert found["hints_given"] == 1
    wait(again, 6 * MINUTE)
    assert len(judged(again)["heard"]) == len(before["heard"]) + 1
