"""What a scenario file may say of its drill, and what is said when it errs; bases, and what is laid over them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from amlrunbook.errors import DocumentError
from amlrunbook.simulator.blobs import Contents
from amlrunbook.simulator.conditions import COMPARED
from amlrunbook.simulator.drill_data import HAPPENINGS, Condition
from amlrunbook.simulator.genesis import build_world
from amlrunbook.simulator.scenario import (
    glance,
    load_scenario,
    parse_scenario,
    scenario_names,
)

HEAD = """
format = 1
title = "A test"
description = "Of drills."
base = "warm-pair"
"""
DATA = "@/resourceGroups/rg-fraud-e/providers/Microsoft.Storage/storageAccounts/stfrauddata"


def parse(text: str):
    return parse_scenario(HEAD + text, "x.toml", "x")


def build(text: str, tmp_path):
    contents = Contents(tmp_path / "c")
    return build_world(parse(text), seed=1, base_url="https://127.0.0.1:1", contents=contents)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[timeline]]\nat = "PT1S"\ntxet = "x"', "unknown key 'txet'; did you mean 'text'?"),
        ('[[goals]]\ntext = "x"\nresuorce = "y"', "did you mean 'resource'?"),
        ('[[harms]]\ntext = "x"\npoints = "many"', "Expected `int`, got `str`"),
        ("[score]\ndetetc = 5", "did you mean 'detect'?"),
        ('[[timeline]]\nat = "PT1S"\nfault = { kind = "drak" }', "Invalid enum value 'drak'"),
        ("[[without]]\nresource = 5", "Expected `str`, got `int`"),
    ],
)
def test_wrong_keys_and_types_are_named_with_their_place(text, says):
    with pytest.raises(DocumentError, match=r"x\.toml") as caught:
        parse(text)
    assert says in caught.value.what


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[goals]]\ntext = "x"\nresource = "@/nowhere"', "there is no resource"),
        (
            f'[[goals]]\ntext = "x"\nresource = "{DATA}x"\npath = "a"\nequals = 1',
            "storageaccounts/stfrauddata'?",
        ),
        ('[[goals]]\ntext = "x"', "exactly one of"),
        (f'[[goals]]\ntext = "x"\nresource = "{DATA}"\nfront = "fraud"', "not 2"),
        (f'[[goals]]\ntext = "x"\nresource = "{DATA}"\npath = "a"', "is compared by one of"),
        (f'[[goals]]\ntext = "x"\nresource = "{DATA}"\nequals = 1', "compares the value"),
        ('[[goals]]\ntext = "x"\nfront = "frood"', "did you mean 'fraud'?"),
        (
            '[[goals]]\ntext = "x"\nsecret = { vault = "kv-fraud-x", name = "s" }',
            "did you mean 'kv-fraud-",
        ),
        (
            '[[harms]]\ntext = "x"\nblob = { account = "stfraudata", container = "c", name = "n" }',
            "did you mean 'stfrauddata'?",
        ),
        ('[[harms]]\ntext = "x"\nany_of = [{ resource = "@/no" }]', "harms[0].any_of[0].resource"),
        ('[[timeline]]\nat = "soon"\ntext = "x"', "'soon' is not a duration"),
        ('[[timeline]]\nat = "PT1S"', "nothing happens"),
        (f'[[timeline]]\nat = "PT1S"\ndelete = "{DATA}"\nclear = "x"', "one thing happens"),
        ('[[timeline]]\nat = "PT1S"\nclear = "east"', "there is no fault 'east'"),
        (
            '[[timeline]]\nat = "PT1S"\nfault = { kind = "dark", region = "eastsu" }',
            "did you mean 'eastus'?",
        ),
        (f'[[timeline]]\nat = "PT1S"\npurge = "{DATA}/no/such"', "timeline[0].purge"),
        (
            '[[timeline]]\nat = "PT1S"\nremove_blob = { account = "x", container = "c", name = "n" }',
            "no storage account 'x'",
        ),
        (
            f'[[timeline]]\nat = "PT1S"\nroute = {{ front = "x", target = "{DATA}" }}',
            "no front 'x'",
        ),
        ('[[without]]\nresource = "@/nowhere"', "without[0]: there is no resource"),
        ('snapshot_age = "yesterday"', "snapshot_age: 'yesterday' is not a duration"),
        ('[score]\ndetect_by = "never"', "score.detect_by"),
    ],
)
def test_what_is_not_in_the_world_is_an_error(text, says, tmp_path):
    with pytest.raises(DocumentError) as caught:
        build(text, tmp_path)
    assert says in caught.value.what


def test_a_resource_that_is_yet_to_be_made_may_be_a_goal(tmp_path):
    made = build(f'[[goals]]\ntext = "x"\nresource = "{DATA}x"\nnew = true', tmp_path)
    assert made.drill.goals[0].new


def test_bases_stand_on_one_another_and_are_laid_over_by_identity(tmp_path):
    made = build(
        """
        [profile]
        name = "mine"
        [[profile.probes]]
        name = "fraud-callers"
        url = "{base}/elsewhere"
        [[world.resources]]
        type = "Microsoft.Storage/storageAccounts"
        group = "rg-fraud-e"
        name = "stfrauddata"
        sku = { name = "Standard_LRS" }
        """,
        tmp_path,
    )
    assert made.profile["name"] == "mine"
    assert made.profile["primary"]["region"] == "eastus"
    assert made.profile["probes"] == [
        {"name": "fraud-callers", "url": "https://127.0.0.1:1/elsewhere", "timeout": "PT5S"}
    ]
    account = made.storage_account("stfrauddata")
    assert account["sku"]["name"] == "Standard_LRS"
    assert "secondaryLocation" not in account["properties"]
    assert "0930" in "".join(made.accounts["stfrauddata"].containers["transactions"].blobs)


def test_what_the_base_has_can_be_left_out_with_what_is_below_it(tmp_path):
    key = "resourcegroups/rg-fraud-w/providers/microsoft.machinelearningservices/workspaces/"
    gone = "@/resourceGroups/rg-fraud-w/providers/Microsoft.MachineLearningServices/workspaces/aml-fraud-w/onlineEndpoints/fraud-score"
    text = f'[[without]]\nresource = "{gone}"\n'
    with pytest.raises(DocumentError, match="there is no resource"):
        build(text + '[[goals]]\ntext = "x"\nresource = "' + gone + '"', tmp_path)
    made = build(text, tmp_path)
    assert not [k for k in made.resources if f"{key}aml-fraud-w/onlineendpoints" in k]


def test_the_example_of_the_document_is_valid(tmp_path):
    page = (Path(__file__).resolve().parents[3] / "docs" / "scenarios.md").read_text("utf-8")
    example = page.partition("```toml\n")[2].partition("```")[0]
    scenario = parse_scenario(example, "example.toml", "example")
    contents = Contents(tmp_path / "c")
    made = build_world(scenario, seed=0, base_url="https://127.0.0.1:1", contents=contents)
    assert made.drill.goals


def test_the_document_names_all_that_can_happen_and_be_asked(tmp_path):
    page = (Path(__file__).resolve().parents[3] / "docs" / "scenarios.md").read_text("utf-8")
    asked = set(Condition.__struct_fields__) - {"path", "exists", "new"} - set(COMPARED)
    for key in (*HAPPENINGS, *asked, *COMPARED):
        assert f"`{key}`" in page, key


def test_config_files_are_made_anew_with_each_world(tmp_path):
    made = build("", tmp_path)
    (first, _) = made.profile["config_files"]
    held = json.loads(Path(first).read_text("utf-8"))
    assert held["workspace_name"] == "aml-fraud-e"
    assert Path(first).is_relative_to(tmp_path)
    Path(first).write_text("{}", "utf-8")
    build("", tmp_path)
    assert json.loads(Path(first).read_text("utf-8")) == held


def test_config_files_elsewhere_are_nobodys_business(tmp_path):
    elsewhere = tmp_path / "elsewhere.json"
    build(f'[profile]\nconfig_files = ["{elsewhere}"]', tmp_path)
    assert not elsewhere.exists()


def test_a_base_that_is_not_there_or_goes_in_circles(tmp_path):
    with pytest.raises(DocumentError, match="did you mean 'warm-pair'"):
        parse_scenario(HEAD.replace("warm-pair", "warm-pear"), "x.toml", "x")


def test_base_takes_over_world_and_profile_alone():
    scenario = load_scenario("region-dark")
    below = load_scenario("warm-pair")
    assert scenario.world.subscriptions == below.world.subscriptions
    assert scenario.hints != below.hints
    assert below.goals == []


@pytest.mark.parametrize("name", scenario_names())
def test_a_glance_tells_what_the_whole_file_says(name):
    seen, whole = glance(name), load_scenario(name)
    assert (seen.title, seen.trains, seen.runbook) == (whole.title, whole.trains, whole.runbook)
    assert seen.has_goals == bool(whole.goals)
