"""What enter does on a step, here and now: one table, read by the key bar and by the key. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, assert_never

from amlrunbook.model.mode import Mode
from amlrunbook.planning.grammar import Dialog, StepKind
from amlrunbook.planning.plan import PlannedStep
from amlrunbook.state.fold import RunState
from amlrunbook.state.transitions import StepState
from screens.second_person import second_person_missing

if TYPE_CHECKING:
    from screens.run import RunScreen


class Act(Enum):
    """The things that enter can do."""

    RUN = "run"
    CONFIRM = "confirm"
    APPROVE = "approve"
    DOUBT = "doubt"
    DECIDE = "decide"
    OUTSIDE = "outside"
    DECLARE = "declare"
    TELL = "tell"
    UNBLOCK = "unblock"
    NEXT = "next"
    CLOSE = "close"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class NextAct:
    """What enter does, in a word for the key bar, or why it does nothing."""

    act: Act
    label: str
    refusal: str = ""

    def do(self, screen: RunScreen) -> None:  # noqa: C901, PLR0912 - one flat case an act
        """Do it on ``screen``."""
        match self.act:
            case Act.RUN:
                screen.run_step()
            case Act.CONFIRM:
                screen.confirm()
            case Act.APPROVE:
                screen.approve()
            case Act.DOUBT:
                screen.doubt()
            case Act.DECIDE:
                screen.decide()
            case Act.OUTSIDE:
                screen.do_outside()
            case Act.DECLARE:
                screen.do_declare()
            case Act.TELL:
                screen.tell()
            case Act.UNBLOCK:
                screen.unblock()
            case Act.NEXT:
                screen.do_next()
            case Act.CLOSE:
                screen.do_close()
            case Act.NOTHING:
                pass
            case _ as never:
                assert_never(never)


_BY_STATE: dict[StepState, NextAct] = {
    StepState.IN_DOUBT: NextAct(Act.DOUBT, "happened?…"),
    StepState.PROPOSED: NextAct(Act.CONFIRM, "confirm…"),
    StepState.BLOCKED: NextAct(Act.UNBLOCK, "why blocked…"),
    StepState.RUNNING: NextAct(
        Act.NOTHING, "(it runs)", "It runs; you may look at other steps meanwhile."
    ),
}
_FLYING = NextAct(
    Act.NOTHING,
    "(under way)",
    "It was confirmed and is under way; it cannot be called back from here.",
)

_BY_KIND: dict[StepKind, NextAct] = {
    StepKind.CHECK: NextAct(Act.RUN, "run check"),
    StepKind.ACTION: NextAct(Act.RUN, "preview…"),
    StepKind.MANUAL: NextAct(Act.OUTSIDE, "done…"),
    StepKind.DECISION: NextAct(Act.DECIDE, "choose…"),
    StepKind.WAIT: NextAct(Act.RUN, "start waiting"),
    StepKind.RUNBOOK: NextAct(Act.RUN, "open runbook"),
}
_BY_DIALOG: dict[str, NextAct] = {
    Dialog.DECLARE.value: NextAct(Act.DECLARE, "declare…"),
    Dialog.TELL.value: NextAct(Act.TELL, "words to paste…"),
}


TRY_AGAIN = frozenset({StepState.FAILED, StepState.UNKNOWN})
"""States after which a step wants to be tried again before one goes on."""
_APPROVE = NextAct(Act.APPROVE, "two persons…")


def next_act(step: PlannedStep, state: RunState, focus: str) -> NextAct:
    """Return what enter does on ``step``; ``focus`` is the step that the run waits for."""
    record = state.step(step.id)
    if record.state is StepState.PROPOSED and second_person_missing(record):
        # Where nothing may be changed nobody needs to approve it: the preview is there to be read.
        return _APPROVE if state.mode != Mode.READ_ONLY.value else _BY_STATE[record.state]
    known = _BY_STATE.get(record.state)
    if known is not None:
        return known
    if record.state.in_flight:
        return _FLYING
    if record.state in TRY_AGAIN and step.kind is StepKind.ACTION:
        return NextAct(Act.RUN, "preview again…")
    if record.state.settled:
        if focus and focus != step.id:
            return NextAct(Act.NEXT, "next step")
        return NextAct(Act.CLOSE, "close run…")
    dialog = _BY_DIALOG.get(step.do) if step.kind is StepKind.MANUAL else None
    return dialog or _BY_KIND[step.kind]
