"""The posture: one sentence, a table by class of component, and what turned since all was well."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from amlrunbook.assessment import CATALOGUE, assess, drift_since, posture_table
from amlrunbook.assessment.consequences import _BY_CHECK, _BY_GROUP, Component, Effect, consequence
from amlrunbook.cli.assess import assess as command
from amlrunbook.model.finding import Verdict
from amlrunbook.model.profile import Profile, Side, Strategies, Strategy
from amlrunbook.model.snapshot import Snapshot, snapshot_of
from amlrunbook.report.schemas import SCHEMAS, AssessmentJson, schema
from amlrunbook.store.profiles import save_profile
from amlrunbook.store.snapshots import save_snapshot

ROOT = Path(__file__).resolve().parents[3]
RG = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers"
WS1, WS2 = (f"{RG}/Microsoft.MachineLearningServices/workspaces/{name}" for name in ("one", "two"))
VAULT = f"{RG}/Microsoft.KeyVault/vaults/kv"
ENDPOINTS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"


def profile(inference: Strategy = Strategy.HOT_WARM) -> Profile:
    return Profile(
        format=1,
        name="pair",
        subscription="00000000-0000-0000-0000-000000000001",
        primary=Side(workspace=WS1, region="eastus"),
        secondary=Side(workspace=WS2, region="westus"),
        strategy=Strategies(inference=inference),
    )


def vault(*, protected: bool) -> dict[str, Any]:
    return {
        "id": VAULT,
        "type": "Microsoft.KeyVault/vaults",
        "location": "eastus",
        "properties": {"enablePurgeProtection": protected},
    }


ENDPOINT = {"id": f"{WS1}/onlineEndpoints/e", "type": ENDPOINTS, "name": "e", "properties": {}}
PAIR = tuple(
    {
        "id": place,
        "type": "Microsoft.MachineLearningServices/workspaces",
        "location": region,
        "properties": {"provisioningState": "Succeeded"},
    }
    for place, region in ((WS1, "eastus"), (WS2, "westus"))
)


def taken(at: str, *documents: dict[str, Any]) -> Snapshot:
    return msgspec.structs.replace(snapshot_of(list(documents), taken_at=at), profile="pair")


def test_every_check_has_a_consequence_and_the_table_names_no_other() -> None:
    ids = {rule.id for rule in CATALOGUE}
    assert set(_BY_CHECK) <= ids
    assert set(_BY_GROUP) == {check.split(".", 1)[0] for check in ids}
    assert {consequence(check)[1] for check in ids} == set(Effect)
    assert {consequence(check)[0] for check in ids} == set(Component)


@pytest.mark.parametrize(
    ("strategy", "verdict", "severity"),
    [
        (Strategy.HOT_HOT, "fail", "high"),
        (Strategy.HOT_WARM, "fail", "high"),
        (Strategy.HOT_COLD, "warn", "low"),
    ],
)
def test_the_strategy_weighs_a_finding(strategy: Strategy, verdict: str, severity: str) -> None:
    found = assess(snapshot_of([*PAIR, ENDPOINT]).inventory, profile(strategy))
    (missing,) = [
        f for f in found if f.check == "endpoint.in-both-regions" and f.resource == ENDPOINT["id"]
    ]
    assert (missing.verdict, missing.severity, missing.component) == (
        verdict,
        severity,
        "inference",
    )


def test_the_table_says_what_would_be_lost_slow_and_impossible() -> None:
    whose = profile(Strategy.HOT_HOT)
    found = assess(snapshot_of([*PAIR, ENDPOINT, vault(protected=False)]).inventory, whose)
    table = {line.component: line for line in posture_table(found, whose)}
    assert table["inference"].strategy == "hot/hot"
    assert "Endpoint in both workspaces (e)" in table["inference"].impossible
    assert "Purge protection of the vault (kv)" in table["workspace"].lost
    assert table["workspace"].warned > 0
    assert "data" not in table


def test_drift_names_what_turned_since_the_last_green_snapshot() -> None:
    green = taken("2026-11-20T08:00:00Z", vault(protected=True))
    now = assess(taken("2026-11-22T08:00:00Z", vault(protected=False)).inventory)
    drift = drift_since(green, now, None)
    assert drift is not None
    assert drift.since == "2026-11-20T08:00:00Z"
    assert [(t.check, t.before, t.after) for t in drift.turned] == [
        ("keyvault.purge-protection", Verdict.PASS, Verdict.FAIL)
    ]
    assert drift_since(taken("2026-11-20T08:00:00Z", vault(protected=False)), now, None) is None


@pytest.mark.parametrize("form", ["text", "json", "markdown", "html"])
def test_every_form_shows_the_table_the_targets_and_the_drift(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMLRUNBOOK_HOME", str(tmp_path))
    save_profile(profile())
    save_snapshot(taken("2026-11-20T08:00:00Z", vault(protected=True)))
    save_snapshot(taken("2026-11-21T08:00:00Z", vault(protected=False)))
    now = taken("2026-11-22T08:00:00Z", *PAIR, ENDPOINT, vault(protected=False))
    done = CliRunner().invoke(
        command, ["--from", "-", "-w", "pair", "--format", form], input=msgspec.json.encode(now)
    )
    assert done.exit_code == 1, done.output
    for words in (
        "impossible" if form != "html" else "Impossible",
        "Endpoint in both workspaces (e)",
        "Promised: back within",
        "2026-11-20T08:00:00Z",
    ):
        assert words in done.stdout.replace("\\", ""), words
    if form == "json":
        body = msgspec.json.decode(done.stdout, type=AssessmentJson)
        assert body.drift is not None
        assert {t.check for t in body.drift.turned} >= {"keyvault.purge-protection"}
    silent = CliRunner().invoke(
        command, ["--from", "-", "-w", "pair", "--no-drift"], input=msgspec.json.encode(now)
    )
    assert "2026-11-20T08:00:00Z" not in silent.stdout


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_the_schema_in_the_docs_is_the_program_s(name: str) -> None:
    kept = (ROOT / "docs" / f"{name}.schema.json").read_text(encoding="utf-8")
    assert kept == schema(name), f"python -m amlrunbook.report.schemas {name}"
    assert json.loads(kept)["$defs"]


def test_what_no_page_simply_says_is_marked() -> None:
    found = {f.check: f for f in assess(snapshot_of([*PAIR]).inventory)}
    assert found["workspace.identity-type"].certainty == "unconfirmed"
    assert found["workspace.secondary-exists"].certainty == ""


def test_a_role_of_a_management_group_holds_for_every_workspace() -> None:
    kind = "Microsoft.Authorization/roleAssignments"
    group = "/providers/Microsoft.Management/managementGroups/all"
    role = {
        "id": f"{group}/providers/{kind}/r",
        "type": kind,
        "properties": {
            "principalId": "p",
            "principalType": "Group",
            "roleDefinitionId": "/x/8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
        },
    }
    found = assess(snapshot_of([*PAIR, role]).inventory)
    assert {
        f.verdict
        for f in found
        if f.check in ("identity.roles-in-both", "identity.who-can-grant")
        and f.verdict is not Verdict.NOT_APPLICABLE
    } == {Verdict.PASS}
