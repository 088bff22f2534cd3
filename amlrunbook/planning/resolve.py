"""A runbook, a profile and a snapshot become a plan."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

import msgspec

from amlrunbook.errors import DocumentError
from amlrunbook.model.display import shown
from amlrunbook.model.operation import Action, Confirmation, Registry, Risk
from amlrunbook.model.profile import Profile, duration_seconds
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.model.snapshot import Inventory, Snapshot
from amlrunbook.planning.command import command_words
from amlrunbook.planning.grammar import Choice, Condition, Step
from amlrunbook.planning.lists import PREDICATE_TEXTS, PREDICATES, RESOURCE_LISTS
from amlrunbook.planning.load import LoadedRunbook, operation_problems
from amlrunbook.planning.plan import PLAN_FORMAT, Plan, PlannedStep

_PLACEHOLDER = re.compile(r"\{(?:name|group|id|subscription)\}")
_Instance = tuple[str, str]
"""The id of an instance in the plan, and the ARM id that it is about."""


@dataclass(frozen=True, slots=True)
class _Ground:
    """What a runbook is resolved against."""

    profile: Profile
    inventory: Inventory
    registry: Registry


def resolve(
    loaded: LoadedRunbook, profile: Profile, snapshot: Snapshot, registry: Registry
) -> Plan:
    """Return the plan of ``loaded`` for ``profile``, by what ``snapshot`` knows.

    Raises:
        DocumentError: a step names an operation that does not exist, or weakens its confirmation.
    """
    problems = operation_problems(loaded.runbook, registry)
    if problems:
        raise DocumentError(f"{loaded.where}: {problems[0]}", next_step="\n".join(problems[1:]))
    ground = _Ground(profile, snapshot.inventory, registry)
    instances: dict[str, tuple[_Instance, ...]] = {}
    steps: list[PlannedStep] = []
    for step in loaded.runbook.step:
        instances[step.id] = _instances(step, ground)
        steps.extend(_planned(step, instance, instances, ground) for instance in instances[step.id])
    return Plan(
        format=PLAN_FORMAT,
        runbook=loaded.runbook.id,
        runbook_version=loaded.runbook.version,
        runbook_digest=loaded.digest,
        title=loaded.runbook.title,
        explain=loaded.runbook.explain,
        profile=profile,
        snapshot_digest=snapshot.digest,
        snapshot_taken=snapshot.taken_at,
        phases=loaded.runbook.phases,
        steps=_with_plan_ids(tuple(steps), instances),
    )


def _instances(step: Step, ground: _Ground) -> tuple[_Instance, ...]:
    """Return the instances of a step: itself, or one a resource; never none, so that it stays in sight."""
    if not step.for_each:
        return ((step.id, ""),)
    resources = RESOURCE_LISTS[step.for_each](ground.profile, ground.inventory)
    if not resources:
        return ((step.id, ""),)
    names = [ResourceId.parse(resource).name for resource in resources]
    return tuple((f"{step.id}:{_label(resource, names)}", resource) for resource in resources)


def _label(resource: str, names: list[str]) -> str:
    """Return the resource's name; with its group where two resources share a name."""
    parsed = ResourceId.parse(resource)
    if names.count(parsed.name) == 1:
        return parsed.name
    return f"{parsed.resource_group}/{parsed.name}"


def _planned(
    step: Step,
    instance: _Instance,
    instances: dict[str, tuple[_Instance, ...]],
    ground: _Ground,
) -> PlannedStep:
    identity, resource = instance
    risk, confirmation = _risk(step, ground.registry)
    return PlannedStep(
        id=identity,
        base=step.id,
        phase=step.phase,
        kind=step.kind,
        title=f"{step.title}: {identity.split(':', 1)[1]}" if ":" in identity else step.title,
        why=step.why,
        explain=step.explain,
        source=step.source,
        do=step.do,
        params={key: value for key, value in step.params.items() if key != "variant"},
        resource=resource,
        variant=step.params.get("variant", step.variants[0] if step.variants else ""),
        variants=step.variants,
        needs=_needs(step, resource, instances),
        not_applicable=_not_applicable(step, resource, ground),
        risk=risk,
        confirmation=confirmation,
        budget_seconds=duration_seconds(step.budget) if step.budget else 0,
        parallel=step.parallel,
        on_timeout=step.on_timeout,
        on_fail=step.on_fail,
        retry=step.retry,
        undo=step.undo,
        verify=step.verify,
        check=step.check,
        every_seconds=duration_seconds(step.every) if step.every else 0,
        until=step.until,
        choices=step.choices,
        commands=_commands(step, resource, ground.profile),
    )


