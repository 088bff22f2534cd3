"""Every answer of the simulated resource manager keeps to Microsoft's documents.

Driven over real HTTPS in both scenarios: every kind of resource is read, listed, changed, copied,
deleted and acted upon, and asked for where it is not. Where the api-version in use is not the
document's, the document's shape counts all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from amlrunbook.simulator import attached, process
from amlrunbook.simulator.arm_kinds import Kind
from amlrunbook.simulator.catalog import BY_TYPE, SPECIALS
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

SCENARIOS = ("healthy-pair", "lonely-workspace")
KINDS = sorted(
    (kind for kind in BY_TYPE.values() if kind not in attached.KINDS), key=lambda kind: kind.type
)
"""What is attached has a world and a test module of its own."""
WRITABLE = ("location", "sku", "kind", "identity", "tags", "properties", "zones")

BEYOND_THE_DOCUMENTS = (
    # (operation, what the document does not know, why the simulator says it all the same)
    (
        "Workspaces_",
        r"(AuthMode|properties\.creationTime|\.isPrivateLinkEnabled): no document knows",
        "recorded from Azure in 2024 and 2025: aml-workspace-softdelete, test_workspace",
    ),
    (
        "Workspaces_List",
        r"properties\.(softDeleteEnabled|softDeletedAt|scheduledPurgeDate): no document knows",
        "recorded from Azure in 2024: aml-workspace-softdelete",
    ),
    (
        "Workspaces_ListKeys",
        r"\$\.userStorageArmId: no document knows",
        "api-version 2025-12-01",
    ),
    (
        "(Deleted)?Workspaces_",
        r"properties\.(replication|failover): no document knows",
        "Log Analytics' replication and failover came with api-version 2025-02-01",
    ),
    (
        "(Subscriptions|Tenants)_List",
        r"required property 'nextLink' is missing",
        "a last page has no next one, though the document requires the link",
    ),
)


@pytest.fixture(scope="module", params=SCENARIOS)
def driver(request, tmp_path_factory) -> Iterator[Driver]:
    folder = tmp_path_factory.mktemp("contract") / "azure"
    driver = Driver(process.start(folder, request.param))
    try:
        yield driver
    finally:
        driver.close()
        end(folder)


@pytest.fixture
def checked(driver) -> Driver:
    """The driver, with nothing against it yet; each test ends with :func:`assert_kept`."""
    driver.violations.clear()
    return driver


def assert_kept(driver: Driver) -> None:
    """Fail with every violation that is not named as beyond the documents."""
    wrong = [
        f"{where}\n    {what}"
        for where, violations in driver.violations.items()
        for what in violations
        if not any(
            re.search(rf"\({operation}", where) and re.search(pattern, what)
            for operation, pattern, _ in BEYOND_THE_DOCUMENTS
        )
    ]
    assert not wrong, "\n".join(wrong)


def version(kind: Kind) -> str:
    return kind.api_versions[0]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.type)
def test_reading(checked, kind):
    for path in everything_to_read(checked.world(), kind):
        answer = checked.ask("GET", path, version(kind))
        assert answer.status == 200, (path, answer.body)
    assert_kept(checked)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.type)
def test_reading_what_is_not_there(checked, kind):
    for document in documents(checked.world(), kind)[:1]:
        path = str(document["id"]).rpartition("/")[0] + "/missing1"
        answer = checked.ask("GET", path, version(kind))
        assert answer.status in {404, 405}, answer.body
    assert_kept(checked)


@pytest.mark.parametrize("kind", [k for k in KINDS if k.actions], ids=lambda kind: kind.type)
def test_actions(checked, kind):
    for document in documents(checked.world(), kind):
        for action in kind.actions:
            answer = checked.ask("POST", f"{document['id']}/{action}", version(kind), {})
            assert answer.status in {200, 202, 204} or answer.status >= 400
    assert_kept(checked)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.type)
def test_writing_copying_and_deleting(checked, kind):
    for document in documents(checked.world(), kind):
        path = str(document["id"])
        body = {key: deepcopy(document[key]) for key in WRITABLE if key in document}
        checked.ask("PUT", path, version(kind), body)
        checked.ask("PATCH", path, version(kind), {"tags": {"touched": "yes"}})
        if kind.implied is not None:
            continue  # there is one, it is called default, and it stays
        copy = path.rpartition("/")[0] + "/" + other_name(str(document["name"]))
        checked.ask("PUT", copy, version(kind), body)
        checked.ask("GET", copy, version(kind))
        checked.ask("DELETE", copy, version(kind))
        checked.ask("DELETE", copy, version(kind))
    for path in everything_to_read(checked.world(), kind):
        assert checked.ask("GET", path, version(kind)).status == 200
    assert_kept(checked)


def other_name(name: str) -> str:
    """Return another name that is valid wherever ``name`` is: the last character changes."""
    return name[:-1] + ("2" if name[-1] != "2" else "3")


def test_the_subscription_and_its_groups(checked):
    world = checked.world()
    for subscription in world["subscriptions"]:
        root = f"/subscriptions/{subscription}"
        for path, api in (
            ("/subscriptions", "2022-12-01"),
            ("/tenants", "2022-12-01"),
            (root, "2022-12-01"),
            (f"{root}/locations", "2022-12-01"),
            (f"{root}/providers", "2024-03-01"),
            (f"{root}/providers/Microsoft.Storage", "2024-03-01"),
            (f"{root}/resourcegroups", "2024-03-01"),
            (f"{root}/resources", "2024-03-01"),
        ):
            assert checked.ask("GET", path, api).status == 200
        group = f"{root}/resourceGroups/made-for-a-test"
        checked.ask("GET", group, "2024-03-01")
        checked.ask("PUT", group, "2024-03-01", {"location": "eastus"})
        checked.ask("PATCH", group, "2024-03-01", {"tags": {"a": "b"}})
        checked.ask("HEAD", group, "2024-03-01")
        checked.ask("GET", f"{group}/resources", "2024-03-01")
        checked.ask("DELETE", group, "2024-03-01")
        checked.ask("HEAD", group, "2024-03-01")
    assert checked.ask("GET", "/subscriptions/nobody", "2022-12-01").status == 404


def test_specials(checked):
    world = checked.world()
    root = f"/subscriptions/{next(iter(world['subscriptions']))}"
    bodies: dict[str, Any] = {
        "microsoft.storage/checknameavailability": {
            "name": "fresh",
            "type": "Microsoft.Storage/storageAccounts",
        },
        "microsoft.keyvault/checknameavailability": {
            "name": "fresh",
            "type": "Microsoft.KeyVault/vaults",
        },
        "microsoft.resourcegraph/resources": {"query": "resources | project id, name"},
    }
    for method, shape in sorted(SPECIALS.keys() - attached.SPECIALS.keys()):
        path = f"{special_scope(shape, root)}/providers/{named(shape)}"
        checked.ask(method, path, SPECIAL_VERSION, bodies.get(shape))
    assert_kept(checked)


SPECIAL_VERSION = "2024-04-01"


def test_geo_replication_stats(checked):
    for document in documents(checked.world(), BY_TYPE["microsoft.storage/storageaccounts"]):
        answer = checked.ask(
            "GET", document["id"], "2023-05-01", query="&$expand=geoReplicationStats"
        )
        is_geo = "secondaryLocation" in document["properties"]
        assert ("geoReplicationStats" in answer.body["properties"]) is is_geo
    assert_kept(checked)
