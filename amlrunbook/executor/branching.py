"""Where a run goes on when it does not go on with the next step. Pure."""

from __future__ import annotations

from amlrunbook.planning.plan import Plan, PlannedStep
from amlrunbook.state.events import Event, RunPaused, SkippedBy, StepSkipped
from amlrunbook.state.fold import RunState
from amlrunbook.state.transitions import StepState

_PASSED_BY = frozenset({StepState.PENDING, StepState.BLOCKED, StepState.READY, StepState.PROPOSED})


def branch(
    plan: Plan, state: RunState, planned: PlannedStep, word: str, reason: str
) -> tuple[Event, ...]:
    """Return what ``on_fail`` or ``on_timeout`` asks for after a step went wrong.

    ``ask`` and ``fail`` leave it to the operator; ``stop`` pauses the run; a step's id skips the
    open steps on the way there.
    """
    if word in {"ask", "fail"}:
        return ()
    if word == "stop":
        return (RunPaused(reason=f"The plan stops here: {reason}."),)
    text = f"The plan goes on at {word}: {reason}."
    return skipped_on_the_way(plan, state, planned.id, word, text)


def steps_between(plan: Plan, after: str, until: str) -> tuple[PlannedStep, ...] | None:
    """Return the steps that lie between two steps; ``None`` where ``until`` does not come later.

    ``until`` is a step's id in the plan or in the runbook; of several instances, the first counts.
    """
    ids = [planned.id for planned in plan.steps]
    begin = ids.index(after)
    for place, planned in enumerate(plan.steps):
        if until in {planned.id, planned.base} and place > begin:
            return plan.steps[begin + 1 : place]
    return None


def skipped_on_the_way(
    plan: Plan, state: RunState, after: str, until: str, reason: str
) -> tuple[Event, ...]:
    """Return the skips of the open steps that lie between ``after`` and ``until``."""
    return tuple(
        StepSkipped(
            step=planned.id,
            reason=planned.not_applicable or reason,
            by=SkippedBy.PLAN if planned.not_applicable else SkippedBy.BRANCH,
        )
        for planned in steps_between(plan, after, until) or ()
        if state.step(planned.id).state in _PASSED_BY
    )
