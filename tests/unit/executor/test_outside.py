"""Done outside: what the operator says is looked at, and both stand in the journal."""

from __future__ import annotations

import pytest

from amlrunbook.executor.commands import DoneOutside, RunStep
from amlrunbook.model.finding import Verdict
from amlrunbook.planning.grammar import StepKind
from amlrunbook.state import events as e
from amlrunbook.state.transitions import StepState
from tests.unit.executor.ground import LookAt, check, ground_of, planned, switch_step


def outside(run, step):
    run.perform(DoneOutside(step=step, evidence="Ticket 7."))
    return run.state.step(step)


def said(ground):
    return next(event for event in ground.disk.events if isinstance(event, e.StepDoneOutside))


@pytest.mark.parametrize("proposed", [False, True])
@pytest.mark.parametrize(
    ("on", "readable", "speaks", "warned"),
    [
        (True, True, "for", False),
        (False, True, "against", True),
        (False, False, "neither", False),
    ],
)
def test_an_action_done_outside_is_looked_at(proposed, on, readable, speaks, warned):
    ground = ground_of(switch_step(), check("after", needs=("switch",)))
    run = ground.open()
    if proposed:
        run.perform(RunStep(step="switch"))
    ground.world.on, ground.world.readable = on, readable
    record = outside(run, "switch")
    assert record.state is StepState.DONE_OUTSIDE
    assert record.text == "Ticket 7."
    assert said(ground).speaks == speaks
    assert record.observed == said(ground).observed != ""
    assert bool(run.state.warnings) is warned
    assert run.state.step("after").state is StepState.READY
    assert ground.world.puts == []


@pytest.mark.parametrize(
    ("verdict", "speaks"),
    [(Verdict.PASS, "for"), (Verdict.FAIL, "against"), (Verdict.UNKNOWN, "neither")],
)
def test_a_check_and_a_wait_done_outside_are_asked_once(verdict, speaks):
    for step in (
        check("look"),
        planned("look", StepKind.WAIT, check="look", every_seconds=9, until="PT1H"),
    ):
        look = LookAt("look", verdict)
        ground = ground_of(step, checks=[look])
        outside(ground.open(), "look")
        assert said(ground).speaks == speaks
        assert look.runs == 1
        assert ground.pace.now == 0
        assert "step.progressed" not in ground.disk.kinds("look")


def test_what_nothing_can_look_at_is_journaled_as_it_is_said():
    ground = ground_of(planned("m", StepKind.MANUAL))
    outside(ground.open(), "m")
    assert (said(ground).observed, said(ground).speaks) == ("", "")


def test_a_defect_in_the_look_does_not_take_the_words_away():
    ground = ground_of(switch_step())
    ground.operations["switch.on"].preview = lambda context: 1 / 0
    record = outside(ground.open(), "switch")
    assert record.state is StepState.DONE_OUTSIDE
    assert said(ground).speaks == "neither"
    assert "ZeroDivisionError" in record.observed
