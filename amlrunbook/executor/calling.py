"""Which step a call to Azure belongs to. Pure."""

from __future__ import annotations

from amlrunbook.planning.grammar import StepKind
from amlrunbook.planning.plan import Plan
from amlrunbook.state.fold import RunState
from amlrunbook.state.transitions import StepState

_AT_WORK = frozenset({StepState.RUNNING, StepState.CONFIRMED, StepState.SENT, StepState.ACCEPTED})


def step_of_call(plan: Plan, state: RunState, commanded: str, path: str) -> str:
    """Return the step that a call to ``path`` belongs to; empty where nobody can say.

    Of one step at work, it is that step's; of several, the one whose resource the path names; of none, the
    step's that the present command is about.
    """
    if not state.busy_steps:
        return commanded
    at_work = [
        p
        for p in plan.steps
        if p.kind is not StepKind.RUNBOOK and state.step(p.id).state in _AT_WORK
    ]
    if len(at_work) == 1:
        return at_work[0].id
    lower = path.lower()
    named = [p.id for p in at_work if p.resource and lower.startswith(p.resource.lower())]
    if len(named) == 1:
        return named[0]
    return commanded if commanded in {p.id for p in at_work} else ""
