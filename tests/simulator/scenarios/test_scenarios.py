"""Each scenario is solved by hands that know what to do, not by idle ones, and made worse by tempted ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from amlrunbook.simulator.endpoint import Endpoint
from amlrunbook.simulator.scenario import load_scenario, scenario_names
from tests.simulator.scenarios import deletions, outages
from tests.simulator.scenarios.hands import Hands, hands_in
from tests.simulator_fixtures import running

SCRIPTS: dict[str, Any] = {
    "region-dark": outages.RegionDark,
    "control-plane-dark": outages.ControlPlaneDark,
    "false-alarm": outages.FalseAlarm,
    "storage-failover-stuck": outages.StorageFailoverStuck,
    "throttled-tenant": outages.ThrottledTenant,
    "half-failed-switchover": outages.HalfFailedSwitchover,
    "quota-refused": outages.QuotaRefused,
    "vault-read-only-midway": outages.VaultReadOnlyMidway,
    "identity-dark": outages.IdentityDark,
    "secondary-fails-after-switch": outages.SecondaryFailsAfterSwitch,
    "failback-divergence": outages.FailbackDivergence,
    "workspace-deleted": deletions.WorkspaceDeleted,
    "workspace-vault-storage-deleted": deletions.WorkspaceVaultStorageDeleted,
    "vault-deleted-purge-protected": deletions.VaultDeleted,
    "blobs-deleted": deletions.BlobsDeleted,
    "registry-deleted": deletions.RegistryDeleted,
}
WITHOUT_A_DRILL = {"healthy-pair", "lonely-workspace", "warm-pair"}
"""Worlds to begin with: nothing happens in them."""


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    with running(tmp_path_factory.mktemp("scenarios") / "azure", "warm-pair") as endpoint:
        yield endpoint


def judged(hands: Hands) -> dict[str, Any]:
    found = hands.control("GET", "/judgement")
    assert isinstance(found, dict)
    return found


def on_the_clock(judgement: dict[str, Any]) -> dict[str, Any]:
    """A judgement with times since the alarm: two runs begin at different times."""
    alarm = judgement["alarm_at"]
    since = {
        key: round(value - alarm, 3)
        for key, value in judgement.items()
        if key.endswith("_at") and value is not None
    }
    goals = [{**g, "at": g.get("at") and round(g["at"] - alarm, 3)} for g in judgement["goals"]]
    told = {k: v for k, v in judgement.items() if k in {"solved", "harms", "lost", "changes"}}
    return {**told, **since, "goals": goals}


def points(judgement: dict[str, Any]) -> int:
    return sum(harm["points"] for harm in judgement["harms"])


@pytest.mark.parametrize("name", SCRIPTS)
def test_it_is_solved_by_whoever_knows_and_the_same_way_twice(azure, name):
    found = []
    for _ in range(2):
        with hands_in(azure, name, seed=7) as hands:
            assert not judged(hands)["solved"]
            SCRIPTS[name].solve(hands)
            found.append(judged(hands))
    assert [goal["text"] for goal in found[0]["goals"] if not goal["reached"]] == []
    assert found[0]["solved"]
    assert found[0]["recovered_at"] >= found[0]["first_change_at"] >= found[0]["alarm_at"]
    assert points(found[0]) == 0, found[0]["harms"]
    assert on_the_clock(found[0]) == on_the_clock(found[1])


@pytest.mark.parametrize("name", SCRIPTS)
def test_it_is_not_solved_by_whoever_waits(azure, name):
    with hands_in(azure, name) as hands:
        hands.wait(SCRIPTS[name].nothing)
        found = judged(hands)
    assert not found["solved"]
    assert found["harms"] == []
    assert found["first_change_at"] is None


@pytest.mark.parametrize("name", SCRIPTS)
def test_it_is_made_worse_by_what_tempts(azure, name):
    with hands_in(azure, name) as hands:
        SCRIPTS[name].tempted(hands)
        found = judged(hands)
    assert not found["solved"]
    assert points(found) > 0


def test_every_scenario_with_a_drill_has_a_script():
    assert set(SCRIPTS) == set(scenario_names()) - WITHOUT_A_DRILL


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_drill_tells_what_it_is_for(name):
    scenario = load_scenario(name)
    assert scenario.alarm
    assert scenario.trains
    assert scenario.goals
    assert scenario.harms
    assert len(scenario.hints) >= 2
