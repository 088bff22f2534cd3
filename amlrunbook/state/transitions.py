"""The states of a step, and the one table of which event leads from which state to which.

For checks: ``pending → blocked | ready → running → passed | warned | failed | unknown``.
For actions: ``ready → proposed → confirmed → sent → accepted → verified | failed | in-doubt``.
Any step: ``skipped`` or ``done-outside``, but for one whose action may have left.
"""

from __future__ import annotations

from enum import StrEnum

from amlrunbook.model.operation import Outcome
from amlrunbook.state import events as e


class StepState(StrEnum):
    """Where a step stands."""

    PENDING = "pending"
    BLOCKED = "blocked"
    READY = "ready"
    RUNNING = "running"
    PASSED = "passed"
    WARNED = "warned"
    FAILED = "failed"
    UNKNOWN = "unknown"
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    SENT = "sent"
    ACCEPTED = "accepted"
    VERIFIED = "verified"
    IN_DOUBT = "in-doubt"
    SKIPPED = "skipped"
    DONE_OUTSIDE = "done-outside"

    @property
    def settled(self) -> bool:
        """Whether the step needs nothing more."""
        return self in SETTLED

    @property
    def in_flight(self) -> bool:
        """Whether an action was confirmed and its outcome is not known yet."""
        return self in IN_FLIGHT

    @property
    def satisfied(self) -> bool:
        """Whether a step that needs this one may go on."""
        return self in SATISFIED


_S = StepState

SETTLED = frozenset(
    {_S.PASSED, _S.WARNED, _S.FAILED, _S.UNKNOWN, _S.VERIFIED, _S.SKIPPED, _S.DONE_OUTSIDE}
)
IN_FLIGHT = frozenset({_S.CONFIRMED, _S.SENT, _S.ACCEPTED, _S.IN_DOUBT})
SATISFIED = frozenset({_S.PASSED, _S.WARNED, _S.VERIFIED, _S.DONE_OUTSIDE})

_OPEN = frozenset({_S.PENDING, _S.BLOCKED, _S.READY})
_CONCLUDED = frozenset({_S.PASSED, _S.WARNED, _S.FAILED, _S.UNKNOWN})
_FLYING = frozenset({_S.CONFIRMED, _S.SENT, _S.ACCEPTED})
_ASIDE = _OPEN | _CONCLUDED | {_S.PROPOSED}

TRANSITIONS: dict[type[e.StepEvent], tuple[frozenset[StepState], StepState | None]] = {
    e.StepReady: (_OPEN | _CONCLUDED | {_S.PROPOSED, _S.SKIPPED, _S.RUNNING}, _S.READY),
    e.StepBlocked: (_OPEN, _S.BLOCKED),
    e.StepOverruled: (_OPEN, None),
    e.StepStarted: (_OPEN | _CONCLUDED, _S.RUNNING),
    e.StepProgressed: (_FLYING | {_S.RUNNING}, None),
    e.StepPassed: (frozenset({_S.RUNNING}), _S.PASSED),
    e.StepWarned: (frozenset({_S.RUNNING}), _S.WARNED),
    e.StepUnknown: (frozenset({_S.RUNNING}), _S.UNKNOWN),
    e.StepFailed: (_OPEN | _FLYING | {_S.RUNNING, _S.PROPOSED}, _S.FAILED),
    e.StepTimedOut: (_FLYING | {_S.RUNNING}, None),
    e.StepSkipped: (_ASIDE, _S.SKIPPED),
    e.StepDoneOutside: (_ASIDE, _S.DONE_OUTSIDE),
    e.FindingMade: (frozenset({_S.RUNNING}), None),
    e.DecisionMade: (_OPEN | {_S.RUNNING, _S.PASSED}, _S.PASSED),
    e.ChildOpened: (frozenset({_S.RUNNING, _S.READY}), _S.RUNNING),
    e.ChildClosed: (frozenset({_S.RUNNING}), None),
    e.VariantChanged: (_ASIDE, None),
    e.ActionProposed: (_OPEN | {_S.FAILED, _S.PROPOSED, _S.RUNNING}, _S.PROPOSED),
    e.ActionDeclined: (frozenset({_S.PROPOSED}), _S.READY),
    e.ApprovalAsked: (frozenset({_S.PROPOSED}), None),
    e.ApprovalGranted: (frozenset({_S.PROPOSED}), None),
    e.ApprovalDeclined: (frozenset({_S.PROPOSED}), None),
    e.ApprovalRefused: (frozenset({_S.PROPOSED}), None),
    e.ApprovalExpired: (frozenset({_S.PROPOSED}), None),
    e.GlassBroken: (frozenset({_S.PROPOSED}), None),
    e.ActionConfirmed: (frozenset({_S.PROPOSED}), _S.CONFIRMED),
    e.ActionSent: (_FLYING, _S.SENT),
    e.ActionAccepted: (frozenset({_S.SENT, _S.ACCEPTED}), _S.ACCEPTED),
    e.ActionVerified: (_FLYING | {_S.IN_DOUBT}, _S.VERIFIED),
    e.ActionDoubted: (_FLYING | {_S.IN_DOUBT}, _S.IN_DOUBT),
}
"""Event → (states it may come from, state it leads to; ``None`` leaves the state as it is).

:class:`~amlrunbook.state.events.ActionResulted` and :class:`~amlrunbook.state.events.DoubtRuled` lead on
by what they say, see :func:`next_state`.
"""


def next_state(state: StepState, event: e.StepEvent) -> StepState | None:
    """Return the state that ``event`` leads to from ``state``; ``None`` where it may not happen."""
    if isinstance(event, e.ActionResulted):
        if state not in _FLYING:
            return None
        return _S.FAILED if event.outcome is Outcome.FAILED else state
    if isinstance(event, e.DoubtRuled):
        return _after_ruling(state, event.ruling)
    allowed, target = TRANSITIONS[type(event)]
    if state not in allowed:
        return None
    return state if target is None else target


def _after_ruling(state: StepState, ruling: e.Ruling) -> StepState | None:
    if state is not _S.IN_DOUBT:
        return None
    match ruling:
        case e.Ruling.HAPPENED:
            return _S.ACCEPTED
        case e.Ruling.DID_NOT_HAPPEN:
            return _S.READY
        case e.Ruling.CANNOT_TELL:
            return _S.IN_DOUBT
