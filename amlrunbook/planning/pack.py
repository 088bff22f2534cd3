"""A pack: a runbook for one profile, ready to be written as paper and as a script for the day this program cannot run.

Pure: a plan and what it could not know go in, :mod:`.pack_paper` and :mod:`.pack_script` make text of it.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from amlrunbook.errors import DocumentError
from amlrunbook.model.moments import age_words, seconds_between
from amlrunbook.model.operation import Confirmation, OperationContext, Registry, Risk
from amlrunbook.model.profile import Profile, span_words
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.model.snapshot import Snapshot, snapshot_of
from amlrunbook.planning.command import command_words, only_looks, to_fill_in
from amlrunbook.planning.command_lines import by_hand_of, is_path
from amlrunbook.planning.conditions import StepPredicate
from amlrunbook.planning.family import Library, shipped
from amlrunbook.planning.grammar import Step, StepKind
from amlrunbook.planning.lists import SNAPSHOT_LISTS
from amlrunbook.planning.load import LoadedRunbook
from amlrunbook.planning.plan import Plan, PlannedStep
from amlrunbook.planning.resolve import resolve

AZ = "az"
"""The only program that a script starts."""
NO_COMMAND = "No az command is known for this step."


@dataclass(frozen=True, slots=True)
class Gap:
    """What a pack could not know of one step."""

    reason: str
    templates: tuple[str, ...] = ()
    """The step's commands as the runbook and its operation have them, what is not known unfilled."""


@dataclass(frozen=True, slots=True)
class Pack:
    """A plan, and what must be said beside it."""

    plan: Plan
    written_at: datetime
    program: str
    """The program and version that wrote it."""
    gaps: Mapping[str, Gap]
    """By the id of the planned step."""
    unread: tuple[str, ...] = ()
    """What the snapshot could not read, nor the one before it."""

    @property
    def has_snapshot(self) -> bool:
        """Whether a snapshot stands behind the plan."""
        return bool(self.plan.snapshot_taken)

    @property
    def snapshot_words(self) -> str:
        """The snapshot's date, age and digest in one sentence."""
        if not self.has_snapshot:
            return "None: what only a snapshot knows is missing below, and said so."
        plan = self.plan
        age = age_words(seconds_between(plan.snapshot_taken, self.written_at))
        earlier = (
            f"what it could not read is as the snapshot of {plan.snapshot_earlier} had it, "
            f"{age_words(seconds_between(plan.snapshot_earlier, self.written_at))} before; "
            if plan.snapshot_earlier
            else ""
        )
        return f"Taken {plan.snapshot_taken}, {age} before this was written; {earlier}sha256 {plan.snapshot_digest}"

    def outside(self, step: PlannedStep) -> str:
        """Return why a step, or one that opens it, does not concern this pair.

        Empty where it does, or where nobody knows its resources.
        """
        if step.not_applicable and not (step.id in self.gaps and not step.resource):
            return step.not_applicable
        return self.outside(self.plan.step(step.parent)) if step.parent else ""

    @property
    def by_hand(self) -> tuple[PlannedStep, ...]:
        """The steps for which no command is known."""
        return tuple(
            step
            for step in self.plan.steps
            if step.kind not in {StepKind.DECISION, StepKind.RUNBOOK}
            and not self.outside(step)
            and not step.lines
        )


