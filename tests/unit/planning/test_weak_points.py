"""Weak points of a pair whose primary is dark: judged by what the last snapshot held, and its age is told."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from amlrunbook.assessment import CATALOGUE
from amlrunbook.model.profile import DataAccount, Side
from amlrunbook.model.snapshot import Snapshot, snapshot_of
from amlrunbook.operations.registry import build_registry
from amlrunbook.planning.lists import PREDICATES, RESOURCE_LISTS
from amlrunbook.planning.load import load_runbook, runbook_folder
from amlrunbook.planning.pack import Pack, pack_of
from amlrunbook.planning.plan import Plan
from amlrunbook.planning.resolve import resolve
from tests.unit.planning.test_pack import NOW
from tests.unit.planning.test_resolve import DATA, DEFAULT, OTHER, SUB, WORKSPACE, profile

ML = "Microsoft.MachineLearningServices/workspaces"
STORAGE = "Microsoft.Storage/storageAccounts"
VAULT = f"{SUB}/Microsoft.KeyVault/vaults/kv"
REGISTRY = f"{SUB}/Microsoft.ContainerRegistry/registries/cr"
LOGS = f"{SUB}/Microsoft.OperationalInsights/workspaces/log"
COSMOS = f"{SUB}/Microsoft.DocumentDB/databaseAccounts/cosmos"
TRAFFIC = f"{SUB}/Microsoft.Network/trafficManagerProfiles/tm"
LOCKS = f"{SUB.removesuffix('/providers')}/providers/Microsoft.Authorization/locks"
EARLIER = "2026-11-22T06:00:00Z"


def dark(place: str, kind: str) -> dict[str, Any]:
    return {"id": place, "type": kind, "unread": "refused: 503"}


def before() -> list[dict[str, Any]]:
    """The pair while all was well: soft delete on for the data account alone, no purge protection, no replica."""
    return [
        {"id": WORKSPACE, "type": ML, "properties": {"storageAccount": DEFAULT}},
        {"id": DEFAULT, "type": STORAGE, "sku": {"name": "Standard_LRS"}},
        {"id": DATA, "type": STORAGE, "sku": {"name": "Standard_RAGRS"}},
        *(
            {
                "id": f"{account}/blobServices/default",
                "type": f"{STORAGE}/blobServices",
                "properties": {"containerDeleteRetentionPolicy": {"enabled": account == DATA}},
            }
            for account in (DEFAULT, DATA)
        ),
        {
            "id": VAULT,
            "type": "Microsoft.KeyVault/vaults",
            "properties": {"enableSoftDelete": True, "enablePurgeProtection": False},
        },
        {
            "id": REGISTRY,
            "type": "Microsoft.ContainerRegistry/registries",
            "location": "eastus",
            "sku": {"name": "Premium"},
        },
    ]


def in_the_dark(*, earlier: bool = True) -> Snapshot:
    """The same pair an hour into the outage: only the secondary's workspace answers."""
    placeholders = [dark(each["id"], each["type"]) for each in before()]
    placeholders.append(dark(LOCKS, "Microsoft.Authorization/locks"))
    now = snapshot_of([*placeholders, {"id": OTHER, "type": ML}], taken_at="2026-11-22T09:00:00Z")
    if not earlier:
        return now
    return msgspec.structs.replace(now, earlier=tuple(before()), earlier_at=EARLIER)


def pair() -> Any:
    return profile(
        secondary=Side(workspace=OTHER, region="westus"), data_accounts=(DataAccount(id=DATA),)
    )


def hardening(snapshot: Snapshot) -> Plan:
    loaded = load_runbook(runbook_folder() / "hardening.toml")
    return resolve(loaded, pair(), snapshot, build_registry(None))


def paper(snapshot: Snapshot) -> Pack:
    loaded = load_runbook(runbook_folder() / "hardening.toml")
    return pack_of(
        loaded, pair(), snapshot, build_registry(None), written_at=NOW, program="amlrunbook 1"
    )


def test_lists_go_over_what_the_last_snapshot_held() -> None:
    inventory = in_the_dark().inventory
    found = {
        name: {place.rsplit("/", 1)[-1] for place in RESOURCE_LISTS[name](pair(), inventory)}
        for name in ("vaults", "registries", "lockable")
    }
    assert found == {
        "vaults": {"kv"},
        "registries": {"cr"},
        "lockable": {"aml-a", "aml-b", "stdefault", "stdata", "kv", "cr"},
    }


