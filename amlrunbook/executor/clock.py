"""The incident's clock: declared by a person, stopped by green probes, never by the last step's end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from amlrunbook.errors import RefusedError
from amlrunbook.executor.commands import DeclareIncident
from amlrunbook.executor.forecast import UNFORESEEN, Forecast
from amlrunbook.executor.people import Seen
from amlrunbook.executor.stage import Stage, said
from amlrunbook.model.profile import Profile, duration_seconds
from amlrunbook.planning.grammar import Dialog, StepKind
from amlrunbook.planning.plan import Plan, PlannedStep
from amlrunbook.state import events as e
from amlrunbook.state.fold import RunState
from amlrunbook.state.transitions import StepState


@dataclass(frozen=True, slots=True)
class ClockView:
    """The clock as it is shown at one moment. All durations are seconds."""

    declared: bool
    severity: str
    elapsed: int
    target: int
    left: int
    """Of the target; negative once it is missed."""
    stopped: bool
    human: int
    """Of the whole run: nothing ran, people thought, talked or slept."""
    machine: int
    """Of the whole run: a step ran, or an action was under way."""
    projected: int | None
    """Elapsed time at the end, as forecast; ``None`` where nobody can say."""
    projected_at: str
    """The same as a moment, RFC 3339; empty where nobody can say."""
    unforeseen: int
    """Steps that are left and of which nothing is known: with any, the projection is the least it will take."""
    human_before: int = 0
    """Of the human time, what had passed when the incident was declared."""
    machine_before: int = 0
    """The same of the machine time."""
    by_budgets: bool = False
    """Whether the projection rests on budgets, which say how long a step may take, not how long it does."""

    @property
    def human_elapsed(self) -> int:
        """The human part of the elapsed time: beside it, more than has elapsed would be a riddle."""
        return max(0, self.human - self.human_before)

    @property
    def machine_elapsed(self) -> int:
        """The machine part of the elapsed time."""
        return max(0, self.machine - self.machine_before)

    @property
    def late(self) -> bool:
        """Whether the target is missed, or will be by what steps took before; budgets alone say nothing of that."""
        over = self.projected is not None and self.projected > self.target and not self.by_budgets
        return self.declared and self.target > 0 and (self.left < 0 or over)


def target_seconds(profile: Profile) -> int:
    """Return the time that the team promised to be back in."""
    return duration_seconds(profile.targets.rto)


def clock_view(
    plan: Plan, state: RunState, now: datetime, forecast: Forecast = UNFORESEEN
) -> ClockView:
    """Return the clock at ``now``; before an incident is declared it counts from the run's opening."""
    clock = state.clock
    begun = clock.declared or state.opened_at
    end = _moment(clock.stopped) or _moment(state.last_t if state.closed else "") or now
    start = _moment(begun) or end
    elapsed = max(0, int((end - start).total_seconds()))
    target = clock.target_seconds or target_seconds(plan.profile)
    going = not clock.stopped and state.closed is None
    ahead = forecast.projection(plan, state)
    rest = ahead.p50_seconds if going and ahead.p50_seconds else None
    since_last = _since_last(state, now) if going else 0
    busy = state.busy_steps > 0
    return ClockView(
        declared=bool(clock.declared),
        severity=clock.severity,
        elapsed=elapsed,
        target=target,
        left=target - elapsed,
        stopped=bool(clock.stopped),
        human=state.human_ms // 1000 + (0 if busy else since_last),
        machine=state.machine_ms // 1000 + (since_last if busy else 0),
        projected=elapsed + rest if rest is not None else None,
        projected_at=_text(now + timedelta(seconds=rest)) if rest is not None else "",
        human_before=clock.human_ms_before // 1000,
        machine_before=clock.machine_ms_before // 1000,
        unforeseen=len(ahead.unknown) if going else 0,
        by_budgets=going and bool(ahead.budgeted),
    )


