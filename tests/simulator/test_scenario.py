"""Scenario files: what they may say, and what is said when they are wrong."""

from __future__ import annotations

import tomllib
from importlib import resources

import pytest

from amlrunbook.errors import DocumentError, UsageError
from amlrunbook.simulator.blobs import Contents
from amlrunbook.simulator.genesis import build_world
from amlrunbook.simulator.scenario import load_scenario, parse_scenario, scenario_names

HEAD = """
format = 1
title = "A test"
description = "Of scenarios."
profile = { anything = "goes" }
[[world.subscriptions]]
id = "11111111-2222-3333-4444-555555555555"
name = "one"
[[world.groups]]
name = "rg"
location = "eastus"
"""


def parse(text: str):
    return parse_scenario(HEAD + text, "x.toml", "x")


def build(text: str, tmp_path):
    return build_world(
        parse(text), seed=1, base_url="https://127.0.0.1:1", contents=Contents(tmp_path / "c")
    )


@pytest.mark.parametrize("name", scenario_names())
def test_every_scenario_that_comes_along_makes_a_world(name, tmp_path):
    scenario = load_scenario(name)
    made = build_world(
        scenario, seed=0, base_url="https://127.0.0.1:1", contents=Contents(tmp_path / "c")
    )
    assert scenario.name == name
    assert made.profile["primary"]["workspace"].lower() in made.resources
    second = made.profile.get("secondary")
    assert second is None or second["workspace"].lower() in made.resources
    for account in made.profile.get("data_accounts", []):
        assert account["id"].lower() in made.resources


@pytest.mark.parametrize("name", scenario_names())
def test_all_ids_in_the_world_lead_somewhere(name, tmp_path):
    made = build_world(
        load_scenario(name), seed=0, base_url="https://127.0.0.1:1",
        contents=Contents(tmp_path / "c"),
    )  # fmt: skip

    def ids(value):
        if isinstance(value, str) and value.lower().startswith("/subscriptions/"):
            yield value.lower()
        for item in value.values() if isinstance(value, dict) else []:
            yield from ids(item)

    for document in made.resources.values():
        for found in ids(document["properties"]):
            known = found in made.resources or found.split("/")[2] in made.subscriptions
            assert known, (document["id"], found)
            if "/providers/" in found:
                assert found in made.resources, (document["id"], found)


def test_the_worlds_to_begin_with_are_there():
    assert {"healthy-pair", "lonely-workspace"} <= set(scenario_names())


def test_the_profile_is_handed_on_untouched():
    text = (resources.files("amlrunbook.simulator") / "scenarios" / "healthy-pair.toml").read_text()
    assert load_scenario("healthy-pair").profile == tomllib.loads(text)["profile"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('hint = ["x"]', "unknown key 'hint'; did you mean 'hints'?"),
        ('[[faults]]\nkind = "dark"\nregoin = "eastus"', "did you mean 'region'?"),
        (
            '[[world.resources]]\ntype = "Microsoft.KeyVault/vaults"\nname = "a"\ngruop = "rg"',
            "x.toml, line 15: world.resources[0] ('a'): unknown key 'gruop'; did you mean 'group'?",
        ),
        ('[[faults]]\nkind = "drak"', "faults[0].kind: Invalid enum value 'drak'"),
        ("[world.pace]\npolls = true", "world.pace.polls: Expected `int`, got `bool`"),
        ("not toml", "this is not TOML"),
    ],
)
def test_wrong_files_get_file_place_and_nearest_key(text, says):
    before, after = (text, "") if text.startswith("hint") else ("", text)
    with pytest.raises(DocumentError) as caught:
        parse_scenario(before + HEAD + after, "x.toml", "x")
    assert says in caught.value.what
    assert caught.value.what.startswith("x.toml")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[world.groups]]\nname = "b"\nlocation = "atlantis"', "no region 'atlantis'"),
        ('[[world.resources]]\ntype = "A/b"\nname = "c"\ngroup = "rg"', "'A/b' is not known"),
        (
            '[[world.resources]]\ntype = "Microsoft.KeyVault/vaults"\nname = "c"\ngroup = "x"',
            "does not exist",
        ),
        (
            '[[world.resources]]\ntype = "Microsoft.KeyVault/vaults"\nname = "c/d"\ngroup = "rg"',
            "does not name a Microsoft.KeyVault/vaults",
        ),
        ('[[world.blobs]]\naccount = "a"\ncontainer = "b"\nname = "c"', "no storage account 'a'"),
    ],
)
def test_tables_that_name_what_is_not_there(text, says, tmp_path):
    with pytest.raises(DocumentError, match=r"world\.") as caught:
        build(text, tmp_path)
    assert says in caught.value.what


def test_another_format_is_refused():
    with pytest.raises(DocumentError, match="format 2"):
        parse_scenario(HEAD.replace("format = 1", "format = 2"), "x.toml", "x")


def test_unknown_names_and_unreadable_files(tmp_path):
    with pytest.raises(UsageError, match="no scenario"):
        load_scenario("nothing-like-it")
    with pytest.raises(UsageError, match="cannot be read"):
        load_scenario(str(tmp_path / "missing.toml"))


def test_faults_of_a_scenario_are_there_from_the_start(tmp_path):
    made = build('[[faults]]\nkind = "dark"\nregion = "eastus"', tmp_path)
    assert made.faults["fault-1"].region == "eastus"


def test_bytes_of_blobs_and_files_lie_beside_the_world(tmp_path):
    made = build(
        """
        [[world.resources]]
        type = "Microsoft.Storage/storageAccounts"
        group = "rg"
        name = "sta"
        [[world.blobs]]
        account = "sta"
        container = "c"
        name = "a/b.txt"
        text = "hello"
        [[world.files]]
        account = "sta"
        share = "s"
        path = "notebooks/one.ipynb"
        text = "{}"
        """,
        tmp_path,
    )
    (blob,) = made.accounts["sta"].containers["c"].blobs["a/b.txt"]
    assert Contents(tmp_path / "c").get(blob.digest) == b"hello"
    assert list(made.accounts["sta"].shares["s"].files) == ["notebooks/one.ipynb"]
