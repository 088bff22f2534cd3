"""What is said of an account's replication and failover: Microsoft's examples, recordings, and tables. Pure."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from amlrunbook.azure.blob_service import Blob, GeoReplication, Listing
from amlrunbook.azure.call_log import Call
from amlrunbook.errors import AzureError, RefusedError
from amlrunbook.model.finding import Finding, Verdict
from amlrunbook.model.operation import CheckReport, DataPlace, Preview
from amlrunbook.model.profile import Profile, Side
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.model.snapshot import Document
from amlrunbook.operations.switchover.storage_failover import judged as observed_of
from amlrunbook.operations.switchover.storage_failover_words import preview_of, refuse_impossible
from amlrunbook.operations.switchover.storage_losses import Losses
from amlrunbook.operations.switchover.storage_losses import judged as losses_of
from amlrunbook.operations.switchover.storage_replication import report
from amlrunbook.operations.switchover.storage_state import AccountState, Stats, stats_of, sync_time
from amlrunbook.operations.switchover.support_text import support_text
from tests.shared_data import needs_shared, openapi_root, recording

SUB = "11111111-2222-3333-4444-555555555555"
GROUP = f"/subscriptions/{SUB}/resourceGroups/rg-e/providers"
ACCOUNT = ResourceId.parse(f"{GROUP}/Microsoft.Storage/storageAccounts/stdata")
NOW = datetime(2026, 11, 22, 10, 25, 20, tzinfo=UTC)
SYNCED = NOW - timedelta(minutes=4, seconds=12)
PROFILE = Profile(
    format=1,
    name="pair",
    subscription=SUB,
    primary=Side(
        workspace=f"{GROUP}/Microsoft.MachineLearningServices/workspaces/aml-e", region="eastus"
    ),
    secondary=Side(
        workspace=f"{GROUP}/Microsoft.MachineLearningServices/workspaces/aml-w", region="westus"
    ),
)
LIVE = Stats(
    status="Live",
    last_sync=SYNCED,
    can_failover=True,
    can_planned=True,
    after_unplanned="Standard_LRS",
    after_planned="Standard_RAGRS",
)


def document(sku: str = "Standard_RAGRS", **properties: Any) -> Document:
    regions = {"primaryLocation": "eastus", "secondaryLocation": "westus"}
    return Document(
        {
            "id": ACCOUNT.text,
            "name": "stdata",
            "type": "Microsoft.Storage/storageAccounts",
            "location": "eastus",
            "sku": {"name": sku},
            "properties": {**regions, **properties},
        }
    )


def state(**more: Any) -> AccountState:
    told = GeoReplication(status="live", last_sync_time=f"{SYNCED:%Y-%m-%dT%H:%M:%SZ}")
    facts = {"document": document(), "stats": LIVE, "told": told, **more}
    return AccountState(account=ACCOUNT, now=NOW, **facts)


def stats(**more: Any) -> Stats:
    return Stats(**{**{name: getattr(LIVE, name) for name in LIVE.__slots__}, **more})


def blob(name: str, seconds: float = -600, **more: Any) -> Blob:
    at = SYNCED + timedelta(seconds=seconds)
    return Blob(container="data", name=name, last_modified=f"{at:%Y-%m-%dT%H:%M:%SZ}", **more)


def listing(*blobs: Blob, complete: bool = True) -> Listing:
    return Listing(blobs=blobs, complete=complete)


# --- reading ------------------------------------------------------------------------------------


@needs_shared
@pytest.mark.parametrize(("name", "can"), [("canFailoverTrue", True), ("canFailoverFalse", False)])
def test_microsofts_examples_of_replication(name: str, can: bool) -> None:
    path = (
        "storage/resource-manager/Microsoft.Storage/stable/2023-05-01/examples/"
        f"StorageAccountGetPropertiesGeoReplicationStats{name}.json"
    )
    body = json.loads((openapi_root() / path).read_text())["responses"]["200"]["body"]
    found = stats_of(body)
    assert found is not None
    assert (found.status, found.can_failover) == ("Live", can)
    assert found.last_sync == datetime(2018, 10, 30, 0, 25, 34, tzinfo=UTC)


@needs_shared
def test_a_recorded_account_that_cannot_be_failed_over_yet() -> None:
    bodies = [
        e.body
        for e in recording("test_storage_account_failover").exchanges
        if isinstance(e.body, dict) and "geoReplicationStats" in e.body.get("properties", {})
    ]
    seen = [found for body in bodies if (found := stats_of(body)) is not None]
    assert seen
    assert {found.status for found in seen} <= {"Live", "Bootstrap", "Unavailable"}
    assert all(found.can_failover is not None for found in seen)


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"properties": None},
        {"properties": {"geoReplicationStats": None}},
        {"properties": {"geoReplicationStats": []}},
    ],
)
def test_an_account_that_tells_no_replication_tells_none(raw: dict[str, Any]) -> None:
    assert stats_of(raw) is None


@pytest.mark.parametrize("text", ["", "0001-01-01T00:00:00Z", "1601-01-01T00:00:00Z", "never"])
def test_a_time_that_never_was_is_none(text: str) -> None:
    assert sync_time(text) is None


def test_wrong_types_are_no_facts() -> None:
    raw = {"status": 7, "lastSyncTime": ["x"], "canFailover": "true"}
    found = stats_of({"properties": {"geoReplicationStats": raw}})
    assert found is not None
    assert (found.status, found.last_sync, found.can_failover) == ("", None, None)


def test_the_earlier_of_two_sources_counts() -> None:
    told = GeoReplication(
        status="live", last_sync_time=f"{SYNCED - timedelta(minutes=9):%Y-%m-%dT%H:%M:%SZ}"
    )
    found = state(told=told)
    assert found.differ_seconds == 540
    assert found.behind_seconds == 792
    assert state(told=None).differ_seconds is None
    assert state(stats=None).last_sync == SYNCED
    assert state(stats=None, told=None).behind_seconds is None


def test_a_clock_that_is_behind_makes_no_negative_loss() -> None:
    assert state(stats=stats(last_sync=NOW + timedelta(hours=1)), told=None).behind_seconds == 0


# --- names --------------------------------------------------------------------------------------


def test_what_changed_after_the_last_sync_is_named() -> None:
    old, late, edge = blob("old"), blob("late", 5), blob("edge", 0)
    found = losses_of(listing(old, late, edge), None, SYNCED, "")
    assert found.names == ("data/late", "data/edge")
    assert found.words == "known: 2 blobs: data/late, data/edge"


def test_what_the_secondary_has_just_so_is_safe_and_what_it_lacks_is_not() -> None:
    same, changed, gone = blob("same", 5, etag="1"), blob("changed", 5, etag="2"), blob("gone")
    there = listing(blob("same", 5, etag="1"), blob("changed", -5, etag="1"))
    found = losses_of(listing(same, changed, gone), there, SYNCED, "")
    assert found.names == ("data/changed", "data/gone")
    half = listing(blob("same", 5, etag="1"), complete=False)
    assert losses_of(listing(same, gone), half, SYNCED, "").names == ("data/same",)


def test_a_bound_is_said() -> None:
    found = losses_of(listing(blob("late", 5), complete=False), None, SYNCED, "")
    assert found.words == "known: 1 blob of the first 1 read: data/late"
    none = losses_of(listing(blob("old"), complete=False), None, SYNCED, "")
    assert none.words == "no blob of the first 1 read is later"


def test_many_names_are_counted_and_hostile_ones_draw_nothing() -> None:
    blobs = [blob(f"{n}\x1b[2J", 5) for n in range(9)]
    words = losses_of(listing(*blobs), None, SYNCED, "").words
    assert words.endswith("and 4 more")
    assert "\x1b" not in words


def test_a_dark_primary_leaves_names_unknown_and_archived_ones_told_by_the_secondary() -> None:
    found = losses_of(None, listing(blob("cold", tier="Archive")), SYNCED, "closed")
    assert found.unknown == "the primary does not answer"
    assert found.reason == "closed"
    assert found.archived == ("data/cold",)


# --- the check ----------------------------------------------------------------------------------


def checked(losses: Losses = Losses(), **more: Any) -> CheckReport:  # noqa: B008 - frozen
    return report(state(**more), losses, PROFILE)


def titled(found: CheckReport, words: str) -> Finding:
    (one,) = [f for f in found.findings if words in f.title]
    return one


@pytest.mark.parametrize(
    ("more", "verdict"),
    [
        ({}, Verdict.PASS),
        ({"stats": stats(can_failover=False)}, Verdict.FAIL),
        ({"stats": stats(can_planned=False)}, Verdict.WARN),
        ({"stats": stats(status="Bootstrap")}, Verdict.WARN),
        ({"stats": stats(status="Bootstrap"), "told": None}, Verdict.FAIL),
        ({"stats": stats(status="Unavailable"), "told": None}, Verdict.FAIL),
        ({"stats": stats(status="\x1b[31m"), "told": None}, Verdict.UNKNOWN),
        ({"stats": None, "error": AzureError("dark")}, Verdict.UNKNOWN),
        ({"told": None, "told_unread": "closed"}, Verdict.WARN),
        ({"document": document("Standard_GRS"), "told": None}, Verdict.PASS),
        ({"document": document("Standard_LRS")}, Verdict.FAIL),
        ({"document": document(failoverInProgress=True)}, Verdict.WARN),
        (
            {"document": document("Standard_LRS", primaryLocation="West US")},
            Verdict.WARN,
        ),
        ({"stats": stats(last_sync=NOW - timedelta(hours=3)), "told": None}, Verdict.WARN),
    ],
)
def test_each_state_has_its_verdict(more: dict[str, Any], verdict: Verdict) -> None:
    found = checked(**more)
    assert found.verdict is verdict, [f"{f.verdict} {f.title}" for f in found.findings]
    assert not any("\x1b" in f.observed for f in found.findings)


def test_names_that_nobody_can_know_only_warn_and_say_whom_to_ask() -> None:
    found = checked(Losses(unknown="the primary does not answer", reason="closed"))
    assert found.verdict is Verdict.WARN
    row = titled(found, "by name")
    assert row.verdict is Verdict.UNKNOWN
    assert row.remedy.endswith("what they wrote after 10:21:08 UTC.")


def test_archived_blobs_are_a_warning_for_the_way_back() -> None:
    found = checked(Losses(archived=("data/a",)))
    assert titled(found, "Archived").verdict is Verdict.WARN


# --- the preview --------------------------------------------------------------------------------


def previewed(*, planned: bool = False, losses: Losses = Losses(), **more: Any) -> Preview:  # noqa: B008 - frozen
    return preview_of(state(**more), losses, planned=planned, workspace_region="westus")


def test_the_unplanned_preview_in_full() -> None:
    found = previewed(losses=Losses(names=("a/1", "a/2", "b/3"), read=9))
    assert found.loses == ("Every write after 10:21:08 UTC (4 min); known: 3 blobs: a/1, a/2, b/3.")
    assert found.after == (
        "LRS in westus; geo-redundancy is off until turned on again. Endpoint names stay; "
        "`location` goes on saying eastus."
    )
    assert found.before == (
        "RAGRS, primary eastus, secondary westus; replication Live, synced to 10:21:08 UTC."
    )
    assert found.effects.makes_writable == (DataPlace(data=ACCOUNT.text, region="westus"),)
    assert found.effects.makes_unwritable == (DataPlace(data=ACCOUNT.text, region="eastus"),)


def test_a_planned_preview_is_the_same_at_every_look() -> None:
    later = state(stats=stats(last_sync=SYNCED + timedelta(minutes=1)), told=None)
    first, second = (
        preview_of(each, Losses(), planned=True, workspace_region="westus")
        for each in (state(), later)
    )
    assert first == second
    assert first.before == "RAGRS, primary eastus, secondary westus; replication Live."


def test_unknown_losses_are_called_unknown() -> None:
    found = previewed(stats=None, told=None, stats_unread="closed")
    assert found.loses.startswith("An unknown amount of writes")


def test_two_sources_that_differ_are_both_told() -> None:
    told = GeoReplication(
        status="live", last_sync_time=f"{SYNCED - timedelta(minutes=9):%Y-%m-%dT%H:%M:%SZ}"
    )
    assert "Two sources differ by 9 min; the earlier one counts." in previewed(told=told).loses
    assert "By the secondary's own word" in previewed(stats=None).loses


def test_another_region_than_the_workspaces_is_said() -> None:
    elsewhere = previewed(document=document(secondaryLocation="centralus"))
    assert "Your other workspace is in westus" in elsewhere.after


def test_a_name_that_is_an_option_gets_no_command() -> None:
    account = ResourceId.parse(f"{GROUP}/Microsoft.Storage/storageAccounts/-x")
    found = preview_of(
        AccountState(account=account, now=NOW, document=document(), stats=LIVE),
        Losses(),
        planned=True,
    )
    assert found.commands == ()


@pytest.mark.parametrize(
    ("planned", "more", "says"),
    [
        (True, {"stats": stats(can_planned=False)}, "canPlannedFailover is false"),
        (True, {"stats": stats(can_planned=None)}, "canPlannedFailover is not told"),
        (True, {"stats": None, "stats_unread": "closed"}, "closed"),
        (False, {"stats": stats(can_failover=False)}, "canFailover is false"),
        (False, {"document": document("Standard_ZRS")}, "no copy in another region"),
        (False, {"document": document(failoverInProgress=True)}, "under way already"),
        (False, {"document": document(secondaryLocation=None)}, "is not known"),
    ],
)
def test_what_azure_would_refuse_is_refused_before(
    planned: bool, more: dict[str, Any], says: str
) -> None:
    with pytest.raises(RefusedError, match=says) as refused:
        refuse_impossible(state(**more), planned=planned)
    assert refused.value.state == "Nothing was sent."
    assert refused.value.next_step


@pytest.mark.parametrize("more", [{}, {"stats": None, "stats_unread": "closed"}])
def test_an_unplanned_failover_goes_ahead_without_the_resources_word(more: dict[str, Any]) -> None:
    refuse_impossible(state(**more), planned=False)


# --- observing ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("properties", "reached", "speaks"),
    [
        ({"primaryLocation": "westus"}, True, "for"),
        ({"primaryLocation": "West US", "failoverInProgress": True}, True, "for"),
        ({"primaryLocation": "eastus", "failoverInProgress": True}, False, "for"),
        ({"primaryLocation": "eastus"}, False, "against"),
        ({"primaryLocation": None}, False, "against"),
    ],
)
def test_what_the_resource_says_of_a_failover(
    properties: dict[str, Any], reached: bool, speaks: str
) -> None:
    found = observed_of(ACCOUNT, document(**properties), previewed())
    assert found.reached is reached
    assert [e.speaks for e in found.evidence] == [speaks]


# --- asking Microsoft ---------------------------------------------------------------------------


def call(**more: Any) -> Call:
    facts: dict[str, Any] = {
        "at": "2026-11-22T10:20:00.000Z",
        "method": "GET",
        "host": "management.azure.com",
        "path": f"{ACCOUNT.text}?api-version=2023-05-01",
        "status": 0,
        "failure": "ServiceResponseError",
        "milliseconds": 15000,
        "client_request_id": "c-1",
        "service_request_id": "",
    }
    return Call(**{**facts, **more})


def ticket(*calls: Call, tracking: tuple[str, ...] = ()) -> str:
    return support_text(
        ACCOUNT,
        "eastus",
        PROFILE,
        now=NOW,
        observed="no answer",
        tracking_ids=tracking,
        calls=calls,
    )


def test_a_ticket_names_the_resource_the_issues_and_the_requests() -> None:
    text = ticket(call(), call(), tracking=("AB1C-2D3", "AB1C-2D3"))
    lines = text.split("\n")
    assert f"Subscription: {SUB}" in lines
    assert f"Resource: {ACCOUNT.text}" in lines
    assert "Service issues: AB1C-2D3" in lines
    assert sum("x-ms-client-request-id c-1" in line for line in lines) == 1, "each request once"
    assert "Seen at 2026-11-22 10:25:20 UTC: no answer" in lines


def test_requests_that_were_answered_or_are_about_others_are_left_out() -> None:
    others = call(path="/subscriptions/x/stother")
    assert ticket(call(status=200), call(status=403), others).endswith(
        "No request of this program about it went unanswered."
    )
    assert "HTTP 503" in ticket(call(status=503, service_request_id="s-1"))
    assert "x-ms-request-id s-1" in ticket(call(status=503, service_request_id="s-1"))
