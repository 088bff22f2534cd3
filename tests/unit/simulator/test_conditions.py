"""What goals, harms and moments ask of the world."""

from __future__ import annotations

import msgspec
import pytest

from amlrunbook.simulator import soft_delete
from amlrunbook.simulator.belongings import names_of
from amlrunbook.simulator.blobs import Contents
from amlrunbook.simulator.conditions import count, holds, lost
from amlrunbook.simulator.drill_data import Change, Condition
from amlrunbook.simulator.faults import Fault, FaultKind, Plane
from amlrunbook.simulator.genesis import build_world
from amlrunbook.simulator.scenario import load_scenario
from amlrunbook.simulator.world import World

SUBSCRIPTION = "/subscriptions/5a1c7f3e-0b64-4c58-9d27-3e8f60a4b901"
EAST = f"{SUBSCRIPTION}/resourceGroups/rg-fraud-e/providers"
WEST = f"{SUBSCRIPTION}/resourceGroups/rg-fraud-w/providers"
DATA = f"{EAST}/Microsoft.Storage/storageAccounts/stfrauddata"
AML_E = f"{EAST}/Microsoft.MachineLearningServices/workspaces/aml-fraud-e"
BLUE_W = f"{WEST}/Microsoft.MachineLearningServices/workspaces/aml-fraud-w/onlineEndpoints/fraud-score/deployments/blue"


@pytest.fixture
def world(tmp_path) -> World:
    return build_world(
        load_scenario("warm-pair"), seed=0, base_url="https://x", contents=Contents(tmp_path / "c")
    )


def asked(**condition) -> Condition:
    return msgspec.convert(condition, Condition)


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ({"resource": DATA, "path": "properties.primaryLocation", "equals": "eastus"}, True),
        ({"resource": DATA.upper(), "path": "PROPERTIES.primarylocation", "equals": "x"}, False),
        ({"resource": DATA, "path": "sku.name", "contains": "RAGZRS"}, True),
        ({"resource": DATA, "path": "sku.name", "one_of": ["a", "Standard_RAGZRS"]}, True),
        ({"resource": DATA, "path": "sku.name", "not_equals": "Standard_LRS"}, True),
        ({"resource": DATA, "path": "sku.none", "not_equals": "Standard_LRS"}, True),
        ({"resource": DATA, "path": "sku.none", "equals": "Standard_LRS"}, False),
        ({"resource": DATA, "path": "sku.none", "exists": False}, True),
        ({"resource": DATA, "exists": False}, False),
        ({"resource": f"{DATA}x", "exists": False}, True),
        ({"resource": BLUE_W, "path": "sku.capacity", "at_least": 1}, True),
        ({"resource": BLUE_W, "path": "sku.capacity", "at_least": 2}, False),
        ({"resource": BLUE_W, "path": "sku.capacity", "at_most": 1}, True),
        ({"resource": DATA, "path": "sku.name", "at_least": 1}, False),
        ({"resource": f"{AML_E}/jobs/*", "path": "properties.status", "equals": "Queued"}, True),
        ({"resource": f"{AML_E}/jobs/*", "path": "properties.status", "equals": "Lost"}, False),
        ({"secret": {"vault": "kv-fraud-e", "name": "features-db"}}, True),
        ({"secret": {"vault": "kv-fraud-e", "name": "other"}, "exists": False}, True),
        ({"image": {"registry": "crfraud", "repository": "fraud-env", "tag": "3"}}, True),
        ({"image": {"registry": "crfraud", "repository": "fraud-env", "tag": "4"}}, False),
        ({"front": "fraud"}, True),
        ({"front": "fraud", "contains": "aml-fraud-w"}, False),
    ],
)
def test_the_world_is_asked(world, condition, wanted):
    assert holds(world, asked(**condition)) is wanted


def test_blobs_are_asked_for_by_name_and_by_what_is_in_them(world):
    name = {"account": "stfrauddata", "container": "transactions", "name": "incoming/*"}
    assert holds(world, asked(blob=name))
    assert holds(world, asked(blob=name, equals="PAR1 transactions until 09:30 PAR1"))
    assert not holds(world, asked(blob=name, equals="PAR1"))
    assert holds(world, asked(blob={**name, "container": "other"}, exists=False))


def test_all_and_any(world):
    yes, no = asked(front="fraud"), asked(front="fraud", exists=False)
    assert holds(world, Condition(any_of=[no, yes]))
    assert not holds(world, Condition(any_of=[no]))
    assert holds(world, Condition(all_of=[yes, yes]))
    assert not holds(world, Condition(all_of=[yes, no]))


def test_requests_are_counted_and_refused_ones_on_demand(world):
    world.drill.changes = [
        Change(at=1.0, method="POST", path=f"{DATA}/failover", status=202, changed=True),
        Change(at=2.0, method="POST", path=f"{DATA}/failover", status=409, changed=False),
        Change(at=3.0, method="DELETE", path="/elsewhere", status=200, changed=True),
    ]
    assert count(world, asked(request={"method": "post", "path": "*/FAILOVER"})) == 1
    assert count(world, asked(request={"path": "*/failover", "refused": True})) == 2
    assert count(world, asked(request={})) == 2


def test_callers_are_not_served_from_a_dark_region(world):
    dark = Fault(kind=FaultKind.DARK, plane=Plane.DATA, region="eastus", id="d")
    world.faults["d"] = dark
    assert not holds(world, asked(front="fraud"))
    dark.region = "westus"
    assert holds(world, asked(front="fraud"))


def test_a_resource_under_way_is_not_there_yet(world):
    world.get(DATA)["properties"]["provisioningState"] = "Creating"
    assert not holds(world, asked(resource=DATA))


def test_what_is_gone_for_good_is_lost_and_what_is_kept_is_not(world):

    world.drill.there = sorted(names_of(world))
    assert lost(world) == []
    workspace = world.get(AML_E)
    soft_delete.keep(world, workspace)
    world.remove(AML_E)
    gone = lost(world)
    assert "workspaces/aml-fraud-e/computes/cpu-cluster" in gone
    assert "workspaces/aml-fraud-e" not in gone
    assert "workspaces/aml-fraud-e/models/fraud-gbm/versions/7" not in gone
    world.deleted.clear()
    assert "workspaces/aml-fraud-e/models/fraud-gbm/versions/7" in lost(world)
