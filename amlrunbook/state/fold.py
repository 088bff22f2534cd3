"""The one fold: events in, the state of the run out. Pure.

Resume, replay, reports, plain output and screens all read :func:`fold`'s result, so what a screen
shows is what the journal says. The fold never refuses: an event that may not happen where it stands is
kept in :attr:`RunState.anomalies` and changes nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from amlrunbook.errors import ExitCode, worst_exit
from amlrunbook.model.finding import Finding, Verdict
from amlrunbook.model.operation import Effects
from amlrunbook.state import events as e
from amlrunbook.state.transitions import StepState, next_state


class _State(msgspec.Struct, frozen=True, kw_only=True):
    """A frozen part of the run's state."""


class Doubt(_State, frozen=True, kw_only=True):
    """What is known of an action in doubt."""

    why: str
    reached: bool
    evidence_for: tuple[str, ...] = ()
    evidence_against: tuple[str, ...] = ()
    evidence_neither: tuple[str, ...] = ()
    ruling: e.Ruling | None = None
    reason: str = ""


class Tried(_State, frozen=True, kw_only=True):
    """A confirmed attempt that failed: it may have had its effects all the same, or some of them."""

    effects: Effects
    at: str
    """When it was confirmed, RFC 3339."""


class StepRecord(_State, frozen=True, kw_only=True):
    """All that happened to one step."""

    step: str
    state: StepState = StepState.PENDING
    text: str = ""
    """The latest sentence on it: progress, result, reason."""
    attempts: int = 0
    since: str = ""
    """When it came into its state, RFC 3339."""
    started: str = ""
    ended: str = ""
    why_blocked: str = ""
    overruled: tuple[str, ...] = ()
    """The needs that were overruled."""
    skipped_by: e.SkippedBy | None = None
    """Who or what left it out, the last time that it was left out."""
    observed: str = ""
    """What this program saw of a step that was done outside."""
    opens: str = ""
    """The runbook whose steps are done under this one; such a step runs without doing anything itself."""
    timed_out: bool = False
    """Whether its latest attempt ran over its budget."""
    variant: str = ""
    done: int = 0
    total: int = 0
    findings: tuple[Finding, ...] = ()
    """Of the latest attempt."""
    decision: e.DecisionMade | None = None
    proposal: e.ActionProposed | None = None
    intent: e.ActionConfirmed | None = None
    acted: str = ""
    """When its latest intent was confirmed, RFC 3339: what it did it did then, whenever that was found out."""
    tried: tuple[Tried, ...] = ()
    """Attempts that failed, until one is verified."""
    accepted: e.ActionAccepted | None = None
    result: e.ActionResulted | None = None
    doubt: Doubt | None = None
    approvals: tuple[e.ApprovalGranted, ...] = ()
    """Of the present proposal."""
    asked: e.ApprovalAsked | None = None
    """The approval that is asked for; none where none is, or where it expired."""
    approval_word: str = ""
    """What was last said of an approval that did not come: declined, refused, expired, and why."""
    glass: e.GlassBroken | None = None
    """How the present proposal goes without a second person."""
    violations: tuple[e.SafetyViolated, ...] = ()
    """Rules of safety that the present proposal breaks."""
    overruled_rules: tuple[str, ...] = ()


class Clock(_State, frozen=True, kw_only=True):
    """The incident's clock, by the journal's times."""

    declared: str = ""
    target_seconds: int = 0
    severity: str = ""
    stopped: str = ""
    human_ms_before: int = 0
    """Of the run's human time, what had passed when the incident was declared."""
    machine_ms_before: int = 0
    """The same of its machine time."""


