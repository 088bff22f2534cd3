"""Wrong types and missing parts in what is sent to the attached services: always one clear refusal."""

from __future__ import annotations

from typing import Any

import pytest

from amlrunbook.errors import DocumentError
from amlrunbook.simulator.arm_kinds import Kind
from amlrunbook.simulator.attached import KINDS
from amlrunbook.simulator.blobs import Contents
from amlrunbook.simulator.genesis import build_world
from amlrunbook.simulator.scenario import parse_scenario
from tests.simulator.test_attached import WORLD, azure, wire
from tests.simulator_fixtures import world

__all__ = ["azure", "wire"]

WRONG: tuple[Any, ...] = (7, "x", [7], {"x": 7})
SENT_ONLY = ("createMode", "restoreParameters", "sourceDatabaseId", "replica", "restore")
CHANGED = [kind for kind in KINDS if "PUT" in kind.methods]


@pytest.fixture(scope="module")
def documents(azure) -> dict[str, dict[str, Any]]:
    """One document of each type, as the world began."""
    found: dict[str, dict[str, Any]] = {}
    for document in world(azure)["resources"].values():
        found.setdefault(str(document["type"]).lower(), document)
    return found


@pytest.mark.parametrize("kind", CHANGED, ids=lambda kind: kind.type)
def test_no_wrong_type_is_an_error_of_the_server(wire, documents, kind):
    document = documents.get(kind.type.lower())
    if document is None:
        assert kind.implied is not None or "trafficManager" in kind.type
        return
    path, version = str(document["id"]) + "9", kind.api_versions[0]
    for wrong in WRONG:
        keys = (*document["properties"], *SENT_ONLY)
        properties = dict.fromkeys(keys, wrong)
        whole = {"location": document.get("location"), "properties": properties, "tags": {}}
        for method, body in (("PUT", whole), ("PUT", {"properties": wrong}), ("PATCH", whole)):
            where = path if method == "PUT" else str(document["id"])
            answer = wire.ask(method, where, version, body=body)
            assert answer.status_code != 500, (method, where, body)
    assert wire.ask("GET", path, version).status_code in {200, 404}
    for path in (str(document["id"]), str(document["id"]).rpartition("/")[0]):
        assert wire.ask("GET", path, version).status_code == 200


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.actions], ids=lambda kind: kind.type
)
def test_no_wrong_body_of_an_action_is_an_error_of_the_server(wire, documents, kind):
    for action in kind.actions:
        for wrong in ([], {"region": [], "failoverPolicies": [7], "contentPaths": 7}):
            path = f"{documents[kind.type.lower()]['id']}/{action}"
            answer = wire.ask("POST", path, kind.api_versions[0], body=wrong)
            assert answer.status_code != 500, (path, wrong)


@pytest.mark.parametrize("kind", CHANGED, ids=lambda kind: kind.type)
@pytest.mark.parametrize("wrong", [7, {"x": 7}])
def test_a_scenario_that_says_nonsense_is_refused_by_name(tmp_path, kind: Kind, wrong):
    scenario = parse_scenario(WORLD.read_text("utf-8"), "attached.toml", "attached")
    for table in scenario.world.resources:
        if table.type == kind.type:
            for key in list(table.properties) or ["provisioningState"]:
                table.properties[key] = wrong
            break
    try:
        build_world(scenario, seed=0, base_url="https://127.0.0.1:1", contents=Contents(tmp_path))
    except DocumentError as error:
        assert "world.resources[" in str(error)
