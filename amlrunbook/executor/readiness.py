"""Which steps are ready, which are blocked and why, and which one wants the operator next. Pure."""

from __future__ import annotations

from amlrunbook.planning.plan import Plan, PlannedStep
from amlrunbook.state.events import Event, StepBlocked, StepReady, StepSkipped
from amlrunbook.state.fold import RunState, StepRecord
from amlrunbook.state.transitions import StepState

_OPEN = frozenset({StepState.PENDING, StepState.BLOCKED, StepState.READY})
_ATTENTION: tuple[frozenset[StepState], ...] = (
    frozenset({StepState.RUNNING, StepState.CONFIRMED, StepState.SENT, StepState.ACCEPTED}),
    frozenset({StepState.IN_DOUBT}),
    frozenset({StepState.PROPOSED}),
    frozenset({StepState.READY}),
    frozenset({StepState.BLOCKED, StepState.PENDING}),
)
"""What wants the operator first, in front."""


def consequences(plan: Plan, state: RunState) -> tuple[Event, ...]:
    """Return what follows for the open steps of ``plan`` from ``state``: ready, blocked or skipped."""
    events: list[Event] = []
    for planned in plan.steps:
        record = state.step(planned.id)
        if record.state in _OPEN:
            events.extend(_standing(plan, state, planned, record))
    return tuple(events)


def _standing(
    plan: Plan, state: RunState, planned: PlannedStep, record: StepRecord
) -> tuple[Event, ...]:
    if planned.not_applicable:
        return (StepSkipped(step=planned.id, reason=planned.not_applicable),)
    unmet = unmet_needs(plan, state, planned)
    if not unmet:
        return () if record.state is StepState.READY else (StepReady(step=planned.id),)
    why = "; ".join(_why(state, need) for need in unmet)
    if record.state is StepState.BLOCKED and record.why_blocked == why:
        return ()
    return (StepBlocked(step=planned.id, why=why, needs=unmet),)


def unmet_needs(plan: Plan, state: RunState, planned: PlannedStep) -> tuple[str, ...]:
    """Return the needs of a step that neither passed, nor were overruled, nor concern this pair."""
    overruled = state.step(planned.id).overruled
    return tuple(
        need
        for need in planned.needs
        if need not in overruled
        and not state.step(need).state.satisfied
        and not plan.step(need).not_applicable
    )


def _why(state: RunState, need: str) -> str:
    record = state.step(need)
    if record.state in _OPEN:
        return f"needs {need}, which is not done yet"
    return f"needs {need}, which is {record.state.value}"


def focus(plan: Plan, state: RunState) -> str:
    """Return the step that wants the operator next; empty when every step is settled."""
    if state.closed is not None:
        return ""
    for wanted in _ATTENTION:
        for planned in plan.steps:
            if state.step(planned.id).state in wanted:
                return planned.id
    return ""


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
        StepSkipped(step=planned.id, reason=planned.not_applicable or reason)
        for planned in steps_between(plan, after, until) or ()
        if state.step(planned.id).state in _OPEN | {StepState.PROPOSED}
    )
