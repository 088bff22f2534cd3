"""``journal verify`` and ``journal show``: data on stdout, talk on stderr, section 7's exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from amlrunbook.cli import main
from amlrunbook.journal import DrillIdentity, JournalWriter, ThrowAwayIdentity, sshsig
from tests.unit.journal.forge import ALICE, Forger, alice, write_journal

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the person's own configuration."""
    monkeypatch.setenv("AMLRUNBOOK_HOME", str(tmp_path_factory.mktemp("home")))


def run(capsys: pytest.CaptureFixture[str], *args: object) -> tuple[int, str, str]:
    code = main(["journal", *map(str, args)])
    out, err = capsys.readouterr()
    return code, out, err


def trust_file(folder: Path) -> Path:
    path = folder / "allowed_signers"
    path.write_text(f"{ALICE} {sshsig.public_line(alice().public_key, 'alice')}\n")
    return path


def test_a_drill_is_valid_and_closed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    identity = DrillIdentity.create(tmp_path)
    with JournalWriter.create(tmp_path, identity=identity, drill=True) as writer:
        writer.close({"outcome": "completed"})
    for path in (tmp_path, tmp_path / "journal.jsonl"):
        code, out, err = run(capsys, "verify", path)
        assert (code, err) == (0, "")
        assert out.splitlines()[0] == "DRILL VALID-CLOSED"
    code, out, _ = run(capsys, "verify", "--format", "json", "--fast", tmp_path)
    found = json.loads(out)
    assert (code, found["verdict"], found["exit_code"], found["entries"]) == (
        0,
        "DRILL VALID-CLOSED",
        0,
        2,
    )
    assert found["drill"] is True
    assert found["first_bad"] is None


def test_every_verdict_that_can_occur_has_its_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trust = trust_file(tmp_path)
    lines = write_journal(tmp_path / "closed", 6)
    (tmp_path / "open").write_bytes(b"".join(lines[:5]))
    (tmp_path / "torn").write_bytes(b"".join(lines[:5]) + lines[5][:50])
    (tmp_path / "broken").write_bytes(b"".join([*lines[:3], *lines[4:]]))
    (tmp_path / "limit").write_bytes(b"".join(lines[:3]) + b"x" * 300_000)
    thrown = ThrowAwayIdentity()
    with JournalWriter.create(tmp_path / "nobody", identity=thrown, drill=False) as writer:
        writer.close({})
    expected = {
        "closed": (0, "VALID-CLOSED"),
        "open": (10, "VALID-OPEN"),
        "torn": (11, "TORN-TAIL"),
        "nobody": (21, "UNATTRIBUTED"),
        "broken": (30, "BROKEN"),
        "limit": (50, "LIMIT"),
        "none": (50, "UNREADABLE"),
        "allowed_signers": (50, "UNREADABLE"),
    }
    for name, (code, label) in expected.items():
        found, out, _ = run(capsys, "verify", tmp_path / name, "--trust", trust)
        assert (found, out.splitlines()[0]) == (code, label), name
    assert run(capsys, "verify", tmp_path / "closed")[0] == 20


def test_what_is_broken_is_said_with_place_and_islands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = write_journal(tmp_path / "run", 6)
    path = tmp_path / "run" / "journal.jsonl"
    path.write_bytes(b"".join([*lines[:3], *lines[4:]]))
    _, out, _ = run(capsys, "verify", path, "--trust", trust_file(tmp_path))
    offset = sum(map(len, lines[:3]))
    assert f"first bad  entry 3 at byte {offset}: number" in out
    assert "expected 3, found 4" in out
    assert "trusted    [0,3) by " in out
    assert "island     [4,6) signed by alice@contoso.example, place unproven" in out


def test_one_sentence_where_nothing_can_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, "verify", tmp_path / "none")
    assert (code, out) == (50, "UNREADABLE\n")
    assert err.count("\n") == 1
    assert "No such file" in err
    assert ".." not in err
    code, out, _ = run(capsys, "verify", tmp_path / "none", "--format", "json")
    assert (code, json.loads(out)["verdict"]) == (50, "UNREADABLE")
    code, out, err = run(capsys, "verify", tmp_path, "--trust", tmp_path / "none")
    assert (code, out) == (2, "")
    assert "trust file" in err
    assert run(capsys, "verify")[0] == 2


def test_entries_are_shown_with_nothing_that_a_terminal_acts_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = "\x1b]0;owned\x07\u202e\u2066\u200b\x9b31m\n"
    forger = Forger().open(lambda cert: cert.__setitem__("principal", evil))
    forger.add("from.later" + evil, {"text": evil, "long": "x" * 500})
    path = forger.save(tmp_path / "j")
    code, out, err = run(capsys, "show", path)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert len(lines) == 2
    assert "session.open" in lines[0]
    assert "from.later" in lines[1]
    assert max(map(len, lines)) < 260
    _, verified, talk = run(capsys, "verify", path)
    for text in (out, verified, talk):
        assert not set("\x1b\x07\u202e\u2066\u200b\x9b") & set(text)


def test_show_stops_at_damage_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = write_journal(tmp_path / "run", 6)
    path = tmp_path / "run" / "journal.jsonl"
    path.write_bytes(b"".join([*lines[:3], *lines[4:]]))
    code, out, err = run(capsys, "show", path)
    assert (code, len(out.splitlines())) == (1, 3)
    assert "Entry 3 of journal.jsonl does not hold" in err


def test_runs_are_listed_with_their_verdicts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from amlrunbook.store.runs import new_run_folder

    monkeypatch.setenv("AMLRUNBOOK_HOME", str(tmp_path))
    assert run(capsys, "list") == (0, "", "")
    made = [new_run_folder("assessment") for _ in range(2)]
    identity = DrillIdentity.create(made[0].path)
    JournalWriter.create(made[0].path, identity=identity, drill=True).close({})
    code, out, _ = run(capsys, "list")
    assert code == 0
    verdicts = {line.split()[0]: line for line in out.splitlines()}
    assert "DRILL VALID-CLOSED" in verdicts[made[0].short_id]
    assert "UNREADABLE" in verdicts[made[1].short_id]


def test_help_imports_no_cryptography() -> None:
    script = (
        "import sys; from amlrunbook.cli import main; code = main(['journal', '--help']);"
        "sys.exit(code or any(name.startswith('cryptography') for name in sys.modules))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=False
    )
    assert answer.returncode == 0
