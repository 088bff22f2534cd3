"""The first action, for real in the simulated Azure: preview, apply, observe, verify."""

from __future__ import annotations

from typing import Any

import pytest

from amlrunbook.azure.inventory import take_snapshot
from amlrunbook.errors import AzureError, JournalError, ReadOnlyError, UsageError
from amlrunbook.model.mode import Mode
from amlrunbook.model.operation import (
    Action,
    Confirmation,
    Intent,
    OperationContext,
    Outcome,
    Preview,
    Risk,
)
from amlrunbook.model.snapshot import snapshot_of
from amlrunbook.operations.checks import RuleCheck
from amlrunbook.operations.hardening.setting import SettingAction
from amlrunbook.operations.hardening.storage_services import BLOB_SOFT_DELETE
from amlrunbook.operations.registry import build_registry
from tests.simulator.azure_here import AzureHere

INTENT = Intent(
    step="blob-soft-delete",
    operation="hardening.blob-soft-delete",
    request_id="0f0f0f0f-1111-4222-8333-444455556666",
)


class Heard:
    """A reporter that remembers."""

    def __init__(self) -> None:
        self.words: list[tuple[Any, ...]] = []

    def sent(self, method: str, path: str) -> None:
        self.words.append(("sent", method, path))

    def accepted(self, status: int, poll_url: str, service_request_id: str) -> None:
        self.words.append(("accepted", status))

    def progressed(self, text: str, done: int = 0, total: int = 0) -> None:
        self.words.append(("progressed", text))


def account(here: AzureHere) -> str:
    group = here.profile.primary.workspace.split("/providers/")[0]
    return f"{group}/providers/Microsoft.Storage/storageAccounts/stlonely"


def context(here: AzureHere, **params: str) -> OperationContext:
    return OperationContext(
        profile=here.profile,
        snapshot=snapshot_of([]),
        step="blob-soft-delete",
        resource=account(here),
        params=params,
    )


def action(here: AzureHere, mode: Mode = Mode.DRILL) -> SettingAction:
    return SettingAction(here.gateway(mode), BLOB_SOFT_DELETE, look_again=0.05)


def settings(here: AzureHere) -> dict[str, Any]:
    found: dict[str, Any] = here.gateway().get(f"{account(here)}/blobServices/default")[
        "properties"
    ]
    return found


def changes(here: AzureHere, since: int) -> list[str]:
    return [
        r["method"]
        for r in here.requests(since)
        if r["method"] != "GET" and not r["path"].endswith("/token")
    ]


def previewed(here: AzureHere, **params: str) -> tuple[SettingAction, OperationContext, Preview]:
    made, asked = action(here), context(here, **params)
    return made, asked, made.preview(asked)


def test_the_preview_shows_the_request_and_sends_none(lonely: AzureHere) -> None:
    before = lonely.last
    _, _, shown = previewed(lonely, days="21")
    assert changes(lonely, before) == []
    (request,) = shown.requests
    assert request.method == "PUT"
    assert request.path == f"{account(lonely)}/blobServices/default?api-version=2023-05-01"
    assert request.body["properties"]["deleteRetentionPolicy"] == {
        **settings(lonely).get("deleteRetentionPolicy", {}),
        "enabled": True,
        "days": 21,
    }
    assert shown.needless == ""
    assert shown.resources == (account(lonely),)
    assert "--enable-delete-retention true --delete-retention-days 21" in shown.commands[0]
    assert "off" in shown.before
    assert shown.undo


def test_it_is_turned_on_once_and_verified_by_another_request(lonely: AzureHere) -> None:
    made, asked, shown = previewed(lonely)
    heard, before = Heard(), lonely.last
    result = made.apply(asked, shown, INTENT, heard)
    assert result.outcome is Outcome.SUCCEEDED
    assert changes(lonely, before) == ["PUT"]
    assert heard.words[0] == ("sent", "PUT", shown.requests[0].path)
    verified = made.verify(asked, shown)
    assert verified.reached
    assert settings(lonely)["deleteRetentionPolicy"]["days"] == 14
    assert made.preview(asked).needless


def test_every_other_setting_stays(lonely: AzureHere) -> None:
    gateway = lonely.gateway(Mode.DRILL)
    body = {
        "properties": {
            "isVersioningEnabled": True,
            "changeFeed": {"enabled": True, "retentionInDays": 30},
            "containerDeleteRetentionPolicy": {"enabled": True, "days": 9},
            "cors": {"corsRules": []},
        }
    }
    quiet = Heard()
    gateway.change(
        "PUT", f"{account(lonely)}/blobServices/default", body, request_id="x",
        on_sent=quiet.sent, on_accepted=quiet.accepted,
    )  # fmt: skip
    before = settings(lonely)
    made, asked, shown = previewed(lonely)
    assert made.apply(asked, shown, INTENT, Heard()).outcome is Outcome.SUCCEEDED
    after = settings(lonely)
    assert after.pop("deleteRetentionPolicy")["enabled"] is True
    before.pop("deleteRetentionPolicy", None)
    assert after == before
    assert before["isVersioningEnabled"] is True


def test_a_longer_retention_is_never_shortened(lonely: AzureHere) -> None:
    made, asked, shown = previewed(lonely, days="60")
    made.apply(asked, shown, INTENT, Heard())
    again = made.preview(context(lonely, days="14"))
    assert "60 days" in again.needless
    assert again.requests[0].body["properties"]["deleteRetentionPolicy"]["days"] == 60


