"""The timeline of a drill: what happens after the alarm, on the world's clock.

A moment happens at the first look at the world after it is due (a request, or the server's own tick),
in the order in which moments are due, each with the time at which it was due.
"""

from __future__ import annotations

import time
from copy import deepcopy
from typing import Any

from amlrunbook.model.profile import duration_seconds
from amlrunbook.simulator import activity, blob_states, ml_soft_delete, soft_delete
from amlrunbook.simulator.azure import SimulatedAzure
from amlrunbook.simulator.belongings import names_of
from amlrunbook.simulator.blobs import Blob, Container
from amlrunbook.simulator.clock import stamp
from amlrunbook.simulator.conditions import holds
from amlrunbook.simulator.drill_data import (
    BlobName,
    BlobTable,
    DrillState,
    HealthTable,
    Moment,
    MomentState,
    Setting,
)
from amlrunbook.simulator.geo_takeover import take_over
from amlrunbook.simulator.ml_versions import WORKSPACES
from amlrunbook.simulator.operations import settle
from amlrunbook.simulator.world import World


def seconds_of(text: str) -> float:
    """Return a duration in seconds; a minus sign in front makes it negative.

    Raises:
        DocumentError: it is no duration.
    """
    negative = text.startswith("-")
    return (-1.0 if negative else 1.0) * duration_seconds(text.removeprefix("-"))


def ring(azure: SimulatedAzure) -> None:
    """Sound the alarm: the timeline begins. A second time does nothing."""
    world, drill = azure.world, azure.world.drill
    if drill.alarm_at is not None:
        return
    settle(azure)
    drill.alarm_at, drill.alarm_real = world.now(), time.time()
    drill.there = sorted(names_of(world))
    drill.moments = [MomentState() for _ in drill.timeline]
    drill.reached = [None] * len(drill.goals)
    drill.harmed = [0] * len(drill.harms)
    world.touch()
    unfold(azure)


def unfold(azure: SimulatedAzure) -> None:
    """Let everything happen that is due by now."""
    drill = azure.world.drill
    if drill.alarm_at is None:
        return
    while (following := _next_due(azure.world)) is not None:
        number, due = following
        happen(azure, drill.timeline[number], due)
        drill.moments[number].happened_at = due
        azure.world.touch()


def _next_due(world: World) -> tuple[int, float] | None:
    """Return the moment that is due first, and when; ``None`` when none is due yet."""
    drill, now = world.drill, world.now()
    found: tuple[float, int] | None = None
    for number, (moment, state) in enumerate(zip(drill.timeline, drill.moments, strict=True)):
        if state.happened_at is not None:
            continue
        armed = _armed_at(world, moment, state)
        if armed is None:
            continue
        due = armed + seconds_of(moment.at)
        if due <= now and (found is None or (due, number) < found):
            found = (due, number)
    return (found[1], found[0]) if found else None


def _armed_at(world: World, moment: Moment, state: MomentState) -> float | None:
    if state.armed_at is None:
        if moment.when is None:
            state.armed_at = world.drill.alarm_at
        elif holds(world, moment.when):
            state.armed_at = world.now()
            world.touch()
    return state.armed_at


def told(drill: DrillState) -> list[tuple[float, str]]:
    """Return what was to be heard so far, in the order in which it happened, with its time."""
    return sorted(
        (state.happened_at, moment.text)
        for moment, state in zip(drill.timeline, drill.moments, strict=False)
        if state.happened_at is not None and moment.text and not moment.hidden
    )


