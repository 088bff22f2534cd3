"""One page: what is moved, what is not, what is in doubt, and the next safe act. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from amlrunbook.executor.clock import ClockView, clock_view, span, update_timer
from amlrunbook.executor.conditions import called_for
from amlrunbook.executor.forecast import UNFORESEEN, Forecast
from amlrunbook.executor.readiness import focus
from amlrunbook.model.operation import Risk
from amlrunbook.planning.conditions import StepWord
from amlrunbook.planning.grammar import StepKind
from amlrunbook.planning.plan import Plan, PlannedStep
from amlrunbook.state.fold import RunState, StepRecord
from amlrunbook.state.transitions import StepState

LABELS = (
    "MOVED",
    "NOT MOVED",
    "IN DOUBT",
    "LOST",
    "WAITING",
    "NEXT SAFE",
    "PEOPLE",
    "PROBES",
)
"""The rows, in the order in which they always stand."""
NOTHING = "–"  # noqa: RUF001 - the dash of the screens
"""Stands where a row has nothing to say."""
_CHANGES = frozenset({StepKind.ACTION, StepKind.MANUAL})
_DONE = frozenset({StepState.VERIFIED, StepState.DONE_OUTSIDE})
_AT_WORK = frozenset({StepState.RUNNING, StepState.CONFIRMED, StepState.SENT, StepState.ACCEPTED})


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its word, and what is to be said, the most telling first."""

    label: str
    items: tuple[str, ...]

    @property
    def text(self) -> str:
        """The items as one line."""
        return " · ".join(self.items) if self.items else NOTHING


@dataclass(frozen=True, slots=True)
class OnePage:
    """The page."""

    rows: tuple[Row, ...]
    clock: ClockView

    def row(self, label: str) -> Row:
        """Return the row with that word."""
        return next(row for row in self.rows if row.label == label)

    @property
    def lines(self) -> tuple[str, ...]:
        """The page as plain lines."""
        view = self.clock
        word = "stopped at" if view.stopped else "at"
        late = "  LATE" if view.late else ""
        begun = "CLOCK" if view.declared else "RUN"
        least = "at least " if view.unforeseen else ""
        ends = f", ends after {least}{span(view.projected)}" if view.projected is not None else ""
        if view.projected is not None and view.by_budgets:
            ends = f", its budgets run to {span(view.projected)}"
        head = f"{begun} {word} {span(view.elapsed)} of {span(view.target)}{ends}{late}"
        width = max(map(len, LABELS)) + 1
        return (head, *(f"{row.label:<{width}}{row.text}" for row in self.rows))


def one_page(
    plan: Plan, state: RunState, now: datetime, forecast: Forecast = UNFORESEEN
) -> OnePage:
    """Return the page as things stand at ``now``."""
    view = clock_view(plan, state, now, forecast)
    return OnePage(
        rows=(
            Row("MOVED", moved(plan, state)),
            Row("NOT MOVED", not_moved(plan, state)),
            Row("IN DOUBT", tuple(_doubted(plan, record) for record in state.in_doubt)),
            Row("LOST", lost(plan, state)),
            Row("WAITING", waiting(plan, state)),
            Row("NEXT SAFE", (next_safe(plan, state),)),
            Row("PEOPLE", _people(plan, state, now, view)),
            Row("PROBES", _probes(plan, state)),
        ),
        clock=view,
    )


def moved(plan: Plan, state: RunState) -> tuple[str, ...]:
    """Return what was changed and is proven, or was done outside."""
    return tuple(
        planned.title + (" (outside)" if state.step(planned.id).state.value != "verified" else "")
        for planned in plan.steps
        if _changes(planned) and state.step(planned.id).state in _DONE
    )


def not_moved(plan: Plan, state: RunState) -> tuple[str, ...]:
    """Return what is to be changed and is not, with its state where that says more than 'not yet'."""
    return tuple(
        _standing(planned, state.step(planned.id))
        for planned in plan.steps
        if _changes(planned)
        and not planned.not_applicable
        and not _perhaps_never(planned, state)
        and state.step(planned.id).state not in _DONE | {StepState.IN_DOUBT, StepState.PASSED}
        and not state.is_not_missed(planned.id)
    )


_BRANCHES = frozenset({StepWord.FAILED, StepWord.WARNED, StepWord.CHOSE})
"""What a step asks that is there for one way things may go, and not for the straight one."""


def _perhaps_never(planned: PlannedStep, state: RunState) -> bool:
    """Return whether a step is only called for where something fails or is chosen that is still open."""
    when = planned.when
    either = bool(when.any) and all(asked.word in _BRANCHES for asked in when.any)
    branching = either or any(asked.word in _BRANCHES for asked in when.all)
    return branching and called_for(planned.when, state).answer is None