def test_read_only_refuses_and_nothing_is_on_the_wire(lonely: AzureHere) -> None:
    _, asked, shown = previewed(lonely)
    heard, before = Heard(), lonely.last
    with pytest.raises(ReadOnlyError):
        action(lonely, Mode.READ_ONLY).apply(asked, shown, INTENT, heard)
    assert lonely.requests(before) == []
    assert heard.words == []


def test_settings_that_changed_since_the_preview_are_not_overwritten(lonely: AzureHere) -> None:
    made, asked, shown = previewed(lonely)
    quiet = Heard()
    lonely.gateway(Mode.DRILL).change(
        "PUT", f"{account(lonely)}/blobServices/default",
        {"properties": {"isVersioningEnabled": True}}, request_id="x",
        on_sent=quiet.sent, on_accepted=quiet.accepted,
    )  # fmt: skip
    before = lonely.last
    result = made.apply(asked, shown, INTENT, Heard())
    assert result.outcome is Outcome.FAILED
    assert result.text == "The settings changed since the preview. Nothing was sent: look again."
    assert changes(lonely, before) == []


@pytest.mark.parametrize(
    ("fault", "outcome", "reached"),
    [
        ({"kind": "unanswered"}, Outcome.UNKNOWN, True),
        ({"kind": "unanswered", "status": 503}, Outcome.UNKNOWN, True),
        ({"kind": "dark"}, Outcome.UNKNOWN, False),
        ({"kind": "error", "status": 503}, Outcome.UNKNOWN, False),
        ({"kind": "error", "status": 403, "code": "AuthorizationFailed"}, Outcome.FAILED, False),
        ({"kind": "error", "status": 409, "code": "ScopeLocked"}, Outcome.FAILED, False),
    ],
)
def test_lost_answers_are_in_doubt_and_observation_tells(
    lonely: AzureHere, fault: dict[str, Any], outcome: Outcome, reached: bool
) -> None:
    made, asked, shown = previewed(lonely)
    lonely.fault(methods=["PUT"], count=1, **fault)
    before = lonely.last
    result = made.apply(asked, shown, INTENT, Heard())
    assert result.outcome is outcome, result.text
    assert changes(lonely, before) == ["PUT"]
    seen = made.observe(asked, shown, INTENT, "")
    assert seen.readable
    assert seen.reached is reached
    resource, log = seen.evidence
    assert resource.speaks == ("for" if reached else "against")
    assert log.source == "activity log"
    assert log.speaks == ("for" if reached else log.speaks)
    assert changes(lonely, before) == ["PUT"]


def test_accepted_but_lost_is_not_verified(lonely: AzureHere) -> None:
    made, asked, shown = previewed(lonely)
    lonely.fault(kind="lost", methods=["PUT"], count=1)
    heard = Heard()
    result = made.apply(asked, shown, INTENT, heard)
    assert [word[0] for word in heard.words][:2] == ["sent", "accepted"]
    assert result.outcome is Outcome.SUCCEEDED
    verified = made.verify(asked, shown)
    assert not verified.reached
    assert "off" in verified.text


def test_an_unreadable_resource_is_no_evidence_against(lonely: AzureHere) -> None:
    made, asked, shown = previewed(lonely)
    lonely.fault(kind="dark", methods=["GET"])
    seen = made.observe(asked, shown, INTENT, f"{lonely.endpoint.base_url}/subscriptions/x/op")
    assert not seen.readable
    assert not seen.reached
    assert {evidence.speaks for evidence in seen.evidence} == {"neither"}
    assert [e.source for e in seen.evidence] == ["resource", "activity log", "poll URL"]


def test_a_journal_that_fails_stops_it(lonely: AzureHere) -> None:
    made, asked, shown = previewed(lonely)

    class Full(Heard):
        def sent(self, method: str, path: str) -> None:
            raise JournalError("The disk is full.")

    before = lonely.last
    with pytest.raises(JournalError):
        made.apply(asked, shown, INTENT, Full())
    assert changes(lonely, before) == []


def test_a_preview_that_cannot_read_promises_nothing(lonely: AzureHere) -> None:
    lonely.fault(kind="error", path="*/blobServices/*", status=403)
    with pytest.raises(AzureError):
        previewed(lonely)


@pytest.mark.parametrize("days", ["0", "366", "-1", "x", "", "1.5", "٣"])
def test_days_that_are_none_are_refused(lonely: AzureHere, days: str) -> None:
    with pytest.raises(UsageError):
        previewed(lonely, days=days)


def test_it_tells_its_risk_without_a_gateway() -> None:
    operation = build_registry(None)["hardening.blob-soft-delete"]
    assert isinstance(operation, Action)
    assert (operation.risk, operation.confirmation) == (Risk.REVERSIBLE, Confirmation.ENTER)


def test_the_checks_judge_what_a_snapshot_holds(lonely: AzureHere) -> None:
    snapshot = take_snapshot(lonely.gateway(), lonely.profile).snapshot
    asked = OperationContext(profile=lonely.profile, snapshot=snapshot, step="s")
    registry = build_registry(lonely.gateway())
    reports = {
        id_: operation.run(asked, Heard())
        for id_, operation in registry.items()
        if id_.startswith("assess.")
    }
    assert reports["assess.coverage"].verdict == "pass"
    storage = reports["assess.storage"]
    failed = {f.check for f in storage.findings if f.verdict == "fail"}
    assert "storage.blob-soft-delete" in failed
    assert storage.verdict == "fail"
    assert isinstance(registry["assess.storage"], RuleCheck)
    assert reports["assess.summary"].verdict == "fail"
    assert "storage.blob-soft-delete" in reports["assess.summary"].text
