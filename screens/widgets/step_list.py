"""The list of steps: phases, and under each its steps with a glyph and a word."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len

from amlrunbook.model.display import shown
from amlrunbook.planning.plan import Plan, PlannedStep
from amlrunbook.state.fold import RunState
from amlrunbook.state.transitions import StepState
from screens.marks import Mark
from screens.step_marks import NEXT, STEP_MARKS, WAITING
from screens.widgets.lines import Line, Span, fitted
from screens.widgets.tones import Tone

_QUIET = frozenset({StepState.PENDING, StepState.READY})
"""States in which nothing has happened yet: their word is left out."""


@dataclass(frozen=True, slots=True)
class _Entry:
    step: PlannedStep | None
    heading: str = ""


class StepRows:
    """The steps of a plan in its order, each phase under its heading."""

    def __init__(self, plan: Plan, state: RunState, focus: str) -> None:
        self._state = state
        self._focus = focus
        entries: list[_Entry] = []
        for number, phase in enumerate(plan.phases, start=1):
            steps = [step for step in plan.steps if step.phase == phase.id]
            if steps:
                entries.append(_Entry(None, f" {number} {phase.title}"))
                entries.extend(_Entry(step) for step in steps)
        self._entries = entries
        self._depth: dict[str, int] = {}
        for step in plan.steps:
            self._depth[step.id] = self._depth.get(step.parent, -1) + 1 if step.parent else 0

    def __len__(self) -> int:
        return len(self._entries)

    def key(self, index: int) -> str:
        """Return the step's id; nothing for a heading."""
        step = self._entries[index].step
        return step.id if step is not None else ""

    def line(self, index: int, width: int) -> Line:
        """Return the step with its glyph, title and word; a pending step's word is left out."""
        entry = self._entries[index]
        if entry.step is None:
            return (Span(fitted(shown(entry.heading), width), Tone.STRONG),)
        mark = self._mark(entry.step)
        state = self._state.step(entry.step.id).state
        record = self._state.step(entry.step.id)
        word = "" if state in _QUIET and mark is not NEXT else mark.word
        word = f"{word}, late" if record.timed_out and not state.settled else word
        inner = "  " * self._depth[entry.step.id]
        tail = f" {word}" if word else ""
        room = width - 3 - cell_len(inner) - cell_len(tail)
        title_tone = Tone.DIM if state in _QUIET and mark is not NEXT else Tone.PLAIN
        return (
            Span(f" {inner}{mark.glyph} ", mark.tone),
            Span(fitted(shown(entry.step.title), room), title_tone),
            Span(tail, mark.tone),
        )

    def _mark(self, step: PlannedStep) -> Mark:
        record = self._state.step(step.id)
        if step.id == self._focus and record.state in _QUIET:
            return NEXT
        if record.state is StepState.BLOCKED and self._only_waits(step):
            return WAITING
        return STEP_MARKS[record.state]

    def _only_waits(self, step: PlannedStep) -> bool:
        needs = [self._state.step(need).state for need in step.needs]
        return all(state.satisfied or not state.settled for state in needs)
