"""Checks, waits, needs and decisions, as the journal tells them."""

from __future__ import annotations

import pytest

from amlrunbook.errors import RefusedError
from amlrunbook.executor.commands import Decide, DoneOutside, Overrule, RunStep, Skip
from amlrunbook.model.finding import Verdict
from amlrunbook.planning.grammar import Choice, Retry, StepKind
from amlrunbook.state.transitions import StepState
from tests.unit.executor.ground import LookAt, check, decision, ground_of, planned


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        (Verdict.PASS, StepState.PASSED),
        (Verdict.WARN, StepState.WARNED),
        (Verdict.FAIL, StepState.FAILED),
        (Verdict.UNKNOWN, StepState.UNKNOWN),
        (Verdict.NOT_APPLICABLE, StepState.PASSED),
    ],
)
def test_a_check_ends_as_its_verdict_says(verdict, state):
    run = ground_of(check("a"), checks=[LookAt("a", verdict)]).open()
    run.perform(RunStep(step="a"))
    assert run.state.step("a").state is state


def test_what_azure_does_not_answer_is_unknown_with_the_reason():
    run = ground_of(check("a"), checks=[LookAt("a", Verdict.UNKNOWN)]).open()
    run.perform(RunStep(step="a"))
    assert run.state.step("a").text == "No answer within 10 s."


def test_a_defect_in_a_check_is_unknown_and_the_run_goes_on():
    run = ground_of(check("check.breaks"), check("b")).open()
    run.perform(RunStep(step="check.breaks"))
    run.perform(RunStep(step="b"))
    assert run.state.step("check.breaks").state is StepState.UNKNOWN
    assert "ZeroDivisionError" in run.state.step("check.breaks").text
    assert run.state.step("b").state is StepState.PASSED


def test_findings_and_conclusion_of_a_check_are_one_group():
    ground = ground_of(check("a"), check("b", needs=("a",)))
    run = ground.open()
    before = ground.disk.appends
    run.perform(RunStep(step="a"))
    assert ground.disk.kinds("a") == [
        "step.ready",
        "step.started",
        "step.progressed",
        "finding",
        "step.passed",
    ]
    assert ground.disk.appends - before == 3  # started; progressed; findings with what follows
    assert ground.disk.kinds("b") == ["step.blocked", "step.ready"]


def test_a_check_is_tried_again_and_each_try_is_journaled():
    ground = ground_of(
        check("a", retry=Retry(tries=3, wait="PT30S")),
        checks=[LookAt("a", Verdict.UNKNOWN, Verdict.FAIL, Verdict.PASS)],
    )
    run = ground.open()
    run.perform(RunStep(step="a"))
    assert [k for k in ground.disk.kinds("a") if k != "step.progressed"] == [
        "step.ready",
        "step.started",
        "step.unknown",
        "step.started",
        "finding",
        "step.failed",
        "step.started",
        "finding",
        "step.passed",
    ]
    assert ground.pace.now == 60
    assert len(run.state.step("a").findings) == 1
    assert run.state.step("a").attempts == 3


def test_a_pause_ends_the_tries():
    ground = ground_of(
        check("a", retry=Retry(tries=9, wait="PT30S")), checks=[LookAt("a", Verdict.FAIL)]
    )
    ground.pace.stop_after = 60
    run = ground.open()
    run.perform(RunStep(step="a"))
    assert run.state.step("a").attempts == 2
    assert run.state.step("a").state is StepState.FAILED


def test_a_blocked_step_says_why_and_refuses_until_it_is_overruled():
    run = ground_of(check("a"), check("b", needs=("a",)), checks=[LookAt("a", Verdict.FAIL)]).open()
    assert run.state.step("b").why_blocked == "needs a, which is not done yet"
    with pytest.raises(RefusedError, match="blocked"):
        run.perform(RunStep(step="b"))
    run.perform(RunStep(step="a"))
    assert run.state.step("b").why_blocked == "needs a, which is failed"
    run.perform(Overrule(step="b", need="a", reason="We know."))
    run.perform(RunStep(step="b"))
    assert run.state.step("b").state is StepState.PASSED


def test_a_need_that_does_not_concern_the_pair_blocks_nothing():
    run = ground_of(
        check("a", not_applicable="There is no vault."), check("b", needs=("a",))
    ).open()
    assert run.state.step("a").state is StepState.SKIPPED
    assert run.state.step("a").text == "There is no vault."
    assert run.state.step("b").state is StepState.READY
    with pytest.raises(RefusedError, match="does not concern"):
        run.perform(RunStep(step="a"))


