"""The commands around snapshots and profiles, run as a person runs them: the program's own main."""

from __future__ import annotations

import json
import os
from pathlib import Path

import msgspec
import pytest

from amlrunbook.assessment import assess
from amlrunbook.azure.inventory import take_snapshot
from amlrunbook.cli.boundary import main
from amlrunbook.cli.looking import gateway_for, inventory_from_azure, look
from amlrunbook.cli.snapshot import take_and_keep
from amlrunbook.errors import AzureError, ExitCode, UsageError, worst_exit
from amlrunbook.model.finding import Verdict, exit_code
from amlrunbook.model.mode import Mode
from amlrunbook.model.snapshot import Snapshot
from amlrunbook.report.differences import Differences
from amlrunbook.store.profiles import load_profile, profile_path, save_profile
from amlrunbook.store.snapshots import read_snapshot, save_snapshot
from tests.simulator.azure_here import AzureHere

ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AMLRUNBOOK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    return tmp_path / "home"


def test_snapshots_are_listed_shown_and_compared(
    pair: AzureHere, capsys: pytest.CaptureFixture[str]
) -> None:
    first = take_snapshot(
        gateway_for(pair.profile, Mode.READ_ONLY, endpoint=pair.endpoint), pair.profile
    ).snapshot
    path = save_snapshot(first)
    documents = tuple(
        {**document, "location": "mars"}
        if document["id"] == pair.profile.primary.workspace
        else document
        for document in first.documents[1:]
    )
    save_snapshot(msgspec.structs.replace(first, documents=documents))
    name = pair.profile.name
    assert main(["snapshot", "list"]) == 0
    assert str(path) in capsys.readouterr().out
    assert main(["snapshot", "list", "--format", "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 2
    assert main(["snapshot", "show", "-w", name]) == 0
    assert "aml-fraud-e" in capsys.readouterr().out
    assert main(["snapshot", "show", "-w", name, path.stem, "--format", "json"]) == 0
    assert msgspec.json.decode(capsys.readouterr().out, type=Snapshot) == first
    assert main(["snapshot", "diff", "-w", name, "--format", "json"]) == 0
    found = msgspec.json.decode(capsys.readouterr().out, type=Differences)
    changes = msgspec.to_builtins(found.differences)
    assert {change["kind"] for change in changes} == {"removed", "changed"}
    (changed,) = [change for change in changes if change["kind"] == "changed"]
    assert (changed["path"], changed["after"]) == ("location", '"mars"')
    assert "workspace.dependencies-in-region" in {turned.check for turned in found.turned}
    for form, words in (
        ("text", "checks turned:"),
        ("markdown", "## Checks that"),
        ("html", "<li>"),
    ):
        assert main(["snapshot", "diff", "-w", name, "--format", form]) == 0
        assert words in capsys.readouterr().out


def test_a_gap_exits_6(pair: AzureHere, capsys: pytest.CaptureFixture[str]) -> None:
    pair.fault(kind="error", path="*/computes", status=403, code="AuthorizationFailed")
    save_snapshot(take_snapshot(pair.gateway(), pair.profile).snapshot)
    assert main(["snapshot", "show", "-w", pair.profile.name]) == 6
    assert "no permission (403): AuthorizationFailed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["snapshot", "show", "-w", "none"], "no snapshot of 'none'"),
        (["snapshot", "diff", "-w", "none"], "not two snapshots"),
        (["snapshot", "take", "-w", "none"], "no profile 'none'"),
        (["snapshot", "take", "-w", "../x"], "no profile's name"),
        (["workspace", "show", "none"], "no profile 'none'"),
        (["workspace", "remove", "none", "--yes"], "no profile 'none'"),
        (["workspace", "edit", "none"], "no profile 'none'"),
        (["workspace", "onboard", "--name", "x", "--primary", "y"], "not a resource id"),
        (["workspace", "onboard", "--name", "x", "--primary", ID, "--secondary", ID.upper()
          .replace("/SUBSCRIPTIONS", "/subscriptions")], "secondary is the primary"),
        (["workspace", "onboard", "--name", "x", "--primary", ID.replace("/workspaces/", "/registries/")],
         "no Azure Machine Learning workspace"),
        (["workspace", "onboard", "--name", "x", "--primary", ID, "--cloud", "mars"], "not known"),
        (["assess", "--resource-id", "x"], "not a resource id"),
    ],
)  # fmt: skip
def test_a_wrong_call_is_one_clear_sentence_and_exits_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""
    assert "Traceback" not in captured.err