def pack_of(
    loaded: LoadedRunbook,
    profile: Profile,
    snapshot: Snapshot | None,
    registry: Registry,
    *,
    written_at: datetime,
    program: str,
    library: Library = shipped,
) -> Pack:
    """Return the pack of a runbook for a profile, by what a snapshot knows, or by the profile alone.

    ``library`` gives the runbooks that its steps open; their steps are in the pack too.

    Raises:
        DocumentError: the runbook does not fit the operations there are.
    """
    known = snapshot or snapshot_of([])
    plan = resolve(loaded, profile, known, registry, library)
    books = _books(loaded, library, "")

    def of_none(step: PlannedStep) -> tuple[str, ...]:
        context = OperationContext(
            profile=profile, snapshot=known, step=step.id, params=step.params, variant=step.variant
        )
        return by_hand_of(registry, step.check or step.do, context)

    found = {step.id: _gap(books[step.base], step, plan, of_none) for step in plan.steps}
    return Pack(
        plan=plan,
        written_at=written_at,
        program=program,
        gaps={step: gap for step, gap in found.items() if gap is not None},
        unread=tuple(document.label for document in known.inventory.last_known().unread),
    )


def _books(loaded: LoadedRunbook, library: Library, inside: str) -> dict[str, Step]:
    """Return the steps of a runbook and of those that it opens, by the base of their planned steps."""
    books: dict[str, Step] = {}
    for step in loaded.runbook.step:
        books[f"{inside}{step.id}"] = step
        if step.kind is StepKind.RUNBOOK:
            books |= _books(library(step.do), library, f"{inside}{step.id}/")
    return books


def _gap(
    book: Step,
    step: PlannedStep,
    plan: Plan,
    of_none: Callable[[PlannedStep], tuple[str, ...]],
) -> Gap | None:
    """Return what cannot be known of a step; ``of_none`` says how it is done by hand whatever it is about."""
    if book.for_each in SNAPSHOT_LISTS and not plan.snapshot_taken:
        known = "Only what the profile names is here" if step.resource else "Nothing of it is here"
        return Gap(
            f"The list {book.for_each!r} needs a snapshot. {known}: find the rest yourself.",
            tuple(dict.fromkeys((*book.commands, *of_none(step)))),
        )
    other = "" if plan.profile.secondary else "{secondary"
    meant = [text for text in book.commands if not other or other not in text]
    if len(step.commands) == len(meant) or (book.for_each and not step.resource):
        return None
    if step.parent and not step.resource:
        return Gap(
            "Which resource it is about is not known here.", (*book.commands, *of_none(step))
        )
    return Gap(
        "A name of this resource cannot stand in a command safely: write the command by hand.",
        book.commands,
    )


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a step."""

    text: str
    """As a POSIX shell reads it, on one line."""
    words: tuple[str, ...]
    """What is started; empty where the script must not start it."""

    @property
    def looks(self) -> bool:
        """Whether it changes nothing."""
        return only_looks(self.text)

    @property
    def to_fill_in(self) -> tuple[str, ...]:
        """What only the day tells of it."""
        return to_fill_in(self.text)


def commands_of(step: PlannedStep) -> tuple[Command, ...]:
    """Return a step's commands; what is shown of one is exactly what its words are."""
    return tuple(_command(text) for text in step.lines)


def _command(text: str) -> Command:
    try:
        words = command_words(text)
    except DocumentError:
        return Command(text, ())
    return Command(shlex.join(words), words if words[0] == AZ else ())


def order_words(commands: tuple[Command, ...], place: int) -> str:
    """Return what a step's command at ``place`` is for: a look before, a change, or a look whether it happened."""
    if not commands[place].looks:
        return "Change"
    if any(not command.looks for command in commands[:place]):
        return "Look whether it happened"
    return "Look first" if any(not command.looks for command in commands) else "Look"


def runnable_commands(step: PlannedStep) -> tuple[Command, ...]:
    """Return those commands that the script can run."""
    return tuple(command for command in commands_of(step) if command.words)


def typed_name(step: PlannedStep, profile: Profile) -> str:
    """Return what must be typed before a command of this step runs; empty where Enter does."""
    if step.kind is not StepKind.ACTION or step.confirmation is Confirmation.ENTER:
        return ""
    if step.resource and is_path(step.resource):
        return step.resource
    return ResourceId.parse(step.resource or profile.primary.workspace).known_name


