"""Which steps are ready, which are blocked and why, and which one wants the operator next. Pure."""

from __future__ import annotations

from amlrunbook.executor import children
from amlrunbook.executor.conditions import called_for
from amlrunbook.planning.grammar import StepKind
from amlrunbook.planning.plan import Plan, PlannedStep
from amlrunbook.state.events import (
    Event,
    Recorded,
    SkippedBy,
    StepBlocked,
    StepReady,
    StepSkipped,
)
from amlrunbook.state.fold import RunState, StepRecord, fold
from amlrunbook.state.transitions import StepState

_OPEN = frozenset({StepState.PENDING, StepState.BLOCKED, StepState.READY})
_UNDER_WAY = frozenset({StepState.RUNNING, StepState.CONFIRMED, StepState.SENT, StepState.ACCEPTED})
_WANTING: tuple[frozenset[StepState], ...] = (
    frozenset({StepState.PROPOSED}),
    frozenset({StepState.READY}),
)
_ATTENTION = (*_WANTING, frozenset({StepState.BLOCKED, StepState.PENDING}))
"""What wants the operator first, in front."""
_NOT_MISSED = frozenset({SkippedBy.PLAN, SkippedBy.WHEN})
_COMES_BACK = frozenset({SkippedBy.PLAN, SkippedBy.WHEN, SkippedBy.PARENT})


def foreseen(state: RunState, events: tuple[Event, ...]) -> RunState:
    """Return the state that ``events`` would lead to."""
    return fold(
        (
            Recorded(n=state.last_n + 1 + place, t=state.last_t, event=event)
            for place, event in enumerate(events)
        ),
        state,
    )


def consequences(plan: Plan, state: RunState) -> tuple[Event, ...]:
    """Return what follows for the steps of ``plan`` from ``state``: ready, blocked, left out, child plans ended."""
    events: list[Event] = []
    for _ in range(
        len(plan.steps) + 1
    ):  # what follows only ever goes down the plan, or out of a child
        following = _following(plan, state)
        if not following:
            break
        events.extend(following)
        state = foreseen(state, following)
    return tuple(events)


def _following(plan: Plan, state: RunState) -> tuple[Event, ...]:
    """Return what follows in one walk down the plan, and then out of the child plans, the innermost first."""
    events: list[Event] = []
    for planned in plan.steps:
        record = state.step(planned.id)
        if record.state in _OPEN or _may_come_back(record):
            found = _standing(plan, state, planned, record)
            events.extend(found)
            state = foreseen(state, found)
    for child in reversed(plan.children):
        found = children.standing(plan, state, child)
        events.extend(found)
        state = foreseen(state, found)
    return tuple(events)


def _may_come_back(record: StepRecord) -> bool:
    return record.state is StepState.SKIPPED and record.skipped_by in _COMES_BACK


def _standing(
    plan: Plan, state: RunState, planned: PlannedStep, record: StepRecord
) -> tuple[Event, ...]:
    left_out = _left_out(planned, state)
    if record.state is StepState.SKIPPED:
        return () if left_out else (StepReady(step=planned.id),)
    if left_out:
        return (left_out,)
    why, needs = _hindered(plan, state, planned)
    if not why:
        return () if record.state is StepState.READY else (StepReady(step=planned.id),)
    if record.state is StepState.BLOCKED and record.why_blocked == why:
        return ()
    return (StepBlocked(step=planned.id, why=why, needs=needs),)


def _left_out(planned: PlannedStep, state: RunState) -> StepSkipped | None:
    if planned.not_applicable:
        return StepSkipped(step=planned.id, reason=planned.not_applicable, by=SkippedBy.PLAN)
    reason = children.left_out_with(planned, state)
    if reason:
        return StepSkipped(step=planned.id, reason=reason, by=SkippedBy.PARENT)
    call = called_for(planned.when, state)
    if call.answer is False:
        return StepSkipped(step=planned.id, reason=call.why, by=SkippedBy.WHEN)
    return None


def hindrance(plan: Plan, state: RunState, planned: PlannedStep) -> str:
    """Return why a step is not to be done as things stand, whatever its own state is; empty where it may be."""
    left_out = _left_out(planned, state)
    return left_out.reason if left_out else _hindered(plan, state, planned)[0]


def _hindered(plan: Plan, state: RunState, planned: PlannedStep) -> tuple[str, tuple[str, ...]]:
    """Return why a step cannot begin and which steps it waits for; empty where it can."""
    if children.waits_for_parent(planned, state):
        return f"belongs to {planned.parent}, which has not begun", (planned.parent,)
    call = called_for(planned.when, state)
    if call.answer is None:
        return call.why, call.waits_for
    unmet = unmet_needs(plan, state, planned)
    return "; ".join(_why(state, need) for need in unmet), unmet


def unmet_needs(plan: Plan, state: RunState, planned: PlannedStep) -> tuple[str, ...]:
    """Return the needs of a step that neither passed, nor were overruled, nor are called for."""
    overruled = state.step(planned.id).overruled
    return tuple(
        need
        for need in planned.needs
        if need not in overruled
        and not state.step(need).state.satisfied
        and not _not_missed(plan, state, need)
    )


def _not_missed(plan: Plan, state: RunState, need: str) -> bool:
    record = state.step(need)
    if record.state is StepState.SKIPPED and record.skipped_by in _NOT_MISSED:
        return True
    return bool(plan.step(need).not_applicable)


def _why(state: RunState, need: str) -> str:
    record = state.step(need)
    if record.state in _OPEN:
        return f"needs {need}, which is not done yet"
    return f"needs {need}, which is {record.state.value}"


def focus(plan: Plan, state: RunState) -> str:
    """Return the step that wants the operator next; empty when every step is settled.

    While instances of a step are carried out side by side, the next of them comes first; where none is left,
    the ones under way are what there is to look at.
    """
    if state.closed is not None:
        return ""
    under_way = [x for x in plan.steps if state.step(x.id).state in _UNDER_WAY and _works(x)]
    alone = [planned for planned in under_way if planned.parallel == 1]
    if alone:
        return alone[0].id
    doubted = _first(plan.steps, state, (frozenset({StepState.IN_DOUBT}),))
    if doubted:
        return doubted
    if under_way:
        bases = {planned.base for planned in under_way}
        beside = tuple(planned for planned in plan.steps if planned.base in bases)
        return _first(beside, state, _WANTING) or under_way[0].id
    return _first(plan.steps, state, _ATTENTION)


def _works(planned: PlannedStep) -> bool:
    """Return whether a step that is under way does something itself: a child plan's steps do it for theirs."""
    return planned.kind is not StepKind.RUNBOOK


def _first(
    steps: tuple[PlannedStep, ...], state: RunState, attention: tuple[frozenset[StepState], ...]
) -> str:
    for wanted in attention:
        for planned in steps:
            if state.step(planned.id).state in wanted:
                return planned.id
    return ""
