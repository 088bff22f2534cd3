"""The door to the screens: where it opens, what it starts, what it gathers, what it waits for."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from amlrunbook.cli.app import _Pause, command_of, gather_home, open_home, open_run, why_not
from amlrunbook.cli.journals import ReadRun, standing_of
from amlrunbook.errors import AmlRunbookError, RefusedError, UsageError
from amlrunbook.executor.commands import Pause, RunStep
from amlrunbook.executor.ledger import JournalLedger
from amlrunbook.executor.opening import Who, open_new
from amlrunbook.journal import JOURNAL_FILE, DrillIdentity
from amlrunbook.model.mode import Mode
from amlrunbook.model.snapshot import SNAPSHOT_FORMAT, Snapshot
from amlrunbook.state.fold import RunState
from amlrunbook.store.profiles import save_profile
from amlrunbook.store.runs import new_run_folder
from screens.results import Assess, OpenJournal, Resume, RunLeft, StartDrill, StartRun
from tests.ui.worlds import plan, profile


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stdin", "stdout", "environ", "expected"),
    [
        (Terminal(), Terminal(), {"TERM": "xterm"}, ""),
        (None, Terminal(), {"TERM": "xterm"}, "no terminal"),
        (io.StringIO(), Terminal(), {"TERM": "xterm"}, "no terminal"),
        (Terminal(), io.StringIO(), {"TERM": "xterm"}, "no terminal"),
        (Terminal(), Terminal(), {"TERM": "dumb"}, "TERM is dumb"),
        (Terminal(), Terminal(), {}, "TERM is dumb or not set"),
    ],
)
def test_a_screen_wants_a_terminal(stdin, stdout, environ: dict[str, str], expected: str) -> None:
    reason = why_not(stdin, stdout, environ)
    assert expected in reason
    assert bool(reason) is bool(expected)


def test_without_a_terminal_the_caller_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(UsageError, match="No screen can be shown: there is no terminal"):
        open_home()
    with pytest.raises(UsageError, match="there is no terminal"):
        open_run(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (StartDrill("healthy-pair"), ["drill", "healthy-pair"]),
        (Resume("/runs/a"), ["run", "--resume", "/runs/a"]),
        (Assess("fraud"), ["run", "assessment", "-w", "fraud"]),
        (StartRun("assessment", "fraud"), ["run", "assessment", "-w", "fraud"]),
    ],
)
def test_a_choice_becomes_a_command_that_the_command_line_knows(result, words: list[str]) -> None:
    from amlrunbook.cli.root import COMMANDS, load

    assert command_of(result) == words
    command = load(COMMANDS[words[0]].place)
    command.make_context(words[0], words[1:])  # type: ignore[attr-defined]


@pytest.mark.parametrize("result", [OpenJournal("/x"), RunLeft()])
def test_what_starts_nothing_is_no_command(result) -> None:
    with pytest.raises(UsageError):
        command_of(result)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AMLRUNBOOK_HOME", str(tmp_path))
    return tmp_path


def drill(*, closed: bool) -> Path:
    """A drill's folder with a real journal in it."""
    from amlrunbook.executor.commands import Close

    folder = new_run_folder(
        "assessment", now=datetime(2026, 11, 22, 10, int(closed), tzinfo=UTC)
    ).path
    snapshot = Snapshot(
        format=SNAPSHOT_FORMAT,
        profile="fraud-prod",
        taken_at="2026-11-22T09:51:00Z",
        program="amlrunbook 0.1.0",
        documents=(),
    )
    ledger = JournalLedger.create(folder, DrillIdentity.create(folder), drill=True)
    who = Who(run="r1", operator="olga", mode=Mode.DRILL, scenario="lonely-workspace")
    executor = open_new(ledger, plan(), snapshot, {}, who=who)
    if closed:
        executor.perform(Close())
    executor.stage.record.release()
    return folder


def test_home_tells_what_lies_on_the_disk(house: Path) -> None:
    save_profile(profile())
    (house / "config" / "profiles" / "broken.toml").write_text("format = 'x'")
    left, closed = drill(closed=False), drill(closed=True)
    nothing = new_run_folder("assessment", now=datetime(2026, 11, 22, 10, 5, tzinfo=UTC)).path
    data = gather_home("told before")
    assert [row.name for row in data.profiles] == ["fraud-prod"]
    assert data.profiles[0].posture is None
    assert [row.path for row in data.open_runs] == [str(left)]
    assert data.open_runs[0].total == len(plan().steps)
    assert [row.path for row in data.journals] == [str(closed)]
    assert "lonely-workspace" in [row.id for row in data.scenarios]
    assert "assessment" in [row.id for row in data.runbooks]
    assert data.problems[0] == "told before"
    assert any(problem.startswith("profile broken: ") for problem in data.problems)
    assert any(nothing.name in problem for problem in data.problems)


def test_an_empty_house_is_told_too(house: Path) -> None:
    data = gather_home()
    assert (data.profiles, data.open_runs, data.journals, data.problems) == ((), (), (), ())
    assert data.scenarios


def test_a_journal_that_is_read_shows_its_run_and_takes_nothing(house: Path) -> None:
    run = ReadRun(drill(closed=True))
    assert run.state.closed is not None
    assert run.mode is Mode.DRILL
    assert [step.id for step in run.plan.steps] == [step.id for step in plan().steps]
    assert run.evidence(run.state.plan_digest) == run.plan.to_json()
    assert not run.busy
    assert run.focus == ""
    before = Path(run.journal_path).read_bytes()
    refused: list[str] = []

    class Listener(_Pause):
        def refused(self, command, error) -> None:
            refused.append(error.what)

    unwatch = run.watch(Listener())
    run.submit(RunStep(step="redundancy"))
    unwatch()
    run.submit(RunStep(step="redundancy"))
    assert refused == ["This journal is only read."]
    assert Path(run.journal_path).read_bytes() == before


def test_a_journal_too_large_for_a_list_is_not_read(
    house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = drill(closed=True)
    assert standing_of(folder) is not None
    with (folder / JOURNAL_FILE).open("ab") as file:
        file.truncate(9 << 20)
    assert standing_of(folder) is None
    with pytest.raises(AmlRunbookError):
        standing_of(house)


def test_leaving_waits_for_the_pause_or_its_refusal() -> None:
    for say in (
        lambda pause: pause.recorded((), RunState(paused=True)),
        lambda pause: pause.refused(Pause(), RefusedError("paused already")),
        lambda pause: pause.died(OSError()),
    ):
        pause = _Pause()
        pause.recorded((), RunState())
        pause.refused(RunStep(step="x"), RefusedError("no"))
        pause.idle(RunState())
        assert not pause.done.is_set()
        say(pause)
        assert pause.done.is_set()
