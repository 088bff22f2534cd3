"""Runbook files: found, read, and validated beyond what their types can say.

A runbook comes from the package, from an explicit path or from the config folder. Never from the current
directory by name.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from datetime import datetime
from importlib.resources import files
from pathlib import Path

import msgspec

from amlrunbook.errors import DocumentError, UsageError
from amlrunbook.model.nearest import nearest_hint
from amlrunbook.model.operation import Action, Check, Confirmation, Registry
from amlrunbook.model.profile import duration_seconds
from amlrunbook.model.strict_toml import decode_toml
from amlrunbook.planning.command import command_words
from amlrunbook.planning.conditions import StepWord, is_about_a_step, step_and_word
from amlrunbook.planning.grammar import Condition, Dialog, Runbook, Step, StepKind
from amlrunbook.planning.lists import PREDICATES, RESOURCE_LISTS

MAX_BYTES = 1 << 20
"""The largest runbook file that is read."""

NO_VALUES = frozenset({"ask", "stop"})
_ON_TIMEOUT = frozenset({"ask", "fail"})
_CHOSE_FORM = "'.chose.' and the id of a choice, or in another word alone"
_STEP_WORDS = frozenset(word.value for word in StepWord)


class LoadedRunbook(msgspec.Struct, frozen=True, kw_only=True):
    """A validated runbook and where it came from."""

    runbook: Runbook
    digest: str
    """SHA-256 of the file's bytes, in hex."""
    where: str
    """The file's name, for a human."""


def runbook_folder() -> Path:
    """Return the folder of the runbooks that come with the program.

    Raises:
        UsageError: the installation lacks it.
    """
    inside = Path(str(files("amlrunbook"))) / "runbooks"
    beside = Path(str(files("amlrunbook"))).parent / "runbooks"
    for folder in (inside, beside):
        if folder.is_dir():
            return folder
    raise UsageError(
        "The runbooks that come with this program are not there.",
        next_step="Install amlrunbook anew.",
    )


def find_runbook(name: str, config_folder: Path | None = None) -> Path:
    """Return the file of a runbook given by path (with ``/`` or ``.toml``) or by name.

    Raises:
        UsageError: there is no such runbook; the nearest names are told.
    """
    if "/" in name or name.endswith(".toml"):
        return Path(name)
    folders = [runbook_folder()]
    if config_folder is not None:
        folders.insert(0, config_folder)
    known = sorted({path.stem for folder in folders for path in folder.glob("*.toml")})
    for folder in folders:
        path = folder / f"{name}.toml"
        if name in known and path.is_file():
            return path
    near = difflib.get_close_matches(name, known, n=1)
    raise UsageError(
        f"There is no runbook {name!r}.",
        next_step=f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(known)}.",
    )


