"""A scenario's drill carried over to a twin: its regions and roles become the user's, the rest is left out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TypeVar

import msgspec

from amlrunbook.simulator.blobs import Contents
from amlrunbook.simulator.drill_check import problems_of_condition, problems_of_moment
from amlrunbook.simulator.drill_data import Condition, DrillState, Goal, Moment
from amlrunbook.simulator.genesis import build_world
from amlrunbook.simulator.geo import is_geo
from amlrunbook.simulator.regions import REGIONS
from amlrunbook.simulator.scenario import Scenario
from amlrunbook.simulator.world import Document, World

_PARTS = ("storageAccount", "keyVault", "containerRegistry", "applicationInsights")
_SWITCHING = "switchover"
C = TypeVar("C", bound=Condition)


def translated(
    twin: Scenario, world: World, drill: Scenario, contents: Contents, left_out: list[str]
) -> Scenario:
    """Return the twin with the drill's alarm, timeline, goals and harms, as far as they fit its world.

    ``left_out`` is told what does not.
    """
    other = build_world(drill, seed=0, base_url=world.base_url, contents=contents)
    state = _renamed(other.drill, _names(other, world), _fronts(other, world))
    timeline = list(_fitting_moments(world, state.timeline, left_out))
    goals = [*_fitting(world, state.goals, "goal", left_out)]
    harms = [*_fitting(world, state.harms, "harm", left_out)]
    if drill.runbook == _SWITCHING:
        goals += [goal for goal in _usual_goals(world) if not _is_held(goal, goals)]
    return msgspec.structs.replace(
        twin,
        alarm=state.alarm,
        runbook=drill.runbook,
        trains=drill.trains,
        snapshot_age=drill.snapshot_age,
        timeline=timeline,
        goals=goals,
        harms=harms,
        hints=state.hints,
        score=state.score,
    )


def _names(other: World, world: World) -> dict[str, str]:
    """Return what the drill's names become: ids of workspaces and what belongs to them, regions."""
    found: dict[str, str] = {}
    theirs, ours = _roles(other), _roles(world)
    for role, resource_id in theirs.items():
        if role in ours:
            found[resource_id] = ours[role]
            name = resource_id.rpartition("/")[2]
            if not name.isdigit():  # a version's number stands for nothing by itself
                found[name] = ours[role].rpartition("/")[2]
    for side in ("primary", "secondary"):
        before = str((other.profile.get(side) or {}).get("region") or "")
        after = str((world.profile.get(side) or {}).get("region") or "")
        if before in REGIONS and after in REGIONS:
            found[before] = after
            found[REGIONS[before].display] = REGIONS[after].display
    found[next(iter(other.subscriptions))] = next(iter(world.subscriptions))
    return found


def _roles(world: World) -> dict[str, str]:
    """Return what plays which part in a world's profile: role to id."""
    found: dict[str, str] = {}
    for side in ("primary", "secondary"):
        workspace = str((world.profile.get(side) or {}).get("workspace") or "")
        document = world.get(workspace) if workspace else None
        if document is None:
            continue
        found[side] = str(document["id"])
        for part in _PARTS:
            held = document["properties"].get(part)
            if held:
                found[f"{side}/{part}"] = str(held)
        found |= _serving(world, side, str(document["id"]))
        computes = f"{workspace.lower()}/computes/"
        first = next((k for k in sorted(world.resources) if k.startswith(computes)), None)
        if first is not None:
            found[f"{side}/compute"] = str(world.resources[first]["id"])
    for number, account in enumerate(world.profile.get("data_accounts") or []):
        found[f"data/{number}"] = str(account["id"])
    return found


def _serving(world: World, side: str, workspace: str) -> dict[str, str]:
    """Return a workspace's first endpoint and its first deployment, the one with traffic before others."""
    under = f"{workspace.lower()}/onlineendpoints/"
    held = {key: doc for key, doc in sorted(world.resources.items()) if key.startswith(under)}
    endpoint = next((doc for key, doc in held.items() if "/deployments/" not in key), None)
    if endpoint is None:
        return {}
    traffic = endpoint["properties"].get("traffic") or {}
    inside = f"{str(endpoint['id']).lower()}/deployments/"
    deployments = [doc for key, doc in held.items() if key.startswith(inside)]
    deployments.sort(key=lambda doc: -int(traffic.get(doc["name"]) or 0))
    found = {f"{side}/endpoint": str(endpoint["id"])}
    if deployments:
        found[f"{side}/deployment"] = str(deployments[0]["id"])
        model = world.get(str(deployments[0]["properties"].get("model") or ""))
        if model is not None:
            found[f"{side}/model"] = str(model["id"])
    return found


def _fronts(other: World, world: World) -> dict[str, str]:
    """Return what the drill's fronts become: a word of its story may be a front's name, so they go apart."""
    return {
        f'"front":"{before}"': f'"front":"{after}"'
        for before, after in zip(other.fronts, world.fronts, strict=False)
    }


def _renamed(state: DrillState, names: dict[str, str], fronts: dict[str, str]) -> DrillState:
    """Return the drill with every name in it replaced at once, the longest first."""
    known = {before.lower(): after for before, after in names.items()}
    ordered = sorted(known, key=len, reverse=True)
    pattern = re.compile(
        "|".join(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])" for name in ordered),
        re.IGNORECASE,
    )
    text = msgspec.json.encode(state).decode()
    text = pattern.sub(lambda found: known[found[0].lower()], text)
    for before, after in fronts.items():
        text = text.replace(before, after)
    return msgspec.json.decode(text, type=DrillState)


def _fitting_moments(world: World, timeline: list[Moment], left_out: list[str]) -> Iterator[Moment]:
    faults = {moment.fault.id for moment in timeline if moment.fault is not None}
    for moment in timeline:
        problem = next(problems_of_moment(world, moment, faults, "timeline"), None)
        if problem is None:
            yield moment
        else:
            left_out.append(f"Does not happen in the twin: {moment.text or moment.at} ({problem})")


def _fitting(world: World, conditions: list[C], what: str, left_out: list[str]) -> Iterator[C]:
    for condition in conditions:
        problem = next(problems_of_condition(world, condition, what), None)
        if problem is None:
            yield condition
        else:
            text = getattr(condition, "text", "")
            left_out.append(f"Not asked in the twin: {text} ({problem})")


def _usual_goals(world: World) -> Iterator[Goal]:
    """Yield what every switchover is for: callers served, and data that can move, moved."""
    for name in world.fronts:
        yield Goal(text=f"Callers of {name} are served again.", front=name)
    for account in world.profile.get("data_accounts") or []:
        document = world.get(str(account["id"])) or {}
        second = _second_region(document)
        if second is not None:
            yield Goal(
                text=f"The data account {document['name']} lives in {REGIONS[second].display}.",
                resource=str(document["id"]),
                path="properties.primaryLocation",
                equals=second,
            )


def _second_region(document: Document) -> str | None:
    sku = str((document.get("sku") or {}).get("name", ""))
    second = str(document.get("properties", {}).get("secondaryLocation") or "")
    return second if is_geo(sku) and second in REGIONS else None


def _is_held(goal: Condition, goals: Sequence[Condition]) -> bool:
    """Return whether one of ``goals`` asks the same already, be it as one way among several."""
    same = (goal.front, (goal.resource or "").lower(), goal.path)
    return any(
        same == (one.front, (one.resource or "").lower(), one.path)
        or _is_held(goal, [*(one.any_of or []), *(one.all_of or [])])
        for one in goals
    )
