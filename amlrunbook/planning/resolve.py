"""A runbook, a profile and a snapshot become a plan."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

import msgspec

from amlrunbook.errors import DocumentError
from amlrunbook.model.operation import (
    Action,
    Confirmation,
    OperationContext,
    Registry,
    Risk,
)
from amlrunbook.model.profile import Profile, duration_seconds
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.model.snapshot import Document, Inventory, Snapshot
from amlrunbook.planning.command_lines import by_hand_of, filled_commands, is_path
from amlrunbook.planning.conditions import (
    StepCondition,
    StepPredicate,
    StepWord,
    is_about_a_step,
    step_and_word,
)
from amlrunbook.planning.family import Library, family_problems, shipped
from amlrunbook.planning.grammar import Choice, Condition, Step, StepKind
from amlrunbook.planning.lists import PREDICATE_TEXTS, PREDICATES, RESOURCE_LISTS
from amlrunbook.planning.load import LoadedRunbook
from amlrunbook.planning.plan import PLAN_FORMAT, ChildPlan, Plan, PlannedStep


@dataclass(frozen=True, slots=True)
class _Instance:
    """One instance of a step."""

    id: str
    """In the plan."""
    label: str = ""
    """The resource's name; empty without ``for_each``."""
    resource: str = ""
    """The ARM id that it is about."""


@dataclass(frozen=True, slots=True)
class _Ground:
    """What a runbook is resolved against."""

    profile: Profile
    snapshot: Snapshot
    inventory: Inventory
    registry: Registry
    library: Library
    earlier: tuple[Document, ...]
    """What stands in for what could not be read: it is as old as the last snapshot."""

    def age(self, resource: str) -> str:
        """Return how old the oldest thing is that is known of a resource, or of any, in words; empty where it was read now."""
        key = resource.lower().rstrip("/")
        about = (
            each.as_of
            for each in self.earlier
            if not key or each.key == key or each.key.startswith(f"{key}/")
        )
        oldest = min(about, default="")
        return f" By the snapshot of {oldest}: it could not be read since." if oldest else ""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a runbook stands in the plan: the run's own, or under the step that opens it."""

    params: dict[str, str]
    """What the steps' operations get unless they say otherwise."""
    parent: PlannedStep | None = None
    of_nothing: bool = False
    """Whether the step that opens it goes over a list that is empty."""

    def named(self, step: str) -> str:
        """Return the id in the plan of a step of this runbook."""
        return f"{self.parent.id}/{step}" if self.parent else step

    def based(self, step: str) -> str:
        """Return the id of a step in the runbooks, from the outermost in."""
        return f"{self.parent.base}/{step}" if self.parent else step


@dataclass(frozen=True, slots=True)
class _Resolved:
    """The steps of a runbook, those of its children among them."""

    steps: tuple[PlannedStep, ...]
    children: tuple[ChildPlan, ...]


def resolve(
    loaded: LoadedRunbook,
    profile: Profile,
    snapshot: Snapshot,
    registry: Registry,
    library: Library = shipped,
) -> Plan:
    """Return the plan of ``loaded`` for ``profile``, by what ``snapshot`` knows.

    ``library`` gives the runbooks that its steps open; their steps follow the step that opens them.

    Raises:
        DocumentError: a step names an operation or a runbook that does not exist, weakens its
            confirmation, or opens a runbook within itself.
    """
    problems = family_problems(loaded, registry, library)
    if problems:
        raise DocumentError(f"{loaded.where}: {problems[0]}", next_step="\n".join(problems[1:]))
    # A command that carries a document would differ when the run is resumed, and the run be refused as changed.
    snapshot = snapshot.as_written
    inventory = snapshot.inventory
    earlier = tuple(each for each in inventory.last_known().documents if each.as_of)
    ground = _Ground(profile, snapshot, inventory, registry, library, earlier)
    resolved = _resolved(loaded, _Place(params=loaded.runbook.params), ground)
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
        snapshot_earlier=snapshot.earlier_at,
        phases=loaded.runbook.phases,
        steps=resolved.steps,
        children=resolved.children,
    )


