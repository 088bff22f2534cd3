"""Who operates a run: the app's screens, a prompt, a file of answers, or the defaults."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from amlrunbook.cli.answers import Answers, AnswersOperator, fitting, load_answers
from amlrunbook.cli.driving import Driver
from amlrunbook.cli.history import forecast_of
from amlrunbook.cli.operators import AutoOperator, Operator
from amlrunbook.cli.prompts import PromptOperator
from amlrunbook.cli.report import keep_report
from amlrunbook.cli.root import load
from amlrunbook.errors import ExitCode, RefusedError
from amlrunbook.executor.closing import exit_code
from amlrunbook.executor.commands import AdoptPlan
from amlrunbook.executor.run import Executor
from amlrunbook.executor.thread import RunThread
from amlrunbook.planning.plan import Plan

APP = "amlrunbook.cli.app:open_run"
"""What shows a run on screens: a function of the live run that returns an exit code or None."""


@dataclass(frozen=True, slots=True)
class Operating:
    """How the command line wants the run to be operated."""

    answers_file: Path | None
    answers: Answers | None
    auto: bool
    plain: bool

    @property
    def scripted(self) -> bool:
        """Whether no person is asked."""
        return self.auto or self.answers is not None

    @property
    def linear(self) -> bool:
        """Whether the run is linear text: asked for, scripted, or no terminal that could show more."""
        from amlrunbook.cli.app import why_not

        return self.plain or self.scripted or bool(why_not(sys.stdin, sys.stdout, os.environ))

    def checked(self, plan: Plan) -> None:
        """Check the answers against a plan, before anything is opened.

        Raises:
            DocumentError: an answer names what the plan does not have.
        """
        if self.answers is not None:
            fitting(self.answers, plan, where=str(self.answers_file))


def operating(answers: Path | None, *, auto: bool, plain: bool, live: bool) -> Operating:
    """Read how a run is to be operated.

    Raises:
        RefusedError: a script would operate a live run.
        DocumentError: the file of answers does not fit.
    """
    if live and (auto or answers is not None):
        raise RefusedError(
            "A live run takes no scripted answers: a person confirms what changes real Azure.",
            state="Nothing was begun.",
            next_step="Leave out --auto and --answers, or leave out --live.",
        )
    loaded = load_answers(answers) if answers is not None else None
    return Operating(answers, loaded, auto, plain)


def at_terminal() -> bool:
    """Return whether a person sits at both ends."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def operate(executor: Executor, how: Operating, first: AdoptPlan | None = None) -> ExitCode:
    """Have the run operated until it is closed or left; its journal is let go of.

    ``first`` is carried out before anybody is asked in linear text; on screens its difference is shown, and asked about.

    Raises:
        JournalError: the journal cannot be written any more.
    """
    executor.forecast = forecast_of(executor)
    live = RunThread(executor)
    try:
        if how.linear:
            if first is not None:
                live.submit(first)
            return Driver(live, _operator(executor, how)).drive()
        return _on_screens(live)
    finally:
        executor.stage.record.release()
        keep_report(executor)


def _operator(executor: Executor, how: Operating) -> Operator:
    mode = executor.stage.mode
    if how.answers is not None:
        return AnswersOperator(how.answers, AutoOperator(mode))
    if how.auto:
        return AutoOperator(mode)
    return PromptOperator(mode, lambda: executor.stage.record.entries, executor.forecast)


def _on_screens(live: RunThread) -> ExitCode:
    opener = load(APP)
    if not callable(opener):
        raise TypeError(f"{APP} is no function")
    code = opener(live.start(), live.successor)
    return ExitCode(code) if isinstance(code, int) else exit_code(live.plan, live.state)
