"""The event vocabulary: one table of everything that can happen in a run.

An event is what a journal entry says: the entry's ``kind`` names the class, its ``body`` holds the
fields. The fields of a class are the allowed fields of that kind. Bodies hold text, whole numbers,
booleans and lists of such records; documents and long outputs are evidence, named by their hash.

A field that is added later must have a default, so that older journals stay readable.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar

import msgspec

from amlrunbook.model.finding import Finding
from amlrunbook.model.operation import Confirmation, Effects, Outcome, Risk


class Ruling(StrEnum):
    """What an operator says of an action in doubt."""

    HAPPENED = "happened"
    DID_NOT_HAPPEN = "did-not-happen"
    CANNOT_TELL = "cannot-tell"


class RunOutcome(StrEnum):
    """How a run ended."""

    COMPLETED = "completed"
    COMPLETED_WITH_FAILURES = "completed-with-failures"
    CANCELLED = "cancelled"


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened."""

    KIND: ClassVar[str] = ""
    """The journal entry's ``kind``."""


class StepEvent(Event, frozen=True, kw_only=True):
    """Something that happened to one step of the plan."""

    step: str
    """The step's id in the plan."""


class UnknownEvent(Event, frozen=True, kw_only=True):
    """An entry of a kind that this release does not know: shown as it is, never refused."""

    kind: str
    body: dict[str, Any]


# The run


