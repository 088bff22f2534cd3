"""The doctor against the simulated Azure: sign-in, rights, who could, roles for a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from amlrunbook.cli.doctor import there, told
from amlrunbook.errors import ExitCode
from amlrunbook.model.finding import Finding, Verdict
from amlrunbook.model.profile import Profile
from tests.simulator.azure_here import AzureHere, azure_running

GROUP = "/subscriptions/5a1c7f3e-0b64-4c58-9d27-3e8f60a4b901"
_ROLE = f"{GROUP}/providers/Microsoft.Authorization/roleDefinitions"
CONTRIBUTOR = f"{_ROLE}/b24988ac-6180-42a0-ab88-20f7382dd24c"
OWNER = f"{_ROLE}/8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
NARROW = f"""
format = 1
title = "Somebody who may read"
description = "Reader, Owner for the asking, and a role that ends."
base = "healthy-pair"
[world]
[[world.permissions]]
actions = ["*/read"]
notActions = []
dataActions = []
notDataActions = []
[[world.resources]]
type = "Microsoft.Authorization/roleAssignments"
scope = "{GROUP}"
name = "11111111-2222-4333-8444-555555555555"
properties = {{ roleDefinitionId = "{CONTRIBUTOR}", principalId = "0e0e0e0e-aaaa-4bbb-8ccc-0123456789ab", principalType = "User" }}
[[world.resources]]
type = "Microsoft.Authorization/roleEligibilityScheduleInstances"
scope = "{GROUP}"
name = "21111111-2222-4333-8444-555555555555"
properties = {{ roleDefinitionId = "{OWNER}" }}
[[world.resources]]
type = "Microsoft.Authorization/roleAssignmentScheduleInstances"
scope = "{GROUP}"
name = "31111111-2222-4333-8444-555555555555"
properties = {{ roleDefinitionId = "{CONTRIBUTOR}", endDateTime = "{{ends}}", assignmentType = "Activated" }}
"""


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureHere]:
    folder = tmp_path_factory.mktemp("narrow")
    path = folder / "narrow.toml"
    ends = datetime.now(UTC) + timedelta(minutes=90)
    path.write_text(NARROW.replace("{ends}", f"{ends:%Y-%m-%dT%H:%M:%SZ}"))
    with azure_running(folder, str(path)) as here:
        yield here


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureHere]:
    with azure_running(tmp_path_factory.mktemp("pair"), "healthy-pair") as here:
        yield here


@pytest.fixture(autouse=True)
def well(narrow: AzureHere, pair: AzureHere) -> Iterator[None]:
    yield
    narrow.clear()
    pair.clear()


def asked(here: AzureHere, profile: Profile | None = None) -> tuple[Finding, ...]:
    return tuple(there(profile or here.profile, here.gateway()))


def of(findings: tuple[Finding, ...], check: str, resource: str = "") -> Finding:
    (found,) = [
        f for f in findings if f.check == check and (not resource or f.resource == resource)
    ]
    return found


def test_whoever_may_everything_misses_nothing(pair: AzureHere) -> None:
    before = pair.last
    findings = asked(pair)
    assert {f.verdict for f in findings} == {Verdict.PASS}
    assert "allowed at" in of(findings, "doctor.rights", "switchover.storage-failover").observed
    changing = [
        r for r in pair.requests(before) if r["method"] != "GET" and "token" not in r["path"]
    ]
    assert changing == []


def test_what_is_missing_is_named_with_who_could(narrow: AzureHere) -> None:
    findings = asked(narrow)
    assert of(findings, "doctor.rights", "reading").verdict is Verdict.PASS
    failover = of(findings, "doctor.rights", "switchover.storage-failover")
    assert failover.verdict is Verdict.FAIL
    assert "Microsoft.Storage/storageAccounts/failover/action on stfrauddata" in failover.observed
    assert "could: 0e0e0e0e-aaaa-4bbb-8ccc-0123456789ab as Contributor" in failover.observed
    lock = of(findings, "doctor.rights", "hardening.delete-lock")
    assert "nobody who is assigned there could" in lock.observed, "a contributor may not lock"


def test_logs_are_found_by_way_of_what_the_workspaces_name(
    narrow: AzureHere, pair: AzureHere
) -> None:
    missing = of(asked(narrow), "doctor.rights", "hardening.log-retention")
    assert "Microsoft.OperationalInsights/workspaces/write on log-fraud-e" in missing.observed
    assert "Microsoft.OperationalInsights/workspaces/write on log-fraud-w" in missing.observed
    pair.fault(kind="error", status=403, path="*/components/appi-fraud-e")
    unread = of(asked(pair), "doctor.rights", "hardening.log-retention")
    assert unread.verdict is Verdict.UNKNOWN
    assert "what appi-fraud-e names" in unread.observed


def test_roles_for_a_time_are_told(narrow: AzureHere) -> None:
    told_of = [f for f in asked(narrow) if f.check == "doctor.privileged-roles"]
    assert {f.verdict for f in told_of} == {Verdict.WARN}
    texts = " ".join(f.observed for f in told_of)
    assert "Contributor ends in" in texts
    assert "eligible and not active: Owner" in texts


def test_nobody_signed_in_is_one_finding_and_exit_three(
    pair: AzureHere, capsys: pytest.CaptureFixture[str]
) -> None:
    pair.fault(kind="error", plane="identity", status=401, code="invalid_client")
    findings = asked(pair)
    assert [f.check for f in findings] == ["doctor.sign-in"]
    assert told(findings, "text", "fail") == ExitCode.UNREACHABLE
    assert "doctor.sign-in" in capsys.readouterr().out


def test_another_tenant_than_the_profiles_fails(pair: AzureHere) -> None:
    other = msgspec.structs.replace(pair.profile, tenant="00000000-1111-4222-8333-444444444444")
    assert of(asked(pair, other), "doctor.sign-in").verdict is Verdict.FAIL


def test_rights_that_cannot_be_read_are_not_known(
    pair: AzureHere, capsys: pytest.CaptureFixture[str]
) -> None:
    pair.fault(kind="error", status=403, path="*/permissions")
    findings = asked(pair)
    unknown = [f for f in findings if f.verdict is Verdict.UNKNOWN]
    assert {f.check for f in unknown} == {"doctor.rights"}
    assert told(findings, "json", "fail") == ExitCode.INCOMPLETE
    printed = msgspec.json.decode(capsys.readouterr().out)
    assert printed["counts"]["unknown"] == len(unknown)


def test_a_dark_primary_leaves_the_secondary_to_ask(pair: AzureHere, tmp_path: Path) -> None:
    pair.fault(kind="dark", region="eastus")
    findings = asked(pair)
    assert of(findings, "doctor.sign-in").verdict is Verdict.PASS
    traffic = of(findings, "doctor.rights", "switchover.endpoint-traffic")
    assert traffic.verdict is Verdict.PASS
    vault = of(findings, "doctor.rights", "hardening.purge-protection")
    assert vault.verdict is Verdict.UNKNOWN, "which vault the primary names was not read"
