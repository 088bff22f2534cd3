"""The program as its users get it: out of a wheel, in an environment of its own."""

from __future__ import annotations

import json
import shutil
import sys
import tomllib
from pathlib import Path

import pytest

from amlrunbook import __version__
from amlrunbook.cli.root import COMMANDS, HOME

PROBE = """
import importlib.resources as resources, json, sys
import amlrunbook, screens
print(json.dumps({
    "amlrunbook": amlrunbook.__file__,
    "screens": screens.__file__,
    "runbooks": sorted(
        path.name for path in (resources.files("amlrunbook") / "runbooks").iterdir()
    ) if (resources.files("amlrunbook") / "runbooks").is_dir() else [],
}))
"""


def installed(root: Path, place: str) -> bool:
    """Tell whether the module of a ``module:attribute`` is in the tree."""
    return (root / (place.partition(":")[0].replace(".", "/") + ".py")).is_file()


def install(environment, run, *arguments):
    pip = [sys.executable, "-m", "pip", "--python", environment.python]
    run(
        [*pip, "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation", *arguments],
        cwd=environment.folder.parent,
        PIP_CONFIG_FILE="/dev/null",
        PIP_DISABLE_PIP_VERSION_CHECK="1",
    )


@pytest.fixture
def empty(tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def from_wheel(new_environment, distributions, tmp_path_factory, run):
    """An environment with the wheel of the sdist; no source of the project is within its reach."""
    environment = new_environment()
    wheel = shutil.copy(distributions.wheel_of_sdist, tmp_path_factory.mktemp("wheel"))
    install(environment, run, wheel)
    Path(wheel).unlink()
    return environment


def test_console_script_runs_from_an_empty_folder(from_wheel, empty, run):
    answer = run([from_wheel.script, "--version"], cwd=empty)
    assert (answer.stdout, answer.stderr) == (f"amlrunbook {__version__}\n", "")
    assert "drill" in run([from_wheel.script, "--help"], cwd=empty).stdout
    assert list(empty.iterdir()) == []


def test_module_runs_from_an_empty_folder(from_wheel, empty, run):
    answer = run([from_wheel.python, "-m", "amlrunbook", "--version"], cwd=empty)
    assert answer.stdout == f"amlrunbook {__version__}\n"


def test_every_command_of_this_version_has_help(from_wheel, root, empty, run):
    missing = [
        name
        for name, entry in COMMANDS.items()
        if entry.exists and not installed(root, entry.place)
    ]
    present = [name for name, entry in COMMANDS.items() if entry.exists and name not in missing]
    for name in present:
        answer = run([from_wheel.script, name, "--help"], cwd=empty)
        assert f"amlrunbook {name}" in answer.stdout
        assert answer.stderr == ""
    if missing:
        pytest.skip(f"not in this tree: {', '.join(missing)}")


def test_home_of_the_app_is_there(from_wheel, root, empty, run):
    if not installed(root, HOME):
        pytest.skip(f"not in this tree: {HOME}")
    module, _, attribute = HOME.partition(":")
    run([from_wheel.python, "-c", f"from {module} import {attribute}"], cwd=empty)


def test_runbooks_and_packages_come_out_of_the_wheel(from_wheel, root, empty, run):
    found = json.loads(run([from_wheel.python, "-c", PROBE], cwd=empty).stdout)
    site = from_wheel.folder.resolve()
    assert site in Path(found["amlrunbook"]).resolve().parents
    assert site in Path(found["screens"]).resolve().parents
    committed = sorted(path.name for path in (root / "runbooks").glob("*"))
    assert found["runbooks"] == committed
    for name in committed:
        tomllib.loads((root / "runbooks" / name).read_text(encoding="utf-8"))


def test_editable_install_runs_from_the_tree(new_environment, root, empty, run):
    environment = new_environment()
    install(environment, run, "--editable", root)
    assert run([environment.script, "--version"], cwd=empty).stdout == f"amlrunbook {__version__}\n"
    where = "import amlrunbook, screens; print(amlrunbook.__file__, screens.__file__, sep='\\n')"
    files = run([environment.python, "-c", where], cwd=empty).stdout.split()
    assert files == [str(root / "amlrunbook/__init__.py"), str(root / "screens/__init__.py")]