def _risk(step: Step, registry: Registry) -> tuple[Risk, Confirmation]:
    operation = registry.get(step.do)
    if not isinstance(operation, Action):
        return Risk.READ_ONLY, Confirmation.ENTER
    least = operation.confirmation
    if operation.risk is Risk.DATA_LOSS:
        least = least.stricter(Confirmation.TYPE_NAME)
    return operation.risk, least.stricter(step.confirm)


def _needs(
    step: Step, resource: str, instances: dict[str, tuple[_Instance, ...]]
) -> tuple[str, ...]:
    """Return the needed instances: of the same resource where the needed step has one, else all."""
    needed: list[str] = []
    for need in step.needs:
        same = [
            identity
            for identity, other in instances[need]
            if resource and other.lower() == resource.lower()
        ]
        needed.extend(same or [identity for identity, _ in instances[need]])
    return tuple(needed)


def _not_applicable(step: Step, resource: str, ground: _Ground) -> str:
    if step.for_each and not resource:
        return f"There is nothing in the list {step.for_each!r}."
    profile, inventory = ground.profile, ground.inventory
    when = step.when
    if isinstance(when, str):
        when = Condition(all=(when,)) if when else Condition()
    for name in when.all:
        if PREDICATES[name](profile, inventory, resource) is False:
            return f"It does not hold that {PREDICATE_TEXTS[name]}."
    for name in when.none:
        if PREDICATES[name](profile, inventory, resource) is True:
            return f"It holds that {PREDICATE_TEXTS[name]}."
    answers = [PREDICATES[name](profile, inventory, resource) for name in when.any]
    if answers and all(answer is False for answer in answers):
        return f"None of these holds: {', '.join(PREDICATE_TEXTS[name] for name in when.any)}."
    return ""


def _commands(step: Step, resource: str, profile: Profile) -> tuple[str, ...]:
    """Return a step's commands; none where it goes over a list that is empty, so that no other id stands in."""
    if step.for_each and not resource:
        return ()
    subject = ResourceId.parse(resource) if resource else profile.primary_id
    return tuple(filter(None, (_command(template, subject) for template in step.commands)))


def _command(template: str, subject: ResourceId) -> str:
    """Return one command with the resource's parts in it, each word quoted for a POSIX shell.

    Empty where a part could not stand there safely: it holds hidden characters, or would be read as an option.
    """
    account = subject
    while account.parent is not None:
        account = account.parent
    parts = {
        "{name}": account.name,
        "{group}": subject.resource_group,
        "{id}": subject.text,
        "{subscription}": subject.subscription,
    }
    used = [parts[key] for key in _PLACEHOLDER.findall(template)]
    if any(value.startswith("-") or shown(value) != value for value in used):
        return ""
    words = (
        _PLACEHOLDER.sub(lambda found: parts[found.group()], word)
        for word in command_words(template)
    )
    return shlex.join(words)


def _with_plan_ids(
    steps: tuple[PlannedStep, ...], instances: dict[str, tuple[_Instance, ...]]
) -> tuple[PlannedStep, ...]:
    """Return the steps with every reference to a runbook's step turned into one to the plan's."""

    def first(name: str) -> str:
        return instances[name][0][0] if name in instances else name

    def led(choice: Choice) -> Choice:
        return msgspec.structs.replace(choice, next=first(choice.next)) if choice.next else choice

    return tuple(
        msgspec.structs.replace(
            step,
            on_fail=first(step.on_fail),
            on_timeout=first(step.on_timeout),
            choices=tuple(led(choice) for choice in step.choices),
        )
        for step in steps
    )