def _changes(planned: PlannedStep) -> bool:
    """Return whether a step moves something; a dialog only tells people."""
    return planned.kind in _CHANGES and not (planned.kind is StepKind.MANUAL and planned.do)


def _standing(planned: PlannedStep, record: StepRecord) -> str:
    if record.state in {StepState.PENDING, StepState.READY, StepState.BLOCKED}:
        return planned.title
    return f"{planned.title} ({record.state.value})"


def _doubted(plan: Plan, record: StepRecord) -> str:
    title = plan.step(record.step).title
    ruled = f", ruled {record.doubt.ruling.value}" if record.doubt and record.doubt.ruling else ""
    return f"{title}{ruled}"


def lost(plan: Plan, state: RunState) -> tuple[str, ...]:
    """Return what was named as lost by the actions that happened, or may have."""
    words = []
    for planned in plan.steps:
        record = state.step(planned.id)
        sent = record.intent is not None and record.state is not StepState.READY
        if record.proposal is None or not record.proposal.loses or not sent:
            continue
        perhaps = "" if record.state is StepState.VERIFIED else "perhaps "
        whose = planned.resource.rstrip("/").rsplit("/", 1)[-1] or planned.title
        words.append(f"{perhaps}{whose}: {record.proposal.loses}")
    return tuple(words)


def waiting(plan: Plan, state: RunState) -> tuple[str, ...]:
    """Return whom the run waits for: Azure, a second person, or whoever sits there."""
    words = []
    for planned in plan.steps:
        record = state.step(planned.id)
        if record.state in _AT_WORK and planned.kind is not StepKind.RUNBOOK:
            words.append(f"on Azure: {planned.title}" + (f", {record.text}" if record.text else ""))
        elif record.asked is not None and record.state is StepState.PROPOSED:
            count = f"{len(record.approvals)} of {record.asked.needed}"
            words.append(
                f"on approval: {planned.title}, {count}, until {record.asked.expires[11:16]} UTC"
            )
        elif record.state is StepState.PROPOSED:
            words.append(f"on you: confirm {planned.title}")
    if state.handed_over is not None:
        words.append(f"on {state.handed_over.principal} to accept the hand-over")
    if state.paused:
        words.append("paused")
    return tuple(words)


def next_safe(plan: Plan, state: RunState) -> str:
    """Return the next act that makes nothing worse."""
    if state.closed is not None:
        return "nothing: the run is closed"
    if state.handed_over is not None:
        return f"wait for {state.handed_over.principal}"
    doubt = next(iter(state.in_doubt), None)
    if doubt is not None:
        return f"look again at {plan.step(doubt.step).title}; do not start it again"
    name = focus(plan, state)
    if not name:
        return "close the run" if _quiet(state) else "ask the probes"
    planned, record = plan.step(name), state.step(name)
    return _next_of(planned, record)


def _quiet(state: RunState) -> bool:
    return not state.clock.declared or bool(state.clock.stopped)


def _next_of(planned: PlannedStep, record: StepRecord) -> str:
    match record.state:
        case StepState.RUNNING | StepState.CONFIRMED | StepState.SENT | StepState.ACCEPTED:
            return f"wait for {planned.title}"
        case StepState.PROPOSED:
            risk = record.proposal.risk if record.proposal else Risk.READ_ONLY
            return f"read what {planned.title} would do ({risk.value}), then confirm or go back"
        case StepState.BLOCKED | StepState.PENDING:
            return f"{planned.title} is blocked: {record.why_blocked}"
        case _:
            verb = {
                StepKind.ACTION: "look at what it would do: ",
                StepKind.DECISION: "decide: ",
                StepKind.MANUAL: "do by hand: ",
            }.get(planned.kind, "")
            return f"{verb}{planned.title}"


def _people(plan: Plan, state: RunState, now: datetime, view: ClockView) -> tuple[str, ...]:
    words = [f"operator {state.operator}"]
    timer = update_timer(state, now)
    if timer.due:
        late = "overdue by" if timer.seconds_left < 0 else "due in"
        words.insert(0, f"next update {late} {span(abs(timer.seconds_left))}")
    approvers = len(plan.profile.approvers)
    if approvers:
        words.append(f"{approvers} approver{'' if approvers == 1 else 's'}")
    if state.broken_glass:
        words.append(f"GLASS BROKEN {state.broken_glass} times")
    words.append(f"waited on people {span(view.human_elapsed)}")
    return tuple(words)


def _probes(plan: Plan, state: RunState) -> tuple[str, ...]:
    return tuple(
        f"{_SIGN[state.probes.get(probe.name)]} {probe.name} {state.probe_words.get(probe.name, 'not asked yet')}"
        for probe in plan.profile.probes
    )


_SIGN = {True: "✓ green", False: "✗ red", None: "? unknown"}
