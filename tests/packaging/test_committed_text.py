"""What the committed text says: of the project alone, and the same as the code."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from amlrunbook import __version__
from amlrunbook.cli.root import COMMANDS
from amlrunbook.errors import EXIT_PRECEDENCE, ExitCode

REGISTRIES = {
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("anaconda", "org"),
        ("conda", "io"),
        ("pkgs", "dev", "azure"),
    )
}
"""Hosts of package registries, written so that this file does not hold them either."""

TOO_SHORT = {Path(name) for name in ("/", "/home", "/root", "/tmp", "/usr", "/opt", "/srv", "/mnt")}
"""Folders that say nothing of one machine."""


def answer(*arguments: str) -> str:
    """Return what a program says, or nothing where it is not there."""
    try:
        done = subprocess.run(
            arguments, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", check=False
        )
    except OSError:
        return ""
    return done.stdout


def words_of_this_machine(root: Path) -> re.Pattern[str]:
    """Return what no committed line may hold: folders of this machine, hosts of its registries."""
    folders = {root, root.parent, root.parent.parent, Path.home(), Path(sys.prefix)}
    settings = answer(sys.executable, "-m", "pip", "config", "list") + answer(
        "npm", "config", "get", "registry"
    )
    folders |= {Path(place) for place in re.findall(r"file://(/[^\s']+)", settings)}
    hosts = set(re.findall(r"https?://(?:[^/@\s']*@)?([^/:\s']+)", settings)) | REGISTRIES
    hosts -= {"localhost", "127.0.0.1"}
    paths = "|".join(re.escape(f"{folder}/") for folder in sorted(folders - TOO_SHORT))
    names = "|".join(re.escape(host) for host in sorted(hosts))
    return re.compile(rf"(?<![\w.}}>-])(?:{paths})|{names}")


def lines_with(words: re.Pattern[str], name: str, text: str) -> list[str]:
    return [
        f"{name}:{number}: {found[0]}"
        for number, line in enumerate(text.splitlines(), 1)
        if (found := words.search(line))
    ]


def text_of(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")


def test_no_line_names_this_machine_or_a_registry(committed, root):
    words = words_of_this_machine(root)
    found = [line for name in committed for line in lines_with(words, name, text_of(root / name))]
    assert found == []


def test_such_a_line_would_be_found(root):
    registry = min(REGISTRIES)
    text = f"first\nsee {root}/notes\nfrom https://{registry}/simple\n"
    words = words_of_this_machine(root)
    assert {line.split(":")[1] for line in lines_with(words, "notes", text)} == {"2", "3"}


def test_constraints_name_versions_and_nothing_else(root):
    lines = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    entries = [line for line in lines if not line.startswith("#")]
    assert [
        line for line in entries if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9A-Za-z.]+", line)
    ] == []
    assert len(entries) == len(
        {re.sub(r"[-_.]+", "-", line.split("==")[0]).lower() for line in entries}
    )


def test_constraints_name_every_dependency(root):
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    constrained = (root / "constraints.txt").read_text(encoding="utf-8").lower().replace("_", "-")
    names = [re.match(r"[A-Za-z0-9._-]+", entry)[0].lower().replace("_", "-") for entry in wanted]
    assert [name for name in names if f"\n{name}==" not in constrained] == []


LOCK_FILE = re.compile(r"(?:.*[-._]|py)?lock(?:\.(?!py$)\w+)?|constraints\.txt", re.IGNORECASE)
"""Names of lock files: ``uv.lock``, ``package-lock.json``; modules about locks are none."""


def test_lock_files_hold_no_address(committed, root):
    locks = [name for name in committed if LOCK_FILE.fullmatch(Path(name).name)]
    assert "constraints.txt" in locks
    assert [name for name in locks if "://" in text_of(root / name)] == []


def test_lock_files_are_known_by_name():
    names = ("uv.lock", "package-lock.json", "pnpm-lock.yaml", "pylock.toml", "locks.py", "lock.py")
    assert [bool(LOCK_FILE.fullmatch(name)) for name in names] == [True] * 4 + [False] * 2


def test_runbooks_hold_no_code(root):
    assert [path.name for path in (root / "runbooks").rglob("*") if path.suffix == ".py"] == []


def test_version_is_the_same_everywhere(root):
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == __version__
    assert __version__ in (root / "CHANGELOG.md").read_text(encoding="utf-8")


def table(text: str, heading: str) -> list[list[str]]:
    """Return the cells of the first table whose head starts with ``heading``."""
    block = text[text.index(f"| {heading} |") :].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in block]


def test_the_page_of_commands_is_the_table(root):
    rows = table((root / "docs/commands.md").read_text(encoding="utf-8"), "command")
    assert [(row[0].strip("`"), row[2], row[3]) for row in rows] == [
        (name, entry.help, "yes" if entry.exists else "later") for name, entry in COMMANDS.items()
    ]


@pytest.mark.parametrize("page", ["README.md", "docs/commands.md"])
def test_the_pages_name_every_exit_code(root, page):
    text = (root / page).read_text(encoding="utf-8")
    assert [int(row[0]) for row in table(text, "code")] == sorted(ExitCode)
    order = ", ".join(
        str(int(code)) for code in EXIT_PRECEDENCE if code not in {ExitCode.USAGE, ExitCode.FINE}
    )
    assert f"the first of {order}." in text


def test_the_readme_has_the_two_commands_that_ci_runs(root):
    lines = (root / "README.md").read_text(encoding="utf-8").splitlines()
    commands = [line for line in lines if line.startswith("python3 -m venv .venv && ")]
    assert [line.rpartition(" && ")[2] for line in commands] == [
        ".venv/bin/amlrunbook drill lonely-workspace",
        ".venv/bin/pytest",
    ]


def test_links_between_pages_lead_somewhere(committed, root):
    for name in committed:
        if name.endswith(".md"):
            for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", text_of(root / name)):
                assert (root / name).parent.joinpath(target).is_file(), f"{name}: {target}"
