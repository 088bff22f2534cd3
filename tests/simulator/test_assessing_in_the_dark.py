"""An assessment ends whatever Azure does: on the last snapshot where a region is dark, later where it throttles."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from amlrunbook.assessment import assess
from amlrunbook.azure.inventory import take_snapshot
from amlrunbook.cli.assess import assess as command
from amlrunbook.model.finding import Finding, Verdict
from amlrunbook.model.snapshot import Snapshot
from amlrunbook.store.profiles import save_profile
from tests.simulator.azure_here import AzureHere


def judged(here: AzureHere, snapshot: Snapshot) -> tuple[Finding, ...]:
    return assess(snapshot.inventory, here.profile, taken_at=snapshot.taken_at)


@pytest.fixture
def well(pair: AzureHere) -> Snapshot:
    return msgspec.structs.replace(
        take_snapshot(pair.gateway(), pair.profile).snapshot, taken_at="2026-11-22T08:00:00Z"
    )


def test_a_dark_primary_is_judged_by_the_last_snapshot_with_its_age(
    pair: AzureHere, well: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {(f.check, f.resource.lower()): f.verdict for f in judged(pair, well)}
    gateway = pair.gateway()
    gateway.get(f"/subscriptions/{pair.profile.subscription}")
    pair.fault(kind="dark", region="eastus")
    dark = take_snapshot(gateway, pair.profile, earlier=well).snapshot
    now = judged(pair, dark)
    old = [f for f in now if "as of 2026-11-22T08:00:00Z" in f.observed]
    assert len(old) > 20
    assert {f.verdict for f in old} <= {Verdict.UNKNOWN, Verdict.WARN, Verdict.NOT_APPLICABLE}
    for finding in old:
        was = before[finding.check, finding.resource.lower()]
        assert (was is Verdict.PASS) == (finding.verdict is Verdict.UNKNOWN), finding
    assert not [f for f in now if f.verdict is Verdict.PASS and "aml-fraud-e" in f.resource]
    monkeypatch.setenv("AMLRUNBOOK_HOME", str(tmp_path))
    save_profile(pair.profile)
    asked = ["--from", "-", "-w", pair.profile.name]
    done = CliRunner().invoke(command, asked, input=msgspec.json.encode(dark))
    assert done.exit_code == 1, "the secondary's account has lost its copy in the dark region"
    assert "documents of the snapshot of 2026-11-22T08:00:00Z" in done.stdout
    done = CliRunner().invoke(
        command, [*asked, "--format", "json"], input=msgspec.json.encode(dark)
    )
    assert "2026-11-22T08:00:00Z" in json.loads(done.stdout)["earlier"]


def test_a_throttled_azure_is_judged_the_same_later(pair: AzureHere, well: Snapshot) -> None:
    pair.fault(kind="throttle", retry_after=1, count=20, plane="control")
    later = take_snapshot(pair.gateway(), pair.profile)
    assert later.unread == ()
    same = {(f.check, f.resource, f.verdict) for f in judged(pair, well)}
    found = {(f.check, f.resource, f.verdict) for f in judged(pair, later.snapshot)}
    lag = "storage.last-sync-within-rpo"
    assert {each for each in found if each[0] != lag} == {each for each in same if each[0] != lag}