def _resolved(loaded: LoadedRunbook, place: _Place, ground: _Ground) -> _Resolved:
    instances = {step.id: _instances(step, place, ground) for step in loaded.runbook.step}
    steps: list[PlannedStep] = []
    children: list[ChildPlan] = []
    for step in loaded.runbook.step:
        for instance in instances[step.id]:
            planned = _planned(step, instance, instances, place, ground)
            steps.append(planned)
            if step.kind is StepKind.RUNBOOK:
                of_nothing = place.of_nothing or bool(step.for_each and not instance.resource)
                child = _child(planned, ground, of_nothing=of_nothing)
                steps.extend(child.steps)
                children.extend(child.children)
    return _Resolved(tuple(steps), tuple(children))


def _child(parent: PlannedStep, ground: _Ground, *, of_nothing: bool) -> _Resolved:
    """Return what the runbook that ``parent`` opens comes to, ``parent``'s own entry first."""
    loaded = ground.library(parent.do)
    params = {**loaded.runbook.params, **parent.params}
    place = _Place(params=params, parent=parent, of_nothing=of_nothing)
    inner = _resolved(loaded, place, ground)
    own = ChildPlan(
        step=parent.id,
        runbook=loaded.runbook.id,
        runbook_version=loaded.runbook.version,
        runbook_digest=loaded.digest,
        title=loaded.runbook.title,
        explain=loaded.runbook.explain,
    )
    return _Resolved(inner.steps, (own, *inner.children))


def _instances(step: Step, place: _Place, ground: _Ground) -> tuple[_Instance, ...]:
    """Return the instances of a step: itself, or one a resource; never none, so that it stays in sight."""
    identity = place.named(step.id)
    if not step.for_each:
        resource = place.parent.resource if place.parent else ""
        return (_Instance(identity, resource=resource),)
    resources = RESOURCE_LISTS[step.for_each](ground.profile, ground.inventory)
    if not resources:
        return (_Instance(identity),)
    labels = labels_of(resources)
    return tuple(
        _Instance(f"{identity}:{label}", label=label, resource=resource)
        for resource, label in labels.items()
    )


def labels_of(resources: tuple[str, ...]) -> dict[str, str]:
    """Return what each resource of a list is called in a step's id: as little as tells them apart.

    An ARM id goes by its name, then with its parent's, then with its group; a deployment always with its endpoint's,
    since half the world calls theirs blue; a file by its folder and its name, then by its whole path.
    """
    found: dict[str, str] = {}
    for tried in (_short, _longer, _longest):
        left = [resource for resource in resources if resource not in found]
        named = {resource: tried(resource) for resource in left}
        labels = list(named.values())
        found |= {
            resource: label
            for resource, label in named.items()
            if labels.count(label) == 1 or tried is _longest
        }
    return {resource: found[resource] for resource in resources}


def _short(resource: str) -> str:
    if is_path(resource):
        return "/".join(PurePath(resource).parts[-2:])
    if resource.lower().rpartition("/")[0].endswith("/deployments"):
        return _longer(resource)
    return ResourceId.parse(resource).name


def _longer(resource: str) -> str:
    if is_path(resource):
        return resource
    parsed = ResourceId.parse(resource)
    return f"{parsed.parent.name}/{parsed.name}" if parsed.parent else _longest(resource)


def _longest(resource: str) -> str:
    if is_path(resource):
        return resource
    parsed = ResourceId.parse(resource)
    return f"{parsed.resource_group}/{'/'.join(parsed.names)}"


