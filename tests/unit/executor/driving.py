"""An operator for tests: does whatever is in focus, and rules on a doubt as it is seen."""

from __future__ import annotations

from amlrunbook.executor.commands import Close, Confirm, Decide, Rule, RunStep
from amlrunbook.state import events as e
from amlrunbook.state.transitions import StepState

UNDER_WAY = {StepState.RUNNING, StepState.CONFIRMED, StepState.SENT, StepState.ACCEPTED}


def drive(run) -> None:
    """Be the operator of the script: whatever is in focus, from wherever the run stands."""
    for _ in range(80):
        if run.state.closed is not None:
            return
        if run.state.step(run.focus).state in UNDER_WAY:
            run.crew.join()
            continue
        run.perform(next_command(run))
    raise AssertionError("the script does not end")


def next_command(run):
    step = run.focus
    record = run.state.step(step)
    match record.state, step:
        case _, "":
            return Close()
        case StepState.IN_DOUBT, _:
            ruling = e.Ruling.HAPPENED if record.doubt.reached else e.Ruling.DID_NOT_HAPPEN
            return Rule(step=step, ruling=ruling, reason="As it is seen.")
        case StepState.PROPOSED, _:
            return Confirm(step=step)
        case _ if run.stage.plan.step(step).choices:
            return Decide(step=step, choice=run.stage.plan.step(step).choices[0].id)
        case _:
            return RunStep(step=step)
