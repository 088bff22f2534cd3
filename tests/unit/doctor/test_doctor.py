"""What the doctor says of rights and of this machine: pure parts, and real processes."""

from __future__ import annotations

import stat
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from amlrunbook.cli.doctor import facts, told
from amlrunbook.facts import OLD_AFTER_DAYS, fact_base
from amlrunbook.model.finding import Finding, Verdict
from amlrunbook.model.operation import Action
from amlrunbook.model.profile import Attached, Profile, Side
from amlrunbook.model.snapshot import Document, Inventory
from amlrunbook.operations.doctor.machine import clock, extensions_for, machine
from amlrunbook.operations.doctor.needs import NEEDS, Where
from amlrunbook.operations.doctor.permissions import allowed
from amlrunbook.operations.doctor.rights import is_held, scopes, unread_components, unread_sides
from amlrunbook.operations.registry import build_registry

OWNER = {"actions": ["*"], "notActions": []}
CONTRIBUTOR = {"actions": ["*"], "notActions": ["Microsoft.Authorization/*/Write"]}
BLOBS = {"actions": [], "dataActions": ["Microsoft.Storage/*/blobs/*"]}


@pytest.mark.parametrize(
    ("permissions", "action", "data", "expected"),
    [
        ([OWNER], "Microsoft.Storage/storageAccounts/failover/action", False, True),
        ([CONTRIBUTOR], "Microsoft.Authorization/locks/write", False, False),
        ([CONTRIBUTOR, OWNER], "Microsoft.Authorization/locks/write", False, True),
        ([CONTRIBUTOR], "microsoft.storage/STORAGEACCOUNTS/write", False, True),
        ([OWNER], "Microsoft.Storage/storageAccounts/x/blobs/read", True, False),
        ([BLOBS], "Microsoft.Storage/storageAccounts/x/blobs/read", True, True),
        ([BLOBS], "Microsoft.Storage/storageAccounts/x/blobs/read", False, False),
        ([{"actions": ["*/read"]}], "Microsoft.X/y/write", False, False),
        ([{"actions": "nonsense"}], "Microsoft.X/y/read", False, False),
        ([], "Microsoft.X/y/read", False, False),
    ],
)
def test_permissions_are_read_as_azure_reads_them(permissions, action, data, expected) -> None:
    assert allowed(permissions, action, data=data) is expected


def test_every_action_of_the_program_says_what_it_needs() -> None:
    actions = {id_ for id_, one in build_registry(None).items() if isinstance(one, Action)}
    assert actions - set(NEEDS) == set()
    known = actions | {"reading", "export", *build_registry(None)}
    assert set(NEEDS) - known == set()


def by_check(findings) -> dict[str, Finding]:
    return {finding.check: finding for finding in findings}


def az(folder: Path, script: str) -> str:
    program = folder / "az"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return f"{folder}:/usr/bin:/bin"


@pytest.mark.parametrize(
    ("script", "tool", "extension"),
    [
        (
            """echo '{"azure-cli": "2.91.0", "extensions": {"ml": "2.30.0"}}'""",
            Verdict.PASS,
            Verdict.PASS,
        ),
        ("""echo '{"azure-cli": "2.91.0", "extensions": {}}'""", Verdict.PASS, Verdict.WARN),
        ("echo broken; exit 1", Verdict.WARN, None),
        ("""echo '[]'""", Verdict.PASS, Verdict.WARN),
    ],
)
def test_az_and_its_extension_are_asked_for(tmp_path, script, tool, extension) -> None:
    found = by_check(machine(tmp_path, {"PATH": az(tmp_path, script)}))
    assert found["doctor.az"].verdict is tool
    told = found.get("doctor.az-ml")
    assert (told.verdict if told else None) is extension
    if extension is Verdict.WARN:
        assert told.command == "az extension add --name ml"


def test_az_is_told_neither_to_send_telemetry_nor_to_install(tmp_path) -> None:
    script = 'echo "$AZURE_CORE_COLLECT_TELEMETRY $AZURE_EXTENSION_USE_DYNAMIC_INSTALL" > "$HOME/seen"; echo {}'
    environment = {"PATH": az(tmp_path, script), "HOME": str(tmp_path)}
    list(machine(tmp_path, environment))
    assert (tmp_path / "seen").read_text() == "false no\n"


def test_without_az_it_says_so(tmp_path) -> None:
    found = by_check(machine(tmp_path, {"PATH": str(tmp_path)}))
    assert found["doctor.az"].verdict is Verdict.WARN
    assert "no az" in found["doctor.az"].observed


@pytest.mark.parametrize(
    ("value", "verdict", "says"),
    [
        ("", Verdict.PASS, "none is set"),
        ("http://ada:hunter2@proxy.example:3128", Verdict.PASS, "proxy.example"),
        ("http://[broken", Verdict.WARN, "that is set"),
    ],
)
def test_a_proxy_is_named_without_its_password(tmp_path, value, verdict, says) -> None:
    found = by_check(machine(tmp_path, {"PATH": "", "HTTPS_PROXY": value}))["doctor.proxy"]
    assert found.verdict is verdict
    assert says in found.observed
    assert "hunter2" not in found.observed


def test_the_disk_is_asked_where_runs_will_be(tmp_path) -> None:
    found = by_check(machine(tmp_path / "not/yet/there", {"PATH": ""}))["doctor.disk"]
    assert str(tmp_path) in found.observed


