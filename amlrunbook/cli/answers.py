"""``--answers FILE``: an operator written down beforehand, a TOML table an answer.

::

    format = 1
    otherwise = "auto"          # or "pause", the default: what is done where no answer is given

    [[answer]]
    step = "mend-now"           # the step's id, or the runbook's where for_each made several
    do = "decide"               # run confirm decline skip done-outside decide overrule look-again rule note pause
                                # ask-approval give-answer break-glass overrule-safety
                                # handover declare probes update switch-variant
    choice = "mend"
    reason = "It is a drill."

The answers of a step are taken in the order of the file, each once an instance.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, assert_never

import msgspec

from amlrunbook.cli.operators import AutoOperator, Operator, Stop
from amlrunbook.errors import AmlRunbookError, DocumentError, ExitCode
from amlrunbook.executor import commands as c
from amlrunbook.model.nearest import nearest_hint
from amlrunbook.model.strict_toml import decode_toml
from amlrunbook.planning.grammar import StepKind
from amlrunbook.planning.plan import Plan, PlannedStep
from amlrunbook.state.events import Ruling
from amlrunbook.state.fold import RunState, StepRecord
from amlrunbook.state.transitions import StepState

MAX_BYTES = 1 << 20
"""The largest file of answers that is read."""


class Do(StrEnum):
    """What an answer does."""

    RUN = "run"
    CONFIRM = "confirm"
    DECLINE = "decline"
    SKIP = "skip"
    DONE_OUTSIDE = "done-outside"
    DECIDE = "decide"
    OVERRULE = "overrule"
    LOOK_AGAIN = "look-again"
    RULE = "rule"
    SWITCH_VARIANT = "switch-variant"
    ASK_APPROVAL = "ask-approval"
    GIVE_ANSWER = "give-answer"
    BREAK_GLASS = "break-glass"
    OVERRULE_SAFETY = "overrule-safety"
    HANDOVER = "handover"
    DECLARE = "declare"
    PROBES = "probes"
    HINT = "hint"
    UPDATE = "update"
    NOTE = "note"
    PAUSE = "pause"


class Otherwise(StrEnum):
    """What is done where no answer is given."""

    AUTO = "auto"
    PAUSE = "pause"


class Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One answer."""

    step: str
    do: Do
    typed: str = ""
    reason: str = ""
    choice: str = ""
    evidence: str = ""
    ruling: Ruling | None = None
    need: str = ""
    text: str = ""
    rule: str = ""
    principal: str = ""
    severity: str = ""
    variant: str = ""


class Answers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of answers."""

    format: Annotated[int, msgspec.Meta(ge=1, le=1)] = 1
    otherwise: Otherwise = Otherwise.PAUSE
    answer: tuple[Answer, ...] = ()


_MUST: dict[Do, tuple[str, ...]] = {
    Do.SKIP: ("reason",),
    Do.DONE_OUTSIDE: ("evidence",),
    Do.DECIDE: ("choice",),
    Do.OVERRULE: ("need", "reason"),
    Do.RULE: ("ruling", "reason"),
    Do.SWITCH_VARIANT: ("variant", "reason"),
    Do.NOTE: ("text",),
    Do.GIVE_ANSWER: ("text",),
    Do.BREAK_GLASS: ("reason", "typed"),
    Do.OVERRULE_SAFETY: ("rule", "reason"),
    Do.HANDOVER: ("principal",),
    Do.DECLARE: ("severity",),
}
_MAY: dict[Do, tuple[str, ...]] = {
    Do.CONFIRM: ("typed",),
    Do.DECLINE: ("reason",),
    Do.DECIDE: ("reason",),
    Do.PAUSE: ("reason",),
    Do.HANDOVER: ("text",),
    Do.DECLARE: ("text",),
    Do.UPDATE: ("text",),
}
_FIELDS = (
    "typed",
    "reason",
    "choice",
    "evidence",
    "ruling",
    "need",
    "text",
    "rule",
    "principal",
    "severity",
    "variant",
)
_ON_A_PROPOSAL = frozenset(
    {
        Do.CONFIRM,
        Do.DECLINE,
        Do.ASK_APPROVAL,
        Do.GIVE_ANSWER,
        Do.BREAK_GLASS,
        Do.OVERRULE_SAFETY,
    }
)


def load_answers(path: Path) -> Answers:
    """Read a file of answers.

    Raises:
        DocumentError: it cannot be read, is no TOML, or does not fit; the text names file, place and nearest key.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        text = data.decode("utf-8")
    except OSError as error:
        raise DocumentError(
            f"The answers {path} cannot be read: {error.strerror or error}."
        ) from error
    except UnicodeDecodeError as error:
        raise DocumentError(f"The answers {path} are not UTF-8.") from error
    if len(data) > MAX_BYTES:
        raise DocumentError(f"The answers {path} are larger than {MAX_BYTES} bytes.")
    answers = decode_toml(text, Answers, where=str(path))
    for number, answer in enumerate(answers.answer):
        problem = _shape_problem(answer)
        if problem:
            raise DocumentError(f"{path}: answer[{number}] ({answer.step!r}): {problem}")
    return answers


