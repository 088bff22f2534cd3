"""A step's budget: whether it is used up, and what is journaled of it once."""

from __future__ import annotations

from amlrunbook.executor.branching import branch
from amlrunbook.executor.stage import Stage
from amlrunbook.planning.grammar import StepKind
from amlrunbook.planning.plan import PlannedStep
from amlrunbook.state import events as e


class Budget:
    """The budget of one attempt at a step, from the moment this is made."""

    def __init__(self, stage: Stage, planned: PlannedStep) -> None:
        self._stage = stage
        self._planned = planned
        self._began = stage.pace.monotonic()
        self._told = False

    @property
    def took(self) -> float:
        """Seconds since it began."""
        return self._stage.pace.monotonic() - self._began

    @property
    def over(self) -> bool:
        """Whether there is a budget, and it is used up."""
        return bool(self._planned.budget_seconds) and self.took > self._planned.budget_seconds

    def word(self) -> tuple[e.Event, ...]:
        """Return the word that the budget is used up, the first time that it is; else nothing."""
        if self._told or not self.over:
            return ()
        self._told = True
        seconds = self._planned.budget_seconds
        text = f"It took {self.took:.0f} s; its budget is {seconds} s."
        if self._planned.kind is StepKind.ACTION:
            text = (
                f"It is under way for {self.took:.0f} s; its budget is {seconds} s. "
                "Late is not failed: it is followed to its end."
            )
        return (e.StepTimedOut(step=self._planned.id, text=text, budget_seconds=seconds),)

    def look(self) -> None:
        """Journal that an action ran over its budget, and go where ``on_timeout`` leads; once.

        Raises:
            JournalError: the journal cannot be written.
        """
        with self._stage.record.held():
            word = self.word()
            if word:
                self._stage.conclude(*word, *self.branch())

    def branch(self) -> tuple[e.Event, ...]:
        """Return what ``on_timeout`` asks for: the skips on the way to its step."""
        planned = self._planned
        reason = f"{planned.id} ran over its budget"
        return branch(self._stage.plan, self._stage.state, planned, planned.on_timeout, reason)
