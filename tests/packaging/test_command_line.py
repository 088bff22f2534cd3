"""The root of the command line: its table, and what becomes of everything a command raises."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from amlrunbook import __version__
from amlrunbook.cli import main
from amlrunbook.cli.root import COMMANDS, CommandEntry
from amlrunbook.errors import AmlRunbookError, ExitCode, InDoubtError, RefusedError

CONTRACT = [
    "drill",
    "run",
    "assess",
    "verify",
    "snapshot",
    "export",
    "workspace",
    "fleet",
    "journal",
    "report",
    "approve",
    "key",
    "trust",
    "runbook",
    "scenario",
    "simulator",
    "doctor",
    "completion",
]
"""The names that no later version takes back."""


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Add a command whose body is the given text, and return its name."""

    def add(body: str) -> str:
        text = "import click\nfrom amlrunbook.errors import *\n\n@click.command()\ndef planted():\n"
        (tmp_path / "planted_command.py").write_text(f"{text}    {body}\n", encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "planted_command", raising=False)
        monkeypatch.setitem(
            COMMANDS, "planted", CommandEntry("planted_command:planted", "For a test.")
        )
        return "planted"

    return add


@pytest.fixture
def state(tmp_path, monkeypatch):
    """A state folder of the test's own."""
    monkeypatch.delenv("AMLRUNBOOK_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


def test_the_names_are_the_contract():
    assert list(COMMANDS) == CONTRACT


def test_version_goes_to_stdout(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr() == (f"amlrunbook {__version__}\n", "")


def test_help_shows_what_exists_and_nothing_else(capsys):
    assert main(["--help"]) == 0
    out, err = capsys.readouterr()
    shown = re.findall(r"^  ([a-z]+)  +\S", out.partition("Commands:")[2], re.MULTILINE)
    assert shown == [name for name, entry in COMMANDS.items() if entry.exists]
    assert err == ""


def test_help_lines_fit_a_small_terminal():
    assert [entry.help for entry in COMMANDS.values() if len(entry.help) > 66] == []
    assert [entry.help for entry in COMMANDS.values() if not entry.help.endswith(".")] == []


@pytest.mark.parametrize("name", [name for name, entry in COMMANDS.items() if not entry.exists])
@pytest.mark.parametrize("rest", [[], ["--help"]])
def test_a_name_of_a_later_version_is_refused_in_one_sentence(capsys, name, rest):
    assert main([name, *rest]) == ExitCode.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        f"amlrunbook {__version__} does not have the command '{name}' yet: "
        "its name is kept for a later version.\n"
    )


def test_an_unknown_name_gets_the_nearest(capsys):
    assert main(["jurnal", "verify"]) == ExitCode.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("There is no command 'jurnal'. Did you mean 'journal'?\n")


def test_an_unknown_option_is_a_usage_error(capsys):
    assert main(["--nonsense"]) == ExitCode.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert "--nonsense" in err
    assert "amlrunbook --help" in err


@pytest.mark.parametrize("hostile", ["\x1b[2J\x1b]0;owned\x07", "\u202egnp.exe", "a\rb", "\udcff"])
def test_a_hostile_name_reaches_the_terminal_as_text(capsys, hostile):
    assert main([hostile]) == ExitCode.USAGE
    err = capsys.readouterr().err
    assert err.isprintable() or all(char.isprintable() or char == "\n" for char in err)
    assert "There is no command" in err


def test_a_secret_in_an_error_is_masked(capsys, command):
    name = command("raise AzureError('GET https://x.invalid/c?sv=1&sig=c2VjcmV0LXNpZw%3D%3D&se=2')")
    assert main([name]) == ExitCode.UNREACHABLE
    err = capsys.readouterr().err
    assert "c2VjcmV0" not in err
    assert "x.invalid" in err


def leaves(kind: type[AmlRunbookError]) -> list[type[AmlRunbookError]]:
    return [kind, *(leaf for child in kind.__subclasses__() for leaf in leaves(child))]


PLAIN_ERRORS = [
    kind
    for kind in leaves(AmlRunbookError)
    if kind.__init__ is AmlRunbookError.__init__ and kind.__module__ == "amlrunbook.errors"
]


@pytest.mark.parametrize("kind", PLAIN_ERRORS, ids=lambda kind: kind.__name__)
def test_an_error_of_ours_becomes_its_words_and_its_code(capsys, command, kind):
    name = command(f"raise {kind.__name__}('What.', state='State.', next_step='Next.')")
    assert main([name]) == kind.exit_code
    assert capsys.readouterr() == ("", "What.\nState.\nNext.\n")


def test_the_codes_that_matter_most_differ():
    assert {RefusedError.exit_code, InDoubtError.exit_code} == {4, 5}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("return None", 0),
        ("return ExitCode.INCOMPLETE", 6),
        ("return 12", 12),
        ("click.get_current_context().exit(4)", 4),
    ],
)
def test_what_a_command_returns_is_the_exit_code(capsys, command, body, code):
    assert main([command(body)]) == code
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("body", ["raise KeyboardInterrupt", "raise click.Abort", "raise EOFError"])
def test_an_interruption_is_130(capsys, command, body):
    assert main([command(body)]) == ExitCode.INTERRUPTED
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Interrupted")


