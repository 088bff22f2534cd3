"""The counts of a run in one line. Pure."""

from __future__ import annotations

from collections import Counter

from amlrunbook.planning.plan import Plan
from amlrunbook.state.fold import RunState
from amlrunbook.state.transitions import StepState
from screens.step_marks import STEP_MARKS

_TOLD = (
    StepState.FAILED,
    StepState.UNKNOWN,
    StepState.WARNED,
    StepState.BLOCKED,
    StepState.VERIFIED,
    StepState.PASSED,
    StepState.SKIPPED,
    StepState.DONE_OUTSIDE,
)


def run_counts(plan: Plan, state: RunState, *, busy: bool) -> str:
    """Return how the run stands: how far, what is in doubt (always told), then what there is of the rest."""
    counts = Counter(state.step(step.id).state for step in plan.steps)
    settled = sum(count for each, count in counts.items() if each.settled)
    parts = [f"{settled} of {len(plan.steps)}", f"{counts[StepState.IN_DOUBT]} in doubt"]
    parts += [f"{counts[each]} {STEP_MARKS[each].word}" for each in _TOLD if counts[each]]
    if state.closed is not None:
        parts.insert(0, f"closed: {state.closed.outcome.value}")
    elif busy:
        parts.insert(0, "◌ working")
    if state.warnings:
        parts.append(f"{len(state.warnings)} warnings")
    return " · ".join(parts)