def _shape_problem(answer: Answer) -> str:
    must, may = _MUST.get(answer.do, ()), _MAY.get(answer.do, ())
    for name in must:
        if not getattr(answer, name):
            return f"do = {answer.do.value!r} must have {name!r}."
    given = [name for name in _FIELDS if getattr(answer, name)]
    strange = [name for name in given if name not in {*must, *may}]
    return f"do = {answer.do.value!r} cannot have {strange[0]!r}." if strange else ""


def fitting(answers: Answers, plan: Plan, *, where: str) -> Answers:
    """Return ``answers`` if each names a step, a choice and a need of ``plan``.

    Raises:
        DocumentError: one does not; the nearest name is told.
    """
    for number, answer in enumerate(answers.answer):
        problem = _plan_problem(answer, plan)
        if problem:
            raise DocumentError(f"{where}: answer[{number}] ({answer.step!r}): {problem}")
    return answers


def _plan_problem(answer: Answer, plan: Plan) -> str:
    steps = [planned for planned in plan.steps if answer.step in {planned.id, planned.base}]
    if not steps:
        return _nearest("the plan has no such step", answer.step, {s.id for s in plan.steps})
    if answer.choice:
        choices = {choice.id for choice in steps[0].choices}
        if answer.choice not in choices:
            return _nearest(f"there is no choice {answer.choice!r}", answer.choice, choices)
    if answer.need and answer.need not in steps[0].needs:
        return _nearest(f"it does not need {answer.need!r}", answer.need, set(steps[0].needs))
    if answer.variant and answer.variant not in steps[0].variants:
        known = set(steps[0].variants)
        return _nearest(f"it has no variant {answer.variant!r}", answer.variant, known)
    return ""


def _nearest(what: str, name: str, known: set[str]) -> str:
    return f"{what}; {nearest_hint(name, known)}"


