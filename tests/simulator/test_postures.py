"""What the shipped worlds look like to the assessment: nothing fails in one, an expert's list in the other."""

from __future__ import annotations

from amlrunbook.assessment import assess, posture_table
from amlrunbook.azure.inventory import take_snapshot
from amlrunbook.model.finding import Finding, Verdict
from tests.simulator.azure_here import AzureHere


def judged(here: AzureHere) -> tuple[Finding, ...]:
    taken = take_snapshot(here.gateway(), here.profile)
    assert taken.unread == ()
    return assess(taken.snapshot.inventory, here.profile, taken_at=taken.snapshot.taken_at)


def named(findings: tuple[Finding, ...], verdict: Verdict) -> set[str]:
    return {
        f"{finding.check} {finding.resource.rsplit('/', 1)[-1]}"
        for finding in findings
        if finding.verdict is verdict
    }


def test_nothing_fails_where_all_is_well(pair: AzureHere) -> None:
    found = judged(pair)
    assert named(found, Verdict.FAIL) == set()
    assert named(found, Verdict.UNKNOWN) == set()
    assert len(named(found, Verdict.PASS)) > 100
    for line in posture_table(found, pair.profile):
        assert (line.lost, line.slow, line.impossible, line.unknown) == ((), (), (), 0)


def test_a_workspace_that_nobody_prepared_yields_what_an_expert_would_write(
    lonely: AzureHere,
) -> None:
    found = judged(lonely)
    assert named(found, Verdict.FAIL) == {
        "workspace.secondary-exists aml-lonely",
        "storage.zone-or-geo-redundant stlonely",
        "storage.blob-soft-delete stlonely",
        "storage.container-soft-delete stlonely",
        "storage.share-soft-delete stlonely",
        "keyvault.purge-protection kv-lonely",
        "registry.premium crlonely",
        "registry.geo-replication crlonely",
        "registry.zone-redundancy crlonely",
        "insights.workspace-based appi-lonely",
        "endpoint.in-both-regions forecast-lonely",
        "assets.models-in-both aml-lonely",
        "assets.environments-in-both aml-lonely",
    }
    assert named(found, Verdict.WARN) >= {
        "storage.default-account-zone-redundant stlonely",
        "storage.versioning stlonely",
        "storage.point-in-time-restore stlonely",
        "storage.lock stlonely",
        "workspace.lock aml-lonely",
        "workspace.image-build-compute aml-lonely",
        "keyvault.retention kv-lonely",
        "compute.instance-local-disk ci-ada",
        "compute.in-both-regions cpu",
        "compute.dedicated cpu",
        "endpoint.three-instances only",
        "endpoint.no-keys forecast-lonely",
    }
    table = {line.component: line for line in posture_table(found, lonely.profile)}
    assert "Soft delete of blobs (stlonely)" in table["data"].lost
    assert "Endpoint in both workspaces (forecast-lonely)" in table["inference"].impossible
    assert "A second workspace (aml-lonely)" in table["workspace"].impossible
