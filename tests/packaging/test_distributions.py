"""What is in the wheel and in the source distribution: exactly this, and nothing else."""

from __future__ import annotations

import re
import sys
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from amlrunbook import __version__

NAME = f"amlrunbook-{__version__}"

IN_WHEEL = {
    "amlrunbook": {".py", ".toml", ".typed"},
    "screens": {".py", ".tcss"},
    "runbooks": {".toml"},
}
"""The folders whose files are installed, and the suffixes they may have."""

IN_SDIST = IN_WHEEL | {
    "tests": {".py", ".toml", ".json", ".jsonl", ".svg", ".txt", ".md"},
    "docs": {".md", ".svg", ".png", ".json"},
    ".ci": {"", ".py"},
}
"""The same for the source distribution, which also carries what is needed to check it."""

SDIST_FILES = {
    ".gitignore",
    ".importlinter",
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "constraints.txt",
    "pyproject.toml",
}
"""The files of the root in the source distribution."""

METADATA = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}


def under(committed: list[str], folders: dict[str, set[str]]) -> set[str]:
    """Return the committed paths that lie in one of ``folders``."""
    return {path for path in committed if PurePosixPath(path).parts[0] in folders}


def strangers(paths: set[str], folders: dict[str, set[str]]) -> set[str]:
    """Return those of ``paths`` whose suffix their folder does not allow."""
    return {
        path
        for path in paths
        if PurePosixPath(path).suffix not in folders[PurePosixPath(path).parts[0]]
    }


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_committed_files_have_the_suffixes_of_their_folder(committed):
    assert strangers(under(committed, IN_SDIST), IN_SDIST) == set()


def test_a_stray_suffix_would_be_seen():
    stray = {"amlrunbook/facts/notes.orig", "runbooks/loader.py"}
    assert strangers(stray | {"runbooks/assessment.toml"}, IN_WHEEL) == stray


def test_wheel_holds_exactly_the_committed_packages_and_runbooks(committed, distributions):
    code = {
        re.sub("^runbooks/", "amlrunbook/runbooks/", path) for path in under(committed, IN_WHEEL)
    }
    metadata = {f"{NAME}.dist-info/{name}" for name in METADATA}
    assert set(contents(distributions.wheel)) == code | metadata


def test_sdist_holds_exactly_the_committed_tree(committed, distributions):
    expected = under(committed, IN_SDIST) | SDIST_FILES | {"PKG-INFO"}
    with tarfile.open(distributions.sdist) as archive:
        names = {member.name.removeprefix(f"{NAME}/") for member in archive if member.isfile()}
    assert names == expected


def test_wheel_of_the_tree_equals_wheel_of_the_sdist(distributions):
    assert contents(distributions.wheel) == contents(distributions.wheel_of_sdist)
    assert distributions.wheel.read_bytes() == distributions.wheel_of_sdist.read_bytes()


@pytest.mark.parametrize("name", ["wheel", "sdist"])
def test_no_code_lies_under_runbooks(distributions, name):
    """Code there would make an editable install impossible, and a runbook more than data."""
    if name == "wheel":
        names = list(contents(distributions.wheel))
    else:
        with tarfile.open(distributions.sdist) as archive:
            names = [member.name for member in archive if member.isfile()]
    assert [path for path in names if re.search(r"(^|/)runbooks/(?!.*\.toml$)", path)] == []


def test_check_wheel_contents_finds_nothing(distributions, root, run):
    tool = Path(sys.executable).with_name("check-wheel-contents")
    answer = run([tool, "--config", root / "pyproject.toml", distributions.wheel], cwd=root)
    assert answer.stdout.strip().endswith(": OK")


def test_version_is_the_same_in_code_and_metadata(distributions):
    metadata = contents(distributions.wheel)[f"{NAME}.dist-info/METADATA"].decode()
    assert f"\nVersion: {__version__}\n" in metadata
