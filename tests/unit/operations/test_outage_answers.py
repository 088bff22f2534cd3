"""What health, events and the activity log say: Microsoft's own examples, and worse answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from amlrunbook.azure.fanout import Outcome
from amlrunbook.errors import AnswerError, AzureError, NotFoundError
from amlrunbook.model.finding import Finding, Verdict
from amlrunbook.model.operation import OperationContext
from amlrunbook.model.profile import DataAccount, Profile, Side
from amlrunbook.model.snapshot import snapshot_of
from amlrunbook.operations.outage import recent_changes, resource_health, service_health
from amlrunbook.operations.outage.scope import Scope, scope_of
from amlrunbook.operations.outage.scope import Side as Where
from tests.shared_data import needs_shared, openapi_root

SUB = "11111111-2222-3333-4444-555555555555"
EAST = f"/subscriptions/{SUB}/resourceGroups/rg-e/providers"
WEST = f"/subscriptions/{SUB}/resourceGroups/rg-w/providers"
WORKSPACE = f"{EAST}/Microsoft.MachineLearningServices/workspaces/aml-e"
DATA = f"{EAST}/Microsoft.Storage/storageAccounts/stdata"
VAULT = f"{EAST}/Microsoft.KeyVault/vaults/kv-e"
PROFILE = Profile(
    format=1,
    name="pair",
    subscription=SUB,
    primary=Side(workspace=WORKSPACE, region="East US"),
    secondary=Side(
        workspace=f"{WEST}/Microsoft.MachineLearningServices/workspaces/aml-w", region="westus"
    ),
    data_accounts=(DataAccount(id=DATA),),
)
DOCUMENTS: list[dict[str, Any]] = [
    {
        "id": WORKSPACE,
        "name": "aml-e",
        "type": "Microsoft.MachineLearningServices/workspaces",
        "location": "eastus",
        "properties": {"keyVault": VAULT},
    },
    {"id": VAULT, "name": "kv-e", "type": "Microsoft.KeyVault/vaults", "location": "eastus"},
]


def scope(documents: list[dict[str, Any]] | None = None) -> Scope:
    snapshot = snapshot_of(DOCUMENTS if documents is None else documents)
    return scope_of(OperationContext(profile=PROFILE, snapshot=snapshot, step="s"))


def example(path: str) -> dict[str, Any]:
    text = (openapi_root() / path).read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)["responses"]["200"]["body"]
    return found


# --- which resources ----------------------------------------------------------------------------


def test_the_pair_is_what_the_profile_names_and_what_its_documents_name() -> None:
    found = {(k.resource.name, k.side) for k in scope().resources}
    assert found == {
        ("aml-e", Where.PRIMARY),
        ("kv-e", Where.PRIMARY),
        ("stdata", Where.PRIMARY),
        ("aml-w", Where.SECONDARY),
    }


def test_an_account_lies_where_its_primary_is_not_where_it_was_made() -> None:
    moved = {
        "id": DATA,
        "name": "stdata",
        "type": "Microsoft.Storage/storageAccounts",
        "location": "eastus",
        "properties": {"primaryLocation": "westus"},
    }
    sides = {k.resource.name: k.side for k in scope([*DOCUMENTS, moved]).resources}
    assert sides["stdata"] is Where.SECONDARY


# --- resource health ----------------------------------------------------------------------------


def health(answer: Outcome[dict[str, Any]]) -> Finding:
    known = next(k for k in scope().resources if k.resource.name == "kv-e")
    return resource_health.judged(known, scope(), answer)


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        ("Available", Verdict.PASS),
        ("Degraded", Verdict.WARN),
        ("Unavailable", Verdict.FAIL),
        ("Unknown", Verdict.UNKNOWN),
        ("", Verdict.UNKNOWN),
        (7, Verdict.UNKNOWN),
    ],
)
def test_each_state_has_its_verdict(state: object, verdict: Verdict) -> None:
    answer = {"properties": {"availabilityState": state, "summary": "\x1b[31mred"}}
    found = health(Outcome(key=0, value=answer))
    assert found.verdict is verdict
    assert "\x1b" not in found.observed


@needs_shared
def test_microsofts_example_of_an_unavailable_resource() -> None:
    path = (
        "resourcehealth/resource-manager/Microsoft.ResourceHealth/stable/2024-02-01/examples/"
        "AvailabilityStatus_GetByResource.json"
    )
    found = health(Outcome(key=0, value=example(path)))
    assert found.verdict is Verdict.FAIL
    assert "Disk problems" in found.observed
    assert "cause: Unplanned, Platform Initiated" in found.observed
    assert "since 2016-03-29T09:12:00Z" in found.observed


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (AnswerError("no", status=400, code="UnsupportedResourceType"), Verdict.NOT_APPLICABLE),
        (NotFoundError("no", status=404, code="NotFound"), Verdict.NOT_APPLICABLE),
        (AnswerError("no", status=403, code="AuthorizationFailed"), Verdict.UNKNOWN),
        (AzureError("dark"), Verdict.UNKNOWN),
    ],
)
def test_what_cannot_be_asked_is_never_well(error: AzureError, verdict: Verdict) -> None:
    assert health(Outcome(key=0, error=error)).verdict is verdict


def test_a_resource_of_the_secondary_decides_nothing_about_the_primary() -> None:
    here = scope()
    first = health(Outcome(key=0, value={"properties": {"availabilityState": "Available"}}))
    west = next(k for k in here.resources if k.side is Where.SECONDARY)
    second = resource_health.judged(
        west, here, Outcome(key=1, value={"properties": {"availabilityState": "Unavailable"}})
    )
    report = resource_health.report([first, second], here)
    assert report.verdict is Verdict.PASS
    assert "Workspaces are not among" in report.text


# --- service health -----------------------------------------------------------------------------


def event(**more: Any) -> dict[str, Any]:
    region, service = more.pop("region", "East US"), more.pop("service", "Storage")
    status = more.pop("region_status", "Active")
    return {
        "name": more.pop("name", "AB1C-2D3"),
        "properties": {
            "eventType": "ServiceIssue",
            "status": "Active",
            "title": "Something",
            "summary": "<p>Power &amp; cooling</p>",
            "impact": [
                {
                    "impactedService": service,
                    "impactedRegions": [{"impactedRegion": region, "status": status}],
                }
            ],
            **more,
        },
    }


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        (event(), Verdict.FAIL),
        (event(service="Azure Machine Learning"), Verdict.FAIL),
        (event(service="Microsoft Entra ID"), Verdict.FAIL),
        (event(region="Global"), Verdict.FAIL),
        (event(region="West US"), Verdict.WARN),
        (event(region="East US 2"), Verdict.PASS),
        (event(service="Virtual Machines"), Verdict.PASS),
        (event(status="Resolved"), Verdict.PASS),
        (event(region_status="Resolved"), Verdict.PASS),
        (event(eventType="HealthAdvisory"), Verdict.PASS),
        (event(impact="nothing"), Verdict.PASS),
        ({"properties": None}, Verdict.PASS),
    ],
)
def test_active_issues_of_the_pair_count(told: dict[str, Any], verdict: Verdict) -> None:
    found = service_health.issues([told], ("eastus", "westus"))
    assert service_health.judged(found, SUB, "eastus", "westus").verdict is verdict


def test_an_issue_is_told_with_its_tracking_id_and_without_markup() -> None:
    found = service_health.issues([event()], ("eastus", "westus"))
    report = service_health.judged(found, SUB, "eastus", "westus")
    assert "AB1C-2D3 (Storage)" in report.text
    assert "Power & cooling" in report.findings[0].observed
    assert "<p>" not in report.findings[0].observed


def test_an_issue_that_names_the_secondary_too_is_a_warning_not_to_run_there() -> None:
    found = service_health.issues(
        [event(), event(region="West US", name="X")], ("eastus", "westus")
    )
    assert "westus is named as well" in service_health.judged(found, SUB, "eastus", "westus").text


@needs_shared
def test_microsofts_example_of_events_is_of_other_services() -> None:
    path = (
        "resourcehealth/resource-manager/Microsoft.ResourceHealth/stable/2024-02-01/examples/"
        "Events_ListBySubscriptionId.json"
    )
    events = example(path)["value"]
    assert service_health.issues(events, ("eastus", "westus")) == ()
    events[0]["properties"]["impact"][0]["impactedService"] = "Key Vault"
    (issue,) = service_health.issues(events, ("eastus", "westus"))
    assert (issue.tracking_id, issue.regions) == ("BC_1-FXZ", ("westus",))


# --- recent changes -----------------------------------------------------------------------------

NOW = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
SINCE = NOW - timedelta(hours=1)


def logged(what: str, where: str = DATA, minutes: int = 5, **more: Any) -> dict[str, Any]:
    return {
        "eventTimestamp": f"{NOW - timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%S}.1234567Z",
        "operationName": {"value": what, "localizedValue": what},
        "status": {"value": "Succeeded"},
        "caller": "someone@contoso.example",
        "resourceId": where,
        "correlationId": "c-1",
        **more,
    }


def verdict_of(*events: dict[str, Any]) -> Verdict:
    found = recent_changes.changes(list(events), scope(), SINCE)
    return recent_changes.judged(found, [], ((SUB, "rg-e"),)).verdict


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        (logged("Microsoft.Storage/storageAccounts/delete"), Verdict.FAIL),
        (logged("Microsoft.Storage/storageAccounts/write"), Verdict.WARN),
        (logged("Microsoft.Storage/storageAccounts/failover/action"), Verdict.WARN),
        (logged("Microsoft.Storage/storageAccounts/listKeys/action"), Verdict.PASS),
        (logged("Microsoft.KeyVault/vaults/write", VAULT.upper()), Verdict.WARN),
        (logged("Microsoft.X/y/delete", f"{WORKSPACE}/onlineEndpoints/e"), Verdict.FAIL),
        (logged("Microsoft.Resources/subscriptions/resourceGroups/delete",
                f"/subscriptions/{SUB}/resourceGroups/rg-e"), Verdict.FAIL),
        (logged("Microsoft.Storage/storageAccounts/delete", f"{DATA}2"), Verdict.PASS),
        (logged("Microsoft.Storage/storageAccounts/delete", minutes=61), Verdict.PASS),
        (logged("Microsoft.Storage/storageAccounts/delete", eventTimestamp="soon"), Verdict.PASS),
        ({}, Verdict.PASS),
    ],
)  # fmt: skip
def test_changes_of_the_pair_in_the_last_hour_count(told: dict[str, Any], verdict: Verdict) -> None:
    assert verdict_of(told) is verdict


def test_the_events_of_one_request_are_one_change_that_says_who_what_and_when() -> None:
    events = [
        logged("Microsoft.Storage/storageAccounts/delete", status={"value": state}, minutes=minutes)
        for state, minutes in (("Succeeded", 4), ("Started", 5))
    ]
    (change,) = recent_changes.changes(events, scope(), SINCE)
    assert change.sentence == (
        "2026-11-22T10:25:00Z someone@contoso.example: Microsoft.Storage/storageAccounts/delete on "
        "stdata (Started, Succeeded), correlation id c-1."
    )


def test_a_hostile_caller_draws_nothing() -> None:
    (change,) = recent_changes.changes(
        [logged("Microsoft.Storage/storageAccounts/write", caller="\x1b]0;x\x07me" * 200)],
        scope(),
        SINCE,
    )
    assert "\x1b" not in change.sentence
    assert len(change.sentence) < 400


def test_an_unread_log_is_unknown_unless_another_tells_of_a_deletion() -> None:
    unread = [recent_changes._unread((SUB, "rg-w"), AzureError("dark"))]
    groups = ((SUB, "rg-e"), (SUB, "rg-w"))
    assert recent_changes.judged((), unread, groups).verdict is Verdict.UNKNOWN
    found = recent_changes.changes([logged("Microsoft.Storage/x/delete")], scope(), SINCE)
    report = recent_changes.judged(found, unread, groups)
    assert report.verdict is Verdict.FAIL
    assert "1 of 2 logs could not be read" in report.text


@needs_shared
def test_microsofts_example_of_the_activity_log_can_be_read() -> None:
    path = "monitor/resource-manager/Microsoft.Insights/stable/2015-04-01/examples/GetActivityLogsFiltered.json"
    events = example(path)["value"]
    own = events[0]["authorization"]["scope"]
    profile = Profile(
        format=1, name="p", subscription=SUB, primary=Side(workspace=own, region="eastus")
    )
    context = OperationContext(profile=profile, snapshot=snapshot_of([]), step="s")
    since = datetime(2015, 1, 21, 20, tzinfo=UTC)
    (change,) = recent_changes.changes(events, scope_of(context), since)
    assert change.who == "admin@contoso.com"
    assert change.what == "microsoft.support/supporttickets/write"