class RunState(_State, frozen=True, kw_only=True):
    """The state of a run, as its journal tells it."""

    opened: e.RunOpened | None = None
    opened_at: str = ""
    last_n: int = -1
    last_t: str = ""
    mode: str = ""
    operator: str = ""
    paused: bool = False
    closed: e.RunClosed | None = None
    cancelled: bool = False
    plan_digest: str = ""
    clock: Clock = Clock()
    probes: dict[str, bool] = {}
    steps: dict[str, StepRecord] = {}
    probe_words: dict[str, str] = {}
    """What each probe last said on changing."""
    handed_over: e.HandoverOffered | None = None
    """The hand-over that was offered and not accepted yet."""
    told_at: str = ""
    """When the incident channel was last told, RFC 3339; empty before the first time."""
    next_update_seconds: int = 0
    human_ms: int = 0
    """Milliseconds in which nothing ran: the run waited for people."""
    machine_ms: int = 0
    """Milliseconds in which a step ran or an action was under way."""
    busy_steps: int = 0
    """Steps that run or whose action is under way."""
    broken_glass: int = 0
    """How often a second person was done without."""
    notes: tuple[tuple[str, e.NoteAdded], ...] = ()
    """Notes with their times."""
    warnings: tuple[str, ...] = ()
    evidence: tuple[e.EvidenceAdded, ...] = ()
    calls: int = 0
    failed_calls: int = 0
    resumed: int = 0
    world_revision: int = 0
    drill_heard: int = 0
    """In a drill, how much was heard of the world."""
    drill_words: tuple[str, ...] = ()
    """What was heard, and the hints that were asked for, in order."""
    drill_score: e.DrillScore | None = None
    anomalies: tuple[str, ...] = ()
    """Events that may not happen where they stand."""

    def step(self, step: str) -> StepRecord:
        """Return the record of a step; a pending one where nothing happened to it yet."""
        return self.steps.get(step) or StepRecord(step=step)

    def is_not_missed(self, step: str) -> bool:
        """Return whether a step stands left out and nobody has to do it: the way that was taken does not ask for it.

        Where no incident was declared, what a decision left out is not missed either. A step that was left out once
        and is called for again is missed like any other.
        """
        by_plan = {e.SkippedBy.PLAN, e.SkippedBy.WHEN}
        by = by_plan if self.clock.declared else by_plan | {e.SkippedBy.BRANCH}
        record = self.step(step)
        return record.state is StepState.SKIPPED and record.skipped_by in by

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings of every step's latest attempt, in the order of the steps' first events."""
        return tuple(finding for record in self.steps.values() for finding in record.findings)

    @property
    def in_doubt(self) -> tuple[StepRecord, ...]:
        """The steps whose action's outcome nobody knows."""
        return tuple(r for r in self.steps.values() if r.state is StepState.IN_DOUBT)

    @property
    def in_flight(self) -> tuple[StepRecord, ...]:
        """The steps whose action was confirmed and has no known end."""
        return tuple(r for r in self.steps.values() if r.state.in_flight)

    @property
    def exit_code(self) -> ExitCode:
        """The exit code that this state asks for."""
        return worst_exit(*(_exit_of(record) for record in self.steps.values()))


def _exit_of(record: StepRecord) -> ExitCode:
    if record.state.in_flight:
        return ExitCode.IN_DOUBT
    if record.state is StepState.FAILED:
        return ExitCode.FAILED
    verdicts = {finding.verdict for finding in record.findings}
    if Verdict.FAIL in verdicts:
        return ExitCode.FAILED
    if record.state is StepState.UNKNOWN or Verdict.UNKNOWN in verdicts:
        return ExitCode.INCOMPLETE
    return ExitCode.FINE


def fold(recorded: Iterable[e.Recorded], start: RunState | None = None) -> RunState:
    """Return the state after ``recorded``, beginning at ``start`` or at nothing."""
    state = start or RunState()
    for entry in recorded:
        state = apply(state, entry)
    return state


def apply(state: RunState, entry: e.Recorded) -> RunState:
    """Return the state after one more entry."""
    event = entry.event
    state = _with_time(state, entry)
    if isinstance(event, e.StepEvent):
        state = _apply_to_step(state, entry, event)
    else:
        state = _apply_to_run(state, entry)
    return msgspec.structs.replace(state, last_n=entry.n, last_t=entry.t)


_LONGEST_GAP_MS = 7 * 24 * 3_600_000
"""A gap between two entries that is longer is a wrong clock, and is nobody's time."""


def _with_time(state: RunState, entry: e.Recorded) -> RunState:
    """Give the time since the last entry to machines or to people; a clock that went back gives none."""
    if state.opened is None or state.closed is not None or entry.t == state.last_t:
        return state
    gap = _milliseconds_between(state.last_t, entry.t)
    if not 0 < gap <= _LONGEST_GAP_MS:
        return state
    if state.busy_steps:
        return msgspec.structs.replace(state, machine_ms=state.machine_ms + gap)
    return msgspec.structs.replace(state, human_ms=state.human_ms + gap)


def _milliseconds_between(before: str, after: str) -> int:
    try:
        gap = datetime.fromisoformat(after) - datetime.fromisoformat(before)
    except (ValueError, TypeError):
        return 0
    return int(gap.total_seconds() * 1000)


