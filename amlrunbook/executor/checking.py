"""Checks and waits: started, tried, concluded; every try is journaled."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

import msgspec

from amlrunbook.errors import AmlRunbookError, DocumentError, RefusedError
from amlrunbook.executor.boundary import guarded
from amlrunbook.executor.branching import branch
from amlrunbook.executor.budgets import Budget
from amlrunbook.executor.stage import Stage, said
from amlrunbook.model.finding import Finding, Verdict
from amlrunbook.model.operation import CheckReport
from amlrunbook.model.profile import duration_seconds
from amlrunbook.planning.plan import PlannedStep
from amlrunbook.state import events as e
from amlrunbook.state.transitions import StepState

GOOD = frozenset({Verdict.PASS, Verdict.WARN, Verdict.NOT_APPLICABLE})
"""Verdicts with which a step goes on."""


class CheckReporter:
    """Where a check says how it goes on; it has nothing to send."""

    def __init__(self, stage: Stage, step: str) -> None:
        self._stage = stage
        self._step = step

    def sent(self, method: str, path: str) -> None:
        """Refuse: a check reads only.

        Raises:
            RefusedError: always.
        """
        raise RefusedError(f"A check wanted to send {method} {path}.", state="Nothing was sent.")

    def accepted(self, status: int, poll_url: str, service_request_id: str) -> None:
        """Refuse, as :meth:`sent` does.

        Raises:
            RefusedError: always.
        """
        del poll_url, service_request_id
        raise RefusedError(f"A check reported an accepted change ({status}).")

    def progressed(self, text: str, done: int = 0, total: int = 0) -> None:
        """Make the word durable and show it; of no step in particular, it is dropped."""
        if not self._step:
            return
        self._stage.record.append(
            e.StepProgressed(step=self._step, text=said(text), done=done, total=total)
        )


def _begin_again(stage: Stage, planned: PlannedStep) -> None:
    """Bring a step that was skipped back among the open ones."""
    if stage.state.step(planned.id).state is StepState.SKIPPED:
        stage.record.append(e.StepReady(step=planned.id))


def run_check(stage: Stage, planned: PlannedStep) -> None:
    """Run a check, as often as its ``retry`` says, until one try is good."""
    check = stage.check(planned.do)
    _begin_again(stage, planned)
    tries = planned.retry.tries if planned.retry else 1
    pause = duration_seconds(planned.retry.wait) if planned.retry else 0
    budget = Budget(stage, planned)
    for attempt in range(1, tries + 1):
        stage.record.append(e.StepStarted(step=planned.id, attempt=attempt))
        report = asked(stage, planned, check.id)
        last = report.verdict in GOOD or attempt == tries or budget.over
        with stage.record.held():
            stage.conclude(*_tried(stage, planned, report, budget, last=last))
        if last or stage.pace.wait(pause):
            return


def _tried(
    stage: Stage, planned: PlannedStep, report: CheckReport, budget: Budget, *, last: bool
) -> tuple[e.Event, ...]:
    """Return how one try ended; the last one leads on as ``on_timeout`` and ``on_fail`` say."""
    late = budget.word()
    if late and planned.on_timeout == "fail":
        text = said(f"It ran over its budget of {planned.budget_seconds} s. {report.text}")
        failed = e.StepFailed(step=planned.id, text=text)
        reason = f"{planned.id} ran over its budget"
        on_fail = branch(stage.plan, stage.state, planned, planned.on_fail, reason)
        return (*late, *_findings(planned, report), failed, *on_fail)
    ending = (*late, *_concluded(planned, report))
    if late and planned.on_timeout != "ask":
        return (*ending, *budget.branch())
    return (*ending, *(_on_fail(stage, planned, report) if last else ()))


def asked(stage: Stage, planned: PlannedStep, name: str, *, quiet: bool = False) -> CheckReport:
    """Return what the check ``name`` says of a step's resource; what it could not read is unknown.

    ``quiet`` keeps how it goes on out of the journal, for a step that is not running.
    """
    check = stage.check(name)
    reporter = CheckReporter(stage, "" if quiet else planned.id)
    context = stage.context(planned)
    answer = guarded(lambda: check.run(context, reporter), f"Check {name}")
    if isinstance(answer, AmlRunbookError):
        return CheckReport(verdict=Verdict.UNKNOWN, text=answer.what)
    return answer


def _concluded(planned: PlannedStep, report: CheckReport) -> tuple[e.Event, ...]:
    conclusion = _conclusion(planned.id, report.verdict, said(report.text))
    return (*_findings(planned, report), conclusion)


def _findings(planned: PlannedStep, report: CheckReport) -> tuple[e.Event, ...]:
    return tuple(
        e.FindingMade(step=planned.id, finding=_fitting(finding)) for finding in report.findings
    )


def _fitting(finding: Finding) -> Finding:
    texts = {field: said(getattr(finding, field)) for field in _FINDING_TEXTS}
    return msgspec.structs.replace(finding, **texts)


_FINDING_TEXTS = ("title", "observed", "expected", "why", "remedy", "command")


def _conclusion(step: str, verdict: Verdict, text: str) -> e.StepEvent:
    match verdict:
        case Verdict.PASS | Verdict.NOT_APPLICABLE:
            return e.StepPassed(step=step, text=text)
        case Verdict.WARN:
            return e.StepWarned(step=step, text=text)
        case Verdict.FAIL:
            return e.StepFailed(step=step, text=text)
        case Verdict.UNKNOWN:
            return e.StepUnknown(step=step, text=text)
        case _:
            assert_never(verdict)


def _on_fail(stage: Stage, planned: PlannedStep, report: CheckReport) -> tuple[e.Event, ...]:
    if report.verdict in GOOD:
        return ()
    reason = f"{planned.id} did not pass"
    return branch(stage.plan, stage.state, planned, planned.on_fail, reason)


def run_wait(stage: Stage, planned: PlannedStep) -> None:
    """Repeat a wait's check until it passes, its time is over, or somebody asks to stop.

    What is over is the shorter of ``budget`` and ``until``; an ``until`` that is a moment is over for good.
    """
    name = planned.check or planned.do
    stage.check(name)
    _begin_again(stage, planned)
    stage.record.append(e.StepStarted(step=planned.id))
    began = stage.pace.monotonic()
    limit = _limit(planned)
    every = max(1, planned.every_seconds)
    looks = 0
    while True:
        report = asked(stage, planned, name)
        looks += 1
        if report.verdict in GOOD:
            stage.conclude(*_concluded(planned, report))
            return
        waited = stage.pace.monotonic() - began
        if limit and waited + every > limit:
            with stage.record.held():
                stage.conclude(*_given_up(stage, planned, report, waited))
            return
        text = f"Not yet, look {looks}: {report.text}"
        stage.record.append(
            e.StepProgressed(step=planned.id, text=said(text), done=int(waited), total=limit)
        )
        if stage.pace.wait(every):
            stage.conclude(e.StepReady(step=planned.id))
            return


def _limit(planned: PlannedStep) -> int:
    """Return a wait's longest time in seconds, 0 where it has none."""
    bounds = [planned.budget_seconds]
    try:
        bounds.append(duration_seconds(planned.until))
    except DocumentError:
        bounds.append(_seconds_until(planned.until))
    return min((bound for bound in bounds if bound > 0), default=0)


def _seconds_until(moment: str) -> int:
    try:
        then = datetime.fromisoformat(moment)
    except ValueError:
        return 0
    return max(1, int((then - datetime.now(then.tzinfo)).total_seconds()))


def _given_up(
    stage: Stage, planned: PlannedStep, report: CheckReport, waited: float
) -> tuple[e.Event, ...]:
    text = f"After {waited:.0f} s: {report.text}"
    over = e.StepTimedOut(
        step=planned.id, text=said(text), budget_seconds=planned.budget_seconds or _limit(planned)
    )
    if planned.on_timeout == "ask":
        return (over, e.StepReady(step=planned.id))
    failed = e.StepFailed(step=planned.id, text=said(text))
    reason = f"{planned.id} ran out of time"
    leads = branch(stage.plan, stage.state, planned, planned.on_timeout, reason)
    return (over, failed, *leads)
