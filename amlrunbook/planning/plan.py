"""The plan: a runbook resolved against a profile and a snapshot. Frozen, serialisable, with a digest."""

from __future__ import annotations

import hashlib

import msgspec

from amlrunbook.errors import DocumentError
from amlrunbook.model.operation import Confirmation, Risk
from amlrunbook.model.profile import Profile
from amlrunbook.planning.command import only_looks
from amlrunbook.planning.conditions import StepCondition
from amlrunbook.planning.grammar import Choice, Phase, Retry, StepKind

PLAN_FORMAT = 1
"""The version of the file below."""


class PlannedStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a plan: everything resolved."""

    id: str
    """Unique in the plan: ``step`` or, under ``for_each``, ``step:resource-name``; ``parent/step`` in a child plan."""
    base: str
    """The id of the step in the runbook; ``parent/step`` in a child plan."""
    phase: str
    kind: StepKind
    title: str
    why: str
    explain: str = ""
    source: str = ""
    do: str = ""
    params: dict[str, str] = {}
    resource: str = ""
    """The ARM id that this instance is about."""
    variant: str = ""
    """The variant to begin with."""
    variants: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    """Ids in this plan."""
    not_applicable: str = ""
    """Why the step does not concern this pair; empty where it does. Such a step is skipped with this reason."""
    risk: Risk = Risk.READ_ONLY
    confirmation: Confirmation = Confirmation.ENTER
    budget_seconds: int = 0
    """0 means no budget."""
    parallel: int = 1
    on_timeout: str = "ask"
    on_fail: str = "ask"
    retry: Retry | None = None
    undo: str = ""
    verify: str = ""
    check: str = ""
    every_seconds: int = 0
    until: str = ""
    choices: tuple[Choice, ...] = ()
    commands: tuple[str, ...] = ()
    """The runbook's ``az`` commands, ids resolved."""
    by_hand: tuple[str, ...] = ()
    """The operation's own: what does by hand what it does, by what snapshot and profile know, and what looks at it."""
    parent: str = ""
    """The step whose child plan this one belongs to; empty in the run's own plan."""
    when: StepCondition = StepCondition()
    """What must hold of other steps; what snapshot and profile could tell is told already."""

    @property
    def lines(self) -> tuple[str, ...]:
        """All commands of the step, in the order in which a person uses them."""
        return (*self.commands, *(line for line in self.by_hand if line not in self.commands))

    def lines_by(self, variant: str) -> tuple[str, ...]:
        """Return the commands of the step as it is done by ``variant``; empty means the one that the plan begins with.

        The plan knows what changes something by that one alone. For another, only what looks is left: the unplanned
        failover's command must not stand where somebody chose the planned one.
        """
        if variant in {"", self.variant}:
            return self.lines
        return tuple(line for line in self.lines if only_looks(line))


class ChildPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Whose plan the steps under a ``runbook`` step are."""

    step: str
    """The ``runbook`` step's id."""
    runbook: str
    runbook_version: str
    runbook_digest: str
    title: str
    explain: str = ""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A runbook resolved against a profile and a snapshot."""

    format: int
    runbook: str
    runbook_version: str
    runbook_digest: str
    title: str
    explain: str
    profile: Profile
    snapshot_digest: str
    snapshot_taken: str
    snapshot_earlier: str = ""
    """When the snapshot was taken that stands in for what could not be read; empty where nothing does."""
    phases: tuple[Phase, ...]
    steps: tuple[PlannedStep, ...]
    """In order; the steps of a child plan follow the step that opens it."""
    children: tuple[ChildPlan, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of the plan's canonical JSON, in hex."""
        return hashlib.sha256(self.to_json()).hexdigest()

    def step(self, step_id: str) -> PlannedStep:
        """Return the step with this id.

        Raises:
            DocumentError: the plan has no such step.
        """
        for step in self.steps:
            if step.id == step_id:
                return step
        raise DocumentError(f"The plan has no step {step_id!r}.")

    def inside(self, step_id: str) -> frozenset[str]:
        """Return the ids of the steps in the child plan of ``step_id``, at whatever depth."""
        found = {step_id}
        for step in self.steps:
            if step.parent in found:
                found.add(step.id)
        return frozenset(found - {step_id})

    def child(self, step_id: str) -> Plan:
        """Return the plan that the ``runbook`` step ``step_id`` opens, its own children included.

        Raises:
            DocumentError: the plan has no such child.
        """
        inside = self.inside(step_id)
        for child in self.children:
            if child.step == step_id:
                return msgspec.structs.replace(
                    self,
                    runbook=child.runbook,
                    runbook_version=child.runbook_version,
                    runbook_digest=child.runbook_digest,
                    title=child.title,
                    explain=child.explain,
                    steps=tuple(step for step in self.steps if step.id in inside),
                    children=tuple(x for x in self.children if x.step in inside),
                )
        raise DocumentError(f"Step {step_id!r} opens no other runbook.")

    def to_json(self) -> bytes:
        """Return the plan as canonical JSON."""
        return msgspec.json.encode(self, order="sorted")


def plan_from_json(data: bytes) -> Plan:
    """Read a plan back.

    Raises:
        DocumentError: ``data`` is not a plan of this format.
    """
    try:
        plan = msgspec.json.decode(data, type=Plan)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DocumentError(f"The run's plan cannot be read: {error}.") from error
    if plan.format != PLAN_FORMAT:
        raise DocumentError(
            f"The run's plan has format {plan.format}; this program reads {PLAN_FORMAT}.",
            next_step="Use the release of amlrunbook that wrote it.",
        )
    return plan
