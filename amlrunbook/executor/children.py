"""Child plans: when one ends, what it came to, and what becomes of its steps without it. Pure."""

from __future__ import annotations

from collections import Counter

from amlrunbook.executor.branching import branch
from amlrunbook.planning.plan import ChildPlan, Plan, PlannedStep
from amlrunbook.state import events as e
from amlrunbook.state.fold import RunState, StepRecord
from amlrunbook.state.transitions import StepState

_S = StepState
_CONCLUDED = frozenset({_S.PASSED, _S.WARNED, _S.FAILED, _S.UNKNOWN})
_LEFT_OUT = frozenset({_S.SKIPPED, _S.DONE_OUTSIDE})
_LEFT_TO_DO = frozenset({_S.PENDING, _S.BLOCKED, _S.READY, _S.PROPOSED})
_BEGUN = _CONCLUDED | {_S.RUNNING}


def opened(plan: Plan, planned: PlannedStep, state: RunState) -> tuple[e.Event, ...]:
    """Return the events that open the child plan of a ``runbook`` step."""
    record = state.step(planned.id)
    ready = () if record.state is _S.READY else (e.StepReady(step=planned.id),)
    child = plan.child(planned.id)
    return (
        *ready,
        e.ChildOpened(step=planned.id, runbook=child.runbook, plan_digest=child.digest),
    )


def skips(plan: Plan, planned: PlannedStep, state: RunState, reason: str) -> tuple[e.Event, ...]:
    """Return the skips of everything that is left to do in a child plan that is open."""
    inside = plan.inside(planned.id)
    return tuple(
        e.StepSkipped(step=step.id, reason=reason)
        for step in plan.steps
        if step.id in inside and state.step(step.id).state in _LEFT_TO_DO
    )


def left_out_with(planned: PlannedStep, state: RunState) -> str:
    """Return why a step of a child plan is left out together with the step that opens it; empty where it is not."""
    if not planned.parent:
        return ""
    parent = state.step(planned.parent)
    if parent.state not in _LEFT_OUT:
        return ""
    word = "was done outside" if parent.state is _S.DONE_OUTSIDE else "was left out"
    return f"{planned.parent} {word}: {parent.text}"


def waits_for_parent(planned: PlannedStep, state: RunState) -> bool:
    """Return whether the step that opens this one's child plan has yet to be begun."""
    return bool(planned.parent) and state.step(planned.parent).state not in _BEGUN


def standing(plan: Plan, state: RunState, child: ChildPlan) -> tuple[e.Event, ...]:
    """Return what follows for a ``runbook`` step from the steps of its child plan.

    It ends when they are all settled, and is open again when one of them is run again.
    """
    record = state.step(child.step)
    inside = [state.step(step.id) for step in plan.steps if step.parent == child.step]
    ended = all(step.state.settled for step in inside)
    if record.state is _S.RUNNING:
        return _ended(plan, state, child, inside) if ended else ()
    if record.state not in _CONCLUDED or (ended and _came_to(inside) is record.state):
        return ()
    return opened(plan, plan.step(child.step), state)


def _came_to(inside: list[StepRecord]) -> StepState:
    states = {record.state for record in inside}
    if _S.FAILED in states:
        return _S.FAILED
    if _S.UNKNOWN in states:
        return _S.UNKNOWN
    left_out = any(
        record.state is _S.SKIPPED and record.skipped_by is e.SkippedBy.OPERATOR
        for record in inside
    )
    return _S.WARNED if left_out or _S.WARNED in states else _S.PASSED


def _ended(
    plan: Plan, state: RunState, child: ChildPlan, inside: list[StepRecord]
) -> tuple[e.Event, ...]:
    tally = Counter(record.state for record in inside)
    words = ", ".join(f"{tally[word]} {word.value}" for word in StepState if tally[word])
    text = f"{child.title}: {words}."
    closed = _closed(child, e.RunOutcome.COMPLETED)
    match _came_to(inside):
        case _S.FAILED:
            planned = plan.step(child.step)
            return (
                _closed(child, e.RunOutcome.COMPLETED_WITH_FAILURES),
                e.StepFailed(step=child.step, text=text),
                *branch(plan, state, planned, planned.on_fail, f"{child.step} failed"),
            )
        case _S.UNKNOWN:
            return (
                _closed(child, e.RunOutcome.COMPLETED_WITH_FAILURES),
                e.StepUnknown(step=child.step, text=text),
            )
        case _S.WARNED:
            return (closed, e.StepWarned(step=child.step, text=text))
        case _:
            return (closed, e.StepPassed(step=child.step, text=text))


def _closed(child: ChildPlan, outcome: e.RunOutcome) -> e.ChildClosed:
    return e.ChildClosed(step=child.step, runbook=child.runbook, outcome=outcome)
