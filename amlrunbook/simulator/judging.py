"""What is judged of a drill: from the world alone, never from what a journal says.

A goal is reached as long as it holds; the time that counts is since when it has held without a break.
A harm is counted as often as it was done, and stays counted when what it did is undone.
"""

from __future__ import annotations

from amlrunbook.simulator.azure import SimulatedAzure
from amlrunbook.simulator.conditions import count, holds, lost
from amlrunbook.simulator.drill_data import Change
from amlrunbook.simulator.judgement import Heard, JudgedGoal, JudgedHarm, Judgement
from amlrunbook.simulator.timeline import told, unfold
from amlrunbook.simulator.world import World

KEPT_CHANGES = 2_000
"""Changing requests that are remembered; more than any person makes."""
_SIGN_IN = "/v2.0/.well-known/openid-configuration"
"""How every sign-in begins: read, and yet an attempt."""
_READ = frozenset({"GET", "HEAD", "OPTIONS"})


def witness(azure: SimulatedAzure, method: str, path: str, status: int | None, before: int) -> None:
    """Note a request that was answered since the alarm, and look what it did to goals and harms.

    ``before`` is the world's revision before it.
    """
    world = azure.world
    drill = world.drill
    if drill.alarm_at is None:
        return
    if (method not in _READ or path.endswith(_SIGN_IN)) and len(drill.changes) < KEPT_CHANGES:
        _note(azure, method, path, status, moved=world.revision != before)
    look(azure)


def _note(
    azure: SimulatedAzure, method: str, path: str, status: int | None, *, moved: bool
) -> None:
    """Note a request that changed something, or tried to; a POST that only asks is none."""
    drill = azure.world.drill
    answered_well = status is not None and status < 400  # noqa: PLR2004
    asks = method in {"GET", "POST"} and status != 202  # noqa: PLR2004
    through = moved or (answered_well and not asks)
    if answered_well and not through:
        return
    at = azure.world.now()
    drill.changes.append(
        Change(at=at, method=method, path=path, status=status or 0, changed=through)
    )
    if through and drill.first_change_at is None:
        drill.first_change_at = at
    drill.judged = -1
    azure.dirty()


def look(azure: SimulatedAzure) -> None:
    """Bring goals and harms up to date, if anything changed since the last look."""
    world, drill = azure.world, azure.world.drill
    if drill.alarm_at is None or drill.judged == world.revision:
        return
    drill.judged = world.revision
    now = world.now()
    for number, goal in enumerate(drill.goals):
        if not holds(world, goal):
            drill.reached[number] = None
        elif drill.reached[number] is None:
            drill.reached[number] = now
    for number, harm in enumerate(drill.harms):
        drill.harmed[number] = max(drill.harmed[number], count(world, harm) - harm.above, 0)
    reached = [at for at in drill.reached if at is not None]
    all_of_them = bool(reached) and len(reached) == len(drill.goals)
    drill.recovered_at = max(reached) if all_of_them else None
    azure.dirty()


def judge(azure: SimulatedAzure) -> Judgement:
    """Return how the drill stands in the world now."""
    unfold(azure)
    look(azure)
    world = azure.world
    drill = world.drill
    rung = drill.alarm_at is not None
    reached = drill.reached if rung else [None] * len(drill.goals)
    return Judgement(
        solved=drill.recovered_at is not None,
        goals=[
            JudgedGoal(text=goal.text, reached=at is not None, at=at)
            for goal, at in zip(drill.goals, reached, strict=True)
        ],
        harms=[
            JudgedHarm(text=harm.text, count=done, points=done * harm.points)
            for harm, done in zip(drill.harms, drill.harmed, strict=False)
            if done
        ],
        alarm_at=drill.alarm_at,
        recovered_at=drill.recovered_at,
        first_change_at=drill.first_change_at,
        lost=lost(world) if rung else [],
        now=world.now(),
        alarm_real=drill.alarm_real,
        rate=world.clock.rate,
        changes=sum(change.changed for change in drill.changes),
        hints_given=drill.hints_given,
        hints_left=len(drill.hints) - drill.hints_given,
        heard=[Heard(at=at, text=text) for at, text in told(drill)],
        score=drill.score,
    )


def hint(world: World) -> str:
    """Return the next hint, which costs; an empty text where there is none left."""
    drill = world.drill
    if drill.hints_given >= len(drill.hints):
        return ""
    drill.hints_given += 1
    world.touch()
    return drill.hints[drill.hints_given - 1]