def _planned(
    step: Step,
    instance: _Instance,
    instances: dict[str, tuple[_Instance, ...]],
    place: _Place,
    ground: _Ground,
) -> PlannedStep:
    risk, confirmation = _risk(step, ground.registry)
    resource = instance.resource
    given = step.params if step.kind is StepKind.RUNBOOK else {**place.params, **step.params}
    params = {key: value for key, value in given.items() if key != "variant"}
    variant = step.params.get("variant", step.variants[0] if step.variants else "")
    nothing = not resource and bool(step.for_each or place.of_nothing)
    not_applicable = _not_applicable(step, resource, ground)

    def first(name: str) -> str:
        return instances[name][0].id if name in instances else name

    return PlannedStep(
        id=instance.id,
        base=place.based(step.id),
        phase=place.parent.phase if place.parent else step.phase,
        kind=step.kind,
        title=f"{step.title}: {instance.label}" if instance.label else step.title,
        why=step.why,
        explain=step.explain,
        source=step.source,
        do=step.do,
        params=params,
        resource=resource,
        variant=variant,
        variants=step.variants,
        needs=_needs(step, resource, instances),
        not_applicable=not_applicable,
        risk=risk,
        confirmation=confirmation,
        budget_seconds=duration_seconds(step.budget) if step.budget else 0,
        parallel=step.parallel,
        on_timeout=first(step.on_timeout),
        on_fail=first(step.on_fail),
        retry=step.retry,
        undo=step.undo,
        verify=step.verify,
        check=step.check,
        every_seconds=duration_seconds(step.every) if step.every else 0,
        until=step.until,
        choices=tuple(_led(choice, first(choice.next)) for choice in step.choices),
        commands=() if nothing else filled_commands(step.commands, resource, ground.profile),
        by_hand=()
        if nothing
        else by_hand_of(
            ground.registry,
            step.check or step.do,
            OperationContext(
                profile=ground.profile,
                snapshot=ground.snapshot,
                step=instance.id,
                resource=resource,
                params=params,
                variant=variant,
            ),
        ),
        parent=place.parent.id if place.parent else "",
        when=StepCondition() if not_applicable else _asked(step, resource, instances, ground),
    )


def _led(choice: Choice, leads_to: str) -> Choice:
    return msgspec.structs.replace(choice, next=leads_to) if choice.next else choice


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
    needed = (_meant(instances[need], resource) for need in step.needs)
    return tuple(identity for identities in needed for identity in identities)


def _meant(instances: tuple[_Instance, ...], resource: str) -> tuple[str, ...]:
    """Return the instances of another step that are meant: of the same resource where it has one, else all."""
    same = tuple(
        other.id for other in instances if resource and other.resource.lower() == resource.lower()
    )
    return same or tuple(other.id for other in instances)


def _condition(when: str | Condition) -> Condition:
    if isinstance(when, str):
        return Condition(all=(when,)) if when else Condition()
    return when


def _asked(
    step: Step, resource: str, instances: dict[str, tuple[_Instance, ...]], ground: _Ground
) -> StepCondition:
    """Return what is left to ask of other steps, once snapshot and profile have said what they can.

    A group of ``any`` that they may satisfy, or of which they cannot tell, asks nothing more.
    """

    def predicates(names: tuple[str, ...]) -> tuple[StepPredicate, ...]:
        found = (step_and_word(name) for name in names if is_about_a_step(name))
        return tuple(
            StepPredicate(
                steps=_meant(instances[other], resource),
                word=StepWord(word),
                name=other,
                choice=choice,
            )
            for other, word, choice in found
        )

    when = _condition(step.when)
    told = [answer for answer in _answers(when.any, resource, ground) if answer is not False]
    return StepCondition(
        all=predicates(when.all),
        any=() if told else predicates(when.any),
        none=predicates(when.none),
    )


def _answers(names: tuple[str, ...], resource: str, ground: _Ground) -> tuple[bool | None, ...]:
    """Return what profile and snapshot answer to the predicates that are not about steps."""
    return tuple(
        PREDICATES[name](ground.profile, ground.inventory, resource)
        for name in names
        if not is_about_a_step(name)
    )


def _not_applicable(step: Step, resource: str, ground: _Ground) -> str:
    if step.for_each and not resource:
        return f"There is nothing in the list {step.for_each!r}."
    when = _condition(step.when)
    for names, unwanted, words in ((when.all, False, "does not hold"), (when.none, True, "holds")):
        for name in names:
            if unwanted in _answers((name,), resource, ground):
                return f"It {words} that {PREDICATE_TEXTS[name]}.{ground.age(resource)}"
    if any(is_about_a_step(name) for name in when.any):
        return ""
    answers = _answers(when.any, resource, ground)
    if answers and all(answer is False for answer in answers):
        texts = ", ".join(PREDICATE_TEXTS[name] for name in when.any)
        return f"None of these holds: {texts}.{ground.age(resource)}"
    return ""
