"""How long the steps of a run took, machines apart from people, by the journal's own times. Pure.

A check, a wait and an action under way are machines' time. From a proposal to its confirmation, from a doubt
to its ruling, and from a step's turn to what a person did about it is people's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from amlrunbook.state import events as e
from amlrunbook.state.transitions import StepState, next_state

_S = StepState
_AT_WORK = frozenset({_S.RUNNING, _S.CONFIRMED, _S.SENT, _S.ACCEPTED})
_WITH_PEOPLE = frozenset({_S.PROPOSED, _S.IN_DOUBT})
_LONGEST = 7 * 24 * 3600.0
"""Seconds; what seems to take longer is a wrong clock, or a run that was left, and counts for nothing."""


@dataclass(frozen=True, slots=True)
class StepTime:
    """What one step took."""

    step: str
    machine: float = 0.0
    """Seconds."""
    human: float = 0.0
    """Seconds."""
    ended: StepState = StepState.PENDING
    """Where it stood at the journal's end."""

    @property
    def counts(self) -> bool:
        """Whether it was done to an end that says how long such a step takes."""
        return self.ended in {_S.PASSED, _S.WARNED, _S.VERIFIED, _S.DONE_OUTSIDE}


class _Walk:
    """One walk through a journal."""

    def __init__(self) -> None:
        self.times: dict[str, StepTime] = {}
        self._states: dict[str, StepState] = {}
        self._since: dict[str, datetime] = {}
        self._opens: set[str] = set()
        self._last_settled: datetime | None = None

    def take(self, event: e.StepEvent, at: datetime) -> None:
        """Take one event of a step."""
        before = self._states.get(event.step, _S.PENDING)
        after = next_state(before, event)
        if after is None:
            return
        if isinstance(event, e.ChildOpened):
            self._opens.add(event.step)
        self._states[event.step] = after
        if after is before and before is not _S.IN_DOUBT:
            return
        self._add(event, before, at)
        time = self.times.get(event.step, StepTime(step=event.step))
        self.times[event.step] = replace(time, ended=after)
        if (before in _AT_WORK) != (after in _AT_WORK) or after not in _AT_WORK:
            self._since[event.step] = at
        if after.settled:
            self._last_settled = at

    def leave(self) -> None:
        """Forget what was under way: the run was left, and the time until it went on is nobody's."""
        self._since.clear()
        self._last_settled = None

    def _add(self, event: e.StepEvent, before: StepState, at: datetime) -> None:
        since = self._since.get(event.step)
        if since is None or event.step in self._opens:
            return
        after = self._states[event.step]
        time = self.times.get(event.step, StepTime(step=event.step))
        if before in _AT_WORK and after not in _AT_WORK:
            time = replace(time, machine=time.machine + _seconds(since, at))
        elif before in _WITH_PEOPLE:
            time = replace(time, human=time.human + _seconds(since, at))
        elif before is _S.READY and isinstance(event, (e.DecisionMade, e.StepDoneOutside)):
            turn = max(since, self._last_settled or since)
            time = replace(time, human=time.human + _seconds(turn, at))
        self.times[event.step] = time


def _seconds(since: datetime, until: datetime) -> float:
    seconds = (until - since).total_seconds()
    return seconds if 0 <= seconds <= _LONGEST else 0.0


def step_times(entries: Iterable[e.Recorded]) -> dict[str, StepTime]:
    """Return what each step took, by its id in the plan. What stands in no time is left out."""
    walk = _Walk()
    for entry in entries:
        if isinstance(entry.event, (e.RunPaused, e.RunResumed)):
            walk.leave()
        if not isinstance(entry.event, e.StepEvent):
            continue
        try:
            at = datetime.fromisoformat(entry.t)
        except ValueError:
            continue
        if at.tzinfo is not None:
            walk.take(entry.event, at)
    return walk.times
