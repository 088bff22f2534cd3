"""Where a journal should not lie is said, and never forbidden."""

from __future__ import annotations

from pathlib import Path

import pytest

from amlrunbook.journal import JournalWriter
from amlrunbook.journal.placement import placement_warnings
from tests.unit.journal.forge import alice, stopped_host


def test_a_private_local_folder_needs_no_warning(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    assert placement_warnings(folder) == ()


@pytest.mark.parametrize(
    ("name", "mode", "says"),
    [("OneDrive - Contoso", 0o700, "sync client"), ("run", 0o755, "open to others")],
)
def test_synced_and_open_folders_are_warned_of_by_the_writer(
    tmp_path: Path, name: str, mode: int, says: str
) -> None:
    folder = tmp_path / name
    folder.mkdir()
    folder.chmod(mode)
    with JournalWriter.create(folder, identity=alice(), drill=False, host=stopped_host()) as writer:
        (warning,) = writer.warnings
    assert says in warning
