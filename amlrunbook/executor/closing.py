"""How a run ends: its outcome, its counts and its exit code. Pure."""

from __future__ import annotations

from collections import Counter

from amlrunbook.errors import ExitCode, worst_exit
from amlrunbook.planning.plan import Plan
from amlrunbook.state.events import RunClosed, RunOutcome
from amlrunbook.state.fold import RunState
from amlrunbook.state.transitions import StepState


def exit_code(plan: Plan, state: RunState) -> ExitCode:
    """Return the exit code of a run: its steps' and findings', and 6 where steps were left undone."""
    if state.closed is not None:
        return ExitCode(state.closed.exit_code)
    left = ExitCode.INCOMPLETE if undone(plan, state) else ExitCode.FINE
    return worst_exit(state.exit_code, left)


def undone(plan: Plan, state: RunState) -> bool:
    """Return whether a step is left that nobody did, left out or ruled on."""
    ended = {planned.id for planned in plan.steps if state.step(planned.id).state.settled}
    ended.update(record.step for record in state.in_doubt)
    return any(planned.id not in ended for planned in plan.steps)


def counts(plan: Plan, state: RunState) -> str:
    """Return how many steps stand where, in words: ``12 passed, 3 failed``."""
    tally = Counter(state.step(planned.id).state for planned in plan.steps)
    return ", ".join(f"{tally[word]} {word.value}" for word in StepState if tally[word])


def closing_event(plan: Plan, state: RunState) -> RunClosed:
    """Return the event that closes the run as it stands."""
    code = exit_code(plan, state)
    return RunClosed(outcome=_outcome(state, code), text=counts(plan, state), exit_code=int(code))


def _outcome(state: RunState, code: ExitCode) -> RunOutcome:
    if state.cancelled:
        return RunOutcome.CANCELLED
    return RunOutcome.COMPLETED if code is ExitCode.FINE else RunOutcome.COMPLETED_WITH_FAILURES