class RunOpened(Event, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "run.opened"
    run: str
    runbook: str
    runbook_version: str
    runbook_digest: str
    plan_digest: str
    title: str
    profile: str
    mode: str
    operator: str
    program: str
    fact_base: str = ""
    snapshot_digest: str = ""
    snapshot_taken: str = ""
    source_region: str = ""
    target_region: str = ""
    scenario: str = ""
    """The drill's scenario; empty outside a drill."""
    alarm: str = ""
    """What the pager said, in a drill."""
    seed: int = 0


class RunPaused(Event, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "run.paused"
    reason: str = ""


class RunResumed(Event, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "run.resumed"
    operator: str
    after: int
    """The number of entries that were there."""
    reason: str = ""


class RunCancelled(Event, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "run.cancelled"
    reason: str = ""


class RunClosed(Event, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "run.closed"
    outcome: RunOutcome
    text: str
    exit_code: int


class ModeChanged(Event, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "mode.changed"
    before: str
    after: str
    reason: str = ""


class VariantChanged(StepEvent, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "variant.changed"
    before: str
    after: str
    reason: str = ""


class PlanAdopted(Event, frozen=True, kw_only=True):
    """A successor plan, adopted because the run learnt more."""

    KIND: ClassVar[str] = "plan.adopted"
    before: str
    after: str
    difference: str
    """What differs, a line each."""
    reason: str = ""


# The clock


class ClockDeclared(Event, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "clock.declared"
    severity: str
    target_seconds: int
    text: str = ""


class ProbeRed(Event, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "probe.red"
    probe: str
    text: str


class ProbeGreen(Event, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "probe.green"
    probe: str
    text: str


class ClockStopped(Event, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "clock.stopped"
    text: str = ""


class UpdateGiven(Event, frozen=True, kw_only=True):
    """The incident channel was told how things stand; the next word is due by the timer."""

    KIND: ClassVar[str] = "update.given"
    text: str = ""
    next_seconds: int = 1800


# Steps


class StepReady(StepEvent, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "step.ready"


class StepBlocked(StepEvent, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "step.blocked"
    why: str
    needs: tuple[str, ...] = ()


class StepOverruled(StepEvent, frozen=True, kw_only=True):
    """A need that did not pass was overruled, with a reason."""

    KIND: ClassVar[str] = "step.overruled"
    need: str
    reason: str


class StepStarted(StepEvent, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "step.started"
    attempt: int = 1


class StepProgressed(StepEvent, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "step.progressed"
    text: str
    done: int = 0
    total: int = 0


class StepPassed(StepEvent, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "step.passed"
    text: str


class StepWarned(StepEvent, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "step.warned"
    text: str


class StepFailed(StepEvent, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "step.failed"
    text: str


class StepUnknown(StepEvent, frozen=True, kw_only=True):
    """What the check asks could not be read."""

    KIND: ClassVar[str] = "step.unknown"
    text: str


class StepTimedOut(StepEvent, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "step.timed-out"
    text: str
    budget_seconds: int


class SkippedBy(StrEnum):
    """Who or what left a step out; what the plan left out comes back once the reason is gone."""

    OPERATOR = "operator"
    PLAN = "plan"
    """It does not concern this pair."""
    WHEN = "when"
    """What its ``when`` asks of other steps does not hold."""
    PARENT = "parent"
    """The step that opens its child plan was left out."""
    BRANCH = "branch"
    """A decision, a failure or a timeout led past it."""


class StepSkipped(StepEvent, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "step.skipped"
    reason: str
    by: SkippedBy = SkippedBy.OPERATOR


class StepDoneOutside(StepEvent, frozen=True, kw_only=True):
    """The operator did it outside this program, and says how that can be seen."""

    KIND: ClassVar[str] = "step.done-outside"
    evidence: str
    observed: str = ""
    """What this program saw when it looked for itself; empty where there is nothing to look at."""
    speaks: str = ""
    """``for``, ``against`` or ``neither``: what was observed, held against the evidence."""


class FindingMade(StepEvent, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "finding"
    finding: Finding


class DecisionMade(StepEvent, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "decision"
    choice: str
    text: str
    reason: str = ""


class ChildOpened(StepEvent, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "child.opened"
    runbook: str
    plan_digest: str


class ChildClosed(StepEvent, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "child.closed"
    runbook: str
    outcome: RunOutcome


# Actions


class ActionProposed(StepEvent, frozen=True, kw_only=True):
    """The preview, as it was shown; the whole of it is evidence by hash."""

    KIND: ClassVar[str] = "action.proposed"
    operation: str
    summary: str
    requests: tuple[str, ...]
    """``METHOD path`` a line."""
    resources: tuple[str, ...]
    risk: Risk
    confirmation: Confirmation
    before: str = ""
    after: str = ""
    loses: str = ""
    undo: str = ""
    cost: str = ""
    takes: str = ""
    commands: tuple[str, ...] = ()
    preview_sha256: str = ""
    effects: Effects = Effects()
    """What it does to copies of data and to serving regions, for the safety rules."""


class ActionDeclined(StepEvent, frozen=True, kw_only=True):
    """The operator went back; nothing was sent."""

    KIND: ClassVar[str] = "action.declined"
    reason: str = ""


class ApprovalAsked(StepEvent, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "approval.asked"
    challenge: str
    """Its canonical text, as it was shown; its hash is what an answer refers to."""
    needed: int
    expires: str
    preview_sha256: str = ""
    """The proposal that it was asked for: an approval counts for no other."""
    operator: str = ""
    asked_by: str = ""
    """The principal who asks: no key of theirs may answer."""
    rules: tuple[str, ...] = ()
    """The safety rules that the approvers are asked to overrule."""


class ApprovalGranted(StepEvent, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "approval.granted"
    challenge: str
    """Its canonical text, as it was shown."""
    principal: str
    sig: str
    """The 64 bytes of the approver's SSHSIG over the challenge, in base64."""
    comment: str = ""
    """Said along with it; not under the signature."""
    public_key: str = ""
    """The approver's 32 bytes, in base64: to be looked up, never to be trusted."""


class ApprovalDeclined(StepEvent, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "approval.declined"
    principal: str
    comment: str = ""


class ApprovalRefused(StepEvent, frozen=True, kw_only=True):
    """What was pasted is no approval: the asker's own key, expired, altered, for another challenge."""

    KIND: ClassVar[str] = "approval.refused"
    reason: str
    principal: str = ""
    """Who it claims to come from; nothing vouches for that."""


class ApprovalExpired(StepEvent, frozen=True, kw_only=True):
    """Nobody, or too few, answered in time: the proposal stands, and approval must be asked again."""

    KIND: ClassVar[str] = "approval.expired"
    challenge: str
    outcome: str = "proposed"
    """What follows: back to the proposal."""


class GlassBroken(StepEvent, frozen=True, kw_only=True):
    """An action that takes two persons was confirmed by one, loudly."""

    KIND: ClassVar[str] = "glass.broken"
    reason: str
    operator: str = ""
    preview_sha256: str = ""
    """The proposal that it was broken for: it counts for no other."""


class ActionConfirmed(StepEvent, frozen=True, kw_only=True):
    """The intent: durable before the first byte leaves."""

    KIND: ClassVar[str] = "action.confirmed"
    operation: str
    request_id: str
    """The client request id that Azure's activity log will show."""
    resources: tuple[str, ...]
    confirmation: Confirmation
    typed: str = ""
    preview_sha256: str = ""
    operator: str = ""


class ActionSent(StepEvent, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "action.sent"
    request_id: str
    method: str
    path: str


class ActionAccepted(StepEvent, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "action.accepted"
    request_id: str
    status: int
    poll_url: str = ""
    service_request_id: str = ""


class ActionResulted(StepEvent, frozen=True, kw_only=True):
    """What the action's own answers said: never proof."""

    KIND: ClassVar[str] = "action.result"
    request_id: str
    outcome: Outcome
    text: str


class ActionVerified(StepEvent, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "action.verified"
    text: str


class ActionDoubted(StepEvent, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "action.doubted"
    why: str
    reached: bool = False
    """Whether the wanted state is observed now."""
    evidence_for: tuple[str, ...] = ()
    evidence_against: tuple[str, ...] = ()
    evidence_neither: tuple[str, ...] = ()


class DoubtRuled(StepEvent, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "doubt.ruled"
    ruling: Ruling
    reason: str
    operator: str = ""


# People, evidence, the journal's own


class NoteAdded(Event, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "note"
    text: str
    step: str = ""


class EvidenceAdded(Event, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "evidence.added"
    name: str
    size: int
    sha256: str
    step: str = ""
    salted: bool = False
    """Whether the file begins with 16 random bytes that are no content."""


class CallMade(Event, frozen=True, kw_only=True):
    """One request to Azure; no host, no secret."""

    KIND: ClassVar[str] = "call"
    method: str
    path: str
    status: int
    """The HTTP status; 0 where no answer came."""
    milliseconds: int
    client_request_id: str = ""
    service_request_id: str = ""
    step: str = ""


class HandoverOffered(Event, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "handover"
    principal: str
    text: str = ""


class HandoverAccepted(Event, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "handover.accepted"
    principal: str
    text: str = ""


class SafetyViolated(Event, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "safety.violated"
    rule: str
    text: str
    step: str = ""
    preview_sha256: str = ""


class SafetyOverruled(Event, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "safety.overruled"
    rule: str
    reason: str
    principals: tuple[str, ...]
    step: str = ""
    preview_sha256: str = ""
    """The proposal that it was overruled for."""


class WarningRaised(Event, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "warning"
    text: str
    step: str = ""


class SessionOpened(Event, frozen=True, kw_only=True):
    """The journal's own first entry of a session; its certificate is the journal's matter."""

    KIND: ClassVar[str] = "session.open"
    cert: dict[str, Any] = {}
    ident: str = ""
    sig: str = ""


class JournalOpening(Event, frozen=True, kw_only=True):
    """What the program states about itself and the run as the journal begins."""

    KIND: ClassVar[str] = "journal.opening"
    program: str = ""


class TornTailMoved(Event, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "recovery.torn_tail"
    bytes: int
    sha256: str
    at_entry: int


class SegmentContinued(Event, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "segment.continues"
    j: str = ""
    n: int = 0
    prev: str = ""
    reason: str = ""


class CheckpointExported(Event, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "checkpoint.exported"
    where: str = ""
    receipt: str = ""


class JournalClosed(Event, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "journal.close"
    outcome: str = ""


# Drills


class DrillFault(Event, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "drill.fault"
    text: str


class DrillHint(Event, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "drill.hint"
    text: str


class ScorePart(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a drill's score."""

    name: str
    """``detect``, ``decide``, ``recover``, ``actions``, ``data`` or ``hints``."""
    points: int
    out_of: int
    text: str


class DrillScore(Event, frozen=True, kw_only=True):
    """How a drill was judged, from the simulated world and from the times of the run."""

    KIND: ClassVar[str] = "drill.score"
    points: int
    out_of: int
    text: str
    solved: bool = False
    parts: tuple[ScorePart, ...] = ()
    goals: tuple[str, ...] = ()
    """Each with ``reached`` or ``not reached`` in front."""
    compared: str = ""
    """How it stands to earlier drills of the same scenario."""


class DrillWorld(Event, frozen=True, kw_only=True):
    """The simulated Azure's world revision, as it stood."""

    KIND: ClassVar[str] = "drill.world"
    revision: int


VOCABULARY: dict[str, type[Event]] = {
    event.KIND: event
    for event in (
        RunOpened,
        RunPaused,
        RunResumed,
        RunCancelled,
        RunClosed,
        ModeChanged,
        VariantChanged,
        PlanAdopted,
        ClockDeclared,
        ProbeRed,
        ProbeGreen,
        ClockStopped,
        UpdateGiven,
        StepReady,
        StepBlocked,
        StepOverruled,
        StepStarted,
        StepProgressed,
        StepPassed,
        StepWarned,
        StepFailed,
        StepUnknown,
        StepTimedOut,
        StepSkipped,
        StepDoneOutside,
        FindingMade,
        DecisionMade,
        ChildOpened,
        ChildClosed,
        ActionProposed,
        ActionDeclined,
        ApprovalAsked,
        ApprovalGranted,
        ApprovalDeclined,
        ApprovalRefused,
        ApprovalExpired,
        GlassBroken,
        ActionConfirmed,
        ActionSent,
        ActionAccepted,
        ActionResulted,
        ActionVerified,
        ActionDoubted,
        DoubtRuled,
        NoteAdded,
        EvidenceAdded,
        CallMade,
        HandoverOffered,
        HandoverAccepted,
        SafetyViolated,
        SafetyOverruled,
        WarningRaised,
        SessionOpened,
        JournalOpening,
        TornTailMoved,
        SegmentContinued,
        CheckpointExported,
        JournalClosed,
        DrillFault,
        DrillHint,
        DrillScore,
        DrillWorld,
    )
}
"""The table: every kind, and the class that holds its body."""


ALLOWED_FIELDS: dict[str, frozenset[str]] = {
    kind: frozenset(event.__struct_fields__) for kind, event in VOCABULARY.items()
}
"""The fields that a body of each kind may have: what a journal's writer is handed."""


def body_of(event: Event) -> dict[str, Any]:
    """Return the body of the journal entry that says ``event``."""
    body = msgspec.to_builtins(event)
    if not isinstance(body, dict):
        raise TypeError(f"{type(event).__name__} has no body")
    return body


def event_of(kind: str, body: Mapping[str, Any]) -> Event:
    """Return the event that a journal entry says.

    An unknown kind, or a body that does not fit its kind (written by a later release), becomes an
    :class:`UnknownEvent`: a reader shows it as it is.
    """
    known = VOCABULARY.get(kind)
    if known is None:
        return UnknownEvent(kind=kind, body=dict(body))
    try:
        return msgspec.convert(dict(body), known)
    except msgspec.ValidationError:
        return UnknownEvent(kind=kind, body=dict(body))


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """An event with its place in the journal: it is durable."""

    n: int
    """The entry's number, from 0."""
    t: str
    """RFC 3339 UTC, milliseconds: a claim, not a proof."""
    event: Event
    mono: int = 0
    """Monotonic microseconds of the writing process."""
    boot: str = ""
