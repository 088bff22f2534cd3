"""``amlrunbook runbook pack``: files, modes, and which snapshot stands behind them."""

from __future__ import annotations

import stat
from pathlib import Path

import msgspec
import pytest

from amlrunbook.cli import main
from amlrunbook.model.snapshot import Snapshot, snapshot_of
from amlrunbook.store.profiles import save_profile
from amlrunbook.store.snapshots import save_snapshot
from tests.unit.planning.test_resolve import documents, profile


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("AMLRUNBOOK_HOME", str(folder))
    monkeypatch.chdir(tmp_path)
    save_profile(profile())
    return folder


def taken(at: str = "2026-11-20T10:00:00Z", whose: str = "a") -> Snapshot:
    snapshot = snapshot_of(documents(soft_delete=False), taken_at=at)
    return msgspec.structs.replace(snapshot, profile=whose, program="test")


def test_both_files_are_written_for_nobody_elses_eyes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_snapshot(taken())
    assert main(["runbook", "pack", "assessment", "-w", "a", "--output", "out"]) == 0
    out, err = capsys.readouterr()
    paths = [tmp_path / line for line in out.splitlines()]
    assert [path.name for path in paths] == ["assessment-a.md", "assessment-a.sh"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o600}
    assert stat.S_IMODE(paths[0].parent.stat().st_mode) == 0o700
    assert "Taken 2026-11-20T10:00:00Z" in paths[0].read_text(encoding="utf-8")
    assert paths[1].read_text(encoding="utf-8").startswith("#!/bin/sh\n")
    assert err == ""


@pytest.mark.parametrize(("form", "endings"), [("markdown", {".md"}), ("sh", {".sh"})])
def test_one_form_alone(tmp_path: Path, form: str, endings: set[str]) -> None:
    assert main(["runbook", "pack", "assessment", "-w", "a", "--format", form]) == 0
    assert {path.suffix for path in tmp_path.glob("assessment-a.*")} == endings


def test_without_a_snapshot_it_works_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["runbook", "pack", "assessment", "-w", "a"]) == 0
    assert "no snapshot behind this pack" in capsys.readouterr().err
    assert "needs a snapshot" in (tmp_path / "assessment-a.md").read_text(encoding="utf-8")


def test_the_latest_the_named_and_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    older = save_snapshot(taken("2026-11-19T10:00:00Z"))
    save_snapshot(taken("2026-11-21T10:00:00Z"))
    for given, says in (
        ([], "Taken 2026-11-21"),
        (["--snapshot", "latest"], "Taken 2026-11-21"),
        (["--snapshot", str(older)], "Taken 2026-11-19"),
        (["--snapshot", "none"], "Snapshot: None"),
    ):
        assert main(["runbook", "pack", "assessment", "-w", "a", *given]) == 0
        assert says in (tmp_path / "assessment-a.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["assesment", "-w", "a"], "Did you mean 'assessment'?"),
        (["assessment", "-w", "b"], "There is no profile 'b'"),
        (["assessment", "-w", "a", "--snapshot", "latest"], "There is no snapshot of 'a'"),
        (["assessment", "-w", "a", "--snapshot", "gone.json"], "gone.json is not there"),
    ],
)
def test_what_is_not_there_is_named_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    assert main(["runbook", "pack", *words]) == 2
    assert says in capsys.readouterr().err
    assert not list(tmp_path.glob("*.md"))


def test_another_profiles_snapshot_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = save_snapshot(taken(whose="b"))
    assert main(["runbook", "pack", "assessment", "-w", "a", "--snapshot", str(path)]) == 2
    assert "is of the profile 'b'" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.md"))


def test_a_folder_that_cannot_be_one_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("", encoding="utf-8")
    assert main(["runbook", "pack", "assessment", "-w", "a", "--output", "taken"]) != 0
    assert "taken" in capsys.readouterr().err