@pytest.mark.parametrize(
    ("name", "resource", "answer"),
    [
        ("storage.lacks_container_soft_delete", DEFAULT, True),
        ("storage.lacks_container_soft_delete", DATA, False),
        ("storage.lacks_container_soft_delete", "", True),
        ("storage.lacks_share_soft_delete", DATA, None),
        ("vaults.lack_purge_protection", VAULT, True),
        ("vaults.lack_soft_delete", "", False),
        ("registries.not_premium", REGISTRY, False),
        ("registries.lack_secondary_replica", REGISTRY, True),
        ("resources.lack_lock", VAULT, True),
    ],
)
def test_a_weak_point_is_judged_by_what_was_last_known(
    name: str, resource: str, answer: bool | None
) -> None:
    assert PREDICATES[name](pair(), in_the_dark().inventory, resource) is answer


@pytest.mark.parametrize(
    "name", ["vaults.lack_purge_protection", "registries.not_premium", "resources.lack_lock"]
)
def test_without_an_earlier_snapshot_nobody_can_tell(name: str) -> None:
    inventory = in_the_dark(earlier=False).inventory
    resource = REGISTRY if name.startswith("registries") else VAULT
    assert PREDICATES[name](pair(), inventory, resource) is None


def test_what_was_read_now_counts_more_than_what_was_known_before() -> None:
    mended = {
        "id": VAULT,
        "type": "Microsoft.KeyVault/vaults",
        "properties": {"enableSoftDelete": True, "enablePurgeProtection": True},
    }
    snapshot = in_the_dark()
    read = tuple(mended if raw["id"] == VAULT else raw for raw in snapshot.documents)
    snapshot = msgspec.structs.replace(snapshot, documents=read)
    assert PREDICATES["vaults.lack_purge_protection"](pair(), snapshot.inventory, VAULT) is False
    reason = {step.id: step.not_applicable for step in hardening(snapshot).steps}
    assert EARLIER not in reason["purge-protection:kv"]


def test_the_plan_keeps_the_weak_points_and_says_how_old_the_reason_of_a_left_out_one_is() -> None:
    plan = hardening(in_the_dark())
    reasons = {step.id: step.not_applicable for step in plan.steps}
    assert reasons["container-soft-delete:stdefault"] == ""
    assert reasons["purge-protection:kv"] == ""
    assert reasons["registry-replication:cr"] == ""
    assert reasons["container-soft-delete:stdata"] == (
        "It does not hold that container soft delete is off. "
        f"By the snapshot of {EARLIER}: it could not be read since."
    )
    assert plan.snapshot_earlier == EARLIER


def test_the_paper_says_what_stands_in_and_how_old_it_is() -> None:
    made = paper(in_the_dark())
    assert f"as the snapshot of {EARLIER} had it, 4 h before" in made.snapshot_words
    assert made.unread == ()
    assert f"{VAULT}" in paper(in_the_dark(earlier=False)).unread


def blobs(**policy: Any) -> dict[str, Any]:
    """Return the data account's blob service with a policy of soft delete."""
    return {
        "id": f"{DATA}/blobServices/default",
        "type": f"{STORAGE}/blobServices",
        "properties": {"deleteRetentionPolicy": policy},
    }


def account(sku: str) -> dict[str, Any]:
    return {"id": DATA, "type": STORAGE, "sku": {"name": sku}}


def vault(**properties: Any) -> dict[str, Any]:
    return {"id": VAULT, "type": "Microsoft.KeyVault/vaults", "properties": properties}


def kept(restore: bool | None, **more: Any) -> list[dict[str, Any]]:
    """Return the data account and its blob service, with or without point-in-time restore."""
    policy = {} if restore is None else {"restorePolicy": {"enabled": restore, "days": 7}}
    blob_service = {**blobs(enabled=True, days=14), "properties": policy}
    return [{**account("Standard_RAGRS"), "kind": "StorageV2", **more}, blob_service]


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        (kept(restore=True), False),
        (kept(restore=False), True),
        (kept(restore=None), True),
        (kept(restore=False, kind="BlobStorage"), False),
        (kept(restore=False, sku={"name": "Premium_LRS"}), False),
        (kept(restore=False, properties={"isHnsEnabled": True}), False),
        (kept(restore=False)[:1], None),
        (kept(restore=False)[1:], None),
    ],
)
def test_point_in_time_restore_is_planned_where_an_account_could_have_it(
    documents: list[dict[str, Any]], expected: bool | None
) -> None:
    inventory = snapshot_of(documents).inventory
    assert PREDICATES["storage.lacks_point_in_time"](pair(), inventory, DATA) is expected