def step_facts(step: PlannedStep) -> tuple[tuple[str, str], ...]:
    """Return what a person must know of a step: label and text, those with text alone."""
    facts = (
        ("WHY", step.why),
        ("DOES", _does(step)),
        ("ON", step.resource),
        ("EXPLAIN", step.explain.strip()),
        ("ONLY IF", _only_if(step)),
        ("NEEDS", ", ".join(step.needs)),
        ("LOSES", _loses(step)),
        ("UNDO", _undo(step)),
        ("RISK", step.risk.value if step.kind is StepKind.ACTION else ""),
        ("ASKS", _asks(step)),
        ("TAKES", f"at most {step.budget_seconds // 60} min" if step.budget_seconds else ""),
        ("FAILS", _leads("it fails", step.on_fail)),
        ("LATE", _leads("it takes longer", step.on_timeout)),
        ("SOURCE", step.source),
    )
    return tuple((label, text) for label, text in facts if text)


def _does(step: PlannedStep) -> str:
    match step.kind:
        case StepKind.CHECK:
            if step.lines:
                return f"Reads and judges ({step.do}). By hand: run the commands and judge by WHY."
            return f"Reads and judges ({step.do}). By hand: judge by WHY from what you know."
        case StepKind.ACTION:
            given = [f"{key} = {value}" for key, value in sorted(step.params.items())]
            if step.variant:
                given.append(f"variant = {step.variant}")
            what = (
                "a file on this machine" if is_path(step.resource or "/subscriptions/") else "Azure"
            )
            return f"Changes {what} ({'; '.join([step.do, *given])})."
        case StepKind.MANUAL:
            return "Is done by a person; nothing of it is automatic."
        case StepKind.DECISION:
            return "Is a choice."
        case StepKind.WAIT:
            return f"Waits until {step.check} passes: look every {step.every_seconds} s, {_at_most(step.until)}."
        case StepKind.RUNBOOK:
            return f"Opens another runbook, {step.do}: its steps follow."
        case _:
            assert_never(step.kind)


def _at_most(until: str) -> str:
    words = span_words(until)
    return f"until {until} at most" if words == until else f"for {words} at most"


def _only_if(step: PlannedStep) -> str:
    def said(predicates: tuple[StepPredicate, ...], between: str) -> str:
        return between.join(predicate.text for predicate in predicates)

    when = step.when
    parts = (
        said(when.all, " and "),
        f"one of these holds: {said(when.any, ', ')}" if when.any else "",
        f"none of these holds: {said(when.none, ', ')}" if when.none else "",
    )
    return "; ".join(part for part in parts if part)


def _loses(step: PlannedStep) -> str:
    if step.kind is not StepKind.ACTION:
        return ""
    match step.risk:
        case Risk.READ_ONLY:
            return "Nothing."
        case Risk.REVERSIBLE:
            return "Nothing that the undo does not bring back."
        case Risk.DISRUPTIVE:
            return "No data; what is served is interrupted."
        case Risk.DATA_LOSS:
            return "Data. How much, only a look at Azure tells: look before you run it."
        case _:
            assert_never(step.risk)


def _undo(step: PlannedStep) -> str:
    if step.undo or step.kind is not StepKind.ACTION or step.risk is Risk.READ_ONLY:
        return step.undo
    return "There is none that the runbook knows."


def _asks(step: PlannedStep) -> str:
    if step.kind is not StepKind.ACTION:
        return ""
    match step.confirmation:
        case Confirmation.ENTER:
            return "One person."
        case Confirmation.TYPE_NAME:
            return "One person, who types the resource's name."
        case Confirmation.TWO_PERSONS:
            return "Two persons: one types the resource's name, another has agreed before."
        case _:
            assert_never(step.confirmation)


def _leads(when: str, target: str) -> str:
    match target:
        case "ask":
            return ""
        case "stop":
            return f"Stop here where {when}."
        case "fail":
            return f"Take it as failed where {when}."
        case _:
            return f"Go to {target} where {when}."