def _since_last(state: RunState, now: datetime) -> int:
    last = _moment(state.last_t)
    return max(0, int((now - last).total_seconds())) if last is not None else 0


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def span(seconds: int) -> str:
    """Return a duration as ``hh:mm:ss``, with a sign where it is negative."""
    minutes, rest = divmod(abs(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{'-' if seconds < 0 else ''}{hours:02}:{minutes:02}:{rest:02}"


DEFAULT_UPDATE_MINUTES = 30
"""How long after one word to the incident channel the next is due."""


@dataclass(frozen=True, slots=True)
class UpdateTimer:
    """When the incident channel wants the next word."""

    due: str
    """RFC 3339 UTC; empty where no incident is declared."""
    seconds_left: int
    """Negative once it is overdue."""


def update_timer(state: RunState, now: datetime) -> UpdateTimer:
    """Return when the next word is due: counted from the last one, or from the declaration."""
    since = state.told_at or state.clock.declared
    if not since or state.clock.stopped:
        return UpdateTimer("", 0)
    seconds = state.next_update_seconds or DEFAULT_UPDATE_MINUTES * 60
    due = datetime.fromisoformat(since) + timedelta(seconds=seconds)
    text = due.isoformat(timespec="seconds").replace("+00:00", "Z")
    return UpdateTimer(text, int((due - now).total_seconds()))


def declare(stage: Stage, command: DeclareIncident) -> None:
    """Start the clock, and look at the probes at once where there are any.

    Raises:
        JournalError: the journal cannot be written.
    """
    stage.record.append(
        e.ClockDeclared(
            severity=said(command.severity.strip()),
            target_seconds=target_seconds(stage.plan.profile),
            text=said(command.text),
        )
    )
    if stage.people.probing is not None and stage.plan.profile.probes:
        probe(stage)


def settle_dialogs(stage: Stage) -> None:
    """Have the manual steps pass that ask for what the run has now: the declaration, the word to the channel.

    Raises:
        JournalError: the journal cannot be written.
    """
    events: list[e.Event] = []
    for planned in stage.plan.steps:
        said_so = _dialog_words(planned, stage.state)
        if said_so and stage.state.step(planned.id).state is StepState.READY:
            events += [
                e.StepStarted(step=planned.id),
                e.StepPassed(step=planned.id, text=said(said_so)),
            ]
    if events:
        stage.conclude(*events)
        settle_dialogs(stage)  # one may have waited for the other


def _dialog_words(planned: PlannedStep, state: RunState) -> str:
    """Return what the run says of a step's dialog; empty where it was not used, or the step has none."""
    if planned.kind is not StepKind.MANUAL:
        return ""
    match planned.do:
        case Dialog.DECLARE.value if state.clock.declared:
            return f"Declared {state.clock.severity} at {state.clock.declared}."
        case Dialog.TELL.value if state.told_at:
            return f"Told at {state.told_at}."
        case _:
            return ""


def probe(stage: Stage) -> tuple[Seen, ...]:
    """Ask the probes, journal what changed, and stop the clock once all of them are green.

    Raises:
        RefusedError: there is nothing to ask, or nothing that can ask.
        JournalError: the journal cannot be written.
    """
    probes = stage.plan.profile.probes
    if not probes or stage.people.probing is None:
        raise RefusedError(
            f"The profile {stage.plan.profile.name!r} has no probes."
            if not probes
            else "This run has nothing to ask probes with.",
            state="Nothing was asked; the clock goes on.",
            next_step="Add probes to the profile: the clock stops when all of them are green.",
        )
    seen = stage.people.probing.ask(probes)
    events = [event for each in seen for event in _changed(stage.state, each)]
    if _stops(stage.state, seen):
        events.append(e.ClockStopped(text=f"All {len(seen)} probes are green."))
    if events:
        stage.record.append(*events)
    return seen


def _changed(state: RunState, seen: Seen) -> tuple[e.Event, ...]:
    if state.probes.get(seen.probe) is seen.green:
        return ()
    kind = e.ProbeGreen if seen.green else e.ProbeRed
    return (kind(probe=seen.probe, text=said(seen.text)),)


def _stops(state: RunState, seen: tuple[Seen, ...]) -> bool:
    running = bool(state.clock.declared) and not state.clock.stopped
    return running and all(each.green for each in seen)


def probe_after_change(stage: Stage, before: RunState) -> None:
    """Look at the probes where an action was verified, or a wait passed, since ``before`` and the clock runs."""
    running = stage.state.clock.declared and not stage.state.clock.stopped
    if not running or stage.people.probing is None or not stage.plan.profile.probes:
        return
    if _moved(stage.plan, stage.state) > _moved(stage.plan, before):
        probe(stage)


_MOVED = frozenset({StepState.VERIFIED, StepState.DONE_OUTSIDE})


def _moved(plan: Plan, state: RunState) -> int:
    """Return how many actions are verified, how many steps were done outside, and how many waits are over."""
    passed = sum(
        state.step(planned.id).state is StepState.PASSED
        for planned in plan.steps
        if planned.kind is StepKind.WAIT
    )
    return passed + sum(record.state in _MOVED for record in state.steps.values())
