"""Successor plans: a run that learnt more goes on by another plan, with the difference confirmed.

What happened to a step stays with its id. A step that is under way must be in the new plan as it is; nothing
that was confirmed can be planned away.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec

from amlrunbook.errors import RefusedError
from amlrunbook.executor.difference import plan_difference
from amlrunbook.executor.stage import Stage, listed, said
from amlrunbook.model.snapshot import Snapshot
from amlrunbook.planning.plan import Plan, PlannedStep
from amlrunbook.state import events as e
from amlrunbook.state.fold import RunState
from amlrunbook.state.transitions import StepState

_NOTHING = "The run keeps its plan; nothing was written."


@dataclass(frozen=True, slots=True)
class Successor:
    """A plan that may follow the run's own."""

    plan: Plan
    snapshot: Snapshot
    difference: tuple[str, ...]
    """What differs, a line each."""

    @property
    def digest(self) -> str:
        """What the operator confirms."""
        return self.plan.digest


def snapshot_bytes(snapshot: Snapshot) -> bytes:
    """Return the bytes that a snapshot's digest is taken over."""
    return msgspec.json.encode(snapshot, order="sorted")


def successor_of(stage: Stage, plan: Plan, snapshot: Snapshot | None) -> Successor:
    """Return ``plan`` as a successor of the run's own, with what differs; writes nothing.

    ``snapshot`` is what it was made from; the run's own unless given.

    Raises:
        RefusedError: it is no other plan, one for something else, or without a step that is under way.
    """
    known = snapshot or stage.snapshot
    if plan.digest == stage.plan.digest:
        raise RefusedError("The plan is the run's own; there is nothing to adopt.", state=_NOTHING)
    if (plan.runbook, plan.profile.name) != (stage.plan.runbook, stage.plan.profile.name):
        raise RefusedError(
            f"A run of {stage.plan.runbook} for {stage.plan.profile.name} cannot go on by a plan of "
            f"{plan.runbook} for {plan.profile.name}.",
            state=_NOTHING,
            next_step="Start a new run.",
        )
    if known.digest != plan.snapshot_digest:
        raise RefusedError("The plan was made from another inventory.", state=_NOTHING)
    for lost in _lost(stage.plan, plan, stage.state):
        raise RefusedError(
            f"Step {lost!r} is {stage.state.step(lost).state.value}, and the new plan does not keep it as it is.",
            state=_NOTHING,
            next_step="Bring that step to its end first.",
        )
    return Successor(plan, known, plan_difference(stage.plan, plan))


def adopt(stage: Stage, successor: Successor, reason: str) -> Stage:
    """Make the adoption durable, and return what the run stands on from now on.

    Raises:
        RefusedError: meanwhile a step is under way that the plan does not keep.
        JournalError: the journal cannot be written; the run keeps its plan.
    """
    successor = successor_of(stage, successor.plan, successor.snapshot)
    after = replace(stage, plan=successor.plan, snapshot=successor.snapshot)
    stage.record.add_evidence("plan.json", successor.plan.to_json())
    if successor.plan.snapshot_digest != stage.plan.snapshot_digest:
        stage.record.add_evidence("snapshot.json", snapshot_bytes(successor.snapshot))
    adopted = e.PlanAdopted(
        before=stage.plan.digest,
        after=successor.digest,
        difference=_told(successor.difference),
        reason=said(reason),
    )
    after.conclude(*_taken_back(stage.plan, successor.plan, stage.state), adopted)
    return after


def _told(difference: tuple[str, ...]) -> str:
    """Return the lines as one text that an event can hold; the plans themselves are the whole of it."""
    return said("\n".join(listed(difference)))


def _lost(before: Plan, after: Plan, state: RunState) -> tuple[str, ...]:
    """Return the steps under way that ``after`` does not have, or has as something else."""
    new = {step.id: step for step in after.steps}
    return tuple(
        step.id
        for step in before.steps
        if _under_way(state.step(step.id).state) and not _same(step, new.get(step.id))
    )


def _under_way(state: StepState) -> bool:
    return state.in_flight or state is StepState.RUNNING


def _same(old: PlannedStep, new: PlannedStep | None) -> bool:
    if new is None:
        return False
    return (old.kind, old.do, old.resource.lower()) == (new.kind, new.do, new.resource.lower())


def _taken_back(before: Plan, after: Plan, state: RunState) -> tuple[e.Event, ...]:
    """Return the events that take back the proposals of steps that the new plan changes."""
    new = {step.id: step for step in after.steps}
    return tuple(
        e.ActionDeclined(step=step.id, reason="The plan changed after this was proposed.")
        for step in before.steps
        if state.step(step.id).state is StepState.PROPOSED and new.get(step.id) != step
    )