def _apply_to_run(state: RunState, entry: e.Recorded) -> RunState:  # noqa: C901, PLR0912 - one flat case an event
    event = entry.event
    replace = msgspec.structs.replace
    match event:
        case e.RunOpened():
            return replace(
                state,
                opened=event,
                opened_at=entry.t,
                mode=event.mode,
                operator=event.operator,
                plan_digest=event.plan_digest,
            )
        case e.RunPaused():
            return replace(state, paused=True)
        case e.RunResumed():
            return replace(state, paused=False, resumed=state.resumed + 1, operator=event.operator)
        case e.RunCancelled():
            return replace(state, cancelled=True)
        case e.RunClosed():
            return replace(state, closed=event)
        case e.ModeChanged():
            return replace(state, mode=event.after)
        case e.PlanAdopted():
            return replace(state, plan_digest=event.after)
        case e.ClockDeclared():
            clock = Clock(
                declared=entry.t,
                target_seconds=event.target_seconds,
                severity=event.severity,
                human_ms_before=state.human_ms,
                machine_ms_before=state.machine_ms,
            )
            return replace(state, clock=clock)
        case e.ClockStopped():
            return replace(state, clock=replace(state.clock, stopped=entry.t))
        case e.ProbeRed() | e.ProbeGreen():
            green = isinstance(event, e.ProbeGreen)
            return replace(
                state,
                probes={**state.probes, event.probe: green},
                probe_words={**state.probe_words, event.probe: event.text},
            )
        case e.UpdateGiven():
            return replace(state, told_at=entry.t, next_update_seconds=event.next_seconds)
        case e.HandoverOffered():
            return replace(state, handed_over=event)
        case e.HandoverAccepted():
            return replace(state, handed_over=None, operator=event.principal)
        case e.SafetyViolated() | e.SafetyOverruled():
            return _with_safety(state, event)
        case e.NoteAdded():
            return replace(state, notes=(*state.notes, (entry.t, event)))
        case e.WarningRaised():
            return replace(state, warnings=(*state.warnings, event.text))
        case e.EvidenceAdded():
            return replace(state, evidence=(*state.evidence, event))
        case e.CallMade():
            failed = int(not 200 <= event.status < 400)  # noqa: PLR2004 - HTTP's own classes
            return replace(state, calls=state.calls + 1, failed_calls=state.failed_calls + failed)
        case e.DrillWorld():
            return replace(state, world_revision=event.revision)
        case e.DrillFault():
            words = (*state.drill_words, event.text)
            return replace(state, drill_heard=state.drill_heard + 1, drill_words=words)
        case e.DrillHint():
            return replace(state, drill_words=(*state.drill_words, f"Hint: {event.text}"))
        case e.DrillScore():
            return replace(state, drill_score=event)
        case _:
            return state


def _apply_to_step(state: RunState, entry: e.Recorded, event: e.StepEvent) -> RunState:
    before = state.step(event.step)
    following = next_state(before.state, event)
    if following is None:
        said = f"entry {entry.n}: {event.KIND} of {event.step} while it was {before.state.value}"
        return msgspec.structs.replace(state, anomalies=(*state.anomalies, said))
    record = _with_event(before, event)
    if isinstance(event, e.ActionConfirmed):
        record = msgspec.structs.replace(record, acted=entry.t)
    if following is not before.state:
        record = msgspec.structs.replace(
            record,
            state=following,
            tried=_tried(record, following),
            since=entry.t,
            started=record.started or (entry.t if following not in _UNTOUCHED else ""),
            ended=entry.t if following.settled else "",
        )
    return msgspec.structs.replace(
        state,
        steps={**state.steps, event.step: record},
        busy_steps=state.busy_steps + _is_busy(record) - _is_busy(before),
        broken_glass=state.broken_glass + isinstance(event, e.GlassBroken),
    )


def _tried(record: StepRecord, following: StepState) -> tuple[Tried, ...]:
    if following is StepState.VERIFIED:
        return ()
    if following is StepState.FAILED and record.intent is not None and record.proposal is not None:
        return (*record.tried, Tried(effects=record.proposal.effects, at=record.acted))
    return record.tried


_BUSY = frozenset({StepState.RUNNING, StepState.CONFIRMED, StepState.SENT, StepState.ACCEPTED})


def _is_busy(record: StepRecord) -> bool:
    """Return whether a machine works on the step; a child plan that is open waits for its own steps."""
    return record.state in _BUSY and not record.opens


