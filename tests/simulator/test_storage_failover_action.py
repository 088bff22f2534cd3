"""Failing data accounts over, for real in the simulated Azure: preview, apply, observe, verify."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from amlrunbook.errors import (
    AzureError,
    IncompleteError,
    JournalError,
    ReadOnlyError,
    RefusedError,
    UsageError,
)
from amlrunbook.executor.safety import OneWritableCopy, Standing
from amlrunbook.model.mode import Mode
from amlrunbook.model.operation import (
    Confirmation,
    DataPlace,
    Intent,
    OperationContext,
    Outcome,
    Risk,
)
from amlrunbook.model.snapshot import snapshot_of
from amlrunbook.operations.registry import build_registry
from amlrunbook.operations.switchover.storage_failover import StorageFailover
from tests.simulator.storage_pairs import StoragePairs, storage_pairs
from tests.simulator.test_soft_delete_action import Heard

INTENT = Intent(
    step="fail-over",
    operation="switchover.storage-failover",
    request_id="0f0f0f0f-1111-4222-8333-444455556666",
)
FAULTY = ["stfaulta", "stfaultb", "stfaultc", "stfaultd", "stfaulte", "stfaultf", "stfaultg"]
RAGRS = "Standard_RAGRS"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoragePairs]:
    names = ["stunplanned", "stplanned", "stmoved", "stlost", "stforbidden", "stdark", "stslow"]
    accounts = dict.fromkeys((*names, *FAULTY, "stkept"), RAGRS)
    accounts |= {"sthidden": "Standard_GRS", "stlocal": "Standard_LRS"}
    with storage_pairs(tmp_path_factory.mktemp("pairs"), **accounts) as pairs:
        yield pairs


@pytest.fixture
def pairs(running: StoragePairs) -> Iterator[StoragePairs]:
    yield running
    running.here.clear()


def action(pairs: StoragePairs, mode: Mode = Mode.DRILL) -> StorageFailover:
    return StorageFailover(pairs.here.gateway(mode), looks=3, look_again=0.05, read_seconds=5.0)


def properties(pairs: StoragePairs, name: str) -> dict[str, Any]:
    found: dict[str, Any] = pairs.here.gateway().get(pairs.account(name))
    return {**found["properties"], "sku": found["sku"]["name"]}


def test_unplanned_says_what_is_lost_by_name_and_is_verified_by_a_byte(pairs: StoragePairs) -> None:
    pairs.write("stunplanned", "late/1.parquet")
    made, asked = action(pairs), pairs.context("stunplanned", "ungraceful")
    before = pairs.here.last
    shown = made.preview(asked)
    assert pairs.changes(before) == []
    assert shown.summary == "Fail over stunplanned from eastus to westus, unplanned."
    assert shown.loses.startswith("Every write after ")
    assert "known: 1 blob: data/late/1.parquet." in shown.loses
    assert shown.after.startswith("LRS in westus; geo-redundancy is off")
    assert "None for what is lost" in shown.undo
    assert shown.commands[0] == (
        "az storage account failover --name stunplanned --resource-group rg-fraud-e "
        f"--subscription {pairs.here.profile.subscription} --no-wait"
    )
    assert shown.commands == made.by_hand(asked)
    assert shown.effects.planned is False

    heard, before = Heard(), pairs.here.last
    result = made.apply(asked, shown, INTENT, heard)
    assert result.outcome is Outcome.SUCCEEDED, result.text
    assert pairs.changes(before) == ["POST failover"]
    assert [word[0] for word in heard.words[:2]] == ["sent", "accepted"]
    assert any("stunplanned says primary eastus" in str(word[1]) for word in heard.words[2:])

    verified = made.verify(asked, shown)
    assert verified.reached
    assert "1 byte of data/" in verified.text.lower()
    after = properties(pairs, "stunplanned")
    assert (after["sku"], after["primaryLocation"]) == ("Standard_LRS", "westus")
    assert "not eastus" in made.preview(asked).needless


def test_planned_swaps_the_regions_and_loses_nothing(pairs: StoragePairs) -> None:
    pairs.write("stplanned", "late/1.parquet")
    made, asked = action(pairs), pairs.context("stplanned", "graceful")
    shown = made.preview(asked)
    assert shown.requests[0].path.endswith("failoverType=Planned")
    assert shown.loses == ""
    assert shown.after == "RAGRS with primary westus and secondary eastus; endpoint names stay."
    assert shown.commands[0].endswith("--failover-type Planned --no-wait")
    assert shown.effects.planned is True
    before = pairs.here.last
    assert made.apply(asked, shown, INTENT, Heard()).outcome is Outcome.SUCCEEDED
    assert pairs.changes(before) == ["POST failover failoverType=Planned"]
    assert made.verify(asked, shown).reached
    after = properties(pairs, "stplanned")
    assert (after["sku"], after["secondaryLocation"]) == (RAGRS, "eastus")


@pytest.mark.parametrize("name", ["stfraude", "stfraudw"])
@pytest.mark.parametrize("variant", ["graceful", "ungraceful"])
def test_a_default_account_is_refused_with_nothing_on_the_wire(
    pairs: StoragePairs, name: str, variant: str
) -> None:
    shown = action(pairs).preview(pairs.context("stkept", variant))
    made, asked = action(pairs), pairs.context(name, variant)
    before = pairs.here.last
    with pytest.raises(UsageError, match="does not support failing a default account over"):
        made.preview(asked)
    result = made.apply(asked, shown, INTENT, Heard())
    assert result.outcome is Outcome.FAILED
    assert result.text.startswith("Nothing was sent:")
    assert pairs.here.requests(before) == []


def test_without_a_snapshot_the_workspaces_are_asked_first(pairs: StoragePairs) -> None:
    bare = {"snapshot": snapshot_of([]), "profile": pairs.here.profile, "step": "s"}
    default = OperationContext(resource=pairs.account("stfraudw"), **bare)
    before = pairs.here.last
    with pytest.raises(UsageError, match="aml-fraud-w"):
        action(pairs).preview(default)
    assert pairs.changes(before) == []
    pairs.here.fault(kind="dark", plane="control", path="*/workspaces/aml-fraud-e")
    with pytest.raises(IncompleteError, match="cannot be told"):
        action(pairs).preview(OperationContext(resource=pairs.account("stkept"), **bare))


@pytest.mark.parametrize(
    ("account", "fault", "outcome", "reached"),
    [
        ("stfaulta", {"kind": "unanswered"}, Outcome.UNKNOWN, True),
        ("stfaultb", {"kind": "unanswered", "status": 503}, Outcome.UNKNOWN, True),
        ("stfaultc", {"kind": "dark"}, Outcome.UNKNOWN, False),
        ("stfaultd", {"kind": "error", "status": 503}, Outcome.UNKNOWN, False),
        ("stfaulte", {"kind": "error", "status": 403, "code": "AuthorizationFailed"}, Outcome.FAILED, False),
        ("stfaultf", {"kind": "error", "status": 409, "code": "ScopeLocked"}, Outcome.FAILED, False),
        ("stfaultg", {"kind": "throttle", "retry_after": 0}, Outcome.FAILED, False),
    ],
)  # fmt: skip
def test_it_is_sent_once_whatever_comes_back_and_observation_tells(
    pairs: StoragePairs, account: str, fault: dict[str, Any], outcome: Outcome, reached: bool
) -> None:
    made, asked = action(pairs), pairs.context(account, "ungraceful")
    shown = made.preview(asked)
    pairs.here.fault(methods=["POST"], path=f"*/{account}/failover", **fault)
    before = pairs.here.last
    result = made.apply(asked, shown, INTENT, Heard())
    assert result.outcome is outcome, result.text
    assert pairs.changes(before) == ["POST failover"]
    seen = made.observe(asked, shown, INTENT, "")
    assert seen.readable
    resource, log = seen.evidence
    assert resource.speaks == ("for" if reached else "against")
    assert log.source == "activity log"
    if reached:
        assert "failoverInProgress is true" in seen.text
        with pytest.raises(RefusedError, match="under way already"):
            made.preview(asked)
    assert pairs.changes(before) == ["POST failover"]


def test_accepted_but_lost_is_not_verified(pairs: StoragePairs) -> None:
    made, asked = action(pairs), pairs.context("stlost", "ungraceful")
    shown = made.preview(asked)
    pairs.here.fault(kind="lost", methods=["POST"], path="*/stlost/failover", count=1)
    assert made.apply(asked, shown, INTENT, Heard()).outcome is Outcome.SUCCEEDED
    verified = made.verify(asked, shown)
    assert verified.readable
    assert not verified.reached
    assert "primary eastus" in verified.text


def test_a_byte_that_may_not_be_read_leaves_it_unverified(pairs: StoragePairs) -> None:
    made, asked = action(pairs), pairs.context("stforbidden", "ungraceful")
    shown = made.preview(asked)
    made.apply(asked, shown, INTENT, Heard())
    pairs.here.fault(kind="error", plane="data", path="/blob/stforbidden*", status=403)
    verified = made.verify(asked, shown)
    assert (verified.reached, verified.readable) == (False, False)
    assert "could not be read through the primary endpoint" in verified.text
    assert "primary westus" in verified.text


def test_a_dark_region_leaves_only_the_unplanned_way(pairs: StoragePairs) -> None:
    pairs.here.fault(kind="dark", plane="data", region="eastus")
    made = action(pairs)
    with pytest.raises(RefusedError, match="canPlannedFailover is false") as refused:
        made.preview(pairs.context("stdark", "graceful"))
    assert "ungraceful" in refused.value.next_step
    asked = pairs.context("stdark", "ungraceful")
    shown = made.preview(asked)
    assert "no names known: the primary does not answer" in shown.loses
    assert made.apply(asked, shown, INTENT, Heard()).outcome is Outcome.SUCCEEDED
    assert made.verify(asked, shown).reached, "the byte comes from the new primary"


def test_a_dark_storage_provider_promises_nothing(pairs: StoragePairs) -> None:
    pairs.here.fault(kind="error", plane="control", resource_type="Microsoft.Storage/*", status=501)
    before = pairs.here.last
    with pytest.raises(AzureError, match="The storage provider does not answer for stkept"):
        action(pairs).preview(pairs.context("stkept", "ungraceful"))
    assert pairs.changes(before) == []


def test_an_account_that_moved_since_the_preview_is_left_alone(pairs: StoragePairs) -> None:
    made, asked = action(pairs), pairs.context("stmoved", "ungraceful")
    shown = made.preview(asked)
    quiet = Heard()
    pairs.here.gateway(Mode.DRILL).change(
        "POST", f"{pairs.account('stmoved')}/failover", request_id="x", version="2023-05-01",
        on_sent=quiet.sent, on_accepted=quiet.accepted, failoverType="Planned",
    )  # fmt: skip
    before = pairs.here.last
    result = made.apply(asked, shown, INTENT, Heard())
    assert result.outcome is Outcome.FAILED
    assert result.text.startswith("Nothing was sent:")
    assert pairs.changes(before) == []


@pytest.mark.parametrize(
    ("account", "variant", "says"),
    [
        ("stlocal", "ungraceful", "has no copy in another region"),
        ("stlocal", "graceful", "has no copy in another region"),
        ("stkept", "quickly", "is graceful or ungraceful"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_sent(
    pairs: StoragePairs, account: str, variant: str, says: str
) -> None:
    before = pairs.here.last
    with pytest.raises((RefusedError, UsageError), match=says):
        action(pairs).preview(pairs.context(account, variant))
    assert pairs.changes(before) == []


def test_a_secondary_that_cannot_be_asked_leaves_the_resources_own_word(
    pairs: StoragePairs,
) -> None:
    shown = action(pairs).preview(pairs.context("sthidden", "ungraceful"))
    assert shown.loses.startswith("Every write after ")
    assert shown.before.startswith("GRS, primary eastus, secondary westus; replication Live")


def test_a_slow_region_is_followed_to_the_end(pairs: StoragePairs) -> None:
    pairs.here.fault(kind="slow", milliseconds=60, path="*stslow*")
    made, asked = action(pairs), pairs.context("stslow", "ungraceful")
    shown = made.preview(asked)
    assert made.apply(asked, shown, INTENT, Heard()).outcome is Outcome.SUCCEEDED
    assert made.verify(asked, shown).reached


def test_read_only_refuses_with_nothing_on_the_wire(pairs: StoragePairs) -> None:
    asked = pairs.context("stkept", "ungraceful")
    shown = action(pairs).preview(asked)
    heard, before = Heard(), pairs.here.last
    with pytest.raises(ReadOnlyError):
        action(pairs, Mode.READ_ONLY).apply(asked, shown, INTENT, heard)
    assert pairs.here.requests(before) == []
    assert heard.words == []


def test_a_journal_that_fails_stops_it(pairs: StoragePairs) -> None:
    made, asked = action(pairs), pairs.context("stkept", "ungraceful")
    shown = made.preview(asked)

    class Full(Heard):
        def sent(self, method: str, path: str) -> None:
            raise JournalError("The disk is full.")

    before = pairs.here.last
    with pytest.raises(JournalError):
        made.apply(asked, shown, INTENT, Full())
    assert pairs.changes(before) == []


def test_an_unreadable_account_is_no_evidence_against(pairs: StoragePairs) -> None:
    made, asked = action(pairs), pairs.context("stkept", "ungraceful")
    shown = made.preview(asked)
    pairs.here.fault(kind="error", status=501, methods=["GET"])
    url = f"{pairs.here.endpoint.base_url}/subscriptions/x/operation"
    seen = made.observe(asked, shown, INTENT, url)
    assert (seen.readable, seen.reached) == (False, False)
    assert [e.source for e in seen.evidence] == ["resource", "activity log", "poll URL"]
    assert {e.speaks for e in seen.evidence} == {"neither"}


def test_its_effects_never_leave_two_writable_copies(pairs: StoragePairs) -> None:
    effects = action(pairs).preview(pairs.context("stkept", "ungraceful")).effects
    data, rule = pairs.account("stkept").lower(), OneWritableCopy()
    here = Standing(frozenset({DataPlace(data=data, region="eastus")}), frozenset())
    assert rule.broken(pairs.here.profile, here, effects) == ""
    third = Standing(frozenset({DataPlace(data=data, region="northeurope")}), frozenset())
    assert "northeurope and westus" in rule.broken(pairs.here.profile, third, effects)


def test_it_tells_its_risk_without_a_gateway() -> None:
    operation = build_registry(None)["switchover.storage-failover"]
    assert isinstance(operation, StorageFailover)
    assert (operation.risk, operation.confirmation) == (Risk.DATA_LOSS, Confirmation.TYPE_NAME)