class AnswersOperator:
    """Answers from a file; what it leaves open is the default's, or pauses the run."""

    def __init__(self, answers: Answers, auto: AutoOperator) -> None:
        self._answers = answers
        self._fallback: Operator | None = auto if answers.otherwise is Otherwise.AUTO else None
        self._auto = auto
        self._taken: set[tuple[str, int]] = set()
        self._refusal: AmlRunbookError | None = None
        self._answered = False

    def next(self, plan: Plan, state: RunState, step: str) -> c.AnyCommand | Stop:
        """Return what the file says of the step, else the default or a stop."""
        if self._refusal is not None:
            refusal, self._refusal = self._refusal, None
            return Stop(f"An answer was refused: {refusal.what}", refusal.exit_code)
        self._answered = False
        if not step:
            return c.Close()
        planned, record = plan.step(step), state.step(step)
        found = self._pending(planned)
        if found is None:
            return self._unanswered(plan, state, step)
        number, answer = found
        self._answered = True
        if _wants_a_proposal(answer, planned, record):
            return c.RunStep(step=step)
        self._taken.add((step, number))
        return command_of(answer, step)

    def refused(self, command: c.AnyCommand, error: AmlRunbookError) -> None:
        """Stop at a refused answer; let the default deal with a refused default."""
        if self._answered:
            self._refusal = error
        else:
            self._auto.refused(command, error)

    def _pending(self, planned: PlannedStep) -> tuple[int, Answer] | None:
        """Return the step's next answer; answers by its own id come before those by the runbook's."""
        for name in dict.fromkeys((planned.id, planned.base)):
            for number, answer in enumerate(self._answers.answer):
                if answer.step == name and (planned.id, number) not in self._taken:
                    return number, answer
        return None

    def _unanswered(self, plan: Plan, state: RunState, step: str) -> c.AnyCommand | Stop:
        if self._fallback is not None:
            return self._fallback.next(plan, state, step)
        return Stop(
            f"There is no answer for step {step!r}, which is {state.step(step).state.value}.",
            ExitCode.USAGE,
        )


def _wants_a_proposal(answer: Answer, planned: PlannedStep, record: StepRecord) -> bool:
    """Return whether the action must be proposed before the answer can be given."""
    return (
        planned.kind is StepKind.ACTION
        and answer.do in _ON_A_PROPOSAL
        and record.state is StepState.READY
    )


def command_of(answer: Answer, step: str) -> c.AnyCommand:  # noqa: C901, PLR0912 - one flat case a word
    """Return the command that an answer means for ``step``."""
    match answer.do:
        case Do.RUN:
            return c.RunStep(step=step)
        case Do.CONFIRM:
            return c.Confirm(step=step, typed=answer.typed)
        case Do.DECLINE:
            return c.Decline(step=step, reason=answer.reason)
        case Do.SKIP:
            return c.Skip(step=step, reason=answer.reason)
        case Do.DONE_OUTSIDE:
            return c.DoneOutside(step=step, evidence=answer.evidence)
        case Do.DECIDE:
            return c.Decide(step=step, choice=answer.choice, reason=answer.reason)
        case Do.OVERRULE:
            return c.Overrule(step=step, need=answer.need, reason=answer.reason)
        case Do.LOOK_AGAIN:
            return c.LookAgain(step=step)
        case Do.RULE:
            ruling = answer.ruling or Ruling.CANNOT_TELL
            return c.Rule(step=step, ruling=ruling, reason=answer.reason)
        case Do.SWITCH_VARIANT:
            return c.SwitchVariant(step=step, variant=answer.variant, reason=answer.reason)
        case Do.ASK_APPROVAL:
            return c.AskApproval(step=step)
        case Do.GIVE_ANSWER:
            return c.GiveAnswer(step=step, text=answer.text)
        case Do.BREAK_GLASS:
            return c.BreakGlass(step=step, reason=answer.reason, typed=answer.typed)
        case Do.OVERRULE_SAFETY:
            return c.OverruleSafety(step=step, rule=answer.rule, reason=answer.reason)
        case Do.HANDOVER:
            return c.OfferHandover(principal=answer.principal, text=answer.text)
        case Do.DECLARE:
            return c.DeclareIncident(severity=answer.severity, text=answer.text)
        case Do.PROBES:
            return c.RunProbes()
        case Do.HINT:
            return c.AskHint()
        case Do.UPDATE:
            return c.GiveUpdate(text=answer.text)
        case Do.NOTE:
            return c.AddNote(step=step, text=answer.text)
        case Do.PAUSE:
            return c.Pause(reason=answer.reason)
        case _:
            assert_never(answer.do)