def _with_safety(state: RunState, event: e.SafetyViolated | e.SafetyOverruled) -> RunState:
    record = state.steps.get(event.step)
    if record is None:
        return state
    if isinstance(event, e.SafetyViolated):
        kept = tuple(each for each in record.violations if each.rule != event.rule)
        record = msgspec.structs.replace(record, violations=(*kept, event))
    else:
        record = msgspec.structs.replace(
            record, overruled_rules=(*record.overruled_rules, event.rule)
        )
    return msgspec.structs.replace(state, steps={**state.steps, event.step: record})


_UNTOUCHED = frozenset({StepState.PENDING, StepState.BLOCKED, StepState.READY})


def _with_event(record: StepRecord, event: e.StepEvent) -> StepRecord:  # noqa: C901, PLR0912 - one flat case an event
    replace = msgspec.structs.replace
    match event:
        case e.StepBlocked():
            return replace(record, why_blocked=event.why, text=event.why)
        case e.StepReady():
            text = "" if record.text == record.why_blocked else record.text
            return replace(record, why_blocked="", text=text)
        case e.StepOverruled():
            return replace(record, overruled=(*record.overruled, event.need), text=event.reason)
        case e.StepStarted():
            return replace(
                record,
                attempts=record.attempts + 1,
                findings=(),
                text="",
                done=0,
                total=0,
                timed_out=False,
            )
        case e.StepProgressed():
            return replace(record, text=event.text, done=event.done, total=event.total)
        case e.StepPassed() | e.StepWarned() | e.StepFailed() | e.StepUnknown():
            return replace(record, text=event.text)
        case e.StepTimedOut():
            return replace(record, text=event.text, timed_out=True)
        case e.StepSkipped():
            return replace(record, text=event.reason, skipped_by=event.by)
        case e.StepDoneOutside():
            return replace(record, text=event.evidence, observed=event.observed)
        case e.FindingMade():
            return replace(record, findings=(*record.findings, event.finding))
        case e.DecisionMade():
            return replace(record, decision=event, text=event.text)
        case e.ChildOpened():
            return replace(record, opens=event.runbook, text=event.runbook)
        case e.VariantChanged():
            return replace(record, variant=event.after, proposal=None)
        case e.ActionProposed():
            return _proposed(record, event)
        case e.ActionDeclined():
            return replace(record, proposal=None, text=event.reason)
        case e.ActionConfirmed():
            return replace(
                record, intent=event, attempts=record.attempts + 1, doubt=None, timed_out=False
            )
        case e.ActionAccepted():
            return replace(record, accepted=event)
        case e.ActionResulted():
            return replace(record, result=event, text=event.text)
        case e.ActionVerified():
            return replace(record, text=event.text)
        case e.ActionDoubted():
            return replace(record, doubt=_doubt(event), text=event.why)
        case e.DoubtRuled():
            return replace(record, doubt=_ruled(record.doubt, event), text=event.reason)
        case e.ApprovalGranted():
            return replace(record, approvals=(*record.approvals, event))
        case e.ApprovalAsked():
            return replace(record, asked=event, approvals=(), approval_word="")
        case e.ApprovalDeclined():
            word = f"{event.principal} declined. {event.comment}".strip()
            return replace(record, approval_word=word)
        case e.ApprovalRefused():
            return replace(record, approval_word=f"Not taken: {event.reason}")
        case e.ApprovalExpired():
            word = "The approval expired; the proposal stands. Ask again."
            return replace(record, asked=None, approvals=(), approval_word=word)
        case e.GlassBroken():
            return replace(record, glass=event)
        case _:
            return record


def _proposed(record: StepRecord, event: e.ActionProposed) -> StepRecord:
    """Return the record with a proposal; what people said of another one, or of a past one, is gone."""
    replace = msgspec.structs.replace
    record_before = record
    record = replace(
        record, proposal=event, text=event.summary, intent=None, accepted=None, result=None
    )
    shown = record_before.proposal.preview_sha256 if record_before.proposal else ""
    if shown and shown == event.preview_sha256 and record_before.intent is None:
        return record
    return replace(
        record,
        approvals=(),
        asked=None,
        approval_word="",
        glass=None,
        violations=(),
        overruled_rules=(),
    )


def _doubt(event: e.ActionDoubted) -> Doubt:
    return Doubt(
        why=event.why,
        reached=event.reached,
        evidence_for=event.evidence_for,
        evidence_against=event.evidence_against,
        evidence_neither=event.evidence_neither,
    )


def _ruled(doubt: Doubt | None, event: e.DoubtRuled) -> Doubt | None:
    if doubt is None:
        return None
    return msgspec.structs.replace(doubt, ruling=event.ruling, reason=event.reason)
