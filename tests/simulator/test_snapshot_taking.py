"""A snapshot of a simulated pair: what it holds, what it says it lacks, and that it holds no secret."""

from __future__ import annotations

import json
import threading
import time
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from amlrunbook.azure.inventory import Taken, take_snapshot
from amlrunbook.azure.unread import Reason
from amlrunbook.errors import SignInError
from amlrunbook.model.profile import Side
from amlrunbook.model.resource_id import ResourceId
from tests.simulator.azure_here import AzureHere

ML = "Microsoft.MachineLearningServices/workspaces"


def taken(here: AzureHere, **options: Any) -> Taken:
    return take_snapshot(here.gateway(), here.profile, **options)


def unread(snapshot: Taken) -> dict[str, str]:
    return {document.key: document.unread or "" for document in snapshot.unread}


def test_a_healthy_pair_is_read_whole(pair: AzureHere) -> None:
    found = taken(pair)
    inventory = found.snapshot.inventory
    assert unread(found) == {}
    assert found.reached
    for kind in (
        ML,
        f"{ML}/computes",
        f"{ML}/datastores",
        f"{ML}/onlineEndpoints",
        f"{ML}/onlineEndpoints/deployments",
        f"{ML}/models",
        f"{ML}/models/versions",
        f"{ML}/environments/versions",
        f"{ML}/data",
        f"{ML}/jobs",
        "Microsoft.Storage/storageAccounts",
        "Microsoft.Storage/storageAccounts/blobServices",
        "Microsoft.Storage/storageAccounts/fileServices",
        "Microsoft.KeyVault/vaults",
        "Microsoft.ContainerRegistry/registries",
        "Microsoft.ContainerRegistry/registries/replications",
        "Microsoft.Insights/components",
        "Microsoft.OperationalInsights/workspaces",
        "Microsoft.Resources/resourceGroups",
        "Microsoft.Authorization/locks",
    ):
        assert inventory.of_type(kind), kind
    assert inventory.by_id(f"/subscriptions/{pair.profile.subscription}/locations/eastus")
    assert len(inventory.of_type(ML)) == 2


def test_the_replication_state_stands_in_the_account(pair: AzureHere) -> None:
    account = taken(pair).snapshot.inventory.by_id(pair.profile.data_accounts[0].id)
    assert account is not None
    assert account.field("properties.geoReplicationStats.status") == "Live"
    assert account.field("properties.primaryEndpoints")


def test_a_secondary_that_does_not_tell_leaves_the_account_readable(pair: AzureHere) -> None:
    pair.fault(kind="error", path="*/stfrauddata", skip=1, status=503)
    account_id = pair.profile.data_accounts[0].id
    gateway = pair.gateway()
    found = take_snapshot(gateway, pair.profile)
    inventory = found.snapshot.inventory
    placeholder = inventory.by_id(f"{account_id}/geoReplicationStats")
    account = inventory.by_id(account_id)
    assert placeholder is not None
    assert placeholder.unread
    assert placeholder.type == "Microsoft.Storage/storageAccounts/geoReplicationStats"
    assert account is not None
    assert account.unread is None
    assert account.field("properties.geoReplicationStats.unread") == placeholder.unread


def test_two_snapshots_of_one_world_hold_the_same_documents_in_the_same_order(
    pair: AzureHere,
) -> None:
    first, second = taken(pair), taken(pair)
    assert [d["id"] for d in first.snapshot.documents] == [
        d["id"] for d in second.snapshot.documents
    ]
    assert first.requests == second.requests


def test_a_dark_region_is_information(pair: AzureHere) -> None:
    pair.fault(kind="dark", region="eastus")
    found = taken(pair)
    gaps = unread(found)
    assert pair.profile.primary.workspace.lower() in gaps
    assert f"{pair.profile.primary.workspace.lower()}/computes" in gaps
    assert all(reason.startswith(Reason.FAILED.value) for reason in gaps.values())
    assert pair.profile.secondary is not None
    assert pair.profile.secondary.workspace.lower() not in gaps
    assert found.reached


def test_a_hanging_region_costs_one_deadline(pair: AzureHere) -> None:
    pair.fault(kind="hang", resource_type=f"{ML}*")
    found = taken(pair, request_seconds=1.0, seconds=20)
    gaps = unread(found)
    assert gaps
    assert {reason.partition(":")[0] for reason in gaps.values()} == {Reason.LATE.value}


