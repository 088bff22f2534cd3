"""The checks of data accounts over HTTPS: how far the secondary is, whom to ask, and what can be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from amlrunbook.errors import UsageError
from amlrunbook.model.finding import Finding, Verdict
from amlrunbook.model.operation import CheckReport, OperationContext
from amlrunbook.operations.switchover.storage_provider import StorageProvider
from amlrunbook.operations.switchover.storage_readable import DataAccountReadable
from amlrunbook.operations.switchover.storage_replication import DataAccountReplication
from amlrunbook.simulator import process
from tests.simulator.storage_pairs import StoragePairs, storage_pairs
from tests.simulator.test_soft_delete_action import Heard

EAST_DATA = {"kind": "error", "status": 501, "plane": "data", "region": "eastus"}
STORAGE_DARK = {"kind": "error", "status": 501, "plane": "control", "region": "eastus", "resource_type": "Microsoft.Storage/*"}  # fmt: skip


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoragePairs]:
    accounts = {
        "stwell": "Standard_RAGRS",
        "stlate": "Standard_RAGZRS",
        "sthidden": "Standard_GRS",
        "stlocal": "Standard_LRS",
    }
    with storage_pairs(tmp_path_factory.mktemp("pairs"), **accounts) as pairs:
        # time passes where a test lets it, and not between two requests
        process.control(pairs.here.endpoint, "POST", "/clock", {"advance": 3600, "rate": 0.0})
        pairs.write("stlate", "late/1.parquet")
        yield pairs


@pytest.fixture
def pairs(running: StoragePairs) -> Iterator[StoragePairs]:
    yield running
    running.here.clear()


def replication(pairs: StoragePairs, name: str, **options: Any) -> CheckReport:
    check = DataAccountReplication(pairs.here.gateway(), seconds=5.0, **options)
    return check.run(pairs.context(name), Heard())


def provider(pairs: StoragePairs, name: str) -> CheckReport:
    return StorageProvider(pairs.here.gateway(), seconds=5.0).run(pairs.context(name), Heard())


def readable(pairs: StoragePairs, name: str) -> CheckReport:
    return DataAccountReadable(pairs.here.gateway(), seconds=5.0).run(pairs.context(name), Heard())


def titled(report: CheckReport, words: str) -> Finding:
    (found,) = [f for f in report.findings if words in f.title]
    return found


def test_both_sources_are_asked_and_told(pairs: StoragePairs) -> None:
    report = replication(pairs, "stwell")
    assert report.verdict is Verdict.PASS, report.text
    assert titled(report, "Both sources agree").observed == "0 s apart; the earlier one counts"
    assert titled(report, "Loss within the target").observed.startswith("2 min of writes")
    assert titled(report, "Redundancy afterwards").observed.startswith("unplanned: Standard_LRS")
    assert titled(report, "by name").observed == "None. All 1 blobs were read."


def test_what_would_be_lost_is_named(pairs: StoragePairs) -> None:
    pairs.write("stlate", "late/1.parquet")  # within the two minutes that the copy lags behind
    report = replication(pairs, "stlate")
    assert report.verdict is Verdict.WARN
    assert report.text.endswith("known: 1 blob: data/late/1.parquet.")
    assert "1: data/late/1.parquet." in titled(report, "by name").observed


def test_the_bound_of_what_is_read_is_said(pairs: StoragePairs) -> None:
    found = titled(replication(pairs, "stlate", most=1), "by name")
    assert "Only the first 1 blobs were read." in found.observed


def test_a_dark_primary_leaves_the_time_and_no_names(pairs: StoragePairs) -> None:
    pairs.here.fault(**EAST_DATA)
    report = replication(pairs, "stwell")
    assert report.verdict is Verdict.WARN
    assert "no names known: the primary does not answer" in report.text
    assert titled(report, "Planned failover").verdict is Verdict.WARN
    assert titled(report, "Unplanned failover").verdict is Verdict.PASS


def test_a_dark_provider_leaves_the_secondarys_own_word(pairs: StoragePairs) -> None:
    pairs.here.fault(**EAST_DATA)
    pairs.here.fault(**STORAGE_DARK)
    report = replication(pairs, "stwell")
    assert report.verdict is Verdict.UNKNOWN
    assert "by the secondary's own word; the provider does not answer" in report.text
    assert titled(report, "time by the secondary").verdict is Verdict.PASS
    assert titled(report, "time by the resource").verdict is Verdict.UNKNOWN


def test_a_secondary_that_cannot_be_read_is_no_gap(pairs: StoragePairs) -> None:
    report = replication(pairs, "sthidden")
    assert report.verdict is Verdict.PASS, report.text
    assert titled(report, "time by the secondary").verdict is Verdict.NOT_APPLICABLE


def test_an_account_without_a_second_region_fails(pairs: StoragePairs) -> None:
    report = replication(pairs, "stlocal")
    assert report.verdict is Verdict.FAIL
    assert "no copy in another region" in report.text


def test_the_target_is_the_profiles(pairs: StoragePairs) -> None:
    pairs.here.fault(**EAST_DATA)
    process.control(pairs.here.endpoint, "POST", "/clock", {"advance": 1800})
    found = titled(replication(pairs, "stwell"), "Loss within the target")
    assert found.verdict is Verdict.WARN
    assert found.expected == "at most 15 min (the profile's RPO)"


# --- whom to ask ----------------------------------------------------------------------------------


def test_a_provider_that_answers_can_be_asked(pairs: StoragePairs) -> None:
    report = provider(pairs, "stwell")
    assert report.verdict is Verdict.PASS
    assert "a failover can be asked for" in report.text


@pytest.mark.parametrize("kind", [{"kind": "dark"}, {"status": 501}])
def test_a_dark_provider_leaves_three_ways(pairs: StoragePairs, kind: dict[str, Any]) -> None:
    pairs.here.fault(**{**STORAGE_DARK, **kind})
    report = provider(pairs, "stwell")
    assert report.verdict is Verdict.FAIL
    assert [f.title.partition(":")[0] for f in report.findings[1:]] == ["Way 1", "Way 2", "Way 3"]
    ticket = titled(report, "Way 2").observed
    for part in (
        f"Subscription: {pairs.here.profile.subscription}",
        f"Resource: {pairs.account('stwell')}",
        "Region: eastus",
        "x-ms-client-request-id",
        "Service issues: none published",
    ):
        assert part in ticket
    assert "\n" not in ticket, "a list shows it on one line"
    way = titled(report, "Way 3")
    assert way.verdict is Verdict.WARN
    assert "stwell-secondary answers, by its own word live" in way.observed


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [
        ({"kind": "error", "status": 403, "code": "AuthorizationFailed"}, Verdict.UNKNOWN),
        ({"kind": "error", "status": 404, "code": "ResourceNotFound"}, Verdict.FAIL),
        ({"kind": "throttle", "status": 429, "retry_after": 0}, Verdict.WARN),
    ],
)
def test_a_refusal_is_an_answer_of_the_provider(
    pairs: StoragePairs, fault: dict[str, Any], verdict: Verdict
) -> None:
    pairs.here.fault(**{**STORAGE_DARK, **fault})
    report = provider(pairs, "stwell")
    assert report.verdict is verdict
    assert "Left are" not in report.text


def test_without_a_sign_in_nobody_can_be_asked(pairs: StoragePairs) -> None:
    pairs.here.fault(kind="dark", plane="identity")
    report = provider(pairs, "stwell")
    assert report.verdict is Verdict.UNKNOWN
    assert "Nobody can be asked" in report.text


# --- what can be read -------------------------------------------------------------------------------


def test_a_byte_is_read_through_both_endpoints(pairs: StoragePairs) -> None:
    report = readable(pairs, "stwell")
    assert report.verdict is Verdict.PASS
    assert report.text.startswith("1 byte of data/old.txt was read through")
    assert titled(report, "secondary").verdict is Verdict.PASS


def test_a_dark_primary_names_the_secondary_to_read_meanwhile(pairs: StoragePairs) -> None:
    pairs.here.fault(**EAST_DATA)
    report = readable(pairs, "stwell")
    assert report.verdict is Verdict.FAIL
    assert "stwell-secondary, which takes no writes" in report.text
    alone = readable(pairs, "sthidden")
    assert "Meanwhile" not in alone.text


def test_a_missing_role_is_unknown_not_dark(pairs: StoragePairs) -> None:
    pairs.here.fault(kind="error", plane="data", path="/blob/stwell*", status=403)
    report = readable(pairs, "stwell")
    assert report.verdict is Verdict.UNKNOWN
    assert "Storage Blob Data Reader" in titled(report, "primary").remedy


@pytest.mark.parametrize("check", [DataAccountReplication, StorageProvider, DataAccountReadable])
def test_a_step_that_names_no_account_is_refused(pairs: StoragePairs, check: Any) -> None:
    context = OperationContext(
        profile=pairs.here.profile,
        snapshot=pairs.snapshot,
        step="s",
        resource=pairs.here.profile.primary.workspace,
    )
    with pytest.raises(UsageError, match="is no storage account"):
        check(pairs.here.gateway()).run(context, Heard())