def logs(**properties: Any) -> dict[str, Any]:
    return {
        "id": LOGS,
        "type": "Microsoft.OperationalInsights/workspaces",
        "properties": properties,
    }


def cosmos(regions: int | None, **properties: Any) -> dict[str, Any]:
    named = [{"locationName": f"Region {rank}"} for rank in range(regions or 0)]
    said = {} if regions is None else {"locations": named}
    return {
        "id": COSMOS,
        "type": "Microsoft.DocumentDB/databaseAccounts",
        "properties": {**said, **properties},
    }


def traffic(**dns: Any) -> dict[str, Any]:
    return {
        "id": TRAFFIC,
        "type": "Microsoft.Network/trafficmanagerprofiles",
        "properties": {"dnsConfig": dns},
    }


@pytest.mark.parametrize(
    ("predicate", "document", "resource", "expected"),
    [
        ("traffic.answers_are_kept_long", traffic(ttl=61), TRAFFIC, True),
        ("traffic.answers_are_kept_long", traffic(ttl=60), TRAFFIC, False),
        ("traffic.answers_are_kept_long", traffic(ttl=300), "", True),
        ("traffic.answers_are_kept_long", traffic(), TRAFFIC, None),
        ("cosmos.lacks_automatic_failover", cosmos(2), COSMOS, True),
        ("cosmos.lacks_automatic_failover", cosmos(1), COSMOS, False),
        ("cosmos.lacks_automatic_failover", cosmos(None), "", None),
        (
            "cosmos.lacks_automatic_failover",
            cosmos(2, enableAutomaticFailover=True),
            COSMOS,
            False,
        ),
        (
            "cosmos.lacks_automatic_failover",
            cosmos(2, enableMultipleWriteLocations=True),
            COSMOS,
            False,
        ),
        ("logs.kept_briefly", logs(retentionInDays=89), LOGS, True),
        ("logs.kept_briefly", logs(retentionInDays=90), LOGS, False),
        ("logs.kept_briefly", logs(retentionInDays=30), "", True),
        ("logs.kept_briefly", logs(), LOGS, None),
        ("storage.keeps_blobs_briefly", blobs(enabled=True, days=7), DATA, True),
        ("storage.keeps_blobs_briefly", blobs(enabled=True, days=14), DATA, False),
        ("storage.keeps_blobs_briefly", blobs(enabled=False), DATA, False),
        ("storage.keeps_blobs_briefly", blobs(enabled=True), DATA, None),
        ("storage.lacks_read_access", account("Standard_GRS"), DATA, True),
        ("storage.lacks_read_access", account("Standard_RAGZRS"), DATA, False),
        ("storage.lacks_read_access", {**account(""), "sku": None}, DATA, None),
        ("vaults.lack_soft_delete", vault(), VAULT, False),
        ("vaults.lack_soft_delete", vault(enableSoftDelete=False), VAULT, True),
        ("vaults.lack_purge_protection", vault(), VAULT, True),
    ],
)
def test_a_weak_point_is_what_the_check_of_it_says(
    predicate: str, document: dict[str, Any], resource: str, expected: bool | None
) -> None:
    inventory = snapshot_of([document]).inventory
    assert PREDICATES[predicate](pair(), inventory, resource) is expected


@pytest.mark.parametrize(("days", "planned"), [(7, True), (14, False), (30, False)])
def test_soft_delete_for_a_week_is_made_longer(days: int, planned: bool) -> None:
    documents = [*before(), blobs(enabled=True, days=days)]
    steps = hardening(snapshot_of(documents)).steps
    todo = {(step.base, step.resource) for step in steps if not step.not_applicable}
    assert (("blob-soft-delete", DATA) in todo) is planned
    assert ("blob-soft-delete", DEFAULT) in todo


def test_whatever_is_checked_for_a_lock_is_offered_one() -> None:
    kinds = {kind for rule in CATALOGUE if rule.id.endswith(".lock") for kind in rule.types}
    documents = [{"id": f"{SUB}/{kind}/x", "type": kind} for kind in sorted(kinds)]
    found = RESOURCE_LISTS["lockable"](pair(), snapshot_of(documents).inventory)
    assert set(found) == {document["id"] for document in documents}
