"""The door between the command line and the screens: the only module here that knows them.

A screen starts nothing. The app ends with a result, and this module carries it out: a drill or a run begins
in a fresh process, because one process talks to one cloud.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

from amlrunbook.errors import AmlRunbookError, ExitCode, UsageError

if TYPE_CHECKING:
    from amlrunbook.errors import AmlRunbookError as Refusal
    from amlrunbook.executor.adopting import Successor
    from amlrunbook.executor.commands import AnyCommand
    from amlrunbook.executor.watching import LiveRun
    from amlrunbook.model.finding import Verdict
    from amlrunbook.state.events import Recorded, RunClosed, RunOpened
    from amlrunbook.state.fold import RunState
    from amlrunbook.store.runs import RunFolder
    from screens.home_data import HomeData
    from screens.home_items import JournalRow, OpenRun, ProfileRow, RunbookRow, ScenarioRow
    from screens.results import AppResult

MOST_RUNS = 12
"""How many of the latest runs the home screen reads."""
PAUSE_SECONDS = 5.0
"""How long leaving waits for a pause to become durable; then it leaves, and resuming finds what was going on."""


def why_not(stdin: TextIO | None, stdout: TextIO | None, environ: Mapping[str, str]) -> str:
    """Return why no screen can be shown here; empty where one can."""
    if stdin is None or stdout is None or not stdin.isatty() or not stdout.isatty():
        return "there is no terminal"
    if environ.get("TERM", "") in {"", "dumb"} and os.name == "posix":
        return "the terminal cannot place text (TERM is dumb or not set)"
    return ""


def open_run(run: LiveRun, successor: Successor | None = None) -> int:
    """Show a run on screens until the operator leaves; return the run's exit code.

    A ``successor`` of the run's plan is asked about first.
    A run that is left open is paused: this waits a moment for that to be in the journal.

    Raises:
        UsageError: no screen can be shown here.
    """
    from amlrunbook.cli import talk
    from amlrunbook.executor.closing import exit_code
    from amlrunbook.model.display import shown
    from screens.results import RunLeft

    _check_terminal("Say --plain for linear text.")
    pause = _Pause()
    unwatch = run.watch(pause)
    result = _shown(run=run, successor=successor)
    handed = run.state.handed_over
    if isinstance(result, RunLeft) and handed is None and not pause.done.wait(PAUSE_SECONDS):
        talk.say("The run was left while something was going on; resuming finds out how it ended.")
    unwatch()
    if run.state.closed is not None:
        talk.say(f"The run is closed: {run.state.closed.text}.\nJournal: {run.journal_path}")
    elif handed is not None:
        talk.say(
            f"HANDED OVER: the run is {shown(handed.principal)}'s. They go on with: "
            f"amlrunbook run --resume {run.journal_path} --accept-handover"
        )
    else:
        talk.say(f"The run is left open. Go on with: amlrunbook run --resume {run.journal_path}")
    return exit_code(run.plan, run.state)


def open_home() -> int:
    """Show the home screen, and carry out what is chosen there; return the exit code of that.

    Raises:
        UsageError: no screen can be shown here.
    """
    _check_terminal("amlrunbook --help names the commands; most of them need no screen.")
    problem = ""
    while True:
        result = _shown(home=lambda said=problem: gather_home(said))
        from screens.results import OpenJournal  # only now: the first frame does not wait for it

        if not isinstance(result, OpenJournal):
            break
        problem = _journal_shown(result.path)
    if result is None:
        return ExitCode.FINE
    return _begin(command_of(result))


def command_of(result: AppResult) -> list[str]:
    """Return the command line's words for what was chosen on the home screen.

    Raises:
        UsageError: nothing is to be started for it.
    """
    from screens.results import Assess, Resume, StartDrill, StartRun

    match result:
        case StartDrill(scenario=scenario):
            return ["drill", scenario]
        case Resume(path=path):
            return ["run", "--resume", path]
        case Assess(profile=profile):
            return ["run", "assessment", "-w", profile]
        case StartRun(runbook=runbook, profile=profile):
            return ["run", runbook, "-w", profile]
        case _:
            raise UsageError("Nothing is to be started.")


def _begin(words: list[str]) -> int:
    """Go on as a fresh process that runs ``words``; where a process cannot be replaced, wait for another."""
    call = [sys.executable, "-P", "-m", "amlrunbook", *words]
    if os.name == "posix":
        os.execv(sys.executable, call)  # noqa: S606 - a list, never a shell
    import subprocess

    return subprocess.call(call)


def _check_terminal(next_step: str) -> None:
    reason = why_not(sys.stdin, sys.stdout, os.environ)
    if reason:
        raise UsageError(f"No screen can be shown: {reason}.", next_step=next_step)


def _shown(**what: Any) -> AppResult | None:
    from screens.app import AmlApp
    from screens.look import look_of

    return AmlApp(look=look_of(os.environ, platform=os.name), **what).run(mouse=False)


def _journal_shown(path: str) -> str:
    """Show a journal on screens; return why it cannot be, or nothing."""
    from pathlib import Path

    from amlrunbook.cli.journals import ReadRun

    try:
        run = ReadRun(Path(path))
    except AmlRunbookError as error:
        return error.what
    _shown(run=run)
    return ""


class _Pause:
    """Waits until the run is paused or closed, or has died."""

    def __init__(self) -> None:
        self.done = threading.Event()

    def recorded(self, entries: tuple[Recorded, ...], state: RunState) -> None:
        """See whether the run is paused."""
        del entries
        if state.paused or state.closed is not None:
            self.done.set()

    def refused(self, command: AnyCommand, error: Refusal) -> None:
        """A refused pause will not come any more."""
        from amlrunbook.executor.commands import Pause

        del error
        if isinstance(command, Pause):
            self.done.set()

    def idle(self, state: RunState) -> None:
        """Nothing to do."""

    def died(self, error: BaseException) -> None:
        """A dead run will not pause."""
        del error
        self.done.set()


# What the home screen shows


@dataclass(frozen=True, slots=True)
class _Known:
    """A run on disk that was opened."""

    folder: RunFolder
    opened: RunOpened
    state: RunState


def gather_home(problem: str = "") -> HomeData:
    """Gather what the home screen shows from the disk alone. What cannot be read becomes a sentence."""
    from amlrunbook.cli.parts import operator_name
    from screens.home_data import HomeData

    problems = [problem] if problem else []
    runs = _runs(problems)
    return HomeData(
        operator=operator_name(),
        taken=datetime.now(UTC),
        profiles=_profiles(runs, problems),
        open_runs=tuple(_open_row(run) for run in runs if run.state.closed is None),
        journals=tuple(_journal_row(run, run.state.closed) for run in runs if run.state.closed),
        runbooks=_runbooks(problems),
        scenarios=_scenarios(problems),
        problems=tuple(problems),
    )


def _runs(problems: list[str]) -> list[_Known]:
    """Return the latest runs, the newest first."""
    from amlrunbook.cli.journals import standing_of
    from amlrunbook.store.runs import list_run_folders

    known: list[_Known] = []
    for folder in reversed(list_run_folders()[-MOST_RUNS:]):
        try:
            state = standing_of(folder.path)
        except AmlRunbookError as error:
            problems.append(f"{folder.path.name}: {error.what}")
            continue
        if state is None:
            problems.append(f"{folder.path.name} is too large to be listed; resume it by its path.")
        elif state.opened is not None:
            known.append(_Known(folder, state.opened, state))
    return known


def _open_row(run: _Known) -> OpenRun:
    from screens.home_items import OpenRun

    return OpenRun(
        path=str(run.folder.path),
        title=run.opened.title,
        profile=run.opened.profile,
        mode=run.state.mode,
        settled=sum(record.state.settled for record in run.state.steps.values()),
        total=len(run.state.steps),
        in_doubt=len(run.state.in_flight),
        last=run.state.last_t,
    )


def _journal_row(run: _Known, closed: RunClosed) -> JournalRow:
    from amlrunbook.state.events import RunOutcome
    from screens.home_items import JournalRow
    from screens.moments import seconds_between

    return JournalRow(
        path=str(run.folder.path),
        title=run.opened.title,
        profile=run.opened.profile,
        mode=run.state.mode,
        outcome=closed.outcome.value.replace("-", " "),
        good=closed.outcome is RunOutcome.COMPLETED,
        closed=run.state.last_t,
        duration_seconds=seconds_between(run.state.opened_at, run.state.last_t),
    )


def _profiles(runs: list[_Known], problems: list[str]) -> tuple[ProfileRow, ...]:
    from amlrunbook.model.finding import worst
    from amlrunbook.store.profiles import list_profiles
    from screens.home_items import ProfileRow

    rows: list[ProfileRow] = []
    for listed in list_profiles():
        if listed.profile is None:
            problems.append(f"profile {listed.name}: {listed.problem}")
            continue
        source, target = listed.profile.regions
        verdicts = _last_verdicts(listed.name, runs)
        rows.append(
            ProfileRow(
                name=listed.name,
                source=source,
                target=target or "",
                posture=worst(verdicts) if verdicts else None,
                posture_text=_posture(verdicts),
                seen=_seen(listed.name),
            )
        )
    return tuple(rows)


def _last_verdicts(profile: str, runs: list[_Known]) -> tuple[Verdict, ...]:
    """Return what the latest run that looked at ``profile`` itself found; a drill looks at another world."""
    from amlrunbook.model.mode import Mode

    for run in runs:
        real = run.state.mode != Mode.DRILL.value and run.opened.profile == profile
        if real and run.state.findings:
            return tuple(finding.verdict for finding in run.state.findings)
    return ()


def _posture(verdicts: tuple[Verdict, ...]) -> str:
    from amlrunbook.model.finding import SEVERITY, Verdict

    counts = Counter(verdicts)
    told = [f"{counts[each]} {each.value}" for each in SEVERITY[:3] if counts[each]]
    return ", ".join(told) or ("ready" if counts[Verdict.PASS] else "")


def _seen(profile: str) -> str:
    from amlrunbook.store.snapshots import latest_snapshot

    stored = latest_snapshot(profile)
    if stored is None:
        return ""
    taken = datetime.strptime(stored.stamp.partition("-")[0] + "+0000", "%Y%m%dT%H%M%SZ%z")
    return taken.isoformat()


def _runbooks(problems: list[str]) -> tuple[RunbookRow, ...]:
    from amlrunbook.planning.load import load_runbook, runbook_folder
    from amlrunbook.store.paths import runbooks_folder
    from screens.home_items import RunbookRow

    rows = []
    for folder in (runbook_folder(), runbooks_folder()):
        for path in sorted(folder.glob("*.toml")):
            try:
                book = load_runbook(path).runbook
            except AmlRunbookError as error:
                problems.append(f"{path.name}: {error.what}")
            else:
                rows.append(RunbookRow(id=book.id, title=book.title, steps=len(book.step)))
    return tuple(rows)


def _scenarios(problems: list[str]) -> tuple[ScenarioRow, ...]:
    from amlrunbook.simulator.scenario import glance, scenario_names
    from screens.home_items import ScenarioRow

    rows = []
    for name in scenario_names():
        try:
            rows.append(ScenarioRow(id=name, title=glance(name).title))
        except AmlRunbookError as error:
            problems.append(f"scenario {name}: {error.what}")
    return tuple(rows)