def test_a_choice_skips_the_steps_on_its_way_and_says_so():
    run = ground_of(
        decision("d", Choice(id="go", text="Go"), Choice(id="end", text="End", next="z")),
        check("m"),
        check("n"),
        check("z"),
    ).open()
    run.perform(Decide(step="d", choice="end", reason="It is late."))
    assert run.state.step("d").state is StepState.PASSED
    assert [run.state.step(step).state.value for step in "mnz"] == ["skipped", "skipped", "ready"]
    assert run.state.step("m").text == "Decided at d: End"
    assert run.focus == "z"


def test_a_choice_that_is_none_is_refused_by_name():
    ground = ground_of(decision("d", Choice(id="go", text="Go")))
    run = ground.open()
    before = len(ground.disk.entries)
    with pytest.raises(RefusedError) as refused:
        run.perform(Decide(step="d", choice="stay"))
    assert "go" in refused.value.next_step
    assert len(ground.disk.entries) == before


def test_manual_steps_are_done_outside_or_left_out():
    run = ground_of(planned("m", StepKind.MANUAL), planned("k", StepKind.MANUAL)).open()
    with pytest.raises(RefusedError, match="by hand"):
        run.perform(RunStep(step="m"))
    with pytest.raises(RefusedError, match="words"):
        run.perform(DoneOutside(step="m", evidence="  "))
    run.perform(DoneOutside(step="m", evidence="Ticket 7 says so."))
    run.perform(Skip(step="k", reason="Not today."))
    assert run.state.step("m").state is StepState.DONE_OUTSIDE
    assert run.state.step("k").state is StepState.SKIPPED


def test_a_skipped_step_can_be_run_after_all():
    run = ground_of(check("a")).open()
    run.perform(Skip(step="a", reason="No time."))
    run.perform(RunStep(step="a"))
    assert run.state.step("a").state is StepState.PASSED


def wait(**fields):
    return planned("w", StepKind.WAIT, check="look", every_seconds=10, **fields)


def test_a_wait_looks_until_it_passes():
    look = LookAt("look", Verdict.FAIL, Verdict.UNKNOWN, Verdict.PASS)
    ground = ground_of(wait(until="PT5M"), checks=[look])
    run = ground.open()
    run.perform(RunStep(step="w"))
    assert run.state.step("w").state is StepState.PASSED
    assert (look.runs, ground.pace.now) == (3, 20)


@pytest.mark.parametrize(
    ("on_timeout", "state"),
    [("ask", StepState.READY), ("fail", StepState.FAILED), ("z", StepState.FAILED)],
)
def test_a_wait_ends_at_its_bound(on_timeout, state):
    look = LookAt("look", Verdict.FAIL)
    ground = ground_of(
        wait(until="PT1M", budget_seconds=30, on_timeout=on_timeout),
        check("y"),
        check("z"),
        checks=[look],
    )
    run = ground.open()
    run.perform(RunStep(step="w"))
    assert look.runs == 4  # at 0, 10, 20 and 30 seconds
    assert run.state.step("w").state is state
    assert "step.timed-out" in ground.disk.kinds("w")
    skipped = StepState.SKIPPED if on_timeout == "z" else StepState.READY
    assert run.state.step("y").state is skipped


def test_a_pause_ends_a_wait_and_leaves_it_ready():
    ground = ground_of(wait(until="PT1H"), checks=[LookAt("look", Verdict.FAIL)])
    ground.pace.stop_after = 50
    run = ground.open()
    run.perform(RunStep(step="w"))
    assert run.state.step("w").state is StepState.READY


def test_a_failure_can_stop_the_run_or_lead_on():
    ground = ground_of(check("a", on_fail="stop"), check("b"), checks=[LookAt("a", Verdict.FAIL)])
    run = ground.open()
    run.perform(RunStep(step="a"))
    assert run.state.paused
    run.perform(RunStep(step="b"))
    assert not run.state.paused
    ground = ground_of(
        check("a", on_fail="c"), check("b"), check("c"), checks=[LookAt("a", Verdict.FAIL)]
    )
    run = ground.open()
    run.perform(RunStep(step="a"))
    assert run.state.step("b").state is StepState.SKIPPED


def test_a_check_over_its_budget_says_so():
    ground = ground_of(check("a", budget_seconds=5))

    class Slow(LookAt):
        def run(self, context, reporter):
            ground.pace.now += 9
            return super().run(context, reporter)

    ground.operations["a"] = Slow("a")
    run = ground.open()
    run.perform(RunStep(step="a"))
    assert "step.timed-out" in ground.disk.kinds("a")
    assert run.state.step("a").state is StepState.PASSED