def test_a_defect_leaves_one_sentence_and_a_private_file(capsys, command, state):
    name = command("raise ZeroDivisionError('AccountKey=c2VjcmV0a2V5; oh')")
    assert main([name]) == ExitCode.FAILED
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert "Traceback" not in err
    (crash,) = state.rglob("crash-*.txt")
    assert str(crash) in err
    text = crash.read_text(encoding="utf-8")
    assert "ZeroDivisionError" in text
    assert "planted_command.py" in text
    assert "c2VjcmV0a2V5" not in text
    assert stat.S_IMODE(crash.stat().st_mode) == 0o600


def test_a_defect_is_said_even_where_no_file_can_be_written(capsys, command, state, monkeypatch):
    blocked = state / "blocked"
    blocked.write_text("a file where a folder is needed")
    monkeypatch.setenv("HOME", str(blocked))
    monkeypatch.setenv("XDG_STATE_HOME", str(blocked))
    assert main([command("raise ValueError('no')")]) == ExitCode.FAILED
    err = capsys.readouterr().err
    assert "could not be written" in err
    assert len(err.splitlines()) == 1


def test_a_return_value_that_is_no_code_is_a_defect(capsys, command, state):
    assert main([command("return 'fine'")]) == ExitCode.FAILED
    assert "TypeError" in capsys.readouterr().err


def run_program(root, arguments, stdout, **environment):
    return subprocess.run(
        [sys.executable, "-m", "amlrunbook", *arguments],
        cwd=root,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=False,
    )


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_left_is_no_defect_and_no_verdict(root, state, unbuffered):
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ended = run_program(root, ["--help"], writing, PYTHONUNBUFFERED=unbuffered)
    finally:
        os.close(writing)
    assert (ended.returncode, ended.stderr) == (141, b"")
    assert list(state.rglob("crash-*")) == []


def test_an_error_keeps_its_code_where_the_reader_left(root, state, tmp_path):
    (tmp_path / "late.py").write_text(
        "import sys\nfrom amlrunbook.cli import boundary, root\nimport click\n\n"
        "@click.command()\ndef late():\n    print('half of it')\n"
        "    raise boundary.AmlRunbookError('Then it failed.')\n\n"
        "root.COMMANDS['late'] = root.CommandEntry('__main__:late', 'Late.')\n"
        "sys.exit(boundary.main(['late']))\n",
        encoding="utf-8",
    )
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ended = subprocess.run(
            [sys.executable, tmp_path / "late.py"],
            env=os.environ | {"PYTHONPATH": str(root), "PYTHONUNBUFFERED": ""},
            stdout=writing,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(writing)
    assert (ended.returncode, ended.stderr) == (1, b"Then it failed.\n")


def test_a_full_disk_under_stdout_is_said(root, state):
    device = Path("/dev/full")
    if not device.exists():
        pytest.skip("only where the system has a device that is always full")
    with device.open("w") as full:
        ended = run_program(root, ["--help"], full)
    assert ended.returncode == 1
    assert b"OSError" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_a_pipe_that_breaks_elsewhere_is_a_defect(capsys, command, state):
    assert main([command("raise BrokenPipeError(32, 'a socket')")]) == ExitCode.FAILED
    assert "BrokenPipeError" in capsys.readouterr().err


def test_an_encoding_that_lacks_a_character_is_no_defect(root, state):
    name = "naïve-Übung-\N{SNOWMAN}"
    ended = run_program(root, [name], subprocess.PIPE, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert ended.returncode == 2
    assert rb"na\xefve" in ended.stderr
    assert rb"\u2603" in ended.stderr


def test_a_command_of_several_without_a_name_shows_its_help(capsys, tmp_path, monkeypatch):
    (tmp_path / "planted_group.py").write_text(
        "import click\n\n@click.group()\ndef planted():\n    'Plant.'\n\n"
        "@planted.command()\ndef tree():\n    'A tree.'\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "planted_group", raising=False)
    monkeypatch.setitem(COMMANDS, "planted", CommandEntry("planted_group:planted", "For a test."))
    assert main(["planted"]) == ExitCode.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert "A tree." in err
