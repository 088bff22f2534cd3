"""Done outside: what an operator says that they did elsewhere is looked at, not believed."""

from __future__ import annotations

from amlrunbook.errors import AmlRunbookError
from amlrunbook.executor.acting import kept_preview
from amlrunbook.executor.boundary import guarded
from amlrunbook.executor.checking import GOOD, asked
from amlrunbook.executor.stage import Stage, said
from amlrunbook.model.finding import Verdict
from amlrunbook.model.operation import Action, Preview
from amlrunbook.planning.grammar import StepKind
from amlrunbook.planning.plan import PlannedStep
from amlrunbook.state import events as e
from amlrunbook.state.transitions import StepState

_Seen = tuple[str, str]
"""What was seen, and what it speaks: ``for``, ``against`` or ``neither``."""


def done_outside(stage: Stage, planned: PlannedStep, evidence: str) -> None:
    """Journal that a step was done outside, and beside it what this program sees of that.

    What is seen never overrules the operator: where it speaks against them, the run says so in a warning.

    Raises:
        JournalError: the journal cannot be written.
    """
    seen, speaks = _seen(stage, planned)
    done = e.StepDoneOutside(
        step=planned.id, evidence=said(evidence), observed=said(seen), speaks=speaks
    )
    warning: tuple[e.Event, ...] = ()
    if speaks == "against":
        text = said(f"{planned.id} was said to be done outside, and is not seen: {seen}")
        warning = (e.WarningRaised(step=planned.id, text=text),)
    stage.conclude(done, *warning)


def _seen(stage: Stage, planned: PlannedStep) -> _Seen:
    """Return what the step's own operation sees; nothing where the step has none."""
    if planned.kind is StepKind.ACTION:
        return _seen_by_action(stage, planned)
    name = planned.check if planned.kind is StepKind.WAIT else planned.do
    if planned.kind in {StepKind.CHECK, StepKind.WAIT}:
        return _seen_by_check(stage, planned, name)
    return "", ""


def _seen_by_check(stage: Stage, planned: PlannedStep, name: str) -> _Seen:
    answer = guarded(lambda: asked(stage, planned, name, quiet=True), f"Check {name}")
    if isinstance(answer, AmlRunbookError):
        return answer.what, "neither"
    if answer.verdict is Verdict.UNKNOWN:
        return answer.text, "neither"
    return answer.text, "for" if answer.verdict in GOOD else "against"


def _seen_by_action(stage: Stage, planned: PlannedStep) -> _Seen:
    """Return what the action's verification sees of the preview that was shown, or of one made now."""
    try:
        action = stage.action(planned.do)
    except AmlRunbookError as error:
        return error.what, "neither"
    preview = _preview(stage, planned, action)
    if isinstance(preview, AmlRunbookError):
        return preview.what, "neither"
    if preview.needless:
        return preview.needless, "for"
    context = stage.context(planned)
    answer = guarded(lambda: action.verify(context, preview), f"The verification of {action.id}")
    if isinstance(answer, AmlRunbookError):
        return answer.what, "neither"
    if not answer.readable:
        return answer.text, "neither"
    return answer.text, "for" if answer.reached else "against"


def _preview(stage: Stage, planned: PlannedStep, action: Action) -> Preview | AmlRunbookError:
    record = stage.state.step(planned.id)
    if record.state is StepState.PROPOSED:
        return guarded(lambda: kept_preview(stage, record), "The preview that was shown")
    context = stage.context(planned)
    return guarded(lambda: action.preview(context), f"The preview of {action.id}")