def happen(azure: SimulatedAzure, moment: Moment, due: float) -> None:  # noqa: C901 - one flat case a key
    """Let one moment happen as of ``due``."""
    world = azure.world
    if moment.fault is not None:
        fault = deepcopy(moment.fault)
        fault.begin(due)
        world.faults[fault.id] = fault
    if moment.clear is not None:
        world.faults.pop(moment.clear, None)
    if moment.delete is not None:
        _delete(world, moment.delete, due)
    if moment.purge is not None:
        world.remove(moment.purge)
        world.deleted.pop(moment.purge.lower(), None)
    if moment.set is not None:
        _set(world, moment.set)
    if moment.event is not None:
        _tell_event(world, moment.event, due)
    if moment.health is not None:
        _tell_health(world, moment.health, due)
    if moment.blob is not None:
        _write_blob(azure, moment.blob, due - moment.blob.age_seconds)
    if moment.remove_blob is not None:
        _remove_blob(world, moment.remove_blob, due)
    if moment.fail_over is not None:
        take_over(world, moment.fail_over, planned=False)
    if moment.route is not None:
        world.fronts[moment.route.front].chosen = moment.route.target


def _delete(world: World, resource_id: str, due: float) -> None:
    """Delete a resource as its own API does; whoever did it stands in the activity log."""
    document = world.get(resource_id)
    if document is None:
        return
    key = resource_id.lower()
    soft_delete.keep(world, document)
    held = world.deleted.get(key)
    if held is not None:
        held.purge_at += due - held.deleted_at
        held.deleted_at = due
    if str(document["type"]) == WORKSPACES:
        principal = str((document.get("identity") or {}).get("principalId", ""))
        ml_soft_delete.drop_roles(world, principal, held)
    world.remove(resource_id)
    activity.record_done(world, document, "DELETE")


def _set(world: World, setting: Setting) -> None:
    document = world.get(setting.resource)
    if document is None:
        return
    changed = deepcopy(document)
    *above, last = setting.path.split(".")
    place: Any = changed
    for part in above:
        place = place.setdefault(part, {})
    place[last] = deepcopy(setting.value)
    world.put(setting.resource, changed)
    activity.record_done(world, document, "PUT")


def _tell_event(world: World, event: dict[str, Any], due: float) -> None:
    """Tell of a service health event; one with the name of another takes its place."""
    facts = world.facet(f"/subscriptions/{next(iter(world.subscriptions))}")
    events: list[dict[str, Any]] = facts.setdefault("events", [])
    new = {"impactStartTime": stamp(due), "lastUpdateTime": stamp(due), **event}
    named = [number for number, old in enumerate(events) if old.get("name") == event.get("name")]
    if event.get("name") and named:
        events[named[0]] = {**events[named[0]], **new, "lastUpdateTime": stamp(due)}
    else:
        events.append(new)
    world.touch()


def _tell_health(world: World, told_: HealthTable, due: float) -> None:
    facts = world.facet(told_.resource)
    if told_.state == "Available":
        facts.pop("health", None)
    else:
        facts["health"] = {
            "availabilityState": told_.state,
            "title": told_.state,
            "summary": told_.summary,
            "reasonType": told_.reason,
            "occuredTime": stamp(due),
            "reportedTime": stamp(due),
        }
    world.touch()


def _policy(world: World, account: str) -> blob_states.Policy:
    document = world.storage_account(account) or {}
    service = world.get(f"{document.get('id', '')}/blobServices/default") or {}
    trailing = "secondaryLocation" in document.get("properties", {})
    return blob_states.Policy.of(service.get("properties", {}), trailing=trailing)


def _write_blob(azure: SimulatedAzure, table: BlobTable, written: float) -> None:
    account = azure.world.accounts.get(table.account.lower())
    if account is None:
        return
    container = account.containers.setdefault(
        table.container, Container(name=table.container, created=written, modified=written)
    )
    data = table.text.encode()
    new = Blob(
        name=table.name,
        digest=azure.contents.put(data),
        size=len(data),
        content_type=table.content_type,
        created=written,
        modified=written,
    )
    blob_states.put(container, new, _policy(azure.world, account.name), written)
    azure.world.touch()


def _remove_blob(world: World, name: BlobName, due: float) -> None:
    account = world.accounts.get(name.account.lower())
    container = account.containers.get(name.container) if account else None
    if account is None or container is None:
        return
    current = blob_states.base(blob_states.shown(container.blobs.get(name.name, [])))
    if current is not None:
        blob_states.delete_base(container, current, _policy(world, account.name), due)
        world.touch()
