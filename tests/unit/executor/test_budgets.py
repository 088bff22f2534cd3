"""Budgets: a step that ran out of time says so, goes where the plan says, and an action never fails by it."""

from __future__ import annotations

import pytest

from amlrunbook.executor.commands import Confirm, RunStep
from amlrunbook.model.finding import Verdict
from amlrunbook.planning.grammar import Retry
from amlrunbook.state import events as e
from amlrunbook.state.fold import fold
from amlrunbook.state.transitions import StepState
from tests.unit.executor.ground import LookAt, SwitchOn, check, ground_of, switch_step


def slow_look(ground, name, seconds, *verdicts):
    class Slow(LookAt):
        def run(self, context, reporter):
            ground.pace.now += seconds
            return super().run(context, reporter)

    ground.operations[name] = Slow(name, *verdicts)


@pytest.mark.parametrize(
    ("on_timeout", "state", "skipped"),
    [
        ("ask", StepState.PASSED, False),
        ("fail", StepState.FAILED, False),
        ("z", StepState.PASSED, True),
    ],
)
def test_a_check_out_of_time_goes_where_the_plan_says(on_timeout, state, skipped):
    ground = ground_of(check("a", budget_seconds=5, on_timeout=on_timeout), check("m"), check("z"))
    slow_look(ground, "a", 9)
    run = ground.open()
    run.perform(RunStep(step="a"))
    assert run.state.step("a").state is state
    assert run.state.step("a").timed_out
    assert (run.state.step("m").state is StepState.SKIPPED) is skipped
    late = [event for event in ground.disk.events if isinstance(event, e.StepTimedOut)]
    assert [event.budget_seconds for event in late] == [5]


def test_a_check_in_time_says_nothing():
    ground = ground_of(check("a", budget_seconds=9, on_timeout="fail"))
    slow_look(ground, "a", 9)
    run = ground.open()
    run.perform(RunStep(step="a"))
    assert run.state.step("a").state is StepState.PASSED
    assert "step.timed-out" not in ground.disk.kinds("a")


def test_tries_end_with_the_budget():
    ground = ground_of(check("a", budget_seconds=50, retry=Retry(tries=9, wait="PT30S")))
    slow_look(ground, "a", 1, Verdict.FAIL)
    run = ground.open()
    run.perform(RunStep(step="a"))
    assert run.state.step("a").attempts == 3
    assert ground.disk.kinds("a").count("step.timed-out") == 1


class SlowSwitch(SwitchOn):
    """The switch, whose answer takes its time."""

    def __init__(self, world, pace):
        super().__init__(world)
        self.pace = pace

    def apply(self, context, preview, intent, reporter):
        reporter.sent("PUT", "/switch")
        self.world.puts.append(intent.request_id)
        reporter.accepted(202, "/poll/1", "")
        for look in range(4):
            self.pace.now += 10
            reporter.progressed("polling", look, 4)
        return super().apply(context, preview, intent, reporter)


@pytest.mark.parametrize(
    ("behaviour", "state"),
    [("works", StepState.VERIFIED), ("unanswered", StepState.IN_DOUBT)],
)
@pytest.mark.parametrize(("on_timeout", "passed_by"), [("ask", False), ("z", True)])
def test_an_action_out_of_time_is_followed_and_never_called_failed(
    behaviour, state, on_timeout, passed_by
):
    ground = ground_of(
        switch_step(budget_seconds=15, on_timeout=on_timeout), check("m"), check("z")
    )
    ground.world.behaviour = behaviour
    ground.operations["switch.on"] = SlowSwitch(ground.world, ground.pace)
    run = ground.open()
    run.perform(RunStep(step="switch"))
    run.perform(Confirm(step="switch"))
    kinds = ground.disk.kinds("switch")
    assert kinds.count("step.timed-out") == 1
    assert kinds.index("step.timed-out") < kinds.index("action.result")
    assert "step.failed" not in kinds
    assert run.state.step("switch").state is state
    assert (run.state.step("m").state is StepState.SKIPPED) is passed_by
    assert fold(ground.disk.entries).anomalies == ()
