"""What the right side of the run screen says of a step: the same words at the same places, always. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import assert_never

from amlrunbook.errors import UsageError
from amlrunbook.executor.forecast import UNFORESEEN, Forecast
from amlrunbook.model.mode import Mode
from amlrunbook.model.operation import FILE_METHOD, Confirmation, Risk
from amlrunbook.model.profile import span_words
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.planning.command import only_looks
from amlrunbook.planning.grammar import StepKind
from amlrunbook.planning.plan import PlannedStep
from amlrunbook.state.events import ActionProposed
from amlrunbook.state.fold import StepRecord
from amlrunbook.state.transitions import StepState
from screens.moments import counted, time_of_day
from screens.step_marks import NEXT, STEP_MARKS
from screens.widgets.tones import Tone

NOT_YET = "unknown until previewed"
"""Of an action that was not previewed: nothing is promised."""

_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Field:
    """One labelled text."""

    label: str
    text: str
    tone: Tone = Tone.PLAIN


def step_fields(
    step: PlannedStep,
    record: StepRecord,
    mode: Mode,
    *,
    wanted: bool = False,
    forecast: Forecast = UNFORESEEN,
) -> tuple[Field, ...]:
    """Return the fields of a step, in their fixed order: every label always there.

    ``wanted`` says that the run waits for this step; ``forecast`` what it took in earlier runs.
    """
    return (
        _state(step, record, wanted=wanted),
        Field("WHY", prose(step.why) or "unknown"),
        Field("DOES", _does(step, record)),
        _loses(step, record),
        Field("AFTER", _after(step, record)),
        _undo(step, record),
        _takes(step, record, forecast),
        _risk(step, record),
        _mode(step, record, mode),
        Field("AZ", command_of(step, record), Tone.ACCENT),
        Field("SOURCE", step.source or "none given", Tone.DIM),
    )


def commands_of(step: PlannedStep, record: StepRecord) -> tuple[str, ...]:
    """Return the commands of a step: those of its preview where there is one, else what the plan knows of it by hand."""
    proposal = record.proposal
    return (proposal.commands if proposal is not None else ()) or step.lines_by(record.variant)


def another_way(step: PlannedStep, record: StepRecord) -> str:
    """Return that the command of the chosen variant is not known yet; empty where it is."""
    if record.variant in {"", step.variant} or (record.proposal and record.proposal.commands):
        return ""
    return (
        f"The command that does it {record.variant} is shown once that is previewed. The paper's command does it "
        f"{step.variant}."
    )


def command_of(step: PlannedStep, record: StepRecord) -> str:
    """Return the one command that stands for a step: what changes something, else its first; ``none`` where it has none."""
    if another_way(step, record):
        return f"known once it is previewed {record.variant}"
    commands = commands_of(step, record)
    return next((each for each in commands if not only_looks(each)), (*commands, "none")[0])


def what_to_do(step: PlannedStep, record: StepRecord) -> tuple[str, ...]:
    """Return what a person does by hand at a step, a line each: the commands that its paper has, too.

    Where some change something, it is said before each group of them which it is.
    """
    said = prose(step.explain) if step.kind is StepKind.MANUAL else another_way(step, record)
    known = commands_of(step, record)
    looks = (line for line in step.lines if line not in known and only_looks(line))
    commands = (*known, *looks)
    if any(not only_looks(line) for line in commands):
        commands = tuple(_told_apart(commands))
    return tuple(filter(None, (said, *commands)))


def _told_apart(commands: tuple[str, ...]) -> Iterator[str]:
    for looks, group in groupby(commands, only_looks):
        yield "Look:" if looks else "Change:"
        yield from group


def risk_words(risk: Risk) -> str:
    """Return a risk in words."""
    return {
        Risk.READ_ONLY: "none: it only reads",
        Risk.REVERSIBLE: "reversible",
        Risk.DISRUPTIVE: "disruptive",
        Risk.DATA_LOSS: "data loss",
    }[risk]


def confirmation_words(confirmation: Confirmation) -> str:
    """Return how an action is confirmed, in words."""
    match confirmation:
        case Confirmation.ENTER:
            return "confirm it"
        case Confirmation.TYPE_NAME:
            return "type the name"
        case Confirmation.TWO_PERSONS:
            return "type the name, two persons"
        case _ as never:
            assert_never(never)


def _state(step: PlannedStep, record: StepRecord, *, wanted: bool) -> Field:
    waiting = wanted and record.state in {StepState.PENDING, StepState.READY}
    mark = NEXT if waiting else STEP_MARKS[record.state]
    parts = [mark.text, time_of_day(record.since)]
    if record.total:
        parts.append(f"{record.done} of {record.total}")
    text = " ".join(part for part in parts if part)
    said = record.text
    if record.state is StepState.BLOCKED:
        said = record.why_blocked or f"needs {', '.join(step.needs)}"
    elif record.state is StepState.PENDING and step.not_applicable:
        said = step.not_applicable
    return Field("STATE", f"{text}: {said}" if said else text, mark.tone)


def _does(step: PlannedStep, record: StepRecord) -> str:
    proposal = record.proposal
    if proposal is not None:
        return f"{proposal.summary} {touched_words(proposal)}: {'; '.join(proposal.requests)}"
    where = f" {short_name(step.resource)}" if step.resource else ""
    match step.kind:
        case StepKind.CHECK:
            return f"Reads{where} by {step.do}; changes nothing."
        case StepKind.ACTION:
            return f"{step.do}{where}. enter previews it, and only reads."
        case StepKind.MANUAL:
            return prose(step.explain) or "You do it yourself, then say how it can be seen."
        case StepKind.DECISION:
            texts = "; ".join(prose(choice.text) for choice in step.choices)
            return f"You choose: {texts}. {prose(step.explain)}".strip()
        case StepKind.WAIT:
            every = _duration(step.every_seconds)
            return f"Repeats {step.check or step.do} every {every} {_until(step.until)}."
        case StepKind.RUNBOOK:
            return f"Runs the runbook {step.do}, in this journal."
        case _ as never:
            assert_never(never)


def _until(until: str) -> str:
    words = span_words(until)
    if words != until:
        return f"until it passes, for {words} at most"
    return f"until {until}" if until else "until it passes"


def _loses(step: PlannedStep, record: StepRecord) -> Field:
    if step.kind is not StepKind.ACTION:
        return Field("LOSES", "nothing", Tone.DIM)
    if record.proposal is None:
        return Field("LOSES", NOT_YET, Tone.WARNING)
    loses = record.proposal.loses
    return Field("LOSES", loses or "nothing", Tone.ERROR if loses else Tone.PLAIN)


def _after(step: PlannedStep, record: StepRecord) -> str:
    if step.kind is not StepKind.ACTION:
        return "as before"
    if record.proposal is None:
        return NOT_YET
    before = f" (now {record.proposal.before})" if record.proposal.before else ""
    return f"{record.proposal.after or 'unknown'}{before}"


def _undo(step: PlannedStep, record: StepRecord) -> Field:
    if step.kind is not StepKind.ACTION:
        return Field("UNDO", prose(step.undo) or "nothing to undo", Tone.DIM)
    undo = record.proposal.undo if record.proposal is not None else prose(step.undo)
    if undo:
        return Field("UNDO", undo)
    if record.proposal is None:
        return Field("UNDO", NOT_YET, Tone.WARNING)
    return Field("UNDO", "there is no undo", Tone.ERROR)


def _takes(step: PlannedStep, record: StepRecord, forecast: Forecast) -> Field:
    text = forecast.takes(step).replace(" · p", ", p") or "no budget set"
    if step.base not in forecast.machine:
        text += " · usual time unknown"
    if record.timed_out:
        return Field("TAKES", f"OVER its {text}", Tone.WARNING)
    return Field("TAKES", text)


def _risk(step: PlannedStep, record: StepRecord) -> Field:
    risk = record.proposal.risk if record.proposal is not None else step.risk
    confirmation = step.confirmation
    if record.proposal is not None:
        confirmation = record.proposal.confirmation.stricter(step.confirmation)
    if step.kind is StepKind.MANUAL:
        return Field("RISK", "yours: this program does nothing here", Tone.DIM)
    if step.kind is not StepKind.ACTION:
        return Field("RISK", risk_words(Risk.READ_ONLY), Tone.DIM)
    tone = Tone.ERROR if risk.rank >= Risk.DISRUPTIVE.rank else Tone.PLAIN
    return Field("RISK", f"{risk_words(risk)}: {confirmation_words(confirmation)}", tone)


def _mode(step: PlannedStep, record: StepRecord, mode: Mode) -> Field:
    words = {
        Mode.READ_ONLY: "READ-ONLY: nothing is sent",
        Mode.DRILL: "DRILL: simulated Azure only",
        Mode.LIVE: "LIVE: real Azure",
    }
    variant = record.variant or step.variant
    others = tuple(each for each in step.variants if each != variant)
    text = words[mode]
    if variant:
        text = f"{text.partition(':')[0]} · {variant}" + (
            f" (m: {', '.join(others)})" if others else ""
        )
    return Field("MODE", text, Tone.MODE)


def prose(text: str) -> str:
    """Return a text of a runbook, which may be written in several lines, as one."""
    return " ".join(text.split())


def short_name(resource: str) -> str:
    """Return the last name of an ARM id, or the text itself where it is none."""
    return resource.rstrip("/").rsplit("/", 1)[-1] or resource


def resource_words(resource: str) -> str:
    """Return an ARM id as a person tells it from others: what it lies in, name, type and group; another text as it is.

    A pair has an endpoint of the same name on both sides: its workspace tells them apart, even in one group.
    """
    try:
        parsed = ResourceId.parse(resource)
    except UsageError:
        return resource
    path = "/".join(name for name in parsed.names if name.lower() != "default")
    return f"{path or parsed.name} · {parsed.types[-1]} · group {parsed.resource_group}"


def on_this_machine(proposal: ActionProposed) -> bool:
    """Return whether all that would be changed are files here: Azure is sent nothing, and none may say it is."""
    requests = proposal.requests
    return bool(requests) and all(each.startswith(f"{FILE_METHOD} ") for each in requests)


def touched_words(proposal: ActionProposed) -> str:
    """Return how much would be touched, and by how many calls."""
    many = len(proposal.resources)
    if on_this_machine(proposal):
        return f"{counted(many, 'file')} on this machine, nothing is sent to Azure"
    return f"{counted(many, 'resource')}, by {counted(len(proposal.requests), 'call')}"


def _duration(seconds: int) -> str:
    if seconds and seconds % _MINUTE == 0:
        return f"{seconds // _MINUTE} min"
    return f"{seconds} s"