def test_the_deadline_of_the_whole_turns_open_reads_into_gaps(
    pair: AzureHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = [0]
    taken(pair, progress=lambda done, _known, _last: reads.append(done))
    pair.fault(kind="hang", path="*/computes")
    skipped = [0.0]
    monkeypatch.setattr(
        "amlrunbook.azure.deadline.time",
        SimpleNamespace(monotonic=lambda: time.monotonic() + skipped[0]),
    )

    def progress(done: int, _known: int, _last: str) -> None:
        if done == reads[-1] - len(pair.profile.regions):  # all but the computes
            skipped[0] = 1000.0

    found = taken(pair, seconds=1000, request_seconds=1000, progress=progress)
    gaps = unread(found)
    assert {key.rsplit("/", 1)[-1] for key in gaps} == {"computes"}
    assert all("for the whole" in reason for reason in gaps.values())


def test_a_cancelled_snapshot_ends_with_gaps(pair: AzureHere) -> None:
    pair.fault(kind="hang", path="*/computes")
    cancelled = threading.Event()

    def progress(done: int, _known: int, _last: str) -> None:
        if done > 3:
            cancelled.set()

    found = taken(pair, seconds=50, cancelled=cancelled, progress=progress)
    assert any("cancelled" in reason for reason in unread(found).values())


def test_nothing_reached_is_said(pair: AzureHere) -> None:
    gateway = pair.gateway()
    gateway.get(pair.profile.primary.workspace)
    pair.fault(kind="dark")
    found = take_snapshot(gateway, pair.profile)
    assert not found.reached
    assert all("unread" in document for document in found.snapshot.documents)


def test_a_throttled_pair_is_read_in_the_end(pair: AzureHere) -> None:
    pair.fault(kind="throttle", retry_after=1, count=20, plane="control")
    found = taken(pair)
    assert unread(found) == {}


def test_what_may_not_be_read_says_so(pair: AzureHere) -> None:
    pair.fault(
        kind="error",
        resource_type="Microsoft.KeyVault/vaults",
        status=403,
        code="AuthorizationFailed",
    )
    gaps = unread(taken(pair))
    assert {key.rsplit("/", 2)[-2] for key in gaps} == {"vaults"}
    assert all(
        reason.startswith(f"{Reason.FORBIDDEN.value}: AuthorizationFailed")
        for reason in gaps.values()
    )


def test_what_is_gone_is_not_there(pair: AzureHere) -> None:
    gone = pair.profile.primary.workspace + "-gone"
    profile = msgspec.structs.replace(pair.profile, secondary=Side(workspace=gone, region="westus"))
    found = take_snapshot(pair.gateway(), profile)
    assert unread(found) == {}
    assert found.snapshot.inventory.by_id(gone) is None


def test_nobody_signed_in_is_one_error(pair: AzureHere) -> None:
    pair.fault(kind="error", plane="identity", status=401)
    with pytest.raises(SignInError):
        taken(pair)


def test_no_key_is_asked_for_and_no_secret_is_kept(pair: AzureHere) -> None:
    before = pair.last
    text = json.dumps(msgspec.to_builtins(taken(pair).snapshot))
    asked = [
        r for r in pair.requests(before) if not r["path"].startswith(f"/{pair.endpoint.tenant_id}")
    ]
    assert {r["method"] for r in asked} == {"GET"}
    assert not [r for r in asked if "list" in r["path"].rsplit("/", 1)[-1].lower()]
    component = taken(pair).snapshot.inventory.of_type("Microsoft.Insights/components")[0]
    assert component.field("properties.InstrumentationKey") == "«masked»"
    assert component.field("properties.ConnectionString") == "«masked»"
    assert pair.endpoint.client_secret not in text
    assert "AccountKey=" not in text


def test_an_attached_service_that_nobody_knows_is_a_gap(pair: AzureHere) -> None:
    from amlrunbook.model.profile import Attached

    sql = (
        pair.profile.primary.workspace.split("/providers/")[0] + "/providers/Contoso.Sql/servers/s"
    )
    profile = msgspec.structs.replace(pair.profile, attached=(Attached(id=sql),))
    gaps = unread(take_snapshot(pair.gateway(), profile))
    assert "No api-version is known" in gaps[sql.lower()]


def test_progress_is_told_to_the_end(pair: AzureHere) -> None:
    heard: list[tuple[int, int]] = []
    found = taken(pair, progress=lambda done, known, _last: heard.append((done, known)))
    assert [done for done, _ in heard] == list(range(1, len(heard) + 1))
    assert heard[-1][0] == heard[-1][1]
    assert found.requests >= len(heard)


def test_ids_of_the_profile_are_whatever_case_azure_answers(pair: AzureHere) -> None:
    upper = pair.profile.primary.workspace.upper().replace("/SUBSCRIPTIONS/", "/subscriptions/")
    profile = msgspec.structs.replace(pair.profile, primary=Side(workspace=upper, region="eastus"))
    found = take_snapshot(pair.gateway(), profile)
    assert found.snapshot.inventory.by_id(pair.profile.primary.workspace) is not None
    assert ResourceId.parse(upper) == ResourceId.parse(pair.profile.primary.workspace)


def test_what_belonged_to_a_dark_workspace_is_asked_all_the_same(pair: AzureHere) -> None:
    before = taken(pair).snapshot
    pair.fault(kind="dark", path="*/workspaces/aml-fraud-e*")
    blind, knowing = taken(pair), taken(pair, earlier=before)
    vault = f"{pair.profile.primary.workspace.split('/Microsoft.Mach')[0]}/Microsoft.KeyVault/vaults/kv-fraud-e"
    assert blind.snapshot.inventory.by_id(vault) is None
    found = knowing.snapshot.inventory.by_id(vault)
    assert found is not None
    assert found.unread is None
    assert pair.profile.primary.workspace.lower() in unread(knowing)


def test_a_dark_region_is_known_as_it_was_when_it_was_last_read(pair: AzureHere) -> None:
    before = taken(pair).snapshot
    pair.fault(kind="dark", region="eastus")
    now = taken(pair, earlier=before).snapshot
    again = taken(pair, earlier=now).snapshot
    for snapshot in (now, again):
        known = snapshot.inventory.last_known()
        assert [document.unread for document in known.unread] == []
        assert {document.key for document in known.documents} == {
            document.key for document in before.inventory.documents
        }
        ages = {document.as_of for document in known.documents}
        assert ages == {"", before.taken_at}
        primary = known.by_id(pair.profile.primary.workspace)
        assert primary is not None
        assert primary.as_of == before.taken_at
        assert "documents of the snapshot of" in snapshot.stand_in_words


LOCKS = "Microsoft.Authorization/locks"


def test_all_locks_of_a_group_come_with_one_request(pair: AzureHere) -> None:
    since, subscription = pair.last, f"/subscriptions/{pair.profile.subscription}"
    found = taken(pair).snapshot.inventory.of_type(LOCKS)
    asked = [r["path"] for r in pair.requests(since) if r["path"].endswith(LOCKS)]
    scopes = ("", "/resourceGroups/rg-fraud-e", "/resourceGroups/rg-fraud-w")
    assert sorted(asked) == sorted(f"{subscription}{at}/providers/{LOCKS}" for at in scopes)
    assert {lock.name for lock in found} == {
        "keep-workspace",
        "keep-storage",
        "keep-data",
        "keep-group",
        "keep-vault",
        "keep-registry",
    }


def test_locks_of_a_group_that_does_not_answer_are_known_from_before(pair: AzureHere) -> None:
    before = taken(pair).snapshot
    pair.fault(
        kind="error", path="*/rg-fraud-e/providers/microsoft.authorization/locks", status=503
    )
    now = taken(pair, earlier=before).snapshot.inventory
    assert {lock.name for lock in now.of_type(LOCKS)} == {"keep-group"}
    known = {lock.name: lock.as_of for lock in now.last_known().of_type(LOCKS)}
    assert len(known) == 6
    assert known["keep-vault"] == before.taken_at
    assert known["keep-group"] == ""


def test_what_answers_now_is_never_stood_in_for(pair: AzureHere) -> None:
    before = taken(pair).snapshot
    gone = {"id": f"{pair.profile.primary.workspace}/computes/long-gone", "type": f"{ML}/computes"}
    jobs = {"id": f"{pair.profile.primary.workspace}/jobs/long-gone", "type": f"{ML}/jobs"}
    before = msgspec.structs.replace(before, documents=(*before.documents, gone, jobs))
    pair.fault(kind="error", path="*/aml-fraud-e/jobs", status=503)
    known = taken(pair, earlier=before).snapshot.inventory.last_known()
    assert known.by_id(gone["id"]) is None
    assert known.by_id(jobs["id"]) is not None
    assert taken(pair).snapshot.earlier == ()
