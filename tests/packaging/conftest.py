"""What the packaging tests share: the tree, its committed files, the built distributions.

Everything here is offline: builds run without isolation in the environment of the tests, and
installs into fresh environments take no dependency (those of the tests' environment are lent).
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SHARED = {"distributions", "verdicts_on_planted"}
"""The fixtures that are dear to make."""

Run = Callable[..., subprocess.CompletedProcess[str]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests that share something built on one worker, so that it is built once."""
    here = Path(__file__).parent
    for item in items:
        shared = SHARED & set(getattr(item, "fixturenames", ()))
        if here in item.path.parents and shared:
            item.add_marker(pytest.mark.xdist_group(min(shared)))


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's root."""
    return ROOT


@pytest.fixture(scope="session")
def run() -> Run:
    """Run a program by its arguments; what it answers, as text. Fails on an unexpected code."""

    def run_program(
        arguments: Sequence[str | Path],
        *,
        cwd: Path,
        code: int | None = 0,
        **environment: str,
    ) -> subprocess.CompletedProcess[str]:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTHON", "COV_", "PYTEST_"))
        }
        answer = subprocess.run(
            [str(argument) for argument in arguments],
            cwd=cwd,
            env=inherited | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert code is None or answer.returncode == code, answer.stdout + answer.stderr
        return answer

    return run_program


@pytest.fixture(scope="session")
def committed(run: Run) -> list[str]:
    """The paths that are, or with the next commit will be, in the repository."""
    if not (ROOT / ".git").exists():
        pytest.skip("only in a git checkout: the file lists come from git")
    listed = run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT
    ).stdout.split("\0")
    return sorted({name for name in listed if name and (ROOT / name).is_file()})


@dataclass(frozen=True)
class Distributions:
    """The built files, and the unpacked source distribution."""

    sdist: Path
    wheel: Path
    wheel_of_sdist: Path


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory, run: Run) -> Distributions:
    """Build from the tree; then, from the unpacked sdist alone, the wheel once more."""
    from_tree = tmp_path_factory.mktemp("from-tree")
    build = [sys.executable, "-m", "build", "--no-isolation"]
    run([*build, "--sdist", "--wheel", "--outdir", from_tree, ROOT], cwd=from_tree)
    (sdist,) = from_tree.glob("*.tar.gz")
    (wheel,) = from_tree.glob("*.whl")

    unpacked = tmp_path_factory.mktemp("unpacked")
    run(["tar", "-xzf", sdist, "-C", unpacked], cwd=unpacked)
    (source,) = unpacked.iterdir()
    from_sdist = tmp_path_factory.mktemp("from-sdist")
    run([*build, "--wheel", "--outdir", from_sdist, source], cwd=from_sdist)
    (wheel_of_sdist,) = from_sdist.glob("*.whl")
    return Distributions(sdist=sdist, wheel=wheel, wheel_of_sdist=wheel_of_sdist)


@dataclass(frozen=True)
class Environment:
    """A virtual environment with nothing of its own but what is installed into it."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def script(self) -> Path:
        return self.folder / "bin" / "amlrunbook"


@pytest.fixture(scope="session")
def new_environment(
    tmp_path_factory: pytest.TempPathFactory, run: Run
) -> Callable[[], Environment]:
    """Make fresh environments that borrow the tests' dependencies by a path file.

    Path files inside a borrowed folder are not read, so an editable install of this project in
    the tests' environment stays out of sight.
    """

    def make() -> Environment:
        fresh = Environment(tmp_path_factory.mktemp("environment") / "venv")
        run([sys.executable, "-m", "venv", "--without-pip", fresh.folder], cwd=fresh.folder.parent)
        (site,) = fresh.folder.glob("lib/python*/site-packages")
        (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
        return fresh

    return make
