"""The attached services and the traffic keep to Microsoft's documents, where there are any.

Of failover groups and Traffic Manager there are; all others are read, copied and deleted all the
same, and every operation is followed to its end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from amlrunbook.simulator import process
from amlrunbook.simulator.arm_kinds import Kind
from amlrunbook.simulator.attached import KINDS, SPECIALS
from tests.shared_data import needs_shared
from tests.simulator.contract.driver import (
    Driver,
    documents,
    everything_to_read,
    named,
    special_scope,
)
from tests.simulator_fixtures import end

pytestmark = needs_shared

WORLD = Path(__file__).resolve().parents[1] / "attached_world.toml"
WRITABLE = ("location", "sku", "kind", "identity", "tags", "properties", "zones")
BY_NAME = sorted(KINDS, key=lambda kind: kind.type)
GENERAL = re.compile(r"\$\.(systemData|etag|value|nextLink): no document knows this property")
NEVER_COPIED = {
    # A copy of it would have to be in another pair of servers, or is made by something else.
    "Microsoft.Sql/servers/failoverGroups",
    "Microsoft.Sql/servers/databases/replicationLinks",
    "Microsoft.Network/networkInterfaces",
}


@pytest.fixture(scope="module")
def driver(tmp_path_factory) -> Iterator[Driver]:
    with driven(tmp_path_factory.mktemp("attached") / "azure") as driver:
        yield driver


@contextmanager
def driven(folder: Path) -> Iterator[Driver]:
    driver = Driver(process.start(folder, str(WORLD)))
    try:
        yield driver
    finally:
        driver.close()
        end(folder)


def version(kind: Kind) -> str:
    return kind.api_versions[0]


def kept(driver: Driver) -> bool:
    """Is nothing against what was heard, but what the general document of any resource lacks?"""
    wrong = {
        where: [what for what in found if not ("(Resources_" in where and GENERAL.match(what))]
        for where, found in driver.violations.items()
    }
    wrong = {where: found for where, found in wrong.items() if found}
    driver.violations.clear()
    assert not wrong, wrong
    return True


def test_everything_is_there_and_can_be_read(driver):
    world = driver.world()
    for kind in BY_NAME:
        is_policy = kind.implied is not None
        assert documents(world, kind) or is_policy or "nested" in kind.type or "azure" in kind.type
        for path in everything_to_read(world, kind):
            answer = driver.ask("GET", path, version(kind))
            assert answer.status == 200, (path, answer.body)
    assert kept(driver)


def test_what_is_not_there_is_told_so(driver):
    world = driver.world()
    for kind in BY_NAME:
        for document in documents(world, kind)[:1]:
            path = str(document["id"]).rpartition("/")[0] + "/missing1"
            assert driver.ask("GET", path, version(kind)).status == 404, path
    for method, shape in SPECIALS:
        root = f"/subscriptions/{next(iter(world['subscriptions']))}"
        path = f"{special_scope(shape, root)}/providers/{named(shape)}"
        assert driver.ask(method, path, "2025-01-01").status in {200, 404}, path
    assert kept(driver)


@pytest.mark.parametrize(
    "kind",
    [k for k in BY_NAME if "PUT" in k.methods and k.type not in NEVER_COPIED],
    ids=lambda kind: kind.type,
)
def test_it_is_copied_changed_and_deleted(driver, kind):
    for document in documents(driver.world(), kind)[:1]:
        path = str(document["id"])
        answer = driver.ask("GET", path, version(kind))
        body: dict[str, Any] = {k: deepcopy(answer.body[k]) for k in WRITABLE if k in answer.body}
        copy = path[:-1] + ("2" if path[-1] != "2" else "3")
        body["properties"].pop("priority", None)
        made = driver.ask("PUT", copy, version(kind), body)
        assert made.status in {200, 201, 202}, (copy, made.body)
        assert driver.ask("GET", copy, version(kind)).status == 200
        if kind.patchable and "PATCH" in kind.methods:
            changed = driver.ask("PATCH", copy, version(kind), {"tags": {"touched": "yes"}})
            assert changed.status in {200, 202}, changed.body
        assert driver.ask("DELETE", copy, version(kind)).status in {200, 202, 204}
        assert driver.ask("DELETE", copy, version(kind)).status in {202, 204}
        assert driver.ask("GET", copy, version(kind)).status == 404
    assert kept(driver)


def test_a_failover_group_fails_over_there_and_back(tmp_path):
    with driven(tmp_path / "azure") as driver:
        _there_and_back(driver)


def _there_and_back(driver: Driver) -> None:
    kind = next(k for k in KINDS if k.type == "Microsoft.Sql/servers/failoverGroups")
    there, here = sorted(
        (str(document["id"]) for document in documents(driver.world(), kind)), reverse=True
    )
    for path in (there, here):
        answer = driver.ask("POST", f"{path}/failover", version(kind))
        assert answer.status == 202
        assert answer.headers["location"]
        assert (
            driver.ask("GET", path, version(kind)).body["properties"]["replicationRole"]
            == "Primary"
        )
    changed = {"properties": {"readWriteEndpoint": {"failoverPolicy": "Automatic"}}}
    assert driver.ask("PATCH", here, version(kind), changed).status == 202
    assert driver.ask("DELETE", here, version(kind)).status == 202
    assert driver.ask("GET", there, version(kind)).status == 404
    assert kept(driver)
