"""`python -m amlrunbook` in a folder that has a package named `screens`: ours is run, not that."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

PROBE = """
import atexit

@atexit.register
def tell():
    import screens
    print("screens from", screens.__file__)
"""
"""A sitecustomize that says at exit which `screens` the program would have shown."""


@pytest.fixture
def trap(tmp_path):
    """A working directory with a `screens` package that is not ours."""
    package = tmp_path / "cwd" / "screens"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("print('HIJACKED')\n")
    return package.parent


@pytest.fixture
def probe(tmp_path):
    folder = tmp_path / "probe"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(PROBE)
    return folder


def test_screens_of_the_working_directory_are_not_run(trap, probe, root, run):
    answer = run(
        [sys.executable, "-m", "amlrunbook", "--version"], cwd=trap, PYTHONPATH=f"{probe}:{root}"
    )
    assert answer.stdout.splitlines()[1:] == [f"screens from {root / 'screens' / '__init__.py'}"]


def test_the_trap_catches_a_program_without_the_guard(trap, probe, root, run):
    plain = trap / "amlrunbook_plain.py"
    plain.write_text("import amlrunbook.cli, sys; sys.exit(amlrunbook.cli.main())\n")
    answer = run(
        [sys.executable, "-m", plain.stem, "--version"], cwd=trap, PYTHONPATH=f"{probe}:{root}"
    )
    assert "HIJACKED" in answer.stdout


def test_the_uninstalled_tree_runs_from_its_own_root(root, run):
    where = run([sys.executable, "-m", "amlrunbook", "--version"], cwd=root)
    assert where.stdout.startswith("amlrunbook ")


def test_safe_path_keeps_its_first_entry(trap, probe, root, run):
    """Under -P nothing was put in front, so nothing may be taken away."""
    answer = run(
        [sys.executable, "-P", "-m", "amlrunbook", "--version"],
        cwd=trap,
        PYTHONPATH=f"{root}:{probe}",
    )
    assert (
        Path(answer.stdout.splitlines()[1].removeprefix("screens from ")).parent == root / "screens"
    )
