from __future__ import annotations

import resource
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from amlrunbook.errors import AmlRunbookError, DocumentError, UsageError
from amlrunbook.store import paths
from amlrunbook.store.files import private_folder, read_whole, write_whole


def test_one_variable_moves_everything(home: Path) -> None:
    assert paths.config_folder() == home / "config"
    assert paths.state_folder() == home / "state"
    assert paths.runs_folder().is_relative_to(paths.state_folder())
    assert paths.runbooks_folder().is_relative_to(paths.config_folder())


def test_a_home_that_depends_on_the_working_directory_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AMLRUNBOOK_HOME", "here")
    with pytest.raises(UsageError, match="absolute"):
        paths.config_folder()


def test_a_written_file_is_whole_private_and_alone(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file.json"
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [p.name for p in path.parent.iterdir()] == ["file.json"]


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from amlrunbook.errors import AmlRunbookError
from amlrunbook.store.files import write_whole
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_whole(Path(sys.argv[1]), b"x" * 100_000)
except AmlRunbookError as error:
    print(error.what)
"""


def test_a_disk_that_is_full_leaves_the_old_file_whole(tmp_path: Path) -> None:
    assert hasattr(resource, "RLIMIT_FSIZE")
    assert hasattr(signal, "SIGXFSZ")
    path = tmp_path / "file.json"
    write_whole(path, b"old")
    ended = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, check=True,
        cwd=Path(__file__).resolve().parents[3],
    )  # fmt: skip
    assert "cannot be written" in ended.stdout
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["file.json"]


def test_a_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    with pytest.raises(AmlRunbookError):
        private_folder(tmp_path / "x")
    with pytest.raises(AmlRunbookError):
        write_whole(tmp_path / "x" / "y", b"")


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="is not there"):
        read_whole(tmp_path / "gone", "The thing")
    with pytest.raises(DocumentError, match="is not a file"):
        read_whole(tmp_path, "The thing")