def load_runbook(path: Path) -> LoadedRunbook:
    """Read and validate a runbook.

    Raises:
        DocumentError: it cannot be read, is no TOML, or does not fit the grammar.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise DocumentError(
            f"The runbook {path} cannot be read: {error.strerror or error}."
        ) from error
    if len(data) > MAX_BYTES:
        raise DocumentError(f"The runbook {path} is larger than {MAX_BYTES} bytes.")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DocumentError(f"The runbook {path} is not UTF-8.") from error
    runbook = decode_toml(text, Runbook, where=str(path))
    problems = shape_problems(runbook)
    if problems:
        raise DocumentError(f"{path}: {problems[0]}", next_step="\n".join(problems[1:]))
    return LoadedRunbook(runbook=runbook, digest=hashlib.sha256(data).hexdigest(), where=str(path))


def shape_problems(runbook: Runbook) -> tuple[str, ...]:
    """Return what is wrong with a runbook that its types cannot say; a sentence each."""
    problems = [
        *_doubles("phase", [phase.id for phase in runbook.phases]),
        *_doubles("step", [step.id for step in runbook.step]),
    ]
    phases = {phase.id for phase in runbook.phases}
    steps = [step.id for step in runbook.step]
    for number, step in enumerate(runbook.step):
        earlier = set(steps[:number])
        found = _step_problems(step, phases, set(steps), earlier)
        found += _choice_problems(step, runbook.step[:number])
        problems.extend(f"step {step.id!r}: {problem}" for problem in found)
    return tuple(problems)


def _doubles(what: str, ids: list[str]) -> list[str]:
    return [
        f"{what} {name!r} is there twice." for name in sorted({i for i in ids if ids.count(i) > 1})
    ]


def _step_problems(step: Step, phases: set[str], steps: set[str], earlier: set[str]) -> list[str]:
    problems = []
    if step.phase not in phases:
        problems.append(_unknown("phase", step.phase, phases))
    for need in step.needs:
        if need not in steps:
            problems.append(_unknown("step in needs", need, steps))
        elif need not in earlier:
            problems.append(f"needs {need!r}, which does not come before it.")
    if step.for_each and step.for_each not in RESOURCE_LISTS:
        problems.append(_unknown("list in for_each", step.for_each, set(RESOURCE_LISTS)))
    problems.extend(_condition_problems(step, steps, earlier))
    problems.extend(_reference_problems(step, steps, earlier))
    problems.extend(_kind_problems(step))
    problems.extend(_time_problems(step))
    problems.extend(_command_problems(step))
    return problems


def _condition_problems(step: Step, steps: set[str], earlier: set[str]) -> list[str]:
    problems = []
    for name in condition_names(step.when):
        if not is_about_a_step(name):
            if name not in PREDICATES:
                problems.append(_unknown("predicate in when", name, set(PREDICATES)))
            continue
        other, word, choice = step_and_word(name)
        if other not in steps:
            problems.append(_unknown("step in when", other, steps))
        elif other not in earlier:
            problems.append(f"when asks for step {other!r}, which does not come before it.")
        if word not in _STEP_WORDS:
            problems.append(_unknown("word on a step in when", word, _STEP_WORDS))
        elif bool(choice) is not (word == StepWord.CHOSE.value):
            problems.append(f"when: {name!r} should end in {_CHOSE_FORM}.")
    return problems


def _choice_problems(step: Step, earlier: tuple[Step, ...]) -> list[str]:
    """Return which choices ``when`` asks for that no earlier decision has."""
    choices = {other.id: {choice.id for choice in other.choices} for other in earlier}
    asked = [step_and_word(name) for name in condition_names(step.when) if is_about_a_step(name)]
    return [
        _unknown(f"choice of {other!r} in when", choice, choices[other])
        for other, _, choice in asked
        if choice and other in choices and choice not in choices[other]
    ]


def _reference_problems(step: Step, steps: set[str], earlier: set[str]) -> list[str]:
    problems = []
    for key, word, words in (
        ("on_fail", step.on_fail, NO_VALUES),
        ("on_timeout", step.on_timeout, _ON_TIMEOUT),
    ):
        if word in words:
            continue
        if word not in steps:
            problems.append(_unknown(key, word, steps | words))
        elif word in earlier | {step.id}:
            problems.append(f"{key} leads to {word!r}, which does not follow.")
    problems.extend(
        f"choice {choice.id!r} leads to {choice.next!r}, which does not follow."
        for choice in step.choices
        if choice.next and (choice.next not in steps or choice.next in earlier | {step.id})
    )
    problems.extend(_doubles("choice", [choice.id for choice in step.choices]))
    if sum(choice.default for choice in step.choices) > 1:
        problems.append("more than one choice is the default.")
    return problems


_MUST: dict[StepKind, tuple[str, ...]] = {
    StepKind.CHECK: ("do",),
    StepKind.ACTION: ("do",),
    StepKind.MANUAL: (),
    StepKind.DECISION: ("choices",),
    StepKind.WAIT: ("check", "every", "until"),
    StepKind.RUNBOOK: ("do",),
}
_MAY: dict[StepKind, frozenset[str]] = {
    StepKind.CHECK: frozenset({"do", "params", "retry", "on_fail"}),
    StepKind.ACTION: frozenset(
        {"do", "params", "variants", "confirm", "undo", "verify", "on_fail"}
    ),
    StepKind.MANUAL: frozenset({"undo", "commands", "do"}),
    StepKind.DECISION: frozenset({"choices"}),
    StepKind.WAIT: frozenset({"check", "every", "until", "params"}),
    StepKind.RUNBOOK: frozenset({"do", "params", "on_fail"}),
}
_DIALOGS = frozenset(dialog.value for dialog in Dialog)
_SIDE_BY_SIDE = frozenset({StepKind.CHECK, StepKind.ACTION, StepKind.WAIT})
_ID = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_BY_KIND = frozenset().union(*_MAY.values()) - {"commands"}


def _kind_problems(step: Step) -> list[str]:
    problems = [
        f"a {step.kind.value} step must have {key!r}."
        for key in _MUST[step.kind]
        if not getattr(step, key)
    ]
    given = {
        field.name
        for field in msgspec.structs.fields(Step)
        if field.name in _BY_KIND
        and getattr(step, field.name) != field.default
        and getattr(step, field.name)
    }
    problems.extend(
        f"a {step.kind.value} step cannot have {key!r}."
        for key in sorted(
            given - _MAY[step.kind] - ({"on_fail"} if step.on_fail == "ask" else set())
        )
    )
    if step.kind is StepKind.RUNBOOK and step.do and not _ID.fullmatch(step.do):
        problems.append(f"{step.do!r} is no runbook's id: a path is not taken here.")
    if step.kind is StepKind.MANUAL and step.do and step.do not in _DIALOGS:
        problems.append(_unknown("dialog of a manual step", step.do, _DIALOGS))
    if step.parallel > 1 and not step.for_each:
        problems.append("'parallel' is for the instances of 'for_each', which it does not have.")
    elif step.parallel > 1 and step.kind not in _SIDE_BY_SIDE:
        problems.append(f"a {step.kind.value} step cannot have 'parallel'.")
    variant = step.params.get("variant")
    if variant and step.variants and variant not in step.variants:
        problems.append(_unknown("variant", variant, set(step.variants)))
    return problems


_NOT_TIMED = frozenset({StepKind.MANUAL, StepKind.DECISION, StepKind.RUNBOOK})
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def _time_problems(step: Step) -> list[str]:
    problems = [
        problem
        for key, text in (
            ("budget", step.budget),
            ("every", step.every),
            ("retry.wait", step.retry.wait if step.retry else ""),
        )
        if text and (problem := _duration_problem(key, text, least=0 if key == "retry.wait" else 1))
    ]
    if step.until and not _MOMENT.fullmatch(step.until):
        problem = _duration_problem("until", step.until, least=1)
        if problem:
            problems.append(f"{problem} A moment is written like 2026-01-31T06:00:00Z.")
    elif step.until:
        problems.extend(_moment_problem(step.until))
    if step.on_timeout != "ask":
        problems.extend(_timeout_problems(step))
    return problems


def _duration_problem(key: str, text: str, *, least: int) -> str:
    try:
        seconds = duration_seconds(text)
    except DocumentError as error:
        return f"{key}: {error.what}"
    return "" if seconds >= least else f"{key}: {text!r} is no time at all."


def _moment_problem(text: str) -> list[str]:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return [f"until: {text!r} is no moment of the calendar."]
    return []


def _timeout_problems(step: Step) -> list[str]:
    if step.kind in _NOT_TIMED:
        return [
            f"a {step.kind.value} step cannot have 'on_timeout': a person's time is not cut off."
        ]
    if step.kind is StepKind.ACTION and step.on_timeout == "fail":
        return [
            (
                "an action cannot have on_timeout = 'fail': late is not failed, its outcome is looked at; "
                "say 'ask' or a step."
            )
        ]
    if step.kind is not StepKind.WAIT and not step.budget:
        return ["on_timeout needs a 'budget'."]
    return []


def _command_problems(step: Step) -> list[str]:
    problems = []
    for text in step.commands:
        try:
            command_words(text)
        except DocumentError as error:
            problems.append(f"commands: {error.what}")
    return problems


def condition_names(when: str | Condition) -> tuple[str, ...]:
    """Return the predicates that a condition names."""
    if isinstance(when, str):
        return (when,) if when else ()
    return (*when.all, *when.any, *when.none)


def _unknown(what: str, name: str, known: set[str] | frozenset[str]) -> str:
    return f"unknown {what} {name!r}; {nearest_hint(name, known)}"


def operation_problems(runbook: Runbook, registry: Registry) -> tuple[str, ...]:
    """Return what is wrong between a runbook and the operations there are; a sentence each."""
    problems = []
    for step in runbook.step:
        problem = _operation_problem(step, registry)
        if problem:
            problems.append(f"step {step.id!r}: {problem}")
    return tuple(problems)


def _operation_problem(step: Step, registry: Registry) -> str:
    name = step.check if step.kind is StepKind.WAIT else step.do
    if step.kind in {StepKind.MANUAL, StepKind.DECISION}:
        return ""
    if step.kind is StepKind.RUNBOOK:
        return ""  # the family is looked at by amlrunbook.planning.family
    operation = registry.get(name)
    if operation is None:
        return _unknown("operation", name, set(registry))
    if step.kind is StepKind.ACTION:
        if not isinstance(operation, Action):
            return f"{name!r} is a check; an action step needs an action."
        return _verify_problem(step, registry) or _confirmation_problem(
            step, operation.confirmation
        )
    if isinstance(operation, Action) or not isinstance(operation, Check):
        return f"{name!r} is an action; a {step.kind.value} step needs a check."
    return ""


def _verify_problem(step: Step, registry: Registry) -> str:
    if not step.verify:
        return ""
    checks = {name for name, found in registry.items() if not isinstance(found, Action)}
    return "" if step.verify in checks else _unknown("check in verify", step.verify, checks)


def _confirmation_problem(step: Step, least: Confirmation) -> str:
    if step.confirm is not None and step.confirm.rank < least.rank:
        return (
            f"confirm = {step.confirm.value!r} is weaker than the {least.value!r} "
            f"that {step.do!r} asks for."
        )
    return ""
