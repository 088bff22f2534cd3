"""Operators without a screen: who is asked what to do next, and what ``--auto`` answers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Protocol, assert_never

from amlrunbook.errors import AmlRunbookError, ExitCode
from amlrunbook.executor import commands as c
from amlrunbook.model.mode import Mode
from amlrunbook.model.operation import Confirmation
from amlrunbook.planning.grammar import Dialog, StepKind
from amlrunbook.planning.plan import Plan, PlannedStep
from amlrunbook.state.fold import RunState, StepRecord
from amlrunbook.state.transitions import StepState

_OFTEN = 20
"""Commands to one step after which an operator without eyes gives it up."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Nobody knows how to go on: the run is paused, and the program ends."""

    reason: str
    exit_code: ExitCode = ExitCode.FINE
    """What this alone asks for; the run's state may ask for more."""


class Operator(Protocol):
    """Says what is done next, whenever a run waits for somebody."""

    def next(self, plan: Plan, state: RunState, step: str) -> c.AnyCommand | Stop:
        """Return the next command; ``step`` is what wants attention, empty when nothing does."""

    def refused(self, command: c.AnyCommand, error: AmlRunbookError) -> None:
        """Hear that the last command was refused."""


class AutoOperator:
    """Takes each step's default: never types a name, never gives a second person's word."""

    def __init__(self, mode: Mode) -> None:
        self._mode = mode
        self._asked: Counter[str] = Counter()
        self._refused: dict[str, str] = {}

    def next(self, plan: Plan, state: RunState, step: str) -> c.AnyCommand | Stop:
        """Return the step's default."""
        if not step:
            return c.Close()
        self._asked[step] += 1
        record = state.step(step)
        why = self._refused.pop(step, "")
        if self._asked[step] > _OFTEN:
            return Stop(f"Step {step!r} does not come to an end by defaults.")
        if why and record.state is StepState.READY:
            return c.Skip(step=step, reason=f"--auto: {why}")
        return self._default(plan.step(step), record)

    def refused(self, command: c.AnyCommand, error: AmlRunbookError) -> None:
        """Remember why, so that the step is left with that reason."""
        if isinstance(command, c.StepCommand):
            self._refused[command.step] = error.what

    def _default(self, planned: PlannedStep, record: StepRecord) -> c.AnyCommand | Stop:
        match record.state:
            case StepState.READY:
                return _default_of_ready(planned, record)
            case StepState.PROPOSED:
                return self._default_of_proposed(planned, record)
            case StepState.BLOCKED | StepState.PENDING:
                return c.Skip(
                    step=planned.id, reason=f"--auto: {record.why_blocked or 'not ready'}"
                )
            case StepState.IN_DOUBT:
                return Stop(f"Step {planned.id!r} is in doubt, and only a person rules on that.")
            case _:
                return Stop(
                    f"Step {planned.id!r} is {record.state.value}, and --auto cannot help it."
                )

    def _default_of_proposed(self, planned: PlannedStep, record: StepRecord) -> c.AnyCommand:
        if not self._mode.may_change:
            reason = f"{self._mode.value}: it would change Azure, and nothing was sent."
            return c.Skip(step=planned.id, reason=reason)
        confirmation = record.proposal.confirmation if record.proposal else planned.confirmation
        match confirmation:
            case Confirmation.ENTER:
                return c.Confirm(step=planned.id)
            case Confirmation.TYPE_NAME:
                reason = "--auto: it is confirmed by typing the resource's name, which only a person does."
                return c.Skip(step=planned.id, reason=reason)
            case Confirmation.TWO_PERSONS:
                reason = "--auto: it takes two persons."
                return c.Skip(step=planned.id, reason=reason)
            case _:
                assert_never(confirmation)


def _default_of_ready(planned: PlannedStep, record: StepRecord) -> c.AnyCommand:
    match planned.kind:
        case StepKind.CHECK | StepKind.ACTION | StepKind.RUNBOOK:
            return c.RunStep(step=planned.id)
        case StepKind.WAIT:
            if record.attempts:
                return c.Skip(step=planned.id, reason=f"--auto: not in time. {record.text}".strip())
            return c.RunStep(step=planned.id)
        case StepKind.DECISION:
            chosen = next((x for x in planned.choices if x.default), planned.choices[0])
            return c.Decide(step=planned.id, choice=chosen.id, reason="--auto takes the default.")
        case StepKind.MANUAL if planned.do == Dialog.DECLARE.value:
            return c.DeclareIncident(severity="not said", text="--auto takes the default.")
        case StepKind.MANUAL:
            return c.Skip(step=planned.id, reason="--auto: it is done by hand only.")
        case _:
            assert_never(planned.kind)
