"""The ledger and the folder of an export: torn ends, full disks, other people's files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlrunbook.errors import AmlRunbookError, DocumentError, UsageError
from amlrunbook.operations.export.exporting import kind_of
from amlrunbook.operations.export.items import safe_path
from amlrunbook.store.exports import ExportFolder, Kept, Ledger, local_ledger, read_ledger


def kept(path: str = "w/notebooks/s/a", mark: str = "1") -> Kept:
    return Kept(
        path=path, origin="o", mark=mark, sha256="0" * 64, size=3, at="2026-11-22T10:00:00Z"
    )


def test_what_was_added_is_read_again_and_the_last_line_counts(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    with Ledger(path, "p") as ledger:
        ledger.add(kept(mark="1"))
        ledger.add(kept(mark="2"))
    assert read_ledger(path, "p") == {"w/notebooks/s/a": kept(mark="2")}
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_line_that_was_cut_off_is_no_line_and_is_mended(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "ledger.jsonl"
    with Ledger(path, "p") as ledger:
        ledger.add(kept("w/a"))
        ledger.add(kept("w/b"))
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    assert set(read_ledger(path, "p")) == {"w/a"}
    with Ledger(path, "p") as ledger:
        ledger.add(kept("w/b"))
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    "content", [b"nonsense\n", b'{"format":1}\n', b'{"format":1,"profile":"p"}\n[]\n', b"\xff\n"]
)
def test_what_is_no_ledger_is_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(content)
    with pytest.raises(DocumentError, match="no ledger"):
        read_ledger(path, "p")


def test_another_profiles_ledger_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    Ledger(path, "other").close()
    with pytest.raises(DocumentError, match="'other'"):
        Ledger(path, "p")


def test_two_exports_do_not_write_one_ledger(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    with Ledger(path, "p"), pytest.raises(AmlRunbookError, match="Another export"):
        Ledger(path, "p")
    Ledger(path, "p").close()


FULL = """
import resource, signal, sys
from pathlib import Path
from amlrunbook.errors import AmlRunbookError
from amlrunbook.store.exports import ExportFolder, Kept, Ledger
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
folder = ExportFolder(Path(sys.argv[1]))
with Ledger(folder.ledger, "p") as ledger:
    folder.place(folder.stage([b"abc"]), "w/a")
    ledger.add(Kept(path="w/a", origin="o", mark="1", sha256="x", size=3, at="t"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (folder.ledger.stat().st_size + 4, -1))
    for act in (
        lambda: folder.stage([b"x" * 1_000_000]),
        lambda: ledger.add(Kept(path="w/b", origin="o", mark="1", sha256="x", size=3, at="t")),
    ):
        try:
            act()
        except AmlRunbookError as error:
            print(error.what)
"""


def test_a_full_disk_leaves_what_was_saved_whole(tmp_path: Path) -> None:
    root = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(root)], capture_output=True, text=True, check=True
    )
    assert done.stdout.count("cannot be written") == 2
    assert set(read_ledger(root / "amlrunbook-export.jsonl", "p")) == {"w/a"}
    assert (root / "w/a").read_bytes() == b"abc"
    left = [p for p in root.rglob("*") if p.is_file() and p.name != "amlrunbook-export.jsonl"]
    assert left == [root / "w/a"]


def test_a_folder_of_others_is_refused_and_leftovers_are_swept(tmp_path: Path) -> None:
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "x").write_text("x")
    with pytest.raises(UsageError, match="holds other files"):
        ExportFolder(tmp_path / "others")
    folder = ExportFolder(tmp_path / "ours")
    Ledger(folder.ledger, "p").close()
    staged = folder.stage([b"half"])
    assert Path(staged.file).exists()
    ExportFolder(tmp_path / "ours")
    assert not Path(staged.file).exists()


def test_ledgers_of_containers_lie_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMLRUNBOOK_HOME", str(tmp_path))
    places = {local_ledger("p", "https://a"), local_ledger("p", "https://b")}
    assert len(places) == 2
    assert all(tmp_path in place.parents for place in places)


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_no_name_leaves_the_folder(parts: list[str]) -> None:
    path = safe_path(*parts)
    names = path.split("/")
    assert len(names) == len(parts)
    for name in names:
        assert name
        assert name not in {".", ".."}
        assert len(name.encode()) <= 200
        assert name.isascii()
        assert name.isprintable()
        assert not set(name) & set('/\\:*?"<>|')


@given(st.lists(st.text(max_size=300), min_size=2, max_size=2, unique=True))
def test_different_names_have_different_paths(names: list[str]) -> None:
    first, second = (name.encode("utf-8", "replace") for name in names)
    if first != second:
        assert safe_path(names[0]) != safe_path(names[1])


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("w/notebooks/share/a.ipynb", "notebooks"),
        ("w/specifications/jobs/a.json", "jobs"),
        ("w/specifications/models/m/1.yml", "assets"),
        ("w/specifications/onlineEndpoints/e/blue.yml", "endpoints"),
        ("w/specifications/datastores/d.json", "settings"),
        ("w/specifications/workspace/w.json", "settings"),
        ("w/artifacts/azureml/x", "artifacts"),
        ("w/images.json", "images"),
    ],
)
def test_each_path_is_of_a_kind(path: str, kind: str) -> None:
    assert kind_of(path) == kind
