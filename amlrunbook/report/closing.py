"""What a run came to: what was moved, what was not, what is in doubt, and what to do next. Pure: plan and state in, record out.

The JSON form is an interface: keys are added, never renamed, and ``schema`` says which form it is.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from amlrunbook.model.mode import Mode
from amlrunbook.model.profile import duration_seconds
from amlrunbook.planning.grammar import StepKind
from amlrunbook.planning.plan import Plan, PlannedStep
from amlrunbook.state.events import DrillScore, SkippedBy
from amlrunbook.state.fold import RunState, StepRecord
from amlrunbook.state.transitions import StepState

CLOSING_SCHEMA = 1
"""The version of the JSON form."""
_DONE = frozenset({StepState.VERIFIED, StepState.DONE_OUTSIDE})
_TROUBLE = frozenset({StepState.FAILED, StepState.UNKNOWN, StepState.WARNED})


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One step, and what is to be said of it."""

    step: str
    title: str
    text: str = ""


class ClosingReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a run came to."""

    title: str
    profile: str
    source: str
    target: str
    mode: str
    scenario: str
    operator: str
    inventory: str
    """When the inventory was taken that the plan was made by."""
    opened: str
    declared: str
    """When the incident was declared; empty where none was."""
    green: str
    """When the probes stopped the clock; empty where they did not."""
    closed: str
    outcome: str
    """Empty while the run is open."""
    counts: str
    served_after_seconds: int | None
    """From the declaration to green probes; ``None`` where they did not stop the clock."""
    target_seconds: int
    people_seconds: int
    machine_seconds: int
    decided: tuple[Item, ...]
    moved: tuple[Item, ...]
    not_moved: tuple[Item, ...]
    in_doubt: tuple[Item, ...]
    lost: tuple[Item, ...]
    noticed: tuple[Item, ...]
    """Checks that did not simply pass."""
    probes: tuple[str, ...]
    next: tuple[str, ...]
    """What to do next, in order."""
    score: tuple[str, ...] = ()
    """In a drill that was judged: the points, the goals, the parts of the score."""


def closing_report(plan: Plan, state: RunState) -> ClosingReport:
    """Return what the run came to, or has come to so far."""
    source, target = plan.profile.regions
    served = _seconds(state.clock.declared, state.clock.stopped)
    found = ClosingReport(
        title=plan.title,
        profile=plan.profile.name,
        source=str(source),
        target=str(target or ""),
        mode=state.mode,
        scenario=state.opened.scenario if state.opened else "",
        operator=state.operator,
        inventory=plan.snapshot_taken,
        opened=state.opened_at,
        declared=state.clock.declared,
        green=state.clock.stopped,
        closed=state.last_t if state.closed else "",
        outcome=state.closed.outcome.value if state.closed else "",
        counts=state.closed.text if state.closed else "",
        served_after_seconds=served,
        target_seconds=state.clock.target_seconds or duration_seconds(plan.profile.targets.rto),
        people_seconds=state.human_ms // 1000,
        machine_seconds=state.machine_ms // 1000,
        decided=_decided(plan, state),
        moved=_moved(plan, state),
        not_moved=_not_moved(plan, state),
        in_doubt=_in_doubt(plan, state),
        lost=_lost(plan, state),
        noticed=_noticed(plan, state),
        probes=_probes(plan, state),
        next=(),
        score=_score(state.drill_score),
    )
    return msgspec.structs.replace(found, next=_next(found, plan, state))


def _score(score: DrillScore | None) -> tuple[str, ...]:
    if score is None:
        return ()
    return (
        f"{score.points} of {score.out_of}. {score.text}",
        *score.goals,
        *(f"{part.name}: {part.points} of {part.out_of}, {part.text}" for part in score.parts),
        *((score.compared,) if score.compared else ()),
    )


def _seconds(start: str, end: str) -> int | None:
    try:
        return int((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds())
    except (ValueError, TypeError):
        return None


def _changes(planned: PlannedStep) -> bool:
    """Return whether a step moves something; a dialog of this program only tells people."""
    by_hand = planned.kind is StepKind.MANUAL and not planned.do
    return planned.kind is StepKind.ACTION or by_hand


def _item(planned: PlannedStep, text: str) -> Item:
    return Item(step=planned.id, title=planned.title, text=text)


def _decided(plan: Plan, state: RunState) -> tuple[Item, ...]:
    found = []
    for planned in plan.steps:
        decision = state.step(planned.id).decision
        if decision is not None:
            why = f" ({decision.reason})" if decision.reason else ""
            found.append(_item(planned, f"{decision.text}{why}"))
    return tuple(found)


def _moved(plan: Plan, state: RunState) -> tuple[Item, ...]:
    found = []
    for planned in plan.steps:
        record = state.step(planned.id)
        if _changes(planned) and record.state in _DONE:
            outside = record.state is StepState.DONE_OUTSIDE
            found.append(_item(planned, f"outside: {record.text}" if outside else record.text))
    return tuple(found)


def _not_moved(plan: Plan, state: RunState) -> tuple[Item, ...]:
    return tuple(
        _item(planned, _why_not(state.step(planned.id)))
        for planned in plan.steps
        if _changes(planned)
        and not planned.not_applicable
        and state.step(planned.id).state not in {*_DONE, StepState.IN_DOUBT}
        and not state.is_not_missed(planned.id)
    )


def _why_not(record: StepRecord) -> str:
    word = record.state.value
    text = record.why_blocked if record.state is StepState.BLOCKED else record.text
    return f"{word}: {text}" if text else word


def _in_doubt(plan: Plan, state: RunState) -> tuple[Item, ...]:
    titles = {planned.id: planned for planned in plan.steps}
    return tuple(
        _item(titles[record.step], record.doubt.why if record.doubt else "no answer came")
        for record in state.in_flight
        if record.step in titles
    )


def _lost(plan: Plan, state: RunState) -> tuple[Item, ...]:
    found = []
    for planned in plan.steps:
        record = state.step(planned.id)
        happened = record.intent is not None and record.state is not StepState.READY
        if happened and record.proposal is not None and record.proposal.loses:
            perhaps = "" if record.state is StepState.VERIFIED else "perhaps: "
            found.append(_item(planned, f"{perhaps}{record.proposal.loses}"))
    return tuple(found)


def _noticed(plan: Plan, state: RunState) -> tuple[Item, ...]:
    checks = {StepKind.CHECK, StepKind.WAIT}
    return tuple(
        _item(planned, f"{state.step(planned.id).state.value}: {state.step(planned.id).text}")
        for planned in plan.steps
        if planned.kind in checks and state.step(planned.id).state in _TROUBLE
    )


def _probes(plan: Plan, state: RunState) -> tuple[str, ...]:
    words = {True: "green", False: "red", None: "not asked"}
    return tuple(
        f"{probe.name}: {words[state.probes.get(probe.name)]}"
        + (f" ({said})" if (said := state.probe_words.get(probe.name)) else "")
        for probe in plan.profile.probes
    )


def _next(found: ClosingReport, plan: Plan, state: RunState) -> tuple[str, ...]:
    """Return what to do next: what is unclear first, then callers, then what is left, then the way home."""
    steps = [f"Find out whether it happened: {item.title}." for item in found.in_doubt]
    if found.declared and not found.green:
        steps.append("Callers are not served yet: ask the probes, and look where callers go.")
    steps += [
        f"Not done: {item.title}." for item in found.not_moved if not _by_operator(state, item)
    ]
    if found.moved:
        steps += [f"Way back of {title}: {undo}" for title, undo in _undos(plan, state)]
        steps.append(
            "Look at what was written meanwhile before anything goes home; it is a plan of its own."
        )
    else:
        steps.append("Nothing was moved: nothing has to be undone.")
        steps += [f"Not mended by this run: {said}, as noticed above." for said in _amiss(found)]
    if found.declared:
        steps.append("Tell the channel that it is over, and who looks after what is left.")
    if found.mode == Mode.DRILL.value:
        steps.append("It was a drill: practise again what made you hesitate.")
    return tuple(steps)


def _amiss(found: ClosingReport) -> tuple[str, ...]:
    """Return which checks found something amiss: a run that moved nothing has mended nothing either."""
    bad = (StepState.FAILED.value, StepState.WARNED.value)
    words = ((item.title, item.text.partition(":")[0]) for item in found.noticed)
    return tuple(f"{title} ({word})" for title, word in words if word in bad)


def _by_operator(state: RunState, item: Item) -> bool:
    return state.step(item.step).skipped_by is SkippedBy.OPERATOR


def _undos(plan: Plan, state: RunState) -> tuple[tuple[str, str], ...]:
    """Return the ways back of what was moved, each once."""
    found: dict[str, tuple[str, str]] = {}
    for planned in plan.steps:
        record = state.step(planned.id)
        if not _changes(planned) or record.state not in _DONE:
            continue
        proposed = record.proposal.undo if record.proposal is not None else ""
        undo = " ".join((proposed or planned.undo).split())
        if undo:
            found.setdefault(undo, (planned.title, undo))
    return tuple(found.values())
