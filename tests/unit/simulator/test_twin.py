"""A twin: the user's snapshot becomes a world with their own names, and a scenario happens in it."""

from __future__ import annotations

import json

import msgspec
import pytest

from amlrunbook.errors import UsageError
from amlrunbook.model.profile import Profile
from amlrunbook.model.snapshot import Snapshot
from amlrunbook.simulator.blobs import Contents
from amlrunbook.simulator.conditions import holds
from amlrunbook.simulator.drill_data import Condition
from amlrunbook.simulator.genesis import build_world
from amlrunbook.simulator.scenario import load_scenario, scenario_names
from amlrunbook.simulator.twin import twin_of

RENAMED = (
    ("fraud", "acme"),
    ("eastus", "northeurope"),
    ("westus", "westeurope"),
    ("East US", "North Europe"),
    ("West US", "West Europe"),
    ("blue", "live"),
)
ADDED = {"secondary-fails-after-switch": 1}
"""Goals that every switchover has, and that one leaves out on purpose: it is moved already."""
ODD = [
    {"id": "/subscriptions/s/resourceGroups/g/providers/Acme.Odd/things/x", "type": "Acme.Odd/things", "properties": {}},
    {"id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/kv", "type": "Microsoft.KeyVault/vaults", "location": "atlantis", "properties": {"vaultUri": "https://kv.vault.azure.net/"}},
    {"id": "/subscriptions/s/x/y", "type": "t", "unread": "no answer within 10 s"},
]  # fmt: skip


def renamed(text: str) -> str:
    for before, after in RENAMED:
        text = text.replace(before, after)
    return text


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A user's profile and snapshot, from a world of other names."""
    contents = Contents(tmp_path_factory.mktemp("made") / "c")
    world = build_world(load_scenario("warm-pair"), seed=1, base_url="https://x", contents=contents)
    documents = [d for d in world.resources.values() if d["type"].count("/") >= 1]
    for document in documents:
        if document["name"] == "stfrauddata":
            document["properties"]["primaryEndpoints"] = {"blob": "https://real.example/"}
            stats = {"lastSyncTime": "2026-01-01T11:55:00Z", "canFailover": True}
            document["properties"]["geoReplicationStats"] = stats
    whole = renamed(json.dumps([*documents, *ODD]))
    snapshot = Snapshot(
        format=1,
        taken_at="2026-01-01T12:00:00Z",
        profile="acme",
        program="x",
        documents=tuple(json.loads(whole)),
    )
    text = renamed(json.dumps({**world.profile, "name": "mine", "cloud": "public"}))
    return msgspec.json.decode(text, type=Profile), snapshot


def world_of(twin, tmp_path):
    contents = Contents(tmp_path / "c")
    text = msgspec.json.encode(twin.scenario)
    (tmp_path / "twin.json").write_bytes(text)
    scenario = load_scenario(str(tmp_path / "twin.json"))
    return build_world(scenario, seed=0, base_url="https://127.0.0.1:7", contents=contents)


def test_the_users_own_names_are_in_the_world(made, tmp_path):
    profile, snapshot = made
    twin = twin_of(profile, snapshot)
    world = world_of(twin, tmp_path)
    assert profile.primary.workspace.lower() in world.resources
    assert profile.secondary.workspace.lower() in world.resources
    assert world.storage_account("stacmedata")["properties"]["primaryLocation"] == "northeurope"
    assert world.storage_account("stacmedata")["properties"]["secondaryLocation"] == "westeurope"
    assert world.facets[profile.data_accounts[0].id.lower()]["geo"]["lag_seconds"] == 300.0
    assert holds(world, Condition(front="acme-score"))
    assert twin.scenario.name == "twin@mine"


def test_what_is_not_known_is_left_out_and_told(made):
    profile, snapshot = made
    left_out = "\n".join(twin_of(profile, snapshot).left_out)
    assert "Acme.Odd/things" in left_out
    assert "/vaults/kv" in left_out


def test_nothing_in_a_twin_leads_to_the_real_azure(made):
    profile, snapshot = made
    real = msgspec.structs.replace(profile, config_files=("/home/ada/config.json",))
    twin = twin_of(real, snapshot, load_scenario("region-dark"))
    text = msgspec.json.encode(twin.scenario).decode()
    assert "real.example" not in text
    assert "vault.azure.net" not in text
    assert "/home/ada" not in text
    assert twin.scenario.profile["cloud"] == "custom"
    assert {probe["url"] for probe in twin.scenario.profile["probes"]} == {
        "{base}/front/acme-score"
    }


def test_a_scenario_happens_to_the_users_names(made, tmp_path):
    profile, snapshot = made
    twin = twin_of(profile, snapshot, load_scenario("region-dark"))
    world = world_of(twin, tmp_path)
    text = msgspec.json.encode(world.drill).decode()
    for before in ("fraud-e", "stfrauddata", "eastus", "West US", '"fraud"', "traffic.blue"):
        assert before not in text
    assert {m.fault.region for m in world.drill.timeline if m.fault} == {"northeurope"}
    assert "acme-score" in world.drill.alarm
    assert len(world.drill.goals) == len(load_scenario("region-dark").goals)
    assert twin.scenario.runbook == "switchover"
    assert twin.scenario.name == "region-dark@mine"


@pytest.mark.parametrize("name", scenario_names())
def test_every_scenario_can_happen_to_ones_own_names(made, tmp_path, name):
    profile, snapshot = made
    twin = twin_of(profile, snapshot, load_scenario(name))
    world = world_of(twin, tmp_path)
    assert len(world.drill.goals) == len(load_scenario(name).goals) + ADDED.get(name, 0)


def test_what_of_a_scenario_has_no_counterpart_is_told(made):
    profile, snapshot = made
    documents = tuple(d for d in snapshot.documents if "onlineEndpoints" not in d["id"])
    bare = msgspec.structs.replace(snapshot, documents=documents)
    twin = twin_of(profile, bare, load_scenario("region-dark"))
    assert any(text.startswith("Not asked in the twin") for text in twin.left_out)
    assert [goal.resource for goal in twin.scenario.goals if goal.front] == []
    assert twin.scenario.goals


def test_a_twin_wants_the_primary_workspace_and_known_regions(made):
    profile, snapshot = made
    empty = msgspec.structs.replace(snapshot, documents=())
    with pytest.raises(UsageError, match="does not hold its primary workspace"):
        twin_of(profile, empty)
    side = msgspec.structs.replace(profile.primary, region="atlantis")
    with pytest.raises(UsageError, match="does not know the region 'atlantis'"):
        twin_of(msgspec.structs.replace(profile, primary=side), snapshot)
