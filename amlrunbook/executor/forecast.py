"""How long steps take, by the earlier journals of the same runbook: p50, p90, and when a run will be done. Pure.

Drills are kept apart from live runs: a simulated Azure answers at its own pace. Machines' time is kept apart
from people's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from amlrunbook.model.mode import Mode
from amlrunbook.planning.grammar import StepKind
from amlrunbook.planning.plan import Plan, PlannedStep
from amlrunbook.state.events import Recorded, RunOpened
from amlrunbook.state.fold import RunState
from amlrunbook.state.timing import step_times


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """One earlier run: what its journal says, and its plan."""

    entries: tuple[Recorded, ...]
    plan: Plan


@dataclass(frozen=True, slots=True)
class Percentiles:
    """What a step took before, in whole seconds."""

    p50: int
    p90: int
    runs: int
    """How many times it was done, over all instances."""


@dataclass(frozen=True, slots=True)
class Projection:
    """How much longer a run will take, as far as that is known."""

    p50_seconds: int
    p90_seconds: int
    unknown: tuple[str, ...]
    """The steps that are left and of which nothing is known."""
    budgeted: tuple[str, ...] = ()
    """The steps that are left and count with their budgets, for want of earlier runs."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the steps of one runbook took before, by the step's id in the runbook."""

    machine: Mapping[str, Percentiles] = field(default_factory=dict)
    human: Mapping[str, Percentiles] = field(default_factory=dict)

    def takes(self, planned: PlannedStep) -> str:
        """Return a step's budget and its p50 and p90 in words: ``budget 75 min · p50 38 min · p90 61 min``.

        Empty where neither is known.
        """
        parts = [f"budget {in_words(planned.budget_seconds)}"] if planned.budget_seconds else []
        known = self.machine.get(planned.base)
        if known:
            parts.append(f"p50 {in_words(known.p50)}")
            parts.append(f"p90 {in_words(known.p90)}")
        waits = self.human.get(planned.base)
        if waits and waits.p50 >= _WORTH_TELLING:
            parts.append(f"waiting for people p50 {in_words(waits.p50)}")
        return " · ".join(parts)

    def projection(self, plan: Plan, state: RunState) -> Projection:
        """Return how much longer the steps that are left will take, one after another.

        A step counts with its p50 and p90, people's time included; without earlier runs, with its budget.
        """
        p50 = p90 = 0
        unknown: list[str] = []
        budgeted: list[str] = []
        for planned in plan.steps:
            if state.step(planned.id).state.settled or planned.kind is StepKind.RUNBOOK:
                continue
            known = [x for x in (self.machine.get(planned.base), self.human.get(planned.base)) if x]
            if known:
                p50 += sum(x.p50 for x in known)
                p90 += sum(x.p90 for x in known)
            elif planned.budget_seconds:
                p50 += planned.budget_seconds
                p90 += planned.budget_seconds
                budgeted.append(planned.id)
            else:
                unknown.append(planned.id)
        return Projection(p50, p90, tuple(unknown), tuple(budgeted))


_WORTH_TELLING = 60
"""Seconds of people's time below which nobody is told."""

UNFORESEEN = Forecast()
"""What is known where there is no earlier run."""


def forecast(earlier: Iterable[EarlierRun], runbook: str, *, drill: bool) -> Forecast:
    """Return what the steps of ``runbook`` took in ``earlier`` runs: of drills, or of all others."""
    machine: dict[str, list[float]] = {}
    human: dict[str, list[float]] = {}
    for run in earlier:
        if not _fits(run, runbook, drill=drill):
            continue
        bases = {planned.id: planned.base for planned in run.plan.steps}
        for step, time in step_times(run.entries).items():
            base = bases.get(step)
            if base is None or not time.counts:
                continue
            if time.machine > 0:
                machine.setdefault(base, []).append(time.machine)
            if time.human > 0:
                human.setdefault(base, []).append(time.human)
    return Forecast(machine=_percentiles(machine), human=_percentiles(human))


def _fits(run: EarlierRun, runbook: str, *, drill: bool) -> bool:
    opened = next((x.event for x in run.entries if isinstance(x.event, RunOpened)), None)
    return (
        opened is not None
        and opened.runbook == runbook
        and (opened.mode == Mode.DRILL.value) is drill
    )


def _percentiles(seconds: dict[str, list[float]]) -> dict[str, Percentiles]:
    return {
        base: Percentiles(p50=percentile(found, 50), p90=percentile(found, 90), runs=len(found))
        for base, found in seconds.items()
    }


def percentile(values: list[float], percent: int) -> int:
    """Return the nearest-rank percentile, rounded to whole units: a value that was there, or nearly so.

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("no values have no percentile")
    rank = -(-percent * len(values) // 100)
    return round(sorted(values)[max(rank, 1) - 1])


def in_words(seconds: int) -> str:
    """Return a length of time as people say it: ``40 s``, ``38 min``, ``2 h 5 min``."""
    if seconds < 120:  # noqa: PLR2004 - up to two minutes seconds say more
        return f"{seconds} s"
    minutes = round(seconds / 60)
    hours, rest = divmod(minutes, 60)
    if hours < 2:  # noqa: PLR2004 - up to two hours minutes are compared more easily
        return f"{minutes} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"
