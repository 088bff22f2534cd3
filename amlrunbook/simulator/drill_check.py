"""Whether all that a drill names is there: no drill begins that nobody can solve for a slip of the pen."""

from __future__ import annotations

from collections.abc import Iterator

from amlrunbook.errors import DocumentError
from amlrunbook.model.nearest import nearest_hint
from amlrunbook.model.profile import duration_seconds
from amlrunbook.simulator.conditions import COMPARED, resource_at
from amlrunbook.simulator.drill_data import HAPPENINGS, Condition, Moment
from amlrunbook.simulator.faults import Fault
from amlrunbook.simulator.regions import REGIONS
from amlrunbook.simulator.scenario import Scenario
from amlrunbook.simulator.world import World

_SUBJECTS = ("resource", "blob", "secret", "image", "front", "request", "lost", "any_of", "all_of")


def check_drill(world: World, scenario: Scenario) -> None:
    """Return if every reference of a drill leads somewhere in the world it begins with.

    Raises:
        DocumentError: one does not; the text names its place and the nearest name there is.
    """
    for problem in _problems(world, scenario):
        raise DocumentError(f"{scenario.name}: {problem}")


def _problems(world: World, scenario: Scenario) -> Iterator[str]:
    drill = world.drill
    yield from _bad_duration("snapshot_age", scenario.snapshot_age or "PT0S")
    for name in ("detect_by", "decide_by", "recover_by"):
        yield from _bad_duration(f"score.{name}", getattr(drill.score, name))
    faults = {*world.faults, *(m.fault.id for m in drill.timeline if m.fault is not None)}
    for number, moment in enumerate(drill.timeline):
        yield from problems_of_moment(world, moment, faults, f"timeline[{number}]")
    for number, goal in enumerate(drill.goals):
        yield from problems_of_condition(world, goal, f"goals[{number}]")
    for number, harm in enumerate(drill.harms):
        yield from problems_of_condition(world, harm, f"harms[{number}]")


def _bad_duration(place: str, text: str) -> Iterator[str]:
    try:
        duration_seconds(text.removeprefix("-"))
    except DocumentError as error:
        yield f"{place}: {error.what}"


def problems_of_moment(world: World, moment: Moment, faults: set[str], place: str) -> Iterator[str]:
    """Yield what is wrong with a moment in a world; ``faults`` are the ids that may be cleared."""
    yield from _bad_duration(f"{place}.at", moment.at)
    given = [key for key in HAPPENINGS if getattr(moment, key) is not None]
    if len(given) > 1:
        yield f"{place}: one thing happens at a time, not {' and '.join(given)}"
    if not given and not moment.text:
        yield f"{place}: nothing happens: it needs a text, or one of {', '.join(HAPPENINGS)}"
    if moment.when is not None:
        yield from problems_of_condition(world, moment.when, f"{place}.when")
    if moment.fault is not None:
        yield from _of_fault(moment.fault, f"{place}.fault")
    if moment.clear is not None and moment.clear not in faults:
        hint = nearest_hint(moment.clear, faults)
        yield f"{place}.clear: there is no fault {moment.clear!r}; {hint}"
    yield from _of_places(world, moment, place)


def _of_places(world: World, moment: Moment, place: str) -> Iterator[str]:
    for key, resource in (
        ("delete", moment.delete),
        ("purge", moment.purge),
        ("fail_over", moment.fail_over),
        ("route.target", moment.route.target if moment.route else None),
        ("set.resource", moment.set.resource if moment.set else None),
        ("health.resource", moment.health.resource if moment.health else None),
    ):
        if resource is not None:
            yield from _unknown_resource(world, resource, f"{place}.{key}")
    if moment.route is not None and moment.route.front not in world.fronts:
        hint = nearest_hint(moment.route.front, list(world.fronts))
        yield f"{place}.route.front: there is no front {moment.route.front!r}; {hint}"
    for key, blob in (("blob", moment.blob), ("remove_blob", moment.remove_blob)):
        if blob is not None and blob.account not in world.accounts:
            hint = nearest_hint(blob.account, list(world.accounts))
            yield f"{place}.{key}: there is no storage account {blob.account!r}; {hint}"


def _of_fault(fault: Fault, place: str) -> Iterator[str]:
    if fault.region is not None and fault.region not in REGIONS:
        hint = nearest_hint(fault.region, list(REGIONS))
        yield f"{place}.region: there is no region {fault.region!r}; {hint}"


def _unknown_resource(world: World, resource: str, place: str) -> Iterator[str]:
    if "*" not in resource and resource_at(world, resource) is None:
        hint = nearest_hint(resource.lower(), list(world.resources))
        near = hint if hint.startswith("did you") else "look at `amlrunbook scenario show`"
        yield f"{place}: there is no resource '{resource}'; {near}"


def problems_of_condition(world: World, condition: Condition, place: str) -> Iterator[str]:
    """Yield what a condition names and the world does not have."""
    given = [key for key in _SUBJECTS if getattr(condition, key) is not None]
    if len(given) != 1:
        yield f"{place}: exactly one of {', '.join(_SUBJECTS)} is looked at, not {len(given)}"
        return
    compared = [key for key in COMPARED if getattr(condition, key) is not None]
    if condition.path is not None and not compared and condition.exists is not False:
        yield f"{place}: the value at 'path' is compared by one of {', '.join(COMPARED)}"
    has_value = condition.path or condition.blob or condition.front
    if compared and not has_value:
        yield f"{place}: {compared[0]!r} compares the value at a 'path', and there is none"
    if condition.resource is not None and not condition.new:
        yield from _unknown_resource(world, condition.resource, f"{place}.resource")
    if condition.blob is not None and condition.blob.account not in world.accounts:
        hint = nearest_hint(condition.blob.account, list(world.accounts))
        yield f"{place}.blob: there is no storage account {condition.blob.account!r}; {hint}"
    if condition.secret is not None and condition.secret.vault.lower() not in world.vaults:
        hint = nearest_hint(condition.secret.vault, list(world.vaults))
        yield f"{place}.secret: there is no vault {condition.secret.vault!r}; {hint}"
    if condition.front is not None and condition.front not in world.fronts:
        hint = nearest_hint(condition.front, list(world.fronts))
        yield f"{place}.front: there is no front {condition.front!r}; {hint}"
    for key in ("any_of", "all_of"):
        for number, one in enumerate(getattr(condition, key) or []):
            yield from problems_of_condition(world, one, f"{place}.{key}[{number}]")
