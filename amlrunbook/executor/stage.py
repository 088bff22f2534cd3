"""What a run stands on while it lives: plan, snapshot, operations, mode, journal and time."""

from __future__ import annotations

from dataclasses import dataclass

from amlrunbook.errors import RefusedError
from amlrunbook.executor.pace import Pace
from amlrunbook.executor.people import NOBODY, People
from amlrunbook.executor.readiness import consequences
from amlrunbook.executor.recording import Record
from amlrunbook.model.mode import Mode
from amlrunbook.model.operation import Action, Check, OperationContext, Registry
from amlrunbook.model.redaction import masked_text
from amlrunbook.model.snapshot import Snapshot
from amlrunbook.planning.plan import Plan, PlannedStep
from amlrunbook.state.events import Event
from amlrunbook.state.fold import RunState

LONGEST_TEXT = 4_000
"""Characters of one text in an event; longer ones are cut, with a word that says so."""
LONGEST_LIST = 20
"""Items of one list in an event."""
LONGEST_ITEM = 600
"""Characters of one item of such a list."""


def said(text: str, longest: int = LONGEST_TEXT) -> str:
    """Return a text that came from outside as an event may hold it: no secret, no more than fits.

    Halves of characters, which no journal can hold, become question marks.
    """
    clean = masked_text(text.encode("utf-8", "replace").decode("utf-8"))
    if len(clean) <= longest:
        return clean
    return f"{clean[:longest]}… ({len(clean) - longest} more characters)"


def listed(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return a list of texts as an event may hold it; the whole of a long one is in the evidence."""
    kept = tuple(said(text, LONGEST_ITEM) for text in texts[:LONGEST_LIST])
    more = len(texts) - len(kept)
    return (*kept, f"… and {more} more") if more else kept


@dataclass(frozen=True, slots=True)
class Stage:
    """What a run stands on."""

    plan: Plan
    snapshot: Snapshot
    registry: Registry
    mode: Mode
    operator: str
    record: Record
    pace: Pace
    people: People = NOBODY

    @property
    def state(self) -> RunState:
        """The state after the last durable entry."""
        return self.record.state

    def conclude(self, *events: Event) -> RunState:
        """Make ``events``, and what follows from them for other steps, durable in one group.

        Raises:
            JournalError: the journal cannot be written.
        """
        with self.record.held():
            following = consequences(self.plan, self.record.foresee(events))
            group = (*events, *following)
            return self.record.append(*group) if group else self.state

    def context(self, planned: PlannedStep) -> OperationContext:
        """Return what an operation may know of a step."""
        return OperationContext(
            profile=self.plan.profile,
            snapshot=self.snapshot,
            step=planned.id,
            resource=planned.resource,
            params=planned.params,
            variant=self.state.step(planned.id).variant or planned.variant,
        )

    def check(self, name: str) -> Check:
        """Return the check with this id.

        Raises:
            RefusedError: this program has no such check.
        """
        operation = self.registry.get(name)
        if isinstance(operation, Check):
            return operation
        raise _unknown_operation(name, "check")

    def action(self, name: str) -> Action:
        """Return the action with this id.

        Raises:
            RefusedError: this program has no such action.
        """
        operation = self.registry.get(name)
        if isinstance(operation, Action):
            return operation
        raise _unknown_operation(name, "action")


def _unknown_operation(name: str, kind: str) -> RefusedError:
    return RefusedError(
        f"This program has no {kind} {name!r}.",
        state="Nothing was done.",
        next_step="Do the step outside this program, or use the release that wrote the plan.",
    )