def test_nobody_signed_in_exits_3_and_keeps_no_snapshot(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("AZURE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    arguments = ["workspace", "onboard", "--name", "fraud", "--primary", ID]
    assert main([*arguments, "--primary-region", "eastus"]) == 0
    assert load_profile("fraud").primary.region == "eastus"
    assert main(["snapshot", "take", "-w", "fraud"]) == 3
    assert "Signing in failed" in capsys.readouterr().err
    assert not (home / "state" / "snapshots").exists()
    assert main(["workspace", "onboard", "--name", "other", "--primary", ID]) == 3
    assert not profile_path("other").exists()


def test_profiles_are_listed_with_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(
            [
                "workspace",
                "onboard",
                "--name",
                "fraud",
                "--primary",
                ID,
                "--primary-region",
                "eastus",
            ]
        )
        == 0
    )
    assert main(["workspace", "list"]) == 0
    assert "eastus -> no secondary" in capsys.readouterr().out
    profile_path("bad").write_text("regoin = 1")
    assert main(["workspace", "list"]) == 2
    assert "CANNOT BE USED" in capsys.readouterr().out
    assert main(["workspace", "show", "fraud"]) == 0
    assert 'region = "eastus"' in capsys.readouterr().out
    assert main(["workspace", "onboard", "--name", "fraud", "--primary", ID]) == 2
    assert main(["workspace", "remove", "fraud", "--yes"]) == 0
    assert not profile_path("fraud").exists()


def test_editing_needs_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    main(["workspace", "onboard", "--name", "fraud", "--primary", ID, "--primary-region", "eastus"])
    before = profile_path("fraud").read_bytes()
    assert main(["workspace", "edit", "fraud"]) == 4
    assert profile_path("fraud").read_bytes() == before


def test_a_drills_profile_has_no_real_azure_behind_it(pair: AzureHere) -> None:
    save_profile(pair.profile)
    with pytest.raises(UsageError, match="belongs to a drill"):
        inventory_from_azure(profile=pair.profile.name, resource_id=None)


def test_a_drills_gateway_reaches_its_endpoint(pair: AzureHere) -> None:
    gateway = gateway_for(pair.profile, Mode.DRILL, endpoint=pair.endpoint)
    assert gateway.get(pair.profile.primary.workspace)["name"] == "aml-fraud-e"
    gateway.close()


def test_a_taken_snapshot_is_kept_and_its_path_printed(
    pair: AzureHere, capsys: pytest.CaptureFixture[str]
) -> None:
    assert take_and_keep(pair.profile, pair.gateway()) == 0
    captured = capsys.readouterr()
    assert read_snapshot(Path(captured.out.strip())).profile == pair.profile.name
    assert "requests in" in captured.err


def test_a_taken_snapshot_with_gaps_is_kept_too_and_exits_6(
    pair: AzureHere, capsys: pytest.CaptureFixture[str]
) -> None:
    pair.fault(kind="error", path="*/computes", status=403, code="AuthorizationFailed")
    assert take_and_keep(pair.profile, pair.gateway()) == 6
    captured = capsys.readouterr()
    assert read_snapshot(Path(captured.out.strip())).inventory.unread
    assert captured.err.count("  unread  ") == 2


def test_a_dark_azure_exits_3_and_nothing_is_kept(
    pair: AzureHere, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway = pair.gateway()
    gateway.get(pair.profile.primary.workspace)
    pair.fault(kind="dark")
    with pytest.raises(AzureError, match="did not answer at all") as found:
        take_and_keep(pair.profile, gateway)
    assert found.value.exit_code == 3
    assert capsys.readouterr().out == ""
    assert not (home / "state").exists()


def test_where_nothing_answers_the_last_snapshot_stands_in_and_none_is_kept(
    pair: AzureHere, capsys: pytest.CaptureFixture[str]
) -> None:
    pair.fault(kind="dark")
    with pytest.raises(AzureError, match="did not answer at all"):
        look(pair.profile, gateway_for(pair.profile, Mode.READ_ONLY, endpoint=pair.endpoint))
    pair.clear()
    gateway = gateway_for(pair.profile, Mode.READ_ONLY, endpoint=pair.endpoint)
    save_snapshot(take_snapshot(gateway, pair.profile).snapshot)
    pair.fault(kind="dark")
    gateway = gateway_for(pair.profile, Mode.READ_ONLY, endpoint=pair.endpoint)
    taken = look(pair.profile, gateway)
    assert not taken.reached
    assert taken.snapshot.inventory.last_known().unread == ()
    assert "Azure did not answer at all" in capsys.readouterr().err
    found = assess(taken.snapshot.inventory, pair.profile)
    assert found
    assert not [finding for finding in found if finding.verdict is Verdict.PASS]
    assert worst_exit(exit_code(found), ExitCode.INCOMPLETE) is ExitCode.INCOMPLETE
    with pytest.raises(AzureError, match="Nothing could be read"):
        take_and_keep(pair.profile, gateway)
