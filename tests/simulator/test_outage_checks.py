"""Is it the region? The four checks over HTTPS, with the simulated Azure well, dark in parts, slow and silent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from amlrunbook.azure.inventory import take_snapshot
from amlrunbook.model.finding import Finding, Verdict
from amlrunbook.model.mode import Mode
from amlrunbook.model.operation import CheckReport, OperationContext
from amlrunbook.model.profile import Probe
from amlrunbook.model.snapshot import Snapshot, snapshot_of
from amlrunbook.operations.outage.planes import Planes
from amlrunbook.operations.outage.recent_changes import RecentChanges
from amlrunbook.operations.outage.resource_health import ResourceHealth
from amlrunbook.operations.outage.service_health import ServiceHealth
from amlrunbook.simulator import process
from tests.simulator.azure_here import AzureHere, azure_running
from tests.simulator.test_soft_delete_action import Heard
from tests.simulator_fixtures import set_pace

ML = "Microsoft.MachineLearningServices/*"
# An error that is not tried again stands for darkness where only the judgement matters: it is quicker.
EAST_DATA = {"kind": "error", "status": 501, "plane": "data", "region": "eastus"}
EAST_ML = {"kind": "error", "status": 501, "plane": "control", "region": "eastus", "resource_type": ML}  # fmt: skip
EAST_CONTROL = {"kind": "error", "status": 501, "plane": "control", "region": "eastus"}


@pytest.fixture(scope="module")
def snapshot(pair_running: AzureHere) -> Snapshot:
    return take_snapshot(pair_running.gateway(), pair_running.profile).snapshot


def asked(here: AzureHere, snapshot: Snapshot, **more: Any) -> OperationContext:
    profile = here.profile
    for name, value in more.items():
        profile = type(profile)(**{**_fields(profile), name: value})
    return OperationContext(profile=profile, snapshot=snapshot, step="s")


def _fields(profile: Any) -> dict[str, Any]:
    return {name: getattr(profile, name) for name in profile.__struct_fields__}


def planes(here: AzureHere, snapshot: Snapshot, seconds: float = 6.0, **more: Any) -> CheckReport:
    return Planes(here.gateway(), seconds=seconds).run(asked(here, snapshot, **more), Heard())


def belief(report: CheckReport) -> str:
    return report.findings[0].title.removeprefix("From here: ")


def titled(report: CheckReport, words: str) -> Finding:
    (found,) = [f for f in report.findings if words in f.title]
    return found


CASES: dict[str, tuple[list[dict[str, Any]], str, Verdict, str]] = {
    "well": ([], "looks well", Verdict.PASS, "eastus looks well from here"),
    "all of the region": (
        [EAST_DATA, EAST_CONTROL],
        "region dark",
        Verdict.FAIL,
        "neither its control plane nor",
    ),
    "all but the storage provider": (
        [EAST_DATA, EAST_ML],
        "region dark",
        Verdict.FAIL,
        "a failover can be asked for",
    ),
    "control": ([EAST_CONTROL], "control plane dark", Verdict.FAIL, "its data plane answers"),
    "vaults": (
        [{**EAST_CONTROL, "resource_type": "Microsoft.KeyVault/*"}],
        "one service dark",
        Verdict.WARN,
        "Only Key Vault is dark in eastus",
    ),
    "both regions": (
        [EAST_DATA, EAST_CONTROL, {**EAST_DATA, "region": "westus"}, {**EAST_CONTROL, "region": "westus"}],
        "both regions dark",
        Verdict.UNKNOWN,
        "moving there helps nobody",
    ),
    "everything": (
        [{"kind": "dark"}],
        "our own network",
        Verdict.UNKNOWN,
        "network, DNS and proxy",
    ),
    "throttled": (
        [{"kind": "throttle", "plane": "control", "region": "eastus", "retry_after": 0}],
        "looks well",
        Verdict.PASS,
        "Against it speaks:",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_answers_tells_what_is_dark(pair: AzureHere, snapshot: Snapshot, case: str) -> None:
    faults, expected, verdict, says = CASES[case]
    for fault in faults:
        pair.fault(**fault)
    report = planes(pair, snapshot)
    assert (belief(report), report.verdict) == (expected, verdict), report.text
    assert says in report.text


def test_what_hangs_is_dark_at_its_deadline_and_the_rest_is_told(
    pair: AzureHere, snapshot: Snapshot
) -> None:
    pair.fault(**{**EAST_DATA, "kind": "hang"})
    pair.fault(**{**EAST_CONTROL, "kind": "hang"})
    report = planes(pair, snapshot)
    assert belief(report) == "region dark"
    assert "westus answers." in report.text


def test_a_dark_sign_in_hides_no_data_plane(pair: AzureHere, snapshot: Snapshot) -> None:
    pair.fault(kind="dark", plane="identity")
    report = planes(pair, snapshot)
    assert belief(report) == "identity dark"
    assert "The data plane of eastus answers" in report.text
    control = titled(report, "the Machine Learning provider in eastus")
    assert control.verdict is Verdict.UNKNOWN


def test_the_profiles_probes_speak_too(pair: AzureHere, snapshot: Snapshot) -> None:
    base = pair.endpoint.base_url
    probes = (
        Probe(name="there", url=f"{base}/subscriptions", expect_status=401),
        Probe(name="wrong", url=f"{base}/subscriptions", expect_status=200),
    )
    report = planes(pair, snapshot, probes=probes)
    assert report.verdict is Verdict.WARN
    assert "yet probe wrong is red" in report.text
    assert titled(report, "probe there").verdict is Verdict.PASS
    assert titled(report, "probe wrong").verdict is Verdict.FAIL


def test_no_token_of_ours_reaches_an_address_that_is_asked_plainly(
    pair: AzureHere, snapshot: Snapshot
) -> None:
    before = pair.last
    planes(pair, snapshot)
    blobs = [r for r in pair.requests(before) if r["path"].startswith("/blob/")]
    assert blobs
    assert {r["status"] for r in blobs} == {401}


def test_without_a_snapshot_the_regions_are_asked_all_the_same(pair: AzureHere) -> None:
    pair.fault(**EAST_CONTROL)
    report = planes(pair, snapshot_of([]))
    assert report.verdict is Verdict.FAIL
    assert "eastus" in report.text


def test_a_dark_primary_is_known_by_the_last_snapshot(pair: AzureHere, snapshot: Snapshot) -> None:
    for plane in ("data", "control"):
        pair.fault(kind="error", status=501, plane=plane, region="eastus")
    profile = pair.profile
    now = take_snapshot(
        pair.gateway(), profile, seconds=3.0, request_seconds=3.0, earlier=snapshot
    ).snapshot
    assert now.inventory.unread
    report = planes(pair, now)
    assert belief(report) == "region dark"
    assert any("stfraude" in f.title for f in report.findings), "its default account was asked"


# --- what others say ----------------------------------------------------------------------------


def test_resource_health_says_what_it_does_not_know(pair: AzureHere, snapshot: Snapshot) -> None:
    report = ResourceHealth(pair.gateway()).run(asked(pair, snapshot), Heard())
    assert report.verdict is Verdict.PASS
    workspace = titled(report, "Resource Health of aml-fraud-e")
    assert workspace.verdict is Verdict.NOT_APPLICABLE
    assert "Workspaces are not among" in report.text


def test_silence_is_unknown_never_well(pair: AzureHere, snapshot: Snapshot) -> None:
    pair.fault(kind="error", status=501, plane="control")
    context, gateway = asked(pair, snapshot), pair.gateway()
    for check in (ResourceHealth, ServiceHealth, RecentChanges):
        report = check(gateway, seconds=3.0).run(context, Heard())
        assert report.verdict is Verdict.UNKNOWN, report.text


@pytest.fixture
def changing(tmp_path: Any) -> Iterator[AzureHere]:
    with azure_running(tmp_path, "healthy-pair") as here:
        set_pace(here.endpoint)
        yield here


def test_a_deletion_is_seen_before_a_region_is_blamed(changing: AzureHere) -> None:
    here = changing
    taken = take_snapshot(here.gateway(), here.profile).snapshot
    context = asked(here, taken)
    check = RecentChanges(here.gateway())
    assert check.run(context, Heard()).verdict is Verdict.PASS
    gateway, quiet = here.gateway(Mode.DRILL), Heard()
    workspace = here.profile.primary.workspace
    gateway.change(
        "DELETE", f"{workspace}/onlineEndpoints/fraud-score", request_id="x",
        on_sent=quiet.sent, on_accepted=quiet.accepted,
    )  # fmt: skip
    report = check.run(context, Heard())
    assert report.verdict is Verdict.FAIL
    assert "onlineEndpoints/delete on fraud-score" in report.text
    process.control(here.endpoint, "POST", "/clock", {"advance": 2 * 3600})
    assert check.run(context, Heard()).verdict is Verdict.PASS, "an hour later it is no news"
