"""The simulated world as a drill's run knows it: what is heard, hints, and the score at the end."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Self

import msgspec

from amlrunbook.cli.drill_history import compared, earlier_drills
from amlrunbook.errors import AmlRunbookError, SimulatorError
from amlrunbook.executor import drilling
from amlrunbook.simulator import process
from amlrunbook.simulator.judgement import Judgement
from amlrunbook.simulator.scoring import Acts, scored
from amlrunbook.state import events as e

if TYPE_CHECKING:
    from amlrunbook.executor.run import Executor
    from amlrunbook.simulator.endpoint import Endpoint

_LISTEN_SECONDS = 2.0
"""How often a drill listens to its world while nobody does anything."""


class DrillWorld:
    """One simulated world, asked by its control endpoint."""

    def __init__(self, endpoint: Endpoint, folder: Path) -> None:
        self._endpoint = endpoint
        self._folder = folder

    def judgement(self) -> Judgement:
        """Return how the drill stands in the world.

        Raises:
            SimulatorError: the world does not answer.
        """
        found = process.control(self._endpoint, "GET", "/judgement")
        try:
            return msgspec.convert(found, Judgement)
        except msgspec.ValidationError as error:
            raise SimulatorError(
                f"The simulated Azure judges in another form than this release reads: {error}."
            ) from error

    def heard(self) -> tuple[str, ...]:
        """Return all that was to be heard since the alarm; nothing where the world is silent."""
        try:
            return tuple(heard.text for heard in self.judgement().heard)
        except SimulatorError:
            return ()

    def hint(self) -> str:
        """Return the next hint; an empty text where there is none left.

        Raises:
            SimulatorError: the world does not answer.
        """
        answer = process.control(self._endpoint, "POST", "/hint")
        return str(answer.get("hint", "")) if isinstance(answer, dict) else ""

    def score(self, entries: tuple[e.Recorded, ...]) -> e.DrillScore | None:
        """Return the score, and how it stands to earlier ones; ``None`` where there is no goal to reach.

        Raises:
            SimulatorError: the world does not answer.
        """
        judgement = self.judgement()
        if judgement.alarm_at is None or not judgement.goals:
            return None
        score = scored(judgement, acts_of(entries))
        scenario = self._endpoint.scenario
        earlier = [d for d in earlier_drills(but=self._folder) if d.scenario == scenario]
        return e.DrillScore(
            points=score.points,
            out_of=score.out_of,
            text=score.text,
            solved=score.solved,
            parts=tuple(
                e.ScorePart(name=p.name, points=p.points, out_of=p.out_of, text=p.text)
                for p in score.parts
            ),
            goals=tuple(
                f"{'reached' if goal.reached else 'not reached'}: {goal.text}"
                for goal in judgement.goals
            ),
            compared=compared(score.points, earlier),
        )


def acts_of(entries: tuple[e.Recorded, ...]) -> Acts:
    """Return when a run declared its incident and decided, in Unix seconds."""
    declared = _first(entries, e.ClockDeclared)
    decided = _first(entries, e.DecisionMade)
    detected = [at for at in (declared, decided) if at is not None]
    return Acts(detected_at=min(detected, default=None), decided_at=decided)


def _first(entries: tuple[e.Recorded, ...], kind: type[e.Event]) -> float | None:
    """Return when the first event of a kind was recorded."""
    moment = next((entry.t for entry in entries if isinstance(entry.event, kind)), None)
    return datetime.fromisoformat(moment).timestamp() if moment else None


class Listener:
    """Journals what is heard of the world while the operator reads and thinks."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._over = Event()
        self._thread = Thread(target=self._listen, name="drill", daemon=True)

    def __enter__(self) -> Self:
        """Begin to listen."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Listen no more."""
        self._over.set()

    def _listen(self) -> None:
        while not self._over.wait(_LISTEN_SECONDS):
            try:
                drilling.tell_heard(self._executor.stage)
            except AmlRunbookError:
                return
