from __future__ import annotations

import stat
from datetime import UTC, datetime

import pytest

from amlrunbook.errors import UsageError
from amlrunbook.store.paths import runs_folder
from amlrunbook.store.runs import find_run_folder, list_run_folders, new_run_folder


def test_a_run_has_a_private_folder_of_its_own() -> None:
    now = datetime(2026, 11, 22, 10, 11, 12, tzinfo=UTC)
    first, second = new_run_folder("assessment", now=now), new_run_folder("assessment", now=now)
    assert first.path != second.path
    assert first.path.name == f"20261122T101112Z-assessment-{first.short_id}"
    assert stat.S_IMODE(first.path.stat().st_mode) == 0o700
    assert stat.S_IMODE(runs_folder().stat().st_mode) == 0o700


def test_runs_are_listed_oldest_first_and_found() -> None:
    assert list_run_folders() == ()
    late = new_run_folder("switchover", now=datetime(2026, 11, 22, tzinfo=UTC))
    early = new_run_folder("blob-check", now=datetime(2026, 11, 21, tzinfo=UTC))
    (runs_folder() / "something-else").mkdir()
    assert list_run_folders() == (early, late)
    assert find_run_folder(late.short_id) == late
    assert find_run_folder(early.path.name).runbook == "blob-check"
    with pytest.raises(UsageError, match="no run"):
        find_run_folder("zzz")


@pytest.mark.parametrize("runbook", ["", "..", "a/b", "A", "a b"])
def test_a_runbooks_id_is_no_path(runbook: str) -> None:
    with pytest.raises(UsageError):
        new_run_folder(runbook)