@pytest.mark.parametrize(
    ("seconds", "verdict"),
    [(0, Verdict.PASS), (-59, Verdict.PASS), (61, Verdict.WARN), (-301, Verdict.FAIL)],
)
def test_the_clock_is_compared_with_azures(seconds, verdict) -> None:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert clock(now + timedelta(seconds=seconds), now).verdict is verdict


def test_old_facts_are_told() -> None:
    checked: date = fact_base().checked
    assert facts(checked).verdict is Verdict.PASS
    assert facts(checked + timedelta(days=OLD_AFTER_DAYS + 1)).verdict is Verdict.WARN


GROUPS = "/subscriptions/x/resourceGroups"


@pytest.mark.parametrize(
    ("place", "expected"),
    [("RG-A", True), ("rg-a/providers/a/b/c", True), ("rg-ab", False), ("rg-b", False)],
)
def test_a_role_that_is_active_in_one_group_waits_in_the_others(place, expected) -> None:
    role = {"roleDefinitionId": "/x/owner", "scope": f"{GROUPS}/{place}"}
    waiting = Document({"id": "/x", "properties": role})
    assert is_held(waiting, [("owner", f"{GROUPS}/rg-a".lower())]) is expected


def test_what_a_workspace_that_was_not_read_names_is_not_known() -> None:
    """Without its document nobody knows its vault: that nothing is missing there would be a guess."""
    place = f"{GROUPS}/rg/providers/Microsoft.MachineLearningServices/workspaces/w"
    side = Side(workspace=place, region="eastus")
    profile = Profile(format=1, name="w", subscription="x", primary=side)
    unread = {"id": side.workspace, "unread": "no answer in time"}
    assert unread_sides(profile, Inventory(())) == (
        (side.workspace, "it is not among the documents"),
    )
    assert unread_sides(profile, Inventory((unread,))) == ((side.workspace, "no answer in time"),)
    assert unread_sides(profile, Inventory(({"id": side.workspace},))) == ()


def test_a_component_and_its_logs_are_found_or_told_as_unread() -> None:
    group = "/subscriptions/x/resourceGroups/rg/providers"
    side = Side(
        workspace=f"{group}/Microsoft.MachineLearningServices/workspaces/a", region="eastus"
    )
    named = {
        kind: f"{group}/Microsoft.{kind}"
        for kind in ("Insights/components/c", "OperationalInsights/workspaces/l")
    }
    component, logs = named.values()
    cosmos = f"{group}/Microsoft.DocumentDB/databaseAccounts/d"
    traffic = f"{group}/Microsoft.Network/trafficmanagerprofiles/t"
    profile = Profile(
        format=1,
        name="w",
        subscription="x",
        primary=side,
        attached=(Attached(id=logs.upper()), Attached(id=cosmos), Attached(id=traffic)),
    )
    workspace = {"id": side.workspace, "properties": {"applicationInsights": component}}
    read = {"id": component, "properties": {"WorkspaceResourceId": f"{logs}2"}}
    dark = {"id": component, "type": "", "unread": "no answer in time"}
    assert unread_components(profile, Inventory((workspace,))) == (
        (component, "it is not among the documents"),
    )
    assert unread_components(profile, Inventory((workspace, dark))) == (
        (component, "no answer in time"),
    )
    assert unread_components(profile, Inventory((workspace, read))) == ()
    assert unread_components(profile, Inventory(({"id": side.workspace},))) == ()
    found = scopes(profile, Inventory((workspace, read)))
    assert found[Where.LOGS] == (f"{logs}2", logs.upper())
    assert found[Where.COSMOS] == (cosmos,)
    assert found[Where.TRAFFIC_MANAGERS] == (traffic,)


def test_without_a_profile_nothing_is_said_of_azure(capsys) -> None:
    finding = facts(fact_base().checked)
    told((finding,), "text", "fail")
    assert "Azure was not asked" in capsys.readouterr().out
    told((finding,), "text", "fail", profile="pair")
    assert "Every step can be run from here." in capsys.readouterr().out
    warning = facts(fact_base().checked + timedelta(days=OLD_AFTER_DAYS + 1))
    told((warning,), "text", "fail", profile="pair")
    assert "1 to look at before every step can be run" in capsys.readouterr().out


def test_extensions_for_what_is_attached_are_asked_for(tmp_path) -> None:
    """A Front Door, and a cluster whose partner is connected from elsewhere."""
    group = "/subscriptions/x/resourceGroups/rg/providers"
    profile = Profile(
        format=1,
        name="w",
        subscription="x",
        primary=Side(workspace=f"{group}/a/b/c", region="eastus"),
        attached=(
            Attached(id=f"{group}/Microsoft.Cdn/profiles/door"),
            Attached(
                id=f"{group}/Microsoft.ContainerService/managedClusters/one",
                partner=f"{group}/microsoft.kubernetes/connectedClusters/two",
            ),
        ),
    )
    assert extensions_for(profile) == ("cdn", "connectedk8s", "k8s-extension")
    assert extensions_for(None) == ()
    told_by = """echo '{"azure-cli": "2.91.0", "extensions": {"ml": "2.30.0", "cdn": "1.0"}}'"""
    path = az(tmp_path, told_by)
    found = by_check(machine(tmp_path, {"PATH": path}, profile))["doctor.az-extensions"]
    assert found.verdict is Verdict.WARN
    assert found.observed == "not installed: connectedk8s, k8s-extension"
    assert "doctor.az-extensions" not in by_check(machine(tmp_path, {"PATH": path}))
