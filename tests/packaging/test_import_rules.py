"""Who imports whom: the contracts of .importlinter, and what really gets loaded.

Both are needed: the static graph sees imports inside functions that no test runs, and cannot see
what a library drags in or what is imported by name.
"""

from __future__ import annotations

import configparser
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

HEADLESS = sorted(
    path.parent.name for path in (ROOT / "amlrunbook").glob("*/__init__.py") if path.is_file()
)
"""The packages under amlrunbook/, cli among them."""

OPENS_THE_APP = "amlrunbook.cli.app"

SHOWS = {"textual", "rich", "screens"}
AZURE_SIDE = {
    "azure",
    "msrest",
    "amlrunbook.azure",
    "amlrunbook.operations",
    "amlrunbook.assessment",
    "amlrunbook.simulator",
}

PLANTED = {
    "layers": ("amlrunbook/state/planted.py", "import amlrunbook.executor"),
    "azure-side": ("amlrunbook/azure/planted.py", "import amlrunbook.operations"),
    "screens-reach-no-azure": ("screens/planted.py", "def f():\n    import azure.identity"),
    "run-side-reaches-no-azure": (
        "amlrunbook/executor/planted.py",
        "def f():\n    from amlrunbook import operations",
    ),
    "azure-side-knows-no-run": ("amlrunbook/assessment/planted.py", "import amlrunbook.journal"),
    "operations-know-no-run": ("amlrunbook/operations/planted.py", "import amlrunbook.planning"),
    "operations-know-the-seam": (
        "amlrunbook/operations/planted_too.py",
        "def f():\n    import amlrunbook.azure.sdk_gateway",
    ),
    "pure-ground": ("amlrunbook/facts/planted.py", "import amlrunbook.simulator"),
    "simulator-alone": ("amlrunbook/simulator/planted.py", "import amlrunbook.facts"),
    "pure-rules": ("amlrunbook/assessment/planted_too.py", "import azure.core"),
    "headless": ("amlrunbook/report/planted.py", "def f():\n    import rich.table"),
}
"""For each contract of .importlinter: a module that breaks it, and its text."""


def modules(package: str) -> list[str]:
    """Return the names of all modules under ``package``, but what opens the app or is a script."""
    found = []
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if name != OPENS_THE_APP and parts[-1] != "__main__":
            found.append(name)
    return found


def loaded_by(code: str, *flags: str) -> set[str]:
    """Return the names of the modules that a fresh interpreter holds after ``code``."""
    tail = "import json, sys; print('\\n' + json.dumps(sorted(sys.modules)))"
    answer = subprocess.run(
        [sys.executable, *flags, "-c", f"{code}\n{tail}"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return set(json.loads(answer.stdout.splitlines()[-1]))


def importing(names: list[str]) -> str:
    return "\n".join(f"import {name}" for name in names)


def within(loaded: set[str], packages: set[str]) -> list[str]:
    """Return those of ``loaded`` that are one of ``packages`` or lie in it."""
    return sorted(
        name
        for name in loaded
        if any(name == package or name.startswith(f"{package}.") for package in packages)
    )


def lint_imports(folder: Path, run, code: int) -> str:
    tool = Path(sys.executable).with_name("lint-imports")
    answer = run([tool, "--no-cache"], cwd=folder, code=code, COLUMNS="400", PYTHONPATH=str(folder))
    return answer.stdout


def contracts() -> dict[str, str]:
    """Return the name of each contract by its id."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / ".importlinter", encoding="utf-8")
    prefix = "importlinter:contract:"
    return {
        section.removeprefix(prefix): parser[section]["name"]
        for section in parser.sections()
        if section.startswith(prefix)
    }


def test_contracts_are_kept(run):
    assert f"Contracts: {len(contracts())} kept, 0 broken." in lint_imports(ROOT, run, 0)


@pytest.fixture(scope="module")
def verdicts_on_planted(tmp_path_factory, run) -> dict[str, str]:
    """The verdict on each contract, in a copy of the tree where each has one violation."""
    copy = tmp_path_factory.mktemp("planted")
    ignore = shutil.ignore_patterns("__pycache__")
    for package in ("amlrunbook", "screens"):
        shutil.copytree(ROOT / package, copy / package, ignore=ignore)
    shutil.copy(ROOT / ".importlinter", copy)
    for path, text in PLANTED.values():
        (copy / path).write_text(f"{text}\n", encoding="utf-8")
    lines = lint_imports(copy, run, 1).splitlines()
    return {
        identity: next(line.removeprefix(name).strip() for line in lines if line.startswith(name))
        for identity, name in contracts().items()
    }


def test_every_contract_has_a_planted_violation():
    assert set(PLANTED) == set(contracts())


@pytest.mark.parametrize("contract", PLANTED)
def test_planted_violation_is_reported(verdicts_on_planted, contract):
    assert verdicts_on_planted[contract].startswith("BROKEN")


@pytest.mark.parametrize("package", HEADLESS)
def test_headless_package_loads_nothing_that_shows(package):
    loaded = loaded_by(importing(modules(f"amlrunbook/{package}")))
    assert within(loaded, SHOWS) == []


def test_screens_load_no_azure():
    loaded = loaded_by(importing(modules("screens")))
    assert within(loaded, AZURE_SIDE) == []


@pytest.mark.parametrize("package", ["executor", "report", "state", "planning", "journal", "store"])
def test_run_side_loads_no_azure(package):
    loaded = loaded_by(importing(modules(f"amlrunbook/{package}")))
    assert within(loaded, AZURE_SIDE) == []


def test_who_only_names_the_gateway_loads_nothing_behind_it():
    loaded = loaded_by("import amlrunbook.azure.gateway")
    own = {"amlrunbook", "amlrunbook.azure", "amlrunbook.azure.gateway"}
    assert set(within(loaded, {"amlrunbook", "azure", "requests"})) == own


def test_simulator_stands_on_model_and_errors_alone():
    loaded = loaded_by(importing(modules("amlrunbook/simulator")))
    own = {name.split(".")[1] for name in within(loaded, {"amlrunbook"}) if "." in name}
    assert own <= {"simulator", "model", "errors"}
    assert within(loaded, {"azure"}) == []


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_start_up_pays_for_no_library_it_does_not_need(argument):
    loaded = loaded_by(f"from amlrunbook.cli import main\nmain([{argument!r}])")
    heavy = SHOWS | AZURE_SIDE | {"msgspec", "cryptography", "starlette", "uvicorn", "trustme"}
    assert within(loaded, heavy) == []
    assert within(loaded, {"amlrunbook.cli.root"}) == ["amlrunbook.cli.root"]


def test_every_module_is_imported_without_a_warning():
    loaded_by(importing(modules("amlrunbook") + modules("screens")), "-W", "error")


def test_what_is_loaded_is_seen():
    assert within(loaded_by("import rich.table"), SHOWS) != []
